"""HumanEval: the published problems, their solutions, and files of the same form."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from treadle.coding.expectations import expectations_in, function_names
from treadle.errors import DataError, UsageError
from treadle.evals.hidden import CheckHost, HiddenTests
from treadle.evals.humaneval import HumanEvalTask, load_humaneval, published_file
from treadle.evals.taskfile import read_records
from treadle.sandbox import Sandbox


@pytest.fixture(scope="module")
def tasks() -> list[HumanEvalTask]:
    return load_humaneval(None, None)


@pytest.fixture(scope="module")
def solutions() -> dict[str, tuple[str, str]]:
    """Prompt and canonical solution by id."""
    records = [record.values for record in read_records(published_file())]
    return {record["task_id"]: (record["prompt"], record["canonical_solution"]) for record in records}


@pytest.fixture(scope="module")
def host() -> Iterator[CheckHost]:
    with closing(CheckHost()) as opened:
        yield opened


def test_the_published_problems(tasks: list[HumanEvalTask]) -> None:
    assert len(tasks) == 164
    assert [task.id for task in tasks[:2]] == ["HumanEval/0", "HumanEval/1"]


def test_every_canonical_solution_passes_and_every_empty_body_fails(
    tasks: list[HumanEvalTask], solutions: dict[str, tuple[str, str]], sandbox: Sandbox, host: CheckHost
) -> None:
    passed: dict[str, list[str]] = {"canonical": [], "empty": []}
    for task in tasks:
        prompt, solution = solutions[task.id]
        tests = HiddenTests(task.hidden, sandbox, host)
        for name, program in (("canonical", prompt + solution), ("empty", prompt + "    pass\n")):
            if tests.judge(program).passed:
                passed[name].append(task.id)
    assert len(passed["canonical"]) == 164
    assert passed["empty"] == []


def test_a_request_reads_like_one(tasks: list[HumanEvalTask]) -> None:
    first = tasks[0].request
    assert first.startswith(
        "Write has_close_elements(numbers: list[float], threshold: float) -> bool: Check if in given list"
    )
    assert ">>> has_close_elements([1.0, 2.0, 3.0], 0.5)\nFalse" in first
    assert all(function_names(task.request)[0] == task.hidden.entry_point for task in tasks)
    assert "encode_cyclic" in tasks[38].request
    assert not [task.id for task in tasks if "List[" in task.request.partition(":")[0] or "Optional" in task.request]


def test_the_hidden_half_is_not_in_the_request(tasks: list[HumanEvalTask], solutions: dict[str, tuple[str, str]]) -> None:
    for task in tasks:
        solution = solutions[task.id][1].strip()
        assert "candidate" not in task.request
        assert solution not in task.request
        lines = [line.strip() for line in task.hidden.test.splitlines() if "assert candidate" in line]
        assert not [line for line in lines if line in task.request]


def test_the_examples_of_the_docstring_are_expectations(tasks: list[HumanEvalTask]) -> None:
    with_some = [task for task in tasks if expectations_in(task.request)]
    assert len(with_some) > 100
    assert [e.text for e in expectations_in(tasks[2].request)]


RECORD = {
    "task_id": "own/1",
    "prompt": "from typing import Optional\n\n\n"
    'def first(xs: list) -> Optional[int]:\n    """The first of xs, or None."""\n',
    "entry_point": "first",
    "canonical_solution": "    return xs[0] if xs else None\n",
    "test": "def check(candidate):\n    assert candidate([1]) == 1\n    assert candidate([]) is None\n",
}


def load(tmp_path: Path, **changes: object) -> list[HumanEvalTask]:
    record = {key: value for key, value in {**RECORD, **changes}.items() if value is not None}
    (tmp_path / "own.jsonl").write_text(json.dumps(record) + "\n")
    return load_humaneval(tmp_path / "own.jsonl", None)


def test_a_file_of_the_same_form(tmp_path: Path, sandbox: Sandbox, host: CheckHost) -> None:
    (task,) = load(tmp_path)
    assert task.request == "Write first(xs: list) -> int | None: The first of xs, or None."
    assert HiddenTests(task.hidden, sandbox, host).judge("def first(xs):\n    return next(iter(xs), None)\n").passed
    (without,) = load(tmp_path, canonical_solution=None)
    assert HiddenTests(without.hidden, sandbox, host).judge("def first(xs):\n    return next(iter(xs), None)\n").passed
    assert not HiddenTests(without.hidden, sandbox, host).judge("def first(xs):\n    return xs[0]\n").passed


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"entry_point": "last"}, r"own\.jsonl, line 1: the prompt defines no function 'last'; it defines first"),
        ({"prompt": "def first(xs:\n"}, r"line 1: the prompt is not Python"),
        ({"test": "assert True\n"}, r"'test' must be code that defines check\(candidate\)"),
        ({"test": None}, r"the key 'test' is missing"),
        ({"tests": "x"}, r"unknown key 'tests'\. Did you mean 'test'"),
        ({"prompt": ""}, r"'prompt' must be a text"),
    ],
)
def test_faulty_files(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    with pytest.raises(DataError, match=said):
        load(tmp_path, **changes)


def test_there_are_no_data_files() -> None:
    with pytest.raises(UsageError, match="leave out --data"):
        load_humaneval(None, Path())
