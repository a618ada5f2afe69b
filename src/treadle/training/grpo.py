"""Reinforcement learning by GRPO (arXiv:2402.03300): of each prompt a group of answers is drawn, and each is measured
against its group. The reward is whatever the recipe's function says: that a program ran, that its result was right.

Shapes: N prompts, G answers to each, B = N G, T their tokens, padded.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import torch
from torch import nn

from treadle.errors import UsageError
from treadle.model.transformer import Transformer
from treadle.training.loop import Finished, Loss, OnStep, Plan, train
from treadle.training.objectives.grpo import group_advantages, grpo_loss
from treadle.training.packing import batch_of
from treadle.training.preference import Encoder
from treadle.training.rollout import Judge, Prompt, Rollout, Rollouts, answered, frozen, mask_of, padded
from treadle.training.scores import learnt_logprobs

__all__ = ["GrpoOptions", "judge_named", "train_grpo"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrpoOptions:
    """DeepSeekMath's numbers, but for the sizes: its groups are of 64 answers."""

    prompts: int = 4
    answers: int = 8
    """The size of a group, 2 or more."""
    most_new_tokens: int = 128
    passes: int = 1
    beta: float = 0.04
    clip: float = 0.2


def train_grpo(
    policy: Transformer,
    parameters: Mapping[str, nn.Parameter],
    judge: Judge,
    prompts: Sequence[Prompt],
    encoder: Encoder,
    options: GrpoOptions,
    plan: Plan,
    folder: Path,
    *,
    resume: bool = False,
    fingerprint: str = "",
    on_step: OnStep | None = None,
) -> Finished:
    """Train ``parameters`` of the policy. Logged: ``reward``, ``kl`` (drift from the beginning, nats a token), ``clipped``,
    ``alike`` (the share of groups whose rewards are all the same, which teach nothing), ``answer_tokens``.

    Raises:
        UsageError: a group would have fewer than two answers.
    """
    if options.answers < 2:
        raise UsageError(f"answers are measured against their group, and one of {options.answers} has none beside it")
    reference, device = frozen(policy, parameters), policy.embedding.weight.device

    @torch.no_grad()
    def make(indices: list[int], generator: torch.Generator) -> Rollout:
        asked = [prompts[i] for i in indices]
        found = answered(policy, encoder, asked, options.answers, options.most_new_tokens, generator)
        batch = batch_of([a.sample for a in found]).to(device)
        mask_BT = mask_of(batch)
        rewards_NG = torch.tensor(list(judge(found)), dtype=torch.float32, device=device).view(len(asked), -1)
        advantages_NG = group_advantages(rewards_NG)
        return Rollout(
            batch=batch,
            tensors={
                "sampled": padded(learnt_logprobs(policy, batch), batch),
                "reference": padded(reference(batch), batch),
                "advantages": advantages_NG.flatten(),
                "mask": mask_BT,
            },
            figures={
                "reward": float(rewards_NG.mean()),
                "alike": float((advantages_NG == 0).all(-1).float().mean()),
                "answer_tokens": float(mask_BT.sum(-1).mean()),
            },
        )

    def objective(rollout: Rollout) -> Loss:
        batch, tensors = rollout.batch, rollout.tensors
        logprobs_BT = padded(learnt_logprobs(policy, batch), batch)
        found = grpo_loss(
            logprobs_BT, tensors["sampled"], tensors["reference"], tensors["advantages"], tensors["mask"],
            clip=options.clip, beta=options.beta,
        )  # fmt: skip
        figures = {**rollout.figures, "kl": found.kl, "clipped": found.clipped}
        n_answers = len(batch.lengths)
        return Loss(total=found.loss * n_answers, weight=n_answers, n_tokens=len(batch.ids), figures=figures)

    source = Rollouts(make, len(prompts), options.prompts, passes=options.passes, seed=plan.seed)
    return train(parameters, source, objective, plan, folder, resume=resume, fingerprint=fingerprint, on_step=on_step)


def judge_named(name: str) -> Judge:
    """The function that a recipe names, as ``package.module:function``; it takes answers and gives as many rewards.

    Raises:
        UsageError: there is no such function.
    """
    module, _, function = name.partition(":")
    try:
        found = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise UsageError(f"the reward {name!r} is no 'package.module:function' that can be imported: {error}") from error
    if not callable(found):
        raise UsageError(f"the reward {name!r} is no function")
    return cast("Judge", found)
