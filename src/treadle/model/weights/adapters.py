"""Adapters in files: a GGUF file that llama.cpp loads beside a model, and a folder that ``peft`` loads.

Both hold A and B for each matrix under the name that it has in such files. In GGUF files of Llama the rows of queries
and keys are kept in the order of interleaved rotary pairs, so B's rows are, too. Files are written beside their place and
renamed when they are whole.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from treadle.errors import ModelFileError
from treadle.model.config import ModelConfig
from treadle.model.lora import TARGETS, Adapter, Shape
from treadle.model.weights.encodings import decode, encoding_of
from treadle.model.weights.names import Form, Part, layout
from treadle.tokens.gguf import read_header

__all__ = ["load_adapter", "save_adapter_folder", "save_adapter_gguf"]

_CONFIG, _TENSORS = "adapter_config.json", "adapter_model.safetensors"
_PARAMETERS = {
    "attention.qkv.weight": ("q", "k", "v"), "attention.out.weight": ("o",),
    "ff.up.weight": ("gate", "up"), "ff.down.weight": ("down",),
}  # fmt: skip
_PEFT = {
    "q": "q_proj", "k": "k_proj", "v": "v_proj", "o": "o_proj", "gate": "gate_proj", "up": "up_proj", "down": "down_proj",
}  # fmt: skip


def load_adapter(path: Path, config: ModelConfig) -> Adapter:
    """The adapter of a GGUF file, or of a folder as ``peft`` writes it, for a model of ``config``.

    Raises:
        ModelFileError: there is none, it is damaged, or it is not one for such a model.
    """
    if path.is_dir():
        return _load_folder(path, config)
    if not path.is_file():
        raise ModelFileError(f"there is no adapter {path}; give a .gguf file, or a folder with {_CONFIG}")
    return _load_gguf(path, config)


# ------------------------------------------------------------------------------------------------ GGUF


def save_adapter_gguf(
    adapter: Adapter,
    config: ModelConfig,
    path: Path,
    *,
    encoding: Literal["F16", "F32"] = "F16",
    about: Mapping[str, str] | None = None,
) -> None:
    """Write one GGUF file; ``about`` goes into its metadata under ``general.``: name, description, license, ...

    Raises:
        ModelFileError: files of such models do not keep its matrices apart.
    """
    from gguf import GGUFWriter

    parts = _parts(config, "gguf")
    architecture = "llama" if config.family == "mistral" else config.family
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.part")
    try:
        writer = GGUFWriter(beside, architecture)
        writer.add_string("general.type", "adapter")
        writer.add_string("adapter.type", "lora")
        writer.add_float32("adapter.lora.alpha", adapter.shape.alpha)
        for key, value in (about or {}).items():
            writer.add_string(f"general.{key}", value)
        numbers = torch.float16 if encoding == "F16" else torch.float32
        for place, (a, b) in adapter.factors.items():
            part = parts[place]
            writer.add_tensor(f"{part.name}.lora_a", a.to(numbers).contiguous().numpy())
            writer.add_tensor(f"{part.name}.lora_b", _turned(b, part.heads, 2).to(numbers).contiguous().numpy())
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _turned(rows: Tensor, heads: int, n_first: int) -> Tensor:
    """Rows of heads from halves to interleaved pairs (``n_first`` 2), or back (-1, with pairs last)."""
    if not heads:
        return rows
    shape = (heads, 2, -1) if n_first == 2 else (heads, -1, 2)
    return rows.reshape(*shape, rows.shape[1]).transpose(1, 2).reshape(rows.shape)


def _load_gguf(path: Path, config: ModelConfig) -> Adapter:
    header = read_header(path)
    told = header.metadata
    if told.get("general.type") != "adapter" or told.get("adapter.type") != "lora":
        raise ModelFileError(f"{path} is no adapter: its general.type is {told.get('general.type')!r}; is it a model?")
    size = path.stat().st_size
    held = torch.from_file(str(path), shared=False, size=size, dtype=torch.uint8)
    found: dict[str, Tensor] = {}
    for name, info in header.tensors.items():
        encoding = encoding_of(info.kind, name)
        end = info.offset + info.n_elements // encoding.block * encoding.n_bytes
        if end > size:
            raise ModelFileError(f"{path} is truncated: tensor {name!r} ends at byte {end:,}, the file at {size:,}")
        found[name] = torch.empty(info.shape)
        decode(held[info.offset : end].clone(), encoding, found[name])
    names = {(place, end): f"{part.name}.lora_{end}" for place, part in _parts(config, "gguf").items() for end in "ab"}
    factors = _paired(found, names, path)
    heads = {place: part.heads for place, part in _parts(config, "gguf").items()}
    turned = {place: (a, _turned(b, heads[place], -1)) for place, (a, b) in factors.items()}
    return Adapter(shape=_shape(turned, told.get("adapter.lora.alpha"), path), factors=turned)


# ------------------------------------------------------------------------------------------------ peft


def save_adapter_folder(adapter: Adapter, config: ModelConfig, folder: Path, base: str = "") -> None:
    """Write ``adapter_config.json`` and ``adapter_model.safetensors`` into the new folder. ``base`` names the model.

    Raises:
        ModelFileError: the folder exists and is not empty, or files of such models do not keep its matrices apart.
    """
    from safetensors.torch import save_file

    if folder.exists() and any(folder.iterdir()):
        raise ModelFileError(f"{folder} exists and is not empty; nothing was written")
    parts, shape = _parts(config, "huggingface"), adapter.shape
    tensors = {
        _peft_name(parts[p], end): f for p, pair in adapter.factors.items() for end, f in zip("AB", pair, strict=True)
    }
    described = {
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": base, "r": shape.rank,
        "lora_alpha": shape.alpha, "target_modules": [_PEFT[t] for t in shape.targets], "lora_dropout": 0.0, "bias": "none",
        "fan_in_fan_out": False, "inference_mode": True, "init_lora_weights": True, "use_rslora": False, "use_dora": False,
    }  # fmt: skip
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        save_file({n: t.contiguous() for n, t in tensors.items()}, beside / _TENSORS, metadata={"format": "pt"})
        (beside / _CONFIG).write_text(json.dumps(described, indent=2) + "\n", encoding="utf-8")
        beside.chmod(0o755)
        beside.replace(folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _load_folder(folder: Path, config: ModelConfig) -> Adapter:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        told = json.loads((folder / _CONFIG).read_text(encoding="utf-8"))
        found = load_file(folder / _TENSORS)
    except (OSError, ValueError, SafetensorError) as error:
        raise ModelFileError(f"cannot read the adapter in {folder}: {error}") from error
    _refuse(told, folder)
    names = {(place, e): _peft_name(p, e.upper()) for place, p in _parts(config, "huggingface").items() for e in "ab"}
    factors = {place: (a.float(), b.float()) for place, (a, b) in _paired(found, names, folder).items()}
    return Adapter(shape=_shape(factors, told.get("lora_alpha"), folder), factors=factors)


def _refuse(told: Any, folder: Path) -> None:
    """What would be computed wrongly without a word."""
    if not isinstance(told, dict) or told.get("peft_type") != "LORA":
        raise ModelFileError(f"{folder} holds no LoRA adapter: its peft_type is not 'LORA'")
    for key in ("use_rslora", "use_dora", "fan_in_fan_out", "rank_pattern", "alpha_pattern", "modules_to_save"):
        if told.get(key):
            raise ModelFileError(f"the adapter in {folder} has {key} set, which is not known here")
    if told.get("bias", "none") != "none":
        raise ModelFileError(f"the adapter in {folder} changes biases, which is not known here")


def _peft_name(part: Part, end: str) -> str:
    return f"base_model.model.{part.name.removesuffix('.weight')}.lora_{end}.weight"


# ------------------------------------------------------------------------------------------------ both


def _parts(config: ModelConfig, form: Form) -> dict[tuple[int, str], Part]:
    """The tensor in files of ``form`` that each target of each layer is."""
    if config.family == "gpt2":
        raise ModelFileError("files of gpt2 keep queries, keys and values together; merge the adapter and save the model")
    found: dict[tuple[int, str], Part] = {}
    for name, parts in layout(config, form).items():
        match = re.fullmatch(r"blocks\.(\d+)\.(.*)", name)
        if match is not None and (targets := _PARAMETERS.get(match[2])) is not None:
            found |= {(int(match[1]), t): part for t, part in zip(targets[-len(parts) :], parts, strict=True)}
    return found


def _paired(
    found: Mapping[str, Tensor], names: Mapping[tuple[tuple[int, str], str], str], path: Path
) -> dict[tuple[int, str], tuple[Tensor, Tensor]]:
    """A and B of each place. Tensors that have no place are an error: without them something else would be computed."""
    if unknown := sorted(set(found) - set(names.values())):
        raise ModelFileError(
            f"the adapter {path} holds {unknown[0]!r}, for which the model has no place ({len(unknown)} such)"
        )
    places = {place for (place, _), name in names.items() if name in found}
    if missing := [n for (place, _), n in names.items() if place in places and n not in found]:
        raise ModelFileError(f"the adapter {path} lacks {missing[0]!r}; the file is incomplete")
    if not places:
        raise ModelFileError(f"the adapter {path} holds nothing")
    return {place: (found[names[place, "a"]], found[names[place, "b"]]) for place in sorted(places, key=_order)}


def _order(place: tuple[int, str]) -> tuple[int, int]:
    return place[0], TARGETS.index(place[1])


def _shape(factors: Mapping[tuple[int, str], tuple[Tensor, Tensor]], alpha: Any, path: Path) -> Shape:
    ranks = set(_ranks(factors))
    if len(ranks) != 1 or not isinstance(alpha, int | float):
        raise ModelFileError(f"the adapter {path} has the ranks {sorted(ranks)} and alpha {alpha!r}; one of each is needed")
    targets = tuple(t for t in TARGETS if any(t == target for _, target in factors))
    return Shape(rank=ranks.pop(), alpha=float(alpha), targets=targets)


def _ranks(factors: Mapping[tuple[int, str], tuple[Tensor, Tensor]]) -> Iterator[int]:
    for a, b in factors.values():
        yield a.shape[0]
        yield b.shape[1]
