"""Reads which columns a question wants to see, in which order."""

from __future__ import annotations

import re
from collections.abc import Callable

from treadle.coding.sql.reading.inflection import singular, stem
from treadle.coding.sql.reading.reader import NAMED
from treadle.coding.sql.reading.schema import Field
from treadle.coding.sql.reading.sketch import Item
from treadle.coding.sql.reading.told import ToldReader
from treadle.words import name_parts

__all__ = ["ColumnReader"]

_SHOW = re.compile(
    r"\b(?:give|show|list|return|tell|display|print|provide|report|output|select|name|columns?)\b"
    r"|\b(?:with|and) (?:its|their|his|her|the)\b|\b(?:along|together) with\b|\band (?=when\b)"
    r"|[:;]\s|\s[-–]\s|[.?!]\s+(?=[A-Z])",  # noqa: RUF001
    re.IGNORECASE,
)
_QUALIFIES = re.compile(
    r"\b(?:than|whose|that|which|where|who|having|sorted|ordered|with (?:the|an?|more|less|at)|for all|above|below|before"
    r"|after)\b|[.?!]\s"
)
_HEAD_ENDS = re.compile(
    r"\b(?:of|in|for|with|whose|that|have|has|had|from|where|was|were|is|are|did|does|do|by|at|during|on|per|each)\b",
    re.IGNORECASE,
)
_QUESTION = re.compile(r"\s*(?:what|which|who|when|where)(?:\s+(?:is|are|was|were))?(?:\s+the)?\s*", re.IGNORECASE)
_DATE_WORD = re.compile(r"\bdates?\b|\bwhen\b", re.IGNORECASE)


