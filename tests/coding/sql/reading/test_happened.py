"""Readings of what happened, how long it took, who did it most often, and in which unit; in SQLite and DuckDB."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest

from readings import first_reading, linked, made
from treadle.coding.sql.checks.parsed import check_parsed
from treadle.coding.sql.reading.linking import normalised
from treadle.coding.sql.reading.orders import read_orders
from treadle.coding.sql.reading.schema import Schema
from treadle.coding.sql.reading.sentence import to_words
from treadle.coding.sql.reading.statement import to_sql
from treadle.coding.sql.reading.unread import unread_words
from treadle.types import Outcome

SCRIPT = """
CREATE TABLE club_member (member_id INTEGER PRIMARY KEY, name TEXT, town TEXT, joined_on TEXT);
CREATE TABLE tools (tool_id INTEGER PRIMARY KEY, name TEXT, maker TEXT, weight_g REAL, price_eur REAL,
 first_use TEXT, uses_num INTEGER);
CREATE TABLE rentals (rental_id INTEGER PRIMARY KEY, tool_id INTEGER REFERENCES tools(tool_id),
 member_id INTEGER REFERENCES club_member(member_id), taken_at TEXT, returned_at TEXT, damage_eur REAL, exit_code INTEGER);
CREATE TABLE n_notes (note_id INTEGER PRIMARY KEY, rental_id INTEGER REFERENCES rentals(rental_id), body TEXT);
INSERT INTO club_member VALUES (1,'Ada','Gent','2021-05-02'),(2,'Bo','Gent','2022-01-20'),(3,'Cy','Brugge','2020-03-03');
INSERT INTO tools VALUES (1,'Kango','Makita',9000,30.0,'1999-04-01',7),(2,'Kurve','Festool',2500,12.0,'2012-02-01',3),
 (3,'Planer','Bosch',2800,8.0,'2005-06-06',9),(4,'Router','Bosch',3300,15.0,'2018-01-01',1);
INSERT INTO rentals VALUES (1,1,1,'2024-01-05 08:00','2024-01-05 14:00',20.0,0),
 (2,1,2,'2024-02-10 09:00','2024-02-12 09:00',NULL,0),(3,2,1,'2024-05-01 10:00','2024-05-01 13:00',0.0,2),
 (4,1,3,'2024-05-20 08:00',NULL,NULL,NULL),(5,3,1,'2023-11-02 08:00','2023-11-09 08:00',5.0,1);
