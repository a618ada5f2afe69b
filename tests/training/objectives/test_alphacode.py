"""Tempering, value conditioning and GOLD: against loops, and what each is for."""

from __future__ import annotations

import math

import pytest
import torch

from treadle.training.objectives.alphacode import gold_loss, gold_weights, tempered, tempered_loss, value_conditioned
from treadle.training.objectives.next_token import next_token_loss, token_logprobs

LOGITS = torch.randn(3, 5, 8, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
TARGETS = torch.randint(0, 8, (3, 5), generator=torch.Generator().manual_seed(2))
WEIGHTS = torch.ones(3, 5)


def entropy(probabilities: torch.Tensor) -> torch.Tensor:
    return -(probabilities * probabilities.log()).sum(-1)


def test_tempering_sharpens() -> None:
    plain, sharp = LOGITS.softmax(-1), tempered(LOGITS).softmax(-1)
    assert torch.allclose(sharp.sum(-1), torch.ones(3, 5, dtype=torch.float64))
    assert torch.allclose(sharp, plain**5 / (plain**5).sum(-1, keepdim=True))  # 1 / 0.2
    assert bool((entropy(sharp) < entropy(plain)).all())
    assert float(tempered_loss(LOGITS, TARGETS, WEIGHTS, 1.0)) == pytest.approx(
        float(next_token_loss(LOGITS, TARGETS, WEIGHTS))
    )


def test_gold_weighs_every_token_by_its_own_probability() -> None:
    logits = LOGITS.clone().requires_grad_()
    loss = gold_loss(logits, TARGETS, WEIGHTS)
    total, gradient = 0.0, torch.zeros_like(LOGITS)
    for b in range(3):
        for t in range(5):
            p = LOGITS[b, t].softmax(-1)
            weight = max(float(p[TARGETS[b, t]]) ** 0.5, 0.05)
            total -= weight * math.log(float(p[TARGETS[b, t]]))
            gradient[b, t] = weight * p / 15
            gradient[b, t, TARGETS[b, t]] -= weight / 15
    assert float(loss.detach()) == pytest.approx(total / 15)
    loss.backward()
    assert logits.grad is not None
    assert torch.allclose(logits.grad, gradient)  # the weight is a constant for the gradient


def test_no_token_weighs_less_than_beta() -> None:
    weights = gold_weights(torch.tensor([0.0, math.log(0.25), -20.0]))
    assert weights.tolist() == pytest.approx([1.0, 0.5, 0.05])
    assert not gold_weights(token_logprobs(LOGITS.clone().requires_grad_(), TARGETS)).requires_grad


def test_the_first_line_says_whether_the_solution_is_right() -> None:
    assert value_conditioned("x = 1\n", True) == "# CORRECT SOLUTION\nx = 1\n"
    assert value_conditioned("SELECT 1", False, "--") == "-- INCORRECT SOLUTION\nSELECT 1"
