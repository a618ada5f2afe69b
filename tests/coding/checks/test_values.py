"""Laws of the comparison."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.coding.checks.values import value_equal
from treadle.sandbox.values import ArrayValue

ATOMS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.binary(max_size=5)
    | st.complex_numbers()
)
HASHABLE = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
PLAIN = st.recursive(
    ATOMS | st.sets(HASHABLE, max_size=3) | st.frozensets(HASHABLE, max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.lists(inner, max_size=3).map(lambda items: ArrayValue(items, "float64"))
        | st.dictionaries(HASHABLE, inner, max_size=3)
    ),
    max_leaves=8,
)


@given(PLAIN)
def test_reflexive(value: Any) -> None:
    twin = value if isinstance(value, ArrayValue) else copy.deepcopy(value)
    assert value_equal(value, twin) == (True, "")


@given(PLAIN, PLAIN)
def test_symmetric_without_a_relative_tolerance(one: Any, other: Any) -> None:
    assert value_equal(one, other)[0] == value_equal(other, one)[0]


@given(PLAIN, PLAIN, st.floats(0, 10))
def test_a_tolerance_only_lets_more_pass(one: Any, other: Any, tolerance: float) -> None:
    if value_equal(one, other)[0]:
        assert value_equal(one, other, tolerance, tolerance)[0]


@given(PLAIN, PLAIN)
def test_a_difference_has_a_reason(one: Any, other: Any) -> None:
    equal, reason = value_equal(one, other)
    assert equal == (reason == "")


@given(st.floats(-1e6, 1e6), st.floats(0, 1), st.floats(-2, 2))
def test_the_relative_tolerance_is_of_the_expected_value(expected: float, relative: float, factor: float) -> None:
    got = expected * (1 + relative * factor)
    within = abs(expected - got) <= relative * abs(expected)
    assert value_equal(expected, got, relative)[0] == within


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        (2, 2.0),
        (math.nan, math.nan),
        ([1, math.nan], [1, math.nan]),
        ([1, 2], ArrayValue([1, 2], "int64")),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1.0}),
        ({1, 2}, frozenset({2, 1})),
        (10**400, 10**400),
        (math.inf, math.inf),
    ],
)
def test_equal(expected: Any, got: Any) -> None:
    assert value_equal(expected, got) == (True, "")


@pytest.mark.parametrize(
    ("expected", "got", "reason"),
    [
        (1, True, "expected 1, got True"),
        (True, 1, "expected True, got 1"),
        (None, 0, "expected None, got 0"),
        ([1, 2], (1, 2), "expected a list, got a tuple with the same elements"),
        ((1, 2), [1, 3], "expected a tuple, got a list: [1, 3]"),
        ([1, 2], [1], "expected 2 elements, got 1: [1]"),
        ([[1, 2]], [[1, 3]], "at [0][1]: expected 2, got 3"),
        ({"a": 1}, {}, "the key 'a' is missing; keys: []"),
        ({"a": 1}, {"a": 1, "b": 2}, "the key 'b' was not expected"),
        ({"a": [1]}, {"a": [2]}, "at ['a'][0]: expected 1, got 2"),
        ({True: 1}, {1: 1}, "the key True is missing; keys: [1]"),
        ({1}, {True}, "expected {1}, got {True}"),
        ("1", 1, "expected a str, got an int: 1"),
        (math.inf, -math.inf, "expected inf, got -inf"),
        (math.inf, 1e308, "expected inf, got 1e+308"),
        (1.0, math.nan, "expected 1.0, got nan"),
        (10**400, 1.0, ""),
    ],
)
def test_different(expected: Any, got: Any, reason: str) -> None:
    equal, why = value_equal(expected, got)
    assert not equal
    assert why.startswith(reason)


def test_tolerance_inside_containers_but_not_in_keys() -> None:
    assert value_equal({"a": [1.0]}, {"a": [1.05]}, 0.1)[0]
    assert value_equal({1.0, 2.0}, {1.05, 2.0}, 0.1)[0]
    assert not value_equal({1.0: 1}, {1.05: 1}, 0.1)[0]
    assert not value_equal(True, 1.0, 10.0, 10.0)[0]
    assert value_equal(1 + 1j, 1 + 1.05j, 0.1)[0]
