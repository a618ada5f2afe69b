"""The model that is to be trained, and the device that it is trained on."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from treadle.engines.models import CATALOGUE, OnBytes, find_model, names_file, pull, sha256_of
from treadle.engines.shipped import check_adapter, find_adapter, shipped_adapters
from treadle.errors import DataError, UsageError
from treadle.model.config import ModelConfig
from treadle.model.lora import Shape, add_adapter, put_adapter
from treadle.model.precision import choose_device, computes_bf16
from treadle.model.templates import ChatTemplate
from treadle.model.transformer import Transformer
from treadle.model.weights import LoadedModel, load
from treadle.model.weights.adapters import load_adapter
from treadle.settings import Settings
from treadle.tokens.vocabulary import Vocabulary
from treadle.training.packing import Batch
from treadle.training.processes import current
from treadle.training.recipe import LoraPart, ModelPart

__all__ = ["Opened", "batch_flops", "measured_flops", "open_model", "open_vocabulary", "use_threads"]

MOST_THREADS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A model on its device, with what of it is trained. ``sha256``: of the base's file, where it is one."""

    model: Transformer
    vocabulary: Vocabulary
    template: ChatTemplate | None
    parameters: dict[str, nn.Parameter]
    shape: Shape | None
    device: torch.device
    base: str
    sha256: str


def use_threads(wanted: int) -> None:
    """As many threads as the recipe says; 0: as many as the process may use, at most 8, shared with those beside it."""
    usable = max(1, len(os.sched_getaffinity(0)) // current().world)
    torch.set_num_threads(wanted or min(MOST_THREADS, usable))


def open_model(
    part: ModelPart, lora: LoraPart, root: Path, settings: Settings, device: str, seed: int, on_bytes: OnBytes | None = None
) -> Opened:
    """The base with a new adapter, or whole. Paths are from ``root``.

    Raises:
        UsageError: the recipe wants what cannot be trained.
        ModelFileError, UnknownNameError, UnsupportedError: of model and device.
    """
    where = choose_device(device)
    new = part.base == "new"
    if new and lora.rank:
        raise UsageError("a new model has nothing that an adapter could be beside: set lora.rank to 0")
    source = _file(part.vocabulary if new else part.base, root, settings, on_bytes)
    loaded = load(source)
    model = _fresh(part, loaded.vocabulary, seed) if new else loaded.transformer
    model.checkpointing = part.checkpointing
    model.to(where, _dtype(part, lora, where))
    shape: Shape | None = None
    if lora.rank and lora.start:
        begun = load_adapter(_adapter_file(lora.start, root), model.config)
        shape, parameters = begun.shape, put_adapter(model, begun)
    elif lora.rank:
        shape = Shape(rank=lora.rank, alpha=lora.alpha, targets=lora.targets)
        parameters = add_adapter(model, shape, seed=seed)
    else:
        parameters = dict(model.requires_grad_(True).named_parameters())
    sha256 = sha256_of(source) if source.is_file() and not new else ""
    return Opened(
        model=model, vocabulary=loaded.vocabulary, template=_template(loaded), parameters=parameters, shape=shape,
        device=where, base=part.base, sha256=sha256,
    )  # fmt: skip


def open_vocabulary(part: ModelPart, root: Path, settings: Settings) -> Vocabulary:
    """The vocabulary of the model, or the one that a new model is to have."""
    return load(_file(part.vocabulary if part.base == "new" else part.base, root, settings, None)).vocabulary


def _file(name: str, root: Path, settings: Settings, on_bytes: OnBytes | None) -> Path:
    if names_file(name, CATALOGUE, root):
        return root / Path(name).expanduser()
    return pull(find_model(name), settings.cache_dir, on_bytes)


def _adapter_file(name: str, root: Path) -> Path:
    """The file or folder of an adapter; a name without a slash that is no file here is that of one that is shipped."""
    if names_file(name, shipped_adapters(), root):
        return root / Path(name).expanduser()
    return check_adapter(find_adapter(name))


def _fresh(part: ModelPart, vocabulary: Vocabulary, seed: int) -> Transformer:
    shape: dict[str, Any] = {"vocab_size": vocabulary.size, **part.shape}
    torch.manual_seed(seed)
    try:
        return Transformer(ModelConfig(**shape))
    except TypeError as error:
        raise UsageError(f"[model.shape] does not describe a model: {error}; see treadle.model.config") from error


def _dtype(part: ModelPart, lora: LoraPart, device: torch.device) -> torch.dtype:
    """Frozen weights may be in bfloat16; what is trained is not, since small steps would be rounded away."""
    if not lora.rank:
        if part.precision == "bf16":
            raise UsageError("precision bf16 is for adapters: a whole model is trained in fp32")
        return torch.float32
    wanted = "bf16" if part.precision == "auto" and computes_bf16(device) else part.precision
    return torch.bfloat16 if wanted == "bf16" else torch.float32


def _template(loaded: LoadedModel) -> ChatTemplate | None:
    return None if loaded.vocabulary.chat_template is None else ChatTemplate.of(loaded.vocabulary)


# ------------------------------------------------------------------------------------------------ arithmetic


def batch_flops(config: ModelConfig, batch: Batch, *, whole: bool) -> float:
    """Multiplications and additions that forward and backward of a batch need: 2 a weight a token, and twice that again, or
    once where only an adapter is trained. The output layer counts at learnt positions only, an adapter's own not at all."""
    gates = 2 if config.activation == "swiglu" else 1
    attention = config.d_model * config.d_head * (2 * config.n_heads + 2 * config.n_kv_heads)
    weights = config.n_layers * (attention + (gates + 1) * config.d_model * config.d_ff)
    pairs = sum(length * (length + 1) / 2 for length in batch.lengths)
    forward = 2.0 * weights * len(batch.ids) + 4.0 * config.n_layers * config.n_heads * config.d_head * pairs
    forward += 2.0 * config.vocab_size * config.d_model * int(batch.learn.sum())
    return forward * (3 if whole else 2)


def measured_flops(device: torch.device, dtype: torch.dtype, size: int = 1536) -> float:
    """The most operations a second that a product of square matrices reached in three tries: what shares are held against.

    On a busy machine it is less than the machine can do.
    """
    a, b = torch.randn(2, size, size, device=device).to(dtype)
    best = 0.0
    for _ in range(3):
        started = time.perf_counter()
        c = a @ b
        if device.type == "cuda":
            torch.cuda.synchronize()
        best = max(best, 2.0 * size**3 / (time.perf_counter() - started))
    if not bool(c.isfinite().all()):
        raise DataError(f"a product of matrices on {device} gave no numbers")
    return best
