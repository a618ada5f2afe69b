"""PostgreSQL on a real server: what must work, roles that are refused, limits, lost connections."""

from __future__ import annotations

import math
import re
import resource
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest

from treadle.coding.sql.base import Rows, rows_of
from treadle.coding.sql.databases.postgresql import PostgresDatabase
from treadle.coding.sql.judge import SqlJudge
from treadle.errors import DataError
from treadle.types import Completion, Draft, Limits, Outcome, Request, Run, Rung

QUICK = Limits(wall_seconds=0.5)
READER, PASSWORD = "reader of rows", "p@ss/w:rd%"


@pytest.fixture(scope="module")
def bank(server: Any) -> Iterator[Any]:
    """A database of its own with a role that can only read."""
    server.admin("DROP DATABASE IF EXISTS bank", "CREATE DATABASE bank", database="postgres")
    server.admin(
        "CREATE TYPE colour AS ENUM ('red', 'blue')",
        "CREATE TABLE run (period int, number int, note text, PRIMARY KEY (period, number))",
        "INSERT INTO run VALUES (1, 7, 'good'), (1, 8, 'good'), (2, 7, 'it''s bad')",
        "CREATE TABLE hit (id bigserial PRIMARY KEY, p int, n int, e numeric(8, 2), c colour, seen date, tags text[],"
        " raw bytea, f float8, ok bool, more jsonb, at timestamptz, FOREIGN KEY (p, n) REFERENCES run)",
        "INSERT INTO hit (p, n, e, c, seen, tags, raw, f, ok, more, at) VALUES"
        " (1, 7, 1.50, 'red', '2024-02-29', '{a,b}', '\\x00ff', 'NaN', true, '{\"a\": 1}', '2024-01-01 12:00+00'),"
        " (1, 8, NULL, 'red', NULL, NULL, NULL, '-Infinity', false, NULL, NULL)",
        "CREATE VIEW good AS SELECT * FROM run WHERE note = 'good'",
        "CREATE MATERIALIZED VIEW kept AS SELECT count(*) AS c FROM hit",
        "CREATE TABLE part (k int, v text) PARTITION BY LIST (k)",
        "CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (1)",
        "INSERT INTO part VALUES (1, 'x')",
        'CREATE SCHEMA "Other one"',
        'CREATE TABLE "Other one"."odd ""name" ("a b" int, "ünï" text)',
        """INSERT INTO "Other one"."odd ""name" VALUES (1, 'z')""",
        "CREATE TABLE secret (s text)",
        f"""DROP ROLE IF EXISTS "{READER}" """,
        f"""CREATE ROLE "{READER}" LOGIN PASSWORD '{PASSWORD}'""",
        f'GRANT SELECT ON ALL TABLES IN SCHEMA public TO "{READER}"',
        f'GRANT USAGE ON SCHEMA "Other one" TO "{READER}"',
        f'GRANT SELECT ON ALL TABLES IN SCHEMA "Other one" TO "{READER}"',
        f'REVOKE SELECT ON secret FROM "{READER}"',
        "REVOKE TEMPORARY ON DATABASE bank FROM PUBLIC",
    )
    return server


def address_of(server: Any) -> str:
    return str(server.by_network(READER.replace(" ", "%20"), "p%40ss%2Fw%3Ard%25"))


@pytest.fixture
def reader(bank: Any) -> Iterator[PostgresDatabase]:
    with closing(PostgresDatabase(address_of(bank))) as db:
        yield db


def rows_in(run: Run) -> tuple[tuple[Any, ...], ...]:
    found = rows_of(run)
    assert found is not None, (run.error, run.limit_hit)
    return found.rows


# ------------------------------------------------------------------------------------------------ what must work

