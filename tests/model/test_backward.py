from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from support_lora import tiny
from treadle.model.backward import rms_norm, swiglu


@pytest.mark.parametrize("shape", [(3, 5, 8), (7, 8)])
def test_gradients_are_those_that_torch_derives(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    x, weight, dy = torch.randn(shape, requires_grad=True), torch.rand(8, requires_grad=True), torch.randn(shape)
    ours = rms_norm(x, weight, 1e-5)
    theirs = F.rms_norm(x, (8,), weight, 1e-5)
    assert torch.equal(ours, theirs)
    for own, other in zip(
        torch.autograd.grad(ours, (x, weight), dy), torch.autograd.grad(theirs, (x, weight), dy), strict=True
    ):
        assert torch.allclose(own, other, atol=1e-6)
    gate, up = x.chunk(2, dim=-1)
    ours, theirs = swiglu(x), F.silu(gate) * up
    assert torch.equal(ours, theirs)
    half = dy[..., :4]
    assert torch.allclose(torch.autograd.grad(ours, x, half)[0], torch.autograd.grad(theirs, x, half)[0], atol=1e-6)


def test_a_vector_of_zeros_has_finite_gradients() -> None:
    x = torch.zeros(2, 8, requires_grad=True)
    (gradient,) = torch.autograd.grad(rms_norm(x, torch.ones(8), 1e-5).sum(), x)
    assert bool(gradient.isfinite().all())


def test_what_is_computed_again_gives_the_same_gradients() -> None:
    ids, found = torch.arange(20)[None], []
    for again in (False, True):
        model = tiny()
        model.checkpointing = again
        model(ids).square().mean().backward()
        found.append([p.grad for p in model.parameters()])
    for one, other in zip(*found, strict=True):
        assert one is not None
        assert other is not None
        assert torch.equal(one, other)
