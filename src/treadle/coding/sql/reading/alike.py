"""Readings about rows that are alike: 'in the same district as Mill House', 'both a car and a bicycle'."""

from __future__ import annotations

import re
from dataclasses import replace

from treadle.coding.sql.reading.inflection import stem
from treadle.coding.sql.reading.nested import NestedReader
from treadle.coding.sql.reading.schema import Field
from treadle.coding.sql.reading.sketch import Condition, Item, Related, Sketch
from treadle.words import name_parts

__all__ = ["AlikeReader"]

_SAME = re.compile(
    r"\bsame\s+(?P<what>[\w-]+(?:\s+[\w-]+){0,2}?)\s+(?:as|like)\b"
    r"|\bshar(?:e|es|ed|ing)\s+(?:an?|the|its|their|his|her)\s+(?:same\s+)?(?P<shared>[\w-]+(?:\s+[\w-]+){0,2}?)\s+with\b",
    re.IGNORECASE,
)
_OTHER = re.compile(
    r"\bother\s+(?P<rows>[\w-]+(?:\s+[\w-]+)?)\b.{0,120}?\b(?:by|of|in|from|at|with)\s+the\s+(?:same\s+)?(?P<what>[\w-]+)\s+(?:of|as)\b",
    re.IGNORECASE,
)
_BOTH = re.compile(
    r"\bboth\b|\band (?:also|as well)\b|\bas well as\b|\bcombin(?:e|es|ing)\b|\btogether with\b", re.IGNORECASE
)


class AlikeReader(NestedReader):
    """Reads what rows share with named ones, and what they have two of."""

    def _same_as(self, base: str, conditions: tuple[Condition, ...]) -> Sketch | None:
        """'Which ships share their home port with Aurora?': rows with the value that the named row has, itself aside."""
        match = _SAME.search(self.text) or _OTHER.search(self.text)
        if match is None:
            return None
        named = [(p, c) for p, c in self.of_values(base) if p >= match.start() and c.operator == "="]
        if not named:
            return None
        one, told = named[0][1], match.groupdict()
        what = told.get("what") or told.get("shared") or ""
        table = one.field.table
        if table != base:
            rows = told.get("rows")
            if not rows or self.field_named(rows, table, lambda f: f in self.schema.called(table)) is None:
                return None
            base = table
        rest = tuple(c for c in conditions if c.field != one.field)
        alike = self._alike(what, table, one)
        if alike is None:
            return None
        shown = (Item(),) if self.cues.count == self._first_word() else self._without_shared(self.shown(base), what)
        return Sketch(base, shown, (*rest, alike, Condition(one.field, "<>", one.value)))

    def _without_shared(self, shown: tuple[Item, ...], what: str) -> tuple[Item, ...]:
        """What is shown, but for what all rows share; the label where nothing else is."""
        said = stem(what.split()[-1])
        kept = tuple(i for i in shown if i.field is None or said not in [stem(w) for w in i.field.words])
        own = [t for t in {i.field.table for i in kept if i.field} if said not in [stem(w) for w in name_parts(t)]]
        return kept if kept and own else shown

    def _alike(self, what: str, table: str, one: Condition) -> Condition | None:
        """That a row has what the named one has: an own value, a row it points to, or one of those that both belong to."""
        own = self.field_named(what, table, lambda f: f.table == table and f.role != "key" and f != one.field)
        own = own or self._pointer(what, table)
        if own is not None:
            return Condition(own, "IN", query=Sketch(table, (Item(field=own),), (one,)))
        other, key = self.table_named(what, table), self.schema.key(table)
        way = self.schema.path(table, other) if other is not None else None
        if not way or key is None:
            return None
        if len(way) == 1 and way[0] in self.schema.joins:
            own = self.schema.column(table, way[0].left_column)
            return Condition(own, "IN", query=Sketch(table, (Item(field=own),), (one,)))
        if len(way) != 2:
            return None
        link = way[0].right
        mine, theirs = self.schema.column(link, way[0].right_column), self.schema.column(link, way[1].left_column)
        named = Sketch(link, (Item(field=theirs),), (one,))
        return Condition(key, "IN", query=Sketch(link, (Item(field=mine),), (Condition(theirs, "IN", query=named),)))

    def _pointer(self, what: str, table: str) -> Field | None:
        """The key that a phrase names: 'home port' ``home_port_id``."""
        said = {stem(w) for w in what.split()}
        keys = [f for f in self.schema.tables[table] if f.role == "key" and f != self.schema.key(table) and len(f.words) > 1]
        found = [f for f in keys if said == {stem(w) for w in f.words[:-1]}]
        return found[0] if len(found) == 1 else None

    def _said_equal(self, base: str) -> list[tuple[int, Condition]]:
        """Every value that is named, and every number after the name of its column, by itself."""
        numbers = [(p, c) for p, c in self._adjacent(base) if c.operator in ("=", "IN")]
        each = [(p, replace(c, operator="=", value=v)) for p, c in numbers for v in re.findall(r"-?[\d.]+", c.value)]
        return [*self.of_values(base), *each]

    def _through(self, base: str, other: str) -> tuple[Field, Field] | None:
        """The key of the rows and the column of a third table that holds it, where a row points to one of ``other`` only:
        no ship has two home ports, but it may have visited both."""
        way, key = self.schema.path(base, other) or (), self.schema.key(base)
        if key is None or any(j not in self.schema.joins for j in way):
            return None
        for join in self.schema.joins:
            points = any(j.left == join.left and j.right == other for j in self.schema.joins)
            if join.right == base and points and join.left not in (base, other):
                return key, self.schema.column(join.left, join.left_column)
        return None

    def _both(self, base: str, conditions: tuple[Condition, ...]) -> Sketch | None:
        """'Stations with both a wind and a rain gauge': rows that have a related row with each of two values."""
        values = [c for _, c in self._said_equal(base)]
        fields = [c.field for c in values]
        both = [c for c in values if fields.count(c.field) > 1]
        if not _BOTH.search(self.text) or len(both) < 2 or len({c.field for c in both}) != 1:
            return None
        between = self.text[min(p for p, c in self._said_equal(base) if c in both) :]
        if re.search(r"\bor\b", between):
            return None
        rest = tuple(c for c in conditions if c.field != both[0].field)
        rest = tuple(c for c in rest if c.operator != ">=" or c.value != "1")  # 'at least one booking with each'
        if both[0].field.table != base:
            through = self._through(base, both[0].field.table)
            if through is None:
                return Sketch(
                    base, self.shown(base), rest, related=tuple(Related(c.field.table, (c,)) for c in dict.fromkeys(both))
                )
            key, link = through
            each = tuple(Condition(key, "IN", query=Sketch(link.table, (Item(field=link),), (c,))) for c in both)
            return Sketch(base, self.shown(base), (*rest, *each))
        called = self.schema.called(base)
        if len(called) != 1:
            return None
        each = tuple(Condition(called[0], "IN", query=Sketch(base, (Item(field=called[0]),), (c,))) for c in both)
        return replace(Sketch(base, (Item(field=called[0]),), (*rest, *each)), distinct=True)
