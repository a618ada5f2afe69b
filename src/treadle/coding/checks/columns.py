"""Names of columns, trees and files that a data program uses and the data does not have.

The program is read once, in its order, and a few kinds of values are followed: the opened file, its tree, the arrays
or frame read from it, and selections of those. Everything else is unknown and never judged, nor is a column that the
program itself writes, tests for with ``in``, or reads under ``try``.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from treadle.coding.checks.imports import module_aliases
from treadle.coding.checks.readers import Readers
from treadle.coding.checks.sources import (
    Columns,
    Dataset,
    File,
    Finding,
    Kind,
    Many,
    Mask,
    Text,
    Tree,
    column_names,
    same_kind,
)

__all__ = ["ColumnReader"]

_GUARDS = frozenset({"KeyError", "AttributeError", "Exception", "BaseException", "ValueError", "LookupError"})
_KEEPING = frozenset({"copy", "head", "tail", "dropna", "query", "sort_values", "sample", "nlargest", "nsmallest"})
_INPLACE = frozenset({"insert", "rename", "eval", "set_index", "reset_index", "drop", "join", "update", "pop"})
_ARRAY_MODULES = ("numpy.", "awkward.")

Scope = dict[str, Kind]


class ColumnReader:
    """Reads one program; ``findings`` holds what it found, not yet confirmed by the file or the library."""

    def __init__(self, tree: ast.Module, data: Dataset) -> None:
        self.findings: list[Finding] = []
        self._written, self._open = _written_columns(tree)
        self._readers = Readers(data, module_aliases(tree), self._report)
        self._guarded = 0
        self._parents_of_attributes = _next_attributes(tree)
        scope: Scope = {}
        self._block(tree.body, scope)
        for function in _functions(tree):
            hidden = {arg.arg for arg in ast.walk(function.args) if isinstance(arg, ast.arg)} | _assigned(function.body)
            self._block(function.body, {name: kind for name, kind in scope.items() if name not in hidden})

    def _report(self, finding: Finding) -> None:
        if not self._guarded and finding.name not in self._written and finding not in self.findings:
            self.findings.append(finding)

    # -------------------------------------------------------------------------------------------- statements

    def _block(self, body: Iterable[ast.stmt], scope: Scope) -> None:
        for statement in body:
            self._statement(statement, scope)

    def _statement(self, node: ast.stmt, scope: Scope) -> None:
        match node:
            case ast.Assign(targets=targets, value=value):
                kind = self._eval(value, scope)
                for target in targets:
                    self._assign(target, kind, scope)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._assign(target, self._eval(value, scope), scope)
            case ast.AugAssign(target=target, value=value):
                self._eval(value, scope)
                self._assign(target, None, scope)
            case ast.If(test=test, body=body, orelse=orelse):
                self._eval(test, scope)
                self._branches([body, orelse], scope)
            case ast.For(target=target, iter=iterated, body=body, orelse=orelse):
                self._loop(target, self._eval(iterated, scope), [*body, *orelse], scope)
            case ast.While(test=test, body=body, orelse=orelse):
                self._loop(None, self._eval(test, scope), [*body, *orelse], scope)
            case ast.With(items=items, body=body):
                for item in items:
                    kind = self._eval(item.context_expr, scope)
                    if item.optional_vars is not None:
                        self._assign(item.optional_vars, kind, scope)
                self._block(body, scope)
            case ast.Try():
                self._try(node, scope)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                scope.pop(node.name, None)
            case _:
                for child in ast.iter_child_nodes(node):
                    if isinstance(child, ast.expr):
                        self._eval(child, scope)

    def _assign(self, target: ast.expr, kind: Kind, scope: Scope) -> None:
        if isinstance(target, ast.Name):
            scope[target.id] = kind
        elif isinstance(target, ast.Tuple | ast.List):
            for element in target.elts:
                self._assign(element, None, scope)
        elif isinstance(target, ast.Subscript | ast.Attribute):
            self._eval(target.value, scope)

    def _branches(self, bodies: list[list[ast.stmt]], scope: Scope) -> None:
        results = []
        for body in bodies:
            branch = dict(scope)
            self._block(body, branch)
            results.append(branch)
        for name in set().union(*results):
            kinds = [result.get(name) for result in results]
            scope[name] = kinds[0] if len(kinds) == 1 else same_kind(kinds[0], kinds[1])

    def _loop(self, target: ast.expr | None, iterated: Kind, body: list[ast.stmt], scope: Scope) -> None:
        inner = {name: kind for name, kind in scope.items() if name not in _assigned(body)}
        if target is not None:
            records = iterated if isinstance(iterated, Columns) and iterated.flavour == "awkward" else None
            self._assign(target, iterated.item if isinstance(iterated, Many) else records, inner)
        self._block(body, inner)
        for name in inner:
            scope[name] = same_kind(scope[name], inner[name]) if name in scope else inner[name]

    def _try(self, node: ast.Try, scope: Scope) -> None:
        guarded = any(_catches(handler) for handler in node.handlers)
        self._guarded += guarded
        self._block(node.body, scope)
        self._guarded -= guarded
        unsure = _assigned(node.body)
        for handler in node.handlers:
            branch = {name: kind for name, kind in scope.items() if name not in unsure}
            self._block(handler.body, branch)
            for name in _assigned(handler.body):
                scope[name] = same_kind(scope.get(name), branch.get(name))
        self._block([*node.orelse, *node.finalbody], scope)

    # -------------------------------------------------------------------------------------------- expressions

    def _eval(self, node: ast.expr, scope: Scope) -> Kind:
        match node:
            case ast.Name(id=name):
                return None if name in self._open else scope.get(name)
            case ast.Constant(value=str(text)):
                return Text(text)
            case ast.NamedExpr(target=target, value=value):
                scope[target.id] = kind = self._eval(value, scope)
                return kind
            case ast.Call():
                return self._call(node, scope)
            case ast.Subscript():
                return self._subscript(node, scope)
            case ast.Attribute():
                return self._attribute(node, scope)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                self._comprehension(node, scope)
                return None
            case ast.Lambda(args=arguments, body=body):
                hidden = {arg.arg for arg in ast.walk(arguments) if isinstance(arg, ast.arg)}
                self._eval(body, {name: kind for name, kind in scope.items() if name not in hidden})
                return None
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self._eval(child, scope)
        return Mask() if isinstance(node, ast.Compare | ast.Slice) or _is_mask_algebra(node) else None

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp, scope: Scope) -> None:
        inner = dict(scope)
        for generator in node.generators:
            kind = self._eval(generator.iter, inner)
            records = kind if isinstance(kind, Columns) and kind.flavour == "awkward" else None
            self._assign(generator.target, kind.item if isinstance(kind, Many) else records, inner)
            for condition in generator.ifs:
                self._eval(condition, inner)
        for element in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
            self._eval(element, inner)

    def _call(self, node: ast.Call, scope: Scope) -> Kind:
        arguments = [self._eval(argument, scope) for argument in node.args]
        for keyword in node.keywords:
            self._eval(keyword.value, scope)
        known, kind = self._readers.function(node, arguments)
        if known:
            return kind
        if not isinstance(node.func, ast.Attribute):
            self._eval(node.func, scope)
            return None
        base = self._eval(node.func.value, scope)
        if isinstance(base, Tree):
            return self._readers.method_of_tree(node, base, arguments)
        if isinstance(base, Columns):
            self._attribute_of(node.func, base)
            return base if node.func.attr in _KEEPING else None
        return Mask() if (self._readers.dotted(node.func) or "").startswith(_ARRAY_MODULES) else None

    def _attribute(self, node: ast.Attribute, scope: Scope) -> Kind:
        base = self._eval(node.value, scope)
        if isinstance(base, Columns) and isinstance(node.ctx, ast.Load):
            self._attribute_of(node, base)
        return None

    def _attribute_of(self, node: ast.Attribute, base: Columns) -> None:
        if base.flavour == "dict" or node.attr in base.names or node.attr.startswith("_"):
            return
        then = self._parents_of_attributes.get(id(node), "")
        known = tuple(sorted(base.names))
        self._report(Finding("attribute", node.attr, node.lineno, known, then, base.tree, base.flavour))

    def _subscript(self, node: ast.Subscript, scope: Scope) -> Kind:
        base = self._eval(node.value, scope)
        index = self._eval(node.slice, scope)
        if not isinstance(node.ctx, ast.Load):
            return None
        if isinstance(base, File):
            return self._readers.key_of_file(base, index, node.lineno)
        if isinstance(base, Tree):
            if isinstance(index, Text):
                self._column(node, index.value, column_names(base.table), base.table.name)
            return None
        return self._select(node, base, index, scope) if isinstance(base, Columns) else None

    def _select(self, node: ast.Subscript, base: Columns, index: Kind, scope: Scope) -> Kind:
        if isinstance(index, Text):
            self._column(node, index.value, base.names, base.tree)
            return None
        if isinstance(node.slice, ast.List):
            names = [self._eval(element, scope) for element in node.slice.elts]
            if not names or not all(isinstance(name, Text) for name in names):
                return None
            chosen = [name.value for name in names if isinstance(name, Text)]
            for name in chosen:
                self._column(node, name, base.names, base.tree)
            return Columns(frozenset(chosen), base.flavour, ast.unparse(node.slice))
        number = isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, int)
        keeps = isinstance(index, Mask) or (number and base.flavour == "awkward")
        return base if keeps and base.flavour != "dict" else None

    def _column(self, node: ast.Subscript, name: str, known: frozenset[str], tree: str) -> None:
        if name in known or any(char in name for char in "*?[]"):
            return
        then = self._parents_of_attributes.get(id(node), "")
        self._report(Finding("column", name, node.lineno, tuple(sorted(known)), then, tree))


# ------------------------------------------------------------------------------------------------ about programs


def _functions(tree: ast.Module) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def _assigned(body: Iterable[ast.stmt]) -> set[str]:
    stores = (node for statement in body for node in ast.walk(statement) if isinstance(node, ast.Name))
    return {node.id for node in stores if not isinstance(node.ctx, ast.Load)}


def _catches(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    return any(isinstance(n, ast.Name) and n.id in _GUARDS for n in ast.walk(handler.type))


def _is_mask_algebra(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, ast.BitAnd | ast.BitOr | ast.BitXor)
    return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Invert | ast.Not)


def _next_attributes(tree: ast.Module) -> dict[int, str]:
    """For every expression, the name that is asked of it: ``pt`` for ``events.Muon`` in ``events.Muon.pt``."""
    found: dict[int, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            found[id(node.value)] = node.attr
        elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
            found[id(node.value)] = node.slice.value
    return found


def _written_columns(tree: ast.Module) -> tuple[set[str], set[str]]:
    """Column names that the program writes or tests for, and variables that may gain columns of any name."""
    written: set[str] = set()
    opened: set[str] = set()
    defined = {function.name for function in _functions(tree)}
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(slice=ast.Constant(value=str(name)), ctx=ast.Store() | ast.Del()):
                written.add(name)
            case ast.Subscript(value=ast.Name(id=variable), ctx=ast.Store() | ast.Del()):
                opened.add(variable)
            case ast.Attribute(value=ast.Name(id=variable), ctx=ast.Store()):
                opened.add(variable)
            case ast.Compare(left=ast.Constant(value=str(name)), ops=[ast.In() | ast.NotIn()]):
                written.add(name)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=variable), attr=method)) if method in _INPLACE:
                opened.add(variable)
            case ast.Call(func=ast.Name(id=function), args=arguments) if function in defined or function == "setattr":
                opened |= {argument.id for argument in arguments if isinstance(argument, ast.Name)}
    return written, opened
