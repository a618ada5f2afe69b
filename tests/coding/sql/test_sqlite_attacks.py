"""What no SQLite statement can do, with a control for each: the shared statements and our own, and the limits."""

from __future__ import annotations

import importlib.util
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from treadle.coding.sql.base import rows_of
from treadle.coding.sql.databases.sqlite import SqliteDatabase
from treadle.sandbox import Sandbox
from treadle.types import Limits, Run

QUICK = Limits(cpu_seconds=0.5, wall_seconds=1)
ATTACKS = Path(__file__).parents[4] / "shared" / "attacks" / "sqlite_attacks.py"


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


@pytest.fixture
def attacked(tmp_path: Path) -> Path:
    """The fixture that the shared statements describe."""
    return build_sqlite(
        tmp_path / "attacked.sqlite",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)",
        "INSERT INTO t VALUES (1, 'a'), (2, 'b')",
        "CREATE TABLE big (x)",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2000) INSERT INTO big SELECT i FROM n",
    )


# ------------------------------------------------------------------------------------------------ limits


def test_rows_and_bytes_are_capped(attacked: Path, one_tier: Sandbox) -> None:
    whole = rows_of(ask_sqlite(attacked, one_tier, "SELECT x FROM big", max_rows=2000))
    assert whole is not None
    assert (len(whole.rows), whole.truncated) == (2000, False)
    capped = rows_of(ask_sqlite(attacked, one_tier, "SELECT a.x FROM big a, big b", max_rows=100))
    assert capped is not None
    assert (len(capped.rows), capped.truncated) == (100, True)
    small = Limits(value_bytes=20_000)
    by_bytes = rows_of(ask_sqlite(attacked, one_tier, "SELECT hex(zeroblob(500)) FROM big", small))
    assert by_bytes is not None
    assert by_bytes.truncated
    assert 10 < len(by_bytes.rows) < 20
    odd = rows_of(ask_sqlite(attacked, one_tier, "SELECT char(1, 8364, 128512, 34, 92), zeroblob(40) FROM big", small))
    assert odd is not None
    assert odd.truncated


TOO_MUCH = (
    ("SELECT count(*) FROM big a, big b, big c", Limits(cpu_seconds=0.5, wall_seconds=5), "stopped: CPU limit 0.5 s"),
    ("SELECT count(*) FROM big a, big b, big c", Limits(cpu_seconds=9, wall_seconds=0.5), "stopped: wall time limit 0.5 s"),
    (
        "SELECT a.x FROM big a, big b, big c ORDER BY random()",
        Limits(memory_bytes=100 << 20),
        "stopped: memory limit 100 MiB",
    ),
    ("SELECT hex(zeroblob(9000000))", Limits(), "stopped: value limit 8 MiB"),
)


@pytest.mark.parametrize(("sql", "limits", "sentence"), TOO_MUCH)
def test_limits_are_told(attacked: Path, tier: Sandbox, sql: str, limits: Limits, sentence: str) -> None:
    run = ask_sqlite(attacked, tier, sql, limits)
    assert (run.limit_hit, run.error, run.ok, rows_of(run)) == (sentence, None, False, None)
    assert run.wall_seconds < 5


# ------------------------------------------------------------------------------------------------ attacks


def statements() -> list[tuple[str, str]]:
    if not ATTACKS.is_file():
        return []
    spec = importlib.util.spec_from_file_location("sqlite_attacks", ATTACKS)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return list(module.STATEMENTS)


class Plain:
    """The control: the same statement on an ordinary connection, where nothing holds it back but half a second."""

    def __init__(self, path: Path, work: Path) -> None:
        self.path, self.work = path, work
        self.before = path.read_bytes()

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as db:
            db.create_function("readfile", 1, lambda name: Path(name).read_bytes())  # as the sqlite3 program has them
            db.create_function("writefile", 2, lambda name, text: Path(name).write_text(text))
            left = iter(range(40))
            db.set_progress_handler(lambda: next(left, None) is None, 1_000_000)
            found: list[tuple[Any, ...]] = []
            try:
                found = db.execute(sql).fetchall()
            except (sqlite3.Warning, sqlite3.ProgrammingError):
                db.executescript(sql)
            return found

    def changed(self) -> bool:
        return self.path.read_bytes() != self.before


def changes(plain: Plain, sql: str) -> None:
    plain.run(sql)
    assert plain.changed()


def runs_on(plain: Plain, sql: str) -> None:
    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        plain.run(sql)


def gives_rows(plain: Plain, sql: str) -> None:
    assert plain.run(sql)


def succeeds(plain: Plain, sql: str) -> None:
    plain.run(sql)


