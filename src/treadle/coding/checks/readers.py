"""The calls that open data files: uproot, awkward and pandas."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence

from treadle.coding.checks.sources import Columns, Dataset, File, Finding, Kind, Many, Text, Tree, column_names
from treadle.types import Layout

__all__ = ["Readers"]

_PANDAS_SAFE = frozenset(
    {"nrows", "dtype", "low_memory", "engine", "encoding", "parse_dates", "columns", "usecols", "sep", "lines", "decimal"}
)
_WHOLE_TABLE = re.compile(r"""\s*select\s+\*\s+from\s+(?:"((?:[^"]|"")+)"|(\w+))\s*;?\s*""", re.IGNORECASE)
_READ_ALL = frozenset({"entry_start", "entry_stop", "library", "expressions", "step_size", "cut"})
_LIBRARIES = {"ak": "awkward", "awkward": "awkward", "pd": "pandas", "pandas": "pandas", "np": "dict", "numpy": "dict"}


class Readers:
    """Tells what a call that reads data returns, and reports names in it that the data does not have."""

    def __init__(self, data: Dataset, aliases: dict[str, str], report: Callable[[Finding], None]) -> None:
        self._data, self._aliases, self._report = data, aliases, report

    def dotted(self, node: ast.expr) -> str | None:
        """The full dotted name of a function of an imported module."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.insert(0, node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id not in self._aliases:
            return None
        return ".".join([self._aliases[node.id], *parts])

    def function(self, node: ast.Call, arguments: Sequence[Kind]) -> tuple[bool, Kind]:
        """Whether this is a reader, and what it returns."""
        name = self.dotted(node.func)
        first = arguments[0] if arguments else None
        if name == "uproot.open":
            return True, self._open(first, node.lineno)
        if name in ("uproot.concatenate", "uproot.iterate"):
            tree = self._open(first, node.lineno)
            columns = self._arrays(node, tree, arguments[1:]) if isinstance(tree, Tree) else None
            return True, Many(columns) if columns is not None and name == "uproot.iterate" else columns
        if name in ("pandas.read_csv", "pandas.read_parquet", "pandas.read_json"):
            return True, self._frame(node, first, "pandas")
        if name in ("pandas.read_sql_query", "pandas.read_sql"):
            return True, self._query(node, first)
        if name == "awkward.from_parquet":
            return True, self._frame(node, first, "awkward")
        return False, None

    def method_of_tree(self, node: ast.Call, tree: Tree, arguments: Sequence[Kind]) -> Kind:
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if method == "arrays":
            return self._arrays(node, tree, arguments)
        if method == "iterate":
            columns = self._arrays(node, tree, arguments)
            return Many(columns) if columns is not None else None
        return None

    def key_of_file(self, file: File, index: Kind, line: int) -> Kind:
        return self._tree(file.prefix + index.value, line) if isinstance(index, Text) else None

    # -------------------------------------------------------------------------------------------- parts

    def _open(self, path: Kind, line: int) -> Kind:
        if not isinstance(path, Text):
            return None
        file, _, tree = path.value.rpartition(":") if _has_tree(path.value) else (path.value, "", "")
        if not self._is_the_file(file, line):
            return None
        return self._tree(tree, line) if tree else File()

    def _tree(self, name: str, line: int) -> Kind:
        table = self._data.table(name)
        if table is not None:
            return Tree(table)
        if self._data.is_folder(name):
            return File(name.strip("/") + "/")
        self._report(_finding("tree", name, line, self._data.tree_names))
        return None

    def _is_the_file(self, path: str, line: int) -> bool:
        if path.removeprefix("./") == self._data.file_name:
            return True
        self._report(_finding("file", path, line, [self._data.file_name]))
        return False

    def _arrays(self, node: ast.Call, tree: Tree, arguments: Sequence[Kind]) -> Columns | None:
        keywords = {keyword.arg: keyword.value for keyword in node.keywords}
        names = column_names(tree.table)
        chosen = self._chosen(node, keywords)
        if "aliases" not in keywords and chosen is not None:
            for name in chosen:
                if name not in names and name.isidentifier():
                    self._report(_finding("column", name, node.lineno, sorted(names), tree.table.name))
        flavour = _flavour(keywords.get("library"))
        if flavour is None or not set(keywords) <= _READ_ALL:
            return None
        first = node.args[-len(arguments)] if arguments else keywords.get("expressions")
        if first is not None and chosen is None:
            return None
        read = f"arrays({', '.join(map(repr, chosen))})" if chosen is not None else ""
        return Columns(frozenset(chosen) if chosen is not None else names, flavour, read, "" if read else tree.table.name)

    def _chosen(self, node: ast.Call, keywords: dict[str | None, ast.expr]) -> list[str] | None:
        """The names asked for, where all are written out."""
        candidates = [argument for argument in node.args if not _is_path(argument)]
        wanted = keywords.get("expressions") or (candidates[0] if candidates else None)
        return _texts(wanted)

    def _frame(self, node: ast.Call, path: Kind, flavour: str) -> Kind:
        table = self._data.first
        keywords = {keyword.arg: keyword.value for keyword in node.keywords}
        if not isinstance(path, Text) or not self._is_the_file(path.value, node.lineno) or table is None:
            return None
        renamed = {"header", "names"} & keywords.keys()
        if renamed and _texts(keywords.get("names")) != [c.name for c in table.columns]:
            return None
        as_laid_out = {name for name in keywords if _is_laid_out(table.layout, str(name), keywords[name])}
        if not keywords.keys() - renamed - as_laid_out <= _PANDAS_SAFE or len(node.args) > 1:
            return None
        if table.layout.form not in ("table", "lines"):
            return None
        return Columns(column_names(table), flavour)

    def _query(self, node: ast.Call, statement: Kind) -> Kind:
        """A whole table; what other statements select is not read here."""
        whole = _WHOLE_TABLE.fullmatch(statement.value) if isinstance(statement, Text) else None
        if whole is None or self._data.summary.kind != "sqlite" or len(node.args) + len(node.keywords) > 2:
            return None
        name = (whole[1] or "").replace('""', '"') or whole[2]
        table = next((t for t in self._data.summary.tables if t.name.lower() == name.lower()), None)
        if table is None:
            self._report(_finding("tree", name, node.lineno, self._data.tree_names))
            return None
        return Columns(column_names(table), "pandas")


def _is_laid_out(layout: Layout, keyword: str, value: ast.expr) -> bool:
    """Whether an option says of the file what is so."""
    found = value.value if isinstance(value, ast.Constant) else None
    return (keyword == "skiprows" and found == layout.skip) or (keyword == "index_col" and found is False)


def _texts(node: ast.expr | None) -> list[str] | None:
    """The strings of a list that is written out, or a single one; None for anything else."""
    elements = node.elts if isinstance(node, ast.List | ast.Tuple) else [node]
    names = [e.value for e in elements if isinstance(e, ast.Constant) and isinstance(e.value, str)]
    return names if len(names) == len(elements) else None


def _finding(kind: str, name: str, line: int, known: Sequence[str], tree: str = "") -> Finding:
    return Finding(kind, name, line, tuple(known), tree=tree)


def _has_tree(path: str) -> bool:
    """'file.root:tree', but not 'root://server/file.root' or a drive letter."""
    file, colon, tree = path.rpartition(":")
    return bool(colon) and bool(tree) and not tree.startswith("//") and ".root" in file


def _is_path(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and ".root" in node.value


def _flavour(library: ast.expr | None) -> str | None:
    if library is None:
        return "awkward"
    return _LIBRARIES.get(str(library.value)) if isinstance(library, ast.Constant) else None
