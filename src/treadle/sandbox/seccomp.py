"""seccomp: which system calls the program may make, as a BPF program assembled here.

An allow-list: what is not in ``syscall_table`` answers EPERM, numbers newer than the table ENOSYS. A foreign calling
convention (``int 0x80``, x32) kills the process: its numbers mean other calls. ``socket`` is denied in every tier,
because network namespaces may be switched off on grid sites; ``clone`` only makes threads; signals reach only the
process itself. In the seccomp tier nothing can be opened or changed by name at all.
"""

from __future__ import annotations

import ctypes
import errno
import struct
from collections.abc import Iterable, Sequence

from treadle.sandbox import syscall_table, syscalls

__all__ = ["ANY_PID", "assemble", "install"]

Instruction = tuple[int, int, int, int]  # code, jump if true, jump if false, constant

_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_LOAD, _AND, _RETURN, _JUMP = 0x20, 0x54, 0x06, 0x05
_EQUAL, _ABOVE, _AT_LEAST = 0x15, 0x25, 0x35
_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32_BIT = 0x40000000
_PIECE = 8
_DENY = _ERRNO | errno.EPERM
_ABSENT = _ERRNO | errno.ENOSYS
_UNSUPPORTED = _ERRNO | errno.EOPNOTSUPP

_CLONE_FILES, _CLONE_THREAD = 0x00000400, 0x00010000
_SIGCONT = 18
_ALL = 0xFFFFFFFF
_CLONE_FORBIDDEN = 0x7E020080  # every CLONE_NEW* flag
_AF_UNIX, _SOCK_STREAM, _SOCK_TYPE_MASK = 1, 1, 0xF
_PRCTL_ALLOWED = (3, 15, 16, 0x53564D41)  # GET_DUMPABLE, SET_NAME, GET_NAME, SET_VMA (naming of mappings)
_IOCTL_ALLOWED = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)  # isatty, window size, FIONREAD, FIONBIO, close on exec
_FCNTL_ALLOWED = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030)  # duplicate, flags, locks; no owner, lease, pipe size, seals
_O_TRUNC, _O_ACCMODE = 0x200, 0x3
_PLACE_OF_PID = 0x7FFFFFF1  # above any process number that Linux gives out
ANY_PID = struct.pack("=I", _PLACE_OF_PID)


def _load(offset: int) -> Instruction:
    return (_LOAD, 0, 0, offset)


def _ret(action: int) -> Instruction:
    return (_RETURN, 0, 0, action)


def _low(argument: int) -> Instruction:
    return _load(16 + 8 * argument)


def _high(argument: int) -> Instruction:
    return _load(20 + 8 * argument)


Condition = list[Instruction]
"""Falls through where the condition holds, returns EPERM otherwise."""


def _masked_equals(argument: int, mask: int, value: int) -> Condition:
    return [_low(argument), (_AND, 0, 0, mask), (_EQUAL, 1, 0, value), _ret(_DENY)]


def _masked_not_in(argument: int, mask: int, values: Sequence[int]) -> Condition:
    tests: Condition = [_low(argument), (_AND, 0, 0, mask)]
    for value in values:
        tests += [(_EQUAL, 0, 1, value), _ret(_DENY)]
    return tests


def _one_of(argument: int, values: Sequence[int]) -> Condition:
    tests: Condition = [_low(argument)]
    tests += [(_EQUAL, len(values) - index, 0, value) for index, value in enumerate(values)]
    return [*tests, _ret(_DENY)]


def _is_null(argument: int) -> Condition:
    return [_low(argument), (_EQUAL, 1, 0, 0), _ret(_DENY), _high(argument), (_EQUAL, 1, 0, 0), _ret(_DENY)]


def _checked_calls(executes: bool) -> dict[str, Condition]:
    """``executes``: the processes of the run's own namespace are each other's, and fork; none makes a namespace."""
    pid = _PLACE_OF_PID
    thread = _CLONE_THREAD | _CLONE_FILES  # one table of descriptors: it is limited and counted once
    calls = {
        "clone": _masked_equals(0, thread | _CLONE_FORBIDDEN, thread),
        # Who counts what a program takes of the disk stops it meanwhile; it must not wake itself.
        "kill": _one_of(0, (pid,)) + _masked_not_in(1, _ALL, (_SIGCONT,)),
        "tgkill": _one_of(0, (pid,)) + _masked_not_in(2, _ALL, (_SIGCONT,)),
        "prctl": _one_of(0, _PRCTL_ALLOWED),
        "ioctl": _one_of(1, _IOCTL_ALLOWED),
        "fcntl": _one_of(1, _FCNTL_ALLOWED),
        "prlimit64": _one_of(0, (0, pid)) + _is_null(2),
        # A connected pair of streams reaches nobody else; asyncio needs one. Without an address nothing goes elsewhere.
        "socketpair": _one_of(0, (_AF_UNIX,)) + _masked_equals(1, _SOCK_TYPE_MASK, _SOCK_STREAM),
        "sendto": _is_null(4),
        "sched_setaffinity": _one_of(0, (0, pid)),
    }
    if executes:
        calls |= {"clone": _masked_equals(0, _CLONE_FORBIDDEN, 0), "prlimit64": _is_null(2)}
        calls |= {"kill": [], "tgkill": [], "sched_setaffinity": []}
    return calls


