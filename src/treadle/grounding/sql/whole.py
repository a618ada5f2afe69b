"""One language for a whole draft, for engines that follow no stages: scopes are not held."""

from __future__ import annotations

from collections.abc import Iterator

from treadle.grounding.sql.aggregates import aggregates, windows
from treadle.grounding.sql.clauses import COMPOUND
from treadle.grounding.sql.conditions import conditions
from treadle.grounding.sql.derived import MADE
from treadle.grounding.sql.expressions import expressions
from treadle.grounding.sql.lexis import Scope, either, terminals
from treadle.grounding.sql.schema import RESERVED, Dialect, Schema

__all__ = ["any_names", "known_names"]

_CTE = ' | ALIAS ((" AS " | " ") ALIAS)?'
_BODIES, _DEEP = 3, 2
"""Statements within one another, and brackets around conditions."""


def known_names(schema: Schema, dialect: Dialect, begun: bool = True) -> str:
    """Statements over every table and column that exists, wherever it stands."""
    scope, sources = Scope(), list[tuple[str, str]]()
    for table in schema.tables:
        names = schema.columns(table)
        scope.add(schema, table, None, names, {})
        for qualifier in schema.qualifiers(table):
            scope.add(schema, table, qualifier, names, {})
            sources.append((table, qualifier))
    named = " | ".join(f"({either([t])}" + ("" if t == q else f' (" AS " | " ") {either([q])}') + ")" for t, q in sources)
    text = f"STAR: {either(f'{q}.*' for _, q in sources)}\ntable: {named}{_CTE if not begun else ''}\n" + _statement(begun)
    text += expressions("c", scope, dialect) + conditions("c", scope, members=20) + windows("c", dialect)
    every = either(dict.fromkeys(column for table in schema.tables for column in schema.columns(table)))
    return _with_made(text + aggregates("c", dialect, having=True), every) + terminals()


def any_names(dialect: Dialect, begun: bool = True) -> str:
    """Statements of the same grammar over tables and columns of any name."""
    word = f'/[A-Za-z_][A-Za-z0-9_]{{0,40}}|"[^"\\n]{{1,40}}"/ & ~/(?i:{"|".join(sorted(RESERVED))})/'
    scope = Scope(number=["?"], text=["?"])
    text = 'STAR: WORD ".*"\ntable: WORD (" AS " WORD)?\n' + _statement(begun)
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


def _with_made(text: str, names: str) -> str:
    """``text``, in which a column may also be one that a statement in FROM or WITH makes, behind the name of that."""
    known = ("C_COL:", "C_NCOL:", "C_TCOL:")
    lines = [f'{t} | {MADE} | ALIAS "." ({MADE} | {names})' if t.startswith(known) else t for t in text.splitlines()]
    return "\n".join(lines) + "\n"


def _statement(begun: bool) -> str:
    bodies = "\n".join(line for level in range(_BODIES) for line in _body(level))
    named = '"WITH " one ("," " " one){0,3} " "'
    start = '" " body0 ";"' if begun else f'({named})? "SELECT" " " body0 ";"\none: ALIAS " AS " "(" "SELECT" " " body1 ")"'
    return (
        f"start: {start}\n{bodies}\n"
        "tail: OP (NUM | c_n | c_an)\n"
        'key: (c_f | c_ax | ALIAS | INT) (" ASC" | " DESC")? (" NULLS FIRST" | " NULLS LAST")?\n'
        'rest: (" ORDER BY " key (", " key){0,7})? (" LIMIT " INT (" OFFSET " INT)?)?\n'
    )


def _body(level: int) -> Iterator[str]:
    """Rules of a statement ``level`` deep within others."""
    deeper = level + 1 < _BODIES
    source = f"table | derived{level}" if deeper else "table"
    value = f" | value{level}" if deeper else ""
    yield (
        f'body{level}: ("DISTINCT ")? item{level} (", " item{level}){{0,19}} " FROM " ({source}) join{level}{{0,5}} '
        f'(" WHERE " where{level})? group{level}? rest ({COMPOUND} " " body{level})?'
        + (f' | value{level} (" AS " ALIAS)? (", " value{level} (" AS " ALIAS)?){{0,7}}' if deeper else "")
    )
    yield f'item{level}: ("*" | STAR | "1" | c_x | c_ax | c_win | cut{level}{value}) (" AS " ALIAS)?'
    yield f"cut{level}: (c_n | c_an) OP (c_n | c_an)"
    yield (
        f'join{level}: (" JOIN " | " INNER JOIN " | " LEFT JOIN " | " LEFT OUTER JOIN ") ({source}) '
        f'(" ON " where{level} | " USING (" C_COL ")") | " CROSS JOIN " ({source})'
    )
    if deeper:
        yield f'derived{level}: "(" "SELECT" " " body{level + 1} ")" ((" AS " | " ") ALIAS)?'
        more = f"(OP (NUM | c_n | c_an | value{level}_1)){{0,3}}"
        piece = f'("ROUND(" value{level}_1 {more} (", " DIGITS)? ")" | value{level}_1)'
        yield f"value{level}: {piece} (OP (NUM | c_n | c_an | {piece})){{0,3}} | (NUM | c_n | c_an) OP {piece} tail{{0,2}}"
        yield f'value{level}_1: "(" "SELECT" " " body{level + 1} ")"'
    inner = f' "SELECT" " " body{level + 1} ")"' if deeper else None
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
