"""The reward model's loss: all pairs against a loop, ln 2 at the start, and what it does not depend on."""

from __future__ import annotations

import itertools
import math

import pytest
import torch

from treadle.training.objectives.reward import centred, pairwise_loss, preference_accuracy, ranking_loss


def naive_ranking(rewards: list[list[float]]) -> float:
    means = []
    for row in rewards:
        losses = [math.log1p(math.exp(-(better - worse))) for better, worse in itertools.combinations(row, 2)]
        means.append(sum(losses) / math.comb(len(row), 2))
    return sum(means) / len(means)


def test_a_model_that_tells_nothing_apart_loses_ln_2() -> None:
    assert float(pairwise_loss(torch.zeros(4), torch.zeros(4))) == pytest.approx(0.693147, abs=1e-6)
    assert float(ranking_loss(torch.zeros(2, 9))) == pytest.approx(0.693147, abs=1e-6)


def test_all_pairs_of_a_ranking() -> None:
    rewards = torch.randn(3, 5, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    assert float(ranking_loss(rewards)) == pytest.approx(naive_ranking(rewards.tolist()))
    two = rewards[:, :2]
    assert float(ranking_loss(two)) == pytest.approx(float(pairwise_loss(two[:, 0], two[:, 1])))


def test_prompts_with_fewer_answers_count_the_same() -> None:
    rewards = torch.randn(3, 4, generator=torch.Generator().manual_seed(2))
    rewards[1, 2:] = math.inf  # padding
    rows = [rewards[0].tolist(), rewards[1, :2].tolist(), rewards[2, :3].tolist()]
    assert float(ranking_loss(rewards, torch.tensor([4, 2, 3]))) == pytest.approx(naive_ranking(rows), rel=1e-5)


def test_the_loss_leaves_a_shift_open_and_demonstrations_fix_it() -> None:
    chosen, rejected = torch.tensor([1.0, 2.0]), torch.tensor([0.5, 2.5])
    assert float(pairwise_loss(chosen + 7, rejected + 7)) == pytest.approx(float(pairwise_loss(chosen, rejected)))
    assert float(centred(chosen, chosen).mean()) == 0
    assert preference_accuracy(chosen, rejected) == 0.5
    assert preference_accuracy(chosen, chosen) == 0.5
