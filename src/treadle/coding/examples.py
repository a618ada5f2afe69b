"""Examples that a request gives: ``f(2) == 3`` in prose, and doctest blocks.

An example is only taken for one where it can be nothing else: a call with plain arguments, an operator, and a plain
value. Prose that looks similar ('n = 3', 'Q1 * Q2 < 0', 'f(x) returns x') is left alone.
"""

from __future__ import annotations

import ast
import builtins
import doctest
import re
from typing import Any

from treadle.coding.extract import parse_source
from treadle.coding.wording import closing_bracket, declared_functions, is_plain_expression, string_end
from treadle.types import Expectation

__all__ = [
    "ABOUT",
    "NUMBER",
    "WITH_TOLERANCE",
    "called_names",
    "number",
    "read_call",
    "read_examples",
    "tolerance_fields",
    "value_fields",
]

FLOAT_RELATIVE = 1e-9
"""Relative tolerance of floats where none was given: room for the order of additions, not for another formula."""
FLOAT_ABSOLUTE = 1e-12
"""Absolute tolerance that goes with it, for an expected 0.0."""
ABOUT_RELATIVE = 0.01
"""Relative tolerance of '~' without '+-'."""
ABOUT = frozenset({"~", "≈", "~="})
NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"

_MOST_DIGITS = 4000  # Python reads no whole number of more than 4300

_CALL = re.compile(r"(?<![\w.])[A-Za-z_][\w.]*(?=\()")
_OPERATOR = re.compile(
    r"\s*`?\s*(?P<op>===?|=>|->|→|~=|≈|~|=(?!=)|(?:should|must)\s+(?:return|equal|give|be)\b|(?:evaluates|is\s+equal)\s+to\b"
    r"|returns\b|gives\b|equals\b|yields\b|is\b)\s*`?"
)
WITH_TOLERANCE = re.compile(rf"\s*(?P<value>{NUMBER})\s*(?:\+-|\+/-|±)\s*(?P<tolerance>{NUMBER})\s*(?P<percent>%)?")
_TRAILER = re.compile(r"(?:\.[A-Za-z_]\w*)*(?=[(\[])|(?:\.[A-Za-z_]\w*)+")
_VALUE_END = re.compile(r"[.!?](?:\s|$)|\s+(?:and|or|but|while|if|for|when|as|because|whereas)\b|\s+[-\u2013\u2014(#]")
_GOES_ON = re.compile(r"\s+[-\u2013\u2014]\s*[\d.(]")
"""A minus, not a dash: what stands before it is not the value, as in 'f(10, 9) -> 19 - 5 = 14'."""
_WEAK = frozenset({"=", "is"})
_NOT_LITERAL = (ValueError, TypeError, SyntaxError, RecursionError, MemoryError)


def read_examples(text: str) -> tuple[list[Expectation], list[str]]:
    """The examples in a request, and a note for every doctest line that could not be turned into one."""
    try:
        found, notes, prose = _doctests(text)
        found += _prose_examples(prose)
    except RecursionError:
        return [], ["the examples of the request are nested too deeply to be read"]
    unique: dict[tuple[str, str], Expectation] = {}
    for expectation in found:
        unique.setdefault((expectation.subject, repr((expectation.expected, expectation.expected_source))), expectation)
    return list(unique.values()), notes


def _prose_examples(text: str) -> list[Expectation]:
    declared = {name for name, _ in declared_functions(text)}
    asks_for_code = bool(declared) or re.search(r"\b(function|def|method)\b", text) is not None
    found: list[Expectation] = []
    position = 0
    while (match := _CALL.search(text, position)) is not None:
        example, position = _example_at(text, match.start(), match.end(), declared if asks_for_code else None)
        if example is not None:
            found.append(example)
    return found


