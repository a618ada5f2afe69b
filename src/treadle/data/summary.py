"""``summarise``: what is in a data file, without reading more of it than needed."""

from __future__ import annotations

from pathlib import Path

from treadle.data.csvfile import csv_tables
from treadle.data.files import detect_kind, read_start, require_file, sha256_of
from treadle.data.jsonfile import json_tables
from treadle.data.rootfile import root_tables
from treadle.data.sqlitefile import sqlite_tables
from treadle.data.tablefile import parquet_tables
from treadle.errors import UnknownNameError
from treadle.types import DataSummary, Table

__all__ = ["summarise"]


def _chosen(tables: tuple[Table, ...], tree: str | None) -> tuple[Table, ...]:
    if tree is None:
        return tables
    if tree not in {t.name for t in tables}:
        raise UnknownNameError("tree", tree, [t.name for t in tables])
    return tuple(sorted(tables, key=lambda t: t.name != tree))


def summarise(path: str | Path, tree: str | None = None) -> DataSummary:
    """The tables, columns and types of a ROOT, Parquet, CSV, JSON or SQLite file.

    ``tree`` names the table to put first (a path such as 'dir/tree' in a ROOT file).

    Raises:
        DataError: the file is missing, unreadable, damaged or of no known kind, or a package to read it is missing.
        UnknownNameError: the file has no table ``tree``.
    """
    path = Path(path)
    require_file(path)
    kind = detect_kind(path, read_start(path))
    tables: tuple[Table, ...]
    if kind == "root":
        tables = root_tables(path, tree)
    elif kind == "sqlite":
        tables = sqlite_tables(path, tree)
    elif kind == "parquet":
        tables = _chosen(parquet_tables(path), tree)
    elif kind == "csv":
        tables = _chosen(csv_tables(path), tree)
    else:
        tables = _chosen(json_tables(path), tree)
    return DataSummary(path=str(path), kind=kind, sha256=sha256_of(path), size_bytes=path.stat().st_size, tables=tables)
