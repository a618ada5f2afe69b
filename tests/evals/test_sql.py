"""Questions to databases, judged by the rows of reference queries."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from treadle.coding.choose import Candidate
from treadle.coding.sql.base import Database
from treadle.coding.sql.databases.open import open_database
from treadle.errors import DataError, UsageError
from treadle.evals.record import Record
from treadle.evals.run import Plan, evaluate
from treadle.evals.sql import RowsScorer, load_sql
from treadle.sandbox import Sandbox
from treadle.types import Completion, Draft

Planning = Callable[..., Plan]
SHARED = Path(__file__).parents[3] / "shared" / "data" / "sql"
RUNS = [(1, "alpha", 12.5), (2, "beta", 7.25), (3, "alpha", None), (4, "gamma", 7.25)]
QUESTIONS = [
    {"id": 1, "db": "lab", "question": "How many runs are there?", "gold": "SELECT COUNT(*) FROM run", "category": "count"},
    {
        "id": 2,
        "db": "lab.sqlite",
        "question": "List the detectors of all runs by hours, most first.",
        "gold": [
            "SELECT detector FROM run WHERE hours IS NOT NULL ORDER BY hours DESC",
            "SELECT detector, hours FROM run WHERE hours IS NOT NULL ORDER BY hours DESC",
        ],
    },
]


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    with closing(sqlite3.connect(tmp_path / "lab.sqlite")) as database:
        database.execute("CREATE TABLE run (id INTEGER PRIMARY KEY, detector TEXT, hours REAL)")
        database.executemany("INSERT INTO run VALUES (?, ?, ?)", RUNS)
        database.commit()
    (tmp_path / "questions.jsonl").write_text("\n".join(map(json.dumps, QUESTIONS)) + "\n")
    return tmp_path


@pytest.fixture
def database(lab: Path, sandbox: Sandbox) -> Iterator[Database]:
    with closing(open_database([str(lab / "lab.sqlite")], sandbox)) as opened:
        yield opened


def candidate(sql: str | None) -> Candidate:
    return Candidate(draft=Draft(id="0.0", completion=Completion(text=sql or ""), program=sql), verdicts=())


@pytest.mark.parametrize(
    ("sql", "right"),
    [
        ("SELECT detector FROM run WHERE hours IS NOT NULL ORDER BY hours DESC", True),
        ("SELECT detector AS d FROM run WHERE hours > 0 ORDER BY hours DESC, detector DESC", True),  # 7.25 h tie
        ("SELECT detector, hours FROM run WHERE hours > 0 ORDER BY hours DESC, id DESC", True),
        ("SELECT hours, detector FROM run WHERE hours > 0 ORDER BY hours DESC", False),
        ("SELECT detector, hours FROM run WHERE hours > 0 ORDER BY hours", False),
        ("SELECT detector, hours FROM run ORDER BY hours DESC", False),
        ("SELECT detector FROM runs", False),
        ("SELECT", False),
        ("DROP TABLE run", False),
        (None, False),
    ],
)
def test_one_of_several_references_is_enough(database: Database, sql: str | None, right: bool) -> None:
    scorer = RowsScorer("2", tuple(QUESTIONS[1]["gold"]), database)  # type: ignore[arg-type]
    assert scorer.right(candidate(sql)) is right


def test_references_that_do_not_run(database: Database) -> None:
    scorer = RowsScorer("1", ("SELECT nothing FROM run", "SELECT COUNT(*) FROM run"), database)
    assert scorer.right(candidate("SELECT 4"))
    with pytest.raises(DataError, match=r"task 1: no reference query can be used; the first one: .*nothing"):
        RowsScorer("1", ("SELECT nothing FROM run",), database)


def test_the_form(lab: Path) -> None:
    one, two = load_sql(lab / "questions.jsonl", lab)
    assert (one.id, one.level, one.gold) == ("1", "count", ("SELECT COUNT(*) FROM run",))
    assert one.database == two.database == str(lab / "lab.sqlite")
    assert one.files == (lab / "lab.sqlite",)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"db": "lap"}, r"line 1: no database 'lap' in .*Did you mean 'lab'"),
        ({"gold": []}, r"'gold' must be a query or a list of queries"),
        ({"gold": ["SELECT 1", 2]}, r"'gold' must be"),
        ({"golds": "x"}, r"unknown key 'golds'\. Did you mean 'gold'"),
        ({"question": ""}, r"'question' must be a text"),
    ],
)
def test_faulty_files(lab: Path, changes: dict[str, Any], said: str) -> None:
    (lab / "faulty.jsonl").write_text(json.dumps({**QUESTIONS[0], **changes}) + "\n")
    with pytest.raises(DataError, match=said):
        load_sql(lab / "faulty.jsonl", lab)


def test_addresses_are_taken_as_they_are(lab: Path) -> None:
    (lab / "far.jsonl").write_text(json.dumps({**QUESTIONS[0], "db": "postgresql://reader@host/lab"}))
    (task,) = load_sql(lab / "far.jsonl", None)
    assert (task.database, task.files) == ("postgresql://reader@host/lab", ())


def test_tasks_must_be_named() -> None:
    with pytest.raises(UsageError, match="--tasks FILE"):
        load_sql(None, None)


def test_a_whole_evaluation(hep_plan: Planning, lab: Path, write_scripts: Any) -> None:
    engine = write_scripts(
        lab / "sql-scripts",
        {
            "1": [" COUNT(*) FROM run", " COUNT(*) FROM run", " COUNT(hours) FROM run"],
            "2": [" detector FROM run ORDER BY nosuch", " id FROM run", " id FROM run"],
        },
    )
    plan = hep_plan(kind="sql", tasks=lab / "questions.jsonl", data=lab, engine=engine)
    plan = replace(plan, options=replace(plan.options, samples=3))
    told: list[tuple[int, int]] = []

    def watch(records: Sequence[Record], total: int, new: Record | None) -> None:
        told.append((len(records), total))

    summary = evaluate(plan, watch)
    assert told == [(0, 2), (1, 2), (2, 2)]
    assert [summary[key] for key in ("tasks", "greedy_solved", "solved")] == [2, 1, 1]
    first, second = summary["per_task"]
    assert (first["right"], first["language"], len(first["drafts"])) == (True, "sql", 3)
    assert [draft["right"] for draft in first["drafts"]] == [True, True, False]
    assert not any(draft["right"] for draft in second["drafts"])
    assert summary["pass_at"] == {"1": 0.25, "2": 0.5}


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared evaluation data are not here")
def test_the_references_of_the_shared_questions_run_and_equal_themselves(sandbox: Sandbox) -> None:
    tasks = load_sql(SHARED / "questions.jsonl", SHARED)
    assert len(tasks) == 105
    for task in tasks[::8]:
        with closing(open_database([task.database], sandbox)) as database:
            assert RowsScorer(task.id, task.gold, database).right(candidate(task.gold[0])), task.id
