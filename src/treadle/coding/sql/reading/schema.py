"""A database's schema as questions speak of it: what tables and columns are called, what they hold, how tables join."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from treadle.coding.sql.reading.inflection import plural, singular, stem
from treadle.types import Column, DataSummary, Table
from treadle.words import name_parts

__all__ = ["Field", "Join", "Role", "Schema", "quote_name"]

Role = Literal["key", "label", "text", "number", "flag", "date", "other"]

_YEARS = frozenset(("year", "founded", "opened", "born", "built", "established", "since", "formed", "released"))
_TRUTHS = (("yes", "no"), ("true", "false"), ("y", "n"), ("t", "f"))
_DATE = re.compile(r"'?\d{4}-\d\d(-\d\d)?([ T]\d\d:\d\d.*)?'?$")
_DATE_WORDS = frozenset({"date", "day", "time", "timestamp", "datetime", "on", "at", "since", "until"})
_LABEL_WORDS_TEXT = "name title label fullname nick nickname username login forename surname firstname lastname"
_LABEL_WORDS = frozenset(_LABEL_WORDS_TEXT.split())
_NUMBER_TYPES = re.compile(r"INT|REAL|FLOA|DOUB|NUM|DEC|HUGE|SERIAL|MONEY", re.IGNORECASE)
_DATE_TYPES = re.compile(r"DATE|TIME", re.IGNORECASE)


def quote_name(name: str) -> str:
    """``name`` as SQL spells it: in double quotes where it is no plain identifier."""
    if re.fullmatch(r"[A-Za-z_]\w*", name) and name.upper() not in _RESERVED:
        return name
    return '"' + name.replace('"', '""') + '"'


_RESERVED_TEXT = """
ALL AND AS ASC BETWEEN BY CASE CHECK COLUMN CROSS DEFAULT DESC DESCRIBE DISTINCT ELSE END EXISTS FOREIGN FROM FULL GROUP
HAVING IN INDEX INNER IS JOIN KEY LEFT LIKE LIMIT NATURAL NOT NULL OFFSET ON OR ORDER OUTER PRIMARY REFERENCES RETURN RIGHT
SELECT SET TABLE THEN TO TRANSACTION UNION UNIQUE UPDATE USER USING VALUES WHEN WHERE WITH
"""
_RESERVED = frozenset(_RESERVED_TEXT.split())


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

    def truth(self, affirmed: bool) -> str:
        """What a flag holds where it is true, or is not: 1 and 0, 'yes' and 'no', as its values are written."""
        for pair in _TRUTHS:
            found = [v.strip("'") for v in self.values if v.strip("'").lower() in pair]
            if found and self.values[0].startswith("'"):
                said = pair[0 if affirmed else 1]
                return f"'{said.upper() if found[0].isupper() else said.capitalize() if found[0].istitle() else said}'"
        return "1" if affirmed else "0"

    @property
    def holds_dates(self) -> bool:
        """Whether its values are dates or calendar years."""
        return self.role == "date" or (self.role == "number" and bool(_YEARS & set(self.words)))

    @property
    def timed(self) -> bool:
        """Whether its dates have times."""
        return any(len(v.strip("'")) > len("2024-05-03") for v in self.values)


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
    """Tables by name with their fields, and the joins between them.

    ``roles``: of those tables that are another one in a role (``roles.py``) that table, and the join that leads to it.
    """

    tables: dict[str, tuple[Field, ...]]
    entries: dict[str, int]
    joins: tuple[Join, ...] = ()
    roles: dict[str, tuple[str, Join]] = field(default_factory=dict)
    _paths: dict[tuple[str, str], tuple[Join, ...] | None] = field(default_factory=dict)

    @classmethod
    def of(cls, summary: DataSummary) -> Schema:
        homes = _homes(summary.tables)
        tables = {t.name: tuple(_field(t, c, homes) for c in t.columns) for t in summary.tables}
        entries = {t.name: t.entries or 0 for t in summary.tables}
        return cls(tables, entries, tuple(_joins(summary, tables, homes)))

    @property
    def fields(self) -> Iterator[Field]:
        for fields in self.tables.values():
            yield from fields

    def spoken_table(self, table: str, many: bool = True) -> str:
        words = [w.lower() for w in name_parts(table)] or [table]
        words[-1] = plural(singular(words[-1])) if many else singular(words[-1])
        return " ".join(words)

    def named_in_part(self, said: str) -> str | None:
        """The only table that has a word of this stem in its name, where no column has: 'users' mean ``user_account``."""
        if any(said in (stem(w) for w in f.words) for f in self.fields if f.role != "key"):
            return None
        found = [t for t in self.tables if said in (stem(singular(w.lower())) for w in name_parts(t))]
        return found[0] if len(found) == 1 else None

    def key(self, table: str) -> Field | None:
        """The column that tells rows apart: the first key that points to no other table, else the first one."""
        keys = [f for f in self.tables[table] if f.role == "key"]
        pointing = {j.left_column for j in self.joins if j.left == table}
        return next((f for f in keys if f.name not in pointing), keys[0] if keys else None)

    def column(self, table: str, name: str) -> Field:
        """The column of a table by its name."""
        return next(f for f in self.tables[table] if f.name == name)

    def label(self, table: str) -> Field | None:
        """The column that a person would call a row by: name, title, else a code beside a mere number; None without one."""
        fields = self.tables[table]
        own = {singular(w.lower()) for w in name_parts(table)}
        labels = [f for f in fields if f.role == "label"]
        labels.sort(key=lambda f: (bool(_SCHOLARLY & set(f.words)), not own & set(f.words[:-1]) and len(f.words) > 1))
        return labels[0] if labels else next((f for f in fields if f.role == "text" and _calls_rows(f, own)), None)

    def called(self, table: str) -> tuple[Field, ...]:
        """What a person would call a row by: its label, of people first and last name."""
        label = self.label(table)
        if label is None:
            return self._numbered(table)
        if not (says_part_of_name(label, _FIRST_NAMES) or says_part_of_name(label, _LAST_NAMES)):
            return (label,)
        found = [
            next((f for f in self.tables[table] if says_part_of_name(f, kind)), None) for kind in (_FIRST_NAMES, _LAST_NAMES)
        ]
        return tuple(f for f in found if f is not None)

    def _numbered(self, table: str) -> tuple[Field, ...]:
        """The number that people know rows by, right after a key that is only counted up: ``subject_no``, ``serial_no``."""
        key, *others = self.tables[table]
        counted = key.role == "key" and bool(key.values) and key.values[0].isdigit()
        coded = [f for f in others[:1] if f.role == "text" and f.words[-1:] in _NUMBERS]
        return tuple(coded) if counted and len(coded) == 1 else ()

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


_SCHOLARLY = frozenset({"latin", "scientific", "former", "old", "alternative"})
"""Of names those that people do not call a thing by, where it has another."""
_NUMBERS = tuple(
    (w,) for w in ("no", "nr", "number", "code", "reference", "ref", "serial", "symbol", "tag", "acronym", "sku", "plate")
)
_FIRST_NAMES = frozenset({("first", "name"), ("given", "name"), ("fore", "name"), ("forename",), ("firstname",), ("fname",)})
_LAST_NAMES = frozenset({("last", "name"), ("family", "name"), ("surname",), ("lastname",), ("lname",)})


def says_part_of_name(f: Field, kind: frozenset[tuple[str, ...]]) -> bool:
    """Whether a column has first, or last, names of people."""
    return f.words in kind or f.words[-2:] in kind


_CALLING = frozenset({"company", "firm", "plate", "headline", "caption", "nickname"})


def _calls_rows(f: Field, table: set[str]) -> bool:
    """Whether a text serves as a name in a table without one: ``company`` of buyers, ``species`` of species."""
    return f.words[-1:] != () and len(f.words) == 1 and (f.words[0] in _CALLING or set(f.words) == table)


def _field(table: Table, column: Column, homes: dict[str, str]) -> Field:
    name, unit = column.name, ""
    head, _, last = name.rpartition("_")
    if head and (last.lower() in _UNITS or last.lower() in _UNIT_WORDS or _MONEY.fullmatch(last.lower())):
        name, unit = head, last
        shorter, _, over = head.rpartition("_")
        if shorter and over.lower() in _UNITS and (last.lower() in _UNITS or last.lower() in _UNIT_WORDS):
            name, unit = shorter, f"{over}/{last}"  # ``conc_ug_l``
    elif (inner := _CAMEL.fullmatch(name)) and (inner[2].lower() in _UNITS - _TOO_SHORT or inner[2].lower() in _UNIT_WORDS):
        name, unit = inner[1], inner[2]  # ``WeightKg``
    words = tuple(singular(w.lower()) for w in name_parts(name))
    if len(words) == 1 and (called := _CALLED.fullmatch(words[0])):
        words = (called[1],)  # ``iname``: the name of an instrument
    return Field(
        table.name, column.name, _role(column, words, homes, column is table.columns[0]), words, unit, column.values
    )


_CALLED = re.compile(r"[a-z]{1,2}(name|title|label)")
_UNITS_TEXT = """
m cm mm um nm km s ms us ns min h kg g mg t c k f degc kmh mps gev mev tev kev ev pb fb nb hz khz mhz ghz v kv mv a ma ua na
w kw mw l ml km2 m2 cm2 mm2 m3 kt mt pc kpc mpc ly fte pct eur keur usd chf gbp deg rad arcsec arcmin mas kb mb gb tb
mib gib mbps gbps ug mg ng mol mmol ml wh kwh mwh gwh j kj mj pa hpa kpa mpa bar mbar mi ft lb oz ppm db sec secs mins hr hrs
"""
_UNITS = frozenset(_UNITS_TEXT.split())
_MONEY = re.compile(r"[kmbt]?(?:n|ln)?(?:usd|eur|gbp|chf|jpy|cny)")
_CAMEL = re.compile(r"([A-Za-z]\w*[a-z])([A-Z][a-z]*|[A-Z]+)")
_TOO_SHORT = frozenset({"a", "g", "h", "j", "k", "l", "m", "s", "t", "v", "w"})
"""Letters that say more often which of several a column is than its unit, where no ``_`` sets them apart."""
_UNIT_WORDS = frozenset(
    {
        "second",
        "minute",
        "hour",
        "day",
        "metre",
        "meter",
        "kelvin",
        "celsius",
        "percent",
        "byte",
        "litre",
        "litres",
        "liters",
    }
)


def _role(column: Column, words: tuple[str, ...], homes: dict[str, str], first: bool) -> Role:
    if column.key and words[-1:] != ("name",):
        return "key"
    joins = column.name in homes and words[-1:] != ("name",)  # ``arid``, ``run_number``
    if (
        first
        and len(words) == 1
        and len(column.name) <= 5
        and column.name.lower().endswith("id")
        and column.name.lower() != "paid"
    ):
        return "key"  # ``bid`` at the beginning of ``booking``
    if words and (words[-1] in ("id", "uid", "uuid") or column.references or joins):
        return "key"
    told = {v.strip("'").lower() for v in column.values}
    if told and (set(column.values) <= {"0", "1"} or (len(told) > 1 and any(told <= set(pair) for pair in _TRUTHS))):
        return "flag"
    dates = sum(bool(_DATE.match(v)) for v in column.values)
    if _DATE_TYPES.search(column.type) or (column.values and dates == len(column.values)):
        return "date"
    if _NUMBER_TYPES.search(column.type) or (column.type.lower() in ("any", "") and _all_numbers(column.values)):
        return "number"
    if words and words[-1] in _DATE_WORDS and not column.values:
        return "date"
    if words and (words[-1] in _LABEL_WORDS or (words[-1].endswith("nm") and len(words[-1]) <= 4)):
        return "label"  # ``dnm``: the name of a dataset
    return "text" if "CHAR" in column.type.upper() or "TEXT" in column.type.upper() or column.values else "other"


def _all_numbers(values: tuple[str, ...]) -> bool:
    return bool(values) and all(re.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", v) for v in values)


# ------------------------------------------------------------------------------------------------------- joins


def _joins(summary: DataSummary, tables: dict[str, tuple[Field, ...]], homes: dict[str, str]) -> Iterator[Join]:
    """Declared foreign keys; then columns called like the key of another table; then ``<table>_id`` for its ``id``."""
    declared: set[tuple[str, str]] = set()
    for table in summary.tables:
        for column in table.columns:
            other, _, key = column.references.rpartition(".")
            if other in tables and any(f.name == key for f in tables[other]):
                declared.add((table.name, column.name))
                yield Join(table.name, column.name, other, key)
    for name, fields in tables.items():
        for f in fields:
            if (name, f.name) in declared:
                continue
            home = homes.get(f.name)
            if home is not None and home != name:
                yield Join(name, f.name, home, f.name)
            elif home is None and (pointed := _pointed_at(f, tables)):
                yield Join(name, f.name, *pointed)


_KEY_ENDINGS = ("id", "number", "code", "no", "nr", "key", "name", "uid")
_PLAIN_NAMES = frozenset({"id", "name", "number", "code", "key", "title", "label", "type", "status", "year", "date"})


def _homes(tables: tuple[Table, ...]) -> dict[str, str]:
    """For each column name that several tables share and that can be a key: the table whose rows it numbers.

    That is where it is the whole primary key; else in a table called like it (``aid`` of ``author``), or where it stands
    first. Of several the one that holds more than such columns: a table of links has hardly any other.
    """
    counts = Counter(c.name for t in tables for c in t.columns)
    shared = {n for n, count in counts.items() if count > 1 and _may_be_key(n)}
    homes = {}
    for name in (n for n, count in counts.items() if count > 1 and n.lower() != "id"):
        whole = [t for t in tables if [c.name for c in t.columns if c.key] == [name]]
        if not whole and name in shared:
            having = [t for t in tables if any(c.name == name for c in t.columns)]
            whole = [t for t in having if t.columns[0].name == name or _called_like(t.name, name)]
        if whole:
            homes[name] = max(whole, key=lambda t: _is_home(t, name, shared)).name
    return homes


def _may_be_key(name: str) -> bool:
    last = (name_parts(name) or [name])[-1].lower()
    return name.lower() not in _PLAIN_NAMES and (last in _KEY_ENDINGS or name.lower().endswith("id"))


def _is_home(table: Table, name: str, shared: set[str]) -> tuple[int, bool, int, int]:
    """How likely the rows of a table are what a key numbers, as something to compare."""
    like, own = _called_like(table.name, name), [c for c in table.columns if c.name not in shared]
    return like, bool(own), -len(name_parts(table.name)) if like else 0, len(table.columns)


def _called_like(table: str, column: str) -> int:
    """How well the name of a key fits a table: 2 by a word in common, 1 by its first letters."""
    words = {singular(w.lower()) for w in name_parts(table)}
    if words & {singular(w.lower()) for w in name_parts(column)}:
        return 2
    return int(column.lower().endswith("id") and table.lower().startswith(column.lower()[:-2][:2]) and len(column) > 2)


def _pointed_at(f: Field, tables: dict[str, tuple[Field, ...]]) -> tuple[str, str] | None:
    """(table, key) that ``station_id`` names: the table called so, by its column ``id`` or its first key."""
    if f.words[-1:] not in (("id",), ("uid",)) or len(f.words) < 2:
        return None
    for other, fields in tables.items():
        words = {singular(w.lower()) for w in name_parts(other)}
        if other == f.table or not set(f.words[:-1]) <= words:
            continue
        keys = [g for g in fields if g.words == ("id",)] or [g for g in fields[:1] if g.role == "key"]
        if keys and keys[0].name != f.name:
            return other, keys[0].name
    return None
