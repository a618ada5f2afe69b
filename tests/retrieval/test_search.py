"""The search finds the example a person would pick, takes any text, and gives the same answer every time."""

from __future__ import annotations

import dataclasses
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.retrieval import Search, builtin_packs, deduplicate
from treadle.types import Example
from treadle.words import name_terms, terms

SEARCH = Search(example for pack in builtin_packs() for example in pack.examples)


def example(name: str, request: str, body: str = "", tags: tuple[str, ...] = ()) -> Example:
    return Example(id=name, request=request, program=body, body=body or name, pack="p", kind="data", tags=tags)


@pytest.mark.parametrize(
    ("request_text", "wanted"),
    [
        ("What is the correlation of E1 and pz1?", "correlation_pt1_pt2"),
        ("how many rows?", "count_events"),
        ("What is the total number of entries in the tree", "count_events"),
        ("Fraction of events with MET larger than 40", "fraction_met"),
        ("What is the Pearson correlation between pt1 and pt2?", "correlation_pt1_pt2"),
        ("average transverse momentum of all the muons", "mean_pt_all_muons"),
        ("How many events have exactly two electrons?", "exactly_two_muons"),
        ("number of events with missing transverse energy larger than 100", "met_cut"),
        ("Draw the mass M and save the figure as a png", "plot_mass"),
        ("angular distance between jets and muons", "delta_r_muon_jet"),
        ("scalar sum of jet momenta", "ht"),
        ("sum of weights", "sum_of_weights"),
        ("Which event has the largest M?", "event_with_max_mass"),
        ("wrapped azimuthal difference of phi1 and phi2", "delta_phi"),
    ],
)
def test_finds_what_a_person_would_pick(request_text: str, wanted: str) -> None:
    found = [e.id.partition("/")[2] for e, _ in SEARCH.search(request_text, "data", 5)]
    assert wanted in found


def test_kinds_are_kept_apart() -> None:
    assert {e.kind for e, _ in SEARCH.search("count the muons in a list", "function", 9)} == {"function"}
    assert {e.kind for e, _ in SEARCH.search("count the muons in a list", "data", 9)} == {"data"}


@given(st.text(max_size=200))
def test_any_text_is_a_query(text: str) -> None:
    found = SEARCH.search(text, "data", 3)
    assert len(found) <= 3
    assert found == SEARCH.search(text, "data", 3)
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)


@pytest.mark.parametrize("text", ['"', "a AND (b", "x:y", "[1 TO 2]", "pt1^2 ~ -", "\\", "", "+-!(){}", "\ud800", "\x00"])
def test_query_syntax_means_nothing(text: str) -> None:
    SEARCH.search(text, "data", 3)


def test_ties_are_ordered_by_id() -> None:
    examples = [example(f"p/{i}", "mean of the muon charge", tags=(f"t{i}",)) for i in range(30)]
    examples = [dataclasses.replace(e, data=e.id) for e in examples]
    random.Random(1).shuffle(examples)
    found = [e.id for e, _ in Search(examples).search("mean charge", "data", 5)]
    assert found == sorted(found)
    assert found == [e.id for e, _ in Search(reversed(examples)).search("mean charge", "data", 5)]


def test_prefer_raises_tagged_examples() -> None:
    examples = [example("p/a", "mean muon pt", tags=("jagged",)), example("p/b", "mean muon pt overall", tags=("flat",))]
    assert [e.id for e, _ in Search(examples).search("mean muon pt", "data", 2, prefer=["jagged"])] == ["p/a", "p/b"]
    assert [e.id for e, _ in Search(examples).search("mean muon pt", "data", 2, prefer=["flat"])] == ["p/b", "p/a"]


def test_nothing_to_find() -> None:
    assert Search([]).search("mean", "data", 3) == []
    assert SEARCH.search("mean", "data", 0) == []
    assert SEARCH.search("zzzzqqq", "data", 3) == []


def test_near_equal_examples_are_kept_once() -> None:
    first = example("p/a", "What is the mean of pt1?", "x = 1")
    same_words = example("p/b", "Compute the average of pt1", "y = 2")
    same_body = example("p/c", "What is the mean pt1 of muon one, event by event?", "x  =  1")
    other = example("p/d", "What is the maximum of eta2?", "x = 1")
    assert [e.id for e in deduplicate([first, same_words, other])] == ["p/a", "p/d"]
    assert [e.id for e in deduplicate([first, same_body])] == ["p/a", "p/c"]
    assert len(SEARCH) == sum(len(p.examples) for p in builtin_packs())


def test_ten_thousand_examples_are_quick() -> None:
    words = ["mean", "muon", "jet", "eta", "mass", "charge", "fraction", "cut"]
    draw = random.Random(7)
    examples = [example(f"p/{i}", f"{draw.choice(words)} of {draw.choice(words)} in sample {i}") for i in range(10_000)]
    search = Search(examples)
    start = time.perf_counter()
    search.search("warm up mean", "data", 3)
    built = time.perf_counter() - start
    start = time.perf_counter()
    for i in range(50):
        search.search(f"mean of muon mass in sample {i}", "data", 5)
    assert built < 10
    assert (time.perf_counter() - start) / 50 < 0.05  # 1 ms measured; the limit leaves room for a busy machine


def test_the_same_examples_are_indexed_once() -> None:
    draw = random.Random(8)
    words = ["mean", "muon", "jet", "eta", "mass", "charge", "fraction", "cut"]
    examples = [example(f"p/{i}", f"{draw.choice(words)} of {draw.choice(words)} in part {i}") for i in range(5000)]
    start = time.perf_counter()
    found = Search(examples).search("mean of muon mass", "data", 5)
    first = time.perf_counter() - start
    start = time.perf_counter()
    assert Search(list(examples)).search("mean of muon mass", "data", 5) == found
    assert time.perf_counter() - start < first / 3
    changed = [dataclasses.replace(found[0][0], request="median of jet eta"), *examples[1:]]
    assert Search(changed).search("median of jet eta in none of the parts", "data", 1)[0][0].request == "median of jet eta"


def test_terms_of_requests_and_names_meet() -> None:
    assert set(terms("transverse momentum of the muons")) == set(name_terms("Muon_pt")) == set(name_terms("mu_pt"))
    assert terms("missing transverse energy") == ["met"]
    assert "charge" in terms("opposite-sign pairs")
    assert name_terms("nJet") == ["count", "jet"]
    assert terms("the mass of classes and the axis") == ["mass", "class", "axis"]
