"""What the names of a statement can mean: relations in FROM, scopes, bindings, and names that mean nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from treadle.coding.sql.checks.syntax import exp

__all__ = ["Binding", "Missing", "Relation", "Resolution", "Scope", "outwards"]


@dataclass(frozen=True, slots=True)
class Missing:
    """A name that means nothing. ``known``: what could be meant there; ``place``: words for where it was looked for."""

    kind: Literal["table", "column", "qualifier", "ambiguous", "alias here", "using"]
    name: str
    node: exp.Expr
    known: tuple[str, ...] = ()
    place: str = ""
    tables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Binding:
    """The column of the database that a name means."""

    table: str
    column: str
    relation: Relation


@dataclass(eq=False, slots=True)
class Relation:
    """Something in FROM. ``columns``: folded -> as it is called, None where open; ``table``: the table that it is."""

    name: str
    columns: dict[str, str] | None
    table: str = ""
    alias: bool = False
    query: exp.Expr | None = None
    joined: exp.Join | None = None

    @property
    def shown(self) -> str:
        if not self.table:
            return f"`{self.name}`"
        return f"table `{self.table}`" + (f" (`{self.name}`)" if self.alias else "")


@dataclass(eq=False, slots=True)
class Scope:
    """One SELECT. ``aliases``: folded names of its output; ``merged``: columns that USING made one."""

    select: exp.Expr
    parent: Scope | None
    relations: list[Relation] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)
    merged: set[str] = field(default_factory=set)
    natural: bool = False

    @property
    def open(self) -> bool:
        return any(r.columns is None for r in self.relations)


@dataclass(slots=True)
class Resolution:
    """What names mean. ``bindings``, ``relations``: by ``id`` of the node; ``texts``: double-quoted names that are none."""

    missing: list[Missing] = field(default_factory=list)
    bindings: dict[int, Binding] = field(default_factory=dict)
    relations: dict[int, Relation] = field(default_factory=dict)
    scopes: list[Scope] = field(default_factory=list)
    texts: list[exp.Column] = field(default_factory=list)

    def column(self, node: exp.Expr) -> Binding | None:
        return self.bindings.get(id(node))


def outwards(scope: Scope | None) -> Iterator[Scope]:
    """A scope and those around it, the nearest first."""
    while scope is not None:
        yield scope
        scope = scope.parent
