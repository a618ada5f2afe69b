"""Runs the user's own test file against a draft, with the draft kept in the sandbox.

The tests are the user's code and run outside of the sandbox, in a child process of their own (this file, as a script,
standard library only). What they call of the draft are stubs: every call goes over a pipe to ``run_tests``, which has
it evaluated in the sandbox and hands the plain value back. So nothing of the draft's making (objects that equal
everything, patched comparisons, an early exit) ever meets the tests' assertions.

What follows from that, and is not covered: every call starts the draft afresh, so state kept between calls, arguments
changed in place, classes of the draft, and arguments that are no plain data (functions, objects) cannot be tested.
Fixtures are not supported but for ``pytest.mark.parametrize``, ``pytest.raises`` and ``pytest.approx``.
"""

from __future__ import annotations

import ast
import base64
import builtins
import contextlib
import json
import math
import os
import subprocess
import sys
import threading
import traceback
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["CallFailed", "Failure", "TestReport", "run_tests"]

MAX_CALLS = 20_000
_MAX_LINE = 32 << 20
_FILE = "<tests>"


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
    """``trouble`` says why the tests could not be run to their end; then nothing may be concluded from the rest."""

    passed: int
    failures: tuple[Failure, ...]
    trouble: str = ""
    calls: int = 0

    __test__ = False


# ------------------------------------------------------------------------------------------------ in the parent


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
    command = [sys.executable, "-I", __file__]
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
        _send(child.stdin, job)
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
            _send(child.stdin, _answer(message["evaluate"], evaluate))
    except (BrokenPipeError, ValueError):
        return TestReport(0, (), stopped() or "the tests broke off the conversation", calls)
    finally:
        with contextlib.suppress(BrokenPipeError):
            child.stdin.close()


def _send(stream: Any, message: dict[str, Any]) -> None:
    stream.write(json.dumps(message).encode() + b"\n")
    stream.flush()


def _answer(expression: str, evaluate: Callable[[str], Any]) -> dict[str, Any]:
    try:
        return {"value": pack(evaluate(expression))}
    except CallFailed as failure:
        return {"error": failure.error}


def _report(message: dict[str, Any], calls: int) -> TestReport:
    failures = tuple(Failure(**failure) for failure in message["failures"])
    return TestReport(message["passed"], failures, message["trouble"], calls)


# ------------------------------------------------------------------------------------------------ plain data as JSON


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
    if isinstance(value, list):
        return [pack(item) for item in value]
    return {type(value).__name__: [pack(item) for item in value]}


def unpack(value: Any) -> Any:
    if isinstance(value, list):
        return [unpack(item) for item in value]
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    match kind:
        case "float":
            return float(content)
        case "complex":
            return complex(*(unpack(part) for part in content))
        case "bytes":
            return base64.b64decode(content)
        case "dict":
            return {unpack(key): unpack(item) for key, item in content}
    return {"tuple": tuple, "set": set, "frozenset": frozenset}[kind](unpack(item) for item in content)


# ------------------------------------------------------------------------------------------------ in the child


class NotPlainError(TypeError):
    """An argument cannot be handed to the draft."""


class DraftError(Exception):
    """The draft raised something that is no builtin exception."""


def written(value: Any) -> str:
    """An expression that makes ``value`` again, from plain data and numpy arrays of numbers only."""
    if value is None or type(value) in (bool, int, str, bytes):
        return repr(value)
    if type(value) is float:
        return repr(value) if math.isfinite(value) else f"float({str(value)!r})"
    if type(value) is complex:
        return f"complex({written(value.real)}, {written(value.imag)})"
    if type(value) is list:
        return "[" + ", ".join(map(written, value)) + "]"
    if type(value) is tuple:
        return "(" + "".join(f"{written(item)}, " for item in value) + ")"
    if type(value) is dict:
        return "{" + ", ".join(f"{written(key)}: {written(item)}" for key, item in value.items()) + "}"
    if type(value) in (set, frozenset, range):
        items = "[" + ", ".join(map(written, value)) + "]"
        return (
            f"range({value.start}, {value.stop}, {value.step})"
            if type(value) is range
            else f"{type(value).__name__}({items})"
        )
    if type(value).__module__ == "numpy" and getattr(getattr(value, "dtype", None), "kind", "") in "biuf":
        return f"__import__('numpy').array({written(value.tolist())}, dtype={str(value.dtype)!r})"
    raise NotPlainError(f"an argument of type {type(value).__name__} cannot be handed to the draft: only plain data can")


