"""What comes after a hole told first: held against a version that goes character by character, and cut as it was written."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiny_model import tiny_loaded
from treadle.training.objectives.told_first import (
    LineHole,
    body_line,
    closing_line,
    cut_at_closing,
    draw_line_hole,
    told,
    told_first,
    told_sample,
)

TOTAL = 'def total(xs):\n    """The sum."""\n    found = 0\n    for x in xs:\n        found += x\n\n    return found\n'
HOLE = LineHole(TOTAL[: TOTAL.index("\n    for")], "\n    for x in xs:\n        found += x", "\n\n    return found\n")
SHOWN = """# What comes later:
    return found

# The whole code:
def total(xs):
    \"\"\"The sum.\"\"\"
    found = 0"""
TEXTS = st.text("ab \n", max_size=30)


def naive(shown: str, written: str, end: int) -> tuple[list[int], list[bool]]:
    """Characters as tokens, one by one: everything is read until the shown text is over, then everything is learnt."""
    ids, learn = list[int](), list[bool]()
    for place, character in enumerate(shown + written):
        ids.append(ord(character))
        learn.append(place >= len(shown) and place > 0)
    return [*ids, end], [*learn, bool(ids)]


@given(TEXTS, TEXTS)
def test_it_is_what_the_naive_version_gives(shown: str, written: str) -> None:
    sample = told_first([ord(c) for c in shown], [ord(c) for c in written], 7)
    assert (sample.ids.tolist(), sample.learn.tolist()) == naive(shown, written, 7)


def test_a_hole_to_the_byte() -> None:
    assert told(HOLE.after) + HOLE.before == SHOWN
    assert HOLE.before + HOLE.filling + HOLE.after == TOTAL
    assert HOLE.filling + closing_line(HOLE.after) == "\n    for x in xs:\n        found += x\n\n    return found"


def test_tokens_are_those_of_the_question_and_the_answer() -> None:
    """Nothing of what is shown is encoded together with what is written: at inference it is not, either."""
    vocabulary = tiny_loaded().vocabulary
    sample = told_sample(vocabulary, HOLE, 1)
    written = vocabulary.encode(HOLE.filling + closing_line(HOLE.after))
    assert sample.ids.tolist() == [*vocabulary.encode(SHOWN), *written, 1]
    assert sample.learn.tolist() == [False] * (len(sample) - len(written) - 1) + [True] * (len(written) + 1)


@pytest.mark.parametrize("after", ["", "\n", "\n  \n"])
def test_that_nothing_comes_after_is_told(after: str) -> None:
    assert told(after) == "# Nothing comes later.\n\n# The whole code:\n"
    assert closing_line(after) == ""
    assert cut_at_closing("\n    return 1\n\n", after) == ("\n    return 1", True)


def test_only_so_much_is_quoted_but_one_line() -> None:
    after = "\n    first\n    second\n    third\n"
    quoted = [told(after, most).split("\n# ")[0].split("\n")[1:-1] for most in (1, 20, 21, 300)]
    lines = ["    first", "    second", "    third"]
    assert quoted == [lines[:1], lines[:2], lines[:2], lines]


@pytest.mark.parametrize(
    ("text", "filling", "ended"),
    [
        ("\n    a\n    return x", "\n    a", True),
        ("\n    a\n    return x\n\n", "\n    a", True),
        ("\n    a\n\n    return x\n    more", "\n    a\n", True),
        ("\n    return x\n    b\n    return x", "\n    return x\n    b", True),
        ("\n    return x\n    b\n    return x\ndef more():", "", True),
        ("\n    return x + 1", "\n    return x + 1", False),
        ("    return x", "    return x", False),
    ],
)
def test_a_text_is_cut_where_the_rest_begins(text: str, filling: str, ended: bool) -> None:
    assert cut_at_closing(text, "\n\n    return x\n") == (filling, ended)


@given(st.integers(0, 10_000), st.booleans())
def test_what_is_drawn_is_cut_back_out_of_what_is_learnt(seed: int, single: bool) -> None:
    hole = draw_line_hole(random.Random(seed), TOTAL, body_line(TOTAL), single=single)
    assert hole is not None
    assert hole.before + hole.filling + hole.after == TOTAL
    assert hole.before.startswith('def total(xs):\n    """The sum."""')
    assert hole.filling.startswith("\n")
    assert sum(bool(line.strip()) for line in hole.filling.split("\n")) == 1 or not single
    found, ended = cut_at_closing(hole.filling + closing_line(hole.after), hole.after)
    assert ended
    assert hole.before + found.rstrip() == (hole.before + hole.filling).rstrip()


def test_every_block_is_as_likely() -> None:
    rng = random.Random(1)
    drawn = [draw_line_hole(rng, "a\nb\n\nc") for _ in range(3000)]
    counts = [
        sum(hole == LineHole("a", filling, after) for hole in drawn)
        for filling, after in (("\nb", "\n\nc"), ("\nb\n\nc", ""))
    ]
    assert counts == pytest.approx([1000, 1000], rel=0.1)
    assert draw_line_hole(rng, "alone") is None
    assert draw_line_hole(rng, "a\n  \n") is None


@pytest.mark.parametrize(
    ("text", "line"),
    [(TOTAL, 2), ("def f():\n    return 1", 1), ("x = 1\ny = 2", 1), ("def f(:\n", 1), ("", 1), ('def f():\n    "only"', 1)],
)
def test_where_a_body_begins(text: str, line: int) -> None:
    assert body_line(text) == line


def test_samples_are_learnt_from_their_second_token_on() -> None:
    assert told_first([], [5, 6], 7).learn.tolist() == [False, True, True]
    assert told_first([], [], 7).ids.dtype == np.int32
