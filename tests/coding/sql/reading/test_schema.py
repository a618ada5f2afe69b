"""What rows are called: people by first and last name, kinds by everyday names, cases by their number."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from readings import first_reading, made
from treadle.coding.sql.reading.inflection import singulars
from treadle.coding.sql.reading.schema import Schema
from treadle.coding.sql.reading.statement import to_sql

SCRIPT = """
CREATE TABLE ranger (ranger_id INTEGER PRIMARY KEY, surname TEXT, given_name TEXT, park TEXT, is_trainee INTEGER);
CREATE TABLE tree (tree_cd TEXT PRIMARY KEY, latin_name TEXT, common_name TEXT);
CREATE TABLE FellingPermit (permit_id INTEGER PRIMARY KEY, permit_no TEXT,
 tree_cd TEXT REFERENCES tree(tree_cd), trunk_cm REAL,
 ranger_id INTEGER REFERENCES ranger(ranger_id), night_work INTEGER, reason TEXT);
CREATE TABLE objection (objection_id INTEGER PRIMARY KEY, permit_id INTEGER REFERENCES FellingPermit(permit_id), cause TEXT);
INSERT INTO ranger VALUES (1,'Holm','Ida','North',0),(2,'Ruud','Jon','South',1);
INSERT INTO tree VALUES ('q','Quercus','oak'),('f','Fagus','beech');
INSERT INTO FellingPermit VALUES (1,'P-7','q',80,1,0,'storm'),(2,'P-8','f',60,2,1,'beetle infestation');
INSERT INTO objection VALUES (1,1,'felling permit'),(2,1,'noise');
"""


@pytest.mark.parametrize(
    ("table", "called"),
    [("ranger", ["given_name", "surname"]), ("tree", ["common_name"]), ("FellingPermit", ["permit_no"]), ("objection", [])],
)
def test_what_rows_are_called(table: str, called: list[str], schema: Schema) -> None:
    assert [f.name for f in schema.called(table)] == called


def test_a_number_that_does_not_follow_the_key_is_no_name(tmp_path: Path) -> None:
    script = (
        "CREATE TABLE flat (flat_id INTEGER PRIMARY KEY, house TEXT, flat_no TEXT); INSERT INTO flat VALUES (1,'A','2b')"
    )
    assert made(tmp_path / "flats.sqlite", script).called("flat") == ()


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Who works in the North and is not a trainee?", "SELECT 'Ida', 'Holm'"),
        ("How many felling permits are there?", "SELECT 2"),
        ("How many permits were for oaks at that time?", "SELECT 1"),
        ("How many permits were there because of beetle infestations?", "SELECT 1"),
    ],
)
def test_readings(question: str, expected: str, schema: Schema, database: sqlite3.Connection) -> None:
    statement = to_sql(first_reading(question, schema, database), schema, "sqlite")
    assert sorted(database.execute(statement)) == sorted(database.execute(expected)), statement


@pytest.mark.parametrize(
    ("many", "one"),
    [("headaches", "headache"), ("branches", "branch"), ("wolves", "wolf"), ("novae", "nova"), ("mice", "mouse")],
)
def test_singulars(many: str, one: str) -> None:
    assert one in singulars(many)
