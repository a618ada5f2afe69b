"""SQLite statements in the real sandbox: what must work, and files that are in use, damaged or odd."""

from __future__ import annotations

import math
import shutil
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from treadle.coding.sql.base import Database, Rows, rows_of
from treadle.coding.sql.databases.sqlite import SqliteDatabase
from treadle.errors import DataError
from treadle.sandbox import Sandbox
from treadle.types import Limits, Run


def build_sqlite(path: Path, *statements: str) -> Path:
    with closing(sqlite3.connect(path)) as db:
        for statement in statements:
            db.execute(statement)
        db.commit()
    return path


def ask_sqlite(path: Path, sandbox: Sandbox, sql: str, limits: Limits | None = None, **options: Any) -> Run:
    with closing(SqliteDatabase(path, sandbox, **options)) as db:
        return db.execute(sql, limits)


def rows_in(run: Run) -> tuple[tuple[Any, ...], ...]:
    found = rows_of(run)
    assert found is not None, (run.error, run.limit_hit)
    return found.rows


# ------------------------------------------------------------------------------------------------ what must work


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_sqlite(
        tmp_path_factory.mktemp("ordinary") / "a base #1?.db",
        "CREATE TABLE particle (id INTEGER PRIMARY KEY, name TEXT, mass REAL, charge INT, found DATE)",
        "INSERT INTO particle VALUES (11, 'e-', 0.511, -1, '1897-04-30'), (13, 'mu-', 105.66, -1, '1936-11-01'),"
        " (22, 'Δ', 0, 0, NULL), (211, 'pi+', 139.57, 1, '1947-05-24')",
        "CREATE VIEW charged AS SELECT name, mass FROM particle WHERE charge <> 0",
        'CREATE TABLE "odd ""name" ("a b" INT, "ünï" TEXT, "select" INT, "x.y" BLOB)',
        """INSERT INTO "odd ""name" VALUES (1, 'it''s', 3, x'00ff')""",
        "CREATE TABLE pair (k TEXT, v REAL, PRIMARY KEY (k)) WITHOUT ROWID",
        "INSERT INTO pair VALUES ('nan', NULL), ('inf', 9e999), ('minus', -9e999)",
        "CREATE TABLE doc (j TEXT, twice INT GENERATED ALWAYS AS (length(j) * 2) STORED)",
        """INSERT INTO doc (j) VALUES ('{"a": [1, 2, {"b": "x"}]}')""",
        "CREATE VIRTUAL TABLE book USING fts5(title, body)",
        "INSERT INTO book VALUES ('one', 'the muon decays'), ('two', 'the pion decays')",
        "CREATE VIRTUAL TABLE old USING fts4(body)",
        "INSERT INTO old VALUES ('the muon decays')",
        "CREATE VIRTUAL TABLE box USING rtree(id, x0, x1)",
        "INSERT INTO box VALUES (1, 0, 1), (2, 5, 6)",
        "CREATE INDEX by_mass ON particle(mass)",
    )


