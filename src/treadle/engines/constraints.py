"""Constraints in the form that llama.cpp reads, and the probe that finds out whether it could read them."""

from __future__ import annotations

import re

from treadle.errors import EngineError
from treadle.tokens.grammars import schema_text
from treadle.types import Constraint

__all__ = ["CANARY", "llama_grammar", "probe"]

CANARY = "~~"
"""What a probe demands before the constraint; no model begins an answer with it."""


def llama_grammar(constraint: Constraint) -> str:
    """The constraint as llama.cpp's ``grammar``.

    Raises:
        EngineError: it is empty, or a JSON schema that is not JSON, or nested too deeply.
    """
    if not constraint.text.strip():
        raise EngineError(f"the constraint of kind {constraint.kind!r} is empty")
    return constraint.text if constraint.kind == "gbnf" else f"%llguidance {{}}\n{_lark(constraint)}"


def probe(constraint: Constraint) -> str | None:
    """A grammar of ``CANARY`` followed by what the constraint allows; None for GBNF, whose faults llama.cpp reports.

    Raises:
        EngineError: the constraint is empty, no JSON, or lacks its first rule.
    """
    grammar = llama_grammar(constraint)
    if constraint.kind == "gbnf":
        return None
    # A rule's name may be followed by attributes in brackets.
    start = rf'start: "{CANARY}" treadle_start\ntreadle_start\1:'
    found, count = re.subn(r"(?m)^start\b([^:\n]*):", lambda match: match.expand(start), grammar, count=1)
    if not count:
        raise EngineError("the Lark grammar given as a constraint has no rule called 'start'")
    return found


def _lark(constraint: Constraint) -> str:
    if constraint.kind != "json_schema":
        return constraint.text
    try:
        return f"start: %json {schema_text(constraint.text)}"
    except ValueError as error:
        raise EngineError(f"the JSON schema given as a constraint cannot be used: {error}") from error
