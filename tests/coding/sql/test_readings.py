"""Readings by rules: from a question to a statement that gives the right rows, on databases made here."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from summaries import summarise
from treadle.coding.sql.reading.cues import read_cues
from treadle.coding.sql.reading.inflection import singular, stem
from treadle.coding.sql.reading.linking import link, value_query
from treadle.coding.sql.reading.propose import propose
from treadle.coding.sql.reading.schema import Schema, quote_name
from treadle.coding.sql.reading.sentence import to_words
from treadle.coding.sql.reading.statement import to_sql

SCRIPT = """
CREATE TABLE ships (ship_id INTEGER PRIMARY KEY, ship_name TEXT, flag TEXT, length_m REAL, built INTEGER);
CREATE TABLE ports (port_id INTEGER PRIMARY KEY, port_name TEXT, country TEXT, depth_m REAL);
CREATE TABLE visits (visit_id INTEGER PRIMARY KEY, ship_id INTEGER REFERENCES ships(ship_id),
 port_id INTEGER REFERENCES ports(port_id), arrived TEXT, left_on TEXT, cargo_t REAL);
INSERT INTO ships VALUES (1,'Aurora','Norway',120,1990),(2,'Brise','France',210,2004),(3,'Comet','Norway',95.5,2011),
 (4,'Delfin','Spain',180,1999);
INSERT INTO ports VALUES (1,'Bergen','Norway',14),(2,'Brest','France',11.5),(3,'Cadiz','Spain',9);
INSERT INTO visits VALUES (1,1,1,'2023-01-05','2023-01-09',500),(2,1,2,'2023-02-11','2023-02-12',300),
 (3,2,2,'2023-02-20','2023-03-02',1200),(4,3,1,'2024-01-15','2024-01-18',90),(5,2,1,'2024-03-01',NULL,800);
