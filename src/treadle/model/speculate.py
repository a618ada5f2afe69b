"""One draft, several tokens a step: guess what comes next, and let one pass of the model say how far the guess holds.

A step of one draft reads all weights for one token; for a few tokens it takes hardly longer. Every token is still drawn from
the model's own logits, so the draft is the one that ``generate.decode`` gives (up to rounding, see there): a guess decides
only how many tokens a step yields. Guesses are what a constraint forces, else what followed the same few tokens before
(prompt lookup, Saxena 2023): edits of a program repeat most of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from treadle.model.generate import Draw, OnTokens, Piece, Prefix, Row, TokenTable, forward
from treadle.model.int4 import OF_ONE_TEXT
from treadle.model.sampling import Sampler
from treadle.model.transformer import Transformer

__all__ = ["Repeats", "decode_one"]

_LONGEST, _SHORTEST = 4, 2
"""Tokens that must be the same for what followed them to be a guess; the longest that is found counts."""
_FEWEST, _MOST = 3, OF_ONE_TEXT - 1
"""Tokens guessed at once. Three after a guess that failed: with four rows a step costs as much as with one, also with
weights of four bits. Twice as many and one more after each that held, as long as all positions keep the four bits."""


class Repeats:
    """What followed the last tokens of a text where they stood before."""

    def __init__(self, ids: Sequence[int] = ()) -> None:
        self._ids: list[int] = []
        self._after: dict[tuple[int, ...], int] = {}
        self.extend(ids)

    def extend(self, ids: Sequence[int]) -> None:
        """Add tokens to the end of the text."""
        for token in ids:
            # What ends with the last token is entered now, when something follows it: it would find itself otherwise.
            for length in range(_SHORTEST, min(_LONGEST, len(self._ids)) + 1):
                self._after[tuple(self._ids[-length:])] = len(self._ids)
            self._ids.append(token)

    def guess(self, most: int) -> list[int]:
        """Up to ``most`` tokens that may follow; none where the end of the text is new."""
        for length in range(min(_LONGEST, len(self._ids)), _SHORTEST - 1, -1):
            place = self._after.get(tuple(self._ids[-length:]))
            if place is not None:
                return self._ids[place : place + most]
        return []


def decode_one(
    model: Transformer, prefix: Prefix, draw: Draw, table: TokenTable, on_tokens: OnTokens | None = None
) -> Iterator[Piece]:
    """One draft that continues ``prefix``, which stays as it is.

    Raises:
        EngineError: the logits are not numbers, or the memory does not suffice.
    """
    row, sampler = Row(0, draw, table), Sampler([draw.sampling], [draw.bias])
    repeats, most = Repeats(prefix.ids), _FEWEST
    cache = prefix.cache.branch()
    logits_TV, guess = prefix.logits, list[int]()
    while True:
        held = 0
        for place in range(logits_TV.shape[0]):
            drawn = sampler.draw(logits_TV[place : place + 1], [draw.matcher])
            piece = row.take(drawn.ids[0], drawn.logprobs[0], drawn.alternatives[0], drawn.cuts[0])
            repeats.extend(drawn.ids)
            if on_tokens is not None:
                on_tokens(1)
            if piece is not None:
                yield piece
            if row.reason is not None:
                return
            if place == len(guess) or guess[place] != row.last:
                break
            held += 1
        if guess:
            cache.truncate(cache.length - (len(guess) - held))
            most = min(_MOST, 2 * most + 1) if held == len(guess) else _FEWEST
        guess = _guess(draw, repeats, min(most, row.n_left - 1))
        logits_TV = forward(model, [[row.last, *guess]], cache)[0]


def _guess(draw: Draw, repeats: Repeats, most: int) -> list[int]:
    """At most ``most`` tokens, so that no more positions are computed than the draft may have."""
    forced = draw.matcher.forced() if draw.matcher is not None else []
    return forced[: max(0, most)] or repeats.guess(max(0, most))
