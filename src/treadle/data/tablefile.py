"""Parquet files: schema and number of rows. Runs inside the sandbox."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from treadle.data.reading import MissingPackage, Unreadable
from treadle.types import Column, Table

__all__ = ["parquet_tables"]

_NAMELESS = re.compile(r"__index_level_\d+__")

Shape = Literal["flat", "jagged", "nested"]


def _arrow_type(kind: Any) -> tuple[str, Shape]:
    import pyarrow.types as of

    if of.is_list(kind) or of.is_large_list(kind) or of.is_fixed_size_list(kind):
        name, shape = _arrow_type(kind.value_type)
        return name, "jagged" if shape == "flat" else "nested"
    if of.is_struct(kind) or of.is_map(kind) or of.is_union(kind):
        return "record", "nested"
    if of.is_dictionary(kind):
        return _arrow_type(kind.value_type)
    if of.is_string(kind) or of.is_large_string(kind):
        return "str", "flat"
    return str(kind), "flat"


def parquet_tables(path: Path) -> tuple[Table, ...]:
    """The one table of a Parquet file; only its footer is read.

    A column that pandas wrote as the index of a frame is named in the note: ``read_parquet`` makes it the index again, so
    no program finds it among the columns.

    Raises:
        Unreadable: damaged.
        MissingPackage: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise MissingPackage("pyarrow") from None
    try:
        with path.open("rb") as opened, pq.ParquetFile(opened) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
        found = [(field.name, *_arrow_type(field.type)) for field in schema]
    except MemoryError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = [*str(error).splitlines(), "no reason given"][0][:120]
        raise Unreadable(f"cannot be read, it seems truncated or damaged ({reason}). Copy it again.") from None
    index = _index(schema.metadata or {})
    columns = tuple(Column(name=name, type=kind, shape=shape) for name, kind, shape in found if name not in index)
    note = f"index {', '.join(index.values())}" if index else ""
    return (Table(name=path.stem, columns=columns, entries=rows, note=note),)


def _index(metadata: Mapping[bytes, bytes]) -> dict[str, str]:
    """Columns that pandas takes for the index, as they are called in the file -> as they are called then.

    A range is kept without a column; it is told where it has a name.
    """
    try:
        said = json.loads(metadata[b"pandas"])["index_columns"]
        names = [entry.get("name") if isinstance(entry, dict) else entry for entry in said]
        return {name: "without a name" if _NAMELESS.fullmatch(name) else name for name in names if name is not None}
    except (KeyError, TypeError, ValueError, RecursionError):  # not written by pandas
        return {}
