"""Landlock: which files the program may touch, enforced by the kernel on the process itself.

Works without any privilege and without namespaces. What it does not cover (stat, chmod, utime, UDP, unix sockets, ...)
is left to seccomp; see docs/sandbox.md.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Iterable

from treadle.sandbox import syscalls

__all__ = ["EXECUTE", "READ", "WORK", "WRITE_FILE", "Ruleset", "abi"]

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE = (1 << n for n in range(6))
MAKE_DIR, MAKE_REG, MAKE_SYM, REFER, TRUNCATE, IOCTL_DEV = 1 << 7, 1 << 8, 1 << 12, 1 << 13, 1 << 14, 1 << 15

READ = READ_FILE | READ_DIR
WORK = READ | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_SYM | REFER | TRUNCATE
_FILE_RIGHTS = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV

_CREATE, _ADD_RULE, _RESTRICT = 0, 1, 2
_HIGHEST_RIGHT = {1: 12, 2: 13, 3: 14, 4: 14, 5: 15}
_ALL_TCP = 0b11
_ALL_SCOPES = 0b11


def abi() -> int:
    """The kernel's Landlock version; 0 where there is none."""
    try:
        return syscalls.call("landlock", None, 0, 1, offset=_CREATE)
    except OSError:
        return 0


def _handled(version: int) -> int:
    return (1 << (_HIGHEST_RIGHT.get(version, 15) + 1)) - 1


def _ruleset(version: int) -> int:
    """Every right that this kernel knows is handled, that is: denied unless a rule grants it."""
    attributes = struct.pack("Q", _handled(version))
    if version >= 4:
        attributes += struct.pack("Q", _ALL_TCP)
    if version >= 6:
        attributes += struct.pack("Q", _ALL_SCOPES)
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    return syscalls.call("landlock", buffer, len(attributes), 0, offset=_CREATE)


def _allow(ruleset: int, version: int, path: str, rights: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # a path that does not exist here needs no rule
    try:
        if not stat.S_ISDIR(os.fstat(handle).st_mode):
            rights &= _FILE_RIGHTS
        rule = struct.pack("=Qi", rights & _handled(version), handle)
        syscalls.call("landlock", ruleset, 1, ctypes.create_string_buffer(rule, len(rule)), 0, offset=_ADD_RULE)
    finally:
        os.close(handle)


class Ruleset:
    """Paths and the rights beneath them. What is named nowhere is denied once ``restrict`` was called."""

    def __init__(self, version: int) -> None:
        self._version = version
        self.handle = _ruleset(version)

    def allow(self, rules: Iterable[tuple[str, int]]) -> None:
        for path, rights in rules:
            _allow(self.handle, self._version, path, rights)

    def restrict(self) -> None:
        """Confine this thread (there must be no other); no way back. ``no_new_privs`` must be set already."""
        syscalls.call("landlock", self.handle, 0, offset=_RESTRICT)
        os.close(self.handle)
