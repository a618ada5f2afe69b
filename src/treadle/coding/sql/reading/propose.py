"""Readings of a question by rules: sketches of statements over the database's own tables, nearest first.

They serve twice. Executed, they are the examples that a model is shown: a model of 135 M parameters copies what it is
shown, names included, so examples over other tables mislead it. And the first reading is judged beside the model's drafts:
rules about words and a model fail in different ways, so where both do the same that says more than two drafts of one model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from treadle.coding.sql.reading.cues import HIGH, LOW
from treadle.coding.sql.reading.inflection import singular, stem
from treadle.coding.sql.reading.linking import Links
from treadle.coding.sql.reading.phrases import converted
from treadle.coding.sql.reading.reader import NAMED
from treadle.coding.sql.reading.schema import Field, Schema
from treadle.coding.sql.reading.sketch import Condition, Item, Key, Related, Sketch, shown_of
from treadle.coding.sql.reading.tabled import TabledReader
from treadle.words import name_parts

__all__ = ["propose", "readings_of", "variations_of"]


def propose(text: str, schema: Schema, links: Links) -> list[Sketch]:
    """Sketches near to ``text``, nearest first, then variations of them."""
    first = readings_of(text, schema, links)
    return [*first, *variations_of(first, schema)]


def readings_of(text: str, schema: Schema, links: Links) -> list[Sketch]:
    """What ``text`` may mean, the nearest first. Variations answer other questions, and are no readings."""
    return list(dict.fromkeys(_Readings(text, schema, links).all()))


def variations_of(readings: list[Sketch], schema: Schema) -> list[Sketch]:
    """Variations of the nearest readings that are no readings themselves."""
    varied = dict.fromkeys(v for sketch in readings[:2] if sketch.base for v in _variations(sketch, schema))
    return [sketch for sketch in varied if sketch not in readings]


_AND_HOW_MANY = re.compile(
    r"\band\s+(?:that (?:number|figure|value)|how (?:many|much)\b|what is it\b)"
    r"|\b(?:show|give|include)\s+(?:me\s+)?(?:the|that)\s+(?:number|count|figure|total|average)\s+(?:too|as well|also)\b",
    re.IGNORECASE,
)


class _Readings(TabledReader):
    """The ways to read one question, most specific first."""

    def all(self) -> Iterator[Sketch]:
        base = self.entity()
        if base is None:
            return
        conditions = self.conditions(base)
        # 'names starting with K' are shown, 'the delay of delayed trips' is a measure
        self.used = {c.field for c in conditions if c.operator != "LIKE" and (c.operator, c.value) != (">", "0")}
        self.asked = base
        for reading in (
            self._same_as,
            self._tabled,
            self._two_asked,
            self._ranked_by,
            self._told_figures,
            self._than_other,
            self._less,
            self._of_sides,
            self._per_head,
            self._grown,
            self._compared,
            self._divided,
            self._ratio,
            self._without,
            self._both,
            self._spread,
            self._top_of_groups,
            self._having_of,
            self._top_by,
            self._extreme,
            self._grouped,
            self._having,
        ):
            if sketch := reading(base, conditions):
                yield self._finished(sketch)
        for sketch in self._aggregated(base, conditions):
            yield self._finished(sketch)
        yield self._finished(self._listed(base, conditions))

    def _finished(self, sketch: Sketch) -> Sketch:
        """With the columns in the order told, rows in the order asked for, figures rounded."""
        if not sketch.base:
            return sketch
        sketch = self._all_in_order(_none_counted(sketch))
        found = self._rounded(self.sorted(self._in_unit(self._retold(sketch))))
        found = self._filled(self._with_figure(found))
        return replace(found, skip=self.cues.rank - 1) if found.order and found.limit == 1 else found

    def _all_in_order(self, sketch: Sketch) -> Sketch:
        """'Which departments have the most students? Sort from most to least': all of them, where an order is asked for."""
        rows = re.match(
            rf"\s*(?:which|what|list|show|give)\b\W+(?:are\s+|were\s+|me\s+)?(?:the\s+|all\s+)*(?:(?:{HIGH}|{LOW})\s+(?:\w+ed\s+|\w+ive\s+)?)?(\w+)",
            self.text,
            re.IGNORECASE,
        )
        several = rows is not None and singular(rows[1].lower()) != rows[1].lower()
        chosen = sketch.limit == 1 and sketch.order and not (self.cues.limit or self.cues.rank > 1 or self.cues.dated)
        if several and chosen and rows is not None and not re.search(r"\b(?:its|it)\b", self.text):
            said = rows[1].lower()
            if self.clauses.orders or any(said == self.schema.spoken_table(t).split()[-1] for t in self.schema.tables):
                return replace(sketch, limit=None)
        return sketch

    def _with_figure(self, sketch: Sketch) -> Sketch:
        """With the figure that orders groups: of a list always, of one row where it is asked for: 'and how many'."""
        if not sketch.group or sketch.figures or not sketch.order or not sketch.order[0].item.figure:
            return sketch
        listed = self.told(sketch.base) is not None or (self.asked and self.told(self.asked) is not None)
        if (sketch.limit == 1 or listed) and not _AND_HOW_MANY.search(self.text):
            return sketch
        return replace(sketch, select=(*sketch.select, sketch.order[0].item))

    def _filled(self, sketch: Sketch) -> Sketch:
        """With 0 for what is missing, where that is asked for."""
        if not self.clauses.as_zero:
            return sketch
        able = ("AVG", "SUM")
        return replace(sketch, select=tuple(replace(i, filled=i.aggregate in able or i.filled) for i in sketch.select))

    def _in_unit(self, sketch: Sketch) -> Sketch:
        """With figures in the unit that is asked for: 'the total size in TB' of a column in GB."""
        for said in re.findall(r"\bin\s+([A-Za-z]{2,})\b", self.text):
            changed = tuple(converted(i, stem(said)) if i.factor == 1.0 else i for i in sketch.select)
            if changed != sketch.select:
                return replace(sketch, select=changed)
        return sketch

    def _retold(self, sketch: Sketch) -> Sketch:
        """The list that is told in place of what a reading shows; 'the number' in it is the reading's own figure."""
        parts = self.told(self.asked or sketch.base) if sketch.base else None
        if (
            parts is None
            or (not any(p.that for p in parts) and not sketch.group)
            or any(p.item.figure and not p.that for p in parts)
        ):
            return sketch
        keyed = [k.item for k in sketch.order if k.item.figure or sketch.limit] + [b.item for b in sketch.having]
        figure = next((i for i in (*sketch.figures, *keyed)), None)
        plain = [p.item for p in parts if not p.that]
        if any(p.that for p in parts) and (figure is None or (not plain and not sketch.group)):
            return sketch
        told = tuple(figure if p.that and figure is not None else p.item for p in parts)
        if not sketch.group:
            return replace(sketch, select=told)
        keys = {i.field.table for i in sketch.group if i.field is not None and i.field.role == "key"}
        if any(i not in sketch.group and (i.field is None or i.field.table not in keys) for i in plain):
            return sketch
        if not any(p.that for p in parts) and sketch.figures and not (sketch.limit or sketch.having):
            return sketch
        return replace(sketch, select=told, group=tuple(dict.fromkeys((*sketch.group, *plain))))

    def _rounded(self, sketch: Sketch) -> Sketch:
        """With each rounding at the figure before it, which is the only one in most cases."""
        if not self.clauses.digits:
            return sketch
        digits = self.clauses.digits[-1][1]
        able = [i for i in sketch.select if i.aggregate in ("AVG", "SUM") or i.by is not None or i.factor != 1.0]
        able = able or [
            i for i in sketch.select if i.field is not None and i.field.role == "number" and i.aggregate != "COUNT"
        ]
        return replace(sketch, select=tuple(replace(i, digits=digits) if i in able else i for i in sketch.select))

    def _without(self, base: str, conditions: tuple[Condition, ...]) -> Sketch | None:
        if self.cues.negation is None or any(c.operator == "IS NULL" for c in conditions):
            return None
        others = [t for t, s in self.links.tables.items() if t != base and s >= NAMED and self.place(t) > self.cues.negation]
        verbs = [t for t in self.schema.tables if t != base and self._verb(t) > self.cues.negation]
        others += [
            f.table
            for f in self.links.best(lambda f: f.role in ("date", "text") and f.table != base)
            if 0 < self.place(f) - self.cues.negation < 20 and self.is_many(base, f.table) and f.table not in others
        ]
        others.sort(key=lambda t: (self.place(t), -self.links.tables[t]))
        for other in (*others, *verbs):
            if self.schema.path(base, other):
                key = self._points_to(base, other)
                if key is not None and all(c.field.table == base for c in conditions):
                    shown = (Item(),) if self.cues.count is not None else self.shown(base)
                    return Sketch(base, shown, (*conditions, Condition(key, "IS NULL")))
                lacking = tuple(c for c in conditions if c.field.table != base)
                own = tuple(c for c in conditions if c.field.table == base)
                if lacking and lacking[0].field.table != other and not self.schema.path(other, lacking[0].field.table):
                    continue
                target = lacking[0].field.table if lacking else other
                shown = (Item(),) if self.cues.count is not None else self.shown(base)
                return Sketch(base, shown, own, related=(Related(target, lacking, lacks=True),))
        return self._without_values(base)

    def _points_to(self, base: str, other: str) -> Field | None:
        """The column by which a row of ``base`` points to a row of ``other``, if it has one: 'players without a team'."""
        way = self.schema.path(base, other) or ()
        if len(way) != 1 or way[0] not in self.schema.joins:
            return None
        own = next((f for f in self.schema.tables[base] if f.name == way[0].left_column), None)
        return own if own is not None and own != self.schema.key(base) else None

    def _without_values(self, base: str) -> Sketch | None:
        """'no editor from Italy': after a negation come values of rows that must not belong to what is wanted."""
        start = self.cues.negation or 0
        placed = self.placed(base)
        lacking = tuple(dict.fromkeys(c for p, c in placed if p > start and c.field.table != base))
        first = min((p for p, c in placed if c in lacking), default=None)
        if first is None or first - start > 25 or not self.schema.path(base, lacking[0].field.table):
            return None
        own = tuple(dict.fromkeys(c for _, c in placed if c not in lacking))
        shown = (Item(),) if self.cues.count is not None else self.shown(base)
        return Sketch(base, shown, own, related=(Related(lacking[0].field.table, lacking, lacks=True),))

    def _verb(self, table: str) -> int:
        """Where a form of the table's name is used: 'borrowed', 'loaned' for loans."""
        return self.place(table) if self.links.tables[table] >= NAMED else -1

    def _top_by(self, base: str, conditions: tuple[Condition, ...]) -> Sketch | None:
        """'Top 3 patients by number of visits', 'the 5 customers by age'."""
        match = re.search(r"\btop\b.*?\bby\s+(?:the\s+|their\s+)?(?P<what>[\w\s-]+)", self.text, re.IGNORECASE)
        part = self.part_named(match["what"], base) if match is not None and self.cues.limit else None
        if part is None or part.that:
            return None
        order, home = part.item, base
        group: tuple[Item, ...] = ()
        if part.table and part.table != base:
            group, home = self.identity(base), self.between(part.table, base)
        elif order.field is not None and order.field.table != base:
            if self.schema.path(order.field.table, base) is None:
                return None
            group, home = self.identity(base), order.field.table
            order = order if order.aggregate else replace(order, aggregate="SUM")
        shown = shown_of(group) or self.shown(base)
        return Sketch(home, shown, conditions, group=group, order=(Key(order, True),), limit=self.cues.limit)

    def _spread(self, base: str, conditions: tuple[Condition, ...]) -> Sketch | None:
        if not self.cues.spread:
            return None
        days = re.search(r"\bdays?\b|\btime\b", self.text, re.IGNORECASE)
        date = self._own_date(base) if days else None
        item = Item(field=date) if date is not None else self.measure(base, 0)
        if item is None or item.field is None:
            return None
        group, home = self.grouping(base), self._home(base, item)
        if any(i.field is None or not self.reaches(home, i.field) for i in group):
            group = ()
        shown = shown_of(group)
        return Sketch(home, (*shown, replace(item, aggregate="RANGE", until=None, part="")), conditions, group=group)

    def _aggregated(self, base: str, conditions: tuple[Condition, ...]) -> Iterator[Sketch]:
        if self.cues.average is not None and not self.cues.than_average and (item := self.measure(base, self.cues.average)):
            yield Sketch(self._home(base, item), (replace(item, aggregate="AVG"),), conditions)
        elif self.cues.total is not None and (item := self.measure(base, self.cues.total)):
            yield Sketch(self._home(base, item), (replace(item, aggregate="SUM"),), conditions)
        elif self.cues.count is not None and (amount := self._amount(base)) is not None:
            yield Sketch(self._home(base, amount), (amount,), conditions)
        elif self.cues.count is not None:
            if self.cues.distinct and (happened := self._with_rows(base)) is not None:
                yield replace(happened, conditions=conditions)
            counted = self._distinct_field(base)
            if counted is not None:
                yield Sketch(counted.table, (Item("COUNT", counted, distinct=True),), conditions)
            key = self.schema.key(base) or (self.schema.label(base) if self.cues.distinct else None)
            if key is not None and (self.to_many(base, conditions) or (self.cues.distinct and counted is None)):
                yield Sketch(base, (Item("COUNT", key, distinct=True),), conditions)
            yield Sketch(base, (Item(),), conditions)

    def _with_rows(self, base: str) -> Sketch | None:
        """'How many different drugs have been prescribed?': rows that others belong to."""
        key, place = self.schema.key(base), self.place(base)
        verbs = [
            t
            for t in self.schema.tables
            if t != base and 0.7 <= self.links.tables[t] < 0.99 and self.place(t) > place and self.is_many(base, t)
        ]
        if key is None or len(verbs) != 1 or len(self.schema.path(base, verbs[0]) or ()) != 1:
            return None
        return Sketch(verbs[0], (Item("COUNT", key, distinct=True),))

    def _distinct_field(self, base: str) -> Field | None:
        """The column whose values are counted: 'how many different genres', 'on how many days'."""
        after = self.text[(self.cues.count or 0) :]
        match = re.match(
            r"(?:how many|number of|count)\s+(?:of\s+)?(?:the\s+)?(different|distinct|unique)?\s*(\w+)(?:\s+(\w+))?",
            after,
            re.IGNORECASE,
        )
        said = stem(match[2]) if match else ""
        if match and match[1] and match[3]:  # 'how many different train models'
            for table in (t for t in self.schema.tables if said == stem(name_parts(t)[-1])):
                own = [f for f in self.schema.tables[table] if stem(match[3]) in [stem(w) for w in f.words]]
                if own and own[0].role in ("text", "label", "date"):
                    return own[0]
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


