"""Rules for figures (FG): counts, aggregates, shares, and what is computed of them or of columns of a row (EX)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from treadle.coding.chart import GUESS, Costly, Rules, rule
from treadle.coding.sql.questions.shown import dates_of, identifies, numbers_of
from treadle.coding.sql.questions.tree import Agg, Arith, Conds, Count, Figure, Is, Mention, Rows, Share, Span, TableName
from treadle.coding.sql.reading.inflection import stem
from treadle.coding.sql.reading.schema import Field
from treadle.words import name_parts

__all__ = ["NONE", "figure_rules"]

NONE = Rows(None)
"""Rows that were not named."""


def figure_rules() -> Rules:
    return [*_figures(), *_computed()]


def _figures() -> Rules:
    return [
        rule("FG", "COUNT R=r", lambda r: Count(replace(r, distinct=False), _counted(r))),
        rule("FG", "COUNTD R=r", lambda r: Count(r, r.table)),
        rule("FG", "COUNTD F=f", lambda f: Count(NONE, f)),
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
        rule("FG", "AGGD=a [of] F=f", lambda a, f: _of_dates(a, f, NONE)),
        rule("FG", "AGGD=a [of] F=f OF R=r", lambda a, f, r: _of_dates(a, f, r), 0.05),
        rule("FG", "AGG=a R=r F=f", lambda a, r, f: _aggregate(a, f, r), 0.2),
        rule("FG", "R=r AGG=a F=f", lambda a, r, f: _aggregate(a, f, r), 0.4),
        rule("FG", "F=f AGG=a", lambda a, f: _aggregate(a, f, NONE) if a in ("AVG", "SUM") else None, 0.8),
        rule("FG", "AGG=a [of] EX=x", lambda a, x: Agg(a, x, NONE)),
        rule("FG", "AGG=a [of] EX=x OF R=r", lambda a, x, r: Agg(a, x, r), 0.05),
        rule("FG", "SHARE=s OF R=r [WITH|WHO|BE|that] C=c", lambda s, r, c: Share(r, c, float(s))),
        rule("FG", "SHARE=s OF R=r among [all] R=q", _share_among, -0.1),
        rule("FG", "SHARE=s OF R=r among VL=v", lambda s, r, v: _share_among(s, r, Rows(r.table, (Is(v),))), -0.3),
        rule("FG", "SHARE=s OF R=r", _share_of_last, 0.3),
        rule("FG", "VL=v SHARE=s OF R=r", lambda v, s, r: Share(r, (Is(v),), float(s)), 0.1),
        rule("FG", "SHARE=s OF [all] F=f C=c", lambda s, f, c: Share(NONE, c, float(s), f), 0.3),
        rule("FG", "OF R=r [,] SHARE=s C=c", lambda s, r, c: Share(r, c, float(s))),
        rule("FG", "[all] FG=x PERCENT", _percent),
        rule("FG", "LP FG=x RP", lambda x: x),
        rule("FG", "FG=x TOTALW", lambda x: x if isinstance(x, Count) or (isinstance(x, Agg) and x.name == "SUM") else None),
        rule("FG", "TOTALW FG=x", lambda x: x if isinstance(x, Count) or (isinstance(x, Agg) and x.name == "SUM") else None),
        rule("FG", "DIFFERENCE [between] AGG=a (and|AND) AGG=b F=f", _range),
        rule("FG", "DIFFERENCE [between] AGG=a (and|AND) AGG=b F=f OF R=r", _range),
    ]


def _counted(r: Rows) -> TableName | None:
    return r.table if r.distinct else None


def _texts(f: Mention) -> Mention | None:
    """Columns whose different values are counted."""
    found = tuple((x, c) for x, c in f.fields if x.role in ("text", "label"))
    return Mention(found, f.words) if found else None


def _distinct(f: Mention | None, r: Rows | None = None, c: Conds = ()) -> Count | None:
    return None if f is None else Count(r or Rows(None, c), f)


def _counts(f: Mention, r: Rows = NONE, c: Conds = ()) -> Agg | None:
    """'How many passengers' of a column of numbers of passengers."""
    first = stem(f.words.split()[0]) if " " in f.words else ""
    if any(first in [stem(w) for w in name_parts(x.table)] and first not in map(stem, x.words) for x, _ in f.fields):
        return None  # 'how many songs last longer': songs are counted
    return _aggregate("SUM", f, r.passing(*c))


def _aggregate(a: str, f: Mention, r: Rows) -> Agg | None:
    roles = ("number", "date") if a in ("MAX", "MIN") else ("number", "flag")
    found = tuple((x, cost) for x, cost in f.fields if x.role in roles and not (a == "SUM" and "year" in x.words))
    found = tuple((x, cost) for x, cost in found if not (identifies(x) or (x.role == "flag" and _in_words(x))))
    return Agg(a, Mention(found, f.words), r) if found else None


def _share_of_last(s: str, r: Rows) -> Share | Costly | None:
    """'percentage of cancelled trips', 'share of trips that were cancelled': the last condition is the part."""
    if not r.conds:
        return None
    if isinstance(r.conds[0], Is) and len(r.conds) == 1:
        return Share(Rows(r.table), r.conds, float(s))
    return Costly(Share(Rows(r.table, r.conds[:-1]), r.conds[-1:], float(s)), GUESS)  # which of them is the part?


def _share_among(s: str, r: Rows, q: Rows) -> Share | None:
    """'The share of late visits among the visits of 2023': what is said last is the whole."""
    return Share(q, r.conds, float(s)) if r.conds and r.table is not None and r.table == q.table else None


def _more_than(x: Figure, c: Conds = (), r: Rows | None = None, v: Any = None) -> Arith | None:
    """'How much higher is the average price in Bern than in Basel': the same figure with another condition."""
    if not isinstance(x, Count | Agg) or not x.rows.conds:
        return None
    other = c or ((Is(v),) if v is not None else r.conds if r is not None else ())
    if not other or type(other[0]) is not type(x.rows.conds[-1]):
        return None
    return Arith("-", x, replace(x, rows=replace(x.rows, conds=(*x.rows.conds[:-1], *other))))


def _in_words(f: Field) -> bool:
    """Whether a flag holds 'yes' and 'no', which cannot be added up."""
    return bool(f.values) and f.values[0].startswith("'")


def _of_dates(a: str, f: Mention, r: Rows) -> Agg | None:
    """'The latest visit' is the highest date; 'the latest price' is none of the highest."""
    dates = dates_of(f)
    return Agg(a, dates, r) if dates else None


def _percent(x: Figure) -> Figure | None:
    return replace(x, factor=100.0) if isinstance(x, Share | Arith) else None


def _range(a: str, b: str, f: Mention, r: Rows = NONE) -> Agg | None:
    return Agg("RANGE", f, r) if {a, b} == {"MAX", "MIN"} else None


_SIGNS: tuple[tuple[str, Literal["/", "-", "+", "*"]], ...] = (
    ("DIVIDED", "/"),
    ("MINUS", "-"),
    ("TIMES", "*"),
    ("PLUS", "+"),
)


def _computed() -> Rules:
    """Arithmetic on figures, and on columns of a row (EX)."""
    out: Rules = []
    for word, sign in _SIGNS:
        for one in ("FG", "EX", "F", "N"):
            for other in ("FG", "EX", "F", "N"):
                if one == other == "N":
                    continue
                symbol = "FG" if "FG" in (one, other) else "EX"
                out.append(rule(symbol, f"{one}=a {word} {other}=b", _arith(sign), 0.1))
    out += [
        rule("EX", "LP EX=x RP", lambda x: x),
        rule("FG", "SQLAGG=a LP [DISTINCT=d] (F=f|EX=f) RP", _written),
        rule("SQLAGG", "sum", lambda: "SUM"),
        rule("SQLAGG", "avg", lambda: "AVG"),
        rule("SQLAGG", "max", lambda: "MAX"),
        rule("SQLAGG", "min", lambda: "MIN"),
        rule("SQLAGG", "count", lambda: "COUNT"),
        rule("FG", "RATIO [of|between] FG=a (to|and|DIVIDED) FG=b", lambda a, b: Arith("/", a, b)),
        rule("FG", "RATIO [of] R=a to R=b", _ratio, 0.1),
        rule("FG", "R=a DIVIDED R=b", _ratio, 0.3),
        rule("FG", "RATIO [of|between] F=a (to|and|DIVIDED) F=b", lambda a, b: Arith("/", _sum(a), _sum(b)), 0.4),
        rule("EX", "DIFFERENCE [between] F=a (and|AND) F=b", lambda a, b: Arith("-", a, b), 0.2),
        rule("FG", "DIFFERENCE [between] FG=a (and|AND) FG=b", lambda a, b: Arith("-", a, b)),
        rule("EX", "[TIMEN] [in UNITW=u] SPAN=s", _timed, 0.1),
        rule("EX", "[TIMEN] SPAN=s in UNITW=u", _timed, 0.05),
        rule("EX", "[number of] UNITW=u SPAN=s", _timed, 0.05),
        rule("EX", "EX=x in UNITW=u", lambda x, u: replace(x, unit=u) if isinstance(x, Span) else None),
        rule("SPAN", "BETWEEN F=a (and|AND|to|until) F=b", _span),
        rule("FG", "AGG=a [,] COUNT EX=x", lambda a, x: Agg(a, x, NONE) if isinstance(x, Span) else None, 0.1),
        rule("FG", "AGG=a [,] COUNT EX=x OF R=r", lambda a, x, r: Agg(a, x, r) if isinstance(x, Span) else None, 0.1),
    ]
    return out


def _ratio(a: Rows, b: Rows) -> Arith:
    """'The ratio of big to small ships in Bern': what is said last is said of both."""
    alike = a.table == b.table and 0 < len(a.conds) < len(b.conds)
    if alike and all(type(x) is type(y) for x, y in zip(a.conds, b.conds, strict=False)):
        a = a.passing(*b.conds[len(a.conds) :])
    return Arith("/", Count(a), Count(b))


def _arith(sign: Literal["/", "-", "+", "*"]) -> Any:
    def joined(a: Any, b: Any) -> Arith | Span | None:
        if sign == "-" and isinstance(a, Mention) and isinstance(b, Mention) and dates_of(a) and dates_of(b):
            return Span(dates_of(b), dates_of(a), "day")
        one, other = (numbers_of(x) if isinstance(x, Mention) else x for x in (a, b))
        return None if one is None or other is None else Arith(sign, one, other)

    return joined


def _written(a: str, f: Any, d: str = "") -> Figure | None:
    """'SUM(x)' as SQL writes it."""
    if a == "COUNT":
        return Count(NONE, f) if d and isinstance(f, Mention) else None
    return None if d else _aggregate(a, f, NONE) if isinstance(f, Mention) else Agg(a, f, NONE)


def _sum(f: Mention) -> Agg:
    return Agg("SUM", f, NONE)


def _span(a: Mention, b: Mention) -> Span | None:
    start, end = dates_of(a), dates_of(b)
    return None if start is None or end is None else Span(start, end, "day")


def _timed(s: Span, u: str = "day") -> Span:
    return replace(s, unit=u)
