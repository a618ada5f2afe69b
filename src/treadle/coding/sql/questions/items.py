"""What a question shows, counts and computes, as items of a statement."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from treadle.coding.sql.questions.choosing import DOUBT, Choosing
from treadle.coding.sql.questions.tree import (
    Agg,
    Arith,
    Conds,
    Count,
    Mention,
    Named,
    Num,
    Part,
    Rows,
    Share,
    Span,
    TableName,
)
from treadle.coding.sql.questions.where import conditions_of
from treadle.coding.sql.reading.inflection import stem
from treadle.coding.sql.reading.schema import Field, Schema
from treadle.coding.sql.reading.sketch import Condition, Item, Sketch

__all__ = ["Items"]

NEAR = 0.1
"""What a column of the table that is grouped by may cost more than another to be the one that is shown."""
_NUMBERS = frozenset({"id", "ids", "number", "numbers", "no", "code", "codes", "key", "keys", "identifier", "identifiers"})


class Items:
    """Seen from rows of ``base``. ``group``: what rows are grouped by; ``extra``: conditions of single figures."""

    def __init__(self, base: str, schema: Schema) -> None:
        self.base, self.schema, self.choose = base, schema, Choosing(schema)
        self.group: tuple[Item, ...] = ()
        self.extra: dict[Conds, tuple[Condition, ...]] = {}

    def part(self, part: Part) -> Item:
        if part.of is not None:
            f = self.choose.field(part.of, self.base, lambda f: f.role == "date")
            self.choose.dates.append(f)
            return Item(field=f, part=part.part)
        named = [f for f in self.schema.tables[self.base] if stem(part.part) in map(stem, f.words) and f.role != "key"]
        if len(named) == 1 and named[0].role != "date":
            return Item(field=named[0])
        f = self.choose.dated(self.base, False)
        if f.role != "date":
            if part.part != "year":
                raise LookupError("a year has no parts")
            return Item(field=f)
        return Item(field=f, part=part.part)

    def plain(self, conds: Conds) -> tuple[Condition, ...]:
        where = conditions_of(conds, self.base, self.choose)
        if not where.related:
            return tuple(where.plain)
        key = self.schema.key(self.base)
        if key is None:
            raise LookupError("related rows within a figure")
        query = Sketch(self.base, (Item(field=key),), related=tuple(where.related))
        return (*where.plain, Condition(key, "IN", query=query))

    def item(self, x: Any) -> Item:
        match x:
            case Mention():
                return Item(field=self._told(x))
            case TableName():
                called = self.schema.called(self.choose.table(x))
                if len(called) != 1:
                    raise LookupError("rows with no single name")
                self.choose.cost += self.choose.far(self.base, called[0].table)
                return Item(field=called[0])
            case Part():
                return self.part(x)
            case Num():
                return Item(number=x.text)
            case Span():
                return self._span(x)
            case Count():
                return self.count(x)
            case Agg():
                return self.agg(x)
            case Share():
                among = self.plain(x.among)
                extra = self.extra.get(x.rows.conds, ())
                self._own(x.rows)
                if x.of is not None:
                    f = self.choose.field(x.of, self.base, lambda f: f.role == "number")
                    return Item("SUM", f, among=(*extra, *among), factor=x.factor, by=("/", Item("SUM", f, among=extra)))
                if self.fans():
                    raise LookupError("a share of rows that are repeated")
                return Item(among=(*extra, *among), factor=x.factor, by=("/", Item(among=extra)))
            case Arith():
                return self._arith(x)
        raise LookupError("nothing that can be shown")

    def _told(self, mention: Mention) -> Field:
        """A column that is shown: one that points to a row is hardly what was asked for, unless its number was."""
        f = self.choose.field(mention, self.base)
        points = any((j.left, j.left_column) == (f.table, f.name) and self.schema.called(j.right) for j in self.schema.joins)
        if points and not _NUMBERS & set(mention.words.lower().split()):
            self.choose.cost += DOUBT
        return f

    def _own(self, rows: Rows) -> None:
        """Rows of a figure have to be those of the statement."""
        if rows.table is not None and self.choose.table(rows.table) != self.base:
            raise LookupError("figures of different rows")

    def fans(self) -> bool:
        """Whether grouping repeats rows."""
        return any(i.field is not None and self.choose.many(self.base, i.field.table) for i in self.group)

    def count(self, x: Count) -> Item:
        among = self.extra.get(x.rows.conds, ())
        if x.of is not None and not isinstance(x.of, TableName):
            if x.rows.table is not None and self.choose.table(x.rows.table) != self.base:
                raise LookupError("figures of different rows")
            f = self.choose.field(x.of, self.base)
            return Item("COUNT", f, distinct=True, among=among)
        table = self.base if x.rows.table is None else self.choose.table(x.rows.table)
        if table == self.base and x.of is None and not self.fans():
            return Item(among=among)
        if table != self.base:
            self.choose.cost += DOUBT  # those with no row of the base as well?
        key = self.schema.key(table) or self.schema.label(table)
        if key is None or (table != self.base and self.choose.many(self.base, table)):
            raise LookupError("rows that cannot be counted")
        return Item("COUNT", key, distinct=True, among=among)

    def agg(self, x: Agg) -> Item:
        among = self.extra.get(x.rows.conds, ())
        if x.rows.table is not None and (table := self.choose.table(x.rows.table)) != self.base:
            if not self.choose.many(table, self.base):
                raise LookupError("figures of different rows")
            self.choose.cost += DOUBT
        if isinstance(x.of, Mention):
            kinds = ("number", "date") if x.name in ("MAX", "MIN", "RANGE") else ("number", "flag")
            f = self.choose.field(x.of, self.base, lambda f: f.role in kinds)
            if self.choose.many(self.base, f.table):
                raise LookupError("a measure of which there are many")
            if f.table != self.base or self.fans():
                repeated = f.table != self.base or not self._linked()  # a row stands several times in a group
                self.choose.cost += DOUBT if repeated and x.name in ("SUM", "AVG") else 0.0
            return Item(x.name, f, among=among)
        inner = self.item(x.of)
        if among:
            raise LookupError("a condition within what is computed")
        if isinstance(x.of, Span):
            return replace(inner, aggregate=x.name)
        return Item(x.name, of=inner)

    def _linked(self) -> bool:
        """Whether rows are grouped by way of a table that only links them, so that each stands once in a group."""
        for item in self.group:
            if item.field is not None and self.choose.many(self.base, item.field.table):
                way = self.choose.way(self.base, item.field.table)
                others = [f for f in self.schema.tables[way[0].right] if f.role != "key"]
                if len(way) != 2 or others or way[1] not in self.schema.joins:
                    return False
        return True

    def _span(self, x: Span) -> Item:
        if x.start is None or x.end is None:
            raise LookupError("times between what is not said")
        start, end = (self.choose.field(m, self.base, lambda f: f.role == "date") for m in (x.start, x.end))
        part = {"day": "days" if start.timed or end.timed else "", "hour": "hours", "minute": "minutes"}.get(x.unit)
        if part is None:
            raise LookupError(f"no time in {x.unit}")
        return Item(field=start, until=end, part=part)

    def _arith(self, x: Arith) -> Item:
        one, other = self.item(x.one), self.item(x.other)
        simple = one.by is None and one.factor == 1.0 and not one.number
        first = one if simple else Item(of=one)
        second = other if other.by is None else Item(of=other)
        return replace(first, by=(x.operator, second), factor=x.factor)

    def shown(self, x: Any) -> tuple[Item, ...]:
        """What a row is called may be several columns: first and last name."""
        if isinstance(x, Named):
            found = tuple(i for i in self.group if i.field is not None and i.field.role == "label")
            found = found or tuple(Item(field=f) for f in self.schema.called(self.base))
            if not found or (self.group and not all(i in self.group for i in found)):
                raise LookupError("what has no name")
            return found
        if isinstance(x, TableName):
            table = self.choose.table(x)
            self.choose.way(self.base, table)
            self.choose.cost += self.choose.far(self.base, table)
            called = self.schema.called(table)
            if not called:
                key = self.schema.key(table)
                if key is None or any(f.role == "text" for f in self.schema.tables[table]):
                    raise LookupError("rows with no name")
                return (Item(field=key),)
            return tuple(Item(field=f) for f in called)
        if isinstance(x, Mention):
            keyed = [i.field.table for i in self.group if i.field is not None and i.field.role == "key"]
            own = [(f, cost) for f, cost in x.fields if f.table in keyed and cost < NEAR]
            if own:
                return (Item(field=self.choose.nearest(own, own[0][0].table)),)
        return (self.item(x),)
