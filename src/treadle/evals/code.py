"""Which code made a result: a hash that needs no version control."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable
from importlib.resources import files
from pathlib import Path

__all__ = ["code_sha256"]

_ENDINGS = (".py", ".j2", ".toml", ".md", ".sql", ".txt", ".json")


@functools.cache
def code_sha256() -> str:
    """The hash of treadle's own code and templates as installed: the same for the same code, wherever it lies."""
    root = Path(str(files("treadle")))
    digest = hashlib.sha256()
    for path in _sources(root):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _sources(root: Path) -> Iterable[Path]:
    found = (p for p in root.rglob("*") if p.is_file() and p.suffix in _ENDINGS)
    return sorted(p for p in found if "packs" not in p.relative_to(root).parts[:1])  # packs have hashes of their own
