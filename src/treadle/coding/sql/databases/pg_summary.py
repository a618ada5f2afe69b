"""Tables of a PostgreSQL database with columns, types, keys, numbers of rows and a few real values."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from treadle.data.literals import quoted, typical
from treadle.types import Column, DataSummary, Table

if TYPE_CHECKING:
    import psycopg

__all__ = ["functions", "summarise"]

_SAMPLE_ROWS, _SAMPLE_ROWS_IN_ALL = 100, 10_000
_SECONDS_IN_ALL = 3.0
_QUESTION_MILLISECONDS = 500
_COUNTED_ROWS = 200_000
_MAX_CELL_CHARACTERS = 40
_VIEWS = {"v": "view", "m": "materialized view", "f": "foreign table"}

_TABLES = """
SELECT c.oid, n.nspname, c.relname, c.relkind, c.reltuples::bigint, pg_table_is_visible(c.oid)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND n.nspname !~ '^pg_'
  AND n.nspname <> 'information_schema' AND has_schema_privilege(n.oid, 'USAGE')
  AND has_any_column_privilege(c.oid, 'SELECT')
  AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY n.nspname, c.relname
"""
_COLUMNS = """
SELECT a.attrelid, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), t.typcategory, t.typname
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = ANY (%s) AND a.attnum > 0 AND NOT a.attisdropped AND has_column_privilege(a.attrelid, a.attnum, 'SELECT')
ORDER BY a.attrelid, a.attnum
"""
_KEYS = """
SELECT conrelid, contype, conkey, confrelid, confkey FROM pg_constraint WHERE contype IN ('p', 'f') AND conrelid = ANY (%s)
"""
_FUNCTIONS = "SELECT DISTINCT proname FROM pg_catalog.pg_proc WHERE pg_catalog.pg_function_is_visible(oid)"


def functions(connection: psycopg.Connection[Any]) -> frozenset[str]:
    """Names of all functions on the role's search path; those of the engine are among them."""
    return frozenset(name for (name,) in connection.execute(_FUNCTIONS).fetchall())


