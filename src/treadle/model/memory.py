"""What decoding needs in memory, what there is, and an error that says what would fit."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import torch

from treadle.errors import EngineError
from treadle.model.config import ModelConfig
from treadle.model.transformer import Transformer

__all__ = ["available_bytes", "drafts_that_fit", "position_bytes", "telling_what_fits"]

_CGROUP = Path("/sys/fs/cgroup")


def position_bytes(config: ModelConfig, dtype: torch.dtype) -> int:
    """Bytes that one position of one text takes in the cache: a key and a value a layer and key-value head."""
    return 2 * config.n_layers * config.n_kv_heads * config.d_head * dtype.itemsize


def draft_bytes(config: ModelConfig, dtype: torch.dtype, new_tokens: int) -> int:
    """Bytes that one more draft takes: its positions, twice while the cache grows, and its logits and what sampling makes
    of them."""
    rounded = -(-new_tokens // 64) * 64
    return 2 * rounded * position_bytes(config, dtype) + 6 * 4 * config.vocab_size


def available_bytes(device: torch.device) -> int | None:
    """Memory that could still be had on ``device``; None where that cannot be told."""
    if device.type == "cuda":
        # What torch keeps for itself and does not use counts as taken for the driver.
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0]) + kept
    if device.type != "cpu":
        return None
    found = [n for n in (_meminfo(), _cgroup_room()) if n is not None]
    return min(found, default=None)


def _meminfo() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return None


def _cgroup_room() -> int | None:
    """What the limit of our control group leaves, if there is one. Cached files count as used there (the model's own file
    among them), and are given up when memory is asked for."""
    try:
        limit = (_CGROUP / "memory.max").read_text(encoding="ascii").strip()
        used = int((_CGROUP / "memory.current").read_text(encoding="ascii"))
        lines = (_CGROUP / "memory.stat").read_text(encoding="ascii").splitlines()
        cached = sum(int(line.split()[1]) for line in lines if line.startswith(("active_file ", "inactive_file ")))
        return None if limit == "max" else max(0, int(limit) - max(0, used - cached))
    except (OSError, ValueError):
        return None


def drafts_that_fit(
    config: ModelConfig, dtype: torch.dtype, n_prompt: int, new_tokens: int, available: int | None, most: int
) -> int:
    """How many drafts of ``new_tokens`` can be decoded at once over a prompt of ``n_prompt``, at most ``most``.

    Asked before, because an operating system that promises more memory than it has kills the process later instead of
    refusing.

    Raises:
        EngineError: not even one fits; says what would.
    """
    if available is None:
        return most
    # The prompt's cache is held twice: as it was read, and as the part that drafts share.
    left = available - 2 * n_prompt * position_bytes(config, dtype)
    fit = min(most, left // draft_bytes(config, dtype, new_tokens))
    if fit < 1:
        each = position_bytes(config, dtype)
        raise EngineError(
            f"not enough memory: a prompt of {n_prompt} tokens and a draft of {new_tokens} need "
            f"{_mb(2 * n_prompt * each + draft_bytes(config, dtype, new_tokens))}, {_mb(available)} are free; each position "
            f"takes {each:,} bytes, so {max(0, available // (2 * each)):,} positions would fit"
        )
    return int(fit)


@contextlib.contextmanager
def telling_what_fits(model: Transformer, n_drafts: int) -> Iterator[None]:
    """Turns torch's 'out of memory' into an ``EngineError`` that says how many drafts would fit."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not _is_out_of_memory(error):
            raise
        weight = model.embedding.weight
        each, free = position_bytes(model.config, weight.dtype), available_bytes(weight.device)
        told = "" if free is None else f" {_mb(free)} are free, room for {free // each:,} positions."
        raise EngineError(
            f"out of memory with {n_drafts} texts at once on {weight.device}: each position of a draft takes {each:,} "
            f"bytes.{told} Ask for fewer drafts, fewer tokens or a shorter prompt"
        ) from error


def _is_out_of_memory(error: BaseException) -> bool:
    words = str(error)
    return (
        isinstance(error, MemoryError | torch.OutOfMemoryError)
        or "can't allocate memory" in words
        or "out of memory" in words.lower()
    )


def _mb(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"
