"""DPO: ln 2 at the start, against the formula, and its gradient's direction."""

from __future__ import annotations

import math

import pytest
import torch

from treadle.training.objectives.dpo import dpo_loss, implicit_rewards


def normal(seed: int) -> torch.Tensor:
    return 10 * torch.randn(6, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_at_the_start_the_loss_is_ln_2() -> None:
    chosen, rejected = normal(1), normal(2)
    assert float(dpo_loss(chosen, rejected, chosen, rejected)) == pytest.approx(0.693147, abs=1e-6)


def test_the_formula() -> None:
    chosen, rejected, reference_chosen, reference_rejected = map(normal, (1, 2, 3, 4))
    beta, total = 0.3, 0.0
    for c, r, rc, rr in zip(*(x.tolist() for x in (chosen, rejected, reference_chosen, reference_rejected)), strict=True):
        total += math.log1p(math.exp(-beta * ((c - rc) - (r - rr))))
    assert float(dpo_loss(chosen, rejected, reference_chosen, reference_rejected, beta)) == pytest.approx(total / 6)
    assert torch.allclose(implicit_rewards(chosen, reference_chosen, beta), beta * (chosen - reference_chosen))


def test_it_raises_the_chosen_and_lowers_the_rejected_most_where_they_are_ordered_wrongly() -> None:
    chosen, rejected = torch.tensor([0.0, 30.0], requires_grad=True), torch.tensor([20.0, 0.0], requires_grad=True)
    dpo_loss(chosen, rejected, torch.zeros(2), torch.zeros(2)).backward()
    assert chosen.grad is not None
    assert rejected.grad is not None
    assert bool((chosen.grad < 0).all())
    assert torch.allclose(chosen.grad, -rejected.grad)
    assert chosen.grad[0].abs() > 10 * chosen.grad[1].abs()
