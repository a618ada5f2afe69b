"""What FROM may bring next, so that in the end it brings every column that the items name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from treadle.grounding.sql.grammar import lexeme
from treadle.grounding.sql.schema import Schema

__all__ = ["Needs", "distances", "steps"]

_MOST = 4
"""Tables that a draft may join of its own accord; more only where its items need them."""


@dataclass(slots=True)
class Needs:
    """What the items ask of FROM: ``bare`` columns, which one of ``homes`` has; and tables for qualifiers."""

    bare: set[str]
    homes: set[str]
    behind: dict[str, set[str]]

    @classmethod
    def of(cls, schema: Schema, bare: set[str], behind: dict[str, set[str]]) -> Needs:
        """What columns without a qualifier, and those behind each, ask for."""
        homes = {t for t in schema.tables if schema.has(t, bare)}
        found = {}
        for qualifier, columns in behind.items():
            found[qualifier] = {t for t in schema.tables if qualifier in schema.qualifiers(t) and schema.has(t, columns)}
        shared = [{schema.component[t] for t in tables} for tables in found.values()]
        common = set.intersection(*shared) if shared else set()
        for qualifier in found:
            found[qualifier] = {
                t for t in found[qualifier] if schema.component[t] in common and (len(found) == 1 or schema.edges[t])
            }
        return cls(bare, homes, found)


_Sources = list[tuple[str, str]]


def steps(schema: Schema, sources: _Sources, needs: Needs, ends: str, direct: bool = False) -> str:
    """Rules for the next table after FROM (or JOIN, where there are ``sources``), up to the word after it.

    ``ends`` is the grammar of what may follow the last table. ``direct``: only tables on the way to those that are needed.
    """
    rules, alternatives = [], []
    options = list(_options(schema, sources, needs, direct)) or list(_options(schema, sources, needs, direct=False))
    for number, (table, qualifier) in enumerate(options):
        after = [*sources, (table, qualifier)]
        follow = []
        if not _unmet(after, needs):
            follow.append("ends")
        if next(_options(schema, after, needs, direct), None) is not None:
            follow.append("joins")
        if not follow:
            continue
        name = lexeme(table) if qualifier == table else f'{lexeme(table)} " AS " {lexeme(qualifier)}'
        on = ""
        if sources:
            rules.append(f"on{number}: {_conditions(schema, sources, table, qualifier)}")
            on = f' " ON " on{number}'
        alternatives.append(f"{name}{on} ({' | '.join(follow)})")
    joins = '" JOIN" | " INNER JOIN" | " LEFT JOIN"'
    used = "\n".join(f"{n}: {t}" for n, t in (("joins", joins), ("ends", ends)) if any(n in a for a in alternatives))
    return '" " source\nsource: ' + "\n  | ".join(alternatives) + "\n" + "\n".join(rules) + "\n" + used + "\n"


def _unmet(sources: _Sources, needs: Needs) -> list[str]:
    there = {q for _, q in sources}
    return [q for q in needs.behind if q not in there]


def _conditions(schema: Schema, sources: _Sources, table: str, qualifier: str) -> str:
    found = []
    for other, before in sources:
        for edge in schema.edges[other]:
            if edge.other == table:
                left, right = f"{before}.{edge.left}", f"{qualifier}.{edge.right}"
                found += [f'{lexeme(left)} " = " {lexeme(right)}', f'{lexeme(right)} " = " {lexeme(left)}']
    return " | ".join(dict.fromkeys(found))


def _options(schema: Schema, sources: _Sources, needs: Needs, direct: bool) -> Iterator[tuple[str, str]]:
    used = {q.lower() for _, q in sources}
    for table, only in _tables(schema, sources, needs, direct):
        for qualifier in schema.qualifiers(table):
            wanted = needs.behind.get(qualifier)
            if qualifier.lower() in used or (only is not None and qualifier != only):
                continue
            clash = any(q != qualifier and q.lower() == qualifier.lower() for q in needs.behind)
            if not clash and (wanted is None or table in wanted):
                yield table, qualifier


def _tables(schema: Schema, sources: _Sources, needs: Needs, direct: bool) -> Iterator[tuple[str, str | None]]:
    """The tables that may come next, each with the qualifier that it must take, if it must."""
    if not sources and direct and needs.behind:
        yield from ((t, q) for q, tables in needs.behind.items() for t in schema.tables if t in tables)
        return
    if not sources:
        yield from ((t, None) for t in _first(schema, needs))
        return
    near = list(dict.fromkeys(e.other for t, _ in sources for e in schema.edges[t]))
    if not needs.behind:
        near = [t for t in near if not schema.columns(t).keys() & needs.bare]
    unmet = _unmet(sources, needs)
    if not direct and len(sources) + len(unmet) < _MOST:
        yield from ((t, None) for t in near)
    elif unmet:
        goal = needs.behind[unmet[0]]
        far = distances(schema, goal)
        best = min((far[t] for t in near if t in far), default=0)
        yield from ((t, None if best else unmet[0]) for t in near if far.get(t) == best)


def _first(schema: Schema, needs: Needs) -> Iterable[str]:
    if not needs.behind:
        return [t for t in schema.tables if t in needs.homes]
    common = {schema.component[t] for tables in needs.behind.values() for t in tables}
    return [t for t in schema.tables if schema.component[t] in common]


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
