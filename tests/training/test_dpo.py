"""DPO: ln 2 at the start, and a synthetic preference on pairs that were held out."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from small_policy import ENCODER, PROMPTS, parameters_of, small_policy
from treadle.training.dpo import train_dpo
from treadle.training.log import read_log
from treadle.training.loop import LOG, Plan
from treadle.training.preference import Pair, SamplePair, sample_pairs


def pairs(count: int, seed: int) -> list[SamplePair]:
    """Small letters rather than capital ones."""
    rng, found = random.Random(seed), []
    for _ in range(count):
        text = "".join(rng.choices("abcdefghij", k=6))
        found.append(Pair(prompt=rng.choice(PROMPTS), chosen=text, rejected=text.upper()))
    return sample_pairs(ENCODER, found)


def test_a_synthetic_preference_is_learnt(tmp_path: Path) -> None:
    policy = small_policy()
    plan = Plan(steps=25, learning_rate=2e-3, evaluate_every=25)
    train_dpo(policy, parameters_of(policy), pairs(64, 1), pairs(20, 2), plan, tmp_path, n_pairs=8)
    log = read_log(tmp_path / LOG)
    assert log[0]["loss"] == pytest.approx(0.693147, abs=1e-6)
    assert log[0]["margin"] == pytest.approx(0, abs=1e-5)
    assert log[-1]["margin"] > 0.5
    assert log[-1]["evaluation_accuracy"] >= 0.9
    assert log[-1]["evaluation_loss"] < 0.6
