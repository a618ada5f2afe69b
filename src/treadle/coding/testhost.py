"""The user's test file, run in a process of its own: this file, as a script, standard library only. See ``testrun``.

The tests are the user's code. What they call of the draft are stubs that ask the parent for the value, which comes from the
sandbox as plain data.

What follows from that, and is not covered: every call starts the draft afresh, so state kept between calls, arguments
changed in place, classes of the draft, and arguments that are no plain data (functions, objects) cannot be tested.
Of pytest there are ``parametrize``, ``raises``, ``approx``, ``skip``, ``skipif``, ``xfail`` and the set-up functions by name
(``setup_method`` and the like), of unittest what a method can do by itself; fixtures are not supported.
"""

from __future__ import annotations

import ast
import base64
import builtins
import contextlib
import inspect
import json
import math
import os
import sys
import traceback
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

__all__ = ["ENDS_AN_ITERATION", "DraftError", "NotPlainError", "send", "unpack", "written"]

_FILE = "<tests>"


def send(stream: Any, message: Mapping[str, Any]) -> None:
    """One message, a line of JSON."""
    stream.write(json.dumps(message).encode() + b"\n")
    stream.flush()


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
        case "array":
            return _array(unpack(content[0]), content[1])
    return {"tuple": tuple, "set": set, "frozenset": frozenset}[kind](unpack(item) for item in content)


def _array(values: list[Any], dtype: str) -> Any:
    """The array that the draft returned; a list where it was one of awkward, whose types numpy does not know."""
    try:
        import numpy as np

        return np.array(values, dtype=dtype)
    except (ImportError, TypeError, ValueError):
        return values


class NotPlainError(TypeError):
    """An argument cannot be handed to the draft."""


class DraftError(Exception):
    """The draft raised something that is no builtin exception."""


ENDS_AN_ITERATION = (StopIteration, StopAsyncIteration)
"""Raised by a draft inside ``all(map(...))`` of a test, these would end it early, and nothing would be compared."""


