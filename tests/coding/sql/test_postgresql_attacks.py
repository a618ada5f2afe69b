"""What no statement can do to a PostgreSQL server through a role that can only read, each with a control.

The control is the same text through the simple protocol on a superuser's connection, where it does what it says.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from treadle.coding.sql.base import rows_of
from treadle.coding.sql.databases.postgresql import PostgresDatabase
from treadle.errors import DataError
from treadle.types import Limits

QUICK = Limits(wall_seconds=0.5)

STATE = """
SELECT (SELECT string_agg(t::text, ',' ORDER BY id) FROM t), (SELECT last_value FROM t_id_seq),
       (SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_proc), (SELECT count(*) FROM pg_largeobject_metadata),
       (SELECT string_agg(a::text, ',' ORDER BY rolname) FROM pg_authid a),
       (SELECT count(*) FROM pg_db_role_setting), (SELECT string_agg(relacl::text, ',' ORDER BY oid) FROM pg_class),
       (SELECT count(*) FROM pg_description), (SELECT count(*) FROM pg_extension), (SELECT count(*) FROM pg_namespace),
       (SELECT count(*) FROM pg_settings WHERE source = 'configuration file')
"""

# What changes the server for good.
WRITES = (
    "COMMIT; DROP TABLE t",
    "ROLLBACK; DELETE FROM t",
    "END; BEGIN READ WRITE; DELETE FROM t; COMMIT",
    "SELECT 1; DELETE FROM t",
    "SELECT 1 /* ' */; DELETE FROM t --",
    "DELETE FROM t",
    "UPDATE t SET v = 'x'",
    "INSERT INTO t (v) VALUES ('x')",
    "INSERT INTO t (v) VALUES ('x') RETURNING id",
    "DELETE FROM t RETURNING *",
    "UPDATE t SET v = 'x' RETURNING v",
    "WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x",
    "WITH x AS (INSERT INTO t (v) VALUES ('x') RETURNING *) SELECT * FROM x",
    "MERGE INTO t USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE",
    "TRUNCATE t",
    "DROP TABLE t",
    "ALTER TABLE t ADD COLUMN w int",
    "CREATE TABLE u (a int)",
    "CREATE TABLE u AS SELECT 1 AS a",
    "SELECT * INTO u FROM t",
    "CREATE VIEW w AS SELECT 1",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE SCHEMA s",
    "CREATE EXTENSION pg_trgm",
    "CREATE ROLE evil SUPERUSER",
    "ALTER ROLE CURRENT_USER SET statement_timeout = 0",
    "ALTER ROLE CURRENT_USER PASSWORD 'x'",
    "ALTER DATABASE bank SET statement_timeout = 0",
    "GRANT ALL ON t TO PUBLIC",
    "COMMENT ON TABLE t IS 'x'",
    "DO $$ BEGIN DELETE FROM t; END $$",
    "DO $$ BEGIN COMMIT; DELETE FROM t; END $$",
    "DO $$ BEGIN EXECUTE 'DELETE FROM t'; END $$",
    "CALL emptied()",
    "CALL emptied_out(NULL)",
    "SELECT wipe()",
    "SELECT v FROM t WHERE wipe() > 0",
    "EXPLAIN ANALYZE DELETE FROM t",
    "EXPLAIN (ANALYZE, FORMAT json) UPDATE t SET v = 'x'",
    "PREPARE x AS DELETE FROM t; EXECUTE x",
    "COPY t FROM PROGRAM 'echo 9,x' (FORMAT csv)",
    "SELECT nextval('t_id_seq')",
    "SELECT setval('t_id_seq', 100)",
    "SELECT lo_create(4242)",
    "SELECT lo_from_bytea(4243, 'x')",
    "SELECT lo_import('/etc/hostname')",
)

# What writes or reads files of the server; {work} is a folder that it may write to.
FILES = (
    "COPY t TO '{work}/t.csv'",
    "COPY (SELECT 1) TO PROGRAM 'cat > {work}/p.csv'",
    "SELECT lo_export(99, '{work}/lo.txt')",
)

# What gives rows to a superuser that nobody else should see, or has an effect on the server.
SECRETS = (
    "SELECT rolpassword FROM pg_authid",
    "SELECT s FROM secret",
    "SELECT pg_read_file('/etc/hostname')",
    "SELECT pg_read_binary_file('/etc/hostname')",
    "SELECT pg_ls_dir('/')",
    "SELECT pg_stat_file('/etc/hostname')",
    "SELECT * FROM pg_hba_file_rules",
    "SELECT query_to_xml('SELECT * FROM secret', true, false, '')",
    "SELECT table_to_xml('secret', true, false, '')",
    "SELECT pg_reload_conf()",
    "SELECT pg_switch_wal()",
    "SELECT pg_create_restore_point('x')",
    "SELECT pg_stat_reset()",
    "SELECT pg_log_backend_memory_contexts(pg_backend_pid())",
    "SELECT * FROM t FOR UPDATE",
    "SELECT * FROM t FOR KEY SHARE",
)

# What changes a session, which only a superuser's control keeps.
SESSION = (
    "SET statement_timeout = 0",
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
    "SET ROLE admin",
    "SET SESSION AUTHORIZATION admin",
    "RESET ALL",
    "DISCARD ALL",
    "LISTEN x",
    "NOTIFY x, 'y'",
    "CREATE TEMP TABLE u (a int)",
    "SELECT * INTO TEMP u FROM t",
    "BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE",
    "BEGIN; DECLARE c CURSOR FOR SELECT 1",
    "PREPARE x AS SELECT 1",
    "LOAD 'auto_explain'",
    "CHECKPOINT",
    "VACUUM t",
    "ANALYZE t",
    "REINDEX TABLE t",
    "SHOW server_version",
    "EXPLAIN SELECT 1",
    "COPY t TO STDOUT",
)

# What runs the text of a statement, but takes no write even from a superuser.
HOPELESS = (
    "SELECT query_to_xml('DELETE FROM t', true, false, '')",
    "SELECT * FROM ts_stat('DELETE FROM t RETURNING to_tsvector(v)')",
)

# What succeeds and leaves nothing behind.
HARMLESS = ("SELECT lo_create(4242)", "SELECT lo_from_bytea(4243, 'x')")


@pytest.fixture(scope="module")
def attacked(server: Any) -> Any:
    server.admin("DROP DATABASE IF EXISTS bank WITH (FORCE)", "CREATE DATABASE bank", database="postgres")
    for role in ("victim", "evil"):
        server.admin(f"DROP ROLE IF EXISTS {role}", database="postgres")
    server.admin(
        "CREATE ROLE victim LOGIN",
        "REVOKE TEMPORARY ON DATABASE bank FROM PUBLIC",
        "CREATE TABLE secret (s text)",
        "INSERT INTO secret VALUES ('CANARY')",
        "CREATE TABLE t (id serial PRIMARY KEY, v text)",
        "CREATE FUNCTION wipe() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN DELETE FROM t; RETURN 1; END'",
        "CREATE PROCEDURE emptied() LANGUAGE plpgsql AS 'BEGIN COMMIT; DELETE FROM t; COMMIT; END'",
        "CREATE PROCEDURE emptied_out(INOUT a int) LANGUAGE plpgsql AS 'BEGIN DELETE FROM t; a := 1; END'",
    )
    return server


@pytest.fixture
def victim(attacked: Any) -> Iterator[PostgresDatabase]:
    """A reader of a table that is as it was."""
    reset(attacked)
    with closing(PostgresDatabase(attacked.address("victim"))) as db:
        yield db


def reset(server: Any) -> None:
    server.admin(
        "DROP TABLE IF EXISTS t, u CASCADE",
        "DROP VIEW IF EXISTS w",
        "DROP FUNCTION IF EXISTS f()",
        "DROP SCHEMA IF EXISTS s",
        "DROP EXTENSION IF EXISTS pg_trgm",
        "DROP ROLE IF EXISTS evil",
        "ALTER ROLE admin RESET ALL",
        "ALTER DATABASE bank RESET ALL",
        "SELECT lo_unlink(oid) FROM pg_largeobject_metadata",
        "CREATE TABLE t (id serial PRIMARY KEY, v text)",
        "INSERT INTO t (v) VALUES ('a'), ('b')",
        "GRANT SELECT ON t TO victim",
    )


def state(server: Any) -> Any:
    return server.admin(STATE)


def as_superuser(server: Any, sql: str) -> tuple[Any, ...] | None:
    """The control; a transaction that is left open is undone. The rows, where it gives any."""
    with psycopg.connect(server.admin_address, autocommit=True) as connection:
        cursor = connection.cursor()
        if sql.startswith("COPY") and sql.endswith("STDOUT"):
            with cursor.copy(sql.encode()) as copy:
                return tuple(copy.rows())
        cursor.execute(sql.encode())
        return tuple(cursor.fetchall()) if cursor.description else None


def refused(db: PostgresDatabase, sql: str) -> None:
    run = db.execute(sql, QUICK)
    assert rows_of(run) is None, run.value
    assert bool(run.error) != bool(run.limit_hit)


def still_serves(db: PostgresDatabase) -> None:
    """In a session like any other: read-only, of the same role, with nothing left of the last statement."""
    query = (
        "SELECT current_setting('transaction_read_only'), current_setting('statement_timeout'), current_user, session_user,"
        " (SELECT count(*) FROM pg_prepared_statements), (SELECT count(*) FROM pg_cursors WHERE name <> ''),"
        " (SELECT count(*) FROM pg_listening_channels()), (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory')"
    )
    found = rows_of(db.execute(query))
    assert found is not None
    assert found.rows == (("on", "25s", "victim", "victim", 0, 0, 0, 0),)


@pytest.mark.parametrize("sql", WRITES)
def test_nothing_is_written(attacked: Any, victim: PostgresDatabase, sql: str) -> None:
    before = state(attacked)
    as_superuser(attacked, sql)
    assert "DROP TABLE" in sql or state(attacked) != before, "the control has no effect"
    reset(attacked)
    before = state(attacked)
    run = victim.execute(sql, QUICK)
    assert state(attacked) == before
    assert (rows_of(run) is not None) == (sql in HARMLESS)
    still_serves(victim)


@pytest.mark.parametrize("sql", HOPELESS)
def test_functions_that_run_statements_do_not_write(attacked: Any, victim: PostgresDatabase, sql: str) -> None:
    before = state(attacked)
    with pytest.raises(psycopg.Error):
        as_superuser(attacked, sql)
    refused(victim, sql)
    assert state(attacked) == before


@pytest.mark.parametrize("sql", FILES)
def test_no_file_of_the_server_is_written(attacked: Any, victim: PostgresDatabase, sql: str) -> None:
    attacked.admin("SELECT lo_from_bytea(99, 'x')")
    work = attacked.folder / "work"
    work.mkdir(exist_ok=True)
    work.chmod(0o777)
    sql = sql.replace("{work}", str(work))
    as_superuser(attacked, sql)
    assert list(work.iterdir())
    for file in work.iterdir():
        file.unlink()
    refused(victim, sql)
    assert list(work.iterdir()) == []
    still_serves(victim)


@pytest.mark.parametrize("sql", SECRETS)
def test_nothing_is_seen_or_done_beyond_the_roles_rights(attacked: Any, victim: PostgresDatabase, sql: str) -> None:
    assert as_superuser(attacked, sql)
    run = victim.execute(sql, QUICK)
    assert rows_of(run) is None
    assert any(why in (run.error or "") for why in ("permission denied", "must be superuser", "read-only transaction"))
    still_serves(victim)


@pytest.mark.parametrize("sql", SESSION)
def test_the_session_cannot_be_changed(attacked: Any, victim: PostgresDatabase, sql: str) -> None:
    as_superuser(attacked, sql)
    refused(victim, sql)
    still_serves(victim)


SETTINGS = (
    ("transaction_read_only", "off"),
    ("default_transaction_read_only", "off"),
    ("statement_timeout", "0"),
    ("role", "admin"),
    ("session_authorization", "admin"),
    ("search_path", "pg_temp"),
    ("client_encoding", "LATIN1"),
    ("bytea_output", "escape"),
    ("DateStyle", "German"),
)


@pytest.mark.parametrize("local", [True, False])
@pytest.mark.parametrize(("name", "value"), SETTINGS)
def test_settings_changed_by_a_function_do_not_last(victim: PostgresDatabase, name: str, value: str, local: bool) -> None:
    victim.execute(f"SELECT set_config('{name}', '{value}', {local})")
    still_serves(victim)
    found = rows_of(victim.execute("SELECT '\\xff'::bytea, DATE '2024-02-29', 'é', count(*) FROM t"))
    assert found is not None
    assert found.rows == ((b"\xff", "2024-02-29", "é", 2),)


def test_a_transaction_cannot_be_made_writable_within_a_statement(attacked: Any, victim: PostgresDatabase) -> None:
    """Also where somebody gives the role a right after it was checked."""
    attacked.admin("GRANT DELETE, INSERT ON t TO victim")
    try:
        for sql in (
            "SELECT set_config('transaction_read_only', 'off', true), wipe()",
            "SELECT wipe()",
            "COMMIT; DELETE FROM t",
            "WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x",
        ):
            refused(victim, sql)
        assert attacked.admin("SELECT count(*) FROM t") == [(2,)]
    finally:
        attacked.admin("REVOKE DELETE, INSERT ON t FROM victim")


def test_no_notification_is_delivered(attacked: Any, victim: PostgresDatabase) -> None:
    with psycopg.connect(attacked.admin_address, autocommit=True) as listener:
        listener.execute("LISTEN news")
        victim.execute("SELECT pg_notify('news', 'from the victim')")
        attacked.admin("SELECT pg_notify('news', 'control')")
        assert [note.payload for note in listener.notifies(timeout=2, stop_after=1)] == ["control"]


def test_advisory_locks_are_let_go(attacked: Any, victim: PostgresDatabase) -> None:
    for sql in ("SELECT pg_advisory_lock(1)", "SELECT pg_advisory_xact_lock(1)", "SELECT pg_advisory_lock(1), pg_sleep(9)"):
        victim.execute(sql, QUICK)
        assert attacked.admin("SELECT pg_try_advisory_lock(1)") == [(True,)]
    with psycopg.connect(attacked.admin_address, autocommit=True) as holder:
        holder.execute("SELECT pg_advisory_lock(1)")  # the control: this one is waited for
        assert victim.execute("SELECT pg_advisory_lock(1)", QUICK).limit_hit == "stopped: wall time limit 0.5 s"


def test_other_sessions_are_out_of_reach(attacked: Any, victim: PostgresDatabase) -> None:
    with psycopg.connect(attacked.admin_address, autocommit=True) as other:
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'admin' AND pid <> pg_backend_pid()"
        refused(victim, query)
        assert other.execute("SELECT 1").fetchone() == (1,)


def test_a_table_locked_by_somebody_is_waited_for_no_longer_than_the_limit(attacked: Any, victim: PostgresDatabase) -> None:
    with psycopg.connect(attacked.admin_address) as writer:
        writer.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")
        assert victim.execute("SELECT * FROM t", QUICK).limit_hit == "stopped: wall time limit 0.5 s"
        writer.rollback()
    still_serves(victim)


def test_a_role_with_dblink_would_reach_further(attacked: Any, victim: PostgresDatabase) -> None:
    """The control for refusing it: a second connection commits on its own, whatever becomes of the first one."""
    try:
        attacked.admin("CREATE EXTENSION dblink")
    except psycopg.Error:
        pytest.skip("the extension dblink is not installed on this machine")
    try:
        target = f"host={attacked.folder} port={attacked.port} dbname=bank user=admin"
        with psycopg.connect(attacked.admin_address) as connection:
            connection.execute("SET TRANSACTION READ ONLY")
            connection.execute("SELECT dblink_exec(%s, 'DELETE FROM t')", (target,))
            connection.rollback()
        assert attacked.admin("SELECT count(*) FROM t") == [(0,)]
        with pytest.raises(DataError, match="dblink"):
            PostgresDatabase(attacked.address("victim"))
    finally:
        attacked.admin("DROP EXTENSION dblink")


def test_the_list_is_as_long_as_it_was(tmp_path: Path) -> None:
    assert len({*WRITES, *FILES, *SECRETS, *SESSION}) >= 53
