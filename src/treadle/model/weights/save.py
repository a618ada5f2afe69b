"""A model written for others: a folder that ``transformers`` loads, and a GGUF file that llama.cpp loads.

Both are written beside their place and renamed when they are whole, so what is there under its name can be loaded.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from treadle.errors import ModelFileError
from treadle.model.config import ModelConfig
from treadle.model.transformer import Transformer
from treadle.model.weights.encodings import Encoding, encode, encoding_named
from treadle.model.weights.huggingface import config_to_json
from treadle.model.weights.names import Part, layout
from treadle.model.weights.rope import divisors
from treadle.model.weights.safetensors import SINGLE, tensors_of
from treadle.tokens.to_files import gguf_metadata, write_tokenizer_files
from treadle.tokens.vocabulary import Vocabulary

__all__ = ["save_folder", "save_gguf"]


def save_folder(model: Transformer, vocabulary: Vocabulary | None, folder: Path, dtype: torch.dtype | None = None) -> None:
    """Write ``config.json``, ``model.safetensors`` and the tokenizer's files into the new folder.

    Weights keep their dtype unless one is given. Without a vocabulary the tokenizer's files are left out.

    Raises:
        ModelFileError: the folder exists and is not empty, or no class of ``transformers`` computes what the model does.
    """
    from safetensors.torch import save_file

    if folder.exists() and any(folder.iterdir()):
        raise ModelFileError(f"{folder} exists and is not empty; nothing was written")
    config = model.config
    dtype = dtype or model.embedding.weight.dtype
    described = config_to_json(config, str(dtype).removeprefix("torch."))
    if vocabulary is not None:
        described |= {"bos_token_id": vocabulary.roles.bos, "eos_token_id": vocabulary.roles.eos}
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        tensors = {name: tensor.to(dtype) for name, tensor in tensors_of(model, config).items()}
        save_file(tensors, beside / SINGLE, metadata={"format": "pt"})
        (beside / "config.json").write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")
        if vocabulary is not None:
            write_tokenizer_files(vocabulary, beside, config.max_positions)
        beside.chmod(0o755)
        beside.replace(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def save_gguf(
    model: Transformer, vocabulary: Vocabulary, path: Path, encoding: str = "F16", name: str | None = None
) -> None:
    """Write one GGUF file. ``encoding`` is that of the matrices: F32, F16, BF16, Q8_0, Q4_0 or Q4_1.

    Norms and biases stay F32. As llama.cpp's own conversions do, a 4-bit file keeps the embedding table and the output layer
    in Q8_0, and matrices whose rows are no whole blocks in F16.

    Raises:
        ModelFileError: the encoding is not known, or llama.cpp would compute something else than the model does.
    """
    config, wanted = model.config, encoding_named(encoding)
    _refuse(config)
    metadata = {**_metadata(config, name or path.stem, wanted), **gguf_metadata(vocabulary, config.vocab_size)}
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.part")
    try:
        _write(beside, metadata, list(_tensors(model, wanted)), config)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


# ------------------------------------------------------------------------------------------------ GGUF


def _refuse(config: ModelConfig) -> None:
    if config.window is not None and config.window < config.max_positions:
        raise ModelFileError(
            f"llama.cpp computes no window for the family {config.family!r}, and this model sees {config.window} of "
            f"{config.max_positions} positions. Save it as a folder, or with max_positions={config.window}, where both agree"
        )
    if config.family in ("qwen2", "gpt2") and config.n_heads * config.d_head != config.d_model:
        raise ModelFileError(
            f"llama.cpp wants heads of {config.family} to be {config.d_model} numbers wide in all; these are "
            f"{config.n_heads} of {config.d_head}. Save the model as a folder, or train it as llama or qwen3"
        )
    if config.rope_scaling is not None and config.rope_scaling.kind == "llama3" and _architecture(config) != "llama":
        raise ModelFileError(
            f"llama.cpp reads Llama 3.1's rotary positions in files of llama only, not of {config.family!r}"
        )


def _architecture(config: ModelConfig) -> str:
    return "llama" if config.family == "mistral" else config.family


def _metadata(config: ModelConfig, name: str, encoding: Encoding) -> dict[str, Any]:
    own: dict[str, Any] = {
        "vocab_size": config.vocab_size,
        "context_length": config.max_positions,
        "embedding_length": config.d_model,
        "block_count": config.n_layers,
        "feed_forward_length": config.d_ff,
        "attention.head_count": config.n_heads,
        "attention.head_count_kv": config.n_kv_heads,
        "attention.key_length": config.d_head,
        "attention.value_length": config.d_head,
        "attention.layer_norm_epsilon" if config.norm == "layer" else "attention.layer_norm_rms_epsilon": config.norm_eps,
    }
    if config.rope_theta is not None:
        own |= {"rope.dimension_count": config.d_head, "rope.freq_base": config.rope_theta}
    if config.rope_scaling is not None and config.rope_scaling.kind == "linear":
        own |= {"rope.scaling.type": "linear", "rope.scaling.factor": config.rope_scaling.factor}
    architecture = _architecture(config)
    return {
        "general.architecture": architecture,
        "general.type": "model",
        "general.name": name,
        "general.file_type": _FILE_TYPE[encoding.name],
        "general.quantization_version": 2,
        **{f"{architecture}.{key}": value for key, value in own.items()},
    }


_FILE_TYPE = {"F32": 0, "F16": 1, "Q4_0": 2, "Q4_1": 3, "Q8_0": 7, "BF16": 32}
"""llama.cpp's number of what most tensors are stored as."""


