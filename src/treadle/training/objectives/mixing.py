"""Auxiliary tasks: what a model learns beside its task, because it helps the task.

Three ways. Losses are added with weights; or rows of several tasks are drawn with weights; or, as the compiler paper does
(arXiv:2309.07062), the answer is followed in the same text by what is asked in training only (there: instruction counts and
the optimised code), and at inference one stops after the answer, so the auxiliary part costs nothing. Without it, their gain
over the compiler fell by 16 %.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from treadle.errors import UsageError
from treadle.training.objectives.masked import joined
from treadle.training.rows import Sample

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["draw_task", "mixed_loss", "with_auxiliary"]


def mixed_loss(losses: Mapping[str, Tensor], weights: Mapping[str, float]) -> Tensor:
    """The weighted mean of the tasks' mean losses. Each task counts by its weight, not by how many tokens it has.

    Raises:
        UsageError: a loss has no weight, a weight is negative, or none is positive.
    """
    _check(losses, weights)
    parts = [weights[name] * loss for name, loss in losses.items()]
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total / sum(weights[name] for name in losses)


def draw_task(rng: random.Random, weights: Mapping[str, float]) -> str:
    """The task that the next row is taken from, each with a probability in proportion to its weight."""
    _check(weights, weights)
    return rng.choices(list(weights), list(weights.values()))[0]


def with_auxiliary(prompt: Sequence[int], answer: Sequence[int], auxiliary: Sequence[int]) -> Sample:
    """Prompt, answer, and what is learnt beside it. The answer comes first, so it cannot lean on the rest."""
    return joined([(prompt, False), (answer, True), (auxiliary, True)])


def _check(names: Mapping[str, object], weights: Mapping[str, float]) -> None:
    missing = [name for name in names if name not in weights]
    if missing:
        raise UsageError(f"no weight for {', '.join(missing)}; weights are given for {', '.join(weights) or 'nothing'}")
    if any(weights[name] < 0 for name in names) or not any(weights[name] > 0 for name in names):
        raise UsageError(f"weights must not be negative, and one must be positive: {dict(weights)}")
