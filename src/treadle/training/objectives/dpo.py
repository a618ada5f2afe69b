"""Direct preference optimisation: the policy is its own reward model (arXiv:2305.18290).

The reward that a policy maximises under a KL price is beta log(pi / pi_ref), up to a constant of the prompt, which cancels
in a pair: so the pairwise loss of a reward model can be written with log-probabilities, and trains the policy directly.

Shapes: B pairs. Log-probabilities are of whole answers, summed over their tokens.
"""

from __future__ import annotations

from torch import Tensor

from treadle.training.objectives.reward import pairwise_loss

__all__ = ["dpo_loss", "implicit_rewards"]


def implicit_rewards(logprobs_B: Tensor, reference_B: Tensor, beta: float = 0.1) -> Tensor:
    """beta log(pi / pi_ref) of each answer, [B]."""
    return beta * (logprobs_B - reference_B)


def dpo_loss(
    chosen_B: Tensor, rejected_B: Tensor, reference_chosen_B: Tensor, reference_rejected_B: Tensor, beta: float = 0.1
) -> Tensor:
    """-log sigma(beta [log pi/ref(chosen) - log pi/ref(rejected)]), the mean over pairs; ln 2 where policy = reference."""
    return pairwise_loss(
        implicit_rewards(chosen_B, reference_chosen_B, beta), implicit_rewards(rejected_B, reference_rejected_B, beta)
    )
