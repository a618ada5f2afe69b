"""Rows in a role: which roles a question speaks of, and the statements that name them."""

from __future__ import annotations

import sqlite3

import pytest

from readings import linked
from treadle.coding.sql.questions import ReadQuestion, read_question
from treadle.coding.sql.reading.linking import words_of
from treadle.coding.sql.reading.roles import with_roles
from treadle.coding.sql.reading.schema import Schema
from treadle.coding.sql.reading.statement import to_sql

SCRIPT = """
CREATE TABLE person (person_id INTEGER PRIMARY KEY, first_name TEXT, surname TEXT, born INTEGER, boss_id INTEGER);
CREATE TABLE dive (dive_no INTEGER PRIMARY KEY, wreck TEXT, depth_m REAL, leader_id INTEGER, deputy_id INTEGER,
 from_port INTEGER REFERENCES port(port_id), home_port INTEGER REFERENCES port(port_id));
CREATE TABLE port (port_id INTEGER PRIMARY KEY, port_name TEXT);
CREATE TABLE orders (order_id INTEGER PRIMARY KEY, gear TEXT, person_id INTEGER);
INSERT INTO person VALUES (1,'Ada','Voss',1980,NULL),(2,'Ben','Wirth',1991,1),(3,'Cleo','Xanten',1975,1);
INSERT INTO person VALUES (4,'Dan','York',2001,3);
INSERT INTO dive VALUES (1,'Hansa',30,1,2,1,2),(2,'Hansa',28,1,NULL,1,1),(3,'Iduna',41,3,2,2,2),(4,'Juno',12,2,4,2,1);
INSERT INTO port VALUES (1,'Kiel'),(2,'Lund');
INSERT INTO orders VALUES (1,'lamp',2),(2,'fins',4);
"""
WHOLE = [
    ("How many dives did Ada Voss lead?", "SELECT 2"),
    ("How many dives were led by Ada Voss?", "SELECT 2"),
    ("Who led two dives or more?", "SELECT 'Ada', 'Voss'"),
    ("Who led the most dives?", "SELECT 'Ada', 'Voss'"),
    (
        "number of dives per leader",
        "SELECT first_name, surname, COUNT(*) FROM dive JOIN person ON leader_id = person_id GROUP BY person_id",
    ),
    ("List the deputies.", "SELECT 'Ben', 'Wirth' UNION ALL SELECT 'Dan', 'York'"),
    ("Which people have boss Ada Voss?", "SELECT 'Ben', 'Wirth' UNION ALL SELECT 'Cleo', 'Xanten'"),
    ("How many dives have home port Lund?", "SELECT 2"),
]
"""Questions, and what gives the same rows."""


def _read(question: str, schema: Schema, database: sqlite3.Connection) -> tuple[ReadQuestion | None, Schema]:
    spoken = with_roles(schema, words_of(question))
    return read_question(question, spoken, linked(question, schema, database)), spoken


@pytest.mark.parametrize(("question", "statement"), WHOLE)
def test_whole_readings(question: str, statement: str, schema: Schema, database: sqlite3.Connection) -> None:
    found, spoken = _read(question, schema, database)
    assert found is not None
    assert found.whole, (found, to_sql(found.sketch, spoken, "sqlite"))
    rows = database.execute(to_sql(found.sketch, spoken, "sqlite")).fetchall()
    assert sorted(map(str, rows)) == sorted(map(str, database.execute(statement).fetchall()))


def test_a_role_is_a_table_only_where_it_is_spoken_of(schema: Schema) -> None:
    assert with_roles(schema, words_of("How many dives are there?")) is schema
    assert set(with_roles(schema, words_of("dives by leader and deputy")).roles) == {"leader", "deputy"}
    assert set(with_roles(schema, words_of("Whose boss is Ada?")).roles) == {"boss"}
    # 'order' is no role, and 'from' stands in any question
    assert with_roles(schema, words_of("people from Kiel in order of their names")) is schema


def test_a_list_keeps_rows_that_nobody_has_that_role_of(schema: Schema, database: sqlite3.Connection) -> None:
    found, spoken = _read("the wreck and the deputy surname of all dives", schema, database)
    assert found is not None
    statement = to_sql(found.sketch, spoken, "sqlite")
    assert "LEFT JOIN person AS deputy ON dive.deputy_id = deputy.person_id" in statement
    assert len(database.execute(statement).fetchall()) == 4


def test_a_leader_who_leads_nothing_is_no_leader(schema: Schema, database: sqlite3.Connection) -> None:
    found, _ = _read("leaders without dives", schema, database)
    assert found is None or not found.whole


def test_the_number_of_a_row_in_a_role_is_shown_only_where_it_is_asked_for(
    schema: Schema, database: sqlite3.Connection
) -> None:
    for question, shown in (
        ("the leader id of all dives", "SELECT leader_id FROM dive"),
        ("Show depth and leader of all dives", "SELECT dive.depth_m, leader.first_name, leader.surname FROM dive LEFT JOIN"),
    ):
        found, spoken = _read(question, schema, database)
        assert found is not None
        assert to_sql(found.sketch, spoken, "sqlite").startswith(shown)
