"""DuckDB and data files in the real sandbox: what must work, what may not happen with a control, limits, summaries."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest

from treadle.coding.sql.base import Rows, rows_of
from treadle.coding.sql.databases.duckdb import DuckdbDatabase
from treadle.errors import DataError
from treadle.sandbox import Sandbox
from treadle.types import Limits, Run

QUICK = Limits(cpu_seconds=0.5, wall_seconds=1)


def build_duckdb(path: Path, *statements: str) -> Path:
    with duckdb.connect(str(path)) as db:
        for statement in statements:
            db.execute(statement)
    return path


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_duckdb(
        tmp_path_factory.mktemp("duckdb") / "my events.db",
        "CREATE TABLE run (id INTEGER PRIMARY KEY, name VARCHAR, started TIMESTAMP)",
        "INSERT INTO run VALUES (1, 'good', '2024-01-01 10:00:00'), (2, 'it''s bad', NULL)",
        "CREATE TABLE hit (run INTEGER REFERENCES run(id), e DOUBLE, q DECIMAL(8, 2), raw BLOB, l INTEGER[],"
        " s STRUCT(a INT), u UUID, c ENUM('red', 'blue'), ok BOOLEAN, h HUGEINT, z TIMESTAMPTZ, i INTERVAL)",
        "INSERT INTO hit VALUES (1, 'nan', 1.50, '\\x00\\xFF'::BLOB, [1, 2], {'a': 1},"
        " '12345678-1234-1234-1234-123456789abc', 'red', true, 170141183460469231731687303715884105727,"
        " '2024-01-01 00:00:00+02', INTERVAL 90 MINUTE)",
        "INSERT INTO hit (run, e) VALUES (2, '-inf')",
        "CREATE VIEW good AS SELECT * FROM run WHERE name = 'good'",
        'CREATE SCHEMA "Other one"',
        'CREATE TABLE "Other one"."odd ""name" ("a b" INT, "ünï" TEXT)',
        """INSERT INTO "Other one"."odd ""name" VALUES (1, 'z')""",
        "CREATE SEQUENCE counter",
        "CREATE MACRO twice(x) AS 2 * x",
    )


def ask_duckdb(path: Path, sandbox: Sandbox, sql: str, limits: Limits | None = None, **options: Any) -> Run:
    with closing(DuckdbDatabase(sandbox, path, **options)) as db:
        return db.execute(sql, limits)


def rows_in(run: Run) -> tuple[tuple[Any, ...], ...]:
    found = rows_of(run)
    assert found is not None, (run.error, run.limit_hit)
    return found.rows


# ------------------------------------------------------------------------------------------------ what must work

WORKS: tuple[tuple[str, tuple[tuple[Any, ...], ...]], ...] = (
    ("SELECT name FROM run ORDER BY id DESC;  -- the end", (("it's bad",), ("good",))),
    ("FROM run SELECT count(*)", ((2,),)),
    ("WITH g AS (SELECT * FROM good) SELECT count(*), sum(id) FROM g", ((1, 1),)),
    ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10) SELECT sum(i) FROM n", ((55,),)),
    ("SELECT e, q, raw, ok, h FROM hit ORDER BY run DESC LIMIT 1", ((-math.inf, None, None, None, None),)),
    ("SELECT q, raw, ok, h FROM hit WHERE run = 1", ((1.5, b"\x00\xff", True, 2**127 - 1),)),
    ("SELECT c, u, l, s FROM hit LIMIT 1", (("red", "12345678-1234-1234-1234-123456789abc", "[1, 2]", "{'a': 1}"),)),
    ("SELECT z, i, started FROM hit JOIN run ON id = run LIMIT 1",
     (("2023-12-31 22:00:00+00:00", "1:30:00", "2024-01-01 10:00:00"),)),
    ("SELECT DATE '2024-02-29', TIME '10:30', 7 // 2, 7 / 2, 1.5, 3::DECIMAL(9, 0)",
     (("2024-02-29", "10:30:00", 3, 3.5, 1.5, 3),)),
    ("SELECT rank() OVER (ORDER BY id), list(name) FROM run GROUP BY id QUALIFY rank() OVER (ORDER BY id) = 2",
     ((2, "[\"it's bad\"]"),)),
    ("SELECT name FROM run WHERE name ILIKE 'GOOD' OR regexp_matches(name, '^x')", (("good",),)),
    ("SELECT date_diff('day', DATE '2024-01-01', DATE '2024-03-01'), strftime(started, '%Y') FROM good", ((60, "2024"),)),
    ("SELECT j ->> '$.a[0]', json_extract(j, '$.b') FROM (SELECT '{\"a\": [5], \"b\": 2}'::JSON AS j)", (("5", "2"),)),
    ("SELECT unnest([1, 2]) AS x, generate_series FROM generate_series(1, 1)", ((1, 1), (2, 1))),
    ("SELECT \"a b\", \"ünï\" FROM \"Other one\".\"odd \"\"name\"", ((1, "z"),)),
    ("SELECT twice(21), median(id), approx_count_distinct(name) FROM run", ((42, 1.5, 2),)),
    ("PIVOT (SELECT id, name FROM run) ON name IN ('good') USING count(*) GROUP BY id ORDER BY id", ((1, 1), (2, 0))),
    ("VALUES (1, 'a'), (2, NULL)", ((1, "a"), (2, None))),
    ("SELECT count(*) FROM my_events.main.run", ((2,),)),
    ("SELECT current_setting('TimeZone')", (("UTC",),)),
    ("SELECT name FROM run WHERE id = 0", ()),
)  # fmt: skip


@pytest.mark.parametrize(("sql", "expected"), WORKS, ids=[sql[:40] for sql, _ in WORKS])
def test_ordinary_statements_work(events: Path, tier: Sandbox, sql: str, expected: tuple[Any, ...]) -> None:
    run = ask_duckdb(events, tier, sql)
    assert rows_in(run) == expected
    assert [[type(a) for a in row] for row in rows_in(run)] == [[type(b) for b in row] for row in expected]
    assert (run.ok, run.stdout, run.stderr, run.artifacts, run.tier) == (True, "", "", (), tier.tier)


def test_columns_keep_their_names(events: Path, one_tier: Sandbox) -> None:
    found = rows_of(
        ask_duckdb(events, one_tier, 'SELECT id, id, e, name AS "the name" FROM run JOIN hit ON run = id LIMIT 1')
    )
    assert found is not None
    assert found.columns == ("id", "id", "e", "the name")
    assert math.isnan(found.rows[0][2])


MESSAGES = (
    ("SELECT nam FROM run", 'Binder Error: Referenced column "nam" not found in FROM clause! Candidate bindings: "name"'),
    ("SELECT 1 FROM rn", "Catalog Error: Table with name rn does not exist! Did you mean"),
    ("SELECT foo(1)", "Catalog Error: Scalar Function with name foo does not exist!"),
    ("SELEC 1", 'Parser Error: syntax error at or near "SELEC"'),
    ("SELECT 1; SELECT 2", "only one statement can be executed at a time"),
    ("", "the statement is empty; write one SELECT"),
    ("-- nothing", "the statement is empty; write one SELECT"),
    ("SELECT $1", "Values were not provided for the following"),
    ("SELECT 'a'::INT", "Conversion Error: Could not convert string 'a' to INT32"),
    ("DELETE FROM run", "not allowed (DELETE): allowed is one SELECT"),
    ("EXPLAIN SELECT 1", "not allowed (EXPLAIN): allowed is one SELECT"),
    ("SELECT '\ud800'", "the statement holds characters that are not valid Unicode"),
)


@pytest.mark.parametrize(("sql", "message"), MESSAGES)
def test_errors_are_the_databases_own_words(events: Path, one_tier: Sandbox, sql: str, message: str) -> None:
    run = ask_duckdb(events, one_tier, sql)
    assert (run.error or "").startswith(message) or message in (run.error or ""), run.error
    assert "\n" not in (run.error or "")
    assert (run.ok, run.limit_hit, run.stderr, rows_of(run)) == (False, None, "", None)


# ------------------------------------------------------------------------------------------------ limits


def test_rows_and_bytes_are_capped(events: Path, one_tier: Sandbox) -> None:
    capped = rows_of(ask_duckdb(events, one_tier, "SELECT * FROM range(10000000000)", max_rows=100))
    assert capped is not None
    assert (len(capped.rows), capped.rows[-1], capped.truncated) == (100, (99,), True)
    small = rows_of(ask_duckdb(events, one_tier, "SELECT repeat('x', 1000) FROM range(50)", Limits(value_bytes=20_000)))
    assert small is not None
    assert small.truncated
    assert 10 < len(small.rows) < 20


TOO_MUCH = (
    ("SELECT count(*) FROM range(100000000000)", Limits(cpu_seconds=0.5, wall_seconds=9), "stopped: CPU limit 0.5 s"),
    ("SELECT count(*) FROM range(100000000000)", Limits(cpu_seconds=9, wall_seconds=0.5), "stopped: wall time limit 0.5 s"),
    ("SELECT list(hash(range)) FROM range(20000000)", Limits(memory_bytes=2**28), "stopped: memory limit 256 MiB"),
    ("SELECT repeat('x', 9000000)", Limits(), "stopped: value limit 8 MiB"),
)  # fmt: skip


@pytest.mark.parametrize(("sql", "limits", "sentence"), TOO_MUCH)
def test_limits_are_told(events: Path, tier: Sandbox, sql: str, limits: Limits, sentence: str) -> None:
    run = ask_duckdb(events, tier, sql, limits)
    assert (run.limit_hit, run.error, run.ok, rows_of(run)) == (sentence, None, False, None)
    assert run.wall_seconds < 8


# ------------------------------------------------------------------------------------------------ attacks


def changed(path: Path, work: Path, before: bytes) -> bool:
    return path.read_bytes() != before or any(work.iterdir())


def gives_rows(db: Any, sql: str, *_: Any) -> None:
    assert db.execute(sql).fetchall()


def writes(db: Any, sql: str, path: Path, work: Path, before: bytes) -> None:
    db.execute(sql)
    db.execute("CHECKPOINT") if db.execute("SELECT current_database()").fetchone() != ("x",) else None
    db.close()
    assert changed(path, work, before)


def succeeds(db: Any, sql: str, *_: Any) -> None:
    db.execute(sql)


def tries(db: Any, sql: str, *_: Any) -> None:
    """It goes as far as looking for what is not there."""
    with pytest.raises(duckdb.Error, match=r"No such file|No files found|Failed to download|not be loaded|not found"):
        db.execute(sql).fetchall()


OFFLINE = {"custom_extension_repository": "http://127.0.0.1:1"}
"""Where a control looks for extensions: nobody listens there."""

Control = Callable[..., None]
ATTACKS: tuple[tuple[str, Control], ...] = (
    ("DELETE FROM t", writes),
    ("UPDATE t SET v = 'x'", writes),
    ("INSERT INTO t VALUES (9, 'x')", writes),
    ("INSERT INTO t VALUES (9, 'x') RETURNING *", writes),
    ("DROP TABLE t", writes),
    ("TRUNCATE t", writes),
    ("ALTER TABLE t ADD COLUMN w INT", writes),
    ("CREATE TABLE u AS SELECT 1 AS a", writes),
    ("CREATE OR REPLACE VIEW w AS SELECT 1 AS a", writes),
    ("CREATE TYPE mood AS ENUM ('sad')", writes),
    ("CREATE MACRO f(x) AS x", writes),
    ("MERGE INTO t USING (SELECT 1 AS i) s ON t.i = s.i WHEN MATCHED THEN DELETE", writes),
    ("SELECT 1; DELETE FROM t", writes),
    ("BEGIN; DELETE FROM t; COMMIT", writes),
    ("SELECT nextval('counter')", writes),
    ("COMMENT ON TABLE t IS 'x'", writes),
    ("WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x", writes),
    ("COPY t TO '{work}/t.csv'", writes),
    ("COPY (SELECT 1) TO '{work}/t.parquet'", writes),
    ("EXPORT DATABASE '{work}/all'", writes),
    ("ATTACH '{work}/other.db' AS o", writes),
    ("ATTACH '{work}/other.db' AS o; CREATE TABLE o.t AS SELECT 1 AS a", writes),
    ("SET log_query_path = '{work}/log'; SELECT 1", writes),
    ("SELECT * FROM enable_logging(storage := 'file', storage_path := '{work}/logs')", succeeds),
    ("CALL enable_logging(storage := 'file', storage_path := '{work}/logs')", succeeds),
    ("PRAGMA enable_profiling = 'json'; PRAGMA profiling_output = '{work}/p.json'; SELECT 1", writes),
    ("SELECT * FROM read_csv('/etc/passwd', header = false, columns = {'a': 'VARCHAR'}, delim = '§')", gives_rows),
    ("SELECT * FROM '/etc/passwd'", None),
    ("SELECT content FROM read_text('/etc/passwd')", gives_rows),
    ("SELECT content FROM read_blob('/etc/hostname')", gives_rows),
    ("SELECT * FROM glob('/etc/*')", gives_rows),
    ("SELECT * FROM read_text('*')", gives_rows),
    ("SELECT * FROM read_csv_auto('/proc/self/environ')", succeeds),
    ("SELECT * FROM sniff_csv('/etc/passwd')", gives_rows),
    ("SELECT * FROM read_json('/etc/hosts.json')", tries),
    ("SELECT * FROM parquet_metadata('/etc/x.parquet')", tries),
    ("SELECT * FROM read_duckdb('/tmp/none.db', table_name = 't')", tries),
    ("SELECT * FROM query('SELECT content FROM read_text(''/etc/passwd'')')", gives_rows),
    ("FROM json_execute_serialized_sql(json_serialize_sql('SELECT content FROM read_text(''/etc/passwd'')'))", gives_rows),
    ("SELECT * FROM read_csv('https://127.0.0.1:1/x.csv')", tries),
    ("FROM 's3://bucket/x.parquet'", tries),
    ("INSTALL httpfs", tries),
    ("LOAD httpfs", tries),
    ("LOAD '{work}/evil.duckdb_extension'", tries),
    ("INSTALL h3 FROM community", None),
    ("SELECT * FROM sqlite_scan('/tmp/none.db', 't')", tries),
    ("SET threads = 8", succeeds),
    ("SET enable_external_access = true", None),
    ("RESET memory_limit", succeeds),
    ("PRAGMA memory_limit = '99GB'", succeeds),
    ("SET VARIABLE x = 1", succeeds),
    ("CALL pragma_version()", gives_rows),
    ("PRAGMA table_info('t')", gives_rows),
    ("USE memory", None),
    ("CREATE SECRET s (TYPE s3)", None),
    ("CREATE TEMP TABLE u AS SELECT 1 AS a", succeeds),
    ("PREPARE p AS DELETE FROM t", succeeds),
    ("EXECUTE p", None),
    ("DETACH x", None),
    ("VACUUM", succeeds),
    ("ANALYZE", succeeds),
    ("CHECKPOINT", succeeds),
    ("FORCE CHECKPOINT", succeeds),
    ("BEGIN", succeeds),
    ("EXPLAIN ANALYZE DELETE FROM t", writes),
    ("IMPORT DATABASE '{work}'", tries),
    ("SELECT * FROM sandbox", None),
    ("SELECT * FROM settings", None),
    ("SELECT getenv('HOME')", None),
    ("SELECT " + "(" * 5000 + "1" + ")" * 5000, None),
    ("SELECT " + "+".join(["1"] * 5000), None),
    ("SELECT count(*) FROM range(100000000000)", None),
    ("SELECT a.range FROM range(100000) a, range(100000) b ORDER BY hash(a.range + b.range)", None),
    ("SELECT count(*) FROM range(10000000) a JOIN range(10000000) b ON a.range <> b.range", None),
    ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n", None),
    ("SELECT repeat('x', 3000000000)", None),
    ("SELECT sleep_ms(60000)", None),
    ("SELECT [x for x in range(1000000000)]", None),
    ("SELECT regexp_matches(repeat('a', 1000000), '(a*)*b')", None),
)  # fmt: skip
"""With its control on an ordinary connection; None where it is a matter of resources, or of names inside our own program."""

MAY_GIVE_ROWS = ("SELECT regexp_matches",)


@pytest.fixture
def attacked(tmp_path: Path) -> Path:
    (tmp_path / "db").mkdir()
    rows = "INSERT INTO t VALUES (1, 'a'), (2, 'b')"
    return build_duckdb(tmp_path / "db" / "x.duckdb", "CREATE TABLE t (i INT, v VARCHAR)", rows, "CREATE SEQUENCE counter")


@pytest.mark.parametrize(("sql", "control"), ATTACKS, ids=[sql[:60] for sql, _ in ATTACKS])
def test_attacks(attacked: Path, tmp_path: Path, one_tier: Sandbox, sql: str, control: Control | None) -> None:
    work = tmp_path / "work"
    work.mkdir()
    work.chmod(0o777)
    sql = sql.replace("{work}", str(work))
    before = attacked.read_bytes()
    if control is not None:
        copy = tmp_path / "control.duckdb"
        copy.write_bytes(before)
        with duckdb.connect(str(copy), config=OFFLINE | {"home_directory": str(tmp_path)}) as db:
            control(db, sql, copy, work, before)
        subprocess.run(["rm", "-rf", str(work)], check=True)
        work.mkdir(mode=0o777)

    run = ask_duckdb(attacked, one_tier, sql, QUICK)
    assert attacked.read_bytes() == before
    assert (list(work.iterdir()), list(attacked.parent.iterdir())) == ([], [attacked])
    assert rows_of(run) is None or sql.startswith(MAY_GIVE_ROWS), run.value
    assert run.ok or bool(run.error) != bool(run.limit_hit)
    assert run.wall_seconds <= 2 * QUICK.wall_seconds


def test_a_harmless_statement_on_the_same_file_works(attacked: Path, one_tier: Sandbox) -> None:
    """A sandbox that runs nothing would pass all of the above."""
    assert rows_in(ask_duckdb(attacked, one_tier, "SELECT count(*) FROM t", QUICK)) == ((2,),)


FILE_ATTACKS = (
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM glob('*')",
    "SELECT * FROM read_csv('../*')",
    "COPY a TO 'a.csv'",
    "CREATE TABLE x AS SELECT 1",
    "INSERT INTO a VALUES (1, 2)",
    "WITH d AS (DELETE FROM a RETURNING *) SELECT * FROM d",
    "SET enable_external_access = true",
    "SET allowed_paths = ['/etc/passwd']",
    "SELECT * FROM enable_logging(storage := 'file', storage_path := 'logs')",
)


@pytest.mark.parametrize("sql", FILE_ATTACKS)
def test_attacks_beside_data_files(tmp_path: Path, tier: Sandbox, sql: str) -> None:
    """Here reading files is what the database does; it reads no other ones, and nothing can be made writable."""
    (tmp_path / "a.csv").write_text("x,y\n1,2\n")
    (tmp_path / "other.csv").write_text("CANARY,y\n1,2\n")
    with closing(DuckdbDatabase(tier, files={"a": tmp_path / "a.csv"})) as db:
        run = db.execute(sql, QUICK)
        assert rows_of(run) is None, run.value
        assert rows_in(db.execute("SELECT x, y FROM a")) == ((1, 2),)
    assert (tmp_path / "a.csv").read_text() == "x,y\n1,2\n"
    assert len(list(tmp_path.iterdir())) == 2


# ------------------------------------------------------------------------------------------------ files


def test_the_log_of_a_killed_program_is_read(tmp_path: Path, tier: Sandbox) -> None:
    path = tmp_path / "killed.duckdb"
    program = (
        f"import duckdb, os; db = duckdb.connect({str(path)!r}); db.execute('CREATE TABLE t AS SELECT 1 AS x');"
        "db.execute('CHECKPOINT'); db.execute('INSERT INTO t VALUES (2)'); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
    content = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert set(content) == {"killed.duckdb", "killed.duckdb.wal"}
    with closing(DuckdbDatabase(tier, path)) as db:
        assert rows_in(db.execute("SELECT sum(x) FROM t")) == ((3,),)
        assert db.summary.tables[0].entries == 2
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == content


def test_threads_may_share_it(events: Path, one_tier: Sandbox) -> None:
    with closing(DuckdbDatabase(one_tier, events)) as db, ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(db.execute, f"SELECT {i} * id FROM run WHERE id = 1") for i in range(8)]
        assert [rows_in(run.result()) for run in runs] == [((i,),) for i in range(8)]


def test_a_file_that_goes_or_cannot_be_opened(tmp_path: Path, events: Path, one_tier: Sandbox) -> None:
    path = tmp_path / "x.duckdb"
    path.write_bytes(events.read_bytes()[:5000])
    with closing(DuckdbDatabase(one_tier, path)) as db:
        with pytest.raises(DataError, match=r"x\.duckdb' cannot be opened by DuckDB: .*\. Copy it again"):
            db.execute("SELECT 1")
        with pytest.raises(DataError, match="cannot be opened"):
            _ = db.summary
        path.unlink()
        with pytest.raises(DataError, match="no data file"):
            db.execute("SELECT 1")
    with pytest.raises(DataError, match="no data file"):
        DuckdbDatabase(one_tier, path)
    with closing(DuckdbDatabase(one_tier, build_duckdb(path))) as db, pytest.raises(DataError, match="has no tables"):
        _ = db.summary


def test_a_damaged_data_file_is_named(tmp_path: Path, one_tier: Sandbox) -> None:
    (tmp_path / "bad.parquet").write_bytes(b"PAR1" + b"\xff" * 100)
    opened = DuckdbDatabase(one_tier, files={"b": tmp_path / "bad.parquet"})
    with closing(opened) as db, pytest.raises(DataError, match=r"bad\.parquet' cannot be opened by DuckDB"):
        db.execute("SELECT 1")
    (tmp_path / "x.sqlite").write_bytes(b"SQLite format 3\x00")
    with pytest.raises(DataError, match="is a sqlite file; DuckDB reads Parquet, CSV and JSON"):
        DuckdbDatabase(one_tier, files={"x": tmp_path / "x.sqlite"})


def test_a_file_that_another_program_writes(tmp_path: Path, one_tier: Sandbox) -> None:
    """Its lock is respected, except where root reads a copy."""
    path = build_duckdb(tmp_path / "live.duckdb", "CREATE TABLE t AS SELECT 1 AS x")
    holder = subprocess.Popen(
        [sys.executable, "-c", f"import duckdb; db = duckdb.connect({str(path)!r}); print('open', flush=True); input()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder, closing(DuckdbDatabase(one_tier, path)) as db:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        if os.geteuid() == 0 and one_tier.tier:
            db.execute("SELECT x FROM t")
        else:
            with pytest.raises(DataError, match="Close the program that has it open"):
                db.execute("SELECT x FROM t")
        holder.communicate("\n")
        assert rows_in(db.execute("SELECT x FROM t")) == ((1,),)


# ------------------------------------------------------------------------------------------------ summary


def test_summary(events: Path, one_tier: Sandbox) -> None:
    with closing(DuckdbDatabase(one_tier, events)) as db:
        summary = db.summary
        tables = {table.name: {c.name: c for c in table.columns} for table in summary.tables}
        assert set(tables) == {"run", "hit", "good", 'Other one.odd "name'}
        assert {t.name: (t.entries, t.note) for t in summary.tables}["good"] == (1, "view")
        assert (tables["run"]["id"].key, tables["run"]["id"].values) == (True, ("1", "2"))
        assert tables["run"]["name"].values == ("'good'", "'it''s bad'")
        hit = tables["hit"]
        assert (hit["run"].references, hit["l"].shape, hit["s"].shape) == ("run.id", "jagged", "nested")
        assert {c: hit[c].values for c in ("e", "q", "raw", "c", "ok")} == {
            "e": (), "q": ("1.5",), "raw": (), "c": ("'red'",), "ok": ("TRUE",),
        }  # fmt: skip
        assert hit["run"].note == "references run(id); e.g. 1, 2"
        for table in summary.tables:
            for column in table.columns:
                name = ".".join('"' + part.replace('"', '""') + '"' for part in table.name.split("."))
                found = [f'bool_or("{column.name}" = {value})' for value in column.values]
                if found:
                    run = db.execute(f"SELECT {' AND '.join(found)} FROM {name}")
                    assert rows_in(run) == ((True,),), (table.name, column)


def test_summary_of_many_tables_and_a_view_without_end(tmp_path: Path, one_tier: Sandbox) -> None:
    path = build_duckdb(
        tmp_path / "many.duckdb",
        *(f"CREATE TABLE t{i} AS SELECT range AS a, 'v' || range % 7 AS b FROM range(500)" for i in range(60)),
        "CREATE VIEW endless AS SELECT count(*) AS c FROM range(100000000000)",
    )
    with closing(DuckdbDatabase(one_tier, path)) as db:
        tables = {table.name: table for table in db.summary.tables}
    assert (len(tables), tables["endless"].entries, tables["t59"].entries) == (61, None, 500)
    assert tables["t59"].columns[1].values[:2] == ("'v0'", "'v1'")


def test_summary_of_data_files(tmp_path: Path, one_tier: Sandbox) -> None:
    (tmp_path / "a.csv").write_text("when;n\n2024-01-01;1\n2024-01-02;\n")
    (tmp_path / "b.json").write_text('[{"x": [1, 2], "o": {"k": 1}}]')
    with closing(DuckdbDatabase(one_tier, files={"a": tmp_path / "a.csv", "b": tmp_path / "b.json"})) as db:
        summary = db.summary
    assert (summary.kind, summary.path, summary.size_bytes) == ("duckdb", str(tmp_path), 62)
    found = {t.name: [(c.name, c.type, c.shape, c.values) for c in t.columns] for t in summary.tables}
    assert found == {
        "a": [("when", "DATE", "flat", ("'2024-01-01'", "'2024-01-02'")), ("n", "BIGINT", "flat", ("1",))],
        "b": [("x", "BIGINT[]", "jagged", ()), ("o", "STRUCT(k BIGINT)", "nested", ())],
    }


def test_a_result_is_what_duckdb_says(events: Path, one_tier: Sandbox) -> None:
    sql = "SELECT range AS i, range * 0.25 AS q, 'n' || range AS s FROM range(3)"
    with duckdb.connect() as db:
        plain = db.execute(sql).fetchall()
    found = rows_of(ask_duckdb(events, one_tier, sql))
    assert found == Rows(columns=("i", "q", "s"), rows=tuple((i, float(q), s) for i, q, s in plain))
