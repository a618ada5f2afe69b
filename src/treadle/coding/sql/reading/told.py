"""Reads lists of columns that a question tells: 'Show name and total.', 'Columns: year, number of runs, largest size.'"""

from __future__ import annotations

import re
from collections.abc import Iterator

from treadle.coding.sql.reading.linking import Links
from treadle.coding.sql.reading.phrases import BARE_FIGURE, Part, PhraseReader
from treadle.coding.sql.reading.schema import Field, Schema
from treadle.words import name_parts

__all__ = ["ToldReader"]

_LEAD = re.compile(
    r"\b(?:give|show|list|return|display|print|provide|report|output|need|want|get|tell|find|select)\b"
    r"(?:\s+(?:me|us)\b)?(?:\s+(?:all|only|both|also|just)\b)*"
    r"|\bcolumns?\s*[:=]|:\s|\s[-\u2013]\s|[.?!;]\s+(?=[A-Z])|^(?=[A-Za-z])|(?:^|(?<=[.?!]\s))name\b(?!\s*(?:,|and\b|only\b))",
    re.IGNORECASE,
)
_HARD_END = re.compile(
    r"[.:?!;]|\s[-\u2013]\s|,?\s*\b(?:for|with|whose|that|which|who|where|when|among|if|having|considering|without|only|but|per|at"
    r"|by|on|from|during|located|made|sorted|ordered|ranked|in(?!\s+(?:minutes|hours|seconds|days|km|kilomet\w+|met\w+|cm|mm)\b))\b",
    re.IGNORECASE,
)
_WITH_ITS = re.compile(
    r",?\s*\b(?:along with|together with|as well as|with (?:its|their|his|her)|plus"
    r"|with(?= (?:the )?(?:number|count|total|average)\b))\b|\s*&\s*",
    re.IGNORECASE,
)
_SPLIT = re.compile(r"\s*,\s*(?:and\s+)?|\s+and\s+", re.IGNORECASE)
_DAYS = re.compile(
    r"\b(?:between|from)\s+((?:\w+\s+){1,4}?)(?:and|to|until)\s+((?:the\s+)?(?:\w+\s*){1,3}?)(?=,|\s+and\b|$)", re.IGNORECASE
)


