"""CSV files: how they are laid out, names and types of the columns from the first rows, and the number of rows.

Runs inside the sandbox. The program that opens the file is told the layout (see ``treadle.prompts.preamble``), so that what
is called a column here is one there. pandas by itself takes a comment for the header, and the first column for labels where
rows end in a delimiter.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import AnyStr, Literal

from treadle.data.files import UTF16_MARKS, comments_before, decode_start, dialect_of, read_start
from treadle.data.reading import Unreadable
from treadle.types import Column, Layout, Table

__all__ = ["csv_tables"]

_ROWS = 200
_START_LINES = 20
_MOST_START_BYTES = 64 << 20
_TRUTH = {"true", "false"}
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+(?:[eE][+-]?\d+)?")
_DECIMAL_POINT = re.compile(r"[+-]?\d*\.\d+(?:[eE][+-]?\d+)?")


@dataclass(frozen=True, slots=True)
class _Opened:
    """The first rows, without comments; ``skip`` lines stand before them."""

    rows: list[list[str]]
    delimiter: str
    skip: int
    titles: list[str] | None
    """Names that stand in the last comment, as numpy writes them."""


def csv_tables(path: Path) -> tuple[Table, ...]:
    """The one table of a CSV file. A first row of numbers only is data: the columns are then column_0, column_1, ...

    Raises:
        Unreadable: it is no text, holds no row, or cannot be cut into fields.
    """
    opened = _open(path)
    rows = opened.rows
    has_header = opened.titles is None and any(_text_type([cell]) == "str" and cell.strip() for cell in rows[0])
    body = rows[1:] if has_header else rows
    titles = opened.titles or (rows[0] if has_header else [""] * len(rows[0]))
    names = _different([cell.strip() or f"column_{i}" for i, cell in enumerate(titles)])
    extra = has_header and bool(body) and all(len(row) == len(names) + 1 for row in body)
    trailing = extra and not any(row[-1].strip() for row in body)
    first = 1 if extra and not trailing else 0  # a field more than there are names: pandas takes the first for a label
    decimal = _decimal(opened.delimiter, body)
    cells = [[row[i + first] for row in body if i + first < len(row)] for i in range(len(names))]
    columns = [Column(name=n, type=_text_type(c, decimal)) for n, c in zip(names, cells, strict=True)]
    layout = Layout(
        delimiter=opened.delimiter,
        encoding="utf-16" if read_start(path).startswith(UTF16_MARKS) else "utf-8",
        header=("first line" if rows[0] == names else "renamed") if has_header else "none",
        skip=opened.skip,
        decimal=decimal,
        trailing_delimiter=trailing,
    )
    entries = _count_rows(path, layout)
    entries = None if entries is None else entries - int(has_header)
    return (Table(name=path.stem, columns=tuple(columns), entries=entries, note=_note(layout, bool(first)), layout=layout),)


def _open(path: Path) -> _Opened:
    text, complete = _start_of(path)
    if text is None:
        raise Unreadable("is no UTF-8 text.")
    delimiter = dialect_of(text) or ","
    skip = comments_before(text)
    lines = text.splitlines(keepends=True)
    kept = "".join(lines[skip:])
    if not complete:
        kept = kept[: kept.rfind("\n") + 1] or kept
    try:
        rows = [row for row in csv.reader(io.StringIO(kept), delimiter=delimiter) if row][: _ROWS + 1]
    except csv.Error as error:
        raise Unreadable(f"cannot be read: {error}.") from None
    if not rows:
        raise Unreadable("holds no row.")
    return _Opened(rows, delimiter, skip, _titles(lines[:skip], delimiter, rows))


def _start_of(path: Path) -> tuple[str | None, bool]:
    """The first lines, and whether that is all. A header of thousands of columns is longer than the start of other files."""
    size = path.stat().st_size
    n_bytes = len(read_start(path))
    while True:
        with path.open("rb") as file:
            start = file.read(n_bytes)
        text = decode_start(start)
        if text is None or n_bytes >= size or text.count("\n") > _START_LINES or n_bytes >= _MOST_START_BYTES:
            return text, n_bytes >= size
        n_bytes *= 8


def _titles(comments: Sequence[str], delimiter: str, rows: list[list[str]]) -> list[str] | None:
    """The names in the last comment, where it has one for each field of a first row that is all numbers."""
    if not comments or not comments[-1].startswith("#"):
        return None
    found = next(csv.reader([comments[-1].lstrip("#").strip()], delimiter=delimiter), [])
    numbers = all(_text_type([cell]) in ("int", "float") for cell in rows[0])
    return found if numbers and len(found) == len(rows[0]) and all(cell.strip() for cell in found) else None


def _different(names: list[str]) -> list[str]:
    """The names with a number where one comes again, in the way of pandas: a, a.1, a.2."""
    found: dict[str, None] = {}
    tried: dict[str, int] = {}
    for name in names:
        other = name
        while other in found:
            tried[name] = tried.get(name, 0) + 1
            other = f"{name}.{tried[name]}"
        found[other] = None
    return list(found)


def _text_type(values: Iterable[str], decimal: str = ".") -> str:
    """The narrowest of int, float, bool, str that all filled cells have."""
    cells = [v.strip() for v in values if v.strip()]
    if decimal == ",":
        cells = [cell.replace(",", ".") if _DECIMAL_COMMA.fullmatch(cell) else cell for cell in cells]
    if not cells:
        return "str"
    if all(c.lower() in _TRUTH for c in cells):
        return "bool"
    for name, convert in (("int", int), ("float", float)):
        try:
            for cell in cells:
                convert(cell)
        except ValueError:
            continue
        return name
    return "str"


def _decimal(delimiter: str, body: Sequence[Sequence[str]]) -> Literal[".", ","]:
    """A comma where numbers are written with one and none with a point, and commas do not divide the fields."""
    if delimiter == ",":
        return "."
    cells = [cell.strip() for row in body for cell in row]
    with_comma = any(_DECIMAL_COMMA.fullmatch(cell) for cell in cells)
    return "," if with_comma and not any(_DECIMAL_POINT.fullmatch(cell) for cell in cells) else "."


def _count_rows(path: Path, layout: Layout) -> int | None:
    """Rows that hold something, the header included; None where the file cannot be cut into rows to its end."""
    rows, quoted = _count_lines(path, layout)
    if not quoted:
        return rows
    try:  # a field in quotes may hold ends of lines; this is slower
        with path.open(encoding=layout.encoding, errors="replace", newline="") as file:
            for _ in range(layout.skip):
                next(file)
            return sum(1 for row in csv.reader(file, delimiter=layout.delimiter) if row)
    except csv.Error:
        return None


def _count_lines(path: Path, layout: Layout) -> tuple[int, bool]:
    """Lines after the comments that hold something, and whether a field stands in quotes."""
    if layout.encoding != "utf-8":
        with path.open(encoding=layout.encoding, errors="replace") as text:
            return _count(text, layout.skip, '"')
    with path.open("rb") as file:
        return _count(file, layout.skip, b'"')


def _count(lines: Iterable[AnyStr], skip: int, quote: AnyStr) -> tuple[int, bool]:
    rows, quoted = 0, False
    for number, line in enumerate(lines):
        rows += number >= skip and bool(line.strip())
        quoted = quoted or quote in line
    return rows, quoted


def _note(layout: Layout, labelled: bool) -> str:
    told = [] if layout.header != "none" else ["no header line"]
    if layout.delimiter != ",":
        told.append(f"delimiter {layout.delimiter!r}")
    if layout.decimal == ",":
        told.append("decimal comma")
    if labelled:
        told.append("the first field of a row is its label")
    return ", ".join(told)
