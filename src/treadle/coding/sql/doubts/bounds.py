"""Doubts about comparisons: 'at least 5' and a statement that says something else about 5."""

from __future__ import annotations

import re
from collections.abc import Iterator

from treadle.coding.sql.checks.syntax import exp
from treadle.coding.sql.doubts.asked import Asked, Bound
from treadle.coding.sql.doubts.facts import Comparison, Facts, number_of

__all__ = ["bound_doubts"]


def bound_doubts(facts: Facts, asked: Asked) -> Iterator[str]:
    """'at least 5' and a comparison with 5 that says something else."""
    if asked.several and not _means_several(facts):
        yield "several are asked for, the statement compares no number with one"
    if facts.tree.find(exp.Not) is not None:
        return
    yield from _date_bounds(facts, asked)
    for bound in asked.bounds:
        if sum(1 for other in asked.bounds if other.value == bound.value) > 1:
            continue
        same = [c for c in facts.comparisons if _is_value(c, bound)]
        if re.search(r"\bone$", bound.words) and bound.operator == ">" and not same and not _means_several(facts):
            yield f"the question says '{bound.words.strip()}', the statement compares nothing with it"
        if same and not any(_fits(c, bound) for c in same):
            yield _other(bound.words.strip(), same[0])


def _date_bounds(facts: Facts, asked: Asked) -> Iterator[str]:
    """'before 2024-05-01' and a comparison with that date the other way round."""
    for side, date in asked.date_bounds:
        same = [c for c in facts.comparisons if isinstance(c.right, exp.Literal) and str(c.right.this).startswith(date[:10])]
        if same and all(c.operator[0] not in (side, "=") for c in same):
            words = "before" if side == "<" else "after"
            yield _other(f"{words} {date}", same[0])


def _other(words: str, comparison: Comparison) -> str:
    return f"the question says '{words}', the statement has {comparison.operator} {comparison.right.sql('sqlite')}"


def _means_several(facts: Facts) -> bool:
    """'more than one': also >= 2, or a table joined with itself."""
    tables = [r.table for r in facts.names.relations.values() if r.table]
    return len(tables) > len(set(tables)) or any(number_of(c.right) in (1.0, 2.0) for c in facts.comparisons)


def _is_value(comparison: Comparison, bound: Bound) -> bool:
    right = comparison.right.unnest()
    if isinstance(right, exp.Literal) and right.is_string:
        return bound.year and str(right.this).startswith(f"{bound.value:.0f}")
    return number_of(right) == bound.value


def _fits(comparison: Comparison, bound: Bound) -> bool:
    operator, wanted = comparison.operator, bound.operator
    if operator == wanted:
        return True
    if operator in ("=", "<>"):
        return operator == "=" and wanted in (">=", "<=") and not isinstance(comparison.node, exp.EQ)
    text = comparison.right.unnest()
    dated = isinstance(text, exp.Literal) and text.is_string
    if dated or bound.year:  # 'after 2020' is > '2020-12-31', 'before 2020' <= '2019-12-31'
        return operator[0] == wanted[0]
    return False
