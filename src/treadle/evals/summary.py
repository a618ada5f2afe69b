"""What the records of an evaluation say together. Counts, shares with intervals, and the hidden costs of saying too much."""

from __future__ import annotations

import collections
import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from treadle.evals.record import RUNGS, Record
from treadle.evals.stats import Interval, bootstrap, pass_at_k, wilson
from treadle.types import Status

__all__ = ["PARTS", "Summary", "pass_at", "sampled", "summarise"]

Summary = dict[str, Any]
"""See ``summarise`` for its keys; plain JSON."""

PARTS = ("prompt", "decode", "checks", "runs", "total")
_KS = (1, 2, 3, 4, 5, 8, 10, 16, 20, 25, 32, 50, 64, 100, 128, 200)


def summarise(records: Sequence[Record], settings: Mapping[str, Any], seed: int = 1) -> Summary:
    """The summary of an evaluation.

    tasks: their number. greedy_solved: the first draft alone is right. solved: the answer is right, whatever its status.
    any_right: some draft, repaired ones too, is right. verified, agreed, ran, failed: tasks by status; false_verified and
    false_agreed are those among them whose answer is wrong, ran_right and failed_right those whose answer is right.
    by_rules: tasks for which rules wrote a draft beside the engine's; by_rules_right, by_rules_chosen: those where one of
    them is right, and where one is the answer. pass_at: unbiased pass@k by k. coverage: the share of first drafts that
    stood on each rung, and that were right. Where holes were filled, exact: answers that are the masked text; and of
    the rungs the first alone, because no more is known.
    intervals: 95 %, by the same names. seconds_per_task and tokens_per_task: medians. code: tasks by the hash of the code
    that worked on them. per_task: the records.
    """
    holes = "way" in settings.get("options", {})
    statuses = collections.Counter(record["status"] for record in records)
    right = collections.Counter(record["status"] for record in records if record["right"])
    solved = {
        "greedy_solved": sum(record["greedy_right"] for record in records),
        "solved": sum(record["right"] for record in records),
        "any_right": sum(record["any_right"] for record in records),
        **({"exact": sum(record.get("exact", False) for record in records)} if holes else {}),
    }
    false = {
        "false_verified": statuses[Status.VERIFIED] - right[Status.VERIFIED],
        "false_agreed": statuses[Status.AGREED] - right[Status.AGREED],
    }
    curve, drawn = pass_at(records, seed)
    coverage, drafts = _coverage(records, RUNGS[:1] if holes else RUNGS)
    intervals = {name: _ends(wilson(count, len(records))) for name, count in solved.items()}
    for name, count in false.items():
        intervals[name] = _ends(wilson(count, statuses[name.removeprefix("false_")]))
    return {
        "tasks": len(records),
        **solved,
        **{status.value: statuses[status] for status in Status},
        **false,
        "by_rules": sum(record["by_rules"]["drafts"] > 0 for record in records),
        "by_rules_right": sum(record["by_rules"]["right"] for record in records),
        "by_rules_chosen": sum(record["by_rules"]["chosen"] for record in records),
        "ran_right": right[Status.RAN],
        "failed_right": right[Status.FAILED],
        "pass_at": {str(k): interval.value for k, interval in curve.items()},
        "pass_at_drafts": drawn,
        "coverage": coverage,
        "drafts": drafts,
        "intervals": {**intervals, "pass_at": {str(k): _ends(interval) for k, interval in curve.items()}},
        **_costs(records, seed),
        "levels": _levels(records),
        "settings": dict(settings),
        "model": records[0]["model"] if records else None,
        "sandbox": records[0]["sandbox"] if records else None,
        "code": dict(collections.Counter(record["code"] for record in records)),
        "per_task": list(records),
    }


def sampled(record: Record) -> list[Record]:
    """The drafts that were drawn alike: the sampled ones of the first round, or the greedy one where it stands alone."""
    drafts: list[Record] = record["drafts"]
    return [draft for draft in drafts if not draft["greedy"]] or drafts


def pass_at(records: Sequence[Record], seed: int) -> tuple[dict[int, Interval], int]:
    """pass@k, averaged over the tasks, with its bootstrap interval; and the number of drafts a task it is made from.

    The estimate wants drafts drawn alike, so the greedy one is not counted among the sampled ones. A task that could not be
    worked on counts as never solved.
    """
    counts = [(len(sampled(r)), sum(d["right"] for d in sampled(r))) for r in records]
    drawn = min((n for n, _ in counts if n), default=0)
    curve = {}
    for k in sorted({*(k for k in _KS if k <= drawn), *([drawn] if drawn else [])}):
        values = [pass_at_k(n, c, k) if n else 0.0 for n, c in counts]
        curve[k] = bootstrap(values, seed=seed)
    return curve, drawn


def _coverage(records: Sequence[Record], rungs: Sequence[str]) -> tuple[dict[str, float], int]:
    """The share of first drafts that stood on each rung."""
    drafts = [draft for record in records for draft in record["drafts"]]
    total = max(len(drafts), 1)
    shares = {rung: sum(draft["rungs"] > index for draft in drafts) / total for index, rung in enumerate(rungs)}
    return {**shares, "right": sum(draft["right"] for draft in drafts) / total}, len(drafts)


def _costs(records: Sequence[Record], seed: int) -> dict[str, Any]:
    """Medians of seconds and tokens a task."""
    parts = {part: _median([record["seconds"][part] for record in records]) for part in PARTS}
    tokens: Callable[[str], float] = lambda key: _median([record[key] for record in records])  # noqa: E731
    totals = [record["seconds"]["total"] for record in records]
    return {
        "seconds_per_task": parts["total"],
        "seconds": parts,
        "seconds_interval": _ends(bootstrap(totals, statistics.median, seed)) if totals else None,
        "tokens_per_task": tokens("tokens"),
        "prompt_tokens_per_task": tokens("prompt_tokens"),
    }


def _levels(records: Sequence[Record]) -> dict[str, dict[str, int]]:
    """Tasks and solved ones by level, in the order of the tasks; nothing where no task has one."""
    levels: dict[str, dict[str, int]] = {}
    for record in records if any(r["level"] for r in records) else []:
        level = levels.setdefault(record["level"] or "none", {"tasks": 0, "greedy_solved": 0, "solved": 0})
        level["tasks"] += 1
        level["greedy_solved"] += record["greedy_right"]
        level["solved"] += record["right"]
    return levels


def _median(values: Sequence[float]) -> float:
    return statistics.median(values) if values else 0.0


def _ends(interval: Interval) -> list[float]:
    return [interval.low, interval.high]