def _none_counted(sketch: Sketch) -> Sketch:
    """Where rows stay that nothing is joined to, conditions on what is joined say what is counted, and leave no row out."""
    theirs = tuple(c for c in sketch.conditions if c.field.table != sketch.base)
    if not sketch.outer or not theirs:
        return sketch
    own = tuple(c for c in sketch.conditions if c not in theirs)
    counts = {
        i: Item(among=theirs) if i.aggregate == "COUNT" and not i.distinct else replace(i, among=theirs)
        for i in sketch.figures
    }
    return replace(sketch, conditions=own, select=tuple(counts.get(i, i) for i in sketch.select))


def _variations(sketch: Sketch, schema: Schema) -> Iterator[Sketch]:
    """Nearby questions: one condition less, the count instead of the list, another aggregate, order or column."""
    for i in range(len(sketch.conditions)):
        yield replace(sketch, conditions=sketch.conditions[:i] + sketch.conditions[i + 1 :])
    if not any(i.aggregate or i.field is None for i in sketch.select) and not (sketch.order or sketch.group):
        yield replace(sketch, select=(Item(),), distinct=False)
    for other in ("AVG", "MAX", "SUM", "MIN"):
        if any(i.aggregate in ("AVG", "SUM", "MAX", "MIN") and i.aggregate != other for i in sketch.select):
            changed = (replace(i, aggregate=other) if i.aggregate and i.field else i for i in sketch.select)
            yield replace(sketch, select=tuple(changed))
    if sketch.order and not sketch.group:
        first = sketch.order[0]
        yield replace(sketch, order=(replace(first, descending=not first.descending), *sketch.order[1:]))
    for item in sketch.select:
        for f in schema.tables[sketch.base]:
            if item.field and f.role == "number" == item.field.role and item.until is None and f != item.field:
                yield replace(sketch, select=tuple(replace(i, field=f) if i == item else i for i in sketch.select))
    label = schema.label(sketch.base)
    if label is not None and sketch.select == (Item(),) and not sketch.group:
        yield replace(sketch, select=(Item(field=label),))
