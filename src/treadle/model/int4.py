"""Weights of four bits, for decoding one draft: reading the weights bounds a step; these are a third of bfloat16's.

Groups of 32 weights of a row share a scale and an offset, as in the GGUF types Q4_0 and Q4_1: weights that come from such
a file are kept as they are, but for the rounding of scale and offset to bfloat16. Activations are bfloat16 here,
whatever the model computes in: quantising them, too, costs ten times the KL divergence (measured for int8). Needs the CPU
kernels of torch 2.6 or newer, which widen the weights themselves: the CPU need not compute in bfloat16.

On an AMD EPYC with AVX512 (one thread, 30 layers of SmolLM2-135M without the output layer, milliseconds a step, measured
on a busy machine): one draft bf16 29, int8 15, int4 6; 8 drafts 30, 32, 21; 16 drafts 38, 54, 52. On a Xeon with AVX512
without bfloat16 (two threads, idle): one draft fp32 29, int4 11; 8 drafts 68 (36 packed), 18; 16 drafts 190 (67), 34; 32
drafts 142 (66), 65.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["GROUP", "FewRowsLinear", "available", "pack", "use_int4"]

GROUP = 32
_ROWS = 16
"""The kernel writes so many outputs at once."""
_LEVELS = 15
_MIDDLE = 8
"""What the kernel subtracts from the four bits before it scales them."""
FEW_ROWS = {torch.bfloat16: 4, torch.float32: 16}
"""Up to so many rows the four bits win; with more, products in the numbers of the model do."""


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
    groups = weight_NK.detach().float().view(n_rows, width // GROUP, GROUP)
    low, high = groups.amin(-1, keepdim=True), groups.amax(-1, keepdim=True)
    scale = (high - low) / _LEVELS
    levels = ((groups - low) / scale.clamp_min(torch.finfo(torch.float32).tiny)).round().clamp(0, _LEVELS)
    packed = torch.ops.aten._convert_weight_to_int4pack_for_cpu(levels.int().view(n_rows, width), 1)
    scales = torch.cat((scale, low + _MIDDLE * scale), dim=-1)
    return packed, scales.transpose(0, 1).contiguous().bfloat16()


class FewRowsLinear(nn.Module):
    """A linear layer that also has its weights in four bits, and uses them where there are few rows.

    Its own weights, and what it is given and gives, are of ``dtype``: bfloat16 or single precision.
    """

    weight: Tensor
    bias: Tensor | None
    packed: Tensor
    scales: Tensor

    def __init__(self, linear: nn.Linear, dtype: torch.dtype = torch.bfloat16) -> None:
        super().__init__()
        packed, scales = pack(linear.weight)
        self.register_buffer("weight", linear.weight.detach().to(dtype))
        self.register_buffer("bias", None if linear.bias is None else linear.bias.detach().to(dtype))
        self.register_buffer("packed", packed)
        self.register_buffer("scales", scales)

    def takes(self, x: Tensor) -> bool:
        """Whether there are so few rows in ``x`` that the four bits are used."""
        return x.numel() // x.shape[-1] <= FEW_ROWS[x.dtype]

    def forward(self, x: Tensor) -> Tensor:
        if not self.takes(x):
            return F.linear(x, self.weight, self.bias)
        rows = x.reshape(-1, x.shape[-1]).bfloat16()
        product = torch.ops.aten._weight_int4pack_mm_for_cpu(rows, self.packed, GROUP, self.scales)
        found: Tensor = product.to(x.dtype)
        if self.bias is not None:
            found = found + self.bias
        return found.view(*x.shape[:-1], -1)


def use_int4(model: nn.Module) -> None:
    """Replace the linear layers of a model of either type, in place, where their width allows it; for inference only.

    An output layer that is tied to the embedding stays as it is.
    """
    for name, child in list(model.named_children()):
        if isinstance(child, nn.Linear) and child.in_features % GROUP == 0 and child.out_features % _ROWS == 0:
            setattr(model, name, FewRowsLinear(child, child.weight.dtype))
        else:
            use_int4(child)
