"""Names: what executes is never called wrong, and every misspelt name is, with the right one named."""

from __future__ import annotations

import random
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from summaries import summarise
from treadle.coding.sql.base import Dialect
from treadle.coding.sql.checks.functions import functions_of
from treadle.coding.sql.checks.names import check_names
from treadle.coding.sql.checks.parsed import check_parsed
from treadle.coding.sql.checks.syntax import exp, parse_query, span_of
from treadle.retrieval import builtin_packs
from treadle.types import Column, DataSummary, Outcome, Table

HERE = Path(__file__).parent
PACK = next(pack for pack in builtin_packs() if pack.name == "sqlite")
DATABASES = {path.stem: path for path in sorted((PACK.folder / "data").glob("*.sqlite"))}
SUMMARIES = {name: summarise(path) for name, path in DATABASES.items()}


def lines(name: str) -> list[str]:
    text = (HERE / name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


VALID = [tuple(line.split(" | ", 1)) for line in lines("valid.txt")]
VALID += [((example.data or "").removesuffix(".sqlite"), example.body) for example in PACK.examples]


def failures(sql: str, dialect: Dialect, summary: DataSummary) -> list[str]:
    return [f"{v.reason} | {v.hint}" for v in check_names(sql, dialect, summary) if v.outcome is Outcome.FAILED]


@pytest.fixture(scope="module")
def engines() -> Iterator[dict[str, sqlite3.Connection]]:
    opened = {name: sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True) for name, path in DATABASES.items()}
    yield opened
    for db in opened.values():
        db.close()


# -------------------------------------------------------------------------------------------- no false alarms


def test_there_are_enough_statements() -> None:
    assert len(VALID) >= 200
    assert len({name for name, _ in VALID}) == 4


@pytest.mark.parametrize(("database", "sql"), VALID)
def test_what_sqlite_executes_is_never_called_wrong(database: str, sql: str, engines: dict[str, sqlite3.Connection]) -> None:
    engines[database].execute(sql).fetchall()  # it is valid
    assert check_parsed(sql, "sqlite").outcome is Outcome.PASSED
    assert failures(sql, "sqlite", SUMMARIES[database]) == []


def columns(names: str) -> tuple[Column, ...]:
    return tuple(Column(name=name, type="") for name in names.split())


OTHERS = DataSummary(
    path="x",
    kind="duckdb",
    sha256="",
    size_bytes=0,
    tables=(
        Table(name="events", columns=columns("run event pt charge tag taken hits info")),
        Table(name="runs", columns=columns("run detector started good")),
        Table(name="Odd Name", columns=columns("Id mixedCase")),
    ),
)
SCHEMA = """
CREATE TABLE events (run INT, event INT, pt DOUBLE PRECISION, charge INT, tag VARCHAR, taken TIMESTAMP, hits INT[],
    info {record});
CREATE TABLE runs (run INT PRIMARY KEY, detector VARCHAR, started DATE, good BOOLEAN);
CREATE TABLE "Odd Name" ("Id" INT, "mixedCase" TEXT);
INSERT INTO runs VALUES (1, 'AB', '2024-01-01', true);
"""


@pytest.fixture(scope="module")
def duck() -> Iterator[object]:
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect(":memory:") as db:
        db.execute(SCHEMA.format(record="STRUCT(a INT, b VARCHAR)"))
        db.execute("INSERT INTO events VALUES (1, 1, 2.5, -1, 'a', '2024-01-01', [1, 2], {'a': 1, 'b': 'x'})")
        yield db


@pytest.mark.parametrize("sql", lines("valid_duckdb.txt"))
def test_what_duckdb_executes_is_never_called_wrong(sql: str, duck) -> None:
    duck.execute(sql).fetchall()
    assert check_parsed(sql, "duckdb").outcome is Outcome.PASSED
    assert failures(sql, "duckdb", OTHERS) == []


@pytest.mark.parametrize("sql", lines("valid_postgres.txt"))
def test_what_postgresql_executes_is_never_called_wrong(sql: str) -> None:
    assert check_parsed(sql, "postgres").outcome is Outcome.PASSED
    assert failures(sql, "postgres", OTHERS) == []


def test_the_statements_for_postgresql_are_executed_by_it(server) -> None:
    server.admin("CREATE DATABASE names")
    server.admin(SCHEMA.format(record="jsonb"), database="names")
    server.admin("INSERT INTO events VALUES (1, 1, 2.5, -1, 'a', '2024-01-01', '{1,2}', '{\"a\": 1}')", database="names")
    for sql in lines("valid_postgres.txt"):
        server.admin(sql, database="names")


# ------------------------------------------------------------------------------------------------- misspelt


