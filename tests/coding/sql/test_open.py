"""From targets to databases: told apart by content, views named after files, errors that say what to do."""

from __future__ import annotations

import builtins
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.coding.sql.base import Database, rows_of
from treadle.coding.sql.databases import duckdb as duckdb_module
from treadle.coding.sql.databases import postgresql as postgresql_module
from treadle.coding.sql.databases.open import open_database, view_name
from treadle.errors import DataError, UnknownNameError, UsageError
from treadle.sandbox import Sandbox


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One file of each kind, under names that say nothing."""
    with closing(sqlite3.connect(tmp_path / "one.dat")) as db:
        db.execute("CREATE TABLE t (x)")
        db.execute("INSERT INTO t VALUES (7)")
        db.commit()
    with duckdb.connect(str(tmp_path / "two.dat")) as db:
        db.execute("CREATE TABLE t AS SELECT 8 AS x")
        db.execute(f"COPY (SELECT 1 AS a, 'p' AS b) TO '{tmp_path / 'run 1.parquet'}'")
        db.execute(f"COPY (SELECT 2 AS a, 'q' AS b) TO '{tmp_path / 'run-1.parquet'}'")
    (tmp_path / "order.csv").write_text("a;c\n1;x\n2;y\n")
    (tmp_path / "2012.jsonl").write_text('{"a": 1, "d": true}\n{"a": 2, "d": false}\n')
    (tmp_path / "tree.root").write_bytes(b"root\x00" + b"\x00" * 100)
    (tmp_path / "notes").write_text("just some words")
    (tmp_path / "empty.csv").touch()
    return tmp_path


@pytest.fixture
def opened(folder: Path, one_tier: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(folder)
    databases: list[Database] = []

    def by(*targets: str, **options: Any) -> Database:
        databases.append(open_database(targets, one_tier, **options))
        return databases[-1]

    yield by
    for database in databases:
        database.close()


def cells(database: Database, sql: str) -> list[Any]:
    run = database.execute(sql)
    found = rows_of(run)
    assert found is not None, (run.error, run.limit_hit)
    return [value for row in found.rows for value in row]


@pytest.mark.parametrize(
    ("target", "dialect", "value"),
    [
        ("one.dat", "sqlite", 7),
        ("sqlite:one.dat", "sqlite", 7),
        ("two.dat", "duckdb", 8),
        ("duckdb:two.dat", "duckdb", 8),
        ("DuckDB:two.dat", "duckdb", 8),
        ("*ne.dat", "sqlite", 7),
    ],
)
def test_databases_are_told_apart_by_content(opened: Callable[..., Database], target: str, dialect: str, value: int) -> None:
    database = opened(target)
    assert (database.dialect, cells(database, "SELECT x FROM t")) == (dialect, [value])


def test_data_files_become_tables(opened: Callable[..., Database]) -> None:
    database = opened("run*.parquet", "order.csv", "2012.jsonl", "./order.csv")
    assert database.dialect == "duckdb"
    assert {t.name: t.entries for t in database.summary.tables} == {"run_1": 1, "run_1_2": 1, "order_": 2, "_2012": 2}
    joined = "SELECT b, c, d FROM run_1_2 JOIN order_ USING (a) JOIN _2012 USING (a) UNION ALL SELECT b, '', true FROM run_1"
    assert sorted(map(str, cells(database, joined))) in (
        sorted(["p", "y", "False", "q", "", "True"]),
        sorted(["q", "x", "True", "p", "", "True"]),
    )
    assert {c.name: (c.type, c.values) for t in database.summary.tables if t.name == "order_" for c in t.columns} == {
        "a": ("BIGINT", ("1", "2")),
        "c": ("VARCHAR", ("'x'", "'y'")),
    }


def test_one_data_file_and_a_number_of_rows(opened: Callable[..., Database]) -> None:
    assert cells(opened("duckdb:order.csv", max_rows=1), "SELECT c FROM order_") == ["x"]
    assert opened("order.csv").summary.path == "order.csv"


ERRORS = (
    ((), UsageError, "no database given; name an SQLite or DuckDB file"),
    (("none.sqlite",), DataError, r"no data file 'none\.sqlite'"),
    (("orde.csv",), DataError, r"Did you mean 'order\.csv'"),
    (("no*.parquet",), DataError, r"no file matches 'no\*\.parquet'"),
    ((".",), DataError, "is a folder"),
    (("empty.csv",), DataError, "is empty"),
    (("notes",), DataError, "is of no known kind"),
    (("tree.root",), DataError, "is a ROOT file, which SQL does not read; ask by 'treadle ask --data'"),
    (("one.dat", "two.dat"), UsageError, "'one.dat' cannot be asked together with"),
    (("order.csv", "two.dat"), UsageError, "'two.dat' cannot be asked together with data files"),
    (("one.dat", "sqlite:one.dat", "order.csv"), UsageError, "give one database, or data files only"),
    (
        ("mysql://host/db",),
        UnknownNameError,
        "unknown kind of database 'mysql'.*Known: duckdb, postgres, postgresql, sqlite",
    ),
    (("postgressql://host/db",), UnknownNameError, "Did you mean 'postgresql'"),
    (("duckbd:two.dat",), UnknownNameError, "Did you mean 'duckdb'"),
    (("duckdb:",), UsageError, "names no file; write duckdb:FILE"),
    (("duckdb:one.dat",), DataError, "is an SQLite file, not a DuckDB one"),
    (("sqlite:order.csv",), DataError, r"is not an SQLite file \(its content is csv\)"),
    (("postgresql:db",), UsageError, "is followed by //"),
    (("postgresql://h/db", "order.csv"), UsageError, "cannot be asked together with others"),
    (("postgresql://u:pw@h:99999999/db",), DataError, "."),
)


@pytest.mark.parametrize(("targets", "kind", "words"), ERRORS, ids=[str(targets) for targets, _, _ in ERRORS])
def test_errors_say_what_to_do(opened: Callable[..., Database], targets: tuple[str, ...], kind: type, words: str) -> None:
    with pytest.raises(kind, match=words) as caught:
        opened(*targets)
    assert "pw" not in str(caught.value)


def test_a_file_whose_name_looks_like_an_address(opened: Callable[..., Database], folder: Path) -> None:
    (folder / "one.dat").rename(folder / "mysql:one")
    assert cells(opened("mysql:one"), "SELECT x FROM t") == [7]


@pytest.mark.parametrize(("target", "module"), [("order.csv", duckdb_module), ("postgresql://h/db", postgresql_module)])
def test_a_package_that_is_not_installed(
    opened: Callable[..., Database], monkeypatch: pytest.MonkeyPatch, target: str, module: Any
) -> None:
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'treadle\[sql\]'"):
        opened(target)


def test_heavy_packages_stay_unloaded(opened: Callable[..., Database], monkeypatch: pytest.MonkeyPatch) -> None:
    """duckdb is imported inside the sandbox only, psycopg for PostgreSQL only."""
    real = builtins.__import__

    def guarded(name: str, *arguments: Any) -> Any:
        assert name.split(".")[0] not in ("duckdb", "psycopg", "sqlglot", "pandas", "pyarrow"), name
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", guarded)
    database = opened("order.csv")
    assert cells(database, "SELECT count(*) FROM order_") == [2]
    assert database.summary.tables


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=12), max_size=8))
def test_names_of_views_need_no_quotes_and_differ(stems: list[str]) -> None:
    names: list[str] = []
    for stem in stems:
        names.append(view_name(stem, names))
    assert len({name.lower() for name in names}) == len(names)
    with duckdb.connect() as db:
        for name in names:
            db.execute(f"CREATE VIEW {name} AS SELECT 1 AS a")
            assert db.execute(f"SELECT {name}.a FROM {name}").fetchall() == [(1,)]


def test_names_of_views_avoid_every_keyword_of_the_installed_duckdb() -> None:
    with duckdb.connect() as db:
        for (keyword,) in db.execute("SELECT keyword_name FROM duckdb_keywords()").fetchall():
            name = view_name(keyword, [])
            db.execute(f"CREATE OR REPLACE VIEW {name} AS SELECT 1 AS a")
            db.execute(f"SELECT {name}.a FROM {name} JOIN {name} AS b ON true")
