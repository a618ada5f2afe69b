"""Standard input as a text; files that a command writes beside what it shows, never over one that exists."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from treadle.errors import UsageError
from treadle.escaping import escaped

__all__ = ["check_free", "read_stdin", "write_new"]


def check_free(path: Path | None) -> None:
    """Complain before the work begins.

    Raises:
        UsageError: the file exists, or its folder does not.
    """
    if path is None:
        return
    if path.exists() or path.is_symlink():
        raise UsageError(f"{path} exists and is left as it is; name another file")
    if not path.absolute().parent.is_dir():
        raise UsageError(f"cannot write {path}: there is no folder {path.absolute().parent}")


def write_new(path: Path, content: bytes) -> None:
    """Write a file that is not there, and say so on standard error; raises ``UsageError``."""
    try:
        with path.open("xb") as sink:  # a file that came meanwhile is nobody's to overwrite
            sink.write(content)
    except FileExistsError:
        raise UsageError(f"{path} exists and is left as it is; name another file") from None
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from error
    typer.echo(escaped(f"wrote {path} ({len(content) / 1e3:,.0f} kB)"), err=True)


def read_stdin() -> str:
    """Standard input as a text. Bytes that are no UTF-8 stand as lone surrogates, of which engines say where they are."""
    return sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
