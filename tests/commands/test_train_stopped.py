"""What Ctrl-C and ``kill`` leave of ``treadle train ...``, in processes of their own."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tiny_model import tiny_loaded
from treadle.model.weights import save_gguf

LOADED = 240
"""Seconds that a step may take on a machine that is busy elsewhere."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_gguf(tiny_loaded().transformer, tiny_loaded().vocabulary, tmp_path / "tiny.gguf", "F32")
    return tmp_path


def begin(folder: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "treadle.cli", "train", *words]
    return subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(running: subprocess.Popen[str], there: Callable[[], object]) -> None:
    deadline = time.monotonic() + LOADED
    while not there():
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)


def hidden(folder: Path) -> list[str]:
    return [path.name for path in folder.glob(".*")]


def test_ctrl_c_tells_how_to_go_on(folder: Path) -> None:
    rows = [{"segments": [[f"{i} is", f" {i}."]], "group": str(i)} for i in range(40)]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "recipe.toml").write_text(
        'run = "run"\n[model]\nbase = "tiny.gguf"\n[data]\ntrain = ["rows.jsonl"]\nshare_held_out = 0.0\n'
        "[train]\nsteps = 100000\ntokens_a_batch = 60\ncheckpoint_every = 2\nthreads = 1\n"
    )
    running = begin(folder, "sft", "--config", "recipe.toml")
    wait_for(running, (folder / "run" / "checkpoint.pt").exists)
    running.send_signal(signal.SIGINT)
    _, told = running.communicate(timeout=LOADED)
    assert running.returncode == 130
    assert "run is kept up to its last checkpoint: the same command with --resume goes on" in " ".join(told.split())
    assert "threads" not in told


def test_rows_that_a_kill_broke_off_are_taken_away(folder: Path) -> None:
    words = ["data", "functions", "--model", "tiny.gguf", "--out", "rows.jsonl"]
    (folder / ".rows.jsonl.of-another").touch()
    for number, code in ((signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)):
        running = begin(folder, *words, "--rows", "1000000")
        wait_for(running, lambda: list(folder.glob(".rows.jsonl.*.part")))
        running.send_signal(number)
        _, told = running.communicate(timeout=LOADED)
        assert running.returncode == code
        if number == signal.SIGTERM:
            assert "stopped; nothing was written" in told
            assert hidden(folder) == [".rows.jsonl.of-another"]
    assert len(hidden(folder)) == 2
    again = begin(folder, *words, "--rows", "2")
    _, told = again.communicate(timeout=LOADED)
    assert again.returncode == 0, told
    assert hidden(folder) == [".rows.jsonl.of-another"]
    assert len((folder / "rows.jsonl").read_text().splitlines()) == 2
