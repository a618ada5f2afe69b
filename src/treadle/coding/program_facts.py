"""What a program does, as far as its text shows: calls, operators, comparisons with numbers.

One pass over the syntax tree, without running anything. Conditions inside strings that are given to ``query``, ``eval``
and ``arrays(cut=...)`` count as code.
"""

from __future__ import annotations

import ast
import math
from dataclasses import dataclass, field

from treadle.coding.checks.usage import Usage, usage_of
from treadle.coding.extract import parse_source

__all__ = ["REDUCTIONS", "ProgramFacts", "called", "facts_of"]

REDUCTIONS = frozenset({"mean", "average", "nanmean", "sum", "nansum", "median", "fmean", "std", "nanmedian"})
_ABSOLUTE = frozenset({"abs", "fabs", "absolute"})
_QUERIES = frozenset({"query", "eval", "arrays", "array", "iterate", "concatenate"})
_MIRRORED = {"Lt": "Gt", "Gt": "Lt", "LtE": "GtE", "GtE": "LtE"}
_COMPARING = {
    "greater": "Gt",
    "gt": "Gt",
    "greater_equal": "GtE",
    "ge": "GtE",
    "less": "Lt",
    "lt": "Lt",
    "less_equal": "LtE",
    "le": "LtE",
    "equal": "Eq",
    "eq": "Eq",
    "not_equal": "NotEq",
    "ne": "NotEq",
}


@dataclass
class ProgramFacts:
    """``comparisons``: (operator, number on its right or None); ``free_numbers``: those outside of comparisons.

    ``inverted``: a condition is turned round somewhere (``~``, ``not``, ``1 - x``, ``len(x) - y``), so that the direction of
    a comparison says nothing.
    """

    usage: Usage = field(default_factory=Usage)
    calls: set[str] = field(default_factory=set)
    operators: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    keywords: set[str] = field(default_factory=set)
    comparisons: set[tuple[str, float | None]] = field(default_factory=set)
    free_numbers: set[float] = field(default_factory=set)
    indices: set[float] = field(default_factory=set)
    powers: int = 0
    products: int = 0
    loops: int = 0
    inverted: bool = False
    slices: bool = False
    abs_calls: int = 0
    abs_of_reduction: int = 0
    abs_of_comparison: bool = False
    tree: ast.Module | None = None

    def calls_any(self, *names: str) -> bool:
        return not self.calls.isdisjoint(names)

    def has_operator(self, *names: str) -> bool:
        return not self.operators.isdisjoint(names)

    def compares(self, value: float, *operators: str) -> bool:
        """Whether something is compared with ``value`` by one of these operators."""
        return any(
            number is not None and math.isclose(number, value, rel_tol=1e-9, abs_tol=1e-12) and operator in operators
            for operator, number in self.comparisons
        )

    def compares_columns(self, *operators: str) -> bool:
        """Whether two things, neither of them a number, are compared by one of these operators."""
        return any(number is None and operator in operators for operator, number in self.comparisons)


def facts_of(source: str) -> ProgramFacts | None:
    """The facts of a Python program; None where it does not parse as one."""
    try:
        tree = parse_source(source)
        facts = ProgramFacts(usage=usage_of(source), tree=tree)
        _Reader(facts, _constants(tree)).visit(tree)
    except (SyntaxError, RecursionError):
        return None
    return facts


def called(node: ast.Call) -> str:
    """The last part of the name of what is called."""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _is_write_mode(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value[:2] in ("w", "wb", "wt", "a", "x", "xb")
    )


