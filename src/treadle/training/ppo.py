"""Reinforcement learning from human feedback, by PPO (arXiv:2203.02155): the policy answers, a reward model judges, and a
value model learns what was to be expected. The price on drifting away from where it began keeps the reward model honest: it
was trained on answers of that policy, and far from them a high reward means little.

Shapes: B answers, T their tokens, padded; M tokens of answers in a packed batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from treadle.model.transformer import Transformer
from treadle.training.draws import own_draws
from treadle.training.loop import Finished, Loss, OnStep, Plan, train
from treadle.training.objectives.grpo import kl_estimate
from treadle.training.objectives.next_token import weighted_mean
from treadle.training.objectives.ppo import (
    clipped_policy_loss,
    clipped_value_loss,
    generalised_advantages,
    token_rewards,
    whitened,
    with_pretraining,
)
from treadle.training.packing import batch_of
from treadle.training.preference import Encoder, Reference
from treadle.training.reward import RewardModel, with_head
from treadle.training.rollout import Judge, Prompt, Rollout, Rollouts, answered, frozen, mask_of, padded
from treadle.training.rows import Sample
from treadle.training.scores import learnt_logprobs

__all__ = ["PpoOptions", "train_ppo"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PpoOptions:
    """InstructGPT's numbers where it names them."""

    prompts: int = 4
    """A rollout is of so many prompts..."""
    answers: int = 4
    """... with so many answers each."""
    most_new_tokens: int = 128
    passes: int = 2
    """How often a rollout is learnt from."""
    beta: float = 0.02
    """The price of a nat of drift."""
    clip: float = 0.2
    value_clip: float = 0.2
    value_weight: float = 0.5
    gamma: float = 1.0
    lam: float = 0.95
    pretraining: float = 0.0
    """Weight of the loss on texts that are mixed in, if any are; InstructGPT's is 27.8."""
    pretraining_texts: int = 2
    """Of those, in a step."""


def train_ppo(
    policy: Transformer,
    parameters: Mapping[str, nn.Parameter],
    value: RewardModel,
    value_parameters: Mapping[str, nn.Parameter],
    judge: Judge,
    prompts: Sequence[Prompt],
    encoder: Encoder,
    options: PpoOptions,
    plan: Plan,
    folder: Path,
    *,
    pretraining: Sequence[Sample] = (),
    resume: bool = False,
    fingerprint: str = "",
    on_step: OnStep | None = None,
) -> Finished:
    """Train ``parameters`` of the policy, and those of the value model, which begins as the reward model.

    Logged: ``reward`` (the judge's, without the price), ``kl`` (drift from the beginning, nats a token), ``drift`` (from the
    policy that drew), ``clipped``, ``value_loss``, ``answer_tokens``.
    """
    work = _Work(
        policy=policy, value=value, reference=frozen(policy, parameters), judge=judge, encoder=encoder, options=options
    )
    mixed_in = (
        own_draws(len(pretraining), options.pretraining_texts, plan.seed) if pretraining and options.pretraining else None
    )

    def make(indices: list[int], generator: torch.Generator) -> Rollout:
        return work.rollout([prompts[i] for i in indices], generator)

    def objective(rollout: Rollout) -> Loss:
        return work.loss(rollout, [pretraining[i] for i in rollout.mixed])

    source = Rollouts(make, len(prompts), options.prompts, passes=options.passes, seed=plan.seed, mixed_in=mixed_in)
    trained = {**parameters, **with_head(value, value_parameters, "value.")}
    return train(trained, source, objective, plan, folder, resume=resume, fingerprint=fingerprint, on_step=on_step)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """What answers, what judges and what expects."""

    policy: Transformer
    value: RewardModel
    reference: Reference
    judge: Judge
    encoder: Encoder
    options: PpoOptions

    @torch.no_grad()
    def rollout(self, asked: Sequence[Prompt], generator: torch.Generator) -> Rollout:
        """Answers to these prompts, judged, with what the policy and the value model make of them before they learn."""
        policy, options, device = self.policy, self.options, self.policy.embedding.weight.device
        found = answered(policy, self.encoder, asked, options.answers, options.most_new_tokens, generator)
        batch = batch_of([a.sample for a in found]).to(device)
        mask_BT = mask_of(batch)
        sampled_BT, reference_BT = padded(learnt_logprobs(policy, batch), batch), padded(self.reference(batch), batch)
        values_BT = padded(self.value(batch)[batch.targets[0]], batch)
        scores_B = torch.tensor(list(self.judge(found)), dtype=torch.float32, device=device)
        rewards_BT = token_rewards(sampled_BT, reference_BT, scores_B, mask_BT, options.beta)
        advantages_BT, returns_BT = generalised_advantages(rewards_BT, values_BT, mask_BT, options.gamma, options.lam)
        return Rollout(
            batch=batch,
            tensors={
                "sampled": sampled_BT, "advantages": whitened(advantages_BT, mask_BT), "mask": mask_BT,
                "values": values_BT, "returns": returns_BT,
            },
            figures={
                "reward": float(scores_B.mean()),
                "kl": float(weighted_mean(kl_estimate(sampled_BT, reference_BT), mask_BT)),
                "answer_tokens": float(mask_BT.sum(-1).mean()),
            },
        )  # fmt: skip

    def loss(self, rollout: Rollout, mixed: Sequence[Sample]) -> Loss:
        """Of policy and value model on a rollout, with texts that are mixed in."""
        batch, tensors, options = rollout.batch, rollout.tensors, self.options
        logprobs_BT = padded(learnt_logprobs(self.policy, batch), batch)
        found = clipped_policy_loss(logprobs_BT, tensors["sampled"], tensors["advantages"], tensors["mask"], options.clip)
        values_BT = padded(self.value(batch)[batch.targets[0]], batch)
        value_loss = clipped_value_loss(
            values_BT, tensors["values"], tensors["returns"], tensors["mask"], options.value_clip or None
        )
        loss = found.loss + options.value_weight * value_loss
        if mixed:
            texts = batch_of(mixed).to(batch.ids.device)
            loss = with_pretraining(loss, -learnt_logprobs(self.policy, texts).mean(), options.pretraining)
        figures = {"drift": found.drift, "clipped": found.clipped, "value_loss": float(value_loss.detach())}
        n_answers = len(batch.lengths)
        return Loss(
            total=loss * n_answers, weight=n_answers, n_tokens=len(batch.ids), figures={**rollout.figures, **figures}
        )
