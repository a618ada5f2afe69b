"""The model that a command looks into: its file found or fetched, its weights loaded by treadle's own transformer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from treadle.errors import EngineError, UsageError

if TYPE_CHECKING:
    from treadle.model.weights import LoadedModel

__all__ = ["open_model"]


def open_model(engine: str) -> LoadedModel:
    """The model of ``engine``: torch:smollm2, a .gguf file or a model's folder.

    Raises:
        EngineError: torch is not installed.
        UsageError: the engine is one that shows nothing of its inside.
        ModelFileError: the file is absent or broken.
    """
    path = _model_file(engine)
    try:
        from treadle.model.weights import load
    except ImportError as error:
        raise EngineError(f"looking inside needs torch: pip install 'treadle[torch]' ({error})") from error
    return load(path)


def _model_file(engine: str) -> Path:
    """The file of a model: one of the catalogue, fetched on first use, or a path."""
    from treadle import compose

    backend, colon, target = engine.partition(":")
    if not colon or backend not in ("torch", "llama", "openai", "scripted"):
        backend, target = "torch", engine
    if backend != "torch":
        same = f"; for the same model: --engine torch:{target}" if backend == "llama" and target else ""
        raise UsageError(f"engine {engine!r} shows nothing of its inside, only torch does{same}")
    if not target:
        raise UsageError("the engine names no model; write torch:smollm2, or a path to a .gguf file or a model's folder")
    return compose.model_file(target)
