"""Statements in the one form that is taught: what is taught in two forms is learnt in none.

One table: bare columns. Several: every column behind its table's full name, no aliases, because a model of 135 M parameters
copies names from the schema far better than it invents and remembers letters. FROM names the table of the first item, and
each JOIN goes on from a table that is there already. Items have no aliases; ORDER BY repeats the expression.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from treadle.synthesis.sql.world import Column, Link, Table

__all__ = ["Query", "TwoWaysError", "col", "literal", "outer"]

_MARK = re.compile("\x01([^\x02]*)\x02([^\x03]*)\x03")


class TwoWaysError(ValueError):
    """Two joins lead to one table: the question would not say which is meant."""


def col(table: Table, column: Column) -> str:
    """A column, qualified once it is known whether that is needed."""
    return f"\x01{table.sql}\x02{column.sql}\x03"


def outer(table: Table, column: Column) -> str:
    """A column behind its table whatever stands around: of the statement around the one that names it."""
    return f"{table.sql}.{column.sql}"


def literal(value: object) -> str:
    """A value as SQL writes it."""
    if isinstance(value, int | float):
        return str(int(value)) if value == int(value) else repr(round(value, 6))
    return "'" + str(value).replace("'", "''") + "'"


@dataclass(slots=True, kw_only=True)
class Query:
    """One SELECT; ``links`` are the joins it needs, in any order, ``left`` those that keep rows without a partner."""

    items: Sequence[str]
    base: Table
    links: Sequence[Link] = ()
    where: Sequence[str] = ()
    group: Sequence[str] = ()
    having: Sequence[str] = ()
    order: Sequence[str] = ()
    limit: int | None = None
    offset: int | None = None
    distinct: bool = False
    left: bool = False
    qualified: bool = field(default=False)
    """Qualify columns though there is only one table: in a statement that names columns of the one around it."""

    def text(self) -> str:
        """The statement on one line, without a semicolon."""
        parts = ["SELECT DISTINCT" if self.distinct else "SELECT", ", ".join(self.items), "FROM", self._source()]
        for word, texts, by in (
            ("WHERE", self.where, " AND "),
            ("GROUP BY", self.group, ", "),
            ("HAVING", self.having, " AND "),
            ("ORDER BY", self.order, ", "),
        ):
            if texts:
                parts += [word, by.join(dict.fromkeys(texts))]
        if self.limit is not None:
            parts.append(f"LIMIT {self.limit}" + (f" OFFSET {self.offset}" if self.offset else ""))
        bare = not self.links and not self.qualified
        return _MARK.sub(lambda m: m[2] if bare else f"{m[1]}.{m[2]}", " ".join(parts))

    def _source(self) -> str:
        first = next((m[1] for item in self.items for m in _MARK.finditer(item)), self.base.sql)
        text, there = first, {first}
        waiting = list({id(link): link for link in self.links}.values())
        word = "LEFT JOIN" if self.left else "JOIN"
        while waiting:
            link = next(k for k in waiting if k.table.sql in there or k.owner.sql in there)
            waiting.remove(link)
            own, others = (f"{link.table.sql}.{link.column.sql}", f"{link.owner.sql}.{link.key.sql}")
            if link.table.sql in there and link.owner.sql in there:
                raise TwoWaysError("two joins lead to one table")
            if link.table.sql in there:
                text += f" {word} {link.owner.sql} ON {own} = {others}"
            else:
                text += f" {word} {link.table.sql} ON {others} = {own}"
            there |= {link.table.sql, link.owner.sql}
        return text
