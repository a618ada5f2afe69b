"""The transformer once more, to be read: loops over positions and heads, double precision, numpy only, no cache.

It computes what ``transformer.py`` computes, thousands of times slower. Tests hold the fast one against it. One text is
read at a time. Names of weights are those of ``Transformer.state_dict()``; a matrix of shape (out, in) is applied as
``matrix @ vector``. Vectors are named after what they are, with their width: D the model's, E a head's, F the feed-forward
layer's, V the vocabulary's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from treadle.model.config import ModelConfig

__all__ = ["NaiveTransformer", "frequencies"]

Vector = NDArray[np.float64]


class NaiveTransformer:
    """The model of ``config`` with ``weights``, arrays by name; extra ones are not looked at."""

    def __init__(self, config: ModelConfig, weights: Mapping[str, Any]) -> None:
        self.config = config
        self.weights = {name: np.asarray(array, dtype=np.float64) for name, array in weights.items()}

    def logits(self, ids: Sequence[int]) -> Vector:
        """For each position, the score of every token to come next: [T, V]."""
        stream = [self.embed(token, position) for position, token in enumerate(ids)]
        for layer in range(self.config.n_layers):
            stream = self.block(layer, stream)
        head = self.weights["embedding.weight" if self.config.tied else "head.weight"]
        return np.stack([head @ self.norm("norm", x_D) for x_D in stream])

    def embed(self, token: int, position: int) -> Vector:
        """A token's vector; where positions are learned, the position's is added."""
        x_D: Vector = self.weights["embedding.weight"][token]
        return x_D if self.config.rope_theta is not None else x_D + self.weights["positions.weight"][position]

    def block(self, layer: int, stream: list[Vector]) -> list[Vector]:
        """Attention moves between positions, then the feed-forward layer works on each alone; both add to the stream."""
        name = f"blocks.{layer}"
        mixed = self.attention(name + ".attention", [self.norm(name + ".attention_norm", x_D) for x_D in stream])
        stream = [x_D + m_D for x_D, m_D in zip(stream, mixed, strict=True)]
        return [x_D + self.feed_forward(name + ".ff", self.norm(name + ".ff_norm", x_D)) for x_D in stream]

    def attention(self, name: str, stream: list[Vector]) -> list[Vector]:
        """Every head of every position: a weighted mean of the values at the positions that it may see."""
        heads = [self.heads(name, x_D, position) for position, x_D in enumerate(stream)]
        group = self.config.n_heads // self.config.n_kv_heads
        found = []
        for t in range(len(stream)):
            mixed = []
            for h in range(self.config.n_heads):
                query_E = heads[t][0][h]
                first = 0 if self.config.window is None else max(0, t - self.config.window + 1)
                scores = [query_E @ heads[s][1][h // group] / math.sqrt(self.config.d_head) for s in range(first, t + 1)]
                shares = softmax(np.array(scores))
                values = [heads[s][2][h // group] for s in range(first, t + 1)]
                mixed.append(sum(share * value_E for share, value_E in zip(shares, values, strict=True)))
            found.append(self.linear(name + ".out", np.concatenate(mixed)))
        return found

    def heads(self, name: str, x_D: Vector, position: int) -> tuple[list[Vector], list[Vector], list[Vector]]:
        """Queries (what is looked for), keys (what can be found) and values (what is handed over) of one position."""
        config = self.config
        parts = self.linear(name + ".qkv", x_D).reshape(-1, config.d_head)
        queries = list(parts[: config.n_heads])
        keys = list(parts[config.n_heads : config.n_heads + config.n_kv_heads])
        values = list(parts[config.n_heads + config.n_kv_heads :])
        if config.qk_norm:
            queries = [self.rms_norm(name + ".q_norm", q_E) for q_E in queries]
            keys = [self.rms_norm(name + ".k_norm", k_E) for k_E in keys]
        if config.rope_theta is not None:
            queries, keys = ([rotate(config, x_E, position) for x_E in vectors] for vectors in (queries, keys))
        return queries, keys, values

    def feed_forward(self, name: str, x_D: Vector) -> Vector:
        """A hidden layer of width F with SwiGLU, whose first half gates the second, or with GELU."""
        up = self.linear(name + ".up", x_D)
        if self.config.activation == "gelu":
            return self.linear(name + ".down", gelu(up))
        gate_F, up_F = np.split(up, 2)
        return self.linear(name + ".down", gate_F / (1 + np.exp(-gate_F)) * up_F)

    def linear(self, name: str, x: Vector) -> Vector:
        bias = self.weights.get(name + ".bias")
        product: Vector = self.weights[name + ".weight"] @ x
        return product if bias is None else product + bias

    def norm(self, name: str, x_D: Vector) -> Vector:
        if self.config.norm == "rms":
            return self.rms_norm(name, x_D)
        centred_D = x_D - x_D.mean()
        scaled_D = centred_D / math.sqrt((centred_D**2).mean() + self.config.norm_eps)
        shifted_D: Vector = scaled_D * self.weights[name + ".weight"] + self.weights[name + ".bias"]
        return shifted_D

    def rms_norm(self, name: str, x: Vector) -> Vector:
        scaled: Vector = x / math.sqrt((x**2).mean() + self.config.norm_eps) * self.weights[name + ".weight"]
        return scaled


def softmax(scores: Vector) -> Vector:
    """Shares that sum to 1; the largest score is taken off first, so that nothing overflows."""
    exponentials: Vector = np.exp(scores - scores.max())
    shares: Vector = exponentials / exponentials.sum()
    return shares


def gelu(x: Vector) -> Vector:
    """The tanh approximation, as GPT-2 has it."""
    smoothed: Vector = 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return smoothed


def rotate(config: ModelConfig, x_E: Vector, position: int) -> Vector:
    """Turn each pair (i, i + E / 2) by its frequency times the position. The product of a query and a key that were turned
    so depends on the distance between them only."""
    half = config.d_head // 2
    turned = np.empty_like(x_E)
    for i, frequency in enumerate(frequencies(config)):
        cosine, sine = math.cos(position * frequency), math.sin(position * frequency)
        turned[i] = x_E[i] * cosine - x_E[i + half] * sine
        turned[i + half] = x_E[i + half] * cosine + x_E[i] * sine
    return turned


def frequencies(config: ModelConfig) -> list[float]:
    """Radians a position for each of the E / 2 pairs: from 1 down to almost 1 / ``rope_theta``, stretched where wanted."""
    assert config.rope_theta is not None
    plain = [config.rope_theta ** (-2 * i / config.d_head) for i in range(config.d_head // 2)]
    scaling = config.rope_scaling
    if scaling is None:
        return plain
    if scaling.kind == "linear":
        return [f / scaling.factor for f in plain]
    found = []
    for f in plain:
        turns = scaling.original * f / (2 * math.pi)
        kept = min(1.0, max(0.0, (turns - scaling.low) / (scaling.high - scaling.low)))
        found.append(kept * f + (1 - kept) * f / scaling.factor)
    return found
