"""Rules for what happened to rows and what did not, told by their dates, and for whose they are, told by their references.

'Unpaid invoices' have no day of payment, 'centres that have closed' a day of closing; 'who reports to Ann' are rows whose
reference leads to the row called so.
"""

from __future__ import annotations

from treadle.coding.chart import Rules, rule
from treadle.coding.sql.questions.shown import dates_of
from treadle.coding.sql.questions.tree import (
    Ask,
    Conds,
    Count,
    Is,
    Mention,
    Missing,
    Part,
    Refers,
    Rows,
    TableName,
    Value,
)

__all__ = ["happened_rules", "occurrences"]


def happened_rules() -> Rules:
    return [
        rule(
            "R",
            "UNDONE=f R=r",
            lambda f, r: Rows(r.table, (Missing(f, True, verb=True), *r.conds)) if r.table else None,
            0.1,
        ),
        rule("C", "[WHO] [BE] [still|yet] UNDONE=f", lambda f: (Missing(f, True, verb=True),), 0.1),
        rule("C", "[WHO] (BE|WITH) [already] F=f", _done, 0.5),
        rule("R", "F=f R=r", _done_rows, 0.4),
        rule("C", "[WHO] [BE] F=f (by|to|BE|OF) VL=v", lambda f, v: _refers(f, (Is(v),)), 0.1),
        rule("C", "[WHO] [BE] F=f (by|to|BE|OF) V=v V=w", lambda f, v, w: _refers(f, _both_names(v, w)), -0.3),
        rule("C", "OF V=v V=w", _both_names, 0.1),
        rule("A", "who F=f (by|to) VL=v", _who, 0.1),
        rule("A", "[SHOW] F=f G=g", occurrences, 0.5),
    ]


def _participle(f: Mention) -> bool:
    return " " not in f.words and f.words.endswith(("ed", "wn", "en"))


def _done(f: Mention) -> Conds | None:
    """'Centres that have closed': what happened has a date."""
    dates = dates_of(f)
    return (Missing(dates, False, verb=True),) if dates and _participle(f) else None


def _done_rows(f: Mention, r: Rows) -> Rows | None:
    """'Withdrawn participants'."""
    if r.table is None or (found := _done(f)) is None:
        return None
    own = {t for t, _ in r.table.tables}
    return Rows(r.table, (*found, *r.conds)) if any(x.table in own for x, _ in f.fields) else None


def _refers(f: Mention, conds: Conds | None) -> Conds | None:
    keys = tuple((x, cost) for x, cost in f.fields if x.role == "key")
    return (Refers(Mention(keys, f.words), conds),) if keys and conds else None


def _who(f: Mention, v: tuple[Value, ...]) -> Ask | None:
    """'Who reports to Ann?'"""
    refers = _refers(f, (Is(v),))
    tables = {x.table for x, _ in f.fields if x.role == "key"}
    return Ask(Rows(TableName(((tables.pop(), 0.0),)), refers)) if refers and len(tables) == 1 else None


_FIRST = ("first", "given", "fore", "forename", "firstname")
_LAST = ("last", "family", "surname", "lastname")


def _both_names(v: Value, w: Value) -> Conds | None:
    """'Ann Berg' of a table with a column for each name."""
    tables = {f.table for f, _ in v.fields if f.words[0] in _FIRST} & {f.table for f, _ in w.fields if f.words[0] in _LAST}
    return (Is((v,)), Is((w,))) if len(tables) == 1 else None


def occurrences(f: Mention, g: tuple[object, ...]) -> Ask | None:
    """'Enrolment by month': how often what has a date happened, by a part of this date."""
    dates = dates_of(f)
    if dates is None or " " in f.words or f.words.endswith(("ed", "date", "time", "day")) or len(g) != 1:
        return None
    if not isinstance(g[0], Part) or g[0].of is not None or len(dates.fields) != 1:
        return None
    table = TableName(((dates.fields[0][0].table, 0.0),))
    return Ask(None, (Count(Rows(table, (Missing(dates, False),))),), groups=(Part(g[0].part, dates),))
