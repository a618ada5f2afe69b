"""The Store protocol: what was asked, drafted, checked, run and answered, written before it is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

from treadle.types import Answer, Draft, EngineIdentity, Prompt, Request, Run, Verdict

__all__ = ["Feedback", "Store", "ThreadInfo", "ThreadRecord"]


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
class Feedback:
    """What a user said about an answer: a 'rating' (``value`` a word or number) or a 'correction' (``value`` a program)."""

    kind: Literal["rating", "correction"]
    value: str
    note: str = ""
    created: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadRecord:
    """A whole thread.

    ``verdicts`` maps a draft's id to its verdicts in the order given, ``runs`` to its runs, each with a word for what it
    was for; a draft without any is absent. ``prompt_of`` maps every draft's id to the index of the prompt it was drawn
    from. ``interruption`` is why the thread was stopped; a thread that was answered all the same keeps it.
    """

    info: ThreadInfo
    request: Request
    engine: EngineIdentity
    options: Mapping[str, Any]
    prompts: tuple[Prompt, ...]
    drafts: tuple[Draft, ...]
    verdicts: Mapping[str, tuple[Verdict, ...]]
    runs: Mapping[str, tuple[tuple[str, Run], ...]]
    answer: Answer | None
    prompt_of: Mapping[str, int]
    interruption: str | None = None
    feedback: tuple[Feedback, ...] = ()


@runtime_checkable
class Store(Protocol):
    """Keeps threads. Every method returns only after its rows are on disk.

    Methods that add to a thread take its full id; those that a user calls by hand (``load``, ``export``,
    ``add_feedback``, ``feedback``) also take a prefix that fits one thread only. An id that fits none or several raises
    ``UnknownNameError``, a write that failed ``StoreError``: what was stored before stays.
    """

    def begin(self, request: Request, engine: EngineIdentity, options: Mapping[str, Any]) -> str:
        """Open a thread and return its id."""
        ...

    def add_prompt(self, thread: str, prompt: Prompt) -> int:
        """Store a prompt and return its index in the thread, from 0."""
        ...

    def add_drafts(self, thread: str, prompt_index: int, drafts: Sequence[Draft]) -> None:
        """Store drafts drawn from one prompt: all of them or none. Ids are unique within their thread."""
        ...

    def add_verdicts(self, thread: str, draft: str, verdicts: Sequence[Verdict]) -> None: ...

    def add_run(self, thread: str, draft: str, purpose: str, run: Run) -> None: ...

    def finish(self, thread: str, answer: Answer) -> None:
        """Store the answer; a thread has at most one."""
        ...

    def interrupt(self, thread: str, reason: str) -> None:
        """Mark a thread as stopped by the user or by an error; what was stored stays. An answered thread stays answered."""
        ...

    def add_feedback(self, thread: str, kind: Literal["rating", "correction"], value: str, note: str = "") -> None: ...

    def feedback(self, thread: str) -> list[Feedback]:
        """The feedback on a thread, oldest first."""
        ...

    def listing(self, limit: int = 20) -> list[ThreadInfo]:
        """The newest ``limit`` threads, newest first."""
        ...

    def load(self, thread: str) -> ThreadRecord: ...

    def export(self, thread: str) -> dict[str, Any]:
        """The whole thread as one JSON document; ``treadle.threads.export`` describes its form."""
        ...

    def close(self) -> None:
        """Close the store. Closing twice is allowed."""
        ...
