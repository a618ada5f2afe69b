"""Solved rates of `ask` on tasks with numeric validators: greedy alone against drafts with the whole loop around them.

    python -m benchmarks.tasks --tasks tasks.yaml --data DIR [--samples 8] [--no-examples] [--limit N] [--out RESULTS.jsonl]

A task is solved where every expected metric is printed, by its own name or, where task and program have one metric each, by
any name (the request does not tell the name). The validators never reach `ask`. Greedy alone is the first draft as it was
drawn: its program run once, no repair, no choice. Every result is appended to ``--out`` as it comes; a run that was stopped
goes on there with the tasks that are missing, if its settings are the same.
"""

from __future__ import annotations

import argparse
import collections
import json
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from treadle import compose
from treadle.coding.ask import Answered, Options
from treadle.coding.expectations import metrics_in


def load_tasks(path: Path) -> list[dict[str, Any]]:
    """Tasks from YAML or JSON: id, request, file, expect {metric: {value, rtol}}."""
    import yaml

    return list(yaml.safe_load(path.read_text(encoding="utf-8")))


def right(output: str, expect: dict[str, Any]) -> bool:
    """Whether ``output`` holds every expected metric within its tolerance."""
    found = metrics_in(output)
    if len(found) == 1 and len(expect) == 1:
        found = dict.fromkeys(expect, next(iter(found.values())))
    return all(
        name in found and abs(found[name] - e["value"]) <= e["rtol"] * abs(e["value"]) + 1e-9 for name, e in expect.items()
    )


def judge(answered: Answered, expect: dict[str, Any]) -> dict[str, Any]:
    """What became of one task."""
    outputs = {}
    for candidate in answered.candidates:
        runs = [run for purpose, run in candidate.runs if purpose == "ran" and run.ok]
        outputs[candidate.draft.id] = runs[-1].stdout if runs else ""
    first = answered.candidates[0]
    drafts = [c for c in answered.candidates if c.draft.round == 0]
    return {
        "status": answered.answer.status.value,
        "right": right(answered.answer.output, expect),
        "greedy": right(outputs[first.draft.id], expect),
        "any": any(right(o, expect) for o in outputs.values()),
        "drafts": len(drafts),
        "drafts_parsed": sum(c.verdicts[0].outcome == "passed" for c in drafts),
        "drafts_passed": sum(c.passed for c in drafts),
        "drafts_right": sum(right(outputs[c.draft.id], expect) for c in drafts),
        "tokens": sum(len(c.draft.completion.tokens) for c in answered.candidates),
        "seconds": dict(answered.seconds),
        "output": answered.answer.output,
        "doubts": list(answered.answer.card.get("doubts", [])),
        "reason": answered.answer.reason,
        "program": answered.answer.program,
    }


def run(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Ask every task that ``--out`` does not hold yet; returns all results, in the order of the tasks."""
    options = replace(Options(), samples=arguments.samples, repairs=arguments.repairs, seed=arguments.seed)
    options = replace(options, shots=0) if arguments.no_examples else options
    settings = {name: getattr(arguments, name) for name in ("engine", "samples", "repairs", "seed", "no_examples")}
    tasks = load_tasks(arguments.tasks)[: arguments.limit]
    done = {} if arguments.out is None else stored(arguments.out, settings)
    with (
        tempfile.TemporaryDirectory() as folder,
        compose.tools(arguments.engine, Path(folder) / "threads.sqlite", None, [], quiet=True) as (tools, progress),
    ):
        for task in track([t for t in tasks if t["id"] not in done], console=Console(stderr=True)):
            started = time.monotonic()
            request = compose.request(task["request"], arguments.data / task["file"], None, [], None, None)
            answered = compose.answer(request, tools, options, progress)
            result = judge(answered, task["expect"]) | {
                "id": task["id"],
                "level": task.get("level", ""),
                "request": task["request"],
            }
            done[task["id"]] = result | {"total_seconds": time.monotonic() - started, "settings": settings}
            if arguments.out is not None:
                with arguments.out.open("a", encoding="utf-8") as lines:
                    lines.write(json.dumps(done[task["id"]]) + "\n")
    return [done[task["id"]] for task in tasks]


def stored(path: Path, settings: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The results of an earlier run by task, where it was made with the same settings; else an error."""
    if not path.exists():
        return {}
    found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
    for result in found:
        if result["settings"] != settings:
            raise SystemExit(f"{path} holds results made with {result['settings']}; name another file for {settings}")
    return {result["id"]: result for result in found}


def report(results: list[dict[str, Any]]) -> None:
    """Counts by status, greedy against the loop, median seconds."""
    console = Console()
    count = len(results)
    statuses = collections.Counter(r["status"] for r in results)
    truly = collections.Counter(r["status"] for r in results if r["right"])
    table = Table("status", "tasks", "in fact right", title=f"{count} tasks")
    for status in ("verified", "agreed", "ran", "failed"):
        table.add_row(status, str(statuses[status]), str(truly[status]))
    console.print(table)
    drafts = sum(r["drafts"] for r in results)
    for label, value in (
        ("greedy alone right", sum(r["greedy"] for r in results)),
        ("chosen right", sum(r["right"] for r in results)),
        ("a right draft among all", sum(r["any"] for r in results)),
    ):
        console.print(f"{label}: {value} of {count} ({100 * value / max(count, 1):.0f} %)")
    for key in ("drafts_parsed", "drafts_passed", "drafts_right"):
        console.print(f"{key}: {sum(r[key] for r in results)} of {drafts}")
    parts = {p: statistics.median(r["seconds"][p] for r in results) for p in ("prompt", "decode", "checks", "runs")}
    parts["total"] = statistics.median(r["total_seconds"] for r in results)
    console.print("median seconds a task: " + ", ".join(f"{name} {value:.2f}" for name, value in parts.items()))


def main() -> None:
    """Parse, run, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--engine", default=None)
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--repairs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=int, default=None)
    parser.add_argument("--no-examples", action="store_true")
    parser.add_argument("--out", type=Path, default=None, help="JSON lines, one result each, written as they come")
    arguments = parser.parse_args()
    report(run(arguments))


if __name__ == "__main__":
    main()
