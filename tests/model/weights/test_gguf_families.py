"""GGUF files that are written here: read again, and computed by llama.cpp, for small random models of every family."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import torch

from treadle.engines.llama import LlamaEngine
from treadle.errors import ModelFileError
from treadle.model.config import ModelConfig, RopeScaling
from treadle.model.transformer import Transformer
from treadle.model.weights import load, save_gguf
from treadle.model.weights.rope import divisors, scaling_from_divisors
from treadle.tokens.vocabulary import Vocabulary

TEXT = "def area(radius):\n    return 3.14 * radius ** 2  # in cm\n"


def test_a_file_that_is_written_is_read_again(
    model: Transformer, small_vocabulary: Callable[..., Vocabulary], tmp_path: Path
) -> None:
    save_gguf(model, small_vocabulary(), tmp_path / "x.gguf", "F32")
    assert [p.name for p in tmp_path.iterdir()] == ["x.gguf"]
    found = load(tmp_path / "x.gguf")
    family = "llama" if model.config.family == "mistral" else model.config.family
    assert found.transformer.config == dataclasses.replace(model.config, family=family)
    for one, other in zip(model.parameters(), found.transformer.parameters(), strict=True):
        assert torch.equal(one, other)
    assert found.vocabulary.tokens == small_vocabulary().tokens
    assert found.vocabulary.roles == small_vocabulary().roles
    assert found.vocabulary.encode(TEXT) == small_vocabulary().encode(TEXT)


@torch.no_grad()
def test_llama_cpp_computes_the_same(
    model: Transformer, small_vocabulary: Callable[..., Vocabulary], tmp_path: Path
) -> None:
    vocabulary = small_vocabulary()
    save_gguf(model, vocabulary, tmp_path / "x.gguf", "F32")
    with closing(LlamaEngine(tmp_path / "x.gguf", threads=1, context_tokens=128, slots=1)) as llama:
        theirs = llama.score(TEXT)
    ids = vocabulary.encode(TEXT)
    assert [t.id for t in theirs] == ids
    scores = model(torch.tensor([[0, *ids]]))[0, :-1].log_softmax(-1)
    ours = scores[range(len(ids)), ids]
    wanted = torch.tensor([t.logprob for t in theirs])
    assert ours.std() > 0.5
    assert (ours - wanted).abs().max() < 0.03  # llama.cpp keeps keys and values in half precision
    assert (ours - wanted).abs().median() < 0.003


@pytest.mark.parametrize(
    ("family", "changed", "told"),
    [
        ("mistral", {"window": 20}, r"no window for the family 'mistral'.* 20 of 128 positions"),
        ("qwen2", {"d_head": 32}, r"heads of qwen2 to be 64 numbers wide in all; these are 4 of 32"),
        ("qwen3", {"rope_scaling": RopeScaling(kind="llama3", factor=8.0)}, r"in files of llama only, not of 'qwen3'"),
        ("llama", {"vocab_size": 300}, r"the vocabulary has 320 tokens and the embedding table 300 rows"),
    ],
)
def test_what_llama_cpp_would_compute_otherwise(
    family: str,
    changed: dict[str, Any],
    told: str,
    random_model: Callable[[ModelConfig], Transformer],
    small_vocabulary: Callable[..., Vocabulary],
    families: dict[str, ModelConfig],
    tmp_path: Path,
) -> None:
    model = random_model(dataclasses.replace(families[family], **changed))
    with pytest.raises(ModelFileError, match=told):
        save_gguf(model, small_vocabulary(), tmp_path / "x.gguf")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("factor", "low", "high", "original"),
    [(8.0, 1.0, 4.0, 8192), (32.0, 1.0, 4.0, 8192), (4.0, 1.0, 3.0, 512), (8.0, 2.0, 6.0, 4096)],
)
def test_the_rule_behind_the_divisors(
    families: dict[str, ModelConfig], factor: float, low: float, high: float, original: int
) -> None:
    rule = RopeScaling(kind="llama3", factor=factor, low=low, high=high, original=original)
    config = dataclasses.replace(families["llama"], d_head=128, rope_theta=500_000.0, rope_scaling=rule)
    found = scaling_from_divisors(divisors(config), config, "x.gguf")
    again = divisors(dataclasses.replace(config, rope_scaling=found))
    assert torch.allclose(again, divisors(config), rtol=1e-4)
    if low == 1.0:
        assert found is not None
        assert (found.original, round(found.high, 3)) == (original, high)


def test_divisors_of_no_known_rule(families: dict[str, ModelConfig]) -> None:
    config = families["llama"]
    odd = torch.linspace(1, 3, config.d_head // 2) ** 2
    with pytest.raises(ModelFileError, match="a rule that is not known here"):
        scaling_from_divisors(odd, config, "x.gguf")
    with pytest.raises(ModelFileError, match="has 7 numbers; heads of 32 need 16"):
        scaling_from_divisors(odd[:7], config, "x.gguf")
    assert scaling_from_divisors(torch.ones(16), config, "x.gguf") is None
