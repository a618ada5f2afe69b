"""Which of the likely tokens a constraint allows, without asking about all of the vocabulary.

A mask over the vocabulary costs milliseconds a draft and token in a grammar of Python, and a question about one token some
ten microseconds. So the candidates are asked about in turn, likeliest first, until what is left could hardly be drawn; only
where the likely ones are nearly all forbidden is the mask worked out. What is drawn then is drawn as under the mask: the
first candidate that fits is the greedy choice, and of sampled drafts only candidates are lost that make up a fiftieth of
what is allowed, which top-p drops by itself. Shapes: B drafts, V vocabulary, C candidates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import torch
from torch import Tensor

from treadle.types import Sampling

__all__ = ["Asked", "narrowed"]

CANDIDATES = 64
"""More than the usual top-k of 40."""
_LOST = 0.02
"""The share of what is allowed that may stay unasked while a draft is sampled."""
_ENOUGH = 0.05
"""The same once all candidates were asked about; where more is unknown the mask is worked out."""


class Asked(Protocol):
    """What a constraint is asked about the next token."""

    def fits(self, token: int) -> bool:
        """Whether this token may come next."""
        ...

    def allowed(self) -> Tensor:
        """Which tokens may come next, [V], on the CPU."""
        ...


def narrowed(
    raw_BV: Tensor,
    total_B: Tensor,
    matchers: Sequence[Asked | None],
    samplings: Sequence[Sampling],
    biases: Sequence[Mapping[int, float]],
) -> tuple[Tensor, list[float | None]]:
    """What the constraints of the drafts let be drawn, [B, V], and the probability found to be forbidden.

    That is all of it where a mask was worked out, else that of the likely tokens, so at least so much; None for drafts
    without a constraint. ``total_B``: log of the sum of exp of each row of ``raw_BV``.
    """
    top = raw_BV.topk(min(CANDIDATES, raw_BV.shape[1]), dim=-1)
    ids, shares = top.indices.tolist(), (top.values - total_B[:, None]).exp().tolist()
    allowed_BV = torch.ones(raw_BV.shape, dtype=torch.bool)
    cuts: list[float | None] = [None] * len(matchers)
    for row, (matcher, sampling) in enumerate(zip(matchers, samplings, strict=True)):
        if matcher is None:
            continue
        found = None if biases[row] or _unfiltered(sampling) else _likely(matcher, sampling, ids[row], shares[row])
        if found is None:
            allowed_BV[row] = mask_V = matcher.allowed()
            kept = raw_BV[row].masked_fill(~mask_V.to(raw_BV.device), -torch.inf).logsumexp(-1) - total_B[row]
            cuts[row] = min(max(-float(torch.expm1(kept)), 0.0), 1.0)
        else:
            allowed_BV[row] = False
            allowed_BV[row, found[0]] = True
            cuts[row] = found[1]
    return allowed_BV.to(raw_BV.device), cuts


def _unfiltered(sampling: Sampling) -> bool:
    """Whether any token may be drawn, however unlikely."""
    return sampling.temperature > 0 and not 0 < sampling.top_k <= CANDIDATES and sampling.top_p >= 1


def _likely(
    matcher: Asked, sampling: Sampling, ids: Sequence[int], shares: Sequence[float]
) -> tuple[list[int], float] | None:
    """The candidates that fit with the probability of those that do not; None where too much stays unknown."""
    kept, cut, fitting = 0.0, 0.0, list[int]()
    for token, share in zip(ids, shares, strict=True):
        if matcher.fits(token):
            fitting.append(token)
            kept += share
            if sampling.temperature == 0:
                return fitting, cut
        else:
            cut += share
        if fitting and 1 - kept - cut <= _LOST * kept:
            return fitting, cut
    return (fitting, cut) if fitting and 1 - kept - cut <= _ENOUGH * kept else None
