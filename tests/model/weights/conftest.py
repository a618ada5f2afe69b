"""Small models of every family with random weights, and a small vocabulary of byte pairs for them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, trainers

import treadle
from treadle.model.config import ModelConfig, RopeScaling
from treadle.model.transformer import Transformer
from treadle.tokens.pretokenizers import pre_tokenizer
from treadle.tokens.vocabulary import BYTE_CHARACTERS, SpecialTokens, Vocabulary

SIZE = 320
SMALL: dict[str, Any] = {
    "vocab_size": SIZE, "d_model": 64, "n_layers": 3, "n_heads": 4, "n_kv_heads": 2, "d_head": 32, "d_ff": 96,
    "max_positions": 128, "rope_theta": 1000.0,
}  # fmt: skip
FAMILIES: dict[str, ModelConfig] = {
    "llama": ModelConfig(**SMALL),
    "llama untied": ModelConfig(**SMALL, tied=False),
    "llama with biases": ModelConfig(**SMALL, qkv_bias=True, out_bias=True, ff_bias=True),
    "llama 3.1": ModelConfig(
        **SMALL, rope_scaling=RopeScaling(kind="llama3", factor=8.0, low=1.0, high=4.0, original=64)
    ),
    "llama, linear": ModelConfig(**SMALL, rope_scaling=RopeScaling(kind="linear", factor=4.0)),
    "mistral": ModelConfig(**SMALL, tied=False, family="mistral"),
    "qwen2": ModelConfig(**{**SMALL, "d_head": 16}, qkv_bias=True, family="qwen2"),
    "qwen3": ModelConfig(**SMALL, qk_norm=True, family="qwen3"),
    "gpt2": ModelConfig(
        **{**SMALL, "n_kv_heads": 4, "d_head": 16, "d_ff": 256, "rope_theta": None},
        norm="layer", activation="gelu", qkv_bias=True, out_bias=True, ff_bias=True, family="gpt2",
    ),
}  # fmt: skip


def _random_model(config: ModelConfig, seed: int = 1) -> Transformer:
    """As trained: no norm of ones, no bias of zeros, and scores that differ."""
    torch.manual_seed(seed)
    model = Transformer(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.12 * torch.randn_like(parameter))
    return model


@functools.cache
def _small_tokenizer(pre: str = "gpt-2", size: int = SIZE) -> Tokenizer:
    """Byte pairs of this project's own source."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizer(pre, "test"), decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=[AddedToken("<|begin|>", special=True), AddedToken("<|im_end|>", special=True)],
        initial_alphabet=list(BYTE_CHARACTERS),
        show_progress=False,
    )
    package = Path(treadle.__file__).parent
    tokenizer.train_from_iterator((p.read_text(encoding="utf-8") for p in sorted(package.glob("*.py"))), trainer)
    return tokenizer


def _small_vocabulary(pre: str = "gpt-2", size: int = SIZE, **roles: Any) -> Vocabulary:
    tokenizer = _small_tokenizer(pre, size)
    tokens = [tokenizer.id_to_token(i) for i in range(tokenizer.get_vocab_size())]
    return Vocabulary(tokenizer, tokens, SpecialTokens(**{"bos": 0, "eos": 1, **roles}), special_ids=[0, 1])


@pytest.fixture(params=FAMILIES)
def model(request: pytest.FixtureRequest) -> Transformer:
    """One of each family, after another."""
    return _random_model(FAMILIES[request.param])


@pytest.fixture(scope="session")
def random_model() -> Callable[[ModelConfig], Transformer]:
    return _random_model


@pytest.fixture(scope="session")
def small_vocabulary() -> Callable[..., Vocabulary]:
    return _small_vocabulary


@pytest.fixture(scope="session")
def families() -> dict[str, ModelConfig]:
    return FAMILIES