class _Catalogue:
    """What the system tables say."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.tables = connection.execute(_TABLES).fetchall()
        oids = [row[0] for row in self.tables]
        self.names = {oid: name if visible else f"{schema}.{name}" for oid, schema, name, _, _, visible in self.tables}
        self.columns: dict[int, list[Any]] = {oid: [] for oid in oids}
        for oid, *column in connection.execute(_COLUMNS, (oids,)).fetchall():
            self.columns[oid].append(column)
        self.keys: set[tuple[int, int]] = set()
        self._foreign: dict[tuple[int, int], tuple[int, int]] = {}
        for oid, kind, own, there, others in connection.execute(_KEYS, (oids,)).fetchall():
            if kind == "p":
                self.keys |= {(oid, number) for number in own}
            else:
                self._foreign |= {(oid, a): (there, b) for a, b in zip(own, others, strict=True)}

    def reference(self, oid: int, number: int) -> tuple[str, str] | None:
        """Table and column that a foreign key names, where both may be seen."""
        there, other = self._foreign.get((oid, number), (0, 0))
        names = {column[0]: column[1] for column in self.columns.get(there, ())}
        return (self.names[there], names[other]) if other in names else None


def summarise(connection: psycopg.Connection[Any], address: str) -> DataSummary:
    """All that the role may read, in about 3 s at most; a table that takes longer to count has an estimate or no number.

    ``connection`` is in autocommit mode; its settings are changed for the time.
    """
    connection.execute("SET default_transaction_read_only = on")
    connection.execute(f"SET statement_timeout = {_QUESTION_MILLISECONDS}")
    try:
        catalogue = _Catalogue(connection)
        end = time.monotonic() + _SECONDS_IN_ALL
        most = max(10, min(_SAMPLE_ROWS, _SAMPLE_ROWS_IN_ALL // max(len(catalogue.tables), 1)))
        tables = [_table(connection, catalogue, row, most, end) for row in catalogue.tables]
        (size,) = connection.execute("SELECT pg_database_size(current_database())").fetchone() or (0,)
    finally:
        connection.execute("RESET ALL")
    ordered = sorted(tables, key=lambda t: (-(t.entries or 0) * len(t.columns), t.name))
    return DataSummary(path=address, kind="postgresql", sha256=_hash(ordered), size_bytes=size, tables=tuple(ordered))


def _hash(tables: Sequence[Table]) -> str:
    """Of the schema: names, types and keys, whatever the rows are."""
    schema = sorted([t.name, [[c.name, c.type, c.key, c.references] for c in t.columns]] for t in tables)
    return hashlib.sha256(json.dumps(schema).encode()).hexdigest()


def _table(connection: psycopg.Connection[Any], catalogue: _Catalogue, row: Sequence[Any], most: int, end: float) -> Table:
    oid, schema, name, kind, estimate, _ = row
    place = f"{quoted(schema)}.{quoted(name)}"
    found = catalogue.columns[oid]
    sample = _rows(connection, _sampling(place, found, most), end)
    entries = None
    if kind in "pvmf" or estimate < _COUNTED_ROWS:
        counted = _rows(connection, f"SELECT count(*) FROM {place}", end)  # noqa: S608 (quoted names)
        entries = counted[0][0] if counted else None
    if entries is None and estimate > 0:
        entries = estimate
    values = list(zip(*sample, strict=True)) or [()] * len(found)
    columns = tuple(_column(catalogue, oid, column, seen) for column, seen in zip(found, values, strict=True))
    return Table(name=catalogue.names[oid], columns=columns, entries=entries, note=_VIEWS.get(kind, ""))


def _rows(connection: psycopg.Connection[Any], query: str, end: float) -> list[tuple[Any, ...]]:
    """The rows found in the time that there is, or none."""
    import psycopg

    if time.monotonic() > end:
        return []
    try:
        return connection.execute(query.encode()).fetchall()
    except psycopg.OperationalError as error:
        if connection.closed:
            raise
        if not isinstance(error, psycopg.errors.QueryCanceled):
            return []
    except psycopg.Error:  # a view of what is gone, a function that fails
        pass
    return []


def _sampling(place: str, columns: Sequence[Any], most: int) -> str:
    """A query for the first rows of what has a short literal."""
    return f"SELECT {', '.join(_sampled(quoted(c[1]), c[3], c[4]) for c in columns)} FROM {place} LIMIT {most}"  # noqa: S608


def _sampled(column: str, category: str, type_name: str) -> str:
    if category == "B" or type_name in ("int2", "int4", "int8", "float4", "float8", "oid"):
        return column
    if type_name == "numeric":
        return f"CAST({column} AS float8)"
    if category in "SDEI" or type_name == "uuid":
        text = f"CAST({column} AS text)"
        return f"CASE WHEN length({text}) <= {_MAX_CELL_CHARACTERS} THEN {text} END"
    return "NULL"


def _column(catalogue: _Catalogue, oid: int, column: Sequence[Any], values: Sequence[Any]) -> Column:
    number, name, type_name, _, _ = column
    literals, key = typical(values), (oid, number) in catalogue.keys
    reference = catalogue.reference(oid, number)
    notes = ["primary key"] if key else []
    notes += [f"references {reference[0]}({reference[1]})"] if reference else []
    notes += [f"e.g. {', '.join(literals)}"] if literals else []
    return Column(
        name=name,
        type=type_name,
        shape=_shape(type_name),
        note="; ".join(notes),
        key=key,
        references=".".join(reference) if reference else "",
        values=literals,
    )


def _shape(type_name: str) -> Literal["flat", "jagged", "nested"]:
    if type_name in ("json", "jsonb", "xml", "hstore"):
        return "nested"
    return "jagged" if type_name.endswith("[]") else "flat"