"""
QUESTIONS = [
    ("How many ships are there?", "SELECT 4"),
    ("How many ships sail under the flag of Norway?", "SELECT 2"),
    ("What is the average length of the ships?", "SELECT AVG(length_m) FROM ships"),
    ("Which ship is the longest? Give its name.", "SELECT 'Brise'"),
    ("How many visits did each port have? Show the port name.", "SELECT 'Bergen', 3 UNION ALL SELECT 'Brest', 2"),
    ("Which ports have no visits? Give their names.", "SELECT 'Cadiz'"),
    ("What is the total cargo of visits to Brest?", "SELECT 1500.0"),
    ("How many ships were built before 2000?", "SELECT 2"),
    ("How many visits have not left yet?", "SELECT 1"),
    ("What is the average number of days between arrived and left?", "SELECT 4.5"),
    ("Show the names of ships longer than the average length.", "SELECT 'Brise' UNION ALL SELECT 'Delfin'"),
    ("How many visits arrived in February 2023?", "SELECT 2"),
    ("How many visits were there in each year?", "SELECT '2023', 3 UNION ALL SELECT '2024', 2"),
    ("Which ship made the most visits? Give its name.", "SELECT 'Aurora'"),
    ("What fraction of the ships has the flag Norway?", "SELECT 0.5"),
    ("List the ship name and length of ships ordered by length, highest first.", "SELECT ship_name, length_m FROM ships"),
    ("Which flags have more than one ship?", "SELECT 'Norway'"),
    ("Which flags have several ships?", "SELECT 'Norway'"),
    (
        "Which ship is the second longest? Give its name.",
        "SELECT ship_name FROM ships ORDER BY length_m DESC LIMIT 1 OFFSET 1",
    ),
    ("Show the ship names starting with A", "SELECT ship_name FROM ships WHERE ship_name LIKE 'A%'"),
    ("How many different ship flags are there?", "SELECT COUNT(DISTINCT flag) FROM ships"),
    ("Top 2 ships by number of visits", "SELECT 'Aurora', 2 UNION ALL SELECT 'Brise', 2"),
    ("When did the first visit arrive?", "SELECT '2023-01-05'"),
    (
        "How many visits did each port have, including those with none? Show the port name.",
        "SELECT 'Bergen', 3 UNION ALL SELECT 'Brest', 2 UNION ALL SELECT 'Cadiz', 0",
    ),
    ("How many ships were seen in each port? Show the port name.", "SELECT 'Bergen', 3 UNION ALL SELECT 'Brest', 2"),
    (
        "Number of visits by port and year",
        "SELECT 'Bergen', '2023', 1 UNION ALL SELECT 'Bergen', '2024', 2 UNION ALL SELECT 'Brest', '2023', 2",
    ),
    (
        "Which ships have never visited a port? Give their names.",
        "SELECT ship_name FROM ships WHERE ship_id NOT IN (SELECT ship_id FROM visits)",
    ),
    ("What is the difference between the highest and the lowest depth of the ports?", "SELECT 5.0"),
]


WORDS_TEXT = """
how many ships most per of Norway 3 more than not ratio to divided by minus same other as both and with 0 none total average
each visits year months before 2023-01-01 last quarter weekends share top ports depth / = 'a' or in without ordered highest
cargo built
"""
WORDS = tuple(WORDS_TEXT.split())


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Schema, sqlite3.Connection]]:
    path = tmp_path_factory.mktemp("ships") / "ships.sqlite"
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript(SCRIPT)
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        yield Schema.of(summarise(path)), db


def first_reading(question: str, database: tuple[Schema, sqlite3.Connection]) -> str:
    schema, db = database
    statement = value_query(question, schema)
    fields = {(f.table, f.name): f for f in schema.fields}
    values = [(fields[t, c], v) for t, c, v in db.execute(statement)] if statement else []
    return to_sql(propose(question, schema, link(question, schema, values))[0], schema, "sqlite")


@pytest.mark.parametrize(("question", "expected"), QUESTIONS, ids=[q for q, _ in QUESTIONS])
def test_the_first_reading_gives_the_rows(question: str, expected: str, database: tuple[Schema, sqlite3.Connection]) -> None:
    db = database[1]
    assert sorted(map(repr, db.execute(first_reading(question, database)))) == sorted(map(repr, db.execute(expected)))


def test_columns_that_are_not_asked_for_are_not_shown(database: tuple[Schema, sqlite3.Connection]) -> None:
    assert first_reading("Give the names of the ships built before 2000.", database).startswith("SELECT ship_name FROM")


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80) | st.lists(st.sampled_from(WORDS)).map(" ".join))
def test_any_text_gives_statements_that_execute(text: str) -> None:
    with closing(sqlite3.connect(":memory:")) as db:
        db.executescript(SCRIPT)
        schema = MEMORY
        statement = value_query(text, schema)
        fields = {(f.table, f.name): f for f in schema.fields}
        values = [(fields[t, c], v) for t, c, v in db.execute(statement)] if statement else []
        for sketch in propose(text, schema, link(text, schema, values))[:8]:
            try:
                statement = to_sql(sketch, schema, "sqlite")
            except LookupError:
                continue
            db.execute(statement).fetchall()
            assert to_words(sketch, schema).strip()


def memory_schema() -> Schema:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ships.sqlite"
        with closing(sqlite3.connect(path)) as db, db:
            db.executescript(SCRIPT)
        return Schema.of(summarise(path))


MEMORY = memory_schema()


def test_joins_are_found_without_declared_keys() -> None:
    undeclared = SCRIPT.replace(" REFERENCES ships(ship_id)", "").replace(" REFERENCES ports(port_id)", "")
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ships.sqlite"
        with closing(sqlite3.connect(path)) as db, db:
            db.executescript(undeclared)
        schema = Schema.of(summarise(path))
    assert [j.right for j in schema.path("ships", "ports") or ()] == ["visits", "ports"]
    assert schema.label("ports").name == "port_name"  # type: ignore[union-attr]


def test_both_and_either(database: tuple[Schema, sqlite3.Connection]) -> None:
    either = first_reading("How many ships have the flag Norway or Spain?", database)
    assert "IN ('Norway', 'Spain')" in either
    bounds = first_reading("How many ships are shorter than 100 m or longer than 200 m?", database)
    assert "(length_m < 100 OR length_m > 200)" in bounds


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("What is the average speed?", "average", 12),
        ("the three most expensive books", "limit", 3),
        ("at least 4 visits", "superlative", None),
        ("loans per month", "group", (10, "month")),
        ("in March 2024", "month", "2024-03"),
        ("in 1999", "year", "1999"),
        ("books cheaper than the average price", "than_average", "<"),
    ],
)
def test_cues(text: str, name: str, value: object) -> None:
    assert getattr(read_cues(text), name) == value


def test_bounds() -> None:
    bounds = read_cues("older than 35, at most two, between 3 and 5, no less than 1,000").bounds
    assert [(b.operator, b.value) for b in bounds] == [(">", "35"), ("<=", "2"), ("BETWEEN", "3 AND 5"), (">=", "1000")]


@given(st.text(min_size=1, max_size=20).filter(lambda t: "\x00" not in t))
def test_names_are_quoted_so_that_sqlite_reads_them_back(name: str) -> None:
    with closing(sqlite3.connect(":memory:")) as db:
        try:
            db.execute(f"CREATE TABLE t ({quote_name(name)} INTEGER)")
        except (sqlite3.OperationalError, UnicodeEncodeError):
            return  # names that SQLite itself does not take
        assert [row[1] for row in db.execute("PRAGMA table_info(t)")] == [name]


@pytest.mark.parametrize(
    ("word", "other"),
    [("ships", "ship"), ("cities", "city"), ("boxes", "box"), ("classes", "class"), ("status", "status"), ("days", "day")],
)
def test_singular(word: str, other: str) -> None:
    assert singular(word) == other


@pytest.mark.parametrize(("one", "other"), [("tallest", "tall"), ("loaned", "loans"), ("author", "authors")])
def test_stems_of_one_word_are_equal(one: str, other: str) -> None:
    assert stem(one) == stem(other)