INSERT INTO n_notes VALUES (1,1,'scratched'),(2,1,'late'),(3,2,'fine');
"""
QUESTIONS: list[tuple[str, list[tuple[object, ...]]]] = [
    ("What is the maximum weight of the tools made by Bosch?", [(3300.0,)]),
    ("How heavy is the lightest tool?", [(2500.0,)]),
    ("What does the most expensive tool cost?", [(30.0,)]),
    ("Which rental took the longest?", [(5,)]),
    ("What was the longest rental in hours?", [(168.0,)]),
    ("What is the average rental duration in days of the tool Kango?", [(1.125,)]),
    ("How many rentals lasted longer than 4 hours?", [(3,)]),
    ("What percentage of the returned rentals took longer than 1 day?", [(50.0,)]),
    ("Who rented more than two times?", [("Ada",)]),
    ("Which towns have several members?", [("Gent",)]),
    ("In which month were the most rentals taken?", [("2024-05",)]),
    ("What is the most rented tool?", [("Kango",)]),
    ("Which maker has the largest number of rentals?", [("Makita",)]),
    ("Names of tools starting with K", [("Kango",), ("Kurve",)]),
    ("How many rentals were taken in the first quarter of 2024?", [(2,)]),
    ("How many rentals have no damage recorded?", [(2,)]),
    ("What is the mean damage of damaged rentals?", [(12.5,)]),
    ("How many rentals have an exit code other than 0?", [(2,)]),
    ("What is the total weight of the tools in kg?", [(17.6,)]),
    ("Which tools were never rented?", [("Router",)]),
    ("Which tool has the highest number of uses?", [("Planer",)]),
    ("What is the most recent joining date of the members?", [("2022-01-20",)]),
    ("Which two tools have the highest weight?", [("Kango",), ("Router",)]),
    ("Which maker has the most rentals, and how many?", [("Makita", 3)]),
    ("Which tools have first use before the year 2000?", [("Kango",)]),
]


def plain(rows: list[tuple[object, ...]]) -> list[tuple[object, ...]]:
    return sorted((tuple(round(v, 6) if isinstance(v, float) else v for v in row) for row in rows), key=repr)


@pytest.mark.parametrize(("question", "expected"), QUESTIONS, ids=[q for q, _ in QUESTIONS])
def test_the_first_reading_is_right(
    question: str, expected: list[tuple[object, ...]], schema: Schema, database: sqlite3.Connection
) -> None:
    sketch = first_reading(question, schema, database)
    statement = to_sql(sketch, schema, "sqlite")
    assert plain(database.execute(statement).fetchall()) == plain(expected), statement
    assert to_words(sketch, schema).strip()


@pytest.mark.parametrize(("question", "expected"), QUESTIONS, ids=[q for q, _ in QUESTIONS])
def test_duckdb_and_postgresql_say_the_same(
    question: str, expected: list[tuple[object, ...]], schema: Schema, database: sqlite3.Connection
) -> None:
    duckdb = pytest.importorskip("duckdb")
    sketch = first_reading(question, schema, database)
    with closing(duckdb.connect(":memory:")) as db:
        for statement in SCRIPT.replace("REAL", "DOUBLE").split(";"):
            if statement.strip():
                db.execute(statement)
        found = db.execute(to_sql(sketch, schema, "duckdb")).fetchall()
    rows = [tuple(float(v) if isinstance(v, Decimal) else v for v in row) for row in found]
    assert plain(rows) == plain(expected)
    assert check_parsed(to_sql(sketch, schema, "postgres"), "postgres").outcome is Outcome.PASSED


def test_a_number_that_the_rows_have_is_not_counted(tmp_path: Path) -> None:
    path = tmp_path / "papers.sqlite"
    papers = made(
        path,
        "CREATE TABLE cite (citing INT, cited INT);"
        "CREATE TABLE publication (pid INTEGER PRIMARY KEY, title TEXT, citation_num INT, reference_num INT);"
        "INSERT INTO publication VALUES (1, 'a', 5, 9), (2, 'b', 8, 4);",
    )
    with closing(sqlite3.connect(path)) as db:
        sketch = first_reading("What is the title of the publication with the highest number of citations?", papers, db)
        assert to_sql(sketch, papers, "sqlite") == "SELECT title FROM publication ORDER BY citation_num DESC LIMIT 1"


def test_a_column_of_sex_has_other_values_too(tmp_path: Path) -> None:
    path = tmp_path / "clinic.sqlite"
    clinic = made(
        path,
        "CREATE TABLE patients (patient_id INTEGER PRIMARY KEY, name TEXT, sex TEXT);"
        "INSERT INTO patients VALUES (1, 'a', 'F'), (2, 'b', 'M'), (3, 'c', 'unknown');",
    )
    with closing(sqlite3.connect(path)) as db:
        for said, value in (("female patients", "F"), ("men among the patients", "M"), ("patients of sex M", "M")):
            sketch = first_reading(f"How many {said} are there?", clinic, db)
            assert to_sql(sketch, clinic, "sqlite") == f"SELECT COUNT(*) FROM patients WHERE sex = '{value}'"
        assert [v.value for v in linked("How many patients of unknown sex are there?", clinic, db).values] == ["unknown"]


def test_ordered_by_somebody_is_no_order() -> None:
    assert read_orders("What was ordered by Ada in May 2024?")[0] == ()
    assert [o.words for o in read_orders("All rentals ordered by damage")[0]] == ["damage"]


def test_figures_by_something_keep_their_groups() -> None:
    (said,), rest = read_orders("Number of rentals by maker, best first")
    assert said.descending
    assert "by maker" in rest


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("in the first quarter of 2024", "between 2024-01-01 and 2024-03-31"),
        ("during the second half of 2023", "between 2023-07-01 and 2023-12-31"),
        ("in the last quarter of 2023", "between 2023-10-01 and 2023-12-31"),
        ("in the third half of 2023", "in the third half of 2023"),
    ],
)
def test_parts_of_a_year(said: str, meant: str) -> None:
    assert normalised(said) == meant


def test_units_are_read_where_the_statement_has_them(schema: Schema, database: sqlite3.Connection) -> None:
    links = linked("Which tools cost more than 10 euros, in kilograms?", schema, database)
    assert "kilograms" in unread_words("SELECT name FROM tools WHERE price_eur > 10", schema, links)
    told = unread_words("SELECT weight_g / 1000.0 FROM tools WHERE price_eur > 10", schema, links)
    assert "kilograms" not in told
    assert "euros" not in told
