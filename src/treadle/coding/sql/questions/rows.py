"""Rules for rows (R) and for conditions on them (C), comparisons (CMP) and dates (DT).

R: Rows. C: a tuple of conditions. VL: values. FL: a column that is a flag. CMP: (operator, number, until). DT: a date
condition of no column yet.
"""

from __future__ import annotations

import calendar
from dataclasses import replace

from treadle.coding.chart import Rules, rule
from treadle.coding.sql.questions.happened import happened_rules
from treadle.coding.sql.questions.shown import dates_of, identifies, numbers_of
from treadle.coding.sql.questions.tree import (
    Both,
    Compare,
    Cond,
    Conds,
    Dated,
    Either,
    Flagged,
    Has,
    HasCount,
    Is,
    KeyIs,
    Like,
    Mention,
    Missing,
    Num,
    Rows,
    TableName,
    ThanAverage,
    Value,
)

__all__ = ["row_rules"]

Cmp = tuple[str, Num, Num | None]
Values = tuple[Value, ...]


def row_rules() -> Rules:
    return [
        *_rows(),
        *_values(),
        *_compared(),
        *_dates(),
        *_conditions(),
        *_of_columns(),
        *_related(),
        *happened_rules(),
        *_joined(),
    ]


# ------------------------------------------------------------------------------------------------------ rows


def _rows() -> Rules:
    return [
        rule("R", "T=t", lambda t: Rows(t)),
        rule("R", "VL=v R=r", lambda v, r: _with(r, Is(v)), 0.1),
        rule("R", "NOT VL=v R=r", lambda v, r: _with(r, Is(v, negated=True)), 0.1),
        rule("R", "FL=f R=r", lambda f, r: _with(r, Flagged(f, True)), 0.1),
        rule("R", "NOT FL=f R=r", lambda f, r: _with(r, Flagged(f, False)), 0.1),
        rule("R", "ABOVE=op average F=f R=r", lambda op, f, r: _with(r, ThanAverage(f, op)), 0.1),
        rule("R", "N=n F=f R=r", lambda n, f, r: _with(r, Compare(m, "=", n)) if (m := numbers_of(f)) else None, 0.3),
        rule("R", "NULL F=f R=r", lambda f, r: _with(r, Missing(f, True)), 0.3),
        rule("R", "(all|every) [of] R=r", lambda r: replace(r, every=True), 0.02),
        rule("R", "any [of] R=r", lambda r: r, 0.02),
        rule("R", "VL=v F=f R=r", lambda v, f, r: Rows(r.table, (*found, *r.conds)) if (found := _in(f, v)) else None, 0.1),
        rule("R", "DISTINCT R=r", lambda r: replace(r, distinct=True)),
        rule("R", "R=r C=c", _passing, 0.05),
        rule("R", "R=r , C=c", _passing, 0.2),
        rule("R", "R=r LP C=c RP", _passing, 0.1),
        rule("R", "R=r LP C=c , C=d RP", lambda r, c, d: _passing(_passing(r, c), d), 0.1),
        rule("R", "LP R=r RP", lambda r: r),
        rule("R", "VL=v F=f", _rows_of_value, 0.5),
        rule("R", "VL=v", _rows_called, 0.6),
        rule("RX", "ONES", lambda: Rows(None)),
        rule("RX", "RX=r C=c", _passing),
        rule("RX", "VL=v ONES", lambda v: Rows(None, (Is(v),)), 0.1),
        rule("RX", "NOT VL=v ONES", lambda v: Rows(None, (Is(v, negated=True),)), 0.1),
        rule("RX", "FL=f ONES", lambda f: Rows(None, (Flagged(f, True),)), 0.1),
        rule("FL", "F=f", _flag),
    ]


def _rows_of_value(v: Values, f: Mention) -> Rows | None:
    """'Lead credits': rows whose column of credits is 'lead'."""
    found = _in(f, v)
    tables = {x.table for x, _ in f.fields for value in v for y, _ in value.fields if x == y}
    return Rows(TableName(((tables.pop(), 0.0),)), found) if found and len(tables) == 1 else None


