"""A request cut into words: names of columns whole, numbers, words in lower case, signs."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass

from treadle.coding.reading.catalogue import Catalogue

__all__ = ["NUMBER", "Token", "tokens"]


@dataclass(frozen=True, slots=True)
class Token:
    """A word in lower case and as it was written; ``column`` where it is the name of one."""

    text: str
    column: str = ""
    written: str = ""


NUMBER = r"\d+(?:,\d{3})+(?!\d)|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+"
_WORDS = frozenset({"a", "in", "of", "for", "is", "with", "event", "events", "weight", "charge"})
"""Names of columns that are ordinary words: the words decide."""
_ARTICLES = frozenset({"the", "a", "an"})


def tokens(text: str, catalogue: Catalogue, own: Container[str] = ()) -> list[Token]:
    """The words of ``text``: names of columns whole, numbers, words in lower case (hyphens cut them), signs.

    A name of the request's ``own`` for a value is no word any more.
    """
    names = sorted(catalogue.by_column, key=len, reverse=True)
    name = "|".join(map(re.escape, names)) or r"(?!)"
    pattern = re.compile(
        rf"(?P<column>(?<![\w.])(?:{name})(?![\w])(?!'t))|(?P<number>(?<![A-Za-z_])(?:{NUMBER}))"
        r"|(?P<word>[^\W\d]\w*(?:'(?!s\b)[a-z]+)?(?:(?<=no)\.)?)|(?P<sign>>=|<=|==|!=|&&|\|\||=>|=<|[^\w\s])"
    )
    found = []
    for match in pattern.finditer(text):
        column = match["column"] or ""
        if column in _WORDS:
            column = ""
        if not column and match["word"] in own:
            found.append(Token(f"«{match[0]}»", "", match[0]))
            continue
        said = match[0] if column else match[0].lower()
        if said == "s" and match.start() and text[match.start() - 1] in "'’":  # noqa: RUF001
            continue
        if said not in _ARTICLES and not (said in "-'\"`" and not _between_numbers(text, match)):
            found.append(Token(said, column, match[0]))
    return found


def _between_numbers(text: str, match: re.Match[str]) -> bool:
    """Whether a dash is a sign: before a number, or between values; not inside 'opposite-sign'."""
    before, after = text[: match.start()], text[match.end() :]
    return match[0] == "-" and not (re.search(r"[A-Za-z]$", before) and re.match(r"[A-Za-z]", after))
