"""The plain data that flows from a request to an answer.

Every type here is a frozen dataclass without behaviour beyond what its fields say, in the words of ARCHITECTURE.md;
notebooks draw those that are results (``_repr_html_``).
Units are in the names: ``_seconds``, ``_bytes``, ``_tokens``. Log-probabilities are natural logarithms of the model's
distribution *before* sampling filters (temperature, top-p, grammar) unless a field says otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from treadle.engine_types import (
    Alternative,
    Capabilities,
    Chunk,
    Completion,
    Constraint,
    EngineIdentity,
    FinishReason,
    RawText,
    Sampling,
    Scored,
    Stage,
    Token,
)
from treadle.markup import answer_html, example_html, prompt_html, run_html, summary_html, verdict_html

__all__ = [
    "Alternative",
    "Answer",
    "Artifact",
    "Capabilities",
    "Chunk",
    "Column",
    "Completion",
    "Constraint",
    "DataSummary",
    "Draft",
    "EngineIdentity",
    "Example",
    "Expectation",
    "FinishReason",
    "Layout",
    "LeftOut",
    "Limits",
    "Message",
    "Outcome",
    "Program",
    "Prompt",
    "PromptPart",
    "RawText",
    "Request",
    "Run",
    "Rung",
    "Sampling",
    "Scored",
    "Stage",
    "Status",
    "Table",
    "Token",
    "Verdict",
    "Window",
]


# --------------------------------------------------------------------------------------------------- prompts


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One turn of a chat."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptPart:
    """A named piece of a prompt with where it came from and what it costs."""

    name: str
    source: str
    text: str
    tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Something that a prompt does not show. ``part``: the kind of part that lost it ('example', 'data summary', ...).

    ``tokens``: what it would add, None where that was not counted; ``fits``: whether the budget has room for it.
    """

    part: str
    what: str
    why: str
    tokens: int | None = None
    fits: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The room that a prompt was made for, and what was left out of it.

    ``budget_tokens`` bounds the prompt, ``context_tokens`` prompt and draft together (None: the engine does not say).
    ``exact``: tokens are counted by the model's own vocabulary; else they are estimates.
    """

    budget_tokens: int
    context_tokens: int | None = None
    exact: bool = False
    left_out: tuple[LeftOut, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What is sent to an engine.

    ``primer`` is the beginning of the assistant's answer, written by us: the model continues it. ``program_prefix`` is
    the code at the start of every program drafted from this prompt (the code inside the primer, free of any expected value).
    """

    messages: tuple[Message, ...]
    primer: str = ""
    program_prefix: str = ""
    body_indent: int = 0
    parts: tuple[PromptPart, ...] = ()
    stop: tuple[str, ...] = ()
    window: Window | None = None

    @property
    def tokens(self) -> int:
        return sum(p.tokens for p in self.parts)

    def _repr_html_(self) -> str:
        return prompt_html(self)


