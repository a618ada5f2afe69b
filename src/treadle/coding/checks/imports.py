"""Finds which modules a program uses, and how: the questions that the names check asks the installed versions.

Left alone, because only a run can tell: names that the program binds a second time, attributes of values, and
whatever stands under ``try: ... except ImportError``, ``if hasattr(...)`` or a comparison of versions.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from treadle.coding.checks.introspect import Query

__all__ = ["ModuleUse", "bound_names", "module_aliases", "module_uses", "top_level_names"]

_GUARDS = frozenset({"ImportError", "ModuleNotFoundError", "AttributeError", "Exception", "BaseException", "KeyError"})
_TESTS = ("hasattr", "version", "TYPE_CHECKING", "find_spec", "sys.modules", "platform")


@dataclass(frozen=True, slots=True)
class ModuleUse:
    """One question, with the words of the program that raised it. ``parts`` are what ``Lookup.index`` counts."""

    query: Query
    line: int
    owner: str
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Alias:
    """What a name stands for: a module, or ``member`` of a module."""

    module: str
    member: str = ""


def module_uses(tree: ast.Module) -> list[ModuleUse]:
    """Every import and every dotted name that starts at an imported module, outside of guards."""
    finder = _Finder(_aliases(tree), _imported_modules(tree))
    finder.visit(tree)
    return [use for use in finder.uses if (use.owner, use.parts) not in finder.assigned]


def module_aliases(tree: ast.Module) -> dict[str, str]:
    """Names that stand for a module or its member throughout the program, with what they stand for, dotted."""
    return {
        name: f"{alias.module}.{alias.member}" if alias.member else alias.module for name, alias in _aliases(tree).items()
    }


def bound_names(tree: ast.AST) -> list[str]:
    """Names bound by anything but imports: assignments, parameters, definitions, loops, handlers, patterns."""
    names: list[str] = []
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                names.append(name)
            case ast.arg(arg=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.append(name)
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                names.append(name)
            case ast.MatchMapping(rest=str(name)):
                names.append(name)
    return names


def top_level_names(tree: ast.Module) -> set[str]:
    """Names bound in the program's own scope, imports included."""
    names: set[str] = set()
    pending: list[ast.AST] = list(tree.body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
            continue
        if isinstance(node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            continue
        if isinstance(node, ast.Import | ast.ImportFrom):
            names |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        pending += ast.iter_child_nodes(node)
    return names


def _aliases(tree: ast.Module) -> dict[str, _Alias]:
    rebound = set(bound_names(tree))
    targets: dict[str, set[_Alias]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                module = alias.name if alias.asname else alias.name.split(".")[0]
                targets.setdefault(alias.asname or module, set()).add(_Alias(module))
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            for alias in node.names:
                targets.setdefault(alias.asname or alias.name, set()).add(_Alias(node.module, alias.name))
    return {name: next(iter(found)) for name, found in targets.items() if len(found) == 1 and name not in rebound}


def _imported_modules(tree: ast.Module) -> list[str]:
    modules: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            modules.append(node.module)
    return sorted(set(modules))


class _Finder(ast.NodeVisitor):
    def __init__(self, aliases: dict[str, _Alias], imported: list[str]) -> None:
        self.uses: list[ModuleUse] = []
        self.assigned: set[tuple[str, tuple[str, ...]]] = set()
        self._aliases, self._imported = aliases, imported

    def visit_Try(self, node: ast.Try) -> None:
        if not any(_catches(handler) for handler in node.handlers):
            self._visit_all(node.body)
        self._visit_all([*node.handlers, *node.orelse, *node.finalbody])

    def visit_If(self, node: ast.If) -> None:
        if not _asks_what_exists(node.test):
            self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        if not _asks_what_exists(node.test):
            self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.uses.append(ModuleUse(("import", alias.name), node.lineno, "", tuple(alias.name.split("."))))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.level or not node.module or node.module == "__future__":
            return
        self.uses.append(ModuleUse(("import", node.module), node.lineno, "", tuple(node.module.split("."))))
        for alias in node.names:
            if alias.name != "*":
                query = ("from", node.module, alias.name)
                self.uses.append(ModuleUse(query, node.lineno, node.module, (alias.name,)))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        attributes: list[str] = []
        base: ast.expr = node
        while isinstance(base, ast.Attribute):
            attributes.insert(0, base.attr)
            base = base.value
        if not isinstance(base, ast.Name) or base.id not in self._aliases:
            self.visit(base)
            return
        alias = self._aliases[base.id]
        owner = f"{alias.module}.{alias.member}" if alias.member else alias.module
        if not isinstance(node.ctx, ast.Load):
            self.assigned.add((owner, tuple(attributes)))
            attributes.pop()
        if attributes:
            root = alias.module.split(".")[0]
            related = tuple(m for m in self._imported if m.split(".")[0] == root)
            query = ("chain", alias.module, alias.member, tuple(attributes), related)
            self.uses.append(ModuleUse(query, node.lineno, owner, tuple(attributes)))

    def _visit_all(self, nodes: Sequence[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)


def _catches(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    return any(isinstance(n, ast.Name) and n.id in _GUARDS for n in ast.walk(handler.type))


def _asks_what_exists(test: ast.expr) -> bool:
    text = ast.unparse(test)
    return any(word in text for word in _TESTS)
