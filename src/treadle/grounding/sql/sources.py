"""What FROM may bring next, so that in the end it brings every column that the items name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from treadle.grounding.sql.lexis import lexeme
from treadle.grounding.sql.schema import Schema

__all__ = ["Needs", "Tables", "distances"]

_MOST = 6
"""Tables that a draft may join of its own accord; more only where its items need them."""
_JOINS = '" JOIN" | " INNER JOIN" | " LEFT JOIN" | " LEFT OUTER JOIN"'


@dataclass(slots=True)
class Needs:
    """What the items ask of FROM: ``bare`` columns, which one of ``homes`` has; and tables for qualifiers.

    Without ``homes``, or tables for a qualifier, a statement in FROM has to make what is named. Bare columns beside some
    with a qualifier are of the same table.
    """

    bare: set[str]
    homes: set[str]
    behind: dict[str, set[str]]
    columns: dict[str, set[str]]

    @classmethod
    def of(cls, schema: Schema, bare: set[str], behind: dict[str, set[str]]) -> Needs:
        """What columns without a qualifier, and those behind each, ask for."""
        homes = {t for t in schema.tables if schema.has(t, bare)}
        found = {}
        for qualifier, columns in behind.items():
            found[qualifier] = {t for t in schema.tables if qualifier in schema.qualifiers(t) and schema.has(t, columns)}
        shared = [{schema.component[t] for t in ts - schema.made} for ts in found.values() if ts and not ts & schema.made]
        common = set.intersection(*shared) if shared else None
        for qualifier, tables in found.items():
            found[qualifier] = {
                t
                for t in tables
                if t in schema.made
                or ((common is None or schema.component[t] in common) and (len(found) == 1 or schema.joins(t) or bare))
            }
            if bare:
                found[qualifier] &= homes
        return cls(bare, homes, found, behind)

    @property
    def unmade(self) -> list[str]:
        """The qualifiers for which a statement in FROM has to make a table."""
        return [qualifier for qualifier, tables in self.behind.items() if not tables]

    @property
    def makes(self) -> bool:
        """Whether a statement in FROM has to make a table."""
        return bool(self.unmade) or (bool(self.bare) and not self.homes)


_Sources = list[tuple[str, str]]


@dataclass(slots=True)
class Tables:
    """The tables that FROM has brought, and which may follow.

    ``direct``: only tables on the way to those that are needed. ``may_make``: a statement may stand for a table.
    ``ends``: the grammar of what may follow the last table. ``alone``: nothing may be joined.
    """

    schema: Schema
    needs: Needs
    sources: _Sources
    ends: str
    direct: bool = False
    may_make: bool = False
    alone: bool = False

    def stage(self) -> str:
        """Rules for the next table after FROM (or JOIN, where there are ``sources``), up to the word after it."""
        rules, alternatives = [], []
        options = list(self._options(self.sources, self.direct))
        if not options and not self.makes_next():  # room became short behind the word JOIN
            self.direct = False
            options = list(self._options(self.sources, False))
            self.may_make |= not options and next(self._merging(), None) is None
        for number, (table, qualifier) in enumerate(options):
            after = [*self.sources, (table, qualifier)]
            follow = self._follow(after)
            if not follow:
                continue
            name = _named(table, qualifier)
            if not self.sources or self.crossing:
                alternatives.append(f"{name} ({' | '.join(follow)})")
                continue
            on = self._conditions(table, qualifier)
            if not on or self.schema.keyless:
                alternatives.append(f'{name} " ON"')
                continue
            rules.append(f"on{number}: {on}")
            follow += ['" AND"']
            alternatives.append(f'{name} " ON " on{number} ({" | ".join(follow)})')
            alternatives += self._using(name, table, after)
        for table, qualifier in self._merging():
            alternatives += self._using(_named(table, qualifier), table, [*self.sources, (table, qualifier)])
        if self.makes_next():
            alternatives.append('"(" "SELECT"')
        text = '" " source\nsource: ' + "\n  | ".join(alternatives) + "\n" + "\n".join(rules) + "\n"
        return text + self._used(text)

    crossing: bool = False
    """The words before are CROSS JOIN, behind which there is no ON."""

    def after(self) -> str:
        """What may follow the tables that are there, in a grammar with the rules of ``rules_after``."""
        return " | ".join(self.ends if rule == "ends" else rule for rule in self._follow(self.sources))

    def rules_after(self) -> str:
        """The rules that ``after`` names."""
        return self._used(self.after())

    def made(self, names: Iterable[str], free: bool, unnamed: bool) -> str:
        """Rules for what stands behind a statement in FROM: one of ``names`` or, if ``free``, any, and what follows.

        ``unnamed``: it needs none.
        """
        before, table = self.sources[:-1], self.sources[-1][0]
        clashing = {q.lower() for _, q in before}
        known = [name for name in names if name.lower() not in clashing]
        met = not before or self.crossing
        follow = {name: " | ".join(self._follow([*before, (table, name)])) if met else '" ON"' for name in known}
        parts = [f'(" AS " | " ") {lexeme(name)} ({what})' for name, what in follow.items() if what]
        if free:
            what = " | ".join(self._follow(self.sources)) if met else '" ON"'
            parts += [f'(" AS " | " ") ALIAS ({what})', *(["ends"] if unnamed else [])]
        text = f"start: {' | '.join(parts)}\n"
        return text + self._used(text)

    def makes_next(self) -> bool:
        """Whether a statement may stand for the next table."""
        if not self.may_make:
            return False
        unmet = self._unmet(self.sources)
        if self.needs.bare and self.sources and unmet:
            return False
        must = any(not self.needs.behind[q] for q in unmet) or (self.needs.makes and not self.sources)
        return must or not self.direct

    def _used(self, text: str) -> str:
        named = (("joins", _JOINS), ("crosses", '" CROSS JOIN"'), ("ends", self.ends))
        return "".join(f"{name}: {words}\n" for name, words in named if name in text)

    def _follow(self, after: _Sources) -> list[str]:
        follow = [] if self._unmet(after) else ["ends"]
        if self.alone:
            return follow
        more = Tables(self.schema, self.needs, after, self.ends, self.direct, self.may_make)
        joined = chain(more._merging(), more._options(after, self.direct))
        if more.makes_next() or next(joined, None) is not None:
            follow.append("joins")
        more.crossing = True
        if next(more._options(after, self.direct), None) is not None or more.makes_next():
            follow.append("crosses")
        return follow

    def _unmet(self, sources: _Sources) -> list[str]:
        there = {q for _, q in sources}
        return [q for q in self.needs.behind if q not in there]

    def _conditions(self, table: str, qualifier: str) -> str:
        found = []
        for other, before in self.sources:
            for edge in self.schema.edges[other]:
                if edge.other == table:
                    left, right = f"{before}.{edge.left}", f"{qualifier}.{edge.right}"
                    found += [f'{lexeme(left)} " = " {lexeme(right)}', f'{lexeme(right)} " = " {lexeme(left)}']
        return " | ".join(dict.fromkeys(found))

    def _using(self, name: str, table: str, after: _Sources) -> list[str]:
        """Joins by a column that both tables have, and no other one."""
        before = [column for t, _ in self.sources for column in self.schema.columns(t)]
        edges = [e for t, _ in self.sources for e in self.schema.edges[t] if e.other == table and e.left == e.right]
        columns = [e.left for e in edges if before.count(e.left) == 1]
        clear = self.needs.bare & self.schema.columns(table).keys()
        named = " | ".join(lexeme(c) for c in dict.fromkeys(columns) if not clear or clear == {c})
        return [f'{name} " USING (" ({named}) ")" ({" | ".join(self._follow(after))})'] if named else []

    def _merging(self) -> Iterator[tuple[str, str]]:
        """Tables that have a column which the items name without a qualifier; USING joins them and makes it one."""
        if self.crossing or self.direct or not self.needs.bare or len(self.sources) != 1:
            return
        (there, before), bare = self.sources[0], self.needs.bare
        for edge in self.schema.edges[there]:
            clear = self.schema.columns(edge.other).keys() & bare
            if clear == {edge.left} and edge.left == edge.right:
                others = (q for q in self.schema.qualifiers(edge.other) if q.lower() != before.lower())
                yield from ((edge.other, q) for q in others if q not in self.needs.behind)

    def _options(self, sources: _Sources, direct: bool) -> Iterator[tuple[str, str]]:
        used = {q.lower() for _, q in sources}
        for table, only in self._tables(sources, direct):
            for qualifier in self.schema.qualifiers(table):
                wanted = self.needs.behind.get(qualifier)
                if qualifier.lower() in used or (only is not None and qualifier != only):
                    continue
                clash = any(q != qualifier and q.lower() == qualifier.lower() for q in self.needs.behind)
                if not clash and (wanted is None or table in wanted):
                    yield table, qualifier

    def _tables(self, sources: _Sources, direct: bool) -> Iterator[tuple[str, str | None]]:
        """The tables that may come next, each with the qualifier that it must take, if it must."""
        schema, needs = self.schema, self.needs
        if not sources and needs.behind and (direct or needs.bare):
            yield from ((t, q) for q, tables in needs.behind.items() for t in schema.tables if t in tables)
            return
        if not sources:
            yield from ((t, None) for t in self._first())
            return
        near = self._near(sources)
        unmet = self._unmet(sources)
        if not direct and len(sources) + len(unmet) < _MOST:
            yield from ((t, None) for t in near)
        elif unmet:
            goal = needs.behind[unmet[0]]
            far = distances(schema, goal)
            best = min((far[t] for t in near if t in far), default=0)
            yield from ((t, None if best else unmet[0]) for t in near if far.get(t) == best)
            yield from ((t, q) for q in unmet[1:] for t in near if t in needs.behind[q])

    def _near(self, sources: _Sources) -> list[str]:
        """The tables that may be joined with those that are there: along keys, or any where one of both is a statement's."""
        schema, there = self.schema, {t for t, _ in sources}
        if self.crossing or schema.keyless or there & schema.made:
            near = schema.tables
        else:
            near = [*dict.fromkeys([*(e.other for t, _ in sources for e in schema.edges[t]), *there])]
            near += [t for t in schema.tables if t in schema.made]
        return [t for t in near if not schema.columns(t).keys() & self.needs.bare] if self.needs.bare else near

    def _first(self) -> Iterable[str]:
        schema, needs = self.schema, self.needs
        if not needs.behind:
            return [t for t in schema.tables if t in needs.homes]
        if needs.bare:
            return [t for t in schema.tables if any(t in tables for tables in needs.behind.values())]
        common = {schema.component[t] for tables in needs.behind.values() for t in tables if t not in schema.made}
        return [t for t in schema.tables if t in schema.made or not common or schema.component[t] in common]


def _named(table: str, qualifier: str) -> str:
    return lexeme(table) if qualifier == table else f'{lexeme(table)} (" AS " | " ") {lexeme(qualifier)}'


def distances(schema: Schema, goal: set[str]) -> dict[str, int]:
    """How many joins each table is away from the nearest one of ``goal``, where there is a way."""
    found = dict.fromkeys(goal, 0)
    waiting = list(goal)
    for table in waiting:
        for edge in schema.edges[table]:
            if edge.other not in found:
                found[edge.other] = found[table] + 1
                waiting.append(edge.other)
    return found
