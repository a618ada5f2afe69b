"""Readings with lists of columns, orders, shares and comparisons, executed in SQLite and DuckDB."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from decimal import Decimal

import pytest

from readings import first_reading
from treadle.coding.sql.checks.parsed import check_parsed
from treadle.coding.sql.reading.clauses import read_clauses
from treadle.coding.sql.reading.orders import read_orders
from treadle.coding.sql.reading.schema import Schema
from treadle.coding.sql.reading.sentence import to_words
from treadle.coding.sql.reading.statement import to_sql
from treadle.types import Outcome

SCRIPT = """
CREATE TABLE breweries (brewery_id INTEGER PRIMARY KEY, brewery_name TEXT, town TEXT, founded INTEGER);
CREATE TABLE beers (beer_id INTEGER PRIMARY KEY, beer_name TEXT, brewery_id INTEGER REFERENCES breweries(brewery_id),
 style TEXT, alcohol_pct REAL, price_eur REAL, brewing_min INTEGER);
CREATE TABLE tasters (taster_id INTEGER PRIMARY KEY, nick TEXT, born_on TEXT, email TEXT);
CREATE TABLE ratings (rating_id INTEGER PRIMARY KEY, beer_id INTEGER REFERENCES beers(beer_id),
 taster_id INTEGER REFERENCES tasters(taster_id), points INTEGER, rated_on TEXT);
INSERT INTO breweries VALUES (1,'Oak','Ghent',1902),(2,'Pike','Bruges',1988),(3,'Quay','Ghent',2011),(4,'Reed','Ypres',1950);
INSERT INTO beers VALUES (1,'Amber',1,'ale',5.2,3.1,90),(2,'Black',1,'stout',7.5,4.4,150),(3,'Crisp',2,'pils',4.8,2.2,60),
 (4,'Dusk',2,'stout',8.0,4.9,180),(5,'Early',3,'pils',4.6,2.4,75),(6,'Frost',3,NULL,0.4,1.9,45);
INSERT INTO tasters VALUES (1,'ann','1980-02-01','a@x.org'),(2,'ben','1999-07-12',NULL),(3,'cat','1975-11-30','c@x.org');
INSERT INTO ratings VALUES (1,1,1,80,'2023-01-10'),(2,2,1,91,'2023-02-11'),(3,3,2,60,'2023-02-20'),(4,4,2,95,'2024-01-05'),
 (5,4,1,88,'2024-01-09'),(6,1,2,70,'2024-03-02'),(7,2,2,85,'2024-03-02');
