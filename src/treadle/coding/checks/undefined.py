"""Names that a program reads but never binds, by the compiler's own symbol tables.

In doubt nothing is reported: star imports, ``exec``, ``globals()`` and the like can bind any name, and so can a
program that catches NameError. A name that is bound somewhere, but only after it is read, is left to the run.
"""

from __future__ import annotations

import ast
import builtins
import symtable
from dataclasses import dataclass

from treadle.coding.extract import quietly

__all__ = ["Undefined", "undefined_names"]

_BINDERS = frozenset({"exec", "globals", "locals", "vars", "setattr", "__import__", "__builtins__", "builtins", "execfile"})
_KNOWN = frozenset(dir(builtins)) | {
    *("__file__", "__name__", "__doc__", "__spec__", "__loader__", "__package__", "__builtins__", "__annotations__"),
    *("__class__", "__module__", "__qualname__", "__dict__", "__path__", "__cached__", "__debug__", "__classdict__"),
}


_SCOPES = (ast.FunctionDef, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True, slots=True)
class Undefined:
    name: str
    line: int


def undefined_names(tree: ast.Module) -> list[Undefined]:
    """Names without any binding in the program, in the order in which they are first read."""
    if _may_bind_anything(tree):
        return []
    try:
        with quietly():
            top = symtable.symtable(ast.unparse(_Without().visit(_copy(tree))), "<program>", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    bound = {symbol.get_name() for symbol in top.get_symbols() if _binds(symbol)}
    read: set[str] = set()
    _collect(top, bound, read)
    lines = _first_lines(tree)
    found = [Undefined(name, lines[name]) for name in read - bound - _KNOWN if name in lines]
    return sorted(found, key=lambda undefined: (undefined.line, undefined.name))


def _copy(tree: ast.Module) -> ast.Module:
    return ast.parse(ast.unparse(tree))


class _Without(ast.NodeTransformer):
    """Drops annotations of local variables: Python does not evaluate them, the symbol table lists them."""

    def __init__(self) -> None:
        self._depth = 0

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self._depth += 1
        self.generic_visit(node)
        self._depth -= 1
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if self._depth:
            node.annotation = ast.Constant(value=0)
        return node


def _may_bind_anything(tree: ast.Module) -> bool:
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(names=names) if any(alias.name == "*" for alias in names):
                return True
            case ast.Name(id=name) if name in _BINDERS:
                return True
            case ast.Import(names=names) if any(alias.name == "builtins" for alias in names):
                return True
            case ast.ExceptHandler(type=kind) if kind is not None and "NameError" in ast.unparse(kind):
                return True
    return False


def _collect(table: symtable.SymbolTable, bound: set[str], read: set[str]) -> None:
    """Adds what a scope binds for the module and what it reads from it."""
    for symbol in table.get_symbols():
        if symbol.is_declared_global() and symbol.is_assigned():
            bound.add(symbol.get_name())
        if symbol.is_referenced() and (symbol.is_global() or table.get_type() == "module"):
            read.add(symbol.get_name())
    for child in table.get_children():
        _collect(child, bound, read)


def _binds(symbol: symtable.Symbol) -> bool:
    return symbol.is_assigned() or symbol.is_imported() or symbol.is_parameter() or symbol.is_namespace()


def _first_lines(tree: ast.Module) -> dict[str, int]:
    """Where each name is first read, outside of the scopes that bind it for themselves."""
    own = {id(node) for scope in ast.walk(tree) if isinstance(scope, _SCOPES) for node in _reads_of_own_names(scope)}
    lines: dict[str, int] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load | ast.Del) and id(node) not in own:
            lines[node.id] = min(node.lineno, lines.get(node.id, node.lineno))
    return lines


def _reads_of_own_names(scope: ast.AST) -> list[ast.Name]:
    nodes = list(ast.walk(scope))
    names = [node for node in nodes if isinstance(node, ast.Name)]
    bound = {node.id for node in names if isinstance(node.ctx, ast.Store)}
    bound |= {node.arg for node in nodes if isinstance(node, ast.arg)}
    return [node for node in names if node.id in bound and isinstance(node.ctx, ast.Load)]
