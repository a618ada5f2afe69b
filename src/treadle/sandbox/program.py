"""Runs the program's source the way ``python program.py`` would, evaluates the expression asked for, reports, and
exits.

Everything here runs beside untrusted code and may be altered by it: nothing that this module reports decides a verdict.
"""

from __future__ import annotations

import atexit
import errno
import linecache
import os
import sys
import threading
import traceback
import types
from types import TracebackType
from typing import Any, NoReturn

from treadle.sandbox import handover
from treadle.sandbox.protocol import ResultSlot
from treadle.sandbox.values import encode_value
from treadle.types import Program

__all__ = ["FILENAME", "run"]

FILENAME = "<program>"
_MAX_ERROR = 2000
_DISK_ERRORS = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
_FAILED = 1


def run(program: Program, value_bytes: int, slot: ResultSlot) -> NoReturn:
    namespace = _fresh_main(program)
    report: dict[str, Any] = {"error": None, "line": None, "limit": None, "value": False}
    value = b""
    exit_code = 0
    try:
        exec(compile(program.source, FILENAME, "exec", dont_inherit=True), namespace)  # noqa: S102 (the purpose of this room)
        if program.evaluate is not None:
            result = eval(compile(program.evaluate, "<evaluate>", "eval", dont_inherit=True), namespace)  # noqa: S307
            value = _encoded(result, value_bytes, report)
    except SystemExit as stop:
        exit_code = _exit_code(stop)
        report["error"] = _describe(stop) if exit_code else None
    except BaseException as error:
        exit_code = _FAILED
        report |= _report_of(error)
        _print_traceback(error)
    if program.evaluate is not None and not report["value"] and report["error"] is None:
        report["error"] = "ValueError: no value: the program ended by itself before its value was computed"
    slot.write(report, value)
    _leave(exit_code)


def _fresh_main(program: Program) -> dict[str, Any]:
    main = types.ModuleType("__main__")
    sys.modules["__main__"] = main
    sys.argv = ["program.py", *program.argv]
    sys.path.insert(0, os.getcwd())  # noqa: PTH109
    lines = program.source.splitlines(keepends=True)
    linecache.cache[FILENAME] = (len(program.source), None, lines, FILENAME)
    namespace = main.__dict__
    namespace["__builtins__"] = sys.modules["builtins"]
    return namespace


def _encoded(result: Any, value_bytes: int, report: dict[str, Any]) -> bytes:
    """The value as a frame; a value that cannot leave is an error of the report, not of the program."""
    try:
        value = encode_value(result, value_bytes)
    except ValueError as error:
        report["error"] = _describe(error)
        report["limit"] = "value" if "allowed are" in str(error) else None
        return b""
    report["value"] = True
    return value


def _exit_code(stop: SystemExit) -> int:
    """As the interpreter does it: None is 0, a number itself, anything else is printed and counts as 1."""
    if stop.code is None:
        return 0
    if isinstance(stop.code, int):
        return stop.code & 0xFF
    print(stop.code, file=sys.stderr)  # noqa: T201 (this is the program's own stream)
    return _FAILED


def _describe(error: BaseException) -> str:
    """The last line of the traceback."""
    try:
        lines = traceback.format_exception_only(type(error), error)
        return lines[-1].strip()[:_MAX_ERROR]
    except BaseException:
        return type(error).__name__[:_MAX_ERROR]


def _report_of(error: BaseException) -> dict[str, Any]:
    return {"error": _describe(error), "line": _line_of(error), "limit": _limit_of(error)}


def _line_of(error: BaseException) -> int | None:
    if isinstance(error, SyntaxError) and error.filename == FILENAME:
        return error.lineno
    line = None
    for frame, number in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename == FILENAME:
            line = number
    return line


def _limit_of(error: BaseException) -> str | None:
    """The limit that an error speaks of; MemoryError and OSError are how the kernel's limits appear inside."""
    if isinstance(error, MemoryError):
        return "memory"
    if isinstance(error, OSError):
        if error.errno in _DISK_ERRORS:
            return "disk"
        return {errno.EMFILE: "open_files", errno.ENOMEM: "memory"}.get(error.errno or 0)
    if isinstance(error, RuntimeError) and "can't start new thread" in str(error):
        return "threads"
    return None


def _print_traceback(error: BaseException) -> None:
    """On stderr as usual, without the frames of this module."""
    here = error.__traceback__
    own: TracebackType | None = here.tb_next if here is not None else None
    _cut_behind_the_program(own)
    try:
        if sys.excepthook is not sys.__excepthook__:
            sys.excepthook(type(error), error, own)
        else:
            traceback.print_exception(type(error), error, own)
    except BaseException:
        _say_plainly(error)


def _cut_behind_the_program(trace: TracebackType | None) -> None:
    """Where the seccomp tier refuses to open a file, the frame that says so is ours."""
    while trace is not None and trace.tb_next is not None:
        if trace.tb_next.tb_frame.f_code.co_filename == handover.__file__:
            trace.tb_next = None
        trace = trace.tb_next


def _say_plainly(error: BaseException) -> None:
    try:
        os.write(2, (_describe(error) + "\n").encode(errors="replace"))
    except BaseException:
        return


def _leave(exit_code: int) -> NoReturn:
    """Wait for threads, run exit functions and flush, as at the end of any program; then end at once."""
    try:
        threading._shutdown()  # type: ignore[attr-defined]  # what the interpreter itself calls at its end
        atexit._run_exitfuncs()
    except BaseException as error:
        _print_traceback(error)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BaseException:
            exit_code = exit_code or 120
    _flush_c_streams()
    os._exit(exit_code)


def _flush_c_streams() -> None:
    try:
        import ctypes

        ctypes.PyDLL(None).fflush(None)
    except BaseException:
        return
