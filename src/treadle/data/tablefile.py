"""Parquet and SQLite files: schema, number of rows and, for SQLite, keys and a few real values."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

from treadle.errors import DataError, UnknownNameError
from treadle.types import Column, Table

__all__ = ["parquet_tables", "sqlite_tables"]

_SAMPLE_ROWS = 200
_SAMPLE_VALUES = 3
_VALUE_CHARACTERS = 24

Shape = Literal["flat", "jagged", "nested"]


def _arrow_type(kind: Any) -> tuple[str, Shape]:
    import pyarrow.types as of

    if of.is_list(kind) or of.is_large_list(kind) or of.is_fixed_size_list(kind):
        name, shape = _arrow_type(kind.value_type)
        return name, "jagged" if shape == "flat" else "nested"
    if of.is_struct(kind) or of.is_map(kind) or of.is_union(kind):
        return "record", "nested"
    if of.is_dictionary(kind):
        return _arrow_type(kind.value_type)
    if of.is_string(kind) or of.is_large_string(kind):
        return "str", "flat"
    return str(kind), "flat"


def parquet_tables(path: Path) -> tuple[Table, ...]:
    """The one table of a Parquet file; only its footer is read.

    Raises:
        DataError: damaged, or pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise DataError(f"reading the Parquet file {str(path)!r} needs pyarrow: pip install 'treadle[data]'.") from None
    try:
        with pq.ParquetFile(path) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0][:120]
        raise DataError(
            f"the Parquet file {str(path)!r} cannot be read, it seems truncated or damaged ({reason}). Copy it again."
        ) from None
    columns = []
    for field in schema:
        type_name, shape = _arrow_type(field.type)
        columns.append(Column(name=field.name, type=type_name, shape=shape))
    return (Table(name=path.stem, columns=tuple(columns), entries=rows),)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _shown(value: Any) -> str:
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    text = repr(value)
    return text if len(text) <= _VALUE_CHARACTERS else text[: _VALUE_CHARACTERS - 3] + "..."


def _key_of(db: sqlite3.Connection, table: str) -> str:
    """The primary key's first column, which a foreign key without a column means."""
    keys = [(key, name) for _, name, _, _, _, key in db.execute(f"PRAGMA table_info({_quoted(table)})") if key]
    return str(min(keys)[1]) if keys else "rowid"


def _samples(db: sqlite3.Connection, table: str, column: str) -> tuple[str, ...]:
    """A few different values from the first rows, as literals."""
    rows = db.execute(
        f"SELECT DISTINCT {_quoted(column)} FROM (SELECT {_quoted(column)} FROM {_quoted(table)} LIMIT {_SAMPLE_ROWS})"  # noqa: S608
        f" WHERE {_quoted(column)} IS NOT NULL LIMIT {_SAMPLE_VALUES}"
    ).fetchall()
    return tuple(_shown(value) for (value,) in rows)


def _sqlite_columns(db: sqlite3.Connection, table: str) -> tuple[Column, ...]:
    foreign = {row[3]: (row[2], row[4]) for row in db.execute(f"PRAGMA foreign_key_list({_quoted(table)})")}
    columns = []
    for _, name, kind, _, _, key in db.execute(f"PRAGMA table_info({_quoted(table)})").fetchall():
        there, other = foreign.get(name, ("", ""))
        values = _samples(db, table, name)
        notes = ["primary key"] if key else []
        notes += [f"references {there}({other or 'its key'})"] if there else []
        notes += [f"e.g. {', '.join(values)}"] if values else []
        columns.append(
            Column(
                name=name,
                type=kind or "any",
                note="; ".join(notes),
                key=bool(key),
                references=f"{there}.{other or _key_of(db, there)}" if there else "",
                values=values,
            )
        )
    return tuple(columns)


def _sqlite_read(path: Path) -> list[Table]:
    uri = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True)) as db:
        db.text_factory = lambda raw: raw.decode("utf-8", "replace")
        listed = db.execute(
            "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        ).fetchall()
        tables = []
        for name, kind in listed:
            (rows,) = db.execute(f"SELECT COUNT(*) FROM {_quoted(name)}").fetchone()  # noqa: S608
            note = "view" if kind == "view" else ""
            tables.append(Table(name=name, columns=_sqlite_columns(db, name), entries=rows, note=note))
    return tables


def sqlite_tables(path: Path, table: str | None) -> tuple[Table, ...]:
    """The tables and views of an SQLite file, opened read-only; the requested or else the largest one first.

    Raises:
        DataError: damaged, or without tables.
        UnknownNameError: no table ``table``.
    """
    try:
        tables = _sqlite_read(path)
    except sqlite3.Error as error:
        raise DataError(
            f"the SQLite file {str(path)!r} cannot be read: {error}. Copy it again, with its -wal file."
        ) from None
    if not tables:
        raise DataError(f"the SQLite file {str(path)!r} has no tables; give a file with at least one.")
    if table is not None and table not in {t.name for t in tables}:
        raise UnknownNameError("table", table, [t.name for t in tables])
    return tuple(sorted(tables, key=lambda t: (t.name != table, -(t.entries or 0) * len(t.columns), t.name)))
