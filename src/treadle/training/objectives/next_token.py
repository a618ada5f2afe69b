"""The next token: from ids to what each position should say, and how far the model is from saying it.

Shapes: ``...`` any shape of positions ([B, T] in a padded batch, [M] of a packed one), V vocabulary, B rows, T positions.
All objectives share one convention: weights mark what counts (1, 0, or a number between).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ["next_token_loss", "sequence_logprobs", "shifted", "token_logprobs", "training_pairs", "weighted_mean"]

Item = TypeVar("Item")


def training_pairs(ids: Sequence[Item]) -> list[tuple[list[Item], Item]]:
    """The n - 1 examples that a text of n tokens holds: (everything before, the next token). To be read, not for speed."""
    return [(list(ids[:end]), ids[end]) for end in range(1, len(ids))]


def shifted(ids_BT: Tensor, learnt_BT: Tensor, documents_BT: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Targets [B, T] and their weights [B, T], in single precision: position t is asked for token t + 1.

    The last position has no next token; nor has the last one of a document, where ``documents_BT`` numbers the documents
    that are packed into a row.
    """
    targets_BT, weights_BT = ids_BT.roll(-1, dims=1), learnt_BT.float().roll(-1, dims=1)
    weights_BT[:, -1] = 0
    if documents_BT is not None:
        weights_BT[:, :-1] *= documents_BT[:, 1:] == documents_BT[:, :-1]
    return targets_BT, weights_BT


def token_logprobs(logits: Tensor, targets: Tensor) -> Tensor:
    """The natural log-probability [...] of each target given logits [..., V], in single precision at least."""
    logits = logits if logits.dtype == torch.float64 else logits.float()
    flat = F.cross_entropy(logits.flatten(0, -2), targets.flatten(), reduction="none")
    return -flat.view(targets.shape)


def weighted_mean(values: Tensor, weights: Tensor) -> Tensor:
    """sum(w x) / sum(w); 0 where nothing has a weight, so that a batch without answers is no NaN.

    What has no weight is not looked at, whatever stands there: 0 times infinity would be NaN.
    """
    counted = torch.where(weights != 0, values, 0.0) * weights
    return counted.sum() / weights.sum().clamp_min(torch.finfo(torch.float32).tiny)


def next_token_loss(logits: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Mean cross-entropy in nats a token, over the targets that have a weight (see ``shifted``)."""
    return weighted_mean(-token_logprobs(logits, targets), weights)


def sequence_logprobs(logits_BTV: Tensor, targets_BT: Tensor, weights_BT: Tensor) -> Tensor:
    """log p of what is learnt of each row, [B]: the sum over its tokens, as DPO and re-ranking want it."""
    logprobs_BT = token_logprobs(logits_BTV, targets_BT)
    return (torch.where(weights_BT != 0, logprobs_BT, 0.0) * weights_BT).sum(-1)
