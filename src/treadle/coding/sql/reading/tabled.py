"""Readings of what is said as the head of a table: 'prints per vault and format', 'admissions and total cost by ward'."""

from __future__ import annotations

import re
from dataclasses import replace

from treadle.coding.sql.reading.alike import AlikeReader
from treadle.coding.sql.reading.inflection import stem
from treadle.coding.sql.reading.phrases import Part
from treadle.coding.sql.reading.sketch import Condition, Item, Key, Sketch, shown_of
from treadle.words import name_parts

__all__ = ["TabledReader"]

_ASK = (
    r"(?:(?:please\s+)?(?:give|show|list|return|get|compute|find|report|display|need|want|tell|calculate)\b"
    r"(?:\s+(?:me|us)\b)?\s+)?"
)
_EACH = (
    r"(?:per|(?:broken\s+down\s+|split\s+|grouped\s+)?by|for\s+(?:each|every|all)"
    r"|(?:in|of|at|on|within|from)\s+(?:each|every))"
)
_STOP = (
    r"(?=\s*(?:[.;:?!(,]|\b(?:with|for|only|in|where|plus|from|counting|using|during|when|since|between|before|after|that|if"
    r"|on)\b|$))"
)
_PER = re.compile(
    rf"^\s*{_ASK}(?:what\s+(?:is|are|was|were)\s+)?(?:the\s+)?(?P<what>[^.;:?!]{{1,200}}?)\s+{_EACH}\s+(?:the\s+)?(?P<by>[\w\s-]+?(?:,\s*[\w\s-]+?\s+and\s+[\w\s-]+?)?){_STOP}",
    re.IGNORECASE,
)
_TWO = re.compile(
    r"\bhow\s+many\b[^?!]{0,200}?,?\s+and\s+(?:for\s+|of\s+|with\s+)?how\s+(?:many\s+(?P<what>\w+)|much)\s+(?:\w+\s+)?(?:in\s+total|overall|altogether)\b",
    re.IGNORECASE,
)
_PLUS = re.compile(r",?\s*\b(?:plus|and also|together with|along with)\s+(?:the\s+)?(?P<what>[^.;:?!,]+)", re.IGNORECASE)
_RANK = re.compile(
    r"^\s*(?:(?:rank|sort|order)\s+|(?:(?:list|show|give)\s+(?:me\s+)?)?(?=top\s+\d))(?:all\s+|the\s+)*(?:top\s+\d+\s+)?(?P<rows>\w+(?:\s+\w+)?)\b",
    re.IGNORECASE,
)
_SPLIT = re.compile(r"\s*,\s*(?:and\s+)?|\s+and\s+", re.IGNORECASE)
_VERBAL = re.compile(
    r"\b(?:average|mean|avg|median|total|sum|number|count|how|which|who|what|when|where|of|for|from|have|has|had|did|does|do|is|are|was|were)\b",
    re.IGNORECASE,
)
"""Words that no bare noun holds: a phrase with one of them is a figure that was not understood, or a clause."""
_DONE = re.compile(r"\s+\w+ed$", re.IGNORECASE)
_PARTS = {part: part for part in ("year", "month", "quarter", "weekday", "hour", "day")} | {"date": "day"}


