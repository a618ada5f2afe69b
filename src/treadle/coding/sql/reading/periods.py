"""Periods that a question tells by words, as first and last day: 'the 6 months before 2024-03-01', 'June to August 2023'.

Dates are in ISO form already. A day that ends a period counts, but for the one in 'before'.
"""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta

from treadle.coding.sql.reading.cues import MONTHS, NUMBER_WORDS

__all__ = ["WEEKDAYS", "with_periods"]

WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
"""In the order in which SQLite counts them, from 0."""
_ISO = r"(\d{4}-\d\d-\d\d)"
_COUNT = rf"(?P<count>\d+|an?|one|{'|'.join(NUMBER_WORDS)})"
_UNIT = r"(?P<unit>day|week|month|year)s?"
_LAST = rf"(?:in|over|during|within|for|from)?\s*(?:the\s+)?(?:last|past|previous|preceding)\s+(?:{_COUNT}\s+)?{_UNIT}"
_BEFORE = re.compile(
    rf"\b(?:{_LAST}|(?:in|over|during|within|for)\s+(?:the\s+)?{_COUNT.replace('count', 'n')}\s+"
    rf"{_UNIT.replace('unit', 'u')})\s+"
    rf"(?P<how>before|prior\s+to|preceding|up\s+to|until|to|ending(?:\s+(?:on|at|with))?|as\s+of|leading\s+up\s+to|from)\s+{_ISO}"
    r"(?:\s*\((?:inclusive|included)\))?",
    re.IGNORECASE,
)
_AFTER = re.compile(
    rf"\b(?:in|over|during|within|for)\s+(?:the\s+)?(?:next\s+|first\s+)?{_COUNT}\s+{_UNIT}\s+(?:after|following|from|since|starting(?:\s+(?:on|at|with))?)\s+{_ISO}",
    re.IGNORECASE,
)
_TODAY = re.compile(
    rf"[,;(]?\s*\b(?:(?:assum(?:e|ing)\s+|suppose\s+|if\s+)?(?:that\s+)?today(?:'s\s+date)?\s+is|as\s+of|taking|counted\s+from)\s+{_ISO}(?:\s+as\s+today)?[.,;)]?",
    re.IGNORECASE,
)
_RECENT = re.compile(rf"\b{_LAST}\b(?!\s+(?:before|prior|up|until|to|ending|as\s+of)\b)(?:\s*\([^()]*\))?", re.IGNORECASE)
_MONTHS_OF = re.compile(
    rf"\b(?:from|between|in|during)?\s*\(?({MONTHS})\s+(?:((?:1[5-9]|20)\d\d)\s+)?(?:to|through|until|till|and|-)\s+({MONTHS})\)?(?:\s+(?:of\s+)?((?:1[5-9]|20)\d\d))\b",
    re.IGNORECASE,
)
_SEASON = re.compile(
    rf"\b(?:in|during)\s+(?:the\s+)?\w+\s+(?:of\s+)?((?:1[5-9]|20)\d\d)\s*\(({MONTHS})\s+(?:to|through|until|-)\s+({MONTHS})\)",
    re.IGNORECASE,
)
_QUARTER = re.compile(r"\b(?:in\s+|during\s+)?Q([1-4])\s+(?:of\s+)?((?:1[5-9]|20)\d\d)\b", re.IGNORECASE)


def with_periods(text: str) -> str:
    """``text`` with 'between <first day> and <last day>' in the place of told periods."""
    text = _SEASON.sub(lambda m: _months(m[2], m[3], m[1], m[1]), text)
    text = _MONTHS_OF.sub(lambda m: _blank_of(m) + _months(m[1], m[3], m[2] or m[4], m[4]), text)
    text = _QUARTER.sub(lambda m: _months_from(int(m[2]), 3 * int(m[1]) - 2, int(m[2]), 3 * int(m[1])), text)
    text = _BEFORE.sub(_ended, text)
    text = _AFTER.sub(_begun, text)
    today = _TODAY.search(text)
    if today is not None and _RECENT.search(text):
        text = text[: today.start()] + " " + text[today.end() :]
        text = _RECENT.sub(lambda m: _between(_back(date.fromisoformat(today[1]), m["count"], m["unit"]), today[1]), text)
    return text


def _blank_of(match: re.Match[str]) -> str:
    """The blank that a pattern took before a word: 'the months May and June 2023'."""
    return " " if match[0][:1].isspace() else ""


def _between(first: date, last: date | str) -> str:
    return f"between {first} and {last}"


def _number(said: str | None) -> int:
    word = (said or "one").lower()
    return 1 if word in ("a", "an") else NUMBER_WORDS.get(word) or int(word)


def _back(day: date, count: str | None, unit: str, sign: int = -1) -> date:
    """The day so many units before (or after) another; a day that a month lacks is its last one."""
    number = _number(count)
    if unit.lower() in ("day", "week"):
        return day + sign * timedelta(days=number * (7 if unit.lower() == "week" else 1))
    months = day.year * 12 + day.month - 1 + sign * number * (12 if unit.lower() == "year" else 1)
    year, month = divmod(months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _ended(match: re.Match[str]) -> str:
    try:
        end = date.fromisoformat(match[match.re.groups])
        first = _back(end, match["count"] or match["n"], match["unit"] or match["u"])
    except (ValueError, OverflowError):
        return match[0]
    early = match["how"].lower().split()[0] in ("before", "prior", "preceding", "leading")
    return _between(first, end - timedelta(days=1) if early else end)


def _begun(match: re.Match[str]) -> str:
    try:
        start = date.fromisoformat(match[match.re.groups])
        return _between(start, _back(start, match["count"], match["unit"], 1))
    except (ValueError, OverflowError):
        return match[0]


def _months(first: str, last: str, year: str, until: str) -> str:
    names = MONTHS.split("|")
    return _months_from(int(year), names.index(first.lower()) + 1, int(until), names.index(last.lower()) + 1)


def _months_from(year: int, month: int, until: int, last: int) -> str:
    return _between(date(year, month, 1), date(until, last, calendar.monthrange(until, last)[1]))
