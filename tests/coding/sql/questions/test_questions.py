"""Questions parsed by the grammar: whole readings give the rows of a statement written by hand; the rest is not whole."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from readings import linked, made
from treadle.coding.phrases import read_phrases
from treadle.coding.sql.questions import ReadQuestion, read_question
from treadle.coding.sql.questions.asks import ask_rules
from treadle.coding.sql.questions.rows import row_rules
from treadle.coding.sql.reading.schema import Schema
from treadle.coding.sql.reading.sentence import to_words
from treadle.coding.sql.reading.statement import to_sql

SCRIPT = """
CREATE TABLE harbour (harbour_id INTEGER PRIMARY KEY, name TEXT, region TEXT, depth_m REAL, opened_on TEXT, lit INTEGER);
CREATE TABLE ship (ship_id INTEGER PRIMARY KEY, ship_name TEXT, kind TEXT, crew INTEGER, cabins INTEGER, built_year INTEGER,
 harbour_id INTEGER REFERENCES harbour(harbour_id));
CREATE TABLE visit (visit_id INTEGER PRIMARY KEY, ship_id INTEGER REFERENCES ship(ship_id),
 harbour_id INTEGER REFERENCES harbour(harbour_id), arrived_at TEXT, left_at TEXT, cargo_t REAL, status TEXT);
CREATE TABLE pilot (pilot_id INTEGER PRIMARY KEY, full_name TEXT, birth_date TEXT);
CREATE TABLE pilotage (visit_id INTEGER REFERENCES visit(visit_id), pilot_id INTEGER REFERENCES pilot(pilot_id), hours REAL);
INSERT INTO harbour VALUES (1,'Alder Bay','north',14,'1950-05-01',1),(2,'Brine','south',9.5,'1999-03-10',0),
 (3,'Cove End','north',7,NULL,1),(4,'Dunmouth','east',20,'2010-07-07',0);
INSERT INTO ship VALUES (1,'Aurora','ferry',12,100,1990,1),(2,'Brise','tanker',20,10,2005,2),
 (3,'Comet','ferry',30,50,2012,1),(4,'Delfin','tanker',8,4,2018,NULL),(5,'Elster','barge',4,2,1975,3);
INSERT INTO visit VALUES (1,1,1,'2023-01-07 08:00','2023-01-07 20:00',500,'done'),
 (2,1,2,'2023-02-11 06:00','2023-02-12 06:00',300,'done'),
 (3,2,2,'2023-04-20 10:00','2023-04-21 22:00',1200,'late'),(4,3,1,'2024-01-13 09:00','2024-01-13 12:00',NULL,'late'),
 (5,2,1,'2024-03-04 07:00','2024-03-06 07:00',800,'done'),(6,5,4,'2024-03-09 07:00',NULL,40,'cancelled');
