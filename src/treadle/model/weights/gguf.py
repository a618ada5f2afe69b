"""GGUF files, as llama.cpp reads them: their metadata as a ``ModelConfig``, their tensors as a transformer's weights."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from treadle.errors import ModelFileError
from treadle.model.config import ModelConfig, RopeScaling
from treadle.model.transformer import Transformer
from treadle.model.weights.assemble import assemble
from treadle.model.weights.encodings import decode, encoding_of
from treadle.model.weights.names import Part, check_family, layout
from treadle.model.weights.rope import scaling_from_divisors
from treadle.tokens.gguf import GGUFHeader, read_header

__all__ = ["GGUFTensors", "config_of", "read_gguf"]


def read_gguf(source: Path | GGUFHeader, dtype: torch.dtype = torch.float32) -> Transformer:
    """The transformer of a GGUF file (or of a header that was read from one), its weights brought to ``dtype``.

    Raises:
        ModelFileError: the file is no whole GGUF file of a known architecture and encoding; see ``assemble``.
    """
    tensors = GGUFTensors(source if isinstance(source, GGUFHeader) else read_header(source))
    config = config_of(tensors)
    return assemble(config, layout(config, "gguf"), tensors, dtype)


class GGUFTensors:
    """The tensors of a file, which is mapped into memory: bytes are read when they are decoded."""

    def __init__(self, header: GGUFHeader) -> None:
        self.header = header
        for info in header.tensors.values():
            end = info.offset + self._n_bytes(info.name)
            if end > header.size_bytes:
                raise ModelFileError(
                    f"{header.path} is truncated: tensor {info.name!r} ends at byte {end:,}, the file at "
                    f"{header.size_bytes:,}"
                )
        self._bytes = torch.from_file(str(header.path), shared=False, size=header.size_bytes, dtype=torch.uint8)

    @property
    def path(self) -> Path:
        return self.header.path

    def names(self) -> Iterable[str]:
        return self.header.tensors

    def shape(self, name: str) -> tuple[int, ...]:
        return self.header.tensors[name].shape

    def read(self, part: Part, into: Tensor) -> None:
        raw = self.raw(part.name)
        if part.heads:
            raw = _in_halves(raw, part)
        decode(raw, encoding_of(self.header.tensors[part.name].kind, part.name), into)

    def raw(self, name: str) -> Tensor:
        """The tensor's bytes, as the file has them."""
        info = self.header.tensors[name]
        found = self._bytes[info.offset : info.offset + self._n_bytes(name)]
        return (
            found if info.offset % 4 == 0 else found.clone()
        )  # floats can be looked at in place only where they are aligned

    def numbers(self, name: str) -> Tensor:
        """A small tensor, float32."""
        info = self.header.tensors[name]
        found = torch.empty(info.shape)
        decode(self.raw(name), encoding_of(info.kind, name), found)
        return found

    def _n_bytes(self, name: str) -> int:
        info = self.header.tensors[name]
        encoding = encoding_of(info.kind, name)
        if not info.shape or info.shape[-1] % encoding.block:
            raise ModelFileError(
                f"{self.header.path}: tensor {name!r} of shape {list(info.shape)} cannot be stored in blocks of "
                f"{encoding.block} ({encoding.name}); the file is corrupt"
            )
        return info.n_elements // encoding.block * encoding.n_bytes


