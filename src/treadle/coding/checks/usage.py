"""The names and constants that a program uses, and where."""

from __future__ import annotations

import ast
import fnmatch
import math
import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from treadle.coding.extract import parse_source

__all__ = ["Usage", "usage_of"]

_QUERIES = frozenset({"query", "eval", "arrays", "array", "iterate", "execute", "executemany", "read_sql", "sql", "Filter"})
_LABELS = frozenset({"print", "title", "set_title", "xlabel", "ylabel", "set_xlabel", "set_ylabel", "legend"})
_MIRRORED: dict[type[ast.cmpop], type[ast.cmpop]] = {ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE}
_OPERATIONS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_EVERYTHING = frozenset({"fields", "columns", "keys"})


@dataclass
class Usage:
    """What stands in a program. ``dynamic``: it goes through all columns, so none can be said to be unused."""

    numbers: set[float] = field(default_factory=set)
    bounds: set[tuple[str, float]] = field(default_factory=set)
    indices: set[float] = field(default_factory=set)
    arguments: set[float] = field(default_factory=set)
    names: set[str] = field(default_factory=set)
    patterns: list[str] = field(default_factory=list)
    unpacked: set[int] = field(default_factory=set)
    dynamic: bool = False

    def has_number(self, value: float) -> bool:
        return any(math.isclose(value, number, rel_tol=1e-9) for number in self.numbers)

    def has_name(self, name: str) -> bool:
        return self.dynamic or name in self.names or any(re.fullmatch(p, name) for p in self.patterns)

    def has_numbered_names(self, count: int) -> bool:
        """Whether names like pt1 ... pt<count> are used."""
        stems = [re.sub(r"\d+$", "", name) for name in self.names if re.search(r"[A-Za-z_]\d+$", name)]
        return any(all(f"{stem}{n}" in self.names for n in range(1, count + 1)) for stem in stems)

    def is_bound_of(self, value: int) -> bool:
        """Whether a comparison of whole numbers has its limit at ``value``: '> 29' and '<= 29' for 30."""
        return bool(self.bounds & {("Gt", value - 1), ("LtE", value - 1), ("Lt", value + 1), ("GtE", value + 1)})

    def is_index(self, value: float) -> bool:
        return value in self.indices

    def is_argument(self, value: float) -> bool:
        return value in self.arguments

    def has_unpacked(self, count: int) -> bool:
        """Whether something is taken apart into ``count`` variables."""
        return count in self.unpacked


def usage_of(source: str) -> Usage:
    """What a Python program uses; of other languages, and of what is nested too deeply, all names and numbers."""
    usage = Usage()
    try:
        _read_program(parse_source(source), usage)
    except (SyntaxError, RecursionError):
        _read_text(source, usage)
    return usage


def _read_program(tree: ast.Module, usage: Usage) -> None:
    plain = _labels(tree)
    for node in ast.walk(tree):
        _read(node, usage, plain)
        if isinstance(node, ast.Call) and _called(node) in _QUERIES:
            for text in ast.walk(node):
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    _read_text(text.value, usage)


def _labels(tree: ast.Module) -> set[int]:
    """Docstrings and what is printed or drawn as a title: words about the result, not parts of it."""
    found: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            found.add(id(node.value))
        elif isinstance(node, ast.Call) and _called(node) in _LABELS:
            for argument in node.args:
                found |= {id(part) for part in (argument.values if isinstance(argument, ast.JoinedStr) else [argument])}
    return found


