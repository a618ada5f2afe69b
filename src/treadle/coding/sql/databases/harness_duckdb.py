"""Executes one SELECT statement by DuckDB, or describes the tables there. Runs inside the sandbox.

DuckDB's own parser says what kind of statement it is; the file is opened read-only, no other file can be opened, nothing can
be installed or loaded, and the configuration is locked before the statement is executed.
"""

import decimal
import os
import threading
import time
from collections.abc import Callable
from typing import Any

import duckdb

__all__ = ["describe", "execute"]

_LOOK_SECONDS = 0.02
_PLAIN = (bool, int, float, str, bytes)
_DESCRIBE_SECONDS = 3.0
_COUNT_SECONDS = 0.5
_MAX_CELL_CHARACTERS = 40
_MANY_TABLES = 50
_NUMBERS = (
    "INT",
    "DECIMAL",
    "DOUBLE",
    "FLOAT",
    "BOOL",
    "UINT",
    "HUGEINT",
    "UHUGEINT",
    "BIGINT",
    "TINYINT",
    "SMALLINT",
    "UBIG",
)
_TEXTS = ("VARCHAR", "ENUM", "DATE", "TIME", "UUID")


class _Watch:
    """Interrupts the connection when its time is up: the one thread of our own beside DuckDB's."""

    def __init__(self, db: Any, cpu_seconds: float, wall_seconds: float) -> None:
        self.limit = ""
        self._db, self._cpu_seconds, self._end = db, cpu_seconds, time.monotonic() + wall_seconds
        threading.Thread(target=self._look, daemon=True).start()

    def give(self, seconds: float) -> None:
        """From now on, this much time."""
        self.limit, self._end = "", time.monotonic() + seconds

    def _look(self) -> None:
        while True:
            if time.process_time() > self._cpu_seconds:
                self.limit = "cpu"
            elif time.monotonic() > self._end:
                self.limit = "wall"
            if self.limit:
                self._db.interrupt()
            time.sleep(_LOOK_SECONDS)


def _quoted(name: str, mark: str = '"') -> str:
    return mark + name.replace(mark, mark * 2) + mark


def _open(file: str, name: str, views: list[tuple[str, str, str]], heap_bytes: int, threads: int) -> Any:
    """A DuckDB ``file`` under its ``name``, or ``views``: (name, function that reads it, file)."""
    # Without these DuckDB looks for its share of the machine in files that may not be read here, and fails.
    os.environ["SLURM_CPUS_ON_NODE"] = str(threads)
    os.environ["SLURM_MEM_PER_NODE"] = str(heap_bytes >> 20)
    settings: dict[str, Any] = {
        "threads": threads,
        "memory_limit": f"{heap_bytes >> 20}MiB",
        "temp_directory": "",
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "allow_persistent_secrets": False,
        "python_enable_replacements": False,  # no variable of this program is a table
    }
    db = duckdb.connect(":memory:", config=settings)
    if file:
        db.execute(f"ATTACH {_quoted(file, chr(39))} AS {_quoted(name)} (READ_ONLY)")
        db.execute(f"USE {_quoted(name)}")
    for view, reader, data in views:
        db.execute(f"CREATE VIEW {_quoted(view)} AS SELECT * FROM {reader}({_quoted(data, chr(39))})")  # noqa: S608
    files = ", ".join(_quoted(data, "'") for _, _, data in views)
    db.execute("SET TimeZone = 'UTC'")
    db.execute(f"SET allowed_paths = [{files}]")
    db.execute("SET enable_external_access = false")
    db.execute("SET lock_configuration = true")
    return db


def _plain(value: Any) -> Any:
    if value is None or type(value) in _PLAIN:
        return value
    if isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() and value.as_tuple().exponent == 0 else float(value)
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    return str(value)


def _message(error: Exception) -> str:
    """DuckDB's words on one line, without the statement that it repeats."""
    return " ".join(str(error).split("\n\nLINE ")[0].split())


def _refusal(statements: list[Any]) -> str | None:
    if len(statements) != 1:
        return (
            "the statement is empty; write one SELECT" if not statements else "only one statement can be executed at a time"
        )
    kind = str(statements[0].type).rpartition(".")[2]
    return None if kind == "SELECT" else f"not allowed ({kind.replace('_', ' ')}): allowed is one SELECT"


def execute(
    collect: Callable[..., dict[str, Any]],
    *,
    file: str,
    name: str,
    views: list[tuple[str, str, str]],
    sql: str,
    cpu_seconds: float,
    wall_seconds: float,
    heap_bytes: int,
    threads: int,
    max_rows: int,
    max_bytes: int,
) -> dict[str, Any]:
    """Columns and rows, or DuckDB's message, or the limit that was hit, or why the file cannot be opened."""
    try:
        db = _open(file, name, views, heap_bytes, threads)
    except duckdb.Error as error:
        return {"closed": _message(error)}
    watch = _Watch(db, cpu_seconds, wall_seconds)
    try:
        statements = db.extract_statements(sql)
        if (refusal := _refusal(statements)) is not None:
            return {"error": refusal}
        result = db.execute(statements[0])
        return collect([column[0] for column in result.description], result.fetchmany, _plain, max_rows, max_bytes)
    except (duckdb.OutOfMemoryException, MemoryError):
        return {"limit": "memory"}
    except (duckdb.Error, RuntimeError, ValueError, OverflowError) as error:
        return {"limit": watch.limit} if watch.limit else {"error": _message(error)}


