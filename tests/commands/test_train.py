"""``treadle train ...`` from a recipe to files, on a model of a few thousand weights."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner, Result

from tiny_model import tiny_loaded
from treadle.commands.app import app
from treadle.errors import DataError, UnknownNameError, UsageError
from treadle.model.weights import load, save_gguf
from treadle.model.weights.adapters import load_adapter
from treadle.training.log import read_log

TRAIN = "[train]\nsteps = 12\ntokens_a_batch = 200\nlearning_rate = 0.02\nwarm_up = 2\nevaluate_every = 4\nthreads = 1\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_gguf(tiny_loaded().transformer, tiny_loaded().vocabulary, tmp_path / "tiny.gguf", "F32")
    rows = [
        {"segments": [[f"{i} and {i + 1} is", f" {2 * i + 1}."]], "source": "sums/x", "licence": "CC0-1.0", "group": str(i)}
        for i in range(60)
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "text.txt").write_text("the cat sat on the mat. " * 60)
    return tmp_path


def recipe(folder: Path, text: str) -> list[str]:
    (folder / "recipe.toml").write_text(text)
    return ["--config", str(folder / "recipe.toml")]


def treadle(*words: str) -> Result:
    return CliRunner().invoke(app, ["train", *words], catch_exceptions=False)


def test_rows_become_an_adapter_that_answers_better(folder: Path) -> None:
    text = 'run = "run"\n[model]\nbase = "tiny.gguf"\n[lora]\nrank = 4\n'
    text += f'[data]\ntrain = ["*.jsonl"]\nshare_held_out = 0.2\n{TRAIN}'
    done = treadle("sft", *recipe(folder, text))
    assert done.exit_code == 0
    assert "12 steps; best held-out loss" in done.stdout
    log = read_log(folder / "run" / "log.jsonl")
    assert log[-1]["evaluation_loss"] < log[3]["evaluation_loss"] < 8
    card = json.loads((folder / "run" / "card.json").read_text())
    assert card["data"]["licences"] == {"CC0-1.0": card["data"]["rows"]}
    assert card["data"]["rows"] + card["data"]["rows_held_out"] == 60
    assert len(card["base_sha256"]) == 64
    config = load(folder / "tiny.gguf").transformer.config
    one, other = (load_adapter(folder / "run" / name, config) for name in ("adapter.gguf", "adapter"))
    assert one.shape == other.shape
    for place, pair in one.factors.items():  # the first file keeps half precision
        assert all(torch.allclose(x, y, rtol=1e-3, atol=1e-6) for x, y in zip(pair, other.factors[place], strict=True))
    with pytest.raises(UsageError, match="--resume"):
        treadle("sft", *recipe(folder, text))
    assert treadle("sft", "--resume", *recipe(folder, text)).exit_code == 0
    with pytest.raises(UsageError, match="another recipe"):
        treadle("sft", "--resume", *recipe(folder, text + "seed = 1\n"))


def test_an_adapter_can_be_the_beginning_of_another(folder: Path) -> None:
    text = '[model]\nbase = "tiny.gguf"\n[lora]\nrank = 4\nalpha = 12.0\n[data]\ntrain = ["*.jsonl"]\nshare_held_out = 0.2\n'
    assert treadle("sft", *recipe(folder, f'run = "run"\n{text}{TRAIN}')).exit_code == 0
    more = text.replace("rank = 4\nalpha = 12.0", 'start = "run/adapter.gguf"')
    assert treadle("sft", *recipe(folder, f'run = "more"\n{more}{TRAIN}')).exit_code == 0
    first, second = (read_log(folder / run / "log.jsonl") for run in ("run", "more"))
    assert second[0]["loss"] < (first[0]["loss"] + first[-1]["loss"]) / 2
    shape = load_adapter(folder / "more" / "adapter.gguf", load(folder / "tiny.gguf").transformer.config).shape
    assert (shape.rank, shape.alpha) == (4, 12.0)
    with pytest.raises(UnknownNameError, match="adapter"):
        treadle("sft", *recipe(folder, f'run = "none"\n{more}{TRAIN}'.replace("run/adapter.gguf", "absent")))


def test_texts_become_tokens_and_a_model(folder: Path) -> None:
    shape = "d_model = 16\nn_layers = 2\nn_heads = 2\nn_kv_heads = 2\nd_head = 8\nd_ff = 32\nmax_positions = 64\n"
    text = (
        f'run = "run"\n[model]\nbase = "new"\nvocabulary = "tiny.gguf"\n[model.shape]\n{shape}[lora]\nrank = 0\n'
        f'[data]\ntrain = ["text.txt"]\nheld_out = ["text.txt"]\nmost_tokens = 50\n{TRAIN}optimiser = "muon"\n'
    )
    told = treadle("tokenize", *recipe(folder, text))
    assert told.stdout.startswith("1 documents, ")
    assert treadle("base", *recipe(folder, text)).exit_code == 0
    losses = [line["loss"] for line in read_log(folder / "run" / "log.jsonl")]
    assert losses[-1] < losses[0] - 0.5
    assert load(folder / "run" / "model.gguf").transformer.config.d_model == 16
    assert load(folder / "run" / "model").transformer.config.n_layers == 2


@pytest.mark.filterwarnings("ignore")
def test_a_run_is_drawn(folder: Path) -> None:
    pytest.importorskip("matplotlib")
    lines = [{"step": i, "loss": 1 / i, "norm": 1.0, "rate": 0.1, "tokens_per_second": 5.0, "kl": 0.1} for i in (1, 2, 3)]
    (folder / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = treadle("plot", str(folder))
    assert done.stdout.strip() == str(folder / "curves.png")
    assert (folder / "curves.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(UsageError, match="cannot write"):
        treadle("plot", str(folder), "--out", str(folder / "x.nothing"))
    with pytest.raises(DataError, match="cannot read the log"):
        treadle("plot", str(folder / "absent"))


def test_what_cannot_be_trained_is_told(folder: Path) -> None:
    with pytest.raises(DataError, match=r"no such file"):
        treadle("sft", *recipe(folder, 'run = "run"\n[model]\nbase = "tiny.gguf"\n[data]\ntrain = ["absent*.jsonl"]'))
    with pytest.raises(UsageError, match=r"lora\.rank"):
        treadle("sft", *recipe(folder, 'run = "run"\n[model]\nbase = "new"'))
    with pytest.raises(UnknownNameError, match="device"):
        treadle("sft", "--device", "gpu", *recipe(folder, 'run = "run"\n[model]\nbase = "tiny.gguf"'))
    with pytest.raises(UsageError, match="bf16 is for adapters"):
        treadle("sft", *recipe(folder, 'run = "r"\n[model]\nbase = "tiny.gguf"\nprecision = "bf16"\n[lora]\nrank = 0'))
