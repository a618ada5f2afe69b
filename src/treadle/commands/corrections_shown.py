"""What a terminal shows of corrections and examples, and the same as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from treadle.coding.correct import Corrected
from treadle.escaping import escaped
from treadle.terminal import show_code, show_verdicts
from treadle.threads.base import Basis, Pair, StoredExample
from treadle.threads.forms import to_plain

__all__ = [
    "corrected_as_json",
    "example_as_json",
    "examples_as_json",
    "show_corrected",
    "show_example",
    "show_examples",
]


def _console() -> Console:
    return Console(highlight=False)


def _line(text: str) -> str:
    """On one line, without characters that steer a terminal."""
    return escaped(" ".join(text.split()))


def corrected_as_json(done: Corrected) -> str:
    """Whether the correction was accepted, as which example, with its verdicts and doubts."""
    plain: dict[str, Any] = {
        "thread": done.thread,
        "draft": done.draft,
        "accepted": done.example is not None,
        "example": done.example,
        "reason": done.reason,
        "replaced": done.replaced,
        "verdicts": [to_plain(v) for v in done.candidate.verdicts],
        "doubts": list(done.candidate.doubts),
        "notes": list(done.notes),
    }
    return json.dumps(plain, indent=1, allow_nan=False)


def show_corrected(done: Corrected) -> None:
    """The ladder, then what became of the correction."""
    console = _console()
    show_verdicts(done.candidate.verdicts)
    for doubt in done.candidate.doubts:
        console.print(Text(f"doubt, which refuses nothing: {_line(doubt)}", style="yellow"))
    if done.example is None:
        line = Text("refused", style="bold red")
        line.append(f": {_line(done.reason)}", style="default")
        console.print(line)
        console.print(f"nothing was stored; thread {done.thread} is as it was")
        return
    line = Text("accepted", style="bold green")
    line.append(f": example {done.example} takes the place of draft {done.draft}", style="default")
    console.print(line)
    if done.replaced is not None:
        console.print(f"it replaces {done.replaced}")
    for note in done.notes:
        console.print(Text(f"note: {_line(note)}", style="yellow"))
    console.print(Text("similar requests are shown it from now on; see: treadle examples list", style="dim"))


# ------------------------------------------------------------------------------------------------------ examples


def examples_as_json(examples: Sequence[StoredExample]) -> str:
    return json.dumps([to_plain(e) for e in examples], indent=1)


def example_as_json(example: StoredExample, basis: Basis, pairs: Sequence[Pair]) -> str:
    plain = {**to_plain(example), "basis": to_plain(basis), "pairs": [to_plain(p) for p in pairs]}
    return json.dumps(plain, indent=1, allow_nan=False)


def show_examples(examples: Sequence[StoredExample]) -> None:
    """A table of corrections; only requests are cut, an id that is cut cannot be typed."""
    console = _console()
    if not examples:
        console.print("no corrections yet; put a wrong answer right: treadle correct ID --edit")
        return
    titles = ("id", "made (UTC)", "kind", "data")
    rows = [(e.id, e.created[:16].replace("T", " "), _kind(e), e.data or "") for e in examples]
    widths = [max(map(len, [title, *cells])) for title, cells in zip(titles, zip(*rows, strict=True), strict=True)]
    room = max(console.width - sum(widths) - 2 * (len(widths) + 1), 10)
    table = Table(*titles, "request", box=None)
    for example, row in zip(examples, rows, strict=True):
        request = Text(_line(example.request), style="default" if example.state == "active" else "dim")
        request.truncate(room, overflow="ellipsis")
        table.add_row(*(Text(_line(cell)) for cell in row), request)
    console.print(table, no_wrap=True)


def _kind(example: StoredExample) -> str:
    kind = f"sql ({example.dialect})" if example.kind == "sql" and example.dialect else example.kind
    return kind if example.state == "active" else f"{kind}, {example.state}"


def show_example(example: StoredExample, basis: Basis, pairs: Sequence[Pair]) -> None:
    """Request, program, what its run showed, and what it replaced."""
    console = _console()
    console.print(Text(f"example {example.id}  {example.state}  {example.created}", style="bold"))
    console.print(Text(f"request: {_line(example.request)}"))
    if basis.data is not None:
        console.print(Text(f"made on: {_line(basis.data.path)} (SHA-256 {basis.data.sha256[:12]})"))
    show_code(example.program, example.language, "program")
    shown = [f"{name} = {value:g}" for name, value in basis.metrics.items()] + list(basis.artifacts)
    if shown:
        console.print(Text(f"its run gave: {_line(', '.join(shown))}"))
    for doubt in basis.doubts:
        console.print(Text(f"doubt when it was accepted: {_line(doubt)}", style="yellow"))
    for pair in pairs:
        console.print(Text(f"it takes the place of draft {pair.draft}: {_line(pair.reason)}"))
        show_code(pair.rejected, example.language, f"draft {pair.draft}, NOT right")
        if pair.note:
            console.print(Text(f"note: {_line(pair.note)}"))
