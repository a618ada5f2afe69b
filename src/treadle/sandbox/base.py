"""The Sandbox protocol: the only way a generated program is ever executed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from treadle.types import Limits, Program, Run

__all__ = ["Sandbox"]


@runtime_checkable
class Sandbox(Protocol):
    """Runs untrusted programs and reports what happened, as seen from outside."""

    @property
    def tier(self) -> str:
        """'namespaces', 'landlock' or 'seccomp': what holds the program."""
        ...

    @property
    def absent(self) -> tuple[str, ...]:
        """What this tier has elsewhere and this machine does not give."""
        ...

    def run(self, program: Program, files: Sequence[Path] = (), limits: Limits | None = None) -> Run:
        """Run ``program`` once, in a process of its own.

        ``files`` are visible read-only inside, in the working directory, under their own base names.

        Raises:
            SandboxRefusedError: no tier works here; nothing was executed.
            SandboxError: the sandbox itself failed; nothing is known about the program.
        """
        ...

    def run_many(self, programs: Sequence[Program], files: Sequence[Path] = (), limits: Limits | None = None) -> list[Run]:
        """Run every program, as many at once as there are cores; results in the order given."""
        ...

    def close(self) -> None:
        """Stop the fork server. Closing twice is allowed."""
        ...
