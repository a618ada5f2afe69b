"""Databases of a script, and the first reading of a question over them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from summaries import summarise
from treadle.coding.sql.reading.linking import Links, link, value_query
from treadle.coding.sql.reading.propose import readings_of
from treadle.coding.sql.reading.schema import Schema
from treadle.coding.sql.reading.sketch import Sketch

__all__ = ["first_reading", "linked", "made"]


def made(path: Path, script: str) -> Schema:
    """The schema of the SQLite file that ``script`` makes at ``path``."""
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript(script)
    return Schema.of(summarise(path))


def linked(question: str, schema: Schema, db: sqlite3.Connection) -> Links:
    statement = value_query(question, schema)
    fields = {(f.table, f.name): f for f in schema.fields}
    values = [(fields[t, c], v) for t, c, v in db.execute(statement)] if statement else []
    return link(question, schema, values)


def first_reading(question: str, schema: Schema, db: sqlite3.Connection) -> Sketch:
    return readings_of(question, schema, linked(question, schema, db))[0]
