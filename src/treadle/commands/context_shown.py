"""The window in a terminal: one bar, and a line for each of its parts. Every colour has a letter beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from treadle.escaping import escaped
from treadle.prompts.context import Context, Kind, Place, budget_line, counted_line, next_line, window_line

__all__ = ["bar", "show_context"]

_LETTERS: dict[Kind, str] = {
    "system": "s", "data summary": "d", "primer": "p", "conversation": "q", "template": "t", "draft": "w", "free": "·",
}  # fmt: skip
_STYLES: dict[Kind, str] = {  # backgrounds that differ in lightness, too; the letter stands on each of them
    "system": "white on blue", "data summary": "black on cyan", "primer": "black on green", "example": "black on yellow",
    "conversation": "white on magenta", "template": "black on white", "draft": "white on red", "free": "dim",
}  # fmt: skip
_WIDEST = 100


def show_context(found: Context, prompts: Sequence[Mapping[str, object]] = ()) -> None:
    """The bar, the parts, what was left out, and what one more example costs."""
    console = Console(highlight=False)
    width = min(console.width, _WIDEST)
    console.print(Text(escaped(window_line(found)), style="bold"))
    letters = _letters(found.places)
    console.print(_bar(found.places, letters, width), soft_wrap=True)
    console.print(_parts(found, letters))
    if any(place.kind == "example" for place in found.places):
        console.print(Text("Figures: examples in the order of the text, the nearest last.", style="dim"))
    for line in (budget_line(found), next_line(found)):
        console.print(Text(escaped(line)))
    for one in found.left_out:
        of = "" if one.part == "example" else f" of the {one.part}"
        console.print(Text(escaped(f"Left out{of}: {one.what} ({one.why})")))
    if not found.left_out:
        console.print("Nothing else was left out.")
    console.print(Text(escaped(counted_line(found)), style="dim"))
    for one_prompt in prompts if len(prompts) > 1 else ():
        console.print(Text(_prompt_line(one_prompt), style="bold" if one_prompt["shown"] else "default"))


def _letters(places: Sequence[Place]) -> list[str]:
    """A letter for each place; examples are numbered in the order of the text."""
    found, examples = [], 0
    for place in places:
        if place.kind == "example":
            examples += 1
            found.append(str(examples % 10))
        else:
            found.append(_LETTERS[place.kind])
    return found


def bar(shares: Sequence[float], width: int) -> list[int]:
    """Cells for each share of the whole, ``width`` together; what is there at all has one where there is room for all.

    Largest remainders, so that the cells add up.
    """
    least = [1 if share > 0 else 0 for share in shares]
    if sum(least) > width:
        least = [0] * len(shares)
    total = sum(max(s, 0.0) for s in shares) or 1.0
    room = width - sum(least)
    exact = [least[i] + room * max(s, 0.0) / total for i, s in enumerate(shares)]
    cells = [int(e) for e in exact]
    for i in sorted(range(len(shares)), key=lambda i: cells[i] - exact[i])[: width - sum(cells)]:
        cells[i] += 1
    return cells


def _bar(places: Sequence[Place], letters: Sequence[str], width: int) -> Text:
    line = Text()
    for place, letter, cells in zip(places, letters, bar([p.share for p in places], width), strict=True):
        line.append(letter * cells, style=_STYLES[place.kind])
    return line


def _parts(found: Context, letters: Sequence[str]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("")
    table.add_column("part", overflow="fold")
    table.add_column("tokens", justify="right", no_wrap=True)
    table.add_column("share", justify="right", no_wrap=True)
    table.add_column("from", overflow="fold")
    for place, letter in zip(found.places, letters, strict=True):
        name = place.name.removeprefix("example ")  # its figure says that it is one
        kind = "" if place.kind in (place.name, "example", "draft") else f" ({place.kind})"
        table.add_row(
            Text(letter, style=_STYLES[place.kind]),
            Text(escaped(name + kind)),
            f"{place.tokens:,}",
            f"{100 * place.share:.1f} %",
            Text(escaped(place.source), style="dim"),
        )
    return table


def _prompt_line(one: Mapping[str, object]) -> str:
    repairs = f", repairs {one['repairs']}" if one["repairs"] else ""
    shown = "; shown here" if one["shown"] else f"; --prompt {one['number']} shows it"
    drafts = "one draft" if one["drafts"] == 1 else f"{one['drafts']} drafts"
    return f"prompt {one['number']}: {one['tokens']:,} tokens, {drafts}{repairs}{shown}"
