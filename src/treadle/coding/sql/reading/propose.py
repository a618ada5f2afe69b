"""Readings of a question by rules: sketches of statements over the database's own tables, nearest first.

They serve twice. Executed, they are the examples that a model is shown: a model of 135 M parameters copies what it is
shown, names included, so examples over other tables mislead it. And the first reading is judged beside the model's drafts:
rules about words and a model fail in different ways, so where both do the same that says more than two drafts of one model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from treadle.coding.sql.reading.groups import GroupReader
from treadle.coding.sql.reading.linking import Links
from treadle.coding.sql.reading.reader import NAMED
from treadle.coding.sql.reading.schema import Field, Schema, stem
from treadle.coding.sql.reading.sketch import Condition, Item, Sketch
from treadle.words import name_parts

__all__ = ["propose"]


def propose(text: str, schema: Schema, links: Links) -> list[Sketch]:
    """Sketches near to ``text``, nearest first, then variations of them."""
    first = list(dict.fromkeys(_Readings(text, schema, links).all()))
    varied = [v for sketch in first[:2] for v in _variations(sketch, schema)]
    return list(dict.fromkeys([*first, *varied]))


class _Readings(GroupReader):
    """The ways to read one question, most specific first."""

    def all(self) -> Iterator[Sketch]:
        base = self.entity()
        if base is None:
            return
        conditions = self.conditions(base)
        self.used = {c.field for c in conditions}
        for reading in (
            self._compared,
            self._divided,
            self._ratio,
            self._without,
            self._both,
            self._spread,
            self._extreme,
            self._grouped,
            self._having,
        ):
            if sketch := reading(base, conditions):
                yield self._sorted(sketch)
        yield from self._aggregated(base, conditions)
        yield self._sorted(self._listed(base, conditions))

    def _ratio(self, base: str, conditions: tuple[Condition, ...]) -> Sketch | None:
        if not self.cues.ratio:
            return None
        if self.cues.ratio_to is not None:
            second = self.cues.ratio_to[1]
            sides = [[c for p, c in self.of_values(base) if (p >= second) == later] for later in (False, True)]
            if sides[0] and sides[1]:
                return Sketch(base, (), ratio=tuple(sides[0]), ratio_to=tuple(sides[1]))
        if not conditions:
            return None
        group = self.grouping(base)
        shown = tuple(i for i in group if i.field and i.field.role != "key") or group
        return Sketch(base, shown, ratio=conditions, group=group, percent=self.cues.ratio.startswith("percent"))

    def _compared(self, base: str, conditions: tuple[Condition, ...]) -> Sketch | None:
        """'How much higher is the average price in Kyoto than in Dublin?': the difference of two averages."""
        values = [c for _, c in self.of_values(base)]
        if not self.cues.compared or len(values) != 2 or values[0].field != values[1].field:
            return None
        name = "SUM" if self.cues.total is not None else "AVG" if self.cues.average is not None else "COUNT"
        key = self.schema.key(base)
        item = self.measure(base, self.cues.average or self.cues.total) if name != "COUNT" else Item(field=key)
        if item is None or item.field is None:
            return None
        rest = tuple(c for c in conditions if c.field != values[0].field)
        return Sketch(self._home(base, item), (replace(item, aggregate=name, among=values[0], less=values[1]),), rest)

    def _divided(self, base: str, conditions: tuple[Condition, ...]) -> Sketch | None:
        """'total recorded luminosity divided by total delivered luminosity', 'ratio of A to B' of two number columns."""
        place = self.cues.divided if self.cues.divided is not None else self.cues.ratio_to[1] if self.cues.ratio_to else None
        if place is None:
            return None
        before = self._best_number(base, list(range(place)))
        after = self._best_number(base, list(range(place, len(self.text))))
        if before is None or after is None or before == after or before.table != after.table:
            return None
        name = "AVG" if self.cues.average is not None else "SUM" if self.cues.total is not None or self.cues.divided else ""
        item = Item(name, before, over=after)
        if not name:
            return Sketch(before.table, (*self.shown(before.table, but=lambda f: f in (before, after)), item), conditions)
        return Sketch(before.table, (item,), conditions)

    def _best_number(self, base: str, places: list[int]) -> Field | None:
        """The number column named in full within a part of the question."""
        within = set(places)
        found = [
            (self._phrase(f, p), f)
            for f in self.schema.fields
            if f.role == "number" and self.reaches(base, f)
            for p in self.exact_places(f)
            if p in within
        ]
        found = [(n, f) for n, f in found if n == len(f.words)] or found
        return max(found, key=lambda pair: (pair[0], -self.near(base, pair[1].table)), default=(0, None))[1]

    def _without(self, base: str, conditions: tuple[Condition, ...]) -> Sketch | None:
        if self.cues.negation is None or any(c.operator == "IS NULL" for c in conditions):
            return None
        others = [t for t, s in self.links.tables.items() if t != base and s >= NAMED and self.place(t) > self.cues.negation]
        verbs = [t for t in self.schema.tables if t != base and self._verb(t) > self.cues.negation]
        for other in (*sorted(others, key=self.place), *verbs):
            if self.schema.path(base, other):
                lacking = tuple(c for c in conditions if c.field.table != base)
                own = tuple(c for c in conditions if c.field.table == base)
                if lacking and lacking[0].field.table != other and not self.schema.path(other, lacking[0].field.table):
                    continue
                target = lacking[0].field.table if lacking else other
                shown = (Item(),) if self.cues.count is not None else self.shown(base)
                return Sketch(base, shown, own, without=target, lacking=lacking)
        return None

    def _verb(self, table: str) -> int:
        """Where a form of the table's name is used: 'borrowed', 'loaned' for loans."""
        return self.place(table) if self.links.tables[table] >= NAMED else -1

    def _both(self, base: str, conditions: tuple[Condition, ...]) -> Sketch | None:
        values = [c for _, c in self.of_values(base)]
        if not self.cues.both or len(values) < 2 or len({c.field for c in values}) != 1 or values[0].field.table == base:
            return None
        rest = tuple(c for c in conditions if c.field != values[0].field)
        return Sketch(base, self.shown(base), rest, both=tuple(values))

    def _spread(self, base: str, conditions: tuple[Condition, ...]) -> Sketch | None:
        if not self.cues.spread:
            return None
        item = self.measure(base, 0)
        if item is None or item.field is None:
            return None
        return Sketch(self._home(base, item), (replace(item, aggregate="RANGE"),), conditions)

    def _aggregated(self, base: str, conditions: tuple[Condition, ...]) -> Iterator[Sketch]:
        if self.cues.average is not None and not self.cues.than_average and (item := self.measure(base, self.cues.average)):
            yield Sketch(self._home(base, item), (replace(item, aggregate="AVG"),), conditions)
        elif self.cues.total is not None and (item := self.measure(base, self.cues.total)):
            yield Sketch(self._home(base, item), (replace(item, aggregate="SUM"),), conditions)
        elif self.cues.count is not None:
            counted = self._distinct_field(base)
            if counted is not None:
                yield Sketch(counted.table, (Item("COUNT", counted, distinct=True),), conditions)
            key = self.schema.key(base)
            if key is not None and (self.to_many(base, conditions) or (self.cues.distinct and counted is None)):
                yield Sketch(base, (Item("COUNT", key, distinct=True),), conditions)
            yield Sketch(base, (Item(),), conditions)

    def _distinct_field(self, base: str) -> Field | None:
        """The column whose values are counted: 'how many different genres', 'on how many days'."""
        after = self.text[(self.cues.count or 0) :]
        match = re.match(
            r"(?:how many|number of|count)\s+(?:of\s+)?(?:the\s+)?(?:different|distinct|unique)?\s*(\w+)",
            after,
            re.IGNORECASE,
        )
        said = stem(match[1]) if match else ""
        if not said or any(said == stem(w) for t in self.schema.tables for w in name_parts(t)):
            return None
        fields = [
            f for f in self.schema.fields if said in [stem(w) for w in f.words] and f.role in ("text", "label", "date")
        ]
        near = {c.field.table for c in self.conditions(base)}
        return min(fields, key=lambda f: (f.table not in near, f.table != base, len(f.words)), default=None)

    def _listed(self, base: str, conditions: tuple[Condition, ...]) -> Sketch:
        shown = self.shown(base)
        joined = self.to_many(base, conditions) or self.cues.distinct
        category = all(i.field and i.field.role == "text" for i in shown)
        return Sketch(base, shown, conditions, distinct=joined or category)

    def _sorted(self, sketch: Sketch) -> Sketch:
        """With the order that 'sorted by ...' asks for."""
        if sketch.order is None and re.search(r"\balphabetical(?:ly)?\b", self.text, re.IGNORECASE):
            texts = [i for i in sketch.select if i.field is not None and i.field.role in ("label", "text")]
            return replace(sketch, order=texts[0], descending=False) if texts else sketch
        if self.cues.sort is None and sketch.order is None and sketch.group:
            return self._in_order(sketch)
        if self.cues.sort is None or sketch.order is not None:
            return sketch
        place, said, descending = self.cues.sort
        words = [stem(w) for w in re.findall(r"\w+", said)]
        aggregate = next((i for i in sketch.select if i.aggregate or i.field is None), None)
        fields = [f for f in self.schema.fields if self._sorts_by(f, words) and self.reaches(sketch.base, f)]
        fields.sort(key=lambda f: (self.near(sketch.base, f.table), -sum(stem(w) in words for w in f.words)))
        by_number = re.match(r"(?:the\s+)?(?:number|count|average|mean|total|sum|highest)\b", said, re.IGNORECASE)
        if aggregate is not None and (by_number or not fields or aggregate.field in fields):
            return replace(sketch, order=aggregate, descending=descending)
        if not fields:
            fields = self._sort_fields(sketch, place, said)
        return replace(sketch, order=Item(field=fields[0]), descending=descending) if fields else sketch

    def _in_order(self, sketch: Sketch) -> Sketch:
        """Groups as a reader wants them: dates in their order, anything else by its figure, the largest first."""
        dated = next((i for i in sketch.group if i.field is not None and (i.part or self.holds_dates(i.field))), None)
        figure = next((i for i in sketch.select if i.aggregate or i.field is None), None)
        if dated is not None:
            return replace(sketch, order=dated, descending=False)
        return sketch if figure is None else replace(sketch, order=figure, descending=True)

    def _sorts_by(self, f: Field, words: list[str]) -> bool:
        """Whether the words after 'sorted by' name a column: by its last word, a date by any."""
        stems = [stem(w) for w in f.words]
        return bool(stems) and (stems[-1] in words or (f.role == "date" and any(s in words for s in stems if len(s) > 3)))

    def _sort_fields(self, sketch: Sketch, place: int, said: str) -> list[Field]:
        """What 'newest first' and 'best paid first' sort by: a date, a number named by another word, the only number."""
        if re.match(r"(?:newest|latest|oldest|earliest|youngest|most recent)\b", said, re.IGNORECASE):
            dates = [f for f in self.schema.tables[sketch.base] if self.holds_dates(f)]
            return sorted(dates, key=lambda f: -self.links.fields[f])
        near = [f for f in self.links.best(lambda f: f.role == "number") if 0 <= self.place(f) - place < 40]
        numbers = [i.field for i in sketch.select if i.field is not None and i.field.role == "number"]
        return [f for f in near if self.reaches(sketch.base, f)] or numbers