def references(sql: str, tree: exp.Expr) -> Iterator[tuple[tuple[int, int], str]]:
    """Places and names of tables, columns, aliases and functions that a statement refers to, not of those it defines."""
    defined = {id(alias.args["alias"]) for alias in tree.find_all(exp.Alias)}
    for alias in tree.find_all(exp.TableAlias):
        defined |= {id(alias.this), *(id(c) for c in alias.args.get("columns") or [])}
    for node in tree.find_all(exp.Identifier):
        span = span_of(node)
        of_database = isinstance(node.parent, exp.Table | exp.Column) and node.arg_key in ("db", "catalog")
        other = of_database or node.arg_key == "indexed" or isinstance(node.parent, exp.Window)
        if span and id(node) not in defined and not node.args.get("quoted") and not other:
            yield span, node.name
    for node in tree.find_all(exp.Func):
        span = span_of(node)
        if span and re.match(r"\s*\(", sql[span[1] :]):
            yield span, sql[span[0] : span[1]]


def misspelt(name: str, known: frozenset[str], rng: random.Random) -> str | None:
    """``name`` with two letters swapped, one left out or one doubled; no name that exists."""
    for _ in range(40):
        place, kind = rng.randrange(len(name)), rng.randrange(3)
        if kind == 0:
            wrong = name[:place] + name[place : place + 2][::-1] + name[place + 2 :]
        else:
            wrong = name[:place] + (name[place] * 2 if kind == 1 else "") + name[place + 1 :]
        if re.fullmatch(r"[A-Za-z_]\w*", wrong) and wrong.lower() not in known:
            return wrong
    return None


KEYWORDS = frozenset({"as", "on", "in", "is", "or", "by", "to", "of", "desc", "asc", "all", "any"})
# Of these SQLite knows the columns, treadle does not.
OPEN = re.compile(r"pragma_|rowid|\boid\b")


@pytest.mark.parametrize(("database", "sql"), [(d, s) for d, s in VALID if not OPEN.search(s)])
def test_every_misspelt_name_fails_and_the_right_one_is_named(
    database: str, sql: str, engines: dict[str, sqlite3.Connection]
) -> None:
    summary, rng = SUMMARIES[database], random.Random(sql)
    tree = parse_query(sql, "sqlite")
    assert tree is not None
    known = {i.name.lower() for i in tree.find_all(exp.Identifier)} | functions_of("sqlite") | KEYWORDS
    known |= {n.lower() for t in summary.tables for n in (t.name, *(c.name for c in t.columns))}
    for (start, end), name in references(sql, tree):
        wrong = misspelt(name, frozenset(known), rng)
        if wrong is None:
            continue
        statement = sql[:start] + wrong + sql[end:]
        with pytest.raises(sqlite3.Error):
            engines[database].execute(statement).fetchall()
        found = failures(statement, "sqlite", summary)
        assert found, statement
        assert any(f"`{wrong}`" in text and name.lower() in text.lower() for text in found), (statement, found)


# ------------------------------------------------------------------------------------------------- messages


@pytest.mark.parametrize(
    ("sql", "reason", "hint"),
    [
        ("run_number FROM runs", "there is no table `runs`; nearest: `run`", "tables: lumi_block"),
        ("run_numbr FROM run", "no column `run_numbr` in table `run`; nearest: `run_number`", "columns: run_number, fill"),
        ("R.n_event FROM run AS R", "no column `n_event` in table `run` (`R`); nearest: `n_events`", "columns: run_number"),
        ("recorded_nb FROM run", "no column `recorded_nb` in table `run`", "is a column of `lumi_block`; join it"),
        ("recorded FROM run", "no column `recorded` in table `run`", "table `lumi_block` has `recorded_nb`"),
        ("run.n_events FROM run AS R", "table `run` is called `R` in this statement", "write `R.` instead of `run.`"),
        ("fill.scheme FROM run", "table `fill` is not in FROM", "join `fill`"),
        ("Q.flag FROM run_quality", "no table is called `Q` in this statement", "in FROM: run_quality"),
        (
            "fill_number FROM run JOIN fill ON run.fill_number = fill.fill_number",
            "column `fill_number` is ambiguous: `run`, `fill` have it",
            "write `run.fill_number` or `fill.fill_number`",
        ),
        (
            "n_events AS n, n + 1 FROM run",
            "`n` is an alias of the output, which SQLite does not know",
            "repeat its expression",
        ),
        ("run_number FROM run JOIN fill USING (fil_number)", "no column `fil_number` in", "nearest: `fill_number`"),
        ("SUMM(n_events) FROM run", "SQLite has no function `SUMM`; nearest: `sum`", ""),
        ("YEAR(start_time) FROM run", "SQLite has no function `YEAR`", "write CAST(strftime('%Y', x) AS INTEGER)"),
        ("DATEDIFF(end_time, start_time) FROM run", "SQLite has no function `DATEDIFF`", "julianday(a) - julianday(b)"),
        ("CONCAT(name, kind) FROM subdetector", "SQLite has no function `CONCAT`", "write a || b"),
        ("STRING_AGG(name, ',') FROM subdetector", "SQLite has no function `STRING_AGG`", "group_concat"),
        ("n FROM (SELECT COUNT(*) AS m FROM run) AS x", "no column `n` in `x`", "columns: m"),
        (
            "n_events FROM (SELECT run_number FROM run) AS a",
            "no column `n_events` in `a`",
            "`n_events` is a column of `run`",
        ),
    ],
)
def test_messages_say_what_is_there(sql: str, reason: str, hint: str) -> None:
    if sql.startswith(("CONCAT", "STRING_AGG")) and "concat" in functions_of("sqlite"):
        pytest.skip("this SQLite is newer and has the function")
    (verdict,) = check_names(f"SELECT {sql}", "sqlite", SUMMARIES["runs"])
    assert verdict.outcome is Outcome.FAILED
    assert reason in verdict.reason
    assert hint in verdict.hint


