"""What a test file holds, read and not run."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from treadle.coding.expectations import load_tests
from treadle.coding.testfile import tests_something as holds_tests
from treadle.coding.testfile import what_cannot_be_run
from treadle.errors import ExpectationError

REFUSED = {
    "a fixture of pytest": (
        "def test_a(tmp_path):\n    assert f(1)",
        "line 1: test_a takes the fixture 'tmp_path', and fixtures are not supported",
    ),
    "a fixture of its own": (
        "import pytest\n@pytest.fixture(scope='module')\ndef three():\n    return 3\ndef test_a(three):\n    assert f",
        "line 3: three is a fixture, and fixtures are not supported",
    ),
    "beside parameters": (
        "import pytest\n@pytest.mark.parametrize('x', [1])\ndef test_a(x, capsys):\n    assert f(x)",
        "line 3: test_a takes the fixture 'capsys', and fixtures are not supported",
    ),
    "of a method": (
        "class TestF:\n    def test_a(self, monkeypatch):\n        assert f(1)",
        "line 2: test_a takes the fixture 'monkeypatch', and fixtures are not supported",
    ),
    "by a mark": (
        "import pytest\n@pytest.mark.usefixtures('clean')\ndef test_a():\n    assert f(1)",
        "line 3: test_a takes the fixture 'clean', and fixtures are not supported",
    ),
    "asynchronous": (
        "async def test_a():\n    assert f(1)",
        "line 1: test_a is asynchronous; write it as an ordinary function",
    ),
    "a generator": ("def test_a():\n    yield f, 1", "line 1: test_a yields; write it as an ordinary function"),
}


@pytest.mark.parametrize(("source", "why"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_run_is_refused(tmp_path: Path, source: str, why: str) -> None:
    assert what_cannot_be_run(ast.parse(source)) == why
    file = tmp_path / "t.py"
    file.write_text(source)
    with pytest.raises(ExpectationError) as caught:
        load_tests(file)
    assert str(caught.value) == f"the tests {str(file)!r} cannot be run here: {why}"


@pytest.mark.parametrize(
    "source",
    [
        "def test_a():\n    assert f(1)",
        "def test_a(x=1):\n    assert f(x)",
        "import pytest\n@pytest.mark.parametrize('x, y', [(1, 2)])\ndef test_a(x, y):\n    assert f(x) == y",
        "import pytest\n@pytest.mark.parametrize(['x', 'y'], [(1, 2)])\ndef test_a(x, y):\n    assert f(x) == y",
        "import pytest\n@pytest.mark.parametrize(NAMES, [(1, 2)])\ndef test_a(x, y):\n    assert f(x) == y",
        "import pytest\n@pytest.mark.parametrize('x', [1])\nclass TestF:\n    def test_a(self, x):\n        assert f(x)",
        "from hypothesis import given, strategies as st\n@given(st.integers())\ndef test_a(x):\n    assert f(x)",
        "from unittest import mock\n@mock.patch('time.time')\ndef test_a(now):\n    assert f(1)",
        "def test_a():\n    def numbers():\n        yield 1\n    assert f(numbers())",
        "def check(candidate):\n    assert candidate(1)",
        "def helper(x):\n    yield x\nassert f(1)",
    ],
)
def test_what_can_be_run(source: str) -> None:
    assert what_cannot_be_run(ast.parse(source)) == ""
    assert holds_tests(ast.parse(source))


@pytest.mark.parametrize(
    "source", ["x = 1", "def detest(): pass", "class A:\n    def test_a(self): pass", "class TestA: pass"]
)
def test_files_without_a_test(source: str) -> None:
    assert not holds_tests(ast.parse(source))
