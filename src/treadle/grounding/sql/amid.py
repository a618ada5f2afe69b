"""Items that are cut into pieces: behind an operator, where another column may come, and around statements within them.

Which columns an item may name follows from those that it names already, so a column in each piece is enough.
"""

from __future__ import annotations

from collections.abc import Sequence

from treadle.grounding.sql.aggregates import AGGREGATES
from treadle.grounding.sql.lexis import CASTS, either
from treadle.grounding.sql.pace import Pace
from treadle.grounding.sql.state import State

__all__ = ["AMID", "amid", "cuts"]

AMID = frozenset({"+", "-", "*", "/", "=", "<", ">", "<=", ">=", "<>", "!=", "THEN", "ELSE"})
"""The last words of a piece behind which its item goes on."""
_COMPARED = AMID - {"+", "-", "*", "/", "THEN", "ELSE"}
_OPERATORS, _CASES = 8, 6
"""Of an item at most."""
_AROUND = '"ROUND(" | "COALESCE(" | "NULLIF(" | "ABS(" | "CAST(" | "("'


def cuts(state: State, begins: Sequence[str], several: Sequence[str]) -> str:
    """An item up to a statement within it, or to where another column may come.

    ``begins`` begin the names of the rules of operands; those of ``several`` need another piece for another column.
    """
    star = state.strict and state.frame.count() is None
    found = [] if star else [_aggregated(state, p) for p in several]
    glued = "" if state.strict else '(STR " || ")? '
    for p in several:
        found.append(f"{glued}({_ahead()}){{0,2}} {p}_n OP")
        found += [] if star else [f"({_ahead()}){{0,2}} {p}_an OP"]
        found += [] if state.strict else [f'({_ahead()}){{0,1}} (NUM OP)? "CASE" " WHEN " ({p}i_cond " THEN " | {p}_x CMP)']
        found += [] if state.strict else [f"{glued}({_ahead()}){{0,2}} {p}_t OP"]
    inner = [f"{p}_n OP" for p in begins] + ([] if star else [f"{p}_an OP" for p in begins])
    if state.may_nest:
        found.append(f'({_ahead()}){{0,2}} ({" | ".join(["NUM OP", *inner])})? ({_AROUND})? "(" "SELECT"')
    return " | ".join(found)


def _ahead() -> str:
    return f"(NUM OP)? ({_AROUND})"


def _aggregated(state: State, p: str) -> str:
    """The beginning of an aggregate, up to where another column may come."""
    names = either(f"{n}(" for n in ("SUM", "AVG", "MIN", "MAX"))
    if state.strict:
        return f'({_ahead()}){{0,2}} (NUM OP)? ({names}) ((NUM OP)? ("ABS(" | "(")){{0,2}} {p}_n OP'
    within = f'{p}_x (OP | CMP) | "CASE" " WHEN " ({p}i_cond " THEN " | {p}_x CMP)'
    return f'({_ahead()}){{0,2}} (NUM OP)? ({names}) ((NUM OP)? ("ABS(" | "(" | "CAST(")){{0,2}} ({within})'


def amid(state: State, begins: Sequence[str], ends: str, end: str) -> str:
    """The next piece of an item: a column or a statement, what closes the brackets around it, the word after the item."""
    frame = state.frame
    item = frame.each_item()[-1]
    parts = _open_parts(item)
    star = state.strict and frame.count() is None
    within = any(part in AGGREGATES for part in parts)
    free = state.pace is Pace.FREE and sum(word in AMID for word in item) < _OPERATORS
    lines = [_last(state, ends, end, free)]
    for number in range(1, len(parts) + 1):
        lines.append(f"r{number}: " + _closed(state, begins, parts, number, free, item.count("WHEN") < _CASES))
    rest = f"r{len(parts)}"
    if frame.after_inner:
        return f"start: {rest}\n" + "\n".join(lines) + "\n"
    operands = ["NUM"]
    if state.pace is Pace.FREE:
        operands += [f"{p}_n" if state.strict else f"{p}_x" for p in begins]
        operands += [] if within or star else [f"{p}_an" for p in begins]
    if not state.strict and (frame.last in _COMPARED or frame.last in ("THEN", "ELSE")):
        operands += ["STR", '"NULL"']
    begun = [f"({cuts(state, begins, begins)})"] if free and not within else []
    if free and within:
        inner = [f"{p}_n OP" if state.strict else f"{p}_x OP" for p in begins]
        begun = [f'((NUM OP)? ("ABS(" | "(")){{0,2}} ({" | ".join(inner)})'] if inner else []
    pieces = [f"({' | '.join(operands)}) {rest}", *begun]
    return f"start: {' | '.join(pieces)}\n" + "\n".join(lines) + "\n"


def _last(state: State, ends: str, end: str, free: bool) -> str:
    """The rule of what follows an item all of whose brackets are closed."""
    frame = state.frame
    ends = ends if not state.missing else '","'
    alone = not (state.needs.bare or state.needs.behind or frame.plain(AGGREGATES)[1]) and frame.kind == "top"
    ends += f" | {end}" if alone and frame.after_inner else ""
    named = f'(" AS " ALIAS)? ({ends})' if frame.kind in ("top", "from", "with") else f"({ends})"
    if state.completing:
        named += f' | " AS " ({either(state.completing)}) ("," | " FROM")'
    return f"r0: {named}" + (" | OP" if free else "")


def _closed(state: State, begins: Sequence[str], parts: Sequence[str], number: int, free: bool, again: bool) -> str:
    """What follows within the part of that number, which is open: the word that closes it, or that brings another piece."""
    part, rest, goes_on = parts[number - 1], f"r{number - 1}", " | OP" if free else ""
    compared = number == len(parts) and state.frame.last in _COMPARED
    conditions = " | ".join(f"{p}i_cond" for p in begins) if state.pace is Pace.FREE else ""
    more = f"(conn ({conditions}))? " if compared and conditions else ""
    if part == "CASE WHEN":
        return f'{more}" THEN " ' + (goes_on if free else f'NUM " END" {rest}')
    if part == "CASE THEN":
        when = f' | " WHEN " ({conditions}) " THEN "' if free and again and conditions else ""
        return f'" END" {rest}{when}' + (' | " ELSE "' if free else "") + goes_on
    if part == "CASE ELSE":
        return f'" END" {rest}{goes_on}'
    if part in ("COALESCE", "NULLIF"):
        return f'", " NUM ")" {rest}{goes_on}'
    if part == "CAST":
        return f'" AS " ({CASTS[state.dialect][0]}) ")" {rest}{goes_on}'
    exact = state.dialect != "postgres" or parts[number : number + 1] == ["CAST"]
    digits = '(", " DIGITS)? ' if part == "ROUND" and exact else ""
    return f'{more}{digits}")" {rest}{goes_on}'


def _open_parts(words: Sequence[str]) -> list[str]:
    """The brackets, each by the word before it, and the CASEs that are open at the end of an item, outermost first."""
    parts: list[str] = []
    for before, word in zip(["", *words], words, strict=False):
        if word == "(":
            parts.append(before if before.isidentifier() else "(")
        elif word in (")", "END"):
            parts.pop()
        elif word in ("WHEN", "THEN", "ELSE"):
            if parts and parts[-1].startswith("CASE"):
                parts.pop()
            parts.append(f"CASE {word}")
    return parts
