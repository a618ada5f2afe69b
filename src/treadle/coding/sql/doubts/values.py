"""The values of columns, asked of the database once each, for doubts about texts that a column does not have."""

from __future__ import annotations

from collections.abc import Collection

from treadle.coding.sql.base import Database, rows_of
from treadle.data.literals import quoted
from treadle.types import Limits

__all__ = ["KnownValues"]

_LIMITS = Limits(cpu_seconds=2.0, wall_seconds=4.0)
_MOST_ROWS = 5_000_000
"""Tables beyond this are not read for it."""


class KnownValues:
    """``(table, column) -> its distinct values``, or None where there are more than ``most`` or asking took too long.

    Each column costs one statement, at its first use.
    """

    def __init__(self, database: Database, most: int = 200) -> None:
        self._database, self._most = database, most
        self._entries = {(t.name, c.name): t.entries or 0 for t in database.summary.tables for c in t.columns}
        self._known: dict[tuple[str, str], Collection[object] | None] = {}

    def __call__(self, table: str, column: str) -> Collection[object] | None:
        if (table, column) not in self._known:
            self._known[table, column] = self._asked(table, column)
        return self._known[table, column]

    def _asked(self, table: str, column: str) -> Collection[object] | None:
        if self._entries.get((table, column), _MOST_ROWS + 1) > _MOST_ROWS:
            return None
        place = (
            ".".join(quoted(part) for part in table.split(".")) if self._database.dialect == "postgres" else quoted(table)
        )
        statement = f"SELECT DISTINCT {quoted(column)} FROM {place} LIMIT {self._most + 1}"  # noqa: S608 - names are quoted
        rows = rows_of(self._database.execute(statement, _LIMITS))
        if rows is None or rows.truncated or len(rows.rows) > self._most:
            return None
        return frozenset(row[0] for row in rows.rows)
