"""Low-rank adapters (LoRA, arXiv:2106.09685): a layer's frozen weight W and, beside it, scale x B A that is learnt.

The transformer keeps queries, keys and values in one matrix, and gate and up in another; adapters keep them apart, as files
do: each has factors for some of its rows. Factors are in single precision, the frozen weights in what they are.

In single precision a layer computes with W + scale x B A, which is made anew for every batch: one product each way
instead of three, and no activation of width r is kept. Its gradients go to the factors alone, from dy, x, A and B; that of
W is never made. In bfloat16 the sum would lose what is learnt, so there the low-rank products are computed beside.
"""

from __future__ import annotations

import math
import re
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from treadle.errors import ModelFileError, UnknownNameError, UsageError
from treadle.model.transformer import Transformer

__all__ = [
    "TARGETS", "AdaptedLinear", "Adapter", "Shape", "adapter_of", "add_adapter", "merge", "put_adapter", "use_adapters",
]  # fmt: skip

_PARTS = {"attention.qkv": ("q", "k", "v"), "attention.out": ("o",), "ff.up": ("gate", "up"), "ff.down": ("down",)}
TARGETS = tuple(target for targets in _PARTS.values() for target in targets)
"""Matrices that can have an adapter; all of them is the usual choice."""
_NAME = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Of an adapter. What it adds is B A times alpha / rank."""

    rank: int = 16
    alpha: float = 32.0
    targets: tuple[str, ...] = TARGETS

    def __post_init__(self) -> None:
        if self.rank < 1:
            raise UsageError(f"the rank of an adapter must be at least 1, got {self.rank}")
        if not math.isfinite(self.alpha):
            raise UsageError(f"alpha of an adapter must be a number, got {self.alpha}")
        for target in self.targets:
            if target not in TARGETS:
                raise UnknownNameError("target of an adapter", target, TARGETS)
        if not self.targets:
            raise UsageError(f"an adapter needs a target; there are {', '.join(TARGETS)}")

    @property
    def scale(self) -> float:
        return self.alpha / self.rank


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Adapter:
    """An adapter by itself: A [rank, in] and B [out, rank] for each (layer, target)."""

    shape: Shape
    factors: Mapping[tuple[int, str], tuple[Tensor, Tensor]]


class AdaptedLinear(nn.Module):
    """A linear layer with adapters by name, of which those in ``scales`` count. ``rows``: those of each target."""

    bias: nn.Parameter | None

    def __init__(self, linear: nn.Linear, rows: Mapping[str, slice]) -> None:
        super().__init__()
        self.weight = linear.weight
        self.register_parameter("bias", linear.bias)
        self.rows = dict(rows)
        self.adapters = nn.ModuleDict()
        self.scales: dict[str, float] = {}
        self._sum: tuple[tuple[Any, ...], Tensor] | None = None
        self._rests: tuple[int, ...] | None = None

    def forward(self, x: Tensor) -> Tensor:
        pieces = self.pieces()
        if not pieces:
            return F.linear(x, self.weight, self.bias)
        if self.weight.dtype == torch.float32:
            factors = [factor for _, _, a, b in pieces for factor in (a, b)]
            parts = [(rows, scale) for rows, scale, _, _ in pieces]
            found: Tensor = _WithSum.apply(x, self._summed(pieces), self.bias, parts, *factors)  # type: ignore[no-untyped-call]
            return found
        return self._beside(x, pieces)

    def pieces(self) -> list[tuple[slice, float, Tensor, Tensor]]:
        """Rows, scale, A and B of everything that is added."""
        return [
            (rows, scale, factors[f"{target}_a"], factors[f"{target}_b"])
            for name, scale in self.scales.items()
            if (factors := self.factors(name))
            for target, rows in self.rows.items()
            if f"{target}_a" in factors
        ]

    def factors(self, name: str) -> Mapping[str, Tensor]:
        """A and B of an adapter as ``q_a``, ``q_b`` and so on; none where it has none in this layer."""
        return typing.cast(Mapping[str, Tensor], self.adapters[name]) if name in self.adapters else {}

    def merged(self) -> Tensor:
        """[out, in]: the weights with everything added that counts, a new tensor."""
        with torch.no_grad():
            total = self.weight.detach().clone()
            for rows, scale, a, b in self.pieces():
                total[rows] += (scale * (b @ a)).to(total.dtype)
        return total

    def as_one(self) -> tuple[Tensor, Tensor] | None:
        """Everything that is added as one pair, A [R, in] and B [out, R], scales in B; None where nothing counts."""
        pieces = self.pieces()
        if not pieces:
            return None
        with torch.no_grad():
            first = torch.cat([a for _, _, a, _ in pieces])
            second = first.new_zeros(self.weight.shape[0], first.shape[0])
            end = 0
            for rows, scale, a, b in pieces:
                second[rows, end : end + a.shape[0]] = scale * b
                end += a.shape[0]
        return first, second

    def _beside(self, x: Tensor, pieces: list[tuple[slice, float, Tensor, Tensor]]) -> Tensor:
        y = F.linear(x, self.weight, self.bias)
        for rows, scale, a, b in pieces:
            y[..., rows] += scale * F.linear(F.linear(x, a.to(x.dtype)), b.to(x.dtype))
        return y

    def _summed(self, pieces: list[tuple[slice, float, Tensor, Tensor]]) -> Tensor:
        """W with everything added. It is kept only while nothing is trained: not every optimiser tells torch that it changed
        a factor. Its memory is used again for the same adapters; a graph that was made with others keeps its own."""
        same = tuple(part for _, scale, a, b in pieces for part in (scale, id(a), id(b)))
        state = tuple(factor._version for _, _, a, b in pieces for factor in (a, b))
        if self._sum is not None and self._sum[0] == same and self._rests == state and not torch.is_grad_enabled():
            return self._sum[1]
        with torch.no_grad():
            # What generation has made in inference mode cannot be changed outside of it.
            reused = self._sum is not None and self._sum[0] == same and not self._sum[1].is_inference()
            total = self._sum[1] if self._sum is not None and reused else torch.empty_like(self.weight)
            total.copy_(self.weight)
            for rows, scale, a, b in pieces:
                total[rows].addmm_(b, a, alpha=scale)
        self._sum, self._rests = (same, total), None if torch.is_grad_enabled() else state
        return total


class _WithSum(torch.autograd.Function):
    """x (W + scale B A)^T + bias, whose gradients go to x, A and B."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, total: Tensor, bias: Tensor | None, parts: list[tuple[slice, float]], *factors: Tensor
    ) -> Tensor:
        ctx.save_for_backward(x, *factors)
        ctx.total, ctx.parts = total, parts
        return F.linear(x, total, bias)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        x, *factors = ctx.saved_tensors
        dy_BTF = gradients[0]
        dx = dy_BTF @ ctx.total if ctx.needs_input_grad[0] else None
        x, dy = x.flatten(0, -2), dy_BTF.flatten(0, -2)
        firsts, seconds = factors[::2], factors[1::2]
        width = [a.shape[0] for a in firsts]
        narrow = (x @ torch.cat(firsts).T).split(width, dim=1)
        back, found = [], list[Tensor]()
        for (rows, scale), b, low in zip(ctx.parts, seconds, narrow, strict=True):
            piece = dy[:, rows]
            back.append((piece @ b).mul_(scale))
            found.append((piece.T @ low).mul_(scale))
        grads_a = (torch.cat(back, dim=1).T @ x).split(width)
        return dx, None, None, None, *(grad for pair in zip(grads_a, found, strict=True) for grad in pair)