def _rows_called(v: Values) -> Rows | None:
    """'How many ferries': rows of the only table that has such a kind."""
    fields = {f for value in v for f, _ in value.fields}
    kinds = {"kind", "type", "category", "class", "role", "position", "title", "species", "trade", "profession", "genre"}
    kinds |= {"sex", "gender"}  # 'how many women'

    if len(fields) != 1 or not kinds & set(next(iter(fields)).words):
        return None
    return Rows(TableName(((next(iter(fields)).table, 0.0),)), (Is(v),))


def _with(rows: Rows, cond: Cond) -> Rows | None:
    return replace(rows, conds=(cond, *rows.conds)) if rows.table is not None else None


def _passing(r: Rows, c: Conds) -> Rows:
    return r.passing(*c)


def _and(a: Conds, b: Conds) -> Conds:
    return Rows(None, a).passing(*b).conds


def _flag(f: Mention) -> Mention | None:
    flags = tuple((x, cost) for x, cost in f.fields if x.role == "flag")
    return Mention(flags, f.words) if flags else None


# ---------------------------------------------------------------------------------------------------- values


def _values() -> Rules:
    return [
        rule("VL", "V=v", lambda v: (v,)),
        rule("VL", "VL=a (or|OR|,|AND) V=b", _more_values, 0.05),
        rule("VL", "VL=a , (or|OR|AND) V=b", _more_values, 0.05),
        rule("VL", "either VL=v", lambda v: v),
    ]


def _more_values(a: Values, b: Value) -> Values | None:
    """Values of one column."""
    shared = {f for v in a for f, _ in v.fields} & {f for f, _ in b.fields}
    return (*a, b) if shared else None


# ----------------------------------------------------------------------------------------------- comparisons


def _compared() -> Rules:
    return [
        rule("CMP", "OP=op NU=n", lambda op, n: (op, n, None)),
        rule("CMP", "NU=n ORMORE", lambda n: (">=", n, None)),
        rule("CMP", "NU=n ORLESS", lambda n: ("<=", n, None)),
        rule("CMP", "BETWEEN NU=a (and|to|-) NU=b", lambda a, b: (">=", a, b)),
        rule("CMP", "NU=a (to|-) NU=b", lambda a, b: (">=", a, b), 0.2),
        rule("CMP", "BE CMP=c", lambda c: c),
        rule("CMP", "CMP=c inclusive", lambda c: c),
        rule("CMP", "CMP=c LP inclusive RP", lambda c: c),
        rule("EQ", "NU=n", lambda n: ("=", n, None)),
        rule("EQ", "BE NU=n", lambda n: ("=", n, None)),
        rule("NU", "N=n", lambda n: n),
        rule("NU", "N=n UNITW=u", lambda n, u: Num(n.text, n.unit or u), -0.1),
        rule("NU", "- N=n", lambda n: Num("-" + n.text, n.unit), 0.1),
    ]


# ----------------------------------------------------------------------------------------------------- dates