class TabledReader(AlikeReader):
    """Reads figures per group that are told as nouns, and rows ranked by a figure of what belongs to them."""

    def _tabled(self, base: str, conditions: tuple[Condition, ...]) -> Sketch | None:
        """'Admissions and total cost per ward': each part before 'per' is a figure, each after it a group."""
        match = _PER.match(self.text)
        if (
            match is None
            or re.match(r"\s*(?:which|who|how)\b", self.text, re.IGNORECASE)
            or self.cues.ratio
            or self.cues.limit is not None
            or self.cues.superlative is not None
            or self.cues.than_average
        ):
            return None
        told = [*_SPLIT.split(match["what"]), *(m["what"] for m in _PLUS.finditer(self.text[match.end() :]))]
        parts = self._figures_told(told, base)
        if parts is None:
            return None
        tables = [p.home(base) for p in parts]
        group = self._groups_told(_SPLIT.split(match["by"]), tables[0])
        start = group[0].field.table if group and group[0].field is not None else base
        home = self._home_of(start, parts, group) if group else None
        if home is None or group[0].field is None or group[0].field == self.schema.key(home):
            return None
        if any(i.field is not None and not self.reaches(home, i.field) for i in group):
            return None
        if self.clauses.none_too and len(parts) == 1 and start != home:
            return None
        shown = shown_of(group)
        figures = tuple(self._count(p, home, start, False) for p in parts)
        return Sketch(home, (*shown, *figures), self._own(conditions, home), group=group)

    def _two_asked(self, base: str, conditions: tuple[Condition, ...]) -> Sketch | None:
        """'How many bookings were made, and for how many passengers in total?': rows, and a number of them added up."""
        match = _TWO.search(self.text)
        if match is None or self.cues.group is not None or self.cues.superlative is not None:
            return None
        f = self.field_named(match["what"] or "amount", base, lambda f: f.role == "number" and f.table == base)
        return None if f is None else Sketch(base, (Item(), Item("SUM", f)), conditions)

    def _own(self, conditions: tuple[Condition, ...], home: str) -> tuple[Condition, ...]:
        return tuple(c for c in conditions if self.reaches(home, c.field))

    def _figures_told(self, phrases: list[str], base: str) -> list[Part] | None:
        """Every phrase as a figure; one that is said for several: 'average age and salary'."""
        found: list[Part] = []
        for phrase in (p.strip() for p in phrases if p.strip()):
            part = self._figure_told(phrase, base)
            if part is None:
                return None
            last = found[-1].item.aggregate if found else ""
            if not part.item.figure and last in ("AVG", "SUM", "MIN", "MAX"):
                part = replace(part, item=replace(part.item, aggregate=last))
            found.append(replace(part, item=replace(part.item, aggregate="SUM")) if not part.item.figure else part)
        return found or None

    def _figure_told(self, phrase: str, base: str) -> Part | None:
        """A figure, a number column that can be added up, or rows: 'admissions', 'cancelled trips', 'jobs submitted'."""
        bare = re.sub(r"\s+total$", "", re.sub(r"^(?:the|all)\s+", "", phrase, flags=re.IGNORECASE), flags=re.IGNORECASE)
        counted = re.match(r"(?:the\s+)?(?:number|count)\s+of\s+(?P<rows>[\w ]+?)(?:\s+\w+ed)?$", phrase, re.IGNORECASE)
        if counted is not None and (rows := self._rows_named(counted["rows"])) is not None:
            return Part(Item(), table=rows)
        words = [stem(w) for w in bare.split()]
        whole = [
            f
            for f in self.schema.fields
            if f.role == "number" and [stem(w) for w in f.words] == words and self.reaches(base, f)
        ]
        if len(words) > 1 and whole:  # 'total cost' is the column of this name
            return Part(Item(field=min(whole, key=lambda f: self.near(base, f.table))))
        part = self.part_named(phrase, base)
        if part is not None and not part.that and part.item.figure:
            dated = part.item.field is not None and part.item.aggregate in ("SUM", "AVG") and part.item.field.holds_dates
            return None if dated else part
        if _VERBAL.search(bare):
            return None
        table = self._rows_named(_DONE.sub("", bare))
        if table is not None:
            return Part(Item(), table=table)
        f = self.field_named(bare, base, lambda f: f.role == "number")
        return Part(Item(field=f)) if f is not None and not f.holds_dates and f.words[-1:] != ("rate",) else None

    def _rows_named(self, phrase: str) -> str | None:
        """The table whose rows a plural noun with adjectives in front of it names."""
        words = re.findall(r"[a-z]+", phrase.lower())
        if not words or not words[-1].endswith("s"):
            return None
        fits = [t for t in self.schema.tables if self.schema.spoken_table(t).split() == words[-len(name_parts(t)) :]]
        return max(fits, key=lambda t: len(name_parts(t)), default=None)

    def _groups_told(self, phrases: list[str], base: str) -> tuple[Item, ...]:
        """Every phrase as what rows are grouped by; nothing where one is not understood."""
        found: list[Item] = []
        for phrase in (
            re.sub(r"^(?:by|per|the|each|every)\s+", "", p.strip(), flags=re.IGNORECASE) for p in phrases if p.strip()
        ):
            group = self._group_told(phrase, base)
            if not group:
                return ()
            found += group
        return tuple(dict.fromkeys(found))

    def _group_told(self, phrase: str, base: str) -> tuple[Item, ...]:
        words = phrase.lower().split()
        part = _PARTS.get("weekday" if words[-3:] == ["day", "of", "week"] else words[-1])
        if part is not None and (len(words) == 1 or words[0] in ("calendar", "day")):
            return self._group_of_dates(part, base)
        table = self.table_named(phrase, base)
        if table is not None:
            return self.identity(table)
        f = self.field_named(phrase, base, lambda f: f.role != "key")
        return () if f is None else (Item(field=f),)

    def _ranked_by(self, base: str, conditions: tuple[Condition, ...]) -> Sketch | None:
        """'Rank the districts by the total area of their flats', 'top 10 actors by number of films'."""
        match, orders = _RANK.match(self.whole), self.clauses.orders
        by = (
            re.search(r"\bby\s+(?:the\s+|their\s+|its\s+)?(?P<what>[^.;:?!,(]+)", self.text[match.end() :])
            if match
            else None
        )
        words = by["what"] if by is not None else orders[0].words if orders else ""
        if match is None or not words or (self.cues.group is not None and by is None):
            return None
        part = self.part_named(re.sub(r"\s+(?:they|it|that|which|of (?:their|its)|in (?:their|its))\b.*$", "", words), base)
        if part is None or not part.item.figure or part.that:
            return None
        home = part.home(base)
        rows = match["rows"].lower()
        group = self._group_told(rows, home) or self._group_told(rows.split()[0], home)
        if not group or group[0].field is None or (group[0].field.table == home and group[0].field == self.schema.key(home)):
            return None
        shown = shown_of(group)
        item = self._count(part, self.between(home, group[0].field.table), group[0].field.table, False)
        home = self.between(home, group[0].field.table) if part.table else home
        down = not orders or orders[0].descending is not False
        asked = re.search(
            r"\b(?:and|with|show|give)\s+(?:me\s+)?(?:the|that|its|their)\s+(?:number|count|total|average|value|figure)\b",
            self.text,
            re.I,
        )
        select = (*shown, item) if asked else shown
        return Sketch(
            home, select, self._own(conditions, home), group=group, order=(Key(item, down),), limit=self.cues.limit
        )

    def identity(self, table: str) -> tuple[Item, ...]:
        """Key and label; of a table of links the rows that it is called by: ``film_directors`` are people."""
        if self.schema.label(table) is not None or len(name_parts(table)) < 2:
            return super().identity(table)
        own = {stem(w) for w in name_parts(table)}
        ways = [j for j in self.schema.joins if j.left == table]
        others = [j.right for j in ways if not own & {stem(w) for w in name_parts(j.right)} and self.schema.label(j.right)]
        return super().identity(others[0]) if len(ways) > 1 and len(others) == 1 else super().identity(table)