WORKS: tuple[tuple[str, tuple[Any, ...]], ...] = (
    ("SELECT id, e, c, seen, tags, raw FROM hit ORDER BY id LIMIT 1;", (1, 1.5, "red", "2024-02-29", "{a,b}", b"\x00\xff")),
    ("SELECT ok, more, at AT TIME ZONE 'UTC' FROM hit WHERE ok -- true", (True, '{"a": 1}', "2024-01-01 12:00:00")),
    ("WITH g AS (SELECT * FROM good) SELECT count(*), sum(number), avg(number) FROM g", (2, 15, 7.5)),
    ("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10) SELECT sum(i) FROM n", (55,)),
    ("SELECT note, rank() OVER (ORDER BY period, number) FROM run OFFSET 2", ("it's bad", 3)),
    ("SELECT 'a' LIKE 'A', 'a' ILIKE 'A', 5 % 3, 7 / 2, interval '1 day 2 hours'", (False, True, 2, 3, "1 day 02:00:00")),
    ("SELECT '100%' AS \"100%\", '%s'", ("100%", "%s")),
    ("SELECT 1e400::numeric > 1, 12345678901234567890, -0.5, NULL", (True, 12345678901234567890, -0.5, None)),
    ("SELECT \"a b\", \"ünï\" FROM \"Other one\".\"odd \"\"name\"", (1, "z")),
    ("TABLE kept", (2,)),
    ("VALUES (1, 'é')", (1, "é")),
    ("SELECT v FROM part", ("x",)),
    ("SELECT current_setting('transaction_read_only'), current_setting('statement_timeout')", ("on", "25s")),
)  # fmt: skip


@pytest.mark.parametrize(("sql", "expected"), WORKS, ids=[sql[:40] for sql, _ in WORKS])
def test_ordinary_statements_work(reader: PostgresDatabase, sql: str, expected: tuple[Any, ...]) -> None:
    run = reader.execute(sql)
    assert rows_in(run) == (expected,)
    assert [type(a) for a in rows_in(run)[0]] == [type(b) for b in expected]
    assert (run.ok, run.tier, reader.dialect) == (True, "read-only role", "postgres")


def test_odd_numbers_and_names(reader: PostgresDatabase) -> None:
    found = rows_in(reader.execute("SELECT f FROM hit ORDER BY id"))
    assert math.isnan(found[0][0])
    assert found[1][0] == -math.inf
    doubled = rows_of(reader.execute("SELECT 1 AS a, 2 AS a, 3"))
    assert doubled == Rows(columns=("a", "a", "?column?"), rows=((1, 2, 3),))
    assert rows_in(reader.execute("SELECT 1 WHERE false")) == ()


MESSAGES = (
    ("SELECT nota FROM run", 'column "nota" does not exist. Perhaps you meant to reference the column "run.note".'),
    ("SELECT 1 FROM runs", 'relation "runs" does not exist'),
    ("SELECT * FROM secret", "permission denied for table secret"),
    ("SELEC 1", 'syntax error at or near "SELEC"'),
    ("SELECT 1; SELECT 2", "cannot insert multiple commands into a prepared statement"),
    ("SELECT 1 / 0", "division by zero"),
    ("SELECT $1 + 1", "the statement has parameters ($1), for which there are no values"),
    ("", "the statement is empty or returns no rows; allowed is one SELECT"),
    ("SELECT", "the statement is empty or returns no rows; allowed is one SELECT"),
    ("SELECT '\x00'", "the statement holds a NUL character"),
    ("SELECT '\ud800'", "the statement holds characters that are not valid Unicode"),
)


@pytest.mark.parametrize(("sql", "message"), MESSAGES)
def test_errors_are_the_databases_own_words(reader: PostgresDatabase, sql: str, message: str) -> None:
    run = reader.execute(sql)
    assert (run.error, run.ok, run.limit_hit, rows_of(run)) == (message, False, None, None)
    assert rows_in(reader.execute("SELECT 1")) == ((1,),)


ODD = (
    ("SELECT 1 -- ; one", 1),
    ("SELECT ';' /* ; /* ; */ ' */ ; -- two", ";"),
    ("SELECT $$;'$$;;", ";'"),
    ("SELECT $a$;$$;$a$ ;", ";$$;"),
    ("SELECT E'a\\';\\'' ;", "a';'"),
    ("SELECT 'a\\' ; -- '", "a\\"),
    ("SELECT U&'d\\0061;' ;", "da;"),
    ('SELECT 3 AS ";" ;', 3),
    ("SELECT pg_sleep(0)", ""),
    ("SELECT ROW(1, 'a')", "(1,a)"),
    ("SELECT textout('x')", "x"),
    ("(SELECT 1) UNION (SELECT 1)", 1),
    ("SELECT i FROM (VALUES (2), (1)) v(i) ORDER BY i LIMIT 1 FOR READ ONLY", 1),
)


@pytest.mark.parametrize(("sql", "expected"), ODD)
def test_the_end_of_a_statement_is_found(reader: PostgresDatabase, sql: str, expected: Any) -> None:
    assert rows_in(reader.execute(sql)) == ((expected,),)