def _read(node: ast.AST, usage: Usage, labels: set[int]) -> None:
    match node:
        case ast.Constant(value=str(text)) if id(node) not in labels:
            _read_string(text, usage)
        case ast.Constant() | ast.BinOp() | ast.UnaryOp():
            number = _number(node)
            if number is not None:
                usage.numbers.add(abs(number))
        case ast.Attribute(attr=name) | ast.Name(id=name) | ast.arg(arg=name) | ast.keyword(arg=str(name)):
            usage.names.add(name)
            usage.numbers |= {float(digits) for digits in re.findall(r"(?<=[A-Za-z])\d{1,3}$", name) if name in _NUMBERED}
            if isinstance(node, ast.Attribute):
                usage.dynamic |= name in _EVERYTHING and not isinstance(node.ctx, ast.Store)
                _read_path(node, usage)
        case ast.JoinedStr(values=parts) if _may_be_name(parts):
            usage.patterns.append("".join(_pattern(part) for part in parts))
        case ast.Compare():
            usage.bounds |= _bounds(node)
        case ast.Subscript(slice=index):
            usage.indices |= {abs(n) for n in _numbers(ast.walk(index))}
            usage.dynamic |= isinstance(index, ast.JoinedStr) and not _may_be_name(index.values)
        case ast.Call(args=arguments, keywords=keywords):
            usage.arguments |= _numbers([*arguments, *(keyword.value for keyword in keywords)])
        case ast.Tuple(elts=elements, ctx=ast.Store()):
            usage.unpacked.add(len(elements))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        for side, form in ((node.left, "{}.*"), (node.right, ".*{}")):
            if isinstance(side, ast.Constant) and isinstance(side.value, str) and side.value:
                usage.patterns.append(form.format(re.escape(side.value)))


_NUMBERED = frozenset({"log10", "log2", "exp2", "atan2", "arctan2", "sqrt2"})


def _read_string(text: str, usage: Usage) -> None:
    usage.names |= {text, *re.findall(r"[A-Za-z_]\w*", text)}
    if not re.search(r"[*?]", text) or len(text) > 200 or " " in text:
        return
    is_regex = text.startswith("/") and _compiles(text.strip("/"))
    usage.patterns.append(text.strip("/") if is_regex else fnmatch.translate(text))


def _compiles(pattern: str) -> bool:
    try:
        re.compile(pattern)
    except re.error:
        return False
    return True


def _read_text(text: str, usage: Usage) -> None:
    """Numbers and names of a query or of another language than Python."""
    usage.names |= set(re.findall(r"[A-Za-z_]\w*", text))
    numbers = {float(number) for number in re.findall(r"(?<![\w.])(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\w])", text)}
    usage.numbers |= numbers
    if re.search(r"select\s+(?:\w+\.)?\*", text, re.IGNORECASE):
        usage.dynamic = True


def _read_path(node: ast.Attribute, usage: Usage) -> None:
    """``events.Muon.pt`` uses the column Muon_pt."""
    if isinstance(node.value, ast.Attribute):
        usage.names.add(f"{node.value.attr}_{node.attr}")


def _pattern(part: ast.expr) -> str:
    if isinstance(part, ast.Constant) and isinstance(part.value, str):
        return re.escape(part.value)
    return r".*"


def _may_be_name(parts: list[ast.expr]) -> bool:
    texts = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return bool(texts) and all(re.fullmatch(r"\w+", text) for text in texts)


def _bounds(node: ast.Compare) -> set[tuple[str, float]]:
    found: set[tuple[str, float]] = set()
    sides = [node.left, *node.comparators]
    for left, op, right in zip(sides, node.ops, sides[1:], strict=False):
        upper, lower = _number(right), _number(left)
        if upper is not None:
            found.add((type(op).__name__, upper))
        if lower is not None:
            found.add((_MIRRORED.get(type(op), type(op)).__name__, lower))
    return found


def _numbers(nodes: Iterable[ast.AST]) -> set[float]:
    found = (_number(node) for node in nodes)
    return {number for number in found if number is not None}


def _number(node: ast.AST) -> float | None:
    """The value of a constant expression: numbers, pi, signs and the four operations, and powers of ten."""
    match node:
        case ast.Constant(value=bool()):
            return None
        case ast.Constant(value=int(value) | float(value)) if abs(value) < 1e300:
            return float(value)
        case ast.Attribute(attr="pi") | ast.Name(id="pi"):
            return math.pi
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            inner = _number(operand)
            return -inner if inner is not None and isinstance(node.op, ast.USub) else inner
        case ast.BinOp(left=left, op=op, right=right):
            return _folded(_number(left), op, _number(right))
    return None


def _folded(left: float | None, op: ast.operator, right: float | None) -> float | None:
    if left is None or right is None:
        return None
    try:
        if isinstance(op, ast.Pow) and abs(right) <= 20:
            result = left**right
            return result if isinstance(result, float) else None
        return _OPERATIONS[type(op)](left, right) if type(op) in _OPERATIONS else None
    except (ArithmeticError, ValueError):
        return None


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""
