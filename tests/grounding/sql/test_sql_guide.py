"""Drafts under the SQL guide: what they may say, what not, and that all that are finished run."""

from __future__ import annotations

import random
import re
import sqlite3
import time
from collections.abc import Sequence
from functools import cache

import pytest

from treadle.grounding.accept import Follower, Vocabulary
from treadle.grounding.base import Level
from treadle.grounding.sql import SqlGuide
from treadle.grounding.sql.schema import Dialect
from treadle.types import Column, Table

pytest.importorskip("llguidance")

VOCABULARY = Vocabulary()


def table(name: str, *columns: tuple[str, str, str]) -> Table:
    """A table of (name, type, 'key' or what it references)."""
    made = [Column(name=n, type=t, key=r == "key", references=r if r != "key" else "") for n, t, r in columns]
    return Table(name=name, columns=tuple(made))


TABLES = (
    table("singer", ("singer_id", "INTEGER", "key"), ("name", "TEXT", ""), ("age", "INTEGER", ""), ("country", "TEXT", "")),
    table(
        "stadium",
        ("stadium_id", "INTEGER", "key"),
        ("name", "TEXT", ""),
        ("capacity", "INTEGER", ""),
        ("Average Visitors", "REAL", ""),
    ),
    table(
        "concert",
        ("concert_id", "INTEGER", "key"),
        ("title", "TEXT", ""),
        ("year", "TEXT", ""),
        ("stadium_id", "INTEGER", "stadium.stadium_id"),
    ),
    table(
        "singer_in_concert",
        ("singer_id", "INTEGER", "singer.singer_id"),
        ("concert_id", "INTEGER", "concert.concert_id"),
        ("order", "INTEGER", ""),
    ),
    table(
        "employee",
        ("id", "INTEGER", "key"),
        ("name", "TEXT", ""),
        ("boss", "INTEGER", "employee.id"),
        ("salary", "REAL", ""),
        ("hired", "DATE", ""),
    ),
    table("note", ("text", "TEXT", ""), ("day", "DATE", "")),
)


def opened(tables: Sequence[Table] = TABLES) -> sqlite3.Connection:
    """A database of ``tables`` with some rows."""
    database = sqlite3.connect(":memory:")
    for one in tables:
        columns = ", ".join(f'"{c.name}" {c.type}' for c in one.columns)
        database.execute(f'CREATE TABLE "{one.name}" ({columns})')
        for row in range(5):
            values = [row if c.type in ("INTEGER", "REAL") else f"2014-0{row + 1}-01" for c in one.columns]
            database.execute(f'INSERT INTO "{one.name}" VALUES ({", ".join("?" * len(values))})', values)
    return database


@cache
def guide() -> SqlGuide:
    return SqlGuide(TABLES, "sqlite")


def left_at(statement: str, under: SqlGuide | None = None) -> str | None:
    """None where ``statement`` (after SELECT) is allowed, else what of it was."""
    follower = Follower(under or guide(), VOCABULARY)
    for token in VOCABULARY.encode(statement):
        if not follower.take(token):
            return follower.written.decode()
    return None if follower.may_end() else follower.written.decode()


def wander(under: SqlGuide, choice: random.Random, times: list[float], most: int = 700) -> str | None:
    """A random draft; None where it did not come to an end within ``most`` bytes."""
    follower = Follower(under, VOCABULARY)
    while not follower.over:
        started = time.perf_counter()
        allowed = follower.allowed()
        times.append(time.perf_counter() - started)
        assert allowed, f"nothing may follow {follower.written.decode()!r}"
        if len(follower.written) > most:
            return None
        assert follower.take(chosen(allowed, choice, len(follower.written)))
    return follower.written.decode()


