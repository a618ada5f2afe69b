"""A model of a few thousand random weights with a vocabulary of bytes and some pairs, for tests that look inside or load."""

from __future__ import annotations

import functools
from pathlib import Path

import torch
from tokenizers import AddedToken, Tokenizer, decoders, models

from treadle.model.config import ModelConfig
from treadle.model.transformer import Transformer
from treadle.model.weights import LoadedModel
from treadle.tokens.pretokenizers import pre_tokenizer
from treadle.tokens.vocabulary import BYTE_CHARACTERS, SpecialTokens, Vocabulary

__all__ = ["tiny_loaded"]

PADDING = 3
"""Rows of the embedding table that no token has."""


@functools.cache
def tiny_loaded(window: int | None = None) -> LoadedModel:
    """4 layers of 4 heads, 300 positions; the tokens <|begin|> and <|im_end|> are special, ' a' and 'the' are pairs."""
    vocabulary = _vocabulary()
    torch.manual_seed(1)
    config = ModelConfig(
        vocab_size=vocabulary.size + PADDING, d_model=32, n_layers=4, n_heads=4, n_kv_heads=2, d_head=8, d_ff=48,
        max_positions=300, window=window, family="llama" if window is None else "mistral",
    )  # fmt: skip
    transformer = Transformer(config).eval()
    with torch.no_grad():
        for parameter in transformer.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return LoadedModel(transformer=transformer, vocabulary=vocabulary, path=Path("tiny"))


def _vocabulary() -> Vocabulary:
    space = next(c for c, byte in BYTE_CHARACTERS.items() if byte == 0x20)
    spelled = ["<|begin|>", "<|im_end|>", *BYTE_CHARACTERS, f"{space}a", "th", "the"]
    merges = [(space, "a"), ("t", "h"), ("th", "e")]
    tokenizer = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate(spelled)}, merges=merges))
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizer("gpt-2", "test"), decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in spelled[:2]])
    return Vocabulary(tokenizer, spelled, SpecialTokens(bos=0, eos=1), special_ids=[0, 1])