def _dates() -> Rules:
    day = "(D=d|DAY=d)"
    return [
        rule("DAY", "MONTH=m INT=d Y=y", _day),
        rule("DAY", "INT=d MONTH=m Y=y", _day),
        rule("DAY", "D=d", lambda d: d),
        rule("DT", "[YEARW] Y=y", lambda y: Dated(None, "year", "=", y), 0.1),
        rule("DT", "[YEARW] MONTH=m [of] Y=y", lambda m, y: Dated(None, "month", "=", f"{y}-{m}")),
        rule("DT", "[YEARW] YM=m", lambda m: Dated(None, "month", "=", m)),
        rule("DT", "[YEARW] Y=y ORLATER=op", lambda y, op: Dated(None, "year", op, y)),
        rule("DT", "[ON] D=d ORLATER=op", lambda d, op: Dated(None, "day", op, d)),
        rule("DT", "(in|during) MONTH=m", lambda m: Dated(None, "moy", "=", m), 0.3),
        rule("DT", "AFTER=op Y=y", lambda op, y: Dated(None, "year", op, y)),
        rule("DT", "BEFORE=op Y=y", lambda op, y: Dated(None, "year", op, y)),
        rule("DT", f"AFTER=op {day}", lambda op, d: Dated(None, "day", op, d)),
        rule("DT", f"BEFORE=op {day}", lambda op, d: Dated(None, "day", op, d)),
        rule("DT", f"ON {day}", lambda d: Dated(None, "day", "=", d)),
        rule("DT", "BETWEEN D=a (and|to) D=b", lambda a, b: Dated(None, "day", ">=", a, b)),
        rule("DT", "BETWEEN DAY=a (and|to) DAY=b", lambda a, b: Dated(None, "day", ">=", a, b), 0.1),
        rule("DT", "BETWEEN Y=a (and|to) Y=b", lambda a, b: Dated(None, "year", ">=", a, b)),
        rule("DT", "AFTER=op MONTH=m Y=y", lambda op, m, y: Dated(None, "day", op, _edge(y, m, op in (">", "<=")))),
        rule("DT", "BEFORE=op MONTH=m Y=y", lambda op, m, y: Dated(None, "day", op, _edge(y, m, op in (">", "<=")))),
        rule("WEEKDAYS", "WEEKDAY=d", lambda d: d),
        rule("WEEKDAYS", "WEEKDAYS=a (or|OR|AND) WEEKDAY=b", lambda a, b: f"{a}, {b}"),
        rule("DT", "[YEARW] first half [of] Y=y", lambda y: Dated(None, "day", ">=", f"{y}-01-01", f"{y}-06-30")),
        rule("DT", "[YEARW] second half [of] Y=y", lambda y: Dated(None, "day", ">=", f"{y}-07-01", f"{y}-12-31")),
    ]


def _day(m: str, d: int, y: str) -> str | None:
    return f"{y}-{m}-{d:02}" if 1 <= d <= 31 else None


def _edge(year: str, month: str, last: bool) -> str:
    return f"{year}-{month}-{calendar.monthrange(int(year), int(month))[1] if last else 1:02}"


# ------------------------------------------------------------------------------------------------ conditions


