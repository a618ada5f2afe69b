"""A hole whose end is told first, in words: no sentinel has to be learnt, only to look at what was said.

What comes after the hole is quoted under a comment; then stands what comes before it, and the model goes on as it would
with any text. It writes the filling and then the first line of what was quoted, which says that the filling is done:

    # What comes later:                     told, read only
        return found

    # The whole code:
    def total(xs):                          what comes before, read only
        found = 0
        for x in xs:
            found += x                      the filling, learnt
        return found                        the first line of what comes after, learnt
    <end>                                   learnt

The lines are quoted as they stand, so that their tokens are those that are to be written.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Sequence
from dataclasses import dataclass

from treadle.tokens.vocabulary import Vocabulary
from treadle.training.objectives.masked import joined
from treadle.training.rows import Sample

__all__ = [
    "MOST_CHARACTERS", "LineHole", "body_line", "closing_line", "cut_at_closing", "draw_line_hole", "told", "told_first",
    "told_sample",
]  # fmt: skip

MOST_CHARACTERS = 300
"""Of the text after a hole that is quoted: what decides about a line stands near it."""
_LATER, _NOTHING, _WHOLE = "# What comes later:", "# Nothing comes later.", "# The whole code:"


@dataclass(frozen=True, slots=True)
class LineHole:
    """A text with whole lines left out. ``filling`` and ``after`` begin with the end of the line before them."""

    before: str
    filling: str
    after: str


def told(after: str, most: int = MOST_CHARACTERS) -> str:
    """What is said of ``after``: the lines that lie in its first ``most`` characters, the first of them in any case."""
    if not after.strip():
        return f"{_NOTHING}\n\n{_WHOLE}\n"
    kept: list[str] = []
    for line in after.strip("\n").split("\n"):
        if kept and sum(map(len, kept)) + len(kept) + len(line) > most:
            break
        kept.append(line.rstrip())
    return "\n".join([_LATER, *kept, "", _WHOLE, ""])


def closing_line(after: str) -> str:
    """``after`` up to the end of its first line that holds more than spaces; nothing where there is none."""
    lines = after.split("\n")
    full = [number for number, line in enumerate(lines) if line.strip()]
    return "\n".join(lines[: full[0] + 1]) if full else ""


def told_first(shown: Sequence[int], written: Sequence[int], end: int) -> Sample:
    """What is shown, which is only read; what is written then, and ``end``, which are learnt."""
    return joined([(shown, False), (written, True), ((end,), True)])


def told_sample(vocabulary: Vocabulary, hole: LineHole, end: int, most: int = MOST_CHARACTERS) -> Sample:
    """The hole as it is trained on. It is encoded as it is asked for: what is shown apart from what is written."""
    shown = vocabulary.encode(told(hole.after, most) + hole.before, begin=True)
    return told_first(shown, vocabulary.encode(hole.filling + closing_line(hole.after)), end)


def cut_at_closing(text: str, after: str) -> tuple[str, bool]:
    """What of a model's text fills the hole before ``after``, and whether it came to the end: up to the last line that is
    the first one of ``after``, where the text ended there by itself; else up to the first such line.

    Without such a line it is the whole text.
    """
    closing = closing_line(after).rpartition("\n")[2].rstrip()
    lines = text.split("\n")
    found = [number for number, line in enumerate(lines) if number and closing and line.rstrip() == closing]
    if not found:
        return text.rstrip() if not closing else text, not closing
    last = found[-1] if not any(line.strip() for line in lines[found[-1] + 1 :]) else found[0]
    return "\n".join(lines[:last]), True


def draw_line_hole(rng: random.Random, text: str, first: int = 0, *, single: bool = False) -> LineHole | None:
    """Whole lines of ``text`` from line number ``first`` (at least 1) on: one that holds more than spaces, or from one such
    to another, each pair as likely as any other. None where there is none."""
    lines = text.split("\n")
    full = [number for number, line in enumerate(lines) if line.strip() and number >= max(first, 1)]
    if not full:
        return None
    one = rng.choice(full) if single else 0
    start, last = (one, one) if single else rng.choice([(a, b) for i, a in enumerate(full) for b in full[i:]])
    after = "\n".join(["", *lines[last + 1 :]]) if last + 1 < len(lines) else ""
    return LineHole("\n".join(lines[:start]), "\n" + "\n".join(lines[start : last + 1]), after)


def body_line(text: str) -> int:
    """The number of the line, from 0, at which the body of the function begins that the text is, after its docstring; 1 of
    a text that is none."""
    try:
        node = ast.parse(text).body[0]
    except (SyntaxError, ValueError, RecursionError, IndexError):
        return 1
    if not isinstance(node, ast.FunctionDef):
        return 1
    begun = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return begun[0].lineno - 1 if begun else 1
