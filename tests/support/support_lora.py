"""A tiny transformer and adapters on it whose B is not zero."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from treadle.model.config import ModelConfig
from treadle.model.lora import Shape, add_adapter
from treadle.model.transformer import Transformer

__all__ = ["learnt", "tiny"]


def tiny(**changes: Any) -> Transformer:
    """2 layers, 90 tokens; equal numbers each time."""
    shape = {
        "vocab_size": 90, "d_model": 32, "n_layers": 2, "n_heads": 4, "n_kv_heads": 2, "d_head": 8, "d_ff": 48,
        "max_positions": 64,
    }  # fmt: skip
    torch.manual_seed(0)
    model = Transformer(ModelConfig(**{**shape, **changes}))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model


def learnt(model: Transformer, shape: Shape, name: str = "default", seed: int = 0) -> dict[str, nn.Parameter]:
    """An adapter that was trained, it seems."""
    named = add_adapter(model, shape, name, seed)
    random = torch.Generator().manual_seed(seed + 1)
    with torch.no_grad():
        for parameter in named.values():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=random))
    return named
