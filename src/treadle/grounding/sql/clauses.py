"""The clauses behind the tables, a condition or a key at a time, so that each list can be brought to its end."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

from treadle.grounding.sql.grammar import (
    AGGREGATES,
    Scope,
    aggregates,
    conditions,
    either,
    expressions,
    lexeme,
    plain_conditions,
)
from treadle.grounding.sql.pace import CONDITIONS, KEYS, MEMBERS, PARTS, Pace
from treadle.grounding.sql.scan import Frame
from treadle.grounding.sql.schema import Dialect

__all__ = ["COMPOUND", "clause"]

COMPOUND = '(" UNION" (" ALL")? | " INTERSECT" | " EXCEPT") " SELECT"'
_DEEP = 3
"""Brackets around conditions that may be open at once."""


def clause(frame: Frame, scope: Scope, dialect: Dialect, end: str, pace: Pace) -> str:
    """The grammar of what may follow in the clause that ``frame`` has come to; ``end`` ends its statement."""
    if frame.clause == "limit":
        return f'start: " " INT (" OFFSET " INT)? ({end})\n'
    grammars = {"where": _conditions, "having": _conditions, "group": _group, "order": _order}
    return grammars[frame.clause](frame, scope, dialect, end, pace)


def _conditions(frame: Frame, scope: Scope, dialect: Dialect, end: str, pace: Pace) -> str:
    having = frame.clause == "having"
    p = "ch" if having else "c"
    if having:
        after = _rest(frame, end, pace)
    else:
        ungrouped = _must_group(frame, dialect)
        words = ['" GROUP BY"'] if ungrouped or (pace < Pace.END and _may_group(frame, dialect)) else []
        after = " | ".join([*words, *([] if ungrouped else [_rest(frame, end, pace)])])
    start = _begun(p, frame, pace)
    if frame.words[-1:] == ["OR"] and not frame.opens and '" ORDER BY"' in after:
        start += ' | "DER" " BY"'  # read letter by letter, ORDER begins with OR, where the stage before has ended
    free = pace is Pace.FREE
    rules = _elements(p, after, more=_more(frame, CONDITIONS, pace), deep=free, listed=pace < Pace.END and not having)
    if pace is Pace.END:
        rules += plain_conditions("c", scope) if not having else f'{p}_pred: "COUNT(" "*" ")" CMP NUM\n'
        return f"start: {start}\n{rules}"
    rules += expressions("c", scope, dialect, deep=free)
    rules += conditions("c", scope, inner=free, lists=True, strict=dialect != "sqlite")
    return f"start: {start}\n{rules}" + (aggregates("c", dialect, having=True, deep=free) if having else "")


def _begun(p: str, frame: Frame, pace: Pace) -> str:
    """What a stage begins with: a condition, the next member of IN, or the word after a statement within a condition."""
    if frame.after_inner:
        return f"{p}_t{min(frame.opens, _DEEP)}"
    if frame.last != ",":
        return f'" " {p}_e{min(frame.opens, _DEEP)}'
    members = frame.members()
    more = pace < Pace.END and len(members) < MEMBERS and len(set(members)) == len(members)
    literal = "STR" if members[0].startswith("'") else "NUM"
    return f'" " {literal} (' + ('"," | ' if more else "") + f'")" {p}_t{min(frame.opens - 1, _DEEP)})'


def _elements(p: str, after: str, more: bool, deep: bool, listed: bool) -> str:
    """Rules by the brackets that are open: ``{p}_e0``... a condition and the word after it, ``{p}_t0``... that word."""
    lines = []
    for level in range(_DEEP + 1):
        closed = f'")" {p}_t{level - 1}' if level else after
        lines.append(f"{p}_t{level}: " + (f'" AND" | " OR" | {closed}' if more else closed))
        opened = f' | "(" {p}_e{level + 1}' if level < _DEEP and deep else ""
        inner = f" | {p}_pcut" if deep else ""
        inner += f" | {p}_icut" if listed else ""
        lines.append(f'{p}_e{level}: ("NOT ")? ({p}_pred {p}_t{level}{opened}{inner})')
    return "\n".join(lines) + "\n"


def _more(frame: Frame, most: int, pace: Pace) -> bool:
    """Whether a list may go on: not where it is long, and not once it repeats itself."""
    listed = frame.listed()
    return pace < Pace.END and len(listed) < most and len(set(listed)) == len(listed)


def _rest(frame: Frame, end: str, pace: Pace) -> str:
    """What may follow a whole WHERE, GROUP BY or HAVING, besides GROUP BY and HAVING."""
    if pace is Pace.END:
        return end
    compound = [COMPOUND] if frame.count() is not None and pace is Pace.FREE and frame.parts < PARTS and frame.unites else []
    return " | ".join(['" ORDER BY"', '" LIMIT"', end, *compound])


def _must_group(frame: Frame, dialect: Dialect) -> bool:
    """Whether some items are aggregated and others are not, which strict dialects refuse without GROUP BY."""
    columns, aggregate = frame.plain(AGGREGATES)
    return dialect != "sqlite" and bool(columns) and aggregate


def _may_group(frame: Frame, dialect: Dialect) -> bool:
    return dialect == "sqlite" or (frame.count() is not None and frame.kind != "value")


def _group(frame: Frame, scope: Scope, dialect: Dialect, end: str, pace: Pace) -> str:
    columns = [] if dialect == "sqlite" else frame.plain(AGGREGATES)[0]
    keys = _all_of(columns) if columns and not frame.words else "c_f"
    positions = frame.unaggregated(AGGREGATES) if dialect == "sqlite" else []
    keys += f" | {either(positions)}" if positions else ""
    after = _rest(frame, end, pace)
    words = ['" HAVING"'] if pace < Pace.END else []
    words += ['","'] if _more(frame, KEYS, pace) else []
    text = f'start: " " ({keys}) ({" | ".join([*words, after])})\n'
    if pace is Pace.END:
        return text + plain_conditions("c", scope) + "c_f: C_COL\n"
    return text + expressions("c", scope, dialect, deep=pace is Pace.FREE)


def _all_of(columns: Sequence[str]) -> str:
    orders = permutations(columns) if len(columns) < 4 else [tuple(columns)]
    return "(" + " | ".join(' ", " '.join(lexeme(c) for c in order) for order in orders) + ")"


def _order(frame: Frame, scope: Scope, dialect: Dialect, end: str, pace: Pace) -> str:
    words = ['" LIMIT"'] if pace < Pace.END else []
    words += ['","'] if _more(frame, KEYS, pace) else []
    keys = _keys(frame, dialect)
    text = f'start: " " ({keys}) (" ASC" | " DESC")? (" NULLS FIRST" | " NULLS LAST")? ({" | ".join([*words, end])})\n'
    if pace is Pace.END:
        return text + plain_conditions("c", scope) + 'c_f: C_COL\nc_ax: "COUNT(" "*" ")"\n'
    return text + expressions("c", scope, dialect, deep=pace is Pace.FREE) + aggregates("c", dialect, deep=pace is Pace.FREE)


def _keys(frame: Frame, dialect: Dialect) -> str:
    """What ORDER BY may name."""
    strict = dialect != "sqlite"
    width = frame.width or frame.count() or 0
    names = [] if frame.compound else frame.aliases()
    named = [either([*names, *(str(n + 1) for n in range(width))])] if names or width else []
    columns, aggregate = frame.plain(AGGREGATES) if strict else ([], False)
    listed = [either(columns)] if columns and not frame.compound else []
    distinct = strict and frame.items[:1] == ["DISTINCT"]
    if frame.grouped:
        free = [] if frame.compound else ["c_ax"]
        free += [] if frame.compound or strict else ["c_f"]
    else:
        free = [] if frame.compound or aggregate or distinct else ["c_f"]
    return " | ".join([*free, *listed, *named]) or '"1"'
