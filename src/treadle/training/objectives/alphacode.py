"""Three changes that AlphaCode makes to learning from programs (Science 378:1092, arXiv:2203.07814).

Shapes: ``...`` any shape of positions, V vocabulary.
"""

from __future__ import annotations

from torch import Tensor

from treadle.training.objectives.next_token import token_logprobs, weighted_mean

__all__ = ["gold_loss", "gold_weights", "tempered", "tempered_loss", "value_conditioned"]

TEMPERATURE = 0.2
"""Of training. Dividing by it sharpens, so the model learns flatter logits; sampling then uses a temperature of its own."""


def tempered(logits: Tensor, temperature: float = TEMPERATURE) -> Tensor:
    """Logits divided by the temperature of training."""
    return logits / temperature


def tempered_loss(logits: Tensor, targets: Tensor, weights: Tensor, temperature: float = TEMPERATURE) -> Tensor:
    """Mean cross-entropy of the tempered distribution, in nats a token: a regulariser for few data, where a model would
    otherwise become too sure."""
    return weighted_mean(-token_logprobs(tempered(logits, temperature), targets), weights)


def value_conditioned(text: str, correct: bool, comment: str = "#") -> str:
    """A first line that says whether the solution below is right. Trained on both kinds, the model is always asked for the
    right one; wrong programs teach, too."""
    return f"{comment} {'CORRECT' if correct else 'INCORRECT'} SOLUTION\n{text}"


def gold_weights(logprobs: Tensor, alpha: float = 0.5, beta: float = 0.05) -> Tensor:
    """max(p^alpha, beta) [...], a constant for the gradient: GOLD, off-policy policy gradients (arXiv:2009.07839).

    A problem has many right solutions, and one that is drawn needs precision, not recall: so tokens that the model finds
    likely already weigh more, and those of solutions far from its own weigh little, but never nothing.
    """
    return (alpha * logprobs.detach()).exp().clamp_min(beta)


def gold_loss(logits: Tensor, targets: Tensor, weights: Tensor, alpha: float = 0.5, beta: float = 0.05) -> Tensor:
    """Mean of -w log p over the tokens with a weight, w as in ``gold_weights``."""
    logprobs = token_logprobs(logits, targets)
    return weighted_mean(-gold_weights(logprobs, alpha, beta) * logprobs, weights)
