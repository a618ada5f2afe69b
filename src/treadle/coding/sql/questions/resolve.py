"""A question whose words may name several things, as the sketch of one statement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from treadle.coding.sql.questions.choosing import DOUBT, Choosing
from treadle.coding.sql.questions.tree import (
    Agg,
    Arith,
    Ask,
    Conds,
    Count,
    Mention,
    Named,
    Num,
    Order,
    Part,
    Rows,
    Share,
    Span,
    TableName,
    That,
)
from treadle.coding.sql.questions.where import Where, conditions_of
from treadle.coding.sql.reading.schema import Field, Schema, stem
from treadle.coding.sql.reading.sketch import Bar, Condition, Item, Key, Sketch

__all__ = ["resolved"]

_FIGURES = (Count, Agg, Share, Arith)


def resolved(ask: Ask, schema: Schema) -> tuple[Sketch, float]:
    """The sketch of the statement that answers, and what its choices cost.

    Raises:
        LookupError: nothing in the schema fits.
    """
    best: tuple[Sketch, float] | None = None
    trouble: LookupError | None = None
    for base in _bases(ask, schema):
        resolver = _Resolver(ask, base, schema)
        try:
            sketch = resolver.sketch()
        except LookupError as error:
            trouble = error
            continue
        if best is None or resolver.choose.cost < best[1]:
            best = sketch, resolver.choose.cost
    if best is None:
        raise trouble or LookupError("no rows are spoken of")
    return best


def _bases(ask: Ask, schema: Schema) -> Iterator[str]:
    """The tables whose rows may be counted, averaged or listed."""
    figures = [f for f in _leaves(ask) if isinstance(f, Count | Agg | Share)]
    found: dict[str, None] = {}
    for figure in figures:
        rows, of = figure.rows, figure.of
        if rows.table is not None:
            found |= dict.fromkeys(t for t, _ in rows.table.tables[:2])
        elif isinstance(of, TableName):
            found |= dict.fromkeys(t for t, _ in of.tables[:2])
        for mention in _mentions(of):
            found |= dict.fromkeys(f.table for f, _ in mention.fields)
    if not figures and ask.rows is not None and ask.rows.table is not None:
        found |= dict.fromkeys(t for t, _ in ask.rows.table.tables[:2])
    if not found:
        for shown in (*ask.shown, *ask.groups):
            for mention in _mentions(shown):
                found |= dict.fromkeys(f.table for f, _ in mention.fields)
            if isinstance(shown, TableName):
                found |= dict.fromkeys(t for t, _ in shown.tables[:2])
    found |= dict.fromkeys(between for base in list(found)[:3] for between in _links(ask, base, schema) if figures)
    yield from list(found)[:6]


def _links(ask: Ask, base: str, schema: Schema) -> Iterator[str]:
    """Tables of links between what is counted and the table that it is grouped by."""
    for group in ask.groups:
        ends = [t for t, _ in group.tables[:1]] if isinstance(group, TableName) else [m.fields[0][0].table for m in _mentions(group)]
        for end in ends:
            way = schema.path(base, end) or ()
            many = [step.right for step in way if step not in schema.joins]
            yield from many[-1:]


def _leaves(ask: Ask) -> list[Any]:
    ordered = [*(o.what for o in ask.best), *(figure for figure, _, _ in ask.bars)]
    return [leaf for shown in (*ask.shown, *ordered) for leaf in _leaves_of(shown)]


def _leaves_of(x: Any) -> list[Any]:
    if isinstance(x, Arith):
        return [*_leaves_of(x.one), *_leaves_of(x.other)]
    return [x] if isinstance(x, Count | Agg | Share) else []


def _mentions(x: Any) -> list[Mention]:
    match x:
        case Mention():
            return [x]
        case Arith():
            return [*_mentions(x.one), *_mentions(x.other)]
        case Span():
            return [m for m in (x.start, x.end) if m is not None]
        case Agg() | Share() | Count() if x.of is not None:
            return _mentions(x.of)
        case Part() if x.of is not None:
            return [x.of]
    return []


class _Resolver:
    def __init__(self, ask: Ask, base: str, schema: Schema) -> None:
        self.ask, self.base, self.schema = ask, base, schema
        self.choose = Choosing(schema)
        self.extra: dict[Conds, tuple[Condition, ...]] = {}

    # ------------------------------------------------------------------------------------------------- parts

    def sketch(self) -> Sketch:
        ask = self.ask
        leaves = _leaves(ask)
        if any(o.what is not None and isinstance(o.what, _FIGURES) for o in ask.best) and ask.rows is not None:
            ask = self._best_group(ask)
        self.group = self._groups(ask)
        common = self._common(leaves)
        where = conditions_of((*common, *(ask.rows.conds if ask.rows else ())), self.base, self.choose)
        self._others(leaves, common)
        where.plain += self._passing(ask)
        if ask.zeros and not ask.bars:
            return self._with_zeros(ask, leaves, where)
        select = self._select(ask)
        keys = tuple(self._key(o, select) for o in ask.best)
        orders = tuple(self._key(o, select) for o in ask.orders) if ask.limit is None else keys
        if ask.limit is not None and ask.orders:
            orders = (*keys, *(k for o in ask.orders if (k := self._key(o, select)).item not in [b.item for b in keys]))
        conditions = list(where.plain)
        for key in keys:
            f = key.item.field
            if f is not None and not key.item.aggregate and not key.descending:
                conditions.append(Condition(f, "IS NOT NULL"))
        if not self.group and not any(i.figure for i in select) and any(k.item.figure for k in orders):
            raise LookupError("an order by figures of a list")
        distinct = ask.distinct or bool(ask.rows and ask.rows.distinct) or self._repeats(select)
        if not orders and self.group:
            orders = ()
        return Sketch(
            self.base,
            self._rounded(ask, select),
            tuple(dict.fromkeys(conditions)),
            group=self.group,
            having=tuple(Bar(self._item(x), operator, value) for x, operator, value in ask.bars),
            order=orders,
            limit=ask.limit,
            distinct=distinct and not self.group and not any(i.figure for i in select),
            related=tuple(where.related),
        )

    def _best_group(self, ask: Ask) -> Ask:
        """'The users with the most jobs': jobs are counted for each user; what is said of users is said of these groups."""
        rows = ask.rows
        assert rows is not None
        if rows.table is None:
            return ask
        table = self.choose.table(rows.table)
        if table == self.base and not isinstance(ask.best[0].what, Agg):
            raise LookupError("rows are no groups of themselves")
        return replace(ask, groups=(rows.table,), rows=None, passing=(*ask.passing, *rows.conds))

    def _groups(self, ask: Ask) -> tuple[Item, ...]:
        found: list[Item] = []
        for group in ask.groups:
            if isinstance(group, TableName):
                table = self.choose.table(group)
                if table == self.base:
                    if all(isinstance(x, Agg) and x.name == "AVG" for x in _leaves(ask)) and not ask.best:
                        continue  # 'the average rain per reading'
                    raise LookupError("rows are no groups of themselves")
                self.choose.cost += self.choose.far(self.base, table)
                self.choose.way(self.base, table)
                found += self._identity(table)
            elif isinstance(group, Part):
                found.append(self._part(group))
            else:
                found.append(Item(field=self.choose.field(group, self.base)))
        return tuple(dict.fromkeys(found))

    def _passing(self, ask: Ask) -> list[Condition]:
        """What the table that is grouped by has to fulfil."""
        if not ask.passing:
            return []
        named = next(g for g in ask.groups if isinstance(g, TableName))
        table = self.choose.table(named)
        where = conditions_of(ask.passing, table, self.choose)
        key = self.schema.key(table) or self.schema.label(table)
        if where.related and key is not None:
            query = Sketch(table, (Item(field=key),), related=tuple(where.related))
            return [*where.plain, Condition(key, "IN", query=query)]
        return where.plain

    def _identity(self, table: str) -> tuple[Item, ...]:
        found = dict.fromkeys((self.schema.key(table), *self.schema.called(table)))
        return tuple(Item(field=f) for f in found if f is not None)

    def _part(self, part: Part) -> Item:
        if part.of is not None:
            f = self.choose.field(part.of, self.base, lambda f: f.role == "date")
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

    # ------------------------------------------------------------------------------------------------ figures

    def _common(self, leaves: list[Any]) -> Conds:
        """The conditions of all figures."""
        if not leaves:
            return ()
        first = leaves[0].rows.conds
        if isinstance(leaves[0], Agg | Count | Share) and len(leaves) == 1:
            return tuple(first)
        return tuple(c for c in first if all(c in leaf.rows.conds for leaf in leaves))

    def _others(self, leaves: list[Any], common: Conds) -> None:
        """What is a condition of one figure only."""
        for leaf in leaves:
            own = tuple(c for c in leaf.rows.conds if c not in common)
            self.extra[leaf.rows.conds] = self._plain(own)

    def _plain(self, conds: Conds) -> tuple[Condition, ...]:
        where = conditions_of(conds, self.base, self.choose)
        if where.related:
            raise LookupError("related rows within a figure")
        return tuple(where.plain)

    def _item(self, x: Any) -> Item:
        match x:
            case Mention():
                return Item(field=self.choose.field(x, self.base))
            case TableName():
                called = self.schema.called(self.choose.table(x))
                if len(called) != 1:
                    raise LookupError("rows with no single name")
                self.choose.cost += self.choose.far(self.base, called[0].table)
                return Item(field=called[0])
            case Part():
                return self._part(x)
            case Num():
                return Item(number=x.text)
            case Span():
                return self._span(x)
            case Count():
                return self._count(x)
            case Agg():
                return self._agg(x)
            case Share():
                among = self._plain(x.among)
                extra = self.extra.get(x.rows.conds, ())
                self._own(x.rows)
                if x.of is not None:
                    f = self.choose.field(x.of, self.base, lambda f: f.role == "number")
                    return Item("SUM", f, among=(*extra, *among), factor=x.factor, by=("/", Item("SUM", f, among=extra)))
                if self._fans():
                    raise LookupError("a share of rows that are repeated")
                return Item(among=(*extra, *among), factor=x.factor, by=("/", Item(among=extra)))
            case Arith():
                return self._arith(x)
        raise LookupError("nothing that can be shown")

    def _own(self, rows: Rows) -> None:
        """Rows of a figure have to be those of the statement."""
        if rows.table is not None and self.choose.table(rows.table) != self.base:
            raise LookupError("figures of different rows")

    def _fans(self) -> bool:
        """Whether grouping repeats rows."""
        return any(i.field is not None and self.choose.many(self.base, i.field.table) for i in self.group)

    def _count(self, x: Count) -> Item:
        among = self.extra.get(x.rows.conds, ())
        if x.of is not None and not isinstance(x.of, TableName):
            if x.rows.table is not None and self.choose.table(x.rows.table) != self.base:
                raise LookupError("figures of different rows")
            f = self.choose.field(x.of, self.base)
            return Item("COUNT", f, distinct=True, among=among)
        table = self.base if x.rows.table is None else self.choose.table(x.rows.table)
        if table == self.base and x.of is None and not self._fans():
            return Item(among=among)
        if table != self.base:
            self.choose.cost += 0.4
        key = self.schema.key(table) or self.schema.label(table)
        if key is None or (table != self.base and self.choose.many(self.base, table)):
            raise LookupError("rows that cannot be counted")
        return Item("COUNT", key, distinct=True, among=among)

    def _agg(self, x: Agg) -> Item:
        among = self.extra.get(x.rows.conds, ())
        if x.rows.table is not None and (table := self.choose.table(x.rows.table)) != self.base:
            if not self.choose.many(table, self.base):
                raise LookupError("figures of different rows")
            self.choose.cost += 0.3
        if isinstance(x.of, Mention):
            kinds = ("number", "date") if x.name in ("MAX", "MIN", "RANGE") else ("number", "flag")
            f = self.choose.field(x.of, self.base, lambda f: f.role in kinds)
            if self.choose.many(self.base, f.table):
                raise LookupError("a measure of which there are many")
            if f.table != self.base or self._fans():
                self.choose.cost += 0.0 if x.name in ("MAX", "MIN", "RANGE") else 0.6 if f.table != self.base else 0.2
            return Item(x.name, f, among=among)
        inner = self._item(x.of)
        if among:
            raise LookupError("a condition within what is computed")
        if isinstance(x.of, Span):
            return replace(inner, aggregate=x.name)
        return Item(x.name, of=inner)

    def _span(self, x: Span) -> Item:
        if x.start is None or x.end is None:
            raise LookupError("times between what is not said")
        start, end = (self.choose.field(m, self.base, lambda f: f.role == "date") for m in (x.start, x.end))
        part = {"day": "days" if start.timed or end.timed else "", "hour": "hours", "minute": "minutes"}.get(x.unit)
        if part is None:
            raise LookupError(f"no time in {x.unit}")
        return Item(field=start, until=end, part=part)

    def _arith(self, x: Arith) -> Item:
        one, other = self._item(x.one), self._item(x.other)
        simple = one.by is None and one.factor == 1.0 and not one.number
        first = one if simple else Item(of=one)
        second = other if other.by is None else Item(of=other)
        if x.operator == "growth":
            return replace(first, by=("growth", second), factor=x.factor)
        return replace(first, by=(x.operator, second), factor=x.factor)  # type: ignore[arg-type]

    # --------------------------------------------------------------------------------------------- what is shown

    def _select(self, ask: Ask) -> tuple[Item, ...]:
        if any(isinstance(x, That) for x in ask.shown):
            raise LookupError("a figure that was not spoken of")
        shown = tuple(item for x in ask.shown for item in self._shown(x))
        if ask.percent:
            shown = tuple(replace(i, factor=100.0) if i.by is not None and i.factor == 1.0 else i for i in shown)
        if self.group:
            shown = self._of_groups(ask, shown)
        elif not shown:
            called = self.schema.called(self.base)
            key = self.schema.key(self.base)
            if not called and any(f.role == "text" for f in self.schema.tables[self.base]):
                self.choose.cost += DOUBT  # what are these rows called?
            shown = tuple(Item(field=f) for f in called) or ((Item(field=key),) if key else ())
        if not shown:
            raise LookupError("nothing to show")
        if len(set(shown)) < len(shown):
            raise LookupError("the same twice")
        plain = [i for i in shown if not i.figure]
        if not self.group and plain and len(plain) < len(shown):
            raise LookupError("figures beside columns without groups")
        return shown

    def _shown(self, x: Any) -> tuple[Item, ...]:
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
        return (self._item(x),)

    def _of_groups(self, ask: Ask, shown: tuple[Item, ...]) -> tuple[Item, ...]:
        """What is shown of groups: their names, then figures; or what was told, where it belongs to groups."""
        labels = tuple(i for i in self.group if i.field and (i.field.role != "key" or i.part)) or self.group
        if ask.bars and not shown:
            return labels
        if ask.limit is not None and not shown:
            extra = tuple(self._item(o.what) for o in ask.best) if (ask.limit or 0) > 1 else ()
            return (*labels, *extra)
        plain = tuple(i for i in shown if not i.figure)
        keys = {i.field.table for i in self.group if i.field is not None and i.field.role == "key"}
        further = tuple(i for i in plain if i not in self.group)
        if any(i.field is None or (i.field.table not in keys and not i.part) for i in further):
            raise LookupError("a column that groups do not have")
        self.group = tuple(dict.fromkeys((*self.group, *further)))
        return shown if ask.measured else (*(i for i in labels if i not in shown), *shown)

    def _repeats(self, select: tuple[Item, ...]) -> bool:
        """Whether a list would have rows twice: a column of categories, or of a table of which there are many."""
        plain = [i.field for i in select if i.field is not None]
        if any(self.choose.many(self.base, f.table) for f in plain):
            return True
        own = {self.schema.key(self.base), self.schema.label(self.base)}
        return bool(plain) and all(f.role == "text" and f not in own for f in plain)

    def _rounded(self, ask: Ask, select: tuple[Item, ...]) -> tuple[Item, ...]:
        if ask.digits is None:
            return select
        able = [i for i in select if i.aggregate in ("AVG", "SUM") or i.by is not None or i.factor != 1.0]
        able = able or [i for i in select if i.field is not None and i.field.role == "number" and i.aggregate != "COUNT"]
        if not able:
            raise LookupError("nothing to round")
        return tuple(replace(i, digits=ask.digits) if i in able else i for i in select)

    # -------------------------------------------------------------------------------------------------- orders

    def _key(self, o: Order, select: tuple[Item, ...]) -> Key:
        item = self._ordered_by(o, select)
        age = o.adjective == "dated" and item.field is not None and "age" in item.field.words
        return Key(item, bool(o.descending) is not age)

    def _ordered_by(self, o: Order, select: tuple[Item, ...]) -> Item:
        figures = [i for i in select if i.figure]
        if isinstance(o.what, That) or o.adjective == "figure":
            numbers = figures or [i for i in select if i.field is not None and i.field.role in ("number", "date")]
            if len(numbers) != 1:
                self.choose.cost += DOUBT if not numbers else 1.0
            if not numbers:
                raise LookupError("no figure to order by")
            return numbers[-1]
        if o.adjective == "date":
            births = [f for f in self.schema.tables[self.base] if {"birth", "age", "born", "birthday"} & set(f.words)]
            dated = [i for i in (*select, *self.group) if i.field is not None and (i.part or self.choose.holds_dates(i.field))]
            return dated[0] if dated else Item(field=self.choose.dated(self.base, False))
        if o.adjective == "name":
            texts = [i for i in select if i.field is not None and i.field.role in ("label", "text") and not i.figure]
            if not texts:
                raise LookupError("no names to order by")
            return texts[0]
        if o.what is None:
            return figures[0] if len(figures) == 1 else Item(field=self.choose.by_adjective(o.adjective, self.base))
        if isinstance(o.what, Mention):
            return self._by_column(o.what, select, figures)
        item = self._item(o.what)
        if self.group and not item.figure and item not in self.group:
            raise LookupError("an order by what groups do not have")
        return item

    def _by_column(self, what: Mention, select: tuple[Item, ...], figures: list[Item]) -> Item:
        named = {f for f, cost in what.fields if cost <= what.fields[0][1] + 0.3}
        same = [i for i in (*select, *self.group) if i.field in named]
        if same:
            return same[0]
        item = Item(field=self.choose.field(what, self.base))
        assert item.field is not None
        if not self.group and self.choose.many(self.base, item.field.table):
            raise LookupError("an order by what a row has many of")
        keys = {i.field.table for i in self.group if i.field is not None and i.field.role == "key"}
        if self.group and item not in self.group and item.field.table not in keys:
            raise LookupError("an order by what groups do not have")
        if self.group and item not in self.group:
            self.group = (*self.group, item)
        return item

    # --------------------------------------------------------------------------------------------------- zeros

    def _with_zeros(self, ask: Ask, leaves: list[Any], where: Where) -> Sketch:
        """Groups that nothing belongs to, with a count of 0."""
        group = ask.groups[0] if len(ask.groups) == 1 else None
        figures = [x for x in ask.shown if isinstance(x, _FIGURES)]
        if not isinstance(group, TableName) or len(figures) != 1 or not isinstance(figures[0], Count | Agg) or where.related:
            raise LookupError("zeros of several figures")
        table, figure = self.choose.table(group), figures[0]
        key = self.schema.key(self.base)
        own = [c for c in where.plain if c.field.table == table]
        theirs = tuple(c for c in where.plain if c.field.table != table)
        if isinstance(figure, Count):
            counted = self._count(figure)
            f = counted.field or key
            if f is None:
                raise LookupError("rows that cannot be counted")
            item = Item("COUNT", f, distinct=counted.distinct, among=theirs)
        else:
            item = replace(self._agg(figure), among=theirs, filled=figure.name == "SUM")
        told = [self._item(x) for x in ask.shown if isinstance(x, Mention | TableName)] if ask.measured else []
        labels = tuple(i for i in self.group if i.field and i.field.role != "key") or self.group
        select = self._rounded(ask, (*(told or labels), item))
        order = tuple(self._key(o, select) for o in ask.orders)
        kept = tuple(dict.fromkeys((*self.group, *told)))
        return Sketch(table, select, tuple(own), group=kept, order=order, outer=True)
