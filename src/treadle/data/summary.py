"""``summarise``: what is in a data file, without reading more of it than needed."""

from __future__ import annotations

from pathlib import Path

from treadle.data.files import Kind, detect_kind, read_start, require_file, sha256_of
from treadle.data.inspect import Runner, inspect
from treadle.data.stable import StableFile
from treadle.errors import UnknownNameError
from treadle.types import DataSummary, Table

__all__ = ["look_at", "summarise"]


def look_at(path: Path) -> Kind:
    """The kind of a data file by its first bytes, from outside.

    Raises:
        DataError: the file is missing, unreadable or of no known kind.
    """
    require_file(path)
    return detect_kind(path, read_start(path))


def summarise(
    path: str | Path, sandbox: Runner, tree: str | None = None, *, stable: StableFile | None = None
) -> DataSummary:
    """The tables, columns and types of a ROOT, Parquet, CSV, JSON or SQLite file, which is opened in ``sandbox``.

    ``tree`` names the table to put first (a path such as 'dir/tree' in a ROOT file). ``stable`` is what keeps an SQLite
    file still while it is read, where one is open already.

    Raises:
        DataError: the file is missing, unreadable, damaged or of no known kind, or a package to read it is missing.
        UnknownNameError: the file has no table ``tree``.
        SandboxError: the sandbox failed, or refused.
    """
    path = Path(path)
    kind = look_at(path)
    tables = _of_sqlite(path, sandbox, stable) if kind == "sqlite" else inspect(path, kind, sandbox)
    return DataSummary(
        path=str(path),
        kind=kind,
        sha256=sha256_of(path),
        size_bytes=path.stat().st_size,
        tables=_ordered(tables, kind, tree),
    )


def _of_sqlite(path: Path, sandbox: Runner, stable: StableFile | None) -> tuple[Table, ...]:
    if stable is not None:
        return stable.read(lambda now: inspect(now, "sqlite", sandbox, shown=path))
    with StableFile(path) as own:
        return own.read(lambda now: inspect(now, "sqlite", sandbox, shown=path))


def _ordered(tables: tuple[Table, ...], kind: Kind, tree: str | None) -> tuple[Table, ...]:
    """The table ``tree`` first; of trees and databases then those with most values."""
    first = None if tree is None else _meant([t.name for t in tables], kind, tree)
    if kind in ("root", "sqlite"):
        return tuple(sorted(tables, key=lambda t: (t.name != first, -(t.entries or 0) * len(t.columns), t.name)))
    return tuple(sorted(tables, key=lambda t: t.name != first)) if first is not None else tables


def _meant(names: list[str], kind: Kind, tree: str) -> str:
    """The table that ``tree`` means. In a ROOT file: a path, with or without cycle, or the last part of just one path."""
    if kind != "root":
        if tree not in names:
            raise UnknownNameError("table" if kind == "sqlite" else "tree", tree, names)
        return tree
    bare = tree.split(";")[0].strip("/")
    if bare in names:
        return bare
    ends = [name for name in names if name.rpartition("/")[2] == bare]
    if len(ends) == 1:
        return ends[0]
    raise UnknownNameError("tree", tree, names)
