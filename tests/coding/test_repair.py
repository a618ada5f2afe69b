"""Which lines of a failed draft are kept, and that a repair goes on from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from treadle.coding.choose import Candidate
from treadle.coding.repair import good_lines
from treadle.types import Completion, Draft, Outcome, Rung, Status, Verdict

PREFIX = "import numpy as np\nevents = {}\n"


def failed_at(program: str, line: Any) -> Candidate:
    verdict = Verdict(check="names", rung=Rung.NAMES, outcome=Outcome.FAILED, reason="?", evidence={"line": line})
    return Candidate(draft=Draft(id="0.0", completion=Completion(text=""), program=program), verdicts=(verdict,))


@pytest.mark.parametrize(
    ("body", "line", "kept"),
    [
        ("a = 1\nb = np.count(a)\nprint(b)\n", 4, "a = 1"),
        ("a = 1\nfor x in [1]:\n    b = np.count(a)\nprint(b)\n", 5, "a = 1"),
        ("a = [\n  1,\n  2]\nb = a.x\n", 6, "a = [\n  1,\n  2]"),
        ("a = [\n  1,\n  q]\nb = a.x\n", 5, ""),
        ("a = 1\nif a:\n    b = 2\nelse:\n    b = a.x\n", 7, "a = 1\nif a:\n    b = 2"),
        ("a = 1\nprint(a\n", 4, "a = 1"),
        ("b = np.count(1)\n", 3, ""),
        ("# only a remark\nb = np.count(1)\n", 4, ""),
        ("a = 1\nb = 2\n", None, ""),
        ("a = 1\nb = 2\n", 99, "a = 1"),
        ("a = 1\nb = 2\n", -3, ""),
    ],
)
def test_whole_statements_before_the_failing_line_are_kept(body: str, line: Any, kept: str) -> None:
    assert good_lines(failed_at(PREFIX + body, line), PREFIX) == kept


def test_of_a_function_statements_of_its_body_are_kept() -> None:
    program = "def f(x):\n    y = x + 1\n    return nothing(y)\n"
    assert good_lines(failed_at(program, 3), "def f(x):") == "\n    y = x + 1"


def test_a_program_that_begins_otherwise_keeps_nothing() -> None:
    assert good_lines(failed_at("a = 1\nb = c\n", 2), PREFIX) == ""


def test_a_repair_goes_on_from_the_last_good_line(asking: Any, table: Path) -> None:
    first = '\n    x = np.sum(events["x"])\n    value = np.nonsense(x)\n    print(f"METRIC: sum={value}")\n'
    rest = '\n    print(f"METRIC: sum={x}")\n'
    answered = asking("What is the sum of x?", [first], [rest], data=table, repairs=1, samples=1)
    prompt = asking.engine.prompts[1]
    assert prompt.primer.endswith('"""\n    x = np.sum(events["x"])')
    assert answered.answer.status is Status.RAN
    mended = next(c for c in answered.candidates if c.draft.repairs)
    assert mended.draft.program.endswith('x = np.sum(events["x"])\nprint(f"METRIC: sum={x}")\n')


def test_the_second_round_writes_it_anew(asking: Any, table: Path) -> None:
    first = '\n    x = np.sum(events["x"])\n    print(f"METRIC: sum={np.nonsense(x)}")\n'
    still = '\n    print(f"METRIC: sum={np.worse(x)}")\n'
    asking("What is the sum of x?", [first], [still], [first], data=table, repairs=2, samples=1)
    assert asking.engine.prompts[2].primer.endswith('"""')
