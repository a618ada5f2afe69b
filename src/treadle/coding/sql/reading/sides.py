"""Readings of one number divided by another where both sides are told: 'the ratio of first class to second class revenue per
line', 'the number of repairs divided by the number of flats'."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from treadle.coding.sql.reading.cues import blanked
from treadle.coding.sql.reading.figures import FigureReader
from treadle.coding.sql.reading.phrases import Part
from treadle.coding.sql.reading.sketch import Condition, Item, Key, Sketch, shown_of

__all__ = ["SideReader"]

_END = (
    r"(?=\s*(?:[.?!;,(]|\b(?:per|by|(?:for|in|within|of|at|over)\s+(?:each|every|all)|across|overall|grouped|among"
    r"|over\s+the)\b|$))"
)
_TO = r"\s+(?:to|versus|vs\.?|compared (?:to|with)|relative to|and)\s+"
_PATTERNS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\bratio\s+(?:of|between)\s+(?:the\s+)?(?P<one>[^.?!;]{{1,120}}?){_TO}(?:the\s+)?(?P<other>[^.?!;]{{1,120}}?){_END}",
        rf"\b(?:divide|dividing)\s+(?:the\s+)?(?P<one>[^.?!;]{{1,120}}?)\s+by\s+(?:the\s+)?(?P<other>[^.?!;]{{1,120}}?){_END}",
        rf"(?:^|\b(?:is|are|compute|calculate|give|show|find|return)\s+)(?:me\s+)?(?:the\s+)?"
        rf"(?P<one>[^.?!;,]{{1,120}}?)\s+divided\s+by\s+(?:the\s+)?(?P<other>[^.?!;]{{1,120}}?){_END}",
        rf"^\s*(?P<one>[^.?!;,]{{1,120}}?)\s+relative\s+to\s+(?:the\s+)?(?P<other>[^.?!;]{{1,120}}?){_END}",
        r"(?:\bas\s+(?:the\s+)?|=\s*|:\s*|\bis\s+(?:the\s+)?)(?P<one>[^.?!;=:,/]{1,120}?)\s*/\s*(?:the\s+)?(?P<other>[^.?!;,/]{1,120}?)(?=\s*(?:[.?!;,]|\band\b|$))",
        r"(?:^|\bthe\s+)(?P<one>[\w\s-]{1,80}?)\s+to\s+(?P<other>[\w\s-]{1,80}?)\s+ratio\b",
    )
)


_CALL = re.compile(
    r"\s*(?P<name>sum|avg|min|max|count)\s*\(\s*(?P<distinct>distinct\s+)?(?P<of>[^()]+?|\*)\s*\)\s*$", re.IGNORECASE
)
_MINUS = re.compile(
    rf"(?:^|[.:;,]\s*|\b(?:take|compute|as|is)\s+)(?:the\s+)?(?P<one>[^.?!;:,]{{1,120}}?)\s+(?:minus|less)\s+(?:the\s+)?(?P<other>[^.?!;:,]{{1,120}}?){_END}",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Side:
    """One side: what is counted or added up, if that is said, and which rows of it."""

    part: Part | None
    among: tuple[Condition, ...]


class SideReader(FigureReader):
    """Reads quotients of two told figures."""

    def _of_sides(self, base: str, conditions: tuple[Condition, ...]) -> Sketch | None:
        """Both sides over the rows of one table, or the numbers of rows of two tables; for each group, where one is told."""
        for pattern in _PATTERNS:
            match = pattern.search(self.text)
            if match is None:
                continue
            spans = match.span("one"), match.span("other")
            said = dict(self._said_apart(base))
            sides = [self._side(match[name], span, said, base) for name, span in zip(("one", "other"), spans, strict=True)]
            inside = [c for p, c in said.items() if any(a <= p < b for a, b in spans)]
            rest = tuple(c for c in conditions if c not in inside and not any(self._holds(c, i) for i in inside))
            found = self._quotient(base, sides[0], sides[1], rest)
            if found is not None:
                return found
        return None

    def _said_apart(self, base: str) -> Iterator[tuple[int, Condition]]:
        """Conditions with their places, each value by itself."""
        yield from self.of_values(base)
        yield from (pair for pair in self.placed(base) if pair[0] >= 0 and pair[1].operator != "IN")

    def _holds(self, condition: Condition, part: Condition) -> bool:
        """Whether a condition on several values, or one made of two, is what a part of it says."""
        return condition.field == part.field and (condition.operator == "IN" or condition.either is not None)

    def _side(self, phrase: str, span: tuple[int, int], said: dict[int, Condition], base: str) -> _Side:
        among = tuple(dict.fromkeys(c for p, c in said.items() if span[0] <= p < span[1] and c.field.role != "flag"))
        among = tuple(dict.fromkeys((*among, *self._flagged(span, base))))
        part = self._told_part(self._words_of_side(span), base)
        home = base if part is None or not part.table else part.table
        return _Side(part, (*among, *self._belonging(phrase, home, among)))

    def _words_of_side(self, span: tuple[int, int]) -> str:
        """What a side says, but for the values in it."""
        text = self.text[span[0] : span[1]]
        for value in self.links.values:
            start = self.starts[value.start] - span[0]
            end = (self.starts[value.end] if value.end < len(self.starts) else len(self.text)) - span[0]
            if 0 <= start < len(text):
                text = blanked(text, (start, min(end, len(text))))
        return text

    def _flagged(self, span: tuple[int, int], base: str) -> Iterator[Condition]:
        """Columns of 0 and 1 that a side names, 'not explicit' as well."""
        for f in self.links.best(lambda f: f.role == "flag" and self.reaches(base, f)):
            for place in (p for p in self.exact_places(f) if span[0] <= p < span[1]):
                denied = re.search(
                    r"\b(?:not|non|never|isn't|aren't)\W+(?:\w+\s+)?$", self.text[span[0] : place], re.IGNORECASE
                )
                yield Condition(f, "=", f.truth(not denied))

    def _belonging(self, phrase: str, home: str, among: tuple[Condition, ...]) -> tuple[Condition, ...]:
        """'publications in journals': rows that point to a row of another table, or have one there, that is named."""
        found = []
        without = re.search(r"\b(?:without|no|not)\b", phrase, re.IGNORECASE) is not None
        for table in self.schema.tables:
            own = re.search(
                rf"\b(?:{'|'.join(re.escape(self.schema.spoken_table(table, many)) for many in (True, False))})\b",
                phrase,
                re.IGNORECASE,
            )
            if table == home or own is None or any(c.field.table == table for c in among):
                continue
            way = self.schema.path(home, table) or ()
            if len(way) == 1 and way[0] in self.schema.joins:
                pointer = self.schema.column(home, way[0].left_column)
                found.append(Condition(pointer, "IS NULL" if without else "IS NOT NULL"))
            elif len(way) == 1 and (key := self.schema.key(home)) is not None:
                other = self.schema.column(table, way[0].right_column)
                rows = Sketch(table, (Item(field=other),), (Condition(other, "IS NOT NULL"),))
                found.append(Condition(key, "NOT IN" if without else "IN", query=rows))
        return tuple(found)

    def _told_part(self, phrase: str, base: str) -> Part | None:
        """What a side is of; words that say of which rows are left out one after the other."""
        phrase = re.sub(r"^(?:the|all)\s+", "", phrase.strip(), flags=re.IGNORECASE)
        if (call := _CALL.match(phrase)) is not None:
            f = self.field_named(call["of"], base)
            return None if f is None else Part(Item(call["name"].upper(), f, distinct=bool(call["distinct"])))
        head = re.split(
            r"\b(?:with|without|that|which|who|whose|where|in|from|at|having|on)\b", phrase, flags=re.IGNORECASE
        )[0]
        for text in dict.fromkeys((phrase, head, head.rpartition(" of ")[0])):
            part = self.part_named(text, base) if text.strip() else None
            if part is not None and not part.that and part.item.figure:
                return part
        words = head.split()
        for start in range(len(words)):
            table = self.table_named(" ".join(words[start:]), base)
            if table is not None:
                return Part(Item(), table=table)
            f = self.field_named(" ".join(words[start:]), base, lambda f: f.role == "number")
            if f is not None and not f.holds_dates:
                return Part(Item("SUM", f))
        return None

    def _quotient(self, base: str, one: _Side, other: _Side, rest: tuple[Condition, ...]) -> Sketch | None:
        parts = [p for p in (one.part, other.part) if p is not None]
        if not parts:
            both = one.among and other.among
            return self._of_one_table(base, Part(Item(), table=base), one, other, rest) if both else None
        first, second = one.part or parts[0], other.part or parts[0]
        if one.among and other.among and (first == second or one.part is None or other.part is None):
            return self._of_one_table(base, other.part or first, one, other, rest)
        plain = self.cues.average is None and self.cues.total is None and not (one.among or other.among)
        if plain and all(p.item.aggregate == "SUM" for p in (first, second)):
            return self._of_every_row(first.item, second.item, rest)
        if first == second and bool(one.among) != bool(other.among) and not self._all_said:
            return None  # 'analog prints to digital prints': one of the two words was not understood
        tables = [p.home(base) for p in (first, second)]
        if tables[0] == tables[1]:
            if first == second and one.among == other.among:
                return None
            return self._of_two(tables[0], first, second, one, other, rest)
        return self._of_two_tables(first, second, tables, one, other, rest)

    @property
    def _all_said(self) -> bool:
        """Whether one side is all of them: 'cleared alarms / all alarms'."""
        return re.search(r"\b(?:all|total|overall|every|whole)\b", self.text, re.IGNORECASE) is not None

    def _of_every_row(self, first: Item, second: Item, rest: tuple[Condition, ...]) -> Sketch | None:
        """'price per seat as list_price / max_players': one column by another, beside what else is asked for."""
        a, b = first.field, second.field
        if a is None or b is None or a.table != b.table or "/" not in self.text:
            return None
        if any(i.field != b for i in self._told_groups(a.table)):
            return None
        item = Item(field=a, by=("/", Item(field=b)))
        shown = tuple(i for i in self.shown(a.table, but=lambda f: f in (a, b)) if i.field not in (a, b))
        found = Sketch(a.table, (*shown, item), tuple(c for c in rest if self.reaches(a.table, c.field)))
        if self.cues.superlative is None and self.cues.limit is None:
            return found
        down = self.cues.superlative[2] if self.cues.superlative is not None else True
        return replace(found, order=(Key(item, down),), limit=self.cues.limit)

    def _less(self, base: str, conditions: tuple[Condition, ...]) -> Sketch | None:
        """'average repair costs: urgent tickets minus low priority tickets': a figure of some rows less that of others."""
        match = _MINUS.search(self.text)
        place = self.cues.average if self.cues.average is not None else self.cues.total
        item = self.measure(base, place) if match is not None and place is not None else Item()
        if match is None or item is None or item.until is not None:
            return None
        said = dict(self._said_apart(base))
        one, other = (tuple(c for p, c in said.items() if a <= p < b) for a, b in (match.span("one"), match.span("other")))
        if not one or not other:
            return None
        item = item if item.field is None else replace(item, aggregate="AVG" if self.cues.average is not None else "SUM")
        rest = tuple(c for c in conditions if not any(c == i or self._holds(c, i) for i in (*one, *other)))
        home = base if item.field is None else item.field.table
        return self._per_group(home, replace(item, among=one, by=("-", replace(item, among=other))), rest)

    def _of_one_table(self, base: str, part: Part, one: _Side, other: _Side, rest: tuple[Condition, ...]) -> Sketch | None:
        home = part.home(base)
        return self._of_two(home, part, part, one, other, rest)

    def _of_two(
        self, home: str, first: Part, second: Part, one: _Side, other: _Side, rest: tuple[Condition, ...]
    ) -> Sketch | None:
        if any(not self.reaches(home, c.field) for c in (*one.among, *other.among)):
            return None
        top = replace(first.item, among=one.among)
        return self._per_group(home, replace(top, by=("/", replace(second.item, among=other.among))), rest)

    def _of_two_tables(
        self, first: Part, second: Part, tables: list[str], one: _Side, other: _Side, rest: tuple[Condition, ...]
    ) -> Sketch | None:
        """Numbers of different rows, joined; without a group two queries of their own."""
        group = self._told_groups(tables[0])
        if not group:
            each = [
                Sketch(t, (p.item,), tuple(c for c in (*s.among, *rest) if self.reaches(t, c.field)))
                for t, p, s in zip(tables, (first, second), (one, other), strict=True)
            ]
            field = self.schema.tables[tables[0]][0]
            return Sketch("", (Item(query=each[0], field=field, by=("/", Item(query=each[1], field=field))),))
        keys = [self.schema.key(t) for t in tables]
        if (
            any(p.item.field is not None for p in (first, second))
            or None in keys
            or self.schema.path(tables[0], tables[1]) is None
        ):
            return None
        counts = [Item("COUNT", key, distinct=True) for key in keys]
        home = max(tables, key=lambda t: self.near(group[0].field.table, t) if group[0].field else 0)
        shown = shown_of(group)
        where = tuple(c for c in (*one.among, *other.among, *rest) if self.reaches(home, c.field))
        return Sketch(home, (*shown, replace(counts[0], by=("/", counts[1]))), where, group=group)

    def _told_groups(self, base: str) -> tuple[Item, ...]:
        return () if self.cues.group is None else self.grouping(base)

    def _per_group(self, home: str, item: Item, rest: tuple[Condition, ...]) -> Sketch:
        group = self._told_groups(home)
        shown = shown_of(group)
        return Sketch(home, (*shown, item), tuple(c for c in rest if self.reaches(home, c.field)), group=group)
