"""What every check sees, and the protocol it fulfils."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from treadle.coding.checks.introspect import Introspector
from treadle.sandbox.base import Sandbox
from treadle.types import Draft, Limits, Outcome, Program, Request, Run, Rung, Verdict

__all__ = ["Check", "Context", "failed", "passed", "skipped"]


@dataclass(kw_only=True)
class Context:
    """What a draft is judged against. ``runs`` collects every run of the draft, under a name, in their order.

    ``files`` default to the data file of the request. One ``introspector`` should be shared by all drafts: it
    remembers what the installed modules hold.
    """

    request: Request
    sandbox: Sandbox
    files: tuple[Path, ...] = ()
    limits: Limits | None = None
    introspector: Introspector | None = None
    runs: list[tuple[str, Run]] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.files and self.request.data is not None:
            self.files = (Path(self.request.data.path),)

    @property
    def modules(self) -> Introspector:
        """The introspector; made on first use where none was given."""
        if self.introspector is None:
            self.introspector = Introspector(self.sandbox)
        return self.introspector

    def run(self, name: str, source: str, evaluate: str | None = None) -> Run:
        """Run the draft (never anything that holds an expected value) and keep the run under ``name``."""
        run = self.sandbox.run(Program(source=source, evaluate=evaluate), self.files, self.limits)
        self.runs.append((name, run))
        return run

    def evaluate_many(self, source: str, expressions: Mapping[str, str]) -> dict[str, Run]:
        """Evaluate expressions after ``source``, each in a process of its own; both maps are by name."""
        programs = [Program(source=source, evaluate=expression) for expression in expressions.values()]
        runs = self.sandbox.run_many(programs, self.files, self.limits)
        self.runs += list(zip(expressions, runs, strict=True))
        return dict(zip(expressions, runs, strict=True))

    def run_named(self, name: str) -> Run | None:
        """The latest run under ``name``."""
        return next((run for known, run in reversed(self.runs) if known == name), None)


class Check(Protocol):
    """Judges one thing about a draft."""

    @property
    def name(self) -> str: ...

    @property
    def rung(self) -> Rung: ...

    def judge(self, draft: Draft, context: Context) -> Sequence[Verdict]:
        """One verdict, or one for each thing judged. A check that has nothing to say returns a skipped verdict."""
        ...


def passed(check: Check, reason: str, *, name: str = "", **evidence: Any) -> Verdict:
    return _verdict(check, Outcome.PASSED, reason, name, "", evidence)


def failed(check: Check, reason: str, hint: str = "", *, name: str = "", **evidence: Any) -> Verdict:
    """``hint`` may go back to the model: no expected value that the model has not seen may be in it."""
    return _verdict(check, Outcome.FAILED, reason, name, hint, evidence)


def skipped(check: Check, reason: str, *, name: str = "") -> Verdict:
    return _verdict(check, Outcome.SKIPPED, reason, name, "", {})


def _verdict(check: Check, outcome: Outcome, reason: str, name: str, hint: str, evidence: Mapping[str, Any]) -> Verdict:
    return Verdict(
        check=name or check.name, rung=check.rung, outcome=outcome, reason=reason, hint=hint, evidence=dict(evidence)
    )
