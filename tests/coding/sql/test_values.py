"""The values of columns, asked of a real database once each."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from treadle.coding.sql.base import rows_of
from treadle.coding.sql.databases.sqlite import SqliteDatabase
from treadle.coding.sql.doubts.rules import sql_doubts
from treadle.coding.sql.doubts.values import KnownValues
from treadle.sandbox import Sandbox
from treadle.types import Limits, Run


class Counting(SqliteDatabase):
    """The real database, which counts its statements."""

    executed = 0

    def execute(self, sql: str, limits: Limits | None = None) -> Run:
        self.executed += 1
        return super().execute(sql, limits)


def test_values_are_asked_for_once(tmp_path: Path, one_tier: Sandbox) -> None:
    path = tmp_path / "x.sqlite"
    with closing(sqlite3.connect(path)) as db:
        db.execute('CREATE TABLE "odd "" name" (place TEXT, n INTEGER)')
        db.executemany(
            'INSERT INTO "odd "" name" VALUES (?, ?)', [(p, i) for i in range(300) for p in ("Ulm", "Linz", None)]
        )
        db.commit()
    with closing(Counting(path, one_tier)) as database:
        known = KnownValues(database)
        assert known('odd " name', "place") == {"Ulm", "Linz", None}
        assert known('odd " name', "place") == {"Ulm", "Linz", None}
        assert known('odd " name', "n") is None  # 300 different ones
        assert known('odd " name', "nothing") is None
        assert known("elsewhere", "place") is None
        assert database.executed == 2
        sql = 'SELECT COUNT(*) + 1 FROM "odd "" name" WHERE place = \'Ulmm\''
        rows = rows_of(database.execute(sql))
        assert rows is not None
        found = sql_doubts(sql, rows, "How many are in Ulm?", database.summary, "sqlite", known)
        assert any("has 'Ulmm' in place; nearest: 'Ulm'" in doubt for doubt in found)
