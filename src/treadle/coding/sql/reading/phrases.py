"""Reads noun phrases: which column 'the title of its album' names, which figure 'the smallest number of events' is."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from treadle.coding.sql.reading.conditions import ConditionReader
from treadle.coding.sql.reading.inflection import stem
from treadle.coding.sql.reading.naming import content
from treadle.coding.sql.reading.schema import Field
from treadle.coding.sql.reading.sketch import Item

__all__ = ["BARE_FIGURE", "Part", "PhraseReader", "converted"]

_FIGURES: tuple[tuple[str, str], ...] = (
    (r"(?:average|mean|avg\.?)(?:\s+number\s+of)?", "AVG"),
    (r"(?:grand\s+)?(?:total|sum|summed|combined|overall)(?:\s+(?:number|amount))?(?:\s+of)?", "SUM"),
    (
        r"(?:largest|highest|greatest|biggest|maximum|max\.?|maximal|longest|latest|last|newest|best|heaviest|dearest|tallest|fastest|hottest|most\s+expensive)(?:\s+number\s+of)?",
        "MAX",
    ),
    (
        r"(?:smallest|lowest|least|minimum|min\.?|minimal|shortest|earliest|first|oldest|cheapest|lightest|slowest|coldest)(?:\s+number\s+of)?",
        "MIN",
    ),
)
_FIGURE = tuple((re.compile(rf"(?:{p})\s+(?P<of>.+)$", re.IGNORECASE), name) for p, name in _FIGURES)
BARE_FIGURE = re.compile(rf"(?:the\s+)?(?:{'|'.join(p for p, _ in _FIGURES)})", re.IGNORECASE)
"""'lowest' alone, which in 'lowest and highest temperature' is of what the next part names."""
_COUNT = re.compile(
    r"(?:total\s+)?(?:number|count|amount)\s+of\s+(?P<of>.+)$|how\s+many\s+(?P<many>.+)$|(?P<before>[\w\s]+?)\s+counts?$",
    re.IGNORECASE,
)
_THAT = re.compile(
    r"(?:(?:that|this|the|its|their)\s+)?(?:number|count|figure|value|total|sum|average|mean|amount|rate|figures|how\s+(?:many|much))$",
    re.IGNORECASE,
)
_DIFFERENT = re.compile(r"\b(?:different|distinct|unique)\s+", re.IGNORECASE)
_UNIT = re.compile(r"\s+in\s+(?P<unit>[A-Za-z]+)$", re.IGNORECASE)
_SECONDS = {"ms": 1e-3, "s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60, "h": 3600, "hour": 3600, "day": 86400}
_METRES = {"mm": 1e-3, "cm": 1e-2, "m": 1, "metre": 1, "meter": 1, "km": 1e3, "kilometre": 1e3, "kilometer": 1e3}
_BYTES = {
    "byte": 1,
    "kb": 1e3,
    "kilobyte": 1e3,
    "mb": 1e6,
    "megabyte": 1e6,
    "gb": 1e9,
    "gigabyte": 1e9,
    "tb": 1e12,
    "terabyte": 1e12,
}
_GRAMS = {"mg": 1e-3, "g": 1, "gram": 1, "kg": 1e3, "kilogram": 1e3, "t": 1e6, "tonne": 1e6, "ton": 1e6}
_HERTZ = {"hz": 1, "khz": 1e3, "mhz": 1e6, "ghz": 1e9}
_PARSECS = {"pc": 1, "parsec": 1, "kpc": 1e3, "kiloparsec": 1e3, "mpc": 1e6, "megaparsec": 1e6}
_SCALES = tuple(
    {stem(unit): float(scale) for unit, scale in scales.items()}
    for scales in (_SECONDS, _METRES, _BYTES, _GRAMS, _PARSECS, _HERTZ)
)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a list of columns. ``table``: whose rows are counted; ``that``: it points at the figure in question."""

    item: Item
    table: str = ""
    that: bool = False

    def home(self, base: str) -> str:
        """The table whose rows or whose column it is of."""
        return self.table or (self.item.field.table if self.item.field is not None else base)


