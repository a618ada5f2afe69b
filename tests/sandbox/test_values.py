"""The value codec: everything plain goes round, nothing else gets in or out."""

from __future__ import annotations

import collections
import contextlib
import enum
import json
import math
from typing import Any

import awkward as ak
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.sandbox.values import MAX_DEPTH, ArrayValue, decode_value, encode_value

MAX = 1 << 20
_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_keys = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _text | st.binary(max_size=20)
_leaves = _keys | st.floats() | st.complex_numbers(allow_nan=False)
_plain = st.recursive(
    _leaves,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.lists(inner, max_size=5).map(tuple)
        | st.dictionaries(_keys, inner, max_size=5)
        | st.sets(_keys, max_size=5)
        | st.frozensets(_keys, max_size=5)
    ),
    max_leaves=20,
)


def round_trip(value: Any) -> Any:
    return decode_value(encode_value(value, MAX), MAX)


def same(a: Any, b: Any) -> bool:
    """Equal in type, value and sign of zero, all the way down."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1, a) == math.copysign(1, b))
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict):
        return same(list(a.items()), list(b.items()))
    return bool(a == b)


@given(_plain)
@settings(deadline=None, database=None)
def test_plain_data_goes_round(value: Any) -> None:
    assert same(round_trip(value), value)


@given(st.binary(max_size=200))
@settings(database=None)
def test_decoder_only_raises_value_error_on_bytes(frame: bytes) -> None:
    with contextlib.suppress(ValueError):
        decode_value(frame, MAX)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["nan", "0x1", "dict", "set", "YQ=="]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.fixed_dictionaries(
            {"t": st.sampled_from([*"abc", "tuple", "set", "dict", "bytes", "int", "float", "complex"]), "v": inner}
        )
        | st.fixed_dictionaries({"t": st.just("array"), "v": inner, "dtype": inner})
    ),
)


@given(_json)
@settings(deadline=None, database=None)
def test_decoder_only_raises_value_error_on_json(document: Any) -> None:
    with contextlib.suppress(ValueError):
        decode_value(json.dumps(document).encode(), MAX)


def test_arrays_come_as_lists_with_their_type() -> None:
    assert round_trip(np.float32(1.5)) == 1.5
    assert type(round_trip(np.int64(3))) is int
    assert type(round_trip(np.str_("a"))) is str
    assert type(round_trip(np.bool_(True))) is bool
    assert round_trip(np.array(2.5)) == 2.5
    array = round_trip(np.array([[1, 2], [3, 4]], dtype=np.int32))
    assert (type(array), array, array.dtype) == (ArrayValue, [[1, 2], [3, 4]], "int32")
    jagged = round_trip(ak.Array([[1.5], [], [2.5, 3.5]]))
    assert (jagged, jagged.dtype) == ([[1.5], [], [2.5, 3.5]], "3 * var * float64")
    assert round_trip(ak.Array([{"pt": 1.0}])) == [{"pt": 1.0}]


class _Always(int):
    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


class _Dict(dict[str, int]):
    def items(self) -> Any:
        raise AssertionError("not to be called")


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (_Always(3), 3),
        (enum.IntEnum("E", "A").A, 1),  # type: ignore[attr-defined]
        (collections.OrderedDict(a=1), {"a": 1}),
        (_Dict(a=1), {"a": 1}),
        (collections.namedtuple("P", "x y")(1, 2), (1, 2)),
        (bytearray(b"ab"), b"ab"),
        ([_Always(3)], [3]),
    ],
)
def test_subclasses_are_reduced_to_their_base(value: Any, plain: Any) -> None:
    assert same(round_trip(value), plain)


@pytest.mark.parametrize(
    "value", [object(), len, int, iter([]), range(3), {"a": object()}, np.array([object()]), "\ud800", slice(1)]
)
def test_anything_else_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="cannot be returned as plain data"):
        encode_value(value, MAX)


def test_depth_and_size_are_limited_inside() -> None:
    value: Any = []
    for _ in range(MAX_DEPTH + 1):
        value = [value]
    with pytest.raises(ValueError, match="nested more than 32 deep"):
        encode_value(value, MAX)
    with pytest.raises(ValueError, match="allowed are 10"):
        encode_value("x" * 10, 10)


def _nested(levels: int) -> str:
    return "[" * levels + "]" * levels


def _colliding(n: int) -> str:
    keys = ",".join(f'{{"t":"int","v":"{k * (2**61 - 1):x}"}}' for k in range(1, n))
    return f'{{"t":"set","v":[{keys}]}}'


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ("NaN", "NaN is not JSON"),
        ("[Infinity]", "Infinity is not JSON"),
        ("1e999", "too large for a float"),
        ('{"t":"tuple","t":"tuple","v":[]}', "duplicate keys"),
        ('{"t":"dict","v":[["a",1],["a",2]]}', "duplicate keys"),
        ('{"t":"dict","v":[[1,1],[true,2]]}', "duplicate keys"),
        ('{"t":"set","v":[1,1]}', "duplicate elements"),
        ('{"t":"set","v":[[]]}', "unhashable"),
        ('{"t":"dict","v":[["a"]]}', "list of pairs"),
        ('{"t":"dict","v":{"t":"tuple","v":[]}}', "list of pairs"),
        ('{"t":"object","v":[]}', "unknown tag"),
        ('{"t":["tuple"],"v":[]}', "no valid tag"),
        ('{"t":"tuple","v":3}', "not a list"),
        ('{"t":"bytes","v":"?"}', "base64"),
        ('{"t":"float","v":"1.5"}', "not nan, inf or -inf"),
        ('{"t":"complex","v":[1.0]}', "two floats"),
        ('{"t":"array","v":[]}', "no valid tag"),
        ('{"a":1}', "other keys"),
        ("{}", "other keys"),
        ('"\\ud800"', "surrogates"),
        ('{"t":"array","v":[],"dtype":"\\ud800"}', "surrogates"),
        (_nested(34), "nested more than 32 deep"),
        (_nested(100_000), "nested too deeply"),
        (_colliding(5000), "share one hash"),
        ("1 2", "Extra data"),
        ("", "Expecting value"),
        ("1" * 5000, "digits"),
        ('"' + "x" * MAX + '"', "allowed are"),
    ],
)
def test_decoder_refuses(frame: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        decode_value(frame.encode("utf-8"), MAX)


def test_decoder_refuses_bytes_that_are_not_utf8() -> None:
    with pytest.raises(ValueError, match="utf-8"):
        decode_value(b'"\xff"', MAX)
