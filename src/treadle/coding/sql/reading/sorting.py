"""Reads what rows are ordered by: the keys that the question names, else what a reader would expect of groups."""

from __future__ import annotations

import re
from dataclasses import replace

from treadle.coding.sql.reading.columns import ColumnReader
from treadle.coding.sql.reading.orders import DATED, Said
from treadle.coding.sql.reading.phrases import Part
from treadle.coding.sql.reading.schema import Field
from treadle.coding.sql.reading.sketch import Item, Key, Sketch, usual_order

__all__ = ["OrderReader"]

_COUNTED = re.compile(r"(?:by\s+)?(?:(?:the|that|this|their|its)\s+)*(?:number|count|figure|value)\b", re.IGNORECASE)


class OrderReader(ColumnReader):
    """Reads orders."""

    def sorted(self, sketch: Sketch) -> Sketch:
        """With the order that is asked for; groups in the order of their dates, else the largest figure first."""
        if self.clauses.orders and (not sketch.order or sketch.limit is None):
            if (grouped := self._by_figure(sketch)) is not None:
                return grouped
            first = self.clauses.orders[0]
            if sketch.order and not first.words and first.adjective in ("", "most", "least", "fewest"):
                key = sketch.order[0]  # 'the most played tracks, in ascending order'
                down = key.descending if first.descending is None else first.descending
                return replace(sketch, order=(replace(key, descending=down), *sketch.order[1:]))
            keys = tuple(k for said in self.clauses.orders if (k := self._key(said, sketch)) is not None)
            keys = tuple(dict.fromkeys(keys))
            return replace(sketch, order=keys, distinct=sketch.distinct and self._shows(sketch, keys)) if keys else sketch
        return sketch if sketch.order or not sketch.group else self._in_order(sketch)

    def _by_figure(self, sketch: Sketch) -> Sketch | None:
        """'The titles of the courses ordered by number of enrolments': a list of rows in the order of a figure of others."""
        said = self.clauses.orders[0]
        if (
            sketch.group
            or sketch.figures
            or sketch.limit
            or not sketch.base
            or not said.words
            or any(r.lacks for r in sketch.related)
        ):
            return None
        part = self.part_named(said.words, sketch.base)
        if (
            said.adjective in ("most", "fewest", "least")
            and (table := self.table_named(said.words, sketch.base)) is not None
        ):
            part = Part(Item(), table=table)  # 'from the one with the most albums'
        if part is None or part.that or not part.item.figure:
            return None
        other = part.home("")
        if not other or other == sketch.base or not self.is_many(sketch.base, other):
            return None
        home = self.between(other, sketch.base) if part.table else other
        group = tuple(dict.fromkeys((*self.identity(sketch.base), *sketch.select)))
        key = Key(part.item, said.descending is not False)
        return replace(sketch, base=home, group=group, order=(key,), select=(*sketch.select, part.item), distinct=False)

    def _shows(self, sketch: Sketch, keys: tuple[Key, ...]) -> bool:
        """Whether rows that are made distinct can be ordered by these keys in every dialect."""
        return all(k.item in sketch.select for k in keys)

    def _in_order(self, sketch: Sketch) -> Sketch:
        """Groups as a reader wants them: dates in their order, anything else by its figure, the largest first."""
        return replace(sketch, order=usual_order(sketch.group, sketch.select))

    def _key(self, said: Said, sketch: Sketch) -> Key | None:
        item = self._ordered_by(said, sketch)
        if item is None:
            return None
        dated = item.field is not None and not item.aggregate and item.field.holds_dates
        if said.adjective in DATED and dated:
            return Key(item, said.late)
        return Key(item, bool(said.descending))

    def _ordered_by(self, said: Said, sketch: Sketch) -> Item | None:
        figures = [i for i in sketch.select if i.figure]
        if said.words and (_COUNTED.match(said.words) and (figures or sketch.having)):
            figures += [b.item for b in sketch.having if b.item not in figures]
            counts = [i for i in figures if i.field is None or i.aggregate == "COUNT"]
            named = self._figure_for(said.words, sketch, figures)
            return named or (counts or figures)[-1]
        if said.words:
            return self._figure_for(said.words, sketch, figures) or self._column_for(said, sketch)
        if said.adjective == "alphabetical":
            texts = [i for i in sketch.select if i.field is not None and i.field.role in ("label", "text") and not i.figure]
            return texts[0] if texts else None
        return self._implied(said, sketch, figures)

    def _figure_for(self, words: str, sketch: Sketch, figures: list[Item]) -> Item | None:
        """The figure of the statement that words name, with its aggregate or by its column alone."""
        part = self.part_named(words, sketch.base)
        if part is None:
            return None
        bare = [replace(i, digits=None) for i in figures]
        if part.item in bare:
            return figures[bare.index(part.item)]
        same = [i for i in figures if i.field is not None and i.field == part.item.field and not part.item.aggregate]
        if same:
            return same[0]
        plain = [i for i in sketch.select if i.field == part.item.field and i.field is not None and not i.figure]
        if plain and not part.item.figure:
            return plain[0]
        return part.item if part.item.figure and sketch.group else None

    def _column_for(self, said: Said, sketch: Sketch) -> Item | None:
        words = re.sub(r"^(?:the\s+)?(?:number|amount)\s+of\s+", "", said.words, flags=re.IGNORECASE)
        near = {i.field for i in (*sketch.select, *sketch.group) if i.field is not None and not i.figure}
        f = self.field_named(words, sketch.base, lambda f: f in near) if sketch.group else None
        f = f or self.field_named(words, sketch.base) or self.field_named(words, sketch.base, least=0.45)
        if f is None:
            words = re.split(r"\b(?:they|it|was|were|is|are|that|which)\b", said.words)[0]
            f = self.field_named(words, sketch.base) if words.strip() else None
        if f is None and re.search(r"\b(?:date|day|time)\b", said.words):
            f = self._date_of(sketch.base, said.adjective)
        if f is None and said.adjective:
            return self._implied(said, sketch, [])
        if f is None or (sketch.group and all(i.field != f for i in sketch.group) and not self._depends(f, sketch)):
            return None
        return Item(field=f)

    def _depends(self, f: Field, sketch: Sketch) -> bool:
        """Whether a column has one value in each group: its table's key is among what is grouped by."""
        return any(i.field is not None and i.field.role == "key" and i.field.table == f.table for i in sketch.group)

    def _implied(self, said: Said, sketch: Sketch, figures: list[Item]) -> Item | None:
        """What 'newest first', 'cheapest first', 'best first' order by."""
        if figures:
            return figures[-1]
        if said.adjective in DATED and said.adjective not in ("first", "last"):
            shown = [i for i in sketch.select if i.field is not None and i.field.holds_dates]
            date = self._date_of(sketch.base, said.adjective)
            if shown or date is not None:
                return shown[0] if shown else Item(field=date)
        numbers = [i for i in sketch.select if i.field is not None and i.field.role == "number"]
        own = [f for f in self.schema.tables[sketch.base] if f.role == "number"]
        named = self.field_named(said.adjective, sketch.base, lambda f: f.role == "number") if said.adjective else None
        spoken = [f for f in own if self.links.fields[f] >= 0.75]
        if numbers and (named is None or named not in own):
            return numbers[-1]
        if named is not None and (named in own or not spoken):
            return Item(field=named)
        found = spoken or (own if len(own) == 1 else [])
        return Item(field=found[0]) if found else None

    def _date_of(self, base: str, adjective: str) -> Field | None:
        dates = [f for f in self.schema.tables[base] if f.holds_dates]
        old = adjective in ("oldest", "youngest", "old", "young")
        return min(
            dates,
            key=lambda f: ("birth" in f.words) is not old if any("birth" in g.words for g in dates) else False,
            default=None,
        )
