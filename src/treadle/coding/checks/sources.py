"""What a variable of a data program may hold, as far as its text tells."""

from __future__ import annotations

from dataclasses import dataclass, replace

from treadle.types import DataSummary, Table

__all__ = [
    "Columns",
    "Dataset",
    "File",
    "Finding",
    "Kind",
    "Many",
    "Mask",
    "Text",
    "Tree",
    "clean_key",
    "column_names",
    "same_kind",
]


@dataclass(frozen=True, slots=True)
class File:
    """An opened ROOT file, or a folder in it."""

    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Tree:
    table: Table


@dataclass(frozen=True, slots=True)
class Columns:
    """Arrays or a frame with known columns. ``flavour``: 'awkward', 'pandas', 'dict'; ``read``: the call that chose."""

    names: frozenset[str]
    flavour: str
    read: str = ""
    tree: str = ""


@dataclass(frozen=True, slots=True)
class Many:
    """Something to loop over that yields ``item``."""

    item: Columns


@dataclass(frozen=True, slots=True)
class Mask:
    """A selection: indexing with it keeps the columns."""


@dataclass(frozen=True, slots=True)
class Text:
    value: str


Kind = File | Tree | Columns | Many | Mask | Text | None


def same_kind(one: Kind, other: Kind) -> Kind:
    """What a variable holds that may come from two branches."""
    if isinstance(one, Columns) and isinstance(other, Columns) and one.flavour == other.flavour:
        return replace(one, names=one.names | other.names)
    return one if one == other else None


def clean_key(key: str) -> str:
    """A key of a ROOT file without its cycle and outer slashes."""
    return key.split(";")[0].strip("/")


class Dataset:
    """The data file of a request, as the columns check sees it."""

    def __init__(self, summary: DataSummary) -> None:
        self.summary = summary
        self.file_name = summary.path.replace("\\", "/").rsplit("/", 1)[-1]
        self._tables = {clean_key(table.name): table for table in summary.tables}

    @property
    def tree_names(self) -> list[str]:
        return list(self._tables)

    def table(self, name: str) -> Table | None:
        return self._tables.get(clean_key(name))

    @property
    def first(self) -> Table | None:
        return self.summary.tables[0] if self.summary.tables else None

    def is_folder(self, name: str) -> bool:
        return any(known.startswith(clean_key(name) + "/") for known in self._tables)


@dataclass(frozen=True, slots=True)
class Finding:
    """A name that seems not to exist. ``kind``: 'file', 'tree', 'column' (by string), 'attribute' (by dot)."""

    kind: str
    name: str
    line: int
    known: tuple[str, ...]
    then: str = ""
    tree: str = ""
    flavour: str = ""


def column_names(table: Table) -> frozenset[str]:
    """Every spelling under which a column can be asked for: its name, and the last part of a path."""
    names = {column.name for column in table.columns}
    return frozenset(names | {name.rsplit("/", 1)[-1] for name in names})
