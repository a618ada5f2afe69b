"""Literals: read back by a database as the value they stand for."""

from __future__ import annotations

import math
import sqlite3
from contextlib import closing
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from treadle.data.literals import literal, quoted, typical


@given(st.integers() | st.floats() | st.text() | st.booleans() | st.binary())
def test_literals_are_read_back_as_the_value(value: Any) -> None:
    text = literal(value)
    if text is None:
        return
    with closing(sqlite3.connect(":memory:")) as db:
        (found,) = db.execute(f"SELECT {text}").fetchone()
    if isinstance(value, float) or isinstance(found, float):  # SQLite reads the last digit of a number as it likes
        assert math.isclose(found, value, rel_tol=1e-14, abs_tol=1e-320)
    else:
        assert found == value


def test_typical_values_come_first() -> None:
    assert typical(["Zed", "muon", "muon", "electron", "e", None, "x" * 99, "two\nlines"]) == ("'muon'", "'e'", "'Zed'")
    assert typical([3, 3, 1.5, math.inf, math.nan, None]) == ("3", "1.5")
    assert typical([]) == ()


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1))
def test_quoted_names_name_what_they_quote(name: str) -> None:
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute(f"CREATE TABLE {quoted(name)} (x)")
        assert db.execute("SELECT name FROM sqlite_master").fetchall() == [(name,)]