# ------------------------------------------------------------------------------------------------ tables


def describe(
    _collect: Callable[..., dict[str, Any]],
    *,
    file: str,
    name: str,
    views: list[tuple[str, str, str]],
    heap_bytes: int,
    threads: int,
    sample_rows: int,
    sample_cells: int,
) -> dict[str, Any]:
    """All tables and views with columns, keys, numbers of rows and a sample, in about 3 s at most."""
    try:
        db = _open(file, name, views, heap_bytes, threads)
    except duckdb.Error as error:
        return {"closed": _message(error)}
    watch, end = _Watch(db, float("inf"), _DESCRIBE_SECONDS), time.monotonic() + _DESCRIBE_SECONDS
    columns = _columns(db)
    most = max(10, min(sample_rows, sample_cells // max(1, sum(map(len, columns.values())))))
    keys, references = _constraints(db)
    seen = set(db.execute("SELECT schema_name, view_name FROM duckdb_views() WHERE NOT internal").fetchall())
    tables = []
    for (schema, table), found in columns.items():
        entries: int | None = None
        sample: list[list[Any]] = []
        if time.monotonic() < end:
            watch.give(_COUNT_SECONDS)
            entries, sample = _looked_at(
                db, f"{_quoted(schema)}.{_quoted(table)}", found, most, len(columns) <= _MANY_TABLES
            )
        tables.append(
            {
                "schema": schema,
                "name": table,
                "view": (schema, table) in seen,
                "columns": [list(column) for column in found],
                "keys": keys.get((schema, table), []),
                "references": references.get((schema, table), {}),
                "entries": entries,
                "sample": sample,
            }
        )
    return {"tables": tables}


def _columns(db: Any) -> dict[tuple[str, str], list[tuple[str, str]]]:
    """(schema, table) -> (name, type) of its columns, in order."""
    columns: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for schema, table, column, kind in db.execute(
        "SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns()"
        " WHERE NOT internal AND database_name = current_database() ORDER BY table_oid, column_index"
    ).fetchall():
        columns.setdefault((schema, table), []).append((column, kind))
    return columns


def _constraints(db: Any) -> tuple[dict[tuple[str, str], list[str]], dict[tuple[str, str], dict[str, str]]]:
    keys: dict[tuple[str, str], list[str]] = {}
    references: dict[tuple[str, str], dict[str, str]] = {}
    for schema, table, kind, names, there, others in db.execute(
        "SELECT schema_name, table_name, constraint_type, constraint_column_names, referenced_table, referenced_column_names"
        " FROM duckdb_constraints() WHERE database_name = current_database()"
    ).fetchall():
        if kind == "PRIMARY KEY":
            keys.setdefault((schema, table), []).extend(names)
        elif kind == "FOREIGN KEY" and there:
            pairs = zip(names, others or [], strict=False)
            references.setdefault((schema, table), {}).update({a: f"{there}.{b}" for a, b in pairs})
    return keys, references


def _looked_at(
    db: Any, table: str, columns: list[tuple[str, str]], most: int, middle: bool
) -> tuple[int | None, list[list[Any]]]:
    """Number of rows and a sample of what has a short literal, from the beginning and, if asked for, the middle."""
    chosen = ", ".join(_sampled(_quoted(column), kind) for column, kind in columns)
    count = f"(SELECT count(*) FROM {table})"  # noqa: S608 (quoted names)
    entries: int | None = None
    sample: list[Any] = []
    try:
        sample = db.execute(f"SELECT {count}, {chosen} FROM {table} LIMIT {most}").fetchall()  # noqa: S608
        entries = sample[0][0] if sample else db.execute(f"SELECT {count}").fetchone()[0]
        if middle and entries is not None and entries > 2 * most:
            offset = entries // 2
            sample += db.execute(f"SELECT 0, {chosen} FROM {table} LIMIT {most} OFFSET {offset}").fetchall()  # noqa: S608
    except (duckdb.Error, RuntimeError, ValueError, OverflowError):  # it takes too long, or it is a view of what is gone
        pass
    return entries, [[_plain(value) for value in row[1:]] for row in sample]


def _sampled(column: str, kind: str) -> str:
    if kind.endswith("]"):
        return "NULL"
    if kind.startswith(_TEXTS):
        text = f"CAST({column} AS VARCHAR)"
        return f"CASE WHEN length({text}) <= {_MAX_CELL_CHARACTERS} THEN {text} END"
    return column if kind.startswith(_NUMBERS) else "NULL"
