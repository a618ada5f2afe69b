"""The Store protocol: what was asked, drafted, checked, run and answered, written before it is shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

from treadle.markup import answer_html, block, code, folded, note, said
from treadle.types import Answer, DataSummary, Draft, EngineIdentity, Expectation, Prompt, Request, Run, Verdict

__all__ = [
    "Basis",
    "Correction",
    "Digest",
    "DigestDraft",
    "ExampleState",
    "Feedback",
    "Pair",
    "Store",
    "StoredExample",
    "ThreadInfo",
    "ThreadRecord",
]

ExampleState = Literal["active", "replaced", "removed"]
"""Only active examples are shown to a model: a later correction of the same thread replaces, the user removes."""


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

    def _repr_html_(self) -> str:
        drafts = [folded(f"draft {d.id}", code(d.program or d.completion.text)) for d in self.drafts]
        if self.answer is not None:
            end = answer_html(self.answer, self.request.language, f"thread {self.info.id}")
        else:
            end = note(f"no answer: {self.interruption or 'still open, or its process was killed'}")
        head = f"<div><b>{said(self.request.text)}</b></div>"
        return block(head, note(f"thread {self.info.id}, engine {self.engine.name}"), *drafts, end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What an example was made on, and what its run showed.

    ``data`` has only the tables and columns that the program names: enough to move it onto another file. ``metrics``
    were printed, ``artifacts`` are names of files left behind, ``calls`` are the expectations of the request that were
    met, ``doubts`` those that it was accepted with.
    """

    data: DataSummary | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    artifacts: tuple[str, ...] = ()
    calls: tuple[Expectation, ...] = ()
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A corrected program that passed, on its way into the store.

    ``draft`` is the id of the draft that it replaces, ``rejected`` that draft's program (its text, where it held none)
    and ``reason`` what was wrong with it. ``chosen`` is the program as the user gave it; ``program`` and ``body`` are
    its form as an example.
    """

    draft: str
    rejected: str
    reason: str
    chosen: str
    request: str
    language: Literal["python", "sql"]
    kind: Literal["data", "function", "sql"]
    program: str
    body: str
    basis: Basis
    tags: tuple[str, ...] = ()
    dialect: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredExample:
    """A correction as it is shown to models. ``id`` is the thread's with a number: '20261124-3wq7k2q.1'.

    ``data`` is the name of the data file without its folder; ``Store.basis`` has the rest about it.
    """

    id: str
    thread: str
    created: str
    request: str
    language: Literal["python", "sql"]
    kind: Literal["data", "function", "sql"]
    program: str
    body: str
    tags: tuple[str, ...] = ()
    dialect: str | None = None
    data: str | None = None
    data_sha256: str | None = None
    note: str = ""
    state: ExampleState = "active"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A failing draft and the program that the user put in its place. ``state`` is that of the example made of it."""

    thread: str
    created: str
    draft: str
    rejected: str
    reason: str
    chosen: str
    example: str
    note: str = ""
    state: ExampleState = "active"


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestDraft:
    """A draft as training needs it: its text without its tokens, and how its checks ended.

    ``failed``: a check failed; ``met``: none failed, and an expectation was met.
    """

    id: str
    prompt: int
    program: str | None
    mean_logprob: float | None
    failed: bool
    met: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """What a thread teaches. ``rating`` is the last one given, or None."""

    id: str
    request: Request
    prompts: tuple[Prompt, ...]
    drafts: tuple[DigestDraft, ...]
    status: str | None
    answer: str | None
    rating: Literal["good", "bad"] | None


@runtime_checkable
class Store(Protocol):
    """Keeps threads. Every method returns only after its rows are on disk.

    Methods that add to a thread take its full id; those that a user calls by hand (``load``, ``export``,
    ``add_feedback``, ``feedback``, ``pairs``, ``example``, ``remove_example``) also take a prefix that fits one thread
    only. An id that fits none or several raises ``UnknownNameError``, a write that failed ``StoreError``: what was stored
    before stays.
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

    def add_correction(self, thread: str, correction: Correction) -> str:
        """Store an example with its pair, and return the example's id; an active one of the same thread is replaced.

        All of it or nothing. The correction stands among the thread's feedback, too.
        """
        ...

    def examples(self, every: bool = False) -> list[StoredExample]:
        """The active examples, newest first; with ``every`` also those that were replaced or removed."""
        ...

    def example(self, name: str) -> StoredExample:
        """One example by its id, the beginning of it, or the id of its thread (then the active one)."""
        ...

    def basis(self, example: str) -> Basis:
        """What the example with this full id was made on."""
        ...

    def remove_example(self, name: str) -> StoredExample:
        """Show an example to no model any more; returns it as it was. Its pair stays, and is not exported."""
        ...

    def pairs(self, thread: str | None = None) -> list[Pair]:
        """The pairs of one thread, or all, oldest first."""
        ...

    def ratings(self) -> dict[str, str]:
        """The last rating of every thread that has one."""
        ...

    def digest(self, thread: str) -> Digest:
        """What the thread with this full id teaches; reads no tokens, so it takes a fifth of the time of ``load``."""
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
