"""Which tensors of a file make up which parameter of the transformer: one table a form of file, for reading and writing.

The transformer keeps queries, keys and values in one matrix, and gate and up in another; files keep them apart. GPT-2's
files keep queries, keys and values together, too, and Hugging Face's keep its matrices with the input first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from treadle.errors import ModelFileError
from treadle.model.config import ModelConfig

__all__ = ["FAMILIES", "Form", "Part", "check_family", "layout", "may_be_ignored"]

FAMILIES = ("gpt2", "llama", "mistral", "qwen2", "qwen3")
"""Architectures that can be read and written, by the names that files give them."""

Form = Literal["gguf", "huggingface"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A tensor of a file that fills some rows of a parameter.

    ``shape`` is that of the tensor as the transformer wants it. ``heads`` is not 0 where the file keeps the rows of that
    many heads in the order of interleaved rotary pairs (0, E / 2, 1, E / 2 + 1, ...), as GGUF does for Llama. ``turned``:
    the file has the transposed matrix.
    """

    name: str
    shape: tuple[int, ...]
    heads: int = 0
    turned: bool = False


def check_family(family: str, path: object) -> None:
    """Raise ``ModelFileError`` that lists what is known, unless ``family`` is."""
    if family not in FAMILIES:
        raise ModelFileError(
            f"{path} holds a model of the architecture {family!r}; the transformer here knows {', '.join(FAMILIES)}. "
            "llama.cpp may know it: use the llama engine with a GGUF file"
        )


def layout(config: ModelConfig, form: Form) -> dict[str, tuple[Part, ...]]:
    """For each parameter of ``Transformer(config)`` the tensors that follow each other in its rows."""
    pairs = _outer(config, form)
    for index in range(config.n_layers):
        pairs |= _block(config, form, index)
    return pairs


def may_be_ignored(name: str, config: ModelConfig) -> bool:
    """Tensors that files hold without need: tables that are computed, and a tied output layer."""
    computed = ("rotary_emb.inv_freq", ".attn.bias", ".attn.masked_bias")
    head = ("output.weight", "lm_head.weight")
    return name.endswith(computed) or name == "rope_freqs.weight" or (config.tied and name in head)


# ------------------------------------------------------------------------------------------------ names

_OUTER = {
    "gguf": {"embedding": "token_embd", "positions": "position_embd", "norm": "output_norm", "head": "output"},
    "gpt2": {"embedding": "transformer.wte", "positions": "transformer.wpe", "norm": "transformer.ln_f", "head": "lm_head"},
    "llama": {"embedding": "model.embed_tokens", "norm": "model.norm", "head": "lm_head"},
}
_INNER = {
    "gguf": {
        "attention_norm": "attn_norm", "attention.q_norm": "attn_q_norm", "attention.k_norm": "attn_k_norm",
        "q": "attn_q", "k": "attn_k", "v": "attn_v", "qkv": "attn_qkv", "attention.out": "attn_output",
        "ff_norm": "ffn_norm", "gate": "ffn_gate", "up": "ffn_up", "ff.down": "ffn_down",
    },
    "gpt2": {
        "attention_norm": "ln_1", "qkv": "attn.c_attn", "attention.out": "attn.c_proj",
        "ff_norm": "ln_2", "up": "mlp.c_fc", "ff.down": "mlp.c_proj",
    },
    "llama": {
        "attention_norm": "input_layernorm", "attention.q_norm": "self_attn.q_norm", "attention.k_norm": "self_attn.k_norm",
        "q": "self_attn.q_proj", "k": "self_attn.k_proj", "v": "self_attn.v_proj", "attention.out": "self_attn.o_proj",
        "ff_norm": "post_attention_layernorm", "gate": "mlp.gate_proj", "up": "mlp.up_proj", "ff.down": "mlp.down_proj",
    },
}  # fmt: skip
_PREFIX = {"gguf": "blk.", "gpt2": "transformer.h.", "llama": "model.layers."}


def _dialect(config: ModelConfig, form: Form) -> str:
    if form == "gguf":
        return "gguf"
    return "gpt2" if config.family == "gpt2" else "llama"


def _outer(config: ModelConfig, form: Form) -> dict[str, tuple[Part, ...]]:
    names, width = _OUTER[_dialect(config, form)], config.d_model
    found: dict[str, tuple[Part, ...]] = {
        "embedding.weight": (Part(name=names["embedding"] + ".weight", shape=(config.vocab_size, width)),)
    }
    if config.rope_theta is None:
        found["positions.weight"] = (Part(name=names["positions"] + ".weight", shape=(config.max_positions, width)),)
    for end in _norm_ends(config):
        found[f"norm.{end}"] = (Part(name=f"{names['norm']}.{end}", shape=(width,)),)
    if not config.tied:
        found["head.weight"] = (Part(name=names["head"] + ".weight", shape=(config.vocab_size, width)),)
    return found


def _norm_ends(config: ModelConfig) -> tuple[str, ...]:
    return ("weight", "bias") if config.norm == "layer" else ("weight",)


def _block(config: ModelConfig, form: Form, index: int) -> dict[str, tuple[Part, ...]]:
    dialect = _dialect(config, form)
    names, ours = _INNER[dialect], f"blocks.{index}."
    theirs = f"{_PREFIX[dialect]}{index}."
    turned = dialect == "gpt2"
    found: dict[str, tuple[Part, ...]] = {}
    for name in ("attention_norm", "ff_norm"):
        for end in _norm_ends(config):
            found[f"{ours}{name}.{end}"] = (Part(name=f"{theirs}{names[name]}.{end}", shape=(config.d_model,)),)
    if config.qk_norm:
        for name in ("attention.q_norm", "attention.k_norm"):
            found[f"{ours}{name}.weight"] = (Part(name=f"{theirs}{names[name]}.weight", shape=(config.d_head,)),)
    for parameter, pieces, width, bias in _matrices(config, form):
        ends = {"weight": (width,), "bias": ()} if bias else {"weight": (width,)}
        for end, inner in ends.items():
            found[f"{ours}{parameter}.{end}"] = tuple(
                Part(name=f"{theirs}{names[n]}.{end}", shape=(rows, *inner), heads=heads, turned=turned and end == "weight")
                for n, rows, heads in pieces
            )
    return found


def _matrices(config: ModelConfig, form: Form) -> Iterator[tuple[str, list[tuple[str, int, int]], int, bool]]:
    """Parameter, its pieces (name, rows, heads that are interleaved), numbers a row, and whether it has a bias."""
    queries, keys = config.n_heads * config.d_head, config.n_kv_heads * config.d_head
    swapped = form == "gguf" and _architecture(config) == "llama"
    if config.family == "gpt2":
        pieces = [("qkv", queries + 2 * keys, 0)]
    else:
        pieces = [("q", queries, config.n_heads * swapped), ("k", keys, config.n_kv_heads * swapped), ("v", keys, 0)]
    gates = [("gate", config.d_ff, 0)] if config.activation == "swiglu" else []
    yield "attention.qkv", pieces, config.d_model, config.qkv_bias
    yield "attention.out", [("attention.out", config.d_model, 0)], queries, config.out_bias
    yield "ff.up", [*gates, ("up", config.d_ff, 0)], config.d_model, config.ff_bias
    yield "ff.down", [("ff.down", config.d_model, 0)], config.d_ff, config.ff_bias


def _architecture(config: ModelConfig) -> str:
    """GGUF's name of the family: files of Mistral are Llama's there."""
    return "llama" if config.family == "mistral" else config.family