def _example_at(text: str, start: int, bracket: int, declared: set[str] | None) -> tuple[Expectation | None, int]:
    """The example whose call starts at ``start``, and where to look on.

    Weak operators ('=', 'is') need a request for code, and where it names its functions, one of these.
    """
    end = _end_of_subject(text, bracket)
    if end is None:
        return None, bracket + 1
    subject = _expression(text[start:end])
    operator = _OPERATOR.match(text, end)
    if subject is None or operator is None or not _is_subject(subject):
        return None, bracket + 1
    op = operator.group("op")
    if op in _WEAK and (declared is None or (declared and not declared & set(called_names(text[start:end])))):
        return None, end
    expected = _expected_at(text, operator.end(), literal_only=op not in ("==", "==="), about=op in ABOUT)
    if expected is None:
        return None, end
    fields, stop = expected
    return _call(subject, text[start:stop].strip(), "request", fields), stop


def _end_of_subject(text: str, bracket: int) -> int | None:
    """Offset behind a call with what hangs on it: ``f(2)[0]``, ``Stack().size()``."""
    end = closing_bracket(text, bracket)
    while end is not None:
        trailer = _TRAILER.match(text, end + 1)
        if trailer is None:
            return end + 1
        if trailer.end() >= len(text) or text[trailer.end()] not in "([":
            return trailer.end()
        end = closing_bracket(text, trailer.end())
    return None


def _is_subject(subject: ast.expr) -> bool:
    """A call of something that is not built in, with plain arguments."""
    names = called_names(ast.unparse(subject))
    return is_plain_expression(subject) and any(not hasattr(builtins, name) for name in names)


def called_names(source: str) -> list[str]:
    """Names that are called in an expression, as functions and not as methods."""
    nodes = ast.walk(_expression(source) or ast.Constant(value=None))
    return [node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]


def _expected_at(text: str, start: int, *, literal_only: bool, about: bool) -> tuple[dict[str, Any], int] | None:
    """Fields of the Expectation for the value that starts at ``start``, and where it ends."""
    tolerant = WITH_TOLERANCE.match(text, start)
    if tolerant is not None:
        return tolerance_fields(tolerant), tolerant.end()
    for end in _ends(text, start):
        node = _expression(text[start:end])
        if node is None:
            continue
        try:
            return value_fields(ast.literal_eval(node), about=about), end
        except _NOT_LITERAL:
            pass
        if literal_only or not is_plain_expression(node) or isinstance(node, ast.Name):
            return None
        return {"expected_source": ast.unparse(node), "relative": ABOUT_RELATIVE if about else FLOAT_RELATIVE}, end
    return None


def _ends(text: str, start: int) -> list[int]:
    """Where a value that starts at ``start`` may end: before a comma, 'and', a full stop..., outside of brackets."""
    ends: list[int] = []
    position = start
    while position < len(text):
        char = text[position]
        if char in "'\"":
            closed = string_end(text, position)
            if closed is None:
                break
            position = closed
        elif char in "([{":
            closed = closing_bracket(text, position)
            if closed is None:
                break
            position = closed
        elif char in ",;\n`)]}":
            ends.append(position)
            if char in "\n)]}`":
                return ends
        elif _VALUE_END.match(text, position) and not _GOES_ON.match(text, position):
            ends.append(position)
        position += 1
    return [*ends, min(position, len(text))]


# ------------------------------------------------------------------------------------------------ doctests


def _doctests(text: str) -> tuple[list[Expectation], list[str], str]:
    """Expectations of doctest blocks, notes, and the text without the blocks."""
    if ">>>" not in text:
        return [], [], text
    try:
        pieces = doctest.DocTestParser().parse(text)
    except ValueError as error:
        return [], [f"a doctest block could not be read: {error}"], text
    found: list[Expectation] = []
    notes: list[str] = []
    settings: dict[str, ast.expr] = {}
    for piece in pieces:
        if isinstance(piece, doctest.Example):
            _read_doctest(piece, settings, found, notes)
    return found, notes, "\n".join(piece for piece in pieces if isinstance(piece, str))


def _read_doctest(
    example: doctest.Example, settings: dict[str, ast.expr], found: list[Expectation], notes: list[str]
) -> None:
    source = example.source.strip()
    try:
        body = parse_source(source).body
    except SyntaxError:
        notes.append(f"skipped the doctest line {source!r}: not Python")
        return
    statement = body[0] if len(body) == 1 else None
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name):
        settings[statement.targets[0].id] = _folded(statement.value, settings)
    elif isinstance(statement, ast.Expr) and example.want.strip():
        expectation = _doctest_expectation(_folded(statement.value, settings), example)
        found.extend([expectation] if expectation else [])
        if expectation is None:
            notes.append(f"skipped the doctest {source!r}: its output {example.want.strip()!r} is not a plain value")
    elif not isinstance(statement, ast.Import | ast.ImportFrom):
        notes.append(f"skipped the doctest line {source!r}: it has no output to compare with")


