"""SQLite files: tables and views with columns, types, keys, numbers of rows and a few real values.

Runs inside the sandbox, on a file that nobody writes to (``treadle.data.stable`` sees to that).
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from treadle.data.literals import quoted, typical
from treadle.data.reading import Unreadable
from treadle.types import Column, Table

__all__ = ["sqlite_tables"]

_SECONDS_A_QUESTION = 0.3
_SECONDS_IN_ALL = 2.0
_SAMPLE_ROWS = 100
_SAMPLE_ROWS_IN_ALL = 10_000
_OPERATIONS_BETWEEN_LOOKS = 10_000
_GENERATED = (2, 3)
_WRITE_AHEAD, _ROLL_BACK = b"\x02\x02", b"\x01\x01"
"""Bytes 18 and 19 of a file: whether changes go into a log first."""


class _Reader:
    """One connection that gives up on a question that takes too long: a view may hold any amount of work."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._end = time.monotonic() + _SECONDS_IN_ALL
        self._deadline = self._end
        db.text_factory = lambda raw: raw.decode("utf-8", "replace")
        for pragma in ("trusted_schema = OFF", "query_only = ON", "mmap_size = 0", "cell_size_check = ON"):
            db.execute(f"PRAGMA {pragma}")
        db.set_progress_handler(lambda: time.monotonic() > self._deadline, _OPERATIONS_BETWEEN_LOOKS)

    def schema(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows about the schema, which take no time to speak of."""
        self._deadline = time.monotonic() + _SECONDS_IN_ALL
        return self._db.execute(sql).fetchall()

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows found in the time that there is, or none."""
        self._deadline = min(self._end, time.monotonic() + _SECONDS_A_QUESTION)
        found: list[tuple[Any, ...]] = []
        if time.monotonic() < self._end:
            try:
                found.extend(self._db.execute(sql, parameters))
            except sqlite3.OperationalError:
                return found
            except (sqlite3.DataError, MemoryError):  # a view may make values of any size
                return []
        return found


def _listed(db: _Reader) -> list[tuple[str, str]]:
    """Names and kinds ('table', 'view', 'virtual') in the order of the schema, without the tables inside virtual ones."""
    names = db.schema(
        "SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
    )
    kinds = {row[1]: row[2] for row in db.schema("PRAGMA table_list") if row[0] == "main"}  # empty before SQLite 3.37
    return [(name, kinds.get(name, kind)) for name, kind in names if kinds.get(name) != "shadow"]


def _sample(db: _Reader, table: str, columns: Sequence[str], rows: int | None, most: int) -> list[tuple[Any, ...]]:
    """The first rows and, of a long table, as many more at even distances of its row numbers."""
    selected = f"SELECT {', '.join(map(quoted, columns))} FROM {quoted(table)}"  # noqa: S608 (quoted names of the schema)
    sample = db.rows(f"{selected} LIMIT {most}")
    if rows is None or rows > most:
        for first, last in db.rows(f"SELECT min(rowid), max(rowid) FROM {quoted(table)}"):  # noqa: S608
            if isinstance(first, int) and isinstance(last, int):
                start = min(first + most, last)
                keys = sorted({start + (last - start) * i // most for i in range(1, most + 1)})
                sample += db.rows(f"{selected} WHERE rowid IN ({', '.join(map(str, keys))})")
    return sample


class _Keys:
    """Primary keys of all tables, which a foreign key without columns means."""

    def __init__(self, db: _Reader) -> None:
        self._db = db
        self._known: dict[str, list[str]] = {}

    def of(self, table: str) -> list[str]:
        if table not in self._known:
            rows = self._db.schema(f"PRAGMA table_info({quoted(table)})")
            self._known[table] = [name for _, name in sorted((row[5], row[1]) for row in rows if row[5])] or ["rowid"]
        return self._known[table]


def _references(db: _Reader, table: str, keys: _Keys) -> dict[str, tuple[str, str, str]]:
    """Column -> (table, column as declared or '', column meant)."""
    found: dict[str, tuple[str, str, str]] = {}
    for _, position, there, column, other, *_ in db.schema(f"PRAGMA foreign_key_list({quoted(table)})"):
        meant = other or keys.of(there)[min(position, len(keys.of(there)) - 1)]
        found.setdefault(column, (there, other or "", meant))
    return found


def _note(key: bool, reference: tuple[str, str, str] | None, generated: bool, shown: Sequence[str]) -> str:
    notes = ["primary key"] if key else []
    notes += ["generated"] if generated else []
    notes += [f"references {reference[0]}({reference[1] or 'its key'})"] if reference else []
    notes += [f"e.g. {', '.join(shown)}"] if shown else []
    return "; ".join(notes)


def _shown(values: Sequence[Any], literals: Sequence[str]) -> Sequence[str]:
    """The literals, but bytes as their number: nobody reads them."""
    sizes = [len(value) for value in values if isinstance(value, bytes)]
    return [f"<{sizes[0]} bytes>"] if sizes else literals


def _table(db: _Reader, name: str, kind: str, keys: _Keys, most: int) -> Table | None:
    """None for a table that cannot be read: a view of what is gone, a module that is not there."""
    try:
        rows = [row for row in db.schema(f"PRAGMA table_xinfo({quoted(name)})") if row[6] != 1]
    except sqlite3.OperationalError:
        return None
    if not rows:
        return None
    counted = db.rows(f"SELECT COUNT(*) FROM {quoted(name)}")  # noqa: S608
    entries = counted[0][0] if counted else None
    sample = list(zip(*_sample(db, name, [row[1] for row in rows], entries, most), strict=True)) or [()] * len(rows)
    references = {} if kind == "view" else _references(db, name, keys)
    columns = []
    for (_, column, type_name, _, _, key, hidden), values in zip(rows, sample, strict=True):
        literals = typical(values)
        reference = references.get(column)
        columns.append(
            Column(
                name=column,
                type=type_name or "any",
                note=_note(bool(key), reference, hidden in _GENERATED, _shown(values, literals)),
                key=bool(key),
                references=f"{reference[0]}.{reference[2]}" if reference else "",
                values=literals,
            )
        )
    return Table(name=name, columns=tuple(columns), entries=entries, note="view" if kind == "view" else "")


def _open(path: Path) -> sqlite3.Connection:
    """As immutable: neither locked nor given files beside it."""
    db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        content = path.read_bytes()
        if content[18:20] != _WRITE_AHEAD:
            raise
        # Where SQLite opens no file itself, it holds it in memory, and there keeps no log.
        db.close()
        db = sqlite3.connect(":memory:")
        db.deserialize(content[:18] + _ROLL_BACK + content[20:])
    return db


def sqlite_tables(path: Path) -> tuple[Table, ...]:
    """The tables and views of an SQLite file.

    Reads for about 2 s at most: a view that takes longer to count has ``entries`` None and no values.

    Raises:
        Unreadable: damaged, or without tables.
    """
    try:
        with closing(_open(path)) as connection:
            db = _Reader(connection)
            keys, listed = _Keys(db), _listed(db)
            most = max(10, min(_SAMPLE_ROWS, _SAMPLE_ROWS_IN_ALL // max(len(listed), 1)))
            tables = [_table(db, name, kind, keys, most) for name, kind in listed]
    except sqlite3.Error as error:
        raise Unreadable(f"cannot be read: {error}. Copy it again, with its -wal file.") from None
    found = tuple(table for table in tables if table is not None)
    if not found:
        raise Unreadable("has no tables; give a file with at least one.")
    return found
