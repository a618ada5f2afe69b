"""PPO's pieces: advantages against the sum that defines them, the clip case by case, KL at every token."""

from __future__ import annotations

import math

import pytest
import torch

from treadle.training.objectives.ppo import (
    clipped_policy_loss,
    clipped_value_loss,
    generalised_advantages,
    token_rewards,
    whitened,
    with_pretraining,
)

MASK = torch.tensor([[1.0, 1, 1, 1], [1, 1, 0, 0]])


def normal(seed: int) -> torch.Tensor:
    return torch.randn(2, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_every_token_pays_for_drift_and_the_last_one_is_scored() -> None:
    logprobs, reference = normal(1), normal(2)
    rewards = token_rewards(logprobs, reference, torch.tensor([5.0, -3.0], dtype=torch.float64), MASK, beta=0.1)
    for b, last, score in ((0, 3, 5.0), (1, 1, -3.0)):
        for t in range(4):
            wanted = -0.1 * float(logprobs[b, t] - reference[b, t]) if MASK[b, t] else 0.0
            assert float(rewards[b, t]) == pytest.approx(wanted + (score if t == last else 0.0))


@pytest.mark.parametrize(("gamma", "lam"), [(1.0, 0.95), (0.9, 0.5), (1.0, 1.0), (0.99, 0.0)])
def test_advantages_are_the_discounted_sum_of_surprises(gamma: float, lam: float) -> None:
    rewards, values = normal(3) * MASK, normal(4)
    advantages, returns = generalised_advantages(rewards, values, MASK, gamma, lam)
    for b in range(2):
        length = int(MASK[b].sum())
        after = [*values[b, :length].tolist(), 0.0]
        deltas = [float(rewards[b, t]) + gamma * after[t + 1] - after[t] for t in range(length)]
        for t in range(length):
            wanted = sum((gamma * lam) ** k * deltas[t + k] for k in range(length - t))
            assert float(advantages[b, t]) == pytest.approx(wanted)
            assert float(returns[b, t]) == pytest.approx(wanted + after[t])
    assert not advantages[1, 2:].any()


def test_with_lambda_1_the_return_is_all_that_is_still_to_come() -> None:
    rewards, values = normal(5) * MASK, normal(6)
    _, returns = generalised_advantages(rewards, values, MASK, 1.0, 1.0)
    assert float(returns[0, 1]) == pytest.approx(float(rewards[0, 1:].sum()))


def test_whitened_advantages_have_mean_0_and_deviation_1() -> None:
    values = whitened(normal(7) * 9 + 4, MASK)[MASK != 0]
    assert float(values.mean()) == pytest.approx(0, abs=1e-9)
    assert float(values.std(unbiased=False)) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(
    ("ratio", "advantage", "wanted", "moves"),
    [
        (1.0, 2.0, -2.0, True),
        (1.5, 2.0, -2.4, False),  # far enough in the right direction
        (0.5, 2.0, -1.0, True),  # the wrong direction is never forgiven
        (0.5, -2.0, 1.6, False),
        (1.5, -2.0, 3.0, True),
    ],
)
def test_the_clip(ratio: float, advantage: float, wanted: float, moves: bool) -> None:
    logprob = torch.tensor([[math.log(ratio) - 1.0]], requires_grad=True)
    found = clipped_policy_loss(logprob, torch.tensor([[-1.0]]), torch.tensor([[advantage]]), torch.ones(1, 1), clip=0.2)
    assert float(found.loss.detach()) == pytest.approx(wanted, rel=1e-5)
    assert found.clipped == (0.0 if moves else 1.0)
    found.loss.backward()
    assert logprob.grad is not None
    assert bool(logprob.grad.any()) is moves


def test_padding_changes_nothing() -> None:
    logprobs, sampled, advantages = normal(8), normal(9), normal(10)
    one = clipped_policy_loss(logprobs, sampled, advantages, MASK)
    logprobs[1, 2:], sampled[1, 3] = -math.inf, math.inf
    other = clipped_policy_loss(logprobs, sampled, advantages, MASK)
    assert (float(one.loss), one.drift) == (float(other.loss), other.drift)
    assert one.drift >= 0


def test_values_far_from_the_old_ones_count_as_the_worse_of_two() -> None:
    old, target, mask = torch.zeros(1, 1), torch.ones(1, 1), torch.ones(1, 1)
    assert float(clipped_value_loss(torch.full((1, 1), 0.9), old, target, mask)) == pytest.approx(0.5 * 0.8**2)
    assert float(clipped_value_loss(torch.full((1, 1), 0.9), old, target, mask, clip=None)) == pytest.approx(0.5 * 0.1**2)
    assert float(clipped_value_loss(torch.full((1, 1), -0.1), old, target, mask)) == pytest.approx(0.5 * 1.1**2)


def test_pretraining_is_mixed_in() -> None:
    assert float(with_pretraining(torch.tensor(1.0), torch.tensor(2.0))) == pytest.approx(1 + 27.8 * 2)
