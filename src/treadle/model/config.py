"""The shape of a decoder-only transformer. Families differ by these numbers only, never by a subclass."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from treadle.errors import ModelFileError

__all__ = ["ModelConfig", "RopeScaling"]

_MOST_LAYERS = 1000
"""The deepest models known have some 130. A damaged number would fill the memory with names of layers first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RopeScaling:
    """How rotary frequencies are stretched for longer contexts than the model was first trained on.

    ``linear`` divides them all by ``factor``. ``llama3`` (Llama 3.1) leaves those alone that turn more than ``high`` times
    within ``original`` positions, divides those that turn fewer than ``low`` times, and blends in between.
    """

    kind: Literal["linear", "llama3"]
    factor: float
    low: float = 1.0
    high: float = 4.0
    original: int = 8192

    def __post_init__(self) -> None:
        if not 0 < self.factor < math.inf:
            raise ModelFileError(f"rotary positions are stretched by {self.factor}; the factor must be a positive number")
        if self.kind == "llama3" and not (0 < self.low < self.high < math.inf and self.original > 0):
            raise ModelFileError(
                f"rotary positions of type 'llama3' blend between {self.low} and {self.high} turns in {self.original} "
                "positions; the numbers must be positive, and the second larger than the first"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelConfig:
    """One transformer. The defaults are those of Llama; GPT-2 turns four of them.

    Sources: Llama (arXiv:2302.13971), grouped-query attention (arXiv:2305.13245), RoPE (arXiv:2104.09864), SwiGLU
    (arXiv:2002.05202), RMSNorm (arXiv:1910.07467), Mistral's window (arXiv:2310.06825), Qwen2 (arXiv:2407.10671), Qwen3's
    norms of queries and keys (arXiv:2505.09388), GPT-2 (Radford et al. 2019).
    """

    vocab_size: int
    d_model: int
    n_layers: int
    n_heads: int
    n_kv_heads: int
    d_head: int
    d_ff: int
    max_positions: int
    norm: Literal["rms", "layer"] = "rms"
    norm_eps: float = 1e-5
    activation: Literal["swiglu", "gelu"] = "swiglu"
    """'gelu' is the tanh approximation, in a feed-forward layer without a gate (GPT-2)."""
    rope_theta: float | None = 10_000.0
    """The base of the rotary frequencies; None where positions are learned vectors (GPT-2)."""
    rope_scaling: RopeScaling | None = None
    tied: bool = True
    """The output layer is the embedding table."""
    qkv_bias: bool = False
    out_bias: bool = False
    """Of the attention's output projection."""
    ff_bias: bool = False
    qk_norm: bool = False
    """RMSNorm of every query and key head before the rotation (Qwen3)."""
    window: int | None = None
    """A position sees itself and this many minus one before it; None: all before it."""
    family: str = "llama"
    """What files call this architecture: 'llama', 'mistral', 'qwen2', 'qwen3', 'gpt2'. Nothing is computed from it."""

    def __post_init__(self) -> None:
        positive = ("vocab_size", "d_model", "n_layers", "n_heads", "n_kv_heads", "d_head", "d_ff", "max_positions")
        for name in positive:
            if getattr(self, name) < 1:
                raise ModelFileError(f"a transformer needs {name} of at least 1, got {getattr(self, name)}")
        if self.n_layers > _MOST_LAYERS:
            raise ModelFileError(
                f"a transformer of {self.n_layers:,} layers cannot be meant; at most {_MOST_LAYERS:,} are known here"
            )
        for name in ("norm_eps", "rope_theta", "window"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise ModelFileError(f"a transformer needs a positive {name}, got {value}")
        if self.n_heads % self.n_kv_heads:
            raise ModelFileError(
                f"{self.n_heads} heads cannot share {self.n_kv_heads} key-value heads evenly; the first must be a multiple"
            )
        if self.rope_theta is not None and self.d_head % 2:
            raise ModelFileError(f"rotary positions turn pairs of numbers, so d_head must be even, got {self.d_head}")

    @property
    def n_parameters(self) -> int:
        """How many numbers the model has; a tied output layer counts once."""
        attention = self.d_model * self.d_head * (2 * self.n_heads + 2 * self.n_kv_heads)
        attention += self.d_head * (self.n_heads + 2 * self.n_kv_heads) * self.qkv_bias + self.d_model * self.out_bias
        gates = 2 if self.activation == "swiglu" else 1
        ff = (gates + 1) * self.d_model * self.d_ff + (gates * self.d_ff + self.d_model) * self.ff_bias
        norm = self.d_model * (2 if self.norm == "layer" else 1)
        layer = attention + ff + 2 * norm + 2 * self.d_head * self.qk_norm
        positions = self.max_positions * self.d_model if self.rope_theta is None else 0
        head = 0 if self.tied else self.vocab_size * self.d_model
        return self.vocab_size * self.d_model + positions + self.n_layers * layer + norm + head
