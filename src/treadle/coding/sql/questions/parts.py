"""Rules for what is shown (IL), for groups (G) and for orders (OS)."""

from __future__ import annotations

from typing import Any

from treadle.coding.chart import Rules, rule
from treadle.coding.sql.questions.choosing import TIME_UNITS, of_unit
from treadle.coding.sql.questions.shown import dates_of, numbers_of
from treadle.coding.sql.questions.tree import Agg, Mention, Named, Order, Part, Rows, TableName, That

__all__ = ["in_time", "part_rules"]


def part_rules() -> Rules:
    return [*_items(), *_groups(), *_orders()]


def _items() -> Rules:
    return [
        rule("IT", "F=f", lambda f: f),
        rule("IT", "T=t", lambda t: t, 0.2),
        rule("IT", "T=t NAMEW", lambda t: t, 0.05),
        rule("IT", "F=f in UNITW=u", _in_unit),
        rule("IT", "FG=x", lambda x: x),
        rule("IT", "all IT=x", lambda x: x),
        rule("IT", "EX=x", lambda x: x),
        rule("IT", "COUNT F=f", numbers_of, 1.4),
        rule("IT", "THAT", lambda: That(), 0.4),
        rule("IT", "PART=p", lambda p: Part(p), 0.3),
        rule("IT", "F=f OF T=t", _of_table, 0.05),
        rule("IT", "NAMEW OF T=t", lambda t: t, 0.0),
        rule("IT", "NAMEW", lambda: Named(), 0.5),
        rule("IL", "IT=x", lambda x: (x,)),
        rule("IL", "AGG=a (and|AND) AGG=b F=f", _two_figures, 0.1),
        rule(
            "IL",
            "IL=a (,|AND|and) AGG=b (and|AND) AGG=c F=f",
            lambda a, b, c, f: None if (x := _two_figures(b, c, f)) is None else (*a, *x),
            0.1,
        ),
        rule("IL", "IL=a (,|AND|and) IT=b", lambda a, b: (*a, b), 0.02),
        rule("IL", "IL=a , AND IT=b", lambda a, b: (*a, b), 0.02),
    ]


def _two_figures(a: str, b: str, f: Mention) -> tuple[Agg, Agg] | None:
    """'The lowest and the highest price'."""
    of = numbers_of(f)
    return None if of is None or a == b else (Agg(a, of, Rows(None)), Agg(b, of, Rows(None)))


def _in_unit(f: Mention, u: str) -> Mention | None:
    """'The weight in kilos' of a column that is in kilos."""
    found = tuple((x, cost) for x, cost in f.fields if x.unit and of_unit(x, u))
    return Mention(found, f.words) if found and u not in TIME_UNITS else None


def _of_table(f: Mention, t: TableName) -> Mention | None:
    names = {name for name, _ in t.tables}
    found = tuple((x, cost) for x, cost in f.fields if x.table in names)
    return Mention(found, f.words) if found else None


def _groups() -> Rules:
    return [
        rule("GI", "T=t", lambda t: t),
        rule("GI", "T=t NAMEW", lambda t: t),
        rule("GI", "F=f", lambda f: f),
        rule("GI", "number of F=f", numbers_of),
        rule("GI", "PART=p", lambda p: Part(p), 0.1),
        rule("GI", "PART=p OF F=f", _part_of),
        rule("GI", "F=f PART=p", _part_of),
        rule("GI", "PART=p [of] F=f", _part_of, 0.1),
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
    dates = dates_of(f)
    return Part(p, dates) if dates else None


def _orders() -> Rules:
    down = {"DOWN": True, "UP": False}
    return [
        rule("OW", "F=f", lambda f: f),
        rule("OW", "COUNT F=f", numbers_of, 0.4),
        rule("OW", "T=t", lambda t: t, 0.1),
        rule("OW", "FG=x", lambda x: x),
        rule("OW", "EX=x", lambda x: x),
        rule("OW", "THAT", lambda: That(), 0.2),
        rule("OW", "PART=p", lambda p: Part(p), 0.2),
        rule("OK", "OW=x", lambda x: Order(x, None)),
        rule("OK", "OW=x [,] (DOWN=d|UP=d)", lambda x, d: Order(x, down[d])),
        rule("OK", "OW=x LP (DOWN=d|UP=d) RP", lambda x, d: Order(x, down[d])),
        rule("OK", "(DOWN=d|UP=d) [of|by] OW=x", lambda x, d: Order(x, down[d])),
        rule("OK", "OW=x [,|LP] CHRONO=d [RP]", in_time),
        rule("OK", "OW=x [,] ALPHA=d", lambda x, d: Order(x, down[d])),
        rule("OK", "OW=x [,|LP] FIRSTADJ=d FIRST [RP]", lambda x, d: Order(x, down[d])),
        rule("OK", "OW=x [,|LP] (OLDADJ=d|CHRONO=d) FIRST [RP]", in_time),
        rule("OK", "from (FIRSTADJ=d) to FIRSTADJ [F=x]", lambda d, x=None: Order(x, down[d], "" if x else "figure")),
        rule("OK", "OW=x from FIRSTADJ=d to FIRSTADJ", lambda x, d: Order(x, down[d])),
        rule("OK", "[from] SUPADJ=s to SUPADJ", lambda s: Order(None, s.startswith("DOWN"), s.split()[1])),
        rule("OK", "[from] OLDADJ=d to OLDADJ", in_time),
        rule("OK", "OW=x [,] with FIRSTADJ=d [F|ONES] FIRST", lambda x, d: Order(x, down[d])),
        rule("OK", "OW=x [,] with OLDADJ=d [F|ONES] FIRST", in_time),
        rule("OK", "OW=x [,] with SUPADJ=s [F|ONES] FIRST", lambda x, s: Order(x, s.startswith("DOWN"))),
        rule("OK", "OLDADJ=d FIRST", in_time, 0.1),
        rule("OK", "FIRSTADJ=d OW=x FIRST", lambda x, d: Order(x, down[d])),
        rule("OK", "FIRSTADJ=d FIRST", lambda d: Order(None, down[d], "figure"), 0.1),
        rule("OK", "SUPADJ=s FIRST", lambda s: Order(None, s.startswith("DOWN"), s.split()[1])),
        rule("OK", "(DOWN=d|UP=d)", lambda d: Order(None, down[d], "figure"), 0.1),
        rule("OK", "CHRONO=d", in_time),
        rule("OK", "ALPHA=d", lambda d: Order(None, down[d], "name")),
        rule("OKS", "OK=x", lambda x: (x,)),
        rule("OKS", "OKS=a (,|AND|and) [SORT] OK=b", lambda a, b: (*a, b), 0.1),
        rule("OKS", "OKS=a AND within [each] (F|T|ONES) by OK=b", lambda a, b: (*a, b), 0.1),
        rule("OKS", "OKS=a SORT OK=b", lambda a, b: (*a, b), 0.1),
        rule("OKS", "OKS=a , AND SORT OK=b", lambda a, b: (*a, b), 0.1),
        rule("OS", "SORT OKS=x", lambda x: x),
        rule(
            "OS", "(,|.|;|:|-|LP) OKS=x [RP]", lambda x: x if x[0].what is None or x[0].descending is not None else None, 0.2
        ),
        rule("OS", "OKS=x", lambda x: x if x[0].what is None else None, 0.2),
    ]


def in_time(d: str, x: Any = None) -> Order:
    """'Newest first', 'youngest first': of dates, or of what ``x`` says."""
    way, _, aged = d.partition(" ")
    return Order(x, way == "DOWN", "dated" if x is not None else "age" if aged else "date")
