"""The magics of notebooks: every command of the command line, its result drawn in place.

    %load_ext treadle

    %%treadle ask --data zmumu.root -n 4
    What is the mean of pt1?

    %treadle tokens "lollipop"

The words behind the magic are those of the command line; a cell is the last of them (the request, question or text). In a
notebook the result is returned, drawn as HTML and kept as ``_treadle``; in a terminal it is shown as the command shows it.
"""

from __future__ import annotations

import io
import shlex
import warnings
from html.parser import HTMLParser
from typing import Any, Protocol

from treadle.commands.exits import EXIT_DOUBT, EXIT_INTERRUPTED
from treadle.display.surface import shown_on
from treadle.errors import TreadleError

__all__ = ["CommandFailedError", "as_text", "load_ipython_extension", "treadle"]

MOST_PLAIN = 4000
_STOPPED = "stopped; what was done is kept: treadle threads list"


class Shell(Protocol):
    """What is used of IPython's ``InteractiveShell``."""

    user_ns: dict[str, Any]
    display_formatter: Any

    def register_magic_function(self, func: Any, magic_kind: str = "line", magic_name: str | None = None) -> None: ...


class CommandFailedError(TreadleError):
    """A command failed. Notebooks show its message alone, mark the cell as failed, and do not run those behind it."""

    def _render_traceback_(self) -> list[str]:
        """Asked for by IPython: the lines it shows in place of a traceback."""
        return [f"treadle: {self}"]


def load_ipython_extension(shell: Shell) -> None:
    """Register ``%treadle`` and ``%%treadle`` with IPython."""

    def magic(line: str, cell: str | None = None) -> object:
        return treadle(shell, line, cell)

    magic.__doc__ = __doc__
    shell.register_magic_function(magic, "line_cell", "treadle")


def treadle(shell: Shell, line: str, cell: str | None = None) -> object:
    """Run a command; its result, or None where it printed what it had to say.

    Raises:
        CommandFailedError: it failed, or was stopped by Ctrl-C; the message says why and how to go on.
    """
    words = _words(line, cell)
    if "text/html" not in shell.display_formatter.active_types:  # IPython in a terminal, where commands draw themselves
        _run(words)
        return None
    surface = _Cell()
    with shown_on(surface), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message='install "ipywidgets"')  # Rich asks for them where it would draw a bar
        try:
            _run(words)
        finally:
            surface.progress("")
    for found in surface.found:
        # Beside the HTML a notebook keeps plain text; the representation of a result with all its drafts is a page long.
        shell.display_formatter.formatters["text/plain"].for_type(type(found), _print_plain)
    if not surface.found:
        return None
    *before, last = surface.found
    for found in before:  # IPython draws what is returned
        _display(found)
    shell.user_ns["_treadle"] = last
    return last


def _words(line: str, cell: str | None) -> list[str]:
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise CommandFailedError(f"cannot read the line {line!r}: {error}") from None
    if cell is None:
        return words
    text = cell.removesuffix("\n")
    return [*words, text] if "--" in words else [*words, "--", text]


# ------------------------------------------------------------------------------------------------ running


def _run(words: list[str]) -> None:
    """The command; what the command line tells on standard error as its end becomes the message of an error."""
    from treadle.commands.app import app

    try:
        code = app(words, prog_name="%treadle", standalone_mode=False) or 0
    except TreadleError as error:
        raise CommandFailedError(str(error)) from None
    except KeyboardInterrupt:
        raise CommandFailedError(_STOPPED) from None
    except SystemExit as end:  # a command that has told already why it ends
        if end.code == EXIT_INTERRUPTED:
            raise CommandFailedError("stopped; what is kept was told above") from None
        if end.code:
            raise CommandFailedError(f"ended with exit code {end.code}") from None
    except OSError as error:
        raise CommandFailedError(f"cannot write: {error.strerror or error}") from None
    except Exception as error:
        raise _of_parser(error) from None
    else:
        if code == EXIT_INTERRUPTED:  # newer versions of Typer turn Ctrl-C into this code
            raise CommandFailedError(_STOPPED)
        if code not in (0, EXIT_DOUBT):  # a doubtful answer is a result
            raise CommandFailedError(f"ended with exit code {code}")


def _of_parser(error: Exception) -> Exception:
    """An error of the option parser as a message with its usage line; any other as it is."""
    if type(error).__name__ == "Abort":  # how the parser passes Ctrl-C on
        return CommandFailedError(_STOPPED)
    show = getattr(error, "show", None)
    if show is None or not hasattr(error, "exit_code"):
        return error
    told = io.StringIO()
    show(file=told)
    return CommandFailedError(told.getvalue().strip() or str(error))


# ------------------------------------------------------------------------------------------------ showing


def _print_plain(found: Any, printer: Any, _cycle: bool) -> None:
    if "__str__" in vars(type(found)):  # it says itself how it looks without colours
        printer.text(_cut(str(found).rstrip()))
        return
    printer.text(as_text(found._repr_html_()) or f"<{type(found).__name__}, drawn as HTML>")


def as_text(html: str) -> str:
    """What HTML of ours says: a line for each row and block, cells apart, at most ``MOST_PLAIN`` characters."""
    reader = _Words()
    reader.feed(html)
    reader.close()
    lines = [line.rstrip() for line in "".join(reader.pieces).split("\n")]
    return _cut("\n".join(line for line in lines if line))


def _cut(text: str) -> str:
    return text if len(text) <= MOST_PLAIN else f"{text[:MOST_PLAIN]}\n..."


class _Words(HTMLParser):
    """Collects text; what ends a line in HTML ends one here."""

    _ENDS = frozenset({"div", "tr", "pre", "table", "summary", "details", "p"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in self._ENDS:
            self.pieces.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self.pieces.append("\n" if tag in self._ENDS else "  " if tag in ("td", "th") else "")

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)


def _display(found: object, **options: bool) -> Any:
    from IPython.display import display

    return display(found, **options)  # type: ignore[no-untyped-call]


class _Cell:
    """The output of a cell as a surface: results, which IPython draws, and a line of progress that goes away."""

    def __init__(self) -> None:
        self.found: list[object] = []
        self._line: Any = None
        self._text = ""

    def result(self, found: object) -> None:
        self.found.append(found)

    def progress(self, text: str) -> None:
        if text == self._text:
            return
        self._text = text
        content = {"text/plain": text}
        if self._line is None:
            self._line = _display(content, raw=True, display_id=True)
        else:
            self._line.update(content, raw=True)