def _conditions() -> Rules:
    who = "[WHO] [BE]"
    where = "[WHO|WITH]"
    return [
        rule("C", f"{who} OF VL=v", lambda v: (Is(v),)),
        rule("C", "(WHO|BE) VL=v", lambda v: (Is(v),)),
        rule("C", "WHO BE VL=v", lambda v: (Is(v),)),
        rule("C", "(named|called|marked|as|under|type) VL=v", lambda v: (Is(v),)),
        rule("C", "VL=v", lambda v: (Is(v),), 0.3),
        rule("C", "WITH VL=v", lambda v: (Is(v),), 0.3),
        rule("C", "[WHO] [BE] NOT [OF] VL=v", lambda v: (Is(v, negated=True),)),
        rule("C", f"{where} [OF] F=f [BE|:|of] VL=v", lambda f, v: _in(f, v)),
        rule("C", f"{where} [OF] F=f (NOT|BE NOT) VL=v", lambda f, v: _in(f, v, True)),
        rule("C", "[WHO] [BE] OF T=t [of|called|named] VL=v", lambda t, v: (Is(v, table=t),)),
        rule("C", "OF VL=v (T=t)", lambda v, t: (Is(v, table=t),), 0.3),
        rule("C", f"{where} [OF] F=f [of] CMP=c", lambda f, c: (_compare(f, c),)),
        rule("C", "(WHO|WITH) F=f EQ=c", lambda f, c: (_compare(f, c),)),
        rule("C", "OF F=f EQ=c", lambda f, c: (_compare(f, c),), 0.1),
        rule("C", "F=f EQ=c", lambda f, c: (_compare(f, c),), 0.1),
        rule("C", f"{where} [BE] CMP=c [of|in] F=f", lambda f, c: _counted(f, c)),
        rule("C", "[WHO] [BE] (OF|WITH) CMP=c", lambda c: _of_unit(c), 0.2),
        rule("C", "[WHO] [BE] CMP=c", lambda c: _of_unit(c), 0.1),
        rule("C", "[WHO] [BE] OPADJ=o NU=n", _adjective),
        rule("C", "WHO BE F=f", lambda f: (Missing(m, False),) if (m := dates_of(f)) else None, -0.2),
        rule(
            "C",
            "[WHO|WITH] [OF] F=f [of] N=a or N=b",
            lambda f, a, b: _either((Compare(f, "=", a),), (Compare(f, "=", b),)),
            0.1,
        ),
        rule("C", "[WHO] BE OP=o N=n", lambda o, n: (Compare(None, o, n, adjective="age"),), 0.4),
        rule("C", "[WHO] [BE] FL=f", lambda f: (Flagged(f, True),), 0.2),
        rule("C", "WITH FL=f", lambda f: (Flagged(f, True),), 0.2),
        rule("C", "WITHOUT FL=f", lambda f: (Flagged(f, False),), 0.2),
        rule("C", "[WHO] [BE] NOT FL=f", lambda f: (Flagged(f, False),)),
        rule("C", "[WHO] [BE] [OF] DT=d", lambda d: (d,)),
        rule("C", "[WHO] [BE] [WITH] F=f [BE] DT=d", lambda f, d: _dated(f, d)),
        rule("C", "OF VL=v F=f", lambda v, f: _in(f, v), 0.1),
        rule("C", "[WHO] [ON|at] WEEKDAYS=d", lambda d: (Dated(None, "weekday", "IN", d),)),
        rule("C", "[WHO] F=f [ON|at] WEEKDAYS=d", lambda f, d: (Dated(f, "weekday", "IN", d),)),
        rule("C", "[WHO] BE VL=v T", lambda v: (Is(v),), 0.3),
        rule("C", "[WHO] [BE] [OF|WITH] both VL=v", _both_values),
        rule("C", "[WHO] [BE] both C=a (and|AND) C=b", lambda a, b: (Both((a, b)),)),
    ]


def _of_columns() -> Rules:
    """Conditions of what is missing, of averages and of parts of texts."""
    where = "[WHO|WITH]"
    return [
        rule("C", "NOT F=f", _not_yet, 0.2),
        rule("C", "OF T=t [number|id|no|nr|#] INT=n", lambda t, n: (KeyIs(t, str(n)),), 0.4),
        rule("R", "T=t [number|id|no|nr|#] INT=n", lambda t, n: Rows(t, (KeyIs(t, str(n)),)), 0.8),
        rule("C", "[WHO] [BE] OPADJ=o AVERAGE [T|one]", _than_average),
        rule("C", "[WHO|WITH] OP=op F=f than AVERAGE [T|one]", lambda op, f: (ThanAverage(f, op),) if op in "<>" else None),
        rule("C", "[WHO|WITH] more F=f than AVERAGE [T|one]", lambda f: (ThanAverage(f, ">"),)),
        rule("C", "[WHO] [BE] OPADJ=o AVERAGE (R=q|VL=q)", lambda o, q: _than_those(None, o, q), 0.1),
        rule("C", f"{where} F=f OP=op AVERAGE (R=q|VL=q)", lambda f, op, q: _than_those(f, op, q), 0.1),
        rule("C", f"{where} [F=f] [BE] OP=op AVERAGE F=g OF [all] (R=q|VL=q)", _than_mean, 0.1),
        rule("C", "WITHOUT F=f", lambda f: (Missing(f, True),), 0.1),
        rule("C", "(WITH|WITHOUT) NULL F=f", lambda f: (Missing(f, True),)),
        rule("C", "WITH KNOWN F=f", lambda f: (Missing(f, False),)),
        rule("C", f"{where} F=f BE NULL", lambda f: (Missing(f, True),)),
        rule("C", f"{where} F=f (BE KNOWN|NOT NULL|BE NOT NULL)", lambda f: (Missing(f, False),)),
        rule("C", "WITH F=f", lambda f: None if dates_of(f) else (Missing(f, False),), 1.2),
        rule("C", f"{where} F=f OP=op [AVERAGE]", lambda f, op: (ThanAverage(f, op),) if op in "<>" else None, 3.0),
        rule("C", f"{where} F=f [BE] OP=op AVERAGE", lambda f, op: (ThanAverage(f, op),) if op in "<>" else None),
        rule("C", f"{where} OP=op average F=f", lambda f, op: (ThanAverage(f, op),) if op in "<>" else None),
        rule("ABOVE", "above", lambda: ">"),
        rule("ABOVE", "below", lambda: "<"),
        rule("C", "[WHO|WITH] F=f STARTS WS=w", lambda w, f: (Like(f, f"{w[0]}%"),) if len(w) == 1 else None),
        rule("C", "[WHO|WITH] F=f ENDS WS=w", lambda w, f: (Like(f, f"%{w[0]}"),) if len(w) == 1 else None),
        rule("C", "[WHO|WITH] F=f CONTAINS WS=w", _contains),
        rule("C", "(WITH|CONTAINS) WS=w [somewhere|anywhere] in F=f", _contains),
        rule("WS", "[word|text] (W=w|QUOTED=w)", lambda w: (w,)),
        rule("WS", "WS=a or WS=b", lambda a, b: (*a, *b)),
    ]


