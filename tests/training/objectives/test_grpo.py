"""GRPO: advantages of groups, the KL estimate, and the loss against loops."""

from __future__ import annotations

import math

import pytest
import torch

from treadle.training.objectives.grpo import group_advantages, grpo_loss, kl_estimate


def normal(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_advantages_of_a_group_have_mean_0_and_deviation_1() -> None:
    advantages = group_advantages(normal(1, 5, 8) * 4 + 3)
    assert torch.allclose(advantages.mean(-1), torch.zeros(5, dtype=torch.float64), atol=1e-9)
    assert torch.allclose(advantages.std(-1, unbiased=False), torch.ones(5, dtype=torch.float64))
    assert group_advantages(torch.tensor([[1.0, 0.0, 0.0, 0.0]])).tolist()[0] == pytest.approx(
        [math.sqrt(3), *[-1 / math.sqrt(3)] * 3], rel=1e-5
    )


def test_a_group_whose_answers_are_all_alike_teaches_nothing() -> None:
    assert not group_advantages(torch.full((2, 4), 0.7)).any()


def test_the_kl_estimate_is_never_negative_and_unbiased() -> None:
    policy, reference = normal(2, 6).softmax(-1), normal(3, 6).softmax(-1)
    estimates = kl_estimate(policy.log(), reference.log())
    assert bool((estimates >= 0).all())
    exact = float((policy * (policy / reference).log()).sum())
    assert float((policy * estimates).sum()) == pytest.approx(exact)
    assert bool((kl_estimate(normal(4, 10_000), normal(5, 10_000)) >= 0).all())
    assert not kl_estimate(policy.log(), policy.log()).any()


def test_the_loss_is_that_of_loops() -> None:
    logprobs, sampled, reference = (0.3 * normal(seed, 3, 4) - 1 for seed in (6, 7, 8))
    advantages, mask = normal(9, 3), torch.tensor([[1.0, 1, 1, 1], [1, 1, 0, 0], [0, 0, 0, 0]])
    total = 0.0
    for b in range(2):
        terms = []
        for t in range(int(mask[b].sum())):
            ratio = math.exp(float(logprobs[b, t] - sampled[b, t]))
            a, away = float(advantages[b]), float(reference[b, t] - logprobs[b, t])
            kl = math.exp(away) - away - 1
            terms.append(min(ratio * a, min(max(ratio, 0.8), 1.2) * a) - 0.04 * kl)
        total -= sum(terms) / len(terms)
    logprobs[1, 3] = -math.inf  # padding
    found = grpo_loss(logprobs, sampled, reference, advantages, mask)
    assert float(found.loss) == pytest.approx(total / 2)
    assert found.kl > 0


def test_at_the_start_the_gradient_is_that_of_the_advantages() -> None:
    logprobs = normal(10, 2, 3).requires_grad_()
    start = logprobs.detach()
    found = grpo_loss(logprobs, start, start, torch.tensor([1.0, -2.0]), torch.ones(2, 3))
    found.loss.backward()
    assert logprobs.grad is not None
    assert torch.allclose(logprobs.grad, torch.tensor([[-1.0], [2.0]], dtype=torch.float64).expand(2, 3) / 6)
