"""Views in a terminal. Every colour has its number beside it, so nothing is lost where there is no colour."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rich.cells import cell_len, set_cell_size
from rich.color import Color
from rich.console import Console
from rich.style import Style
from rich.text import Text

from treadle.display.colours import colour, ink
from treadle.errors import UsageError
from treadle.model.look.embeddings import Neighbours
from treadle.model.look.heads import Attention
from treadle.model.look.stream import LogitLens, Norms
from treadle.model.look.text import Piece

__all__ = ["show_attention", "show_lens", "show_neighbours", "show_norms"]

_LABEL = 16
_GUESS = 12
_BAR = Style(color=Color.from_rgb(*colour(0.6)))
_LEGEND = "Tenths of a row's attention: · below 5 %, 1 about 10 %, ... 9 from 85 % on."


def show_attention(console: Console, found: Attention, layer: int | None = None, head: int | None = None) -> None:
    """A heat map, rows looking at columns, and figures of its heads.

    Raises:
        UsageError: there is no such layer or head, or the terminal is too narrow for a map of so many positions.
    """
    weights, earlier = found.select(layer, head)
    has_earlier = found.pieces[0].position > 0
    room = console.width - _LABEL - 2 * has_earlier
    if len(found.pieces) > room:
        fitting = max(1, console.width - _LABEL - 2)
        raise UsageError(
            f"{len(found.pieces)} positions do not fit into {console.width} columns; --last {fitting} shows the last ones, "
            "--html FILE and --png FILE show all"
        )
    console.print(_heads_chosen(found, layer, head), style="bold")
    wide = 2 if 2 * len(found.pieces) <= room else 1
    for digits in _scale([p.position for p in found.pieces], wide, has_earlier):
        console.print(digits, style="dim")
    for row, piece in enumerate(found.pieces):
        line = _label(piece)
        if has_earlier:
            line.append_text(_tenths(float(earlier[row]), 1)).append(" ")
        for share in weights[row, : row + 1].tolist():
            line.append_text(_tenths(share, wide))
        console.print(line)
    console.print(_LEGEND, style="dim")
    if has_earlier:
        console.print("<: all positions before the shown ones, together.", style="dim")
    console.print()
    if layer is None:
        _show_layers(console, found)
    else:
        _show_heads(console, found, layer, head)


def _heads_chosen(found: Attention, layer: int | None, head: int | None) -> str:
    if layer is None:
        return f"Attention, mean over all heads of {found.n_layers} layers"
    if head is None:
        return f"Attention in layer {layer} of {found.n_layers}, mean over {found.n_heads} heads"
    return f"Attention in layer {layer} of {found.n_layers}, head {head} of {found.n_heads}"


def _show_layers(console: Console, found: Attention) -> None:
    per_layer = found.summaries.mean(1)
    cells = min(found.n_heads, (console.width - 40) // 2)
    shown = "every head" if cells == found.n_heads else f"heads 1 to {cells} of {found.n_heads}"
    console.print(f"layer  entropy  distance  on first token: mean, {shown}", style="bold")
    for k, (bits, distance, first) in enumerate(per_layer.tolist(), start=1):
        line = Text(f"{k:5d} {bits:6.2f} b {distance:7.1f} t {100 * first:6.0f} %  ")
        for share in found.summaries[k - 1, :cells, 2].tolist():
            line.append_text(_tenths(share, 2))
        console.print(line)
    console.print(_UNITS, style="dim")
    console.print("--layer N shows a layer, --layer N --head N a head of it.", style="dim")


def _show_heads(console: Console, found: Attention, layer: int, head: int | None) -> None:
    console.print(" head  entropy  distance  on first token", style="bold")
    for one in found.heads(layer, head):
        line = Text(f"{one.head:5d} {one.entropy_bits:6.2f} b {one.distance_tokens:7.1f} t {100 * one.on_first:6.0f} %  ")
        console.print(line.append_text(_tenths(one.on_first, 2)))
    console.print(_UNITS, style="dim")


_UNITS = "b: bits, 3 are as wide as 8 equal shares; t: tokens back."


def show_lens(console: Console, found: LogitLens, layer: int | None = None, every_layer_in_full: bool = False) -> None:
    """What each layer would say after the last positions; of one ``layer``, its likeliest tokens after every position.

    ``every_layer_in_full`` adds all likeliest tokens of each layer after the last position.
    """
    if layer is not None:
        console.print(f"Likeliest next tokens after layer {layer} of {found.n_layers}", style="bold")
        for index, piece in enumerate(found.pieces):
            _row(console, _label(piece), found.guesses(layer, index))
    else:
        _show_grid(console, found)
    if layer is None and every_layer_in_full:
        console.print()
        console.print(f"Likeliest next tokens after position {found.pieces[-1].position}", style="bold")
        for k in range(found.n_layers + 1):
            _row(console, Text(f"{k:5d} "), found.guesses(k, len(found.pieces) - 1))
    console.print("With its probability in %, as if the model ended there. 0: the embedding.", style="dim")


def _show_grid(console: Console, found: LogitLens) -> None:
    columns = max(1, min(len(found.pieces), (console.width - 6) // _GUESS))
    wide = min(24, (console.width - 6) // columns)
    first = len(found.pieces) - columns
    left_out = f", the last {columns} of {len(found.pieces)} positions" if first else ""
    console.print(f"Likeliest next token after each layer{left_out}", style="bold")
    head, line = Text("      "), Text("layer ")
    for piece in found.pieces[first:]:
        head.append(_fit(f"{piece.position}", wide))
        line.append(_fit(piece.text, wide - 1) + " ")
    for one, style in ((head, "dim"), (line, "bold")):
        one.rstrip()
        console.print(one, style=style)
    for k in range(found.n_layers + 1):
        line = Text(f"{k:5d} ")
        for index in range(first, len(found.pieces)):
            line.append_text(_guess(*found.guesses(k, index)[0], wide))
        line.rstrip()
        console.print(line)


def _row(console: Console, label: Text, guesses: Sequence[tuple[str, float]]) -> None:
    """Guesses beside a label, on as many lines as they need."""
    columns = max(1, min(len(guesses), (console.width - cell_len(label.plain)) // _GUESS))
    for begin in range(0, len(guesses), columns):
        line = label if begin == 0 else Text(" " * cell_len(label.plain))
        for text, share in guesses[begin : begin + columns]:
            line.append_text(_guess(text, share, _GUESS))
        line.rstrip()
        console.print(line)


def show_neighbours(console: Console, found: Neighbours) -> None:
    """Tokens by cosine."""
    console.print(f"Tokens nearest to {found.token.text} (id:{found.token.id}) in the embedding table", style="bold")
    for one in found.found:
        line = Text(_fit(one.text, 24) + f" {f'id:{one.id}':<10} {one.cosine:6.3f} ")
        console.print(line.append("█" * round(24 * max(0.0, one.cosine)), style=_BAR))
    console.print("Cosine of the angle between the tokens' vectors; 1 is the same direction.", style="dim")


def show_norms(console: Console, found: Norms) -> None:
    """For each layer the length at the first shown position, and median and largest of the others."""
    console.print("Length of the residual stream", style="bold")
    others = found.values[:, 1:] if len(found.pieces) > 1 else found.values
    medians, highest = np.median(others, axis=1), others.max(axis=1)
    longest = float(medians.max()) or 1.0
    name = _fit(found.pieces[0].text, 9).rstrip()
    console.print(f"layer {name:>9}    median   largest", style="bold")
    room = max(10, min(40, console.width - 40))
    for k in range(found.n_layers + 1):
        share = float(medians[k]) / longest
        line = Text(f"{k:5d} {found.values[k, 0]:9.4g} {medians[k]:9.4g} {highest[k]:9.4g}  ")
        console.print(line.append("█" * max(1, round(room * share)), style=_BAR))
    first = found.pieces[0].position
    console.print(f"Columns: position {first}; the positions after it. Bars: the median. 0: the embedding.", style="dim")


def _scale(positions: Sequence[int], wide: int, has_earlier: bool) -> list[str]:
    """Positions above the columns, read downwards."""
    digits = len(str(positions[-1]))
    rows = []
    for place in range(digits):
        start = "< " if has_earlier and place == digits - 1 else "  " * has_earlier
        numbers = "".join(str(p).rjust(digits)[place].rjust(wide) for p in positions)
        rows.append((" " * _LABEL + start + numbers).rstrip())
    return rows


def _label(piece: Piece) -> Text:
    return Text(f"{piece.position:4d} ").append(_fit(piece.text, _LABEL - 6) + " ")


def _fit(text: str, wide: int) -> str:
    """The text in exactly so many columns; what is cut off leaves an ellipsis."""
    return set_cell_size(text, wide) if cell_len(text) <= wide else set_cell_size(text, wide - 1) + "…"


def _guess(text: str, share: float, wide: int) -> Text:
    return Text(_fit(text, wide - 5) + f"{round(100 * share):4d}", style=_style(share)).append(" ")


def _tenths(share: float, wide: int) -> Text:
    mark = "·" if share < 0.05 else str(min(9, int(10 * share + 0.5)))
    return Text(mark.rjust(wide), style=_style(share))


def _style(share: float) -> Style:
    return Style(color=Color.from_rgb(*ink(share)), bgcolor=Color.from_rgb(*colour(share)))
