"""How much room a draft has left, and how much of it the shortest way to its end takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import IntEnum

from treadle.grounding.sql.scan import Frame
from treadle.grounding.sql.schema import Schema
from treadle.grounding.sql.sources import Needs, distances

__all__ = ["CONDITIONS", "ITEMS", "KEYS", "MEMBERS", "PARTS", "QUALIFIERS", "STATEMENTS", "Pace", "Room", "pace_of"]

ITEMS, CONDITIONS, KEYS, MEMBERS, PARTS, STATEMENTS, QUALIFIERS = 20, 12, 8, 20, 4, 5, 5
"""At most: items of SELECT, conditions of WHERE or HAVING, keys of GROUP BY or ORDER BY, literals of IN, statements put
together by UNION and its like, statements within one another, tables that items name. People write half of these."""
_SHORT, _END = 64, 30
"""Tokens left, besides what the way to the end takes, below which only simple pieces are begun, and only what ends. A
simple condition with a literal took at most 24 tokens of SmolLM2's vocabulary."""

Room = Callable[[str], int]
"""How many tokens a draft may still have behind what is written."""


class Pace(IntEnum):
    """``FREE``: anything. ``SHORT``: nothing nested. ``END``: what brings the statement to its end."""

    FREE = 0
    SHORT = 1
    END = 2


def pace_of(left: int, schema: Schema, stack: Sequence[Frame]) -> Pace:
    """How a draft with so many tokens ``left`` has to go on."""
    spare = left - sum(_to_end(schema, frame) for frame in stack)
    return Pace.FREE if spare >= _SHORT else Pace.SHORT if spare >= _END else Pace.END


def _to_end(schema: Schema, frame: Frame) -> int:
    """Tokens, roughly, to the end of a frame by the shortest way."""
    n_tokens = 2 + frame.opens
    if frame.clause not in ("items", "from"):
        return n_tokens
    table, column = schema.usual_lengths
    needs = Needs.of(schema, *frame.columns())
    brought = {q for _, q in frame.sources()}
    unmet = [q for q in needs.behind if q not in brought]
    missing = max(0, (frame.width or 0) - (frame.count() or 0)) if frame.clause == "items" else 0
    n_tokens += missing * (column + 2) + (0 if brought else table + 5)
    join = 3 * table + 2 * column + 10
    for qualifier in unmet if brought else unmet[1:]:
        n_tokens += _steps(schema, needs, qualifier) * join
    return n_tokens + (join if frame.last == "JOIN" and not unmet else 0)


def _steps(schema: Schema, needs: Needs, qualifier: str) -> int:
    """Joins from the tables of the other qualifiers to those of this one."""
    far = distances(schema, needs.behind[qualifier])
    others = [far[t] for q, tables in needs.behind.items() if q != qualifier for t in tables if t in far]
    return max(1, min(others, default=1))
