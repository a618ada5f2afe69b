"""Readings with an extreme: the largest value, the row that has it, the group with most rows, the best of each group."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from treadle.coding.sql.reading.reader import NAMED
from treadle.coding.sql.reading.schema import Field, stem
from treadle.coding.sql.reading.sketch import Condition, Item, Key, Sketch
from treadle.coding.sql.reading.sorting import OrderReader
from treadle.words import name_parts

__all__ = ["ExtremeReader"]


class ExtremeReader(OrderReader):
    """Reads 'the highest', 'most often', 'the best of each'."""

    def _extreme(self, base: str, conditions: tuple[Condition, ...]) -> Sketch | None:
        if self.cues.often is not None and (plays := self._played(base)) is not None:
            return Sketch(base, self.shown(base), conditions, order=(Key(Item(field=plays), self.cues.often[1]),), limit=1)
        if self.cues.often is not None:
            return self._most_rows(base, conditions, *self.cues.often)
        if self.cues.superlative is None:
            return None
        place, word, high = self.cues.superlative
        if word in ("most", "fewest", "least") and self.tables_after(place, len(word) + 2):
            return self._most_rows(base, conditions, place, high)
        item = self._measured(base, place, word) or (self._dated_item(base) if self.cues.dated else None)
        item = item or self.measure(base, max(0, place - 1))
        if item is None or item.field is None or self.grouping(base):
            return None
        if self.cues.dated and self.holds_dates(item.field):
            high = word in ("youngest", "latest", "newest", "last")
        return self._extreme_of(base, conditions, item, high, word)

    def _measured(self, base: str, place: int, word: str) -> Item | None:
        """What an extreme is of: 'the highest total trade value', 'the most valuable flow', 'the cheapest drug'."""
        after = re.findall(r"[\w'-]+", re.split(r"[.?!,;:]", self.text[place + len(word) :])[0])
        after = [
            w
            for w in after[:5]
            if w.lower() not in ("total", "average", "mean", "overall", "number", "of", "amount", "recorded")
        ]
        numbers: Callable[[Field], bool] = lambda f: f.role == "number" and f not in self.used  # noqa: E731
        for count in range(min(3, len(after)), 0, -1):
            phrase = " ".join(after[:count])
            if (f := self.field_named(phrase, base, numbers, least=0.8)) is not None and not self.table_named(phrase, base):
                return Item(field=f)
        if word in ("most", "least", "fewest") or self.cues.dated:
            return None
        f = self.field_named(word, base, lambda f: f.role == "number" and f.table == base)
        return Item(field=f) if f is not None and not self.cues.duration else None

    def _extreme_of(self, base: str, conditions: tuple[Condition, ...], item: Item, high: bool, word: str) -> Sketch | None:
        assert item.field is not None
        limit = self.cues.limit or 1
        if (
            limit == 1
            and self.holds_dates(item.field)
            and re.match(r"\s*(?:when|on\s+(?:what|which)\s+(?:date|day))\b", self.text, re.I)
        ):
            late = self.cues.superlative is not None and self.cues.superlative[1] in ("youngest", "latest", "newest", "last")
            return Sketch(self._home(base, item), (replace(item, aggregate="MAX" if late else "MIN"),), conditions)
        summed = "SUM" if self.cues.total is not None else "AVG" if self.cues.average is not None else ""
        head = self._head_field(base, item.field)
        if head is not None and not (summed or word == "most"):
            summed = ""
            head = None
        if summed or head is not None:
            group = (Item(field=head),) if head is not None else self.identity(base)
            if head is not None or base != item.field.table:
                order = replace(item, aggregate=summed or "SUM")
                shown = tuple(i for i in group if i.field and i.field.role != "key") or group
                home = item.field.table
                return Sketch(home, shown, conditions, group=group, order=(Key(order, high),), limit=limit)
        named = re.search(r"\b(which|who|whose|names?|titles?|list|show|give|return|where)\b", self.text, re.IGNORECASE)
        asks_row = named is not None or not self.exact_places(item.field)  # 'the heaviest baryon' is a baryon, no mass
        if not asks_row and not self.cues.limit and self.cues.rank > 1 and not self._asks_other(base, item.field):
            return Sketch(self._home(base, item), (item,), conditions, order=(Key(item, high),), limit=1, distinct=True)
        if not asks_row and not self.cues.limit and not self._asks_other(base, item.field):
            return Sketch(self._home(base, item), (replace(item, aggregate="MAX" if high else "MIN"),), conditions)
        shown = self.shown(base, but=lambda f: f == item.field and not self._asked(f))
        return Sketch(self._home(base, item), shown, conditions, order=(Key(item, high),), limit=limit)

    def _asked(self, f: Field) -> bool:
        """Whether the measure itself is to be shown: named after 'give', or joined by 'and'."""
        superlative = self.cues.superlative[0] if self.cues.superlative else 0
        places = self.exact_places(f)
        named_before = any(p < superlative for p in places)
        after_show = [
            m.start()
            for m in re.finditer(r"\b(?:give|show|return|list|display|report)\b", self.text.lower())
            if m.start() > superlative
        ]
        return named_before or (bool(after_show) and any(p > after_show[0] for p in places))

    def _head_field(self, base: str, measure: Field) -> Field | None:
        """'Which genre has ...': a category of the base named right after the question word."""
        match = re.match(r"\s*(?:in |on |at )?(?:which|what)\s+(\w+)", self.text, re.IGNORECASE)
        said = stem(match[1]) if match else ""
        if not said or any(said == stem(name_parts(t)[-1]) for t in self.schema.tables):
            return None
        found = [
            f for f in self.schema.fields if said == stem(f.words[-1] if f.words else f.name) and f.role in ("text", "date")
        ]
        found = [f for f in found if self.reaches(base, f) and f != measure]
        return min(found, key=lambda f: self.near(base, f.table), default=None)

    def _asks_other(self, base: str, measure: Field) -> bool:
        """Whether something else than the measure is asked for: 'what is the day of the highest temperature'."""
        return any(
            f != measure and f.role in ("label", "text", "date")
            for i in self.shown(base)
            if (f := i.field) is not None and f not in self.used and self.exact_places(f)
        )

    def _most_rows(self, base: str, conditions: tuple[Condition, ...], place: int, high: bool) -> Sketch | None:
        """The group with most rows: 'who scored the most goals', 'which was loaned most often', 'the most common genre'."""
        counted = next(iter(self.tables_after(place, 25)), None)
        fields = [f for f in self.named_fields("text") if self.reaches(base, f) and abs(self.place(f) - place) < 30]
        head = self._head_field(base, self.schema.tables[base][0]) or (fields[0] if fields and counted is None else None)
        others = [t for t, s in self.links.tables.items() if s >= NAMED and t != counted]
        group: tuple[Item, ...]
        if head is not None:
            group, home = (Item(field=head),), counted or base
        elif others:
            entity = min(others, key=self.place)
            linked = [t for t, s in self.links.tables.items() if t != entity and s >= NAMED]
            home = counted or next(iter(linked), None) or entity
            if counted is None and not linked:
                many = [j for j in self.schema.joins if j.right == entity]
                home = many[0].left if many else entity
            group = self.identity(entity)
        elif counted and re.match(r"\s*who\b", self.text, re.IGNORECASE):
            people = [j.right for j in self.schema.joins if j.left == counted and self.schema.label(j.right)]
            if not people:
                return None
            group, home = self.identity(people[-1]), counted
        else:
            return None
        if not group or any(i.field and not self.reaches(home, i.field) for i in group):
            return None
        shown = [i for i in group if i.field and i.field.role != "key"] or list(group)
        if re.search(r"\b(?:and|with)\s+(?:the\s+|its\s+|their\s+)?(?:number|count)\b", self.text, re.IGNORECASE):
            shown = [*shown, Item()]
        return Sketch(home, tuple(shown), conditions, group=group, order=(Key(Item(), high),), limit=self.cues.limit or 1)

    def _played(self, base: str) -> Field | None:
        """'played most often' where the rows have a number of plays."""
        numbers = [f for f in self.schema.tables[base] if f.role == "number" and len(f.words) == 1]
        return next((f for f in numbers if self.exact_places(f)), None)

    def _dated_item(self, base: str) -> Item | None:
        dates = [f for f in self.schema.tables[base] if self.holds_dates(f)]
        named = [f for f in self.named_fields("number") if f.table == base]
        return None if named or not dates else Item(field=dates[0])

    def _top_of_groups(self, base: str, conditions: tuple[Condition, ...]) -> Sketch | None:
        """'For each department, who is the best paid?': the rows whose value is the extreme of their group."""
        group = self.grouping(base)
        if not group or group[0].field is None or self.cues.superlative is None or self.cues.count is not None:
            return None
        item = self.measure(base, self.cues.superlative[0])
        if item is None or item.field is None or item.until is not None:
            return None
        home = item.field.table
        own = self.schema.label(home) or self.schema.key(home)
        asked = self.shown(home)
        told = self.told(home)
        if told is not None and any(p.that for p in told):
            asked = tuple(item if p.that else p.item for p in told if p.that or not p.item.figure)
        grouped = {item.field, *(i.field for i in group)}
        others = [i for i in asked if i.field and i.field not in grouped and i.field.role != "number"]
        if (group[0].field.table == home != base and not others) or not (others or any(i.field == own for i in asked)):
            return None
        key = group[0].field
        if key.table != home:
            way = self.schema.path(home, key.table)
            if not way or len(way) != 1:
                return None
            key = next(f for f in self.schema.tables[home] if f.name == way[0].left_column)
        aggregate = "MAX" if self.cues.superlative[2] else "MIN"
        top = Condition(item.field, "=", aggregate, kind="group", other=key)
        named = [i for i in group if i.field and i.field.role != "key"]
        return Sketch(home, tuple(dict.fromkeys((*named, *asked))), (*conditions, top))

    def _home(self, base: str, item: Item) -> str:
        assert item.field is not None
        return item.field.table if self.schema.path(item.field.table, base) is not None else base
