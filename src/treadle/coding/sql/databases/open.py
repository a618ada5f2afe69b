"""From what the user names to a database: an SQLite or DuckDB file, data files as tables, or a PostgreSQL address."""

from __future__ import annotations

import glob
import re
from collections.abc import Sequence
from pathlib import Path

from treadle.coding.sql.base import Database
from treadle.coding.sql.databases.sandboxed import MAX_ROWS
from treadle.data.files import detect_kind, read_start, require_file
from treadle.errors import DataError, UnknownNameError, UsageError
from treadle.sandbox import Sandbox

__all__ = ["PRELOAD", "open_database", "view_name"]

PRELOAD = ("sqlite3", "duckdb")
"""For a sandbox that executes nothing but SQL: its forks are the cheapest."""

_SCHEMES = ("duckdb", "sqlite", "postgresql", "postgres")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):(.*)", re.DOTALL)
_KINDS = "an SQLite or DuckDB file, Parquet, CSV or JSON files, or postgresql://user@host/database"
_KEYWORD_TEXT = """
all analyse analyze and anti any array as asc asof asymmetric at authorization binary both by case cast check collate
collation column concurrently constraint create cross default deferrable desc describe distinct do else end except false
fetch for foreign freeze from full glob group having ilike in initially inner intersect into is isnull join lambda lateral
leading left like limit natural not notnull null offset on only or order outer overlaps pivot pivot_longer pivot_wider
placing positional primary qualify references returning right select semi show similar some summarize symmetric table
tablesample then to trailing true union unique unpack unpivot using variadic verbose when where window with
"""
_KEYWORDS = frozenset(_KEYWORD_TEXT.split())
"""What DuckDB does not read as the name of a table without quotes."""


def open_database(targets: Sequence[str], sandbox: Sandbox, *, max_rows: int = MAX_ROWS) -> Database:
    """Open what ``targets`` name: one database, or one or more data files, each of which becomes a table.

    Files are told apart by their content. A target may be a pattern such as ``data/*.parquet``. ``max_rows`` is how many
    rows of a result come back. PostgreSQL is connected to at once; files are opened with the first statement.

    Raises:
        UsageError: nothing to open, targets that do not go together, or the package for them is not installed.
        UnknownNameError: an address of another kind of database.
        DataError: a file is missing or of another kind; no connection; or a PostgreSQL role that may do more than read.
    """
    named = [_split(target) for target in targets]
    addresses = [target for scheme, target in named if scheme in ("postgresql", "postgres")]
    if addresses:
        if len(named) > 1:
            raise UsageError("a PostgreSQL database cannot be asked together with others; give its address alone.")
        from treadle.coding.sql.databases.postgresql import PostgresDatabase

        return PostgresDatabase(addresses[0], max_rows=max_rows)
    files = list(dict.fromkeys(path for scheme, target in named for path in _files(scheme, target)))
    if not files:
        raise UsageError(f"no database given; name {_KINDS}.")
    return _open_files([(path, _kind(path)) for path in files], sandbox, max_rows)


def _split(target: str) -> tuple[str, str]:
    """Scheme ('' for a plain path) and what it applies to; an address keeps its scheme."""
    found = _SCHEME.fullmatch(target)
    if found is None or Path(target).exists():
        return "", target
    scheme = found[1].lower()
    if scheme not in _SCHEMES:
        raise UnknownNameError("kind of database", scheme, _SCHEMES, f"Give {_KINDS}.")
    if scheme in ("postgresql", "postgres"):
        if not found[2].startswith("//"):
            raise UsageError(f"{scheme}: is followed by //user@host/database.")
        return scheme, target
    if not found[2]:
        raise UsageError(f"{target!r} names no file; write {scheme}:FILE.")
    return scheme, found[2]


def _files(scheme: str, target: str) -> list[Path]:
    path = Path(target)
    if not path.exists() and glob.has_magic(target):
        matched = sorted(glob.glob(target, recursive=True))  # noqa: PTH207 (patterns may be absolute)
        if not matched:
            raise DataError(f"no file matches {target!r}; check the folder and the ending.")
        return [file for match in matched for file in _files(scheme, match)]
    require_file(path)
    if scheme == "sqlite" and _kind(path) != "sqlite":
        raise DataError(f"{target!r} is not an SQLite file (its content is {_kind(path)}); leave 'sqlite:' away.")
    if scheme == "duckdb" and _kind(path) == "sqlite":
        raise DataError(f"{target!r} is an SQLite file, not a DuckDB one; leave 'duckdb:' away.")
    return [path]


def _kind(path: Path) -> str:
    start = read_start(path)
    return "duckdb" if start[8:12] == b"DUCK" else detect_kind(path, start)


def _open_files(files: Sequence[tuple[Path, str]], sandbox: Sandbox, max_rows: int) -> Database:
    kinds = {kind for _, kind in files}
    for path, kind in files:
        if kind == "root":
            raise DataError(
                f"{str(path)!r} is a ROOT file, which SQL does not read; ask by 'treadle ask --data', or write its tree to a"
                " Parquet file."
            )
        if kind in ("sqlite", "duckdb") and len(files) > 1:
            others = "another database" if len(kinds) == 1 else "data files"
            raise UsageError(
                f"the database {str(path)!r} cannot be asked together with {others}; give one database, or data files only."
            )
    if kinds == {"sqlite"}:
        from treadle.coding.sql.databases.sqlite import SqliteDatabase

        return SqliteDatabase(files[0][0], sandbox, max_rows=max_rows)
    from treadle.coding.sql.databases.duckdb import DuckdbDatabase

    if kinds == {"duckdb"}:
        return DuckdbDatabase(sandbox, files[0][0], max_rows=max_rows)
    views: dict[str, Path] = {}
    for path, _ in files:
        views[view_name(path.stem, views)] = path
    return DuckdbDatabase(sandbox, files=views, max_rows=max_rows)


def view_name(stem: str, taken: Sequence[str] | dict[str, Path]) -> str:
    """An identifier that needs no quotes, for a file called ``stem``; numbered where it is ``taken`` (in any case)."""
    name = re.sub(r"\W+", "_", stem).strip("_") or "data"
    if name[0].isdigit():
        name = f"_{name}"
    if name.lower() in _KEYWORDS:
        name = f"{name}_"
    lower = {other.lower() for other in taken}
    numbered, number = name, 2
    while numbered.lower() in lower:
        numbered, number = f"{name}_{number}", number + 1
    return numbered
