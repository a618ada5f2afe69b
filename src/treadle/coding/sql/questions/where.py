"""Conditions of a question as conditions of a statement."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from treadle.coding.sql.questions.choosing import DOUBT, TIME_UNITS, Choosing
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
    Missing,
    Num,
    Refers,
    ThanAverage,
)
from treadle.coding.sql.reading.inflection import stem
from treadle.coding.sql.reading.schema import Field
from treadle.coding.sql.reading.sketch import Bar, Condition, Item, Related, Sketch
from treadle.coding.sql.reading.unread import SPOKEN_UNITS

__all__ = ["Where", "conditions_of"]


@dataclass(slots=True)
class Where:
    """Conditions on own columns and those that one row points to, and on rows that belong to it."""

    plain: list[Condition] = field(default_factory=list)
    related: list[Related] = field(default_factory=list)


def conditions_of(conds: Conds, base: str, choose: Choosing) -> Where:
    """All conditions, seen from rows of ``base``.

    Raises:
        LookupError: one of them is of nothing that can be reached.
    """
    found = Where()
    beside: dict[str, list[Condition]] = {}
    for cond in dict.fromkeys(conds):
        if isinstance(cond, Both):
            parts = [conditions_of(part, base, choose) for part in cond.parts]
            if any(part.plain for part in parts):
                raise LookupError("a row has only one of these")
            found.related += [r for part in parts for r in part.related]
            continue
        made, lacks = _made(cond, base, choose)
        if isinstance(made, Related):
            found.related.append(made)
            continue
        for c in made:
            if not choose.many(base, c.field.table):
                found.plain.append(c)
            elif lacks:
                found.related.append(Related(c.field.table, (c,), True))
            else:
                beside.setdefault(c.field.table, []).append(c)
    if (found.related or beside) and any(isinstance(c, Dated) and c.of is None for c in conds):
        choose.cost += DOUBT  # the date of which of these rows?
    if len(conds) > 1 and any(isinstance(c, Either) or (isinstance(c, Missing) and c.verb) for c in conds):
        choose.cost += DOUBT  # how far does 'or' or 'not' reach?
    first = {choose.way(base, table)[0] for table in beside}
    if any(choose.way(base, r.table)[:1] and choose.way(base, r.table)[0] in first and not r.lacks for r in found.related):
        choose.cost += DOUBT  # is it the same row?
    _of_one_row(beside, base, choose)
    found.related += [Related(table, tuple(cs)) for table, cs in beside.items()]
    for cs in (found.plain, *beside.values()):
        equal = [c.field for c in cs if c.operator == "=" and c.kind == "plain" and c.either is None]
        if len(set(equal)) < len(equal):
            raise LookupError("one column with two values")
    return found


def _of_one_row(beside: dict[str, list[Condition]], base: str, choose: Choosing) -> None:
    """Conditions on a table and on one that its rows point to are of one row: 'runs of a wood sample that failed'."""
    for table in list(beside):
        between = [step.right for step in choose.way(base, table)[:-1]]
        nearer = next((t for t in between if t in beside and not choose.many(t, table)), None)
        if nearer is not None:
            beside[nearer] += beside.pop(table)


def _made(cond: Cond, base: str, choose: Choosing) -> tuple[Any, bool]:
    """(conditions or related rows, whether there must be no such row)."""
    match cond:
        case Is():
            return _is(cond, base, choose)
        case Compare():
            return _compare(cond, base, choose), False
        case Dated():
            return _dated(cond, base, choose), False
        case Flagged():
            f = choose.field(cond.of, base)
            if not cond.yes and choose.many(base, f.table):
                raise LookupError("of which of these rows?")
            return [Condition(f, "=", f.truth(cond.yes))], False
        case Missing():
            f = choose.field(cond.of, base)
            if choose.many(base, f.table) or f.role == "flag":
                raise LookupError("of which of these rows?")
            if f.role == "number" and {"0", "0.0"} & set(f.values):
                choose.cost += DOUBT  # 'no rain' is 0
            if f.role == "date" and not cond.missing:
                choose.dates.append(f)
            return [Condition(f, "IS NULL" if cond.missing else "IS NOT NULL")], False
        case ThanAverage():
            if cond.of is None:
                f = choose.by_adjective(cond.adjective, base)
            else:
                f = choose.field(cond.of, base, lambda f: f.role == "number")
            if choose.many(base, f.table):
                raise LookupError("an average of what a row has many of")
            return [_than_average(cond, f, base, choose)], False
        case KeyIs():
            return [_key_is(cond, choose)], False
        case Refers():
            return [_refers(cond, base, choose)], False
        case Like():
            return _like(cond, base, choose), False
        case Has():
            return _has(cond, base, choose), False
        case HasCount():
            return [_has_count(cond, base, choose)], False
        case Either():
            return [_either(cond, base, choose)], False
    raise LookupError("a condition of no kind known")


def _is(cond: Is, base: str, choose: Choosing) -> tuple[list[Condition], bool]:
    named = None if cond.of is None else {f for f, _ in cond.of.fields}
    tables = None if cond.table is None else {t for t, _ in cond.table.tables}

    def accept(f: Field) -> bool:
        return (named is None or f in named) and (tables is None or f.table in tables or bool(tables & set(f.words)))

    f, values = choose.of_values(cond.values, base, accept)
    lacks = cond.negated and choose.many(base, f.table)
    unlike = cond.negated and not lacks
    if len(values) > 1 and choose.many(base, f.table):
        choose.cost += DOUBT  # one of them, or each?
    if len(values) == 1:
        return [Condition(f, "<>" if unlike else "=", values[0])], lacks
    return [Condition(f, "NOT IN" if unlike else "IN", f"({', '.join(values)})")], lacks


def _compare(cond: Compare, base: str, choose: Choosing) -> list[Condition]:
    if cond.of is not None:
        f = choose.field(cond.of, base, lambda f: _comparable(f, cond.operator))
    elif cond.adjective:
        f = choose.by_adjective(cond.adjective, base)
    else:
        f = choose.by_unit(cond.number.unit or (cond.until.unit if cond.until else ""), base)
    if f.role == "date":
        raise LookupError("a date is no number")
    if cond.counted and choose.many(base, f.table):
        return [_summed(cond, f, base, choose)]
    unit = cond.until.unit if cond.until is not None and not cond.number.unit else cond.number.unit
    low = _scaled(replace(cond.number, unit=unit), f)
    if cond.until is None:
        return [Condition(f, cond.operator, low)]
    return [Condition(f, "BETWEEN", f"{low} AND {_scaled(replace(cond.until, unit=unit), f)}")]


def _summed(cond: Compare, f: Field, base: str, choose: Choosing) -> Condition:
    """'Drivers with more than 500 passengers': of all their trips, each of which has a number of them."""
    key = choose.schema.key(base)
    if key is None or f.words[:1] not in (("n",), ("num",), ("number",), ("count",)) or cond.until is not None:
        raise LookupError("so many rows, not such a value")
    if len(choose.way(base, f.table)) > 1 or cond.operator in ("<", "<="):
        choose.cost += DOUBT
    bar = Bar(Item("SUM", f), cond.operator, cond.number.text)
    query = Sketch(f.table, (Item(field=key),), group=(Item(field=key),), having=(bar,))
    return Condition(key, "IN", query=query)


def _comparable(f: Field, operator: str) -> bool:
    """Whether a column can stand beside a number; a key only where they are equal."""
    return f.role == "number" or (f.role == "key" and operator == "=") or (f.role == "text" and _numeric(f))


def _numeric(f: Field) -> bool:
    return bool(f.values) and all(v.strip("'").replace(".", "").isdigit() for v in f.values)


def _scaled(n: Num, f: Field) -> str:
    """The number in the unit of the column."""
    own = f.unit.lower() or next((w for w in f.words[-1:] if w in TIME_UNITS), "")
    if n.unit in TIME_UNITS:
        if own not in TIME_UNITS:
            raise LookupError(f"{f.name} is no time")
        factor = TIME_UNITS[n.unit] / TIME_UNITS[own]
        return n.text if factor == 1 else f"{float(n.text) * factor:g}"
    if n.unit == "million" and own in _MILLIONS:
        return f"{float(n.text) / _MILLIONS[own]:g}"
    if n.unit and own and not _names_unit(n.unit, own):
        raise LookupError(f"{f.name} is in {own}")
    return f"'{n.text}'" if f.role == "text" else n.text


def _names_unit(said: str, own: str) -> bool:
    """Whether a word names the unit of a column: 'euros' for ``eur``."""
    return stem(said) in {stem(w) for w in (own, *SPOKEN_UNITS.get(own, "").split())}


_MILLIONS = {
    "m": 1e6,
    "mio": 1e6,
    "mn": 1e6,
    "million": 1e6,
    "k": 1e3,
    "bn": 1e9,
    "musd": 1e6,
    "keur": 1e3,
    "meur": 1e6,
    "kusd": 1e3,
}


def _dated(cond: Dated, base: str, choose: Choosing) -> list[Condition]:
    year = cond.kind == "year"
    if cond.of is not None:
        f = choose.field(cond.of, base, lambda f: f.holds_dates)
        choose.dates.append(f)
    else:
        f = choose.dated(base, year)
    if f.role == "number":
        if not year:
            raise LookupError("a year has no days")
        value = cond.value
        return [Condition(f, "BETWEEN", f"{value} AND {cond.until}") if cond.until else Condition(f, cond.operator, value)]
    if year:
        found = [Condition(f, cond.operator, cond.value, "year")]
        return [*found, Condition(f, "<=", cond.until, "year")] if cond.until else found
    if cond.kind == "weekday":
        days = cond.value.split(", ")
        return [Condition(f, "=" if len(days) == 1 else "IN", days[0] if len(days) == 1 else f"({cond.value})", "weekday")]
    if cond.kind in ("month", "moy"):
        return [Condition(f, "=", cond.value, "month")]
    kind = "day" if f.timed else "plain"
    found = [Condition(f, cond.operator, f"'{cond.value}'", kind)]
    return [*found, Condition(f, "<=", f"'{cond.until}'", kind)] if cond.until else found


def _like(cond: Like, base: str, choose: Choosing) -> list[Condition]:
    f = choose.field(cond.of, base, lambda f: f.role in ("text", "label")) if cond.of else choose.schema.label(base)
    if f is None:
        raise LookupError("no text to compare")
    pattern = cond.pattern.replace("'", "''")
    return [Condition(f, "NOT LIKE" if cond.negated else "ILIKE" if pattern.startswith("%") else "LIKE", f"'{pattern}'")]


def _than_average(cond: ThanAverage, f: Field, base: str, choose: Choosing) -> Condition:
    """Beside the average of all rows, or of some: 'heavier than the average vole'."""
    if cond.among is None:
        return Condition(f, cond.operator, kind="average")
    if cond.among.table is not None and choose.table(cond.among.table) != base:
        raise LookupError("an average of other rows")
    inner = conditions_of(cond.among.conds, base, choose)
    query = Sketch(base, (Item("AVG", f),), tuple(inner.plain), related=tuple(inner.related))
    return Condition(f, cond.operator, query=query)


def _refers(cond: Refers, base: str, choose: Choosing) -> Condition:
    """The keys of rows that fulfil something, in the column that leads to them."""
    leads = {(j.left, j.left_column): j for j in choose.schema.joins}
    f = choose.field(cond.of, base, lambda f: (f.table, f.name) in leads)
    if choose.many(base, f.table):
        raise LookupError("of which of these rows?")
    join = leads[f.table, f.name]
    inner = conditions_of(cond.conds, join.right, choose)
    if inner.related or any(c.field.table != join.right for c in inner.plain):
        raise LookupError("it leads to other rows")
    key = choose.schema.column(join.right, join.right_column)
    return Condition(f, "IN", query=Sketch(join.right, (Item(field=key),), tuple(inner.plain)))


def _key_is(cond: KeyIs, choose: Choosing) -> Condition:
    key = choose.schema.key(choose.table(cond.table))
    if key is None or (key.values and key.values[0].startswith("'")):
        raise LookupError("no number tells these rows apart")
    return Condition(key, "=", cond.number)


def _has(cond: Has, base: str, choose: Choosing) -> Any:
    if cond.rows.table is None:
        raise LookupError("rows of which table is not said")
    if cond.rows.every:
        raise LookupError("all rows, not some")
    if any((isinstance(c, Flagged) and not c.yes) or (isinstance(c, Is) and len(c.values) > 1) for c in cond.rows.conds):
        choose.cost += DOUBT  # of one row, or of all?
    table = choose.table(cond.rows.table)
    if table == base:
        if cond.negated or not cond.rows.conds:
            raise LookupError("rows of the same table")
        inner = conditions_of(cond.rows.conds, table, choose)
        if inner.related:
            raise LookupError("related rows of the same table")
        return inner.plain
    way = choose.way(base, table)
    if len(way) == 1 and way[0] in choose.schema.joins:
        pointing = next(f for f in choose.schema.tables[base] if f.name == way[0].left_column)
        if cond.negated and not cond.rows.conds:
            return [Condition(pointing, "IS NULL")]
        if not cond.negated and not cond.rows.conds:
            return [Condition(pointing, "IS NOT NULL")]
    choose.cost += 0.1 * len(way)
    inner = conditions_of(cond.rows.conds, table, choose)
    if {r.table for r in inner.related} & {base, *(step.right for step in way)}:
        choose.cost += DOUBT  # of the row between them, or of any?
    return Related(table, tuple(inner.plain), cond.negated, tuple(inner.related))


def _has_count(cond: HasCount, base: str, choose: Choosing) -> Condition:
    """A key that stands in so many rows of another table."""
    if cond.rows.table is None:
        raise LookupError("rows of which table is not said")
    table, key = choose.table(cond.rows.table), choose.schema.key(base) or choose.schema.label(base)
    if key is None or not choose.many(base, table):
        raise LookupError("one row has no number of these")
    if cond.operator in ("<", "<=") or cond.number == "0":
        choose.cost += 4.0  # those with none as well?
    inner = conditions_of(cond.rows.conds, table, choose)
    counted = choose.schema.key(table)
    direct = len(choose.way(base, table)) == 1
    item = Item() if direct or counted is None else Item("COUNT", counted, distinct=True)
    query = Sketch(
        table,
        (Item(field=key),),
        tuple(inner.plain),
        group=(Item(field=key),),
        having=(Bar(item, cond.operator, cond.number),),
        related=tuple(inner.related),
    )
    return Condition(key, "IN", query=query)


def _either(cond: Either, base: str, choose: Choosing) -> Condition:
    sides = []
    for conds in (cond.one, cond.other):
        found = conditions_of(conds, base, choose)
        if len(found.plain) != 1 or found.related:
            raise LookupError("one side of 'or' is more than a comparison")
        sides.append(found.plain[0])
    return replace(sides[0], either=sides[1])
