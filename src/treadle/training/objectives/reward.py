"""The reward model's loss: a number for every answer, so that people's preferences come out (arXiv:2203.02155, section 3.5).

Shapes: N prompts, K answers to each, from the best to the worst.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from treadle.training.objectives.next_token import weighted_mean

__all__ = ["centred", "pairwise_loss", "preference_accuracy", "ranking_loss"]


def pairwise_loss(chosen: Tensor, rejected: Tensor) -> Tensor:
    """-log sigma(r_chosen - r_rejected), the mean over pairs, in nats; ln 2 for a model that tells nothing apart."""
    return -F.logsigmoid(chosen - rejected).mean()


def ranking_loss(rewards_NK: Tensor, n_answers_N: Tensor | None = None) -> Tensor:
    """-1 / C(K, 2) sum over all pairs of log sigma(r_better - r_worse), the mean over prompts.

    All pairs of a prompt stay together: drawn one by one, each answer would be learnt K - 1 times in an epoch, and the model
    overfits. ``n_answers_N``: how many of the K places of each prompt are taken; every prompt counts the same.
    """
    n_places = rewards_NK.shape[1]
    better, worse = torch.triu_indices(n_places, n_places, offset=1, device=rewards_NK.device)
    losses_NP = -F.logsigmoid(rewards_NK[:, better] - rewards_NK[:, worse])
    if n_answers_N is None:
        return losses_NP.mean()
    taken_NP = (worse[None] < n_answers_N[:, None]).float()
    shares_NP = taken_NP / taken_NP.sum(-1, keepdim=True).clamp_min(1)
    return weighted_mean(losses_NP, shares_NP)


def preference_accuracy(chosen: Tensor, rejected: Tensor) -> float:
    """The share of pairs that a model orders as people did, 0 to 1; a tie is half a pair."""
    return float(((chosen > rejected).float() + 0.5 * (chosen == rejected).float()).mean())


def centred(rewards: Tensor, demonstrations: Tensor) -> Tensor:
    """Rewards shifted so that demonstrations have mean 0; the loss leaves the shift open."""
    return rewards - demonstrations.mean()
