"""A database's schema as questions speak of it: what tables and columns are called, what they hold, how tables join."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from treadle.types import Column, DataSummary, Table
from treadle.words import name_parts

__all__ = ["Field", "Join", "Role", "Schema", "quote_name", "singular", "stem"]

Role = Literal["key", "label", "text", "number", "date", "other"]

_DATE = re.compile(r"'?\d{4}-\d\d(-\d\d)?([ T]\d\d:\d\d.*)?'?$")
_DATE_WORDS = frozenset({"date", "day", "time", "timestamp", "datetime", "on", "at", "since", "until"})
_LABEL_WORDS = frozenset({"name", "title", "label", "fullname"})
_NUMBER_TYPES = re.compile(r"INT|REAL|FLOA|DOUB|NUM|DEC|HUGE|SERIAL|MONEY", re.IGNORECASE)
_DATE_TYPES = re.compile(r"DATE|TIME", re.IGNORECASE)
_KEEP_S = frozenset({"status", "mass", "gas", "bus", "class", "address", "species", "series", "news", "axis"})


def singular(word: str) -> str:
    """The singular of a regular English plural."""
    if word in _KEEP_S or len(word) < 3 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes", "zes")):
        return word[:-2]
    return word[:-1]


def plural(word: str) -> str:
    """The regular plural."""
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word + ("es" if word.endswith(("s", "x", "ch", "sh", "z")) else "s")


_ENDINGS = [
    "iest",
    "est",
    "ations",
    "ation",
    "ings",
    "ing",
    "ments",
    "ment",
    "ers",
    "er",
    "ors",
    "or",
    "ed",
    "es",
    "e",
    "al",
    "y",
    "i",
]


def stem(word: str) -> str:
    """A word without the endings that English inflects it by; equal stems count as one word."""
    word = singular(word.lower())
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            word = word[: -len(ending)]
            break
    return word[:-1] if len(word) > 3 and word[-1] == word[-2] else word


def quote_name(name: str) -> str:
    """``name`` as SQL spells it: in double quotes where it is no plain identifier."""
    if re.fullmatch(r"[A-Za-z_]\w*", name) and name.upper() not in _RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


_RESERVED = frozenset(
    [
        "ALL",
        "AND",
        "AS",
        "ASC",
        "BETWEEN",
        "BY",
        "CASE",
        "CROSS",
        "DESC",
        "DISTINCT",
        "ELSE",
        "END",
        "EXISTS",
        "FROM",
        "FULL",
        "GROUP",
        "HAVING",
        "IN",
        "INDEX",
        "INNER",
        "IS",
        "JOIN",
        "KEY",
        "LEFT",
        "LIKE",
        "LIMIT",
        "NATURAL",
        "NOT",
        "NULL",
        "OFFSET",
        "ON",
        "OR",
        "ORDER",
        "OUTER",
        "PRIMARY",
        "REFERENCES",
        "RIGHT",
        "SELECT",
        "SET",
        "TABLE",
        "THEN",
        "TO",
        "TRANSACTION",
        "UNION",
        "UNIQUE",
        "UPDATE",
        "USER",
        "USING",
        "VALUES",
        "WHEN",
        "WHERE",
        "WITH",
        "CHECK",
        "COLUMN",
        "DEFAULT",
        "FOREIGN",
        "DESCRIBE",
        "RETURN",
    ]
)


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a table with what it holds. ``words``: the parts of its name, in lower case, singular."""

    table: str
    name: str
    role: Role
    words: tuple[str, ...]
    unit: str = ""
    values: tuple[str, ...] = ()

    @property
    def sql(self) -> str:
        return f"{quote_name(self.table)}.{quote_name(self.name)}"

    @property
    def spoken(self) -> str:
        return " ".join(self.words) or self.name


@dataclass(frozen=True, slots=True)
class Join:
    """``left.column = right.column``."""

    left: str
    left_column: str
    right: str
    right_column: str

    def turned(self) -> Join:
        return Join(self.right, self.right_column, self.left, self.left_column)


@dataclass(slots=True)
class Schema:
    """Tables by name with their fields, and the joins between them."""

    tables: dict[str, tuple[Field, ...]]
    entries: dict[str, int]
    joins: tuple[Join, ...] = ()
    _paths: dict[tuple[str, str], tuple[Join, ...] | None] = field(default_factory=dict)

    @classmethod
    def of(cls, summary: DataSummary) -> Schema:
        tables = {t.name: tuple(_field(t, c) for c in t.columns) for t in summary.tables}
        entries = {t.name: t.entries or 0 for t in summary.tables}
        return cls(tables, entries, tuple(_joins(summary, tables)))

    @property
    def fields(self) -> Iterator[Field]:
        for fields in self.tables.values():
            yield from fields

    def spoken_table(self, table: str, many: bool = True) -> str:
        words = [w.lower() for w in name_parts(table)] or [table]
        words[-1] = plural(singular(words[-1])) if many else singular(words[-1])
        return " ".join(words)

    def key(self, table: str) -> Field | None:
        """The column that tells rows apart: the first key, else one called id."""
        return next((f for f in self.tables[table] if f.role == "key"), None)

    def label(self, table: str) -> Field | None:
        """The column that a person would call a row by: name, title; else a text that is no category."""
        fields = self.tables[table]
        own = {singular(w.lower()) for w in name_parts(table)}
        labels = [f for f in fields if f.role == "label"]
        labels.sort(key=lambda f: not own & set(f.words[:-1]) and len(f.words) > 1)
        return labels[0] if labels else next((f for f in fields if f.role == "text"), None)

    def path(self, start: str, end: str) -> tuple[Join, ...] | None:
        """The shortest chain of joins from one table to another, at most four; None where there is none."""
        if (start, end) not in self._paths:
            self._paths[start, end] = self._search(start, end)
        return self._paths[start, end]

    def _search(self, start: str, end: str) -> tuple[Join, ...] | None:
        queue: deque[tuple[str, tuple[Join, ...]]] = deque([(start, ())])
        seen = {start}
        while queue:
            table, way = queue.popleft()
            if table == end:
                return way
            if len(way) == 4:
                continue
            for join in self.joins:
                for step in (join, join.turned()):
                    if step.left == table and step.right not in seen:
                        seen.add(step.right)
                        queue.append((step.right, (*way, step)))
        return None


