"""Doubts about a statement as an answer: what the question asks for and the statement does not do."""

from __future__ import annotations

import re
from collections.abc import Iterator

from treadle.coding.sql.checks.syntax import exp
from treadle.coding.sql.doubts.asked import Asked, stems
from treadle.coding.sql.doubts.facts import Facts, number_of, parts_of
from treadle.types import Column

__all__ = ["wording_doubts"]


def wording_doubts(facts: Facts, asked: Asked) -> list[str]:
    """Operations that the question names and the statement lacks."""
    return [
        *_count(facts, asked),
        *_average(facts, asked),
        *_total(facts, asked),
        *_ratio(facts, asked),
        *_shape(facts, asked),
        *_negation(facts, asked),
        *_unknown(facts, asked),
    ]


# --------------------------------------------------------------------------------------------------- operations


def _count(facts: Facts, asked: Asked) -> Iterator[str]:
    if asked.count is None or asked.counts_time or asked.ratio or asked.average:
        return
    if asked.superlatives and not asked.has(r"^\W*(?:how many|number of|count)\b"):
        return
    thing = stems(list(asked.count))
    if facts.calls("count", "row_number", "rank", "dense_rank"):
        yield from _count_of_amounts(facts, thing)
        return
    sums: list[exp.Expr] = [*facts.tree.find_all(exp.Sum)]
    sums += [n for n in facts.tree.walk() if facts.called(n) == "total"]
    if any(_is_condition(n.this) or _speaks_of(n, facts, thing) for n in sums):
        return
    if sums and not any(thing[:1] == stems(parts_of(t.name))[-1:] for t in facts.summary.tables):
        return
    outputs = facts.select.expressions if facts.select is not None else []
    if any(_speaks_of(o, facts, thing) and facts.kind(o) in ("int", "real", "") for o in outputs):
        return
    yield "a number of things is asked for, the statement counts nothing"


def _count_of_amounts(facts: Facts, thing: list[str]) -> Iterator[str]:
    """'How many passengers' where a column holds that number and the rows are something else."""
    head = thing[0] if thing else ""
    if head in ("", "different", "distinct") or any(head in stems(parts_of(t.name)) for t in facts.summary.tables):
        return
    for table in sorted(facts.tables):
        known = facts.table(table)
        for column in known.columns if known else ():
            used = (table, column.name) in facts.columns
            if not used and head in stems(parts_of(column.name)) and _is_amount(column):
                yield f"the question asks how many {head}s, the statement does not use {table}.{column.name}"
                return


def _is_amount(column: Column) -> bool:
    number = re.search(r"INT|REAL|NUM|DOUB|FLOA|DEC", column.type, re.IGNORECASE) is not None
    return number and not column.references and not column.key


def _is_condition(node: exp.Expr | None) -> bool:
    inner = node.unnest() if node is not None else None
    return isinstance(inner, exp.Predicate | exp.Case | exp.If | exp.And | exp.Or | exp.Not)


def _speaks_of(node: exp.Expr, facts: Facts, thing: list[str]) -> bool:
    """Whether columns in ``node`` (or its alias) are called like ``thing``."""
    names = [node.alias] if isinstance(node, exp.Alias) else []
    for column in node.find_all(exp.Column):
        found = facts.binding(column)
        names.append(found.column if found is not None else column.name)
    words = {w for name in names for w in stems(parts_of(name))}
    return bool(words & set(thing)) or any(name.lower().startswith(("n_", "num_", "count")) for name in names)


def _average(facts: Facts, asked: Asked) -> Iterator[str]:
    if not asked.average:
        return
    if facts.calls("avg", "median") or _divides(facts) or facts.uses_word("avg", "average", "mean"):
        if asked.than_average and not _average_in_subquery(facts):
            yield "a comparison with the average is asked for, the statement computes none to compare with"
        return
    yield "an average is asked for, the statement computes none"


def _divides(facts: Facts) -> bool:
    return facts.tree.find(exp.Div) is not None


def _uses_word(facts: Facts, *words: str) -> bool:
    return any(word in parts_of(column) for _, column in facts.columns for word in words)


def _average_in_subquery(facts: Facts) -> bool:
    for node in facts.tree.find_all(exp.Avg):
        select = node.find_ancestor(exp.Select)
        if isinstance(node.parent, exp.Window) or (select is not None and select is not facts.select):
            return True
    return facts.uses_word("avg", "average", "mean")


