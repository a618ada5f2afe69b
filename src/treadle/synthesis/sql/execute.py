"""Invented databases as files, and many statements executed on one of them in a single run of the sandbox."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from treadle.errors import SandboxError
from treadle.sandbox import Sandbox
from treadle.synthesis.sql.query import literal
from treadle.synthesis.sql.world import Table, World
from treadle.types import Limits, Program

__all__ = ["Result", "create_statements", "execute_all", "write_database"]

_SECONDS = 30.0
_LIMITS = Limits(cpu_seconds=_SECONDS, wall_seconds=2 * _SECONDS)
_MOST_ROWS = 2000
_SHOWN = 40
_PROGRAM = """
{harness}

{ask}

def _all(statements):
    import hashlib
    found = []
    for sql in statements:
        told = _ask(sql)
        if "rows" not in told:
            found.append([str(told.get("error") or told.get("limit") or told.get("closed")), 0, 0, False, "", []])
            continue
        rows = told["rows"]
        values = [[round(v, 6) if isinstance(v, float) else v for v in row] for row in rows]
        key = hashlib.blake2b(repr(values).encode(), digest_size=8).hexdigest()
        some = any(v is not None for row in rows for v in row)
        found.append(["", len(rows), len(told["columns"]), some, key, rows[:{shown}]])
    return found

result = _all({statements!r})
"""
_ASK = {
    "sqlite": """
def _ask(sql):
    return execute(collect, sql=sql, name={name!r}, cpu_seconds={seconds}, wall_seconds={seconds}, heap_bytes=1 << 29,
                   max_rows={most}, max_bytes=4 << 20)
""",
    # Opened once: its own harness starts a thread for every statement, and threads are counted here.
    "duckdb": """
_db = _open({name!r}, "world", [], 1 << 29, 1)

def _ask(sql):
    try:
        told = _db.execute(sql)
        return collect([c[0] for c in told.description], told.fetchmany, _plain, {most}, 4 << 20)
    except (duckdb.Error, RuntimeError, ValueError, OverflowError) as error:
        return {{"error": _message(error)}}
""",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a statement gave. ``key`` is equal for equal rows in equal order; ``some``: not all values are NULL; ``shown``:
    the first rows."""

    error: str
    rows: int
    columns: int
    some: bool
    key: str
    shown: list[list[Any]]


def create_statements(world: World) -> list[str]:
    """CREATE TABLE for each table, owners first."""
    return [_create(table) for table in _in_order(world)]


def _in_order(world: World) -> list[Table]:
    found: list[Table] = []
    while len(found) < len(world.tables):
        found += [
            t for t in world.tables if t not in found and all(link.owner in found for link in t.links if link.owner is not t)
        ]
    return found


def _create(table: Table) -> str:
    references = {id(link.column): link for link in table.links}
    parts = []
    for column in table.columns:
        text = f"{column.sql} {column.type}"
        if column is table.key and table.declared:
            text += " PRIMARY KEY"
        if column.references:
            link = references[id(column)]
            text += f" REFERENCES {link.owner.sql}({link.key.sql})"
        parts.append(text)
    return f"CREATE TABLE {table.sql} ({', '.join(parts)})"


def _insert(table: Table) -> str:
    rows = zip(*(column.values for column in table.columns), strict=True)
    told = ", ".join("(" + ", ".join("NULL" if v is None else literal(v) for v in row) + ")" for row in rows)
    return f"INSERT INTO {table.sql} VALUES {told}"  # noqa: S608 (values of an invented database, as literals)


def write_database(world: World, path: Path) -> None:
    """A file with the tables and rows of ``world``."""
    statements = [*create_statements(world), *(_insert(t) for t in _in_order(world))]
    if world.dialect == "sqlite":
        with closing(sqlite3.connect(path)) as db, db:
            for statement in statements:
                db.execute(statement)
        return
    import duckdb

    with closing(duckdb.connect(str(path))) as duck:
        for statement in statements:
            duck.execute(statement)


@cache
def _harness(name: str) -> str:
    room = files("treadle.coding.sql.databases")
    return "\n\n".join(room.joinpath(part).read_text(encoding="utf-8") for part in ("harness_rows.py", name))


def execute_all(world: World, path: Path, statements: Sequence[str], sandbox: Sandbox) -> list[Result]:
    """What each statement gives on the file ``path``, in one run.

    Raises:
        SandboxError: the run failed as a whole.
    """
    ask = _ASK[world.dialect].format(name=path.name, seconds=_SECONDS, most=_MOST_ROWS)
    source = _PROGRAM.format(
        harness=_harness(f"harness_{world.dialect}.py"), ask=ask, shown=_SHOWN, statements=list(statements)
    )
    run = sandbox.run(Program(source=source, evaluate="result"), [path], _LIMITS)
    if not isinstance(run.value, list) or len(run.value) != len(statements):
        raise SandboxError(f"the statements could not be executed: {run.error or run.limit_hit}")
    return [_result(found) for found in run.value]


def _result(found: Any) -> Result:
    error, rows, columns, some, key, shown = found
    return Result(error=str(error), rows=int(rows), columns=int(columns), some=bool(some), key=str(key), shown=shown)
