"""What is drawn with Rich in a terminal, as HTML for notebooks and as plain text."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["drawn_html", "drawn_plain"]

T = TypeVar("T")

_COLUMNS = 100
_FORM = '<pre style="white-space:pre;overflow-x:auto;line-height:1.3;font-family:monospace">{code}</pre>'


def drawn_html(show: Callable[[Console, T], None], found: T) -> str:
    """What ``show`` draws of ``found`` on a console of 100 columns; colours become inline style, the rest is the page's."""
    from rich.console import Console

    console = Console(
        record=True, file=io.StringIO(), width=_COLUMNS, force_terminal=True, force_jupyter=False,
        color_system="truecolor", highlight=False, markup=False, emoji=False,
    )  # fmt: skip
    show(console, found)
    return console.export_html(inline_styles=True, code_format=_FORM)


def drawn_plain(show: Callable[[Console, T], None], found: T) -> str:
    """The same as in a pipe: nothing hangs on colour."""
    from rich.console import Console

    file = io.StringIO()
    show(Console(file=file, width=_COLUMNS, color_system=None, highlight=False, markup=False, emoji=False), found)
    return file.getvalue()
