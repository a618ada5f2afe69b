"""The first lines of a program that works on a data file: imports, and the file opened as ``events``.

They are known without asking a model, so no draft spends tokens (or makes mistakes) on them.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import PurePath

from treadle.types import Column, DataSummary, Table

__all__ = ["WIDE_COLUMNS", "focused", "preamble"]

WIDE_COLUMNS = 64
"""From this many columns on only those that the request may need are read: NanoAOD has over a thousand."""

_IMPORTS = "import awkward as ak\nimport numpy as np\n"


def focused(summary: DataSummary, columns: list[Column]) -> DataSummary:
    """``summary`` with the first table cut to ``columns`` where it is wide, else unchanged."""
    table = summary.tables[0]
    if len(table.columns) < WIDE_COLUMNS:
        return summary
    return replace(summary, tables=(replace(table, columns=tuple(columns)), *summary.tables[1:]))


def preamble(summary: DataSummary, table: Table, wide: bool) -> str:
    """The lines that open ``table`` of the file as ``events``; of a ``wide`` table only the columns it lists."""
    file_name = PurePath(summary.path).name
    name = json.dumps(file_name, ensure_ascii=False)  # a JSON string is a Python string, whatever quotes are in the name
    if summary.kind == "root":
        tree = json.dumps(table.name, ensure_ascii=False)
        chosen = json.dumps([c.name for c in table.columns]) if wide else ""
        return f"{_IMPORTS}import uproot\n\nevents = uproot.open({name})[{tree}].arrays({chosen})\n"
    if summary.kind == "parquet" and any(c.shape != "flat" for c in table.columns):
        return f"{_IMPORTS}\nevents = ak.from_parquet({name})\n"
    return f"{_IMPORTS}{_pandas_reader(summary, table, name)}\n"


def _pandas_reader(summary: DataSummary, table: Table, name: str) -> str:
    if summary.kind == "sqlite":
        quoted = table.name.replace('"', '""')
        query = json.dumps(f'SELECT * FROM "{quoted}"', ensure_ascii=False)  # noqa: S608
        return f"import pandas as pd\nimport sqlite3\n\nevents = pd.read_sql_query({query}, sqlite3.connect({name}))"
    if summary.kind == "json":
        return _json_reader(table, name)
    if summary.kind == "csv":
        return f"import pandas as pd\n\nevents = pd.read_csv({name}{_csv_options(table)})"
    return f"import pandas as pd\n\nevents = pd.read_parquet({name})"


def _csv_options(table: Table) -> str:
    """What ``read_csv`` must be told to find the columns under the names of the summary."""
    layout, told = table.layout, ""
    if layout.delimiter != ",":
        told += f", sep={json.dumps(layout.delimiter)}"
    if layout.encoding != "utf-8":
        told += f", encoding={json.dumps(layout.encoding)}"
    if layout.skip:
        told += f", skiprows={layout.skip}"
    if layout.decimal != ".":
        told += f", decimal={json.dumps(layout.decimal)}"
    if layout.trailing_delimiter:
        told += ", index_col=False"
    if layout.header != "first line":
        names = json.dumps([c.name for c in table.columns], ensure_ascii=False)
        told += f", header={'None' if layout.header == 'none' else '0'}, names={names}"
    return told


def _json_reader(table: Table, name: str) -> str:
    opened = f'json.load(open({name}, encoding="utf-8-sig"))'
    form = table.layout.form
    if form in ("table", "lines"):
        told = ", lines=True" if form == "lines" else ""
        told += f", encoding={json.dumps(table.layout.encoding)}" if table.layout.encoding != "utf-8" else ""
        return f"import pandas as pd\n\nevents = pd.read_json({name}{told})"
    made = {
        "key": f"pd.DataFrame({opened}[{json.dumps(table.name, ensure_ascii=False)}])",
        "record": f"pd.DataFrame([{opened}])",
        "list": f'pd.DataFrame({{"value": {opened}}})',
    }[form]
    return f"import json\nimport pandas as pd\n\nevents = {made}"
