"""A question about a schema in one structure, from which both a sentence and a statement can be written.

Sketches are how examples on the user's own tables come about (``propose``): the sentence becomes the request of an example,
the statement its program, which is executed before a model sees it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from treadle.coding.sql.base import Dialect
from treadle.coding.sql.reading.schema import Field, Join, Schema, quote_name

__all__ = ["Condition", "Item", "Sketch", "to_sql", "to_words"]

_AGGREGATES = {"AVG": "average", "SUM": "total", "MAX": "highest", "MIN": "lowest"}


@dataclass(frozen=True, slots=True)
class Item:
    """Something selected, grouped or ordered by: a column, an aggregate of one, or a count of rows (no field).

    ``over``: the same aggregate of another column to divide by; ``among`` and ``less``: only rows fulfilling the one, less
    the aggregate over those fulfilling the other. ``until``: the days from ``field`` to it; ``part``: 'year' or 'month' of a
    date; aggregate 'RANGE': highest less lowest.
    """

    aggregate: str = ""
    field: Field | None = None
    distinct: bool = False
    until: Field | None = None
    part: str = ""
    over: Field | None = None
    among: Condition | None = None
    less: Condition | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """``field operator value``; ``value`` is SQL.

    ``kind`` 'year' or 'month' compares that part of a date, 'average' compares with the average of the column. ``either``:
    another condition, one of both is enough. 'group': equal to the aggregate ``value`` over rows with the same ``other``.
    """

    field: Field
    operator: str
    value: str = ""
    kind: str = "plain"
    either: Condition | None = None
    other: Field | None = None


@dataclass(frozen=True, slots=True)
class Sketch:
    """A query about the rows of ``base``.

    ``without``: rows that no row of that table (fulfilling ``lacking``) belongs to; ``both``: rows for each of whose
    conditions there is a related row. ``ratio``: the share of rows fulfilling it, or the ratio to those of ``ratio_to``.
    """

    base: str
    select: tuple[Item, ...]
    conditions: tuple[Condition, ...] = ()
    group: tuple[Item, ...] = ()
    having: tuple[str, str, Item] | None = None
    order: Item | None = None
    descending: bool = True
    limit: int | None = None
    distinct: bool = False
    without: str = ""
    lacking: tuple[Condition, ...] = ()
    both: tuple[Condition, ...] = ()
    ratio: tuple[Condition, ...] = ()
    ratio_to: tuple[Condition, ...] = ()
    percent: bool = False

    @property
    def fields(self) -> Iterator[Field]:
        """The columns whose tables must be joined."""
        for item in (*self.select, *self.group, *((self.order,) if self.order else ())):
            yield from (f for f in (item.field, item.until, item.over) if f is not None)
            yield from (c.field for c in (item.among, item.less) if c is not None)
        for condition in (*self.conditions, *self.ratio, *self.ratio_to):
            yield condition.field


# --------------------------------------------------------------------------------------------------- statement


class _Names:
    """Aliases of the tables in a statement; none where there is only one table."""

    def __init__(self, base: str, fields: Iterable[Field], schema: Schema) -> None:
        self.base, self.joins = base, list[Join]()
        joined = [base]
        for table in dict.fromkeys(f.table for f in fields):
            for join in self._way(joined, table, schema):
                if join.right not in joined:
                    joined.append(join.right)
                    self.joins.append(join)
        self.aliases: dict[str, str] = {}
        for table in joined:
            initial = next((c for c in table if c.isalpha()), "T").upper()
            alias, number = initial, 2
            while alias in self.aliases.values():
                alias, number = f"{initial}{number}", number + 1
            self.aliases[table] = alias
        self.alone = len(joined) == 1

    def _way(self, joined: list[str], table: str, schema: Schema) -> tuple[Join, ...]:
        ways = [way for start in joined if (way := schema.path(start, table)) is not None]
        if not ways:
            raise LookupError(f"no join leads to {table}")
        return min(ways, key=len)

    def name(self, table: str, column: str) -> str:
        return quote_name(column) if self.alone else f"{self.aliases[table]}.{quote_name(column)}"

    def column(self, f: Field) -> str:
        return self.name(f.table, f.name)

    def source(self) -> str:
        if self.alone:
            return quote_name(self.base)
        text = f"{quote_name(self.base)} AS {self.aliases[self.base]}"
        for join in self.joins:
            condition = f"{self.name(join.right, join.right_column)} = {self.name(join.left, join.left_column)}"
            text += f" JOIN {quote_name(join.right)} AS {self.aliases[join.right]} ON {condition}"
        return text


def to_sql(sketch: Sketch, schema: Schema, dialect: Dialect) -> str:
    """The statement of a sketch, on one line.

    Raises:
        LookupError: no chain of joins leads from one of its tables to another.
    """
    names = _Names(sketch.base, sketch.fields, schema)
    parts = ["SELECT", *(["DISTINCT"] if sketch.distinct else []), _selected(sketch, names, dialect), "FROM", names.source()]
    where = [_condition(c, names, dialect) for c in sketch.conditions]
    if sketch.without:
        where.append(_related(sketch.base, sketch.without, sketch.lacking, True, names, schema, dialect))
    where += [_related(sketch.base, c.field.table, (c,), False, names, schema, dialect) for c in sketch.both]
    if where:
        parts.append("WHERE " + " AND ".join(where))
    if sketch.group:
        parts.append("GROUP BY " + ", ".join(_item(i, names, dialect) for i in sketch.group))
    if sketch.having:
        parts.append(f"HAVING {_item(sketch.having[2], names, dialect)} {sketch.having[0]} {sketch.having[1]}")
    if sketch.order:
        parts.append(f"ORDER BY {_item(sketch.order, names, dialect)}{' DESC' if sketch.descending else ''}")
    if sketch.limit is not None:
        parts.append(f"LIMIT {sketch.limit}")
    return " ".join(parts)


def _selected(sketch: Sketch, names: _Names, dialect: Dialect) -> str:
    if not sketch.ratio:
        return ", ".join(_item(i, names, dialect) for i in sketch.select)
    count, whole = (_counted_if(c, names, dialect) for c in (sketch.ratio, sketch.ratio_to))
    share = f"{'100.0' if sketch.percent else '1.0'} * {count} / {whole}"
    return ", ".join([*(_item(i, names, dialect) for i in sketch.select), share])


def _counted_if(conditions: tuple[Condition, ...], names: _Names, dialect: Dialect) -> str:
    condition = " AND ".join(_condition(c, names, dialect) for c in conditions)
    return f"SUM(CASE WHEN {condition} THEN 1 ELSE 0 END)" if condition else "COUNT(*)"


def _item(item: Item, names: _Names, dialect: Dialect) -> str:
    if item.field is None:
        return "COUNT(*)"
    column = names.column(item.field)
    if item.part:
        column = _part(column, item.part, dialect)
    if item.until is not None:
        column = _days(column, names.column(item.until), dialect)
    if item.among is not None and item.less is not None:
        one, other = (f"CASE WHEN {_condition(c, names, dialect)} THEN {column} END" for c in (item.among, item.less))
        return f"{item.aggregate}({one}) - {item.aggregate}({other})"
    if item.over is not None:
        return f"1.0 * {item.aggregate}({column}) / {item.aggregate}({names.column(item.over)})"
    if item.aggregate == "RANGE":
        return f"MAX({column}) - MIN({column})"
    if not item.aggregate:
        return column
    return f"{item.aggregate}({'DISTINCT ' if item.distinct else ''}{column})"


def _part(column: str, part: str, dialect: Dialect) -> str:
    if dialect == "sqlite":
        return f"strftime('{'%Y' if part == 'year' else '%Y-%m'}', {column})"
    if part == "year":
        return f"EXTRACT(YEAR FROM CAST({column} AS DATE))"
    if dialect == "duckdb":
        return f"strftime(CAST({column} AS DATE), '%Y-%m')"
    return f"to_char(CAST({column} AS DATE), 'YYYY-MM')"


def _days(start: str, end: str, dialect: Dialect) -> str:
    if dialect == "sqlite":
        return f"julianday({end}) - julianday({start})"
    if dialect == "duckdb":
        return f"date_diff('day', CAST({start} AS DATE), CAST({end} AS DATE))"
    return f"CAST({end} AS DATE) - CAST({start} AS DATE)"


def _condition(c: Condition, names: _Names, dialect: Dialect) -> str:
    if c.either is not None:
        return f"({_condition(replace(c, either=None), names, dialect)} OR {_condition(c.either, names, dialect)})"
    column = names.column(c.field)
    if c.kind == "average":
        return f"{column} {c.operator} (SELECT AVG({quote_name(c.field.name)}) FROM {quote_name(c.field.table)})"  # noqa: S608
    if c.kind == "group" and c.other is not None:
        inner, name = quote_name(c.field.name), quote_name(c.other.name)
        own = f"{names.aliases[c.field.table]}.{name}" if not names.alone else f"{quote_name(c.field.table)}.{name}"
        table = quote_name(c.field.table)
        return f"{column} = (SELECT {c.value}(G.{inner}) FROM {table} AS G WHERE G.{name} = {own})"  # noqa: S608
    if c.kind == "month" and len(c.value) == 2:
        if dialect == "sqlite":
            return f"strftime('%m', {column}) {c.operator} '{c.value}'"
        return f"EXTRACT(MONTH FROM CAST({column} AS DATE)) {c.operator} {int(c.value)}"
    if c.kind in ("year", "month"):
        quote = "" if c.kind == "year" and dialect != "sqlite" else "'"
        return f"{_part(column, c.kind, dialect)} {c.operator} {quote}{c.value}{quote}"
    return f"{column} {c.operator} {c.value}".rstrip()


def _related(
    base: str, other: str, conditions: tuple[Condition, ...], lacks: bool, names: _Names, schema: Schema, dialect: Dialect
) -> str:
    """Rows of ``base`` that (do not) belong to a row of ``other`` fulfilling ``conditions``, by a subquery."""
    way = schema.path(base, other)
    if way is None:
        raise LookupError(f"no join leads to {other}")
    if not way:
        inner = _Names(base, (c.field for c in conditions), schema)
        return f"{'NOT ' if lacks else ''}({' AND '.join(_condition(c, inner, dialect) for c in conditions)})"
    first = way[0]
    inner = _Names(first.right, (f for f in schema.tables[other][:1] if conditions or other != first.right), schema)
    key = inner.name(first.right, first.right_column)
    where = [_condition(c, inner, dialect) for c in conditions] + ([f"{key} IS NOT NULL"] if lacks else [])
    subquery = f"SELECT {key} FROM {inner.source()}" + (f" WHERE {' AND '.join(where)}" if where else "")  # noqa: S608
    return f"{names.name(base, first.left_column)} {'NOT ' if lacks else ''}IN ({subquery})"


# ---------------------------------------------------------------------------------------------------- sentence


def to_words(sketch: Sketch, schema: Schema) -> str:
    """The question that the sketch answers, in plain words."""
    told = _told(sketch, schema)
    rows = schema.spoken_table(sketch.base)
    if sketch.ratio:
        return _ratio(sketch, rows, told)
    groups = [i for i in sketch.group if i.field and i.field.role != "key"] or list(sketch.group)
    if sketch.order is not None:
        return _ordered(sketch, schema, told, groups)
    each = f" for each {_and([_spoken(i, sketch.base, schema) for i in groups])}" if groups else ""
    having = ""
    if sketch.having:
        what = rows if sketch.having[2].field is None else _aggregate(sketch.having[2], sketch, schema)
        having = f" with {_comparison(sketch.having[0])} {sketch.having[1]} {what}"
    aggregates = [i for i in sketch.select if i.aggregate or i.field is None]
    if not aggregates or sketch.having:
        shown = _and([_spoken(i, sketch.base, schema) for i in sketch.select])
        return f"Show the {shown} of the {rows}{told}{having}."
    if aggregates[0].field is None or aggregates[0].aggregate == "COUNT":
        what = (
            rows
            if aggregates[0].field is None or aggregates[0].field.role == "key"
            else _counted(aggregates[0], sketch, schema)
        )
        return f"How many {what} are there{told}{each}?"
    what = _and([_aggregate(i, sketch, schema) for i in aggregates])
    return f"What is the {what} of the {rows}{told}{each}?"


def _ratio(sketch: Sketch, rows: str, told: str) -> str:
    one = _and([_said(c) for c in sketch.ratio])
    if sketch.ratio_to:
        return f"What is the ratio of {rows} with {one} to {rows} with {_and([_said(c) for c in sketch.ratio_to])}{told}?"
    return f"What {'percentage' if sketch.percent else 'fraction'} of the {rows}{told} have {one}?"


def _ordered(sketch: Sketch, schema: Schema, told: str, groups: list[Item]) -> str:
    assert sketch.order is not None
    rows = schema.spoken_table(sketch.base)
    by = _aggregate(sketch.order, sketch, schema)
    most = "highest" if sketch.descending else "lowest"
    shown = _and([_spoken(i, sketch.base, schema) for i in sketch.select])
    if sketch.limit is None and groups and any(i.aggregate or i.field is None for i in sketch.select):
        return to_words(replace(sketch, order=None), schema)
    if sketch.limit is None:
        direction = "highest" if sketch.descending else "lowest"
        each = f" for each {_spoken(groups[0], sketch.base, schema)}" if groups else ""
        return f"Show the {shown} of the {rows}{told}{each}, ordered by {by}, {direction} first."
    if groups:
        return f"Which {_spoken(groups[0], sketch.base, schema)} has the {most} {by} of {rows}{told}? Show the {shown}."
    if sketch.limit == 1:
        return f"Which of the {rows}{told} has the {most} {by}? Show the {shown}."
    return f"Show the {shown} of the {sketch.limit} {rows}{told} with the {most} {by}."


def _aggregate(item: Item, sketch: Sketch, schema: Schema) -> str:
    if item.field is None:
        return f"number of {schema.spoken_table(sketch.base)}"
    what = _spoken(replace(item, aggregate=""), sketch.base, schema)
    if item.aggregate == "COUNT":
        return f"number of {'different ' if item.distinct else ''}{what}"
    if item.among is not None and item.less is not None:
        two = f"rows with {_said(item.among)} and rows with {_said(item.less)}"
        return f"difference of the {_AGGREGATES.get(item.aggregate, '')} {what} between {two}"
    if item.over is not None:
        kind = _AGGREGATES.get(item.aggregate, "")
        return f"{kind} {what} divided by the {kind} {item.over.spoken}"
    if item.aggregate == "RANGE":
        return f"difference between the highest and the lowest {what}"
    return f"{_AGGREGATES.get(item.aggregate, '')} {what}".strip()


def _counted(item: Item, sketch: Sketch, schema: Schema) -> str:
    what = _spoken(replace(item, aggregate=""), sketch.base, schema)
    return f"different values of {what} in the {schema.spoken_table(sketch.base)}"


def _spoken(item: Item, base: str, schema: Schema) -> str:
    f = item.field
    if f is None:
        return f"number of {schema.spoken_table(base)}"
    if item.aggregate:
        return _aggregate(item, Sketch(base, ()), schema)
    own = f.table == base or set(schema.spoken_table(f.table, many=False).split()) & set(f.words)
    what = f.spoken if own else f"{schema.spoken_table(f.table, many=False)} {f.spoken}"
    if item.until is not None:
        return f"number of days from {what} to {item.until.spoken}"
    return f"{item.part} of {what}" if item.part else what


def _told(sketch: Sketch, schema: Schema) -> str:
    told = [_said(c) for c in sketch.conditions]
    text = f" with {_and(told)}" if told else ""
    if sketch.without:
        lacking = f" with {_and([_said(c) for c in sketch.lacking])}" if sketch.lacking else ""
        text += f" that have no {schema.spoken_table(sketch.without)}{lacking}"
    if sketch.both:
        text += f" that have both {_and([_said(c) for c in sketch.both])}"
    return text


def _said(c: Condition) -> str:
    if c.either is not None:
        return f"{_said(replace(c, either=None))} or {_said(c.either)}"
    name = c.field.spoken
    if c.kind == "group" and c.other is not None:
        return f"the {_AGGREGATES[c.value]} {name} of each {c.other.spoken}"
    if c.kind == "average":
        return f"{name} {_comparison(c.operator)} the average {name}"
    if c.operator.startswith("IS "):
        return f"{'no' if c.operator == 'IS NULL' else 'a'} {name}"
    value = c.value.strip("()").replace("', '", " or ").replace("'", "").replace(" AND ", " and ")
    if c.kind != "plain" and c.operator == "=":
        return f"{name} in {value}"
    return f"{name} {_comparison(c.operator)} {value}".replace("  ", " ")


def _comparison(operator: str) -> str:
    words = {">": "more than", "<": "less than", ">=": "at least", "<=": "at most", "=": "", "<>": "other than", "IN": ""}
    return {**words, "BETWEEN": "between"}.get(operator, operator)


def _and(parts: list[str]) -> str:
    parts = list(dict.fromkeys(p for p in parts if p))
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""
