"""Readings of told lists with figures in them: 'Show name, number of runs and largest size, only with at least 3 runs.'"""

from __future__ import annotations

import re
from dataclasses import replace

from treadle.coding.sql.reading.cues import Bound
from treadle.coding.sql.reading.groups import GroupReader
from treadle.coding.sql.reading.phrases import Part
from treadle.coding.sql.reading.schema import Field
from treadle.coding.sql.reading.sketch import Bar, Condition, Item, Key, Sketch

__all__ = ["FigureReader"]


class FigureReader(GroupReader):
    """Reads several columns and figures of groups at once."""

    def _told_figures(self, base: str, conditions: tuple[Condition, ...]) -> Sketch | None:
        parts = self.told(base)
        if parts is None or any(p.that for p in parts):
            return None
        figures = [p for p in parts if p.item.figure]
        group = self._told_group(base, parts)
        if any(p.item.until for p in parts):
            return None if figures else Sketch(base, tuple(p.item for p in parts), conditions)
        if not figures or (len(parts) == 1 and not group):
            return None
        home = self._home_of(base, figures, group)
        if home is None or any(i.field is not None and not self.reaches(home, i.field) for i in group):
            return None
        bars, rest = self._bars(home, group, figures, conditions)
        outer = self.clauses.none_too and bool(group) and group[0].field is not None
        start = group[0].field.table if group and group[0].field is not None else base
        counted = {p.item: self._count(p, home, start, outer) for p in figures}
        select = tuple(counted.get(p.item, p.item) for p in parts)
        if outer and group[0].field is not None:
            home = group[0].field.table
        shown = {p.item.field for p in parts}
        named = tuple(i for i in group if i.field and i.field.role != "key" and i.field not in shown)
        lead = (named or group) if self.cues.group is not None and all(p.item.figure for p in parts) else ()
        sketch = Sketch(home, (*lead, *select), rest, group=group, having=bars, outer=outer)
        return self._limited(sketch)

    def _told_group(self, base: str, parts: tuple[Part, ...]) -> tuple[Item, ...]:
        """The plain columns told, with the key of a table whose rows they call; and what 'for each' names."""
        found: list[Item] = []
        for part in parts:
            f = part.item.field
            if part.item.figure or f is None:
                continue
            key = self.schema.key(f.table)
            if f == self.schema.label(f.table) and key is not None and Item(field=key) not in found:
                found.append(Item(field=key))
            found.append(part.item)
        tables = {i.field.table for i in found if i.field is not None and i.field.role == "key"}
        each = self.grouping(base)
        if not any(i.field is not None and i.field.table in tables for i in each):
            found += each
        return tuple(dict.fromkeys(found))

    def _home_of(self, base: str, figures: list[Part], group: tuple[Item, ...]) -> str | None:
        """The table whose rows are summed up: of those that figures name the one farthest from what is grouped by."""
        start = group[0].field.table if group and group[0].field is not None else base
        tables = [p.home(base) for p in figures]
        if any(self.schema.path(start, t) is None for t in tables):
            return None
        home = max((start, *dict.fromkeys(tables)), key=lambda t: self.near(start, t) if self.is_many(start, t) else 0)
        counted = any(p.table == home for p in figures)
        return self.between(home, start) if counted and len(set(tables)) == 1 and home != start else home

    def _count(self, part: Part, home: str, start: str, outer: bool) -> Item:
        """A number of rows: of those that are summed up, else of different ones that these belong to."""
        if not part.table or part.item.field is not None:
            return part.item
        key = self.schema.key(part.table) or self.schema.label(part.table)
        if part.table == home or key is None or self.between(part.table, start) == home:
            own = self.schema.key(home)
            return Item("COUNT", own) if outer and own is not None else Item()
        return Item("COUNT", key, distinct=True)

    def _bars(
        self, home: str, group: tuple[Item, ...], figures: list[Part], conditions: tuple[Condition, ...]
    ) -> tuple[tuple[Bar, ...], tuple[Condition, ...]]:
        """'only those with at least 3 runs': what groups must pass, and the conditions that remain."""
        bars: list[Bar] = []
        rest = list(conditions)
        for bound in self.cues.bounds:
            item = self._barred(bound, home, group, figures)
            if item is not None:
                bars.append(Bar(item, bound.operator, bound.value))
                rest = [c for c in rest if c.value != bound.value or c.operator != bound.operator]
        return tuple(bars), tuple(rest)

    def _barred(self, bound: Bound, home: str, group: tuple[Item, ...], figures: list[Part]) -> Item | None:
        table = self.counts_rows(bound)
        field = self.field_after(bound, home)
        if not group or bound.date or ("." in bound.value and table):
            return None
        if table is not None and field is None:
            start = group[0].field
            points = any(j.left == home and j.right == table for j in self.schema.joins)
            linked = start is not None and start.table != table and points
            mine = table == home or self.between(table, home) == home or self._is_row_of(table, home) or linked
            return Item() if mine else None
        before = self.text[max(0, bound.start - 40) : bound.start]
        if field is not None and self._counts_values(bound, field, group):
            return Item("COUNT", field)
        for pattern, name in ((r"\b(?:average|mean)\b", "AVG"), (r"\b(?:total|sum|combined)\b", "SUM")):
            if re.search(pattern, before, re.IGNORECASE):
                of = field or self.number_near(bound.start, home)
                return Item(name, of) if of is not None else None
        return None

    def _is_row_of(self, table: str, home: str) -> bool:
        """Whether each row of ``home`` is one of ``table`` as well: neither is joined through a third."""
        return self.near(table, home) == 1 and not any(j.left == home and j.right == table for j in self.schema.joins)

    def _counts_values(self, bound: Bound, field: Field, group: tuple[Item, ...]) -> bool:
        """'at least 3 grades' counts what a group has many of; 'at least 3 credits' is a number of the row itself."""
        start = group[0].field
        way = self.schema.path(start.table, field.table) if start is not None else None
        many = bool(way) and any(j.turned() in self.schema.joins for j in way or ())
        whole = bound.value.isdigit() and int(bound.value) < 100
        return many and whole and re.match(r"\s*\w+s\b", self.text[bound.end :]) is not None

    def _limited(self, sketch: Sketch) -> Sketch:
        """'the three largest', 'top 5 by average grade': the figure that decides, and how many."""
        if not sketch.group or (self.cues.limit is None and self.cues.superlative is None):
            return sketch
        place, _, high = self.cues.superlative or (0, "top", True)
        if self.cues.limit is None and not self._chooses(place):
            return sketch
        figures = sketch.figures
        part = None
        match = re.search(r"\bby\s+(?:the\s+|their\s+)?((?:\w+\s*){1,4})", self.text[place:], re.IGNORECASE)
        if match is not None:
            part = self.part_named(match[1], sketch.base)
        item = part.item if part is not None and part.item.figure and not part.that else figures[0]
        keys = self.clauses.orders
        down = high if not keys or keys[0].descending is None else bool(keys[0].descending)
        return replace(sketch, order=(Key(item, down),), limit=self.cues.limit or 1)

    def _chooses(self, place: int) -> bool:
        """Whether an extreme picks rows, and is no figure of the list: 'which team has the most', not 'largest size'."""
        return (
            re.match(r"\s*(?:which|who|find the|what)\b", self.text, re.IGNORECASE) is not None
            and place < self._list_start()
        )

    def _list_start(self) -> int:
        match = re.search(r"[.?!:;]\s|\b(?:show|give|return)\b", self.text[10:])
        return match.start() + 10 if match else 10_000
