"""Rows from questions of one's own."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from treadle.errors import SandboxRefusedError
from treadle.synthesis.leaks import HeldOut
from treadle.synthesis.sql.asked import Asked, AskedReport, make_rows

MADE = """CREATE TABLE ship (id INTEGER PRIMARY KEY, title TEXT, port TEXT, built INTEGER);
CREATE TABLE crew (id INTEGER PRIMARY KEY, name TEXT, ship_id INTEGER REFERENCES ship(id), wage REAL);
INSERT INTO ship VALUES (1, 'Ann', 'Oslo', 1990), (2, 'Bea', 'Kiel', 2001), (3, 'Cid', 'Kiel', 2010);
INSERT INTO crew VALUES (1, 'Xaver', 1, 10.0), (2, 'Yann', 1, 11.0), (3, 'Zoe', 2, 12.5), (4, 'Uwe', NULL, 3.0);"""


@pytest.fixture
def database(tmp_path: Path) -> str:
    path = tmp_path / "ships.sqlite"
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript(MADE)
    return str(path)


def _made(asked: list[Asked], out: Path, held_out: HeldOut | None = None) -> tuple[AskedReport, list[str]]:
    """The report, and what is learnt."""
    try:
        report = make_rows(asked, 1, out, "CC0-1.0", held_out=held_out)
    except SandboxRefusedError as error:
        pytest.skip(str(error))
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert all(row["licence"] == "CC0-1.0" and row["group"] == "ships" for row in rows)
    return report, [f"{given.rsplit('-- ')[-1]}{learnt}" for row in rows for given, learnt in row["segments"]]


def test_statements_are_those_of_rules_where_these_are_right(tmp_path: Path, database: str) -> None:
    asked = [
        Asked(
            question="How many ships are there in Kiel?",
            database=database,
            gold=("SELECT COUNT(s.id) FROM ship s WHERE s.port='Kiel'",),
        ),
        Asked(
            question="whose vessel is the youngest",
            database=database,
            gold=("SELECT c.name FROM crew c JOIN ship s ON s.id = c.ship_id ORDER BY s.built DESC LIMIT 1",),
        ),
    ]
    report, learnt = _made(asked, tmp_path / "rows.jsonl")
    assert report.kept == {"as rules read it": 1, "as it was answered": 1}
    assert sorted(learnt) == [
        "How many ships are there in Kiel?\nSELECT COUNT(*) FROM ship WHERE port = 'Kiel';",
        "whose vessel is the youngest\nSELECT crew.name FROM crew JOIN ship ON ship.id = crew.ship_id "
        "ORDER BY ship.built DESC LIMIT 1;",
    ]
    assert "2 questions in 1 rows about 1 databases" in report.told()


def test_what_cannot_be_learnt_is_told(tmp_path: Path, database: str) -> None:
    asked = [
        Asked(question="no rows", database=database, gold=("SELECT title FROM ship WHERE built > 3000",)),
        Asked(question="no such table", database=database, gold=("SELECT title FROM boat",)),
        Asked(question="beyond the guide", database=database, gold=("WITH a AS (SELECT title FROM ship) SELECT * FROM a",)),
        Asked(question="the names of all ships of this fleet, please", database=database, gold=("SELECT title FROM ship",)),
    ]
    report, learnt = _made(asked, tmp_path / "rows.jsonl", HeldOut(["the names of all ships of this fleet, please"]))
    assert report.dropped == {"no statement gives rows": 2, "no statement that the guide holds": 1, "held out": 1}
    assert learnt == []