def _total(facts: Facts, asked: Asked) -> Iterator[str]:
    if not asked.total or asked.average or asked.ratio:
        return
    summed = facts.calls("sum", "total") or facts.uses_word("total", "sum")
    counted = facts.calls("count") and (asked.count is not None or asked.has(r"\bin total\b|\bcount\b|\boverall\b"))
    if not summed and not counted:
        yield "a total is asked for, the statement sums nothing up"


def _ratio(facts: Facts, asked: Asked) -> Iterator[str]:
    if not asked.ratio or asked.has(r"\b(?:by|than|least|most|above|below|over|under)\s+\d+(?:\.\d+)? ?(?:%|per ?cent)"):
        return
    share = facts.uses_word("fraction", "percent", "percentage", "pct", "share", "ratio", "rate")
    of_condition = any(_is_condition(n.this) or facts.kind(n.this) == "int" for n in facts.tree.find_all(exp.Avg))
    if not share and not of_condition and facts.tree.find(exp.Div) is None:
        yield "a share is asked for, the statement divides nothing"


# -------------------------------------------------------------------------------------------------------- shape


def _shape(facts: Facts, asked: Asked) -> Iterator[str]:
    if asked.distinct and not _removes_repeats(facts):
        yield "different ones are asked for, the statement does not remove repeated ones"
    if asked.top is not None and asked.top > 1 and not _takes(facts, asked.top):
        yield f"{asked.top} are asked for, the statement does not stop at {asked.top}"
    if asked.sorted and facts.tree.find(exp.Order) is None:
        yield "an order is asked for, the statement has no ORDER BY"
    subtracts = facts.tree.find(exp.Sub) is not None or facts.calls("date_diff", "datediff", "age", "lag", "lead")
    if asked.difference and not subtracts:
        yield "a difference is asked for, the statement subtracts nothing"
    if asked.when and not _uses_date(facts):
        yield "a date is asked for, the statement gives none"


def _removes_repeats(facts: Facts) -> bool:
    return facts.tree.find(exp.Distinct, exp.Group, exp.Union, exp.Intersect, exp.Except, exp.Exists) is not None


def _takes(facts: Facts, number: int) -> bool:
    limits = [number_of(node.expression) for node in facts.tree.find_all(exp.Limit)]
    fetches = [number_of(node.args.get("count")) for node in facts.tree.find_all(exp.Fetch)]
    ranks = [number_of(c.right) for c in facts.comparisons if c.operator in ("<=", "=")]
    below = [n - 1 for c in facts.comparisons if c.operator == "<" and (n := number_of(c.right)) is not None]
    return number in (*limits, *fetches, *ranks, *below)


def _uses_date(facts: Facts) -> bool:
    outputs = facts.select.expressions if facts.select is not None else []
    for output in outputs:
        inner = output.unalias()
        if isinstance(inner, exp.Star) or facts.kind(inner) == "date":
            return True
        if facts.calls("strftime", "date", "datetime", "to_char"):
            return True
        words = {w for c in inner.find_all(exp.Column) for w in parts_of(c.name)}
        if words & {"date", "day", "time", "year", "on", "at", "when", "month"}:
            return True
    return facts.select is None


def _unknown(facts: Facts, asked: Asked) -> Iterator[str]:
    """'with unknown distance'"""
    if asked.leaves_out or not asked.has(r"\b(?:unknown|missing|not known|not recorded|not given)\b"):
        return
    tests = [n for n in facts.tree.find_all(exp.Is) if isinstance(n.expression, exp.Null)]
    if any(not isinstance(n.parent, exp.Not) for n in tests):
        return
    if tests or facts.tree.find(exp.Not, exp.Sub) is None:
        yield "what is unknown is asked for, the statement does not look for NULL"


def _negation(facts: Facts, asked: Asked) -> Iterator[str]:
    if not asked.negated:
        return
    if facts.tree.find(exp.Not, exp.NEQ, exp.Except) is not None:
        return
    if any(n.args.get("negate") for n in facts.tree.walk()):
        return
    for node in facts.tree.find_all(exp.Is):
        if isinstance(node.expression, exp.Null):
            return
    if any(number_of(c.right) in (0.0, 1.0) for c in facts.comparisons) or facts.tree.find(exp.Case, exp.If) is not None:
        return
    yield "the question says what is not so, the statement excludes nothing"
