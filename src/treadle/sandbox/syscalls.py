"""The few Linux system calls that Python does not offer, through ctypes.

``PyDLL`` keeps the interpreter lock during a call, so that a raw ``clone`` is as safe as ``os.fork``: the child starts
with the lock held by the only thread it has.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import struct
import sys
from functools import cache

__all__ = [
    "NUMBERS",
    "SetupError",
    "buffer",
    "call",
    "checked",
    "clone",
    "machine",
    "mount",
    "prctl",
    "supported",
    "umount_detach",
]

NUMBERS = {
    "x86_64": {
        "clone": 56,
        "capget": 125,
        "capset": 126,
        "pivot_root": 155,
        "seccomp": 317,
        "mount_setattr": 442,
        "landlock": 444,
    },
    "aarch64": {
        "clone": 220,
        "capget": 90,
        "capset": 91,
        "pivot_root": 41,
        "seccomp": 277,
        "mount_setattr": 442,
        "landlock": 444,
    },
}


class SetupError(OSError):
    """A step of the isolation failed; the message names the step."""


def machine() -> str:
    return platform.machine()


def supported() -> str | None:
    """None where the sandbox can be tried at all, else the reason why not."""
    if not sys.platform.startswith("linux"):
        return f"the sandbox needs Linux, this is {sys.platform}"
    if machine() not in NUMBERS:
        return f"no system call table for {machine()} (known: {', '.join(NUMBERS)})"
    if struct.calcsize("P") != 8:
        return "the sandbox needs a 64-bit Python"
    return None


@cache
def _libc() -> ctypes.PyDLL:
    libc = ctypes.PyDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    return libc


def _result(step: str, value: int) -> int:
    if value < 0:
        number = ctypes.get_errno()
        raise SetupError(number, f"{step}: {os.strerror(number)}")
    return value


def buffer(n_bytes: int) -> ctypes.Array[ctypes.c_char]:
    return ctypes.create_string_buffer(n_bytes)


def call(name: str, *arguments: int | bytes | ctypes.Array[ctypes.c_char] | None, offset: int = 0) -> int:
    """Make system call ``name`` (``offset`` numbers further on); raises SetupError."""
    number = NUMBERS[machine()][name] + offset
    wide = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    return _result(name, int(_libc().syscall(ctypes.c_long(number), *wide)))


def clone(flags: int) -> int:
    """Fork by the bare system call; returns like ``os.fork``. Nothing that Python or C libraries do at a fork is done.

    Without that it costs half, which is enough for a process of one thread that only runs code of our own.
    """
    return call("clone", flags | signal.SIGCHLD, 0, 0, 0, 0)


def prctl(option: int, *arguments: int) -> int:
    wide = [ctypes.c_ulong(a) for a in (*arguments, 0, 0, 0, 0)[:4]]
    return _result(f"prctl({option})", int(_libc().prctl(ctypes.c_int(option), *wide)))


def mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    words = [None if w is None else os.fsencode(w) for w in (source, target, kind)]
    options = None if data is None else os.fsencode(data)
    _result(f"mount on {target}", int(_libc().mount(*words, ctypes.c_ulong(flags), options)))


def umount_detach(target: str) -> None:
    mnt_detach = 2
    _result(f"umount {target}", int(_libc().umount2(os.fsencode(target), ctypes.c_int(mnt_detach))))


def checked(function: str, *arguments: bytes | int) -> int:
    """Call a libc function that returns -1 on error."""
    return _result(function, int(getattr(_libc(), function)(*arguments)))
