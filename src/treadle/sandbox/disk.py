"""What a program takes of a disk that the kernel does not bound: counted from outside, in the landlock tier.

A program that wants to fill the disk does not leave its files where they are looked for: it moves them on while somebody
counts, removes their names, closes them and keeps a mapping. So it is held still for the count, which takes in what no
name leads to.
"""

from __future__ import annotations

import contextlib
import errno
import math
import os
import signal
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

__all__ = ["directory_usage", "held_still", "unnamed_bytes"]

_STOP_SECONDS = 0.02
_STOP_LOOK_SECONDS = 0.0005


@contextlib.contextmanager
def held_still(pid: int) -> Iterator[None]:
    """Stop a process, all threads, for the time of a count. Its filter does not let it wake itself, see ``seccomp``.

    A thread amid disk work stops only after that; the others do at once, so it is not waited for longer than 20 ms.
    """
    if _is_still(pid):
        yield
        return
    os.kill(pid, signal.SIGSTOP)
    try:
        deadline = time.monotonic() + _STOP_SECONDS
        while not _is_still(pid) and time.monotonic() < deadline:
            time.sleep(_STOP_LOOK_SECONDS)
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _is_still(pid: int) -> bool:
    """Whether a child is stopped or has ended; it stays there to be waited for."""
    return os.waitid(os.P_PID, pid, os.WSTOPPED | os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def directory_usage(path: str, most_bytes: float = math.inf, most_entries: float = math.inf) -> tuple[int, int]:
    """Bytes and entries below a directory; symbolic links are counted, not followed. Stops where there is more than asked.

    The program may put a link in the place of a directory while this looks, so what was opened must still lie below.
    """
    n_bytes = entries = 0
    root = os.path.realpath(path)
    pending = [path]
    while pending and n_bytes <= most_bytes and entries <= most_entries:
        directory = pending.pop()
        try:
            handle = _open_below(directory, root)
        except OSError as error:
            if error.errno == errno.ENAMETOOLONG:  # what lies so deep cannot be looked at, and was put there to be hidden
                return sys.maxsize, sys.maxsize
            continue  # removed by the program meanwhile
        try:
            names = os.listdir(handle)  # noqa: PTH208
            entries += len(names)
            for status, name in _statuses(handle, names):
                n_bytes += status.st_blocks * 512
                if stat.S_ISDIR(status.st_mode):
                    pending.append(f"{directory}/{name}")
        except OSError:
            continue
        finally:
            os.close(handle)
    return n_bytes, entries


def _statuses(handle: int, names: list[str]) -> Iterator[tuple[os.stat_result, str]]:
    for name in names:
        with contextlib.suppress(OSError):  # removed by the program meanwhile
            yield os.stat(name, dir_fd=handle, follow_symlinks=False), name


def _open_below(directory: str, root: str) -> int:
    """A descriptor to list ``directory`` with. The program may have closed it to readers and go on writing into it.

    Raises:
        OSError: it is not there, no directory, or not below ``root`` (any more).
    """
    place = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    itself = f"/proc/self/fd/{place}"
    try:
        with contextlib.suppress(FileNotFoundError):  # without /proc it is believed to be where it was looked for
            path = os.readlink(itself)  # noqa: PTH115
            if path != root and not path.startswith(f"{root}/"):
                raise NotADirectoryError(path)
            if os.fstat(place).st_mode & 0o500 != 0o500:
                os.chmod(itself, 0o700)  # noqa: PTH101
        return os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=place)
    finally:
        os.close(place)


def unnamed_bytes(pid: int, work: str, of_mapped: int) -> int:
    """Disk taken by files below ``work`` that a process holds and that no name leads to any more; 0 where it cannot be told.

    A file that is only mapped has a size that nobody can see, so each counts as ``of_mapped`` bytes. Python's mappings
    keep the file open, too.
    """
    opened = _opened(pid)
    unseen = _mapped(pid, work) - set(opened)
    return sum(opened.values()) + of_mapped * len(unseen)


def _of_tasks(pid: int, name: str) -> Iterator[str]:
    """Paths in /proc for each thread: the first may have ended, and its own files then say nothing of the others."""
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):  # noqa: PTH208 (a look every 50 ms)
            yield f"/proc/{pid}/task/{task}/{name}"


def _opened(pid: int) -> dict[int, int]:
    """Inode and size of the open files without a name. Threads share one table of descriptors, see ``seccomp``."""
    found: dict[int, int] = {}
    for folder in _of_tasks(pid, "fd"):
        numbers = []
        with contextlib.suppress(OSError):
            numbers = os.listdir(folder)  # noqa: PTH208
        for number in numbers:
            with contextlib.suppress(OSError):
                status = os.stat(f"{folder}/{number}")  # noqa: PTH116
                if stat.S_ISREG(status.st_mode) and not status.st_nlink:
                    found[status.st_ino] = status.st_blocks * 512
        if numbers:
            break
    return found


def _mapped(pid: int, work: str) -> set[int]:
    """Inodes of mapped files whose name below ``work`` was removed."""
    for path in _of_tasks(pid, "maps"):
        text = b""
        with contextlib.suppress(OSError):
            text = Path(path).read_bytes()
        if text:
            place = os.fsencode(work) + b"/"
            rows = [line.split(None, 5) for line in text.splitlines() if line.endswith(b" (deleted)")]
            return {int(row[4]) for row in rows if row[5].startswith(place)}
    return set()
