"""When two results of SQL queries are the same.

Columns compare by place: their number and order must agree, their names are not looked at. Rows compare as a multiset, or in
their order where the reference query orders them; rows that tie in its ORDER BY may come in any order. Values: NULL equals
NULL only; numbers equal by value whatever their type, whole numbers exactly, others within a relative 1e-6 (sums of single
precision differ by as much); text and bytes exactly.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from itertools import groupby
from typing import Any

from treadle.coding.sql.base import Rows

__all__ = ["order_columns", "ranks_by", "same_rows", "with_order_keys"]

RELATIVE = 1e-6
_EXACT = 2.0**53
_MAX_MATCHED = 400
"""Rows that differ in numbers only and are paired one by one where sorting does not do it."""

Row = tuple[Any, ...]


def same_rows(reference: Rows, found: Rows, ranks: Sequence[Hashable] | None = None) -> bool:
    """Whether ``found`` is the result that ``reference`` is.

    ``ranks`` has a key for every row of an ordered reference: neighbours with equal keys tie. None means no order.
    """
    if len(reference.columns) != len(found.columns) or len(reference.rows) != len(found.rows):
        return False
    if reference.truncated or found.truncated:
        return False
    if ranks is None:
        return _same_multiset(reference.rows, found.rows)
    for _, ties in groupby(range(len(ranks)), key=ranks.__getitem__):
        places = list(ties)
        block = slice(places[0], places[-1] + 1)
        if not _same_multiset(reference.rows[block], found.rows[block]):
            return False
    return True


def ranks_by(rows: Rows, columns: Sequence[int]) -> list[Hashable]:
    """The key of every row by which ``rows`` are ordered, from the columns that hold it."""
    return [_exact_key([row[column] for column in columns]) for row in rows.rows]


def order_columns(sql: str, dialect: str, width: int) -> list[int] | None:
    """The columns that a query's outermost ORDER BY names, [] where they cannot be told, None without one.

    A term is told by its position, by the name or alias of a column of the result, or by the same expression there.
    """
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        tree = sqlglot.parse_one(sql, dialect=dialect)
    except SqlglotError:
        return [] if "order by" in sql.lower() else None
    while isinstance(tree, exp.Subquery) and tree.args.get("order") is None:
        tree = tree.this
    order = tree.args.get("order")
    if order is None:
        return None
    projections = getattr(tree, "selects", [])
    if len(projections) != width:  # a star, for instance
        return []
    found = [_place(term.this, projections) for term in order.expressions]
    return [] if None in found else [place for place in found if place is not None]


def with_order_keys(sql: str, dialect: str) -> str | None:
    """The query with what it is ordered by as further columns at its end; None where that may change its rows."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    try:
        tree = sqlglot.parse_one(sql, dialect=dialect)
    except SqlglotError:
        return None
    order = tree.args.get("order")
    if not isinstance(tree, exp.Select) or order is None or tree.args.get("distinct") is not None:
        return None
    keys = [exp.alias_(term.this.copy(), f"treadle_key_{index}") for index, term in enumerate(order.expressions)]
    return tree.select(*keys).sql(dialect=dialect)


def _place(term: Any, projections: Sequence[Any]) -> int | None:
    from sqlglot import exp

    if isinstance(term, exp.Literal) and not term.is_string:
        place = int(term.this) - 1 if str(term.this).isdigit() else -1
        return place if 0 <= place < len(projections) else None
    for index, projection in enumerate(projections):
        same_name = isinstance(term, exp.Column) and not term.table and projection.alias_or_name.lower() == term.name.lower()
        if same_name or projection.unalias() == term:
            return index
    return None


# ------------------------------------------------------------------------------------------------ values


def _same_multiset(one: Sequence[Row], other: Sequence[Row]) -> bool:
    """Rows are grouped by what compares exactly; inside of a group numbers are paired within the tolerance."""
    groups = _grouped(one), _grouped(other)
    if {key: len(rows) for key, rows in groups[0].items()} != {key: len(rows) for key, rows in groups[1].items()}:
        return False
    return all(_paired(rows, groups[1][key]) for key, rows in groups[0].items())


def _grouped(rows: Sequence[Row]) -> dict[Hashable, list[list[float]]]:
    groups: dict[Hashable, list[list[float]]] = {}
    for row in rows:
        groups.setdefault(_exact_key(row, loosely=True), []).append([_number(v) for v in row if _is_loose(v)])
    return groups


def _exact_key(row: Sequence[Any], loosely: bool = False) -> Hashable:
    """A key that two rows share where they agree in all but fractional numbers (``loosely``), or in everything."""
    return tuple(("~",) if loosely and _is_loose(value) else _value_key(value) for value in row)


def _value_key(value: Any) -> Hashable:
    if isinstance(value, bool | int | float):
        return ("number", "nan") if value != value else ("number", value)
    return (type(value).__name__, value)


def _is_loose(value: Any) -> bool:
    """A number that is not compared exactly. Which side of this a value falls on must not depend on rounding: an average
    of 2.9999999 equals 3, so every float is loose, and so is an integer that a float could stand for."""
    return isinstance(value, float) or (isinstance(value, int) and abs(value) < _EXACT)


def _number(value: float) -> float:
    return float(value)


def _paired(one: list[list[float]], other: list[list[float]]) -> bool:
    if all(_near_rows(a, b) for a, b in zip(sorted(one, key=_nan_last), sorted(other, key=_nan_last), strict=True)):
        return True
    # Sorting can part rows whose first numbers differ by rounding only.
    return len(one) <= _MAX_MATCHED and _matching(one, other)


def _nan_last(numbers: list[float]) -> list[tuple[bool, float]]:
    return [(n != n, 0.0 if n != n else n) for n in numbers]


def _matching(one: list[list[float]], other: list[list[float]]) -> bool:
    """Whether every row of ``one`` finds a partner of its own (augmenting paths)."""
    partner: dict[int, int] = {}

    def place(index: int, tried: set[int]) -> bool:
        for candidate, row in enumerate(other):
            if candidate not in tried and _near_rows(one[index], row):
                tried.add(candidate)
                if candidate not in partner or place(partner[candidate], tried):
                    partner[candidate] = index
                    return True
        return False

    return all(place(index, set()) for index in range(len(one)))


def _near_rows(one: Sequence[float], other: Sequence[float]) -> bool:
    return all(_near(a, b) for a, b in zip(one, other, strict=True))


def _near(a: float, b: float) -> bool:
    if a == b or (a != a and b != b):
        return True
    if not (math.isfinite(a) and math.isfinite(b)):
        return False
    if a.is_integer() and b.is_integer() and max(abs(a), abs(b)) < _EXACT:
        return False  # counts and sums of whole numbers are exact
    return abs(a - b) <= RELATIVE * max(abs(a), abs(b))
