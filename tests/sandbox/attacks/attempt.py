"""What an attempt is, and the code around it that makes it tell how it fared."""

from __future__ import annotations

import platform
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["ALIVE", "Attempt", "source_of"]

Kind = Literal["file", "secret", "net", "proc", "kernel", "resource", "fake"]
Control = Literal["user", "machine", "root"]

ALIVE = "alive 45\n"
"""Printed before each attempt: the program did run, so what was held back was held back by the sandbox."""

_PRELUDE = """
import ctypes, errno, os, signal, struct, sys, time

def load(name):
    try:
        return __import__(name)
    except Exception as error:
        return error

socket, mmap, fcntl, resource = map(load, ("socket", "mmap", "fcntl", "resource"))
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long

def call(number, *arguments):
    'A raw system call; numbers are those of x86_64.'
    wide = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
    ctypes.set_errno(0)
    got = libc.syscall(ctypes.c_long(number), *wide)
    if got < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return got

def reached(number, *arguments):
    'Whether the call got as far as the kernel that serves it: any answer but "not permitted" and "no such call".'
    try:
        return call(number, *arguments)
    except OSError as error:
        if error.errno in (errno.EPERM, errno.ENOSYS):
            raise
        return errno.errorcode[error.errno]

def room(text=b"", size=4096):
    return ctypes.create_string_buffer(text, max(size, len(text)))

print("alive", sum(range(10)), flush=True)
outcome = "held: it did not come to its end"
"""

_EPILOGUE = """
try:
    outcome = "THROUGH " + repr(attempt())[:400]
except BaseException as error:
    outcome = f"held {type(error).__name__}: {error}"[:400]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One abuse attempt. ``body`` is that of a function ``attempt()``, which raises where the attempt was held back.

    ``control`` says how it is shown to work without a sandbox: 'user' as an ordinary user; 'machine' likewise, but a
    machine may refuse it also without us; 'root' as root of throwaway namespaces; None not at all, for the reason in
    ``why``. ``harmless`` names tiers in which the attempt may come to its end, with the reason why nothing is lost; what is
    seen from outside must be untouched all the same. ``deadly``: the program is killed for it.
    """

    name: str
    kind: Kind
    body: str
    control: Control | None = "user"
    why: str = ""
    harmless: Mapping[str, str] = field(default_factory=dict)
    deadly: bool = False

    def __post_init__(self) -> None:
        assert self.control is not None or self.why, f"{self.name}: say why there is no control"

    @property
    def runs_here(self) -> bool:
        raw = "call(" in self.body or "reached(" in self.body or "int 0x80" in self.name
        return not raw or platform.machine() == "x86_64"


def source_of(attempt: Attempt, facts: Mapping[str, Any]) -> str:
    """The program: ``F`` holds what the attempt aims at, ``outcome`` in the end how it fared."""
    body = textwrap.indent(textwrap.dedent(attempt.body).strip("\n"), "    ")
    return f"F = {dict(facts)!r}\n{_PRELUDE}\ndef attempt():\n{body}\n{_EPILOGUE}"
