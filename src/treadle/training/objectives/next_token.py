"""The next token: from a row of ids to what each position should say, and how far the model is from saying it.

Shapes: B rows, T positions, V vocabulary. All objectives share one convention: ``learnt_BT`` marks the *tokens* whose
prediction counts (1, 0, or a weight between), and ``shifted`` turns it into targets and weights of the *positions* before
them.
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


def token_logprobs(logits_BTV: Tensor, targets_BT: Tensor) -> Tensor:
    """The natural log-probability [B, T] of each target, in single precision at least."""
    logits_BTV = logits_BTV if logits_BTV.dtype == torch.float64 else logits_BTV.float()
    flat_BT = F.cross_entropy(logits_BTV.flatten(0, -2), targets_BT.flatten(), reduction="none")
    return -flat_BT.view(targets_BT.shape)


def weighted_mean(values_BT: Tensor, weights_BT: Tensor) -> Tensor:
    """sum(w x) / sum(w); 0 where nothing has a weight, so that a row without answers is no NaN.

    What has no weight is not looked at, whatever stands there: 0 times infinity would be NaN.
    """
    counted_BT = torch.where(weights_BT != 0, values_BT, 0.0) * weights_BT
    return counted_BT.sum() / weights_BT.sum().clamp_min(torch.finfo(torch.float32).tiny)


def next_token_loss(logits_BTV: Tensor, targets_BT: Tensor, weights_BT: Tensor) -> Tensor:
    """Mean cross-entropy in nats a token, over the targets that have a weight (see ``shifted``)."""
    return weighted_mean(-token_logprobs(logits_BTV, targets_BT), weights_BT)


def sequence_logprobs(logits_BTV: Tensor, targets_BT: Tensor, weights_BT: Tensor) -> Tensor:
    """log p of what is learnt of each row, [B]: the sum over its tokens, as DPO and re-ranking want it."""
    logprobs_BT = token_logprobs(logits_BTV, targets_BT)
    return (torch.where(weights_BT != 0, logprobs_BT, 0.0) * weights_BT).sum(-1)
