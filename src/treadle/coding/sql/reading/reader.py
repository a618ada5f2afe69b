"""Reads the parts of a question against a schema: what it is about, its conditions, measures, groups, columns to show."""

from __future__ import annotations

import re
from dataclasses import replace

from treadle.coding.sql.reading.abbreviations import with_short_names, with_spoken_names
from treadle.coding.sql.reading.clauses import Clauses, read_clauses
from treadle.coding.sql.reading.cues import Cues, read_cues
from treadle.coding.sql.reading.inflection import singular, stem
from treadle.coding.sql.reading.linking import Links, normalised, places_of
from treadle.coding.sql.reading.schema import Field, Schema
from treadle.coding.sql.reading.sketch import Condition, Item, identity_of
from treadle.words import name_parts

__all__ = ["Reader"]

NAMED = 0.5
"""From this score on a column or table counts as spoken of; ``HINTED`` is enough where the place in the question fits."""
HINTED = 0.4
_FAR = 10_000
_PARTS = {stem(word): word for word in ("year", "month", "quarter", "weekday", "hour")}
TIMES = frozenset({"s", "ms", "sec", "secs", "min", "mins", "h", "hr", "hrs", "second", "minute", "hour", "day"})
"""Units of time."""
LASTING = frozenset({"duration", "time", "length", "elapsed", "runtime", "walltime", "lifetime"})
"""Words of columns that hold how long something takes."""


