"""Two evaluations of the same tasks, task by task: is the second better, or is it noise?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from treadle.errors import UsageError
from treadle.evals.journal import read_results, read_settings
from treadle.evals.record import Record
from treadle.evals.stats import paired

__all__ = ["compare", "compared_settings"]

# Claimed: said to be verified or agreed.
_MEASURES = {
    "solved": "answer right",
    "greedy_solved": "first draft right",
    "any_right": "some draft right",
    "claimed_right": "claimed and right",
    "claimed_wrong": "claimed but wrong",
}


def compare(first: Path, second: Path) -> dict[str, Any]:
    """Compare the evaluations in two folders on the tasks that both hold.

    tasks: how many both hold; left_out: how many only one holds. settings: what differs, as [first, second]. measures: by
    name, counts of tasks for which it holds in both, in only one, in neither; the shares; their difference (second minus
    first) with its 95 % interval; the p-value of McNemar's exact test.

    Raises:
        UsageError: a folder holds no evaluation, they are of different tasks, or have none in common.
        DataError: their files are damaged.
    """
    settings = read_settings(first), read_settings(second)
    _require_same_tasks(*settings, first, second)
    records = _by_id(first), _by_id(second)
    common = [name for name in records[0] if name in records[1]]
    if not common:
        raise UsageError(f"{first} and {second} have no finished task in common; there is nothing to compare")
    pairs = [(records[0][name], records[1][name]) for name in common]
    return {
        "first": str(first),
        "second": str(second),
        "tasks": len(common),
        "left_out": len({*records[0], *records[1]}) - len(common),
        "settings": compared_settings(*settings),
        "measures": {name: _measure(name, told, pairs) for name, told in _MEASURES.items()},
        "changed": [a["id"] for a, b in pairs if a["right"] != b["right"]],
    }


def _by_id(folder: Path) -> dict[str, Record]:
    return {record["id"]: record for record in read_results(folder)}


def _require_same_tasks(one: Mapping[str, Any], other: Mapping[str, Any], first: Path, second: Path) -> None:
    for key, told in (("kind", "kinds of evaluation"), ("tasks", "task files"), ("data", "data files")):
        left, right = one[key], other[key]
        if key == "tasks":  # the same file under another name is the same file
            left, right = left["sha256"], right["sha256"]
        if left != right:
            raise UsageError(
                f"{first} and {second} are of different {told} ({_short(left)} and {_short(right)}); nothing pairs up"
            )


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _measure(name: str, told: str, pairs: Sequence[tuple[Record, Record]]) -> dict[str, Any]:
    result = paired([_holds(a, name) for a, _ in pairs], [_holds(b, name) for _, b in pairs])
    return {
        "told": told,
        "first": result.both + result.only_first,
        "second": result.both + result.only_second,
        "both": result.both,
        "only_first": result.only_first,
        "only_second": result.only_second,
        "neither": result.neither,
        "difference": result.difference.value,
        "interval": [result.difference.low, result.difference.high],
        "p_value": result.p_value,
    }


def _holds(record: Record, name: str) -> bool:
    claimed = record["status"] in ("verified", "agreed")
    holds: bool = {
        "solved": record["right"],
        "greedy_solved": record["greedy_right"],
        "any_right": record["any_right"],
        "claimed_right": claimed and record["right"],
        "claimed_wrong": claimed and not record["right"],
    }[name]
    return holds


def compared_settings(one: Mapping[str, Any], other: Mapping[str, Any], prefix: str = "") -> dict[str, list[Any]]:
    """The settings that differ, by their dotted name."""
    found: dict[str, list[Any]] = {}
    for key in {**one, **other}:
        left, right = one.get(key), other.get(key)
        if isinstance(left, Mapping) and isinstance(right, Mapping):
            found |= compared_settings(left, right, f"{prefix}{key}.")
        elif left != right:
            found[f"{prefix}{key}"] = [left, right]
    return found