def grows(plain: Plain, sql: str) -> None:
    """With a thousandth of the size: the function makes as much as it is told to."""
    assert plain.run(sql.replace("000000,", "000,").replace("00000d", "00d").replace("000000)", "000)"))[0][0] > 9_000


def writes_another_file(plain: Plain, sql: str) -> None:
    plain.run(sql)
    assert list(plain.work.iterdir())


def wants_a_library(plain: Plain, sql: str) -> None:
    with closing(sqlite3.connect(plain.path)) as db:
        if not hasattr(db, "enable_load_extension"):  # as Python was built here: the function is there and switched off
            with pytest.raises(sqlite3.OperationalError, match=r"^not authorized$"):
                db.execute(sql)
            return
        db.enable_load_extension(True)
        with pytest.raises(sqlite3.OperationalError, match=r"evil\.so.*cannot open|no such file"):
            db.execute(sql)


def refused_anyway(plain: Plain, sql: str) -> None:
    with pytest.raises(sqlite3.OperationalError):
        plain.run(sql)


CONTROLS: dict[str, Callable[[Plain, str], None]] = {
    "ATTACH new file": lambda plain, sql: succeeds(plain, sql.replace("x.db", ":memory:")),
    "ATTACH then write": writes_another_file,
    "load_extension": wants_a_library,
    "PRAGMA table_info": gives_rows,
    "PRAGMA journal_mode=off": gives_rows,
    "pragma_table_info() tvf": gives_rows,
    "DROP": changes,
    "DELETE": changes,
    "UPDATE": changes,
    "INSERT": changes,
    "REPLACE": changes,
    "multi statement": changes,
    "create virtual table fts": changes,
    "analyze": changes,
    "dbstat": gives_rows,
    "readfile": gives_rows,
    "writefile": writes_another_file,
    "recursive CTE bomb": runs_on,
    "cartesian": runs_on,
    "zeroblob 1G": grows,
    "randomblob 900M": grows,
    "printf width": grows,
    "group_concat bomb": gives_rows,
    "LIKE/GLOB redos": gives_rows,
    "detach": refused_anyway,
    "unicode/ bom": gives_rows,
}
HARMLESS = {"printf width", "group_concat bomb", "LIKE/GLOB redos", "unicode/ bom"}
"""What may end with a capped result: it reads nothing but the file, and stays below the limits or is stopped by them."""


def intact(path: Path, before: bytes) -> bool:
    with closing(sqlite3.connect(path)) as db:
        checked = db.execute("PRAGMA integrity_check").fetchone()
    return path.read_bytes() == before and checked == ("ok",)


@pytest.mark.skipif(not ATTACKS.is_file(), reason=f"the shared statements are not here ({ATTACKS})")
def test_the_shared_statements_are_all_here() -> None:
    assert len(statements()) == 32
    assert CONTROLS.keys() <= {title for title, _ in statements()}


@pytest.mark.parametrize(
    ("title", "sql"), statements() or [pytest.param("", "", marks=pytest.mark.skip("no shared/attacks"))]
)
def test_shared_statements(attacked: Path, tmp_path: Path, tier: Sandbox, title: str, sql: str) -> None:
    work = tmp_path / "work"
    work.mkdir()
    work.chmod(0o777)
    sql = sql.replace("{work}", str(work))
    copy = Path(shutil.copy(attacked, tmp_path / "control.sqlite"))
    CONTROLS.get(title, succeeds)(Plain(copy, work), sql)
    for left in work.iterdir():
        left.unlink()

    before, files = attacked.read_bytes(), sorted(attacked.parent.iterdir())
    run = ask_sqlite(attacked, tier, sql, QUICK)
    assert intact(attacked, before)
    assert (list(work.iterdir()), sorted(attacked.parent.iterdir())) == ([], files)
    assert run.wall_seconds <= 2 * QUICK.wall_seconds
    assert run.cpu_seconds <= 2 * QUICK.cpu_seconds
    assert rows_of(run) is None or title in HARMLESS
    assert run.ok or bool(run.error) != bool(run.limit_hit)
    assert rows_in(ask_sqlite(attacked, tier, "SELECT count(*) FROM t")) == ((2,),)


