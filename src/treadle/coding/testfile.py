"""What a user's test file holds, read and not run: whether it tests anything, and whether ``testhost`` can run all of it.

What cannot be run is refused before a draft is drawn: a test that is left out without a word would make an answer look
better tested than it is, and one that fails for another reason than the draft would make it look wrong.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

__all__ = ["tests_something", "what_cannot_be_run"]

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def tests_something(tree: ast.Module) -> bool:
    """Whether the file holds a test, a function ``check(candidate)`` or an assert at its top level."""
    if any(isinstance(node, ast.Assert) for node in tree.body):
        return True
    checks = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "check"]
    return bool(checks) or any(True for _ in _tests(tree))


def what_cannot_be_run(tree: ast.Module) -> str:
    """The first thing in the file that cannot be run here, in words; empty where there is none."""
    for node in ast.walk(tree):
        if isinstance(node, _Function) and any(_last_name(d) == "fixture" for d in node.decorator_list):
            return f"line {node.lineno}: {node.name} is a fixture, and fixtures are not supported"
    for test, marks in _tests(tree):
        if isinstance(test, ast.AsyncFunctionDef):
            return f"line {test.lineno}: {test.name} is asynchronous; write it as an ordinary function"
        if _yields(test):
            return f"line {test.lineno}: {test.name} yields; write it as an ordinary function"
        fixture = _fixture(test, marks)
        if fixture:
            return f"line {test.lineno}: {test.name} takes the fixture {fixture!r}, and fixtures are not supported"
    return ""


def _tests(tree: ast.Module) -> Iterator[tuple[_Function, list[ast.expr]]]:
    """The test functions and methods with their decorators, those of the class included."""
    for node in tree.body:
        if isinstance(node, _Function) and node.name.startswith("test"):
            yield node, node.decorator_list
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            for method in node.body:
                if isinstance(method, _Function) and method.name.startswith("test"):
                    yield method, [*node.decorator_list, *method.decorator_list]


def _last_name(decorator: ast.expr) -> str:
    """``fixture`` of ``@pytest.fixture(scope='module')``."""
    function = decorator.func if isinstance(decorator, ast.Call) else decorator
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _yields(test: _Function) -> bool:
    """Whether the test itself yields, and not only a function within it."""
    pending: list[ast.AST] = list(test.body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            pending += ast.iter_child_nodes(node)
    return False


def _fixture(test: _Function, decorators: list[ast.expr]) -> str:
    """A parameter that pytest would fill with a fixture. Decorators that are no marks may fill it, as hypothesis does."""
    given: set[str] = {"self", "cls"}
    for decorator in decorators:
        if not ast.unparse(decorator).startswith("pytest.mark."):
            return ""
        if _last_name(decorator) == "usefixtures" and isinstance(decorator, ast.Call) and decorator.args:
            return str(getattr(decorator.args[0], "value", "?"))
        if _last_name(decorator) == "parametrize":
            names = _names(decorator)
            if names is None:
                return ""
            given |= names
    arguments = test.args
    positional = [*arguments.posonlyargs, *arguments.args]
    needed = positional[: len(positional) - len(arguments.defaults)]
    needed += [a for a, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if default is None]
    return next((a.arg for a in needed if a.arg not in given), "")


def _names(decorator: ast.expr) -> set[str] | None:
    """The parameters that ``parametrize`` fills; None where they are not written down as text."""
    first = decorator.args[0] if isinstance(decorator, ast.Call) and decorator.args else None
    try:
        found = ast.literal_eval(first) if first is not None else None
    except ValueError:
        return None
    if isinstance(found, str):
        return {name.strip() for name in found.split(",")}
    return set(found) if isinstance(found, list | tuple) and all(isinstance(name, str) for name in found) else None