def _variations(sketch: Sketch, schema: Schema) -> Iterator[Sketch]:
    """Nearby questions: one condition less, the count instead of the list, another aggregate, order or column."""
    for i in range(len(sketch.conditions)):
        yield replace(sketch, conditions=sketch.conditions[:i] + sketch.conditions[i + 1 :])
    if not any(i.aggregate or i.field is None for i in sketch.select) and not (sketch.order or sketch.group or sketch.ratio):
        yield replace(sketch, select=(Item(),), distinct=False)
    for other in ("AVG", "MAX", "SUM", "MIN"):
        if any(i.aggregate in ("AVG", "SUM", "MAX", "MIN") and i.aggregate != other for i in sketch.select):
            changed = (replace(i, aggregate=other) if i.aggregate and i.field else i for i in sketch.select)
            yield replace(sketch, select=tuple(changed))
    if sketch.order is not None and not sketch.group:
        yield replace(sketch, descending=not sketch.descending)
    for item in sketch.select:
        for f in schema.tables[sketch.base]:
            if item.field and f.role == "number" == item.field.role and item.until is None and f != item.field:
                yield replace(sketch, select=tuple(replace(i, field=f) if i == item else i for i in sketch.select))
    label = schema.label(sketch.base)
    if label is not None and sketch.select == (Item(),) and not sketch.group:
        yield replace(sketch, select=(Item(field=label),))
