"""GRPO with a function as the reward: it rises, and what a recipe names is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from small_policy import ENCODER, PROMPTS, parameters_of, small_letters, small_policy
from treadle.errors import UsageError
from treadle.training.grpo import GrpoOptions, judge_named, train_grpo
from treadle.training.log import read_log
from treadle.training.loop import LOG, Plan


def test_the_reward_rises_and_drift_is_priced(tmp_path: Path) -> None:
    policy = small_policy()
    options = GrpoOptions(prompts=4, answers=8, most_new_tokens=6)
    plan = Plan(steps=40, learning_rate=2e-3, schedule="constant")
    train_grpo(policy, parameters_of(policy), small_letters, PROMPTS, ENCODER, options, plan, tmp_path)
    log = read_log(tmp_path / LOG)
    assert log[-1]["reward"] > log[0]["reward"] + 0.1
    assert log[0]["kl"] == pytest.approx(0, abs=1e-6)
    assert 0 < log[-1]["kl"] < 1
    assert all(0 <= line["alike"] <= 1 for line in log)


def test_a_group_of_one_is_refused(tmp_path: Path) -> None:
    policy, options = small_policy(), GrpoOptions(answers=1)
    with pytest.raises(UsageError, match="measured against their group"):
        train_grpo(policy, {}, small_letters, PROMPTS, ENCODER, options, Plan(steps=1), tmp_path)


def test_the_reward_that_a_recipe_names() -> None:
    assert judge_named("builtins:len") is len
    for name in ("builtins", "builtins:nothing", "no.such.module:f", ""):
        with pytest.raises(UsageError, match=r"no 'package\.module:function'"):
            judge_named(name)
    with pytest.raises(UsageError, match="no function"):
        judge_named("math:pi")
