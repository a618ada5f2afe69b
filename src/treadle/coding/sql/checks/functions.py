"""The functions that each dialect has, taken from the engines themselves, and what to write for those it lacks.

The lists lie beside this file, with the version and the query they were taken by. Where a newer engine is installed it may
have more: SQLite is asked as well, and DuckDB where its version is another. A PostgreSQL server knows its own functions
(extensions, the user's own); its list can be handed to ``functions_of``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from functools import cache
from importlib import metadata, resources

from treadle.coding.sql.base import Dialect

__all__ = ["ADVICE", "advice_for", "functions_of", "stored_functions"]

# Functions that are part of the grammar, so that the engine's own list lacks them.
_GRAMMAR: dict[Dialect, str] = {
    "sqlite": "cast raise exists json_each json_tree",
    "duckdb": (
        "cast try_cast try coalesce nullif extract position substring overlay trim grouping grouping_id columns row exists "
        "any all some if ifnull interval array map values lambda"
    ),
    "postgres": (
        "cast coalesce nullif greatest least extract position substring overlay trim grouping row array exists any all some "
        "normalize xmlelement xmlforest xmlconcat xmlparse xmlpi xmlroot xmlserialize xmlexists xmltable treat collation "
        "current_time current_timestamp localtime localtimestamp interval values json_object json_array json_arrayagg "
        "json_objectagg json_table json_value json_query json_exists"
    ),
}
_TABLE_FUNCTIONS = "json_each json_tree dbstat sqlite_stmt fts5vocab fts4aux"
ADVICE: dict[Dialect, dict[str, str]] = {
    "sqlite": {
        "year": "CAST(strftime('%Y', x) AS INTEGER)",
        "month": "CAST(strftime('%m', x) AS INTEGER)",
        "day": "CAST(strftime('%d', x) AS INTEGER)",
        "dayofmonth": "CAST(strftime('%d', x) AS INTEGER)",
        "dayofweek": "CAST(strftime('%w', x) AS INTEGER), where 0 is Sunday",
        "weekday": "CAST(strftime('%w', x) AS INTEGER), where 0 is Sunday",
        "hour": "CAST(strftime('%H', x) AS INTEGER)",
        "minute": "CAST(strftime('%M', x) AS INTEGER)",
        "date_part": "CAST(strftime('%Y', x) AS INTEGER)",
        "datepart": "CAST(strftime('%Y', x) AS INTEGER)",
        "extract": "CAST(strftime('%Y', x) AS INTEGER)",
        "date_format": "strftime('%Y-%m', x)",
        "to_char": "strftime('%Y-%m', x)",
        "to_date": "date(x)",
        "date_trunc": "strftime('%Y-%m-01', x)",
        "datediff": "julianday(a) - julianday(b), which gives days",
        "date_diff": "julianday(a) - julianday(b), which gives days",
        "timestampdiff": "julianday(a) - julianday(b), which gives days",
        "age": "julianday(a) - julianday(b), which gives days",
        "days": "julianday(a) - julianday(b), which gives days",
        "date_add": "date(x, '+7 days')",
        "dateadd": "date(x, '+7 days')",
        "date_sub": "date(x, '-7 days')",
        "now": "datetime('now')",
        "getdate": "datetime('now')",
        "curdate": "date('now')",
        "today": "date('now')",
        "concat": "a || b",
        "concat_ws": "a || ' ' || b",
        "left": "substr(x, 1, n)",
        "right": "substr(x, -n)",
        "mid": "substr(x, start, n)",
        "len": "length(x)",
        "char_length": "length(x)",
        "charindex": "instr(x, 'text')",
        "position": "instr(x, 'text')",
        "strpos": "instr(x, 'text')",
        "locate": "instr(x, 'text')",
        "isnull": "ifnull(a, b)",
        "nvl": "ifnull(a, b)",
        "if": "iif(condition, a, b)",
        "greatest": "max(a, b)",
        "least": "min(a, b)",
        "string_agg": "group_concat(x, ', ')",
        "array_agg": "group_concat(x)",
        "listagg": "group_concat(x, ', ')",
        "stddev": "sqrt(AVG(x * x) - AVG(x) * AVG(x))",
        "stdev": "sqrt(AVG(x * x) - AVG(x) * AVG(x))",
        "stddev_samp": "sqrt((SUM(x * x) - SUM(x) * AVG(x)) / (COUNT(x) - 1))",
        "variance": "AVG(x * x) - AVG(x) * AVG(x)",
        "var_pop": "AVG(x * x) - AVG(x) * AVG(x)",
        "median": "the middle row: ORDER BY x LIMIT 1 OFFSET (SELECT COUNT(*) / 2 ...)",
        "percentile_cont": "the middle row: ORDER BY x LIMIT 1 OFFSET (SELECT COUNT(*) / 2 ...)",
        "initcap": "upper(substr(x, 1, 1)) || lower(substr(x, 2))",
        "split_part": "substr(x, 1, instr(x, ',') - 1)",
        "to_number": "CAST(x AS REAL)",
        "convert": "CAST(x AS INTEGER)",
        "bool_or": "MAX(condition)",
        "bool_and": "MIN(condition)",
        "every": "MIN(condition)",
        "count_if": "SUM(condition)",
        "generate_series": "a WITH RECURSIVE that counts",
        "unnest": "json_each(x)",
        "regexp_like": "x LIKE '%text%' or x GLOB '*text*'",
        "rand": "random()",
        "cbrt": "power(x, 1.0 / 3)",
    },
    "duckdb": {
        "julianday": "date_diff('day', b, a)",
        "datetime": "CAST(x AS TIMESTAMP)",
        "getdate": "now()",
        "charindex": "instr(x, 'text')",
        "to_char": "strftime(x, '%Y-%m')",
        "date_format": "strftime(x, '%Y-%m')",
        "nvl": "coalesce(a, b)",
        "isnull": "coalesce(a, b)",
        "iif": "CASE WHEN condition THEN a ELSE b END",
        "total": "SUM(x)",
    },
    "postgres": {
        "julianday": "a::date - b::date, which gives days",
        "datediff": "a::date - b::date, which gives days",
        "date_diff": "a::date - b::date, which gives days",
        "strftime": "to_char(x, 'YYYY-MM')",
        "date_format": "to_char(x, 'YYYY-MM')",
        "year": "EXTRACT(YEAR FROM x)",
        "month": "EXTRACT(MONTH FROM x)",
        "day": "EXTRACT(DAY FROM x)",
        "datetime": "x::timestamp",
        "group_concat": "string_agg(x, ', ')",
        "ifnull": "coalesce(a, b)",
        "isnull": "coalesce(a, b)",
        "nvl": "coalesce(a, b)",
        "iif": "CASE WHEN condition THEN a ELSE b END",
        "if": "CASE WHEN condition THEN a ELSE b END",
        "instr": "strpos(x, 'text')",
        "charindex": "strpos(x, 'text')",
        "len": "length(x)",
        "median": "percentile_cont(0.5) WITHIN GROUP (ORDER BY x)",
        "total": "SUM(x)",
        "getdate": "now()",
        "curdate": "current_date",
        "dateadd": "x + INTERVAL '7 days'",
        "date_add": "x + INTERVAL '7 days'",
        "count_if": "COUNT(*) FILTER (WHERE condition)",
        "typeof": "pg_typeof(x)",
    },
}


def functions_of(dialect: Dialect, own: Iterable[str] = ()) -> frozenset[str]:
    """Names of the functions, in lower case; ``own``: further ones that this database is known to have."""
    return _known(dialect) | {name.lower() for name in own}


def advice_for(name: str, dialect: Dialect) -> str:
    """What the dialect has in place of a function that it lacks, or nothing."""
    return ADVICE[dialect].get(name.lower(), "")


def stored_functions(dialect: Dialect) -> tuple[str, frozenset[str]]:
    """(engine and version, names) of the list that comes with treadle."""
    folder = resources.files("treadle.coding.sql.checks") / "known_functions"
    version, _, *lines = (folder / f"{dialect}.txt").read_text(encoding="utf-8").splitlines()
    return version.removeprefix("# "), frozenset(" ".join(lines).split())


@cache
def _known(dialect: Dialect) -> frozenset[str]:
    version, names = stored_functions(dialect)
    known = names | set(_GRAMMAR[dialect].split())
    if dialect == "sqlite":
        return known | set(_TABLE_FUNCTIONS.split()) | _asked_sqlite()
    if dialect == "duckdb" and (installed := _installed("duckdb")) and f"duckdb {installed}" != version:
        return known | _asked_duckdb()
    return known


def _asked_sqlite() -> frozenset[str]:
    """The functions of the SQLite in this process, which is the one that executes."""
    with closing(sqlite3.connect(":memory:")) as db:
        rows = db.execute("SELECT DISTINCT name FROM pragma_function_list").fetchall()
        pragmas = db.execute("SELECT 'pragma_' || name FROM pragma_pragma_list").fetchall()
    return frozenset(str(name).lower() for (name,) in (*rows, *pragmas))


def _asked_duckdb() -> frozenset[str]:
    import duckdb

    with duckdb.connect(":memory:") as db:
        rows = db.execute("SELECT DISTINCT function_name FROM duckdb_functions()").fetchall()
    return frozenset(str(name).lower() for (name,) in rows)


def _installed(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