class ToldReader(PhraseReader):
    """Reads told lists of columns; what it returns is None unless every part of a list is understood."""

    def __init__(self, text: str, schema: Schema, links: Links) -> None:
        super().__init__(text, schema, links)
        self._told: dict[str, tuple[Part, ...] | None] = {}
        self.asked = ""

    def told(self, base: str) -> tuple[Part, ...] | None:
        """The parts of the list told last, where it is more than the name of a table."""
        if base not in self._told:
            self._told[base] = self._find_told(base)
        return self._told[base]

    def _find_told(self, base: str) -> tuple[Part, ...] | None:
        for match in reversed(list(_LEAD.finditer(self.text))):
            opening = not match[0] and self.text[:1].isupper() and not self._noun_first()
            if opening or match.end() == len(self.text):
                continue
            parts = self._parts(match.end(), base)
            alone = match[0].strip()[:1] in (":", "-", ".", "?", "!", ";", "\u2013")
            if parts and (len(parts) > 1 or alone or not self._is_table(match.end())):
                return parts
        return self._after_rows(base)

    def _after_rows(self, base: str) -> tuple[Part, ...] | None:
        """'Give the two strongest beers with name and alcohol': several columns told after the rows."""
        rows = (
            rf"\s*(?:give|show|list|return|display)\b[^,.;:?!]*?\b{re.escape(self.schema.spoken_table(base))}(?=\s+with\b)"
        )
        match = re.match(rows, self.text, re.IGNORECASE)
        parts = () if match is None else self._resumed(match.end(), base)
        return parts if len(parts) > 1 else None

    def entity(self) -> str | None:
        """The table that the question is about; of 'who' and 'everybody' the one whose people are to be named."""
        base = super().entity()
        if base is None or not re.match(
            r"\s*(?:who|nobody|everybody)\b|\s*\w+ of (?:everybody|everyone|all who|those who)\b", self.text, re.IGNORECASE
        ):
            return base
        for table in (base, *self.schema.tables):
            first = (self.told(table) or (None,))[0]
            f = None if first is None else first.item.field
            if first is not None and f is not None and f.role == "label" and not first.item.figure and self._own_word(f):
                return f.table
        return base

    def _own_word(self, f: Field) -> bool:
        """Whether a label is said by its own word, as 'nicknames' does, not just as a name."""
        return self.links.fields[f] >= 0.6 and not set(f.words) & {"name", "title"}

    def _noun_first(self) -> bool:
        """Whether the question is no sentence but a list: 'Nicknames of everybody who ...', 'country and capital of ...'."""
        return not re.match(
            r"\s*(?:what|which|who|whose|when|where|how|is|are|do|does|did|for|in|on|at|from|by|find|count|of|rank|sort|i|can|could|please)\b",
            self.text,
            re.IGNORECASE,
        )

    def _is_table(self, start: int) -> bool:
        """Whether a list names nothing but a table: 'list the departments'."""
        words = re.findall(r"\w+", self.text[start : start + 60].lower())
        words = [w for w in words if w not in ("the", "all", "me", "of", "those", "names")]
        return any(
            words[: len(parts)] == self.schema.spoken_table(t, many).split()
            for t in self.schema.tables
            for parts in [name_parts(t)]
            for many in (True, False)
        )

    def _parts(self, start: int, base: str) -> tuple[Part, ...] | None:
        text = _WITH_ITS.sub(lambda m: " and ".rjust(len(m[0])), self.text[start:])
        for end in self._ends(text):
            found = self._parsed(text[:end], base)
            if found is not None:
                return tuple(dict.fromkeys((*found, *self._resumed(start + end, base))))
        return None

    def _resumed(self, start: int, base: str) -> tuple[Part, ...]:
        """'the title of each track on a playlist along with its album': the list goes on after a relative part."""
        sentence = re.split(r"[.?!;]\s", self.text[start:])[0]
        match = _WITH_ITS.search(sentence) or re.match(r"\s*(?P<with>with)\s+(?!an?\b|no\b|the\b)", sentence, re.IGNORECASE)
        if match is None:
            return ()
        after = sentence[match.end() :]
        for end in self._ends(after):
            found = self._parsed(after[:end], base)
            if found is not None:
                plain = all(not p.item.figure and not p.that for p in found)
                return (
                    found
                    if not match.groupdict().get("with")
                    or (plain and (len(found) > 1 or not self._is_table(start + match.end())))
                    else ()
                )
        return ()

    def _ends(self, text: str) -> Iterator[int]:
        """Where the list may end, the farthest place first."""
        spanned = next((m.span() for m in _DAYS.finditer(text)), (0, 0))
        hard = next((m.start() for m in _HARD_END.finditer(text) if not spanned[0] <= m.start() < spanned[1]), len(text))
        soft = [m.start() for m in re.finditer(r",?\s+(?:of|in)\s", text[:hard])]
        yield from (hard, *reversed(soft))

    def _parsed(self, region: str, base: str) -> tuple[Part, ...] | None:
        whole = _DAYS.sub(lambda m: m[0].replace(" and ", " to "), region)
        phrases = [p for p in _SPLIT.split(whole) if p.strip() and p.strip().lower() not in ("and", "please", "only")]
        parts: list[Part] = []
        for number, phrase in enumerate(phrases):
            following = next((p for p in phrases[number + 1 :] if not BARE_FIGURE.fullmatch(p.strip())), "")
            noun = BARE_FIGURE.match(following.strip())
            if BARE_FIGURE.fullmatch(phrase.strip()) and noun is not None:
                part = self.part_named(f"{phrase} {following.strip()[noun.end() :]}", base)
            else:
                part = self.part_named(phrase, base)
            if part is None:
                return None
            parts.append(part)
        return tuple(dict.fromkeys(parts)) or None
