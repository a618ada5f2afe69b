"""The ids of ordinary text in an encoding, whatever the text: also hundreds of thousands of spaces in a row.

In such runs the pattern's ``\\s+(?!\\S)`` goes back a step for each character, and tiktoken's regular expressions give up
with a panic at about a million. The library ``regex`` has no such limit, so it cuts the text around such a run.
"""

from __future__ import annotations

from collections.abc import Iterator

from treadle.tokens.cutting import last_cut, next_cut
from treadle.tokens.encodings import open_encoding, pattern_of

__all__ = ["ordinary_ids"]

_STEP = 100_000
"""Runs of white space of twice as many characters are always found, shorter ones than this never."""


def ordinary_ids(name: str, text: str) -> list[int]:
    """The ids of a text, in which the texts of special tokens are ordinary text.

    Raises:
        UnknownNameError: there is no such encoding.
    """
    encoding = open_encoding(name)
    inside = _in_long_space(text)
    if inside < 0:
        return encoding.encode_ordinary(text)
    ids: list[int] = []
    while inside >= 0:
        start, end = max(0, last_cut(text[:inside])), next_cut(text, inside)
        ids += encoding.encode_ordinary(text[:start])
        for piece in _pieces(name, text[start:end]):
            ids += encoding._encode_single_piece(piece)
        text = text[end:]
        inside = _in_long_space(text)
    return ids + encoding.encode_ordinary(text)


def _in_long_space(text: str) -> int:
    """A place in a long run of white space, or -1: only every so many characters are looked at."""
    places = range(0, len(text) - _STEP + 1, _STEP)
    return next((i for i in places if text[i : i + _STEP].isspace()), -1)


def _pieces(name: str, text: str) -> Iterator[str]:
    import regex

    return (found[0] for found in regex.finditer(pattern_of(name), text))
