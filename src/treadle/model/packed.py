"""Weights laid out once as oneDNN reads them: a product of bfloat16 lays them out anew each time otherwise, and one in
single precision of few rows is made by a slower library.

Results in bfloat16 are the same to the last bit. On an AMD EPYC with AVX512 (one thread, all weights of SmolLM2-135M,
milliseconds of CPU a step): 8 rows 44 plain, 27 packed; 16 rows 57 and 37; a prompt of 512 gains 5 %. In single precision on
a Xeon with AVX512 (two threads): 1 row 29 plain, 37 packed; 4 rows 57 and 32; 8 rows 68 and 36; 16 rows 190 and 67; a prompt
of 512 gains 7 %.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from treadle.model.int4 import FewRowsLinear
from treadle.model.transformer import Transformer

__all__ = ["PackedLinear", "available", "use_packed"]


@cache
def available(dtype: torch.dtype) -> bool:
    """Whether this torch has the operators, which are not part of its public interface, and they take weights of ``dtype``
    on this CPU: bfloat16 needs AVX512 or AVX-NE-CONVERT."""
    names = ("_reorder_linear_weight", "_linear_pointwise")
    here: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    if not here or not all(hasattr(torch.ops.mkldnn, name) for name in names):
        return False
    try:
        torch.ops.mkldnn._reorder_linear_weight(torch.zeros(16, 16, dtype=dtype), None)
    except RuntimeError:
        return False
    return True


class PackedLinear(nn.Module):
    """A linear layer for inference on the CPU, in the numbers of its weights; with ``few``, that one has the steps of few
    rows."""

    bias: Tensor | None

    def __init__(self, weight_NK: Tensor, bias: Tensor | None, few: FewRowsLinear | None = None) -> None:
        super().__init__()
        # No buffer: the layout is opaque, so it can be neither saved nor moved.
        self._packed: Any = torch.ops.mkldnn._reorder_linear_weight(weight_NK.detach().contiguous(), None)
        self.register_buffer("bias", None if bias is None else bias.detach())
        self.few = few
        if few is not None:
            few.weight = torch.empty(0, dtype=weight_NK.dtype)  # held here, packed

    def forward(self, x: Tensor) -> Tensor:
        if self.few is not None and self.few.takes(x):
            few: Tensor = self.few(x)
            return few
        found: Tensor = torch.ops.mkldnn._linear_pointwise(x, self._packed, self.bias, "none", [], "")
        return found


def use_packed(model: nn.Module) -> None:
    """Replace the linear layers of a model on the CPU, in place; for inference only. The output layer of a
    ``Transformer`` is packed beside its weights, which are read elsewhere, too: a token's embedding, single logits."""
    if isinstance(model, Transformer):
        model.output = PackedLinear(model.embedding.weight if model.head is None else model.head.weight, None)
    for name, child in list(model.named_children()):
        if name in ("head", "output"):
            continue
        if isinstance(child, FewRowsLinear):
            setattr(model, name, PackedLinear(child.weight, child.bias, child))
        elif isinstance(child, nn.Linear):
            setattr(model, name, PackedLinear(child.weight, child.bias))
        else:
            use_packed(child)
