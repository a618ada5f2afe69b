"""Probabilities in a terminal: a heat map whose marks say the same as its colours, tables, and two texts side by side."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from rich.color import Color
from rich.console import Console
from rich.style import Style
from rich.table import Table
from rich.text import Text

from treadle.display.colours import colour, ink
from treadle.display.readable import percent, readable_text
from treadle.escaping import escaped
from treadle.tokens.probabilities import NameProbability, ProbsView, SeenToken

__all__ = ["name_percent", "show_beside", "show_probs"]

_FEW = 24
_SURPRISING = 12
_TOKEN = 16
_FIGURES = 36
"""Columns that the figures of a line take at most."""
_LEGEND = "Marks are tenths of probability, at the first character of a token: · below 5 %, 9 from 85 %."

_Cell = tuple[str, int]
"""A character and the place of its token, -1 for none."""


def show_probs(console: Console, view: ProbsView, whole_table: bool = False, lines: bool = False) -> None:
    """The view: a heat map, the most surprising tokens and the least certain names on a terminal, tables of all elsewhere.

    ``whole_table``: all of them on a terminal, too; ``lines``: a table of the lines.
    """
    console.print(Text(escaped(view.title), style="bold"))
    if console.is_terminal:
        _show_map(console, view)
    if console.is_terminal and not whole_table and len(view.tokens) > _FEW:
        console.print(f"The {_SURPRISING} most surprising of {len(view.tokens)} tokens (--table shows all):", style="bold")
        _show_table(console, view.surprising(_SURPRISING))
    else:
        _show_table(console, view.tokens)
    if lines:
        console.print()
        _show_lines(console, view)
    if view.names:
        console.print()
        _show_names(console, view, whole_table or not console.is_terminal)
    console.print(_totals(view))
    for note in view.notes:
        console.print(Text(escaped(note), style="dim"))


def _counted(n_tokens: int) -> str:
    return f"{n_tokens} token{'' if n_tokens == 1 else 's'}"


def _totals(view: ProbsView) -> str:
    perplexity = view.perplexity
    if perplexity is None:
        return "no tokens"
    each = view.bits / len(view.tokens)
    shown = f"{perplexity:,.2f}" if math.isfinite(perplexity) else "infinite"
    return (
        f"{_counted(len(view.tokens))}, {view.bits:.1f} bits in all, {each:.2f} a token, perplexity {shown}; "
        f"log-probability {-view.nats:.2f} nats"
    )


# ------------------------------------------------------------------------------------------------ the map


def _show_map(console: Console, view: ProbsView) -> None:
    shares = [token.probability for token in view.tokens]
    for cells in _folded(_cells(view), console.width):
        top, below, before = Text(), Text(), -1
        for character, owner in cells:
            top.append(character, style=_style(shares[owner]) if owner >= 0 else "dim")
            new = owner >= 0 and owner != before
            below.append((_mark(shares[owner]) if new else " ").ljust(cell_len(character)))
            before = owner
        below.rstrip()
        console.print(top, no_wrap=True)
        console.print(below, style="dim", no_wrap=True)
    legend = Text("unlikely ")
    for tenth in range(10):
        legend.append(f" {_mark(tenth / 10)} ", style=_style(tenth / 10))
    console.print(legend.append(" likely"))
    console.print(_LEGEND, style="dim")


def _cells(view: ProbsView) -> list[list[_Cell]]:
    """The lines of the text as characters with the places of their tokens; a line end is shown where a token holds it."""
    owners = [-1] * len(view.text)
    for place, token in enumerate(view.tokens):
        for at in range(token.start, token.end):
            if owners[at] < 0 or token.logprob < view.tokens[owners[at]].logprob:
                owners[at] = place
    lines: list[list[_Cell]] = [[]]
    for character, owner in zip(view.text, owners, strict=True):
        shown = " " if character == " " else readable_text(character)
        lines[-1].append((shown, owner))
        if character == "\n":
            lines.append([])
    return lines if lines[-1] else lines[:-1]


def _folded(lines: Sequence[Sequence[_Cell]], width: int) -> list[list[_Cell]]:
    folded: list[list[_Cell]] = []
    for line in lines:
        folded.append([])
        used = 0
        for cell in line:
            if used + cell_len(cell[0]) > width:
                folded.append([])
                used = 0
            folded[-1].append(cell)
            used += cell_len(cell[0])
    return folded


def _mark(share: float) -> str:
    return "·" if share < 0.05 else str(min(9, int(10 * share + 0.5)))


def _style(share: float) -> Style:
    return Style(color=Color.from_rgb(*ink(share)), bgcolor=Color.from_rgb(*colour(share)))


# ------------------------------------------------------------------------------------------------ tables


def _show_table(console: Console, tokens: Sequence[SeenToken]) -> None:
    has_cut = any(token.cut is not None for token in tokens)
    titles = ["at", "token", "probability", "bits", "sum", "rank", *(["cut"] if has_cut else []), "likeliest there"]
    table = Table(*titles, box=None, padding=(0, 1, 0, 0))
    for place in (0, 2, 3, 4, 5, *([6] if has_cut else [])):
        table.columns[place].justify = "right"
    for column in table.columns[:-1]:
        column.no_wrap = True
    table.columns[-1].overflow = "fold"
    for token in tokens:
        cells = [str(token.position), _fit(token.shown), percent(token.probability), f"{token.bits:.2f}"]
        cells += [f"{abs(token.cumulative) / math.log(2):.1f}", token.rank_shown]
        cells += [("" if token.cut is None else percent(token.cut))] if has_cut else []
        table.add_row(*map(Text, cells), Text(_alternatives(token)))
    console.print(table)


def _alternatives(token: SeenToken) -> str:
    return "  ".join(f"{readable_text(a.text)}\N{NO-BREAK SPACE}{_short(a.logprob)}" for a in token.alternatives)


def _short(logprob: float) -> str:
    """The probability in percent, without the sign."""
    return percent(math.exp(logprob)).removesuffix(" %")


def _fit(text: str, wide: int = _TOKEN) -> str:
    return text if cell_len(text) <= wide else set_cell_size(text, wide - 1) + "…"


def _show_lines(console: Console, view: ProbsView) -> None:
    table = Table("line", "tokens", "bits", "perplexity", "text", box=None, padding=(0, 1, 0, 0))
    for column in table.columns[:4]:
        column.justify, column.no_wrap = "right", True
    for part in view.lines:
        each = "" if part.perplexity is None else f"{part.perplexity:,.2f}"
        text = _fit(escaped(part.text.expandtabs(4)), max(10, console.width - _FIGURES))
        table.add_row(str(part.line), str(part.tokens), f"{part.nats / math.log(2):.1f}", each, Text(text))
    console.print(table)


def _show_names(console: Console, view: ProbsView, whole: bool) -> None:
    names = sorted(view.names, key=lambda n: n.probability)
    title = "Names and literals of the program, the least certain first"
    if not whole and len(names) > _FEW:
        shown = [name for place, name in enumerate(names) if place < _SURPRISING or name.exists is False]
        title, names = f"{title}; {len(shown)} of {len(names)} (--table shows all)", shown
    console.print(f"{title}:", style="bold")
    has_allowed = any(name.allowed is not None for name in names)
    titles = ["probability", *(["of what was allowed"] if has_allowed else []), "what", "name", "line", "is it there?"]
    table = Table(*titles, box=None, padding=(0, 1, 0, 0))
    for name in names:
        allowed = [Text("" if name.allowed is None else percent(name.allowed))] if has_allowed else []
        cells = [name_percent(name), name.kind, _fit(readable_text(name.text)), str(name.line), _existence(name)]
        table.add_row(Text(cells[0]), *allowed, *map(Text, cells[1:]), style="bold" if name.exists is False else "")
    table.columns[0].justify = "right"
    console.print(table)


def name_percent(name: NameProbability) -> str:
    """Its probability; with a sign where it is a lower bound."""
    return ("\u2265 " if name.shared else "") + percent(name.probability)


def _existence(name: NameProbability) -> str:
    return {True: "yes", False: "NO", None: ""}[name.exists]


# ------------------------------------------------------------------------------------------------ branches


def show_beside(console: Console, first: ProbsView, second: ProbsView, at: int) -> None:
    """Two texts that part at the character ``at``, side by side; what is different is bold."""
    table = Table(box=None, padding=(0, 1, 0, 0), width=min(console.width, 120))
    for view in (first, second):
        table.add_column(Text(escaped(view.title)), ratio=1, overflow="fold")
    table.add_row(_parted(first, at), _parted(second, at))
    table.add_row(Text(_figures(first, at), style="dim"), Text(_figures(second, at), style="dim"))
    console.print(table)


def _parted(view: ProbsView, at: int) -> Text:
    text = Text(escaped(view.text[:at].expandtabs(4)), style="dim")
    return text.append(escaped(view.text[at:].expandtabs(4)), style="bold")


def _figures(view: ProbsView, at: int) -> str:
    rest = [token for token in view.tokens if token.start >= at]
    bits = sum(token.bits for token in rest)
    return f"from there {_counted(len(rest))}, {bits:.1f} bits, {bits / max(1, len(rest)):.2f} a token"