class PhraseReader(ConditionReader):
    """Reads noun phrases against the schema, seen from the rows of a base table."""

    def part_named(self, phrase: str, base: str) -> Part | None:
        """What one part of a list names: a column, an aggregate of one, a number of rows."""
        phrase = re.sub(r"^(?:and|plus|also|with|then|as well as)\s+", "", " ".join(phrase.split()), flags=re.IGNORECASE)
        phrase = re.sub(r"^(?:(?:the|its|their|his|her|only|just|each|an?)\s+)+", "", phrase, flags=re.IGNORECASE)
        phrase = re.sub(r"\s+(?:please|only|each|respectively|there|it has|they have)$", "", phrase, flags=re.IGNORECASE)
        if not phrase:
            return None
        if _THAT.match(phrase) and not self._has_column(phrase, base):
            return Part(Item(), that=True)
        phrase, unit = self._unit(phrase)
        if re.fullmatch(r"dates?|when", phrase, re.IGNORECASE) and (date := self._own_date(base)) is not None:
            return Part(Item(field=date))
        part = self._days_named(phrase, base) or self._counted(phrase, base) or self._figure_named(phrase, base)
        if part is None and (f := self.field_named(phrase, base)) is not None:
            part = Part(Item(field=f))
        return None if part is None else replace(part, item=converted(part.item, unit))

    def _own_date(self, base: str) -> Field | None:
        """The date of the rows: the column called so, else the first that holds dates."""
        dates = [f for f in self.schema.tables[base] if f.role == "date"]
        return next((f for f in dates if f.words == ("date",)), dates[0] if dates else None)

    def _has_column(self, phrase: str, base: str) -> bool:
        head = content(phrase)[1]
        return any(head == stem(w) for f in self.schema.tables[base] for w in f.words[-1:])

    def _unit(self, phrase: str) -> tuple[str, str]:
        match = _UNIT.search(phrase)
        if match is None:
            return phrase, ""
        return phrase[: match.start()], stem(match["unit"])

    def _days_named(self, phrase: str, base: str) -> Part | None:
        """'number of days between signing and expiry'."""
        if not re.search(r"\bdays?\b", phrase, re.IGNORECASE):
            return None
        match = re.search(r"\b(?:between|from)\s+(.+?)\s+(?:and|to|until)\s+(.+)$", phrase, re.IGNORECASE)
        if match is None:
            item = self._days(base) if re.match(r"(?:number of |how many )?days$", phrase, re.IGNORECASE) else None
            return Part(item) if item is not None else None
        start, end = (self.field_named(m, base, lambda f: f.role == "date", 0.5) for m in match.groups())
        return Part(Item(field=start, until=end)) if start and end and start != end else None

    def _counted(self, phrase: str, base: str) -> Part | None:
        match = _COUNT.match(phrase)
        if match is None:
            return None
        of = next(g for g in match.groups() if g)
        distinct = _DIFFERENT.search(of) is not None
        of = _DIFFERENT.sub("", of)
        number = self.field_named(of, base, lambda f: f.role == "number")
        table = self.table_named(of, base)
        if number is not None and table is None:
            # 'number of plays' where the rows have one
            return Part(Item("SUM" if self.cues.group is not None else "", number))
        if table is not None:
            key = self.schema.key(table) or self.schema.label(table)
            return Part(Item("COUNT", key, distinct=distinct) if distinct and key else Item(), table=table)
        f = self.field_named(of, base)
        return None if f is None else Part(Item("COUNT", f, distinct=f.role != "number"))

    def _figure_named(self, phrase: str, base: str) -> Part | None:
        for pattern, aggregate in _FIGURE:
            match = pattern.match(phrase)
            if match is None:
                continue
            dates = aggregate in ("MIN", "MAX")
            f = self.field_named(match["of"], base, lambda f: f.role == "number" or (dates and f.holds_dates))  # noqa: B023
            if f is None and dates and re.search(r"\b(?:date|day)$", match["of"], re.IGNORECASE):
                f = next((f for f in self.schema.tables[base] if f.role == "date"), None)
            if f is not None:
                return Part(Item(aggregate, f))
            if aggregate == "SUM" and (table := self.table_named(match["of"], base)) is not None:
                return Part(Item(), table=table)  # 'total number of loans'
        return None


def converted(item: Item, unit: str) -> Item:
    """In the unit that is asked for, where the column says its own."""
    f = item.field
    if not unit or f is None or item.until is not None:
        return item
    for scales in _SCALES:
        own = next((stem(w) for w in (f.unit, *f.words[::-1]) if w and stem(w) in scales), "")
        if own and unit in scales and scales[own] != scales[unit]:
            return replace(item, factor=scales[own] / scales[unit])
    return item
