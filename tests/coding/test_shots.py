"""The examples for a request: near, working on the user's file, none shown twice."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from summaries import summarise
from treadle.coding.shots import data_examples, function_examples, nearest_examples
from treadle.prompts import preamble
from treadle.retrieval import Search, builtin_packs
from treadle.retrieval.similarity import relatedness
from treadle.sandbox import Sandbox
from treadle.types import Example, Program

ZMUMU = Path(__file__).parents[2] / "examples" / "data" / "zmumu.root"
PACKS = builtin_packs()
ALL = [e for pack in PACKS for e in pack.examples]


def example(request: str, body: str) -> Example:
    return Example(id=request, request=request, program=body, body=body, pack="p", kind="data")


def found(sandbox: Sandbox, request: str, path: Path, k: int = 4) -> list[Example]:
    data = summarise(path)
    opening = preamble(data, data.tables[0], wide=False)
    return list(data_examples(Search(ALL), PACKS, request, data, opening, sandbox, k).examples)


@pytest.mark.parametrize("request_", ["What is the mean of M?", "How many events have pt1 above 40?"])
def test_examples_work_on_the_file(sandbox: Sandbox, request_: str) -> None:
    shown = found(sandbox, request_, ZMUMU)
    assert 1 <= len(shown) <= 4
    assert len({" ".join(e.body.split()) for e in shown}) == len(shown)
    for one in shown:
        run = sandbox.run(Program(source=one.program), [ZMUMU])
        assert run.ok, (one.program, run.error)
        assert "nan" not in run.stdout


def test_the_nearest_example_speaks_of_the_same_operation(sandbox: Sandbox) -> None:
    best = found(sandbox, "How many events have pt1 above 40?", ZMUMU)[0]
    assert 'events["pt1"] > 40' in best.body


def test_a_file_that_no_example_fits_gets_few_and_working_ones(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "words.csv"
    path.write_text("word,other\nab,cd\nef,gh\n", encoding="utf-8")
    for one in found(sandbox, "Which word is the longest?", path):
        assert sandbox.run(Program(source=one.program), [path]).ok


def test_k_bounds(sandbox: Sandbox) -> None:
    assert len(found(sandbox, "What is the mean of M?", ZMUMU, k=1)) == 1
    assert len(function_examples(Search(ALL), "reverse the words of a text", 3)) <= 3


def test_function_examples_are_functions() -> None:
    assert {e.kind for e in function_examples(Search(ALL), "Count the vowels of a word", 4)} == {"function"}


def test_programs_are_shown_once() -> None:
    same = [example("mean of x", "print(1)\n"), example("the mean of x", "print(1)\n\n"), example("sum of x", "print(2)\n")]
    assert len(nearest_examples("mean of x", same, 5)) == 2


def test_many_examples_are_searched_before_they_are_compared() -> None:
    operations = ("mean", "sum", "median", "count", "maximum", "correlation", "fraction")
    many = [example(f"{o} of column {i} in the run", f"print('{o}', {i})\n") for i in range(60) for o in operations]
    found = nearest_examples("the median of column 17 in the run", many, 3)
    assert found[0].request == "median of column 17 in the run"
    assert len(found) == 3


WORDS = ("mean", "sum", "of", "the", "x", "pt1", "count", "events", "above", "3", "median", "histogram")
words = st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join)


@settings(deadline=None, max_examples=50)
@given(st.lists(words, max_size=6), words, st.randoms(use_true_random=False))
def test_nearest_comes_first_whatever_the_order(requests: list[str], request: str, rng: random.Random) -> None:
    examples = [example(r, f"print({i})\n") for i, r in enumerate(requests)]
    shuffled = rng.sample(examples, len(examples))
    ranks = []
    for order in (examples, shuffled):
        found = nearest_examples(request, order, 3)
        ranks.append([round(value, 2) for value in relatedness(request, [e.request for e in found])])
        assert [e.why.rpartition(" ")[2] for e in found] == [f"{value:.2f}" for value in ranks[-1]]
    assert ranks[0] == ranks[1] == sorted(ranks[0], reverse=True)
