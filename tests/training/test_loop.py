from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from treadle.errors import DataError, UsageError
from treadle.training.log import read_log
from treadle.training.loop import LOG, Loss, Plan, evaluated, swapped, train
from treadle.training.optim import orthogonal, rate_at
from treadle.training.processes import CHECKPOINT

SCRIPT = Path(__file__).parents[1] / "support" / "train_tiny.py"


class Numbers:
    """Batches are numbers 0, 1, 2, ..."""

    def __init__(self) -> None:
        self.next = 0

    def __next__(self) -> int:
        self.next += 1
        return self.next - 1

    def state(self) -> dict[str, Any]:
        return {"next": self.next}

    def restore(self, state: Any) -> None:
        self.next = state["next"]


class Line:
    """y = w x + b is to become y = 2 x + 1."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        self.parameters = {"w": nn.Parameter(torch.zeros(1, 1)), "b": nn.Parameter(torch.zeros(1))}

    def __call__(self, batch: int) -> Loss:
        x = torch.linspace(-1, 1, 7) + batch % 3 / 10
        miss = self.parameters["w"][0, 0] * x + self.parameters["b"][0] - (2 * x + 1)
        return Loss(total=miss.square().sum(), weight=7.0, n_tokens=7, flops=14.0, figures={"batch": float(batch)})


def plan(**changes: Any) -> Plan:
    return Plan(**{"steps": 60, "learning_rate": 0.1, "checkpoint_every": 7, **changes})


def losses(folder: Path) -> list[float]:
    return [line["loss"] for line in read_log(folder / LOG)]


def test_it_learns_and_logs(tmp_path: Path) -> None:
    line, told = Line(), []
    end = train(line.parameters, Numbers(), line, plan(), tmp_path, on_step=told.append, peak_flops=1e9)
    assert line.parameters["w"].item() == pytest.approx(2, abs=0.1)
    lines = read_log(tmp_path / LOG)
    assert lines == told
    assert [entry["step"] for entry in lines] == list(range(1, 61))
    assert {"loss", "norm", "rate", "tokens_per_second", "mfu", "batch"} <= lines[0].keys()
    assert end.steps == 60
    assert end.best_loss is None


def test_a_step_over_several_batches_is_one_mean(tmp_path: Path) -> None:
    line, other = Line(), Line()
    train(line.parameters, Numbers(), line, plan(steps=1, accumulate=3, clip=0), tmp_path)
    total = sum((other(i).total for i in range(3)), torch.zeros(()))
    (total / 21).backward()
    assert read_log(tmp_path / LOG)[0]["loss"] == pytest.approx(float(total.detach()) / 21)
    grads = torch.cat([p.grad.flatten() for p in other.parameters.values() if p.grad is not None])
    assert read_log(tmp_path / LOG)[0]["norm"] == pytest.approx(float(grads.norm()))


@pytest.mark.parametrize("changes", [{}, {"optimiser": "muon"}, {"ema": 0.9, "evaluate_every": 4}])
def test_resumed_it_goes_through_the_same_numbers(changes: dict[str, Any], tmp_path: Path) -> None:
    whole, line = Line(), Line()

    def looked(model: Line) -> Any:
        return lambda: evaluated(model, [0, 1])

    train(whole.parameters, Numbers(), whole, plan(**changes), tmp_path / "whole", evaluate=looked(whole))
    broken = Line()

    def stop(figures: Any) -> None:
        if figures["step"] == 25:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(broken.parameters, Numbers(), broken, plan(**changes), tmp_path / "b", evaluate=looked(broken), on_step=stop)
    train(line.parameters, Numbers(), line, plan(**changes), tmp_path / "b", evaluate=looked(line), resume=True)
    assert losses(tmp_path / "b") == losses(tmp_path / "whole")
    for name, parameter in whole.parameters.items():
        assert torch.equal(parameter, line.parameters[name])


def test_killed_at_any_moment_it_goes_through_the_same_numbers(tmp_path: Path) -> None:
    """A process that trains a tiny transformer is killed again and again; each time later in its life."""

    def begin(folder: str, *options: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, str(SCRIPT), str(tmp_path / folder), *options], env={**os.environ})

    assert begin("whole").wait() == 0
    log = tmp_path / "killed" / LOG
    for lines in (2, 14, 37):
        running = begin("killed", "--resume")
        while running.poll() is None and (not log.exists() or log.read_bytes().count(b"\n") < lines):
            time.sleep(0.001)
        running.send_signal(signal.SIGKILL)
        assert running.wait() == -signal.SIGKILL
    assert begin("killed", "--resume").wait() == 0
    assert losses(tmp_path / "killed") == losses(tmp_path / "whole")


def test_the_best_is_what_is_left(tmp_path: Path) -> None:
    line, seen = Line(), []

    def evaluate() -> dict[str, float]:
        seen.append(line.parameters["w"].item())
        return {"loss": abs(line.parameters["w"].item() - 0.5)}

    end = train(line.parameters, Numbers(), line, plan(evaluate_every=1, patience=3), tmp_path, evaluate=evaluate)
    assert end.stopped_early
    assert end.best_step == len(seen) - 3
    assert line.parameters["w"].item() == min(seen, key=lambda w: abs(w - 0.5))
    again = train(
        line.parameters, Numbers(), line, plan(evaluate_every=1, patience=3), tmp_path, evaluate=evaluate, resume=True
    )
    assert (again.steps, again.best_step) == (end.steps, end.best_step)


def test_an_average_is_evaluated_and_kept(tmp_path: Path) -> None:
    line = Line()
    train(line.parameters, Numbers(), line, plan(steps=5, ema=0.5), tmp_path)
    assert 0 < line.parameters["w"].item() < torch.load(tmp_path / CHECKPOINT)["parameters"]["w"].item()
    with swapped(line.parameters, {"w": torch.full((1, 1), 9.0)}):
        assert line.parameters["w"].item() == 9.0
    assert line.parameters["w"].item() != 9.0


def test_what_cannot_go_on_is_told(tmp_path: Path) -> None:
    line = Line()
    train(line.parameters, Numbers(), line, plan(steps=2), tmp_path, fingerprint="one")
    with pytest.raises(UsageError, match="--resume"):
        train(line.parameters, Numbers(), line, plan(), tmp_path, fingerprint="one")
    with pytest.raises(UsageError, match="another recipe"):
        train(line.parameters, Numbers(), line, plan(), tmp_path, fingerprint="two", resume=True)
    (tmp_path / CHECKPOINT).write_bytes(b"PK no checkpoint")
    with pytest.raises(DataError, match="cannot read"):
        train(line.parameters, Numbers(), line, plan(), tmp_path, fingerprint="one", resume=True)

    def broken(batch: int) -> Loss:
        return Loss(total=line.parameters["b"].sum() * math.nan, weight=1)

    with pytest.raises(DataError, match="nan"):
        train(line.parameters, Numbers(), broken, plan(), tmp_path / "nan")


def test_a_line_that_was_cut_off_is_left_out(tmp_path: Path) -> None:
    (tmp_path / LOG).write_text(json.dumps({"step": 1}) + '\n{"step": 2, "lo')
    assert read_log(tmp_path / LOG) == [{"step": 1}]


def test_the_rate_rises_and_falls() -> None:
    rates = [rate_at(step, 100, "cosine", 10, 0.1) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[9] == 1.0
    assert sorted(rates[10:], reverse=True) == rates[10:]
    assert 0.1 <= rates[-1] < 0.11
    assert rate_at(55, 100, "linear", 10, 0.0) == pytest.approx(0.5)
    assert rate_at(99, 100, "constant", 10, 0.0) == 1.0


@pytest.mark.parametrize("shape", [(8, 20), (20, 8), (16, 16)])
def test_muon_steps_have_singular_values_near_one(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    matrix = torch.randn(shape)
    found = torch.linalg.svdvals(orthogonal(matrix))
    assert float(found.detach().min()) > 0.4
    assert float(found.max()) < 1.3
    u, _, v = torch.linalg.svd(matrix, full_matrices=False)
    cosine = (orthogonal(matrix) * (u @ v)).sum() / (orthogonal(matrix).norm() * (u @ v).norm())
    assert float(cosine) > 0.95
