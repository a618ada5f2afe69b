"""The user's editor on a draft, and programs read from files."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import typer

from treadle.errors import UsageError, nearest
from treadle.escaping import escaped
from treadle.settings import editor_command
from treadle.types import Draft, Request

__all__ = ["edited", "kept", "read_program"]

_LARGEST_BYTES = 1 << 20


def read_program(path: Path) -> str:
    """The text of a program file.

    Raises:
        UsageError: it is missing, empty, too large for a program, or not text.
    """
    try:
        if path.stat().st_size > _LARGEST_BYTES:
            raise UsageError(f"{path} is larger than 1 MiB: is it a program?")
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UsageError(f"there is no file {path}.{_near(path)}") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text (byte {error.start}); a program is expected") from None
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    if not text.strip():
        raise UsageError(f"{path} is empty; put the corrected program into it")
    return text


def _near(path: Path) -> str:
    if not path.parent.is_dir():
        return f" There is no folder {path.parent} either."
    close = nearest(path.name, [p.name for p in path.parent.iterdir() if p.is_file()])
    return f" Did you mean {' or '.join(map(repr, close))}?" if close else ""


def edited(draft: Draft, request: Request) -> str | None:
    """The draft as the user leaves it in $VISUAL or $EDITOR; None where it was not changed, or emptied.

    Raises:
        UsageError: there is no editor, or it failed.
    """
    command = _editor()
    suffix = ".sql" if request.language == "sql" else ".py"
    text = draft.program if draft.program is not None else draft.completion.text
    text = text.rstrip("\n") + "\n"
    with tempfile.TemporaryDirectory(prefix="treadle-") as folder:
        path = Path(folder) / f"correction{suffix}"
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
        before = path.read_text(encoding="utf-8")
        try:
            with _interrupts_are_the_editors():
                code = subprocess.run([*command, str(path)], check=False).returncode
        except OSError as error:
            raise UsageError(f"the editor {command[0]!r} cannot be started: {error.strerror}; set $EDITOR") from None
        if code != 0:
            raise UsageError(f"the editor {shlex.join(command)} failed (exit code {code}); nothing was done")
        if not path.is_file() or not path.read_bytes().strip():
            return None
        after = read_program(path)
    return None if after == before else after


@contextlib.contextmanager
def kept(program: str, thread: str, language: str) -> Iterator[Path]:
    """What was written in the editor, in a file that goes away only where everything went well: nobody types it twice.

    Leaving with an error keeps the file and says where it is.
    """
    suffix = ".sql" if language == "sql" else ".py"
    descriptor, name = tempfile.mkstemp(prefix="treadle-correction-", suffix=suffix)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(program)
    path = Path(name)
    try:
        yield path
    except BaseException:
        typer.echo(escaped(f"your text is kept; go on with: treadle correct {thread} --file {path}"), err=True)
        raise
    path.unlink(missing_ok=True)


@contextlib.contextmanager
def _interrupts_are_the_editors() -> Iterator[None]:
    """Ctrl-C reaches both processes; in many editors it is a key like another. A handler, unlike SIG_IGN, stays here."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _editor() -> list[str]:
    """The user's editor with its options: ``code --wait`` is one, too."""
    chosen = editor_command()
    if chosen is not None:
        variable, command = chosen
        try:
            return shlex.split(command)
        except ValueError as error:
            raise UsageError(f"${variable} cannot be read as a command ({error}): {command}") from None
    for name in ("editor", "nano", "vi"):
        if shutil.which(name):
            return [name]
    raise UsageError("there is no editor: set $EDITOR, or give the corrected program with --file")