def _both_values(v: Values) -> Conds | None:
    return (Both(tuple((Is((x,)),) for x in v)),) if len(v) > 1 else None


def _not_yet(f: Mention) -> Conds | None:
    """'Loans that were not returned': the date of what did not happen is missing."""
    dates = dates_of(f)
    return (Missing(dates, True, verb=True),) if dates else None


def _than_average(o: str) -> Conds:
    operator, _, adjective = o.partition(" ")
    return (ThanAverage(None, operator, adjective),)


def _than_those(f: Mention | None, o: str, q: Rows | Values) -> Conds | None:
    """'Weighs more than the average vole': than the average of rows that are told."""
    operator, _, adjective = o.partition(" ")
    among = q if isinstance(q, Rows) else Rows(None, (Is(q),))
    if operator not in "<>" or not among.conds:
        return None
    return (ThanAverage(f, operator, adjective, among),)


def _than_mean(op: str, g: Mention, q: Rows | Values, f: Mention | None = None) -> Conds | None:
    """'Weigh more than the mean weight of all men'."""
    same = f is None or {x for x, _ in f.fields} & {x for x, _ in g.fields}
    return _than_those(g, op, q) if same else None


def _in(f: Mention, v: Values, negated: bool = False) -> Conds | None:
    """Values that the column named has."""
    named = {x for x, _ in f.fields}
    if not all(named & {x for x, _ in value.fields} for value in v):
        return None
    return (Is(v, of=f, negated=negated),)


def _compare(f: Mention, c: Cmp) -> Compare | None:
    able = [x for x, _ in f.fields if x.role in ("number", "text", "flag") or c[0] == "="]
    if all(identifies(x) for x in able) and c[0] != "=":
        return None
    return Compare(f, c[0], c[1], c[2])


def _counted(f: Mention, c: Cmp) -> Conds | None:
    made = _compare(f, c)
    return (replace(made, counted=True),) if made is not None else None


def _of_unit(c: Cmp) -> Conds | None:
    return (Compare(None, c[0], c[1], c[2]),) if c[1].unit or (c[2] and c[2].unit) else None


def _contains(f: Mention, w: tuple[str, ...]) -> Conds:
    found: Conds = (Like(f, f"%{w[0]}%"),)
    for word in w[1:]:
        found = (Either(found, (Like(f, f"%{word}%"),)),)
    return found


def _adjective(o: str, n: Num) -> Conds:
    operator, _, adjective = o.partition(" ")
    return (Compare(None, operator, n, adjective=adjective),)


