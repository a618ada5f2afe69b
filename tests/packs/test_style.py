"""The examples are what a small model imitates: one preamble, short bodies, no traps."""

from __future__ import annotations

import ast
import re

import pytest

from treadle.retrieval import builtin_packs
from treadle.types import Example

PACKS = {pack.name: pack for pack in builtin_packs()}
DATA = PACKS["scikit-hep"].examples
FUNCTIONS = PACKS["python"].examples
PREAMBLE = re.compile(
    r"import awkward as ak\nimport numpy as np\nimport uproot\n\n"
    r'events = uproot\.open\("([\w.]+)"\)\["(\w+)"\]\.arrays\(\)\n\n'
)


def test_there_are_enough_examples() -> None:
    assert len(DATA) >= 100
    assert len({e.data for e in DATA}) >= 4
    assert len(FUNCTIONS) >= 24
    for pack in PACKS.values():
        assert 5 <= len(pack.hints.splitlines()) <= 10
        assert len({e.request for e in pack.examples}) == len(pack.examples)


@pytest.mark.parametrize("example", DATA, ids=lambda e: e.id)
def test_data_example_style(example: Example) -> None:
    preamble = PREAMBLE.match(example.program)
    assert preamble is not None
    assert preamble[1] == example.data
    assert example.program[preamble.end() :] == example.body + "\n"
    assert len(example.body.splitlines()) <= 10
    assert len(example.request) <= 130
    assert {"flat", "jagged"} & set(example.tags)
    for node in ast.walk(ast.parse(example.body)):
        if isinstance(node, ast.FormattedValue):
            assert isinstance(node.value, ast.Name), "print variables only: quotes inside f-strings break on Python 3.11"
        assert not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "events")
    for line in example.body.splitlines():
        assert len(line) <= 125
        if "print(" in line:
            assert re.fullmatch(r'print\(f"METRIC: (\w+)=\{\1(\[\w+\])?\}"\)', line) or re.fullmatch(
                r'print\(f"METRIC: \w+=\{\w+\}"\)', line
            )


@pytest.mark.parametrize("example", FUNCTIONS, ids=lambda e: e.id)
def test_function_example_style(example: Example) -> None:
    name = example.id.partition("/")[2]
    functions = [n for n in ast.parse(example.body).body if isinstance(n, ast.FunctionDef)]
    assert name in {f.name for f in functions}
    assert all(ast.get_docstring(f) for f in functions)
    assert re.match(rf"Write ({name}\(.*?\): |a function {name}\b)", example.request)
