"""The kinds of training by name: what each reads, and what does it."""

from __future__ import annotations

from collections.abc import Callable

from treadle.training import base, feedback, infill, sft
from treadle.training.recipe import Recipe
from treadle.training.run import Outcome

__all__ = ["KINDS"]

KINDS: dict[str, tuple[type[Recipe], Callable[..., Outcome]]] = {
    "sft": (Recipe, sft.sft),
    "base": (Recipe, base.base),
    "infill": (infill.InfillRecipe, infill.infill),
    "reward": (feedback.RewardRecipe, feedback.reward),
    "ppo": (feedback.PpoRecipe, feedback.ppo),
    "dpo": (feedback.DpoRecipe, feedback.dpo),
    "grpo": (feedback.GrpoRecipe, feedback.grpo),
}
