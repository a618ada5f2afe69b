"""One invented database: tables with columns, the words for them, and rows; drawn at random from a domain."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from treadle.grounding.sql.schema import quoted
from treadle.synthesis.sql.domains import Attribute, Belongs, Domain, Thing
from treadle.synthesis.sql.fill import Filler
from treadle.synthesis.sql.kinds import Role, dates
from treadle.synthesis.sql.naming import Naming, date_stem, draw_naming

__all__ = ["Column", "Link", "Table", "World", "build_world"]

Dialect = Literal["sqlite", "duckdb"]
_EXTRAS = ("comment", "description", "code", "serial")
_TYPES: dict[Dialect, dict[str, tuple[str, ...]]] = {
    "sqlite": {
        "int": ("INTEGER", "INTEGER", "INT", "BIGINT"),
        "real": ("REAL", "REAL", "FLOAT", "NUMERIC", "DOUBLE PRECISION"),
        "text": ("TEXT", "TEXT", "VARCHAR(80)", "VARCHAR"),
        "date": ("DATE", "TEXT", "DATE"),
        "time": ("TIMESTAMP", "DATETIME", "TEXT"),
    },
    "duckdb": {
        "int": ("INTEGER", "BIGINT"),
        "real": ("DOUBLE",),
        "text": ("VARCHAR",),
        "date": ("DATE",),
        "time": ("TIMESTAMP",),
    },
}


@dataclass(slots=True, kw_only=True, eq=False)
class Column:
    """A column with what is said for it. ``values`` are those of the rows, in their order."""

    name: str
    sql: str
    type: str
    role: Role | Literal["key", "link"]
    nouns: tuple[str, ...] = ()
    attribute: Attribute | None = None
    unit: str = ""
    unknown: bool = False
    time: bool = False
    references: str = ""
    values: list[Any] = field(default_factory=list)
    spoken: dict[Any, str] = field(default_factory=dict)

    @property
    def known(self) -> list[Any]:
        """The values that are not NULL."""
        return [v for v in self.values if v is not None]


@dataclass(slots=True, kw_only=True, eq=False)
class Table:
    """``label``: what a row is called by, one column or two (first and last name)."""

    thing: Thing
    name: str
    sql: str
    key: Column
    columns: list[Column] = field(default_factory=list)
    label: tuple[Column, ...] = ()
    links: list[Link] = field(default_factory=list)
    declared: bool = True
    silent: bool = False
    """It only joins two others, under a name that nobody says; its key is none of its columns."""

    @property
    def size(self) -> int:
        return len(self.key.values)

    def by_role(self, *roles: str) -> list[Column]:
        """Its columns of these roles."""
        return [c for c in self.columns if c.role in roles]


@dataclass(slots=True, kw_only=True, eq=False)
class Link:
    """Rows of ``table`` belong by ``column`` to a row of ``owner``."""

    table: Table
    column: Column
    owner: Table
    key: Column
    belongs: Belongs


@dataclass(slots=True, kw_only=True, eq=False)
class World:
    """A database that does not exist yet."""

    domain: str
    dialect: Dialect
    tables: list[Table]
    naming: Naming

    @property
    def links(self) -> list[Link]:
        return [link for table in self.tables for link in table.links]

    def of(self, table: Table) -> list[Link]:
        """The links that lead to ``table``."""
        return [link for link in self.links if link.owner is table]


def build_world(domain: Domain, choose: random.Random, dialect: Dialect = "sqlite") -> World:
    """A database of ``domain``: some of its tables and columns, in one style of names, filled with rows."""
    return _Builder(domain, choose, dialect).build()


class _Builder:
    def __init__(self, domain: Domain, choose: random.Random, dialect: Dialect) -> None:
        self.domain, self.choose, self.dialect = domain, choose, dialect
        self.naming = draw_naming(choose)
        while dialect == "duckdb" and self.naming.case == "spaced":
            self.naming = draw_naming(choose)
        self.types = {name: choose.choice(types) for name, types in _TYPES[dialect].items()}
        told = self.naming.key in ("thing_id", "short_id", "thing_code")  # equal names say which tables join
        self.declared = choose.random() < 0.72 or not told
        self.declares_links = self.declared and (not told or choose.random() < 0.7)
        self.with_time = choose.random() < 0.25
        self.filler = Filler(choose)

    def build(self) -> World:
        tables: dict[str, Table] = {}
        for thing in self._things():
            table = self._table(thing, tables)
            if table.name.lower() not in {t.name.lower() for t in tables.values()}:
                tables[thing.singular] = table
        found = list(tables.values())
        for table in found:
            self.filler.fill(table)
            if (
                len(table.links) > 1
                and self.choose.random() < 0.3
                and not any(k.owner is table for t in found for k in t.links)
            ):
                self._silence(table, {t.name.lower() for t in found})
        if self.choose.random() < 0.5:
            self.choose.shuffle(found)
        return World(domain=self.domain.name, dialect=self.dialect, tables=found, naming=self.naming)

    def _silence(self, table: Table, taken: set[str]) -> None:
        """Make a bare table between two others of it."""
        one, two = (link.owner.thing.singular for link in table.links[:2])
        form = self.choose.choice(("{} {}", "{} {}", "{} to {}", "{} has {}", "{} {} link"))
        name = self.naming.prefix + self.naming.spell(form.format(one, two))
        if name.lower() in taken:
            return
        table.name, table.sql, table.silent = name, quoted(name, self.dialect), True
        table.links, table.label = table.links[:2], ()
        table.columns = [link.column for link in table.links]

    def _things(self) -> list[Thing]:
        """Those of the domain, without some that no other belongs to, and sometimes without the beginning of a chain."""
        kept = list(self.domain.things)
        while len(kept) > 1 and self.choose.random() < (0.25 if len(kept) > 2 else 0.1):
            owners = {b.owner for t in kept for b in t.belongs}
            kept.remove(self.choose.choice([t for t in kept if t.singular not in owners]))
        return kept

    def _table(self, thing: Thing, known: dict[str, Table]) -> Table:
        name = self.naming.table(thing, self.choose)
        key = self._column(self.naming.key_of(thing, name), "int", role="key", nouns=("id", f"{thing.singular} id"))
        table = Table(thing=thing, name=name, sql=quoted(name, self.dialect), key=key, declared=self.declared)
        table.columns = [key]
        for attribute in self._attributes(thing):
            self._add(table, attribute)
        for belongs in thing.belongs:
            if belongs.owner in known:
                self._link(table, belongs, known[belongs.owner])
        self._unique(table)
        return table

    def _attributes(self, thing: Thing) -> list[Attribute]:
        kept = [a for a in thing.attributes if a.kind.role == "label" or self.choose.random() < 0.87]
        if len(kept) < min(2, len(thing.attributes)):
            kept = list(thing.attributes)
        if self.choose.random() < 0.12:
            from treadle.synthesis.sql.kinds import kinds

            kept.append(Attribute(stem="", kind=kinds()[self.choose.choice(_EXTRAS)], unknown=True))
        return kept

    def _column(self, name: str, kind: str, **more: Any) -> Column:
        return Column(name=name, sql=quoted(name, self.dialect), type=self.types[kind], **more)

    def _add(self, table: Table, attribute: Attribute) -> None:
        kind, thing = attribute.kind, table.thing
        splits = kind.maker == "person" and not kind.values and not attribute.stem and not table.label
        if splits and self.choose.random() < 0.25:
            pair = [
                self._column(self.naming.spell(f"{w} name"), "text", role="label", nouns=(f"{w} name",), attribute=attribute)
                for w in ("first", "last")
            ]
            table.columns += pair
            table.label = (pair[0], pair[1])
            return
        unit = kind.unit or (self.choose.choice(kind.units) if kind.units else "")
        stem, nouns = self._stem(attribute)
        label = kind.role == "label" and not table.label
        whole = kind.places == 0
        sort = {"amount": "int" if whole else "real", "count": "int", "year": "int"}.get(kind.role, "text")
        timed = kind.role == "date" and self.with_time and attribute.participle != "born"
        sort = ("time" if timed else "date") if kind.role == "date" else sort
        if kind.role == "flag" and self.choose.random() < 0.6:
            sort = "int"
        column = self._column(
            self.naming.column(stem, thing, unit if not kind.unit else "", self.choose, label=label),
            sort,
            role=kind.role,
            nouns=nouns,
            attribute=attribute,
            unit=unit,
            unknown=attribute.unknown,
            time=timed,
        )
        table.columns.append(column)
        if label:
            table.label = (column,)

    def _stem(self, attribute: Attribute) -> tuple[str, tuple[str, ...]]:
        """What the column is called, and the nouns for it."""
        kind, choose = attribute.kind, self.choose
        if kind.role == "date":
            root = dates()[attribute.participle]
            noun = "date of birth" if attribute.participle == "born" else f"{root} date"
            return date_stem(attribute.participle, choose, with_time=self.with_time), (noun,)
        if attribute.participle:
            root = dates()[attribute.participle]
            return choose.choice((f"{attribute.participle} year", f"year {attribute.participle}", f"{root} year")), (
                f"{root} year",
                f"year of {root}",
            )
        if kind.role == "flag":
            return choose.choice((f"is {attribute.stem}", attribute.stem)), (attribute.stem.replace("_", " "),)
        names = kind.names or (attribute.stem,)
        return (names[0] if choose.random() < 0.6 else choose.choice(names)), kind.nouns or (attribute.stem,)

    def _link(self, table: Table, belongs: Belongs, owner: Table) -> None:
        name = owner.key.name
        if name.lower() == self.naming.spell("id").lower():
            name = self.naming.spell(f"{owner.thing.singular} id")
        column = self._column(name, "int", role="link", nouns=(owner.thing.singular,), unknown=belongs.unknown)
        if self.declares_links:
            column.references = f"{owner.name}.{owner.key.name}"
        table.columns.append(column)
        table.links.append(Link(table=table, column=column, owner=owner, key=owner.key, belongs=belongs))

    def _unique(self, table: Table) -> None:
        """No name twice; the key first, links behind it or at the end."""
        seen: set[str] = set()
        kept: list[Column] = []
        fixed = {id(link.column) for link in table.links} | {id(table.key)}
        for column in sorted(table.columns, key=lambda c: id(c) not in fixed):
            if column.name.lower() not in seen:
                seen.add(column.name.lower())
                kept.append(column)
        gone = {id(c) for c in table.columns} - {id(c) for c in kept}
        table.links = [k for k in table.links if id(k.column) not in gone]
        table.label = tuple(c for c in table.label if id(c) not in gone)
        links = [c for c in kept if c.role == "link"]
        rest: Sequence[Column] = [c for c in kept if c.role not in ("link", "key")]
        first = self.choose.random() < 0.5
        table.columns = [table.key, *(links if first else ()), *rest, *(() if first else links)]
