"""A program is kept only where it ran and printed what a plain computation gives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from treadle.sandbox import open_sandbox
from treadle.sandbox.base import Sandbox
from treadle.synthesis.python.checked import Outcome, check
from treadle.synthesis.python.parts import Task

PREAMBLE = 'import numpy as np\nimport pandas as pd\n\nevents = pd.read_csv("run.csv")\n'
RIGHT = 'mean = np.mean(events["x"])\nprint(f"METRIC: mean={mean}")'


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with closing(open_sandbox()) as opened:
        yield opened


def _outcomes(sandbox: Sandbox, folder: Path, *tasks: Task) -> list[Outcome]:
    file = folder / "run.csv"
    file.write_text("x\n1\n2\n6\n")
    return check(tasks, PREAMBLE, file, sandbox)


def _task(body: str, value: float = 3.0, artifact: str = "") -> Task:
    return Task("mean", "What is the mean of x?", body, {"mean": value}, artifact)


def test_what_agrees_is_kept_and_what_fails_does_not_stop_the_others(sandbox: Sandbox, tmp_path: Path) -> None:
    bodies = ["raise ValueError('no')", RIGHT, "import sys\nsys.exit()"]
    found = _outcomes(sandbox, tmp_path, *(_task(body) for body in bodies))
    assert [bool(o.reason) for o in found] == [True, False, True]
    assert "ValueError: no" in found[0].reason


def test_another_value_name_or_line_is_told(sandbox: Sandbox, tmp_path: Path) -> None:
    wrong, other, noisy = _outcomes(
        sandbox, tmp_path, _task(RIGHT, 4.0), _task(RIGHT.replace("METRIC: mean", "METRIC: m")), _task(f"{RIGHT}\nprint(1)")
    )
    assert "prints mean=3, a plain computation gives 4" in wrong.reason
    assert "does not print mean" in other.reason
    assert "other lines" in noisy.reason


def test_names_of_one_program_are_not_there_for_the_next(sandbox: Sandbox, tmp_path: Path) -> None:
    first, second = _outcomes(sandbox, tmp_path, _task(RIGHT), _task('print(f"METRIC: mean={mean}")'))
    assert not first.reason
    assert "NameError" in second.reason


def test_a_plot_that_is_asked_for_must_be_left(sandbox: Sandbox, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    if sandbox.tier == "seccomp":
        pytest.skip("the seccomp tier has no directory for a picture")
    plot = 'import matplotlib\nmatplotlib.use("Agg")\nimport matplotlib.pyplot as plt\nplt.plot([1])\nplt.savefig("a.png")\n'
    left, missing = _outcomes(sandbox, tmp_path, _task(plot + RIGHT, artifact="a.png"), _task(RIGHT, artifact="a.png"))
    assert not left.reason
    assert missing.reason == "it leaves no a.png"
