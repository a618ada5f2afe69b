"""Weights of four bits, for decoding one draft: reading the weights bounds a step; these are a third of bfloat16's.

Groups of 32 weights of a row share a scale and an offset, as in the GGUF types Q4_0 and Q4_1: weights that come from such
a file are kept as they are, but for the rounding of scale and offset to bfloat16. The file's own scale is found again for
that: most groups of Q4_0 do not reach both ends of the sixteen levels, and to stretch them to that would quantise a second
time (KL divergence 0.27 nats a token instead of 0.001). Activations are bfloat16 here,
whatever the model computes in: quantising them, too, costs ten times the KL divergence (measured for int8). Needs the CPU
kernels of torch 2.6 or newer, which widen the weights themselves: the CPU need not compute in bfloat16.

An adapter moves weights by less than a step of four bits, which would lose it. So the four bits are those of the weights
without it, and what it adds is computed beside them, from its factors.

On an AMD EPYC with AVX512 (one thread, 30 layers of SmolLM2-135M without the output layer, milliseconds a step, measured
on a busy machine): one draft bf16 29, int8 15, int4 6; 8 drafts 30, 32, 21; 16 drafts 38, 54, 52. On a Xeon with AVX512
without bfloat16 (two threads, idle): one draft fp32 29, int4 11; 8 drafts 68 (36 packed), 18; 16 drafts 190 (67), 34; 32
drafts 142 (66), 65.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from treadle.model.lora import AdaptedLinear

__all__ = ["GROUP", "FewRowsLinear", "available", "pack", "use_int4"]

GROUP = 32
_ROWS = 16
"""The kernel writes so many outputs at once."""
_LEVELS = 15
"""The highest of the sixteen levels; the lowest is 0."""
_NEAR = 0.01
"""Of a step: so near to a level is on it. Reading a file moves weights by less than a thousandth of that."""
_SAMPLE = 256
"""Groups that tell whether the weights have four bits at all."""
_MIDDLE = 8
"""What the kernel subtracts from the four bits before it scales them."""
FEW_ROWS = {torch.bfloat16: 4, torch.float32: 16}
"""Up to so many rows the four bits win; with more, products in the numbers of the model do."""
OF_ONE_TEXT = 16
"""Up to so many positions of one text keep the four bits all the same, a token alone or with tokens guessed after it: the
two kinds of weights round differently, and a guess may only decide how many tokens a step yields."""


def available() -> bool:
    """Whether this torch has the kernels. They need AVX512 or AVX2; elsewhere they are there but slow."""
    return hasattr(torch.ops.aten, "_weight_int4pack_mm_for_cpu")


def pack(weight_NK: Tensor) -> tuple[Tensor, Tensor]:
    """Four bits for each weight in the kernel's order, and [K / 32, N, 2] scales and offsets.

    Raises:
        ValueError: K is no multiple of 32.
    """
    n_rows, width = weight_NK.shape
    if width % GROUP:
        raise ValueError(f"rows of {width} weights cannot be cut into groups of {GROUP}")
    groups = weight_NK.detach().float().reshape(-1, GROUP)
    low, high = groups.aminmax(dim=-1, keepdim=True)
    scale = (high - low) / _steps(groups, low, high)
    levels = _levels(groups, low, scale).round_().clamp_(0, _LEVELS)
    packed = torch.ops.aten._convert_weight_to_int4pack_for_cpu(levels.int().view(n_rows, width), 1)
    scales = torch.cat((scale, low + _MIDDLE * scale), dim=-1).view(n_rows, width // GROUP, 2)
    return packed, scales.transpose(0, 1).contiguous().bfloat16()


def _levels(groups: Tensor, low: Tensor, scale: Tensor) -> Tensor:
    return (groups - low) / scale.clamp_min(torch.finfo(torch.float32).tiny)


def _steps(groups: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """How many equal steps, at most fifteen, lead from the lowest to the highest weight of each group [N, 32] and meet all
    others on the way; fifteen where no number does."""
    stride = max(1, len(groups) // _SAMPLE)
    if not bool((_fitting(groups[::stride], low[::stride], high[::stride]) > 0).float().mean() > 0.5):
        return torch.full_like(low, _LEVELS)  # no weights of four bits: to try all numbers for all groups takes seconds
    found = _fitting(groups, low, high)
    return torch.where(found > 0, found, _LEVELS)


def _fitting(groups: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """The same, 0 where no number does. Groups for which a number was found are not looked at again."""
    found, left = torch.zeros_like(low), torch.arange(len(groups))
    for steps in range(_LEVELS, 0, -1):
        levels = _levels(groups, low, (high - low) / steps)
        fits = (levels - levels.round()).abs_().amax(-1) < _NEAR
        found[left[fits]] = steps
        if bool(fits.all()):
            break
        groups, low, high, left = groups[~fits], low[~fits], high[~fits], left[~fits]
    return found


class FewRowsLinear(nn.Module):
    """A linear layer that also has its weights in four bits, and uses them where there are few rows.

    Its own weights, and what it is given and gives, are of ``dtype``: bfloat16 or single precision. Of a layer with adapters
    its own weights are those with everything added.
    """

    weight: Tensor
    bias: Tensor | None
    packed: Tensor
    scales: Tensor
    first: Tensor | None
    second: Tensor | None

    def __init__(self, linear: nn.Linear | AdaptedLinear, dtype: torch.dtype = torch.bfloat16) -> None:
        super().__init__()
        # No buffers: the kernel wants bfloat16 scales, whatever the model is brought to.
        self.packed, self.scales = pack(linear.weight)
        weight_NK, added = linear.weight.detach(), None
        if isinstance(linear, AdaptedLinear):
            weight_NK, added = linear.merged(), linear.as_one()
        self.register_buffer("weight", weight_NK.to(dtype))
        self.register_buffer("bias", None if linear.bias is None else linear.bias.detach().to(dtype))
        for name, factor in zip(("first", "second"), added or (None, None), strict=True):
            self.register_buffer(name, None if factor is None else factor.detach().to(dtype))

    def takes(self, x: Tensor) -> bool:
        """Whether there are so few rows in ``x``, [B, T, K] or [rows, K], that the four bits are used."""
        n_rows = x.numel() // x.shape[-1]
        return n_rows <= FEW_ROWS[x.dtype] or (x.dim() == 3 and x.shape[0] == 1 and n_rows <= OF_ONE_TEXT)

    def forward(self, x: Tensor) -> Tensor:
        if not self.takes(x):
            return F.linear(x, self.weight, self.bias)
        rows = x.reshape(-1, x.shape[-1])
        product = torch.ops.aten._weight_int4pack_mm_for_cpu(rows.bfloat16(), self.packed, GROUP, self.scales)
        found: Tensor = product.to(x.dtype)
        if self.first is not None and self.second is not None:
            # Always as many rows: products of one row are made by another kernel, whose last bits differ.
            n_rows = rows.shape[0]
            padded = F.pad(rows, (0, 0, 0, OF_ONE_TEXT - n_rows))
            found = found + F.linear(F.linear(padded, self.first), self.second)[:n_rows]
        if self.bias is not None:
            found = found + self.bias
        return found.view(*x.shape[:-1], -1)


def use_int4(model: nn.Module, dtype: torch.dtype | None = None) -> None:
    """Replace the linear layers of a model, in place, where their width allows it; for inference only.

    The new ones compute in ``dtype``, or in that of their weights. Give it instead of bringing the model to bfloat16 before:
    rounded weights do not tell the scale of their file any more. An output layer tied to the embedding stays as it is.
    """
    for name, child in list(model.named_children()):
        if isinstance(child, nn.Linear | AdaptedLinear) and _fits(child.weight):
            setattr(model, name, FewRowsLinear(child, dtype or child.weight.dtype))
        else:
            use_int4(child, dtype)


def _fits(weight_NK: Tensor) -> bool:
    return weight_NK.shape[0] % _ROWS == 0 and weight_NK.shape[1] % GROUP == 0
