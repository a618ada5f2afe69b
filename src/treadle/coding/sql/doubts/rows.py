"""Doubts about the rows: what cannot be the answer to the question."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from treadle.coding.sql.base import Rows
from treadle.coding.sql.checks.syntax import exp
from treadle.coding.sql.doubts.asked import Asked
from treadle.coding.sql.doubts.facts import Facts

__all__ = ["row_doubts"]


def row_doubts(rows: Rows, facts: Facts | None, asked: Asked) -> list[str]:
    if rows.truncated:
        return ["the result was cut off: not all of its rows are here"]
    if not rows.rows:
        return ["the result is empty"]
    found = list(_nulls(rows))
    if not found:
        found += _numbers(rows, asked)
    if facts is not None:
        found += [*_too_many(rows, facts, asked), *_repeated(rows, facts, asked)]
    return found


def _nulls(rows: Rows) -> Iterator[str]:
    for number, name in enumerate(rows.columns):
        if all(row[number] is None for row in rows.rows):
            yield f"the column {name} is NULL throughout" if len(rows.rows) > 1 else f"{name} is NULL"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _column(rows: Rows, number: int) -> list[float]:
    return [float(row[number]) for row in rows.rows if _is_number(row[number])]


def _numbers(rows: Rows, asked: Asked) -> Iterator[str]:
    """Judged only where one column holds what is asked for: the only one, or the last beside labels."""
    last = len(rows.columns) - 1
    values = _column(rows, last)
    if not values or (last > 0 and _column(rows, 0) and last > 1):
        return
    if (
        asked.count is not None
        and not asked.counts_time
        and not asked.ratio
        and not asked.average
        and len(rows.columns) == 1
        and len(rows.rows) == 1
    ):
        if values[0] == 0:
            yield "the count is 0"
        elif values[0] < 0 or values[0] != int(values[0]):
            yield f"a number of things cannot be {values[0]:g}"
    if asked.fraction and (min(values) < 0 or max(values) > 1 + 1e-9):
        yield f"a fraction cannot be {max(values):g}"
    if asked.percent and not asked.bounds and not asked.growth:
        if min(values) < 0 or max(values) > 100 + 1e-6:
            yield f"a percentage cannot be {max(values) if max(values) > 100 else min(values):g}"
        elif max(values) <= 1 and len(set(values)) > 0 and max(values) > 0:
            yield f"the result reads like a fraction, a percentage is asked for ({max(values):g})"
    if asked.counts_time and min(values) < 0:
        yield f"a span of time cannot be {min(values):g}"


def _too_many(rows: Rows, facts: Facts, asked: Asked) -> Iterator[str]:
    count = len(rows.rows)
    if asked.top is not None and count > asked.top and not asked.groups and facts.tree.find(exp.Window) is None:
        yield f"{asked.top} are asked for, the result has {count} rows"
    if count == 1:
        return
    aggregate = asked.counts or (asked.average and not asked.than_average) or asked.total or asked.ratio
    if asked.superlatives and asked.one and not _keeps_ties(facts):
        yield f"one is asked for, the result has {count} rows"
    elif aggregate and not asked.groups and not asked.superlatives and not _is_grouped(facts) and not asked.bounds:
        yield f"one number is asked for, the result has {count} rows"


def _keeps_ties(facts: Facts) -> bool:
    """The extreme is chosen by comparison, so that several rows may share it."""
    if facts.tree.find(exp.Window) is not None:
        return True
    for comparison in facts.comparisons:
        sides = (comparison.left, comparison.right)
        if any(isinstance(side.unnest(), exp.Select) or isinstance(side, exp.All | exp.Subquery) for side in sides):
            return True
    return facts.tree.find(exp.In) is not None


def _is_grouped(facts: Facts) -> bool:
    return facts.tree.find(exp.Group) is not None


def _repeated(rows: Rows, facts: Facts, asked: Asked) -> Iterator[str]:
    """The same row several times, because a join found it several times."""
    select = facts.select
    if (
        select is None
        or len(rows.rows) < 2
        or select.args.get("distinct") is not None
        or select.args.get("group") is not None
    ):
        return
    if not select.args.get("joins") or _selects_data(select.expressions, facts):
        return
    (_, times), *_ = Counter(_hashable(row) for row in rows.rows).most_common(1)
    if times > 1 and asked.count is None:
        yield "the same row comes several times; SELECT DISTINCT gives each once"


def _selects_data(items: Sequence[exp.Expr], facts: Facts) -> bool:
    """Numbers or computed values, of which equal ones may well come twice."""
    return any(not isinstance(item.unalias(), exp.Column) or facts.kind(item.unalias()) in ("real",) for item in items)


def _hashable(row: tuple[object, ...]) -> tuple[str, ...]:
    return tuple(repr(value) for value in row)
