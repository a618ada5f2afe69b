"""One language for a whole draft, for engines that follow no stages: scopes are not held."""

from __future__ import annotations

from collections.abc import Iterator

from treadle.grounding.sql.clauses import COMPOUND
from treadle.grounding.sql.grammar import Scope, aggregates, conditions, either, expressions, terminals, windows
from treadle.grounding.sql.schema import RESERVED, Dialect, Schema

__all__ = ["any_names", "known_names"]

_BODIES, _DEEP = 3, 2
"""Statements within one another, and brackets around conditions."""


def known_names(schema: Schema, dialect: Dialect) -> str:
    """Statements over every table and column that exists, wherever it stands."""
    scope, sources = Scope(), list[tuple[str, str]]()
    for table in schema.tables:
        names = schema.columns(table)
        scope.add(schema, table, None, names, {})
        for qualifier in schema.qualifiers(table):
            scope.add(schema, table, qualifier, names, {})
            sources.append((table, qualifier))
    named = " | ".join(f"({either([t])}" + ("" if t == q else f' " AS " {either([q])}') + ")" for t, q in sources)
    text = f"STAR: {either(f'{q}.*' for _, q in sources)}\ntable: {named}\n" + _statement()
    text += expressions("c", scope, dialect) + conditions("c", scope, members=20) + windows("c", dialect)
    return text + aggregates("c", dialect, having=True) + terminals()


def any_names(dialect: Dialect) -> str:
    """Statements of the same grammar over tables and columns of any name."""
    word = f'/[A-Za-z_][A-Za-z0-9_]{{0,40}}|"[^"\\n]{{1,40}}"/ & ~/(?i:{"|".join(sorted(RESERVED))})/'
    scope = Scope(number=["?"], text=["?"])
    text = 'STAR: WORD ".*"\ntable: WORD (" AS " WORD)?\n' + _statement()
    text += (
        expressions("c", scope, dialect)
        + conditions("c", scope, members=20)
        + windows("c", dialect)
        + aggregates("c", dialect, having=True)
        + terminals()
    )
    lines = [line for line in text.splitlines() if not line.startswith(("C_COL:", "C_NCOL:", "C_TCOL:"))]
    columns = [f'C_{kind}: WORD | WORD "." WORD' for kind in ("COL", "NCOL", "TCOL")]
    return "\n".join([*lines, f"WORD: {word}", *columns]) + "\n"


def _statement() -> str:
    return (
        'start: " " body0 ";"\n'
        + "\n".join(line for level in range(_BODIES) for line in _body(level))
        + (
            '\nitem: ("*" | STAR | c_x | c_ax | c_win) (" AS " ALIAS)?\n'
            'join: (" JOIN " | " INNER JOIN " | " LEFT JOIN ") table " ON " C_COL " = " C_COL\n'
            'key: (c_f | c_ax | ALIAS | INT) (" ASC" | " DESC")? (" NULLS FIRST" | " NULLS LAST")?\n'
            'rest: (" ORDER BY " key (", " key){0,7})? (" LIMIT " INT (" OFFSET " INT)?)?\n'
        )
    )


def _body(level: int) -> Iterator[str]:
    """Rules of a statement ``level`` deep within others."""
    yield (
        f'body{level}: ("DISTINCT ")? item (", " item){{0,19}} " FROM " table join{{0,5}} '
        f'(" WHERE " where{level})? group{level}? rest ({COMPOUND} " " body{level})?'
    )
    inner = f' "SELECT" " " body{level + 1} ")"' if level + 1 < _BODIES else None
    yield from _chain(f"where{level}", "c_pred", "c", inner)
    yield from _chain(f"having{level}", "ch_pred", "ch", inner)
    yield f'group{level}: " GROUP BY " (c_f | INT) (", " c_f){{0,7}} (" HAVING " having{level})?'


def _chain(name: str, pred: str, p: str, inner: str | None) -> Iterator[str]:
    """Conditions with AND and OR, in brackets up to ``_DEEP``."""
    left = "c_x" if p == "c" else "c_an"
    exists = f' | "EXISTS " "("{inner}' if inner and p == "c" else ""
    within = f' | {left} (CMP "(" | (" NOT")? " IN" " ("){inner}{exists}' if inner else ""
    for level in range(_DEEP + 1):
        deeper = f' | "(" {name}_{level + 1} ")"' if level < _DEEP else ""
        own = name if not level else f"{name}_{level}"
        yield f"{own}: {own}_one (conn {own}_one){{0,9}}"
        yield f'{own}_one: ("NOT ")? ({pred}{within}{deeper})'
