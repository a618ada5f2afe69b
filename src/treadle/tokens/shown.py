"""Views of tokens in a terminal. Colours tell neighbours apart; where there are none, a bar stands between tokens."""

from __future__ import annotations

from collections.abc import Sequence

from rich.color import Color
from rich.console import Console
from rich.style import Style
from rich.table import Table
from rich.text import Text

from treadle.display.colours import colour, ink
from treadle.display.readable import readable
from treadle.escaping import escaped
from treadle.tokens.views import Comparison, FileCost, Levels, Report, TokenList

__all__ = ["show_comparison", "show_count", "show_levels", "show_report"]

MOST_SHOWN = 400
"""Pieces of one list that are shown; JSON has all."""
_SHARES = (0.0, 0.95, 0.45)
"""Of the scale of colours: neighbours differ in lightness, whatever colours a reader tells apart."""
_MOST_FILES = 10


def show_comparison(console: Console, view: Comparison) -> None:
    """For each vocabulary the tokens, their ids and their bytes; before them, if there are several, the counts."""
    console.print(f"{_n(view.n_characters, 'character')}, {_n(view.n_bytes, 'byte')}")
    if len(view.lists) > 1:
        table = _table("encoding", "tokens", "bytes a token", "characters a token")
        for found in view.lists:
            n = max(1, found.n_tokens)
            row = (f"{found.n_tokens:,}", f"{view.n_bytes / n:.2f}", f"{view.n_characters / n:.2f}")
            table.add_row(escaped(found.vocabulary), *row)
        console.print(table)
    for found in view.lists:
        console.print()
        _show_list(console, found, view.raw)


def show_levels(console: Console, view: Levels) -> None:
    """One text at all levels."""
    width = max(len(level.name) for level in view.levels)
    for level in view.levels:
        head = Text(f"{level.name:{width}}  {_n(len(level.pieces), 'piece')}", style="bold").append(
            f"  {escaped(level.how)}", style="not bold dim"
        )
        console.print(head, soft_wrap=True)
        _print(console, _pieces(console, level.pieces))
        if level.ids is not None:
            _print(console, _ids(level.ids))


def show_report(console: Console, view: Report) -> None:
    """What files cost: tokens, compression, tokens a line, white space."""
    many = f"{len(view.files):,} files" if len(view.files) != 1 else escaped(view.files[0].name)
    sizes = f"{_n(view.n_bytes, 'byte')}, {_n(view.n_characters, 'character')}, {_n(view.n_lines, 'line')}"
    console.print(Text(f"{many}: {sizes}"), soft_wrap=True)
    spaces = ["of white space only"] if view.detailed else []
    table = _table("encoding", "tokens", "bytes a token", "tokens a line", *spaces)
    for cost in view.costs:
        share = cost.n_space_tokens / cost.n_tokens if cost.n_tokens else 0.0
        table.add_row(
            escaped(cost.vocabulary),
            f"{cost.n_tokens:,}",
            f"{view.bytes_a_token(cost):.2f}",
            f"{view.tokens_a_line(cost):,.2f}",
            *([f"{cost.n_space_tokens:,} ({100 * share:.1f} %)"] if view.detailed else []),
        )
    console.print(table)
    for cost in view.costs:
        if cost.costliest_line is not None:
            name, line, n_tokens = cost.costliest_line
            told = f"costliest line in {cost.vocabulary}: {name}:{line}, {_n(n_tokens, 'token')}"
            console.print(Text(escaped(told), style="dim"), soft_wrap=True)
    _show_stray(console, view.files)
    if view.skipped:
        console.print(f"not counted: {_n(len(view.skipped), 'file')}", style="dim")
        for name, reason in view.skipped[:_MOST_FILES]:
            console.print(Text(escaped(f"  {name}: {reason}"), style="dim"), soft_wrap=True)


def show_count(console: Console, view: Report) -> None:
    """Just the number; a line for each vocabulary, if there are several."""
    for cost in view.costs:
        named = f"{cost.vocabulary}\t" if len(view.costs) > 1 else ""
        console.file.write(f"{escaped(named)}{cost.n_tokens}\n")  # Rich would make blanks of the tab


def _show_list(console: Console, found: TokenList, raw: bytes) -> None:
    console.print(Text(f"{escaped(found.vocabulary)}: {_n(found.n_tokens, 'token')}", style="bold"))
    _print(console, _pieces(console, found.pieces))
    _print(console, _ids(found.ids))
    _print(console, Text(_cut(" ".join(map(repr, found.pieces[:MOST_SHOWN])), len(found.pieces)), style="dim"))
    if found.joined != raw:
        told = (
            "These tokens do not give the text back byte for byte: the vocabulary changes texts before it cuts them, or has "
            "no tokens for parts of them."
        )
        console.print(told, style="dim")


def _show_stray(console: Console, files: Sequence[FileCost]) -> None:
    for file in [file for file in files if file.first_stray is not None][:_MOST_FILES]:
        place, found = file.first_stray or (0, b"")
        told = (
            f"{file.name}: {_n(file.n_stray_bytes, 'byte')} of no UTF-8, the first at byte {place:,} ({found.hex(' ')}); "
            "encoded as the bytes that they are"
        )
        console.print(Text(escaped(told), style="dim"), soft_wrap=True)


def _pieces(console: Console, pieces: Sequence[bytes]) -> Text:
    """Pieces side by side, a new line after each that holds a line end."""
    coloured = console.is_terminal and not console.no_color
    text = Text()
    for index, piece in enumerate(pieces[:MOST_SHOWN]):
        share = _SHARES[index % len(_SHARES)]
        style = Style(color=Color.from_rgb(*ink(share)), bgcolor=Color.from_rgb(*colour(share))) if coloured else Style()
        text.append(readable(piece), style=style)
        last = index + 1 == min(len(pieces), MOST_SHOWN)
        if b"\n" in piece and not last:
            text.append("\n")
        elif not (coloured or last):
            text.append("|")
    if len(pieces) > MOST_SHOWN:
        text.append(f" ... {len(pieces) - MOST_SHOWN:,} more (--json has all)")
    return text


def _ids(ids: Sequence[int]) -> Text:
    return Text(_cut(" ".join(map(str, ids[:MOST_SHOWN])), len(ids)))


def _cut(shown: str, n: int) -> str:
    return f"{shown} ..." if n > MOST_SHOWN else shown


def _print(console: Console, text: Text) -> None:
    """Folded to the terminal's width; where there is none, lines stay whole, for other programs to read."""
    text.overflow = "fold"
    console.print(text, soft_wrap=not console.is_terminal)


def _table(*titles: str) -> Table:
    table = Table(box=None, padding=(0, 1), pad_edge=False)
    for index, title in enumerate(titles):
        table.add_column(title, justify="right" if index else "left", no_wrap=True)
    return table


def _n(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
