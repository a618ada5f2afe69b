"""Forms of questions: rows that are alike, heads of tables, both sides of a quotient, ranks, parts of texts."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from readings import first_reading, made
from treadle.coding.sql.reading.schema import Schema
from treadle.coding.sql.reading.statement import to_sql

SCRIPT = """
CREATE TABLE ports (port_id INTEGER, port_name TEXT, country TEXT, depth_m REAL);
CREATE TABLE ships (ship_id INTEGER, ship_name TEXT, kind TEXT, home_port_id INTEGER REFERENCES ports(port_id), crew INTEGER,
 cabins INTEGER, registered INTEGER);
CREATE TABLE visits (visit_id INTEGER, ship_id INTEGER, port_id INTEGER, arrived TEXT, cargo_t REAL, status TEXT);
CREATE TABLE flags (flag_id INTEGER, title TEXT);
CREATE TABLE ship_flags (ship_id INTEGER, flag_id INTEGER);
INSERT INTO ports VALUES (1,'Old Bergen','Norway',14),(2,'Brest','France',11.5),(3,'Cadiz','Spain',9),
 (4,'New Bergen','Norway',7);
INSERT INTO ships VALUES (1,'Aurora','ferry',1,10,100,1),(2,'Brise','tanker',2,20,10,0),(3,'Comet','ferry',1,30,50,1),
 (4,'Delfin','tanker',NULL,8,4,1);
INSERT INTO visits VALUES (1,1,1,'2023-01-07',500,'done'),(2,1,2,'2023-02-11',300,'done'),(3,2,2,'2023-04-20',1200,'late'),
 (4,3,1,'2024-01-13',NULL,'late'),(5,2,1,'2024-03-04',800,'done');
