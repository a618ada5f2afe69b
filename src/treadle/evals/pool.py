"""Tasks evaluated by several processes of this machine, each with an engine and a sandbox of its own."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any, NoReturn

from treadle import errors
from treadle.errors import EngineError, TreadleError
from treadle.evals.base import AnyTask
from treadle.evals.bench import Bench, Spec
from treadle.evals.record import Record

__all__ = ["evaluated_in_parallel", "raise_told", "serve", "told"]

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG
_PATIENCE_SECONDS = 10.0


@dataclass
class _Worker:
    """A process with what it is working on, and the folder for what it need not keep."""

    process: subprocess.Popen[bytes]
    connection: Connection
    folder: str
    task: AnyTask | None = None


def evaluated_in_parallel(tasks: Sequence[AnyTask], spec: Spec, workers: int) -> Generator[Record]:
    """The records of all tasks as they come, by ``workers`` processes.

    Raises:
        TreadleError: what a worker met; the others are stopped.
        EngineError: a worker was killed from outside, e.g. for want of memory.
    """
    waiting = list(reversed(tasks))
    crew: list[_Worker] = []
    try:
        for _ in range(min(workers, len(tasks))):
            crew.append(_hired(spec))
            _hand_out(crew[-1], waiting)
        while busy := [worker for worker in crew if worker.task is not None]:
            ready = wait([worker.connection for worker in busy])
            for worker in [worker for worker in busy if worker.connection in ready]:
                record = _received(worker)
                _hand_out(worker, waiting)
                yield record
    finally:
        _dismiss(crew)


def _hired(spec: Spec) -> _Worker:
    """A worker that has been told how to work. Not ``multiprocessing``: it would run the caller's main program again."""
    ours, theirs = Pipe()
    folder = tempfile.mkdtemp(prefix="treadle-eval-")
    call = f"from treadle.evals.pool import serve; serve({theirs.fileno()}, {os.getpid()}, {folder!r})"
    code = f"import sys; sys.path[:] = {sys.path!r}; {call}"
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the parent, which decides
        )
    worker = _Worker(process, ours, folder)
    _send(worker, spec)
    return worker


def _hand_out(worker: _Worker, waiting: list[AnyTask]) -> None:
    worker.task = waiting.pop() if waiting else None
    _send(worker, worker.task)


def _send(worker: _Worker, content: Any) -> None:
    with contextlib.suppress(OSError):  # a worker that is gone is seen when its answer is read
        worker.connection.send(content)


def _received(worker: _Worker) -> Record:
    try:
        kind, content = worker.connection.recv()
    except (EOFError, OSError):
        code = worker.process.wait(_PATIENCE_SECONDS)
        name = "" if worker.task is None else f" while it worked on {worker.task.id!r}"
        raise EngineError(
            f"a worker ended{name} (exit code {code}; -9 is often a lack of memory); what was done is kept"
        ) from None
    if kind != "record":
        raise_told(content)
    record: Record = content
    return record


def _dismiss(crew: Sequence[_Worker]) -> None:
    """Workers close what they opened and go: idle ones by themselves, those in the middle of a task are told to."""
    for worker in crew:
        if worker.task is not None:
            worker.process.terminate()
        worker.connection.close()
    for worker in crew:
        try:
            worker.process.wait(_PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            worker.process.kill()
            worker.process.wait()
        shutil.rmtree(worker.folder, ignore_errors=True)  # of one that was killed


def serve(handle: int, parent: int, folder: str) -> None:
    """In a worker: how to work, then one task after the other until there are no more.

    SIGTERM ends it in the middle of a task, also where it comes because the parent was killed: nobody would take the result.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    _follow(parent)
    connection = Connection(handle)
    bench: Bench | None = None
    try:
        spec: Spec = connection.recv()
        while (task := connection.recv()) is not None:
            try:
                bench = bench or Bench(spec, folder)
                connection.send(("record", bench.evaluate(task)))
            except Exception as error:
                connection.send(("error", told(error)))
    except (EOFError, OSError):
        return  # nobody listens any more
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it is going already
        if bench is not None:
            bench.close()
        shutil.rmtree(folder, ignore_errors=True)


def _follow(parent: int) -> None:
    """End with the parent, also where it is killed."""
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None, use_errno=True).prctl(_DIE_WITH_PARENT, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit(1)


def told(error: Exception) -> tuple[str, str]:
    """An error as plain data: our errors by class and message, others with their traceback."""
    if isinstance(error, TreadleError):
        return type(error).__name__, str(error)
    return "", "".join(traceback.format_exception(error))


def raise_told(content: tuple[str, str]) -> NoReturn:
    """Raise what ``told`` wrote down in another process."""
    name, message = content
    kind = getattr(errors, name, None) if name else None
    if not (isinstance(kind, type) and issubclass(kind, TreadleError)):
        raise RuntimeError(f"a worker failed:\n{message}")
    error = kind.__new__(kind)  # some classes make their message from other arguments
    Exception.__init__(error, message)
    raise error
