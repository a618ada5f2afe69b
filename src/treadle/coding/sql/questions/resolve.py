"""A question whose words may name several things, as the sketch of one statement."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from treadle.coding.sql.questions.choosing import DOUBT
from treadle.coding.sql.questions.ordering import Ordering
from treadle.coding.sql.questions.tree import (
    Agg,
    Arith,
    Ask,
    Conds,
    Count,
    Dated,
    Figure,
    Is,
    Mention,
    Missing,
    Named,
    Part,
    Share,
    TableName,
    That,
    leaves_of,
    mentions_of,
)
from treadle.coding.sql.questions.where import Where, conditions_of
from treadle.coding.sql.reading.schema import Schema
from treadle.coding.sql.reading.sketch import Bar, Condition, Item, Related, Sketch, identity_of, usual_order

__all__ = ["resolved"]

OTHERS = 0.1
"""A table that is named so well is called so; another one that shares a word is hardly meant."""


def resolved(ask: Ask, schema: Schema) -> tuple[Sketch, float]:
    """The sketch of the statement that answers, and what its choices cost.

    Raises:
        LookupError: nothing in the schema fits.
    """
    if (apart := _of_two_tables(ask, schema)) is not None:
        return apart
    best: tuple[Sketch, float] | None = None
    trouble: LookupError | None = None
    for base in _bases(ask, schema):
        resolver = _Resolver(base, schema)
        try:
            sketch = resolver.sketch(ask)
        except LookupError as error:
            trouble = error
            continue
        if best is None or resolver.choose.cost < best[1]:
            best = sketch, resolver.choose.cost
    if best is None:
        raise trouble or LookupError("no rows are spoken of")
    return best


def _of_two_tables(ask: Ask, schema: Schema) -> tuple[Sketch, float] | None:
    """Numbers of rows of two tables beside each other, each by a statement of its own."""
    x = ask.shown[0] if len(ask.shown) == 1 else None
    if (
        ask.groups
        or ask.best
        or ask.bars
        or not isinstance(x, Arith)
        or not (isinstance(x.one, Count) and isinstance(x.other, Count))
    ):
        return None
    if x.one.rows.table is None or x.other.rows.table is None or x.one.rows.table == x.other.rows.table:
        return None
    if ask.rows is not None or ask.digits is not None or ask.percent or x.operator not in ("/", "-"):
        raise LookupError("more than two numbers of rows")
    (one, first), (other, second) = (resolved(Ask(None, (side,)), schema) for side in (x.one, x.other))
    item = Item(query=one, by=(x.operator, Item(query=other)), factor=x.factor)
    return Sketch("", (item,)), first + second


def _bases(ask: Ask, schema: Schema) -> Iterator[str]:
    """The tables whose rows may be counted, averaged or listed."""
    figures = _leaves(ask)
    found: dict[str, None] = {}
    for figure in figures:
        rows, of = figure.rows, figure.of
        if rows.table is not None:
            found |= dict.fromkeys(t for t, _ in rows.table.tables[:2])
        elif isinstance(of, TableName):
            found |= dict.fromkeys(t for t, _ in of.tables[:2])
        for mention in mentions_of(of):
            found |= dict.fromkeys(f.table for f, _ in mention.fields)
    if not figures and ask.rows is not None and ask.rows.table is not None:
        found |= dict.fromkeys(t for t, _ in ask.rows.table.tables[:2])
    if not found:
        for shown in (*ask.shown, *ask.groups):
            for mention in mentions_of(shown):
                found |= dict.fromkeys(f.table for f, _ in mention.fields)
            if isinstance(shown, TableName):
                found |= dict.fromkeys(t for t, _ in shown.tables[:2])
    found |= dict.fromkeys(between for base in list(found)[:3] for between in _links(ask, base, schema) if figures)
    yield from list(found)[:6]


def _links(ask: Ask, base: str, schema: Schema) -> Iterator[str]:
    """Tables of links between what is counted and the table that it is grouped by."""
    for group in ask.groups:
        ends = (
            [t for t, _ in group.tables[:1]]
            if isinstance(group, TableName)
            else [m.fields[0][0].table for m in mentions_of(group)]
        )
        for end in ends:
            way = schema.path(base, end) or ()
            many = [step.right for step in way if step not in schema.joins]
            yield from many[-1:]


def _said_last(x: Any) -> bool:
    return isinstance(x.rows.conds[-1], Dated | Is)


def _is_there(c: Any) -> bool:
    return isinstance(c, Missing) and not c.missing and not c.verb and c.of.fields[0][0].role == "text"


def _leaves(ask: Ask) -> list[Any]:
    ordered = [*(o.what for o in ask.best), *(figure for figure, _, _ in ask.bars)]
    return [leaf for shown in (*ask.shown, *ordered) for leaf in leaves_of(shown)]


class _Resolver(Ordering):
    # ------------------------------------------------------------------------------------------------- parts

    def sketch(self, ask: Ask) -> Sketch:
        leaves = _leaves(ask)
        if ask.rows is not None and ask.rows.table is not None and not leaves:
            tables = ask.rows.table.tables
            self.choose.cost += next((cost for t, cost in tables if t == self.base), DOUBT)
            if self.base != tables[0][0] and tables[0][1] < OTHERS:
                self.choose.cost += DOUBT
        if ask.shown and ask.rows is not None and any(_is_there(c) for c in ask.rows.conds):
            self.choose.cost += DOUBT  # 'names of ships, with the port': is it shown as well?
        if any(isinstance(o.what, Figure) for o in ask.best) and ask.rows is not None:
            ask = self._best_group(ask)
        self.group = self._groups(ask)
        common = self._common(leaves)
        where = conditions_of((*common, *(ask.rows.conds if ask.rows else ())), self.base, self.choose)
        self._others(leaves, common)
        where.plain += self._passing(ask)
        self._in_role(where)
        if ask.zeros and not ask.bars:
            return self._with_zeros(ask, where)
        select = self._select(ask)
        if any(isinstance(o.what, Count) and not o.descending for o in ask.best):
            self.choose.cost += DOUBT  # those with none are the fewest
        if len(leaves) > 1 and any(len(x.rows.conds) > len(leaves[0].rows.conds) and _said_last(x) for x in leaves[1:]):
            self.choose.cost += DOUBT  # is it said of the first as well?
        keys = tuple(self.key(o, select) for o in ask.best)
        orders = tuple(self.key(o, select) for o in ask.orders) if ask.limit is None else keys
        if ask.limit is not None and ask.orders:
            orders = (*keys, *(k for o in ask.orders if (k := self.key(o, select)).item not in [b.item for b in keys]))
        conditions = list(where.plain)
        for key in keys:
            f = key.item.field
            if f is not None and not key.item.figure and not key.descending:
                conditions.append(Condition(f, "IS NOT NULL"))
        if ask.bars or ask.best:
            named = [i.field for i in self.group if i.field is not None and not i.part]
            keyed = {f.table for f in named if f == self.schema.key(f.table)}
            conditions += [Condition(f, "IS NOT NULL") for f in named if f.table not in keyed]
        if not self.group and not any(i.figure for i in select) and any(k.item.figure for k in orders):
            raise LookupError("an order by figures of a list")
        distinct = ask.distinct or bool(ask.rows and ask.rows.distinct) or self._repeats(select)
        if not orders and self.group and ask.limit is None:
            orders = usual_order(self.group, select)
        return Sketch(
            self.base,
            self._rounded(ask, select),
            tuple(dict.fromkeys(conditions)),
            group=self.group,
            having=tuple(Bar(self.item(x), operator, value) for x, operator, value in ask.bars),
            order=orders,
            limit=ask.limit,
            distinct=distinct and not self.group and not any(i.figure for i in select),
            related=tuple(where.related),
        )

    def _in_role(self, where: Where) -> None:
        """Rows in a role are those that something points to."""
        if self.base in self.schema.roles:
            owner = self.schema.roles[self.base][1].left
            if any(r.table == owner and r.lacks for r in where.related):
                raise LookupError("rows in a role that nothing points to")
            if not any(r.table == owner for r in where.related):
                where.related.append(Related(owner))

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
                if not self.schema.called(table) and any(f.role == "key" for f in self.schema.tables[table][1:]):
                    self.choose.cost += DOUBT  # rows that link others have no name
                found += self._told_apart(table)
            elif isinstance(group, Part):
                found.append(self.part(group))
            else:
                f = self._told(group)
                if f.role == "number" and f.name.lower().endswith("s") and not f.holds_dates:
                    self.choose.cost += DOUBT  # 'the rent per room' is a quotient
                found.append(Item(field=f))
        return tuple(dict.fromkeys(found))

    def _told_apart(self, table: str) -> tuple[Item, ...]:
        """What tells rows of a table apart: by the rows' own column, where that is all that is shown of it."""
        way, found = self.choose.way(self.base, table), identity_of(table, self.schema)
        own = found[0].field if len(found) == 1 and len(way) == 1 and way[0] in self.schema.joins else None
        if own is not None and own.name == way[0].right_column:
            return (Item(field=self.schema.column(self.base, way[0].left_column)),)
        return found

    def _passing(self, ask: Ask) -> list[Condition]:
        """What the table that is grouped by has to fulfil."""
        if not ask.passing:
            return []
        named = next(g for g in ask.groups if isinstance(g, TableName))
        table = self.choose.table(named)
        where = conditions_of(ask.passing, table, self.choose)
        if where.related:
            self.choose.cost += DOUBT  # is it said of the group, or of what is counted?
        key = self.schema.key(table) or self.schema.label(table)
        if where.related and key is not None:
            query = Sketch(table, (Item(field=key),), related=tuple(where.related))
            return [*where.plain, Condition(key, "IN", query=query)]
        return where.plain

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
            self.extra[leaf.rows.conds] = self.plain(own)

    # --------------------------------------------------------------------------------------------- what is shown

    def _select(self, ask: Ask) -> tuple[Item, ...]:
        if any(isinstance(x, That) for x in ask.shown):
            raise LookupError("a figure that was not spoken of")
        shown = tuple(item for x in ask.shown for item in self.shown(x))
        if ask.filled:
            shown = tuple(replace(i, filled=i.aggregate in ("AVG", "SUM")) for i in shown)
            if not any(i.filled for i in shown):
                raise LookupError("nothing that could be missing")
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
            if (ask.limit or 0) > 1 and shown:  # of a list what it is ordered by as well
                measures = (self._ordered_by(o, shown) for o in ask.best)
                shown = (*shown, *(i for i in measures if i not in shown))
        if not shown:
            raise LookupError("nothing to show")
        if len(set(shown)) < len(shown):
            raise LookupError("the same twice")
        plain = [i for i in shown if not i.figure]
        if (
            ask.limit is not None
            and not self.group
            and any(i.field and self.choose.many(self.base, i.field.table) for i in plain)
        ):
            raise LookupError("several of these to a row")
        if not self.group and plain and len(plain) < len(shown):
            raise LookupError("figures beside columns without groups")
        return shown

    def _of_groups(self, ask: Ask, shown: tuple[Item, ...]) -> tuple[Item, ...]:
        """What is shown of groups: their names, then figures; or what was told, where it belongs to groups."""
        labels = tuple(i for i in self.group if i.field and (i.field.role != "key" or i.part)) or self.group
        if ask.bars and not shown:
            return labels
        if ask.limit is not None and not shown:
            extra = tuple(self.item(o.what) for o in ask.best) if (ask.limit or 0) > 1 else ()
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

    # --------------------------------------------------------------------------------------------------- zeros

    def _with_zeros(self, ask: Ask, where: Where) -> Sketch:
        """Groups that nothing belongs to, with a count of 0."""
        group = ask.groups[0] if len(ask.groups) == 1 else None
        figures = [x for x in ask.shown if isinstance(x, Figure)]
        if not isinstance(group, TableName) or len(figures) != 1 or not isinstance(figures[0], Count | Agg) or where.related:
            raise LookupError("zeros of several figures")
        table, figure = self.choose.table(group), figures[0]
        key = self.schema.key(self.base)
        own = [c for c in where.plain if c.field.table == table]
        theirs = tuple(c for c in where.plain if c.field.table != table)
        if isinstance(figure, Count):
            counted = self.count(figure)
            f = counted.field or key
            if f is None:
                raise LookupError("rows that cannot be counted")
            item = Item("COUNT", f, distinct=counted.distinct, among=theirs)
        else:
            item = replace(self.agg(figure), among=theirs, filled=figure.name == "SUM")
        told = [i for x in ask.shown if isinstance(x, Mention | TableName | Named) for i in self.shown(x)]
        labels = tuple(i for i in self.group if i.field and i.field.role != "key") or self.group
        select = self._rounded(ask, (*(told or labels), item))
        order = tuple(self.key(o, select) for o in ask.orders) or usual_order(self.group, select)
        kept = tuple(dict.fromkeys((*self.group, *told)))
        return Sketch(table, select, tuple(own), group=kept, order=order, outer=True)