def _tensors(model: Transformer, wanted: Encoding) -> Iterator[tuple[str, Tensor, Encoding]]:
    """Name, bytes and encoding of each tensor."""
    state, config = model.state_dict(), model.config
    for name, parts in layout(config, "gguf").items():
        rows = state[name].split([part.shape[0] for part in parts])
        for part, piece in zip(parts, rows, strict=True):
            chosen = _chosen(part, wanted)
            yield part.name, encode(_interleaved(piece, part), chosen), chosen
    if config.rope_scaling is not None and config.rope_scaling.kind == "llama3":
        plain = encoding_named("F32")
        yield "rope_freqs.weight", encode(divisors(config), plain), plain


def _chosen(part: Part, wanted: Encoding) -> Encoding:
    if len(part.shape) == 1 or part.name.startswith("position_embd"):
        return encoding_named("F32")
    if part.shape[1] % wanted.block:
        return encoding_named("F16")
    outer = part.name in ("token_embd.weight", "output.weight")
    return encoding_named("Q8_0") if outer and wanted.name.startswith("Q4") else wanted


def _interleaved(rows: Tensor, part: Part) -> Tensor:
    """The order of rows in which GGUF keeps rotary pairs; see ``Part.heads``."""
    if not part.heads:
        return rows
    return rows.view(part.heads, 2, -1, *rows.shape[1:]).transpose(1, 2).reshape(rows.shape)


def _write(path: Path, metadata: dict[str, Any], tensors: list[tuple[str, Tensor, Encoding]], config: ModelConfig) -> None:
    from gguf import GGMLQuantizationType, GGUFWriter

    writer = GGUFWriter(path, _architecture(config))
    for key, value in metadata.items():
        if key != "general.architecture":
            _add(writer, key, value)
    for name, raw, encoding in tensors:
        kind = GGMLQuantizationType(encoding.kind)
        if encoding.name in _BY_NUMPY:
            writer.add_tensor(name, raw.view(_BY_NUMPY[encoding.name]).numpy(), raw_dtype=kind)
        else:
            writer.add_tensor(name, raw.numpy(), raw_dtype=kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


_BY_NUMPY = {"F32": torch.float32, "F16": torch.float16}


def _add(writer: Any, key: str, value: Any) -> None:
    """One key with the type that llama.cpp expects of it: whole numbers unsigned, others in single precision."""
    if isinstance(value, bool):
        writer.add_bool(key, value)
    elif isinstance(value, int):
        writer.add_uint32(key, value)
    elif isinstance(value, float):
        writer.add_float32(key, value)
    elif isinstance(value, str):
        writer.add_string(key, value)
    else:
        writer.add_array(key, value)
