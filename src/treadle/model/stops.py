"""From tokens to text: stop strings across token boundaries, and no half characters in a stream."""

from __future__ import annotations

import codecs
from collections.abc import Sequence

from treadle.types import Token

__all__ = ["TextStream"]


class TextStream:
    """The text of one draft as its tokens come. What may still become part of a stop string is held back.

    The draft ends where a stop string is first complete, and its text just before that string; where two are complete at
    once, before the longer. This depends on the text alone, not on how it is cut into tokens.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        if "" in stops:
            raise ValueError("a stop string must not be empty: the draft would end before it begins")
        self._stops = [s.encode("utf-8", "surrogatepass") for s in stops]
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._bytes = bytearray()
        self._sent = 0
        self._waiting: list[tuple[int, Token]] = []
        """Tokens whose text was not given out yet, with the place where it begins."""
        self.stopped = False

    def push(self, raw: bytes, token: Token) -> None:
        """Add a token. Nothing may be added once ``stopped``."""
        before = len(self._bytes)
        self._waiting.append((before, token))
        self._bytes += raw
        cut = self._first_stop(before)
        if cut is not None:
            del self._bytes[cut:]
            self.stopped = True

    def pull(self, *, last: bool) -> tuple[str, tuple[Token, ...]]:
        """Text and tokens that are certain by now and were not given out yet; with ``last``, all that is left."""
        end = len(self._bytes) if last else len(self._bytes) - self._held_back()
        text = self._decoder.decode(bytes(self._bytes[self._sent : end]), final=last)
        self._sent = end
        whole = last and not self.stopped
        ready = [token for start, token in self._waiting if start < end or whole]
        self._waiting = [] if last else self._waiting[len(ready) :]
        return text, tuple(ready)

    def _first_stop(self, before: int) -> int | None:
        """Where the stop string begins that is complete first, among those that end after ``before``."""
        found = []
        for stop in self._stops:
            start = self._bytes.find(stop, max(0, before - len(stop) + 1))
            if start >= 0:
                found.append((start + len(stop), start))
        return min(found)[1] if found else None

    def _held_back(self) -> int:
        """The length of the longest end of the text that begins a stop string."""
        longest = 0
        for stop in self._stops:
            for length in range(min(len(stop) - 1, len(self._bytes) - self._sent), longest, -1):
                if self._bytes.endswith(stop[:length]):
                    longest = length
                    break
        return longest
