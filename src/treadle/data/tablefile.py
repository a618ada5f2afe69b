"""Parquet files: schema and number of rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from treadle.errors import DataError
from treadle.types import Column, Table

__all__ = ["parquet_tables"]

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

    Raises:
        DataError: damaged, or pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise DataError(f"reading the Parquet file {str(path)!r} needs pyarrow: pip install 'treadle[data]'.") from None
    try:
        with pq.ParquetFile(path) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0][:120]
        raise DataError(
            f"the Parquet file {str(path)!r} cannot be read, it seems truncated or damaged ({reason}). Copy it again."
        ) from None
    columns = []
    for field in schema:
        type_name, shape = _arrow_type(field.type)
        columns.append(Column(name=field.name, type=type_name, shape=shape))
    return (Table(name=path.stem, columns=tuple(columns), entries=rows),)
