"""Reference statements of other hands, spelled as the rules of this project spell theirs."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from treadle.coding.sql.reading.schema import Schema
from treadle.synthesis.sql.plainly import plainly
from treadle.types import Column, DataSummary, Table

TABLES = {"crew": ("id", "name", "ship_id", "wage"), "ship": ("id", "title", "port")}


def _schema() -> Schema:
    tables = tuple(
        Table(name=name, columns=tuple(Column(name=c, type="TEXT") for c in columns)) for name, columns in TABLES.items()
    )
    return Schema.of(DataSummary(path="ships.sqlite", kind="sqlite", sha256="0" * 64, size_bytes=0, tables=tables))


@pytest.fixture
def rows() -> sqlite3.Connection:
    db = sqlite3.connect(":memory:")
    db.executescript(
        """CREATE TABLE ship (id, title, port); CREATE TABLE crew (id, name, ship_id, wage);
        INSERT INTO ship VALUES (1, 'Ann', 'Oslo'), (2, 'Bea', 'Kiel'), (3, 'Cid', 'Kiel');
        INSERT INTO crew VALUES (1, 'x', 1, 10.0), (2, 'y', 1, NULL), (3, 'z', 2, 12.5), (4, 'u', NULL, 3.0);"""
    )
    return db


@pytest.mark.parametrize(
    ("sql", "spelled"),
    [
        ("SELECT s.title FROM ship s WHERE s.port = 'Kiel'", "SELECT title FROM ship WHERE port = 'Kiel'"),
        (
            "SELECT name, s.title FROM crew c JOIN ship s ON s.id = c.ship_id",
            "SELECT crew.name, ship.title FROM crew JOIN ship ON ship.id = crew.ship_id",
        ),
        (
            "SELECT port, COUNT(*) AS n FROM ship GROUP BY port HAVING n > 1 ORDER BY n DESC",
            "SELECT port, COUNT(*) FROM ship GROUP BY port HAVING COUNT(*) > 1 ORDER BY COUNT(*) DESC",
        ),
        (
            "SELECT 100.0 * SUM(port = 'Kiel') / COUNT(*) FROM ship",
            "SELECT 100.0 * SUM(CASE WHEN port = 'Kiel' THEN 1 ELSE 0 END) / COUNT(*) FROM ship",
        ),
        ("SELECT SUM(wage) * 1.0 / COUNT(*) FROM crew", "SELECT 1.0 * SUM(wage) / COUNT(*) FROM crew"),
        ("SELECT name FROM crew c WHERE c.wage IS NOT NULL", "SELECT name FROM crew WHERE wage IS NOT NULL"),
        # Two of one table keep their short names, and a statement inside another its owners.
        (
            "SELECT a.title, b.title FROM ship a JOIN ship b ON a.port = b.port AND a.id < b.id",
            "SELECT a.title, b.title FROM ship AS a JOIN ship AS b ON a.port = b.port AND a.id < b.id",
        ),
        (
            "SELECT s.title FROM ship s WHERE NOT EXISTS (SELECT 1 FROM crew c WHERE c.ship_id = s.id)",
            "SELECT title FROM ship WHERE NOT EXISTS(SELECT 1 FROM crew WHERE crew.ship_id = ship.id)",
        ),
    ],
)
def test_the_same_rows_in_plain_spelling(rows: sqlite3.Connection, sql: str, spelled: str) -> None:
    with closing(rows):
        found = plainly(sql, _schema(), "sqlite")
        assert found is not None
        assert rows.execute(found).fetchall() == rows.execute(sql).fetchall() != []
    assert found == spelled


def test_what_is_no_single_select_is_not_spelled() -> None:
    assert plainly("SELECT title FROM ship UNION SELECT name FROM crew", _schema(), "sqlite") is None
    assert plainly("DELETE FROM ship", _schema(), "sqlite") is None
