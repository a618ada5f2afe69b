"""Where results and progress are shown. A terminal by default; a notebook takes both, and commands need not know which.

A command offers its result (``taken``) before it prints it. Progress asks for a line (``line``) before it draws bars.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Protocol

__all__ = ["Surface", "line", "shown_on", "taken"]


class Surface(Protocol):
    """Something other than a terminal that shows results."""

    def result(self, found: object) -> None:
        """Take a result; it has ``_repr_html_``."""
        ...

    def progress(self, text: str) -> None:
        """Show how far the work is, in the place of what was shown before; an empty text takes it away."""
        ...


_surface: ContextVar[Surface | None] = ContextVar("treadle_surface", default=None)


@contextlib.contextmanager
def shown_on(surface: Surface) -> Iterator[None]:
    """What is done inside is shown on ``surface``."""
    before = _surface.set(surface)
    try:
        yield
    finally:
        _surface.reset(before)


def taken(found: object) -> bool:
    """Whether a surface took the result; else the command shows it itself."""
    surface = _surface.get()
    if surface is None:
        return False
    surface.result(found)
    return True


def line() -> Surface | None:
    """The surface whose line shows progress; None where bars are drawn in a terminal."""
    return _surface.get()