def test_order_is_kept(reader: PostgresDatabase) -> None:
    found = rows_in(reader.execute("SELECT v.i, v.i::text FROM generate_series(1, 5000) v(i) ORDER BY -v.i % 7, v.i"))
    assert [row[0] for row in found] == sorted(range(1, 5001), key=lambda i: (-(i % 7), i))


# ------------------------------------------------------------------------------------------------ limits


def quiet(server: Any) -> bool:
    """Whether the server does nothing for the reader any more, at the latest in a few seconds."""
    query = "SELECT count(*) FROM pg_stat_activity WHERE usename LIKE 'reader%' AND state <> 'idle'"
    for _ in range(50):
        if server.admin(query) == [(0,)]:
            return True
        time.sleep(0.1)
    return False


ENDLESS = (
    "SELECT pg_sleep(30)",
    "SELECT set_config('statement_timeout', '0', false), pg_sleep(30)",
    "SELECT count(*) FROM generate_series(1, 100000000000)",
    "SELECT a.i FROM generate_series(1, 3000) a(i), generate_series(1, 3000) b(i) ORDER BY random()",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
)


@pytest.mark.parametrize("sql", ENDLESS)
def test_statements_are_cancelled_from_here(bank: Any, reader: PostgresDatabase, sql: str) -> None:
    started = time.monotonic()
    run = reader.execute(sql, QUICK)
    assert (run.limit_hit, run.error, rows_of(run)) == ("stopped: wall time limit 0.5 s", None, None)
    assert time.monotonic() - started < 25  # the server is given 5 s to let go, and would sleep for 30
    assert quiet(bank)
    assert rows_in(reader.execute("SELECT current_setting('statement_timeout')")) == (("25s",),)


def test_rows_and_bytes_are_capped(bank: Any) -> None:
    with closing(PostgresDatabase(address_of(bank), max_rows=100)) as db:
        started = time.monotonic()
        found = rows_of(db.execute("SELECT i, repeat('x', 100) FROM generate_series(1, 2000000) i"))
        assert found is not None
        assert (len(found.rows), found.truncated, found.rows[99][0]) == (100, True, 100)
        small = rows_of(db.execute("SELECT repeat('x', 1000) FROM generate_series(1, 50)", Limits(value_bytes=20_000)))
        assert small is not None
        assert (len(small.rows), small.truncated) == (19, True)
        whole = rows_of(db.execute("SELECT i FROM generate_series(1, 100) i"))
        assert whole is not None
        assert (len(whole.rows), whole.truncated) == (100, False)
        assert time.monotonic() - started < 60


def test_one_enormous_value_is_not_waited_for(reader: PostgresDatabase) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    run = reader.execute("SELECT repeat('x', 60000000)", Limits(wall_seconds=30))
    assert (run.limit_hit, rows_of(run)) == ("stopped: value limit 8 MiB", None)
    growing = "SELECT i, repeat('x', (20 ^ (2 * i))::int) FROM generate_series(1, 3) i"
    few = rows_of(reader.execute(growing, Limits(value_bytes=1 << 20)))
    assert few is not None
    assert ([row[0] for row in few.rows], few.truncated) == ([1, 2], True)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30 << 10  # KiB
    assert rows_in(reader.execute("SELECT 1")) == ((1,),)


def test_ctrl_c_stops_the_server_too(bank: Any, reader: PostgresDatabase) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    previous = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(KeyboardInterrupt):
            reader.execute("SELECT pg_sleep(30)")
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
    assert quiet(bank)
    assert rows_in(reader.execute("SELECT 1")) == ((1,),)


# ------------------------------------------------------------------------------------------------ connections


def test_a_lost_connection_is_made_again_and_the_role_checked_again(bank: Any, reader: PostgresDatabase) -> None:
    kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'reader%'"
    bank.admin(kill)
    assert rows_in(reader.execute("SELECT 1")) == ((1,),)
    run = reader.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    assert run.error == "terminating connection due to administrator command"
    assert rows_in(reader.execute("SELECT 1")) == ((1,),)
    bank.admin(f'GRANT INSERT ON run TO "{READER}"', kill)
    with pytest.raises(DataError, match="may INSERT table run"):
        reader.execute("SELECT 1")
    bank.admin(f'REVOKE INSERT ON run FROM "{READER}"')
    assert rows_in(reader.execute("SELECT 1")) == ((1,),)


