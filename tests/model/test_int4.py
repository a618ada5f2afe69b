"""Weights of four bits: exact where the weights have sixteen levels a group, close elsewhere, and used for few rows only."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from treadle.model.int4 import FEW_ROWS, GROUP, OF_ONE_TEXT, FewRowsLinear, available, pack, use_int4
from treadle.model.lora import AdaptedLinear
from treadle.model.weights.encodings import decode, encode, encoding_named

pytestmark = pytest.mark.skipif(not available(), reason="this torch has no kernels for four bits")


def of_levels(n_rows: int, width: int) -> torch.Tensor:
    """Weights as a Q4_1 file holds them; scale and offset fit bfloat16 exactly."""
    scales = 2.0 ** torch.randint(-6, -2, (n_rows, width // GROUP, 1))
    levels = torch.randint(0, 16, (n_rows, width // GROUP, GROUP))
    levels[..., 0], levels[..., 1] = 0, 15
    return (scales * (levels - 8)).view(n_rows, width)


@torch.no_grad()
@pytest.mark.parametrize("rows", [1, 3, *FEW_ROWS.values(), max(FEW_ROWS.values()) + 1, 40])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("dtype", list(FEW_ROWS))
def test_sixteen_levels_are_kept_exactly(rows: int, bias: bool, dtype: torch.dtype) -> None:
    torch.manual_seed(rows)
    linear = nn.Linear(96, 64, bias=bias)
    linear.weight.copy_(of_levels(64, 96))
    x = torch.randn(rows, 2, 96)[:, :1].to(dtype)
    found = FewRowsLinear(linear, dtype)(x)
    exact = nn.functional.linear(x.double(), linear.weight.double(), None if linear.bias is None else linear.bias.double())
    assert found.dtype is dtype
    assert found.shape == (rows, 1, 64)
    assert (found.double() - exact).abs().max() < 0.02 * exact.abs().max()


@pytest.mark.parametrize(
    ("shape", "taken"),
    [
        ((1, OF_ONE_TEXT, 96), True),  # a token and those guessed after it
        ((1, OF_ONE_TEXT + 1, 96), False),
        ((4, 1, 96), True),
        ((5, 1, 96), False),  # drafts side by side
        ((8, 2, 96), False),
        ((4, 96), True),
        ((5, 96), False),
    ],
)
def test_positions_of_one_text_keep_the_four_bits(shape: tuple[int, ...], taken: bool) -> None:
    layer = FewRowsLinear(nn.Linear(96, 64), torch.bfloat16)
    assert layer.takes(torch.zeros(shape, dtype=torch.bfloat16)) is taken


def weights_of(layer: FewRowsLinear, width: int) -> torch.Tensor:
    """[N, K]: what the four bits stand for, found by products with single ones."""
    return torch.cat([layer(rows) for rows in torch.eye(width).split(FEW_ROWS[torch.float32])]).T


@torch.no_grad()
@pytest.mark.parametrize("highest", [15, 14, 9, 1])
def test_groups_that_reach_few_of_the_levels_keep_their_steps(highest: int) -> None:
    torch.manual_seed(highest)
    linear = nn.Linear(96, 64, bias=False)
    step = 2.0 ** torch.randint(-6, -2, (64, 3, 1))
    linear.weight.copy_((step * (torch.randint(0, highest + 1, (64, 3, GROUP)) - 8)).view(64, 96))
    off = (weights_of(FewRowsLinear(linear, torch.float32), 96) - linear.weight).view(64, 3, GROUP) / step
    assert off.abs().max() < 0.05


@torch.no_grad()
@pytest.mark.parametrize("name", ["Q4_0", "Q4_1"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_weights_of_a_file_of_four_bits_are_kept(name: str, dtype: torch.dtype) -> None:
    """A Q4_0 group reaches the sixteenth level only where its largest weight has a counterpart: to stretch the others to
    sixteen levels would be 7 % off."""
    torch.manual_seed(5)
    linear = nn.Linear(96, 64, bias=False)
    exact = torch.empty(64, 96)
    decode(encode(torch.randn(64, 96), encoding_named(name)), encoding_named(name), exact)
    linear.weight.copy_(exact)
    layers = nn.Sequential(linear)
    use_int4(layers, dtype)
    layer = layers.to(dtype)[0]
    assert isinstance(layer, FewRowsLinear)
    assert (layer.weight.dtype, layer.scales.dtype) == (dtype, torch.bfloat16)
    found = weights_of(layer.float(), 96)
    assert (found - exact).norm() / exact.norm() < 0.005


@torch.no_grad()
def test_any_weights_are_near() -> None:
    torch.manual_seed(0)
    linear = nn.Linear(128, 64, bias=False)
    x = torch.randn(2, 128).bfloat16()
    found, exact = FewRowsLinear(linear)(x).float(), linear(x.float())
    assert 0 < (found - exact).norm() / exact.norm() < 0.1


@torch.no_grad()
def test_a_group_of_equal_weights() -> None:
    linear = nn.Linear(32, 16, bias=False)
    linear.weight.fill_(0.25)
    assert torch.equal(FewRowsLinear(linear)(torch.ones(1, 32).bfloat16()), torch.full((1, 16), 8.0).bfloat16())


@torch.no_grad()
def test_only_layers_that_fit_are_replaced() -> None:
    layers = {"fits": nn.Linear(64, 16), "odd": nn.Linear(40, 16), "narrow": nn.Linear(64, 24)}
    model = nn.ModuleDict({**layers, "inner": nn.Sequential(nn.Linear(32, 16))})
    use_int4(model)
    assert isinstance(model["fits"], FewRowsLinear)
    assert isinstance(model["inner"][0], FewRowsLinear)
    assert type(model["odd"]) is type(model["narrow"]) is nn.Linear
    with pytest.raises(ValueError, match="rows of 40"):
        pack(torch.zeros(16, 40))


@torch.no_grad()
@pytest.mark.parametrize("rows", [1, 4, 16, 40])
@pytest.mark.parametrize("dtype", list(FEW_ROWS))
def test_adapters_are_computed_beside_the_four_bits(rows: int, dtype: torch.dtype) -> None:
    """In single precision what an adapter adds is a tenth of a step of four bits here: it would be lost in them."""
    torch.manual_seed(rows)
    linear = nn.Linear(96, 64)
    linear.weight.copy_(of_levels(64, 96))
    adapted = AdaptedLinear(linear, {"q": slice(0, 48), "k": slice(48, 64)})
    for target, n_out, rank in (("q", 48, 4), ("k", 16, 2)):
        adapted.adapters[target] = nn.ParameterDict(
            {f"{target}_a": torch.randn(rank, 96) / 96, f"{target}_b": torch.randn(n_out, rank) / 96}
        )
        adapted.scales[target] = 0.5 if dtype is torch.float32 else 128.0
    x = torch.randn(80, 96).to(dtype)
    added = adapted.merged() - linear.weight
    assert dtype is not torch.float32 or 0 < added.abs().max() < 0.1 / 64
    with_adapter, without = FewRowsLinear(adapted, dtype), FewRowsLinear(linear, dtype)
    found = torch.cat([with_adapter(part) - without(part) for part in x.split(rows)])
    exact = x.double() @ added.double().T
    last_bits = 16 * torch.finfo(dtype).eps  # of numbers up to 4, in a difference of sums
    assert last_bits < 0.2 * exact.abs().max()
    assert (found.double() - exact).abs().max() < 0.02 * exact.abs().max() + last_bits
