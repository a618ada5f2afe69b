"""The lists of functions are those of the engines."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from treadle.coding.sql.base import Dialect
from treadle.coding.sql.checks.functions import ADVICE, advice_for, functions_of, stored_functions


def test_sqlite() -> None:
    version, names = stored_functions("sqlite")
    with closing(sqlite3.connect(":memory:")) as db:
        live = {name.lower() for (name,) in db.execute("SELECT DISTINCT name FROM pragma_function_list")}
    assert {"count", "strftime", "julianday", "json_extract"} <= names
    assert {name for name in live if name.isidentifier()} <= functions_of("sqlite")
    if version == f"sqlite {sqlite3.sqlite_version}":
        assert {"count", "sum", "strftime"} <= names & live


def test_duckdb() -> None:
    duckdb = pytest.importorskip("duckdb")
    version, names = stored_functions("duckdb")
    with duckdb.connect(":memory:") as db:
        rows = db.execute("SELECT DISTINCT function_name FROM duckdb_functions() WHERE function_type <> 'pragma'").fetchall()
    live = {name.lower() for (name,) in rows if name.replace("_", "a").isalnum() and not name.startswith("_")}
    assert live <= functions_of("duckdb")
    if version == f"duckdb {duckdb.__version__}":
        assert names == live


def test_postgresql(server) -> None:
    version, names = stored_functions("postgres")
    ((number,),) = server.admin("SHOW server_version")
    rows = server.admin("SELECT DISTINCT proname FROM pg_catalog.pg_proc WHERE prokind IN ('a', 'w')")
    assert {"count", "sum", "row_number", "lag", "percentile_cont"} <= {name for (name,) in rows} & names
    if number.split()[0] == version.split()[1]:
        assert {name for (name,) in rows} <= names


@pytest.mark.parametrize("dialect", ["sqlite", "duckdb", "postgres"])
def test_advice_is_given_only_for_what_is_lacking(dialect: Dialect) -> None:
    _, names = stored_functions(dialect)
    assert not set(ADVICE[dialect]) & names
    assert advice_for("Julianday", "duckdb").startswith("date_diff")
    assert advice_for("count", "sqlite") == ""


def test_what_the_advice_for_sqlite_says_is_valid() -> None:
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE TABLE t (x, a, b, start, n, condition)")
        for function, advice in ADVICE["sqlite"].items():
            expression = advice.split(", which")[0].split(", where")[0]
            if expression.startswith(("the ", "a WITH", "json_each")) or " LIKE " in expression:
                continue
            try:
                db.execute(f"SELECT {expression} FROM t").fetchall()
            except sqlite3.Error as error:
                pytest.fail(f"{function}: {expression}: {error}")


def test_names_given_by_the_database_count() -> None:
    assert "st_area" in functions_of("postgres", ["ST_Area"])
    assert "st_area" not in functions_of("postgres")
