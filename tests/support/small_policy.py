"""A policy that learns within seconds: two layers, a vocabulary of bytes, and requests of one word."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from tiny_model import tiny_loaded
from treadle.model.config import ModelConfig
from treadle.model.transformer import Transformer
from treadle.training.preference import Encoder
from treadle.training.rollout import Answered
from treadle.types import Message

__all__ = ["ENCODER", "PROMPTS", "parameters_of", "small_letters", "small_policy"]

ENCODER = Encoder(vocabulary=tiny_loaded().vocabulary, template=None, most_tokens=60)
PROMPTS = tuple((Message(role="user", content=word),) for word in ("one", "two", "six", "ten"))


def small_policy(seed: int = 0) -> Transformer:
    """Random weights, so that all tokens are about equally likely."""
    torch.manual_seed(seed)
    return Transformer(
        ModelConfig(
            vocab_size=ENCODER.vocabulary.size, d_model=32, n_layers=2, n_heads=2, n_kv_heads=1, d_head=16, d_ff=64,
            max_positions=64,
        )
    )  # fmt: skip


def parameters_of(module: nn.Module) -> dict[str, nn.Parameter]:
    """All of a module's parameters by name."""
    return dict(module.named_parameters())


def small_letters(answers: Sequence[Answered]) -> list[float]:
    """A reward: the share of an answer that is small letters."""
    return [sum(c.isascii() and c.islower() for c in a.text) / max(1, len(a.text)) for a in answers]
