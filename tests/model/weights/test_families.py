"""Folders of every family against the classes of ``transformers`` that define them, on small random models, in fp32."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from treadle.model.weights import save_folder
from treadle.model.weights.safetensors import read_folder

SMALL: dict[str, Any] = {
    "vocab_size": 120, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 96, "pad_token_id": None, "bos_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
LLAMA3 = {
    "rope_type": "llama3", "rope_theta": 500.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 24,
}  # fmt: skip
GPT2 = {"vocab_size": 120, "n_embd": 32, "n_layer": 3, "n_head": 4, "n_positions": 96, "bos_token_id": 1, "eos_token_id": 2}
CASES: dict[str, Any] = {
    "llama": transformers.LlamaConfig(**SMALL),
    "llama tied": transformers.LlamaConfig(**SMALL, tie_word_embeddings=True),
    "llama with biases": transformers.LlamaConfig(**SMALL, attention_bias=True, mlp_bias=True),
    "llama, wide heads": transformers.LlamaConfig(**SMALL, head_dim=16),
    "llama 3.1": transformers.LlamaConfig(**SMALL, rope_parameters=LLAMA3),
    "llama, linear": transformers.LlamaConfig(
        **SMALL, rope_parameters={"rope_type": "linear", "rope_theta": 1e4, "factor": 4.0}
    ),
    "mistral": transformers.MistralConfig(**SMALL, sliding_window=None),
    "mistral with a window": transformers.MistralConfig(**SMALL, sliding_window=7),
    "qwen2": transformers.Qwen2Config(**SMALL),
    "qwen2 with a window": transformers.Qwen2Config(
        **SMALL, use_sliding_window=True, sliding_window=5, max_window_layers=0
    ),
    "qwen3": transformers.Qwen3Config(**SMALL, head_dim=16, tie_word_embeddings=True),
    "qwen3 with biases": transformers.Qwen3Config(**SMALL, head_dim=8, attention_bias=True),
    "gpt2": transformers.GPT2Config(**GPT2),
    "gpt2 untied": transformers.GPT2Config(**GPT2, n_inner=40, tie_word_embeddings=False),
}  # fmt: skip


@pytest.fixture(params=CASES, scope="module")
def theirs(request: pytest.FixtureRequest) -> Any:
    torch.manual_seed(5)
    model = transformers.AutoModelForCausalLM.from_config(CASES[request.param], attn_implementation="eager").eval()
    with torch.no_grad():  # as trained: no bias of zeros, no norm of ones
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return model


def text(n: int = 40) -> torch.Tensor:
    return torch.randint(0, 120, (2, n), generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def test_it_computes_what_transformers_computes(theirs: Any, tmp_path: Path) -> None:
    theirs.save_pretrained(tmp_path)
    ours = read_folder(tmp_path)
    assert ours.config.n_parameters == sum(p.numel() for p in theirs.parameters())
    found, wanted = ours(text()), theirs(text()).logits
    assert wanted.std() > 0.1
    assert (found - wanted).abs().max() < 1e-4


@torch.no_grad()
def test_what_is_saved_is_what_transformers_loads(theirs: Any, tmp_path: Path) -> None:
    theirs.save_pretrained(tmp_path / "in")
    ours = read_folder(tmp_path / "in")
    save_folder(ours, None, tmp_path / "out")
    again = transformers.AutoModelForCausalLM.from_pretrained(tmp_path / "out", attn_implementation="eager")
    assert type(again) is type(theirs)
    assert torch.equal(again(text()).logits, theirs(text()).logits)
    back = read_folder(tmp_path / "out")
    assert back.config == ours.config
    assert_same(back, ours)


def assert_same(one: torch.nn.Module, other: torch.nn.Module) -> None:
    first, second = one.state_dict(), other.state_dict()
    assert first.keys() == second.keys()
    assert [name for name in first if not torch.equal(first[name], second[name])] == []


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_several_files_with_an_index(family: str, tmp_path: Path) -> None:
    torch.manual_seed(2)
    theirs = transformers.AutoModelForCausalLM.from_config(CASES[family])
    theirs.save_pretrained(tmp_path / "one")
    theirs.save_pretrained(tmp_path / "many", max_shard_size="40KB")
    assert len(list((tmp_path / "many").glob("*.safetensors"))) > 2
    assert_same(read_folder(tmp_path / "many"), read_folder(tmp_path / "one"))


@pytest.mark.parametrize(("family", "prefix"), [("llama tied", "model."), ("gpt2", "transformer.")])
def test_files_that_leave_out_the_first_word_of_names(family: str, prefix: str, tmp_path: Path) -> None:
    theirs = transformers.AutoModelForCausalLM.from_config(CASES[family])
    theirs.save_pretrained(tmp_path)
    whole = read_folder(tmp_path)
    path = tmp_path / "model.safetensors"
    tensors = load_file(path)
    save_file({name.removeprefix(prefix): t.clone() for name, t in tensors.items()}, path)
    assert_same(read_folder(tmp_path), whole)


@pytest.mark.parametrize(
    ("dtype", "nearness"), [(torch.bfloat16, 0.01), (torch.float16, 0.001), (torch.float64, 1e-7)], ids=str
)
def test_weights_come_in_the_dtype_that_is_asked_for(dtype: torch.dtype, nearness: float, tmp_path: Path) -> None:
    theirs = transformers.AutoModelForCausalLM.from_config(CASES["llama"])
    theirs.save_pretrained(tmp_path)
    model, wanted = read_folder(tmp_path, dtype), read_folder(tmp_path)
    assert {p.dtype for p in model.parameters()} == {dtype}
    for one, other in zip(model.parameters(), wanted.parameters(), strict=True):
        assert torch.allclose(one.float(), other, rtol=nearness, atol=1e-6)