OWN_ATTACKS = (
    "VACUUM INTO '{work}/copy.db'",
    "VACUUM",
    "WITH x AS (SELECT 9) INSERT INTO t SELECT 9, 'z' FROM x",
    "INSERT INTO t DEFAULT VALUES RETURNING id",
    "UPDATE t SET v = 'x' RETURNING v",
    "DELETE FROM t RETURNING *",
    "EXPLAIN DELETE FROM t",
    "CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM t; END",
    "CREATE INDEX i ON t(v)",
    "CREATE TABLE u AS SELECT * FROM t",
    "ALTER TABLE t RENAME TO u",
    "ALTER TABLE t ADD COLUMN w",
    "PRAGMA query_only = 0",
    "PRAGMA trusted_schema = 1",
    "PRAGMA main.user_version = 7",
    "PRAGMA temp_store_directory = '{work}'",
    "PRAGMA wal_checkpoint",
    "SELECT * FROM pragma_database_list",
    "SELECT * FROM pragma_function_list",
    "SELECT * FROM sqlite_temp_master",
    "SELECT * FROM sqlite_dbpage",
    "SELECT * FROM bytecode('SELECT 1')",
    "SELECT * FROM sqlite_stmt",
    "SELECT count(*) FROM dbstat",
    "SELECT * FROM fts3tokenize",
    "SELECT fts3_tokenizer('simple')",
    "SELECT fts5(NULL)",
    "SELECT sqlite_log(1, 'x')",
    "SELECT sqlite_compileoption_get(1)",
    "SELECT edit('x')",
    "VALUES (load_extension('x'))",
    "SELECT * FROM t WHERE id IN (SELECT load_extension('x'))",
    "SELECT CASE WHEN 0 THEN load_extension('x') END",
    "COMMIT",
    "ROLLBACK",
    "RELEASE x",
    "END; DROP TABLE t",
    "SELECT 1;\n\n;DROP TABLE t",
    "SELECT 1 /* ; */; DROP TABLE t --",
    "SELECT 1\x00; DROP TABLE t",
    "SELECT " + "(" * 3000 + "1" + ")" * 3000,
    "SELECT " + "+".join(["1"] * 3000),
    " UNION ALL ".join(["SELECT 1"] * 600),
    "SELECT '" + "x" * 200_000 + "'",
    "SELECT length(replace(hex(zeroblob(1000000)), '0', hex(zeroblob(1000))))",
    "SELECT json('" + "[" * 5000 + "]" * 5000 + "')",
    "SELECT ? + :name",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION SELECT i + 1 FROM n) SELECT max(i) FROM n",
    "WITH RECURSIVE n(s) AS (SELECT 'x' UNION ALL SELECT s || s FROM n) SELECT max(length(s)) FROM n",
    "SELECT group_concat(hex(randomblob(1000000))) FROM big",
    "SELECT hex(zeroblob(30000000)) FROM big",
    "SELECT a.x FROM big a, big b, big c ORDER BY random()",
    "SELECT DISTINCT a.x * 2000 + b.x + c.x FROM big a, big b, big c",
)


@pytest.mark.parametrize("sql", OWN_ATTACKS, ids=[sql[:50].replace("\x00", "0") for sql in OWN_ATTACKS])
def test_own_attacks(attacked: Path, tmp_path: Path, one_tier: Sandbox, sql: str) -> None:
    before, files = attacked.read_bytes(), sorted(tmp_path.iterdir())
    run = ask_sqlite(attacked, one_tier, sql.replace("{work}", str(tmp_path)), QUICK)
    assert intact(attacked, before)
    assert sorted(tmp_path.iterdir()) == files
    assert rows_of(run) is None
    assert bool(run.error) != bool(run.limit_hit)
    assert run.wall_seconds <= 2 * QUICK.wall_seconds


def test_the_attacks_fail_for_the_guard_and_not_for_the_file_being_read_only(attacked: Path, one_tier: Sandbox) -> None:
    """Two walls: SQLite refuses to compile a write, and the file inside could not be written either."""
    for sql in ("DELETE FROM t", "PRAGMA user_version", "BEGIN"):
        assert "not authorized" in (ask_sqlite(attacked, one_tier, sql).error or "")


def test_hostile_views_end_too(tmp_path: Path, one_tier: Sandbox) -> None:
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS c FROM n"
    path = build_sqlite(
        tmp_path / "hostile.db",
        "CREATE TABLE t (x)",
        "INSERT INTO t VALUES (1)",
        f"CREATE VIEW endless AS {endless}",
        "CREATE VIEW loads AS SELECT load_extension('/tmp/evil.so') AS l",
        "CREATE VIEW gone AS SELECT * FROM lost",
        "CREATE TRIGGER g INSTEAD OF INSERT ON endless BEGIN DELETE FROM t; END",
    )
    with closing(SqliteDatabase(path, one_tier)) as db:
        assert {t.name: t.entries for t in db.summary.tables} == {"t": 1, "endless": None}
        patient = Limits(cpu_seconds=0.5, wall_seconds=60)  # on a busy machine half a second of CPU takes many
        assert db.execute("SELECT * FROM endless", patient).limit_hit == "stopped: CPU limit 0.5 s"
        assert "load_extension" in (db.execute("SELECT * FROM loads").error or "")
        assert "lost" in (db.execute("SELECT * FROM gone").error or "")
