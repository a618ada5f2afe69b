"""What the readers of the formats have in common: how they fail, and their result as plain data. Runs inside the sandbox.

A reader is a function from a path to tables, in a module of its own. What it returns leaves the sandbox as lists, texts and
numbers; ``treadle.data.inspect`` makes tables of them again and takes nothing for granted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import astuple
from pathlib import Path
from typing import Any

from treadle.types import Column, Table

__all__ = ["MissingPackage", "Unreadable", "describe", "plain"]


class Unreadable(Exception):  # noqa: N818 (it is the file that is wrong)
    """The file cannot be read; the text goes on after 'the CSV file NAME'."""


class MissingPackage(Exception):  # noqa: N818
    """The package of that name, which reads the format, is not installed."""


def describe(kind: str, name: str) -> dict[str, Any]:
    """The tables of the file ``name``, or why there are none, as plain data.

    Each reader is imported only where it is asked for: inside there are no other modules than those that it needs.
    """
    path = Path(name)
    try:
        return {"tables": plain(_tables(kind, path))}
    except Unreadable as error:
        return {"unreadable": _text(str(error))}
    except MissingPackage as error:
        return {"missing": _text(str(error))}


def _tables(kind: str, path: Path) -> Iterable[Table]:
    if kind == "root":
        from treadle.data.rootfile import root_tables

        return root_tables(path)
    if kind == "parquet":
        from treadle.data.tablefile import parquet_tables

        return parquet_tables(path)
    if kind == "csv":
        from treadle.data.csvfile import csv_tables

        return csv_tables(path)
    if kind == "json":
        from treadle.data.jsonfile import json_tables

        return json_tables(path)
    from treadle.data.sqlitefile import sqlite_tables

    return sqlite_tables(path)


def plain(tables: Iterable[Table]) -> list[list[Any]]:
    """Tables as nested lists, in the order of the fields."""
    return [
        [_text(t.name), [_column(c) for c in t.columns], t.entries, _text(t.note), list(astuple(t.layout))] for t in tables
    ]


def _column(column: Column) -> list[Any]:
    values = [_text(value) for value in column.values]
    texts = (_text(text) for text in (column.name, column.type, column.shape, column.note))
    return [*texts, column.key, _text(column.references), values]


def _text(text: str) -> str:
    """Text without halves of characters, which no prompt and no program could hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
