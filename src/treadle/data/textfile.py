"""CSV and JSON files: names and types of the columns from the first rows."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from treadle.data.files import UTF16_MARKS, decode_start, dialect_of, read_start
from treadle.errors import DataError
from treadle.types import Column, Layout, Table

__all__ = ["csv_tables", "json_tables"]

_ROWS = 200
_MAX_JSON_BYTES = 256 << 20
_TRUTH = {"true", "false"}

Shape = Literal["flat", "jagged", "nested"]


def _text_type(values: Iterable[str]) -> str:
    """The narrowest of int, float, bool, str that all filled cells have."""
    cells = [v.strip() for v in values if v.strip()]
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


def _count_lines(path: Path) -> int:
    """Lines that hold something."""
    with path.open("rb") as file:
        return sum(1 for line in file if line.strip())


def _csv_rows(path: Path, text: str, delimiter: str) -> list[list[str]]:
    complete = text if len(text.encode()) >= path.stat().st_size else text[: text.rfind("\n") + 1] or text
    rows = [row for row in csv.reader(io.StringIO(complete), delimiter=delimiter) if row]
    return rows[: _ROWS + 1]


def csv_tables(path: Path) -> tuple[Table, ...]:
    """The one table of a CSV file. A first row of numbers only is data: the columns are then column_0, column_1, ..."""
    text = decode_start(read_start(path))
    if text is None:
        raise DataError(f"the CSV file {str(path)!r} is no UTF-8 text.")
    delimiter = dialect_of(text) or ","
    try:
        rows = _csv_rows(path, text, delimiter)
    except csv.Error as error:
        raise DataError(f"the CSV file {str(path)!r} cannot be read: {error}.") from None
    has_header = any(_text_type([cell]) == "str" and cell.strip() for cell in rows[0])
    names = [cell.strip() or f"column_{i}" if has_header else f"column_{i}" for i, cell in enumerate(rows[0])]
    body = rows[1:] if has_header else rows
    columns = tuple(
        Column(name=name, type=_text_type(row[i] for row in body if i < len(row))) for i, name in enumerate(names)
    )
    notes = [] if has_header else ["no header line"]
    if delimiter != ",":
        notes.append(f"delimiter {delimiter!r}")
    layout = Layout(
        delimiter=delimiter,
        encoding="utf-16" if read_start(path).startswith(UTF16_MARKS) else "utf-8",
        header=("first line" if rows[0] == names else "renamed") if has_header else "none",
    )
    entries = _count_lines(path) - int(has_header)
    return (Table(name=path.stem, columns=columns, entries=entries, note=", ".join(notes), layout=layout),)


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
    names = list(dict.fromkeys(key for record in first for key in record))
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
    raise DataError(f"the JSON file {str(path)!r} holds no values ({type(document).__name__}); it needs records or columns.")


def _json_lines(path: Path, text: str) -> tuple[Table, ...] | None:
    lines = [line for line in text.splitlines() if line.strip()]
    try:
        records = [json.loads(line) for line in lines]
    except json.JSONDecodeError:
        return None
    return (_from_records(path.stem, records, "a record a line", "lines"),) if _is_records(records) else None


def json_tables(path: Path) -> tuple[Table, ...]:
    """The tables of a JSON file: a list of records, a dictionary of columns or of lists of records, or a record a line."""
    if path.stat().st_size > _MAX_JSON_BYTES:
        raise DataError(f"the JSON file {str(path)!r} is larger than 256 MiB; convert it to Parquet.")
    try:
        text = path.read_text(encoding="utf-8-sig")
        document = json.loads(text)
    except UnicodeDecodeError:
        raise DataError(f"the JSON file {str(path)!r} is no UTF-8 text.") from None
    except (json.JSONDecodeError, RecursionError) as error:
        tables = _json_lines(path, text)
        if tables is None:
            raise DataError(f"the JSON file {str(path)!r} cannot be read: {error}.") from None
        return tables
    return _from_document(path, document)
