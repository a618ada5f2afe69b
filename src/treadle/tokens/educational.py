"""Byte-pair encoding to be read: the slow twin of what ``tiktoken`` computes and the library ``tokenizers`` trains.

A text becomes token ids in three steps:

1. A regular expression cuts the text into *pieces*, roughly words with the blank before them. Tokens never reach over the
   edge of a piece, so ``dog`` and ``dog.`` share a token.
2. A piece is written as bytes in UTF-8. Every byte is a token, so nothing that can be written is unknown.
3. As long as two neighbours together are a token, the pair whose token has the lowest *rank* is merged. The rank is the
   place at which training found the token, and at the same time its id.

Training is the same loop seen from the other end: the pair of neighbours that occurs most often becomes the next token.
(Sennrich, Haddow, Birch 2016, arXiv:1508.07909; over bytes as in GPT-2, Radford et al. 2019.)
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from treadle.errors import UsageError
from treadle.tokens.vocabulary import BYTE_CHARACTERS

__all__ = ["BytePairs", "Merge"]


@dataclass(frozen=True, slots=True)
class Merge:
    """One step: ``left`` and ``right`` became the token of this ``rank``, which leaves the piece in these ``parts``."""

    left: bytes
    right: bytes
    rank: int
    parts: tuple[bytes, ...]


class BytePairs:
    """A vocabulary of byte pairs.

    ``ranks``: every token's bytes and its id. ``pattern``: what cuts a text into pieces, in the dialect of the library
    ``regex``. Special tokens are no part of it: a text that spells one is text.
    """

    def __init__(self, ranks: Mapping[bytes, int], pattern: str) -> None:
        import regex

        self.ranks, self.pattern = dict(ranks), pattern
        self._cut = regex.compile(pattern)
        self._bytes = {rank: token for token, rank in self.ranks.items()}

    def encode(self, text: str) -> list[int]:
        """The ids of a text. Half of a surrogate pair, which no UTF-8 can write, becomes U+FFFD, as in tiktoken."""
        return [self.ranks[part] for piece in self.pieces(text) for part in self.parts(piece)]

    def decode(self, ids: Iterable[int]) -> str:
        """The text of the ids. Bytes that are no UTF-8, a character that was cut in two for example, become U+FFFD.

        Raises:
            UsageError: there is no such id.
        """
        return self.decode_bytes(ids).decode("utf-8", "replace")

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """What the ids stand for, one after the other; raises ``UsageError``."""
        try:
            return b"".join(self._bytes[i] for i in ids)
        except KeyError as error:
            raise UsageError(f"there is no token {error}; the vocabulary has {len(self.ranks):,}") from None

    def pieces(self, text: str) -> list[bytes]:
        """Step 1 and 2: the text in pieces, as bytes."""
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        return [found.group().encode("utf-8") for found in self._cut.finditer(text)]

    def parts(self, piece: bytes) -> tuple[bytes, ...]:
        """Step 3: the tokens of a piece. A piece that is itself a token is that token: nothing is merged."""
        if piece in self.ranks:
            return (piece,)
        parts = tuple(bytes([b]) for b in piece)
        for merge in self.merges(piece):
            parts = merge.parts
        return parts

    def merges(self, piece: bytes) -> Iterator[Merge]:
        """The merges of a piece, from single bytes to its tokens."""
        parts = [bytes([b]) for b in piece]
        while True:
            found = [
                (rank, at)
                for at, (left, right) in enumerate(itertools.pairwise(parts))
                if (rank := self.ranks.get(left + right)) is not None
            ]
            if not found:
                return
            rank, at = min(found)  # of equal ranks the leftmost
            left, right = parts[at : at + 2]
            parts[at : at + 2] = [left + right]
            yield Merge(left, right, rank, tuple(parts))

    @classmethod
    def train(cls, texts: Iterable[str], size: int, pattern: str) -> BytePairs:
        """Learn a vocabulary of up to ``size`` tokens, the 256 bytes among them; fewer where no pair is left to merge.

        Of pairs that occur as often the one with the lowest ids is taken. So the tokens are those of the library
        ``tokenizers``, to which this is the slow twin: each step here counts all pairs anew.

        Raises:
            UsageError: ``size`` has no room for the 256 bytes.
        """
        if size < len(BYTE_CHARACTERS):
            raise UsageError(f"a vocabulary of byte pairs has the 256 bytes and what is merged of them; {size} is too small")
        ranks = {bytes([b]): rank for rank, b in enumerate(BYTE_CHARACTERS.values())}  # in GPT-2's order: printable first
        cut = cls(ranks, pattern).pieces
        pieces = Counter(piece for text in texts for piece in cut(text))
        words = [([bytes([b]) for b in piece], count) for piece, count in pieces.items()]
        while len(ranks) < size and (best := _most_frequent(words, ranks)) is not None:
            left, right = best
            ranks.setdefault(left + right, len(ranks))
            for parts, _ in words:
                _merge_all(parts, left, right)
        return cls(ranks, pattern)


def _most_frequent(words: Sequence[tuple[list[bytes], int]], ranks: Mapping[bytes, int]) -> tuple[bytes, bytes] | None:
    """The pair of neighbours that occurs most often in all words, or None where every word is one token."""
    counts: Counter[tuple[bytes, bytes]] = Counter()
    for parts, count in words:
        for pair in itertools.pairwise(parts):
            counts[pair] += count
    return min(counts, key=lambda pair: (-counts[pair], ranks[pair[0]], ranks[pair[1]]), default=None)


def _merge_all(parts: list[bytes], left: bytes, right: bytes) -> None:
    """Replace every ``left``, ``right`` in ``parts`` by their union, from the left."""
    at = 0
    while at < len(parts) - 1:
        if parts[at] == left and parts[at + 1] == right:
            parts[at : at + 2] = [left + right]
        at += 1
