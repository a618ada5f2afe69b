"""The JSON forms of treadle's plain types: ``to_plain`` writes them, ``from_plain`` reads them back, equal.

A dataclass is an object with all its fields, an enum its value, bytes base64 text, a tuple a list. Fields that may hold
anything (``Run.value``, ``Expectation.expected``, ``Verdict.evidence``, cards, options) use the tagged forms of
``treadle.threads.plain``. Reading is strict: an unknown field, a missing one without a default, or a value of another
type is an error that says where it stands; nothing is converted silently.

Each type is compiled once into a pair of functions; a draft with 256 tokens of 5 alternatives each then takes about 3 ms
to write and 4 ms to read.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Literal, TypeVar

from treadle.errors import UnknownNameError
from treadle.threads import plain
from treadle.threads.plain import FormError

__all__ = ["from_plain", "to_plain"]

T = TypeVar("T")


def to_plain(obj: Any) -> Any:
    """The JSON form of a dataclass; strict JSON (no NaN).

    Raises:
        UsageError: a field holds something that is not what its type says, or not plain data; the message says where.
    """
    try:
        return _codec(type(obj)).encode(obj)
    except RecursionError:
        raise FormError(f"a {type(obj).__name__} is nested too deeply to be stored") from None


def from_plain(kind: type[T], value: Any) -> T:
    """The object of type ``kind`` whose form is ``value``.

    Raises:
        UnknownNameError: a field does not exist; the message names the nearest one.
        UsageError: a field is missing or holds something else than its type says.
    """
    try:
        result: T = _codec(kind).decode(value)
    except RecursionError:
        raise FormError(f"the form of a {kind.__name__} is nested too deeply") from None
    return result


@dataclasses.dataclass(frozen=True, slots=True)
class _Codec:
    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]


def _codec(kind: Any) -> _Codec:
    """The codec of a type annotation, compiled on first use."""
    found = _CODECS.get(kind)
    if found is None:
        found = _CODECS[kind] = _compile(kind)
    return found


def _compile(kind: Any) -> _Codec:
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _dataclass_codec(kind)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return _choice_codec([member.value for member in kind], kind)
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is Literal:
        return _choice_codec(list(arguments), str)
    if origin in (typing.Union, types.UnionType):
        return _optional_codec(arguments)
    if origin is tuple:
        return _list_codec(arguments[0]) if arguments[-1] is Ellipsis else _fixed_codec(arguments)
    if origin is frozenset:
        return _frozenset_codec(arguments[0])
    if origin is not None and issubclass(origin, Mapping):
        return _mapping_codec(arguments[1])
    raise TypeError(f"{kind!r} has no JSON form")


# ------------------------------------------------------------------------------------------------------ leaves


def _exactly(kind: type, words: str, encoder: Callable[[Any], Any], refuse: type | None = None) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if not isinstance(value, kind) or (refuse is not None and isinstance(value, refuse)):
            raise FormError(f"expected {words}, got {type(value).__name__}")
        return encoder(value)

    return check


def _encode_number(value: Any) -> Any:
    """A float field may hold an int, which stays one: 0 == 0.0, and the form shows what was given."""
    if isinstance(value, int) and not isinstance(value, bool):
        return plain.encode_int(value)
    if isinstance(value, float):
        return plain.encode_float(value)
    raise FormError(f"expected a number, got {type(value).__name__}")


def _decode_int(value: Any) -> int:
    number = plain.decode(value) if isinstance(value, dict) else value
    if not isinstance(number, int) or isinstance(number, bool):
        raise FormError(f"expected an integer, got {type(value).__name__}")
    return number


def _same(value: Any) -> Any:
    return value


_CODECS: dict[Any, _Codec] = {
    str: _Codec(_exactly(str, "text", plain.encode_text), plain.decode_text),
    int: _Codec(_exactly(int, "an integer", plain.encode_int, bool), _decode_int),
    float: _Codec(_encode_number, plain.decode_float),
    bool: _Codec(_exactly(bool, "a truth value", _same), _exactly(bool, "a truth value", _same)),
    bytes: _Codec(_exactly(bytes, "bytes", plain.encode_bytes), plain.decode_bytes),
    Any: _Codec(plain.encode, plain.decode),
}


def _choice_codec(values: list[str], build: Callable[[str], Any]) -> _Codec:
    def decode(value: Any) -> Any:
        if value not in values:
            raise FormError(f"expected one of {', '.join(map(repr, values))}, got {value!r}")
        return build(value)

    return _Codec(lambda value: str(decode(value)), decode)


def _optional_codec(arguments: tuple[Any, ...]) -> _Codec:
    (kind,) = [a for a in arguments if a is not types.NoneType]
    inner = _codec(kind)
    return _Codec(
        lambda value: None if value is None else inner.encode(value),
        lambda value: None if value is None else inner.decode(value),
    )


# -------------------------------------------------------------------------------------------------- containers


def _each(convert: Callable[[Any], Any], values: Any) -> list[Any]:
    if not isinstance(values, (list, tuple)):
        raise FormError(f"expected a list, got {type(values).__name__}")
    done: list[Any] = []
    try:
        for value in values:
            done.append(convert(value))
    except FormError as problem:
        raise problem.inside(f"[{len(done)}]") from None
    return done


def _list_codec(kind: Any) -> _Codec:
    inner = _codec(kind)
    return _Codec(lambda value: _each(inner.encode, value), lambda value: tuple(_each(inner.decode, value)))


def _fixed_codec(kinds: tuple[Any, ...]) -> _Codec:
    inner = [_codec(kind) for kind in kinds]

    def walk(value: Any, way: str) -> list[Any]:
        if not isinstance(value, (list, tuple)) or len(value) != len(inner):
            raise FormError(f"expected a list of {len(inner)}, got {value!r}")
        steps = iter(inner)
        return _each(lambda item: getattr(next(steps), way)(item), value)

    return _Codec(lambda value: walk(value, "encode"), lambda value: tuple(walk(value, "decode")))


def _frozenset_codec(kind: Any) -> _Codec:
    inner = _codec(kind)
    return _Codec(
        lambda value: sorted(_each(inner.encode, tuple(value))), lambda value: frozenset(_each(inner.decode, value))
    )


def _mapping_codec(kind: Any) -> _Codec:
    if kind is Any:
        return _Codec(_exactly(Mapping, "a mapping", plain.encode), _decode_open_mapping)
    inner = _codec(kind)

    def walk(value: Any, convert: Callable[[Any], Any]) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise FormError(f"expected an object, got {type(value).__name__}")
        done: dict[str, Any] = {}
        for key, item in value.items():
            if not isinstance(key, str) or not isinstance(plain.encode_text(key), str):
                raise FormError(f"the key {key!r} is not text")
            try:
                done[key] = convert(item)
            except FormError as problem:
                raise problem.inside(f"[{key!r}]") from None
        return done

    return _Codec(lambda value: walk(value, inner.encode), lambda value: walk(value, inner.decode))


def _decode_open_mapping(value: Any) -> dict[Any, Any]:
    mapping = plain.decode(value)
    if not isinstance(mapping, dict):
        raise FormError(f"expected an object, got {type(mapping).__name__}")
    return mapping


# ------------------------------------------------------------------------------------------------- dataclasses


def _dataclass_codec(kind: type) -> _Codec:
    hints = typing.get_type_hints(kind)
    fields = [f for f in dataclasses.fields(kind) if f.init]
    codecs = {f.name: _codec(hints[f.name]) for f in fields}
    required = [f.name for f in fields if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING]

    encoders = {name: codec.encode for name, codec in codecs.items()}
    decoders = {name: codec.decode for name, codec in codecs.items()}

    def encode(value: Any) -> dict[str, Any]:
        if not isinstance(value, kind):
            raise FormError(f"expected a {kind.__name__}, got {type(value).__name__}")
        return _fields(encoders, {name: getattr(value, name) for name in encoders})

    def decode(value: Any) -> Any:
        if type(value) is not dict and not isinstance(value, Mapping):  # asking the ABC alone takes as long as the rest
            raise FormError(f"expected an object with the fields of {kind.__name__}, got {type(value).__name__}")
        for name in value:
            if name not in decoders:
                raise UnknownNameError(f"field of {kind.__name__}", str(name), decoders)
        for name in required:
            if name not in value:
                raise FormError(f"the field {name!r} of {kind.__name__} is missing")
        try:
            return kind(**_fields(decoders, value))
        except ValueError as error:
            raise FormError(str(error)) from None

    return _Codec(encode, decode)


def _fields(converters: Mapping[str, Callable[[Any], Any]], values: Mapping[str, Any]) -> dict[str, Any]:
    done: dict[str, Any] = {}
    name = ""
    try:
        for name, value in values.items():
            done[name] = converters[name](value)
    except FormError as problem:
        raise problem.inside(f".{name}") from None
    return done