class _Draft:
    """The draft as the tests see it: functions are stubs, everything else is a plain value."""

    def __init__(self, ask: Callable[[str], Any], names: Sequence[str]) -> None:
        self._ask, self._names = ask, frozenset(names)
        self._members: dict[str, Any] = {}

    def member(self, name: str) -> Any:
        if name not in self._names:
            raise AttributeError(f"the draft has no {name!r}")
        if name not in self._members:
            self._members[name] = self._stub(name) if self._ask(f"callable({name})") is True else self._ask(name)
        return self._members[name]

    def _stub(self, name: str) -> Callable[..., Any]:
        def stub(*args: Any, **kwargs: Any) -> Any:
            given = [written(argument) for argument in args]
            given += [f"{keyword}={written(argument)}" for keyword, argument in kwargs.items()]
            return self._ask(f"{name}({', '.join(given)})")

        stub.__name__ = stub.__qualname__ = name
        return stub


class _DraftModule(types.ModuleType):
    """What ``import solution`` gives."""

    def __init__(self, name: str, draft: _Draft) -> None:
        super().__init__(name)
        self.__dict__["_draft"] = draft

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.__dict__["_draft"].member(name)


class _Tests:
    """Runs one test file and keeps count."""

    def __init__(self, source: str, candidate: str | None, draft: _Draft) -> None:
        self.passed = 0
        self.failures: list[dict[str, Any]] = []
        self.trouble = ""
        self._source, self._candidate, self._draft = source, candidate, draft
        self._space: dict[str, Any] = {"__name__": "tests", "__file__": _FILE}

    def run(self, names: Sequence[str]) -> None:
        tree = ast.parse(self._source, _FILE)
        try:
            self._offer([name for name in names if name in _free_names(tree)])
            self._top_level(tree)
        except BaseException as error:
            self._fail("the file itself", error)
            return
        called = {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
        for name, function in list(self._space.items()):
            if name.startswith("test") and isinstance(function, types.FunctionType):
                self._cases(name, function)
            elif name.startswith("Test") and isinstance(function, type):
                self._methods(name, function)
        if isinstance(self._space.get("check"), types.FunctionType) and "check" not in called:
            self._check(self._space["check"])

    def _offer(self, names: Sequence[str]) -> None:
        """Puts names of the draft into the tests' own scope; what is no plain value stays out of it."""
        for name in names:
            with contextlib.suppress(Exception):
                self._space[name] = self._draft.member(name)

    def _top_level(self, tree: ast.Module) -> None:
        for node in tree.body:
            code = compile(ast.Module([node], []), _FILE, "exec", dont_inherit=True)
            if isinstance(node, ast.Assert):
                self._one(f"line {node.lineno}", lambda code=code: exec(code, self._space))  # type: ignore[misc]  # noqa: S102
            else:
                exec(code, self._space)  # noqa: S102 (the user's own file)

    def _cases(self, name: str, function: Callable[..., Any]) -> None:
        for label, arguments in _parameters(function):
            self._one(name + label, lambda arguments=arguments: function(**arguments))  # type: ignore[misc]

    def _methods(self, name: str, kind: type) -> None:
        for method in [m for m in vars(kind) if m.startswith("test")]:
            for label, arguments in _parameters(vars(kind)[method]):
                self._one(
                    f"{name}.{method}{label}",
                    lambda m=method, a=arguments: getattr(_instance(kind, m), m)(**a),  # type: ignore[misc]
                )

    def _check(self, check: Callable[[Any], Any]) -> None:
        if self._candidate is None:
            self.trouble = "check(candidate) needs to know the function: name it in the request"
            return
        candidate = self._candidate
        self._one("check", lambda: check(self._draft.member(candidate)))

    def _one(self, name: str, test: Callable[[], Any]) -> None:
        try:
            test()
        except BaseException as error:
            if type(error).__name__ not in ("Skipped", "SkipTest"):
                self._fail(name, error)
        else:
            self.passed += 1

    def _fail(self, name: str, error: BaseException) -> None:
        line = next(
            (n for f, n in reversed(list(traceback.walk_tb(error.__traceback__))) if f.f_code.co_filename == _FILE), None
        )
        lines = self._source.splitlines()
        text = lines[line - 1].strip() if line is not None and 0 < line <= len(lines) else ""
        reason = "".join(traceback.format_exception_only(type(error), error)).strip()[:500]
        told = getattr(error, "draft_error", "")
        self.failures.append({"test": name, "reason": reason, "line": line, "line_text": text, "draft_error": told})


def _free_names(tree: ast.Module) -> set[str]:
    """Names that the tests read and do not bind anywhere."""
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    bound = {node.id for node in names if not isinstance(node.ctx, ast.Load)}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    return {node.id for node in names} - bound


def _instance(kind: type, method: str) -> Any:
    """An object of a test class; ``unittest.TestCase`` wants the method's name."""
    import unittest

    made = kind(method) if issubclass(kind, unittest.TestCase) else kind()
    for setup in ("setUp", "setup_method"):
        if hasattr(made, setup):
            getattr(made, setup)()
    return made


def _parameters(function: Callable[..., Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(label, arguments) of every case; more than one under ``pytest.mark.parametrize``."""
    marks = [mark for mark in getattr(function, "pytestmark", []) if mark.name == "parametrize"]
    cases: list[dict[str, Any]] = [{}]
    for mark in marks:
        given, rows = mark.args
        names = [name.strip() for name in given.split(",")] if isinstance(given, str) else list(given)
        found = [dict(zip(names, _row(row, len(names)), strict=True)) for row in rows]
        cases = [{**case, **more} for case in cases for more in found]
    for number, case in enumerate(cases):
        yield (f"[{number}]" if marks else ""), case


def _row(row: Any, length: int) -> Sequence[Any]:
    if type(row).__name__ == "ParameterSet":  # what pytest.param makes
        values: Sequence[Any] = row.values
        return values
    return (row,) if length == 1 else row


def _raise_as_draft(error: str) -> None:
    """Raises what the draft raised, as the same builtin exception where there is one."""
    kind, _, message = error.partition(": ")
    found = getattr(builtins, kind, None)
    usable = isinstance(found, type) and issubclass(found, Exception)
    if kind == "KeyError":  # its message is the representation of the key
        with contextlib.suppress(ValueError, SyntaxError):
            message = ast.literal_eval(message)
    try:
        raised: Exception = found(message) if usable else DraftError(error)  # type: ignore[misc]
    except TypeError:
        raised = DraftError(error)
    raised.draft_error = error  # type: ignore[attr-defined]
    raise raised


def main() -> None:
    """The child's side: one job from standard input, one report to standard output."""
    replies = os.fdopen(os.dup(0), "rb")
    requests = os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)  # what tests print must not get between the messages

    def ask(expression: str) -> Any:
        _send(requests, {"evaluate": expression})
        reply = json.loads(replies.readline())
        if "error" in reply:
            _raise_as_draft(reply["error"])
        return unpack(reply["value"])

    job = json.loads(replies.readline())
    draft = _Draft(ask, job["names"])
    for alias in job["aliases"]:
        sys.modules[alias] = _DraftModule(alias, draft)
    tests = _Tests(job["source"], job["candidate"], draft)
    tests.run(job["names"])
    _send(requests, {"report": {"passed": tests.passed, "failures": tests.failures, "trouble": tests.trouble}})


if __name__ == "__main__":
    main()
