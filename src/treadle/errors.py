"""The error tree. A message says what was asked, what exists nearby, and how to go on.

TreadleError
├── UsageError            the request or an option is wrong (exit code 2)
│   ├── UnknownNameError  an unknown engine, model, option, tree, thread... (lists what exists)
│   ├── DataError         a data file is missing, unreadable or of an unknown kind
│   └── ExpectationError  an expectation cannot be read
├── EngineError           an engine failed
│   ├── UnsupportedError  the engine lacks what was asked for
│   ├── EndpointError     a remote endpoint is down or answers nonsense
│   ├── ContextLengthError the prompt does not fit
│   └── ModelFileError    a model file is absent, partial or corrupt
├── SandboxError          the sandbox could not be set up or its protocol broke
│   └── SandboxRefusedError  no tier works here: nothing was executed
├── StoreError            the thread store failed
│   └── StoreVersionError the store was written by a newer treadle
├── PackError             a pack or an example is malformed
└── FormatError           an answer does not have the form that was asked for
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "ContextLengthError",
    "DataError",
    "EndpointError",
    "EngineError",
    "ExpectationError",
    "FormatError",
    "ModelFileError",
    "PackError",
    "SandboxError",
    "SandboxRefusedError",
    "StoreError",
    "StoreVersionError",
    "TreadleError",
    "UnknownNameError",
    "UnsupportedError",
    "UsageError",
    "nearest",
]


def nearest(name: str, known: Iterable[str], n: int = 3) -> list[str]:
    """Up to ``n`` known names most similar to ``name``, best first; compares without regard to case."""
    by_lower: dict[str, list[str]] = {}
    for candidate in known:
        by_lower.setdefault(candidate.lower(), []).append(candidate)
    close = difflib.get_close_matches(name.lower(), by_lower, n=n, cutoff=0.5)
    return [original for lower in close for original in by_lower[lower]][:n]


class TreadleError(Exception):
    """Base of all errors that treadle raises on purpose."""


class UsageError(TreadleError):
    """The request or an option is wrong."""


class UnknownNameError(UsageError):
    """A name that does not exist; the message names the nearest ones and lists what exists."""

    def __init__(self, kind: str, name: str, known: Iterable[str], advice: str = "") -> None:
        names = sorted(known)
        close = nearest(name, names)
        text = f"unknown {kind} {name!r}."
        if close:
            text += f" Did you mean {' or '.join(repr(c) for c in close)}?"
        if names:
            shown = names if len(names) <= 20 else [*names[:20], f"... ({len(names)} in all)"]
            text += f" Known: {', '.join(shown)}."
        if advice:
            text += f" {advice}"
        super().__init__(text)
        self.kind, self.name, self.nearest = kind, name, close


class DataError(UsageError):
    """A data file is missing, unreadable or of an unknown kind."""


class ExpectationError(UsageError):
    """An expectation cannot be read."""


class EngineError(TreadleError):
    """An engine failed."""


class UnsupportedError(EngineError):
    """The engine lacks what was asked for."""


class EndpointError(EngineError):
    """A remote endpoint is down or answers nonsense."""


class ContextLengthError(EngineError):
    """The prompt does not fit into the model's context."""


class ModelFileError(EngineError):
    """A model file is absent, partial or corrupt."""


class SandboxError(TreadleError):
    """The sandbox could not be set up, or its protocol broke."""


class SandboxRefusedError(SandboxError):
    """No tier of the sandbox works on this machine: nothing was executed."""


class StoreError(TreadleError):
    """The thread store failed."""


class StoreVersionError(StoreError):
    """The store was written by a newer treadle."""


class PackError(TreadleError):
    """A pack or an example is malformed."""


class FormatError(TreadleError):
    """An answer does not have the form that was asked for; the message says what was expected, and where it deviates."""
