"""How every command ends: errors become messages and exit codes, signals an orderly stop."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import typer

from treadle.commands.exits import EXIT_ERROR, EXIT_INTERRUPTED, EXIT_USAGE
from treadle.errors import TreadleError, UsageError

__all__ = ["guarded"]


def guarded(run: Callable[[], Any]) -> int:
    """The exit code of ``run``, which is 0 where it returns none; what went wrong is told on standard error."""
    try:
        code = run() or 0
        # Newer versions of Typer turn Ctrl-C into this code, older ones into Abort.
        return code if code != EXIT_INTERRUPTED else _stopped()
    except UsageError as error:
        return _complain(error, EXIT_USAGE)
    except TreadleError as error:
        return _complain(error, EXIT_ERROR)
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
        error.show()
        return int(error.exit_code)


def _stopped() -> int:
    with contextlib.suppress(OSError):  # the terminal may be what went away
        typer.echo("stopped; what was done is kept: treadle threads list", err=True)
    return EXIT_INTERRUPTED


def _complain(error: TreadleError, code: int) -> int:
    typer.echo(f"treadle: {error}", err=True)
    return code
