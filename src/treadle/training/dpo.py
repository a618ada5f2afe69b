"""Direct preference optimisation (arXiv:2305.18290): pairs of answers train the policy, with no reward model between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from treadle.model.transformer import Transformer
from treadle.training.draws import own_draws
from treadle.training.loop import Finished, Loss, OnStep, Plan, train
from treadle.training.objectives.dpo import dpo_loss, implicit_rewards
from treadle.training.objectives.reward import preference_accuracy
from treadle.training.packing import batch_of
from treadle.training.preference import SamplePair
from treadle.training.rollout import padded
from treadle.training.rows import Sample
from treadle.training.scores import learnt_logprobs

__all__ = ["train_dpo"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """A pair with the reference's log p of both answers."""

    pair: SamplePair
    reference_2: Tensor


def train_dpo(
    policy: Transformer,
    parameters: Mapping[str, nn.Parameter],
    pairs: Sequence[SamplePair],
    held: Sequence[SamplePair],
    plan: Plan,
    folder: Path,
    *,
    beta: float = 0.1,
    n_pairs: int = 8,
    resume: bool = False,
    fingerprint: str = "",
    on_step: OnStep | None = None,
) -> Finished:
    """Train ``parameters``, ``n_pairs`` a batch. The reference is the policy as it is given.

    Logged: ``accuracy`` (pairs whose chosen answer has the larger implicit reward), ``margin`` (the difference of the two),
    and of the pairs held out ``evaluation_loss`` and ``evaluation_accuracy``.
    """
    device = policy.embedding.weight.device

    def logprobs(samples: Sequence[Sample]) -> Tensor:
        """log p [B] of each answer."""
        batch = batch_of(samples).to(device)
        return padded(learnt_logprobs(policy, batch), batch).sum(-1)

    with torch.no_grad():  # before training, and before a checkpoint is loaded
        known = [_Known(pair=pair, reference_2=logprobs(pair)) for pair in pairs]
        known_held = [_Known(pair=pair, reference_2=logprobs(pair)) for pair in held]

    def objective(items: Sequence[_Known]) -> Loss:
        samples = [*(item.pair[0] for item in items), *(item.pair[1] for item in items)]
        now_2B = logprobs(samples).view(2, -1)
        then_2B = torch.stack([item.reference_2 for item in items], dim=1)
        loss = dpo_loss(now_2B[0], now_2B[1], then_2B[0], then_2B[1], beta)
        rewards_2B = implicit_rewards(now_2B.detach(), then_2B, beta)
        figures = {
            "accuracy": preference_accuracy(rewards_2B[0], rewards_2B[1]),
            "margin": float((rewards_2B[0] - rewards_2B[1]).mean()),
        }
        return Loss(total=loss * len(items), weight=len(items), n_tokens=sum(map(len, samples)), figures=figures)

    def evaluate() -> dict[str, float]:
        losses = [objective([item]) for item in known_held]
        accuracy = sum(loss.figures["accuracy"] for loss in losses) / len(held)
        return {"loss": sum(float(loss.total) for loss in losses) / len(held), "accuracy": accuracy}

    return train(
        parameters,
        own_draws(len(pairs), n_pairs, plan.seed),
        lambda indices: objective([known[i] for i in indices]),
        plan,
        folder,
        resume=resume,
        fingerprint=fingerprint,
        evaluate=evaluate if held else None,
        on_step=on_step,
    )