def _in_halves(raw: Tensor, part: Part) -> Tensor:
    """Rows (0, E / 2, 1, E / 2 + 1, ...) of every head in the order 0, 1, 2, ...; rows are whole blocks, so bytes can move.

    numpy moves them on this thread, where torch would share them out; see ``PIECE``.
    """
    rows = raw.numpy().reshape(part.heads, part.shape[0] // part.heads // 2, 2, -1)
    return torch.from_numpy(rows.swapaxes(1, 2).copy())


# ------------------------------------------------------------------------------------------------ metadata


def config_of(tensors: GGUFTensors) -> ModelConfig:
    """The shape of the model. Biases, norms of queries and keys, and a tied output layer are told by which tensors exist.

    Raises:
        ModelFileError: the architecture is unknown, a key is missing, or the model needs what the transformer lacks.
    """
    header = tensors.header
    check_family(header.architecture, header.path)
    keys = _Keys(header)
    family, held = header.architecture, header.tensors
    n_heads, width = keys.whole("attention.head_count"), keys.whole("embedding_length")
    d_head = keys.whole("attention.key_length", width // max(1, n_heads))
    _refuse(keys, d_head)
    table = held.get("token_embd.weight")
    gpt2 = family == "gpt2"
    config = ModelConfig(
        vocab_size=table.shape[0] if table is not None else keys.whole("vocab_size"),
        d_model=width,
        n_layers=keys.whole("block_count"),
        n_heads=n_heads,
        n_kv_heads=keys.whole("attention.head_count_kv", n_heads),
        d_head=d_head,
        d_ff=keys.whole("feed_forward_length"),
        max_positions=keys.whole("context_length"),
        norm="layer" if gpt2 else "rms",
        norm_eps=_shortest(keys.number("attention.layer_norm_epsilon" if gpt2 else "attention.layer_norm_rms_epsilon")),
        activation="gelu" if gpt2 else "swiglu",
        rope_theta=None if gpt2 else _shortest(keys.number("rope.freq_base", 10_000.0)),
        rope_scaling=None if gpt2 else _linear(keys),
        tied=_is_tied(tensors),
        qkv_bias="blk.0.attn_q.bias" in held or "blk.0.attn_qkv.bias" in held,
        out_bias="blk.0.attn_output.bias" in held,
        ff_bias="blk.0.ffn_down.bias" in held,
        qk_norm="blk.0.attn_q_norm.weight" in held,
        window=keys.whole("attention.sliding_window", 0) or None,
        family=family,
    )
    if "rope_freqs.weight" in held:
        rule = scaling_from_divisors(tensors.numbers("rope_freqs.weight"), config, header.path)
        config = dataclasses.replace(config, rope_scaling=rule)
    return config


_HUGE = 1e18
"""Numbers from here on are damage; none is NaN, either."""


class _Keys:
    """The architecture's own keys, ``llama.block_count`` and so on."""

    def __init__(self, header: GGUFHeader) -> None:
        self.header = header

    def get(self, key: str) -> Any:
        return self.header.metadata.get(f"{self.header.architecture}.{key}")

    def whole(self, key: str, default: int | None = None) -> int:
        value = self.number(key, default)
        if value != int(value):
            raise ModelFileError(f"{self.header.path}: {key} should be a whole number, it is {value!r}")
        return int(value)

    def number(self, key: str, default: float | None = None) -> float:
        value = self.get(key)
        if isinstance(value, list) and len(set(value)) == 1:
            value = value[0]
        if value is None:
            value = default
        if value is None:
            raise ModelFileError(f"{self.header.path} lacks the key {self.header.architecture}.{key}")
        if isinstance(value, list):
            raise ModelFileError(
                f"{self.header.path}: {key} differs from layer to layer; the transformer here has equal layers"
            )
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _HUGE:
            raise ModelFileError(f"{self.header.path}: {key} should be a number, it is {value!r}")
        return value


def _refuse(keys: _Keys, d_head: int) -> None:
    """What would be computed wrongly without a word."""
    path = keys.header.path
    if n_experts := keys.whole("expert_count", 0):
        raise ModelFileError(
            f"{path} is a mixture of {n_experts} experts; the transformer here has one feed-forward layer a block"
        )
    if (values := keys.whole("attention.value_length", d_head)) != d_head:
        raise ModelFileError(f"{path}: values of width {values} beside keys of width {d_head} are not known here")
    if (turned := keys.whole("rope.dimension_count", d_head)) != d_head:
        raise ModelFileError(
            f"{path} turns {turned} of each head's {d_head} numbers; the transformer here turns all of them"
        )
    scaling = keys.get("rope.scaling.type") or "none"
    if scaling not in ("none", "linear"):
        raise ModelFileError(f"{path} stretches rotary positions by the rule {scaling!r}; known here: none, linear, llama3")
    for name in ("logit_scale", "attention.scale", "attention.clamp_kqv", "attn_logit_softcapping"):
        if keys.get(name):
            raise ModelFileError(f"{path} has the key {keys.header.architecture}.{name}, which is not known here")


def _linear(keys: _Keys) -> RopeScaling | None:
    # 'rope.scale_linear' is the older name of the same number.
    if keys.get("rope.scaling.type") == "linear" or keys.get("rope.scale_linear"):
        factor = keys.number("rope.scaling.factor", keys.number("rope.scale_linear", 1.0))
        return None if factor in (0.0, 1.0) else RopeScaling(kind="linear", factor=factor)
    return None


def _is_tied(tensors: GGUFTensors) -> bool:
    """There is no output layer, or it is the embedding table written twice, as in files of GPT-2."""
    held = tensors.header.tensors
    head, table = held.get("output.weight"), held.get("token_embd.weight")
    if head is None or table is None:
        return head is None
    same = head.kind == table.kind and head.shape == table.shape
    return same and torch.equal(tensors.raw("output.weight"), tensors.raw("token_embd.weight"))


def _shortest(single: float) -> float:
    """The decimal number that was meant: files hold 1e-5 in single precision, 9.999999747378752e-06."""
    return float(f"{single:.7g}")
