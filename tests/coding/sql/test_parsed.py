"""The lowest rung: one query, whole, in a form that the engine takes."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from treadle.coding.sql.base import Dialect
from treadle.coding.sql.checks.parsed import check_parsed
from treadle.types import Outcome, Rung

QUERIES = [
    "SELECT 1",
    "SELECT 1;",
    "WITH x AS (SELECT 1 AS n) SELECT n FROM x",
    "VALUES (1), (2)",
    "SELECT a FROM t UNION SELECT a FROM u",
    "SELECT a FROM t WHERE a IS DISTINCT FROM b",
    "SELECT a FROM t FULL OUTER JOIN u USING (a)",
    "SELECT a FROM t WHERE (a, b) IN (SELECT a, b FROM u)",
    "SELECT SUM(SUM(a)) OVER () FROM t GROUP BY b",
    "SELECT a FROM t LIMIT 1, 2",
    "SELECT a FROM t ORDER BY a NULLS LAST",
    "SELECT CAST(a AS VARCHAR(10)), a ->> '$.x' FROM t",
    "SELECT a FROM (SELECT a FROM t ORDER BY a LIMIT 1) UNION SELECT b FROM t",
    "SELECT t.a FROM t WHERE t.a == 1 OR t.a IN ()",
]
# What SQLite refuses: the statement, a part of the reason, a part of the hint.
REFUSED = [
    ("SELECT a FROM t FETCH FIRST 5 ROWS ONLY", "FETCH FIRST", "LIMIT"),
    ("SELECT DISTINCT ON (a) a FROM t", "DISTINCT ON", "GROUP BY"),
    ("SELECT a FROM t EXCEPT ALL SELECT b FROM t", "EXCEPT ALL", "leave ALL out"),
    ("(SELECT a FROM t) UNION SELECT b FROM t", "brackets around the parts of a UNION", "leave them out"),
    ("SELECT a FROM t ORDER BY a LIMIT 1 UNION SELECT b FROM t", "ORDER BY or LIMIT before UNION", "SELECT * FROM (...)"),
    ("SELECT x FROM (SELECT a FROM t) AS v(x)", "names of columns after the alias", "with AS"),
    ("SELECT a FROM t WHERE a > ALL (SELECT b FROM t)", "ANY and ALL", "MAX"),
    ("SELECT a + INTERVAL '1 day' FROM t", "INTERVAL", "date(x, '+7 days')"),
    ("SELECT EXTRACT(YEAR FROM a) FROM t", "EXTRACT", "strftime"),
    ("SELECT a FROM t WHERE b ILIKE 'x'", "ILIKE", "LIKE"),
    ("SELECT a FROM t GROUP BY ROLLUP (a)", "ROLLUP", "UNION ALL"),
    ("SELECT a, COUNT(*) FROM t GROUP BY ALL", "GROUP BY ALL", "name the columns"),
    ("SELECT * EXCEPT (a) FROM t", "* EXCEPT", "name the columns"),
    ("SELECT TRY_CAST(a AS INTEGER) FROM t", "TRY_CAST", "CAST"),
    ("SELECT a FROM t, LATERAL (SELECT 1)", "LATERAL", "subquery"),
    ("SELECT a AT TIME ZONE 'UTC' FROM t", "AT TIME ZONE", "datetime"),
    ("SELECT a FROM t FOR UPDATE", "FOR UPDATE", "leave it out"),
    ("SELECT MAX(COUNT(*)) FROM t GROUP BY a", "aggregate inside an aggregate", "subquery"),
    ("SELECT a FROM t WHERE COUNT(*) > 1", "COUNT(*) in WHERE", "HAVING"),
    ("SELECT a::int FROM t", "the operator `::`", "CAST"),
    ("SELECT a FROM t OFFSET 3", "OFFSET without LIMIT", "LIMIT -1"),
    ("SELECT SUBSTRING(a FROM 1 FOR 2) FROM t", "keywords between the arguments of SUBSTRING", "substr"),
    ("SELECT a FROM t WHERE a REGEXP 'x'", "REGEXP", "GLOB"),
    ("SELECT a FROM t SEMI JOIN u ON t.a = u.a", "SEMI", "EXISTS"),
    ("SELECT COUNT(DISTINCT a, b) FROM t", "DISTINCT with several arguments", "SELECT DISTINCT a, b"),
    ("SELECT a ^ b FROM t", "the operator ^", "power"),
    ("FROM t SELECT a", "FROM before SELECT", "SELECT ... FROM"),
]
BROKEN = [
    ("SELECT a, FROM t", "a comma is followed by nothing"),
    ("SELECT a FROM t,", "a comma is followed by nothing"),
    ("SELECT a FROM t WHERE a IN (1, 2,)", "a comma is followed by nothing"),
    ("SELECT a FROM t ORDER BY", "something is missing after 'ORDER BY'"),
    ("SELECT FROM t", "something is missing after SELECT"),
    ("SELECT a FROM t JOIN u ON", "something is missing after ON"),
    ("SELECT a FROM", "the name of a table is missing"),
    ("SELECT (a FROM t", "a ')' is missing"),
    ("SELECT CASE WHEN a THEN 1 FROM t", "a CASE has no END"),
    ("SELECT a b c FROM t", "'c' is not expected there"),
    ("SELECT 'abc", "a string is not closed"),
    ('SELECT "abc', "a quoted name is not closed"),
    ("SELECT a FROM t WHERE a = = 1", "something is missing after '='"),
    ("hello there my friend", "is not expected there"),
]  # fmt: skip
NOT_QUERIES = [
    ("DROP TABLE t", "DROP is not a query"),
    ("INSERT INTO t VALUES (1)", "INSERT is not a query"),
    ("PRAGMA table_info(t)", "PRAGMA is not a query"),
    ("EXPLAIN SELECT 1", "EXPLAIN is not a query"),
    ("SELECT 1; SELECT 2", "there are 2 statements"),
    ("SELECT 1; DROP TABLE t", "there are 2 statements"),
    ("WITH x AS (DELETE FROM t RETURNING a) SELECT a FROM x", "DELETE is not allowed in a query"),
    ("SELECT a INTO u FROM t", "SELECT INTO is not allowed in a query"),
]


@pytest.fixture(scope="module")
def engine():
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript("CREATE TABLE t (a, b); CREATE TABLE u (a, b);")
        yield db


@pytest.mark.parametrize("sql", QUERIES)
def test_what_sqlite_takes_passes(sql: str, engine: sqlite3.Connection) -> None:
    engine.execute(sql).fetchall()
    verdict = check_parsed(sql, "sqlite")
    assert (verdict.outcome, verdict.rung) == (Outcome.PASSED, Rung.PARSED), verdict.reason


@pytest.mark.parametrize(("sql", "reason", "hint"), REFUSED)
def test_what_sqlite_refuses_fails_with_what_to_write(sql: str, reason: str, hint: str, engine: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.Error):
        engine.execute(sql).fetchall()
    verdict = check_parsed(sql, "sqlite")
    assert verdict.outcome is Outcome.FAILED
    assert reason in verdict.reason
    assert hint in verdict.hint


@pytest.mark.parametrize(("sql", "reason"), BROKEN)
def test_what_is_no_sql(sql: str, reason: str, engine: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.Error):
        engine.execute(sql)
    verdict = check_parsed(sql, "sqlite")
    assert verdict.outcome is Outcome.FAILED
    assert reason in verdict.reason
    assert verdict.hint


@pytest.mark.parametrize(("sql", "reason"), NOT_QUERIES)
@pytest.mark.parametrize("dialect", ["sqlite", "duckdb", "postgres"])
def test_only_one_query_is_let_through(sql: str, reason: str, dialect: Dialect) -> None:
    verdict = check_parsed(sql, dialect)
    assert verdict.outcome is Outcome.FAILED
    assert reason in verdict.reason
    assert verdict.hint == "write one SELECT statement and nothing else"


@pytest.mark.parametrize(
    ("sql", "dialect"),
    [
        ("SELECT DISTINCT ON (a) a::int FROM t FETCH FIRST 5 ROWS ONLY", "postgres"),
        ("SELECT FROM t", "postgres"),
        ("SELECT a, FROM t", "duckdb"),
        ("FROM t SELECT a", "duckdb"),
        ("SELECT * EXCLUDE (a) FROM t QUALIFY row_number() OVER () = 1", "duckdb"),
    ],
)
def test_each_dialect_has_its_own_rules(sql: str, dialect: Dialect) -> None:
    assert check_parsed(sql, dialect).outcome is Outcome.PASSED
    assert check_parsed(sql, "sqlite").outcome is Outcome.FAILED


@pytest.mark.parametrize("sql", [None, "", "  \n"])
def test_no_statement(sql: str | None) -> None:
    verdict = check_parsed(sql, "sqlite")
    assert (verdict.outcome, verdict.reason) == (Outcome.FAILED, "the completion holds no SQL")


def test_the_place_is_named() -> None:
    verdict = check_parsed("SELECT a\nFROM t\nWHERE a = 1 1", "sqlite")
    assert verdict.reason.startswith("line 3, column 13: ")


def test_a_statement_that_is_nested_too_deeply() -> None:
    verdict = check_parsed("SELECT " + "(" * 5000 + "1" + ")" * 5000, "sqlite")
    assert verdict.outcome is Outcome.FAILED
    assert "nested too deeply" in verdict.reason
