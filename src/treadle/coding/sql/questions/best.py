"""Rules for what is first in an order (B): 'the 5 longest rivers', 'the user with the most jobs'."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from treadle.coding.chart import Rules, rule
from treadle.coding.sql.questions.figures import NONE
from treadle.coding.sql.questions.parts import in_time
from treadle.coding.sql.questions.shown import dates_of, numbers_of, returned, says_name
from treadle.coding.sql.questions.tree import Ask, Conds, Count, Figure, Mention, Named, Order, Rows, Shown, TableName

__all__ = ["best_rules"]


def best_rules() -> Rules:
    """What is first in an order (B)."""
    by = "[WITH|OF|BE|BY|WHO|at|in]"
    return [
        rule("SUP", "BEST=b", lambda b: b == "MAX"),
        rule("SUPN", "MANY=b", lambda b: b == "MAX"),
        rule("SUPN", "BEST=b number of", lambda b: b == "MAX"),
        rule("A", "[SHOW|WHICH] B=b", lambda b: b),
        rule("A", "[SHOW|WHICH] IL=x (of|OF|for) B=b", _columns_of_best, 0.1),
        rule("A", "[SHOW|WHICH] B=b [,] (AND|:|,|-|;|PLUSW) [PLUSW] IL=x", _best_with, 0.2),
        *[
            one
            for start in ("", "[TOP] INT=n ")
            for one in (
                rule("B", f"{start}R=r {by} SUP=s [number of|amount of] F=f", _first, 0.05),
                rule("B", f"{start}R=r F=f SUP=s", _first, 0.3),
                rule("B", f"{start}R=r {by} SUPN=s R=q", _most, 0.1),
                rule("B", f"{start}R=r {by} SUP=s FG=f", _first, 0.05),
                rule("B", f"{start}SUPADJ=s R=r", _adj, 0.1),
                rule("B", f"{start}OLDADJ=d R=r", _dated, 0.1),
                rule("B", f"{start}R=r F=f OLDADJ=d", lambda r, f, d, n=1: _dated_by(r, d, f, n), 0.1),
                rule("B", f"{start}OLDADJ=d F=f R=r", _dated_by, 0.1),
                rule("B", f"{start}SUPADJ=s R=r [in terms] (BY|of) F=f", _adj_by, 0.05),
                rule("B", f"{start}F=g [WITH|BE|BY|WHO] SUPN=s R=q", _most_of, 0.2),
                rule("B", f"{start}F=g [WITH|BE|BY|WHO] SUP=s FG=x", _best_of, 0.2),
                rule("B", f"{start}OFTEN=s F=g [OF R=q|C=c]", _common, 0.1),
                rule("B", f"{start}R=r [BE] T=t OFTEN=s", lambda r, t, s, n=1: _most(r, s == "MAX", Rows(t), n), 0.2),
            )
        ],
        rule("A", "(from|in|at|to) WHICH F=g [do|did] MANY=s [of] R=q", lambda g, s, q: _most_of(g, s == "MAX", q), 0.1),
        rule("A", "who F=f OLDADJ=d", _who_first, 0.1),
        rule("B", "SUPADJ=s INT=n R=r", _adj, 0.1),
        rule("B", "OLDADJ=d INT=n R=r", _dated, 0.1),
        rule("B", "R=r [,] [BE] SUPADJ=s", _adj, 0.1),
        rule("B", "TOP=t INT=n R=r (BY|in terms of) (F=x|FG=x)", lambda t, n, r, x: _first(r, t == "MAX", x, n)),
        rule("B", "TOP=t INT=n R=r (BY|in terms of) R=x", lambda t, n, r, x: _most(r, t == "MAX", x, n), 0.2),
        rule("B", "TOP=t INT=n F=g (BY|in terms of) FG=x", lambda t, n, g, x: _best_of(g, t == "MAX", x, n), 0.1),
    ]


def _columns_of_best(x: tuple[Shown, ...], b: Ask) -> Ask | None:
    """'The price of the newest book': what its row has, no figure of other rows."""
    own = all(isinstance(i, Mention | Named) for i in x)
    return replace(b, shown=x, measured=True) if own and not b.shown else None


def _best_with(b: Ask, x: tuple[Shown, ...]) -> Ask | None:
    """'The most expensive book and its price.'"""
    if b.shown or b.rows is None or b.rows.table is None:
        return None
    return returned(b, x if says_name(x) else (b.rows.table, *x))


def _common(s: str, g: Mention, q: Rows = NONE, c: Conds = (), n: int = 1) -> Ask | None:
    """'The most common genre'."""
    rows = q.passing(*c)
    if rows.table is None:
        rows = Rows(TableName(tuple((f.table, cost) for f, cost in g.fields)), rows.conds)
    return _most_of(g, s == "MAX", rows, n)


def _first(r: Rows, s: bool, f: Any, n: int = 1) -> Ask | None:
    if isinstance(f, Mention):
        able = tuple((x, cost) for x, cost in f.fields if x.role in ("number", "date"))
        if not able:
            return None
        f = Mention(able, f.words)
    return Ask(r, best=(Order(f, s),), limit=n)


def _most(r: Rows, s: bool, q: Rows, n: int = 1) -> Ask:
    return Ask(r, best=(Order(Count(q), s),), limit=n)


def _most_of(g: Mention, s: bool, q: Rows, n: int = 1) -> Ask | None:
    """'Which city has the most shops': a column whose values are the groups."""
    return None if numbers_of(g) else Ask(None, groups=(g,), best=(Order(Count(q), s),), limit=n)


def _best_of(g: Mention, s: bool, x: Figure, n: int = 1) -> Ask | None:
    return None if numbers_of(g) else Ask(None, groups=(g,), best=(Order(x, s),), limit=n)


def _adj(r: Rows, s: str, n: int = 1) -> Ask:
    return Ask(r, best=(Order(None, s.startswith("DOWN"), s.split()[1]),), limit=n)


def _dated(r: Rows, d: str, n: int = 1) -> Ask:
    return Ask(r, best=(in_time(d),), limit=n)


def _dated_by(r: Rows, d: str, f: Mention, n: int = 1) -> Ask | None:
    """'The most recently installed detector'."""
    dates = dates_of(f)
    return Ask(r, best=(Order(dates, d.startswith("DOWN")),), limit=n) if dates else None


def _who_first(f: Mention, d: str) -> Ask | None:
    """'Who joined first': of people, the only table that has such a date."""
    tables = {x.table for x, cost in f.fields if x.role == "date" and cost == 0.0}
    return _dated_by(Rows(TableName(((tables.pop(), 0.0),))), d, f) if len(tables) == 1 else None


def _adj_by(r: Rows, s: str, f: Mention, n: int = 1) -> Ask:
    return Ask(r, best=(Order(f, s.startswith("DOWN")),), limit=n)
