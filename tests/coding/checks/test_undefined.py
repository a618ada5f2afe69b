"""Variables that are read and never bound."""

from __future__ import annotations

import ast

import pytest

from treadle.coding.checks.undefined import undefined_names


def names(source: str) -> list[tuple[str, int]]:
    return [(u.name, u.line) for u in undefined_names(ast.parse(source))]


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        ("print(x)", [("x", 1)]),
        ("a = 1\nprint(b + c)\nprint(b)", [("b", 2), ("c", 2)]),
        ("def f(x):\n    return x + y", [("y", 2)]),
        ("class A:\n    b = c", [("c", 2)]),
        ("[x for x in xs]", [("xs", 1)]),
        ("def f(x: List):\n    pass", [("List", 1)]),
        ("x = [i for i in range(3)]\nprint(i)", [("i", 2)]),
        ("def f():\n    y = 1\nprint(y)", [("y", 3)]),
        ("class A:\n    b = 1\n    def f(self):\n        return b", [("b", 4)]),
        ("lambda a: a + b", [("b", 1)]),
    ],
)
def test_missing(source: str, missing: list[tuple[str, int]]) -> None:
    assert names(source) == missing


@pytest.mark.parametrize(
    "source",
    [
        "import a.b as c, d.e\nprint(c, d)",
        "from m import *\nprint(anything)",
        "def f():\n    global g\n    g = 1\nf()\nprint(g)",
        "exec('x = 1')\nprint(x)",
        "globals()['x'] = 1\nprint(x)",
        "try:\n    x\nexcept NameError:\n    x = 1",
        "with open('f') as f:\n    print(f)",
        "for i, (a, *b) in []:\n    print(i, a, b)",
        "try:\n    pass\nexcept ValueError as e:\n    print(e)",
        "match 3:\n    case [a, *b]:\n        print(a, b)\n    case {'k': c, **d}:\n        print(c, d)\n"
        "    case int() as e:\n        print(e)",
        "if (n := 3):\n    print(n)",
        "print([y := 1, y])",
        "def f():\n    return g()\ndef g():\n    return 1",
        "class A:\n    x = 1\n    y = x\n    def f(self):\n        return __class__",
        "def f():\n    x: Missing = 1\n    return x",
        "from __future__ import annotations\ndef f(x: Missing) -> Other: pass",
        "def outer():\n    x = 1\n    def inner():\n        nonlocal x\n        x += 1\n    return inner",
        "print(__name__, __file__, ValueError, print)",
        "x: int\nx = 3\nprint(x)",
        "del_me = 1\ndel del_me",
        "if __name__ == '__main__':\n    main = 1\nprint(main)",
        "@dec\ndef dec(): pass",
    ],
)
def test_no_false_alarm(source: str) -> None:
    assert names(source) == []
