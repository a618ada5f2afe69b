"""All kinds of small functions."""

from __future__ import annotations

from treadle.synthesis.python.kinds import lists, numbers, physics, tables, texts
from treadle.synthesis.python.kinds.kind import FunctionKind

__all__ = ["KINDS", "FunctionKind"]

KINDS: tuple[FunctionKind, ...] = (*lists.KINDS, *texts.KINDS, *numbers.KINDS, *tables.KINDS, *physics.KINDS)
