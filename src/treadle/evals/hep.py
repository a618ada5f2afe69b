"""Requests on data files with numeric validators: a task is solved where every expected metric is printed.

The form of a record, in YAML or JSON; ``file`` lies in the data folder, ``rtol`` is relative to ``value``, ``atol``
absolute:

    - id: mean-pt
      file: zmumu.root
      request: What is the mean of pt1?
      expect: {mean_pt1: {value: 37.05, rtol: 0.01}}

A metric counts by its own name or, where task and program have one metric each, by any name: the request does not tell it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from treadle import compose
from treadle.coding.ask import Tools
from treadle.coding.checks.ran import RAN
from treadle.coding.choose import Candidate
from treadle.coding.expectations import metrics_in
from treadle.errors import DataError, UsageError
from treadle.evals.taskfile import Record, number, read_records, unique
from treadle.types import Request

__all__ = ["HepTask", "Metric", "load_hep", "metrics_right", "output_of"]

_ROUNDING = 1e-9
"""Absolute tolerance where none is given: programs print rounded decimals."""


@dataclass(frozen=True, slots=True)
class Metric:
    """An expected number with its tolerances."""

    value: float
    rtol: float = 0.0
    atol: float = _ROUNDING

    def near(self, found: float) -> bool:
        return abs(found - self.value) <= self.rtol * abs(self.value) + self.atol


@dataclass(frozen=True, slots=True, kw_only=True)
class HepTask:
    """A request on one data file; ``expect`` is the hidden half."""

    id: str
    request: str
    file: Path
    expect: Mapping[str, Metric]
    level: str = ""
    tree: str | None = None
    language: Literal["python"] = "python"
    database: None = None

    @property
    def files(self) -> tuple[Path, ...]:
        return (self.file,)

    def to_request(self, tools: Tools) -> Request:
        stated = compose.request(self.request, self.file, self.tree, [], None, None)
        return compose.with_data(stated, self.file, tools)

    def scorer(self, tools: Tools) -> MetricScorer:
        return MetricScorer(self.expect)


class MetricScorer:
    """Reads the METRIC lines of a draft's run."""

    def __init__(self, expect: Mapping[str, Metric]) -> None:
        self._expect = expect

    def right(self, candidate: Candidate) -> bool:
        return metrics_right(output_of(candidate), self._expect)

    def close(self) -> None:
        """Nothing to free."""


def output_of(candidate: Candidate) -> str:
    """What the draft printed in its last run to the end, or nothing."""
    runs = [run for purpose, run in candidate.runs if purpose == RAN and run.ok]
    return runs[-1].stdout if runs else ""


def metrics_right(output: str, expect: Mapping[str, Metric]) -> bool:
    """Whether ``output`` holds every expected metric within its tolerance."""
    found = metrics_in(output)
    if len(found) == 1 and len(expect) == 1:
        found = dict.fromkeys(expect, next(iter(found.values())))
    return all(name in found and metric.near(found[name]) for name, metric in expect.items())


def load_hep(tasks: Path | None, data: Path | None) -> list[HepTask]:
    """The tasks of a file, their data files in the folder ``data`` (default: that of the task file).

    Raises:
        UsageError: no task file was given.
        DataError: the file or one of its records is malformed, or a data file is missing.
    """
    if tasks is None:
        raise UsageError("treadle eval hep needs its tasks: --tasks FILE --data DIR; docs/evaluation.md shows their form")
    records = read_records(tasks)
    return unique([_task(record, data or tasks.parent) for record in records], lambda task: task.id, records)


def _task(record: Record, folder: Path) -> HepTask:
    record.check_keys(("id", "request", "file", "expect"), ("level", "category", "tree", "note", "tags"))
    file = folder / record.text("file")
    if not file.is_file():
        raise DataError(f"{record.where}: no data file {str(file)!r}; name its folder with --data")
    tree = record.text("tree") if "tree" in record.values else None
    return HepTask(
        id=record.text("id"),
        request=record.text("request"),
        file=file,
        expect=_expected(record, record.values["expect"]),
        level=record.text("level", record.text("category", "")),
        tree=tree,
    )


def _expected(record: Record, given: Any) -> dict[str, Metric]:
    if not isinstance(given, dict) or not given:
        raise record.wrong("expect", "a mapping of metrics to {value, rtol}", given)
    return {
        str(name): _metric(Record({"value": m} if _is_number(m) else m, record.where), name) for name, m in given.items()
    }


def _is_number(given: Any) -> bool:
    return not isinstance(given, dict)


def _metric(record: Record, name: str) -> Metric:
    place = Record(record.values, f"{record.where}, metric {name!r}")
    place.check_keys(("value",), ("rtol", "atol"))
    values = {key: number(place, key, value) for key, value in place.values.items()}
    negative = next((key for key in ("rtol", "atol") if values.get(key, 0.0) < 0), None)
    if negative is not None:
        raise place.wrong(negative, "zero or positive", values[negative])
    return Metric(**values)