INSERT INTO pilot VALUES (1,'Nora Quist','1980-01-01'),(2,'Odd Berg','1971-06-30'),(3,'Pia Lund','1990-12-24');
INSERT INTO pilotage VALUES (1,1,2.5),(2,1,1),(3,2,4),(5,1,3),(5,2,2);
"""
NAME = "SELECT ship_name FROM ship"
WHOLE = [
    ("How many ships are there?", "SELECT 5"),
    ("How many ferries have more than 15 crew?", "SELECT 1"),
    ("List the names of ships built after 2000.", f"{NAME} WHERE built_year > 2000"),
    ("Which ships have never made a visit?", "SELECT 'Delfin'"),
    ("Which ships were built between 1985 and 2006?", f"{NAME} WHERE built_year BETWEEN 1985 AND 2006"),
    ("Show the ships of kind ferry or barge.", f"{NAME} WHERE kind IN ('ferry', 'barge')"),
    ("average crew by kind", "SELECT kind, AVG(crew) FROM ship GROUP BY kind"),
    (
        "Number of visits and total cargo per harbour",
        "SELECT name, COUNT(*), SUM(cargo_t) FROM visit JOIN harbour USING (harbour_id) GROUP BY 1",
    ),
    ("How many ships of each kind, and what is their mean crew?", "SELECT kind, COUNT(*), AVG(crew) FROM ship GROUP BY 1"),
    ("ferry share of ships built after 2000", "SELECT AVG(kind = 'ferry') FROM ship WHERE built_year > 2000"),
    ("harbours by opening date, newest first", "SELECT name, opened_on FROM harbour ORDER BY opened_on DESC"),
    ("average crew per ship type", "SELECT kind, AVG(crew) FROM ship GROUP BY kind"),
    ("How many visits arrived in each year?", "SELECT '2023', 3 UNION ALL SELECT '2024', 3"),
    ("How many visits arrived in March 2024?", "SELECT 2"),
    ("What percentage of visits was late?", "SELECT 100.0 * 2 / 6"),
    (
        "What share of all visits was done, per region?",
        "SELECT region, AVG(status = 'done') FROM visit JOIN harbour USING (harbour_id) GROUP BY 1",
    ),
    ("Which ship has the most cabins?", "SELECT 'Aurora'"),
    ("Which harbour has the most visits?", "SELECT 'Alder Bay'"),
    ("the 2 oldest pilots", "SELECT full_name, birth_date FROM pilot ORDER BY birth_date LIMIT 2"),
    ("Who is the youngest pilot? Give the name.", "SELECT 'Pia Lund'"),
    (
        "Top 2 ships by number of visits",
        "SELECT 'Aurora', 2 UNION ALL SELECT 'Brise', 2",
    ),
    ("Which harbours have at least 2 visits?", "SELECT 'Alder Bay' UNION ALL SELECT 'Brine'"),
    (
        "Which ships have at least 2 visits? Show name and number of visits.",
        "SELECT 'Aurora', 2 UNION ALL SELECT 'Brise', 2",
    ),
    ("List the harbours without an opening date.", "SELECT 'Cove End'"),
    ("How many visits have no cargo given?", None),
    (
        "Show name and depth of the lit harbours, deepest first.",
        "SELECT name, depth_m FROM harbour WHERE lit = 1 ORDER BY 2 DESC",
    ),
    ("How many harbours are not lit?", "SELECT 2"),
    ("Which ships have more crew than the average ship?", "SELECT 'Brise' UNION ALL SELECT 'Comet'"),
    ("What is the difference between the average crew of ferries and the average crew of tankers?", "SELECT 21.0 - 14.0"),
    ("total cargo divided by number of visits", "SELECT 2840.0 / 6"),
    (
        "Crew per cabin = crew / cabins. Show ship name and crew per cabin, rounded to 2 decimals.",
        "SELECT ship_name, ROUND(1.0 * crew / cabins, 2) FROM ship",
    ),
    ("Average hours between arrival and departure of done visits", None),
    (
        "Number of visits per ship, include ships with none as 0.",
        "SELECT ship_name, COUNT(visit_id) FROM ship LEFT JOIN visit USING (ship_id) GROUP BY ship.ship_id",
    ),
    ("Average cargo by status; treat missing cargo as 0.", "SELECT status, AVG(COALESCE(cargo_t, 0)) FROM visit GROUP BY 1"),
    ("ships with 'o' in their name", "SELECT 'Aurora' UNION ALL SELECT 'Comet'"),
    ("Which pilots have worked on visits to Brine?", "SELECT 'Nora Quist' UNION ALL SELECT 'Odd Berg'"),
    ("How many visits arrived on Saturdays?", "SELECT 4"),
    ("In which region is there more than one harbour?", "SELECT 'north'"),
    ("How many different kinds of ship are there?", None),
]
NOT_WHOLE = [
    "How many ships were scrapped?",
    "Which harbours are the worst?",
    "List the ships that are neither ferries nor frozen.",
    "How many visits were there yesterday?",
    "How many students are there?",
    "Which ships visited Alder Bay but did not pay?",
    "Which ships have more visits than Aurora?",
    "the median crew of ships",
    "How many ships are bigger than usual?",
    "What is the biggest harbour?",
    "ships with no rain",
    "How many visits were there on Saturdays?",
    "How many visits were there in each year?",
]
"""Words that nothing in the database stands for, and figures that are none of ours: never a witness."""


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Schema, sqlite3.Connection]]:
    path = tmp_path_factory.mktemp("questions") / "made.sqlite"
    schema = made(path, SCRIPT)
    with closing(sqlite3.connect(f"file:{Path(path)}?mode=ro", uri=True)) as db:
        yield schema, db


def read(question: str, opened: tuple[Schema, sqlite3.Connection]) -> ReadQuestion | None:
    schema, db = opened
    return read_question(question, schema, linked(question, schema, db))


def rows(db: sqlite3.Connection, sql: str) -> Counter[tuple[object, ...]]:
    return Counter(tuple(round(v, 6) if isinstance(v, float) else v for v in row) for row in db.execute(sql))


@pytest.mark.parametrize(("question", "expected"), [case for case in WHOLE if case[1]])
def test_whole_readings_give_the_rows(question: str, expected: str, opened: tuple[Schema, sqlite3.Connection]) -> None:
    found = read(question, opened)
    assert found is not None, question
    assert found.whole, found
    schema, db = opened
    assert rows(db, to_sql(found.sketch, schema, "sqlite")) == rows(db, expected)


@pytest.mark.parametrize("question", NOT_WHOLE)
def test_what_nothing_stands_for_is_no_whole_reading(question: str, opened: tuple[Schema, sqlite3.Connection]) -> None:
    found = read(question, opened)
    assert found is None or not found.whole, (found, to_sql(found.sketch, opened[0], "sqlite"))


def test_every_symbol_of_a_rule_can_be_there() -> None:
    """A rule with a part that neither words nor rules ever give would be dead."""
    rules = [one for some in (*row_rules(), *ask_rules()) for one in some]
    phrases = {symbol for found in read_phrases("treadle.coding.sql.questions").values() for _, symbol, _ in found}
    words = {"D", "YM", "N", "INT", "Y", "MONTH", "UNITW", "F", "T", "DOER", "UNDONE", "V", "W", "QUOTED", "LP", "RP"}
    parts = {part for one in rules for part in one.parts if part.isupper()}
    assert parts <= words | phrases | {one.symbol for one in rules}
    assert phrases <= parts


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("How many harbours had late visits?", "How many harbours are there that have visits with status late?"),
        (
            "Which ships have visits with cargo above 400?",
            "Show the ship name of the ships that have visits with cargo more than 400.",
        ),
        (
            "Cost = crew * cabins. What is the average cost?",
            "What is the average crew times the cabin of the ships?",
        ),
    ],
)
def test_what_the_grammar_reads_is_said_in_words(
    question: str, said: str, opened: tuple[Schema, sqlite3.Connection]
) -> None:
    """With the rows that belong to it and what is computed: as an example it would be shown to the model so."""
    found = read(question, opened)
    assert found is not None
    assert to_words(found.sketch, opened[0]) == said


def test_who_does_something_is_not_what_was_done(tmp_path: Path) -> None:
    script = """
    CREATE TABLE painters (painter_id INTEGER PRIMARY KEY, name TEXT);
    CREATE TABLE walls (wall_id INTEGER PRIMARY KEY, street TEXT, painter_id INTEGER REFERENCES painters(painter_id));
    INSERT INTO walls VALUES (1,'Elm Lane',1);
    """
    path = tmp_path / "walls.sqlite"
    schema = made(path, script)
    with closing(sqlite3.connect(path)) as db:
        found = read_question("Names of painted in Elm Lane", schema, linked("Names of painted in Elm Lane", schema, db))
    assert found is None or not found.whole
