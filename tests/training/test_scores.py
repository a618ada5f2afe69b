from __future__ import annotations

import pytest
import torch

from support_lora import tiny
from treadle.training import scores
from treadle.training.scores import logprobs


@pytest.mark.parametrize("tied", [True, False])
def test_scores_and_gradients_are_those_of_log_softmax(tied: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scores, "CHUNK", 5)
    model = tiny(tied=tied)
    hidden = torch.randn(13, 32, requires_grad=True)
    targets, weights = torch.arange(13) * 5, torch.linspace(-1, 2, 13)
    (logprobs(model, hidden, targets) * weights).sum().backward()
    found = [hidden.grad, *(p.grad for p in model.parameters())]
    hidden.grad = None
    model.zero_grad()
    plain = model.logits(hidden).log_softmax(-1)[torch.arange(13), targets]
    (plain * weights).sum().backward()
    for own, other in zip(found, [hidden.grad, *(p.grad for p in model.parameters())], strict=True):
        assert (own is None) == (other is None)
        if own is not None and other is not None:
            assert torch.allclose(own, other, atol=1e-5)


def test_a_frozen_model_has_no_gradients_of_its_own() -> None:
    model = tiny().requires_grad_(False)
    hidden = torch.randn(4, 32, requires_grad=True)
    logprobs(model, hidden, torch.arange(4)).sum().backward()
    assert hidden.grad is not None
    assert all(p.grad is None for p in model.parameters())
