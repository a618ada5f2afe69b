"""Data files, made readable for the user that programs run as.

For an ordinary user nothing is to do. Root gives up root, so a file in a directory that only root may enter is copied,
once, for as long as the sandbox lives. A process that is killed leaves its copies; the next one to make some removes
them.
"""

# Plain os calls: descriptors, links and mount points, in processes that live for milliseconds.
# ruff: noqa: PTH101, PTH112, PTH116

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from treadle.errors import DataError, SandboxError
from treadle.sandbox.privileges import first_private_parent, readable_by_others
from treadle.sandbox.protocol import SCRATCH

__all__ = ["Staging", "public_directory"]

_PREFIX = "treadle-data-"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_SECONDS = 60.0
"""A folder younger than this may not be locked yet."""


def public_directory() -> str:
    """Where temporary directories go that the unprivileged user must reach."""
    candidates = (tempfile.gettempdir(), "/tmp", "/var/tmp")  # noqa: S108 (directories are made with mkdtemp)
    if os.geteuid() != 0:
        return candidates[0]
    for candidate in candidates:
        if os.path.isdir(candidate) and first_private_parent(os.path.realpath(candidate)) is None:
            return os.path.realpath(candidate)
    raise SandboxError(f"none of {', '.join(candidates)} can be entered by an unprivileged user; set TMPDIR to one that can")


class Staging:
    """Paths under which programs can read the data files. Copies are kept until ``close``."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._directory: str | None = None
        self._lock_handle: int | None = None
        """Held as long as the copies are in use; the kernel lets it go when this process ends, however it ends."""
        self._copies: dict[tuple[str, int, int, int], str] = {}

    def stage(self, files: Sequence[Path]) -> list[tuple[str, str, int]]:
        """Base name, readable path and size of every file.

        Raises:
            DataError: a file is missing, is no regular file, or has a base name that is taken.
        """
        staged = [self._stage(Path(file)) for file in files]
        names = [name for name, _, _ in staged]
        for name in names:
            if names.count(name) > 1:
                raise DataError(
                    f"two data files are called {name!r}: a program sees them under their base names; rename one"
                )
        return staged

    def _stage(self, file: Path) -> tuple[str, str, int]:
        try:
            path = os.path.realpath(file, strict=True)
            status = os.stat(path)
        except OSError as error:
            raise DataError(f"cannot read the data file {file}: {error.strerror}") from None
        if file.name == SCRATCH:
            raise DataError(f"the data file {file} has the name of a folder that programs need for themselves; rename it")
        if not stat.S_ISREG(status.st_mode) or not os.access(path, os.R_OK):
            raise DataError(f"the data file {file} is not a readable regular file")
        if os.geteuid() == 0 and not readable_by_others(path):
            path = self._copy(path, status)
        return file.name, path, status.st_size

    def _copy(self, path: str, status: os.stat_result) -> str:
        key = (path, status.st_ino, status.st_mtime_ns, status.st_size)
        with self._lock:
            if key not in self._copies:
                if self._directory is None:
                    _sweep(public_directory())
                    self._directory = tempfile.mkdtemp(prefix=_PREFIX, dir=public_directory())
                    self._lock_handle = os.open(self._directory, _FOLDER)
                    fcntl.flock(self._lock_handle, fcntl.LOCK_EX)
                    os.chmod(self._directory, 0o711)  # noqa: S103 (names in it cannot be guessed or listed)
                handle, copy = tempfile.mkstemp(dir=self._directory)
                os.close(handle)
                shutil.copyfile(path, copy)
                os.chmod(copy, 0o444)
                self._copies[key] = copy
            return self._copies[key]

    def close(self) -> None:
        with self._lock:
            if self._directory is not None:
                shutil.rmtree(self._directory, ignore_errors=True)
            if self._lock_handle is not None:
                os.close(self._lock_handle)
            self._directory, self._lock_handle, self._copies = None, None, {}


def _sweep(parent: str) -> None:
    """Remove the folders of copies whose process is gone: ours, not new, and locked by nobody."""
    with os.scandir(parent) as entries:
        found = [e.path for e in entries if e.name.startswith(_PREFIX) and e.is_dir(follow_symlinks=False)]
    for path in found:
        with contextlib.suppress(OSError):  # locked, or gone meanwhile
            handle = os.open(path, _FOLDER)
            try:
                status = os.fstat(handle)
                if status.st_uid == os.geteuid() and time.time() - status.st_mtime > _NEW_SECONDS:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(handle)
