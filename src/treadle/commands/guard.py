"""How every command ends: errors become messages and exit codes, signals an orderly stop."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, TextIO

import typer

from treadle.commands.exits import EXIT_ERROR, EXIT_INTERRUPTED, EXIT_USAGE
from treadle.errors import TreadleError, UsageError
from treadle.escaping import escaped

__all__ = ["Ended", "guarded"]


_ENDINGS = (signal.SIGTERM, signal.SIGHUP)
_AGAIN_SECONDS = 0.05


class Ended(KeyboardInterrupt):
    """The process was asked to end: by ``kill``, a batch system, a terminal that was closed. Ends work as Ctrl-C does."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.code = 128 + number


def guarded(run: Callable[[], Any]) -> int:
    """The exit code of ``run``, which is 0 where it returns none; what went wrong is told on standard error."""
    try:
        with _endings() as came:
            code = _code_of(run)
    except Ended as ended:  # it came while something else was told
        code, came = ended.code, [ended]
    if not came:
        return code
    for stream in (sys.stdout, sys.stderr):
        _give_up_unsent(stream)
    return came[0].code


def _give_up_unsent(stream: TextIO) -> None:
    """Drop what a closed terminal cannot take, which Python would try once more and end with a code of its own."""
    try:
        stream.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


@contextlib.contextmanager
def _endings() -> Iterator[list[Ended]]:
    """Raise SIGTERM and SIGHUP as ``Ended``; the list holds what came.

    Only the first is raised: a closed terminal sends SIGHUP more than once, and the second must not break off what the first
    began. What is ignored (``nohup``) stays so. Where Python drops what is raised, in a ``__del__`` for instance, the signal
    is sent once more.
    """
    came: list[Ended] = []

    def end(number: int, _: object) -> None:
        if not came:
            came.append(Ended(number))
            raise came[0]

    ours = [number for number in _ENDINGS if signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, end)
    before = sys.unraisablehook

    def dropped(lost: Any) -> None:
        if not isinstance(lost.exc_value, KeyboardInterrupt):
            before(lost)
            return
        number = came.pop().code - 128 if came and lost.exc_value is came[0] else signal.SIGINT
        # Not at once: here it would be dropped as well.
        threading.Timer(_AGAIN_SECONDS, os.kill, (os.getpid(), number)).start()

    sys.unraisablehook = dropped
    try:
        yield came
    finally:
        sys.unraisablehook = before
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _code_of(run: Callable[[], Any]) -> int:
    try:
        code = run() or 0
        # Newer versions of Typer turn Ctrl-C into this code, older ones into Abort.
        return code if code != EXIT_INTERRUPTED else _stopped()
    except UsageError as error:
        return _complain(error, EXIT_USAGE)
    except TreadleError as error:
        return _complain(error, EXIT_ERROR)
    except SystemExit as end:  # a command that has told already why it ends
        return end.code if isinstance(end.code, int) else EXIT_ERROR
    except (KeyboardInterrupt, typer.Abort):
        return _stopped()
    except BrokenPipeError:
        return EXIT_ERROR
    except OSError as error:  # standard output on a full disk; everything else that is opened translates its errors
        return _complain(UsageError(f"cannot write: {error.strerror}"), EXIT_ERROR)
    except Exception as error:
        # Errors of the option parser know how to show themselves; Typer carries its own copy of click's classes.
        if not (hasattr(error, "show") and hasattr(error, "exit_code")):
            raise
        if isinstance(said := getattr(error, "message", None), str):
            vars(error)["message"] = escaped(said)  # it repeats what was typed, or what a pattern of the shell made of it
        error.show()
        return int(error.exit_code)


def _stopped() -> int:
    with contextlib.suppress(OSError):  # the terminal may be what went away
        typer.echo("stopped; what was done is kept: treadle threads list", err=True)
    return EXIT_INTERRUPTED


def _complain(error: TreadleError, code: int) -> int:
    with contextlib.suppress(OSError):
        typer.echo(escaped(f"treadle: {error}"), err=True)
    return code