class ColumnReader(ToldReader):
    """Reads the columns that a question asks for."""

    def shown(self, base: str, but: Callable[[Field], bool] = lambda _: False) -> tuple[Item, ...]:
        """The columns asked for, in the order of the question; the label of the table where none is."""
        told = self.told(base)
        if told is not None and not any(p.that or p.item.figure for p in told):
            return tuple(p.item for p in told)
        chosen: dict[int, tuple[tuple[int, int, float], Field]] = {}
        for f, score in self.links.fields.items():
            if score < 0.5 or not self.reaches(base, f) or but(f) or (f.role == "key" and not self._key_asked(f, base)):
                continue
            for place in self._asked_places(f):
                if re.match(r"who\b", self.text[place:], re.IGNORECASE) and self.schema.label(base) not in (None, f):
                    continue
                found = self._same_named(f, place, base)
                rank = (self._phrase(found, place), -self.near(base, found.table), score)
                if (score >= 0.7 or rank[0] == len(f.words)) and rank > chosen.get(place, ((0, -99, 0.0), f))[0]:
                    chosen[place] = (rank, found)
        self._add_dates(base, chosen)
        fields = list(dict.fromkeys(f for p in sorted(chosen) for f in self._called(chosen[p][1], p)))
        label = self.schema.label(base) or self.schema.key(base) or self.schema.tables[base][0]
        if not fields:
            fields = list(self.schema.called(base)) or [label]
        elif not any(f.role in ("label", "key") for f in fields) and label.role == "label" and self._calls_rows(base):
            fields = list(dict.fromkeys([*self.schema.called(base), *fields]))
        return tuple(Item(field=f) for f in fields)

    def _called(self, f: Field, place: int) -> tuple[Field, ...]:
        """Of people whose 'name' is asked for first and last name."""
        called = self.schema.called(f.table)
        bare = re.match(r"(?:who|names?)\b", self.text[place:], re.IGNORECASE) and self._phrase(f, place) == 1
        return called if f in called and bare else (f,)

    def _add_dates(self, base: str, chosen: dict[int, tuple[tuple[int, int, float], Field]]) -> None:
        """'with the date': the first date of the rows, where no column is called so."""
        dates = [f for f in self.schema.tables[base] if f.role == "date"]
        if not dates or any(f.role == "date" for _, f in chosen.values()):
            return
        for match in _DATE_WORD.finditer(self.text):
            before = [m.end() for m in _SHOW.finditer(self.text) if m.end() <= match.start()]
            if before and not self._qualifies(before[-1], match.start()):
                chosen[match.start()] = ((1, 0, 0.5), dates[0])

    def _key_asked(self, f: Field, base: str) -> bool:
        """Whether an identifier itself is asked for: 'run number', 'the id of the channel'."""
        if f.table != base or f != self.schema.key(base):
            return False
        return any(self._phrase(f, p) == len(f.words) > 1 for p in self.exact_places(f)) or bool(
            f.words and f.words[-1] == "id" and re.search(r"\bids?\b", self.text, re.IGNORECASE)
        )

    def _phrase(self, f: Field, place: int) -> int:
        """How many words of the column's name stand in a row up to ``place``; its table's name before it counts as well."""
        before = [stem(w) for w in re.findall(r"\w+", re.sub(r"'s\b", "", self.text[:place]))]
        count = 1
        for word in reversed(f.words[:-1]):
            if not before or before[-1] != stem(word):
                break
            before.pop()
            count += 1
        own = stem(self.schema.spoken_table(f.table, many=False).split()[-1])
        if f == self.schema.label(f.table) and before and stem(before[-1]) == own:
            count += 1  # 'professor name' for the full name of professors
        return count

    def _asked_places(self, f: Field) -> list[int]:
        """Where ``f`` is named as something to show: after 'give', else as what the question begins with."""
        show = [m.end() for m in _SHOW.finditer(self.text)]
        after, head = [], []
        for place in self.exact_places(f) or (
            [self.place(f)] if f not in self.used and f.role not in ("number", "flag") else []
        ):
            if (
                place >= len(self.text)
                or self._is_a_table(f, place)
                or (place > 0 and re.match(r"who\b", self.text[place:], re.IGNORECASE))
            ):
                continue  # 'members who' ask for no name of something else
            before = [s for s in show if s <= place]
            if f in self.used and self._says_a_value(f, place):
                continue  # 'in the heating trade'
            if f in self.used and any(0 <= b.start - place < 15 for b in self.cues.bounds):
                continue  # 'opened before 1980'
            if before and not self._qualifies(before[-1], place):
                after.append(place)
            elif f.role == "date" and re.match(r"\w+ed\b", self.text[place:]):
                continue  # 'which users submitted'
            elif f not in self.used and place < self._end_of_head():
                head.append(place)
        return after or head

    def _says_a_value(self, f: Field, place: int) -> bool:
        """Whether a word only says of what column the value before it is."""
        word = self.starts.index(place) if place in self.starts else -1
        return any(v.field == f and v.end == word for v in self.links.values)

    def _is_a_table(self, f: Field, place: int) -> bool:
        """Whether a word names a table better than a column: 'rental' the table ``rentals``, not the column ``rent``."""
        word = re.match(r"\w+", self.text[place:])
        said = "" if word is None else singular(word[0].lower())
        named = any(said == singular(name_parts(t)[-1].lower()) for t in self.schema.tables)
        return named and bool(f.words) and said != f.words[-1]

    def _qualifies(self, start: int, place: int) -> bool:
        """Whether between 'give' and a word something begins that says of which rows: 'of the books with', 'that cost'."""
        clause = self.text[start:place]
        return _QUALIFIES.search(clause) is not None

    def _end_of_head(self) -> int:
        """The end of what a question asks for: before its first verb, preposition or extreme."""
        opening = _QUESTION.match(self.text)
        start = opening.end() if opening else 4
        match = _HEAD_ENDS.search(self.text, start)
        end = match.start() if match else len(self.text)
        if re.match(r"\s*which\b", self.text, re.IGNORECASE) and self.asked:
            end = min(end, *(p + 1 for p in self.exact_places(self.asked)), len(self.text))  # 'which drugs cost'
        if self.cues.superlative and not self.text.lower().startswith("what"):
            end = min(end, self.cues.superlative[0])
        return end

    def _same_named(self, f: Field, place: int, base: str) -> Field:
        """Of columns with the same name the one of the table that is named right before ('the author's full name')."""
        same = [g for g in self.schema.fields if g.name == f.name and self.reaches(base, g)]
        before = [g for g in same if 0 < place - self.place(g.table) < 25 and self.links.tables[g.table] >= NAMED]
        return max(before, key=lambda g: self.place(g.table), default=f)

    def _calls_rows(self, base: str) -> bool:
        """Whether the rows themselves are asked for besides columns: 'who', 'the names', 'show all professors with'."""
        rows = re.escape(self.schema.spoken_table(base))
        listed = rf"\b(?:show|list|give|display)\s+(?:me\s+)?(?:all\s+|the\s+)*{rows}\b(?!['’:]).*\b(?:with|and)\b"  # noqa: RUF001
        return bool(re.search(rf"\b(?:names?|who|titles?)\b|{listed}", self.text, re.IGNORECASE))