def test_threads_may_share_it(reader: PostgresDatabase) -> None:
    found: list[Any] = []
    threads = [threading.Thread(target=lambda i=i: found.append(rows_in(reader.execute(f"SELECT {i}")))) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [((i,),) for i in range(8)]


def test_the_password_is_never_shown(bank: Any, reader: PostgresDatabase) -> None:
    address = f"postgresql://reader%20of%20rows@127.0.0.1:{bank.port}/bank"
    assert (reader.address, reader.summary.path) == (address, address)
    for password, words in (
        ("s3cret-wrong", "password authentication failed"),
        ("x" * 20, "password authentication failed"),
    ):
        with pytest.raises(DataError, match=words) as caught:
            PostgresDatabase(bank.by_network("reader%20of%20rows", password))
        assert password not in str(caught.value).replace('for user "', "")
        assert caught.value.__cause__ is None
    for unreadable in (
        "postgresql://u:s3cret%zz@h/db",
        "postgresql://u:s3cret@h:port/db",
        "postgresql://u@h/db?passwort=s3cret",
    ):
        with pytest.raises(DataError) as caught:
            PostgresDatabase(unreadable)
        assert "s3cret" not in str(caught.value)
    with pytest.raises(DataError, match=r"no connection to postgresql://u@127\.0\.0\.1:1/db.*refused"):
        PostgresDatabase("postgresql://u:s3cret@127.0.0.1:1/db")
    with pytest.raises(DataError, match='database "nothing" does not exist'):
        PostgresDatabase(bank.address("admin", "nothing"))


# ------------------------------------------------------------------------------------------------ roles

EXCESSES = (
    (("ALTER ROLE r CREATEDB",), "is CREATEDB"),
    (("ALTER ROLE r CREATEROLE BYPASSRLS",), "is CREATEROLE, BYPASSRLS"),
    (("ALTER ROLE r REPLICATION",), "is REPLICATION"),
    (("ALTER ROLE r SUPERUSER",), "is SUPERUSER: it may do everything"),
    (("GRANT admin TO r",), "may become admin, which is SUPERUSER"),
    (("GRANT pg_write_all_data TO r",), "may become pg_write_all_data"),
    (("GRANT pg_execute_server_program TO r",), "may become pg_execute_server_program"),
    (("GRANT pg_read_server_files TO r",), "may become pg_read_server_files"),
    (("GRANT pg_write_server_files TO r",), "may become pg_write_server_files"),
    (("GRANT pg_signal_backend TO r",), "may become pg_signal_backend"),
    (("GRANT INSERT, DELETE ON t TO r",), "may DELETE, INSERT table t"),
    (("GRANT TRUNCATE, TRIGGER ON t TO r",), "may TRIGGER, TRUNCATE table t"),
    (("GRANT UPDATE (v) ON t TO r",), "may UPDATE columns of t"),
    (("GRANT UPDATE ON t TO PUBLIC",), "may UPDATE table t"),
    (("CREATE ROLE g NOLOGIN", "GRANT DELETE ON t TO g", "GRANT g TO r"), "may DELETE table t"),
    (("GRANT USAGE ON SEQUENCE t_id_seq TO r",), "may USAGE sequence t_id_seq"),
    (("GRANT UPDATE ON SEQUENCE t_id_seq TO PUBLIC",), "may UPDATE sequence t_id_seq"),
    (("GRANT CREATE ON SCHEMA public TO PUBLIC",), "may CREATE in schema public"),
    (("GRANT CREATE ON DATABASE rights TO r",), "may CREATE in database rights"),
    (("GRANT TEMPORARY ON DATABASE rights TO PUBLIC",), "may TEMPORARY in database rights"),
    (("SELECT lo_create(77)", "GRANT UPDATE ON LARGE OBJECT 77 TO r"), "may UPDATE in large object 77"),
    (("ALTER TABLE t OWNER TO r",), "owns the table t"),
    (("CREATE SCHEMA s AUTHORIZATION r",), "owns the schema s"),
    (("ALTER DATABASE rights OWNER TO r",), "owns the database rights"),
    (("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'", "ALTER FUNCTION f OWNER TO r"), "owns the function f()"),
    (
        ("CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM t RETURNING id'",),
        "may execute f(), which runs with the rights of its owner",
    ),
    (("GRANT EXECUTE ON FUNCTION pg_read_file(text) TO r",), "may execute pg_read_file(text), which reaches the files"),
    (("GRANT EXECUTE ON FUNCTION lo_export(oid, text) TO r",), "may execute lo_export(oid,text), which reaches the files"),
    (("CREATE EXTENSION dblink",), "which is of the extension dblink and reaches beyond this database"),
)  # fmt: skip


@pytest.fixture
def rights(server: Any) -> Iterator[Any]:
    """A database with one table, and a role r that may read it and nothing else."""
    server.admin("DROP DATABASE IF EXISTS rights", database="postgres")
    for role in ("r", "g", "treadle_reader"):
        server.admin(f"DROP ROLE IF EXISTS {role}", database="postgres")
    server.admin("CREATE DATABASE rights", "CREATE ROLE r LOGIN", database="postgres")
    server.admin(
        "CREATE TABLE t (id serial PRIMARY KEY, v text)",
        "INSERT INTO t (v) VALUES ('a')",
        "GRANT SELECT ON t TO r",
        "REVOKE TEMPORARY ON DATABASE rights FROM PUBLIC",
        database="rights",
    )
    yield server
    server.admin("DROP DATABASE rights WITH (FORCE)", database="postgres")


def opens(server: Any, role: str = "r") -> None:
    with closing(PostgresDatabase(server.address(role, "rights"))) as db:
        assert rows_in(db.execute("SELECT v FROM t")) == (("a",),)


@pytest.mark.parametrize(("grants", "words"), EXCESSES, ids=[words for _, words in EXCESSES])
def test_a_role_that_may_do_more_than_read_is_refused(rights: Any, grants: tuple[str, ...], words: str) -> None:
    if "dblink" in words and not rights.admin("SELECT 1 FROM pg_available_extensions WHERE name = 'dblink'"):
        pytest.skip("the extension dblink is not installed on this machine")
    opens(rights)
    rights.admin(*grants, database="rights")
    with pytest.raises(DataError, match=re.escape(words)) as caught:
        PostgresDatabase(rights.address("r", "rights"))
    lines = str(caught.value).splitlines()
    remedies = [found for line in lines for found in re.findall(r"\(((?:REVOKE|ALTER ROLE) .*;)\)$", line)]
    recipe = [line.strip() for line in lines if line.startswith("    ")]
    assert bool(remedies) == (not any(word in words for word in ("owns", "SUPERUSER: it")))
    rights.admin(*recipe, database="rights")  # a role of its own passes, whatever r may do
    opens(rights, "treadle_reader")
    for remedy in remedies:
        rights.admin(remedy, database="rights")
    if remedies:
        opens(rights)


def test_a_fresh_database_is_refused_with_a_recipe_that_works(server: Any) -> None:
    """Every role may make temporary tables in a new database; the recipe says how to end that."""
    server.admin("DROP DATABASE IF EXISTS rights", database="postgres")
    server.admin("DROP ROLE IF EXISTS treadle_reader", "CREATE DATABASE rights", database="postgres")
    server.admin('CREATE SCHEMA "A b"', 'CREATE TABLE "A b".t (v text)', "CREATE TABLE t (v text)", database="rights")
    server.admin("INSERT INTO t VALUES ('a')", database="rights")
    with pytest.raises(DataError, match="SUPERUSER") as caught:
        PostgresDatabase(server.address("admin", "rights"))
    recipe = [line.strip() for line in str(caught.value).splitlines() if line.startswith("    ")]
    assert 'GRANT SELECT ON ALL TABLES IN SCHEMA "A b" TO treadle_reader;' in recipe
    server.admin(*recipe, database="rights")
    opens(server, "treadle_reader")
    server.admin("DROP DATABASE rights WITH (FORCE)", database="postgres")


# ------------------------------------------------------------------------------------------------ summary


def test_summary(reader: PostgresDatabase) -> None:
    summary = reader.summary
    tables = {table.name: table for table in summary.tables}
    assert set(tables) == {"run", "hit", "good", "kept", "part", 'Other one.odd "name'}
    assert {name: t.entries for name, t in tables.items()} == {
        "run": 3, "hit": 2, "good": 2, "kept": 1, "part": 1, 'Other one.odd "name': 1,
    }  # fmt: skip
    assert (tables["good"].note, tables["kept"].note) == ("view", "materialized view")
    run = {c.name: c for c in tables["run"].columns}
    assert (run["number"].key, run["number"].values, run["note"].values) == (True, ("7", "8"), ("'good'", "'it''s bad'"))
    hit = {c.name: c for c in tables["hit"].columns}
    assert (hit["p"].references, hit["n"].references, hit["id"].references) == ("run.period", "run.number", "")
    assert {c: hit[c].values for c in ("e", "c", "ok", "raw", "seen")} == {
        "e": ("1.5",), "c": ("'red'",), "ok": ("TRUE", "FALSE"), "raw": (), "seen": ("'2024-02-29'",),
    }  # fmt: skip
    assert (hit["e"].type, hit["tags"].shape, hit["more"].shape) == ("numeric(8,2)", "jagged", "nested")
    assert summary.kind == "postgresql"
    assert summary.size_bytes > 1_000_000


def test_functions_of_the_database_are_known(bank: Any) -> None:
    """Own ones on the search path; what lies in another schema has to be named with it, and is told as before."""
    bank.admin(
        "CREATE FUNCTION doubled(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 2 * n'",
        "CREATE FUNCTION \"Other one\".hidden(n int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT n'",
    )
    try:
        with closing(PostgresDatabase(address_of(bank))) as db:
            assert "doubled" in db.functions
            assert "hidden" not in db.functions
            judge = SqlJudge(Request(text="Twice?", data=db.summary, language="sql"), db, Limits())
            statements = {name: _draft(f"SELECT {name}(number) AS n FROM run") for name in ("doubled", "dubled")}
            names = {name: judge.judge(draft, "0.0") for name, draft in statements.items()}
    finally:
        bank.admin("DROP FUNCTION doubled(int)", 'DROP FUNCTION "Other one".hidden(int)')
    assert names["doubled"].passed
    failed = next(v for v in names["dubled"].verdicts if v.outcome is Outcome.FAILED)
    assert (failed.rung, "doubled" in failed.reason + failed.hint) == (Rung.NAMES, True)


def _draft(statement: str) -> Draft:
    return Draft(id="0.0", completion=Completion(text=statement), program=statement)


def test_the_summary_does_not_wait_for_a_view(bank: Any) -> None:
    bank.admin(
        "CREATE VIEW endless AS SELECT count(*) AS c FROM generate_series(1, 100000000000)",
        "CREATE VIEW broken AS SELECT 1 / (count(*) - count(*)) AS c FROM run",
        f'GRANT SELECT ON endless, broken TO "{READER}"',
    )
    try:
        with closing(PostgresDatabase(address_of(bank))) as db:
            tables = {table.name: table for table in db.summary.tables}
            assert (tables["endless"].entries, tables["broken"].columns[0].values) == (None, ())
            assert tables["run"].entries == 3
            assert rows_in(db.execute("SELECT current_setting('statement_timeout')")) == (("25s",),)
    finally:
        bank.admin("DROP VIEW endless, broken")


def test_the_hash_is_that_of_the_schema(bank: Any, reader: PostgresDatabase) -> None:
    bank.admin("INSERT INTO part VALUES (1, 'y')")
    with closing(PostgresDatabase(address_of(bank))) as again:
        assert again.summary.sha256 == reader.summary.sha256
    bank.admin("ALTER TABLE part ADD COLUMN extra int")
    with closing(PostgresDatabase(address_of(bank))) as changed:
        assert changed.summary.sha256 != reader.summary.sha256


def test_literals_are_read_back(reader: PostgresDatabase) -> None:
    for table in reader.summary.tables:
        for column in table.columns:
            name = ".".join('"' + part.replace('"', '""') + '"' for part in table.name.split("."))
            quoted = column.name.replace('"', '""')
            for value in column.values:
                run = reader.execute(f'SELECT count(*) > 0 FROM {name} WHERE "{quoted}" = {value}')
                assert rows_in(run) == ((True,),), (table.name, column.name, value)


def test_no_tables_is_an_error(rights: Any) -> None:
    rights.admin("REVOKE SELECT ON t FROM r", database="rights")
    with (
        closing(PostgresDatabase(rights.address("r", "rights"))) as db,
        pytest.raises(DataError, match="no tables that its role"),
    ):
        _ = db.summary


def test_the_server_of_the_tests_is_real(server: Any) -> None:
    with psycopg.connect(server.admin_address) as connection:
        assert connection.info.server_version >= 100000
