"""Following a guide over a plain vocabulary, as an engine does: where a text leaves what a guide allows.

The vocabulary is that of single bytes unless tokens are given, so no model is needed. Needs llguidance.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from treadle.tokens.grammars import Grammars

if TYPE_CHECKING:
    from treadle.grounding.base import Guide
    from treadle.types import Constraint

__all__ = ["Follower", "Vocabulary", "accepts"]

_END = b"<|end|>"


class Vocabulary:
    """Tokens, and the grammars that are compiled for them. ``end`` is the token that ends a draft.

    Args:
        tokens: some besides the single bytes, which are always there.
    """

    def __init__(self, tokens: Sequence[bytes] = ()) -> None:
        longer = sorted({t for t in tokens if len(t) > 1}, key=lambda t: (-len(t), t))
        self.tokens = [bytes([b]) for b in range(256)] + longer
        self._ids = {t: i for i, t in enumerate(self.tokens)}
        self._lengths = sorted({len(t) for t in self.tokens}, reverse=True)
        self.end = len(self.tokens)
        self._grammars = Grammars([*self.tokens, _END], [self.end], [self.end], self.encode)

    def encode(self, text: str) -> list[int]:
        """The tokens of ``text``, always the longest that fits."""
        raw = text.encode()
        found, at = [], 0
        while at < len(raw):
            length = next(n for n in self._lengths if raw[at : at + n] in self._ids and at + n <= len(raw))
            found.append(self._ids[raw[at : at + length]])
            at += length
        return found

    def matcher(self, constraint: Constraint) -> Any:
        """A matcher of llguidance at the beginning of ``constraint``; raises ``EngineError`` for one that cannot be used."""
        return self._grammars.matcher(constraint, probe=False)


class Follower:
    """Where a draft stands that ``guide`` leads. ``over``: nothing may follow; ``written``: the draft so far."""

    def __init__(self, guide: Guide, vocabulary: Vocabulary) -> None:
        self._guide, self._vocabulary = guide, vocabulary
        self.written = bytearray()
        self.over = self._last = False
        self._matcher: Any = None
        self._enter()

    def may_end(self) -> bool:
        """Whether the draft may end here."""
        return self.over or bool(self._matcher.is_accepting())

    def allowed(self) -> list[int]:
        """The tokens that may come next, that which ends the draft among them."""
        if self.over:
            return [self._vocabulary.end]
        bits = self._matcher.compute_bitmask()
        return [i for i in range(self._vocabulary.end + 1) if bits[i >> 3] >> (i & 7) & 1]

    def take(self, token: int) -> bool:
        """Go on by a token; False where it is not allowed."""
        if token == self._vocabulary.end:
            allowed = self.may_end()
            self.over = self.over or allowed
            return allowed
        if self.over or self._matcher.try_consume_tokens([token]) != 1:
            return False
        self.written += self._vocabulary.tokens[token]
        accepting = bool(self._matcher.is_accepting())
        if accepting and not self._last:
            self._enter()
        elif self._matcher.is_stopped():
            self.over = True
        return True

    def _enter(self) -> None:
        stage = self._guide.stage(self.written.decode("utf-8", "replace"))
        if stage is None:
            self.over = True
            return
        self._matcher, self._last = self._vocabulary.matcher(stage.constraint), stage.last


def accepts(guide: Guide, text: str, tokens: Sequence[bytes] = ()) -> int | None:
    """None where ``text`` is a whole draft that ``guide`` allows, else the number of bytes up to where it left it.

    Where the text is allowed but may not end, that is its length in bytes.
    """
    vocabulary = Vocabulary(tokens)
    follower = Follower(guide, vocabulary)
    for token in vocabulary.encode(text):
        if not follower.take(token):
            return len(follower.written)
    return None if follower.may_end() else len(follower.written)
