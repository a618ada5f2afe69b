"""One language for a whole draft of Python, for engines that ask for no stages: blocks nested to a fixed depth."""

from __future__ import annotations

from collections.abc import Sequence

from treadle.grounding.python.expressions import write_expressions
from treadle.grounding.python.facts import Facts
from treadle.grounding.python.guide import BLANKS
from treadle.grounding.python.lexis import Sheet, literal
from treadle.grounding.python.names import names_of
from treadle.grounding.python.reading import read
from treadle.grounding.python.statements import HEADERS, write_statements
from treadle.types import Constraint

__all__ = ["whole"]

DEPTH = 5
STEP = 4


def whole(facts: Facts, prefix: str, ends: Sequence[str], returns: bool = True) -> Constraint:
    """The language: names are free, members, columns and keywords are held; blocks are indented by four columns each.

    Without ``returns``, only the draft's own functions return.
    """
    sheet = Sheet()
    write_expressions(sheet, names_of(sheet, facts, False, frozenset()))
    write_statements(sheet, returns)
    begun = not prefix or prefix.rstrip(" ").endswith("\n")
    reading = read(prefix if begun else prefix + "\n")
    column = reading.columns[-1] // STEP + (reading.opened and reading.columns[-1] % STEP > 0)
    sheet.terminal("END", r"/ {0,40}(#[^\n\r\x00]*)?\n/")
    sheet.terminal("BLANK", r"/ {0,80}\n/")
    sheet.terminal("REMARK", r"/ {0,80}#[^\n\r\x00]*\n/")
    sheet.rule("blanks", *(" ".join(["BLANK"] * count) for count in range(BLANKS + 1)))
    kinds = ("",) if returns else ("", "r")
    for depth in range(column, column + DEPTH + 1):
        for kind in kinds:
            _block(sheet, depth, kind, kinds[-1], last=depth == column + DEPTH)
    stops = "(" + " | ".join(literal(e) for e in ends) + ")?" if ends else ""
    sheet.rule("start", f"{'' if begun else 'END '}block{column} {stops}")
    return Constraint(kind="lark", text=sheet.text())


def _block(sheet: Sheet, depth: int, kind: str, within: str, last: bool) -> None:
    """Lines at a depth, and what is nested in them; ``last``: nothing is.

    Blocks of kind 'r' may return; ``within``: the kind of a function's block.
    """
    margin = "blanks " + (literal(" " * STEP * depth) if depth else "")
    line = sheet.rule(f"{kind}line{depth}", "blanks REMARK", f"{margin} {kind}simple END", f"{margin} decorator END")
    sheet.rule(f"{kind}block{depth}", line, f"{kind}block{depth} {line}")
    own = ("compound", "matcher", *(f"header_{h}" for h in HEADERS))
    for head, inner in [*((h, kind) for h in own), ("definition", within)]:
        sheet.rule(line, f"{margin} {head} SP? {inner}simple END")
        if not last:
            sheet.rule(line, f"{margin} {head} END {inner}block{depth + 1}")