WORKS: tuple[tuple[str, tuple[tuple[Any, ...], ...]], ...] = (
    ("SELECT name FROM particle WHERE mass > 100 ORDER BY mass DESC", (("pi+",), ("mu-",))),
    ("SELECT count(*), count(found) FROM particle;  -- the end", ((4, 3),)),
    ("SELECT count(*) FROM charged", ((3,),)),
    ("WITH c AS (SELECT * FROM charged) SELECT count(*) FROM c", ((3,),)),
    ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50) SELECT sum(i) FROM n", ((1275,),)),
    ("SELECT name, rank() OVER (ORDER BY mass) FROM particle WHERE charge = -1", (("e-", 1), ("mu-", 2))),
    ("SELECT id, lag(id) OVER (ORDER BY id) FROM particle LIMIT 2", ((11, None), (13, 11))),
    ("SELECT name FROM particle WHERE name LIKE 'MU%' OR name GLOB 'p*'", (("mu-",), ("pi+",))),
    ("SELECT CAST(julianday('1936-11-01') - julianday('1897-04-30') AS INT)", ((14429,),)),
    ("SELECT strftime('%Y', found), date(found, '+1 year') FROM particle WHERE id = 13", (("1936", "1937-11-01"),)),
    ("SELECT j -> '$.a[0]', j ->> '$.a[2].b', json_extract(j, '$.a[1]'), twice FROM doc", (("1", "x", 2, 50),)),
    ("SELECT key, value, atom FROM doc, json_each(doc.j, '$.a') LIMIT 2", ((0, 1, 1), (1, 2, 2))),
    ("SELECT count(*) FROM json_tree('[1, [2]]')", ((4,),)),
    ('SELECT "a b", "ünï", "select", "x.y" FROM "odd ""name"', ((1, "it's", 3, b"\x00\xff"),)),
    ("SELECT v FROM pair ORDER BY k", ((math.inf,), (-math.inf,), (None,))),
    ("SELECT group_concat(name, '|'), round(avg(mass), 2) FROM particle WHERE charge < 0", (("e-|mu-", 53.09),)),
    ("SELECT coalesce(found, 'never') FROM particle WHERE charge = 0", (("never",),)),
    ("SELECT name FROM particle p WHERE EXISTS (SELECT 1 FROM charged c WHERE c.name = p.name AND c.mass < 1)", (("e-",),)),
    ("SELECT printf('%.1f', pow(2, 0.5) * cos(0)), iif(1 > 2, 'a', 'b')", (("1.4", "b"),)),
    ("SELECT title FROM book WHERE book MATCH 'muon' ORDER BY bm25(book)", (("one",),)),
    ("SELECT count(*) FROM old WHERE body MATCH 'muon'", ((1,),)),
    ("SELECT id FROM box WHERE x0 > 3", ((2,),)),
    ("VALUES (1, 'a'), (2, NULL)", ((1, "a"), (2, None))),
    ("SELECT 9223372036854775807, -9223372036854775808, 1e300, x'', ''", ((2**63 - 1, -(2**63), 1e300, b"", ""),)),
    ("SELECT name FROM sqlite_master WHERE type = 'view'", (("charged",),)),
    ("SELECT id FROM particle UNION SELECT charge FROM particle EXCEPT SELECT 22 ORDER BY 1 LIMIT 2", ((-1,), (0,))),
    ("SELECT name FROM main.particle WHERE rowid = 22", (("Δ",),)),
    ("SELECT count(*) FROM particle a JOIN particle b USING (charge)", ((6,),)),
    ("SELECT name FROM particle WHERE id = 0", ()),
)  # fmt: skip


@pytest.mark.parametrize(("sql", "expected"), WORKS, ids=[sql[:40] for sql, _ in WORKS])
def test_ordinary_statements_work(ordinary: Path, tier: Sandbox, sql: str, expected: tuple[Any, ...]) -> None:
    run = ask_sqlite(ordinary, tier, sql)
    assert rows_in(run) == expected
    assert [[type(a) for a in row] for row in rows_in(run)] == [[type(b) for b in row] for row in expected]
    assert (run.ok, run.stdout, run.stderr, run.artifacts, run.tier) == (True, "", "", (), tier.tier)


def test_columns_keep_their_names(ordinary: Path, one_tier: Sandbox) -> None:
    found = rows_of(
        ask_sqlite(ordinary, one_tier, 'SELECT id, id, 1 + 1, mass AS "the mass" FROM particle ORDER BY id LIMIT 1')
    )
    assert found == Rows(columns=("id", "id", "1 + 1", "the mass"), rows=((11, 11, 2, 0.511),))


MESSAGES = (
    ("SELECT masss FROM particle", "no such column: masss"),
    ("SELECT 1 FROM particles", "no such table: particles"),
    ("SELECT med(mass) FROM particle", "no such function: med"),
    ("SELEC 1", 'near "SELEC": syntax error'),
    ("SELECT 1 +", "incomplete input"),
    ("SELECT sum(sum(mass)) FROM particle", "misuse of aggregate function sum()"),
    ("SELECT 1; SELECT 2", "You can only execute one statement at a time."),
    ("", "the statement is empty or returns no rows; write one SELECT"),
    ("-- nothing", "the statement is empty or returns no rows; write one SELECT"),
    ("SELECT '\ud800'", "the statement holds characters that are not valid Unicode"),
    ("DELETE FROM particle", "not authorized (DELETE particle): allowed is one SELECT on the tables of the file"),
)


@pytest.mark.parametrize(("sql", "message"), MESSAGES)
def test_errors_are_the_databases_own_words(ordinary: Path, one_tier: Sandbox, sql: str, message: str) -> None:
    run = ask_sqlite(ordinary, one_tier, sql)
    assert (run.error, run.ok, run.limit_hit, run.stderr, rows_of(run)) == (message, False, None, "", None)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.none() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text() | st.binary(),
        min_size=1,
        max_size=20,
    )
)
def test_values_come_back_as_they_are(tmp_path: Path, one_tier: Sandbox, values: list[Any]) -> None:
    path = tmp_path / "values.sqlite"
    path.unlink(missing_ok=True)
    build_sqlite(path, "CREATE TABLE v (i INTEGER PRIMARY KEY, x)")
    with closing(sqlite3.connect(path)) as db:
        db.executemany("INSERT INTO v (x) VALUES (?)", [(value,) for value in values])
        db.commit()
    found = [row[0] for row in rows_in(ask_sqlite(path, one_tier, "SELECT x FROM v ORDER BY i"))]
    assert found == values
    assert [type(value) for value in found] == [type(value) for value in values]