def _opening(landlock_abi: int | None) -> dict[str, Condition | None]:
    """Below ABI 3 Landlock does not see truncation: ``open(O_RDONLY | O_TRUNC)`` would empty a readable file."""
    if landlock_abi is None or landlock_abi >= 3:
        return dict.fromkeys(syscall_table.OPENING)
    mask, harmful = _O_TRUNC | _O_ACCMODE, (_O_TRUNC, _O_TRUNC | _O_ACCMODE)
    return {"open": _masked_not_in(1, mask, harmful), "openat": _masked_not_in(2, mask, harmful), "creat": None}


def _ranges(numbers: Iterable[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], number)
        else:
            runs.append((number, number))
    return runs


def _membership(numbers: Iterable[int], action: int) -> list[Instruction]:
    """In pieces that a larger number jumps over, and behind which a smaller one leaves.

    The kernel tries every number when the filter is put on, so a filter that looks at all of them in turn costs half a
    millisecond in each run.
    """
    ranges = _ranges(numbers)
    pieces = [ranges[start : start + _PIECE] for start in range(0, len(ranges), _PIECE)]
    code: list[Instruction] = []
    for piece in reversed(pieces):
        tests: list[Instruction] = []
        for low, high in piece:
            if low == high:
                tests += [(_EQUAL, 0, 1, low), _ret(action)]
            else:
                tests += [(_AT_LEAST, 0, 2, low), (_ABOVE, 1, 0, high), _ret(action)]
        code = [(_ABOVE, len(tests) + 1, 0, piece[-1][1]), *tests, (_JUMP, 0, 0, len(code)), *code]
    return code


def assemble(tier: str, landlock_abi: int, architecture: str, executes: bool = False) -> bytes:
    """The filter, with ``ANY_PID`` where the program's process number goes: assembled once, completed in each run."""
    column = {"x86_64": 0, "aarch64": 1}[architecture]
    plain = dict(syscall_table.PLAIN)
    if tier != "seccomp":
        plain |= syscall_table.WRITING
    unsupported = {}
    if tier == "landlock":  # a disk without a bound of its own: nothing fills it faster than by writing to it
        unsupported["fallocate"] = plain.pop("fallocate")
    if tier == "namespaces":
        plain |= syscall_table.METADATA
    if executes:
        plain |= syscall_table.EXECUTING
    opening = {} if tier == "seccomp" else _opening(None if tier == "namespaces" else landlock_abi)
    plain |= {name: syscall_table.OPENING[name] for name, condition in opening.items() if condition is None}
    conditions = _checked_calls(executes) | {name: c for name, c in opening.items() if c is not None}
    tables = syscall_table.CHECKED | syscall_table.OPENING

    code = [_load(4), (_EQUAL, 1, 0, _ARCHITECTURE[architecture]), _ret(_KILL), _load(0)]
    if architecture == "x86_64":
        code += [(_AT_LEAST, 0, 1, _X32_BIT), _ret(_KILL)]
    for rows, action in ((plain, _ALLOW), (syscall_table.NOT_THERE, _ABSENT), (unsupported, _UNSUPPORTED)):
        code += _membership((n for n in (row[column] for row in rows.values()) if n is not None), action)
    for name, condition in conditions.items():
        number = tables[name][column]
        if number is not None:
            code += [(_EQUAL, 0, len(condition) + 1, number), *condition, _ret(_ALLOW)]
    code += [(_ABOVE, 0, 1, syscall_table.LAST_KNOWN), _ret(_ABSENT), _ret(_DENY)]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in code)


def install(program: bytes) -> None:
    """Put the filter on this process (it must have one thread only and ``no_new_privs``); no way back."""
    buffer = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("HxxxxxxQ", len(program) // 8, ctypes.addressof(buffer))
    set_mode_filter = 1
    syscalls.call("seccomp", set_mode_filter, 0, ctypes.create_string_buffer(header, len(header)))
