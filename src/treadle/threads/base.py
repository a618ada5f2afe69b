"""The Store protocol: what was asked, drafted, checked, run and answered, written before it is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from treadle.types import Answer, Draft, EngineIdentity, Prompt, Request, Run, Verdict

__all__ = ["Store", "ThreadInfo", "ThreadRecord"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadInfo:
    """One line of a listing. ``state`` is 'open' (still running, or killed), 'answered' or 'interrupted'."""

    id: str
    created: str
    request: str
    state: str
    status: str | None
    engine: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadRecord:
    """A whole thread. ``runs`` maps a draft's id to its runs, each with a word for what it was for."""

    info: ThreadInfo
    request: Request
    engine: EngineIdentity
    options: Mapping[str, Any]
    prompts: tuple[Prompt, ...]
    drafts: tuple[Draft, ...]
    verdicts: Mapping[str, tuple[Verdict, ...]]
    runs: Mapping[str, tuple[tuple[str, Run], ...]]
    answer: Answer | None


@runtime_checkable
class Store(Protocol):
    """Keeps threads. Every method returns only after its rows are on disk."""

    def begin(self, request: Request, engine: EngineIdentity, options: Mapping[str, Any]) -> str:
        """Open a thread and return its id."""
        ...

    def add_prompt(self, thread: str, prompt: Prompt) -> None: ...

    def add_drafts(self, thread: str, prompt_index: int, drafts: Sequence[Draft]) -> None: ...

    def add_verdicts(self, thread: str, draft: str, verdicts: Sequence[Verdict]) -> None: ...

    def add_run(self, thread: str, draft: str, purpose: str, run: Run) -> None: ...

    def finish(self, thread: str, answer: Answer) -> None: ...

    def interrupt(self, thread: str, reason: str) -> None:
        """Mark a thread as stopped by the user or by an error; what was stored stays."""
        ...

    def listing(self, limit: int = 20) -> list[ThreadInfo]: ...

    def load(self, thread: str) -> ThreadRecord:
        """Raises ``UnknownNameError`` for an unknown id; a unique prefix of an id is enough."""
        ...

    def export(self, thread: str) -> dict[str, Any]:
        """The whole thread as one JSON document; ``treadle.threads.export`` describes its form."""
        ...

    def close(self) -> None: ...
