"""Readings with groups: a figure for each, groups with a condition on their number of rows or on an aggregate."""

from __future__ import annotations

import re
from dataclasses import replace

from treadle.coding.sql.reading.extremes import LATE, ExtremeReader
from treadle.coding.sql.reading.inflection import stem
from treadle.coding.sql.reading.reader import NAMED
from treadle.coding.sql.reading.sketch import Bar, Condition, Item, Sketch, shown_of
from treadle.coding.sql.reading.unread import SPOKEN_UNITS

__all__ = ["GroupReader"]


_COUNTED = re.compile(r"\b(?:how many|number of)\s+(?:different\s+)?", re.IGNORECASE)


class GroupReader(ExtremeReader):
    """Reads 'for each', 'per', 'with more than two'."""

    def _having_of(self, base: str, conditions: tuple[Condition, ...]) -> Sketch | None:
        """'Countries where the average score is above 70': groups with a condition on an aggregate."""
        name = "AVG" if self.cues.average is not None else "SUM" if self.cues.total is not None else ""
        if not name or self.cues.count is not None or self.cues.than_average:
            return None
        for c in conditions:
            if c.field.role != "number" or c.kind != "plain" or c.operator not in (">", "<", ">=", "<=") or c.either:
                continue
            head = [
                f
                for f in self.links.best(lambda f: f.role == "text")
                if self.place(f) < self.place(c.field) and self.links.fields[f] >= 0.7
            ]
            group = (Item(field=head[0]),) if head else self.identity(base) if base != c.field.table else ()
            if not group or group[0].field is None or self.schema.path(c.field.table, group[0].field.table) is None:
                return None
            shown = list(shown_of(group))
            item = Item(name, c.field)
            if re.search(
                r"\b(?:and|with) (?:its|their|the|that)\b|:\s", self.text[self.text.find(c.value) :], re.IGNORECASE
            ):
                shown.append(item)
            rest = tuple(o for o in conditions if o != c)
            return Sketch(c.field.table, tuple(shown), rest, group=group, having=(Bar(item, c.operator, c.value),))
        return None

    def _grouped(self, base: str, conditions: tuple[Condition, ...]) -> Sketch | None:
        group = self.grouping(base)
        if not group or group[0].field is None or self._told_rows(base, group):
            return None
        shown = shown_of(group)
        item = self._aggregate(base, group)
        own = item.field is not None and group[0].field.table == item.field.table
        if item.until is not None and not item.aggregate and own:
            return Sketch(base, (*shown, item), conditions)  # the days of every row
        if item.field is None and self.cues.count is None and self.cues.total is None and self.cues.average is None:
            return None  # 'show each title' asks for no groups
        if item.field is None and group[0].field.table == base and len(group) > 1:
            other = self._other_table(base)
            if other is None:
                return None
            base = other
        elif item.field is not None:
            base = self._home(base, item)
        elif (counted := self._told_to_count(base, group[0].field.table)) is not None:
            base = counted
        by_row = any(i.field and i.field.role == "key" and i.field.table == base for i in group)
        if item.field is not None and by_row and item.field.table == base:
            return None  # 'rain per reading': a mean over readings, not a group for each
        start, key = group[0].field.table, self.schema.key(base)
        if item == Item() and key is not None and start != base:
            if self.clauses.none_too:
                return Sketch(start, (*shown, Item("COUNT", key)), conditions, group=group, outer=True)
            if len(self.schema.path(base, start) or ()) > 1 and self.is_many(base, start):
                item = Item("COUNT", key, distinct=True)  # 'patients of each doctor', who see each other more than once
        return Sketch(base, (*shown, item), conditions, group=group)

    def _told_to_count(self, base: str, grouped: str) -> str | None:
        """'For each kind of landlord, how many buildings': the rows that are counted, if not those first named."""
        said = _COUNTED.search(self.text)
        table = next(iter(self.tables_after(said.end(), 2)), None) if said is not None else None
        return table if table not in (None, base) and self.schema.path(table or "", grouped) else None

    def _told_rows(self, base: str, group: tuple[Item, ...]) -> bool:
        """'The GDP for every year; show year and GDP': rows are listed, no figure of groups is asked for."""
        cues = self.cues
        if cues.count is not None or cues.average is not None or cues.total is not None or cues.superlative is not None:
            return False
        told = self.told(base)
        return told is not None and not any(p.that or p.item.figure for p in told) and any(p.item in group for p in told)

    def _other_table(self, base: str) -> str | None:
        """The table whose rows are counted for each row of ``base``."""
        named = [t for t, s in self.links.tables.items() if t != base and s >= NAMED and self.schema.path(base, t)]
        return min(named, key=self.place, default=None)

    def _aggregate(self, base: str, group: tuple[Item, ...]) -> Item:
        grouped = {i.field for i in group}
        if (amount := self._amount(base)) is not None:
            return amount
        if (when := self._when(base)) is not None:
            return when
        superlative = self.cues.superlative
        places = [("AVG", self.cues.average), ("SUM", self.cues.total)]
        if superlative is not None:
            places.append(("MAX" if superlative[2] else "MIN", superlative[0]))
        for name, place in places:
            if place is not None and (item := self.measure(base, place)) is not None and item.field not in grouped:
                return replace(item, aggregate=name)
        if self.cues.count is None and (item := self.measure(base, None)) is not None and item.field not in grouped:
            return item if item.until is not None else replace(item, aggregate="AVG")
        return Item()

    def _amount(self, base: str) -> Item | None:
        """'How many kilos were harvested': the only number of the tables spoken of in that unit, added up."""
        match = re.search(r"\bhow many\s+(\w+)\b", self.text, re.IGNORECASE)
        if match is None:
            return None
        said = stem(match[1])
        numbers = [f for f in self.schema.fields if f.role == "number" and f.unit and self.reaches(base, f)]
        found = [f for f in numbers if said in {stem(w) for w in (f.unit, *SPOKEN_UNITS.get(f.unit.lower(), "").split())}]
        spoken = [f for f in found if f.table == base or self.links.tables[f.table] >= NAMED] or found
        return Item("SUM", spoken[0]) if len(spoken) == 1 else None

    def _when(self, base: str) -> Item | None:
        """'When did each member submit their first rating?': the earliest or latest date of the rows named after it."""
        if self.cues.superlative is None or not self.cues.dated or not re.match(r"\s*when\b", self.text, re.IGNORECASE):
            return None
        place, word, _ = self.cues.superlative
        table = next(iter(self.tables_after(place, 25)), base)
        dates = [f for f in self.schema.tables[table] if f.role == "date"]
        return Item("MAX" if word in LATE else "MIN", dates[0]) if dates else None

    def _having(self, base: str, conditions: tuple[Condition, ...]) -> Sketch | None:
        """'Which regions have more than two stations?': groups with a condition on the number of their rows."""
        for bound in self.cues.bounds:
            table = self.counts_rows(bound)
            if table is None or "." in bound.value or " " in bound.value or self.field_after(bound, base):
                continue
            named = [f for f in self.named_fields("text", "label", "date") if self.place(f) < bound.start]
            others = [t for t, s in self.links.tables.items() if t != table and s >= NAMED and self.place(t) < bound.start]
            group = self._owners(table, others) or tuple(Item(field=f) for f in named[:1])
            if not group or group[0].field is None or self.schema.path(table, group[0].field.table) is None:
                continue
            shown = list(shown_of(group))
            home, item = self.between(table, group[0].field.table), Item()
            key = self.schema.key(table) or self.schema.label(table)
            if not self.is_many(group[0].field.table, table) and key is not None:
                home, item = group[0].field.table, Item("COUNT", key, distinct=True)
            if re.search(
                r"\b(?:and|with)\s+(?:the\s+|its\s+|their\s+|(?:on|in|for|of|at)\s+)?(?:number|count|how many)\b",
                self.text,
                re.IGNORECASE,
            ):
                shown = [*shown, item]
            sketch = Sketch(home, tuple(shown), conditions, group=group, having=(Bar(item, bound.operator, bound.value),))
            return self._number_of(sketch) if self.cues.count == self._first_word() else sketch
        return None

    def _owners(self, counted: str, named: list[str]) -> tuple[Item, ...]:
        """Those whose rows of ``counted`` are counted: of a table that is named, or of 'who' the people they belong to."""
        if named:
            return self.identity(min(named, key=lambda t: (self.place(t), -self.links.tables[t])))
        return self.people_of(counted) if re.match(r"\s*who\b", self.text, re.IGNORECASE) else ()

    def _first_word(self) -> int:
        return len(self.text) - len(self.text.lstrip())

    def _number_of(self, sketch: Sketch) -> Sketch | None:
        """'How many stations have at least two sensors?': the rows whose key is among the groups."""
        key = sketch.group[0]
        if key.field is None or key.field.role != "key" or key.part:
            return None
        found = replace(sketch, select=(key,), group=(key,))
        return Sketch(key.field.table, (Item(),), (Condition(key.field, "IN", query=found),))
