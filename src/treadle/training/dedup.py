"""Duplicates out of a stream of documents: exact ones by a hash, near ones by MinHash (Broder 1997) in bands.

Two documents are the same if their sequences of words are, whatever the signs and spaces between, as InCoder has it. They
are near each other if the sets of all their runs of words overlap: the Jaccard index, shared by all, is estimated from 128
minima under 128 hash functions, which agree with just that probability. Documents whose minima agree in a whole band of rows
are compared. Of documents that are alike the first one stays. A document takes about 2 KB of memory.

Our own sixty lines of numpy: the kept library for it, datasketch, brings scipy (143 MB) along.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["ExactIndex", "NearIndex", "fingerprint_of", "jaccard", "shingles", "unique"]

T = TypeVar("T")
Words = NDArray[np.uint32]
Minima = NDArray[np.uint32]

_WORD = re.compile(r"\w+")


def fingerprint_of(text: str) -> bytes:
    """16 bytes that are the same for documents with the same words in the same order."""
    return hashlib.blake2b("\0".join(_WORD.findall(text)).encode("utf-8", "replace"), digest_size=16).digest()


def shingles(text: str, size: int = 5) -> Words:
    """Numbers of all runs of ``size`` words, each once; one of a shorter text, none of a text without words."""
    words = [zlib.crc32(word.encode("utf-8", "replace")) for word in _WORD.findall(text)]
    if not words:
        return np.empty(0, np.uint32)
    size = min(size, len(words))
    runs = np.lib.stride_tricks.sliding_window_view(np.array(words, np.uint64), size)
    powers = np.array([0x9E3779B97F4A7C15 ** (k + 1) % 2**64 for k in range(size)], np.uint64)
    return np.unique(((runs * powers).sum(1, dtype=np.uint64) >> np.uint64(32)).astype(np.uint32))


def jaccard(one: str, other: str, size: int = 5) -> float:
    """What MinHash estimates: shared shingles over all shingles of both, 0 to 1."""
    a, b = set(shingles(one, size).tolist()), set(shingles(other, size).tolist())
    return len(a & b) / len(a | b) if a or b else 1.0


class ExactIndex:
    """Remembers documents by their fingerprints."""

    def __init__(self) -> None:
        self._known: set[bytes] = set()

    def seen(self, text: str) -> bool:
        """Whether such a document came before; if not, it is remembered."""
        mark = fingerprint_of(text)
        known = mark in self._known
        self._known.add(mark)
        return known


class NearIndex:
    """Remembers documents by their minima.

    ``bands`` x ``rows`` minima: two documents of Jaccard index s meet in a band with the probability 1 - (1 - s^rows)^bands,
    which for 16 x 8 is 0.95 at s = 0.8 and 0.06 at 0.5; they are then compared by all minima, with ``threshold``.
    """

    def __init__(self, threshold: float = 0.8, *, bands: int = 16, rows: int = 8, shingle: int = 5, seed: int = 0) -> None:
        self._threshold, self._rows, self._shingle = threshold, rows, shingle
        random = np.random.default_rng(seed)
        # Multiply-shift (Dietzfelbinger 1996): the high half of a x + b is universal for x of 32 bits; a is odd.
        self._a = random.integers(0, 2**64, bands * rows, np.uint64) | np.uint64(1)
        self._b = random.integers(0, 2**64, bands * rows, np.uint64)
        self._minima: list[Minima] = []
        self._bands: list[dict[bytes, list[int]]] = [{} for _ in range(bands)]

    def minima(self, text: str) -> Minima | None:
        """The least value of each hash function over the document's shingles; None of a text without words."""
        numbers = shingles(text, self._shingle).astype(np.uint64)
        if not len(numbers):
            return None
        least = np.full(len(self._a), 2**32 - 1, np.uint32)
        for start in range(0, len(numbers), 4096):  # 4 MB at a time
            hashed = (numbers[start : start + 4096, None] * self._a + self._b) >> np.uint64(32)
            least = np.minimum(least, hashed.min(0).astype(np.uint32))
        return least

    def seen(self, text: str) -> bool:
        """Whether a document came before that is estimated to share at least ``threshold``; if not, it is remembered."""
        least = self.minima(text)
        if least is None:
            return False
        keys = [band.tobytes() for band in least.reshape(len(self._bands), self._rows)]
        met = {number for band, key in zip(self._bands, keys, strict=True) for number in band.get(key, ())}
        if any(np.mean(self._minima[number] == least) >= self._threshold for number in met):
            return True
        for band, key in zip(self._bands, keys, strict=True):
            band.setdefault(key, []).append(len(self._minima))
        self._minima.append(least)
        return False


def unique(
    documents: Iterable[T],
    text_of: Callable[[T], str],
    why: Counter[str] | None = None,
    near: float | None = 0.8,
) -> Iterator[T]:
    """The documents that are like none before, one by one as they come; ``why`` counts the others: 'exact' or 'near'.

    ``near``: from which Jaccard index on a document is left out; None for exact duplicates only.
    """
    exact, index = ExactIndex(), None if near is None else NearIndex(near)
    for document in documents:
        text = text_of(document)
        reason = "exact" if exact.seen(text) else "near" if index is not None and index.seen(text) else None
        if reason is None:
            yield document
        elif why is not None:
            why[reason] += 1
