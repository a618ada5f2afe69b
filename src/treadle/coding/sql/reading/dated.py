"""Reads which rows a question is about by their dates: years, months and days of the week."""

from __future__ import annotations

import re
from collections.abc import Iterator

from treadle.coding.sql.reading.naming import NameReader
from treadle.coding.sql.reading.periods import WEEKDAYS
from treadle.coding.sql.reading.reader import HINTED
from treadle.coding.sql.reading.schema import Field
from treadle.coding.sql.reading.sketch import Condition

__all__ = ["DatedReader"]

_WEEKDAY = re.compile(
    rf"\b(?:on|at|during)\s+(?:an?\s+|the\s+)?(?P<end>weekends?)\b|\b(?P<day>{'|'.join(WEEKDAYS)})s?\b(?!\s*(?:=|\.\.\.))",
    re.IGNORECASE,
)


class DatedReader(NameReader):
    """Reads conditions on parts of dates."""

    def _of_dates(self, base: str) -> list[tuple[int, Condition]]:
        value, kind = (self.cues.month, "month") if self.cues.month else (self.cues.year, "year")
        if not value or any(b.year for b in self.cues.bounds):
            return []
        dates = [f for f in self.schema.fields if f.holds_dates and self.reaches(base, f)]
        dates = [f for f in dates if kind == "year" or f.role == "date"]
        if not dates:
            return []
        said = self.text.find(value.split("-")[0])
        verb = re.search(r"(\w{4,})\s+(?:in|during|of)\s+(?:the\s+year\s+|\w+\s+)?$", self.text[: max(said, 0)])
        f = min(
            dates,
            key=lambda f: (
                not (verb and _begin_alike(verb[1], f)),
                self.links.fields[f] < HINTED,
                self.near(base, f.table),
                "birth" in f.words,
                f.role == "date",
            ),
        )
        return [(said, Condition(f, "=", value, kind=kind if f.role == "date" else "plain"))]

    def _of_weekdays(self, base: str) -> Iterator[tuple[int, Condition]]:
        """'on weekends', 'on a Saturday or Sunday', 'on Mondays': the day of the week of a date."""
        values = {self.starts[v.start] for v in self.links.values}  # a column of days holds 'Sun'
        found = [m for m in _WEEKDAY.finditer(self.text) if not any(m.start() <= place < m.end() for place in values)]
        date = next(iter(self._group_of_dates("weekday", base)), None) if found else None
        if date is None or date.field is None or date.field.role != "date":
            return
        days = sorted({d for m in found for d in (("0", "6") if m["end"] else (str(WEEKDAYS.index(m["day"].lower())),))})
        value = f"({', '.join(days)})" if len(days) > 1 else days[0]
        yield found[0].start(), Condition(date.field, "IN" if len(days) > 1 else "=", value, kind="weekday")


def _begin_alike(word: str, f: Field) -> bool:
    """'admitted' and ``admission_year``: the same first four letters."""
    return any(len(w) >= 4 and w[:4] == word.lower()[:4] for w in f.words)
