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

__all__ = ["order_columns", "same_rows"]

RELATIVE = 1e-6
_EXACT = 2.0**53
_MAX_MATCHED = 400
"""Rows that differ in numbers only and are paired one by one where sorting does not do it."""

Row = tuple[Any, ...]


def same_rows(reference: Rows, found: Rows, ordered_by: Sequence[int] | None = None) -> bool:
    """Whether ``found`` is the result that ``reference`` is.

    ``ordered_by`` are the columns that the reference is ordered by, first ones first; an empty sequence means an order by
    something that is not among its columns, so that ties cannot be told, None no order.
    """
    if len(reference.columns) != len(found.columns) or len(reference.rows) != len(found.rows):
        return False
    if reference.truncated or found.truncated:
        return False
    if ordered_by is None:
        return _same_multiset(reference.rows, found.rows)
    if not ordered_by:
        return all(_same_row(a, b) for a, b in zip(reference.rows, found.rows, strict=True))
    start = 0
    for _, ties in groupby(reference.rows, key=lambda row: _exact_key([row[i] for i in ordered_by])):
        block = list(ties)
        if not _same_multiset(block, found.rows[start : start + len(block)]):
            return False
        start += len(block)
    return True


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


def _same_row(one: Row, other: Row) -> bool:
    return _same_multiset([one], [other])


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
