"""Arbitrary plain data as strict JSON and back, without loss.

JSON values stand for themselves. What JSON cannot say is an object with one key that starts with ``$``:
``$tuple``, ``$set``, ``$frozenset`` (lists), ``$map`` (pairs: keys that are not text, or start with ``$``), ``$bytes``
(base64), ``$float`` ('nan', 'inf', '-inf'), ``$complex`` (two floats), ``$int`` (hexadecimal, for integers whose decimal
form Python refuses to read) and ``$text`` (base64 of text that is not valid Unicode, e.g. a file name decoded with
``surrogateescape``). Nothing else is plain data: a dataclass goes through ``forms.to_plain`` first.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from treadle.errors import UsageError

__all__ = [
    "FormError",
    "decode",
    "decode_bytes",
    "decode_float",
    "decode_text",
    "encode",
    "encode_bytes",
    "encode_float",
    "encode_int",
    "encode_text",
]

LONGEST_DECIMAL_BITS = 12_000
"""Integers with more bits are written in hexadecimal: Python refuses decimal forms of over 4,300 digits (14,283 bits)."""


class FormError(UsageError):
    """A value that has no form, or a form that has no value. ``where`` grows outwards while the error travels up."""

    def __init__(self, message: str, where: str = "") -> None:
        super().__init__(message)
        self.message, self.where = message, where

    def inside(self, where: str) -> FormError:
        """The same problem, seen from the object that holds the value."""
        self.where = where + self.where
        return self

    def __str__(self) -> str:
        return f"{self.where.lstrip('.')}: {self.message}" if self.where else self.message


def encode_text(text: str) -> Any:
    if text.isascii():
        return str(text)
    try:
        text.encode()
    except UnicodeEncodeError:
        return {"$text": encode_bytes(text.encode("utf-8", "surrogatepass"))}
    return str(text)


def encode_float(number: float) -> Any:
    return float(number) if math.isfinite(number) else {"$float": repr(float(number))}


def encode_int(number: int) -> Any:
    return int(number) if number.bit_length() <= LONGEST_DECIMAL_BITS else {"$int": hex(number)}


def encode_bytes(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def decode_bytes(value: Any) -> bytes:
    if not isinstance(value, str):
        raise FormError(f"expected base64 text, got {_kind(value)}")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise FormError("not valid base64") from None


def decode_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and value.keys() == {"$text"}:
        try:
            return decode_bytes(value["$text"]).decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise FormError("$text is not UTF-8") from None
    raise FormError(f"expected text, got {_kind(value)}")


def decode_float(value: Any) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    if isinstance(value, dict) and value.keys() == {"$float"} and value["$float"] in ("nan", "inf", "-inf"):
        return float(value["$float"])
    raise FormError(f"expected a number, got {_kind(value)}")


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "a truth value", int: "an integer", float: "a number"}
    return "null" if value is None else names.get(type(value), type(value).__name__)


# ------------------------------------------------------------------------------------------------ any plain value


def encode(value: Any) -> Any:
    """``value`` as strict JSON. Raises ``FormError`` naming the place of anything that is not plain data."""
    if value is None or value is True or value is False:
        return value
    for kind, encoder in _ENCODERS:
        if isinstance(value, kind):
            return encoder(value)
    kind_name = f"{type(value).__module__}.{type(value).__qualname__}"
    raise FormError(f"a {kind_name} is not plain data and cannot be stored")


def _encode_items(values: Any) -> list[Any]:
    items = []
    for index, value in enumerate(values):
        try:
            items.append(encode(value))
        except FormError as problem:
            raise problem.inside(f"[{index}]") from None
    return items


def _encode_set(tag: str, values: Any) -> dict[str, Any]:
    """Sorted by their JSON text, so that the same set always has the same form."""
    return {tag: sorted(_encode_items(values), key=lambda item: json.dumps(item, sort_keys=True))}


def _encode_mapping(value: Mapping[Any, Any]) -> dict[str, Any]:
    plain = {}
    for key, inner in value.items():
        if not isinstance(key, str) or key.startswith("$") or not isinstance(encode_text(key), str):
            return {"$map": [_encode_items(pair) for pair in value.items()]}
        try:
            plain[str(key)] = encode(inner)
        except FormError as problem:
            raise problem.inside(f"[{key!r}]") from None
    return plain


_ENCODERS: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (str, encode_text),
    (int, encode_int),
    (float, encode_float),
    (list, _encode_items),
    (Mapping, _encode_mapping),
    (tuple, lambda value: {"$tuple": _encode_items(value)}),
    (bytes, lambda value: {"$bytes": encode_bytes(value)}),
    (set, lambda value: _encode_set("$set", value)),
    (frozenset, lambda value: _encode_set("$frozenset", value)),
    (complex, lambda value: {"$complex": [encode_float(value.real), encode_float(value.imag)]}),
)


def decode(value: Any) -> Any:
    """The inverse of ``encode``."""
    if isinstance(value, list):
        return _decode_items(value)
    if not isinstance(value, dict):
        return value
    tag = next((key for key in value if key.startswith("$")), None)
    if tag is None:
        return {key: _decode_at(f"[{key!r}]", inner) for key, inner in value.items()}
    if len(value) != 1 or tag not in _DECODERS:
        raise FormError(f"{tag!r} is no form; known are {', '.join(sorted(_DECODERS))}, each alone in its object")
    try:
        return _DECODERS[tag](value)
    except (TypeError, ValueError) as error:
        raise FormError(f"{tag} holds something else than it says: {error}") from None


def _decode_at(where: str, value: Any) -> Any:
    try:
        return decode(value)
    except FormError as problem:
        raise problem.inside(where) from None


def _decode_items(values: Any) -> list[Any]:
    if not isinstance(values, list):
        raise FormError(f"expected a list, got {_kind(values)}")
    return [_decode_at(f"[{index}]", value) for index, value in enumerate(values)]


def _decode_complex(value: dict[str, Any]) -> complex:
    real, imaginary = value["$complex"]
    return complex(decode_float(real), decode_float(imaginary))


_DECODERS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "$tuple": lambda value: tuple(_decode_items(value["$tuple"])),
    "$set": lambda value: set(_decode_items(value["$set"])),
    "$frozenset": lambda value: frozenset(_decode_items(value["$frozenset"])),
    "$map": lambda value: dict(_decode_items(value["$map"])),
    "$bytes": lambda value: decode_bytes(value["$bytes"]),
    "$float": decode_float,
    "$complex": _decode_complex,
    "$int": lambda value: int(value["$int"], 16),
    "$text": decode_text,
}
