"""JSON files: names and types of the columns from the first rows. Runs inside the sandbox."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from treadle.data.reading import Unreadable
from treadle.types import Column, Layout, Table

__all__ = ["json_tables"]

_ROWS = 200
_MAX_JSON_BYTES = 256 << 20
_MARK = "\ufeff"

Shape = Literal["flat", "jagged", "nested"]


def _json_type(value: Any) -> tuple[str, Shape]:
    if isinstance(value, list):
        inner = {_json_type(item) for item in value[:_ROWS]}
        if all(shape == "flat" for _, shape in inner):
            return _common({name for name, _ in inner}), "jagged"
        return "list", "nested"
    if isinstance(value, dict):
        return "record", "nested"
    return {bool: "bool", int: "int", float: "float"}.get(type(value), "str"), "flat"


def _common(names: set[str]) -> str:
    if len(names) == 1:
        return next(iter(names))
    return "float" if names == {"int", "float"} else ("str" if names else "unknown")


def _column(name: str, values: Iterable[Any]) -> Column:
    seen = [_json_type(v) for v in values if v is not None]
    shapes = {shape for _, shape in seen}
    shape: Shape = "flat"
    if shapes:
        shape = next(iter(shapes)) if len(shapes) == 1 else "nested"
    types = {t for t, _ in seen if t != "unknown"}
    return Column(name=name, type=_common(types) if types else "str", shape=shape)


Form = Literal["table", "lines", "key", "record", "list"]


def _from_records(name: str, records: list[dict[str, Any]], note: str, form: Form = "table") -> Table:
    first = records[:_ROWS]
    names = list(dict.fromkeys(key for record in records for key in record))  # all: a name that is missing is an error
    columns = tuple(_column(n, (record.get(n) for record in first)) for n in names)
    return Table(name=name, columns=columns, entries=len(records), note=note, layout=Layout(form=form))


def _from_columns(name: str, document: dict[str, list[Any]]) -> Table:
    columns = tuple(_column(key, values[:_ROWS]) for key, values in document.items())
    return Table(name=name, columns=columns, entries=len(next(iter(document.values()))), note="a dictionary of columns")


def _is_records(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(record, dict) for record in value)


def _from_document(path: Path, document: Any) -> tuple[Table, ...]:
    if _is_records(document):
        return (_from_records(path.stem, document, "a list of records"),)
    if isinstance(document, dict) and document:
        values = list(document.values())
        if all(isinstance(v, list) and not _is_records(v) for v in values) and len({len(v) for v in values}) == 1:
            return (_from_columns(path.stem, document),)
        tables = [
            _from_records(k, v, "a list of records under its key", "key") for k, v in document.items() if _is_records(v)
        ]
        if tables:
            return tuple(sorted(tables, key=lambda t: -(t.entries or 0)))
        columns = tuple(_column(k, [v]) for k, v in document.items())
        return (Table(name=path.stem, columns=columns, entries=1, note="one record", layout=Layout(form="record")),)
    if isinstance(document, list) and document:
        columns = (_column("value", document[:_ROWS]),)
        return (Table(name=path.stem, columns=columns, entries=len(document), note="a list", layout=Layout(form="list")),)
    raise Unreadable(f"holds no values ({type(document).__name__}); it needs records or columns.")


def _json_lines(path: Path, text: str) -> tuple[Table, ...] | None:
    lines = [line for line in text.splitlines() if line.strip()]
    try:
        records = [json.loads(line) for line in lines]
    except ValueError:
        return None
    return (_from_records(path.stem, records, "a record a line", "lines"),) if _is_records(records) else None


def json_tables(path: Path) -> tuple[Table, ...]:
    """The tables of a JSON file: a list of records, a dictionary of columns or of lists of records, or a record a line.

    Raises:
        Unreadable: larger than 256 MiB, no UTF-8 text, no JSON, nested too deeply, or without values.
    """
    if path.stat().st_size > _MAX_JSON_BYTES:
        raise Unreadable("is larger than 256 MiB; convert it to Parquet.")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise Unreadable("is no UTF-8 text.") from None
    encoding = "utf-8-sig" if text.startswith(_MARK) else "utf-8"
    try:
        tables = _tables(path, text.removeprefix(_MARK))
    except RecursionError:
        raise Unreadable("is nested too deeply.") from None
    return tuple(replace(table, layout=replace(table.layout, encoding=encoding)) for table in tables)


def _tables(path: Path, text: str) -> tuple[Table, ...]:
    try:
        document = json.loads(text)
    except ValueError as error:  # also a whole number of more digits than Python reads
        tables = _json_lines(path, text)
        if tables is None:
            raise Unreadable(f"cannot be read: {error}.") from None
        return tables
    return _from_document(path, document)
