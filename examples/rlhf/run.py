"""From one's own feedback to a policy that follows it, on a CPU: supervised training, reward model, PPO with and without a
price on drift, DPO; then the curves, and a table of what has to come out.

Usage: `python examples/rlhf/run.py`, from the root of the clone. It begins anew in `runs/rlhf`.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).absolute().parent
ROOT = HERE.parents[1]
RUNS = ROOT / "runs" / "rlhf"
PAIRS = HERE / "pairs.jsonl"


def main() -> None:
    started = time.monotonic()
    shutil.rmtree(RUNS, ignore_errors=True)
    RUNS.mkdir(parents=True)
    write_rows()
    for kind, name in (("sft", "sft"), ("reward", "reward"), ("ppo", "ppo"), ("ppo", "ppo-free"), ("dpo", "dpo")):
        begun = time.monotonic()
        recipe = HERE / f"{name}.toml"
        print(f"$ treadle train {kind} --config {recipe.relative_to(ROOT)}", flush=True)
        subprocess.run([sys.executable, "-m", "treadle.cli", "train", kind, "--config", str(recipe)], check=True)
        print(f"  {time.monotonic() - begun:.0f} s", flush=True)
    logs = {name: read(RUNS / name / "log.jsonl") for name in ("reward", "ppo", "ppo-free", "dpo")}
    draw(logs, RUNS / "curves.png")
    table(logs)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds, processor = time.monotonic() - started, used.ru_utime + used.ru_stime
    print(f"{seconds:.0f} s in all, {processor:.0f} s of them on a processor; curves: {RUNS / 'curves.png'}")


def write_rows() -> None:
    """Both answers of every pair as rows: the policy that PPO begins from has not learnt which is the better one."""
    with (RUNS / "rows.jsonl").open("w", encoding="utf-8") as rows:
        for line in PAIRS.read_text(encoding="utf-8").splitlines():
            pair = json.loads(line)
            for answer in (pair["chosen"], pair["rejected"]):
                row = {"messages": pair["prompt"], "segments": [["", answer[0]["content"]]], "end": True}
                rows.write(json.dumps(row) + "\n")


def read(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


def mean(log: list[dict[str, Any]], name: str, lines: slice) -> float:
    values = [line[name] for line in log[lines]]
    return sum(values) / len(values)


def table(logs: dict[str, list[dict[str, Any]]]) -> None:
    first, last = slice(0, 6), slice(-6, None)
    print("\n                                          begin     end")
    for name, title in (("ppo", "PPO, price 0.1"), ("ppo-free", "PPO, no price")):
        for figure, unit in (("reward", ""), ("kl", " (nats a token)")):
            begin, end = mean(logs[name], figure, first), mean(logs[name], figure, last)
            print(f"{title + ', ' + figure + unit:40}{begin:7.3f} {end:7.3f}")
    for name in ("reward", "dpo"):
        judged = [line["evaluation_accuracy"] for line in logs[name] if "evaluation_accuracy" in line]
        print(f"{name + ', accuracy on pairs held out':40}{judged[0]:7.3f} {judged[-1]:7.3f}")


def draw(logs: dict[str, list[dict[str, Any]]], out: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 7), layout="constrained")
    panels = (
        ("reward", ("ppo", "ppo-free")), ("kl", ("ppo", "ppo-free")), ("evaluation_accuracy", ("reward", "dpo")),
    )  # fmt: skip
    for axis, (name, runs) in zip(figure.subplots(len(panels), 1), panels, strict=True):
        for run in runs:
            points = [(line["step"], line[name]) for line in logs[run] if name in line]
            axis.plot([x for x, _ in points], [y for _, y in points], label=run)
        axis.set_ylabel({"kl": "drift, nats a token", "evaluation_accuracy": "held-out accuracy"}.get(name, name))
        axis.legend(loc="best")
    axis.set_xlabel("step")
    figure.savefig(out)


if __name__ == "__main__":
    main()
