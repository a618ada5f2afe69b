"""How the loop tells what it is doing; the command line draws a bar, tests and servers stay silent or listen."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Progress", "Silent"]


class Progress(Protocol):
    """Told of every phase and of what was done in it."""

    def phase(self, name: str, total: int | None = None) -> None:
        """A new phase begins; ``total`` units will be done in it at most."""
        ...

    def tokens(self, n: int) -> None:
        """``n`` more units of the phase (tokens decoded, drafts checked) were done."""
        ...


class Silent:
    """Tells nobody."""

    def phase(self, name: str, total: int | None = None) -> None:
        """Ignored."""

    def tokens(self, n: int) -> None:
        """Ignored."""
