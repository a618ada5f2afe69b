"""Giving up what the fork server and the program do not need: the root user, capabilities, unreadable parents."""

from __future__ import annotations

import contextlib
import os
import stat
import struct
from collections.abc import Iterable
from pathlib import Path

from treadle.sandbox import syscalls
from treadle.sandbox.syscalls import SetupError

__all__ = ["drop_capabilities", "drop_root", "first_private_parent", "open_private_parents", "readable_by_others"]

_CLONE_NEWNS = 0x00020000
_MS_BIND, _MS_REC, _MS_PRIVATE, _MS_NOSUID, _MS_NODEV = 0x1000, 0x4000, 1 << 18, 2, 4
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 1, 4, 24, 38, 47
_LAST_CAPABILITY = 63


def first_private_parent(path: str) -> str | None:
    """The outermost directory on the way to ``path``, itself included, that not everybody may enter; None if none."""
    for parent in [*reversed(Path(path).parents), Path(path)]:
        status = parent.stat()
        if stat.S_ISDIR(status.st_mode) and not status.st_mode & stat.S_IXOTH:
            return str(parent)
    return None


def readable_by_others(path: str) -> bool:
    """Whether a user without any special right can read this file."""
    return first_private_parent(path) is None and bool(Path(path).stat().st_mode & stat.S_IROTH)


def open_private_parents(paths: Iterable[str]) -> None:
    """Make ``paths`` reachable for the unprivileged user, as root and in this process's own mount namespace only.

    A Python below root's home cannot be read once root is dropped. Over each private parent goes an empty tmpfs that
    holds nothing but the needed paths, so this process loses sight of everything else there.
    """
    hidden: dict[str, list[str]] = {}
    for path in paths:
        parent = first_private_parent(path)
        if parent is not None:
            hidden.setdefault(parent, []).append(path)
    if not hidden:
        return
    try:
        syscalls.checked("unshare", _CLONE_NEWNS)
        syscalls.mount("none", "/", None, _MS_REC | _MS_PRIVATE)
        for parent, inside in hidden.items():
            _replace_parent(parent, inside)
    except OSError as error:
        raise SetupError(
            error.errno,
            f"Python's files lie in a directory that only root may enter ({', '.join(hidden)}), and they cannot be mounted"
            f" elsewhere ({error.strerror}); install Python where everybody can read it, or run as an ordinary user",
        ) from None


def _replace_parent(parent: str, paths: list[str]) -> None:
    handles = [(path, os.open(path, os.O_PATH | os.O_CLOEXEC)) for path in paths]
    syscalls.mount("tmpfs", parent, "tmpfs", _MS_NOSUID | _MS_NODEV, "size=1m,mode=755")
    for path, handle in handles:
        if path != parent:
            Path(path).mkdir(parents=True, exist_ok=True)
        syscalls.mount(f"/proc/self/fd/{handle}", path, None, _MS_BIND | _MS_REC)
        os.close(handle)


def drop_root(uid: int) -> None:
    """Become ``uid`` for good, with no supplementary groups, no capabilities and an empty bounding set."""
    _empty_bounding_set()
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def _empty_bounding_set() -> None:
    for capability in range(_LAST_CAPABILITY + 1):
        try:
            syscalls.prctl(PR_CAPBSET_DROP, capability)
        except OSError:
            return  # beyond the last capability of this kernel


def drop_capabilities() -> None:
    """Give up every capability of this process, those it might regain included."""
    _empty_bounding_set()
    with contextlib.suppress(OSError):  # Linux < 4.3
        clear_all = 4
        syscalls.prctl(PR_CAP_AMBIENT, clear_all)
    version_3 = 0x20080522
    syscalls.call("capset", struct.pack("Ii", version_3, 0), struct.pack("6I", *[0] * 6))
