"""A sequence with the tokens that count: what objectives on token ids make, and what loops feed to a model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from treadle.errors import UsageError

__all__ = ["Learnt", "joined"]


@dataclass(frozen=True, slots=True)
class Learnt:
    """Token ids, and for each its weight in the loss; 0 for those that are only read."""

    ids: tuple[int, ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.ids) != len(self.weights):
            raise UsageError(f"{len(self.ids)} tokens have {len(self.weights)} weights; every token needs one")

    def cut(self, n_tokens: int) -> Learnt:
        """The first ``n_tokens``."""
        return Learnt(self.ids[:n_tokens], self.weights[:n_tokens])


def joined(pieces: Iterable[tuple[Sequence[int], float]]) -> Learnt:
    """Pieces one after the other, each of one weight."""
    ids: list[int] = []
    weights: list[float] = []
    for piece, weight in pieces:
        ids += piece
        weights += [weight] * len(piece)
    return Learnt(tuple(ids), tuple(weights))
