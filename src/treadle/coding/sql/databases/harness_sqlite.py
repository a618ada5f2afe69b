"""Executes one SELECT statement on an SQLite file. Runs inside the sandbox, beside nothing but SQLite's own code.

What a statement may do is decided by SQLite itself while it compiles it (the authorizer), never by looking at the text. The
file is opened as immutable: nobody writes to it in here.
"""

import sqlite3
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

__all__ = ["execute"]

_FUNCTION_NAMES = """
    abs changes char coalesce concat concat_ws format glob hex if ifnull iif instr last_insert_rowid length like likelihood
    likely lower ltrim max min nullif octet_length printf quote random randomblob replace round rtrim sign soundex
    sqlite_version substr substring total_changes trim typeof unhex unicode unistr unistr_quote unlikely upper zeroblob
    avg count group_concat median percentile percentile_cont percentile_disc string_agg sum total
    cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number
    current_date current_time current_timestamp date datetime julianday strftime time timediff unixepoch
    acos acosh asin asinh atan atan2 atanh ceil ceiling cos cosh degrees exp floor ln log log10 log2 mod pi pow power
    radians sin sinh sqrt tan tanh trunc
    -> ->> json json_array json_array_insert json_array_length json_error_position json_extract json_group_array
    json_group_object json_insert json_object json_patch json_pretty json_quote json_remove json_replace json_set json_type
    json_valid jsonb jsonb_array jsonb_extract jsonb_group_array jsonb_group_object jsonb_insert jsonb_object jsonb_patch
    jsonb_remove jsonb_replace jsonb_set
    bm25 highlight match matchinfo offsets snippet
"""
_FUNCTIONS = frozenset(_FUNCTION_NAMES.split())
_BUILT_IN = ("json_each", "json_tree")
_TABLES = frozenset(("sqlite_master", "sqlite_schema", *_BUILT_IN))
_ACTIONS = (
    "COPY", "CREATE INDEX", "CREATE TABLE", "CREATE TEMP INDEX", "CREATE TEMP TABLE", "CREATE TEMP TRIGGER",
    "CREATE TEMP VIEW", "CREATE TRIGGER", "CREATE VIEW", "DELETE", "DROP INDEX", "DROP TABLE", "DROP TEMP INDEX",
    "DROP TEMP TABLE", "DROP TEMP TRIGGER", "DROP TEMP VIEW", "DROP TRIGGER", "DROP VIEW", "INSERT", "PRAGMA", "READ",
    "SELECT", "TRANSACTION", "UPDATE", "ATTACH", "DETACH", "ALTER TABLE", "REINDEX", "ANALYZE", "CREATE VIRTUAL TABLE",
    "DROP VIRTUAL TABLE", "FUNCTION", "SAVEPOINT", "RECURSIVE",
)  # fmt: skip
"""SQLite's numbers of actions in words."""
_SCHEMA_TABLES = ("sqlite_master", "sqlite_temp_master")
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 64 << 20,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 100_000,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 500,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 200,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 5_000_000,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 1000,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}
_OPERATIONS_BETWEEN_LOOKS = 20_000


class _Guard:
    """Says what a statement may do while it is compiled, and stops it when its time is up."""

    def __init__(self, cpu_seconds: float, wall_seconds: float) -> None:
        self.denied = ""
        self.limit = ""
        self.tables = _TABLES
        self._cpu_seconds = cpu_seconds
        self._end = time.monotonic() + wall_seconds

    def authorize(self, action: int, first: str | None, second: str | None, database: str | None, _: str | None) -> int:
        if action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_RECURSIVE):
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_READ and (not second or (database == "main" and first in self.tables)):
            return sqlite3.SQLITE_OK  # no column: rows are counted, maybe those of a WITH
        if action == sqlite3.SQLITE_FUNCTION and second is not None and second.lower() in _FUNCTIONS:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_PRAGMA and first == "data_version" and second is None:
            return sqlite3.SQLITE_OK  # full text search asks for it
        if action not in (sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION) and not self.denied:
            known = _ACTIONS[action] if action < len(_ACTIONS) else f"action {action}"
            self.denied = "a change of the schema" if first in _SCHEMA_TABLES else f"{known} {first or ''}".strip()
        return sqlite3.SQLITE_DENY

    def out_of_time(self) -> bool:
        if time.process_time() > self._cpu_seconds:
            self.limit = "cpu"
        elif time.monotonic() > self._end:
            self.limit = "wall"
        return bool(self.limit)

    def explained(self, message: str) -> str:
        return f"{message} ({self.denied}): allowed is one SELECT on the tables of the file" if self.denied else message


def _open(name: str, heap_bytes: int) -> sqlite3.Connection:
    db = sqlite3.connect(f"file:{quote(name)}?mode=ro&immutable=1", uri=True, isolation_level=None)
    db.text_factory = lambda raw: raw.decode("utf-8", "replace")
    for limit, value in _LIMITS.items():
        db.setlimit(limit, value)
    # In memory: sorting needs no files, and the limit on memory holds for it.
    pragmas = ("trusted_schema = OFF", "query_only = ON", "mmap_size = 0", "temp_store = MEMORY", "cell_size_check = ON")
    for pragma in (*pragmas, f"hard_heap_limit = {heap_bytes}"):
        db.execute(f"PRAGMA {pragma}").fetchall()
    return db


def _tables(db: sqlite3.Connection) -> frozenset[str]:
    """What may be read. Virtual tables are opened here, before the guard stands: opening one declares it, like a new table.

    So those that SQLite brings along beyond ``_BUILT_IN``, such as dbstat and pragma_table_info, cannot be opened at all.
    """
    names = []
    for name in _BUILT_IN:
        _try(db, f"SELECT 1 FROM {name}('[]')")  # noqa: S608
    for name, sql in db.execute("SELECT name, sql FROM sqlite_master WHERE type IN ('table', 'view')").fetchall():
        names.append(name)
        if (sql or "")[:14].upper() == "CREATE VIRTUAL":
            quoted = name.replace('"', '""')
            _try(db, f'SELECT 1 FROM "{quoted}" LIMIT 0')  # noqa: S608
    return _TABLES.union(names)


def _try(db: sqlite3.Connection, sql: str) -> None:
    """Fails for a table whose module is not there; a statement that reads it will say so."""
    try:
        db.execute(sql).fetchall()
    except sqlite3.Error:
        return


def execute(
    collect: Callable[..., dict[str, Any]],
    *,
    name: str,
    sql: str,
    cpu_seconds: float,
    wall_seconds: float,
    heap_bytes: int,
    max_rows: int,
    max_bytes: int,
) -> dict[str, Any]:
    """Columns and rows, or the database's message, or the limit that was hit."""
    guard = _Guard(cpu_seconds, wall_seconds)
    try:
        db = _open(name, heap_bytes)
        db.set_progress_handler(guard.out_of_time, _OPERATIONS_BETWEEN_LOOKS)
        guard.tables = _tables(db)
        db.set_authorizer(guard.authorize)
        cursor = db.execute(sql)
        if cursor.description is None:
            return {"error": "the statement is empty or returns no rows; write one SELECT"}
        return collect([column[0] for column in cursor.description], cursor.fetchmany, None, max_rows, max_bytes)
    except MemoryError:
        return {"limit": "memory"}
    except (sqlite3.Error, sqlite3.Warning, UnicodeError) as error:
        return {"limit": guard.limit} if guard.limit else {"error": guard.explained(str(error))}
