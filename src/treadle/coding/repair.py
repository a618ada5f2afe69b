"""What is known about a draft that failed: what is told to the model, and which of its lines it may build on."""

from __future__ import annotations

from treadle.coding.choose import Candidate, height
from treadle.coding.extract import parses
from treadle.types import Outcome

__all__ = ["good_lines", "problem"]


def problem(candidate: Candidate, left: str = "") -> str:
    """What the model is told about a draft: the hints of failed checks, which hold no expected value, else its doubts.

    ``left``: where the draft left what a guide allows (``left.where_left``), told behind them.
    """
    hints = [
        v.hint or v.reason for v in candidate.verdicts if v.outcome is Outcome.FAILED and (v.hint or height(candidate) < 4)
    ]
    told = hints[:2] or list(candidate.doubts[:2])
    return "; ".join([*told, left] if told and left else told)


def good_lines(candidate: Candidate, prefix: str) -> str:
    """The whole statements of a Python draft before the line at which its first failed check points; empty for none.

    ``prefix`` is what every program of the prompt begins with; the lines come after it, as they stand in the program.
    """
    program = candidate.draft.program or ""
    failed = next((v for v in candidate.verdicts if v.outcome is Outcome.FAILED), None)
    line = None if failed is None else failed.evidence.get("line")
    if not isinstance(line, int) or not program.startswith(prefix):
        return ""
    body = program.removeprefix(prefix)
    lines = body.split("\n")
    first = next((i for i, text in enumerate(lines) if text.strip()), 0)
    margin = _indent(lines[first])
    for end in range(min(line - 1 - prefix.count("\n"), len(lines) - 1), first, -1):
        kept = "\n".join(lines[:end])
        if lines[end].strip() and _indent(lines[end]) == margin and _does_something(kept) and parses(prefix + kept):
            return kept
    return ""


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _does_something(text: str) -> bool:
    return any(line.strip() and not line.strip().startswith("#") for line in text.split("\n"))
