"""When two results of queries are the same."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.coding.sql.base import Rows
from treadle.evals.rows import order_columns, ranks_by, same_rows, with_order_keys


def rows(*values: tuple[Any, ...], width: int | None = None, truncated: bool = False) -> Rows:
    count = width if width is not None else len(values[0])
    return Rows(columns=tuple(f"c{i}" for i in range(count)), rows=values, truncated=truncated)


@pytest.mark.parametrize(
    ("reference", "found", "same"),
    [
        (rows((1, "a"), (2, "b")), rows((2, "b"), (1, "a")), True),
        (rows((1, "a")), rows(("a", 1)), False),  # columns compare by place
        (rows((1, "a")), rows((1,)), False),
        (rows((1,), (1,)), rows((1,)), False),  # a multiset, not a set
        (rows((1,), (1,), (2,)), rows((1,), (2,), (2,)), False),
        (rows((3,)), rows((3.0,)), True),
        (rows((True,)), rows((1,)), True),
        (rows((3,)), rows((2.9999999999,)), True),
        (rows((1_000_000,)), rows((1_000_001,)), False),  # whole numbers are exact
        (rows((1_000_000.0,)), rows((1_000_001,)), False),
        (rows((0.1 + 0.2,)), rows((0.3,)), True),
        (rows((0.301,)), rows((0.3,)), False),
        (rows((None,)), rows((None,)), True),
        (rows((None,)), rows((0,)), False),
        (rows((None,)), rows(("",)), False),
        (rows((float("nan"),)), rows((float("nan"),)), True),
        (rows((float("inf"),)), rows((1e308,)), False),
        (rows(("5",)), rows((5,)), False),
        (rows((b"x",)), rows(("x",)), False),
        (rows(("A",)), rows(("a",)), False),
        (rows((2**60,)), rows((2**60 + 1,)), False),
        (rows(width=1), rows(width=1), True),
        (rows(width=1), rows(width=2), False),
        (rows((1,)), rows((1,), truncated=True), False),
    ],
)
def test_without_an_order(reference: Rows, found: Rows, same: bool) -> None:
    assert same_rows(reference, found) is same


def test_names_of_columns_do_not_matter() -> None:
    assert same_rows(Rows(columns=("n",), rows=((1,),)), Rows(columns=("COUNT(*)",), rows=((1,),)))


def test_the_order_counts_where_the_reference_has_one() -> None:
    reference = rows((1, "a"), (2, "b"), (2, "c"), (3, "d"))
    swapped = rows((1, "a"), (2, "c"), (2, "b"), (3, "d"))
    assert same_rows(reference, swapped, ranks_by(reference, [0]))  # a tie
    assert not same_rows(reference, rows((2, "b"), (1, "a"), (2, "c"), (3, "d")), ranks_by(reference, [0]))
    assert not same_rows(reference, swapped, ranks_by(reference, [0, 1]))
    assert not same_rows(reference, swapped, range(4))  # ties that cannot be told
    assert same_rows(reference, reference, range(4))
    assert same_rows(rows(width=1), rows(width=1), [])


@pytest.mark.parametrize(
    ("sql", "wider"),
    [
        ("SELECT a FROM t ORDER BY b DESC", "SELECT a, b AS treadle_key_0 FROM t ORDER BY b DESC"),
        (
            "SELECT a FROM t GROUP BY a ORDER BY COUNT(*), a LIMIT 3",
            "SELECT a, COUNT(*) AS treadle_key_0, a AS treadle_key_1 FROM t GROUP BY a ORDER BY COUNT(*), a LIMIT 3",
        ),
        ("SELECT DISTINCT a FROM t ORDER BY b", None),
        ("SELECT a FROM t UNION SELECT b FROM u ORDER BY 1", None),
        ("SELECT a FROM t", None),
        ("no SQL", None),
    ],
)
def test_what_a_query_is_ordered_by_can_be_asked_for(sql: str, wider: str | None) -> None:
    assert with_order_keys(sql, "sqlite") == wider


def test_rounding_does_not_part_rows_that_belong_together() -> None:
    """Sorted by the first number, the rows pair up wrongly: 1 + 1e-9 and 1 - 1e-9 change places."""
    reference = rows((1.0 + 1e-9, 0.25), (1.0 - 1e-9, 0.75))
    assert same_rows(reference, rows((1.0 - 1e-9, 0.25), (1.0 + 1e-9, 0.75)))
    assert not same_rows(reference, rows((1.0 - 1e-9, 0.25), (1.0 + 1e-9, 0.76)))


VALUES = st.one_of(
    st.none(), st.integers(-5, 5), st.floats(-10, 10).map(lambda f: round(f, 3)), st.sampled_from("abc"), st.booleans()
)
TABLES = st.integers(1, 3).flatmap(lambda width: st.lists(st.tuples(*[VALUES] * width), min_size=1, max_size=8))


@given(TABLES, st.integers(0, 2**32), st.floats(-1e-8, 1e-8))
def test_shuffled_and_rounded_rows_are_the_same(table: list[tuple[Any, ...]], seed: int, slip: float) -> None:
    draw = random.Random(seed)
    slipped = [tuple(v * (1 + slip) if type(v) is float else v for v in row) for row in table]
    draw.shuffle(slipped)
    assert same_rows(rows(*table), rows(*slipped))


@given(TABLES, st.data())
def test_another_value_makes_another_result(table: list[tuple[Any, ...]], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(table) - 1))
    changed = list(table)
    changed[index] = ("not there", *table[index][1:])
    assert not same_rows(rows(*table), rows(*changed))


@pytest.mark.parametrize(
    ("sql", "width", "columns"),
    [
        ("SELECT a, b FROM t", 2, None),
        ("SELECT a, b FROM t ORDER BY b DESC, a", 2, [1, 0]),
        ("SELECT a, COUNT(*) AS n FROM t GROUP BY a ORDER BY n DESC NULLS LAST", 2, [1]),
        ("SELECT a, COUNT(*) FROM t GROUP BY a ORDER BY COUNT(*)", 2, [1]),
        ("SELECT t.a FROM t ORDER BY t.a", 1, [0]),
        ("SELECT t.a FROM t ORDER BY a", 1, [0]),
        ("SELECT a, b FROM t ORDER BY 2", 2, [1]),
        ("SELECT a FROM t ORDER BY b", 1, []),
        ("SELECT * FROM t ORDER BY b", 3, []),
        ("SELECT a FROM (SELECT a FROM t ORDER BY a) AS s", 1, None),  # only the outermost counts
        ("SELECT a FROM t WHERE a IN (SELECT b FROM u ORDER BY b LIMIT 3)", 1, None),
        ("WITH s AS (SELECT a FROM t ORDER BY a) SELECT a FROM s", 1, None),
        ("SELECT a FROM t UNION SELECT b FROM u ORDER BY a", 1, [0]),
        ("SELECT ROW_NUMBER() OVER (ORDER BY a) FROM t", 1, None),
        ("this is no SQL ORDER BY x", 1, []),
    ],
)
def test_the_order_of_a_query(sql: str, width: int, columns: list[int] | None) -> None:
    assert order_columns(sql, "sqlite", width) == columns
