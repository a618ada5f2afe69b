"""Questions that ask for one thing more, for figures of units, for parts among others: whole readings give the rows."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from readings import linked, made
from treadle.coding.sql.questions import read_question
from treadle.coding.sql.reading.schema import Schema
from treadle.coding.sql.reading.statement import to_sql

SCRIPT = """
CREATE TABLE Kennel (KennelID INTEGER PRIMARY KEY, KennelName TEXT, OwnerName TEXT, Town TEXT, AreaM2 REAL);
CREATE TABLE Dog (DogID INTEGER PRIMARY KEY, DogName TEXT, Breed TEXT, Age INTEGER, WeightKg REAL, Trained INTEGER,
 ArrivedOn TEXT, AdoptedOn TEXT, KennelID INTEGER REFERENCES Kennel(KennelID));
CREATE TABLE Walk (WalkID INTEGER PRIMARY KEY, DogID INTEGER REFERENCES Dog(DogID), WalkedOn TEXT, Stars INTEGER);
CREATE TABLE Donor (DonorID INTEGER PRIMARY KEY, Company TEXT, Town TEXT);
INSERT INTO Kennel VALUES (1,'Elm Yard','Ida Holm','Bram',400),(2,'Far Gate','Jon Ruud','Osta',250);
INSERT INTO Dog VALUES (1,'Rex','beagle',3,12.5,1,'2022-03-01','2022-08-01',1),
 (2,'Fido','beagle',12,14,0,'2021-01-10',NULL,1),(3,'Lola','poodle',9,8,1,'2023-05-05',NULL,2),
 (4,'Seal Bay','husky',5,25,1,'2023-06-01','2023-09-01',2);
INSERT INTO Walk VALUES (1,1,'2023-01-02',5),(2,1,'2023-01-20',3),(3,2,'2023-02-03',5),(4,1,'2024-02-04',4);
INSERT INTO Donor VALUES (1,'Borg Ltd','Osta'),(2,'Aune','Bram');
"""
WHOLE = [
    ("What is the name of the heaviest dog, and in which kennel is it?", "SELECT 'Seal Bay', 'Far Gate'"),
    ("Which kennel is in Bram, and who owns it?", "SELECT 'Elm Yard', 'Ida Holm'"),
    (
        "List the dogs that were adopted, and when they arrived.",
        "SELECT DogName, ArrivedOn FROM Dog WHERE AdoptedOn IS NOT NULL",
    ),
    ("Which dog arrived first?", "SELECT 'Fido'"),
    ("Which dogs are under 6?", "SELECT 'Rex' UNION ALL SELECT 'Seal Bay'"),
    ("Total kilograms of dogs per breed", "SELECT Breed, SUM(WeightKg) FROM Dog GROUP BY 1"),
    ("Show name and weight in kilos of the trained dogs.", "SELECT DogName, WeightKg FROM Dog WHERE Trained = 1"),
    ("Percentage of trained dogs among the dogs in Elm Yard", "SELECT 50.0"),
    ("What proportion of the dogs is trained? Give a percentage.", "SELECT 75.0"),
    ("Per breed show the lowest and the highest weight.", "SELECT Breed, MIN(WeightKg), MAX(WeightKg) FROM Dog GROUP BY 1"),
    ("Which dogs have 3 walks or more?", "SELECT 'Rex'"),
    ("Which dogs got a five-star walk?", "SELECT 'Rex' UNION ALL SELECT 'Fido'"),
    ("Which dogs include the word bay in their name?", "SELECT 'Seal Bay'"),
    ("Show the donors.", "SELECT Company FROM Donor"),
    ("From which breed do most of the dogs come?", "SELECT 'beagle'"),
    ("How many walks were there in the nineties?", "SELECT 0"),
]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Schema, sqlite3.Connection]]:
    path = tmp_path_factory.mktemp("further") / "made.sqlite"
    schema = made(path, SCRIPT)
    with closing(sqlite3.connect(f"file:{Path(path)}?mode=ro", uri=True)) as db:
        yield schema, db


def rows(db: sqlite3.Connection, sql: str) -> Counter[tuple[object, ...]]:
    return Counter(tuple(round(v, 6) if isinstance(v, float) else v for v in row) for row in db.execute(sql))


@pytest.mark.parametrize(("question", "expected"), WHOLE)
def test_whole_readings_give_the_rows(question: str, expected: str, opened: tuple[Schema, sqlite3.Connection]) -> None:
    schema, db = opened
    found = read_question(question, schema, linked(question, schema, db))
    assert found is not None, question
    assert found.whole, (found, to_sql(found.sketch, schema, "sqlite"))
    assert rows(db, to_sql(found.sketch, schema, "sqlite")) == rows(db, expected)


@pytest.mark.parametrize(
    "question",
    [
        "How many dogs last longer than the average dog?",
        "Show the kilograms in euros.",
        "Which dogs are under 6 kilos or so?",
        "What is the heaviest dog, and in which year?",
        "Which dogs were adopted, and by whom?",
        "List the dogs, and who trained them.",
    ],
)
def test_what_is_not_said_is_no_whole_reading(question: str, opened: tuple[Schema, sqlite3.Connection]) -> None:
    schema, db = opened
    found = read_question(question, schema, linked(question, schema, db))
    assert found is None or not found.whole, to_sql(found.sketch, schema, "sqlite")
