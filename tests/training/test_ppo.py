"""PPO on a synthetic reward: it rises, the price keeps the policy near, and without one it drifts further."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from small_policy import ENCODER, PROMPTS, parameters_of, small_letters, small_policy
from treadle.model.lora import Shape, add_adapter
from treadle.training.log import read_log
from treadle.training.loop import LOG, Plan
from treadle.training.ppo import PpoOptions, train_ppo
from treadle.training.preference import answer_sample
from treadle.training.reward import RewardModel


def run(folder: Path, steps: int, *, resume: bool = False, lora: bool = False, **options: Any) -> list[dict[str, Any]]:
    policy = small_policy()
    value = RewardModel(copy.deepcopy(policy))
    parameters = parameters_of(policy)
    if lora:
        parameters = add_adapter(policy, Shape(rank=4, alpha=8.0))
    pretraining = [answer_sample(ENCODER, PROMPTS[0], "abc")] if options.get("pretraining") else []
    train_ppo(
        policy, parameters, value, parameters_of(value.transformer), small_letters, PROMPTS, ENCODER,
        PpoOptions(**{"prompts": 4, "answers": 8, "most_new_tokens": 6, **options}),
        Plan(steps=40, learning_rate=5e-3, schedule="constant", checkpoint_every=3), folder,
        pretraining=pretraining, resume=resume, on_step=_until(steps),
    )  # fmt: skip
    return read_log(folder / LOG)


class KilledError(Exception):
    pass


def _until(steps: int) -> Any:
    def told(figures: Any) -> None:
        if figures["step"] == steps < 40:
            raise KilledError

    return told


def test_the_reward_rises_and_without_a_price_the_policy_drifts_further(tmp_path: Path) -> None:
    priced, free = run(tmp_path / "priced", 40, beta=0.1), run(tmp_path / "free", 40, beta=0.0)
    for log in (priced, free):
        assert log[-1]["reward"] > log[0]["reward"] + 0.1
        assert log[0]["kl"] == pytest.approx(0, abs=1e-6)
    assert priced[-1]["kl"] < 0.6
    assert free[-1]["kl"] > 2 * priced[-1]["kl"]


def timeless(log: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{k: v for k, v in line.items() if k not in ("seconds", "tokens_per_second")} for line in log]


def test_a_run_that_was_killed_between_two_passes_goes_on_with_the_same_numbers(tmp_path: Path) -> None:
    whole = run(tmp_path / "whole", 40, pretraining=1.0, passes=2, answers=2)
    with pytest.raises(KilledError):
        run(tmp_path / "cut", 5, pretraining=1.0, passes=2, answers=2)
    resumed = run(tmp_path / "cut", 40, pretraining=1.0, passes=2, answers=2, resume=True)
    assert timeless(resumed) == timeless(whole)


def test_an_adapter_is_trained_against_the_model_without_it(tmp_path: Path) -> None:
    log = run(tmp_path, 40, lora=True, beta=0.0, answers=4, pretraining=0.1)
    assert log[0]["kl"] == pytest.approx(0, abs=1e-6)
    assert log[-1]["kl"] > 0
    assert log[-1]["reward"] > log[0]["reward"]
