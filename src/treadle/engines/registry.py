"""From an engine's name to an engine: ``<backend>:<target>``. Backends are a table name -> lazy constructor."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from treadle.engines.base import Engine
from treadle.engines.models import CATALOGUE, OnBytes, check_model, find_model, model_path, pull
from treadle.errors import EngineError, UnknownNameError, UsageError
from treadle.settings import Settings

__all__ = ["FORMS", "check_engine", "known_backends", "open_engine"]

FORMS = "llama:smollm2, llama:/path/x.gguf, openai:<base-url>#<model>, scripted:/path/thread.json"
"""How engines are named, for help texts and errors."""

Constructor = Callable[[str, Settings, OnBytes | None], Engine]


def _is_path(target: str) -> bool:
    return "/" in target or target.endswith(".gguf")


def _llama(target: str, settings: Settings, on_bytes: OnBytes | None) -> Engine:
    from treadle.engines.llama import LlamaEngine

    if not target:
        raise UsageError("engine 'llama:' names no model; write llama:smollm2 or llama:/path/to/model.gguf")
    if _is_path(target):
        return LlamaEngine(Path(target).expanduser(), name=f"llama:{target}", threads=settings.threads)
    model = find_model(target)
    path = model_path(model, settings.cache_dir)
    if path.exists():
        check_model(model, path)
    else:
        path = pull(model, settings.cache_dir, on_bytes)
    return LlamaEngine(path, name=f"llama:{target}", threads=settings.threads)


def _scripted(target: str, settings: Settings, on_bytes: OnBytes | None) -> Engine:  # noqa: ARG001
    from treadle.engines.scripted import ScriptedEngine

    return ScriptedEngine.from_file(Path(target).expanduser())


def _openai(target: str, settings: Settings, on_bytes: OnBytes | None) -> Engine:  # noqa: ARG001
    from treadle.engines.openai import OpenAIEngine

    return OpenAIEngine(target, api_key=settings.openai_api_key, timeout_seconds=settings.openai_timeout_seconds)


BACKENDS: dict[str, Constructor] = {"llama": _llama, "openai": _openai, "scripted": _scripted}


def known_backends() -> list[str]:
    """Names of our own backends and of those that installed packages offer (entry points ``treadle.engines``)."""
    return sorted({*BACKENDS, *(e.name for e in entry_points(group="treadle.engines"))})


def check_engine(name: str) -> None:
    """Raise what ``open_engine`` would raise for a name that is not known, without opening anything."""
    backend, _, target = name.partition(":")
    if not name.strip():
        raise UsageError(f"the name of the engine is empty; write it as one of {FORMS}, or leave it out")
    _constructor(backend)
    if backend == "llama" and target and not _is_path(target):
        find_model(target)


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
