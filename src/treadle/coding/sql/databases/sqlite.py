"""SQLite files: every statement is executed in the sandbox, by SQLite itself held to reading."""

from __future__ import annotations

import tempfile
from functools import cached_property
from pathlib import Path

from treadle.coding.sql.base import Dialect
from treadle.coding.sql.databases.sandboxed import MAX_ROWS, linked, run_statement
from treadle.data import summarise
from treadle.data.files import require_file
from treadle.data.stable import StableFile
from treadle.sandbox import Sandbox
from treadle.types import DataSummary, Limits, Run

__all__ = ["SqliteDatabase"]

_NAME = "database.sqlite"
"""Of the file inside: whatever it is called outside reaches no program."""


class SqliteDatabase:
    """An SQLite file. Other programs may write to it: each statement sees one committed state. Threads may share it.

    ``max_rows`` is how many rows of a result come back. Raises DataError where the file is missing or unreadable.
    """

    def __init__(self, path: Path, sandbox: Sandbox, *, max_rows: int = MAX_ROWS) -> None:
        require_file(path)
        self._path, self._sandbox, self._max_rows = path, sandbox, max_rows
        self._stable = StableFile(path)
        self._links = tempfile.TemporaryDirectory(prefix="treadle-sql-", ignore_cleanup_errors=True)

    @property
    def dialect(self) -> Dialect:
        return "sqlite"

    @property
    def functions(self) -> frozenset[str]:
        return frozenset()

    @cached_property
    def summary(self) -> DataSummary:
        """Tables, views, keys and a few values, read once. Raises DataError where the file is damaged or has no tables."""
        return summarise(self._path, self._sandbox, stable=self._stable)

    def execute(self, sql: str, limits: Limits | None = None) -> Run:
        """Execute one SELECT; see ``Database.execute``. Raises DataError where the file is gone or cannot be read."""
        require_file(self._path)
        return self._stable.read(lambda path: self._execute(path, sql, limits or Limits()))

    def close(self) -> None:
        self._stable.close()
        self._links.cleanup()

    def _execute(self, path: Path, sql: str, limits: Limits) -> Run:
        link = linked(Path(self._links.name), _NAME, path)
        return run_statement(self._sandbox, "harness_sqlite.py", sql, [link], limits, self._max_rows, {"name": _NAME})
