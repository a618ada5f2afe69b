from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor

from support_lora import learnt, tiny
from treadle.errors import ModelFileError, UnknownNameError, UsageError
from treadle.model.lora import TARGETS, Shape, adapter_of, add_adapter, merge, put_adapter, use_adapters
from treadle.model.transformer import Transformer

IDS = torch.arange(24).view(2, 12) % 90


def logits(model: Transformer) -> Tensor:
    with torch.no_grad():
        return model(IDS)


def test_a_new_adapter_changes_nothing_and_leaves_only_itself_to_train() -> None:
    model = tiny()
    before = logits(model)
    named = add_adapter(model, Shape(rank=4))
    assert torch.allclose(logits(model), before, atol=1e-6)
    assert {id(p) for p in model.parameters() if p.requires_grad} == {id(p) for p in named.values()}
    assert len(named) == 2 * len(TARGETS) * model.config.n_layers


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gradients_are_those_of_the_plain_products(dtype: torch.dtype) -> None:
    """In double precision the layer computes the low-rank products beside the weights, by torch's own gradients."""
    model = tiny()
    named = learnt(model, Shape(rank=4, alpha=8))
    reference = copy.deepcopy(model).to(torch.float64)
    model(IDS).square().mean().backward()
    reference(IDS).square().mean().backward()
    others = dict(reference.named_parameters())
    for name, parameter in named.items():
        assert parameter.grad is not None
        other = others[name].grad
        assert other is not None
        assert torch.allclose(parameter.grad.double(), other, rtol=1e-3, atol=1e-6), name


def test_a_changed_factor_is_seen() -> None:
    model = tiny()
    named = learnt(model, Shape(rank=4))
    before = logits(model)
    optimiser = torch.optim.AdamW(named.values(), lr=0.1, fused=True)
    model(IDS).square().mean().backward()
    optimiser.step()
    assert (logits(model) - before).abs().max() > 1e-3


def test_merged_the_model_is_plain_and_says_the_same() -> None:
    model, names = tiny(), set(tiny().state_dict())
    learnt(model, Shape(rank=4))
    before = logits(model)
    merge(model)
    assert set(model.state_dict()) == names
    assert torch.allclose(logits(model), before, atol=1e-5)


def test_several_adapters_count_as_they_are_told() -> None:
    model, shapes = tiny(), {"one": Shape(rank=2, targets=("q", "down")), "two": Shape(rank=3, alpha=3, targets=("up",))}
    base = logits(model)
    for seed, (name, shape) in enumerate(shapes.items()):
        learnt(model, shape, name, seed)
    both = logits(model)
    use_adapters(model, {"one": 1.0}, shapes)
    one = logits(model)
    use_adapters(model, {}, shapes)
    assert torch.equal(logits(model), base)
    use_adapters(model, {"one": 1.0, "two": 1.0}, shapes)
    assert torch.allclose(logits(model), both, atol=1e-6)
    assert (both - one).abs().max() > 1e-3
    assert (one - base).abs().max() > 1e-3


def test_an_adapter_moves_to_another_copy_of_the_model() -> None:
    model, other = tiny(), tiny()
    learnt(model, Shape(rank=4))
    put_adapter(other, adapter_of(model, Shape(rank=4)))
    assert torch.equal(logits(model), logits(other))


def test_what_cannot_be_is_refused() -> None:
    model = tiny()
    learnt(model, Shape(rank=2))
    with pytest.raises(UsageError, match="already"):
        add_adapter(model, Shape())
    with pytest.raises(UsageError, match="cannot be the name"):
        add_adapter(model, Shape(), "a.b")
    with pytest.raises(UnknownNameError, match="gate"):
        Shape(targets=("gat",))
    with pytest.raises(UsageError, match="rank"):
        Shape(rank=0)
    with pytest.raises(UnknownNameError, match="default"):
        adapter_of(model, Shape(rank=2), "other")
    with pytest.raises(ModelFileError, match="another model"):
        put_adapter(tiny(d_model=16), adapter_of(model, Shape(rank=2)))