# --------------------------------------------------------------------------------------------------- data


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A branch, column or key. ``shape``: 'flat' one value an entry, 'jagged' a list an entry, 'nested' anything deeper.

    Of a database also: ``key``, it is (part of) the primary key; ``references``, the ``table.column`` that a foreign key
    names; ``values``, a few real values as SQL literals. ``note`` says the same in words.
    """

    name: str
    type: str
    shape: Literal["flat", "jagged", "nested"] = "flat"
    note: str = ""
    key: bool = False
    references: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a text file (CSV, JSON) is laid out. ``header``: 'first line' holds the names of the columns, 'renamed' others
    (with blanks around them, or none), 'none' data. ``skip``: lines of comments before it. ``form``: how JSON holds rows."""

    delimiter: str = ","
    encoding: str = "utf-8"
    header: Literal["first line", "renamed", "none"] = "first line"
    form: Literal["table", "lines", "key", "record", "list"] = "table"
    skip: int = 0
    decimal: Literal[".", ","] = "."
    trailing_delimiter: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A tree, table or frame inside a data file."""

    name: str
    columns: tuple[Column, ...]
    entries: int | None = None
    note: str = ""
    layout: Layout = Layout()


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSummary:
    """What is in a data file or a database. ``tables`` starts with the one that a program should open by default.

    ``path`` of a PostgreSQL database is its address without password; its ``sha256`` is that of the schema.
    """

    path: str
    kind: Literal["root", "parquet", "csv", "json", "sqlite", "duckdb", "postgresql"]
    sha256: str
    size_bytes: int
    tables: tuple[Table, ...]

    @property
    def column_names(self) -> frozenset[str]:
        return frozenset(c.name for t in self.tables for c in t.columns)

    def _repr_html_(self) -> str:
        return summary_html(self)


# --------------------------------------------------------------------------------------------------- sandbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one run may use. Defaults are those of docs/sandbox.md."""

    cpu_seconds: float = 10.0
    wall_seconds: float = 20.0
    memory_bytes: int = 2 << 30
    disk_bytes: int = 64 << 20
    inodes: int = 2048
    open_files: int = 64
    stream_bytes: int = 1 << 20
    value_bytes: int = 8 << 20
    threads: int = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program to run in the sandbox.

    ``evaluate`` is an expression computed after the source, in its namespace; its value comes back as plain data
    (``Run.value``). Never put an expected value into either.
    """

    source: str
    evaluate: str | None = None
    argv: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """A file that a program left behind (png, json, npy, csv)."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution in the sandbox, as seen from outside it.

    ``error`` is the last line of the traceback, e.g. ``"NameError: name 'x' is not defined"``, ``error_line`` the line of
    ``Program.source`` it points at. Both are the program's own word: they explain, they never decide. ``limit_hit`` is a
    sentence such as 'stopped: memory limit 2 GiB'. ``value`` is plain data, or None where nothing was asked or nothing
    valid came back (``value_given`` tells the two apart).
    """

    tier: str
    exit_code: int | None
    signal: int | None = None
    stdout: str = ""
    stderr: str = ""
    stdout_truncated: bool = False
    stderr_truncated: bool = False
    value: Any = None
    value_given: bool = False
    error: str | None = None
    error_line: int | None = None
    limit_hit: str | None = None
    artifacts: tuple[Artifact, ...] = ()
    wall_seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory_bytes: int = 0

    @property
    def ok(self) -> bool:
        """The program came to its end by itself, without an error or a limit. Not a statement about its result."""
        return self.exit_code == 0 and self.signal is None and self.limit_hit is None and self.error is None

    def _repr_html_(self) -> str:
        return run_html(self)


# --------------------------------------------------------------------------------------------------- coding


class Rung(StrEnum):
    """The rungs of the ladder, lowest first."""

    PARSED = "parsed"
    NAMES = "names exist"
    RAN = "ran"
    OUTPUT = "produced output"
    EXPECTATIONS = "met expectations"


class Outcome(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class Status(StrEnum):
    """The status of an answer; see ARCHITECTURE.md for what each one claims and does not claim."""

    VERIFIED = "verified"
    AGREED = "agreed"
    RAN = "ran"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one check found out about one draft. ``hint`` tells the model (and the user) how to mend it."""

    check: str
    rung: Rung
    outcome: Outcome
    reason: str
    hint: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)

    def _repr_html_(self) -> str:
        return verdict_html(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A completion with its program extracted. ``program`` is None where the completion held no code.

    ``round`` 0 is a first draft, k the k-th repair of ``repairs``.
    """

    id: str
    completion: Completion
    program: str | None
    round: int = 0
    repairs: str | None = None

    def _repr_html_(self) -> str:
        return self.completion._repr_html_()


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """Something the user said must hold. ``origin`` says where: 'request', '--expect', '--tests' or '--schema'.

    kind 'call': ``subject`` is an expression, ``expected`` a plain value or, where it is not a literal, None with the
    source in ``expected_source``; kind 'metric': ``subject`` is a metric's name, ``expected`` a number;
    kind 'tests': ``subject`` is the path, ``expected_source`` the text; kind 'schema': ``expected`` is the JSON schema.
    ``relative`` and ``absolute`` are tolerances.
    """

    kind: Literal["call", "metric", "tests", "schema"]
    subject: str
    text: str
    origin: str
    expected: Any = None
    expected_source: str | None = None
    relative: float = 0.0
    absolute: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the user asked, with everything that came along. ``language``: of the answer wanted."""

    text: str
    data: DataSummary | None = None
    expectations: tuple[Expectation, ...] = ()
    tree: str | None = None
    language: Literal["python", "sql"] = "python"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A request with a program that was executed and passed.

    ``body`` is the part of ``program`` after the preamble (imports, opening of the data), as shown to the model. ``kind``:
    'data' opens a data file, of 'sql' both are the statement. ``why`` says of a chosen one where it is from and how near.
    """

    id: str
    request: str
    program: str
    body: str
    pack: str
    kind: Literal["data", "function", "sql"]
    tags: tuple[str, ...] = ()
    data: str | None = None
    why: str = ""

    def _repr_html_(self) -> str:
        return example_html(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The chosen draft with what is known about it. ``agreement`` is (drafts in the cluster, drafts drawn)."""

    status: Status
    draft_id: str | None
    program: str | None
    verdicts: tuple[Verdict, ...]
    reason: str
    output: str = ""
    artifacts: tuple[Artifact, ...] = ()
    agreement: tuple[int, int] = (0, 0)
    card: Mapping[str, Any] = field(default_factory=dict)

    def _repr_html_(self) -> str:
        return answer_html(self)
