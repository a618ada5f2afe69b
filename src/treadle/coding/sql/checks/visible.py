"""What each dialect lets a statement see beyond the tables of the database, and where aliases of the output are seen."""

from __future__ import annotations

from typing import Literal

from treadle.coding.sql.base import Dialect

__all__ = ["ALIASES_SEEN", "CATALOGS", "HIDDEN", "SYSTEM", "VALUES_WITHOUT_BRACKETS", "Clause"]

Clause = Literal["select", "where", "group", "having", "order", "on", "arguments"]

ALIASES_SEEN: dict[Dialect, frozenset[str]] = {
    "sqlite": frozenset({"where", "group", "having", "order", "on"}),
    "duckdb": frozenset({"select", "where", "group", "having", "order"}),
    "postgres": frozenset({"group", "order"}),
}
HIDDEN: dict[Dialect, frozenset[str]] = {
    "sqlite": frozenset({"rowid", "_rowid_", "oid"}),
    "duckdb": frozenset({"rowid", "filename", "file_row_number"}),
    "postgres": frozenset({"ctid", "oid", "xmin", "xmax", "cmin", "cmax", "tableoid"}),
}
VALUES_WITHOUT_BRACKETS = frozenset(
    {"user", "current_user", "session_user", "current_role", "current_catalog", "current_schema", "current_date"}
    | {"current_time", "current_timestamp", "localtime", "localtimestamp"}
)
CATALOGS: dict[Dialect, tuple[str, ...]] = {
    "sqlite": ("pragma_",),
    "duckdb": ("duckdb_", "pragma_", "pg_", "information_schema", "sqlite_"),
    "postgres": ("pg_", "information_schema"),
}
_MASTER = ("type", "name", "tbl_name", "rootpage", "sql")
_JSON = ("key", "value", "type", "atom", "id", "parent", "fullkey", "path", "json", "root")
SYSTEM: dict[Dialect, dict[str, tuple[str, ...]]] = {
    "sqlite": {
        **dict.fromkeys(("sqlite_master", "sqlite_schema", "sqlite_temp_master", "sqlite_temp_schema"), _MASTER),
        "sqlite_sequence": ("name", "seq"),
        "sqlite_stat1": ("tbl", "idx", "stat"),
        **dict.fromkeys(("json_each", "json_tree"), _JSON),
    },
    "duckdb": {},
    "postgres": {},
}
