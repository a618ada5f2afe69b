"""From an engine's name to an engine: ``<backend>:<target>``. Backends are a table name -> lazy constructor."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from treadle.engines.base import Engine
from treadle.engines.models import CATALOGUE, OnBytes, find_model, model_file, names_file
from treadle.engines.shipped import check_adapter, find_adapter, shipped_adapters
from treadle.errors import EngineError, UnknownNameError, UsageError
from treadle.settings import Settings

__all__ = ["FORMS", "check_engine", "known_backends", "open_engine", "split_adapters"]

FORMS = (
    "llama:smollm2, llama:/path/x.gguf, llama:smollm2+sql, llama:smollm2+/path/adapter.gguf, "
    "torch:smollm2, torch:/path, openai:<base-url>#<model>, scripted:/path/thread.json"
)
"""How engines are named, for help texts and errors."""

Constructor = Callable[[str, Settings, OnBytes | None], Engine]


def split_adapters(target: str) -> tuple[str, list[tuple[Path, float]]]:
    """The model of ``smollm2+sql+/path/b.gguf@0.5``, and its adapters with their scales.

    A path that exists as it stands is a model, whatever signs are in it. A name without a slash is one of the adapters that
    come with the package.

    Raises:
        UsageError: an adapter has no name, or a scale is no number.
        UnknownNameError, ModelFileError: no such adapter comes with the package, or its file is another.
    """
    if "+" not in target or Path(target).expanduser().exists():
        return target, []
    model, *others = target.split("+")
    return model, [_adapter(text, target) for text in others]


def _adapter(text: str, target: str) -> tuple[Path, float]:
    name, _, scale = text.rpartition("@") if "@" in text else (text, "", "1")
    try:
        times = float(scale)
    except ValueError:
        name, times = (text, 1.0) if "/" in scale else ("", 0.0)
    if not name or not math.isfinite(times):
        raise UsageError(f"{text!r} in {target!r} names no adapter; write model+/path/adapter.gguf, or with @0.5 after it")
    path = Path(name).expanduser() if names_file(name, shipped_adapters()) else check_adapter(find_adapter(name))
    return path, times


def _llama(target: str, settings: Settings, on_bytes: OnBytes | None) -> Engine:
    from treadle.engines.llama import LlamaEngine

    model, adapters = split_adapters(target)
    path = _model_file("llama", model, settings, on_bytes)
    return LlamaEngine(path, name=f"llama:{target}", threads=settings.threads, adapters=adapters, truncate=settings.truncate)


def _torch(target: str, settings: Settings, on_bytes: OnBytes | None) -> Engine:
    # As for llama.cpp: threads that wait for others spin only shortly, which matters where a core is busy elsewhere. Read
    # once, when the library is loaded.
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    try:
        from treadle.engines.torch import TorchEngine
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("treadle"):
            raise
        raise EngineError(f"the torch engine needs {error.name}: pip install 'treadle[torch]'") from error
    model, adapters = split_adapters(target)
    path = _model_file("torch", model, settings, on_bytes)
    return TorchEngine(
        path,
        name=f"torch:{target}",
        threads=settings.threads,
        device=settings.torch_device,
        precision=settings.torch_precision,
        truncate=settings.truncate,
        compiled=settings.torch_compile,
        adapters=adapters,
    )


def _model_file(backend: str, target: str, settings: Settings, on_bytes: OnBytes | None) -> Path:
    """The file that ``target`` means: a path, or a model of the catalogue, which is fetched where it is not here yet."""
    if not target:
        raise UsageError(f"engine '{backend}:' names no model; write {backend}:smollm2 or {backend}:/path/to/model.gguf")
    return model_file(target, settings.cache_dir, on_bytes)


def _scripted(target: str, settings: Settings, on_bytes: OnBytes | None) -> Engine:  # noqa: ARG001
    from treadle.engines.scripted import ScriptedEngine

    return ScriptedEngine.from_file(Path(target).expanduser())


def _openai(target: str, settings: Settings, on_bytes: OnBytes | None) -> Engine:  # noqa: ARG001
    from treadle.engines.openai import OpenAIEngine

    return OpenAIEngine(target, api_key=settings.openai_api_key, timeout_seconds=settings.openai_timeout_seconds)


BACKENDS: dict[str, Constructor] = {"llama": _llama, "openai": _openai, "scripted": _scripted, "torch": _torch}


def known_backends() -> list[str]:
    """Names of our own backends and of those that installed packages offer (entry points ``treadle.engines``)."""
    return sorted({*BACKENDS, *(e.name for e in entry_points(group="treadle.engines"))})


def check_engine(name: str) -> None:
    """Raise what ``open_engine`` would raise for a name that is not known, without opening anything."""
    backend, _, target = name.partition(":")
    if not name.strip():
        raise UsageError(f"the name of the engine is empty; write it as one of {FORMS}, or leave it out")
    _constructor(backend)
    if backend in ("llama", "torch"):
        model, _ = split_adapters(target)
        if model and not names_file(model, CATALOGUE):
            find_model(model)


def open_engine(name: str, settings: Settings, on_bytes: OnBytes | None = None) -> Engine:
    """Open the engine called ``name``; fetches a catalogue model on first use, with ``on_bytes`` told of it.

    Raises:
        UnknownNameError: no such backend or model; lists what exists.
        UsageError, EngineError, ModelFileError: the target is malformed or cannot be opened.
    """
    backend, _, target = name.partition(":")
    return _constructor(backend)()(target, settings, on_bytes)


def _constructor(backend: str) -> Callable[[], Constructor]:
    """Loads the constructor of a backend: one of ours, or one that an installed package offers."""
    if backend in BACKENDS:
        return lambda: BACKENDS[backend]
    for entry in entry_points(group="treadle.engines"):
        if entry.name == backend:
            return partial(_load, entry)
    models = ", ".join(f"llama:{m}" for m in CATALOGUE)
    raise UnknownNameError("engine", backend, known_backends(), f"Write it as one of {FORMS}. Models to be had: {models}.")


def _load(entry: EntryPoint) -> Constructor:
    try:
        constructor: Constructor = entry.load()
    except ImportError as error:
        raise EngineError(f"engine {entry.name!r} of package {entry.dist} cannot be loaded: {error}") from error
    return constructor