# ------------------------------------------------------------------------------------------------ on a transformer


def add_adapter(model: Transformer, shape: Shape, name: str = "default", seed: int = 0) -> dict[str, nn.Parameter]:
    """Freeze the model, give it a new adapter, which counts from now on, and return what is to be trained, by name.

    A is random (as Kaiming's uniform numbers), B zero: the model says what it said before.

    Raises:
        UsageError: there is an adapter of that name, or it cannot be a name.
        ModelFileError: the model has no matrix of these targets.
    """
    random = torch.Generator().manual_seed(seed)
    factors: dict[tuple[int, str], tuple[Tensor, Tensor]] = {}
    for (layer, target), (n_out, n_in) in _sizes(model).items():
        if target in shape.targets:
            bound = 1 / math.sqrt(n_in)
            a = torch.empty(shape.rank, n_in).uniform_(-bound, bound, generator=random)
            factors[layer, target] = a, torch.zeros(n_out, shape.rank)
    if not factors:
        raise ModelFileError(f"the model has none of the matrices {', '.join(shape.targets)}")
    return put_adapter(model, Adapter(shape=shape, factors=factors), name)


def put_adapter(model: Transformer, adapter: Adapter, name: str = "default", scale: float = 1.0) -> dict[str, nn.Parameter]:
    """Put an adapter onto a model, which is frozen by it; it counts ``scale`` times. Returns its parameters by name.

    Raises:
        UsageError: there is one of that name, or it cannot be a name.
        ModelFileError: it was made for a model of another shape.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} cannot be the name of an adapter; letters, digits, - and _ can")
    sizes = _sizes(model)
    for (layer, target), (a, b) in adapter.factors.items():
        wanted, found = sizes.get((layer, target)), (b.shape[0], a.shape[1])
        if found != wanted or a.shape[0] != b.shape[1]:
            raise ModelFileError(
                f"the adapter is of another model: for {target} of layer {layer} it has {found[0]} x {found[1]}, the model "
                f"{'has none' if wanted is None else f'{wanted[0]} x {wanted[1]}'}"
            )
    model.requires_grad_(False)
    for layer, module in _layers(model):
        own = {target: adapter.factors[layer, target] for target in module.rows if (layer, target) in adapter.factors}
        if name in module.adapters:
            raise UsageError(f"the model has an adapter {name!r} already")
        if own:
            named = {f"{target}_{end}": f for target, pair in own.items() for end, f in zip("ab", pair, strict=True)}
            device = module.weight.device
            module.adapters[name] = nn.ParameterDict({n: nn.Parameter(f.float().to(device)) for n, f in named.items()})
            module.scales[name] = adapter.shape.scale * scale
    return {n: p for n, p in model.named_parameters() if f".adapters.{name}." in n}


def use_adapters(model: Transformer, scales: Mapping[str, float], shapes: Mapping[str, Shape]) -> None:
    """Let the adapters of these names count, each so many times; the others rest."""
    for _, module in _layers(model):
        module.scales = {name: shapes[name].scale * times for name, times in scales.items() if name in module.adapters}


def adapter_of(model: Transformer, shape: Shape, name: str = "default") -> Adapter:
    """An adapter of the model by itself, on the CPU, a copy.

    Raises:
        UnknownNameError: the model has no adapter of that name.
    """
    layers = list(_layers(model))
    if not any(name in module.adapters for _, module in layers):
        raise UnknownNameError("adapter", name, {n for _, module in layers for n in module.adapters})
    factors = {
        (layer, target): (_copied(factors[f"{target}_a"]), _copied(factors[f"{target}_b"]))
        for layer, module in layers
        if (factors := module.factors(name))
        for target in module.rows
        if f"{target}_a" in factors
    }
    return Adapter(shape=shape, factors=factors)


def merge(model: Transformer) -> None:
    """Add the adapters that count to the weights, for good, and leave a plain model."""
    for layer in model.blocks:
        for path in _PARTS:
            module = layer.get_submodule(path)
            if isinstance(module, AdaptedLinear):
                with torch.no_grad():
                    module.weight.copy_(module.merged())
                _replace(layer, path, _plain(module))


def _copied(factor: Tensor) -> Tensor:
    return factor.detach().cpu().clone()


def _plain(module: AdaptedLinear) -> nn.Linear:
    n_out, n_in = module.weight.shape
    linear = nn.Linear(n_in, n_out, bias=module.bias is not None, device="meta")
    linear.weight, linear.bias = module.weight, module.bias  # type: ignore[assignment]
    return linear


def _layers(model: Transformer) -> Iterator[tuple[int, AdaptedLinear]]:
    """Every layer that can have an adapter, made ready for one."""
    for index, block in enumerate(model.blocks):
        for path, rows in _rows(model).items():
            module = block.get_submodule(path)
            if isinstance(module, nn.Linear):
                module = AdaptedLinear(module, rows)
                _replace(block, path, module)
            if not isinstance(module, AdaptedLinear):
                raise ModelFileError("adapters go onto a model in fp32 or bf16 as it was loaded, not onto packed weights")
            yield index, module


def _replace(block: nn.Module, path: str, module: nn.Module) -> None:
    parent, _, own = path.rpartition(".")
    setattr(block.get_submodule(parent), own, module)


def _rows(model: Transformer) -> dict[str, dict[str, slice]]:
    config = model.config
    queries, keys = config.n_heads * config.d_head, config.n_kv_heads * config.d_head
    up = ("gate", "up") if config.activation == "swiglu" else ("up",)
    found: dict[str, dict[str, slice]] = {}
    for path, names, sizes in (
        ("attention.qkv", ("q", "k", "v"), (queries, keys, keys)),
        ("attention.out", ("o",), (config.d_model,)),
        ("ff.up", up, (config.d_ff,) * len(up)),
        ("ff.down", ("down",), (config.d_model,)),
    ):
        starts = [sum(sizes[:i]) for i in range(len(sizes))]
        found[path] = {n: slice(start, start + size) for n, start, size in zip(names, starts, sizes, strict=True)}
    return found


def _sizes(model: Transformer) -> dict[tuple[int, str], tuple[int, int]]:
    """Rows and columns of each matrix."""
    config = model.config
    inner = {"attention.out": config.n_heads * config.d_head, "ff.down": config.d_ff}
    return {
        (layer, target): (rows.stop - rows.start, inner.get(path, config.d_model))
        for layer in range(config.n_layers)
        for path, targets in _rows(model).items()
        for target, rows in targets.items()
    }
