"""Causal masking: the talk's example byte for byte, the round trip, the distribution of spans, what is learnt."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from pathlib import Path

import pytest

from tiny_model import tiny_loaded
from treadle.errors import UsageError
from treadle.training.objectives.causal_masking import (
    Sentinels,
    code_spans,
    draw_spans,
    infill_prompt,
    masked_document,
    moved,
    n_spans,
    sentinels_named,
    unmasked,
)

COUNT_WORDS = '''def count_words(filename: str) -> Dict[str, int]:
    """Count the number of occurrences of each word in the file."""
    with open(filename, 'r') as f:
        word_counts = {}
        for line in f:
            for word in line.split():
                if word in word_counts:
                    word_counts[word] += 1
                else:
                    word_counts[word] = 1
    return word_counts
'''
SPAN = "word_counts = {}\n        for line in f:\n            for word in line.split():\n                if word"
MASKS = [f"<Mask:{k}>" for k in range(256)]
EOM = "<EOM>"


def text(items: list[tuple[str, bool]]) -> str:
    return "".join(item for item, _ in items)


def test_the_talks_example_byte_for_byte() -> None:
    assert len(COUNT_WORDS) == 409
    start = COUNT_WORDS.index(SPAN)
    assert (start, len(SPAN)) == (161, 101)
    laid_out = moved(COUNT_WORDS, [(start, start + len(SPAN))], MASKS, EOM)
    left, right = COUNT_WORDS[:161], COUNT_WORDS[262:]
    assert text(laid_out) == f"{left}<Mask:0>{right}<Mask:0>{SPAN}<EOM>"
    assert right.startswith(" in word_counts:\n")
    assert left.endswith("as f:\n        ")
    assert "".join(unmasked([item for item, _ in laid_out], MASKS, EOM)) == COUNT_WORDS
    assert "".join(infill_prompt([left, right], MASKS)) == f"{left}<Mask:0>{right}<Mask:1><Mask:0>"


def test_sentinels_are_read_and_the_end_is_learnt() -> None:
    laid_out = moved("abcdefgh", [(1, 3), (5, 6)], MASKS, EOM)
    assert text(laid_out) == "a<Mask:0>de<Mask:1>gh<Mask:0>bc<EOM><Mask:1>f<EOM>"
    assert {item for item, learnt in laid_out if not learnt} == {"<Mask:0>", "<Mask:1>"}
    assert sum(learnt for _, learnt in laid_out) == 8 + 2
    sample = masked_document([11, 12, 13, 14], [(1, 3)], Sentinels(masks=(1, 2), end=3), before=[0])
    assert sample.ids.tolist() == [0, 11, 1, 14, 1, 12, 13, 3]
    assert sample.learn.tolist() == [False, True, False, True, False, True, True, True]


def test_several_holes_are_filled_one_by_one() -> None:
    parts, first = ["A", "C", "E"], ["B", EOM]
    assert "".join(infill_prompt(parts, MASKS)) == "A<Mask:0>C<Mask:1>E<Mask:2><Mask:0>"
    assert "".join(infill_prompt(parts, MASKS, [first])) == "A<Mask:0>C<Mask:1>E<Mask:2><Mask:0>B<EOM><Mask:1>"
    with pytest.raises(UsageError, match="2 of them filled"):
        infill_prompt(parts, MASKS, [first, first])


def documents(count: int) -> list[str]:
    folder = Path(random.__file__).parent
    lines = [line for path in sorted(folder.glob("*.py"))[:60] for line in path.read_text(encoding="utf-8").split("\n\n")]
    return [line for line in lines if line][:count]


@pytest.mark.parametrize("draw", [draw_spans, code_spans])
def test_a_thousand_documents_come_back(draw: object) -> None:
    assert callable(draw)
    rng = random.Random(5)
    found = documents(1000)
    assert len(found) == 1000
    for document in found:
        items = [item for item, _ in moved(document, draw(rng, len(document)), MASKS, EOM)]
        assert "".join(unmasked(items, MASKS, EOM)) == document


def test_a_text_that_broke_off_is_told() -> None:
    with pytest.raises(UsageError, match="does not end"):
        unmasked(["a", "<Mask:0>", "b", "<Mask:0>", "c"], MASKS, EOM)
    with pytest.raises(UsageError, match="every hole"):
        unmasked(["a", "<Mask:0>", "b"], MASKS, EOM)
    with pytest.raises(UsageError, match="not filled"):
        unmasked(["<Mask:0>", "<Mask:1>", "<Mask:0>", "c", EOM, "<Mask:2>", EOM], MASKS, EOM)


def test_the_number_of_spans_is_a_truncated_poisson() -> None:
    rng = random.Random(1)
    counts = Counter(n_spans(rng) for _ in range(100_000))
    assert counts[1] / 100_000 == pytest.approx(0.582, abs=0.005)
    assert counts[2] / 100_000 == pytest.approx(0.291, abs=0.005)
    assert sum(n * c for n, c in counts.items()) / 100_000 == pytest.approx(1.582, abs=0.01)
    assert min(counts) == 1
    assert max(counts) <= 256


def test_drawn_spans_keep_that_number_and_never_overlap() -> None:
    rng = random.Random(2)
    drawn = [draw_spans(rng, 1000) for _ in range(10_000)]
    counts = Counter(map(len, drawn))
    assert counts[1] / len(drawn) == pytest.approx(0.582, abs=0.016)
    assert sum(n * c for n, c in counts.items()) / len(drawn) == pytest.approx(1.582, abs=0.03)
    for spans in drawn:
        places = [0, *(edge for span in spans for edge in span), 1000]
        assert places == sorted(places)
        assert all(start < end for start, end in spans)
    lengths = [end - start for spans in drawn if len(spans) == 1 for start, end in spans]
    assert sum(lengths) / len(lengths) == pytest.approx(500, abs=14)  # uniform over 1 to 1000


def test_two_spans_are_rejected_as_often_as_the_literal_rule_says() -> None:
    rng, accepted = random.Random(3), 0
    for _ in range(40_000):
        spans = []
        for _ in range(2):
            size = rng.randint(1, 1000)
            start = rng.randint(0, 1000 - size)
            spans.append((start, start + size))
        (_, end), (start, _) = sorted(spans)
        accepted += end <= start
    assert accepted / 40_000 == pytest.approx(0.147, abs=0.008)


@pytest.mark.parametrize("length", [0, 1, 2, 3])
def test_short_documents_get_the_spans_that_they_have_room_for(length: int) -> None:
    rng = random.Random(4)
    for _ in range(200):
        spans = draw_spans(rng, length)
        assert len(spans) <= (length + 1) // 2
        assert all(0 <= start < end <= length for start, end in spans)


def test_the_published_codes_draw() -> None:
    rng = random.Random(6)
    drawn = [code_spans(rng, 900) for _ in range(20_000)]
    assert sum(not spans for spans in drawn) / len(drawn) == pytest.approx(0.368, abs=0.011)
    single = [spans[0] for spans in drawn if len(spans) == 1]
    assert all(end <= 900 for _, end in single)
    assert max(map(len, drawn)) < 256
    for spans in drawn:
        assert all(one[1] <= other[0] for one, other in itertools.pairwise(spans))


def test_sentinels_must_be_special_tokens() -> None:
    vocabulary = tiny_loaded().vocabulary
    found = sentinels_named(vocabulary, ["<|begin|>"], "<|im_end|>")
    assert (found.masks, found.end) == ((0,), 1)
    with pytest.raises(UsageError, match="'the': no special token"):
        sentinels_named(vocabulary, ["the"], "<|im_end|>")
    with pytest.raises(UsageError, match="different tokens"):
        Sentinels(masks=(1, 2), end=2)


def test_spans_must_be_in_order_and_have_masks() -> None:
    for spans in ([(3, 5), (1, 2)], [(2, 2)], [(7, 9)]):
        with pytest.raises(UsageError, match="is empty, out of order"):
            moved("abcdefgh", spans, MASKS, EOM)
    with pytest.raises(UsageError, match="as many masks"):
        moved("abcdefgh", [(0, 1), (2, 3)], MASKS[:1], EOM)
