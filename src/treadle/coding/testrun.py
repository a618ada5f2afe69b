"""Runs the user's own test file against a draft, with the draft kept in the sandbox.

The tests are the user's code and run outside of the sandbox, in a child process of their own (``testhost``). What they call
of the draft are stubs: every call goes over a pipe to ``run_tests``, which has it evaluated in the sandbox and hands the
plain value back. So nothing of the draft's making (objects that equal everything, patched comparisons, an early exit) ever
meets the tests' assertions.
"""

from __future__ import annotations

import base64
import contextlib
import json
import math
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from treadle.coding import testhost
from treadle.coding.testhost import send
from treadle.sandbox.values import ArrayValue

__all__ = ["CallFailed", "Failure", "TestReport", "pack", "run_tests"]

MAX_CALLS = 20_000
_MAX_LINE = 32 << 20


class CallFailed(Exception):  # noqa: N818 (it stands for an error of the draft, whatever that is)
    """A call of the draft raised; ``error`` is the last line of its traceback."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


@dataclass(frozen=True, slots=True)
class Failure:
    """A test that failed: its name, why, and the line of the test file it happened in.

    ``draft_error`` is the draft's own error, where that was the reason; it holds nothing of the test file.
    """

    test: str
    reason: str
    line: int | None = None
    line_text: str = ""
    draft_error: str = ""


@dataclass(frozen=True, slots=True)
class TestReport:
    """``trouble`` says why the tests could not be run to their end; then nothing may be concluded from the rest.

    ``skipped`` are those that leave themselves out, or that are marked as ones that may fail.
    """

    passed: int
    failures: tuple[Failure, ...]
    trouble: str = ""
    calls: int = 0
    skipped: int = 0

    __test__ = False


def run_tests(
    source: str,
    names: Sequence[str],
    evaluate: Callable[[str], Any],
    *,
    candidate: str | None = None,
    aliases: Sequence[str] = (),
    seconds: float = 60.0,
) -> TestReport:
    """Run the test file ``source``; ``evaluate`` computes an expression of the draft, or raises ``CallFailed``.

    ``names`` are the names of the draft that the tests may use, ``candidate`` what is handed to ``check(candidate)``,
    ``aliases`` the module names under which the tests may import the draft. ``seconds`` is for all tests together,
    the time spent in the draft included.
    """
    command = [sys.executable, "-I", testhost.__file__]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    ) as child:
        expired = threading.Event()

        def stop() -> None:
            expired.set()
            child.kill()

        timer = threading.Timer(seconds, stop)
        timer.daemon = True
        timer.start()
        try:
            job = {"source": source, "names": list(names), "candidate": candidate, "aliases": list(aliases)}
            return _serve(child, job, evaluate, lambda: f"stopped: time limit {seconds:g} s" if expired.is_set() else "")
        finally:
            timer.cancel()
            child.kill()


def _serve(
    child: subprocess.Popen[bytes], job: dict[str, Any], evaluate: Callable[[str], Any], stopped: Callable[[], str]
) -> TestReport:
    assert child.stdin is not None
    assert child.stdout is not None
    calls = 0
    try:
        send(child.stdin, job)
        while True:
            line = child.stdout.readline(_MAX_LINE)
            if not line:
                return TestReport(0, (), stopped() or "the tests ended the process before their end", calls)
            message = json.loads(line)
            if "report" in message:
                return _report(message["report"], calls)
            calls += 1
            if calls > MAX_CALLS:
                return TestReport(0, (), f"stopped: more than {MAX_CALLS} calls of the draft", calls)
            send(child.stdin, _answer(message["evaluate"], evaluate))
    except (BrokenPipeError, ValueError):
        return TestReport(0, (), stopped() or "the tests broke off the conversation", calls)
    finally:
        with contextlib.suppress(BrokenPipeError):
            child.stdin.close()


def _answer(expression: str, evaluate: Callable[[str], Any]) -> dict[str, Any]:
    try:
        return {"value": pack(evaluate(expression))}
    except CallFailed as failure:
        return {"error": failure.error}


def _report(message: dict[str, Any], calls: int) -> TestReport:
    failures = tuple(Failure(**failure) for failure in message["failures"])
    return TestReport(message["passed"], failures, message["trouble"], calls, message["skipped"])


def pack(value: Any) -> Any:
    """Plain data as JSON: lists and atoms as they are, everything else as {type: content}."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else {"float": str(value)}
    if isinstance(value, complex):
        return {"complex": [pack(value.real), pack(value.imag)]}
    if isinstance(value, bytes):
        return {"bytes": base64.b64encode(value).decode()}
    if isinstance(value, dict):
        return {"dict": [[pack(key), pack(item)] for key, item in value.items()]}
    if isinstance(value, ArrayValue):
        return {"array": [[pack(item) for item in value], value.dtype]}
    if isinstance(value, list):
        return [pack(item) for item in value]
    return {type(value).__name__: [pack(item) for item in value]}