INSERT INTO flags VALUES (1,'red'),(2,'blue'),(3,'green');
INSERT INTO ship_flags VALUES (1,1),(1,2),(2,1),(3,2);
"""
QUESTIONS = [
    ("Which other ships share their home port with Aurora?", "SELECT 'Comet'"),
    ("Which ports are in the same country as Old Bergen?", "SELECT 'New Bergen'"),
    ("Which ships have visited both Old Bergen and Brest?", "SELECT 'Aurora' UNION ALL SELECT 'Brise'"),
    ("Which ships combine the flags red and blue?", "SELECT 'Aurora'"),
    ("visits and total cargo per status", "SELECT 'done', 3, 1600.0 UNION ALL SELECT 'late', 2, 1200.0"),
    ("ships by kind", "SELECT 'ferry', 2 UNION ALL SELECT 'tanker', 2"),
    ("Number of visits made per quarter", "SELECT (strftime('%m', arrived) + 2) / 3, COUNT(*) FROM visits GROUP BY 1"),
    ("Rank the countries by the total cargo of visits", "SELECT 'Norway', 1300.0 UNION ALL SELECT 'France', 1500.0"),
    ("top 2 flags by number of ships", "SELECT 'red', 2 UNION ALL SELECT 'blue', 2"),
    ("What is the ratio of ships with more than 15 crew to ships with less than 15 crew?", "SELECT 1.0"),
    (
        "What is the ratio of late visits to done visits in each port?",
        "SELECT 'Old Bergen', 0.5 UNION ALL SELECT 'Brest', 1.0",
    ),
    ("What is the ratio of ships that are registered to ships that are not registered?", "SELECT 3.0"),
    ("What is the ratio of ships with visits to ships without visits?", "SELECT 3.0"),
    ("What is the ratio of visits to ports?", "SELECT 5 / 4.0"),
    (
        "Show the ship name and crew per cabin, computed as crew / cabins.",
        "SELECT ship_name, 1.0 * crew / cabins FROM ships",
    ),
    ("average cargo: late visits minus done visits", "SELECT 1200 - 1600 / 3.0"),
    ("By how many percent did the number of visits change from 2023 to 2024?", "SELECT 100.0 * (2 - 3) / 3"),
    ("How many visits were there on weekends?", "SELECT 3"),
    ("How many visits took place in the 3 months before 2023-04-01?", "SELECT 2"),
    (
        "What is the average cargo of visits by status? Treat missing cargo as 0.",
        "SELECT 'done', 1600 / 3.0 UNION ALL SELECT 'late', 600.0",
    ),
    ("Find the ports with 'BERGEN' in their name, ignoring case.", "SELECT 'Old Bergen' UNION ALL SELECT 'New Bergen'"),
    ("Show the ports whose name contains 'bre' or 'cad'.", "SELECT 'Brest' UNION ALL SELECT 'Cadiz'"),
    (
        "What are the names of the ships ordered by number of visits, highest first?",
        "SELECT ship_name, COUNT(*) FROM visits JOIN ships USING (ship_id) GROUP BY 1",
    ),
    (
        "Which ships have the most visits? Sort from most to least.",
        "SELECT ship_name, COUNT(*) FROM visits JOIN ships USING (ship_id) GROUP BY 1",
    ),
    ("What is the port with the lowest depth?", "SELECT 'New Bergen'"),
    ("How many ships does each flag have?", "SELECT 'red', 2 UNION ALL SELECT 'blue', 2"),
]


@pytest.mark.parametrize(("question", "expected"), QUESTIONS, ids=[q for q, _ in QUESTIONS])
def test_the_first_reading_gives_the_rows(
    question: str, expected: str, schema: Schema, database: sqlite3.Connection
) -> None:
    statement = to_sql(first_reading(question, schema, database), schema, "sqlite")
    assert sorted(map(repr, database.execute(statement))) == sorted(map(repr, database.execute(expected))), statement


CLASSES = [
    ("What is the ratio of first class tickets to second class tickets?", "SELECT 2.0"),
    ("What share of the total price comes from levels 1 and 2?", "SELECT 1.0 * (10 + 20) / (10 + 20 + 70)"),
    ("How many first class tickets are there?", "SELECT 2"),
    ("What are the top 2 trains by number of tickets?", "SELECT 'IC 1', 2 UNION ALL SELECT 'RB 2', 1"),
    (
        "Number of first class tickets per train. Trains without any should show up with 0.",
        "SELECT 'IC 1', 2 UNION ALL SELECT 'RB 2', 0",
    ),
]


@pytest.mark.parametrize(("question", "expected"), CLASSES, ids=[q for q, _ in CLASSES])
def test_everyday_words_that_are_values(question: str, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "tickets.sqlite"
    schema = made(
        path,
        """
        CREATE TABLE trains (train_id INTEGER PRIMARY KEY, train_name TEXT);
        CREATE TABLE tickets (ticket_id INTEGER PRIMARY KEY, train_id INTEGER REFERENCES trains(train_id), travel_class TEXT,
         level INTEGER, price REAL);
        INSERT INTO trains VALUES (1,'IC 1'),(2,'RB 2');
        INSERT INTO tickets VALUES (1,1,'first',1,10),(2,1,'first',2,20),(3,2,'second',3,70);
        """,
    )
    with closing(sqlite3.connect(path)) as db:
        statement = to_sql(first_reading(question, schema, db), schema, "sqlite")
        assert sorted(map(repr, db.execute(statement))) == sorted(map(repr, db.execute(expected))), statement


def test_a_side_that_is_not_understood_makes_no_ratio(schema: Schema, database: sqlite3.Connection) -> None:
    statement = to_sql(
        first_reading("What is the ratio of ferry ships to wooden ships?", schema, database), schema, "sqlite"
    )
    assert "/" not in statement or "COUNT(*)" not in statement


def test_keys_are_found_by_name_where_none_is_declared(tmp_path: Path) -> None:
    schema = made(
        tmp_path / "papers.sqlite",
        """
        CREATE TABLE wrote (aid INTEGER, pid INTEGER);
        CREATE TABLE tagged (pid INTEGER, kid INTEGER);
        CREATE TABLE paper (title TEXT, cid INTEGER, pid INTEGER, year INTEGER);
        CREATE TABLE author (name TEXT, aid INTEGER);
        CREATE TABLE keyword (word TEXT, kid INTEGER);
        CREATE TABLE conference (cid INTEGER, name TEXT);
        """,
    )
    found = {(j.left, j.left_column, j.right) for j in schema.joins}
    assert found == {
        ("wrote", "aid", "author"),
        ("wrote", "pid", "paper"),
        ("tagged", "pid", "paper"),
        ("tagged", "kid", "keyword"),
        ("paper", "cid", "conference"),
    }


MUSEUM = """
CREATE TABLE hall (hid INTEGER, hname TEXT);
CREATE TABLE piece (pid INTEGER, hid INTEGER, pname TEXT, on_display TEXT, weight_kg REAL);
INSERT INTO hall VALUES (1,'North Hall'),(2,'Attic');
INSERT INTO piece VALUES (1,1,'urn','Yes',3),(2,1,'bowl','No',1),(3,2,'mask','Yes',4),(4,2,'axe','Yes',2);
"""
OF_MUSEUM = [
    ("What percentage of the pieces is on display?", "SELECT 75.0"),
    ("How many pieces are not on display?", "SELECT 1"),
    ("Which hall has the most pieces on display?", "SELECT 'Attic'"),
    ("How many kilos are in each hall?", "SELECT 'North Hall', 4.0 UNION ALL SELECT 'Attic', 6.0"),
    ("What is the heaviest piece?", "SELECT 'mask'"),
    ("What fraction of the total weight is in each hall?", "SELECT 'North Hall', 0.4 UNION ALL SELECT 'Attic', 0.6"),
]


@pytest.mark.parametrize(("question", "expected"), OF_MUSEUM, ids=[q for q, _ in OF_MUSEUM])
def test_short_labels_flags_in_words_amounts_and_shares(question: str, expected: str, tmp_path: Path) -> None:
    schema = made(tmp_path / "museum.sqlite", MUSEUM)
    with closing(sqlite3.connect(tmp_path / "museum.sqlite")) as db:
        statement = to_sql(first_reading(question, schema, db), schema, "sqlite")
        assert sorted(map(repr, db.execute(statement))) == sorted(map(repr, db.execute(expected))), statement


def test_the_key_of_rows_is_no_pointer_to_others(tmp_path: Path) -> None:
    schema = made(
        tmp_path / "bookings.sqlite",
        """
        CREATE TABLE person (pid INTEGER, pname TEXT);
        CREATE TABLE booking (bid INTEGER, pid INTEGER, hours REAL);
        """,
    )
    key = schema.key("booking")
    assert key is not None
    assert key.name == "bid"
    label = schema.label("person")
    assert label is not None
    assert (label.name, label.words) == ("pname", ("name",))
