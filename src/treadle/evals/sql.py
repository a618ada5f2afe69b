"""Questions to databases with reference queries: a task is solved where a query gives the rows of one of them.

The form of a record, as JSON lines or YAML; ``db`` is a database file in the data folder (its ending may be left out) or an
address such as ``postgresql://host/name``:

    {"id": 1, "db": "particles", "question": "How many mesons are there?", "gold": ["SELECT COUNT(*) FROM meson"]}

``rows.py`` says when two results are the same. Reference queries and answers are executed alike, read-only, by the same
database; what comes back is compared outside.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from treadle.coding.ask import Tools
from treadle.coding.choose import Candidate
from treadle.coding.sql.base import Database, Rows, rows_of
from treadle.errors import DataError, UsageError, nearest
from treadle.evals.rows import order_columns, ranks_by, same_rows, with_order_keys
from treadle.evals.taskfile import Record, read_records, unique
from treadle.types import Request

__all__ = ["RowsScorer", "SqlTask", "load_sql"]

ENDINGS = (".sqlite", ".sqlite3", ".db", ".duckdb", ".parquet", ".csv")


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlTask:
    """A question; ``gold``, the reference queries, is the hidden half."""

    id: str
    request: str
    database: str
    gold: tuple[str, ...]
    level: str = ""
    language: Literal["sql"] = "sql"

    @property
    def files(self) -> tuple[Path, ...]:
        return () if "://" in self.database else (Path(self.database),)

    def to_request(self, tools: Tools) -> Request:
        assert tools.database is not None
        return Request(text=self.request, data=tools.database.summary, language="sql")

    def scorer(self, tools: Tools) -> RowsScorer:
        assert tools.database is not None
        return RowsScorer(self.id, self.gold, tools.database)


class RowsScorer:
    """Knows the rows of the reference queries.

    A reference query that does not run, or gives more rows than come back, is passed over as long as another one runs.

    Raises:
        DataError: none of the reference queries can be used.
    """

    def __init__(self, task: str, gold: tuple[str, ...], database: Database) -> None:
        self._database = database
        self._results: list[tuple[Rows, Sequence[Hashable] | None]] = []
        troubles = []
        for sql in gold:
            run = database.execute(sql)
            rows = rows_of(run)
            if rows is None or rows.truncated:
                troubles.append(run.error or run.limit_hit or "it gives too many rows to compare")
            else:
                self._results.append((rows, self._ranks(sql, rows)))
        if not self._results:
            raise DataError(f"task {task}: no reference query can be used; the first one: {troubles[0]}")

    def _ranks(self, sql: str, rows: Rows) -> Sequence[Hashable] | None:
        """What each row is ordered by, from the result itself or from the query with these columns added."""
        dialect, width = self._database.dialect, len(rows.columns)
        columns = order_columns(sql, dialect, width)
        if columns is None or columns:
            return columns if columns is None else ranks_by(rows, columns)
        with_keys = with_order_keys(sql, dialect)
        wider = None if with_keys is None else rows_of(self._database.execute(with_keys))
        if wider is not None and tuple(row[:width] for row in wider.rows) == rows.rows:
            return ranks_by(wider, range(width, len(wider.columns)))
        return range(len(rows.rows))  # ties cannot be told: the order must be the same

    def right(self, candidate: Candidate) -> bool:
        program = candidate.draft.program
        rows = None if program is None else rows_of(self._database.execute(program))
        return rows is not None and any(same_rows(gold, rows, ranks) for gold, ranks in self._results)

    def close(self) -> None:
        """The database is closed by who opened it."""


def load_sql(tasks: Path | None, data: Path | None) -> list[SqlTask]:
    """The tasks of a file, their databases in the folder ``data`` (default: that of the task file).

    Raises:
        UsageError: no task file was given.
        DataError: the file or one of its records is malformed, or a database is missing.
    """
    if tasks is None:
        raise UsageError("treadle eval sql needs its tasks: --tasks FILE --data DIR; docs/evaluation.md shows their form")
    records = read_records(tasks)
    return unique([_task(record, data or tasks.parent) for record in records], lambda task: task.id, records)


def _task(record: Record, folder: Path) -> SqlTask:
    record.check_keys(("id", "db", "question", "gold"), ("level", "category", "note", "tags"))
    return SqlTask(
        id=record.text("id"),
        request=record.text("question"),
        database=_database(record, record.text("db"), folder),
        gold=_gold(record),
        level=record.text("level", record.text("category", "")),
    )


def _gold(record: Record) -> tuple[str, ...]:
    given = record.values["gold"]
    queries = [given] if isinstance(given, str) else given
    if not isinstance(queries, list) or not queries or not all(isinstance(q, str) and q.strip() for q in queries):
        raise record.wrong("gold", "a query or a list of queries", given)
    return tuple(queries)


def _database(record: Record, name: str, folder: Path) -> str:
    if "://" in name:
        return name
    for candidate in (name, *(f"{name}{ending}" for ending in ENDINGS)):
        if (folder / candidate).is_file():
            return str(folder / candidate)
    known = sorted(p.name for p in folder.iterdir() if p.suffix in ENDINGS) if folder.is_dir() else []
    close = nearest(name, [*known, *(Path(k).stem for k in known)])
    advice = f"Did you mean {close[0]!r}?" if close else f"Databases there: {', '.join(known) or 'none'}."
    raise DataError(f"{record.where}: no database {name!r} in {folder}; name its folder with --data. {advice}")
