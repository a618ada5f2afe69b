"""Infilling tasks: the published numbers, nothing lost and nothing told; and how drafts are cut and tasks are taken."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from treadle.errors import DataError, UnknownNameError, UsageError
from treadle.evals.hidden import CheckHost, HiddenTests
from treadle.evals.humaneval import published_file
from treadle.evals.infill import Filling, InfillTask, blocks, cut_lines, load_infill, spread
from treadle.evals.taskfile import read_records
from treadle.sandbox import Sandbox

SPANS = {"single": False, "multi": True}


@pytest.fixture(scope="module")
def tasks() -> dict[str, list[InfillTask]]:
    return {name: load_infill(multi_line, None, None) for name, multi_line in SPANS.items()}


@pytest.fixture(scope="module")
def whole() -> dict[str, str]:
    """Every problem's prompt with its canonical solution."""
    records = [record.values for record in read_records(published_file())]
    return {record["task_id"]: record["prompt"] + record["canonical_solution"] for record in records}


def test_the_published_numbers(tasks: dict[str, list[InfillTask]]) -> None:
    assert {name: len(found) for name, found in tasks.items()} == {"single": 1033, "multi": 5815}
    single, multi = ({task.id for task in found} for found in tasks.values())
    assert (len(single), len(multi)) == (1033, 5815)
    assert single < multi
    levels = Counter(task.level for task in tasks["multi"])
    assert levels["1 line"] == 1033
    assert len(levels) == 4


def test_the_masked_text_makes_it_whole_again(tasks: dict[str, list[InfillTask]], whole: dict[str, str]) -> None:
    for task in (*tasks["single"], *tasks["multi"]):
        assert task.filled(task.masked) == whole[task.problem]
        assert task.masked.startswith("\n")
        assert task.masked.strip()
        assert not task.masked.endswith("\n")
        assert task.after == "" or task.after.startswith("\n")
    assert all(task.n_lines == 1 and task.masked.count("\n") == 1 for task in tasks["single"])
    assert max(task.n_lines for task in tasks["multi"]) == 29


def test_the_masked_text_passes_and_a_statement_without_effect_does_not(
    tasks: dict[str, list[InfillTask]], sandbox: Sandbox
) -> None:
    """That of all 164 problems passes is shown with HumanEval: filled with what was masked, a task is the same program."""
    right = {"masked": 0, "nothing": 0}
    with closing(CheckHost()) as host:
        for task in tasks["multi"][:16]:
            tests = HiddenTests(task.hidden, sandbox, host)
            right["masked"] += tests.judge(task.filled(task.masked)).passed
            indent = len(task.masked) - len(task.masked.lstrip())
            right["nothing"] += tests.judge(task.filled("\n" + " " * (indent - 1) + "...")).passed
    assert right["masked"] == 16
    assert right["nothing"] <= 2


def test_the_masked_text_is_not_in_the_report(tasks: dict[str, list[InfillTask]]) -> None:
    task = next(task for task in tasks["multi"] if task.id == "HumanEval/0/L1-L4")
    assert "<<< 4 masked >>>" in task.request
    assert "for idx2, elem2 in" not in task.request


def test_every_beginning_is_taken_evenly_and_grows() -> None:
    for length in (1, 2, 7, 1033):
        order = spread(range(length))
        assert sorted(order) == list(range(length))
    places = spread(range(1033))[:64]
    assert max(b - a for a, b in zip(sorted(places), sorted(places)[1:], strict=False)) <= 32
    assert spread([]) == []


def test_drafts_are_cut_to_the_lines_that_count(tasks: dict[str, list[InfillTask]]) -> None:
    for task in (*tasks["single"], *tasks["multi"]):
        assert cut_lines(f"{task.masked}\n    more", task.n_lines) == (task.masked, True)
        assert cut_lines(task.masked, task.n_lines) == (task.masked, False)


@pytest.mark.parametrize(
    ("text", "n_lines", "cut"),
    [
        ("\n    x = 1\n    y = 2\n", 1, ("\n    x = 1", True)),
        ("\n\n    \n    x = 1\n    y = 2\n", 1, ("\n\n    \n    x = 1", True)),
        ("  # of the line before\n    x = 1\n", 1, ("  # of the line before\n    x = 1", True)),
        ("\n    x = 1\n\n    y = 2\n    z", 2, ("\n    x = 1\n\n    y = 2", True)),
        ("\n    x = 1\n    y", 2, ("\n    x = 1\n    y", False)),
        ("no end of a line", 1, ("no end of a line", False)),
        ("\n", 1, ("\n", False)),
        ("", 1, ("", False)),
    ],
)
def test_a_cut(text: str, n_lines: int, cut: tuple[str, bool]) -> None:
    assert cut_lines(text, n_lines) == cut


def test_blocks_begin_and_end_with_a_line_that_says_something() -> None:
    lines = ["    a\n", "\n", "    b\n", "    \n"]
    assert blocks(lines, False) == [(0, 0), (2, 2)]
    assert blocks(lines, True) == [(0, 0), (0, 2), (2, 2)]


def test_a_problem_without_a_solution_cannot_be_masked(tmp_path: Path) -> None:
    record = '{"task_id": "own", "prompt": "def f():\\n", "entry_point": "f", "test": "def check(candidate): pass"}'
    (tmp_path / "own.jsonl").write_text(record)
    with pytest.raises(DataError, match=r"own\.jsonl, line 1: 'canonical_solution' must be a text"):
        load_infill(False, tmp_path / "own.jsonl", None)
    with pytest.raises(UsageError, match="leave out --data"):
        load_infill(False, None, tmp_path)


@pytest.mark.parametrize(
    ("changes", "error", "said"),
    [
        ({"way": "infil"}, UnknownNameError, "unknown way 'infil'.*'infill'"),
        ({"samples": 0}, UsageError, "at least 1"),
        ({"max_tokens": 0}, UsageError, "at least 1"),
        ({"temperature": -1.0}, UsageError, "must not be negative"),
        ({"samples": 2}, UsageError, "one and the same"),
        ({"way": "rerank", "temperature": 0.8}, UsageError, "chooses among drafts"),
    ],
)
def test_ways_that_cannot_be(changes: dict[str, object], error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        Filling(**changes)  # type: ignore[arg-type]


def test_drafts_are_drawn_alike_with_seeds_one_after_the_other() -> None:
    samplings = Filling(way="rerank", samples=3, temperature=0.8, seed=5, max_tokens=40).samplings()
    assert [s.seed for s in samplings] == [5, 6, 7]
    assert {(s.temperature, s.top_p, s.top_k, s.max_tokens) for s in samplings} == {(0.8, 0.95, 0, 40)}
