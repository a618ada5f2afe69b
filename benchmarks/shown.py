"""What every benchmark says of its figures: the table, the machine, whether they may be quoted; and the file of rows."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.speed import IDLE_LOAD, Machine

__all__ = ["show_table", "titled", "write_rows"]

_WIDE = 140
"""Columns of a table that is written to a file or pipe."""


def titled(title: str, where: Machine, quick: bool) -> str:
    """``title`` with what spoils the figures."""
    marks = ["" if where.idle else "NOT IDLE", "quick: too few measurements to quote" if quick else ""]
    return "; ".join([title, *(m for m in marks if m)])


def show_table(table: Table, where: Machine) -> None:
    """The table on standard output, and below it the machine."""
    console = Console(highlight=False)
    if not console.is_terminal:  # a file or pipe has no width of its own, and at 80 columns the words are cut to letters
        console = Console(highlight=False, width=max(console.width, _WIDE))
    console.print(table)
    console.print(f"{where.cpu}, {where.cores} cores, load {where.load:.2f} at the start; {where.system}")
    if not where.idle:
        console.print(f"not idle: the load was above {IDLE_LOAD}; do not quote these figures")


def write_rows(path: Path, where: Machine, rows: Sequence[Any]) -> None:
    """Rows (dataclasses) and machine as one JSON document, written beside its place: what is there is always whole."""
    document = {"machine": dataclasses.asdict(where), "idle": where.idle, "rows": [dataclasses.asdict(row) for row in rows]}
    text = json.dumps(document, indent=1) + "\n"
    if path.exists() and not path.is_file():  # /dev/stdout is no place for a file
        path.write_text(text, encoding="utf-8")
        return
    beside = path.with_name(f".{path.name}.part")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