"""
# Question, the rows in their order (rows of one number each may stand for a figure).
QUESTIONS: list[tuple[str, list[tuple[object, ...]]]] = [
    ("Show beer name and price of the stouts, dearest first.", [("Dusk", 4.9), ("Black", 4.4)]),
    (
        "List the beers from cheapest to most expensive. Names only.",
        [(n,) for n in ("Frost", "Crisp", "Early", "Amber", "Black", "Dusk")],
    ),
    ("Nicknames of all tasters, youngest on top.", [("ben",), ("ann",), ("cat",)]),
    ("Rank the breweries by founding year, oldest first. Only the names.", [("Oak",), ("Reed",), ("Pike",), ("Quay",)]),
    ("Give the names of the breweries in alphabetical order.", [("Oak",), ("Pike",), ("Quay",), ("Reed",)]),
    (
        "Show style, number of beers, lowest price and highest price for each style, leaving out beers without a style; "
        "sort by number of beers descending, then by style.",
        [("pils", 2, 2.2, 2.4), ("stout", 2, 4.4, 4.9), ("ale", 1, 3.1, 3.1)],
    ),
    (
        "Return brewery name and number of beers for every brewery, including those with none, sorted by brewery name.",
        [("Oak", 2), ("Pike", 2), ("Quay", 2), ("Reed", 0)],
    ),
    (
        "Columns: beer name, average points rounded to one decimal. Only beers with at least 2 ratings, best first.",
        [("Dusk", 91.5), ("Black", 88.0), ("Amber", 75.0)],
    ),
    ("Give the nickname and the number of ratings of each taster, most active first.", [("ben", 4), ("ann", 3)]),
    (
        "Show beer name and brewing time in hours of the stouts, rounded to one decimal, longest first.",
        [("Dusk", 3.0), ("Black", 2.5)],
    ),
    ("What fraction of the beers is stout?", [(1 / 3,)]),
    ("What percentage of the ratings in 2024 has more than 80 points?", [(75.0,)]),
    ("What percentage of the total price came from stouts?", [(100 * 9.3 / 18.9,)]),
    ("What is the average number of beers per brewery?", [(2.0,)]),
    ("Which tasters have an email? Give their nicknames.", [("ann",), ("cat",)]),
    ("How many days lie between the first and the last rating?", [(417.0,)]),
    ("Which beers cost more than every beer of the brewery Oak? Names please.", [("Dusk",)]),
    ("Find the names of the beers with more ratings than Crisp.", [("Amber",), ("Black",), ("Dusk",)]),
    ("How many breweries have at least two beers?", [(3,)]),
    ("What is the gap between the price of Dusk and the price of Crisp?", [(2.7,)]),
    (
        "For each brewery, which beer is the most expensive? Show brewery name, beer name and price.",
        [("Oak", "Black", 4.4), ("Pike", "Dusk", 4.9), ("Quay", "Early", 2.4)],
    ),
    ("Which is the cheapest beer?", [("Frost",)]),
    (
        "Show brewery name, lowest and highest price for every brewery, sorted by brewery name.",
        [("Oak", 3.1, 4.4), ("Pike", 2.2, 4.9), ("Quay", 1.9, 2.4)],
    ),
    ("How many ratings does each taster have on average?", [(3.5,)]),
    (
        "Give the three weakest beers with beer name and alcohol, weakest first.",
        [("Frost", 0.4), ("Early", 4.6), ("Crisp", 4.8)],
    ),
    ("Name the styles whose beers cost more than 3 euros on average.", [("ale",), ("stout",)]),
    ("Give the two strongest beers with name and alcohol, strongest first.", [("Dusk", 8.0), ("Black", 7.5)]),
    ("Which breweries were founded before 1960? Show name and town.", [("Oak", "Ghent"), ("Reed", "Ypres")]),
    ("Which beers were rated between 1 January 2023 and 15 February 2023? Names only.", [("Amber",), ("Black",)]),
    (
        "Show the beer name and the date of all ratings in January 2024, newest first.",
        [("Dusk", "2024-01-09"), ("Dusk", "2024-01-05")],
    ),
]


def plain(rows: Iterable[tuple[object, ...]]) -> list[tuple[object, ...]]:
    """Decimals and dates as SQLite gives them, floats to six digits."""
    return [tuple(round(float(v), 6) if isinstance(v, float | Decimal) else v for v in row) for row in rows]


@pytest.mark.parametrize(("question", "expected"), QUESTIONS, ids=[q for q, _ in QUESTIONS])
def test_the_first_reading_gives_the_rows_in_their_order(
    question: str, expected: list[tuple[object, ...]], schema: Schema, database: sqlite3.Connection
) -> None:
    sketch = first_reading(question, schema, database)
    assert plain(database.execute(to_sql(sketch, schema, "sqlite"))) == plain(expected)
    assert to_words(sketch, schema).strip()


@pytest.mark.parametrize(("question", "expected"), QUESTIONS, ids=[q for q, _ in QUESTIONS])
def test_duckdb_and_postgresql_say_the_same(
    question: str, expected: list[tuple[object, ...]], schema: Schema, database: sqlite3.Connection
) -> None:
    duckdb = pytest.importorskip("duckdb")
    sketch = first_reading(question, schema, database)
    with closing(duckdb.connect(":memory:")) as db:
        for statement in SCRIPT.replace("REAL", "DOUBLE").split(";"):  # its REAL has 32 bits
            if statement.strip():
                db.execute(statement)
        rows = plain(db.execute(to_sql(sketch, schema, "duckdb")).fetchall())
    assert rows == plain(expected) if sketch.order else sorted(rows, key=repr) == sorted(plain(expected), key=repr)
    assert check_parsed(to_sql(sketch, schema, "postgres"), "postgres").outcome is Outcome.PASSED


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sorted by age in descending order", [("age", True)]),
        ("Sort by year, newest first, then by name", [("year", True), ("name", None)]),
        ("ordered by product name and then by weight from heavy to light", [("product name", None), ("weight", True)]),
        ("names from least to most played", [("played", False)]),
        ("all beers, cheapest first", [("", False)]),
        ("in ascending order of year", [("year", False)]),
        ("List the ports by size, biggest first", [("size", True)]),
        ("the number of orders placed by customers", []),
    ],
)
def test_orders(text: str, said: list[tuple[str, bool | None]]) -> None:
    assert [(o.words, o.descending) for o in read_orders(text)[0]] == said


def test_clauses_are_cut_out_and_places_stay() -> None:
    text = "Show genre and mean length, rounded to two decimals; skip tracks without a genre, longest first."
    clauses = read_clauses(text)
    assert clauses.known == ("genre",)
    assert [d for _, d in clauses.digits] == [2]
    assert [o.adjective for o in clauses.orders] == ["longest"]
    assert len(clauses.main) == len(text)
    assert clauses.main.split() == ["Show", "genre", "and", "mean", "length", "."]


def test_rounding_in_postgresql_needs_a_numeric(schema: Schema, database: sqlite3.Connection) -> None:
    sketch = first_reading("What is the average price of the beers, rounded to one decimal?", schema, database)
    assert to_sql(sketch, schema, "postgres") == "SELECT ROUND(CAST(AVG(price_eur) AS NUMERIC), 1) FROM beers"
    assert to_sql(sketch, schema, "sqlite") == "SELECT ROUND(AVG(price_eur), 1) FROM beers"
