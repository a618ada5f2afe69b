"""Where a finished draft left what a guide would have held it to: for engines that take no constraint."""

from __future__ import annotations

import re

from treadle.errors import EngineError
from treadle.grounding.accept import accepts
from treadle.grounding.base import Guide

__all__ = ["where_left"]

_LONGEST = 20_000
"""Bytes of a program that is still followed; a line takes some ten milliseconds."""
_BEFORE = 40


def where_left(guide: Guide, program: str) -> str:
    """The line, the column and the word at which ``program`` left ``guide``; empty where it did not, or cannot be followed.

    The word stands whole, though a grammar may leave it in its middle: ``np.count`` is left behind its last letter, where
    only longer names go on.
    """
    if not program.strip() or len(program.encode()) > _LONGEST:
        return ""
    whole = program if program.endswith("\n") else program + "\n"
    try:
        at = accepts(guide, whole)
    except EngineError:  # llguidance is absent, or could not follow it
        return ""
    if at is None:
        return ""
    start = len(whole.encode()[:at].decode("utf-8", "ignore"))
    if not whole[start:].strip():
        return f"it ends before its last statement does, in line {program.count(chr(10), 0, len(program.rstrip())) + 1}"
    word = _word(whole, start)
    begin = whole.rfind("\n", 0, word.start()) + 1
    line, before = whole.count("\n", 0, begin) + 1, whole[begin : word.start()].lstrip()
    shown = f" behind `{before[-_BEFORE:]}`" if before else ""
    return f"line {line}, column {word.start() - begin + 1}: `{word[0]}` cannot stand{shown}"


def _word(text: str, at: int) -> re.Match[str]:
    """The name or sign at ``at``; where a name ends there, that name."""
    begin = at
    while begin and re.match(r"\w", text[begin - 1]):
        begin -= 1
    found = re.compile(r"\w+|\S").search(text, begin)
    assert found is not None
    return found
