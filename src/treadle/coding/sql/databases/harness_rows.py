"""Collects the rows of a statement, as many as may leave the sandbox. Runs inside it; the text goes before a harness."""

from collections.abc import Callable, Sequence
from json.encoder import encode_basestring_ascii
from typing import Any

__all__ = ["collect"]

_BATCH = 500


def _bytes_of(value: Any) -> int:
    """What a plain value takes as tagged JSON, at most."""
    if isinstance(value, str):
        return len(encode_basestring_ascii(value)) + 1
    if isinstance(value, bytes):
        return 4 * len(value) // 3 + 32
    return 64 if isinstance(value, int) and value.bit_length() > 62 else 32


def collect(
    columns: Sequence[str],
    fetch: Callable[[int], Sequence[Sequence[Any]]],
    plain: Callable[[Any], Any] | None,
    max_rows: int,
    max_bytes: int,
) -> dict[str, Any]:
    """Columns and rows until ``max_rows`` or ``max_bytes``; a limit where not even the first row fits."""
    rows: list[list[Any]] = []
    left = max_bytes - sum(_bytes_of(name) for name in columns)
    while batch := fetch(_BATCH):
        for row in batch:
            values = list(row) if plain is None else [plain(value) for value in row]
            left -= sum(_bytes_of(value) for value in values) + 8
            if left < 0 or len(rows) == max_rows:
                return {"columns": list(columns), "rows": rows, "truncated": True} if rows else {"limit": "value"}
            rows.append(values)
    return {"columns": list(columns), "rows": rows, "truncated": False}
