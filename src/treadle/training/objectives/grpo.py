"""Group relative policy optimisation (DeepSeekMath, arXiv:2402.03300): PPO without a value model.

Of one prompt G answers are drawn; each is judged against the others of its group, so no model has to guess what to expect.

Shapes: N prompts, G answers to each, B = N G answers, T their tokens; ``mask_BT`` is 0 in the padding.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

__all__ = ["GroupLoss", "group_advantages", "grpo_loss", "kl_estimate"]


def group_advantages(rewards_NG: Tensor) -> Tensor:
    """(r - mean) / standard deviation within each group, [N, G]; 0 in a group whose rewards are all alike, which teaches
    nothing."""
    away_NG = rewards_NG - rewards_NG.mean(-1, keepdim=True)
    deviation_N1 = away_NG.square().mean(-1, keepdim=True).sqrt()
    return torch.where(deviation_N1 > 1e-6, away_NG / deviation_N1.clamp_min(1e-6), 0.0)


def kl_estimate(logprobs: Tensor, reference: Tensor) -> Tensor:
    """pi_ref / pi - log(pi_ref / pi) - 1 of each token: unbiased for KL(pi, pi_ref), and never negative."""
    logratio = reference - logprobs
    return torch.expm1(logratio) - logratio


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupLoss:
    """The loss, and of its parts: the KL divergence from the reference in nats a token, and the share of tokens where the
    clip held."""

    loss: Tensor
    kl: float
    clipped: float


def grpo_loss(
    logprobs_BT: Tensor,
    sampled_BT: Tensor,
    reference_BT: Tensor,
    advantages_B: Tensor,
    mask_BT: Tensor,
    *,
    clip: float = 0.2,
    beta: float = 0.04,
) -> GroupLoss:
    """-(min(ratio A, clip(ratio) A) - beta KL): the mean over an answer's tokens, then over answers.

    The KL price is a term of the loss, not of the reward. An answer without tokens counts nothing.
    """
    logprobs_BT = torch.where(mask_BT != 0, logprobs_BT, 0.0)
    sampled_BT = torch.where(mask_BT != 0, sampled_BT, 0.0)
    reference_BT = torch.where(mask_BT != 0, reference_BT, 0.0)
    ratio_BT = (logprobs_BT - sampled_BT).exp()
    plain_BT = ratio_BT * advantages_B[:, None]
    held_BT = ratio_BT.clamp(1 - clip, 1 + clip) * advantages_B[:, None]
    kl_BT = kl_estimate(logprobs_BT, reference_BT)
    loss = -_by_answer(torch.minimum(plain_BT, held_BT) - beta * kl_BT, mask_BT)
    with torch.no_grad():
        clipped = float(_by_answer((held_BT < plain_BT).float(), mask_BT))
        return GroupLoss(loss=loss, kl=float(_by_answer(kl_BT, mask_BT)), clipped=clipped)


def _by_answer(values_BT: Tensor, mask_BT: Tensor) -> Tensor:
    lengths_B = mask_BT.sum(-1)
    means_B = (values_BT * mask_BT).sum(-1) / lengths_B.clamp_min(1)
    return means_B.sum() / (lengths_B > 0).sum().clamp_min(1)
