"""What objectives on token ids give: a sample, which is tokens with a mark at each that is learnt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from treadle.training.rows import Sample

__all__ = ["joined"]


def joined(pieces: Iterable[tuple[Sequence[int], bool]]) -> Sample:
    """Pieces one after the other, each learnt or only read. The first token is never learnt: nothing stands before it."""
    ids: list[int] = []
    learn: list[bool] = []
    for piece, learnt in pieces:
        ids += piece
        learn += [learnt] * len(piece)
    learn[:1] = [False] * len(learn[:1])
    return Sample(np.array(ids, np.int32), np.array(learn, np.bool_))
