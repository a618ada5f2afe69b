"""Speed and memory of training an adapter beside ``transformers``' Trainer with ``peft``: ``python -m benchmarks.training``.

Both train the same adapter (rank 16 on all seven matrices of each layer) of the embedded model on the same tokens, in the
same batches and precision, with as many threads. They take turns, each time in a process of their own; a busy machine slows
both, so ratios count, and those of processor time more than those of wall time. A process's first step is not counted.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from treadle.engines.models import CATALOGUE, model_path
from treadle.settings import load_settings

__all__ = ["Case", "main", "measured"]

RANK, ALPHA, RATE = 16, 32.0, 2e-4
SIDES = ("treadle", "trainer")
GOAL = 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is trained: ``rows`` texts of ``length`` tokens a step, of which the share ``learnt``, at their ends, counts."""

    rows: int = 4
    length: int = 256
    learnt: float = 1.0
    steps: int = 3
    threads: int = 0

    def tokens(self) -> np.ndarray[Any, np.dtype[np.int32]]:
        return np.random.default_rng(0).integers(0, 49_000, (self.rows * (self.steps + 1), self.length)).astype(np.int32)

    def first_learnt(self) -> int:
        return max(1, round(self.length * (1 - self.learnt)))


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=2, help="processes of each side")
    parser.add_argument("--worker", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--model", default="", help=argparse.SUPPRESS)
    for name, kind in (("rows", int), ("length", int), ("learnt", float), ("steps", int), ("threads", int)):
        parser.add_argument(f"--{name}", type=kind, default=getattr(Case(), name))
    given = parser.parse_args(words)
    case = Case(**{name: getattr(given, name) for name in Case.__dataclass_fields__})
    if given.worker:
        print(json.dumps(WORKERS[given.worker](case, Path(given.model))))
        return
    for line in _table(case, measured(case, given.rounds)):
        print(line)


def measured(case: Case, rounds: int) -> dict[str, dict[str, float]]:
    """Medians of each side over its processes: seconds and processor seconds a step, tokens a second, peak memory (MiB)."""
    from treadle.model.weights import load, save_folder

    source = model_path(CATALOGUE["smollm2"], load_settings().cache_dir)
    with tempfile.TemporaryDirectory() as place:
        loaded = load(source)
        save_folder(loaded.transformer, None, Path(place) / "model")
        del loaded
        models = {"treadle": source, "trainer": Path(place) / "model"}
        found: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
        for _ in range(rounds):
            for side in SIDES:
                found[side].append(_worker(side, case, models[side]))
    return {side: {key: statistics.median(one[key] for one in all_) for key in all_[0]} for side, all_ in found.items()}


def _worker(side: str, case: Case, model: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.training", "--worker", side, "--model", str(model)]
    for name in Case.__dataclass_fields__:
        command += [f"--{name}", str(getattr(case, name))]
    # Threads that wait spin only shortly: where a core is busy elsewhere, spinning would count as work.
    environment = {**os.environ, "GOMP_SPINCOUNT": "10000", "TOKENIZERS_PARALLELISM": "false"}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    result: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return result


def _table(case: Case, found: dict[str, dict[str, float]]) -> list[str]:
    lines = [
        f"{case.rows} x {case.length} tokens a step, {case.learnt:.0%} of them learnt, fp32, LoRA of rank {RANK}",
        "| | tokens/s | seconds a step | processor seconds a step | peak memory |",
        "|---|---|---|---|---|",
    ]
    for side, one in found.items():
        lines.append(
            f"| {side} | {one['tokens_per_second']:.0f} | {one['seconds']:.2f} | {one['cpu_seconds']:.2f} | "
            f"{one['peak_mib']:.0f} MiB |"
        )
    ours, theirs = found["treadle"], found["trainer"]
    wall, cpu = theirs["seconds"] / ours["seconds"], theirs["cpu_seconds"] / ours["cpu_seconds"]
    lines.append(f"treadle over Trainer: {wall:.2f} x by wall time, {cpu:.2f} x by processor time (goal {GOAL} x)")
    lines.append(f"losses of the last step: {ours['loss']:.4f} and {theirs['loss']:.4f}")
    return lines


# ------------------------------------------------------------------------------------------------ the two sides


class _Clock:
    """Wall and processor time of every step after the first."""

    def __init__(self, case: Case) -> None:
        self._case, self._marks = case, list[tuple[float, float]]()

    def mark(self) -> None:
        self._marks.append((time.perf_counter(), time.process_time()))

    def told(self, loss: float) -> dict[str, float]:
        walls, cpus = zip(*self._marks[1:], strict=True)  # the first mark is the end of the first step
        wall = statistics.median(b - a for a, b in itertools.pairwise(walls))
        cpu = statistics.median(b - a for a, b in itertools.pairwise(cpus))
        return {
            "seconds": wall,
            "cpu_seconds": cpu,
            "tokens_per_second": self._case.rows * self._case.length / wall,
            "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "loss": loss,
        }


def treadle_side(case: Case, model: Path) -> dict[str, float]:
    """Our loop, without checkpoints, as the Trainer runs."""
    from treadle.model.lora import Shape
    from treadle.settings import Settings
    from treadle.training.loop import Plan, train
    from treadle.training.opening import open_model, use_threads
    from treadle.training.packing import batch_of
    from treadle.training.recipe import LoraPart, ModelPart
    from treadle.training.rows import Sample
    from treadle.training.run import next_token

    use_threads(case.threads)
    shape = Shape(rank=RANK, alpha=ALPHA)
    part = ModelPart(base=str(model), precision="fp32")
    lora = LoraPart(rank=RANK, alpha=ALPHA, targets=shape.targets)
    opened = open_model(part, lora, Path("/"), Settings(), "cpu", 0)
    learn = np.arange(case.length) >= case.first_learnt()
    rows = iter(case.tokens())

    class Source:
        def __next__(self) -> Any:
            return batch_of([Sample(next(rows), learn) for _ in range(case.rows)])

        def state(self) -> dict[str, Any]:
            return {}

        def restore(self, state: Any, /) -> None: ...

    clock, losses = _Clock(case), list[float]()

    def on_step(figures: Any) -> None:
        clock.mark()
        losses.append(figures["loss"])

    plan = Plan(
        steps=case.steps + 1, learning_rate=RATE, schedule="linear", floor=0.0, betas=(0.9, 0.999), checkpoint_every=0
    )
    with tempfile.TemporaryDirectory() as folder:
        clock.mark()
        train(opened.parameters, Source(), next_token(opened), plan, Path(folder), on_step=on_step)
    return clock.told(losses[-1])


def trainer_side(case: Case, model: Path) -> dict[str, float]:
    """``transformers.Trainer`` over a ``peft`` model, as their guides have it."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, Trainer, TrainerCallback, TrainingArguments

    from treadle.training.opening import use_threads

    use_threads(case.threads)
    base = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32)
    targets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    adapted = get_peft_model(base, LoraConfig(r=RANK, lora_alpha=int(ALPHA), target_modules=targets, task_type="CAUSAL_LM"))
    data = []
    for row in case.tokens():
        labels = row.astype(np.int64)
        labels[: case.first_learnt()] = -100
        data.append({"input_ids": torch.from_numpy(row.astype(np.int64)), "labels": torch.from_numpy(labels)})
    clock = _Clock(case)

    class Marks(TrainerCallback):  # type: ignore[misc]
        def on_train_begin(self, *args: Any, **more: Any) -> None:
            clock.mark()

        def on_step_end(self, *args: Any, **more: Any) -> None:
            clock.mark()

    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder, per_device_train_batch_size=case.rows, max_steps=case.steps + 1, learning_rate=RATE,
            lr_scheduler_type="linear", weight_decay=0.0, use_cpu=True, report_to=[], save_strategy="no", logging_steps=1,
            disable_tqdm=True, dataloader_num_workers=0, seed=0, train_sampling_strategy="sequential",
        )  # fmt: skip
        trainer = Trainer(model=adapted, args=arguments, train_dataset=data, callbacks=[Marks()])
        trainer.train()
        losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    return clock.told(float(losses[-1]))


WORKERS: dict[str, Callable[[Case, Path], dict[str, float]]] = {"treadle": treadle_side, "trainer": trainer_side}

if __name__ == "__main__":
    main()