def chosen(allowed: list[int], choice: random.Random, length: int) -> int:
    """A token, more often one that ends a string, a bracket or the statement, and seldom one that opens a bracket."""
    if len(allowed) > 60 and ord("'") in allowed and choice.random() < 0.6:
        return ord("'")
    ends = [t for t in allowed if t in b";),FLGO"]
    if ends and choice.random() < (0.2 if length < 150 else 0.7):
        return choice.choice(ends)
    usual = [t for t in allowed if t < 127 and t not in b"("]
    return choice.choice(usual if usual and choice.random() < 0.8 else [t for t in allowed if t < 127])


@pytest.mark.parametrize("seed", range(8))
def test_every_finished_draft_parses_and_runs(seed: int) -> None:
    sqlglot = pytest.importorskip("sqlglot")
    database, choice, times = opened(), random.Random(seed), list[float]()
    finished = 0
    while finished < 50:
        draft = wander(guide(), choice, times)
        if draft is None:
            continue
        finished += 1
        statement = "SELECT" + draft
        assert sqlglot.parse_one(statement, dialect="sqlite") is not None
        try:
            database.execute(statement).fetchmany(5)
        except sqlite3.Error as error:
            pytest.fail(f"{error}: {statement}")
    times.sort()
    middle, late = times[len(times) // 2] * 1e6, times[len(times) * 99 // 100] * 1e6
    print(f"{len(times)} masks, p50 {middle:.0f} us, p99 {late:.0f} us")


ORDINARY = """
 name FROM singer;
 * FROM note;
 COUNT(*) FROM singer;
 DISTINCT country FROM singer;
 name, age FROM singer;
 name AS who, age FROM singer ORDER BY who;
 COUNT(DISTINCT country) AS n FROM singer;
 MAX(age) FROM singer;
 AVG(age), MIN(age), MAX(age) FROM singer WHERE country = 'France';
 ROUND(AVG(age), 2) FROM singer;
 CAST(SUM(age) AS REAL) / COUNT(*) FROM singer;
 salary * 12 FROM employee;
 SUM(salary * id) FROM employee;
 SUM(CASE WHEN country = 'France' THEN 1 ELSE 0 END) FROM singer;
 SUM(CASE WHEN country = 'France' THEN age ELSE 0 END) FROM singer;
 "Average Visitors" FROM stadium;
 "order" FROM singer_in_concert;
 UPPER(name) FROM singer;
 SUBSTR(name, 1, 3) FROM singer;
 STRFTIME('%Y', hired) FROM employee;
 name || ' ' || country FROM singer;
 COALESCE(name, 'none') FROM singer;
 CASE WHEN age > 30 THEN 'old' ELSE 'young' END FROM singer;
 name FROM singer WHERE age > 20;
 name FROM singer WHERE age > 20 AND country = 'France';
 name FROM singer WHERE (age > 20 OR age < 10) AND NOT country = 'France';
 name FROM singer WHERE name LIKE '%a%';
 name FROM singer WHERE name NOT LIKE 'O''Brien%';
 name FROM singer WHERE country IN ('France', 'Spain');
 name FROM singer WHERE age NOT IN (1, 2, 3);
 name FROM singer WHERE age BETWEEN 20 AND 30;
 name FROM singer WHERE country IS NULL;
 name FROM singer WHERE country IS NOT NULL AND age >= 3;
 name FROM singer WHERE age + 1 > 2 * singer_id;
 name FROM singer ORDER BY age;
 name FROM singer ORDER BY age DESC LIMIT 1;
 name FROM singer ORDER BY country ASC, age DESC LIMIT 3 OFFSET 2;
 name FROM singer LIMIT 10;
 country, COUNT(*) FROM singer GROUP BY country;
 country, COUNT(*) AS n FROM singer GROUP BY country ORDER BY n DESC;
 country FROM singer GROUP BY country HAVING COUNT(*) > 2;
 country FROM singer GROUP BY country ORDER BY COUNT(*) DESC LIMIT 1;
 country, AVG(age) FROM singer WHERE age > 3 GROUP BY country HAVING AVG(age) > 20 AND COUNT(*) > 1 ORDER BY 2;
 STRFTIME('%Y', hired), COUNT(*) FROM employee GROUP BY STRFTIME('%Y', hired);
 T1.name FROM singer AS T1 JOIN singer_in_concert AS T2 ON T1.singer_id = T2.singer_id;
 T2.title, T1.name FROM stadium AS T1 JOIN concert AS T2 ON T1.stadium_id = T2.stadium_id WHERE T2.year = '2014';
 singer.name, singer.age FROM singer WHERE singer.age > 3;
 s.name FROM singer AS s ORDER BY s.age;
 title FROM concert JOIN stadium ON concert.stadium_id = stadium.stadium_id WHERE capacity > 1000;
 stadium.name FROM stadium LEFT JOIN concert ON stadium.stadium_id = concert.stadium_id WHERE concert.concert_id IS NULL;
 T1.name, T3.title FROM singer AS T1 JOIN singer_in_concert AS T2 ON T1.singer_id = T2.singer_id JOIN concert AS T3 ON T2.concert_id = T3.concert_id;
 T1.name, COUNT(*) FROM singer AS T1 JOIN singer_in_concert AS T2 ON T1.singer_id = T2.singer_id GROUP BY T1.singer_id;
 T1.name, T2.name FROM employee AS T1 JOIN employee AS T2 ON T1.boss = T2.id;
 COUNT(*) FROM concert AS T1 JOIN stadium AS T2 ON T1.stadium_id = T2.stadium_id WHERE T2.name = 'Stark';
 name FROM singer WHERE age = (SELECT MAX(age) FROM singer);
 name FROM stadium WHERE capacity > (SELECT AVG(capacity) FROM stadium) AND name LIKE '%a';
 name FROM stadium WHERE stadium_id NOT IN (SELECT stadium_id FROM concert);
 name FROM stadium WHERE stadium_id IN (SELECT stadium_id FROM concert WHERE year = '2014' GROUP BY stadium_id);
 name FROM singer WHERE (age > 3 AND singer_id IN (SELECT singer_id FROM singer_in_concert)) OR age = 1 ORDER BY name;
 name FROM singer WHERE EXISTS (SELECT * FROM singer_in_concert WHERE singer_in_concert.singer_id = singer.singer_id);
 name FROM employee WHERE salary > (SELECT AVG(e.salary) FROM employee AS e WHERE e.boss = employee.boss);
 country FROM singer GROUP BY country HAVING AVG(age) > (SELECT AVG(age) FROM singer) ORDER BY country;
 name FROM singer UNION SELECT name FROM stadium;
 name FROM singer WHERE age > 3 INTERSECT SELECT name FROM singer WHERE age < 9;
 name FROM singer EXCEPT SELECT T1.name FROM singer AS T1 JOIN singer_in_concert AS T2 ON T1.singer_id = T2.singer_id;
 name, age FROM singer UNION ALL SELECT name, capacity FROM stadium WHERE capacity > 3 ORDER BY 1 LIMIT 3;
 JULIANDAY(day) FROM note;
 name FROM singer WHERE LENGTH(name) > 3;
 T1.* FROM singer AS T1 JOIN singer_in_concert AS T2 ON T1.singer_id = T2.singer_id;
 name, RANK() OVER (ORDER BY age DESC) AS place FROM singer ORDER BY place;
 name, ROW_NUMBER() OVER (PARTITION BY country ORDER BY age) AS n FROM singer WHERE age > 3;
 name, SUM(salary) OVER (PARTITION BY boss) FROM employee;
 name FROM singer ORDER BY age DESC NULLS LAST LIMIT 3;
 stadium.capacity - concert.concert_id FROM stadium JOIN concert ON stadium.stadium_id = concert.stadium_id;
 stadium.name, SUM(stadium.capacity * concert.concert_id) FROM stadium JOIN concert ON stadium.stadium_id = concert.stadium_id GROUP BY stadium.name;
 CAST(COUNT(DISTINCT concert.concert_id) AS REAL) / NULLIF(COUNT(stadium.stadium_id), 0) AS share FROM stadium JOIN concert ON stadium.stadium_id = concert.stadium_id;
 name FROM singer WHERE country IN ('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k') AND age > 3;
 name FROM singer WHERE age IN (1, 2) OR age = 5 ORDER BY name;
 1.0 * SUM(salary) / NULLIF(COUNT(DISTINCT boss), 0) FROM employee;
 AVG(CASE WHEN country = 'a' THEN age END) - AVG(CASE WHEN country = 'b' THEN age END) FROM singer;
 AVG(JULIANDAY(day) - JULIANDAY('2020-01-01')) FROM note;
 name FROM employee ORDER BY 1.0 * salary / id DESC LIMIT 1;
""".strip("\n").splitlines()  # noqa: E501


@pytest.mark.parametrize("statement", ORDINARY)
def test_ordinary_statements_are_allowed_and_run(statement: str) -> None:
    opened().execute("SELECT" + statement)
    assert left_at(statement) is None


@pytest.mark.parametrize(
    ("statement", "up_to"),
    [
        (" nme FROM singer;", " n"),
        (" name FROM singers;", " name FROM singer"),
        (" FIRST(name) FROM singer;", " "),
        (" title FROM singer;", " title FROM "),
        (" name, title FROM singer;", " name, "),
        (" name FROM singer WHERE title = 'a';", " name FROM singer WHERE "),
        (" name FROM singer ORDER BY capacity;", " name FROM singer ORDER BY c"),
        (" T1.name FROM singer AS T2;", " T1.name FROM singer AS T"),
        (" T1.title FROM singer AS T1;", " T1.title FROM singer AS T"),
        (" name FROM singer WHERE COUNT(*) > 1;", " name FROM singer WHERE "),
        (" name FROM singer WHERE age = (SELECT title FROM singer);", None),
        (" name, age FROM singer UNION SELECT name FROM stadium;", " name, age FROM singer UNION SELECT name"),
        (" name FROM singer JOIN note ON singer.name = note.text;", " name FROM singer JOIN "),
        (" name FROM singer", None),
        (" name FROM singer; DROP TABLE singer;", " name FROM singer;"),
        ("  name FROM singer;", " "),
        (" name FROM singer ORDER BY 3;", " name FROM singer ORDER BY "),
        (" order FROM singer_in_concert;", " "),
        (" name FROM singer WHERE age IN (SELECT singer_id, age FROM singer);", None),
        (" name FROM singer AS s WHERE singer.age > 3;", " name FROM singer AS s WHERE singer"),
    ],
)
def test_what_does_not_exist_or_is_out_of_scope_is_refused(statement: str, up_to: str | None) -> None:
    left = left_at(statement)
    assert left is not None
    if up_to is not None:
        assert left.startswith(up_to)
        assert len(left) <= len(up_to) + 3


@pytest.mark.parametrize("seed", range(3))
def test_drafts_for_duckdb_run_there(seed: int) -> None:
    duckdb = pytest.importorskip("duckdb")
    database, choice = duckdb.connect(), random.Random(seed)
    for one in TABLES:
        columns = ", ".join(f'"{c.name}" {c.type}' for c in one.columns)
        database.execute(f'CREATE TABLE "{one.name}" ({columns})')
        for row in range(5):
            values = [row if c.type in ("INTEGER", "REAL") else f"2014-0{row + 1}-01" for c in one.columns]
            database.execute(f'INSERT INTO "{one.name}" VALUES ({", ".join("?" * len(values))})', values)
    under, finished = SqlGuide(TABLES, "duckdb"), 0
    while finished < 25:
        draft = wander(under, choice, [])
        if draft is None:
            continue
        finished += 1
        try:
            database.execute("SELECT" + draft).fetchmany(5)
        except duckdb.Error as error:
            if not re.search("Out of Range|Failed to cast decimal", str(error)):  # numbers too large
                pytest.fail(f"{error}: {draft}")


@pytest.mark.parametrize("dialect", ["duckdb", "postgres"])
def test_what_is_not_aggregated_is_grouped_where_the_dialect_wants_it(dialect: Dialect) -> None:
    under = SqlGuide(TABLES, dialect)
    assert left_at(" country, COUNT(*) FROM singer GROUP BY country ORDER BY COUNT(*) DESC LIMIT 1;", under) is None
    assert left_at(" country, COUNT(*) FROM singer;", under) == " country, COUNT(*) FROM singer"
    assert left_at(" COUNT(*) FROM singer WHERE age > 3;", under) is None


@pytest.mark.parametrize("dialect", ["duckdb", "postgres"])
def test_statements_within_and_beside_have_the_types_that_the_dialect_wants(dialect: Dialect) -> None:
    under = SqlGuide(TABLES, dialect)
    assert left_at(" name FROM singer WHERE age > (SELECT AVG(capacity) FROM stadium);", under) is None
    assert left_at(" name FROM singer WHERE name IN (SELECT title FROM concert WHERE year = '2014');", under) is None
    assert left_at(" name FROM singer UNION SELECT name FROM stadium;", under) is None
    assert left_at(" name FROM singer WHERE age > (SELECT capacity FROM stadium);", under) is not None
    assert left_at(" name FROM singer WHERE name IN (SELECT singer_id FROM singer_in_concert);", under) is not None
    assert left_at(" name FROM singer UNION SELECT age FROM singer;", under) is not None
    assert left_at(" hired FROM employee UNION SELECT name FROM singer;", under) is not None
    assert left_at(" name FROM employee WHERE hired > '2014-01-31';", under) is None
    assert left_at(" name FROM employee WHERE hired > 'January';", under) is not None


def test_one_language_for_engines_without_stages() -> None:
    whole = guide().whole()
    assert whole is not None
    for statement in ORDINARY:
        matcher = VOCABULARY.matcher(whole)
        tokens = VOCABULARY.encode(statement)
        taken = matcher.try_consume_tokens(tokens)
        assert taken == len(tokens), statement[:taken]
        assert matcher.is_accepting()


def test_a_column_with_known_values_is_compared_with_them_only_where_text_is_not_free() -> None:
    values = {("singer", "country"): ["France", "Côte d'Ivoire"]}
    bound = SqlGuide(TABLES, "sqlite", values=values, free_text=False)
    assert left_at(" name FROM singer WHERE country = 'Côte d''Ivoire';", bound) is None
    assert left_at(" name FROM singer WHERE country = 'Atlantis';", bound) is not None
    assert left_at(" name FROM singer WHERE country = 'Atlantis';", SqlGuide(TABLES, "sqlite", values=values)) is None


def test_a_schema_of_sixty_tables_has_its_stages() -> None:
    many = [
        table(
            f"table_{n}",
            (f"id_{n}", "INTEGER", "key"),
            ("name", "TEXT", ""),
            ("up", "INTEGER", f"table_{n // 2}.id_{n // 2}"),
        )
        for n in range(60)
    ]
    under = SqlGuide(many, "sqlite")
    for written in ("", " T1.name,", " COUNT(*) FROM", " name FROM table_3 WHERE"):
        started = time.perf_counter()
        stage = under.stage(written)
        assert stage is not None
        VOCABULARY.matcher(stage.constraint)
        print(f"{written!r}: {(time.perf_counter() - started) * 1e3:.0f} ms")
    assert left_at(" T1.name, T2.name FROM table_59 AS T1 JOIN table_29 AS T2 ON T1.up = T2.id_29;", under) is None


def test_usual_tokens_fit_the_stages() -> None:
    words = (
        b" FROM| SELECT|(SELECT| name|COUNT|(*)| singer| WHERE|);|),| =| '|';| (| IN| GROUP| BY| ORDER| AS| T|1|.|,| DESC"
    )
    vocabulary = Vocabulary(words.split(b"|"))
    for statement in ORDINARY:
        follower = Follower(guide(), vocabulary)
        assert all(follower.take(token) for token in vocabulary.encode(statement)), follower.written.decode()
        assert follower.may_end()


@pytest.mark.parametrize(
    ("statement", "up_to"),
    [
        (" name, age, name FROM singer;", " name, age, name"),
        (" COUNT(*), COUNT(*), MAX(age), MIN(age) FROM singer;", " COUNT(*), COUNT(*), MAX(age)"),
        (" name FROM singer WHERE age = 1 AND age = 1 AND age = 2 AND age = 3;", " age = 1 AND age = 1 AND age = 2 "),
        (" name FROM singer WHERE age IN (1, 1, 2, 3);", " name FROM singer WHERE age IN (1, 1, 2"),
        (" name FROM singer ORDER BY age, age, name, country;", " name FROM singer ORDER BY age, age, name"),
    ],
)
def test_a_list_that_repeats_itself_ends(statement: str, up_to: str) -> None:
    left = left_at(statement)
    assert left is not None
    assert left.endswith((up_to, f"{up_to} "))


LOOPS = (
    (" name", ", name, age"),
    (" singer_id", ", date(date(0)) AS a"),
    (" T1.name", ", T2.title, T1.age, T3.year"),
    (" name FROM singer WHERE age = 1", " AND age = 1"),
    (" name FROM singer WHERE age = 1", " OR age = 2 AND (country = 'x'"),
    (" name FROM singer WHERE country IN ('a'", ", 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k'"),
    (" name FROM singer WHERE singer_id", " IN (SELECT singer_id FROM singer WHERE singer_id"),
    (" name FROM employee AS T1", " JOIN employee AS T2 ON T1.boss = T2.id"),
    (" name FROM singer", " INTERSECT SELECT name FROM singer WHERE age = 3"),
    (" country, COUNT(*) FROM singer GROUP BY country HAVING COUNT(*) > 1", " AND COUNT(*) > 2"),
    (" country, COUNT(*) FROM singer GROUP BY country ORDER BY country", ", COUNT(*) DESC, country"),
    (" country || country", " || country || 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    (" SUM(CASE WHEN age = 1 THEN 1", " WHEN age = 2 THEN 2"),
    (" age", " + age"),
)


def modest(allowed: list[int], choice: random.Random) -> int:
    """A token that ends something where there is one, else neither a function nor an operator."""
    ends = [t for t in allowed if t in b";)F" or (t == ord("'") and len(allowed) > 60)]
    names = [t for t in allowed if 32 <= t < 127 and (chr(t).islower() or t in b". 0123456789")]
    others = [t for t in allowed if t not in b"+-*/|("]
    return choice.choice(ends or names or others or allowed)


@pytest.mark.parametrize("dialect", ["sqlite", "duckdb"])
@pytest.mark.parametrize(("beginning", "again"), LOOPS)
def test_a_draft_that_repeats_itself_for_ever_ends_within_its_tokens(beginning: str, again: str, dialect: Dialect) -> None:
    letters = 480  # a token of a model has three letters

    def room(written: str) -> int:
        return (letters - len(written)) // 3

    follower, choice = Follower(SqlGuide(TABLES, dialect, room=room), VOCABULARY), random.Random(1)
    assert all(follower.take(token) for token in VOCABULARY.encode(beginning))
    place = 0
    while not follower.over:
        allowed, place = follower.allowed(), place % len(again)
        goes_on = ord(again[place]) in allowed
        assert follower.take(ord(again[place]) if goes_on else modest(allowed, choice))
        place = place + 1 if goes_on else 0
        assert len(follower.written) < letters, follower.written.decode()
    if dialect == "sqlite":
        opened().execute("SELECT" + follower.written.decode()).fetchmany(5)


@pytest.mark.parametrize(
    ("level", "allowed", "refused"),
    [("names", " title FROM singer;", " nme FROM singer;"), ("grammar", " nme FROM singers;", " nme FROM ;")],
)
def test_levels_hold_less(level: Level, allowed: str, refused: str) -> None:
    under = SqlGuide(TABLES, "sqlite", level=level)
    assert left_at(allowed, under) is None
    assert left_at(refused, under) is not None
    assert [s for s in ORDINARY if left_at(s, under) is not None] == []
