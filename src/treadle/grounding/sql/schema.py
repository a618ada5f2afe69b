"""What a schema says to those who write statements: names as they are written, types, and which tables join."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from treadle.types import Column, Table

__all__ = ["RESERVED", "Dialect", "Edge", "Schema", "quoted"]

Dialect = Literal["sqlite", "duckdb", "postgres"]

_WORDS = """
abort action add after all alter always analyse analyze and any array as asc asof asymmetric at attach
authorization autoincrement before begin between binary both by cascade case cast check collate collation column
columns commit concurrently conflict constraint create cross current current_catalog current_date current_role
current_schema current_time current_timestamp current_user database default deferrable deferred delete desc
describe detach distinct do drop each else end escape except exclude exclusive exists explain fail false fetch
filter first following for foreign freeze from full generated glob grant group groups having if ignore ilike
immediate in index indexed initially inner insert instead intersect into is isnull join key lambda last lateral
leading left like limit localtime localtimestamp map match materialized natural no not nothing notnull null nulls
of offset on only or order others outer over overlaps partition pivot placing plan positional pragma preceding
primary qualify query raise range recursive references regexp reindex release rename replace restrict returning
right rollback row rows savepoint select semi session_user set show similar some struct summarize symmetric
system_user table tablesample temp temporary then ties to trailing transaction trigger true try_cast unbounded
union unique unpivot update user using vacuum values variadic verbose view virtual when where window with without
"""
RESERVED = frozenset(_WORDS.split())
_PLAIN = {"postgres": re.compile(r"[a-z_][a-z0-9_]*\Z")}
_ANY_CASE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_NUMBERS = re.compile(r"int|real|floa|doub|num|dec|serial|money", re.IGNORECASE)
_TEXTS = re.compile(r"char|text|clob|string|enum", re.IGNORECASE)


def quoted(name: str, dialect: Dialect) -> str:
    """``name`` as a statement writes it: in double quotes where it is no plain word."""
    plain = _PLAIN.get(dialect, _ANY_CASE).match(name) and name.lower() not in RESERVED
    return name if plain else '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True)
class Edge:
    """Two columns by which tables join, each as written, without its table."""

    left: str
    other: str
    right: str


class Schema:
    """Tables by their names as written.

    Two tables join where a foreign key leads from one to the other or, where there is none between them, where key columns
    have the same name.
    """

    def __init__(self, tables: Sequence[Table], dialect: Dialect) -> None:
        self.dialect: Dialect = dialect
        usable = {quoted(t.name, dialect): t for t in tables if t.columns}
        self._tables = usable
        self._columns = {name: {quoted(c.name, dialect): c for c in t.columns} for name, t in usable.items()}
        self.edges: dict[str, list[Edge]] = {name: [] for name in usable}
        self._join_tables()
        self.component = self._components()
        self._qualifiers = {name: self._qualifiers_of(name) for name in usable}
        self.usual_lengths = _usual_length(self._tables), _usual_length(c for cs in self._columns.values() for c in cs)
        """Tokens that the name of a table, and of a column, takes, roughly."""

    @property
    def tables(self) -> list[str]:
        """All tables, in the order of the database."""
        return list(self._tables)

    def columns(self, table: str) -> dict[str, Column]:
        """The columns of a table, by their names as written."""
        return self._columns[table]

    def has(self, table: str, columns: Iterable[str]) -> bool:
        """Whether a table has all of these columns."""
        return self._columns[table].keys() >= set(columns)

    def qualifiers(self, table: str) -> list[str]:
        """What may stand before the dot of a column of a table: its own name, then aliases."""
        return self._qualifiers[table]

    def group(self, column: Column) -> Literal["number", "text", "other", "any"]:
        """What a column may be compared with. SQLite compares anything."""
        if self.dialect == "sqlite":
            return "any"
        if _TEXTS.search(column.type):
            return "text"
        return "number" if _NUMBERS.search(column.type) and "interval" not in column.type.lower() else "other"

    def _qualifiers_of(self, table: str) -> list[str]:
        name = self._tables[table].name
        words = [w for w in re.split(r"[^A-Za-z0-9]+|(?<=[a-z])(?=[A-Z])", name) if w]
        short = ["".join(w[0] for w in words), *(words[0][0] if words else "")]
        taken = {t.name.lower() for t in self._tables.values()}
        wanted = [f"{t}{n}" for t in "Tt" for n in range(1, 5)] + [s.lower() for s in short if s[:1].isalpha()]
        plain = [w for w in wanted if w.lower() not in taken and w.lower() not in RESERVED]
        return list(dict.fromkeys([table, *plain]))

    def _join_tables(self) -> None:
        found: dict[tuple[str, str], set[tuple[str, str]]] = {}
        for table, columns in self._columns.items():
            for written, column in columns.items():
                other, dot, name = column.references.rpartition(".")
                target = self._find(other)
                if dot and target is not None and quoted(name, self.dialect) in self._columns[target]:
                    found.setdefault((table, target), set()).add((written, quoted(name, self.dialect)))
        for one in self._tables:
            for two in self._tables:
                if one < two and (one, two) not in found and (two, one) not in found:
                    found[one, two] = self._same_names(one, two)
        for (one, two), pairs in found.items():
            for left, right in sorted(pairs):
                self.edges[one].append(Edge(left, two, right))
                self.edges[two].append(Edge(right, one, left))

    def _find(self, name: str) -> str | None:
        for end in (name, name.rpartition(".")[2]):
            for written, table in self._tables.items():
                if end and table.name.lower() == end.strip('"').lower():
                    return written
        return None

    def _same_names(self, one: str, two: str) -> set[tuple[str, str]]:
        here, there = self._columns[one], self._columns[two]
        return {
            (name, name)
            for name, column in here.items()
            if name in there
            and (column.key or there[name].key or re.search(r"(id|code|key)\"?\Z", name, re.IGNORECASE))
            and self.group(column) == self.group(there[name])
        }

    def _components(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for number, table in enumerate(self._tables):
            waiting = [table] if table not in found else []
            while waiting:
                one = waiting.pop()
                if one not in found:
                    found[one] = number
                    waiting += [e.other for e in self.edges[one]]
        return found


def _usual_length(names: Iterable[str]) -> int:
    """A token for two letters, which is more than most names take."""
    lengths = [len(n) for n in names]
    return 1 + sum(lengths) // max(1, 2 * len(lengths))