def test_one_verdict_a_name_in_the_order_of_the_text() -> None:
    sql = "SELECT run_nr,\n       nevents\nFROM run\nWHERE run_nr > 3"
    verdicts = check_names(sql, "sqlite", SUMMARIES["runs"])
    assert [v.reason.partition(";")[0] for v in verdicts] == [
        "line 1: no column `run_nr` in table `run`",
        "line 2: no column `nevents` in table `run`",
    ]
    assert verdicts[1].evidence["nearest"] == ["n_events"]


@pytest.mark.parametrize(
    ("sql", "dialect", "reason"),
    [
        ('SELECT "Run" FROM events', "postgres", "no column `Run` in table `events`; nearest: `run`"),
        ("SELECT mixedCase FROM \"Odd Name\"", "postgres", 'write "mixedCase" in double quotes'),
        ("SELECT run AS r FROM events WHERE r > 1", "postgres", "which PostgreSQL does not know there"),
        ("SELECT run AS r FROM events ORDER BY r + 1", "postgres", "which PostgreSQL does not know there"),
        ("SELECT median(pt) FROM events", "postgres", "percentile_cont(0.5)"),
        ("SELECT julianday(taken) FROM events", "postgres", "PostgreSQL has no function `julianday`"),
        ("SELECT julianday(taken) FROM events", "duckdb", "DuckDB has no function `julianday`; write date_diff"),
        ("SELECT list_transfrm(hits, lambda x: x + 1) FROM events", "duckdb", "nearest: `list_transform`"),
        ("SELECT inf.a FROM events", "duckdb", "no table is called `inf`"),
    ],
)  # fmt: skip
def test_other_dialects(sql: str, dialect: Dialect, reason: str) -> None:
    (found,) = failures(sql, dialect, OTHERS)
    assert reason in found


def test_functions_that_only_this_database_has() -> None:
    sql = "SELECT st_area(tag) FROM events"
    assert len(failures(sql, "postgres", OTHERS)) == 1
    verdicts = check_names(sql, "postgres", OTHERS, functions=["ST_Area"])
    assert [v.outcome for v in verdicts] == [Outcome.PASSED]


def test_double_quotes_are_left_to_sqlite() -> None:
    assert failures('SELECT run_number FROM run WHERE trigger_menu = "cosmics"', "sqlite", SUMMARIES["runs"]) == []
    assert failures('SELECT R."menu" FROM run AS R', "sqlite", SUMMARIES["runs"])
    assert failures("SELECT [menu] FROM run", "sqlite", SUMMARIES["runs"])


def test_where_nothing_is_known_nothing_is_forbidden() -> None:
    nothing = DataSummary(path="x", kind="sqlite", sha256="", size_bytes=0, tables=())
    assert failures("SELECT a, b.c FROM t JOIN b ON b.id = t.id", "sqlite", nothing) == []
    assert failures("SELECT anything FROM read_parquet('x.parquet')", "duckdb", OTHERS) == []
    assert failures("SELECT anything FROM 'x.parquet'", "duckdb", OTHERS) == []


def test_a_statement_that_does_not_parse_is_skipped() -> None:
    assert [v.outcome for v in check_names("SELECT (", "sqlite", SUMMARIES["runs"])] == [Outcome.SKIPPED]


def test_full_text_search_keeps_its_hidden_columns(tmp_path: Path) -> None:
    path = tmp_path / "notes.sqlite"
    with closing(sqlite3.connect(path)) as db:
        try:
            db.execute("CREATE VIRTUAL TABLE notes USING fts5(body)")
        except sqlite3.OperationalError:
            pytest.skip("this SQLite has no FTS5")
        db.execute("INSERT INTO notes VALUES ('a red pixel')")
        db.commit()
        sql = "SELECT body FROM notes WHERE notes MATCH 'pixel' ORDER BY rank"
        assert db.execute(sql).fetchall() == [("a red pixel",)]
    assert failures(sql, "sqlite", summarise(path)) == []
