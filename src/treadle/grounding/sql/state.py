"""Where a draft stands, as the writers of its stages see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from treadle.grounding.sql.aggregates import AGGREGATES
from treadle.grounding.sql.derived import MADE_COLUMNS, made_columns
from treadle.grounding.sql.frame import Frame
from treadle.grounding.sql.lexis import Scope
from treadle.grounding.sql.pace import STATEMENTS, Pace
from treadle.grounding.sql.schema import Dialect, Schema
from treadle.grounding.sql.sources import Needs

__all__ = ["MADE_DEEP", "State", "Values"]

Values = Mapping[tuple[str, str], Sequence[str]]
MADE_DEEP = 2
"""Statements in FROM within one another."""


@dataclass
class State:
    """The open statements of a draft, outermost first, and what is known for them.

    ``schema`` holds the statements that are used as tables, too; ``values`` of columns are those they are compared with.
    """

    schema: Schema
    dialect: Dialect
    values: Values
    stack: list[Frame]
    pace: Pace

    @property
    def frame(self) -> Frame:
        """The innermost statement."""
        return self.stack[-1]

    @property
    def strict(self) -> bool:
        """Whether the dialect wants types alike, and grouped what is not aggregated."""
        return self.dialect != "sqlite"

    @cached_property
    def needs(self) -> Needs:
        """What the items of the innermost statement ask of FROM."""
        return Needs.of(self.schema, *self.frame.columns())

    @property
    def is_table(self) -> bool:
        """Whether the innermost statement is used as a table."""
        return self.frame.kind in ("from", "with")

    @property
    def typed(self) -> bool:
        """Whether the items of the innermost statement must be of a type that is known."""
        return self.strict and (self.frame.kind in ("value", "in") or self.frame.first is not None)

    @property
    def may_nest(self) -> bool:
        """Whether a statement may begin within the innermost one."""
        return self.pace is Pace.FREE and len(self.stack) < STATEMENTS

    @property
    def may_make(self) -> bool:
        """Whether the innermost statement may have others in FROM."""
        deep = sum(frame.kind == "from" for frame in self.stack)
        one = self.frame.kind == "value" or not self.typed
        return self.may_nest and deep < MADE_DEEP and one and not self.frame.compound

    @property
    def may_owe(self) -> bool:
        """Whether items may name another column that a statement in FROM will make."""
        owed = len(self.needs.bare) if not self.needs.homes else 0
        owed += sum(len(self.needs.columns[qualifier]) for qualifier in self.needs.unmade)
        return self.may_make and owed < MADE_COLUMNS

    def plain(self, frame: Frame) -> tuple[list[str], bool]:
        """What a strict dialect wants grouped, once there is a group or an aggregate, and whether there is one."""
        return frame.plain(AGGREGATES) if self.strict else ([], False)

    def scope(self, pairs: Sequence[tuple[str, str | None]]) -> Scope:
        """The columns of tables behind a qualifier, or behind none."""
        scope = Scope()
        for table, qualifier in pairs:
            scope.add(self.schema, table, qualifier, self.schema.columns(table), self.values)
        return scope

    @cached_property
    def asked(self) -> dict[str, set[str]]:
        """Sets of columns, of which the statement in FROM that is being written must make one, by the name that it will have
        (none: any name); empty where nothing is asked of it."""
        if self.frame.kind != "from" or self.frame.compound:
            return {}
        outer = self.stack[-2]
        needs = Needs.of(self.schema, *outer.columns())
        there = {q for _, q in outer.sources()[:-1]}
        if not needs.behind:
            return {"": needs.bare} if needs.bare and not there else {}
        return {q: columns | needs.bare for q, columns in outer.columns()[1].items() if q not in there}

    @cached_property
    def made(self) -> dict[str, str]:
        """The columns that the innermost statement makes so far, by their names in small letters."""
        return {name.lower(): name for name in made_columns(self.schema, self.frame)} if self.frame.items else {}

    @cached_property
    def taken(self) -> set[str]:
        """Names, in small letters, that no further column may have which the statement makes."""
        outer = self.stack[-2] if self.frame.kind == "from" else None
        clear = outer.columns()[0] if outer is not None and len(outer.sources()) > 1 else set()
        return {*self.made, *(name.lower() for name in clear)}

    @property
    def missing(self) -> list[str]:
        """The columns that the statement still must make, of the set of which fewest are missing."""
        fewest: set[str] = min(self.lacking, key=len, default=set())
        return sorted(fewest)

    @cached_property
    def lacking(self) -> list[set[str]]:
        """Of each set that is asked for, the columns that are missing."""
        return [columns - set(self.made.values()) for columns in self.asked.values()]

    @property
    def completing(self) -> list[str]:
        """The columns each of which is all that is missing of a set."""
        return sorted({c for columns in self.lacking if len(columns) == 1 for c in columns})
