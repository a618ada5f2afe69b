"""Templates with alternatives, and untidy writing."""

from __future__ import annotations

import random

import pytest

from treadle.synthesis.paraphrase import expand, noisy, sentence, tidy


def every(template: str, **slots: str) -> set[str]:
    return {expand(template, random.Random(seed), **slots) for seed in range(60)}


def test_alternatives_may_be_empty_and_hold_others() -> None:
    assert every("[How many|Count [all |the |]]{things}", things=" runs") == {
        "How many runs",
        "Count all runs",
        "Count the runs",
        "Count runs",
    }


def test_what_is_filled_in_is_not_read_again() -> None:
    assert every("of {name}", name="[a|b] {c}") == {"of [a|b] {c}"}


def test_a_slot_may_be_drawn_from_a_list() -> None:
    assert {expand("{x}", random.Random(s), x=["a", "b"]) for s in range(20)} == {"a", "b"}


@pytest.mark.parametrize("template", ["[a|b", "a]b"])
def test_brackets_must_fit(template: str) -> None:
    with pytest.raises(ValueError, match="bracket"):
        expand(template, random.Random(1))


def test_the_same_seed_gives_the_same_text() -> None:
    template = "[a|b|c] [d|e|f] [g|h|i]"
    assert expand(template, random.Random(7)) == expand(template, random.Random(7))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a  order of  a customer .", "an order of a customer."),
        ("with a unit", "with a unit"),
        ("with a unknown age", "with an unknown age"),
        ("grade A or B", "grade A or B"),
        ("a or b", "a or b"),
        ("the names ,", "the names,"),
    ],
)
def test_tidy(text: str, told: str) -> None:
    assert tidy(text) == told


def test_a_sentence_has_one_mark() -> None:
    assert sentence("how many are there?.", True) == "How many are there?"
    assert sentence("list them", False) == "List them."


def test_noise_keeps_the_words() -> None:
    for seed in range(200):
        told = noisy("Show the names of Bergen.", random.Random(seed), share=1.0)
        assert "the names of Bergen" in told
    assert noisy("Show it.", random.Random(1), share=0.0) == "Show it."