class Reader:
    """Reads one question against one schema."""

    def __init__(self, text: str, schema: Schema, links: Links) -> None:
        self.schema, self.links = schema, links
        whole = with_short_names(with_spoken_names(normalised(text), schema), schema)
        self.clauses: Clauses = read_clauses(whole)
        self.text, self.whole = self.clauses.main, whole
        self.cues: Cues = read_cues(self.text)
        self.starts = places_of(whole)
        self.used: set[Field] = set()
        if self.cues.superlative is not None and (
            self._in_a_name(*self.cues.superlative[:2]) or self._in_a_value(self.cues.superlative[0])
        ):
            self.cues = replace(self.cues, superlative=None, dated=False)

    def _in_a_name(self, place: int, word: str) -> bool:
        """Whether an extreme is part of a column's name, as 'first' is of 'first light'."""
        names = [f.words for f in self.schema.fields if word in f.words and len(f.words) > 1]
        phrases = (r"\b" + r"\s+".join(re.escape(w) for w in name) + r"\b" for name in names)
        found = (m for phrase in phrases for m in re.finditer(phrase, self.text, re.IGNORECASE))
        return any(m.start() <= place < m.end() for m in found)

    def _in_a_value(self, place: int) -> bool:
        """Whether an extreme is part of a value, as 'first' is of 'first class'."""
        return any(v.start < len(self.starts) and self.starts[v.start] == place for v in self.links.values)

    # ------------------------------------------------------------------------------------------ places

    def place(self, key: object) -> int:
        """The character at which something is named; far away where it is not."""
        word = self.links.at.get(key)
        if word is None or word >= len(self.starts):
            return _FAR
        if self._cut(word):
            return next(iter(self.exact_places(key)), _FAR)
        return self.starts[word]

    def _cut(self, word: int) -> bool:
        """Whether a word stands in a clause that was cut out of the question."""
        return self.text[self.starts[word]] == " "

    def exact_places(self, key: object) -> list[int]:
        words = (i for i in self.links.exact.get(key, ()) if i < len(self.starts))
        return [self.starts[i] for i in words if not self._cut(i)]

    def reaches(self, base: str, f: Field) -> bool:
        return self.schema.path(base, f.table) is not None

    def near(self, base: str, table: str) -> int:
        """How many joins lie between two tables."""
        way = self.schema.path(base, table)
        return 99 if way is None else len(way)

    def between(self, table: str, other: str) -> str:
        """The table that links two others many to many, where there is one: its rows are what is counted."""
        way = self.schema.path(other, table) or ()
        linked = len(way) == 2 and way[0] not in self.schema.joins and way[1] in self.schema.joins
        return way[0].right if linked else table

    # ------------------------------------------------------------------------------------------- parts

    def entity(self) -> str | None:
        """The table that the question is about: the first one named, else where its columns or values are."""
        tables = self.links.tables
        named = [t for t, score in tables.items() if score >= 0.99] or [t for t, score in tables.items() if score >= NAMED]
        if named:
            named = [t for t in named if not self._within_a_longer(t, named)]
            return min(named, key=lambda t: (self.place(t), -tables[t], len(t)))
        spoken = self._spoken_most()
        if spoken is not None:
            return spoken
        if self.links.values:
            return self.links.values[0].field.table
        return max(self.schema.entries, key=lambda t: self.schema.entries[t], default=None)

    def _within_a_longer(self, table: str, named: list[str]) -> bool:
        """Whether all that names a table is part of a longer name: 'bus lines' are no buses."""
        spans = []
        for other in named:
            words = [re.escape(singular(w.lower())) for w in name_parts(other)]
            if len(words) > len(name_parts(table)):
                phrase = r"\b" + r"\w*\s+".join(words)
                spans += [m.span() for m in re.finditer(phrase, self.text, re.IGNORECASE)]
        places = self.exact_places(table) if spans else []
        return bool(places) and all(any(a <= p < b for a, b in spans) for p in places)

    def _spoken_most(self) -> str | None:
        """The table whose own columns explain most of the question; of equal ones that of the column named best."""
        fields = self.links.best(lambda f: f.role != "key")
        if not fields:
            return None
        told: dict[str, float] = {}
        for table in self.schema.tables:
            words: dict[int, float] = {}
            for f in fields:
                if f.table == table and self.links.fields[f] >= HINTED:
                    for place in self.exact_places(f) or [self.place(f)]:
                        words[place] = max(words.get(place, 0.0), self.links.fields[f])
            told[table] = sum(words.values()) + 0.5 * sum(v.field.table == table for v in self.links.values)
        best = max(told.values())
        return next((f.table for f in fields if told[f.table] >= best), fields[0].table)

    def tables_after(self, place: int, within: int = _FAR) -> list[str]:
        """Tables named at or after a place, nearest first."""
        found = [t for t, s in self.links.tables.items() if s >= 0.99 and 0 <= self.place(t) - place <= within]
        return sorted(found, key=self.place)

    def named_fields(self, *roles: str) -> list[Field]:
        return [
            f for f in self.links.best(lambda f: f.role in roles and f not in self.used) if self.links.fields[f] >= NAMED
        ]

    def number_near(self, place: int, base: str, least: float = HINTED) -> Field | None:
        """The number column named nearest to a place in the question, those before it first."""
        numbers = [
            f
            for f in self.links.best(lambda f: f.role == "number")
            if self.links.fields[f] >= least and self.reaches(base, f)
        ]

        def distance(f: Field) -> tuple[float, int, float]:
            places = [*self.exact_places(f), self.place(f)]
            gap = min((abs(p - place) + (15 if p - place > 25 else 0) for p in places), default=_FAR)
            return gap, self.near(base, f.table), -self.links.fields[f]

        return min(numbers, key=distance, default=None)

    def dated(self, place: int, base: str) -> Field | None:
        """The column of a calendar year: one named nearby, else a year or date of the base, days of birth last."""
        years = [f for f in self.schema.fields if f.holds_dates and self.reaches(base, f)]
        named = [f for f in years if self.links.fields[f] >= HINTED]
        if named:
            return min(named, key=lambda f: (self.near(base, f.table), abs(self.place(f) - place)))
        return min(years, key=lambda f: (self.near(base, f.table), "birth" in f.words, f.role == "date"), default=None)

    # ------------------------------------------------------------------------------ measures and groups

    def measure(self, base: str, place: int | None) -> Item | None:
        """The number that an aggregate is of, named nearest after ``place``; or days between two dates."""
        if self.cues.duration and (lasting := self._lasting(base) or self._days(base)):
            return lasting
        numbers = [f for f in self.named_fields("number") if self.reaches(base, f)]
        if not numbers and re.search(r"\btime\b|\bhours\b|\bminutes\b", self.text, re.IGNORECASE):
            numbers = self._times(base)
        if not numbers:
            return None
        numbers = [f for f in numbers if self.exact_places(f)] or numbers  # 'the highest price' is no height
        start = place or 0

        def distance(f: Field) -> tuple[float, int, float]:
            gap = min(
                ((p - start if p >= start else 200 + start - p) for p in [*self.exact_places(f), self.place(f)]),
                default=_FAR,
            )
            return gap, self.near(base, f.table), -self.links.fields[f]

        best = max(self.links.fields[f] for f in numbers)
        return Item(field=min([f for f in numbers if self.links.fields[f] >= 0.7 * best], key=distance))

    def _times(self, base: str) -> list[Field]:
        """The only column of the tables spoken of that is a time: 'the most time spent on visits'."""
        spoken = [t for t, s in self.links.tables.items() if s >= NAMED and self.schema.path(base, t) is not None]
        numbers = [f for t in dict.fromkeys((base, *spoken)) for f in self.schema.tables[t] if f.role == "number"]
        found = [f for f in numbers if TIMES & {f.unit.lower(), f.words[-1] if f.words else ""} or LASTING & set(f.words)]
        return found if len(found) == 1 else []

    def _lasting(self, base: str) -> Item | None:
        """The only column of the rows that is a time, as its unit says."""
        own = [f for f in self.schema.tables[base] if f.role == "number" and f.unit.lower() in TIMES]
        own = [f for f in own if self.exact_places(f) or LASTING & set(f.words)]
        return Item(field=own[0]) if len(own) == 1 else None

    def span(self, base: str) -> tuple[Field, Field] | None:
        """The two dates of the rows between which a time is asked for."""
        found = self._days(base)
        return None if found is None or found.field is None or found.until is None else (found.field, found.until)

    def _days(self, base: str) -> Item | None:
        dates = [f for f in self.schema.fields if f.role == "date" and self.reaches(base, f)]
        tables = sorted(
            {f.table for f in dates if sum(g.table == f.table for g in dates) >= 2}, key=lambda t: self.near(base, t)
        )
        if not tables:
            return None
        own = [f for f in dates if f.table == tables[0]]
        first, last = own[0], max(own[1:], key=lambda f: self.links.fields[f])
        if len(own) > 2 and (
            said := re.search(r"\b(?:(wait|queue)|(run|last|process|execut|travel))", self.text, re.IGNORECASE)
        ):
            first, last = own[:2] if said[1] else own[-2:]
        unit = re.search(r"\b(hours|minutes)\b", self.text, re.IGNORECASE)
        part = "" if not (first.timed or last.timed) else unit[1].lower() if unit else "days"
        return Item(field=first, until=last, part=part)

    def grouping(self, base: str) -> tuple[Item, ...]:
        """What rows are grouped by: a table's key and label, or a column, named after 'each', 'per', 'by'."""
        if self.cues.group is None:
            return ()
        first = self._grouped_by(re.split(r"\s+and\b", self.cues.group[1])[0], base)
        second = re.match(r"(?:\s*[\w-]+){1,2}?\s+and\s+(?:by\s+|per\s+)?([\w-]+(?:\s+[\w-]+)?)", self._group_text())
        if not first or second is None or self.cues.superlative is not None:
            return first
        return tuple(dict.fromkeys((*first, *self._grouped_by(second[1], base))))

    def _group_text(self) -> str:
        assert self.cues.group is not None
        return self.text[self.text.find(self.cues.group[1], self.cues.group[0]) :]

    def _grouped_by(self, words: str, base: str) -> tuple[Item, ...]:
        """What one part of 'per A and B' names."""
        said = [stem(w) for w in re.findall(r"\w+", words)]
        for count in (2, 3):  # 'per due date year'
            if len(said) >= count and said[count - 1] in _PARTS:
                named = [f for f in self.schema.fields if f.role == "date" and self.reaches(base, f)]
                dated = [f for f in named if {stem(w) for w in f.words} & set(said[: count - 1])]
                if dated and not self._year_named(said[:count], base):
                    return (Item(field=min(dated, key=lambda f: self.near(base, f.table)), part=_PARTS[said[count - 1]]),)
        if len(said) > 1 and (whole := self._group_named(said[0], said[1], base)):
            return (Item(field=whole),)
        for word in said[:2]:
            if word in _PARTS and (dates := self._group_of_dates(_PARTS[word], base)):
                return dates
            fields = [
                f
                for f in self.schema.fields
                if word in [stem(w) for w in f.words] and self.reaches(base, f) and f.role != "key"
            ]
            for table in sorted(self.schema.tables, key=lambda t: len(name_parts(t))):
                if word == stem(name_parts(table)[-1]) and self.schema.path(base, table) is not None:
                    named = [f for f in fields if set(said) >= {stem(w) for w in f.words}]
                    return tuple(Item(field=f) for f in named[:1]) if named and len(said) > 1 else self.identity(table)
            if fields:
                return (Item(field=min(fields, key=lambda f: (self.near(base, f.table), f.role == "number", len(f.words)))),)
        return ()

    def _year_named(self, said: list[str], base: str) -> bool:
        """Whether words are the whole name of a column: 'admission year'."""
        return any([stem(w) for w in f.words] == said for f in self.schema.fields if self.reaches(base, f))

    def _group_named(self, owner: str, word: str, base: str) -> Field | None:
        """'per concert city', 'for each home country': a column that two words name, the first of which may be its table."""
        found = [f for f in self.schema.fields if f.role != "key" and self.reaches(base, f) and f.words[-1:]]
        found = [f for f in found if stem(f.words[-1]) == word]
        whole = [f for f in found if owner in [stem(w) for w in (*name_parts(f.table), *f.words[:-1])]]
        return min(whole, key=lambda f: self.near(base, f.table), default=None)

    def _group_of_dates(self, part: str, base: str) -> tuple[Item, ...]:
        """'in each year': of a date that is spoken of, else of a column called year, else of any date."""
        dates = [f for f in self.schema.fields if f.role == "date" and self.reaches(base, f)]
        spoken = [f for f in dates if self.links.fields[f] >= HINTED]
        years = [f for f in self.schema.fields if part in f.words and f.role != "date" and self.reaches(base, f)]
        named = [f for f in years if len(f.words) > 1 and self._phrase_at(f)]
        if named or (years and not spoken):
            own = min(named or years, key=lambda f: self.near(base, f.table))
            if named or not any(self.near(base, f.table) < self.near(base, own.table) for f in dates):
                return (Item(field=own),)
        if not dates:
            return ()
        return (Item(field=min(spoken or dates, key=lambda f: (self.near(base, f.table), "birth" in f.words)), part=part),)

    def _phrase_at(self, f: Field) -> bool:
        """Whether a column of several words is named by all of them in a row: 'release year'."""
        return re.search(r"\b" + r"\s+".join(re.escape(w) for w in f.words) + r"s?\b", self.text, re.IGNORECASE) is not None

    def identity(self, table: str) -> tuple[Item, ...]:
        """What tells a table's rows apart, and what a person calls them."""
        return identity_of(table, self.schema)

    def to_many(self, base: str, conditions: tuple[Condition, ...]) -> bool:
        """Whether the joins that conditions need can repeat rows of the base."""
        key = self.schema.key(base)
        for condition in conditions:
            way = self.schema.path(base, condition.field.table)
            if way and key is not None and any(j.left_column == key.name and j.left == base for j in way[:1]):
                return True
        return False
