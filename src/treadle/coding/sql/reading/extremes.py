"""Readings with an extreme: the largest value, the row that has it, the group with most rows, the best of each group."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from treadle.coding.sql.reading.cues import NUMBER_WORDS
from treadle.coding.sql.reading.inflection import singular, stem
from treadle.coding.sql.reading.reader import NAMED
from treadle.coding.sql.reading.schema import Field
from treadle.coding.sql.reading.sketch import Condition, Item, Key, Sketch, shown_of
from treadle.coding.sql.reading.sorting import OrderReader
from treadle.coding.sql.reading.synonyms import similar
from treadle.words import name_parts

__all__ = ["ExtremeReader"]

LATE = frozenset({"youngest", "latest", "newest", "last"})
"""Superlatives that mean the late end of dates."""


_SAID = re.compile(r"[A-Za-z]+")
_VALUE = re.compile(r"\s*(?:what|how long)\b.*\bin (?:days|hours|minutes)\b", re.IGNORECASE)
"""Questions for a time itself, not for what took it."""
_AMOUNT = re.compile(
    r"\s*(?:what (?:does|do|did)\b.*\b(?:cost|weigh|measure)\s*\??\s*$"
    r"|how (?:tall|heavy|high|large|big|expensive|fast|deep|wide)\b"
    r"|how much (?:does|do|did|is|was)\b)",
    re.IGNORECASE,
)
"""Questions for a number itself: 'how tall is the tallest player'."""
_DAY = re.compile(
    r"\s*(?:(?:what|when|find|show|give|tell|return)\b(?:\s+(?:is|was|me))?\s+(?:the\s+)?)?(?:latest|last|newest|first|earliest|oldest)\s+"
    r"(?:\w+\s+){0,2}?(?:date|day|time)\b",
    re.IGNORECASE,
)
"""Questions for a date itself: 'the latest production date of the crystals'."""


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
        own = self._measured(base, place, word)  # 'the highest number of citations', where the rows have that number
        counted = self._counted_by(base, place, word) if own is None else None
        if counted is not None and (most := self._most_rows(base, conditions, place, high, counted)) is not None:
            return most
        if word in ("most", "fewest", "least") and self.tables_after(place, len(word) + 2):
            return self._most_rows(base, conditions, place, high)
        item = own or (self._dated_item(base) if self.cues.dated else None)
        item = item or self.measure(base, max(0, place - 1))
        if item is None or item.field is None or self.grouping(base):
            return None
        if self.cues.dated and item.field.holds_dates:
            high = word in LATE
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
        limit = self.cues.limit or self._number_of_rows(base)
        if (
            limit == 1
            and item.field.holds_dates
            and re.match(r"\s*(?:when|on\s+(?:what|which)\s+(?:date|day))\b", self.text, re.I)
        ):
            return Sketch(self._home(base, item), (replace(item, aggregate="MAX" if word in LATE else "MIN"),), conditions)
        summed = "SUM" if self.cues.total is not None else "AVG" if self.cues.average is not None else ""
        summed = summed or ("SUM" if self._adds_up(base, item.field, word) else "")
        head = self._head_field(base, item.field) or self._other_people(base, item.field, word)
        if head is not None and not (summed or word == "most"):
            head = None
        if summed or head is not None:
            group = (Item(field=head),) if head is not None else self.identity(base)
            if head is not None or base != item.field.table:
                order = replace(item, aggregate=summed or "SUM")
                shown = shown_of(group)
                home = item.field.table
                return Sketch(home, shown, conditions, group=group, order=(Key(order, high),), limit=limit)
        value = _VALUE if item.until is not None else _DAY if item.field.holds_dates else _AMOUNT
        if limit == 1 and not self.cues.limit and self.cues.rank == 1 and value.match(self.text) is not None:
            return Sketch(self._home(base, item), (replace(item, aggregate="MAX" if high else "MIN"),), conditions)
        named = re.search(r"\b(which|who|whose|names?|titles?|list|show|give|return|where)\b", self.text, re.IGNORECASE)
        said = "|".join(re.escape(self.schema.spoken_table(base, many)) for many in (True, False))
        rows = rf"what\s+(?:is|are|was|were)\s+the\s+(?:{said})\b"
        most = rf"\b{re.escape(word)}\s+(?:\w+\s+){{0,2}}?(?:{said})\b"
        named = named or re.search(most, self.text, re.IGNORECASE)  # 'the most played tracks'
        asks_row = (
            named is not None or re.search(rows, self.text, re.IGNORECASE) is not None or not self._nouns(item.field)
        )  # 'the heaviest baryon' is a baryon, no mass
        if not asks_row and not self.cues.limit and self.cues.rank > 1 and not self._asks_other(base, item.field):
            return Sketch(self._home(base, item), (item,), conditions, order=(Key(item, high),), limit=1, distinct=True)
        if not asks_row and not self.cues.limit and not self._asks_other(base, item.field):
            return Sketch(self._home(base, item), (replace(item, aggregate="MAX" if high else "MIN"),), conditions)
        shown = self.shown(base, but=lambda f: f == item.field and not self._asked(f))
        return Sketch(self._home(base, item), shown, conditions, order=(Key(item, high),), limit=limit)

    def _adds_up(self, base: str, measure: Field, word: str) -> bool:
        """'the most points', 'the highest repair costs': what a row has many of is added up, where it is said so."""
        if not self.is_many(base, measure.table) or re.search(r"\b(?:single|in one|a game)\b", self.text, re.IGNORECASE):
            return False
        said = [
            m[0].lower() for p in self.exact_places(measure) or [self.place(measure)] if (m := _SAID.match(self.text[p:]))
        ]
        return word in ("most", "least", "fewest") or any(singular(w) != w for w in said)

    def _other_people(self, base: str, measure: Field, word: str) -> Field | None:
        """'the three passengers that spent the most': who a row of bookings calls, and has more than one row."""
        label = self.schema.label(base)
        if (
            label is None
            or measure.table != base
            or len(label.words) < 2
            or not (word == "most" or self.cues.total is not None)
        ):
            return None
        head = stem(name_parts(base)[-1])
        return label if stem(label.words[0]) != head and self._said_before(label.words[0]) else None

    def _said_before(self, word: str) -> bool:
        """Whether a word stands before the extreme."""
        end = self.cues.superlative[0] if self.cues.superlative else len(self.text)
        return any(stem(w) == stem(word) for w in re.findall(r"[A-Za-z]+", self.text[:end]))

    def _number_of_rows(self, base: str) -> int:
        """5 of 'which five drivers have the highest salary'; 1 where no number stands before the rows."""
        rows = re.escape(self.schema.spoken_table(base))
        match = re.search(rf"\b(\d+|{'|'.join(NUMBER_WORDS)})\s+{rows}\b", self.text, re.IGNORECASE)
        if match is None or any(b.start <= match.start() < b.end for b in self.cues.bounds):
            return 1
        return NUMBER_WORDS.get(match[1].lower()) or int(match[1])

    def _nouns(self, f: Field) -> list[int]:
        """Where a column is named; 'the latest installed detector' is a detector, no date."""
        return [p for p in self.exact_places(f) if f.role != "date" or not re.match(r"\w+ed\b", self.text[p:])]

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

    def _counted_by(self, base: str, place: int, word: str) -> str | None:
        """The table whose rows make an extreme: 'the most prescribed drug', 'the largest number of members'."""
        rest = self.text[place + len(word) :]
        if word in ("most", "least") and (verb := re.match(r"\s+(\w+ed)\b", rest)):
            tables = [t for t in self.schema.tables if t != base and self.schema.path(t, base) is not None]
            said = [t for t in tables if similar(stem(name_parts(t)[-1]), stem(verb[1])) > 0]
            return said[0] if len(said) == 1 else None
        if number := re.match(r"\s+(?:total\s+)?number\s+of\s+(?:different\s+)?", rest):
            return next(iter(self.tables_after(place + len(word) + number.end(), 2)), None)
        return None

    def _most_rows(
        self, base: str, conditions: tuple[Condition, ...], place: int, high: bool, rows: str | None = None
    ) -> Sketch | None:
        """The group with most rows: 'who scored the most goals', 'which was loaned most often', 'the most common genre'."""
        counted = rows or next(iter(self.tables_after(place, 25)), None)
        if dated := self._most_in_part(base, conditions, high):
            return dated
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
            group, home = self.people_of(counted), counted
        else:
            return None
        if not group or any(i.field and not self.reaches(home, i.field) for i in group):
            return None
        shown = list(shown_of(group))
        if re.search(r"\b(?:and|with)\s+(?:the\s+|its\s+|their\s+)?(?:number|count)\b", self.text, re.IGNORECASE):
            shown = [*shown, Item()]
        return Sketch(home, tuple(shown), conditions, group=group, order=(Key(Item(), high),), limit=self.cues.limit or 1)

    def people_of(self, table: str) -> tuple[Item, ...]:
        """Those whom rows of ``table`` belong to: its last reference to a table with names."""
        people = [j.right for j in self.schema.joins if j.left == table and self.schema.label(j.right)]
        return self.identity(people[-1]) if people else ()

    def _most_in_part(self, base: str, conditions: tuple[Condition, ...], high: bool) -> Sketch | None:
        """'In which month were most books lent?': rows counted by a part of their date."""
        match = re.match(r"\s*(?:in|during)?\s*(?:which|what)\s+(month|year)\b", self.text, re.IGNORECASE)
        group = self._group_of_dates(match[1].lower(), base) if match else ()
        if not group or group[0].field is None or not group[0].part:
            return None
        order = (Key(Item(), high),)
        return Sketch(group[0].field.table, group, conditions, group=group, order=order, limit=self.cues.limit or 1)

    def _played(self, base: str) -> Field | None:
        """'played most often' where the rows have a number of plays."""
        numbers = [f for f in self.schema.tables[base] if f.role == "number" and len(f.words) == 1]
        return next((f for f in numbers if self.exact_places(f)), None)

    def _dated_item(self, base: str) -> Item | None:
        dates = [f for f in self.schema.tables[base] if f.holds_dates]
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
            key = self.schema.column(home, way[0].left_column)
        aggregate = "MAX" if self.cues.superlative[2] else "MIN"
        top = Condition(item.field, "=", aggregate, kind="group", other=key)
        named = [i for i in group if i.field and i.field.role != "key"]
        return Sketch(home, tuple(dict.fromkeys((*named, *asked))), (*conditions, top))

    def _home(self, base: str, item: Item) -> str:
        assert item.field is not None
        return item.field.table if self.schema.path(item.field.table, base) is not None else base