def test_text_that_is_not_utf8_is_shown_not_refused(tmp_path: Path, one_tier: Sandbox) -> None:
    path = build_sqlite(tmp_path / "latin.db", "CREATE TABLE t (x TEXT)", "INSERT INTO t VALUES (CAST(x'61ff62' AS TEXT))")
    assert rows_in(ask_sqlite(path, one_tier, "SELECT x FROM t")) == (("a\ufffdb",),)


# ------------------------------------------------------------------------------------------------ files in use


def test_rows_in_the_log_are_seen_and_nothing_is_left_beside_the_file(tmp_path: Path, tier: Sandbox) -> None:
    path = tmp_path / "log.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as writer, closing(SqliteDatabase_later(path, tier)) as later:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("PRAGMA wal_autocheckpoint = 0")
        writer.execute("CREATE TABLE t (x)")
        writer.execute("INSERT INTO t VALUES (1)")
        files = sorted(tmp_path.iterdir())
        db = later.open()
        assert rows_in(db.execute("SELECT count(*) FROM t")) == ((1,),)
        assert db.summary.tables[0].entries == 1
        writer.execute("INSERT INTO t VALUES (2)")
        assert rows_in(db.execute("SELECT count(*) FROM t")) == ((2,),)
        writer.execute("BEGIN")
        writer.execute("DELETE FROM t")
        assert rows_in(db.execute("SELECT count(*) FROM t")) == ((2,),)
        writer.execute("ROLLBACK")
        writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        assert rows_in(db.execute("SELECT count(*) FROM t")) == ((2,),)
        assert sorted(tmp_path.iterdir()) == files


class SqliteDatabase_later:  # noqa: N801
    """Opens the database once the file is there; closes it with the test."""

    def __init__(self, path: Path, sandbox: Sandbox) -> None:
        self._path, self._sandbox = path, sandbox
        self._opened: list[Database] = []

    def open(self) -> Database:
        self._opened.append(SqliteDatabase(self._path, self._sandbox))
        return self._opened[-1]

    def close(self) -> None:
        for db in self._opened:
            db.close()


