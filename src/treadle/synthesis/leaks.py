"""Proof that training rows hold nothing of evaluation sets: by hashes of whole texts, n-grams of words, and shapes of data.

What is held out is kept as hashes, so that whoever compares cannot copy. A *shape* is a table with its columns, or a tree
with its branches.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

__all__ = ["HeldOut", "shapes_of_create"]

WORDS = 8
"""Words in a row that two texts share only where one was taken from the other; shorter ones are ordinary language."""
_SHORTEST = 4
_ALIKE = 0.5
"""The share of columns in common from which on two tables of one name count as one."""
_WORD = re.compile(r"[a-z0-9_]+")
_CREATE = re.compile(r"^CREATE TABLE (.+?) \((.*)\);$", re.MULTILINE)
_COMMENT = re.compile(r"/\*.*?\*/")

Shapes = Mapping[str, Collection[str]]


class HeldOut:
    """What must not be met.

    Args:
        texts: questions, statements, programs.
        data: the databases or files, each as its shapes.
        words: how many words in a row two texts may not share.
        common: texts that any set may hold (a shared preamble); their n-grams are not looked at.
    """

    def __init__(
        self, texts: Iterable[str], data: Iterable[Shapes] = (), *, words: int = WORDS, common: Iterable[str] = ()
    ) -> None:
        self._words = words
        known = [_words(t) for t in texts]
        free = {h for t in common for h in _grams(_words(t), words)}
        self._whole = {_hash(t) for t in known if len(t) >= _SHORTEST}
        self._grams = {h for t in known for h in _grams(t, words)} - free
        self._data = [{name.lower(): frozenset(c.lower() for c in columns) for name, columns in d.items()} for d in data]

    def text_leaks(self, text: str) -> list[str]:
        """What of ``text`` is held out, in words; empty where nothing is."""
        words = _words(text)
        if _hash(words) in self._whole:
            return [f"a whole text: {text[:80]!r}"]
        places = [i for i, gram in enumerate(_grams(words, self._words)) if gram in self._grams]
        return [f"{self._words} words in a row: {' '.join(words[i : i + self._words])!r}" for i in places[:1]]

    def shape_leaks(self, shapes: Shapes) -> list[str]:
        """Which of the held-out data ``shapes`` look like: a table of the same name and columns, or half of all tables."""
        found = []
        own = {name.lower(): frozenset(c.lower() for c in columns) for name, columns in shapes.items()}
        for data in self._data:
            same = sorted(n for n in own.keys() & data.keys() if _alike(own[n], data[n]))
            found += [f"a table {name} with the columns of a held-out one" for name in same]
            both = own.keys() & data.keys()
            if len(both) > 2 and len(both) * 2 >= len(data):
                found.append(f"the tables {', '.join(sorted(both))} of a held-out database")
        return found


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) >= 2 and len(one & other) >= _ALIKE * min(len(one), len(other))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _hash(words: Sequence[str]) -> bytes:
    return hashlib.blake2b(" ".join(words).encode(), digest_size=8).digest()


def _grams(words: Sequence[str], length: int) -> Iterator[bytes]:
    for start in range(len(words) - length + 1):
        yield _hash(words[start : start + length])


def shapes_of_create(text: str) -> dict[str, list[str]]:
    """The tables with their columns of a text with CREATE TABLE statements, each on a line of its own."""
    return {
        name: [part.split()[0] for part in _COMMENT.sub("", inner).split(", ") if part.strip()]
        for name, inner in _CREATE.findall(text)
    }
