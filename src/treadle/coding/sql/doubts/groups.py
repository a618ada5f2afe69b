"""Doubts about groups: an answer for each of something is asked for."""

from __future__ import annotations

from collections.abc import Iterator

from treadle.coding.sql.checks.syntax import exp
from treadle.coding.sql.doubts.asked import Asked, stem, stems
from treadle.coding.sql.doubts.facts import Facts, number_of, parts_of

__all__ = ["group_doubts"]


_TIMES = {
    "year": ("%Y", 4),
    "month": ("%m", 7),
    "day": ("%d", 10),
    "date": ("%d", 10),
    "week": ("%W", 0),
    "hour": ("%H", 13),
    "weekday": ("%w", 0),
}


_TIME_FUNCTIONS = frozenset({"year", "month", "day", "hour", "week", "date_trunc", "extract", "to_char", "date_part"})


def group_doubts(facts: Facts, asked: Asked) -> Iterator[str]:
    """'for each': no groups, or others than those asked for."""
    wanted = [group for group in asked.groups if _is_known(group, facts)]
    if not wanted:
        return
    averaged = facts.calls("avg") or facts.tree.find(exp.Div) is not None
    if averaged and len(wanted) == 1 and (asked.average or asked.ratio) and asked.has(r"\bper\b"):
        return  # 'the mean number of goals per game' is one number
    keys = _all_keys(facts)
    summary = asked.count is not None or asked.average or asked.total or asked.superlatives or asked.ratio
    if not keys:
        if _lists_each(wanted[0], facts):
            return
        listed = facts.calls("sum", "avg", "count", "max", "min", "total") is False and not summary
        if not listed and not _correlated(facts):
            yield f"an answer for each {wanted[0][0]} is asked for, the statement makes no groups"
        return
    for group in wanted:
        if not any(_is_about(key, group, facts) for key in keys) and not _correlated(facts):
            shown = ", ".join(key.sql("sqlite") for key in keys[:2])
            yield f"an answer for each {group[0]} is asked for, the statement groups by {shown}"


def _lists_each(group: tuple[str, str], facts: Facts) -> bool:
    """Rows of the table itself are listed, one for each."""
    select = facts.select
    if select is None or facts.aggregates_in(select):
        return False
    return any(_is_about(item.unalias(), group, facts) for item in select.expressions)


def _is_known(group: tuple[str, str], facts: Facts) -> bool:
    """A table, a column or a span of time is called like one of the words."""
    if stem(group[0]) in _TIMES:
        return True
    words = {w for t in facts.summary.tables for w in stems(parts_of(t.name))}
    words |= {w for t in facts.summary.tables for c in t.columns for w in stems(parts_of(c.name))}
    return stem(group[0]) in words


def _all_keys(facts: Facts) -> list[exp.Expr]:
    keys = [key for select in facts.selects for key in facts.group_keys(select)]
    keys += [part for window in facts.tree.find_all(exp.Window) for part in window.args.get("partition_by") or []]
    for select in facts.selects:
        if select.args.get("distinct") is not None:
            keys += select.expressions
    return keys


def _correlated(facts: Facts) -> bool:
    """A subquery in SELECT or WHERE that looks at the row around it: an answer for each row."""
    for scope in facts.names.scopes:
        if scope.parent is None:
            continue
        own = {id(r) for r in scope.relations}
        for column in scope.select.find_all(exp.Column):
            found = facts.names.column(column)
            outer = found is not None and id(found.relation) not in own
            if outer and found is not None and any(found.relation is r for r in scope.parent.relations):
                return True
    return False


def _is_about(key: exp.Expr, group: tuple[str, str], facts: Facts) -> bool:
    words = {stem(word) for word in group if word}
    if stem(group[0]) in _TIMES and _takes_time(key, stem(group[0]), facts):
        return True
    for column in (key, *key.find_all(exp.Column)):
        if not isinstance(column, exp.Column):
            continue
        found = facts.binding(column)
        names = [column.name] if found is None else [found.column, found.table]
        if found is not None:
            names += [other for c, other, _ in facts.references(found.table) if c == found.column]
        if words & {w for name in names for w in stems(parts_of(name))}:
            return True
    return False


def _takes_time(key: exp.Expr, unit: str, facts: Facts) -> bool:
    format_, length = _TIMES[unit]
    texts = [str(n.this) for n in key.find_all(exp.Literal) if n.is_string]
    names = {facts.called(n) for n in key.find_all(exp.Func)}
    if any(format_ in text or "start of" in text for text in texts) or names & _TIME_FUNCTIONS:
        return True
    whole_days = facts.kind(key) == "date" and facts.length_of_dates(key) <= 10
    if unit in ("day", "date") and (whole_days or names & {"date", "substr"}):
        return True
    numbers = [number_of(n) for n in key.find_all(exp.Literal)]
    return bool(names & {"substr", "substring", "left"}) and (length in numbers or unit in ("month", "year"))
