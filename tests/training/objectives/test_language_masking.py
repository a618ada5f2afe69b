"""Language causal masking: on a thousand lines of the standard library, every segment is where an editor would ask."""

from __future__ import annotations

import argparse
import random
from pathlib import Path

from tiny_model import tiny_loaded
from treadle.training.objectives.causal_masking import Sentinels
from treadle.training.objectives.language_masking import TRIGGERS, Hole, draw_hole, holes, masked_line

SENTINELS = Sentinels(masks=(0,), end=1)
CODE = "\n".join(Path(argparse.__file__).read_text(encoding="utf-8").split("\n")[100:1100])


def naive_holes(code: str) -> set[tuple[int, int]]:
    found = set()
    for start in range(1, len(code)):
        if code[start - 1] in TRIGGERS:
            end = next((i for i in range(start, len(code)) if code[i] == "\n"), len(code))
            if code[start:end].strip():
                found.add((start, end))
    return found


def test_every_segment_starts_after_a_trigger_and_ends_at_the_end_of_its_line() -> None:
    found = holes(CODE)
    assert len(found) > 1000
    assert set(found) == naive_holes(CODE)
    assert len(set(found)) == len(found)


def test_the_three_parts_are_encoded_apart() -> None:
    vocabulary, rng = tiny_loaded().vocabulary, random.Random(1)
    for _ in range(40):
        hole = draw_hole(rng, CODE)
        assert hole is not None
        assert hole.before + hole.target + hole.after == CODE
        sample = masked_line(vocabulary, hole, SENTINELS, 10**6)
        assert sample is not None
        parts = [vocabulary.encode(part) for part in (hole.before, hole.after, hole.target)]
        assert sample.ids.tolist() == [*parts[0], 0, *parts[1], 0, *parts[2], 1]
        assert sample.learn.sum() == len(sample) - 2 - 1  # two masks, and the first token of all
        assert not sample.learn[sample.ids == 0].any()
        assert sample.learn[-1]


def test_the_room_is_shared_70_to_30_and_what_one_side_leaves_the_other_takes() -> None:
    vocabulary = tiny_loaded().vocabulary
    hole = Hole("q" * 300, "zz", "\n" + "r" * 300)
    sample = masked_line(vocabulary, hole, SENTINELS, 105, metadata=[7, 7], learn_context=False)
    assert sample is not None
    ids = sample.ids.tolist()
    n_before = ids.index(0) - 2
    assert (len(ids), n_before) == (105, int(0.7 * (105 - 3 - 2 - 2)))
    assert sample.learn.sum() == 3
    short = masked_line(vocabulary, Hole("qq", "zz", "\n" + "r" * 300), SENTINELS, 105)
    assert short is not None
    assert len(short) == 105
    assert masked_line(vocabulary, Hole("q", "z" * 50, ""), SENTINELS, 52) is None


def test_code_without_a_trigger_has_no_hole() -> None:
    assert draw_hole(random.Random(0), "x\ny(\n") is None
