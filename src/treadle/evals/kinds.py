"""The kinds of evaluation: a table name -> how its tasks are loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from treadle.errors import UnknownNameError
from treadle.evals.base import AnyTask

__all__ = ["KINDS", "Kind", "find_kind"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """``load`` takes the task file and the data folder, each None where it was not given."""

    about: str
    load: Callable[[Path | None, Path | None], Sequence[AnyTask]]
    max_tokens: int = 256
    job: str = ""
    """That of the adapter which the catalogue's models take; see ``engines/shipped.py``."""


def _hep(tasks: Path | None, data: Path | None) -> Sequence[AnyTask]:
    from treadle.evals.hep import load_hep

    return load_hep(tasks, data)


def _sql(tasks: Path | None, data: Path | None) -> Sequence[AnyTask]:
    from treadle.evals.sql import load_sql

    return load_sql(tasks, data)


def _humaneval(tasks: Path | None, data: Path | None) -> Sequence[AnyTask]:
    from treadle.evals.humaneval import load_humaneval

    return load_humaneval(tasks, data)


def _infill(multi_line: bool, tasks: Path | None, data: Path | None) -> Sequence[AnyTask]:
    from treadle.evals.infill import load_infill

    return load_infill(multi_line, tasks, data)


KINDS = {
    "sql": Kind(
        about="questions to databases, judged by the rows of reference queries", load=_sql, max_tokens=160, job="sql"
    ),
    "hep": Kind(about="requests on data files, judged by numeric validators", load=_hep, job="data"),
    "humaneval": Kind(about="the 164 problems of HumanEval, judged by their hidden tests", load=_humaneval),
    "infill-single-line": Kind(
        about="each line of HumanEval's solutions masked in turn, judged by the hidden tests",
        load=partial(_infill, False),
        max_tokens=192,
        job="infill",
    ),
    "infill-multi-line": Kind(
        about="every block of lines of HumanEval's solutions masked in turn, judged by the hidden tests",
        load=partial(_infill, True),
        max_tokens=512,
        job="infill",
    ),
}


def find_kind(name: str) -> Kind:
    """The kind called ``name``.

    Raises:
        UnknownNameError: there is none; lists what exists.
    """
    if name not in KINDS:
        raise UnknownNameError("kind of evaluation", name, KINDS)
    return KINDS[name]
