"""The tables of a data file that is not passed on, as JSON: what it takes to move an example onto another file.

    [{"name": "events", "entries": 20000, "columns": [{"name": "pt1", "type": "double", "shape": "flat"}, ...]}, ...]

Columns of a database may say ``key`` and ``references``. No value of the data is in it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from treadle.errors import PackError
from treadle.types import Column, Table

__all__ = ["read_tables", "tables_as_json"]

_SHAPES: dict[Any, Literal["flat", "jagged", "nested"]] = {"flat": "flat", "jagged": "jagged", "nested": "nested"}


def tables_as_json(tables: Sequence[Table]) -> str:
    """The description of ``tables``, without notes and values: both may quote the data."""
    return json.dumps([_plain_table(t) for t in tables], indent=1) + "\n"


def _plain_table(table: Table) -> dict[str, Any]:
    return {"name": table.name, "entries": table.entries, "columns": [_plain_column(c) for c in table.columns]}


def _plain_column(column: Column) -> dict[str, Any]:
    plain: dict[str, Any] = {"name": column.name, "type": column.type, "shape": column.shape}
    if column.key:
        plain["key"] = True
    if column.references:
        plain["references"] = column.references
    return plain


def read_tables(path: Path) -> tuple[Table, ...]:
    """The tables that ``path`` describes.

    Raises:
        PackError: it is no such description; says what is wrong.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        tables = tuple(_table(item) for item in document)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        what = f"the key {error} is missing" if isinstance(error, KeyError) else str(error)
        raise PackError(f"{path} does not describe tables: {what}.") from None
    if not tables:
        raise PackError(f"{path} does not describe tables: there is none in it.")
    return tables


def _table(item: dict[str, Any]) -> Table:
    entries = item.get("entries")
    if not isinstance(entries, int | None):
        raise ValueError(f"'entries' is {entries!r}, not a number")
    return Table(name=_text(item["name"]), columns=tuple(_column(c) for c in item["columns"]), entries=entries)


def _column(item: dict[str, Any]) -> Column:
    shape = item.get("shape", "flat")
    if shape not in _SHAPES:
        raise ValueError(f"the shape {shape!r} is none of {', '.join(_SHAPES)}")
    return Column(
        name=_text(item["name"]),
        type=_text(item["type"]),
        shape=_SHAPES[shape],
        key=item.get("key") is True,
        references=_text(item.get("references", "")),
    )


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a text")
    return value
