"""Which order is wanted, by words alone: 'sorted by year, then by name', 'from cheapest to dearest', 'oldest first'."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from treadle.coding.sql.reading.cues import HIGH, LOW, blanked

__all__ = ["DATED", "Said", "read_orders"]

DATED = frozenset(
    {"newest", "latest", "last", "earliest", "first", "oldest", "youngest", "recent", "new", "old", "late", "early"}
)
"""Adjectives of dates; which end of the dates they mean says ``_LATE``."""
_LATE = frozenset({"newest", "latest", "last", "youngest", "recent", "new", "late"})
_PLAIN_HIGH = (
    "high|heavy|long|large|big|expensive|costly|most|fast|hot|warm|late|recent|new|dear|tall|deep|popular|strong|wide"
)
_PLAIN_LOW = "low|light|short|small|cheap|least|slow|cold|early|old|young|weak|narrow"
_ADJECTIVE = rf"(?:(?:most|least)\s+(?!to\b)\w+|{HIGH}|{LOW}|{_PLAIN_HIGH}|{_PLAIN_LOW}|a|z)"
_DOWN = frozenset((*HIGH.split("|"), *_PLAIN_HIGH.split("|"), "z")) - {"oldest"}

_END = rf"(?:most|least|{HIGH}|{LOW}|{_PLAIN_HIGH}|{_PLAIN_LOW}|a|z)"
_FROM_TO = rf"(?:from\s+)?(?:the\s+)?(?P<from>{_ADJECTIVE})\s+to\s+(?:the\s+)?{_END}\b"
_ONE_WITH = re.compile(
    rf"\bfrom\s+(?:the\s+)?(?:ones?|those|\w+)\s+with\s+(?:the\s+)?(?P<from>{_ADJECTIVE})\s+(?P<what>[\w\s]+?)\s+to\s+(?:the\s+)?(?:ones?|those|\w+)"
    rf"\s+with\s+(?:the\s+)?{_END}\b(?:\s+\w+)?",
    re.IGNORECASE,
)
_FIRST = (
    rf"(?:with\s+|starting\s+with\s+|beginning\s+with\s+)?(?:the\s+)?(?P<first>{_ADJECTIVE})(?P<noun>\s+[\w-]+(?:\s+[\w-]+)?)??"
    r"\s+(?:(?:coming|go|goes|ones?)\s+)?(?:first|on\s+top|at\s+(?:the\s+)?top|to\s+the\s+top)\b"
)
_WAY = r"(?P<way>descending|desc|decreasing|falling|ascending|asc|increasing|rising|alphabetical|chronological)"
_ORDER_OF = rf"(?:in\s+)?(?P<reverse>reverse\s+)?{_WAY}(?:ly)?(?:\s+order)?\b"
_PHRASE = r"[^,.;:?!()]+"
_BY = re.compile(
    r"\b(?:(?:sort|rank|arrang)(?:ed|e|ing)?\s+(?:(?!by\b)[\w']+\s+){0,6}?"
    r"|(?<!was )(?<!were )(?<!been )order(?:ed|ing)?\s+(?:(?!by\b)\w+\s+){0,2}?)"
    r"by\s+(?P<keys>.*?)(?=[.;:?!](?:\s|$)|\s[-\u2013]\s|$)",
    re.IGNORECASE,
)
_IN_ORDER = re.compile(
    rf"\bin\s+order\s+of\s+(?P<of>{_PHRASE})|{_ORDER_OF}(?:(?<=order)\s+(?:of|by|based\s+on|according\s+to|with\s+respect\s+to)\s+(?P<what>{_PHRASE})|(?<=ly)\s+by\s+(?P<by>{_PHRASE}))?",
    re.IGNORECASE,
)
_DIRECTED = re.compile(
    rf"\bfrom\s+{_FROM_TO}(?P<what>\s+[\w-]+)?|[,;(]\s*(?:the\s+)?(?P<first>{_ADJECTIVE})\s+to\s+(?:the\s+)?{_END}\b",
    re.IGNORECASE,
)
_PUT_FIRST = re.compile(
    rf"(?:[,;:(]|\s[-\u2013])\s*{_FIRST}|\b(?:starting|beginning)\s+(?:with|from)\s+(?:the\s+)?(?!a\b(?!\s+to))(?P<start>{_ADJECTIVE})\b(?:\s+\w+(?=\s*(?:[.;:?!,)]|$)))?",
    re.IGNORECASE,
)
_EXTREME = re.compile(rf"(?:the\s+)?({HIGH}|{LOW})\s+(?=\w)", re.IGNORECASE)
_DIRECTIONS = tuple(re.compile(rf"\b{p}", re.IGNORECASE) for p in (_FROM_TO, _FIRST, _ORDER_OF))
_BY_BEFORE = re.compile(r"\bby\s+((?:[\w']+\s*){1,6})$", re.IGNORECASE)
_FIGURE_BY = re.compile(r"\s*(?:the\s+)?(?:number|count|average|mean|total|sum|how many)\b", re.IGNORECASE)
"""'Number of runs by year, latest first': by what comes behind 'by' rows are grouped."""
_KEYS = re.compile(r",?\s*(?:and\s+)?\bthen\b\s*(?:by\s+)?|\s+and\s+(?:by\s+)?|\s*,\s*(?:and\s+)?(?:by\s+)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Said:
    """One key of an order. ``words``: what is ordered by; ``adjective``: 'youngest', which may say it instead.

    ``descending`` is None where no direction is said. ``place``: a character of the question.
    """

    place: int
    words: str
    adjective: str = ""
    descending: bool | None = None

    @property
    def late(self) -> bool:
        """Whether the adjective, said of dates, puts the later ones first."""
        return self.adjective in _LATE


def read_orders(text: str) -> tuple[tuple[Said, ...], str]:
    """The keys that rows are to be ordered by, and the text with blanks where they are said."""
    match = _BY.search(text)
    if match is not None:
        rest, keys = blanked(text, match.span()), tuple(_keys(match["keys"], match.start("keys")))
        way = re.search(_FROM_TO, match[0][: match.start("keys") - match.start()], re.IGNORECASE)
        if keys and keys[0].descending is None and way is not None:
            adjective, down = _direction(way)  # 'ranked highest to lowest by price'
            keys = (replace(keys[0], adjective=adjective, descending=down), *keys[1:])
        return keys, rest
    for read in (_put_first, _in_order, _directed):
        found = read(text)
        if found is not None:
            return found
    return (), text


def _keys(said: str, place: int) -> Iterator[Said]:
    """'year descending, then by name': each key with its direction, which may follow after a comma."""
    last: Said | None = None
    for part in _KEYS.split(re.sub(r"\bwithin (?:each|every) \w+\b,?", "", said, flags=re.IGNORECASE)):
        key = _key(part, place + max(said.find(part), 0))
        if not key.words and not key.adjective and key.descending is None:
            continue
        if last is not None and not key.words and last.descending is None:
            last = replace(last, adjective=key.adjective, descending=key.descending)
            continue
        if last is not None:
            yield last
        last = key
    if last is not None:
        yield last


def _key(part: str, place: int) -> Said:
    adjective, descending, noun = "", None, ""
    for pattern in _DIRECTIONS:
        if match := pattern.search(part):
            adjective, descending = _direction(match)
            noun = match.groupdict().get("noun") or ""
            part = part[: match.start()] + " " + part[match.end() :]
            break
    words = " ".join(f"{part} {noun}".replace("(", " ").replace(")", " ").split())
    if descending is None and (extreme := _EXTREME.match(words)) is not None:  # 'sort by highest price'
        adjective, descending, words = "", extreme[1].lower() in _DOWN, words[extreme.end() :].strip()
    return Said(place, words, adjective, descending)


def _direction(match: re.Match[str]) -> tuple[str, bool | None]:
    found = match.groupdict()
    if way := found.get("way"):
        down = way.lower() in ("descending", "desc", "decreasing", "falling")
        kind = {"alphabetical": "alphabetical", "chronological": "earliest"}.get(way.lower(), "")
        if kind == "earliest" and found.get("reverse"):
            kind = "latest"
        return kind, down is not bool(found.get("reverse"))
    said = (found.get("from") or found.get("first") or found.get("start") or "").lower().split()
    if not said:
        return "", None
    down = said[0] in _DOWN if said[0] not in ("most", "least") else said[0] == "most"
    return " ".join(said[1:]) if len(said) > 1 else said[0], down


def _put_first(text: str) -> tuple[tuple[Said, ...], str] | None:
    """', oldest first', '; dearest on top'."""
    match = _PUT_FIRST.search(text)
    if match is None:
        return None
    adjective, down = _direction(match)
    rest = blanked(text, match.span())
    by = _BY_BEFORE.search(text[: match.start()])
    words = (match["noun"] or "").strip()
    if by is not None and not _FIGURE_BY.match(text):
        words, rest = by[1].strip(), blanked(rest, by.span())
    return (Said(match.start(), words, adjective, down),), rest


def _in_order(text: str) -> tuple[tuple[Said, ...], str] | None:
    """'in descending order of price', 'alphabetically', 'in order of age'."""
    match = _IN_ORDER.search(text)
    if match is None:
        return None
    rest = blanked(text, match.span())
    if match["of"]:
        return (_key(match["of"], match.start()),), rest
    adjective, down = _direction(match)
    words = (match["what"] or match["by"] or "").strip()
    before = _BY_BEFORE.search(text[: match.start()])
    if not words and before is not None:
        words, rest = before[1].strip(), blanked(rest, before.span())
    return (Said(match.start(), words, adjective, down),), rest


def _directed(text: str) -> tuple[tuple[Said, ...], str] | None:
    """'from the largest to the smallest budget', 'by price from high to low'."""
    match = _ONE_WITH.search(text) or _DIRECTED.search(text)
    if match is None:
        return None
    adjective, down = _direction(match)
    rest, words = blanked(text, match.span()), (match["what"] or "").strip()
    by = _BY_BEFORE.search(text[: match.start()])
    if by is not None:
        words, rest = by[1].strip(), blanked(rest, by.span())
    return (Said(match.start(), words, adjective, down),), rest