def _doctest_expectation(subject: ast.expr, example: doctest.Example) -> Expectation | None:
    want, text = example.want.strip(), f"{example.source.strip()} gives {example.want.strip()}"
    if isinstance(subject, ast.Call) and isinstance(subject.func, ast.Name) and subject.func.id == "print":
        if len(subject.args) != 1 or subject.keywords:
            return None
        printed = ast.Call(func=ast.Name(id="str", ctx=ast.Load()), args=subject.args, keywords=[])
        return _call(printed, text, "request", {"expected": want})
    try:
        return _call(subject, text, "request", value_fields(ast.literal_eval(want), about=False))
    except _NOT_LITERAL:
        return None


def _folded(node: ast.expr, settings: dict[str, ast.expr]) -> ast.expr:
    """``node`` with the names of earlier set-up lines replaced by their values."""

    class Fold(ast.NodeTransformer):
        def visit_Name(self, name: ast.Name) -> ast.expr:
            return settings.get(name.id, name) if isinstance(name.ctx, ast.Load) else name

    folded: ast.expr = Fold().visit(node)
    return folded


# ------------------------------------------------------------------------------------------------ small parts


def read_call(option: str) -> Expectation | None:
    """An option of the form ``CALL == VALUE``, or None where it has another one."""
    start = _CALL.match(option)
    end = _end_of_subject(option, start.end()) if start is not None else None
    operator = _OPERATOR.match(option, end) if end is not None else None
    subject = _expression(option[:end]) if end is not None else None
    if operator is None or subject is None:
        return None
    rest, about = option[operator.end() :], operator.group("op") in ABOUT
    tolerant = WITH_TOLERANCE.fullmatch(rest.strip())
    if tolerant is not None:
        return _call(subject, option, "--expect", tolerance_fields(tolerant))
    node = _expression(rest)
    if node is None:
        return None
    try:
        return _call(subject, option, "--expect", value_fields(ast.literal_eval(node), about=about))
    except _NOT_LITERAL:
        fields = {"expected_source": ast.unparse(node), "relative": ABOUT_RELATIVE if about else FLOAT_RELATIVE}
        return _call(subject, option, "--expect", fields)


def _call(subject: ast.expr, text: str, origin: str, fields: dict[str, Any]) -> Expectation:
    return Expectation(kind="call", subject=ast.unparse(subject), text=text.strip("` "), origin=origin, **fields)


def value_fields(value: Any, *, about: bool) -> dict[str, Any]:
    relative = ABOUT_RELATIVE if about else FLOAT_RELATIVE if _holds_float(value) else 0.0
    absolute = FLOAT_ABSOLUTE if relative else 0.0
    return {"expected": value, "relative": relative, "absolute": absolute}


def tolerance_fields(match: re.Match[str]) -> dict[str, Any]:
    tolerance = abs(float(match.group("tolerance")))
    if match.group("percent"):
        return {"expected": number(match.group("value")), "relative": tolerance / 100}
    return {"expected": number(match.group("value")), "absolute": tolerance}


def number(text: str) -> int | float:
    whole = re.fullmatch(r"[+-]?\d+", text) and len(text) < _MOST_DIGITS
    return int(text) if whole else float(text)


def _holds_float(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_holds_float(item) for pair in value.items() for item in pair)
    if isinstance(value, list | tuple | set | frozenset):
        return any(_holds_float(item) for item in value)
    return isinstance(value, float | complex)


def _expression(source: str) -> ast.expr | None:
    """``source`` as one expression on one line of thought, or None."""
    try:
        body = parse_source(f"({source.strip()}\n)").body
    except SyntaxError:
        return None
    if len(body) != 1 or not isinstance(body[0], ast.Expr) or not source.strip():
        return None
    return body[0].value
