"""Readings that divide or subtract: shares, percentages, ratios, differences, growth."""

from __future__ import annotations

import re
from dataclasses import replace

from treadle.coding.sql.reading.schema import Field
from treadle.coding.sql.reading.sides import SideReader
from treadle.coding.sql.reading.sketch import Condition, Item, Sketch, shown_of

__all__ = ["RatioReader"]


_VERB = re.compile(
    r"\b(?:is|are|was|were|has|have|had|came|comes?|did|do|does|can|got|gets?|goes|went|belongs?|lives?|falls?|contains?|costs?|weighs?|lies?|lasts?|lasted"
    r"|made|makes?|took|takes?|ended|ends?|uses?|used)\b",
    re.IGNORECASE,
)


class RatioReader(SideReader):
    """Reads what is divided by what."""

    def _ratio(self, base: str, conditions: tuple[Condition, ...]) -> Sketch | None:
        if not self.cues.ratio or (self.cues.ratio == "ratio" and self.cues.ratio_to is not None):
            return None  # of a ratio both sides are told; a share is another number
        part, rest = self._share_of(base)
        group = self.grouping(base)
        if not part:
            return self._share_each(base, group, rest) if self.cues.ratio != "ratio" else None
        shown = shown_of(group)
        whole = self._summed(base)
        item = replace(whole, among=part, by=("/", whole), factor=100.0 if self.cues.ratio.startswith("percent") else 1.0)
        home = base if whole.field is None else self._home(base, whole)
        return Sketch(home, (*shown, item), rest, group=group)

    def _share_each(self, base: str, group: tuple[Item, ...], rest: tuple[Condition, ...]) -> Sketch | None:
        """'What fraction of the total cost goes to each method?': what every group has of the whole."""
        whole = self._summed(base)
        if not group or any(i.field is None for i in group):
            return None
        home = base if whole.field is None else self._home(base, whole)
        if any(i.field is not None and not self.reaches(home, i.field) for i in group) or group[0].field == self.schema.key(
            home
        ):
            return None
        shown = shown_of(group)
        factor = 100.0 if self.cues.ratio.startswith("percent") else 1.0
        item = replace(whole, by=("/", Item(query=Sketch(home, (whole,), rest))), factor=factor)
        return Sketch(home, (*shown, item), rest, group=group)

    def _share_of(self, base: str) -> tuple[tuple[Condition, ...], tuple[Condition, ...]]:
        """The conditions on the part, and those that the whole has to fulfil as well, said before the verb.

        'What share of the runs in 2023 was good': the runs in 2023 are the whole, the good ones the part.
        """
        placed = self.placed(base)
        ratio = re.search(r"\b(?:fraction|percentage|percent|proportion|share)\b", self.text, re.IGNORECASE)
        start = ratio.end() if ratio else 0
        verb = _VERB.search(self.text, start)
        rest = [c for p, c in placed if p < 0 or (verb is not None and start < p < verb.start())]
        part = [c for _, c in placed if c not in rest]
        if not part:
            rest, part = [c for p, c in placed if p < 0], [c for p, c in placed if p >= 0]
        return tuple(dict.fromkeys(part)), tuple(dict.fromkeys(rest))

    def _summed(self, base: str) -> Item:
        """What the share is of: a sum where a total is named, else the number of rows."""
        match = re.search(
            r"\b(?:fraction|percentage|percent|proportion|share)\s+of\s+(?:the\s+|all\s+)?(?:total|overall|summed|whole|all)\s+((?:\w+\s*){1,3})",
            self.text,
            re.IGNORECASE,
        )
        if match is None:
            return Item()
        words = match[1].split()
        for count in range(len(words), 0, -1):
            phrase = " ".join(words[:count])
            if self.table_named(phrase, base) is not None:
                break
            if (f := self.field_named(phrase, base, lambda f: f.role == "number")) is not None:
                return Item("SUM", f)
        return Item()

    def _compared(self, base: str, conditions: tuple[Condition, ...]) -> Sketch | None:
        """'How much higher is the average price in Kyoto than in Dublin?': the difference of two averages."""
        values = [c for _, c in self.of_values(base)]
        if not self.cues.compared or len(values) != 2 or values[0].field != values[1].field:
            return None
        name = "SUM" if self.cues.total is not None else "AVG" if self.cues.average is not None else "COUNT"
        if name == "COUNT" and self.cues.count is None and self.named_fields("number") and not self.tables_after(0, 60):
            name = "SUM"  # 'the gap between the GDP of A and the GDP of B'
        key = self.schema.key(base)
        item = self.measure(base, self.cues.average or self.cues.total) if name != "COUNT" else Item(field=key)
        if item is None or item.field is None:
            return None
        rest = tuple(c for c in conditions if c.field != values[0].field)
        item = replace(item, aggregate=name)
        one, other = (replace(item, among=(v,)) for v in values)
        return Sketch(self._home(base, item), (replace(one, by=("-", other)),), rest)

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
        item = Item(name, before, by=("/", Item(name, after)))
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

    def _grown(self, base: str, conditions: tuple[Condition, ...]) -> Sketch | None:
        """'By how many percent did the GDP of A grow from 2022 to 2023?': a figure of two years."""
        match = re.search(
            r"\b(?:grow|grew|grown|growth|increase[ds]?|rise|rose|risen|change[ds]?|drop(?:ped)?|fall|fell|fallen|decrease[ds]?|shrink)\b",
            self.text,
            re.IGNORECASE,
        )
        span = next((b for b in self.cues.bounds if b.operator == "BETWEEN" and b.year), None)
        counted = re.search(r"\b(?:number of|how many)\s+(?!per ?cent)", self.text, re.IGNORECASE)
        item = self.measure(base, 0) if counted is None else Item()
        if match is None or span is None or item is None or item.until is not None:
            return None
        home = base if item.field is None else item.field.table
        date = self.dated(span.start, home)
        if date is None or date == item.field:
            return None
        kind = "year" if date.role == "date" else "plain"
        first, last = (Condition(date, "=", year, kind=kind) for year in span.value.split(" AND "))
        name = "AVG" if self.cues.average is not None else "SUM"
        name = name if item.field is not None else ""
        before, after = (Item(name, item.field, among=(c,)) for c in (first, last))
        percent = re.search(r"\bper ?cent(?:age)?\b|%|\bgrowth rate\b", self.text, re.IGNORECASE)
        grown = replace(after, by=("growth", before), factor=100.0) if percent else replace(after, by=("-", before))
        rest = tuple(c for c in self.conditions(home) if c.field != date)
        return Sketch(home, (grown,), rest)

    def _per_head(self, base: str, conditions: tuple[Condition, ...]) -> Sketch | None:
        """'average number of tracks per playlist', 'students per professor': one number of rows divided by another."""
        match = re.search(
            r"\b(?:(?P<average>average|mean)\s+number\s+of|how\s+many|ratio\s+of)\s+(?P<one>\w+(?:\s+\w+)?)\s+(?:\w+\s+){0,2}?(?:per|to|(?:for|in|of|by|do|does)\s+(?:each|every|an?))\s+(?P<other>\w+)",
            self.text,
            re.IGNORECASE,
        )
        if match is None or not (self.cues.average is not None or self.cues.ratio or self.clauses.decimal):
            return None
        one = self.table_named(match["one"], base) or self.table_named(match["one"].split()[0], base)
        other = self.table_named(match["other"], base)
        if one is None or other is None or one == other:
            return None
        key = self.schema.key(other) or self.schema.label(other)
        if self.schema.path(other, one) is None or key is None:
            return None
        if all(j not in self.schema.joins for j in self.schema.path(other, one) or ()):  # each row of one is of one other
            return Sketch(one, (Item(by=("/", Item("COUNT", key, distinct=True))),), conditions)
        both = [Sketch(t, (Item(),), tuple(c for c in conditions if self.reaches(t, c.field))) for t in (one, other)]
        return Sketch("", (Item(query=both[0], field=key, by=("/", Item(query=both[1], field=key))),))
