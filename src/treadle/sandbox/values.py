"""Values out of the sandbox, as strict tagged JSON: encoded by the program's process, decoded outside.

Plain JSON: None, True, False, str, finite float, int below 2**63, list. Everything else is an object with exactly the
keys ``t`` (tag) and ``v``: tuple, set, frozenset, dict (pairs), bytes (base64), complex, float (nan, inf, -inf), int
(hexadecimal), array (nested lists, with ``dtype``). The decoder refuses NaN literals, duplicate keys, unknown tags,
deep nesting, lone surrogates and oversized frames; it builds only exact builtin types, so that no object of the
program's own making is ever compared.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Hashable
from typing import Any, NoReturn

__all__ = ["MAX_DEPTH", "ArrayValue", "decode_value", "encode_value"]

MAX_DEPTH = 32
_PLAIN_INT = 1 << 63
_LARGEST_INT = 10**4300
"""Python writes no longer integer in decimal unless told to; messages and the thread store write every value."""
_ODD_FLOATS = ("nan", "inf", "-inf")
_MAX_EQUAL_HASHES = 64


class ArrayValue(list[Any]):
    """An array that came out of the sandbox, as nested lists; ``dtype`` is its type in the words of numpy or awkward."""

    def __init__(self, items: list[Any], dtype: str) -> None:
        super().__init__(items)
        self.dtype = dtype


# ------------------------------------------------------------------------------------------------ inside


def encode_value(value: Any, max_bytes: int) -> bytes:
    """Encode plain data.

    Raises:
        ValueError: the value is not plain data, is nested too deeply, or is larger than ``max_bytes``.
    """
    text = json.dumps(_encode(value, 0), allow_nan=False, separators=(",", ":"))
    if len(text) > max_bytes:
        raise ValueError(f"the value takes {len(text)} bytes, allowed are {max_bytes}")
    return text.encode("ascii")


def _tagged(tag: str, payload: Any) -> dict[str, Any]:
    return {"t": tag, "v": payload}


def _encode_float(value: float) -> Any:
    plain = float.__add__(value, 0.0) if value else float.__pos__(value)
    return plain if math.isfinite(plain) else _tagged("float", str(plain))


def _encode_int(value: int) -> Any:
    plain = _writable(int.__pos__(value))
    return plain if -_PLAIN_INT < plain < _PLAIN_INT else _tagged("int", hex(plain))


def _writable(value: int) -> int:
    if -_LARGEST_INT < value < _LARGEST_INT:
        return value
    raise ValueError("an integer of more than 4300 digits cannot be returned; return a remainder, a logarithm or text")


def _encode_str(value: str) -> str:
    plain = str.__str__(value)
    try:
        plain.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("a string with lone surrogates cannot be returned as plain data") from None
    return plain


def _items(value: Any, depth: int) -> list[Any]:
    return [_encode(item, depth + 1) for item in value]


_ENCODERS: tuple[tuple[type, Callable[[Any, int], Any]], ...] = (
    (str, lambda v, _: _encode_str(v)),
    (int, lambda v, _: _encode_int(v)),
    (float, lambda v, _: _encode_float(v)),
    (list, lambda v, d: _items(list.__iter__(v), d)),
    (tuple, lambda v, d: _tagged("tuple", _items(tuple.__iter__(v), d))),
    (dict, lambda v, d: _tagged("dict", [_items(pair, d) for pair in dict.items(v)])),
    (bytes, lambda v, _: _tagged("bytes", base64.b64encode(bytes(memoryview(v))).decode())),
    (bytearray, lambda v, _: _tagged("bytes", base64.b64encode(bytes(memoryview(v))).decode())),
    (
        complex,
        lambda v, _: _tagged("complex", [_encode_float(complex.__pos__(v).real), _encode_float(complex.__pos__(v).imag)]),
    ),
    (frozenset, lambda v, d: _tagged("frozenset", _items(frozenset.__iter__(v), d))),
    (set, lambda v, d: _tagged("set", _items(set.__iter__(v), d))),
)


def _encode(value: Any, depth: int) -> Any:
    """Subclasses are read through the methods of their base, whatever they override."""
    if depth > MAX_DEPTH:
        raise ValueError(f"the value is nested more than {MAX_DEPTH} deep")
    if value is None or value is True or value is False:
        return value
    kind = type(value)
    module = getattr(kind, "__module__", "")
    if isinstance(module, str) and module.split(".")[0] in ("numpy", "awkward"):
        return _encode_array(value, depth)
    for base, encoder in _ENCODERS:
        if issubclass(kind, base):
            return encoder(value, depth)
    raise ValueError(f"the value cannot be returned as plain data (type {kind.__module__}.{kind.__qualname__})")


def _encode_array(value: Any, depth: int) -> Any:
    kind = type(value)
    refusal = ValueError(f"the value cannot be returned as plain data (type {kind.__module__}.{kind.__qualname__})")
    if kind.__module__.startswith("awkward"):
        import awkward

        if not isinstance(value, awkward.Array):
            raise refusal
        return _tagged("array", _encode(value.tolist(), depth + 1)) | {"dtype": str(value.type)}
    import numpy as np

    if isinstance(value, np.generic):
        plain = value.item()
        if isinstance(plain, np.generic):
            raise refusal
        return _encode(plain, depth)
    if not isinstance(value, np.ndarray):
        raise refusal
    if value.ndim == 0:
        return _encode(value[()], depth)
    return _tagged("array", _encode(value.tolist(), depth + 1)) | {"dtype": str(value.dtype)}


# ------------------------------------------------------------------------------------------------ outside


def decode_value(frame: bytes, max_bytes: int) -> Any:
    """Decode what ``encode_value`` wrote; the bytes come from an untrusted program.

    Raises:
        ValueError: the frame is anything but exactly one valid value.
    """
    if len(frame) > max_bytes:
        raise ValueError(f"the value takes {len(frame)} bytes, allowed are {max_bytes}")
    try:
        document = json.loads(
            frame.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_constant, parse_float=_finite
        )
        return _decode(document, 0)
    except RecursionError:
        raise ValueError("the value is nested too deeply") from None


class _Tagged:
    """A JSON object on its way to a value."""

    __slots__ = ("dtype", "payload", "tag")

    def __init__(self, tag: str, payload: Any, dtype: str | None) -> None:
        self.tag, self.payload, self.dtype = tag, payload, dtype


def _object(pairs: list[tuple[str, Any]]) -> _Tagged:
    keys = [key for key, _ in pairs]
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate keys in the value")
    if sorted(keys) not in (["t", "v"], ["dtype", "t", "v"]):
        raise ValueError("an object of the value has other keys than t, v and dtype")
    tag, dtype = found["t"], found.get("dtype")
    if not isinstance(tag, str) or not isinstance(dtype, str | None) or (dtype is None) == (tag == "array"):
        raise ValueError("an object of the value has no valid tag")
    return _Tagged(tag, found["v"], dtype)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number of the value is too large for a float")
    return number


def _decode(document: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        raise ValueError(f"the value is nested more than {MAX_DEPTH} deep")
    if isinstance(document, str):
        return _encode_str(document)
    if isinstance(document, list):
        return [_decode(item, depth + 1) for item in document]
    if not isinstance(document, _Tagged):
        return document
    decoder = _DECODERS.get(document.tag)
    if decoder is None:
        raise ValueError(f"unknown tag {document.tag[:40]!r} in the value")
    return decoder(document, depth)


def _list_of(document: _Tagged, depth: int) -> list[Any]:
    if not isinstance(document.payload, list):
        raise ValueError(f"a {document.tag} of the value is not a list")
    return [_decode(item, depth + 1) for item in document.payload]


def _text_of(document: _Tagged) -> str:
    if not isinstance(document.payload, str):
        raise ValueError(f"a {document.tag} of the value is not a string")
    return document.payload


def _hashable(items: list[Any]) -> list[Any]:
    """Refuses what cannot be hashed, and numbers chosen to share one hash: they would keep the decoder busy for hours."""
    try:
        hashes = sorted(hash(item) for item in items)
    except TypeError:
        raise ValueError("an unhashable key or element in the value") from None
    if any(a == b for a, b in zip(hashes, hashes[_MAX_EQUAL_HASHES:], strict=False)):
        raise ValueError("too many keys or elements of the value share one hash")
    return items


def _decode_set(document: _Tagged, depth: int) -> frozenset[Any]:
    items = _hashable(_list_of(document, depth))
    if len(found := frozenset(items)) != len(items):
        raise ValueError("duplicate elements in a set of the value")
    return found


def _decode_dict(document: _Tagged, depth: int) -> dict[Hashable, Any]:
    pairs = document.payload
    if not isinstance(pairs, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise ValueError("a dict of the value is not a list of pairs")
    keys = _hashable([_decode(key, depth + 1) for key, _ in pairs])
    result: dict[Hashable, Any] = {key: _decode(value, depth + 1) for key, (_, value) in zip(keys, pairs, strict=True)}
    if len(result) != len(pairs):
        raise ValueError("duplicate keys in a dict of the value")
    return result


def _decode_complex(document: _Tagged, depth: int) -> complex:
    parts = _list_of(document, depth)
    if len(parts) != 2 or not all(type(part) is float for part in parts):
        raise ValueError("a complex number of the value is not two floats")
    return complex(*parts)


def _decode_float(document: _Tagged) -> float:
    if (text := _text_of(document)) not in _ODD_FLOATS:
        raise ValueError("a tagged float of the value is not nan, inf or -inf")
    return float(text)


def _decode_array(document: _Tagged, depth: int) -> ArrayValue:
    assert document.dtype is not None
    return ArrayValue(_list_of(document, depth), _encode_str(document.dtype))


_DECODERS: dict[str, Callable[[_Tagged, int], Any]] = {
    "tuple": lambda d, n: tuple(_list_of(d, n)),
    "set": lambda d, n: set(_decode_set(d, n)),
    "frozenset": _decode_set,
    "dict": _decode_dict,
    "bytes": lambda d, _: base64.b64decode(_text_of(d), validate=True),
    "complex": _decode_complex,
    "float": lambda d, _: _decode_float(d),
    "int": lambda d, _: _writable(int(_text_of(d), 16)),
    "array": _decode_array,
}
