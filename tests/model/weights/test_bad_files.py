"""Files that are cut short, damaged, foreign or of a model that the transformer cannot compute."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from treadle.errors import EngineError, ModelFileError
from treadle.model.config import ModelConfig
from treadle.model.transformer import Transformer
from treadle.model.weights import load, save_folder, save_gguf
from treadle.model.weights.huggingface import config_from_json, config_to_json
from treadle.model.weights.safetensors import INDEX, SINGLE, read_folder
from treadle.tokens.vocabulary import Vocabulary


@pytest.fixture
def llama_model(random_model: Callable[[ModelConfig], Transformer], families: dict[str, ModelConfig]) -> Transformer:
    return random_model(families["llama"])


@pytest.fixture
def file(llama_model: Transformer, small_vocabulary: Callable[..., Vocabulary], tmp_path: Path) -> Path:
    save_gguf(llama_model, small_vocabulary(), tmp_path / "x.gguf", "F16")
    return tmp_path / "x.gguf"


@pytest.fixture
def folder(llama_model: Transformer, small_vocabulary: Callable[..., Vocabulary], tmp_path: Path) -> Path:
    save_folder(llama_model, small_vocabulary(), tmp_path / "model")
    return tmp_path / "model"


# ------------------------------------------------------------------------------------------------ GGUF


def rewrite(
    path: Path, values: dict[str, Any] | None = None, tensors: Callable[[str, np.ndarray], np.ndarray | None] | None = None
) -> Path:
    """The file again with other values (None: left out), and with what ``tensors`` makes of each tensor (None: left out)."""
    reader, other = gguf.GGUFReader(path), path.with_name("changed.gguf")
    values = values or {}
    writer = gguf.GGUFWriter(other, values.get("general.architecture", "llama"))
    for key, field in reader.fields.items():
        if key.startswith("GGUF.") or key == "general.architecture" or key in values:
            continue
        kind = field.types[0]
        sub = field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(key, field.contents(), kind, sub)
    for key, value in values.items():
        if key != "general.architecture" and value is not None:
            if isinstance(value, list):
                writer.add_array(key, value)
            elif isinstance(value, str):
                writer.add_string(key, value)
            elif isinstance(value, float):
                writer.add_float32(key, value)
            else:
                writer.add_uint32(key, value)
    for tensor in reader.tensors:
        numbers = np.array(tensor.data)
        changed = numbers if tensors is None else tensors(tensor.name, numbers)
        if changed is not None:
            writer.add_tensor(tensor.name, changed)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return other


def test_the_file_rewritten_without_change(file: Path) -> None:
    assert load(rewrite(file)).transformer.config == load(file).transformer.config


def test_every_length_short_of_the_whole(file: Path, tmp_path: Path) -> None:
    whole, cut = file.read_bytes(), tmp_path / "cut.gguf"
    for length in [0, 3, 4, 100, *range(1000, len(whole) - 32, 20_011), len(whole) - 40]:
        cut.write_bytes(whole[:length])
        with pytest.raises(ModelFileError, match=r"cut\.gguf (is truncated|is not a GGUF file)"):
            load(cut)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"general.architecture": "gemma3"}, r"architecture 'gemma3'; .* knows gpt2, llama, mistral, qwen2, qwen3"),
        ({"llama.block_count": None}, r"lacks the key llama.block_count"),
        ({"llama.block_count": "two"}, r"block_count should be a number, it is 'two'"),
        ({"llama.block_count": 5}, r"lacks blk\.3\.attn_norm\.weight, .* and \d+ more of the \d+ tensors of a llama model"),
        ({"llama.block_count": 2}, r"holds blk\.2\.attn_k\.weight, .* that a llama model of this shape has no place for"),
        ({"llama.feed_forward_length": [96, 96, 64]}, r"feed_forward_length differs from layer to layer"),
        (
            {"llama.feed_forward_length": 64},
            r"'blk\.0\.ffn_gate\.weight' .* has the shape \[96, 64\]; .* ask for \[64, 64\]",
        ),
        ({"llama.attention.head_count_kv": 3}, r"4 heads cannot share 3"),
        ({"llama.expert_count": 8}, r"a mixture of 8 experts"),
        ({"llama.rope.scaling.type": "yarn"}, r"the rule 'yarn'; known here: none, linear, llama3"),
        ({"llama.rope.dimension_count": 16}, r"turns 16 of each head's 32 numbers"),
        ({"llama.attention.value_length": 16}, r"values of width 16 beside keys of width 32"),
        ({"llama.logit_scale": 0.5}, r"has the key llama\.logit_scale"),
        ({"tokenizer.ggml.pre": "poro-chat"}, r"the way 'poro-chat' .*not known here"),
    ],
)
def test_metadata_that_does_not_fit(file: Path, values: dict[str, Any], told: str) -> None:
    with pytest.raises(ModelFileError, match=told):
        load(rewrite(file, values))


def test_layers_that_are_listed_one_by_one_and_equal(file: Path) -> None:
    changed = rewrite(file, {"llama.feed_forward_length": [96] * 3, "llama.attention.head_count_kv": [2] * 3})
    assert load(changed).transformer.config == load(file).transformer.config


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers(file: Path, value: float) -> None:
    def damage(name: str, numbers: np.ndarray) -> np.ndarray:
        if name == "blk.1.ffn_up.weight":
            numbers[7, 3] = value
        return numbers

    with pytest.raises(ModelFileError, match=r"tensor 'blk\.1\.ffn_up\.weight' of .* holds NaN or infinity in float32"):
        load(rewrite(file, tensors=damage))


def test_missing_tensors_are_named(file: Path) -> None:
    lost = {"blk.0.attn_q.weight", "output_norm.weight"}
    changed = rewrite(file, tensors=lambda name, numbers: None if name in lost else numbers)
    with pytest.raises(ModelFileError, match=r"lacks output_norm\.weight, blk\.0\.attn_q\.weight of the 29 tensors"):
        load(changed)


def test_tensors_that_would_not_be_used(file: Path) -> None:
    changed = rewrite(file, tensors=lambda name, n: n)
    reader = gguf.GGUFReader(changed)
    assert reader.tensors
    extra = rewrite(file, {"llama.vocab_size": 320}, lambda name, n: n[:1] if name == "blk.0.ffn_down.weight" else n)
    with pytest.raises(ModelFileError, match=r"'blk\.0\.ffn_down\.weight' .* has the shape \[1, 96\]"):
        load(extra)


def test_too_large_for_half_precision(file: Path) -> None:
    def enlarge(name: str, numbers: np.ndarray) -> np.ndarray:
        return np.full_like(numbers, 1e5) if name == "output_norm.weight" else numbers

    changed = rewrite(file, tensors=enlarge)
    load(changed)
    with pytest.raises(ModelFileError, match=r"output_norm\.weight' .* infinity in float16"):
        load(changed, torch.float16)


def test_an_output_layer_that_is_the_embedding_written_twice(
    random_model: Callable[[ModelConfig], Transformer],
    small_vocabulary: Callable[..., Vocabulary],
    families: dict[str, ModelConfig],
    tmp_path: Path,
) -> None:
    model = random_model(dataclasses.replace(families["gpt2"], tied=False))
    assert model.head is not None
    save_gguf(model, small_vocabulary(), tmp_path / "apart.gguf", "F32")
    assert not load(tmp_path / "apart.gguf").transformer.config.tied
    model.head.weight.data.copy_(model.embedding.weight.data)
    save_gguf(model, small_vocabulary(), tmp_path / "same.gguf", "F32")
    assert load(tmp_path / "same.gguf").transformer.config.tied


# ------------------------------------------------------------------------------------------------ folders


def change(folder: Path, **values: Any) -> None:
    path = folder / "config.json"
    found = {**json.loads(path.read_text()), **values}
    path.write_text(json.dumps({k: v for k, v in found.items() if v is not ...}))


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"model_type": "bert"}, r"architecture 'bert'; .* knows gpt2, llama, mistral, qwen2, qwen3"),
        ({"model_type": ...}, r"architecture ''"),
        ({"hidden_size": ...}, r"config\.json lacks the key 'hidden_size'"),
        ({"hidden_size": "64"}, r"'hidden_size' should be a number, it is '64'"),
        ({"tie_word_embeddings": 1}, r"'tie_word_embeddings' should be true or false, it is 1"),
        ({"hidden_act": "gelu"}, r"the activation 'gelu'; this family is known with silu"),
        ({"rope_parameters": {"rope_type": "yarn", "factor": 2.0}}, r"the rule 'yarn'; known here: default, linear, llama3"),
        ({"rope_parameters": {"rope_type": "llama3", "factor": 2.0}}, r"of type 'llama3' lack 'low_freq_factor'"),
        (
            {"quantization_config": {"bits": 4}},
            r'has \'quantization_config\': \{"bits": 4\}, which the transformer here lacks',
        ),
        ({"partial_rotary_factor": 0.5}, r"'partial_rotary_factor': 0\.5"),
        ({"vocab_size": 999}, r"'model\.embed_tokens\.weight' .* has the shape \[320, 64\]; .* ask for \[999, 64\]"),
        ({"num_hidden_layers": 4}, r"lacks model\.layers\.3\.input_layernorm\.weight"),
        ({"num_hidden_layers": 1}, r"holds model\.layers\.1\..* no place for"),
        ({"tie_word_embeddings": False}, r"lacks lm_head\.weight"),
        ({"hidden_size": 64.5}, r"'hidden_size' should be a whole number, it is 64\.5"),
        ({"hidden_size": float("inf")}, r"'hidden_size' should be a number, it is inf"),
        ({"hidden_size": 10**400}, r"'hidden_size' should be a number"),
        ({"num_attention_heads": 0, "head_dim": None}, r"n_heads of at least 1, got 0"),
        ({"num_hidden_layers": 10**9}, r"1,000,000,000 layers cannot be meant"),
        ({"rms_norm_eps": -1.0}, r"positive norm_eps, got -1\.0"),
        ({"rope_parameters": {"rope_theta": 0}}, r"positive rope_theta, got 0\.0"),
        ({"rope_parameters": {"rope_type": "linear", "factor": "x"}}, r"of type 'linear' hold what is no number"),
        ({"rope_parameters": {"rope_type": "linear", "factor": 0}}, r"stretched by 0\.0; the factor must be a positive"),
        ({"model_type": "mistral", "sliding_window": 0}, r"positive window, got 0"),
        ({"model_type": "qwen3", "use_sliding_window": True, "sliding_window": 8, "layer_types": 5}, r"should be a list"),
        ({"model_type": "qwen2"}, r"lacks model\.layers\.0\.self_attn\.q_proj\.bias"),
        (
            {"model_type": "qwen3", "use_sliding_window": True, "sliding_window": 8, "max_window_layers": 1},
            r"some layers see a window of 8 positions, some see all",
        ),
    ],
)
def test_a_config_that_does_not_fit(folder: Path, values: dict[str, Any], told: str) -> None:
    change(folder, **values)
    with pytest.raises(ModelFileError, match=told):
        load(folder)


@pytest.mark.parametrize("form", ["file", "folder"])
def test_a_model_that_does_not_fit_into_the_memory(
    form: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = request.getfixturevalue(form)
    monkeypatch.setattr("treadle.model.weights.assemble.available_bytes", lambda device: 100_000)
    with pytest.raises(EngineError, match=r"not enough memory for .* numbers take .* as float32, .* at most 25,000 numbers"):
        load(path)


def test_a_file_of_a_folder_under_another_name(folder: Path) -> None:
    other = (folder / SINGLE).rename(folder / "model-00001-of-00001.safetensors")
    with pytest.raises(ModelFileError, match=r"of-00001\.safetensors is one file of a model; give its folder"):
        load(other)


def test_numbers_that_ask_for_all_of_the_memory(folder: Path) -> None:
    change(folder, vocab_size=2**50, intermediate_size=2**50)
    with pytest.raises(ModelFileError, match="has the shape"):
        load(folder)


def test_damaged_safetensors(folder: Path) -> None:
    path = folder / SINGLE
    whole = path.read_bytes()
    for length in (0, 4, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ModelFileError, match=r"cannot read model\.safetensors .*truncated"):
            load(folder)


def test_safetensors_with_other_content(folder: Path) -> None:
    path = folder / SINGLE
    tensors = load_file(path)
    name = "model.layers.0.mlp.up_proj.weight"
    save_file({**tensors, name: torch.zeros(96, 64, dtype=torch.int8)}, path)
    with pytest.raises(ModelFileError, match=rf"{re.escape(name)}' .* holds int8 numbers"):
        load(folder)
    damaged = tensors[name].clone()
    damaged[3, 3] = float("nan")
    save_file({**tensors, name: damaged}, path)
    with pytest.raises(ModelFileError, match=rf"{re.escape(name)}' .* holds NaN"):
        load(folder)
    save_file({**tensors, "model.layers.0.self_attn.q_proj.bias": torch.zeros(128)}, path)
    with pytest.raises(ModelFileError, match=r"q_proj\.bias that a llama model of this shape has no place for"):
        load(folder)


def test_files_that_are_not_there(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"absent is not there; give a \.gguf file, or a folder"):
        load(tmp_path / "absent")
    (folder / SINGLE).rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelFileError, match=r"but pytorch_model\.bin; weights in pickle files are not read"):
        load(folder)
    (folder / INDEX).write_text(json.dumps({"weight_map": {"model.norm.weight": "gone.safetensors"}}))
    with pytest.raises(ModelFileError):
        load(folder)
    (folder / INDEX).write_text(json.dumps({"weight_map": {"model.norm.weight": "../x/gone.safetensors"}}))
    with pytest.raises(ModelFileError, match="outside its folder"):
        read_folder(folder)
    (folder / "config.json").write_text("[1]")
    with pytest.raises(ModelFileError, match="should hold an object"):
        load(folder)
    (folder / "config.json").write_text("{")
    with pytest.raises(ModelFileError, match="is no JSON file"):
        load(folder)


def test_values_nested_beyond_all_bounds(folder: Path) -> None:
    for name in ("tokenizer_config.json", "config.json"):
        (folder / name).write_text('{"a":' + "[" * 100_000)
        with pytest.raises(ModelFileError, match=re.escape(name)):
            load(folder)


def test_more_tokens_than_the_model_has_rows(
    llama_model: Transformer, folder: Path, file: Path, small_vocabulary: Callable[..., Vocabulary]
) -> None:
    (folder / "tokenizer.json").write_text(small_vocabulary(size=330).to_json())
    with pytest.raises(ModelFileError, match="has 330 tokens and an embedding table of 320 rows"):
        load(folder)


def test_nothing_is_overwritten(folder: Path, llama_model: Transformer) -> None:
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    with pytest.raises(ModelFileError, match="exists and is not empty"):
        save_folder(llama_model, None, folder)
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before


def test_models_that_no_class_computes(families: dict[str, ModelConfig]) -> None:
    for name, changed in {"llama": {"window": 9}, "qwen2": {"qk_norm": True}, "mistral": {"qkv_bias": True}}.items():
        config = dataclasses.replace(families[name], **changed)  # type: ignore[arg-type]
        with pytest.raises(ModelFileError, match=rf"no config\.json of the family '{name}' says {next(iter(changed))}="):
            config_to_json(config, "float32")


def test_configs_there_and_back(families: dict[str, ModelConfig]) -> None:
    for config in families.values():
        assert config_from_json(config_to_json(config, "float32"), "x") == config


def test_older_and_newer_words_for_the_same(families: dict[str, ModelConfig]) -> None:
    config = families["llama 3.1"]
    values = config_to_json(config, "float32")
    older = {k: v for k, v in values.items() if k != "rope_parameters"}
    newer = {k: v for k, v in values.items() if k not in ("rope_theta", "rope_scaling")}
    assert config_from_json(older, "x") == config_from_json(newer, "x") == config
