"""Fill in the middle: both arrangements item by item, and the round trip of the cut."""

from __future__ import annotations

import random

from treadle.training.objectives.fill_in_middle import Markers, arranged, cut_at_lines, cut_in_three, middle_prompt

MARKERS = Markers(prefix=90, suffix=91, middle=92, end=93)


def test_prefix_suffix_middle() -> None:
    sample = arranged([1, 2], [3], [4, 5], MARKERS)
    assert sample.ids.tolist() == [90, 1, 2, 91, 4, 5, 92, 3, 93]
    assert sample.learn.tolist() == [False, True, True, False, True, True, False, True, True]
    assert middle_prompt([1, 2], [4, 5], MARKERS) == [90, 1, 2, 91, 4, 5, 92]


def test_context_that_is_only_read() -> None:
    for order in ("psm", "spm"):
        learnt, read = (arranged([1, 2], [3], [4, 5], MARKERS, order, learn_context=learn) for learn in (True, False))
        assert learnt.ids.tolist() == read.ids.tolist()
        assert read.ids[read.learn].tolist() == [3, 93]


def test_suffix_prefix_middle() -> None:
    sample = arranged([1, 2], [3], [4, 5], MARKERS, "spm")
    assert sample.ids.tolist() == [90, 91, 4, 5, 92, 1, 2, 3, 93]
    assert sample.learn.tolist() == [False, False, True, True, False, True, True, True, True]
    assert middle_prompt([1, 2], [4, 5], MARKERS, "spm") == [90, 91, 4, 5, 92, 1, 2]


def test_three_parts_are_the_text_and_any_may_be_empty() -> None:
    rng = random.Random(0)
    text = "def f(x):\n    return x\n"
    cuts = [cut_in_three(rng, text) for _ in range(2000)]
    assert all("".join(parts) == text for parts in cuts)
    assert all(any(not parts[place] for parts in cuts) for place in range(3))
    assert {len(parts[0]) for parts in cuts} == set(range(len(text) + 1))
    assert cut_in_three(rng, "") == ("", "", "")


def test_whole_lines_are_cut_as_a_hole_of_the_evaluation_is() -> None:
    rng = random.Random(0)
    text = "def f(x):\n    y = x\n\n    return y\n"
    cuts = [cut_at_lines(rng, text) for _ in range(500)]
    assert {parts[1] for parts in cuts if parts} == {
        "\n    y = x",
        "\n    y = x\n",
        "\n    y = x\n\n    return y",
        "\n\n    return y",
        "\n    return y",
    }
    assert all(parts and "".join(parts) == text for parts in cuts)
    assert cut_at_lines(rng, "x = 1\n") is None
    assert cut_at_lines(rng, "x = 1\n   \n") is None