class NothingAssertedError(AssertionError):
    """A test came to its end, but not by what it asserts."""


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
        self.passed = self.skipped = 0
        self.failures: list[dict[str, Any]] = []
        self.trouble = ""
        self._source, self._candidate, self._draft = source, candidate, draft
        self._space: dict[str, Any] = {"__name__": "tests", "__file__": _FILE}

    def run(self, names: Sequence[str]) -> None:
        tree = ast.parse(self._source, _FILE)
        try:
            free = {name for name in _free_names(tree) if name == self._candidate or not hasattr(builtins, name)}
            self._offer([name for name in names if name in free])  # a draft's own `abs` or `len` would decide the tests
            self._top_level(tree)
            _set_up(self._space, ("setup_module", "setUpModule"))
        except BaseException as error:
            if _skips(error):
                self.trouble = f"the test file skips itself: {error}"
            else:
                self._fail("the file itself", error)
            return
        self._collected(tree)

    def _collected(self, tree: ast.Module) -> None:
        called = {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
        for name, found in list(self._space.items()):
            if name.startswith("test") and isinstance(found, types.FunctionType):
                self._cases(name, found)
            elif name.startswith("Test") and isinstance(found, type):
                self._methods(name, found)
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
        def one(arguments: dict[str, Any]) -> Any:
            _set_up(self._space, ("setup_function",), function)
            try:
                return function(**arguments)
            finally:
                _set_up(self._space, ("teardown_function",), function)

        for label, arguments in self._parameters(name, _marks(function)):
            self._one(name + label, lambda arguments=arguments: one(arguments))  # type: ignore[misc]

    def _methods(self, name: str, kind: type) -> None:
        """Those of the class and of the classes that it inherits from, in their order."""
        methods = dict.fromkeys(m for base in reversed(kind.__mro__) for m in vars(base) if m.startswith("test"))
        cases = [(m, case) for m in methods for case in self._parameters(f"{name}.{m}", _marks(getattr(kind, m), kind))]
        if not cases:
            return
        try:
            _set_up({m: getattr(kind, m, None) for m in _OF_CLASSES}, _OF_CLASSES, kind)
        except BaseException as error:
            self._fail(f"the set-up of {name}", error)
            return
        for method, (label, arguments) in cases:
            self._one(f"{name}.{method}{label}", lambda m=method, a=arguments: _called(kind, m, a))  # type: ignore[misc]

    def _parameters(self, name: str, marks: Sequence[Any]) -> list[tuple[str, dict[str, Any]]]:
        """(label, arguments) of every case of a test; none where the test is marked not to be run."""
        try:
            left_out = any(_leaves_out(mark, self._space) for mark in marks)
            cases = [] if left_out else list(_parameters(marks))
        except Exception as error:  # a condition or a table of parameters that makes no sense
            self._fail(name, error)
            return []
        self.skipped += left_out
        return cases

    def _check(self, check: Callable[[Any], Any]) -> None:
        if self._candidate is None:
            self.trouble = "check(candidate) needs to know the function: name it in the request"
            return
        candidate = self._candidate
        self._one("check", lambda: check(self._draft.member(candidate)))

    def _one(self, name: str, test: Callable[[], Any]) -> None:
        try:
            result = test()
            if result is not None:
                raise NothingAssertedError(_why_nothing(result))
        except BaseException as error:
            if _skips(error):
                self.skipped += 1
            else:
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


def _skips(error: BaseException) -> bool:
    """Whether this is how pytest or unittest leaves a test out."""
    return type(error).__name__ in ("Skipped", "SkipTest")


def _why_nothing(result: Any) -> str:
    """Why a test that returned ``result`` is no test that passed."""
    if inspect.iscoroutine(result):
        result.close()  # or Python warns that nobody awaited it
        return "an asynchronous test is not run; write it as an ordinary function"
    if inspect.isgenerator(result) or inspect.isasyncgen(result):
        return "a test that yields is not run; write it as an ordinary function"
    return f"the test returned {result!r:.60} and so asserts nothing; write assert instead of return"


_OF_CLASSES = ("setup_class", "setUpClass")


def _set_up(space: Mapping[str, Any], names: Sequence[str], argument: Any = None) -> None:
    """Calls those of ``names`` that there are, with the argument where they take one."""
    for name in names:
        function = space.get(name)
        if callable(function):
            parameters = inspect.signature(function).parameters
            function(*[argument][: len(parameters)])


def _called(kind: type, method: str, arguments: dict[str, Any]) -> Any:
    """What a method of a fresh object returns; ``unittest.TestCase`` wants the method's name."""
    import unittest

    made = kind(method) if issubclass(kind, unittest.TestCase) else kind()
    test = getattr(made, method)
    own = {name: getattr(made, name, None) for name in ("setup_method", "setUp", "teardown_method", "tearDown")}
    _set_up(own, ("setup_method", "setUp"), test)
    try:
        return test(**arguments)
    finally:
        _set_up(own, ("teardown_method", "tearDown"), test)


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


def _marks(*holders: Any) -> list[Any]:
    """What ``pytest.mark`` left at a function, a method and its class."""
    return [mark for holder in holders for mark in getattr(holder, "pytestmark", [])]


def _leaves_out(mark: Any, space: Mapping[str, Any]) -> bool:
    """Whether a mark says that the test is not to be run, or that it may fail, so that nothing follows from it."""
    if mark.name not in ("skip", "skipif", "xfail"):
        return False
    if mark.name == "skip" or (mark.name == "xfail" and not mark.args):
        return True
    known = {"os": os, "sys": sys, **space}
    # a condition that is text is pytest's older way to write it
    return any(eval(c, known) if isinstance(c, str) else c for c in mark.args[:1])  # noqa: S307 (the user's own file)


def _parameters(marks: Sequence[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(label, arguments) of every case; more than one under ``pytest.mark.parametrize``."""
    tables = [mark for mark in marks if mark.name == "parametrize"]
    cases: list[dict[str, Any]] = [{}]
    for mark in tables:
        given, rows = mark.args
        names = [name.strip() for name in given.split(",")] if isinstance(given, str) else list(given)
        found = [dict(zip(names, _row(row, len(names)), strict=True)) for row in rows]
        cases = [{**case, **more} for case in cases for more in found]
    for number, case in enumerate(cases):
        yield (f"[{number}]" if tables else ""), case


def _row(row: Any, length: int) -> Sequence[Any]:
    if type(row).__name__ == "ParameterSet":  # what pytest.param makes
        values: Sequence[Any] = row.values
        return values
    return (row,) if length == 1 else row


def _raise_as_draft(error: str) -> None:
    """Raises what the draft raised, as the same builtin exception where there is one."""
    kind, _, message = error.partition(": ")
    found = getattr(builtins, kind, None)
    usable = isinstance(found, type) and issubclass(found, Exception) and not issubclass(found, ENDS_AN_ITERATION)
    if kind == "KeyError":  # its message is the representation of the key
        with contextlib.suppress(ValueError, SyntaxError):
            message = ast.literal_eval(message)
    try:
        raised: Exception = found(message) if usable else DraftError(error)  # type: ignore[misc]
    except TypeError:
        raised = DraftError(error)
    raised.draft_error = error  # type: ignore[attr-defined]
    raise raised


def _follow_parent() -> None:
    """Die with the parent, also in the midst of a loop: killed by SIGKILL it cannot end this process."""
    if sys.platform.startswith("linux"):
        import ctypes

        set_death_signal, kill = 1, 9
        ctypes.CDLL(None).prctl(set_death_signal, kill)


def main() -> None:
    """The child's side: one job from standard input, one report to standard output."""
    _follow_parent()
    replies = os.fdopen(os.dup(0), "rb")
    requests = os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)  # what tests print must not get between the messages

    def ask(expression: str) -> Any:
        send(requests, {"evaluate": expression})
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
    send(
        requests,
        {"report": {"passed": tests.passed, "skipped": tests.skipped, "failures": tests.failures, "trouble": tests.trouble}},
    )


if __name__ == "__main__":
    main()
