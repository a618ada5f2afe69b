"""Auxiliary tasks: weights, shares of draws, and the answer before what is learnt beside it."""

from __future__ import annotations

import random
from collections import Counter

import pytest
import torch

from treadle.errors import UsageError
from treadle.training.objectives.mixing import draw_task, mixed_loss, with_auxiliary


def test_losses_are_added_by_their_weights() -> None:
    losses = {"answer": torch.tensor(2.0, requires_grad=True), "counts": torch.tensor(6.0, requires_grad=True)}
    loss = mixed_loss(losses, {"answer": 3.0, "counts": 1.0, "unused": 5.0})
    assert float(loss.detach()) == 3.0
    loss.backward()
    assert [float(part.grad) for part in losses.values() if part.grad is not None] == [0.75, 0.25]


def test_tasks_are_drawn_in_proportion() -> None:
    rng = random.Random(0)
    counts = Counter(draw_task(rng, {"infill": 3, "base": 1, "none": 0}) for _ in range(20_000))
    assert counts["infill"] / 20_000 == pytest.approx(0.75, abs=0.013)
    assert counts["none"] == 0


def test_the_answer_comes_first_and_both_are_learnt() -> None:
    sample = with_auxiliary([1, 2], [3], [4, 5])
    assert sample.ids.tolist() == [1, 2, 3, 4, 5]
    assert sample.learn.tolist() == [False, False, True, True, True]


def test_weights_that_mean_nothing_are_refused() -> None:
    loss = {"a": torch.tensor(1.0)}
    for weights, message in (({}, "no weight for a"), ({"a": -1.0}, "must not be negative"), ({"a": 0.0}, "one must")):
        with pytest.raises(UsageError, match=message):
            mixed_loss(loss, weights)
