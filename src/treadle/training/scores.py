"""Log-probabilities of tokens where they are wanted, and only there, without ever holding logits for all of them.

The output layer of a small model with a large vocabulary is a fifth of its work, and its logits are most of its memory. But
a loss needs them only at positions whose next token is learnt. Each log-probability is one number whose gradient towards the
residual stream is one vector, W[token] - sum_v p(v) W[v]; it is computed on the spot, a few positions at a time, so that
logits live in the cache only. The output layer's own gradient, where it is trained, is computed on the way back.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from treadle.model.transformer import Transformer
from treadle.training.packing import Batch

__all__ = ["learnt_logprobs", "logprobs"]

CHUNK = 128
"""Positions whose logits are held at once: 25 MB with 49,152 tokens."""


def learnt_logprobs(model: Transformer, batch: Batch) -> Tensor:
    """Log-probability [M], single precision, of each token of the batch that is learnt, in order."""
    places, targets = batch.targets
    if len(set(batch.lengths)) == 1:  # as rows side by side, which need not be cut apart for attention
        hidden_TD = model.hidden(batch.ids.view(len(batch.lengths), -1)).flatten(0, 1)
    else:
        hidden_TD = model.hidden(batch.ids[None], lengths=batch.lengths)[0]
    return logprobs(model, hidden_TD[places], targets)


def logprobs(model: Transformer, hidden_MD: Tensor, targets_M: Tensor) -> Tensor:
    """Log-probability [M] of each target after the position whose residual stream is given."""
    weight_VD = model.embedding.weight if model.head is None else model.head.weight
    found: Tensor = _Scores.apply(model.norm(hidden_MD), weight_VD, targets_M)  # type: ignore[no-untyped-call]
    return found


class _Scores(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x_MD: Tensor, weight_VD: Tensor, targets_M: Tensor) -> Tensor:
        wanted = ctx.needs_input_grad[0]
        found = torch.empty(len(targets_M), dtype=torch.float32, device=x_MD.device)
        slopes = torch.empty_like(x_MD) if wanted else None
        for start in range(0, len(targets_M), CHUNK):
            piece = slice(start, start + CHUNK)
            logits, targets = F.linear(x_MD[piece], weight_VD).float(), targets_M[piece]
            most = logits.amax(-1, keepdim=True)
            wanted_logits = logits.gather(-1, targets[:, None]) - most
            total = logits.sub_(most).exp_().sum(-1, keepdim=True)
            found[piece] = (wanted_logits - total.log())[:, 0]
            if slopes is not None:
                mean = (logits.to(weight_VD.dtype) @ weight_VD).float().div_(total)
                slopes[piece] = weight_VD[targets] - mean.to(weight_VD.dtype)
        ctx.save_for_backward(x_MD, weight_VD, targets_M, slopes)
        return found

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        x_MD, weight_VD, targets_M, slopes = ctx.saved_tensors
        dy_M1 = gradients[0][:, None]
        dx = None if slopes is None else slopes * dy_M1.to(slopes.dtype)
        if not ctx.needs_input_grad[1]:
            return dx, None, None
        dw = torch.zeros_like(weight_VD, dtype=torch.float32)
        for start in range(0, len(targets_M), CHUNK):
            piece = slice(start, start + CHUNK)
            chances = F.linear(x_MD[piece], weight_VD).float().softmax(-1)
            back = chances.mul_(-dy_M1[piece])
            back.scatter_add_(1, targets_M[piece, None], dy_M1[piece])
            dw.addmm_(back.T, x_MD[piece].float())
        return dx, dw.to(weight_VD.dtype), None
