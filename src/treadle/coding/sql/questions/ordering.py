"""What rows are ordered by."""

from __future__ import annotations

from treadle.coding.sql.questions.choosing import DOUBT
from treadle.coding.sql.questions.items import Items
from treadle.coding.sql.questions.tree import Mention, Order, That
from treadle.coding.sql.reading.sketch import Item, Key

__all__ = ["Ordering"]


class Ordering(Items):
    """Finds the keys of orders."""

    def key(self, o: Order, select: tuple[Item, ...]) -> Key:
        item = self._ordered_by(o, select)
        age = o.adjective in ("dated", "age") and item.field is not None and "age" in item.field.words
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
        if o.adjective == "age":
            return self._by_age()
        if o.adjective == "date":
            dated = [i for i in (*select, *self.group) if i.field is not None and (i.part or i.field.holds_dates)]
            return dated[0] if dated else Item(field=self.choose.dated(self.base, False))
        if o.adjective == "name":
            texts = [i for i in select if i.field is not None and i.field.role in ("label", "text") and not i.figure]
            if not texts:
                raise LookupError("no names to order by")
            return texts[0]
        if o.what is None:
            return figures[0] if len(figures) == 1 else Item(field=self.choose.by_adjective(o.adjective, self.base))
        if isinstance(o.what, Mention):
            return self._by_column(o.what, select)
        item = self.item(o.what)
        if self.group and not item.figure and item not in self.group:
            raise LookupError("an order by what groups do not have")
        return item

    def _by_age(self) -> Item:
        """What 'oldest' and 'youngest' are said of: a day of birth or an age, else any date of the rows."""
        births = [f for f in self.schema.tables[self.base] if {"birth", "age", "born", "birthday"} & set(f.words)]
        if len(births) != 1:
            self.choose.cost += DOUBT
        return Item(field=births[0] if len(births) == 1 else self.choose.dated(self.base, False))

    def _by_column(self, what: Mention, select: tuple[Item, ...]) -> Item:
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
