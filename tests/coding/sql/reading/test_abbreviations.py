"""Names that abbreviate: a question in everyday words reads the same over a schema of short names."""

from __future__ import annotations

import sqlite3

import pytest

from readings import first_reading
from treadle.coding.sql.reading.abbreviations import alike, with_short_names, with_spoken_names
from treadle.coding.sql.reading.inflection import stem
from treadle.coding.sql.reading.schema import Schema
from treadle.coding.sql.reading.statement import to_sql

SCRIPT = """
CREATE TABLE tch (tcid TEXT, nm TEXT, lvl TEXT, sal_eur INTEGER);
CREATE TABLE vst (vsid INTEGER, tcid TEXT, vdt TEXT, trav_cost REAL);
INSERT INTO tch VALUES ('t1','Ada Berg','junior',2000),('t2','Bo Lund','senior',3000),('t3','Cy Vik','senior',2600);
INSERT INTO vst VALUES (1,'t1','2023-01-05',20),(2,'t1','2023-02-05',30),(3,'t2','2024-02-01',80);
"""


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("How many visits did each technician make?", "How many vsts did each tch make?"),
        ("average travel cost per level", "average trav cost per lvl"),
        ("technicians called 'visit'", "tches called 'visit'"),
        ("How many lines are there?", "How many lines are there?"),
        ("visits in the level 3", "vsts in the level 3"),
        ("visits per date", "vsts per date"),
    ],
)
def test_words_are_written_as_the_schema_does(text: str, written: str, schema: Schema) -> None:
    assert with_short_names(text, schema) == written


def test_a_column_as_it_is_written_is_said_in_words(schema: Schema) -> None:
    assert with_spoken_names("sum of trav_cost and other_cost", schema) == "sum of trav cost and other_cost"


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("How many technicians of each level are there?", "SELECT 'junior', 1 UNION ALL SELECT 'senior', 2"),
        ("Which technician has the highest salary?", "SELECT 'Bo Lund'"),
        ("Which technicians have no visits?", "SELECT 'Cy Vik'"),
        ("What is the total travel cost of the visits?", "SELECT 130.0"),
    ],
)
def test_readings(question: str, expected: str, schema: Schema, database: sqlite3.Connection) -> None:
    found = database.execute(to_sql(first_reading(question, schema, database), schema, "sqlite"))
    assert sorted(map(repr, found)) == sorted(map(repr, database.execute(expected)))


def test_adjectives_measure_what_is_abbreviated() -> None:
    assert alike("wt", stem("heaviest")) > 0
    assert alike("temp", stem("warmest")) > 0
    assert not alike("wt", stem("warmest"))
