"""Rows as a person reads them, as CSV, and as a key that can be compared."""

from __future__ import annotations

import csv
import io
from collections.abc import Hashable, Sequence
from typing import Any

from treadle.coding.sql.base import Rows

__all__ = ["behaviour_of_rows", "cell", "rows_as_csv", "rows_as_text"]

DIGITS = 6
"""Significant digits to which numbers are compared, as for Python programs."""
_SHOWN_ROWS = 40
_CELL_CHARACTERS = 40


def cell(value: Any) -> str:
    """A value as shown: NULL, numbers to twelve digits, bytes by their length."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.12g}"
    return f"<{len(value)} bytes>" if isinstance(value, bytes) else str(value)


def rows_as_text(rows: Rows) -> str:
    """A table of plain text, numbers to the right; at most 40 rows, then how many more."""
    shown = [[_cut(cell(v)) for v in row] for row in rows.rows[:_SHOWN_ROWS]]
    header = [_cut(c) for c in rows.columns]
    widths = [max(map(len, column)) for column in zip(header, *shown, strict=True)] if header else []
    right = [_is_number(rows.rows, i) for i in range(len(header))]
    lines = [_line(header, widths, right), _line(["-" * w for w in widths], widths, right)]
    lines += [_line(row, widths, right) for row in shown]
    left = len(rows.rows) - len(shown)
    if left or rows.truncated:
        lines.append(f"... {left} more rows{', and the limit on rows cut the rest off' if rows.truncated else ''}")
    if not rows.rows:
        lines.append("(no rows)")
    return "\n".join(lines) + "\n"


def _cut(text: str) -> str:
    text = " ".join(text.split()) if "\n" in text else text
    return text if len(text) <= _CELL_CHARACTERS else text[: _CELL_CHARACTERS - 3] + "..."


def _is_number(rows: Sequence[Sequence[Any]], column: int) -> bool:
    values = [row[column] for row in rows if row[column] is not None]
    return bool(values) and all(isinstance(v, int | float) for v in values)


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    padded = [c.rjust(w) if r else c.ljust(w) for c, w, r in zip(cells, widths, right, strict=True)]
    return "  ".join(padded).rstrip()


def rows_as_csv(rows: Rows) -> str:
    """All rows as CSV with a header; NULL is an empty field."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows.columns)
    writer.writerows([["" if v is None else v.hex() if isinstance(v, bytes) else v for v in row] for row in rows.rows])
    return text.getvalue()


def behaviour_of_rows(rows: Rows, ordered: bool) -> Hashable:
    """Equal for two results with the same rows; their order counts where the statement orders them. Names do not matter."""
    keys = [tuple(_key(v) for v in row) for row in rows.rows]
    return (len(rows.columns), tuple(keys if ordered else sorted(keys)))


def _key(value: Any) -> str:
    if isinstance(value, int | float):
        return "0" if abs(value) <= 1e-12 else f"{float(value):.{DIGITS}g}"
    return f"{type(value).__name__}:{value!r}"
