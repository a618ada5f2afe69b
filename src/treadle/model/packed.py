"""bfloat16 weights laid out once as oneDNN reads them: a product lays them out anew each time otherwise.

The results are the same to the last bit. On an AMD EPYC with AVX512 (one thread, all weights of SmolLM2-135M, milliseconds
of CPU a step): 8 rows 44 plain, 27 packed; 16 rows 57 and 37; a prompt of 512 gains 5 %.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from treadle.model.int4 import FEW_ROWS, FewRowsLinear
from treadle.model.transformer import Transformer

__all__ = ["PackedLinear", "available", "use_packed"]


def available() -> bool:
    """Whether this torch has the operators; they are not part of its public interface."""
    names = ("_reorder_linear_weight", "_linear_pointwise")
    here: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    return here and all(hasattr(torch.ops.mkldnn, name) for name in names)


class PackedLinear(nn.Module):
    """A bfloat16 linear layer for inference on the CPU; with ``few``, that one has the steps of few rows."""

    bias: Tensor | None

    def __init__(self, weight_NK: Tensor, bias: Tensor | None, few: FewRowsLinear | None = None) -> None:
        super().__init__()
        # No buffer: the layout is opaque, so it can be neither saved nor moved.
        self._packed: Any = torch.ops.mkldnn._reorder_linear_weight(weight_NK.detach().bfloat16().contiguous(), None)
        self.register_buffer("bias", None if bias is None else bias.detach().bfloat16())
        self.few = few
        if few is not None:
            few.weight = torch.empty(0, dtype=torch.bfloat16)  # held here, packed

    def forward(self, x: Tensor) -> Tensor:
        if self.few is not None and x.numel() // x.shape[-1] <= FEW_ROWS:
            few: Tensor = self.few(x)
            return few
        found: Tensor = torch.ops.mkldnn._linear_pointwise(x, self._packed, self.bias, "none", [], "")
        return found


def use_packed(model: nn.Module) -> None:
    """Replace the linear layers of a bfloat16 model on the CPU, in place; for inference only. The output layer of a
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
