"""Adapters that come with the package: which model each is for, for which job, and the card that says what it was made of.

Each is a file ``adapters/NAME.gguf`` with its card ``NAME.json`` beside it. An engine takes one by name,
``llama:smollm2+sql``; the commands whose job one is for add it to the model by themselves.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from treadle.engines.models import CATALOGUE, sha256_of
from treadle.errors import ModelFileError, UnknownNameError

__all__ = ["MOST_BYTES", "ShippedAdapter", "check_adapter", "find_adapter", "shipped_adapters", "with_adapter"]

FOLDER = Path(__file__).resolve().parent / "adapters"
MOST_BYTES = 15_000_000
"""Of one adapter file, so that the package stays small enough for a registry."""
_BACKENDS = ("llama", "torch")


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippedAdapter:
    """``model`` is the catalogue's name of what it was trained on; ``job`` names the work it is for, or is empty."""

    name: str
    model: str
    job: str
    path: Path
    card: Mapping[str, Any]


@cache
def shipped_adapters(folder: Path = FOLDER) -> Mapping[str, ShippedAdapter]:
    """What is shipped, by name."""
    models = {model.sha256: model.name for model in CATALOGUE.values()}
    found = {}
    for card_path in sorted(folder.glob("*.json")):
        card = json.loads(card_path.read_text(encoding="utf-8"))
        name, path = card_path.stem, card_path.with_suffix(".gguf")
        found[name] = ShippedAdapter(
            name=name, model=models.get(card["base_sha256"], ""), job=card.get("job", ""), path=path, card=card
        )
    return found


def find_adapter(name: str) -> ShippedAdapter:
    """The adapter of that name, or ``UnknownNameError`` listing what there is."""
    known = shipped_adapters()
    if name not in known:
        raise UnknownNameError("adapter", name, known, "A path to a .gguf file can be given instead.")
    return known[name]


def check_adapter(adapter: ShippedAdapter) -> Path:
    """The adapter's file, which is the one that its card describes.

    Raises:
        ModelFileError: it is missing, or another.
    """
    if not adapter.path.is_file():
        raise ModelFileError(f"the adapter {adapter.name!r} is not at {adapter.path}: the installation is incomplete")
    state = adapter.path.stat()
    if _digest(adapter.path, state.st_size, state.st_mtime_ns) != adapter.card["sha256"]:
        raise ModelFileError(f"{adapter.path} is not the adapter that was shipped; install treadle again")
    return adapter.path


@cache
def _digest(path: Path, size: int, changed: int) -> str:  # noqa: ARG001
    """SHA-256 of a file as it is: a name is checked before the engine that it names is opened, and ten megabytes once."""
    return sha256_of(path)


def with_adapter(engine: str, job: str) -> str:
    """The engine's name with the adapter for ``job``, where one is shipped for its model and the name chooses none."""
    backend, _, target = engine.partition(":")
    if backend not in _BACKENDS:
        return engine
    names = (a.name for a in shipped_adapters().values() if job and a.job == job and a.model == target)
    name = next(names, None)
    return engine if name is None else f"{engine}+{name}"
