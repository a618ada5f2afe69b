"""Whether a draft has begun to repeat itself: what a small model does once it is lost, up to the limit of its tokens.

Everything here is decided on the text alone, while it is written, so that such a draft costs no further time. The bounds lie
beyond what programs of people need: see ``docs/grounding.md`` for how many real modules go beyond them.
"""

from __future__ import annotations

import re

__all__ = ["DEEPEST", "LONGEST", "line_repeats", "lines_repeat"]

DEEPEST = 8
"""Brackets that may be open at once."""
LONGEST = 400
"""Characters of a line."""
_TIMES = 8
"""How often the same piece may stand in a row at the end of a line, where it holds a word."""
_PIECE = range(4, 61)
"""Characters of such a piece. Shorter ones are columns of numbers."""
_SAME = 4, 3
"""How often the same line, and the same lines, may be written in a row."""
_BLOCK = range(1, 5)
"""How many lines may stand in what repeats."""

_TOKENS = re.compile(
    r'"""(?:[^\\]|\\.)*?(?:"""|\Z)|' r"'''(?:[^\\]|\\.)*?(?:'''|\Z)|"
    r'"(?:[^"\\\n]|\\.)*(?:"|\Z)|' r"'(?:[^'\\\n]|\\.)*(?:'|\Z)|#[^\n]*|[\[({]|[\])}]",
    re.DOTALL,
)  # fmt: skip


def line_repeats(statement: str) -> str:
    """What is wrong at the end of ``statement``, a logical line of Python as far as it is written; empty for nothing."""
    line = statement[statement.rfind("\n") + 1 :]
    if len(line) > LONGEST:
        return f"a line of more than {LONGEST} characters"
    if _open_brackets(statement) > DEEPEST:
        return f"more than {DEEPEST} open brackets"
    for size in _PIECE:
        if size * _TIMES > len(line):
            break
        piece = line[-size:]
        if line.endswith(piece * _TIMES) and any(c.isalpha() for c in piece):
            return f"{piece.strip()!r} {_TIMES} times in a row"
    return ""


def lines_repeat(written: str) -> str:
    """The same for the whole lines of a draft: the last ones are those before them, and those before again."""
    lines = [line for line in written[: written.rfind("\n") + 1].split("\n") if line.strip()]
    for size in _BLOCK:
        block = lines[-size:]
        times = _SAME[size > 1]
        if len(lines) >= size * times and lines[-size * times :] == block * times:
            return f"{block[0].strip()[:60]!r} {times} times in a row"
    return ""


def _open_brackets(statement: str) -> int:
    """How many brackets are open at its end, those in strings and comments not counted."""
    depth = 0
    for token in _TOKENS.finditer(statement):
        first = token[0][0]
        depth += (first in "([{") - (first in ")]}")
    return depth