def naive_sum(path: Path) -> int | None:
    """What the file alone says."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as db:
        try:
            return int(db.execute("SELECT sum(x) FROM t").fetchone()[0])
        except sqlite3.DatabaseError:
            return None


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_a_file_left_by_a_killed_program(tmp_path: Path, tier: Sandbox, mode: str) -> None:
    """The log of committed rows, or the journal of a transaction cut off half-way, lies beside it; nobody has it open."""
    live, dead = tmp_path / "live.sqlite", tmp_path / "dead" / "dead.sqlite"
    dead.parent.mkdir()
    with closing(sqlite3.connect(live, isolation_level=None)) as writer:
        writer.execute(f"PRAGMA journal_mode = {mode}")
        writer.execute("PRAGMA wal_autocheckpoint = 0")
        writer.execute("PRAGMA cache_size = 1")
        writer.execute("PRAGMA synchronous = OFF")
        writer.execute("CREATE TABLE t (x, pad)")
        writer.executemany("INSERT INTO t VALUES (1, ?)", [("x" * 1000,)] * 500)
        writer.execute("BEGIN")
        writer.execute("UPDATE t SET x = 2")  # more than the cache holds, so a part is in the file already
        for suffix in ("", "-wal", "-journal"):
            if Path(f"{live}{suffix}").exists():
                shutil.copyfile(f"{live}{suffix}", f"{dead}{suffix}")
        writer.execute("ROLLBACK")
    content = {path.name: path.read_bytes() for path in dead.parent.iterdir()}
    assert len(content) == 2
    assert naive_sum(dead) != 500  # the control
    assert rows_in(ask_sqlite(dead, tier, "SELECT count(*), sum(x) FROM t")) == ((500, 500),)
    assert {path.name: path.read_bytes() for path in dead.parent.iterdir()} == content


@pytest.mark.parametrize("mode", ["WAL", "DELETE"])
def test_each_statement_sees_one_committed_state(tmp_path: Path, one_tier: Sandbox, mode: str) -> None:
    """A writer moves amounts between two tables all the time; the sum never differs."""
    path = build_sqlite(
        tmp_path / "bank.sqlite", f"PRAGMA journal_mode = {mode}", "CREATE TABLE a (x)", "CREATE TABLE b (x)"
    )
    build_sqlite(path, "INSERT INTO a VALUES (1000)", "INSERT INTO b VALUES (0)")
    stop = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as db:
            while not stop.is_set():
                for statement in ("BEGIN", "UPDATE a SET x = x - 1", "UPDATE b SET x = x + 1", "COMMIT"):
                    db.execute(statement)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        with closing(SqliteDatabase(path, one_tier)) as db:
            found = [rows_in(db.execute("SELECT a.x + b.x, b.x FROM a, b")) for _ in range(12)]
    finally:
        stop.set()
        writer.join()
    assert {total for ((total, _),) in found} == {1000}
    moved = [count for ((_, count),) in found]
    assert moved == sorted(moved)
    assert moved[-1] > moved[0]


@pytest.mark.parametrize("log", [False, True])
def test_threads_may_share_it(tmp_path: Path, one_tier: Sandbox, log: bool) -> None:
    path = build_sqlite(tmp_path / "shared.db", "CREATE TABLE t (x)", "INSERT INTO t VALUES (1)")
    with closing(sqlite3.connect(path, isolation_level=None)) as writer, closing(SqliteDatabase(path, one_tier)) as db:
        if log:
            writer.execute("PRAGMA journal_mode = WAL")
            writer.execute("UPDATE t SET x = 1")
        with ThreadPoolExecutor(6) as pool:
            runs = [pool.submit(db.execute, f"SELECT {i} * x FROM t") for i in range(12)]
            if log:
                writer.execute("INSERT INTO t VALUES (0)")
            assert [rows_in(run.result())[0] for run in runs] == [(i,) for i in range(12)]


def test_a_file_that_goes_or_is_damaged(tmp_path: Path, ordinary: Path, one_tier: Sandbox) -> None:
    path = tmp_path / "x.sqlite"
    shutil.copyfile(ordinary, path)
    with closing(SqliteDatabase(path, one_tier)) as db:
        path.unlink()
        with pytest.raises(DataError, match="no data file"):
            db.execute("SELECT 1")
        path.write_bytes(ordinary.read_bytes()[:100] + b"\xff" * 5000)
        assert "malformed" in (db.execute("SELECT * FROM particle").error or "")
        with pytest.raises(DataError, match="cannot be read"):
            _ = db.summary
    db.close()


# ------------------------------------------------------------------------------------------------ summary


def test_summary(ordinary: Path, one_tier: Sandbox) -> None:
    with closing(SqliteDatabase(ordinary, one_tier)) as db:
        summary = db.summary
    tables = {table.name: table for table in summary.tables}
    assert (summary.kind, summary.path, summary.size_bytes) == ("sqlite", str(ordinary), ordinary.stat().st_size)
    assert set(tables) == {"particle", "charged", 'odd "name', "pair", "doc", "book", "old", "box"}
    columns = {column.name: column for column in tables["particle"].columns}
    assert (columns["id"].key, columns["id"].values, columns["mass"].type) == (True, ("11", "13", "22"), "REAL")
    assert columns["name"].values == ("'Δ'", "'e-'", "'mu-'")
    assert tables["charged"].note == "view"
    assert [c.values for c in tables['odd "name'].columns] == [("1",), ("'it''s'",), ("3",), ("X'00FF'",)]
    assert [(c.name, c.note.split(";")[0]) for c in tables["doc"].columns][1] == ("twice", "generated")
    assert [c.name for c in tables["book"].columns] == ["title", "body"]
    assert tables["pair"].columns[1].values == ()


def test_references_and_composite_keys(tmp_path: Path, one_tier: Sandbox) -> None:
    path = build_sqlite(
        tmp_path / "keys.db",
        "CREATE TABLE run (period INT, number INT, PRIMARY KEY (number, period))",
        "CREATE TABLE hit (id INT, p INT, n INT, FOREIGN KEY (n, p) REFERENCES run, FOREIGN KEY (id) REFERENCES lost(k))",
        "CREATE TABLE free (x)",
    )
    with closing(SqliteDatabase(path, one_tier)) as db:
        tables = {table.name: table.columns for table in db.summary.tables}
    assert {c.name: c.references for c in tables["hit"]} == {"id": "lost.k", "p": "run.period", "n": "run.number"}
    assert [c.key for c in tables["run"]] == [True, True]
    assert tables["free"][0].type == "any"
