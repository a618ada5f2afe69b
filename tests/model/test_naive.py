"""The fast transformer against its naive twin, family by family, and laws that the twin shows by itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from treadle.model.config import ModelConfig, RopeScaling
from treadle.model.naive import NaiveTransformer, frequencies, rotate, softmax
from treadle.model.transformer import Transformer, rope_frequencies

SMALL = {
    "vocab_size": 53, "d_model": 20, "n_layers": 2, "n_heads": 6, "n_kv_heads": 2, "d_head": 8, "d_ff": 28,
    "max_positions": 32,
}  # fmt: skip
GPT2 = {
    **SMALL, "n_kv_heads": 6, "norm": "layer", "activation": "gelu", "rope_theta": None, "qkv_bias": True, "out_bias": True,
    "ff_bias": True,
}  # fmt: skip
FAMILIES = {
    "llama": ModelConfig(**SMALL),
    "untied": ModelConfig(**SMALL, tied=False),
    "a key-value head for each head": ModelConfig(**{**SMALL, "n_kv_heads": 6}),
    "one key-value head": ModelConfig(**{**SMALL, "n_kv_heads": 1}),
    "linear": ModelConfig(**SMALL, rope_scaling=RopeScaling(kind="linear", factor=4.0)),
    "llama 3.1": ModelConfig(**SMALL, rope_theta=500.0, rope_scaling=RopeScaling(kind="llama3", factor=8.0, original=16)),
    "qwen2": ModelConfig(**SMALL, qkv_bias=True, norm_eps=1e-6, rope_theta=1e6),
    "qwen3": ModelConfig(**SMALL, qk_norm=True),
    "mistral": ModelConfig(**SMALL, window=3, tied=False),
    "all biases and SwiGLU": ModelConfig(**SMALL, qkv_bias=True, out_bias=True, ff_bias=True),
    "gpt2": ModelConfig(**GPT2),
    "gpt2, untied": ModelConfig(**GPT2, tied=False),
}
TEXT = [3, 14, 15, 9, 26, 5, 35, 8, 9, 7]


class ExactAngles(Transformer):
    """The transformer with angles in double precision. The real one computes them in single precision, as the models were
    trained, so it can be compared to seven digits only where angles come in."""

    def _rotation(self, places: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
        angles = places.double()[:, None] * torch.tensor(frequencies(self.config), dtype=torch.float64)
        cosine, sine = angles.cos()[None, None], angles.sin()[None, None]
        return torch.cat((cosine, cosine), dim=-1).to(dtype), torch.cat((-sine, sine), dim=-1).to(dtype)


def pair(config: ModelConfig, kind: type[Transformer] = Transformer) -> tuple[Transformer, NaiveTransformer]:
    torch.manual_seed(1)
    fast = kind(config).double().eval()
    with torch.no_grad():  # as trained weights: no norm of ones, no bias of zeros, attention that is not flat
        for parameter in fast.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return fast, NaiveTransformer(config, fast.state_dict())


@pytest.mark.parametrize("family", FAMILIES)
@torch.no_grad()
def test_the_fast_one_computes_the_same(family: str) -> None:
    config = FAMILIES[family]
    fast, naive = pair(config, ExactAngles)
    expected = naive.logits(TEXT)
    found = fast(torch.tensor([TEXT]))[0].numpy()
    assert np.abs(expected).max() > 1, "weights that say something"
    assert np.abs(found - expected).max() < 1e-9
    fast, _ = pair(config)
    found = fast(torch.tensor([TEXT]))[0].numpy()
    assert np.abs(found - expected).max() < (1e-9 if config.rope_theta is None else 1e-4)


@pytest.mark.parametrize("family", [name for name, config in FAMILIES.items() if config.rope_theta])
def test_frequencies_are_the_same(family: str) -> None:
    np.testing.assert_allclose(rope_frequencies(FAMILIES[family]).numpy(), frequencies(FAMILIES[family]), rtol=1e-6)


@pytest.mark.parametrize("family", FAMILIES)
@torch.no_grad()
def test_texts_of_a_batch_do_not_meet(family: str) -> None:
    fast, naive = pair(FAMILIES[family], ExactAngles)
    texts = np.random.default_rng(0).integers(0, SMALL["vocab_size"], (4, 6))
    order = [2, 0, 3, 1]
    found = fast(torch.from_numpy(texts[order])).numpy()
    for row, text in zip(found, texts[order], strict=True):
        assert np.abs(row - naive.logits(text.tolist())).max() < 1e-9


@pytest.mark.parametrize("family", FAMILIES)
def test_what_comes_later_changes_nothing(family: str) -> None:
    _, naive = pair(FAMILIES[family])
    whole = naive.logits(TEXT)
    assert np.abs(naive.logits(TEXT[:6]) - whole[:6]).max() < 1e-12
    other = naive.logits([*TEXT[:6], 1, 2, 3, 4])
    assert np.abs(other[:6] - whole[:6]).max() < 1e-12
    assert np.abs(other[6:] - whole[6:]).max() > 1e-3


def test_a_window_of_one_sees_itself_only() -> None:
    _, naive = pair(ModelConfig(**SMALL, window=1))
    whole = naive.logits(TEXT)
    for position, token in enumerate(TEXT):
        assert np.abs(naive.logits([token])[0] - whole[position]).max() < 1e-9, (
            "alone, a position has nothing to be turned by"
        )


@given(st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 1_000))
@settings(max_examples=50, deadline=None)
def test_only_the_distance_matters_to_turned_vectors(one: int, other: int, moved: int) -> None:
    config, generator = FAMILIES["llama"], np.random.default_rng(one)
    q, k = generator.standard_normal((2, SMALL["d_head"]))
    here = rotate(config, q, one) @ rotate(config, k, other)
    there = rotate(config, q, one + moved) @ rotate(config, k, other + moved)
    assert here == pytest.approx(there, abs=1e-9)
    assert np.linalg.norm(rotate(config, q, one)) == pytest.approx(np.linalg.norm(q))


@given(st.lists(st.floats(-1e4, 1e4), min_size=1, max_size=20), st.floats(-1e4, 1e4))
def test_shares_sum_to_one_and_do_not_see_a_constant(scores: list[float], constant: float) -> None:
    shares = softmax(np.array(scores))
    assert shares.sum() == pytest.approx(1)
    assert softmax(np.array(scores) + constant) == pytest.approx(shares, abs=1e-9)
