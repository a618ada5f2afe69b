"""A small evaluation of everything: tasks of our own on a table of ten rows, with the drafts written down beforehand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from treadle.coding.ask import Options
from treadle.errors import SandboxRefusedError
from treadle.evals import bench
from treadle.evals.run import Plan
from treadle.sandbox import Sandbox, open_sandbox

TASKS = """
- id: mean-x
  level: easy
  file: table.csv
  request: What is the mean of x?
  expect: {mean_x: {value: 5.5, rtol: 0.01}}
- id: max-y
  level: easy
  file: table.csv
  request: What is the largest y?
  expect: {max_y: {value: 100}}
- id: count
  level: hard
  file: table.csv
  request: How many rows have x above 7?
  expect: {n: {value: 3, rtol: 0.0}}
- id: both
  level: hard
  file: table.csv
  request: What are the mean of x and the mean of y?
  expect: {mean_x: {value: 5.5}, mean_y: {value: 38.5}}
"""


def printing(**values: str) -> str:
    """A draft that computes and prints metrics."""
    return "\n" + "".join(f'    print(f"METRIC: {name}={{{code}}}")\n' for name, code in values.items())


MEAN_X, MEAN_Y = "np.mean(events['x'])", "np.mean(events['y'])"
DRAFTS = {
    # greedy wrong, the three others agree on the right value
    "mean-x": [printing(m=MEAN_Y), *[printing(m=MEAN_X)] * 3],
    # greedy right, the others broken
    "max-y": [printing(m="np.max(events['y'])"), "\n    print(events[\n", "\n    raise ValueError\n", printing(m="nosuch")],
    # all agree on a wrong value
    "count": [printing(n="np.sum(events['x'] > 6)")] * 4,
    # one of two metrics is wrong in the answer, one draft has both
    "both": [
        printing(mean_x=MEAN_X, mean_y=MEAN_X),
        *[printing(mean_x=MEAN_X, mean_y=MEAN_X)] * 2,
        printing(mean_x=MEAN_X, mean_y=MEAN_Y),
    ],
}


def write_scripts(folder: Path, drafts: dict[str, Sequence[str]]) -> str:
    """A folder with a script a task; returns the engine's name."""
    folder.mkdir()
    for name, batch in drafts.items():
        (folder / f"{name.replace('/', '_')}.json").write_text(json.dumps({"completions": [list(batch)]}), encoding="utf-8")
    return f"scripted:{folder}"


@pytest.fixture
def bench_files(tmp_path: Path) -> Path:
    """tasks.yaml and table.csv: x = 1 ... 10, y = x squared."""
    (tmp_path / "table.csv").write_text("x,y\n" + "".join(f"{i},{i * i}\n" for i in range(1, 11)), encoding="utf-8")
    (tmp_path / "tasks.yaml").write_text(TASKS, encoding="utf-8")
    return tmp_path


class _Lent:
    """The session's sandbox, for an evaluation to use but not to close: its imports take seconds."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sandbox, name)

    def close(self) -> None:
        """Its owner closes it."""


@pytest.fixture
def hep_plan(bench_files: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Plan]:
    """Makes the plan of the small evaluation, in the folder ``out`` unless told otherwise."""
    monkeypatch.setattr(bench, "open_sandbox", lambda: _Lent(sandbox))
    engine = write_scripts(bench_files / "scripts", DRAFTS)

    def make(**changes: Any) -> Plan:
        options = Options(samples=4, repairs=0, shots=0, rules=False, seed=7)
        plan = Plan(kind="hep", folder=bench_files / "out", tasks=bench_files / "tasks.yaml", engine=engine, options=options)
        return replace(plan, **changes)

    return make


@pytest.fixture(name="write_scripts")
def _write_scripts() -> Callable[[Path, dict[str, Sequence[str]]], str]:
    return write_scripts


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    try:
        opened = open_sandbox()
    except SandboxRefusedError as error:
        pytest.skip(str(error))
    with closing(opened):
        yield opened
