"""The statement of a sketch, in the dialects SQLite, DuckDB and PostgreSQL."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from treadle.coding.sql.base import Dialect
from treadle.coding.sql.reading.schema import Field, Join, Schema, quote_name
from treadle.coding.sql.reading.sketch import Bar, Condition, Item, Related, Sketch

__all__ = ["to_sql"]


def to_sql(sketch: Sketch, schema: Schema, dialect: Dialect) -> str:
    """The statement of a sketch, on one line.

    Raises:
        LookupError: no chain of joins leads from one of its tables to another.
    """
    return _Writer(schema, dialect).statement(sketch)


class _Names:
    """How a statement names its columns: bare where it has one table, with the table's whole name where it has several.

    There are no aliases: a model that copies these statements would have to keep in mind which letter stands for what.
    """

    def __init__(
        self, base: str, fields: Iterable[Field], schema: Schema, outer: bool = False, shown: Collection[str] = ()
    ) -> None:
        self.base, self.joins, self.outer, self._schema, self._shown = base, list[Join](), outer, schema, shown
        joined = [base]
        for table in dict.fromkeys(f.table for f in fields):
            for join in self._way(joined, table, schema):
                if join.right not in joined:
                    joined.append(join.right)
                    self.joins.append(join)
        self.alone = len(joined) == 1

    def _way(self, joined: list[str], table: str, schema: Schema) -> tuple[Join, ...]:
        ways = [way for start in joined if (way := schema.path(start, table)) is not None]
        if not ways:
            raise LookupError(f"no join leads to {table}")
        return min(ways, key=len)

    def name(self, table: str, column: str) -> str:
        return quote_name(column) if self.alone else f"{quote_name(table)}.{quote_name(column)}"

    def column(self, f: Field) -> str:
        return self.name(f.table, f.name)

    def source(self) -> str:
        text = _named(self.base, self._schema)
        for join in self.joins:
            condition = f"{self.name(join.left, join.left_column)} = {self.name(join.right, join.right_column)}"
            kind = "LEFT JOIN" if self.outer or join.right in self._shown else "JOIN"
            text += f" {kind} {_named(join.right, self._schema)} ON {condition}"
        return text


def _named(table: str, schema: Schema) -> str:
    """A table as FROM names it, one in a role by both names."""
    role = schema.roles.get(table)
    return quote_name(table) if role is None else f"{quote_name(role[0])} AS {quote_name(table)}"


class _Writer:
    """Writes sketches over one schema in one dialect."""

    def __init__(self, schema: Schema, dialect: Dialect) -> None:
        self.schema, self.dialect = schema, dialect

    def statement(self, sketch: Sketch) -> str:
        if not sketch.base:
            return f"SELECT {', '.join(self._item(i, None) for i in sketch.select)}"
        names = _Names(sketch.base, sketch.fields, self.schema, sketch.outer, self._only_shown(sketch))
        selected = ", ".join(self._item(i, names) for i in sketch.select)
        parts = ["SELECT", *(["DISTINCT"] if sketch.distinct else []), selected, "FROM", names.source()]
        where = [self._condition(c, names) for c in sketch.conditions]
        where += [self._related(sketch.base, r, names) for r in sketch.related]
        if where:
            parts.append("WHERE " + " AND ".join(where))
        if sketch.group:
            parts.append("GROUP BY " + ", ".join(self._item(i, names) for i in sketch.group))
        if sketch.having:
            parts.append("HAVING " + " AND ".join(self._bar(b, names) for b in sketch.having))
        if sketch.order:
            keys = (f"{self._item(k.item, names)}{' DESC' if k.descending else ''}" for k in sketch.order)
            parts.append(f"ORDER BY {', '.join(keys)}")
        if sketch.limit is not None:
            parts.append(f"LIMIT {sketch.limit}{f' OFFSET {sketch.skip}' if sketch.skip else ''}")
        return " ".join(parts)

    def _only_shown(self, sketch: Sketch) -> set[str]:
        """Roles of which something is shown, no more: a shift without a deputy is in a list of shifts and deputies."""
        if sketch.group:
            return set()
        used = {f.table for c in sketch.conditions for f in _fields_of(c)}
        return {f.table for i in sketch.select if not i.figure for f in i.fields if f.table in self.schema.roles} - used

    def _bar(self, bar: Bar, names: _Names) -> str:
        value = f"({self.statement(bar.value)})" if isinstance(bar.value, Sketch) else bar.value
        return f"{self._item(bar.item, names)} {bar.operator} {value}"

    # ------------------------------------------------------------------------------------------- items

    def _item(self, item: Item, names: _Names | None) -> str:
        figure = self._scaled(item, names)
        if item.by is not None:
            figure = self._combined(item, figure, names)
        if item.digits is None:
            return figure
        if item.digits == 0:
            return f"ROUND({figure})"
        exact = f"CAST({figure} AS NUMERIC)" if self.dialect == "postgres" else figure
        return f"ROUND({exact}, {item.digits})"

    def _combined(self, item: Item, figure: str, names: _Names | None) -> str:
        assert item.by is not None
        operator, other = item.by
        second = self._item(other, names)
        second = f"({second})" if other.by is not None or other.aggregate == "RANGE" or other.until else second
        if operator == "growth":
            first = self._scaled(replace(item, factor=1.0), names)
            return f"{_number(item.factor)} * ({first} - {second}) / {second}"
        if operator in ("-", "+", "*"):
            second = f"({second})" if other.number == "" and other.by is not None and not second.startswith("(") else second
            return f"{figure} {operator} {second}"
        first = f"({figure})" if item.until is not None or item.aggregate == "RANGE" else figure
        return f"{first} / {second}" if item.factor != 1.0 else f"1.0 * {first} / {second}"

    def _scaled(self, item: Item, names: _Names | None) -> str:
        figure = self._figure(item, names)
        if item.factor == 1.0:
            return figure
        figure = f"({figure})" if item.aggregate == "RANGE" or (item.until and not item.aggregate) else figure
        if item.factor < 1.0:
            return f"{figure} / {_number(1 / item.factor)}"
        return f"{_number(item.factor)} * {figure}"

    def _figure(self, item: Item, names: _Names | None) -> str:
        if item.query is not None:
            return f"({self.statement(item.query)})"
        if item.number:
            return item.number
        assert names is not None
        if item.of is not None:
            inner = self._item(item.of, names)
            return f"{item.aggregate}({inner})" if item.aggregate else f"({inner})"
        among = " AND ".join(self._condition(c, names) for c in item.among)
        if item.field is None:
            return f"SUM(CASE WHEN {among} THEN 1 ELSE 0 END)" if among else "COUNT(*)"
        column = names.column(item.field)
        if item.until is not None:
            column = self._between(column, names.column(item.until), item.part)
        elif item.part:
            column = self._part(column, item.part)
        if item.filled:
            column = f"COALESCE({column}, 0)"
        if among:
            column = f"CASE WHEN {among} THEN {column}{' ELSE 0' if item.aggregate == 'SUM' else ''} END"
        if item.aggregate == "RANGE":
            return self._range(item, column)
        if not item.aggregate:
            return column
        return f"{item.aggregate}({'DISTINCT ' if item.distinct else ''}{column})"

    def _range(self, item: Item, column: str) -> str:
        """Highest less lowest; of dates their days."""
        assert item.field is not None
        if item.field.role == "date":
            return self._days(f"MIN({column})", f"MAX({column})")
        return f"MAX({column}) - MIN({column})"

    def _part(self, column: str, part: str) -> str:
        if self.dialect == "sqlite":
            if part == "quarter":
                return f"(strftime('%m', {column}) + 2) / 3"
            return f"date({column})" if part == "day" else f"strftime('{_FORMATS[part]}', {column})"
        if part == "day":
            return f"CAST({column} AS DATE)"
        if part != "month":
            whole = "TIMESTAMP" if part == "hour" else "DATE"
            return f"EXTRACT({'DOW' if part == 'weekday' else part.upper()} FROM CAST({column} AS {whole}))"
        if self.dialect == "duckdb":
            return f"strftime(CAST({column} AS DATE), '%Y-%m')"
        return f"to_char(CAST({column} AS DATE), 'YYYY-MM')"

    def _between(self, start: str, end: str, unit: str) -> str:
        """The time from one date to another in 'days', 'hours' or 'minutes'; without a unit in whole days."""
        factor = {"": 1, "days": 1, "hours": 24, "minutes": 1440}[unit]
        if not unit or (factor == 1 and self.dialect == "sqlite"):
            return self._days(start, end)
        if self.dialect == "sqlite":
            return f"(julianday({end}) - julianday({start})) * {factor}"
        seconds = f"CAST({end} AS TIMESTAMP) - CAST({start} AS TIMESTAMP)"
        return f"EXTRACT(EPOCH FROM {seconds}) / {86400 // factor}.0"

    def _days(self, start: str, end: str) -> str:
        if self.dialect == "sqlite":
            return f"julianday({end}) - julianday({start})"
        if self.dialect == "duckdb":
            return f"date_diff('day', CAST({start} AS DATE), CAST({end} AS DATE))"
        return f"CAST({end} AS DATE) - CAST({start} AS DATE)"

    # -------------------------------------------------------------------------------------- conditions

    def _condition(self, c: Condition, names: _Names) -> str:
        if c.either is not None:
            return f"({self._condition(replace(c, either=None), names)} OR {self._condition(c.either, names)})"
        column = names.column(c.field)
        if c.query is not None:
            return f"{column} {c.operator} ({self.statement(c.query)})"
        if c.kind == "average":
            return f"{column} {c.operator} (SELECT AVG({quote_name(c.field.name)}) FROM {self._whole(c.field)})"  # noqa: S608
        if c.kind == "group" and c.other is not None:
            inner, name = quote_name(c.field.name), quote_name(c.other.name)
            table, own = self._whole(c.field), f"{quote_name(c.field.table)}.{name}"
            return f"{column} = (SELECT {c.value}(G.{inner}) FROM {table} AS G WHERE G.{name} = {own})"  # noqa: S608
        if c.kind == "month" and len(c.value) == 2:
            if self.dialect == "sqlite":
                return f"strftime('%m', {column}) {c.operator} '{c.value}'"
            return f"EXTRACT(MONTH FROM CAST({column} AS DATE)) {c.operator} {int(c.value)}"
        if c.kind == "weekday":
            day = self._part(column, "weekday")
            return f"{f'CAST({day} AS INTEGER)' if self.dialect == 'sqlite' else day} {c.operator} {c.value}"
        if c.kind in ("days", "hours", "minutes") and c.other is not None:
            return f"{self._between(column, names.column(c.other), c.kind)} {c.operator} {c.value}"
        if c.kind == "day":  # of a column with times
            day = f"date({column})" if self.dialect == "sqlite" else f"CAST({column} AS DATE)"
            return f"{day} {c.operator} {c.value}"
        if c.kind in ("year", "month"):
            quote = "" if c.kind == "year" and self.dialect != "sqlite" else "'"
            return f"{self._part(column, c.kind)} {c.operator} {quote}{c.value}{quote}"
        operator = "LIKE" if c.operator == "ILIKE" and self.dialect == "sqlite" else c.operator
        return f"{column} {operator} {c.value}".rstrip()

    def _whole(self, f: Field) -> str:
        """The table of a column, whatever role its rows are in."""
        return quote_name(self.schema.roles[f.table][0] if f.table in self.schema.roles else f.table)

    def _related(self, base: str, r: Related, names: _Names) -> str:
        """Rows of ``base`` that (do not) belong to such a row of another table, by a subquery."""
        way, negated = self.schema.path(base, r.table), "NOT " if r.lacks else ""
        if way is None:
            raise LookupError(f"no join leads to {r.table}")
        if not way:
            inner = _Names(base, (c.field for c in r.conditions), self.schema)
            return f"{negated}({' AND '.join(self._condition(c, inner) for c in r.conditions)})"
        first = way[0]
        fields = [f for f in self.schema.tables[r.table][:1] if r.conditions or r.related or r.table != first.right]
        inner = _Names(first.right, (*fields, *(c.field for c in r.conditions)), self.schema)
        key = inner.name(first.right, first.right_column)
        where = [self._condition(c, inner) for c in r.conditions] + [self._related(r.table, i, inner) for i in r.related]
        where += [f"{key} IS NOT NULL"] if r.lacks else []
        subquery = f"SELECT {key} FROM {inner.source()}" + (f" WHERE {' AND '.join(where)}" if where else "")  # noqa: S608
        return f"{names.name(base, first.left_column)} {negated}IN ({subquery})"


def _fields_of(c: Condition) -> Iterator[Field]:
    yield c.field
    if c.either is not None:
        yield from _fields_of(c.either)


_FORMATS = {"year": "%Y", "month": "%Y-%m", "weekday": "%w", "hour": "%H"}
"""Parts of a date as SQLite writes them."""


def _number(value: float) -> str:
    """A factor as SQL writes a number that is no integer, so that division stays exact."""
    return f"{value:.1f}" if value == int(value) else f"{value:g}"
