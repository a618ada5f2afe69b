"""What the embedded databases share: a harness is run in the sandbox, and its word becomes a ``Run``."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

from treadle.errors import SandboxError
from treadle.sandbox import Sandbox
from treadle.sandbox.limits import sentence
from treadle.types import Limits, Program, Run

__all__ = ["MAX_ROWS", "call", "failed", "heap_bytes", "linked", "run_statement"]

MAX_ROWS = 10_000
"""Rows of a result that come back, unless a database was opened with another number."""

_SHARE_OF_TIME = 0.95  # the harness stops a statement just before the sandbox would
_SHARE_OF_MEMORY = 0.75
_SHARE_OF_VALUE = 0.9


@cache
def _text(harness: str) -> str:
    room = resources("treadle.coding.sql.databases")
    return "\n\n".join((room / name).read_text(encoding="utf-8") for name in ("harness_rows.py", harness))


def call(
    sandbox: Sandbox, harness: str, function: str, arguments: Mapping[str, Any], files: Sequence[Path], limits: Limits
) -> Run:
    """Call ``function(collect, **arguments)`` of ``harness`` inside the sandbox; its result is the value of the run."""
    source = f"{_text(harness)}\n\nresult = {function}(collect, **{dict(arguments)!r})\n"
    return sandbox.run(Program(source=source, evaluate="result"), files, limits)


def heap_bytes(limits: Limits) -> int:
    """What a database engine may use of the memory, so that its own limit is hit before the sandbox's."""
    return int(_SHARE_OF_MEMORY * limits.memory_bytes)


def linked(folder: Path, name: str, target: Path) -> Path:
    """A link to ``target`` called ``name``, under which the sandbox shows it. Links stay as they are once they are made."""
    place = folder / hashlib.sha256(os.fsencode(target.absolute())).hexdigest()[:16]
    place.mkdir(exist_ok=True)
    link = place / name
    with contextlib.suppress(FileExistsError):
        link.symlink_to(target.absolute())
    return link


def failed(tier: str, error: str) -> Run:
    """A statement that was refused before it was executed."""
    return Run(tier=tier, exit_code=1, error=error)


def run_statement(
    sandbox: Sandbox,
    harness: str,
    sql: str,
    files: Sequence[Path],
    limits: Limits,
    max_rows: int,
    arguments: Mapping[str, Any],
    check: Callable[[Run], None] | None = None,
) -> Run:
    """Execute ``sql`` by ``harness``; see ``Database.execute``. ``check`` raises what is wrong with the database itself."""
    try:
        sql.encode()
    except UnicodeEncodeError:
        return failed(sandbox.tier, "the statement holds characters that are not valid Unicode")
    bounds = {
        "cpu_seconds": _SHARE_OF_TIME * limits.cpu_seconds,
        "wall_seconds": _SHARE_OF_TIME * limits.wall_seconds,
        "heap_bytes": heap_bytes(limits),
        "max_rows": max_rows,
        "max_bytes": int(_SHARE_OF_VALUE * limits.value_bytes),
    }
    run = call(sandbox, harness, "execute", {"sql": sql, **bounds, **arguments}, files, limits)
    if check is not None:
        check(run)
    return _judged(run, limits)


def _judged(run: Run, limits: Limits) -> Run:
    """The run with the harness's word in its place: rows stay its value, an error or a limit ends it."""
    if not run.value_given:
        if run.limit_hit is not None:
            return replace(run, error=None, error_line=None, stderr="")
        if run.signal is not None:
            return replace(run, error=f"the database engine crashed (signal {run.signal})", error_line=None)
        raise SandboxError(f"the statement could not be executed, nothing is known about it: {run.error}")
    match run.value:
        case {"columns": list(), "rows": list(), "truncated": bool()}:
            return run
        case {"error": str(message)}:
            return _ended(run, error=message)
        case {"limit": str(limit)} if (stopped := sentence(limit, limits)) is not None:
            return _ended(run, limit_hit=stopped)
    raise SandboxError(f"the statement could not be executed, nothing is known about it: {str(run.value)[:200]}")


def _ended(run: Run, error: str | None = None, limit_hit: str | None = None) -> Run:
    return replace(run, value=None, value_given=False, exit_code=1, error=error, limit_hit=limit_hit)
