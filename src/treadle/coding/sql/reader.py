"""Reads the parts of a question against a schema: what it is about, its conditions, measures, groups, columns to show."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from treadle.coding.sql.cues import Bound, Cues, read_cues
from treadle.coding.sql.linking import Links, ValueLink, places_of
from treadle.coding.sql.schema import Field, Schema, stem
from treadle.coding.sql.sketch import Condition, Item
from treadle.words import name_parts

__all__ = ["Reader"]

NAMED = 0.5
"""From this score on a column or table counts as spoken of; ``HINTED`` is enough where the place in the question fits."""
HINTED = 0.4
_FAR = 10_000
_SHOW = re.compile(
    r"\b(?:give|show|list|return|tell|display|print|provide|report|output|select)\b|\bwith (?:its|their|his|her)\b",
    re.IGNORECASE,
)

_QUALIFIES = re.compile(
    r"\b(?:than|whose|that|which|where|who|having|sorted|ordered|with (?:the|an?|more|less|at)|for all|above|below)\b|[.?!]"
)


class Reader:
    """Reads one question against one schema."""

    def __init__(self, text: str, schema: Schema, links: Links) -> None:
        self.text, self.schema, self.links = text, schema, links
        self.cues: Cues = read_cues(text)
        self._starts = places_of(text)
        self.used: set[Field] = set()

    # ------------------------------------------------------------------------------------------ places

    def place(self, key: object) -> int:
        """The character at which something is named; far away where it is not."""
        word = self.links.at.get(key)
        return self._starts[word] if word is not None and word < len(self._starts) else _FAR

    def exact_places(self, key: object) -> list[int]:
        return [self._starts[i] for i in self.links.exact.get(key, ()) if i < len(self._starts)]

    def reaches(self, base: str, f: Field) -> bool:
        return self.schema.path(base, f.table) is not None

    def near(self, base: str, table: str) -> int:
        """How many joins lie between two tables."""
        way = self.schema.path(base, table)
        return 99 if way is None else len(way)

    # ------------------------------------------------------------------------------------------- parts

    def entity(self) -> str | None:
        """The table that the question is about: the first one named, else where its columns or values are."""
        tables = self.links.tables
        named = [t for t, score in tables.items() if score >= 0.99] or [t for t, score in tables.items() if score >= NAMED]
        if named:
            return min(named, key=lambda t: (self.place(t), -tables[t], len(t)))
        fields = self.links.best(lambda f: f.role != "key")
        if fields:
            return fields[0].table
        if self.links.values:
            return self.links.values[0].field.table
        return max(self.schema.entries, key=lambda t: self.schema.entries[t], default=None)

    def tables_after(self, place: int, within: int = _FAR) -> list[str]:
        """Tables named at or after a place, nearest first."""
        found = [t for t, s in self.links.tables.items() if s >= 0.99 and 0 <= self.place(t) - place <= within]
        return sorted(found, key=self.place)

    def named_fields(self, *roles: str) -> list[Field]:
        return [
            f for f in self.links.best(lambda f: f.role in roles and f not in self.used) if self.links.fields[f] >= NAMED
        ]

    # -------------------------------------------------------------------------------------- conditions

    def conditions(self, base: str) -> tuple[Condition, ...]:
        """All conditions on rows that the question states."""
        found = [*self._of_values(base), *self._of_bounds(base), *self._of_dates(base)]
        if self.cues.than_average and (f := self.number_near(self.text.lower().find("average"), base)):
            found.append(Condition(f, self.cues.than_average, kind="average"))
        if absent := self._absent(base):
            found.append(absent)
        return tuple(dict.fromkeys(found))

    def of_values(self, base: str) -> list[tuple[int, Condition]]:
        """One condition for every value that the question names, with its place."""
        by_place: dict[tuple[int, int], list[ValueLink]] = {}
        for v in self.links.values:
            by_place.setdefault((v.start, v.end), []).append(v)
        found = []
        for (start, _), group in by_place.items():
            best = max((v for v in group), key=lambda v: self._fits(v, base))
            if self.reaches(base, best.field):
                found.append((self._starts[start], Condition(best.field, "=", best.sql)))
        return sorted(found, key=lambda pair: pair[0])

    def _fits(self, v: ValueLink, base: str) -> tuple[bool, float, float, int]:
        fields, tables = self.links.fields, self.links.tables
        spoken = max(fields[v.field], tables.get(v.field.table, 0.0) if v.field.role == "label" else 0.0)
        return self.reaches(base, v.field), spoken, float(v.field.table == base), -self.near(base, v.field.table)

    def _of_values(self, base: str) -> list[Condition]:
        """Several values of one column: any of them will do."""
        by_field: dict[Field, list[Condition]] = {}
        for _, condition in self.of_values(base):
            by_field.setdefault(condition.field, []).append(condition)
        return [
            c[0] if len(c) == 1 else Condition(f, "IN", f"({', '.join(dict.fromkeys(x.value for x in c))})")
            for f, c in by_field.items()
        ]

    def _of_bounds(self, base: str) -> list[Condition]:
        found: list[tuple[int, Condition]] = []
        for bound in self.cues.bounds:
            if condition := self._of_bound(bound, base):
                found.append((bound.start, condition))
        merged: list[tuple[int, Condition]] = []
        for place, condition in found:
            between = self.text[merged[-1][0] : place] if merged else ""
            if merged and merged[-1][1].field == condition.field and re.search(r"\bor\b", between):
                merged[-1] = (place, replace(merged[-1][1], either=condition))
            else:
                merged.append((place, condition))
        return [c for _, c in merged]

    def _of_bound(self, bound: Bound, base: str) -> Condition | None:
        field = self._field_after(bound, base)
        if field is None and self.counts_rows(bound):
            return None  # 'more than two stations' counts rows
        if field is None and bound.year and (dated := self.dated(bound.start, base)):
            if dated.role == "date":
                return Condition(dated, bound.operator, bound.value.replace(" AND ", "' AND '"), kind="year")
            return Condition(dated, bound.operator, bound.value)
        field = field or self.number_near(bound.start, base)
        return None if field is None else Condition(field, bound.operator, bound.value)

    def _field_after(self, bound: Bound, base: str) -> Field | None:
        """The column named right after a number: 'more than 3 home goals'."""
        after = [stem(w) for w in re.findall(r"\w+", self.text[bound.end :])[:4]]
        fits = [f for f in self.schema.fields if f.role == "number" and self.reaches(base, f)]
        fits = [f for f in fits if [stem(w) for w in f.words] == after[: len(f.words)]]
        return max(fits, key=lambda f: (len(f.words), -self.near(base, f.table)), default=None)

    def counts_rows(self, bound: Bound) -> str | None:
        """The table whose rows a number counts, where one is named right after it."""
        after = self.text[bound.end :].strip().lower()
        for table in self.schema.tables:
            said = "|".join(re.escape(self.schema.spoken_table(table, many)) for many in (True, False))
            if re.match(rf"(?:\w+\s+)?(?:{said})\b", after):
                return table
        return None

    def dated(self, place: int, base: str) -> Field | None:
        """The column of a calendar year: one named nearby, else a year or date of the base."""
        years = [f for f in self.schema.fields if self._holds_dates(f) and self.reaches(base, f)]
        named = [f for f in years if self.links.fields[f] >= HINTED]
        if named:
            return min(named, key=lambda f: (self.near(base, f.table), abs(self.place(f) - place)))
        return min(years, key=lambda f: (self.near(base, f.table), f.role == "date"), default=None)

    def _holds_dates(self, f: Field) -> bool:
        years = {"year", "founded", "opened", "born", "built", "established", "since"}
        return f.role == "date" or (f.role == "number" and bool(years & set(f.words)))

    def number_near(self, place: int, base: str) -> Field | None:
        """The number column named nearest to a place in the question, those before it first."""
        numbers = [
            f
            for f in self.links.best(lambda f: f.role == "number")
            if self.links.fields[f] >= HINTED and self.reaches(base, f)
        ]

        def distance(f: Field) -> tuple[float, int, float]:
            places = self.exact_places(f) or [self.place(f)]
            gap = min((abs(p - place) + (15 if p - place > 25 else 0) for p in [*places, self.place(f)]), default=_FAR)
            return gap, self.near(base, f.table), -self.links.fields[f]

        return min(numbers, key=distance, default=None)

    def _of_dates(self, base: str) -> list[Condition]:
        value, kind = (self.cues.month, "month") if self.cues.month else (self.cues.year, "year")
        if not value or any(b.year for b in self.cues.bounds):
            return []
        dates = [f for f in self.schema.fields if self._holds_dates(f) and self.reaches(base, f)]
        dates = [f for f in dates if kind == "year" or f.role == "date"]
        if not dates:
            return []
        f = min(dates, key=lambda f: (self.links.fields[f] < HINTED, self.near(base, f.table), f.role != "date"))
        return [Condition(f, "=", value, kind=kind if f.role == "date" else "plain")]

    def _absent(self, base: str) -> Condition | None:
        """'have not been returned yet': what is named right after a negation has no value; of a number, it is zero."""
        if self.cues.negation is None:
            return None
        for f in self.links.best(lambda f: f.role in ("date", "other", "text", "label", "number")):
            gap = self.place(f) - self.cues.negation
            if any(0 < self.place(t) - self.cues.negation <= gap for t in self.schema.tables) or not 0 < gap < 20:
                continue
            if self.links.fields[f] >= (0.75 if f.role == "number" else HINTED) and self.reaches(base, f):
                return Condition(f, "=", "0") if f.role == "number" else Condition(f, "IS NULL")
        return None

    # ------------------------------------------------------------------------------ measures and groups

    def measure(self, base: str, place: int | None) -> Item | None:
        """The number that an aggregate is of, named nearest after ``place``; or days between two dates."""
        if self.cues.duration and (days := self._days(base)):
            return days
        numbers = [f for f in self.named_fields("number") if self.reaches(base, f)]
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

    def _days(self, base: str) -> Item | None:
        dates = [f for f in self.schema.fields if f.role == "date" and self.reaches(base, f)]
        tables = sorted(
            {f.table for f in dates if sum(g.table == f.table for g in dates) >= 2}, key=lambda t: self.near(base, t)
        )
        if not tables:
            return None
        own = [f for f in dates if f.table == tables[0]]
        return Item(field=own[0], until=max(own[1:], key=lambda f: self.links.fields[f]))

    def grouping(self, base: str) -> tuple[Item, ...]:
        """What rows are grouped by: a table's key and label, or a column, named after 'each', 'per', 'by'."""
        if self.cues.group is None:
            return ()
        said = [stem(w) for w in re.findall(r"\w+", self.cues.group[1])]
        for word in said[:2]:
            fields = [
                f
                for f in self.schema.fields
                if word in [stem(w) for w in f.words] and self.reaches(base, f) and f.role != "key"
            ]
            for table in self.schema.tables:
                if word == stem(name_parts(table)[-1]) and self.schema.path(base, table) is not None:
                    named = [f for f in fields if set(said) >= {stem(w) for w in f.words}]
                    return tuple(Item(field=f) for f in named[:1]) if named and len(said) > 1 else self.identity(table)
            if fields:
                return (
                    self._group_item(
                        min(fields, key=lambda f: (self.near(base, f.table), f.role == "number", len(f.words)))
                    ),
                )
            if word in ("year", "month"):
                dates = [f for f in self.schema.fields if f.role == "date" and self.reaches(base, f)]
                if dates:
                    return (
                        Item(field=min(dates, key=lambda f: (self.near(base, f.table), -self.links.fields[f])), part=word),
                    )
        return ()

    def _group_item(self, f: Field) -> Item:
        return Item(field=f)

    def identity(self, table: str) -> tuple[Item, ...]:
        """A table's key and label: what tells its rows apart, and what a person calls them."""
        found = dict.fromkeys((self.schema.key(table), self.schema.label(table)))
        return tuple(Item(field=f) for f in found if f is not None)

    def to_many(self, base: str, conditions: tuple[Condition, ...]) -> bool:
        """Whether the joins that conditions need can repeat rows of the base."""
        key = self.schema.key(base)
        for condition in conditions:
            way = self.schema.path(base, condition.field.table)
            if way and key is not None and any(j.left_column == key.name and j.left == base for j in way[:1]):
                return True
        return False

    # ----------------------------------------------------------------------------------------- columns

    def shown(self, base: str, but: Callable[[Field], bool] = lambda _: False) -> tuple[Item, ...]:
        """The columns asked for, in the order of the question; the label of the table where none is."""
        chosen: dict[int, tuple[tuple[int, int, float], Field]] = {}
        for f, score in self.links.fields.items():
            if f.role == "key" or score < 0.5 or not self.reaches(base, f) or but(f):
                continue
            for place in self._asked_places(f):
                found = self._same_named(f, place, base)
                rank = (self._phrase(found, place), -self.near(base, found.table), score)
                if (score >= 0.7 or rank[0] == len(f.words)) and rank > chosen.get(place, ((0, -99, 0.0), f))[0]:
                    chosen[place] = (rank, found)
        fields = list(dict.fromkeys(chosen[p][1] for p in sorted(chosen)))
        label = self.schema.label(base) or self.schema.key(base) or self.schema.tables[base][0]
        if not fields:
            fields = [label]
        elif not any(f.table == base and f.role in ("label", "text", "key") for f in fields) and self._calls_rows():
            fields = [label, *fields]
        return tuple(Item(field=f) for f in fields)

    def _phrase(self, f: Field, place: int) -> int:
        """How many words of the column's name stand in a row up to ``place``; its table's name before it counts as well."""
        before = [stem(w) for w in re.findall(r"\w+", re.sub(r"'s\b", "", self.text[:place]))]
        count = 1
        for word in reversed(f.words[:-1]):
            if not before or before.pop() != stem(word):
                return count
            count += 1
        return count

    def _asked_places(self, f: Field) -> list[int]:
        """Where ``f`` is named as something to show: after 'give', else as what the question begins with."""
        show = [m.start() for m in _SHOW.finditer(self.text)]
        after, head = [], []
        for place in self.exact_places(f) or ([self.place(f)] if f not in self.used and f.role != "number" else []):
            before = [s for s in show if s < place]
            if f in self.used and any(0 <= b.start - place < 15 for b in self.cues.bounds):
                continue  # 'opened before 1980'
            if before and not self._qualifies(before[-1], place):
                after.append(place)
            elif f not in self.used and place < self._end_of_head():
                head.append(place)
        return after or head

    def _qualifies(self, start: int, place: int) -> bool:
        """Whether between 'give' and a word something begins that says of which rows: 'of the books with', 'that cost'."""
        clause = self.text[start:place]
        return _QUALIFIES.search(clause) is not None

    def _end_of_head(self) -> int:
        """The end of what a question asks for: before its first verb, preposition or extreme."""
        match = re.search(
            r"\b(?:of|in|for|with|whose|that|have|has|had|from|where|was|were|did|does|by|at)\b", self.text[4:]
        )
        end = match.start() + 4 if match else len(self.text)
        if self.text[:end].lower().strip() in ("what is the", "what are the", "what", "which"):
            end = len(self.text)
        return (
            min(end, self.cues.superlative[0] if self.cues.superlative else end)
            if not self.text.lower().startswith("what")
            else end
        )

    def _same_named(self, f: Field, place: int, base: str) -> Field:
        """Of columns with the same name the one of the table that is named right before ('the author's full name')."""
        same = [g for g in self.schema.fields if g.name == f.name and self.reaches(base, g)]
        before = [g for g in same if 0 < place - self.place(g.table) < 25 and self.links.tables[g.table] >= NAMED]
        return max(before, key=lambda g: self.place(g.table), default=f)

    def _calls_rows(self) -> bool:
        return bool(re.search(r"\b(?:names?|who|titles?)\b", self.text, re.IGNORECASE))
