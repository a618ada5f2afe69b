"""Infill training: what documents become, and a model that learns to fill a hole from both sides."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path

import numpy as np
import pytest

from tiny_model import tiny_loaded
from treadle.errors import UsageError
from treadle.training.infill import InfillOptions, infill_samples, train_infill
from treadle.training.log import read_log
from treadle.training.loop import LOG, Plan
from treadle.training.objectives.causal_masking import unmasked
from treadle.training.rows import Sample

VOCABULARY = tiny_loaded().vocabulary
OPTIONS = InfillOptions(masks=("<|begin|>",), end="<|im_end|>", most_tokens=80)
MASK, END = 0, 1
CODE = "".join(f"def f{i}(x):\n    y = x + {i}\n    return y * {i * i}\n\n\n" for i in range(40))


def samples(**changes: object) -> list[Sample]:
    return list(infill_samples([CODE], VOCABULARY, dataclasses.replace(OPTIONS, **changes), seed=3))  # type: ignore[arg-type]


def test_the_pieces_are_the_document_again() -> None:
    found = samples()
    assert len(found) > 10
    assert max(map(len, found)) <= 80
    pieces = [unmasked(sample.ids.tolist(), [MASK], END) for sample in found]
    assert VOCABULARY.decode([token for piece in pieces for token in piece]) == CODE
    for sample in found:
        assert not sample.learn[sample.ids == MASK].any()
        assert sample.learn[sample.ids == END].all()


def test_the_same_seed_gives_the_same_samples_and_copies_differ() -> None:
    one, other, twice = samples(), samples(), samples(copies=2)
    assert all(np.array_equal(a.ids, b.ids) for a, b in zip(one, other, strict=True))
    assert len(twice) == 2 * len(one)
    assert any(not np.array_equal(a.ids, b.ids) for a, b in zip(twice[: len(one)], twice[len(one) :], strict=True))


def test_objectives_are_mixed_by_weight() -> None:
    plain = samples(causal=0, plain=1)
    assert all(MASK not in sample.ids for sample in plain)
    lines = samples(causal=0, lines=1)
    assert all((sample.ids == MASK).sum() == 2 and sample.ids[-1] == END for sample in lines)
    mixed = samples(causal=1, plain=3, copies=20)
    share = sum(MASK in sample.ids for sample in mixed) / len(mixed)
    assert share == pytest.approx(0.25, abs=0.08)
    with pytest.raises(UsageError, match="three masks"):
        samples(middle=1)
    with pytest.raises(UsageError, match="one must be positive"):
        samples(causal=0)
    with pytest.raises(UsageError, match="no special token"):
        samples(end="the")


def test_a_model_learns_to_fill_in(tmp_path: Path) -> None:
    from small_policy import parameters_of, small_policy

    model, found = small_policy(), samples(copies=3, most_tokens=60)
    random.Random(0).shuffle(found)
    plan = Plan(steps=30, learning_rate=3e-3, evaluate_every=15)
    finished = train_infill(model, parameters_of(model), found[8:], found[:8], plan, tmp_path, tokens_a_batch=240)
    log = read_log(tmp_path / LOG)
    assert log[0]["loss"] == pytest.approx(np.log(VOCABULARY.size), abs=0.3)
    assert finished.best_loss is not None
    assert finished.best_loss < 3.5
