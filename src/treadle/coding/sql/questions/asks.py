"""Rules for figures (FG), what is shown (IL), groups (GL), orders (OK) and whole questions (A, S)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from treadle.coding.reading.chart import Costly, Rules, rule
from treadle.coding.sql.questions.tree import (
    Agg,
    Arith,
    Ask,
    Conds,
    Count,
    Figure,
    Group,
    Has,
    HasCount,
    Is,
    Mention,
    Named,
    Num,
    Order,
    Part,
    Rows,
    Share,
    Shown,
    Span,
    TableName,
    That,
)

__all__ = ["ask_rules"]

NONE = Rows(None)


def ask_rules() -> Rules:
    return [*_figures(), *_computed(), *_items(), *_groups(), *_orders(), *_plain(), *_grouped(), *_best(), *_clauses()]


# --------------------------------------------------------------------------------------------------- figures


def _figures() -> Rules:
    return [
        rule("FG", "COUNT R=r", lambda r: Count(replace(r, distinct=False), _counted(r))),
        rule("FG", "COUNTD R=r", lambda r: Count(r, r.table)),
        rule("FG", "COUNTD F=f", lambda f: Count(NONE, _values_of(f))),
        rule("FG", "COUNTD F=f (OF R=r|C=c)", _distinct, 0.1),
        rule("FG", "COUNT F=f", lambda f: Count(NONE, _texts(f)) if _texts(f) else None, 1.0),
        rule("FG", "COUNT F=f (OF R=r|C=c)", lambda f, **k: _distinct(_texts(f), **k) if _texts(f) else None, 1.1),
        rule("FG", "COUNT F=f", _counts, 1.2),
        rule("FG", "COUNT F=f (OF R=r|C=c)", _counts, 1.3),
        rule("FG", "AGG=a F=f", lambda a, f: _aggregate(a, f, NONE)),
        rule("FG", "AGG=a number of F=f", lambda a, f: _aggregate(a, f, NONE)),
        rule("FG", "AGG=a number of F=f OF R=r", lambda a, f, r: _aggregate(a, f, r)),
        rule("FG", "[BE] HOWMUCH [BE] FG=x (than|exceed) [that|those] C=c", _more_than),
        rule("FG", "[BE] HOWMUCH [BE] FG=x (than|exceed) [that|those] [of|for] (R=r|VL=v)", _more_than, 0.1),
        rule("FG", "AGG=a of F=f", lambda a, f: _aggregate(a, f, NONE)),
        rule("FG", "AGG=a [of] F=f OF R=r", lambda a, f, r: _aggregate(a, f, r), 0.05),
        rule("FG", "AGG=a [of] F=f C=c", lambda a, f, c: _aggregate(a, f, Rows(None, c)), 0.2),
        rule("FG", "AGG=a R=r F=f", lambda a, r, f: _aggregate(a, f, r), 0.2),
        rule("FG", "R=r AGG=a F=f", lambda a, r, f: _aggregate(a, f, r), 0.4),
        rule("FG", "F=f AGG=a", lambda a, f: _aggregate(a, f, NONE) if a in ("AVG", "SUM") else None, 0.8),
        rule("FG", "AGG=a [of] EX=x", lambda a, x: Agg(a, x, NONE)),
        rule("FG", "AGG=a [of] EX=x OF R=r", lambda a, x, r: Agg(a, x, r), 0.05),
        rule("FG", "(SHARE=s) OF R=r (WITH|WHO|BE|that|C=c) [C=c]", _shared),
        rule("FG", "SHARE=s OF R=r C=c", lambda s, r, c: Share(r, c, float(s))),
        rule("FG", "SHARE=s OF R=r", _share_of_last, 0.3),
        rule("FG", "SHARE=s OF [all] F=f C=c", lambda s, f, c: Share(NONE, c, float(s), f), 0.3),
        rule("FG", "OF R=r [,] SHARE=s C=c", lambda s, r, c: Share(r, c, float(s))),
        rule("FG", "[all] FG=x PERCENT", lambda x: _percent(x)),
        rule("FG", "LP FG=x RP", lambda x: x),
        rule("FG", "FG=x TOTALW", lambda x: x if isinstance(x, Count) or (isinstance(x, Agg) and x.name == "SUM") else None),
        rule("FG", "TOTALW FG=x", lambda x: x if isinstance(x, Count) or (isinstance(x, Agg) and x.name == "SUM") else None),
        rule("FG", "RANGEW F=f", lambda f: Agg("RANGE", f, NONE)),
        rule("FG", "DIFFERENCE [between] AGG=a (and|AND) AGG=b F=f", _range),
        rule("FG", "DIFFERENCE [between] AGG=a (and|AND) AGG=b F=f OF R=r", _range),
    ]


def _counted(r: Rows) -> TableName | None:
    return r.table if r.distinct else None


def _texts(f: Mention) -> Mention | None:
    """Columns whose different values are counted."""
    found = tuple((x, c) for x, c in f.fields if x.role in ("text", "label"))
    return Mention(found, f.words) if found else None


def _values_of(f: Mention) -> Mention:
    return f


def _distinct(f: Mention | None, r: Rows | None = None, c: Conds = ()) -> Count | None:
    return None if f is None else Count(r or Rows(None, c), f)


def _counts(f: Mention, r: Rows = NONE, c: Conds = ()) -> Agg | None:
    """'How many passengers' of a column of numbers of passengers."""
    return _aggregate("SUM", f, r.passing(*c))


def _aggregate(a: str, f: Mention, r: Rows) -> Agg | None:
    roles = ("number", "date") if a in ("MAX", "MIN") else ("number", "flag")
    found = tuple((x, cost) for x, cost in f.fields if x.role in roles and not (a == "SUM" and "year" in x.words))
    return Agg(a, Mention(found, f.words), r) if found else None


def _shared(s: str, r: Rows, c: Conds = ()) -> Share | None:
    return Share(r, c, float(s)) if c else None


def _share_of_last(s: str, r: Rows) -> Share | Costly | None:
    """'percentage of cancelled trips', 'share of trips that were cancelled': the last condition is the part."""
    if not r.conds:
        return None
    if isinstance(r.conds[0], Is) and len(r.conds) == 1:
        return Share(Rows(r.table), r.conds, float(s))
    return Costly(Share(Rows(r.table, r.conds[:-1]), r.conds[-1:], float(s)), 0.2)


def _more_than(x: Figure, c: Conds = (), r: Rows | None = None, v: Any = None) -> Arith | None:
    """'How much higher is the average price in Bern than in Basel': the same figure with another condition."""
    if not isinstance(x, Count | Agg) or not x.rows.conds:
        return None
    other = c or ((Is(v),) if v is not None else r.conds if r is not None else ())
    if not other or type(other[0]) is not type(x.rows.conds[-1]):
        return None
    return Arith("-", x, replace(x, rows=replace(x.rows, conds=(*x.rows.conds[:-1], *other))))


def _percent(x: Figure) -> Figure | None:
    return replace(x, factor=100.0) if isinstance(x, Share | Arith) else None


def _range(a: str, b: str, f: Mention, r: Rows = NONE) -> Agg | None:
    return Agg("RANGE", f, r) if {a, b} == {"MAX", "MIN"} else None


def _computed() -> Rules:
    """Arithmetic on figures, and on columns of a row (EX)."""
    out: Rules = []
    for word, sign in (("DIVIDED", "/"), ("MINUS", "-"), ("TIMES", "*"), ("PLUS", "+")):
        for one in ("FG", "EX", "F", "N"):
            for other in ("FG", "EX", "F", "N"):
                if one == other == "N":
                    continue
                symbol = "FG" if "FG" in (one, other) else "EX"
                out.append(rule(symbol, f"{one}=a {word} {other}=b", _arith(sign), 0.1))
    out += [
        rule("EX", "LP EX=x RP", lambda x: x),
        rule("FG", "RATIO [of|between] FG=a (to|and|DIVIDED) FG=b", lambda a, b: Arith("/", a, b)),
        rule("FG", "RATIO [of] R=a to R=b", lambda a, b: Arith("/", Count(a), Count(b)), 0.1),
        rule("FG", "R=a DIVIDED R=b", lambda a, b: Arith("/", Count(a), Count(b)), 0.3),
        rule("FG", "RATIO [of|between] F=a (to|and|DIVIDED) F=b", lambda a, b: Arith("/", _sum(a), _sum(b)), 0.4),
        rule("EX", "DIFFERENCE [between] F=a (and|AND) F=b", lambda a, b: Arith("-", a, b), 0.2),
        rule("FG", "DIFFERENCE [between] FG=a (and|AND) FG=b", lambda a, b: Arith("-", a, b)),
        rule("EX", "[TIMEW|number of|UNITW] BETWEEN F=a (and|to) F=b [in] [UNITW=u]", _span, 0.1),
        rule("EX", "UNITW=u BETWEEN F=a (and|to) F=b", _span),
    ]
    return out


def _arith(sign: str) -> Any:
    def joined(a: Any, b: Any) -> Arith | None:
        sides = [_number(x) if isinstance(x, Mention) else x for x in (a, b)]
        return None if None in sides else Arith(sign, *sides)

    return joined


def _sum(f: Mention) -> Agg:
    return Agg("SUM", f, NONE)


def _span(a: Mention, b: Mention, u: str = "day") -> Span | None:
    dates = all(any(x.role == "date" for x, _ in m.fields) for m in (a, b))
    return Span(a, b, u) if dates else None


# ----------------------------------------------------------------------------------------------------- items


def _items() -> Rules:
    return [
        rule("IT", "F=f", lambda f: f),
        rule("IT", "T=t", lambda t: t, 0.2),
        rule("IT", "T=t NAMEW", lambda t: t, 0.05),
        rule("IT", "FG=x", lambda x: x),
        rule("IT", "EX=x", lambda x: x),
        rule("IT", "COUNT F=f", _number, 0.6),
        rule("IT", "THAT", lambda: That(), 0.4),
        rule("IT", "PART=p", lambda p: Part(p), 0.3),
        rule("IT", "F=f OF T=t", _of_table, 0.05),
        rule("IT", "NAMEW OF T=t", lambda t: t, 0.0),
        rule("IT", "NAMEW", lambda: Named(), 0.5),
        rule("IL", "IT=x", lambda x: (x,)),
        rule("IL", "IL=a (,|AND|and) IT=b", lambda a, b: (*a, b), 0.02),
        rule("IL", "IL=a , AND IT=b", lambda a, b: (*a, b), 0.02),
    ]


def _number(f: Mention) -> Mention | None:
    """'The number of seats' of a column of numbers of seats."""
    numbers = tuple((x, cost) for x, cost in f.fields if x.role == "number")
    return Mention(numbers, f.words) if numbers else None


def _of_table(f: Mention, t: TableName) -> Mention | None:
    names = {name for name, _ in t.tables}
    found = tuple((x, cost) for x, cost in f.fields if x.table in names)
    return Mention(found, f.words) if found else None


def _groups() -> Rules:
    return [
        rule("GI", "T=t", lambda t: t),
        rule("GI", "T=t NAMEW", lambda t: t),
        rule("GI", "F=f", lambda f: f),
        rule("GI", "PART=p", lambda p: Part(p), 0.1),
        rule("GI", "PART=p OF F=f", lambda p, f: _part_of(p, f)),
        rule("GI", "F=f PART=p", lambda p, f: _part_of(p, f)),
        rule("GI", "PART=p [of] F=f", lambda p, f: _part_of(p, f), 0.1),
        rule("GI", "F=f OF T=t", _of_table),
        rule("GL", "GI=g", lambda g: (g,)),
        rule("GL", "GL=a (and|AND|,) [PER|by] GI=b", lambda a, b: (*a, b), 0.1),
        rule("G", "PER GL=g", lambda g: g),
        rule("G", "PER R=r", lambda r: (r,) if r.conds and r.table is not None else None, 0.2),
        rule("G", "BY R=r", lambda r: (r,) if r.conds and r.table is not None else None, 0.4),
        rule("G", "BY GL=g", lambda g: g, 0.05),
        rule("G", "F=f PER PART=p", lambda f, p: (found,) if (found := _part_of(p, f)) else None, 0.1),
    ]


def _part_of(p: str, f: Mention) -> Part | None:
    dates = tuple((x, c) for x, c in f.fields if x.role == "date")
    return Part(p, Mention(dates, f.words)) if dates else None


def _orders() -> Rules:
    down = {"DOWN": True, "UP": False}
    return [
        rule("OW", "F=f", lambda f: f),
        rule("OW", "COUNT F=f", _number, 0.4),
        rule("OW", "T=t", lambda t: t, 0.1),
        rule("OW", "FG=x", lambda x: x),
        rule("OW", "EX=x", lambda x: x),
        rule("OW", "THAT", lambda: That(), 0.2),
        rule("OW", "PART=p", lambda p: Part(p), 0.2),
        rule("OK", "OW=x", lambda x: Order(x, None)),
        rule("OK", "OW=x [,] (DOWN=d|UP=d)", lambda x, d: Order(x, down[d])),
        rule("OK", "OW=x LP (DOWN=d|UP=d) RP", lambda x, d: Order(x, down[d])),
        rule("OK", "(DOWN=d|UP=d) [of|by] OW=x", lambda x, d: Order(x, down[d])),
        rule("OK", "OW=x [,|LP] CHRONO=d [RP]", lambda x, d: Order(x, down[d], "dated")),
        rule("OK", "OW=x [,] ALPHA=d", lambda x, d: Order(x, down[d])),
        rule("OK", "OW=x [,|LP] FIRSTADJ=d FIRST [RP]", lambda x, d: Order(x, down[d])),
        rule("OK", "OW=x [,|LP] (OLDADJ=d|CHRONO=d) FIRST [RP]", lambda x, d: Order(x, down[d], "dated")),
        rule("OK", "from (FIRSTADJ=d) to FIRSTADJ [F=x]", lambda d, x=None: Order(x, down[d], "" if x else "figure")),
        rule("OK", "OW=x from FIRSTADJ=d to FIRSTADJ", lambda x, d: Order(x, down[d])),
        rule("OK", "[from] SUPADJ=s to SUPADJ", lambda s: Order(None, s.startswith("DOWN"), s.split()[1])),
        rule("OK", "[from] (OLDADJ=d) to OLDADJ", lambda d: Order(None, down[d], "date")),
        rule("OK", "OLDADJ=d FIRST", lambda d: Order(None, down[d], "date"), 0.1),
        rule("OK", "(FIRSTADJ=d|BESTD=d) OW=x FIRST", lambda x, d: Order(x, down[d])),
        rule("OK", "FIRSTADJ=d FIRST", lambda d: Order(None, down[d], "figure"), 0.1),
        rule("OK", "SUPADJ=s FIRST", lambda s: Order(None, s.startswith("DOWN"), s.split()[1])),
        rule("OK", "(DOWN=d|UP=d)", lambda d: Order(None, down[d], "figure"), 0.1),
        rule("OK", "CHRONO=d", lambda d: Order(None, down[d], "date")),
        rule("OK", "ALPHA=d", lambda d: Order(None, down[d], "name")),
        rule("OKS", "OK=x", lambda x: (x,)),
        rule("OKS", "OKS=a (,|AND|and) [SORT] OK=b", lambda a, b: (*a, b), 0.1),
        rule("OKS", "OKS=a SORT OK=b", lambda a, b: (*a, b), 0.1),
        rule("OKS", "OKS=a , AND SORT OK=b", lambda a, b: (*a, b), 0.1),
        rule("OS", "SORT OKS=x", lambda x: x),
        rule("OS", "(,|.|;|:|-|LP) OKS=x [RP]", lambda x: x if x[0].what is None or x[0].descending is not None else None, 0.2),
        rule("OS", "OKS=x", lambda x: x if x[0].what is None else None, 0.2),
    ]


# ------------------------------------------------------------------------------------------- whole questions


def _plain() -> Rules:
    """Lists of rows and figures of all rows."""
    return [
        rule("A", "[SHOW|WHICH] R=r", lambda r: Ask(r), 0.1),
        rule("A", "SHOW IL=x", lambda x: Ask(None, x), 0.2),
        rule("A", "IL=x", lambda x: Ask(None, x), 0.3),
        rule("A", "[SHOW|WHICH] IL=x OF R=r", lambda x, r: Ask(r, x), 0.1),
        rule("A", "[SHOW|WHICH] R=r [,] (AND|:|,|-|;|PLUSW) [PLUSW] IL=x", _listed_with, 0.4),
        rule("A", "[SHOW] FG=x", lambda x: Ask(None, (x,)), 0.05),
        rule("A", "OF R=r [,] (COUNT|COUNT BE|WHICH|COUNT are) C=c", lambda r, c: Ask(None, (Count(r.passing(*c)),)), 0.1),
    ]


def _listed_with(r: Rows, x: tuple[Shown, ...]) -> Ask | None:
    """Rows, and what is shown beside their names."""
    plain = Ask(r)
    if any(isinstance(i, That) for i in x):
        grouped = _with_count(plain)
        if grouped is None or r.table is None:
            return None
        return _returned(plain, (r.table, *x))
    return replace(plain, shown=(_itself(r), *x))


def _itself(r: Rows) -> Shown:
    return r.table if r.table is not None else That()


def _grouped() -> Rules:
    return [
        rule("A", "A=a G=g", _by, 0.05),
        rule("A", "A=a [,] LP G=g RP", _by, 0.1),
        rule("A", "G=g [,|:] A=a", _by, 0.05),
        rule("A", "G=g [,] SHOW IL=x", lambda g, x: _by(Ask(None, x), g), 0.05),
        rule("A", "COUNT R=r EACH GI=g", lambda r, g: Ask(None, (Count(r),), groups=(g,)), 0.1),
        rule("A", "[SHOW] R=r G=g", lambda r, g: _by(Ask(None, (Count(r),)), g), 0.3),
        rule("A", "G=g [,|:] [SHOW] R=r", lambda r, g: _by(Ask(None, (Count(r),)), g), 0.4),
        rule("A", "[SHOW] R=r (AND|,) IL=x G=g", lambda r, x, g: _by(Ask(None, (Count(r), *x)), g), 0.4),
    ]


def _by(a: Ask, g: tuple[Any, ...]) -> Ask | None:
    if a.groups or a.limit or a.orders:
        return None
    if isinstance(g[0], Rows):
        assert g[0].table is not None
        a, g = replace(a, passing=(*a.passing, *g[0].conds)), (g[0].table,)
    return replace(a, groups=g) if any(isinstance(x, Count | Agg | Share | Arith) for x in a.shown) else None


def _best() -> Rules:
    """What is first in an order (B)."""
    by = "[WITH|OF|BE|BY|WHO|at|in]"
    return [
        rule("SUP", "BEST=b", lambda b: b == "MAX"),
        rule("A", "[SHOW|WHICH] B=b", lambda b: b),
        rule("A", "[SHOW|WHICH] IL=x (of|OF|for) B=b", lambda x, b: None if b.shown else replace(b, shown=x, measured=True), 0.1),
        rule("A", "[SHOW|WHICH] B=b [,] (AND|:|,|-|;|PLUSW) [PLUSW] IL=x", _best_with, 0.2),
        *[
            one
            for start in ("", "[TOP] INT=n ")
            for one in (
                rule("B", f"{start}R=r {by} SUP=s [number of|amount of] F=f", _first, 0.05),
                rule("B", f"{start}R=r F=f SUP=s", _first, 0.3),
                rule("B", f"{start}R=r {by} SUP=s [number of] R=q", _most, 0.1),
                rule("B", f"{start}R=r {by} SUP=s FG=f", _first, 0.05),
                rule("B", f"{start}SUPADJ=s R=r", _adj, 0.1),
                rule("B", f"{start}OLDADJ=d R=r", _dated, 0.1),
                rule("B", f"{start}OLDADJ=d F=f R=r", _dated_by, 0.1),
                rule("B", f"{start}SUPADJ=s R=r [in terms] (BY|of) F=f", _adj_by, 0.05),
                rule("B", f"{start}F=g {by} SUP=s [number of] R=q", _most_of, 0.2),
                rule("B", f"{start}F=g {by} SUP=s FG=x", _best_of, 0.2),
                rule("B", f"{start}OFTEN=s F=g [OF R=q|C=c]", _common, 0.1),
                rule("B", f"{start}R=r [BE] T=t OFTEN=s", lambda r, t, s, n=1: _most(r, s == "MAX", Rows(t), n), 0.2),
            )
        ],
        rule("B", "SUPADJ=s INT=n R=r", _adj, 0.1),
        rule("B", "OLDADJ=d INT=n R=r", _dated, 0.1),
        rule("B", "R=r [,] [BE] SUPADJ=s", _adj, 0.1),
        rule("B", "TOP=t INT=n R=r (BY|in terms of) (F=x|FG=x)", lambda t, n, r, x: _first(r, t == "MAX", x, n)),
        rule("B", "TOP=t INT=n R=r (BY|in terms of) R=x", lambda t, n, r, x: _most(r, t == "MAX", x, n), 0.2),
        rule("B", "TOP=t INT=n F=g (BY|in terms of) FG=x", lambda t, n, g, x: _best_of(g, t == "MAX", x, n), 0.1),
    ]


def _best_with(b: Ask, x: tuple[Shown, ...]) -> Ask | None:
    """'The most expensive book and its price.'"""
    if b.shown or b.rows is None or b.rows.table is None:
        return None
    return _returned(b, (b.rows.table, *x))


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
    return None if _number(g) else Ask(None, groups=(g,), best=(Order(Count(q), s),), limit=n)


def _best_of(g: Mention, s: bool, x: Figure, n: int = 1) -> Ask | None:
    return None if _number(g) else Ask(None, groups=(g,), best=(Order(x, s),), limit=n)


def _adj(r: Rows, s: str, n: int = 1) -> Ask:
    return Ask(r, best=(Order(None, s.startswith("DOWN"), s.split()[1]),), limit=n)


def _dated(r: Rows, d: str, n: int = 1) -> Ask:
    return Ask(r, best=(Order(None, d == "DOWN", "date"),), limit=n)


def _dated_by(r: Rows, d: str, f: Mention, n: int = 1) -> Ask | None:
    """'The most recently installed detector'."""
    dates = tuple((x, cost) for x, cost in f.fields if x.role == "date")
    return Ask(r, best=(Order(Mention(dates, f.words), d == "DOWN"),), limit=n) if dates else None


def _adj_by(r: Rows, s: str, f: Mention, n: int = 1) -> Ask:
    return Ask(r, best=(Order(f, s.startswith("DOWN")),), limit=n)


def _clauses() -> Rules:
    """What follows a question: how its answer is ordered, rounded, what it shows, which rows it leaves out."""
    stop = "[.|,|;|-|?|:]"
    return [
        rule("A", f"A=a {stop} OS=o", _ordered, 0.05),
        rule("A", f"A=a {stop} [LP] ROUND INT=n DECIMALS [RP]", lambda a, n: replace(a, digits=n) if a.digits is None else None),
        rule("A", f"A=a {stop} ROUND WHOLENUMBER", lambda a: replace(a, digits=0) if a.digits is None else None),
        rule("A", f"A=a {stop} [LP] AND0 [RP]", lambda a: replace(a, zeros=True) if a.groups else None),
        rule("A", f"A=a {stop} [LP] PERCENT [RP]", lambda a: replace(a, percent=True)),
        rule("A", f"A=a {stop} RETURN [:] IL=x [only]", _returned, 0.1),
        rule("A", "A=a (.|;|-|?|:) [just|only] IL=x [only]", _returned, 0.4),
        rule("A", "[RETURN] [INT] columns : IL=x", lambda x: Ask(None, x, measured=True), 0.2),
        rule("A", f"A=a {stop} [LP] ONCE [RP]", lambda a: replace(a, distinct=True)),
        rule("A", f"A=a {stop} (R=r|RX=r) LEFTOUT", _skipping, 0.1),
        rule("A", f"A=a {stop} [ONLY] [for|with] [T|F|ONES] (WITH|WHO) FG=x [BE] CMP=c", _barred, 0.1),
        rule("A", "[SHOW|WHICH] (T=t|F=t) (WITH|WHO|OF) FG=x [BE] CMP=c", _with_bar, 0.1),
        rule("A", "[SHOW|WHICH|in which] F=t (WITH|WHO|BE there) INTS=c R=r", _with_count_bar, 0.2),
        rule("A", f"A=a {stop} [LP] ONLY (R=r|RX=r|RC=r) [RP]", _only, 0.1),
        rule("A", f"A=a {stop} SKIP (R=r|RX=r) [RP]", _skipping, 0.1),
        rule("A", f"A=a {stop} C=c", lambda a, c: _only(a, Rows(None, c)), 0.4),
        rule("A", f"A=a {stop} AND [also] IL=x", lambda a, x: None, 9.0),
        rule("RC", "C=c", lambda c: Rows(None, c)),
        rule("S", "A=a", lambda a: a),
    ]


def _ordered(a: Ask, o: tuple[Order, ...]) -> Ask | None:
    return None if a.orders else replace(a, orders=o)


def _returned(a: Ask, x: tuple[Shown, ...]) -> Ask | None:
    """'Return the name and the number': the figure spoken of is that number."""
    if a.measured or len(set(x)) < len(x):
        return None
    wanted = [i for i in x if isinstance(i, That)]
    figures: list[Any] = [s for s in a.shown if isinstance(s, _FIGURES)]
    if not wanted and not any(isinstance(i, _FIGURES) for i in x):
        x = (*x, *figures)  # 'the average of each station; show its name'
    if wanted and not figures and not a.best and (grouped := _with_count(a)) is not None:
        a, figures = grouped, list(grouped.shown)
    figures += [o.what for o in a.best if isinstance(o.what, _FIGURES | Mention)]
    if len(wanted) > len(figures):
        return None
    told = tuple(figures.pop(0) if isinstance(i, That) else i for i in x)
    return replace(a, shown=told, measured=True)


_FIGURES = Count | Agg | Share | Arith


def _with_count(a: Ask) -> Ask | None:
    """'Which courses have at least 3 lessons? Show the number as well': each course is a group of lessons."""
    counted = [c for c in a.rows.conds if isinstance(c, HasCount)] if a.rows is not None else []
    if len(counted) != 1 or a.rows is None or a.rows.table is None or a.shown:
        return None
    return Ask(None, (Count(counted[0].rows),), groups=(a.rows.table,), passing=a.rows.conds)


def _barred(a: Ask, x: Figure, c: Any) -> Ask | None:
    """'Only groups with an average above 10.'"""
    return replace(a, bars=(*a.bars, (x, c[0], c[1].text))) if a.groups and c[2] is None else None


def _with_bar(t: Any, x: Figure, c: Any) -> Ask | None:
    return None if c[2] is not None else Ask(None, groups=(t,), bars=((x, c[0], c[1].text),))


def _with_count_bar(t: Mention, c: tuple[str, str], r: Rows) -> Ask | None:
    """'Cities with more than 5 concerts'."""
    return None if _number(t) else Ask(None, groups=(t,), bars=((Count(r), *c),))


def _only(a: Ask, r: Rows) -> Ask | None:
    """Further conditions on what the question is about."""
    if not r.conds:
        return None
    if r.table is not None and r.table in a.groups:
        return replace(a, passing=(*a.passing, *r.conds))
    if r.table is not None and not _about(a, r.table):
        return _only(a, Rows(None, (Has(r),)))
    if a.rows is not None:
        return replace(a, rows=a.rows.passing(*r.conds)) if r.conds else None
    figures = tuple(_narrowed(x, r) for x in a.shown)
    return replace(a, shown=figures) if r.conds and any(f is not s for f, s in zip(figures, a.shown, strict=True)) else None


def _about(a: Ask, table: TableName) -> bool:
    """Whether rows of a table are what a question lists or counts."""
    tables = [x.rows.table for x in _leaves(a.shown)] + ([a.rows.table] if a.rows is not None else [])
    return table in tables or not any(tables)


def _leaves(shown: tuple[Any, ...]) -> list[Any]:
    found: list[Any] = []
    for x in shown:
        found += _leaves((x.one, x.other)) if isinstance(x, Arith) else [x] if isinstance(x, Count | Agg | Share) else []
    return found


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


_ = Num, Rows
