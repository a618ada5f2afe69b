"""Duplicates: real ones, of libraries that are installed twice because pip carries copies of them."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from treadle.training.dedup import NearIndex, fingerprint_of, jaccard, shingles, unique


def folder_of(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        pytest.skip(f"{package} is not installed")
    return Path(spec.origin).parent


def sources(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py"))}


def test_signs_and_spaces_do_not_matter_and_words_do() -> None:
    assert fingerprint_of("def f(a):\n\treturn a") == fingerprint_of("def f( a ) :\n    return a\n")
    assert fingerprint_of("def f(a)") != fingerprint_of("def fa()")
    assert fingerprint_of("a b") != fingerprint_of("b a")


def test_a_library_that_is_installed_twice_is_kept_once() -> None:
    """rich, and the copy of it in pip, whose imports are rewritten: some files are the same, the others nearly so."""
    ours, copies = sources(folder_of("rich")), sources(folder_of("pip") / "_vendor" / "rich")
    both = sorted(ours.keys() & copies.keys())
    assert len(both) > 50
    why: Counter[str] = Counter()
    documents = [("ours", name, ours[name]) for name in both] + [("copy", name, copies[name]) for name in both]
    found = {(where, name) for where, name, _ in unique(documents, lambda d: d[2], why)}
    shared = {name: jaccard(ours[name], copies[name]) for name in both}
    alike = [name for name in both if shared[name] > 0.9]
    missed = [name for name in alike if ("copy", name) in found]
    assert why["exact"] > 0
    assert len(alike) > 30
    assert len(missed) <= len(alike) * 0.03
    assert all(("copy", name) in found for name in both if shared[name] < 0.6)


def test_different_modules_all_stay() -> None:
    texts = list(sources(folder_of("json")).values()) + list(sources(folder_of("email")).values())
    worst = max(jaccard(a, b) for a, b in itertools.combinations(texts, 2))
    assert worst < 0.6
    assert len(list(unique(texts, str))) == len(texts)


def test_minima_estimate_the_jaccard_index() -> None:
    rng = random.Random(0)
    words = [f"w{i}" for i in range(2000)]
    index = NearIndex()
    for share in (0.3, 0.6, 0.9):
        errors = []
        for _ in range(20):
            rng.shuffle(words)
            one = " ".join(words)
            other = " ".join([*words[: int(share * 2000)], *(f"v{i}" for i in range(int(2000 * (1 - share))))])
            a, b = index.minima(one), index.minima(other)
            assert a is not None
            assert b is not None
            errors.append(float(np.mean(a == b)) - jaccard(one, other))
        assert abs(sum(errors) / 20) < 0.04  # one estimate has a standard deviation of 0.044 at most
        assert max(map(abs, errors)) < 0.2


def test_texts_shorter_than_a_shingle() -> None:
    assert len(shingles("one two")) == 1
    assert len(shingles("")) == 0
    assert list(unique(["", "", "x y", "x y z", "x y"], str)) == ["", "x y", "x y z"]


def test_only_exact_duplicates_on_request() -> None:
    long = " ".join(f"w{i}" for i in range(300))
    assert len(list(unique([long, long + " more", long], str, near=None))) == 2
    assert len(list(unique([long, long + " more", long], str))) == 1


def test_documents_are_taken_one_by_one() -> None:
    taken = []

    def stream() -> object:
        for i in range(10**9):
            taken.append(i)
            yield f"document number {i} about {i**2} and {i**3} with {i**4} of {i**5}"

    found = unique(stream(), str)  # type: ignore[arg-type]
    next(found)
    next(found)
    assert len(taken) == 2