def _constants(tree: ast.Module) -> dict[str, float]:
    """Variables that are set to a number, once."""
    found: dict[str, list[float | None]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                names = target.elts if isinstance(target, ast.Tuple) else [target]
                values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
                if len(names) != len(values):
                    values = [ast.Constant(value=None)] * len(names)
                for name, value in zip(names, values, strict=True):
                    if isinstance(name, ast.Name):
                        found.setdefault(name.id, []).append(_number(value, {}))
    return {name: values[0] for name, values in found.items() if len(values) == 1 and values[0] is not None}


def _number(node: ast.AST, constants: dict[str, float]) -> float | None:
    match node:
        case ast.Constant(value=bool()):
            return None
        case ast.Constant(value=int(value) | float(value)) if abs(value) < 1e300:
            return float(value)
        case ast.Name(id=name):
            return constants.get(name)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            inner = _number(operand, constants)
            return None if inner is None else -inner
        case ast.BinOp(left=left, op=ast.Pow() | ast.Mult() | ast.Div() as op, right=right):
            return _folded(_number(left, constants), op, _number(right, constants))
    return None


def _folded(left: float | None, op: ast.operator, right: float | None) -> float | None:
    if left is None or right is None:
        return None
    try:
        result = left * right if isinstance(op, ast.Mult) else left / right if isinstance(op, ast.Div) else left**right
    except (ArithmeticError, ValueError):
        return None
    return result if isinstance(result, float) else None


class _Reader(ast.NodeVisitor):
    def __init__(self, facts: ProgramFacts, constants: dict[str, float]) -> None:
        self.facts = facts
        self.constants = constants

    def visit_Call(self, node: ast.Call) -> None:
        facts, name = self.facts, called(node)
        facts.calls.add(name.lower())
        facts.keywords |= {keyword.arg for keyword in node.keywords if keyword.arg}
        if name in _ABSOLUTE:
            self._absolute(node)
        if name in _COMPARING and node.args:
            facts.comparisons.add((_COMPARING[name], _number(node.args[-1], self.constants)))
        if name == "between" and len(node.args) >= 2:
            facts.comparisons |= {
                ("GtE", _number(node.args[0], self.constants)),
                ("LtE", _number(node.args[1], self.constants)),
            }
        if name in _QUERIES:
            self._queries(node)
        if name == "open" and any(_is_write_mode(part) for part in [*node.args, *(k.value for k in node.keywords)]):
            facts.calls.add("open_to_write")
        if name == "print":
            # Words about the result are no part of it; the values between them are.
            for part in ast.walk(node):
                if isinstance(part, ast.FormattedValue):
                    self.visit(part.value)
            for argument in node.args:
                if not isinstance(argument, ast.JoinedStr):
                    self.visit(argument)
            return
        self.generic_visit(node)

    def _absolute(self, node: ast.Call) -> None:
        self.facts.abs_calls += 1
        argument = node.args[0] if node.args else node.func
        if isinstance(argument, ast.Compare):
            self.facts.abs_of_comparison = True
        # The absolute value of a sum along an axis is one value an event, so only a plain reduction counts.
        if isinstance(argument, ast.Call) and called(argument) in REDUCTIONS and not argument.keywords:
            self.facts.abs_of_reduction += 1

    def _queries(self, node: ast.Call) -> None:
        for part in ast.walk(node):
            if isinstance(part, ast.Constant) and isinstance(part.value, str) and len(part.value) < 2000:
                text = part.value.replace("&&", " and ").replace("||", " or ").strip()
                try:
                    self.visit(ast.parse(text, mode="eval"))
                except (SyntaxError, ValueError, RecursionError, MemoryError):
                    continue

    def visit_Compare(self, node: ast.Compare) -> None:
        sides = [node.left, *node.comparators]
        for left, op, right in zip(sides, node.ops, sides[1:], strict=False):
            name, upper, lower = type(op).__name__, _number(right, self.constants), _number(left, self.constants)
            if upper is None and lower is not None:
                self.facts.comparisons.add((_MIRRORED.get(name, name), lower))
            else:
                self.facts.comparisons.add((name, upper))
        for side in sides:
            if _number(side, {}) is None:
                self.visit(side)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        facts = self.facts
        facts.operators.add(type(node.op).__name__)
        facts.powers += isinstance(node.op, ast.Pow)
        facts.products += isinstance(node.op, ast.Mult)
        if isinstance(node.op, ast.Sub):
            whole = _number(node.left, self.constants) in (1.0, 100.0)
            facts.inverted |= whole or (isinstance(node.left, ast.Call) and called(node.left) == "len")
            facts.inverted |= isinstance(node.left, ast.Name) and node.left.id not in self.constants and "n" in node.left.id
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.facts.operators.add(type(node.op).__name__)
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        self.facts.inverted |= isinstance(node.op, ast.Invert | ast.Not)
        self.facts.operators.add(type(node.op).__name__)
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        self.facts.operators.add(type(node.op).__name__)
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.facts.attributes.add(node.attr)
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        for part in node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]:
            number = _number(part, {})
            if number is not None:
                self.facts.indices.add(number)
            self.facts.slices |= isinstance(part, ast.Slice) and not (part.lower is None and part.upper is None)
        self.generic_visit(node)

    def visit_Continue(self, node: ast.Continue) -> None:
        self.facts.inverted = True

    def visit_For(self, node: ast.For) -> None:
        self.facts.loops += 1
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        self.facts.loops += 1
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        number = _number(node, {})
        if number is not None:
            self.facts.free_numbers.add(number)
