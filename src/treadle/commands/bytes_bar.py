"""How many bytes were read: a bar on standard error where that is a terminal, a line of text where a notebook shows it."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

__all__ = ["BytesBar"]

_REDRAWN_SECONDS = 0.25


class BytesBar:
    """Shown inside ``with``. ``total``: bytes in all, None where not known; ``shown``: False for what takes no time."""

    def __init__(self, what: str, total: int | None = None, shown: bool = True) -> None:
        from treadle.display.surface import line

        self._what, self._total, self._done, self._drawn = what, total, 0, 0.0
        self._line = line() if shown else None
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        if shown and self._line is None and sys.stderr.isatty():
            self._bar, self._task = _bar(what, total)

    def __enter__(self) -> BytesBar:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.stop()
        if self._line is not None:
            self._line.progress("")

    def advance(self, n_bytes: int) -> None:
        """So many more are done."""
        self.read(self._done + n_bytes, self._total)

    def read(self, done: int, total: int | None) -> None:
        """So many are done, of so many."""
        self._done, self._total = done, total
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total)
        elif self._line is not None and time.monotonic() - self._drawn >= _REDRAWN_SECONDS:
            self._drawn = time.monotonic()
            of = "" if total is None else f" of {total / 1e6:,.0f}"
            self._line.progress(f"{self._what}: {done / 1e6:,.0f}{of} MB")

    def then(self, what: str) -> None:
        """All is read; how long what follows takes is not known."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, description=what, total=None)
        elif self._line is not None:
            self._line.progress(what)


def _bar(what: str, total: int | None) -> tuple[Progress, TaskID]:
    """Of at most 75 columns."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(24), DownloadColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=Console(file=sys.stderr), transient=True)
    return bar, bar.add_task(what, total=total)
