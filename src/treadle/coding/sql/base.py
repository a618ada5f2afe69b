"""The Database protocol: where a statement is executed, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol

from treadle.types import DataSummary, Limits, Run

__all__ = ["Database", "Dialect", "Rows", "rows_of"]

Dialect = Literal["sqlite", "duckdb", "postgres"]
"""As sqlglot spells them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The result of a statement: plain values (None, bool, int, float, str, bytes; decimals as numbers, all else as text).

    ``truncated``: the cap on rows or bytes cut it off.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    truncated: bool = False


class Database(Protocol):
    """A database that statements can only read, whatever they say.

    A statement that fails gives a ``Run`` whose ``error`` is the database's own message ('no such column: x'); one that hits
    a limit a ``Run`` with ``limit_hit``; ``rows_of`` reads the rows of one that succeeded.
    """

    @property
    def dialect(self) -> Dialect: ...

    @property
    def summary(self) -> DataSummary:
        """All tables with columns, types, keys, references and a few real values."""
        ...

    @property
    def functions(self) -> frozenset[str]:
        """What can be called by its name alone and may not be the engine's: functions of extensions and of users."""
        ...

    def execute(self, sql: str, limits: Limits | None = None) -> Run:
        """Execute one statement.

        Raises:
            SandboxError, DataError: the sandbox or the database itself failed; nothing is known about the statement.
        """
        ...

    def close(self) -> None:
        """Close connections. Closing twice is allowed."""
        ...


def rows_of(run: Run) -> Rows | None:
    """The rows that ``run`` brought back, or None where it failed."""
    value = run.value
    if not run.ok or not run.value_given or not isinstance(value, dict):
        return None
    return Rows(
        columns=tuple(str(c) for c in value["columns"]),
        rows=tuple(tuple(row) for row in value["rows"]),
        truncated=bool(value["truncated"]),
    )
