"""Runs HumanEval-like checks outside of the sandbox, against values that came out of it.

The process is started once and kept, and loads the standard library only: for every job it forks a child that executes the
dataset's own code (helpers of the prompt, tests, for recording also the reference solution) and answers with one line of
JSON. No program of a model is ever executed here: ``candidate`` gives back values that the sandbox returned.

A job is a pickled dictionary from the parent process, after its length in four bytes:

- ``record``: runs ``check`` with the reference solution and answers with the calls it made, as expressions.
- ``replay``: runs ``check`` with a candidate that looks its calls up among ``results``: expression -> outcomes, in order.
  Answers with passed or not, or with the expression of a call that is not among them.
"""

from __future__ import annotations

import builtins
import json
import math
import os
import pickle
import signal
import struct
import sys
import time
from collections.abc import Callable
from typing import Any, NoReturn

from treadle.coding.testhost import ENDS_AN_ITERATION, DraftError, written

__all__ = ["main"]

SEED = 20210707
"""Some checks draw random inputs; seeded, every run of a check makes the same calls."""
_MAX_CALLS = 20_000


class UnknownCallError(BaseException):
    """The check made a call whose outcome is not there yet. No handler of a check catches it by accident."""

    def __init__(self, expression: str) -> None:
        super().__init__(expression)
        self.expression = expression


def call_expression(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    given = [written(argument) for argument in args]
    given += [f"{keyword}={written(argument)}" for keyword, argument in kwargs.items()]
    return f"{name}({', '.join(given)})"


# ------------------------------------------------------------------------------------------------ one job


def recorded(job: dict[str, Any]) -> dict[str, Any]:
    """The calls that ``check`` makes of the reference solution, and the CPU time that both take."""
    space = _space()
    exec(compile(job["reference"], "<reference>", "exec"), space)  # noqa: S102 (the dataset's own code)
    reference = space[job["entry_point"]]
    calls: list[str] = []

    def candidate(*args: Any, **kwargs: Any) -> Any:
        calls.append(call_expression(job["entry_point"], args, kwargs))
        if len(calls) > _MAX_CALLS:
            raise RuntimeError(f"the check makes more than {_MAX_CALLS} calls")
        return reference(*args, **kwargs)

    started = time.process_time()
    try:
        _check(job, space, candidate)
    except BaseException as error:
        return {"calls": calls, "failed": _told(error)}
    return {"calls": calls, "seconds": time.process_time() - started}


def replayed(job: dict[str, Any]) -> dict[str, Any]:
    """Whether ``check`` passes with the outcomes given."""
    space = _space()
    exec(compile(job["helpers"], "<helpers>", "exec"), space)  # noqa: S102 (the dataset's own code)
    left = {expression: list(outcomes) for expression, outcomes in job["results"].items()}

    def candidate(*args: Any, **kwargs: Any) -> Any:
        expression = call_expression(job["entry_point"], args, kwargs)
        outcomes = left.get(expression)
        if not outcomes:
            raise UnknownCallError(expression)
        return _given(*(outcomes.pop(0) if len(outcomes) > 1 else outcomes[0]))

    try:
        _check(job, space, candidate)
    except UnknownCallError as missing:
        return {"unknown": missing.expression}
    except BaseException as error:
        return {"passed": False, "reason": _told(error)}
    return {"passed": True}


def _space() -> dict[str, Any]:
    import random

    random.seed(SEED)
    return {"__name__": "check"}


def _check(job: dict[str, Any], space: dict[str, Any], candidate: Callable[..., Any]) -> None:
    """The check of the dataset, which may also call the function by its own name."""
    space[job["entry_point"]] = candidate
    exec(compile(job["test"], "<test>", "exec"), space)  # noqa: S102 (the dataset's own code)
    space["check"](candidate)


def _given(kind: str, content: Any) -> Any:
    """What a call of the draft gave: a value, an iterator over values, something unlike anything, or an exception."""
    if kind == "raised":
        raise _exception(content)
    if kind == "iterator":
        return iter(content)
    return object() if kind == "foreign" else content


def _exception(text: str) -> Exception:
    name, _, message = text.partition(": ")
    found = getattr(builtins, name, None)
    if isinstance(found, type) and issubclass(found, Exception) and not issubclass(found, ENDS_AN_ITERATION):
        try:
            return found(message)
        except TypeError:
            pass
    return DraftError(text)


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:300].removesuffix(": ")


# ------------------------------------------------------------------------------------------------ the server


def _work(job: dict[str, Any], channel: int) -> NoReturn:
    """In the forked child: one job, one line."""
    code = 1
    try:
        signal.alarm(max(1, math.ceil(job["seconds"])))
        done = recorded(job) if job["job"] == "record" else replayed(job)
        with os.fdopen(channel, "wb") as stream:
            stream.write(json.dumps(done).encode() + b"\n")
        code = 0
    except BaseException as error:
        with os.fdopen(channel, "wb") as stream:
            stream.write(json.dumps({"trouble": _told(error)}).encode() + b"\n")
    finally:
        os._exit(code)


def _answered(job: dict[str, Any]) -> bytes:
    ours, theirs = os.pipe()
    pid = os.fork()
    if not pid:
        os.close(ours)
        _work(job, theirs)
    os.close(theirs)
    with os.fdopen(ours, "rb") as stream:
        line = stream.read()
    _, status = os.waitpid(pid, 0)
    if line.endswith(b"\n"):
        return line
    number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    why = f"stopped: time limit {job['seconds']:g} s" if number == signal.SIGALRM else "the check ended its process"
    return json.dumps({"trouble": why}).encode() + b"\n"


def main() -> None:
    """Serve jobs from standard input until its end."""
    sys.setrecursionlimit(5000)
    jobs, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)  # what a check prints must not get between the answers
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import random  # noqa: F401  (loaded once, not in every child)

    while len(size := jobs.read(4)) == 4:
        job = pickle.loads(jobs.read(struct.unpack("!I", size)[0]))  # noqa: S301 (our own parent wrote it)
        answers.write(_answered(job))
        answers.flush()
