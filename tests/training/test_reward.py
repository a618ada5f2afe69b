"""Reward models: they begin at ln 2, learn a synthetic preference, and can be loaded again."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch

from small_policy import ENCODER, PROMPTS, parameters_of, small_policy
from treadle.errors import DataError
from treadle.training.log import read_log
from treadle.training.loop import LOG, Plan
from treadle.training.preference import Pair, SamplePair, sample_pairs
from treadle.training.reward import RewardModel, load_run, preferences, train_reward


def pairs_by_vowels(count: int, seed: int) -> list[SamplePair]:
    """The answer with more vowels is the better one."""
    rng, found = random.Random(seed), []
    while len(found) < count:
        texts = ["".join(rng.choices("aeioubcdfg", k=8)) for _ in range(2)]
        texts.sort(key=lambda text: sum(c in "aeiou" for c in text))
        if sum(c in "aeiou" for c in texts[1]) > sum(c in "aeiou" for c in texts[0]) + 1:
            found.append(Pair(prompt=rng.choice(PROMPTS), chosen=texts[1], rejected=texts[0]))
    return sample_pairs(ENCODER, found)


def test_a_synthetic_preference_is_learnt_on_pairs_that_were_held_out(tmp_path: Path) -> None:
    pairs, held = pairs_by_vowels(200, 1), pairs_by_vowels(60, 2)
    model = RewardModel(small_policy())
    assert preferences(model, held) == {"loss": pytest.approx(0.693147, abs=1e-6), "accuracy": 0.5}
    plan = Plan(steps=60, learning_rate=3e-3, warm_up=5, evaluate_every=20)
    finished = train_reward(model, parameters_of(model.transformer), pairs, held, plan, tmp_path, n_pairs=16)
    log = read_log(tmp_path / LOG)
    assert log[0]["loss"] == pytest.approx(0.693147, abs=1e-6)
    assert finished.best_loss is not None
    assert finished.best_loss < 0.4
    found = preferences(model, held)
    assert found["accuracy"] >= 0.9
    assert max(line.get("evaluation_accuracy", 0) for line in log) >= 0.9

    chosen = [model.judge([pair[0]])[0] for pair in pairs]
    assert sum(chosen) / len(chosen) == pytest.approx(0, abs=1e-4)
    other = RewardModel(small_policy(9))
    load_run(other, parameters_of(other.transformer), tmp_path)
    assert preferences(other, held) == found
    with pytest.raises(DataError, match="has other parameters"):
        load_run(other, {}, tmp_path)


def test_a_reward_is_that_of_the_last_token_whatever_stands_beside() -> None:
    model = RewardModel(small_policy())
    torch.nn.init.normal_(model.head.weight)
    samples = [pair[0] for pair in pairs_by_vowels(3, 3)]
    assert model.judge(samples) == pytest.approx([model.judge([sample])[0] for sample in samples], abs=1e-5)
