"""Doubts about the highest, the first, the second: what a question wants chosen and a statement chooses otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterator

from treadle.coding.sql.checks.syntax import exp
from treadle.coding.sql.doubts.asked import Asked, stem, stems
from treadle.coding.sql.doubts.facts import Facts, parts_of

__all__ = ["extreme_doubts"]


def extreme_doubts(facts: Facts, asked: Asked) -> list[str]:
    return [*_extreme(facts, asked), *_dated(facts, asked)]


def _extreme(facts: Facts, asked: Asked) -> Iterator[str]:
    kinds = asked.superlatives
    if asked.ordinal:
        deeper = facts.tree.find(exp.Offset, exp.Window) or len(list(facts.tree.find_all(exp.Max, exp.Min))) > 1
        if not deeper:
            yield "the second or third is asked for, the statement takes no account of it"
        return
    if not kinds:
        return
    if not _counts_the_most(facts, asked):
        yield "those with most or fewest are asked for, the statement counts nothing"
    cut = [q for q in facts.tree.find_all(exp.Query) if q.args.get("limit") is not None and q.args.get("order") is not None]
    chosen = facts.calls("max", "min", "row_number", "rank", "dense_rank", "first_value", "last_value", "greatest", "least")
    chosen = chosen or facts.tree.find(exp.All) is not None or _compares_with_itself(facts)
    if not cut and not chosen:
        sorted_list = facts.tree.args.get("order") is not None and (asked.sorted or asked.has(r"\bfirst\b") or asked.groups)
        if not sorted_list:
            yield "the extreme is asked for, the statement does not choose it"
        return
    yield from _direction(facts, kinds, cut)


def _counts_the_most(facts: Facts, asked: Asked) -> bool:
    """'the most goals', where goals are rows: they have to be counted."""
    match = re.search(r"\b(?:most|fewest)\s+(?:different\s+)?(\w+s)\b", asked.text, re.IGNORECASE)
    if match is None:
        return True
    things = {stems(parts_of(t.name))[-1] for t in facts.summary.tables if parts_of(t.name)}
    counted = facts.calls("count", "sum", "total") or facts.uses_word("n", "count", "number", stem(match[1]))
    return counted or stem(match[1]) not in things


def _compares_with_itself(facts: Facts) -> bool:
    """NOT EXISTS (a larger one)."""
    tables = [r.table for r in facts.names.relations.values() if r.table]
    return facts.tree.find(exp.Exists) is not None and len(tables) > len(set(tables))


def _direction(facts: Facts, kinds: frozenset[str], cut: list[exp.Query]) -> Iterator[str]:
    if kinds not in (frozenset({"high"}), frozenset({"low"})):
        return
    wanted = next(iter(kinds))
    if cut:
        keys = facts.order_keys(cut[0])
        descending = keys[0][1] if keys else True
        if len(cut) == 1 and keys and facts.kind(keys[0][0]) != "date" and not isinstance(keys[0][0], exp.Neg | exp.Sub):
            if wanted == "high" and not descending:
                yield "the highest is asked for, the statement sorts the lowest first"
            if wanted == "low" and descending:
                yield "the lowest is asked for, the statement sorts the highest first"
        return
    one_sided = {"max": "high", "min": "low"}
    used = {side for name, side in one_sided.items() if facts.calls(name)}
    window = facts.tree.find(exp.Window)
    if window is None and len(used) == 1 and used != {wanted}:
        yield f"the {'highest' if wanted == 'high' else 'lowest'} is asked for, the statement takes the other end"


def _dated(facts: Facts, asked: Asked) -> Iterator[str]:
    """The first and the last by a date; of two extremes in one question nothing is said."""
    first = asked.has(r"\b(?:earliest|oldest|first)\b(?! \d| name| \w+ first|,)")
    last = asked.has(r"\b(?:latest|newest|youngest|most recent(?:ly)?|last)\b(?! \d| name| week| month| year)")
    if first == last or asked.sorted or asked.has(r"\bbetween\b"):
        return
    ends = [(n, isinstance(n, exp.Min)) for n in facts.tree.find_all(exp.Max, exp.Min) if facts.kind(n.this) == "date"]
    if ends and all(low != first for _, low in ends):
        yield f"the {'first' if first else 'last'} is asked for, the statement takes {ends[0][0].sql('sqlite')}"
    for query in facts.tree.find_all(exp.Query):
        keys = facts.order_keys(query) if query.args.get("limit") is not None else []
        if keys and facts.kind(keys[0][0]) == "date" and keys[0][1] == first:
            yield f"the {'first' if first else 'last'} is asked for, the statement sorts the other end to the top"
