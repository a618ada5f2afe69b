"""``treadle train reward``, ``dpo``, ``ppo`` and ``grpo`` from recipes to files, on a model of a few thousand weights."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from small_policy import ENCODER, small_policy
from treadle.commands.app import app
from treadle.errors import DataError, UnknownNameError, UsageError
from treadle.model.weights import load, save_folder
from treadle.training.feedback import DpoRecipe, GrpoRecipe, PpoRecipe, RewardRecipe, read_prompts
from treadle.training.infill import InfillRecipe
from treadle.training.log import read_log
from treadle.training.recipe import read_recipe

TRAIN = "[train]\nlearning_rate = 3e-3\nwarm_up = 2\nthreads = 1\n"
MODEL = (
    '[model]\nbase = "base"\n[lora]\nrank = 4\n[data]\ntrain = ["pairs.jsonl"]\nmost_tokens = 60\nshare_held_out = 0.25\n'
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_folder(small_policy(), ENCODER.vocabulary, tmp_path / "base")
    rng = random.Random(0)
    lines = []
    for i in range(60):
        text = "".join(rng.choices("abcdefghij", k=6))
        answers = (("chosen", text), ("rejected", text.upper()))
        pair = {key: [{"role": "assistant", "content": value}] for key, value in answers}
        lines.append(json.dumps({"prompt": [{"role": "user", "content": f"q{i}"}], **pair}))
    (tmp_path / "pairs.jsonl").write_text("\n".join(lines) + "\n")
    return tmp_path


def treadle(kind: str, folder: Path, text: str, *more: str) -> Result:
    (folder / f"{kind}.toml").write_text(text)
    words = ["train", kind, "--config", str(folder / f"{kind}.toml"), *more]
    return CliRunner().invoke(app, words, catch_exceptions=False)


def test_from_pairs_to_a_reward_model_to_a_policy(folder: Path) -> None:
    reward = f'run = "reward"\n{MODEL}{TRAIN}steps = 12\nevaluate_every = 6\n'
    done = treadle("reward", folder, reward)
    assert done.exit_code == 0
    assert "12 steps; best held-out loss" in done.stdout
    log = read_log(folder / "reward" / "log.jsonl")
    assert log[0]["loss"] == pytest.approx(0.693147, abs=1e-6)
    assert log[-1]["evaluation_accuracy"] > 0.8
    assert treadle("reward", folder, reward, "--resume").exit_code == 0

    ppo = f'run = "ppo"\nreward = "reward"\n{MODEL}[ppo]\nprompts = 2\nanswers = 2\nmost_new_tokens = 5\n{TRAIN}steps = 4\n'
    done = treadle("ppo", folder, ppo)
    assert done.exit_code == 0
    assert done.stdout.startswith("4 steps")
    assert {"reward", "kl", "clipped", "value_loss"} <= read_log(folder / "ppo" / "log.jsonl")[-1].keys()
    assert (folder / "ppo" / "adapter.gguf").is_file()
    assert json.loads((folder / "ppo" / "card.json").read_text())["data"] == {"requests": 60}
    with pytest.raises(DataError, match="has other parameters"):
        treadle("ppo", folder, ppo.replace("rank = 4", "rank = 2").replace('run = "ppo"', 'run = "other"'))


def test_pairs_train_a_policy_directly(folder: Path) -> None:
    text = f'run = "dpo"\n{MODEL}{TRAIN}epochs = 1\nevaluate_every = 6\n'.replace("rank = 4", "rank = 0")
    assert treadle("dpo", folder, text).exit_code == 0
    log = read_log(folder / "dpo" / "log.jsonl")
    assert log[0]["loss"] == pytest.approx(0.693147, abs=1e-6)
    assert log[-1]["margin"] > 0
    assert load(folder / "dpo" / "model").transformer.config.d_model == 32
    with pytest.raises(DataError, match="none fits into 3 tokens"):
        treadle("dpo", folder, text.replace("most_tokens = 60", "most_tokens = 3"))


def test_a_function_trains_a_policy(folder: Path) -> None:
    text = f'run = "grpo"\nreward = "small_policy:small_letters"\n{MODEL}'
    text += f"[grpo]\nprompts = 2\nanswers = 4\nmost_new_tokens = 4\n{TRAIN}steps = 3\n"
    assert treadle("grpo", folder, text).exit_code == 0
    assert len(read_log(folder / "grpo" / "log.jsonl")) == 3
    with pytest.raises(UsageError, match=r"no 'package\.module:function'"):
        treadle("grpo", folder, text.replace("small_letters", "absent"))
    with pytest.raises(UnknownNameError, match="answers"):
        treadle("grpo", folder, text.replace("answers", "answer"))


def test_requests_are_those_of_pairs_and_rows_each_once(tmp_path: Path) -> None:
    ask, say = {"role": "user", "content": "a?"}, {"role": "assistant", "content": "b"}
    lines = [{"prompt": [ask], "chosen": [say], "rejected": [say]}, {"messages": [ask, say]}, {"messages": [ask, say, ask]}]
    path = tmp_path / "lines.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert [[m.content for m in prompt] for prompt in read_prompts([path])] == [["a?"], ["a?", "b", "a?"]]
    path.write_text(json.dumps({"messages": [say]}))
    with pytest.raises(DataError, match="line 1 is no request"):
        read_prompts([path])
    path.write_text("")
    with pytest.raises(DataError, match="no requests"):
        read_prompts([path])


@pytest.mark.parametrize(
    ("name", "kind"),
    [("reward", RewardRecipe), ("dpo", DpoRecipe), ("ppo", PpoRecipe), ("grpo", GrpoRecipe), ("infill", InfillRecipe)],
)
def test_the_recipes_of_the_project_can_be_read(name: str, kind: type) -> None:
    read_recipe(Path(__file__).parents[2] / "recipes" / f"{name}.toml", kind)