def _dated(f: Mention, d: Dated) -> Conds:
    """With the column that the date is of; what is neither date nor year is found out when columns are chosen."""
    return (replace(d, of=f),)


# -------------------------------------------------------------------------------------------- related rows


def _related() -> Rules:
    return [
        rule("C", "[WHO] [BE] T=t INTS=c times", lambda t, c: (HasCount(Rows(t), *c),), 0.1),
        rule("C", "[that] nobody T=t [in|at|on|for]", lambda t: (Has(Rows(t), True),), 0.1),
        rule("C", "WITHOUT [single] R=r", lambda r: (Has(r, True),)),
        rule("C", "[WHO] NOT [single] R=r", lambda r: (Has(r, True),), 0.4),
        rule("C", "[WHO|WITH] no R=r [at|in|on|for|of|to]", lambda r: (Has(r, True),)),
        rule("C", "(WITH|WHO|got|received) [at least one|some|any] R=r", lambda r: (Has(r),), 0.4),
        rule("C", "[WHO] [BE|WITH] (T=t|DOER=t) C=c", lambda t, c: (Has(Rows(t, c)),), 0.4),
        rule("C", "(WITH|WHO) DOER=t", lambda t: (Has(Rows(t)),), 0.4),
        rule("C", "[WHO] [BE|WITH] F=f OF VL=v", lambda f, v: (Is(v),) if dates_of(f) else None, 0.3),
        rule("C", "NOT (T=t|DOER=t) [at least one|some|any] R=r", lambda t, r: (Has(_through(t, r), True),), 0.4),
        rule("C", "WHO (T=t|DOER=t) [at least one|some|any] R=r", lambda t, r: (Has(_through(t, r)),), 0.5),
        rule("C", "OF R=r", lambda r: (Has(r),) if r.conds else None, 0.3),
        rule("C", "[WHO|WITH] INTS=c R=r", lambda c, r: (HasCount(r, *c),), 0.1),
        rule("C", "[WHO|WITH] INT=n R=r (ORMORE|and more)", lambda n, r: (HasCount(r, ">=", str(n)),), 0.1),
        rule("C", "[WHO|WITH] INT=n R=r ORLESS", lambda n, r: (HasCount(r, "<=", str(n)),), 0.1),
        rule("C", "[WHO|WITH] F=f INTS=c R=r", lambda f, c, r: (HasCount(r, *c),) if _of_rows(f, r) else None, 0.3),
        rule("INTS", "OP=op INT=n", lambda op, n: (op, str(n))),
        rule("INTS", "INT=n ORMORE", lambda n: (">=", str(n))),
        rule("INTS", "exactly INT=n", lambda n: ("=", str(n))),
        rule("INTS", "INT=n", lambda n: ("=", str(n)), 1.0),
        rule("INTS", "several", lambda: (">", "1")),
        rule("INTS", "multiple", lambda: (">", "1")),
    ]


def _either(a: Conds, b: Conds) -> Conds | None:
    """One of two conditions; of 'in June or July 2023' the first has no year."""
    months = any(isinstance(c, Dated) and c.kind == "moy" for c in (*a, *b))
    return (Either(a, b),) if len(a) == len(b) == 1 and not months else None


def _of_rows(f: Mention, r: Rows) -> bool:
    """Whether a verb is the name of a column of these rows: 'released three albums'."""
    return r.table is not None and {x.table for x, _ in f.fields} >= {t for t, _ in r.table.tables[:1]}


def _through(t: TableName, r: Rows) -> Rows:
    """'rated a game': rows of ratings, of games that fulfil something."""
    return Rows(t, (Has(r),) if r.conds else ())


def _joined() -> Rules:
    return [
        rule("C", "C=a AND C=b", _and, 0.05),
        rule("C", "C=a (but|,) C=b", _and, 0.15),
        rule("C", "C=a , AND C=b", _and, 0.15),
        rule("C", "C=a or C=b", _either, 0.3),
        rule("C", "either C=a or C=b", _either, 0.1),
    ]
