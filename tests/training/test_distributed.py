"""Two processes that ``torchrun`` starts train as one does: the same losses, also where one of them was killed."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tiny_model import tiny_loaded
from treadle.errors import UsageError
from treadle.model.weights import save_gguf
from treadle.training.distributed import _Metadata
from treadle.training.draws import Draws
from treadle.training.log import read_log
from treadle.training.processes import CHECKPOINTS, OneProcess

LOADED = 600
"""Seconds that a run may take on a machine that is busy elsewhere; it takes ten on one that is not."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_gguf(tiny_loaded().transformer, tiny_loaded().vocabulary, tmp_path / "tiny.gguf", "F32")
    rows = [{"segments": [[f"{i} and {i + 1} is", f" {2 * i + 1}."]], "group": str(i)} for i in range(60)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def recipe(folder: Path, run: str, *, accumulate: int = 1, steps: int = 10, sharding: str = "auto", rank: int = 4) -> Path:
    path = folder / f"{run}.toml"
    path.write_text(
        f'run = "{run}"\n[model]\nbase = "tiny.gguf"\nprecision = "fp32"\n[lora]\nrank = {rank}\n'
        f'[data]\ntrain = ["rows.jsonl"]\nshare_held_out = 0.2\n[train]\nsteps = {steps}\ntokens_a_batch = 100\n'
        f"learning_rate = 0.02\nwarm_up = 2\nevaluate_every = 4\nema = 0.5\ncheckpoint_every = 3\nthreads = 1\n"
        f'accumulate = {accumulate}\nsharding = "{sharding}"\n'
    )
    return path


def begin(path: Path, *words: str, processes: int = 2) -> subprocess.Popen[bytes]:
    """Training in so many processes; 0 without torchrun."""
    launched = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)] if processes else []
    command = [sys.executable, *launched, "-m", "treadle.training", "sft", "--config", str(path), *words]
    with (path.with_suffix(".err")).open("ab") as told:
        return subprocess.Popen(command, stdout=told, stderr=told, env={**os.environ, "OMP_NUM_THREADS": "1"})


def losses(folder: Path) -> list[tuple[float, float]]:
    return [(line["loss"], line.get("evaluation_loss", 0.0)) for line in read_log(folder / "log.jsonl")]


def ended(running: subprocess.Popen[bytes], path: Path) -> None:
    assert running.wait(LOADED) == 0, path.with_suffix(".err").read_text(errors="replace")[-3000:]


def kill_one(running: subprocess.Popen[bytes]) -> None:
    """SIGKILL for a process that trains, one of those that ``running`` started; torchrun then ends the others."""
    children = Path(f"/proc/{running.pid}/task/{running.pid}/children").read_text().split()
    training = [pid for pid in children if b"treadle.training" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(int(training[-1]), signal.SIGKILL)


@pytest.mark.parametrize("sharding", ["none", pytest.param("fsdp", marks=pytest.mark.slow)])
def test_two_processes_train_as_one_and_go_on_after_a_kill(sharding: str, folder: Path) -> None:
    one = recipe(folder, "one", accumulate=2)
    ended(begin(one, processes=0), one)
    two = recipe(folder, "two", sharding=sharding)
    running = begin(two)
    try:
        log = folder / "two" / "log.jsonl"
        deadline = time.monotonic() + LOADED
        while running.poll() is None and time.monotonic() < deadline and (not log.exists() or len(losses(log.parent)) < 5):
            time.sleep(0.01)
        kill_one(running)
        assert running.wait(LOADED) != 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            running.kill()
    assert len(losses(folder / "two")) < 10
    ended(begin(two, "--resume"), two)
    found, wanted = losses(folder / "two"), losses(folder / "one")
    assert len(found) == len(wanted) == 10
    for pair, other in zip(found, wanted, strict=True):
        assert pair == pytest.approx(other, abs=2e-5)
    assert (folder / "two" / "adapter.gguf").is_file()
    (kept,) = (folder / "two" / CHECKPOINTS).iterdir()
    assert kept.name == "00000010"
    with pytest.raises(UsageError, match="several processes"):
        OneProcess().has_checkpoint(folder / "two")


@pytest.mark.slow
def test_a_killed_run_in_shards_goes_through_the_same_numbers(folder: Path) -> None:
    whole, killed = recipe(folder, "whole", sharding="fsdp", rank=0), recipe(folder, "killed", sharding="fsdp", rank=0)
    ended(begin(whole), whole)
    running = begin(killed)
    while running.poll() is None and (not (log := folder / "killed" / "log.jsonl").exists() or len(losses(log.parent)) < 7):
        time.sleep(0.01)
    kill_one(running)
    assert running.wait(LOADED) != 0
    ended(begin(killed, "--resume"), killed)
    assert losses(folder / "killed") == losses(folder / "whole")
    assert (folder / "killed" / "model.gguf").is_file()


def test_processes_share_what_one_would_draw() -> None:
    whole = Draws(7, 4, seed=3)
    parts = [Draws(7, 2, seed=3, rank=rank, world=2) for rank in (0, 1)]
    for _ in range(6):
        assert next(whole) == [i for part in parts for i in next(part)]
    assert [part.state() for part in parts] == [whole.state()] * 2


def test_metadata_of_a_checkpoint_runs_nothing(tmp_path: Path) -> None:
    path = tmp_path / ".metadata"
    path.write_bytes(b"cos\nsystem\n(S'touch " + str(tmp_path / "run").encode() + b"'\ntR.")
    with path.open("rb") as file, pytest.raises(pickle.UnpicklingError, match=r"os\.system"):
        _Metadata(file).load()
    assert not (tmp_path / "run").exists()
