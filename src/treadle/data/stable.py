"""Reading an SQLite file that another program may be writing: every look sees one committed state of it.

The file itself is read as it is, by somebody who takes it for immutable. Where that would miss something (a write-ahead
log, a journal to roll back) or where the file changed during the look, a private copy is read instead.

Copies are made outside the sandbox, since only here the original can be locked and its log be followed. SQLite then handles
pages, log and journal; what is in the pages, schema and rows, which somebody may have made to harm, it is never asked for.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from treadle.errors import DataError

__all__ = ["StableFile"]

T = TypeVar("T")
_State = tuple[tuple[int, int, int] | None, ...]
_TRIES = 3
_PAUSE_SECONDS = 0.05
_LOCK_SECONDS = 5.0
_SUFFIXES = ("", "-wal", "-journal")


def _state_of(path: str) -> tuple[int, int, int] | None:
    """What changes with every write; None for a file that is absent or empty."""
    try:
        status = os.stat(path)  # noqa: PTH116 (three of them for every statement)
    except FileNotFoundError:
        return None
    return (status.st_ino, status.st_size, status.st_mtime_ns) if status.st_size else None


class StableFile:
    """One SQLite file. ``read`` hands out a path that does not change while it is read. Threads may share it."""

    def __init__(self, path: Path) -> None:
        self._path = path.resolve()
        self._lock = threading.Lock()
        self._copies: tempfile.TemporaryDirectory[str] | None = None
        self._copied: tuple[_State, Path] | None = None

    def read(self, use: Callable[[Path], T]) -> T:
        """``use(path)`` on one committed state of the file; called a second time where it changed meanwhile.

        Raises:
            DataError: the file cannot be copied, or another program holds it locked for more than 5 s.
        """
        before = self._state()
        if not self._pending(before):
            try:
                result = use(self._path)
            except Exception:
                if self._state() == before:
                    raise
            else:
                if self._state() == before:
                    return result
        with self._lock:  # the next state's copy takes the place of this one
            return use(self._snapshot(self._state()))

    def close(self) -> None:
        """Remove the copy. Closing twice is allowed."""
        with self._lock:
            self._remove_copy()

    def __enter__(self) -> StableFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _state(self) -> _State:
        return tuple(_state_of(f"{self._path}{suffix}") for suffix in _SUFFIXES)

    def _pending(self, state: _State) -> bool:
        """Whether the file alone does not hold all that was committed, or holds what was not."""
        _, log, journal = state
        if log is not None:
            return True
        if journal is None:
            return False
        try:
            return Path(f"{self._path}-journal").read_bytes()[:1] != b"\x00"  # a journal kept for reuse starts with zeros
        except OSError:
            return True

    def _remove_copy(self) -> None:
        if self._copies is not None:
            self._copies.cleanup()
        self._copies = self._copied = None

    def _snapshot(self, state: _State) -> Path:
        if self._copied is None or self._copied[0] != state:
            self._remove_copy()
            self._copies = tempfile.TemporaryDirectory(prefix="treadle-sqlite-", ignore_cleanup_errors=True)
            target = Path(self._copies.name) / "copy.sqlite"
            try:
                self._copied = (self._copy(target), target)
            except (OSError, sqlite3.OperationalError) as error:
                self._remove_copy()
                raise DataError(
                    f"the SQLite file {str(self._path)!r} is being written by another program, and no consistent copy of it"
                    f" could be made: {error}. Wait for the writer or close it, and try again."
                ) from None
        return self._copied[1]

    def _copy(self, target: Path) -> _State:
        """The state that was copied: file, log and journal together, folded into one file."""
        for _ in range(_TRIES):
            state = self._state()
            for suffix, found in zip(_SUFFIXES, state, strict=True):
                with contextlib.suppress(FileNotFoundError):
                    Path(f"{target}{suffix}").unlink()
                if found is not None:
                    with contextlib.suppress(FileNotFoundError):  # gone meanwhile: the states will differ
                        shutil.copyfile(f"{self._path}{suffix}", f"{target}{suffix}")
            if self._state() == state:
                _recover(target)
                return state
            time.sleep(_PAUSE_SECONDS)
        # Somebody writes all the time and so holds the shared memory of its log: SQLite's own copying adds no file there.
        self._back_up(target)
        return self._state()

    def _back_up(self, target: Path) -> None:
        for suffix in _SUFFIXES:
            with contextlib.suppress(FileNotFoundError):
                Path(f"{target}{suffix}").unlink()
        end = time.monotonic() + _LOCK_SECONDS

        def give_up(status: int, *_: int) -> None:  # by itself, backup waits for a lock for ever
            if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and time.monotonic() > end:
                raise sqlite3.OperationalError("the database is locked")

        source = sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True, timeout=0)
        with closing(source), closing(sqlite3.connect(target)) as copy:
            source.backup(copy, progress=give_up, sleep=_PAUSE_SECONDS)


def _recover(copy: Path) -> None:
    """Roll back what was not committed and fold the log in, as SQLite does after a crash.

    This number stands in the header: to read it takes all that, and no look at the schema. Closing folds the log in.
    """
    with closing(sqlite3.connect(copy)) as db:
        db.execute("PRAGMA schema_version").fetchone()
    if _state_of(f"{copy}-wal") is not None:
        raise sqlite3.OperationalError("the log could not be folded in")
