"""The seam between the loop and the kinds of work: how a prompt is planned and a draft judged, for Python and for SQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from treadle.coding.choose import Candidate
from treadle.coding.plan import Plan
from treadle.engines.base import Engine, Guide
from treadle.types import Completion, Draft, Prompt, Request

if TYPE_CHECKING:
    from treadle.coding.ask import Options, Tools

__all__ = ["SMALL", "Job", "is_small", "open_job", "was_taught"]

SMALL = 1_000_000_000
"""Parameters of a model below which its drafts, which copy the same examples, are no witnesses for each other."""


def is_small(engine: Engine) -> bool:
    """Whether the engine says that its model is a small one."""
    return (engine.identity.parameters or SMALL) < SMALL


def was_taught(engine: Engine) -> bool:
    """Whether the engine's model has an adapter."""
    return any(name.startswith("adapter ") for name in engine.identity.versions)


class Job(Protocol):
    """One request being worked on, in one language."""

    def plan(self) -> Plan:
        """Summarise, choose examples, build the prompt of the first round."""
        ...

    def by_rules(self) -> Prompt | None:
        """What rules, not the engine, write for this request: a prompt without messages with programs as parts."""
        ...

    @property
    def decisive(self) -> bool:
        """Whether the first of these programs is trusted more than drafts of an embedded small model."""
        ...

    @property
    def read_whole(self) -> bool:
        """Whether the first of these programs takes account of every word of the request."""
        ...

    @property
    def witness(self) -> bool:
        """Whether the first of these programs can be the only witness for what drafts of a small model agree on."""
        ...

    def guide(self, prompt: Prompt) -> Guide | None:
        """What drafts of ``prompt`` may say, given what is known; None where nothing is held."""
        ...

    def left(self, draft: Draft) -> str:
        """Where ``draft`` left what a guide would have held it to, in words; empty where it did not, or none fits."""
        ...

    def draft(self, id_: str, completion: Completion, prompt: Prompt, round_: int, repairs: str | None) -> Draft:
        """The draft of a completion of ``prompt``, its program extracted."""
        ...

    def judge(self, draft: Draft, origin: str) -> Candidate:
        """Climb the ladder, note doubts, key the behaviour. A program that was judged before is not run again."""
        ...


def _python(request: Request, tools: Tools, options: Options) -> Job:
    from treadle.coding.python import PythonJob

    return PythonJob(request, tools, options)


def _sql(request: Request, tools: Tools, options: Options) -> Job:
    from treadle.coding.sql.job import SqlJob

    return SqlJob(request, tools, options)


_JOBS: dict[str, Callable[[Request, Tools, Options], Job]] = {"python": _python, "sql": _sql}


def open_job(request: Request, tools: Tools, options: Options) -> Job:
    """The job that ``request`` is."""
    return _JOBS[request.language](request, tools, options)
