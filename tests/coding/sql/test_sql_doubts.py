"""Doubts: right statements raise hardly any, wrong ones that run nearly always do."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Collection
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from summaries import summarise
from treadle.coding.sql.base import Rows
from treadle.coding.sql.doubts.rules import sql_doubts
from treadle.retrieval import builtin_packs
from treadle.types import DataSummary

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
import databases  # noqa: E402 - the folder of the tests is no package

PACK = next(pack for pack in builtin_packs() if pack.name == "sqlite")
FALSE_DOUBTS = 0.04
CAUGHT = 0.90


class Case(NamedTuple):
    """``right``: whether the statement answers the question."""

    database: str
    right: bool
    question: str
    sql: str


def cases(name: str, right: bool | None = None) -> list[Case]:
    found = []
    for block in (HERE / name).read_text(encoding="utf-8").split("\n? ")[1:]:
        head, *lines = block.strip().split("\n")
        database, *kind, question = head.split(" | ")
        found.append(Case(database, kind[0] == "right" if right is None else right, question, "\n".join(lines)))
    return found


TUNED = cases("doubts_right.txt", True) + cases("doubts_wrong.txt", False)
HELD_OUT = cases("doubts_held_out.txt")
FRESH = cases("doubts_fresh.txt")


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("doubts")


def path_of(database: str, folder: Path) -> Path:
    of_pack = PACK.folder / "data" / f"{database}.sqlite"
    return of_pack if of_pack.exists() else databases.make(database, folder)


@cache
def summary_of(path: Path) -> DataSummary:
    return summarise(path)


@cache
def values(path: Path, table: str, column: str) -> Collection[object] | None:
    with closing(sqlite3.connect(path)) as db:
        found = [row[0] for row in db.execute(f'SELECT DISTINCT "{column}" FROM "{table}" LIMIT 201')]
    return found if len(found) <= 200 else None


def doubts_of(case: Case, folder: Path) -> list[str]:
    path = path_of(case.database, folder)
    with closing(sqlite3.connect(path)) as db:
        cursor = db.execute(case.sql)
        rows = Rows(columns=tuple(d[0] for d in cursor.description), rows=tuple(cursor.fetchall()))

    def values_of(table: str, column: str) -> Collection[object] | None:
        return values(path, table, column)

    return sql_doubts(case.sql, rows, case.question, summary_of(path), "sqlite", values_of)


def rates(statements: list[Case], folder: Path) -> tuple[float, float, str]:
    """Share of right ones that are doubted, share of wrong ones that are, and which went against it."""
    doubted = {case: doubts_of(case, folder) for case in statements}
    right, wrong = ([c for c in statements if c.right is side] for side in (True, False))
    odd = [f"{c.question} | {c.sql} | {doubted[c]}" for c in statements if bool(doubted[c]) is c.right]
    return (
        sum(bool(doubted[c]) for c in right) / len(right),
        sum(bool(doubted[c]) for c in wrong) / len(wrong),
        "\n".join(odd),
    )


def test_there_are_enough_statements() -> None:
    assert sum(case.right for case in TUNED) >= 120
    assert sum(not case.right for case in TUNED) >= 120
    assert len({case.database for case in TUNED}) >= 4
    assert not {case.database for case in HELD_OUT} & {case.database for case in TUNED}


@pytest.mark.parametrize("statements", [TUNED, HELD_OUT, FRESH], ids=["tuned", "held out", "fresh"])
def test_right_ones_are_seldom_doubted_and_wrong_ones_nearly_always(statements: list[Case], folder: Path) -> None:
    false_doubts, caught, odd = rates(statements, folder)
    assert false_doubts <= FALSE_DOUBTS, odd
    assert caught >= CAUGHT, odd


@pytest.mark.parametrize("example", PACK.examples, ids=lambda e: e.id)
def test_examples_of_the_pack_raise_no_doubt(example, folder: Path) -> None:
    case = Case((example.data or "").removesuffix(".sqlite"), True, example.request, example.body)
    assert doubts_of(case, folder) == []


# ------------------------------------------------------------------------------------------------- sentences


SENTENCES = """
rail | How many lines are there?
SELECT COUNT(*) FROM line WHERE name = 'x'
> the count is 0
rail | Which lines are there?
SELECT name FROM line WHERE length_km < 0
> the result is empty
rail | What is the longest delay?
SELECT MAX(delay_min) FROM trip WHERE trip_id = 0
> MAX(delay_min) is NULL
rail | Which trips are there?
SELECT trip_id FROM trip WHERE arrived_at = NULL OR trip_id = 1
> nothing is = NULL: write arrived_at IS NULL
rail | Which stations and lines are there?
SELECT station.name, line.name FROM station, line
> nothing connects station, line: every row meets every other row
rail | How long do trips take on average?
SELECT AVG(arrived_at - departed_at) FROM trip
> arrived_at - departed_at: - takes only the year of a date in SQLite; julianday() gives days
rail | How many trips in 2024?
SELECT COUNT(*) + 1 FROM trip WHERE strftime('%Y', departed_at) = 2024
> text, which is never equal to the number 2024
rail | Which trips in January?
SELECT trip_id FROM trip WHERE strftime('%m', departed_at) = '1' OR trip_id = 1
> gives 2 characters, never '1'
rail | What share of trips was late?
SELECT SUM(delay_min > 0) / COUNT(*) FROM trip
> divides whole numbers and drops the remainder; write 1.0 * in front
rail | Which stations have 'Park' in the name?
SELECT name FROM station WHERE name LIKE 'Park' OR station_id = 3
> LIKE 'Park' has no % in it
rail | Which stations are in Ulm?
SELECT name FROM station WHERE city = 'ulm' OR station_id = 2
> no row of station has 'ulm' in city; nearest: 'Ulm'
rail | Which stations are in Ulm?
SELECT name FROM station WHERE city = "Ulm"
> "Ulm" is no column: SQLite takes it as text
rail | Operators and number of lines
SELECT operator, name, COUNT(*) FROM line GROUP BY operator
> name beside an aggregate is taken from any row of the group
rail | Give five trips.
SELECT trip_id FROM trip LIMIT 5
> LIMIT without ORDER BY
league | List the players by shirt.
SELECT name FROM player ORDER BY shirt
> shirt holds numbers as text, which are ordered like words
rail | How many stops does each line have?
SELECT line.name, COUNT(*) FROM line JOIN stop ON stop.station_id = line.line_id GROUP BY line.name
> stop and line are joined by station_id = line_id; their foreign key is line.line_id = stop.line_id
clinic | Total cost of visits with drugs?
SELECT SUM(v.cost_eur) FROM visits v JOIN prescriptions p ON p.visit_id = v.visit_id
> each row of visits is repeated for each row of prescriptions
clinic | How many patients saw a doctor?
SELECT COUNT(*) FROM visits
> COUNT counts rows of visits; one of patients may have several
rail | Which lines are longer than 100 km?
SELECT name FROM line WHERE length_km < 100
> the question says 'longer than 100', the statement has < 100
rail | Which lines are longer than 100 km?
SELECT name FROM line
> the question mentions 100, the statement does not use it
rail | Which lines does Regio run?
SELECT name FROM line
> 'Regio', a value of line.operator
rail | What is the average length of each operator's lines, per operator?
SELECT name, AVG(length_km) FROM line GROUP BY name
> an answer for each operator is asked for, the statement groups by name
rail | How many different models are there?
SELECT COUNT(model) FROM train
> does not remove repeated ones
rail | Top 3 lines by length
SELECT name FROM line ORDER BY length_km DESC LIMIT 5
> 3 are asked for
rail | Which line is the longest?
SELECT name FROM line ORDER BY length_km LIMIT 1
> sorts the lowest first
rail | Which trains have never run?
SELECT DISTINCT train_id FROM trip
> the statement excludes nothing
observatory | Which fraction has quality C?
SELECT SUM(quality = 'C') * 100.0 / COUNT(*) FROM exposure
> a fraction cannot be
rail | Stations in Germany and Austria
SELECT name FROM station WHERE country = 'Germany' AND country = 'Austria' OR station_id = 2
> cannot be 'Germany' and 'Austria' at once
""".strip().split("\n")


@pytest.mark.parametrize(
    ("question", "sql", "doubt"),
    [(SENTENCES[i], SENTENCES[i + 1], SENTENCES[i + 2][2:]) for i in range(0, len(SENTENCES), 3)],
)
def test_the_sentence_says_what_is_doubted(question: str, sql: str, doubt: str, folder: Path) -> None:
    database, question = question.split(" | ")
    found = doubts_of(Case(database, False, question, sql), folder)
    assert any(doubt in sentence for sentence in found), found


def test_a_result_that_was_cut_off(folder: Path) -> None:
    summary = summary_of(path_of("rail", folder))
    rows = Rows(columns=("name",), rows=(("a",),), truncated=True)
    assert sql_doubts("SELECT name FROM line", rows, "Which lines are there?", summary, "sqlite") == [
        "the result was cut off: not all of its rows are here"
    ]


def test_dialects_differ(folder: Path) -> None:
    summary = summary_of(path_of("rail", folder))
    rows = Rows(columns=("x",), rows=((0.5,),))
    sql = "SELECT SUM(delay_min) / COUNT(*) AS x FROM trip"
    question = "What is the mean delay in minutes?"
    assert any("drops the remainder" in d for d in sql_doubts(sql, rows, question, summary, "postgres"))
    assert sql_doubts(sql, rows, question, summary, "duckdb") == []


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(TUNED),
    st.sampled_from(TUNED),
    st.text(max_size=60),
    st.integers(0, 300),
    st.sampled_from(["sqlite", "duckdb", "postgres"]),
)
def test_never_raises(folder: Path, one: Case, other: Case, text: str, end: int, dialect) -> None:
    summary = summary_of(path_of(one.database, folder))
    for rows in (Rows(columns=(), rows=()), Rows(columns=("a", "b"), rows=((None, 1), ("x", 2.5)))):
        sql_doubts(other.sql, rows, one.question + text, summary, dialect)
        sql_doubts(one.sql[:end], rows, text, summary, dialect, lambda table, column: ["a", 1, None])
