"""A question cut into words, numbers, dates, quoted texts and signs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from treadle.coding.sql.reading.inflection import stem

__all__ = ["Word", "cut"]

_WORD = re.compile(
    r"(?P<quoted>(?<!\w)'[^'\n]+'(?!\w)|\"[^\"\n]+\"|“[^”\n]+”|‘[^’\n]+’(?!\w))"  # noqa: RUF001
    r"|(?P<date>\b\d{4}-\d\d-\d\d\b)|(?P<month>\b\d{4}-\d\d\b(?!-))|(?P<number>\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?(?![\w-]*[A-Za-z]))"
    r"|(?P<word>\d+[\w-]*|[^\W\d_](?:[\w'’]*\w)?)|(?P<sign><=|>=|<>|!=|≥|≤|[^\w\s])"  # noqa: RUF001
)


@dataclass(frozen=True, slots=True)
class Word:
    """``text`` in lower case; ``kind``: date, month, number, quoted, word or sign; ``start``: its first character."""

    text: str
    kind: str
    start: int
    written: str

    @property
    def stem(self) -> str:
        return stem(self.text)


_ARTICLES = frozenset({"the", "a", "an"})


def cut(text: str) -> list[Word]:
    """The words of a question without its articles; hyphens between words are left out, 's is."""
    found = []
    for match in _WORD.finditer(text):
        said, kind = match[0].lower(), match.lastgroup or "word"
        for ending in ("'s", "’s", "s'", "s’", "'"):  # noqa: RUF001
            if kind == "word" and said.endswith(ending) and said not in ("what's", "who's", "it's", "there's", "where's"):
                said = said.removesuffix(ending) + ("s" if ending.startswith("s") else "")
        inside = kind == "sign" and said in "-'\"’“”`" and not _stands_alone(text, match)  # noqa: RUF001
        letter = match[0] == "A" and match.start() > 0 and text[match.start() - 2] not in ".?!"  # 'blood type A'
        if (kind == "word" and said in _ARTICLES and not letter) or inside:
            continue
        if kind == "quoted":
            found.append(Word(said[1:-1], kind, match.start() + 1, match[0][1:-1]))
            continue
        found.append(Word(said, kind, match.start(), match[0]))
    return found


def _stands_alone(text: str, match: re.Match[str]) -> bool:
    """Whether a dash is a minus or a break: between blanks."""
    return match[0] == "-" and text[match.start() - 1 : match.start()] == " " and text[match.end() : match.end() + 1] == " "
