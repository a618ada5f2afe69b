"""Every program is run on its file in the sandbox and kept only where it prints what a plain computation gives."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from treadle.coding.expectations import metrics_in
from treadle.sandbox.base import Sandbox
from treadle.synthesis.python.parts import Task
from treadle.types import Limits, Program

__all__ = ["Outcome", "check"]

_TOLERANCE = 2e-4
"""Relative: files hold floats of 32 bits, and a mass is a small difference of large numbers."""
_LIMITS = Limits(cpu_seconds=60.0, wall_seconds=90.0)

# Many programs share one process, because to start one and to open the file costs more than to run a program. Each gets
# a namespace of its own; columns are never assigned to, so one cannot change what the next one reads.
_HARNESS = """
import contextlib, io, os, warnings
warnings.simplefilter("ignore")
{preamble}
found = []
for body in {bodies!r}:
    out, error = io.StringIO(), None
    try:
        with contextlib.redirect_stdout(out):
            names = {{"ak": globals().get("ak"), "np": np, "pd": globals().get("pd"), "events": events}}
            exec(compile(body, "body", "exec"), names)
    except BaseException as reason:
        error = f"{{type(reason).__name__}}: {{reason}}"[:300]
    files = sorted(f for f in os.listdir(".") if f.endswith(".png"))
    for file in files:
        os.remove(file)
    if "plt" in body:
        import matplotlib.pyplot
        matplotlib.pyplot.close("all")
    found.append([out.getvalue(), error, files])
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a program did. ``reason``: why it is not kept; empty where it is."""

    output: str
    reason: str


def check(tasks: Sequence[Task], preamble: str, file: Path, sandbox: Sandbox) -> list[Outcome]:
    """Run the programs of ``tasks`` on ``file``, in one process, and hold what they print against what is expected.

    Raises:
        SandboxError: the sandbox failed; nothing is known about the programs.
    """
    bodies = [t.body for t in tasks]
    program = Program(source=_HARNESS.format(preamble=preamble, bodies=bodies), evaluate="found")
    run = sandbox.run(program, [file], _LIMITS)
    if not run.ok or not isinstance(run.value, list) or len(run.value) != len(tasks):
        return [Outcome("", f"the file's programs did not end: {run.error or run.limit_hit or 'no value'}") for _ in tasks]
    return [_judged(task, value) for task, value in zip(tasks, run.value, strict=True)]


def _judged(task: Task, value: Any) -> Outcome:
    match value:
        case [str(output), None, list(files)]:
            return Outcome(output, _wrong(task, metrics_in(output), output) or _missing(task, files))
        case [str(output), str(error), _]:
            return Outcome(output, error)
    return Outcome("", "a malformed report")


def _wrong(task: Task, metrics: Mapping[str, float], output: str) -> str:
    if len(output.strip().splitlines()) != len(task.expected):
        return "it prints other lines than its results"
    for name, expected in task.expected.items():
        if name not in metrics:
            return f"it does not print {name}"
        if not math.isfinite(expected) or not _near(metrics[name], expected):
            return f"it prints {name}={metrics[name]:.8g}, a plain computation gives {expected:.8g}"
    return ""


def _near(found: float, expected: float) -> bool:
    return abs(found - expected) <= _TOLERANCE * max(abs(expected), 1e-3)


def _missing(task: Task, files: Sequence[Any]) -> str:
    return f"it leaves no {task.artifact}" if task.artifact and task.artifact not in files else ""
