"""A few values of a column as SQL literals, for summaries of databases."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Any

__all__ = ["literal", "quoted", "typical"]

_MAX_CHARACTERS = 40
_MAX_VALUES = 3
_MAX_COMPARED = 40


def quoted(name: str) -> str:
    """A name as a quoted identifier of standard SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: Any) -> str | None:
    """``value`` as an SQL literal; None for what has no short one.

    SQLite, DuckDB and PostgreSQL read them alike, but for bytes (``X'00'``), which are SQLite's. Values that are no number,
    truth value, bytes or text give the literal of their text. What is longer than 40 characters or holds characters that
    cannot be printed on one line has none: a value cut short would be none of the column's.
    """
    if value is None:
        return None
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        text = str(value)
    elif isinstance(value, float):
        if not math.isfinite(value):
            return None
        text = repr(value)
    elif isinstance(value, bytes):
        text = f"X'{value.hex().upper()}'"
    else:
        plain = str(value)
        if len(plain) > _MAX_CHARACTERS or not plain.isprintable() or "\ufffd" in plain:
            return None
        text = "'" + plain.replace("'", "''") + "'"
    return text if len(text) <= _MAX_CHARACTERS else None


def typical(values: Iterable[Hashable], most: int = _MAX_VALUES) -> tuple[str, ...]:
    """Up to ``most`` different literals: the most frequent first, among equals the shortest, then the first met."""
    counts = Counter(values)
    chosen = [(text, count) for value, count in counts.most_common(_MAX_COMPARED) if (text := literal(value)) is not None]
    return tuple(text for text, _ in sorted(chosen, key=lambda pair: (-pair[1], len(pair[0])))[:most])