def _field(table: Table, column: Column) -> Field:
    words = tuple(singular(w.lower()) for w in name_parts(column.name))
    unit = ""
    if len(words) > 1 and (words[-1] in _UNITS or words[-1] in _UNIT_WORDS):
        unit, words = column.name[-len(words[-1]) :], words[:-1]
    return Field(table.name, column.name, _role(column, words), words, unit, column.values)


_UNITS = frozenset(
    [
        "m",
        "cm",
        "mm",
        "km",
        "s",
        "ms",
        "us",
        "ns",
        "kg",
        "g",
        "mg",
        "t",
        "c",
        "k",
        "f",
        "kmh",
        "mps",
        "gev",
        "mev",
        "tev",
        "ev",
        "pb",
        "fb",
        "hz",
        "mhz",
        "ghz",
        "v",
        "mv",
        "a",
        "ma",
        "w",
        "kw",
        "l",
        "ml",
        "eur",
        "usd",
        "chf",
    ]
)
_UNIT_WORDS = frozenset({"second", "minute", "hour", "day", "metre", "meter", "kelvin", "celsius", "percent", "byte"})


def _role(column: Column, words: tuple[str, ...]) -> Role:
    if column.key and words[-1:] != ("name",):
        return "key"
    if words and (words[-1] in ("id", "uid", "uuid") or column.references or _joined_id(column.name, words)):
        return "key"
    dates = sum(bool(_DATE.match(v)) for v in column.values)
    if _DATE_TYPES.search(column.type) or (column.values and dates == len(column.values)):
        return "date"
    if _NUMBER_TYPES.search(column.type) or (column.type.lower() in ("any", "") and _all_numbers(column.values)):
        return "number"
    if words and words[-1] in _DATE_WORDS and not column.values:
        return "date"
    if words and words[-1] in _LABEL_WORDS:
        return "label"
    return "text" if "CHAR" in column.type.upper() or "TEXT" in column.type.upper() or column.values else "other"


def _joined_id(name: str, words: tuple[str, ...]) -> bool:
    """``aid``, ``bid``: the initial of a table and 'id', where the column holds whole numbers."""
    return len(name) == 3 and name.lower().endswith("id") and words[-1] == name.lower()


def _all_numbers(values: tuple[str, ...]) -> bool:
    return bool(values) and all(re.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", v) for v in values)


def _joins(summary: DataSummary, tables: dict[str, tuple[Field, ...]]) -> Iterator[Join]:
    """Declared foreign keys, then those that names tell of."""
    declared: set[tuple[str, str]] = set()
    for table in summary.tables:
        for column in table.columns:
            other, _, key = column.references.rpartition(".")
            if other in tables and any(f.name == key for f in tables[other]):
                declared.add((table.name, column.name))
                yield Join(table.name, column.name, other, key)
    yield from _joins_by_name(tables, declared)


def _joins_by_name(tables: dict[str, tuple[Field, ...]], declared: set[tuple[str, str]]) -> Iterator[Join]:
    keys = {name: _own_keys(name, fields) for name, fields in tables.items()}
    for name, fields in tables.items():
        for f in fields:
            if (name, f.name) in declared or f.role not in ("key", "label", "text"):
                continue
            for other, own in keys.items():
                if other != name and (target := _target(f, other, own, keys[name])):
                    yield Join(name, f.name, other, target)


def _own_keys(table: str, fields: tuple[Field, ...]) -> list[str]:
    """Columns that other tables may point at: ``id``, ``<table>_id``, ``<initial>id``, a declared key, ``<table>_name``."""
    own = {singular(w.lower()) for w in name_parts(table)}
    found = []
    for f in fields:
        initial = len(f.name) == 3 and f.name.lower().endswith("id") and f.name[0].lower() == table[0].lower()
        about_itself = set(f.words[:-1]) <= own and f.words[-1:] in (("id",), ("name",)) and len(f.words) > 1
        if f.words == ("id",) or initial or about_itself or (f.role == "key" and f is fields[0]):
            found.append(f.name)
    return found


def _target(f: Field, other: str, others_keys: list[str], own_keys: list[str]) -> str:
    """The column of ``other`` that field ``f`` of ``table`` points at, or nothing."""
    others_words = {singular(w.lower()) for w in name_parts(other)}
    if f.name in others_keys and f.name.lower() != "id" and f.name not in own_keys[:1]:
        return f.name
    points = f.words[-1:] == ("id",) and set(f.words[:-1]) and set(f.words[:-1]) <= others_words
    if points and f.name not in own_keys:
        return others_keys[0] if others_keys else ""
    return ""
