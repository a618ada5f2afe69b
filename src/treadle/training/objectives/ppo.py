"""The pieces of proximal policy optimisation (arXiv:1707.06347) for language, as InstructGPT has them (arXiv:2203.02155).

A token is an action; the reward model speaks at the end, a price on drifting away from the first policy at every token.

Shapes: B answers, T their tokens, padded at the end; ``mask_BT`` is 1 where there is a token, 0 in the padding.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from treadle.training.objectives.next_token import weighted_mean

__all__ = [
    "PolicyLoss",
    "clipped_policy_loss",
    "clipped_value_loss",
    "generalised_advantages",
    "token_rewards",
    "whitened",
    "with_pretraining",
]


def token_rewards(logprobs_BT: Tensor, reference_BT: Tensor, scores_B: Tensor, mask_BT: Tensor, beta: float) -> Tensor:
    """-beta (log pi - log pi_ref) at every token, and the score on top at the last one; [B, T].

    The difference of the log-probabilities of the token that was drawn is an unbiased estimate of the KL divergence there.
    """
    rewards_BT = -beta * (logprobs_BT - reference_BT) * mask_BT
    places_T = torch.arange(mask_BT.shape[1], device=mask_BT.device)
    last_BT = places_T == (mask_BT.sum(-1, keepdim=True) - 1)
    return torch.where(last_BT, rewards_BT + scores_B[:, None], rewards_BT)


def generalised_advantages(
    rewards_BT: Tensor, values_BT: Tensor, mask_BT: Tensor, gamma: float = 1.0, lam: float = 0.95
) -> tuple[Tensor, Tensor]:
    """Advantages and returns, [B, T] each (generalised advantage estimation, arXiv:1506.02438).

    ``values_BT`` is what the value model expects before the token at that place is chosen. After the last token there is
    nothing to come: delta_t = r_t + gamma V_{t+1} - V_t, A_t = delta_t + gamma lambda A_{t+1}, and the return is A_t + V_t.
    """
    values_BT = values_BT * mask_BT
    after_B, ahead_B = torch.zeros_like(values_BT[:, 0]), torch.zeros_like(values_BT[:, 0])
    columns = []
    for t in range(rewards_BT.shape[1] - 1, -1, -1):
        delta_B = rewards_BT[:, t] + gamma * after_B - values_BT[:, t]
        ahead_B = (delta_B + gamma * lam * ahead_B) * mask_BT[:, t]
        after_B = values_BT[:, t]
        columns.append(ahead_B)
    advantages_BT = torch.stack(columns[::-1], dim=1)
    return advantages_BT, advantages_BT + values_BT


def whitened(advantages_BT: Tensor, mask_BT: Tensor) -> Tensor:
    """Advantages of mean 0 and standard deviation 1 over all tokens of the batch."""
    mean = weighted_mean(advantages_BT, mask_BT)
    variance = weighted_mean((advantages_BT - mean) ** 2, mask_BT)
    return (advantages_BT - mean) * (variance + 1e-8).rsqrt() * mask_BT


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyLoss:
    """The loss, and what is worth a look: the share of tokens where the clip held, and the drift from the sampling policy in
    nats a token (the estimate of ``grpo.kl_estimate``)."""

    loss: Tensor
    clipped: float
    drift: float


def clipped_policy_loss(
    logprobs_BT: Tensor, sampled_BT: Tensor, advantages_BT: Tensor, mask_BT: Tensor, clip: float = 0.2
) -> PolicyLoss:
    """-min(ratio A, clip(ratio, 1 +- clip) A), the mean over tokens; ratio = pi / pi at sampling.

    The minimum takes the clip away where it would forgive a step that went the wrong way.
    """
    logratio_BT = torch.where(mask_BT != 0, logprobs_BT - sampled_BT, 0.0)
    ratio_BT = logratio_BT.exp()
    plain_BT = ratio_BT * advantages_BT
    held_BT = ratio_BT.clamp(1 - clip, 1 + clip) * advantages_BT
    with torch.no_grad():
        clipped = float(weighted_mean((held_BT < plain_BT).float(), mask_BT))
        drift = float(weighted_mean(ratio_BT - 1 - logratio_BT, mask_BT))
    return PolicyLoss(loss=-weighted_mean(torch.minimum(plain_BT, held_BT), mask_BT), clipped=clipped, drift=drift)


def clipped_value_loss(
    values_BT: Tensor, sampled_BT: Tensor, returns_BT: Tensor, mask_BT: Tensor, clip: float | None = 0.2
) -> Tensor:
    """Half the mean squared error of the values; with ``clip``, the worse of it and that of a value held near the old."""
    errors_BT = (values_BT - returns_BT) ** 2
    if clip is not None:
        near_BT = sampled_BT + (values_BT - sampled_BT).clamp(-clip, clip)
        errors_BT = torch.maximum(errors_BT, (near_BT - returns_BT) ** 2)
    return 0.5 * weighted_mean(errors_BT, mask_BT)


def with_pretraining(policy_loss: Tensor, next_token_loss: Tensor, gamma: float = 27.8) -> Tensor:
    """PPO-ptx: the loss of the first training is kept in, so that what was learnt there is not lost to the reward."""
    return policy_loss + gamma * next_token_loss
