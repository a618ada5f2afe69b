"""Rules for whole questions (A, S): lists and figures, groups, and the clauses that follow a question."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from treadle.coding.chart import GUESS, Costly, Rules, rule
from treadle.coding.sql.questions.best import best_rules
from treadle.coding.sql.questions.figures import figure_rules
from treadle.coding.sql.questions.parts import part_rules
from treadle.coding.sql.questions.shown import dates_of, numbers_of, returned, says_name, with_count
from treadle.coding.sql.questions.tree import (
    Agg,
    Arith,
    Ask,
    Count,
    Dated,
    Figure,
    Has,
    Mention,
    Order,
    Part,
    Rows,
    Share,
    Shown,
    TableName,
    That,
    leaves_of,
)

__all__ = ["ask_rules"]


def ask_rules() -> Rules:
    return [*figure_rules(), *part_rules(), *best_rules(), *_plain(), *_grouped(), *_clauses()]


# ------------------------------------------------------------------------------------------- whole questions


_COUNTS = frozenset({"n", "num", "nr", "number", "count", "total", "qty", "quantity"})


def _plain() -> Rules:
    """Lists of rows and figures of all rows."""
    return [
        rule("A", "[SHOW|WHICH] R=r", lambda r: Ask(r), 0.1),
        rule("A", "SHOW IL=x", lambda x: Ask(None, x), 0.2),
        rule("A", "IL=x", lambda x: Ask(None, x), 0.3),
        rule("A", "[SHOW|WHICH] IL=x OF R=r", _columns_of, 0.1),
        rule("A", "[SHOW|WHICH] R=r [,] (AND|:|,|-|;|PLUSW) [PLUSW] IL=x", _listed_with, 0.4),
        rule("A", "[SHOW] FG=x", lambda x: Ask(None, (x,)), 0.05),
        rule("A", "OF R=r [,] (COUNT|COUNT BE|WHICH|COUNT are) C=c", lambda r, c: Ask(None, (Count(r.passing(*c)),)), 0.1),
    ]


def _columns_of(x: tuple[Shown, ...], r: Rows) -> Ask | None:
    """'The names and prices of books'; 'the authors of books' are rows with a condition of their own, and figures are read
    as such or not at all."""
    if any(isinstance(i, Figure) for i in x):
        return None
    return None if all(isinstance(i, TableName) for i in x) and r.table not in x else Ask(r, x)


def _listed_with(r: Rows, x: tuple[Shown, ...]) -> Ask | None:
    """Rows, and what is shown beside their names."""
    plain = Ask(r)
    if any(isinstance(i, That) for i in x):
        grouped = with_count(plain)
        if grouped is None or r.table is None:
            return None
        return returned(plain, (r.table, *x))
    return replace(plain, shown=x if says_name(x) else (_itself(r), *x))


def _itself(r: Rows) -> Shown:
    return r.table if r.table is not None else That()


def _grouped() -> Rules:
    return [
        rule("A", "A=a G=g", _by, 0.05),
        rule("A", "A=a [,] LP G=g RP", _by, 0.1),
        rule("A", "G=g [,|:] A=a", _by, 0.05),
        rule("A", "G=g [,] SHOW IL=x", lambda g, x: _by(Ask(None, x), g), 0.05),
        rule("A", "[SHOW] G=g [,|:] IL=x", lambda g, x: _by(Ask(None, x), g), 0.1),
        rule("A", "COUNT R=r EACH GI=g", lambda r, g: Ask(None, (Count(r),), groups=(g,)), 0.1),
        rule("A", "[SHOW] R=r G=g", _counted_by, 0.3),
        rule("A", "G=g [,|:] [SHOW] R=r", lambda g, r: _counted_by(r, g), 0.4),
        rule("A", "[SHOW] F=f G=g", _summed_by, 0.2),
        rule("A", "A=a [,] AND FG=x", _and_figure, 0.1),
        rule("A", "[SHOW] R=r BY F=f [,] OKS=o", _sorted_by, 0.3),
        rule("A", "[SHOW] R=r (AND|,) IL=x G=g", lambda r, x, g: _by(Ask(None, (Count(r), *x)), g), 0.4),
    ]


def _counted_by(r: Rows, g: tuple[Any, ...]) -> Ask | None:
    """'Visits by month' are counted; 'deliveries by date' are listed in their order."""
    dates = [x for x in g if isinstance(x, Mention) and all(f.role == "date" for f, _ in x.fields)]
    return None if dates else _by(Ask(None, (Count(r),)), g)


def _summed_by(f: Mention, g: tuple[Any, ...]) -> Ask | Costly | None:
    """'Passengers per line' of a column of numbers of passengers are added up; of 'hours per crew' that is a guess."""
    numbers = numbers_of(f)
    if numbers is None:
        return None
    ask = _by(Ask(None, (Agg("SUM", numbers, Rows(None)),)), g)
    counted = all(x.words[0] in _COUNTS for x, _ in numbers.fields)
    return ask if counted or ask is None else Costly(ask, GUESS)


def _and_figure(a: Ask, x: Figure) -> Ask | None:
    """'How many trips per line, and their mean length.'"""
    same = isinstance(x, Agg | Count) and x.rows.table is None and not x.rows.conds
    return replace(a, shown=(*a.shown, x)) if a.groups and same and not a.measured and not a.best else None


def _sorted_by(r: Rows, f: Mention, o: tuple[Order, ...]) -> Ask | None:
    """'Deliveries by date, newest first.'"""
    if len(o) != 1 or o[0].what is not None or r.table is None:
        return None
    dated = o[0].adjective in ("date", "dated", "age") and dates_of(f) is not None
    if not dated and (o[0].adjective != "figure" or numbers_of(f) is None):
        return None
    return Ask(r, (r.table, f), orders=(Order(f, o[0].descending),))


def _by(a: Ask, g: tuple[Any, ...]) -> Ask | None:
    if a.groups or a.limit or a.orders:
        return None
    if isinstance(g[0], Rows):
        assert g[0].table is not None
        dated = tuple(c for c in g[0].conds if isinstance(c, Dated) and c.of is None)  # 'trips per line in 2023'
        narrowed = _only(a, Rows(None, dated)) if dated else a
        if narrowed is None:
            return None
        a, g = replace(narrowed, passing=(*a.passing, *(c for c in g[0].conds if c not in dated))), (g[0].table,)
    return replace(a, groups=g) if any(isinstance(x, Figure) for x in a.shown) else None


def _clauses() -> Rules:
    """What follows a question: how its answer is ordered, rounded, what it shows, which rows it leaves out."""
    stop = "[.|,|;|-|?|:]"
    return [
        rule("A", f"A=a {stop} OS=o", _ordered, 0.05),
        rule(
            "A",
            f"A=a {stop} [LP] ROUND INT=n DECIMALS [RP]",
            lambda a, n: replace(a, digits=n) if a.digits is None else None,
        ),
        rule("A", f"A=a {stop} ROUND WHOLENUMBER", lambda a: replace(a, digits=0) if a.digits is None else None),
        rule("A", f"A=a {stop} [LP] AND0 [RP]", lambda a: replace(a, zeros=True) if a.groups else None),
        rule("A", f"A=a {stop} [LP] PERCENT [RP]", lambda a: replace(a, percent=True)),
        rule("A", "A=a [,|-] (PLUSW|with) IL=x", _also, 0.3),
        rule("A", f"A=a {stop} RETURN [:|ONLYW] IL=x [only]", returned, 0.1),
        rule("A", "A=a (.|;|-|?|:) [just|only|ONLYW] IL=x [only]", returned, 0.4),
        rule("A", "[RETURN] [INT] columns : IL=x", lambda x: Ask(None, x, measured=True), 0.2),
        rule("A", "(SHOW|RETURN) [INT] columns (:|-|,) IL=x [,] [-|,] OF R=r", _columns_of, 0.1),
        rule("ONCE", "each (T|F|NAMEW|one) [only] once", lambda: "ONCE"),
        rule("A", f"A=a {stop} [LP] ONCE [RP]", lambda a: replace(a, distinct=True)),
        rule("A", f"A=a {stop} (R=r|RX=r) LEFTOUT", _skipping, 0.1),
        rule("A", f"A=a {stop} [ONLY|ONLYW] [for|with] [T|F|ONES] (WITH|WHO) FG=x [BE] CMP=c", _barred, 0.1),
        rule("A", "[SHOW|WHICH] (T=t|F=t) (WITH|WHO|OF) FG=x [BE] CMP=c", _with_bar, 0.1),
        rule("A", "[SHOW|WHICH|in which] F=t (WITH|WHO|BE there) INTS=c R=r", _with_count_bar, 0.2),
        rule("A", f"A=a {stop} [LP] ONLY (R=r|RX=r|RC=r) [RP]", _only, 0.1),
        rule("A", "A=a (.|,|;|-|?|:|LP) ONLYW [for|count|consider|those] (R=r|RX=r|RC=r) [RP]", _only, 0.1),
        rule("A", f"A=a {stop} SKIP (R=r|RX=r) [RP]", _skipping, 0.1),
        rule("A", "A=a LP IL=x RP", returned, 0.3),
        rule("A", "A=a [,] AND QI=x", _asked_too, 0.1),
        rule("QI", "(which|what) T=t", lambda t: t),
        rule("QI", "(in|on|at|from|of) (which|what) T=t", lambda t: t),
        rule("QI", "[in|on|at|from|of] (which|what) F=f", lambda f: f, 0.1),
        rule("QI", "when F=f", dates_of),
        rule("QI", "who F=f", lambda f: f if f.fields[0][0].role in ("label", "text") else None, 0.1),
        rule("QI", "(in|on) (which|what) PART=p", lambda p: Part(p), 0.1),
        rule("A", f"A=a {stop} C=c", lambda a, c: _only(a, Rows(None, c)), 0.4),
        rule("RC", "C=c", lambda c: Rows(None, c)),
        rule("S", "A=a", lambda a: a),
        rule("DEF", "FG=x", lambda x: ("FG", x)),
        rule("DEF", "EX=x", lambda x: ("EX", x), 0.1),
    ]


def _asked_too(a: Ask, x: Shown | None) -> Ask | None:
    """'What is the largest room, and in which house is it?': shown beside what the rows are called."""
    if x is None or a.groups or (a.measured and a.limit is None) or any(isinstance(i, Figure) for i in a.shown):
        return None
    if a.shown:
        return replace(a, shown=(*a.shown, x)) if x not in a.shown else None
    return replace(a, shown=(_itself(a.rows), x)) if a.rows is not None and a.rows.table not in (None, x) else None


def _also(a: Ask, x: tuple[Shown, ...]) -> Ask | None:
    """'Ships from oldest to newest, with their crew'."""
    if a.rows is None or a.shown or a.measured or a.groups or not a.orders or a.rows.table is None:
        return None
    return None if any(isinstance(i, That | Figure) for i in x) else replace(a, shown=(a.rows.table, *x))


def _ordered(a: Ask, o: tuple[Order, ...]) -> Ask | None:
    return None if a.orders else replace(a, orders=o)


def _barred(a: Ask, x: Figure, c: Any) -> Ask | None:
    """'Only groups with an average above 10.'"""
    return replace(a, bars=(*a.bars, (x, c[0], c[1].text))) if a.groups and c[2] is None else None


def _with_bar(t: Any, x: Figure, c: Any) -> Ask | None:
    return None if c[2] is not None else Ask(None, groups=(t,), bars=((x, c[0], c[1].text),))


def _with_count_bar(t: Mention, c: tuple[str, str], r: Rows) -> Ask | None:
    """'Cities with more than 5 concerts'."""
    return None if numbers_of(t) else Ask(None, groups=(t,), bars=((Count(r), *c),))


def _only(a: Ask, r: Rows) -> Ask | None:
    """Further conditions on what the question is about."""
    if not r.conds:
        return None
    if r.table is not None and r.table in a.groups:
        return replace(a, passing=(*a.passing, *r.conds))
    if r.table is not None and not _about(a, r.table):
        return _only(a, Rows(None, (Has(r),)))
    if a.rows is not None:
        return replace(a, rows=a.rows.passing(*r.conds))
    figures = tuple(_narrowed(x, r) for x in a.shown)
    return replace(a, shown=figures) if any(f is not s for f, s in zip(figures, a.shown, strict=True)) else None


def _about(a: Ask, table: TableName) -> bool:
    """Whether rows of a table are what a question lists or counts."""
    tables = [x.rows.table for shown in a.shown for x in leaves_of(shown)] + ([a.rows.table] if a.rows is not None else [])
    return table in tables or not any(tables)


def _narrowed(x: Any, r: Rows) -> Any:
    if isinstance(x, Count | Agg | Share):
        same = r.table is None or x.rows.table is None or r.table.tables[0] == x.rows.table.tables[0]
        return replace(x, rows=x.rows.passing(*r.conds)) if same else x
    if isinstance(x, Arith):
        return replace(x, one=_narrowed(x.one, r), other=_narrowed(x.other, r))
    return x


def _skipping(a: Ask, r: Rows) -> Ask | None:
    """What is left out: only where each condition can be turned round."""
    turned = tuple(_turned(c) for c in r.conds)
    if not turned or any(t is None for t in turned) or len(turned) > 1:
        return None
    return _only(a, Rows(r.table, tuple(t for t in turned if t is not None)))


def _turned(c: Any) -> Any:
    if hasattr(c, "negated"):
        return replace(c, negated=not c.negated)
    if hasattr(c, "missing"):
        return replace(c, missing=not c.missing)
    if hasattr(c, "yes"):
        return replace(c, yes=not c.yes)
    return None
