"""The names rung: modules, their attributes, variables, and what the data file holds."""

from __future__ import annotations

import ast
import difflib
import sys
from collections.abc import Iterable

from treadle.coding.checks.base import Context, failed, passed
from treadle.coding.checks.columns import ColumnReader
from treadle.coding.checks.imports import ModuleUse, bound_names, module_aliases, module_uses
from treadle.coding.checks.introspect import Lookup
from treadle.coding.checks.sources import Dataset, Finding
from treadle.coding.checks.undefined import Undefined, undefined_names
from treadle.coding.extract import parse_source
from treadle.errors import nearest
from treadle.types import Draft, Rung, Verdict

__all__ = ["ColumnsExist", "ModulesExist", "VariablesExist", "close_names", "near", "undefined_advice"]

_IMPORTED_AS = {
    "np": "numpy",
    "ak": "awkward",
    "pd": "pandas",
    "plt": "matplotlib.pyplot",
    "hep": "mplhep",
    "Counter": "collections.Counter",
    "defaultdict": "collections.defaultdict",
    "deque": "collections.deque",
    "reduce": "functools.reduce",
    "Path": "pathlib.Path",
    "Hist": "hist.Hist",
} | {name: name for name in ("numpy", "awkward", "pandas", "scipy", "uproot", "vector", "hist", "mplhep")}
_MOST_SHOWN = 12
_LIKENESS = 0.15
_CLASSES = {"awkward": (("awkward", "Array"), ("awkward", "Record")), "pandas": (("pandas", "DataFrame"),)}


def near(name: str, known: Iterable[str]) -> str:
    """'; nearest: a, b', or nothing."""
    close = close_names(name, known)
    return f"; nearest: {', '.join(close)}" if close else ""


def close_names(name: str, known: Iterable[str]) -> list[str]:
    """The nearest names, without those that are much less like ``name`` than the best one."""
    close = nearest(name, (n for n in known if not n.startswith("_") or name.startswith("_")))
    likeness = [difflib.SequenceMatcher(None, name.lower(), other.lower()).ratio() for other in close]
    return [other for other, ratio in zip(close, likeness, strict=True) if ratio > max(likeness) - _LIKENESS]


class ModulesExist:
    """Imports resolve and modules have the attributes asked of them, in the installed versions."""

    name = "modules exist"
    rung = Rung.NAMES

    def judge(self, draft: Draft, context: Context) -> list[Verdict]:
        uses = module_uses(parse_source(draft.program or ""))
        lookups = context.modules.look_up([use.query for use in uses])
        missing = [(use, found) for use, found in zip(uses, lookups, strict=True) if found.missing]
        absent = {use.query[1] for use, _ in missing if use.query[0] == "import"}
        told: dict[str, Verdict] = {}
        for use, found in missing:
            if use.query[0] == "import" or use.query[1] not in absent:
                told.setdefault(*self._verdict(use, found))
        return list(told.values()) or [passed(self, f"{len(uses)} imported names exist" if uses else "nothing is imported")]

    def _verdict(self, use: ModuleUse, found: Lookup) -> tuple[str, Verdict]:
        name = use.parts[found.index]
        if use.query[0] == "import":
            full = ".".join(use.parts[: found.index + 1])
            reason = f"line {use.line}: there is no module {full!r}{near(name, found.names)}"
        else:
            owner = ".".join([use.owner, *use.parts[: found.index]])
            reason = f"line {use.line}: {owner} has no {name!r}{near(name, found.names)}"
        return reason.split(": ", 1)[1], failed(
            self, reason, reason, line=use.line, missing=name, nearest=close_names(name, found.names)
        )


class VariablesExist:
    """Every variable that is read is bound somewhere. The order of binding and reading is left to the run."""

    name = "variables exist"
    rung = Rung.NAMES

    def judge(self, draft: Draft, context: Context) -> list[Verdict]:
        tree = parse_source(draft.program or "")
        missing = undefined_names(tree)
        return [self._verdict(name, tree, context) for name in missing] or [passed(self, "every variable is bound")]

    def _verdict(self, missing: Undefined, tree: ast.Module, context: Context) -> Verdict:
        known = {*bound_names(tree), *module_aliases(tree)}
        reason = f"line {missing.line}: the name {missing.name!r} is never defined{near(missing.name, known)}"
        hint = reason + undefined_advice(missing.name, context)
        return failed(self, reason, hint, line=missing.line, missing=missing.name)


def undefined_advice(name: str, context: Context) -> str:
    """What to do about an undefined name, as the end of a hint."""
    data = context.request.data
    if data is not None and name in data.column_names:
        return f"; {name!r} is a column of the data: write events[{name!r}]"
    module = _IMPORTED_AS.get(name) or (name if name in sys.stdlib_module_names else None)
    if module is None:
        return ""
    owner, _, member = module.rpartition(".")
    if owner and name == member:
        return f"; add: from {owner} import {member}"
    return f"; add: import {module}" + (f" as {name}" if module != name else "")


class ColumnsExist:
    """Files, trees and columns that the program names are there. Only judges what a plain reading can follow."""

    name = "columns exist"
    rung = Rung.NAMES

    def judge(self, draft: Draft, context: Context) -> list[Verdict]:
        data = context.request.data
        if data is None:
            return []
        reader = ColumnReader(parse_source(draft.program or ""), Dataset(data))
        verdicts = [self._verdict(f, context) for f in reader.findings if self._confirmed(f, context)]
        unique = {verdict.reason.split(": ", 1)[-1]: verdict for verdict in reversed(verdicts)}
        return list(reversed(unique.values())) or [passed(self, "no column was found that the data does not have")]

    def _confirmed(self, finding: Finding, context: Context) -> bool:
        """Asks the file or the library itself; the summary of the data need not list everything."""
        data = context.request.data
        assert data is not None
        if finding.kind == "attribute":
            known = [context.modules.names_of(*member) for member in _CLASSES[finding.flavour]]
            if not all(known) or finding.name in frozenset().union(*known):
                return False
        if data.kind != "root" or finding.kind == "file":
            return True
        file = context.files[0].name if context.files else ""
        if finding.kind == "tree":
            return context.modules.look_up([("key", file, finding.name)], context.files)[0].missing
        if finding.tree:
            return context.modules.look_up([("branch", file, finding.tree, finding.name)], context.files)[0].missing
        return True

    def _verdict(self, finding: Finding, context: Context) -> Verdict:
        data = context.request.data
        assert data is not None
        close, word = _closest(finding), "tree" if data.kind == "root" else "table"
        tail = f"; nearest: {', '.join(close)}" if close else ""
        if finding.kind == "file":
            right = finding.known[0]
            reason = f"line {finding.line}: the data file is {right!r}, not {finding.name!r}"
            return failed(
                self, reason, f"{reason}; it lies in the working directory", line=finding.line, missing=finding.name
            )
        if finding.kind == "tree":
            reason = f"line {finding.line}: {data.path.rsplit('/', 1)[-1]} has no {word} {finding.name!r}{tail}"
        elif finding.name in data.column_names:
            read = ", ".join(finding.known)
            reason = f"line {finding.line}: the column {finding.name!r} was not read; the program reads {read}"
        else:
            reason = f"line {finding.line}: the data has no column {finding.name!r}{tail}"
        absent = {} if finding.name in data.column_names else {"missing": finding.name}
        hint = f"{reason}; {f'{word}s' if finding.kind == 'tree' else 'columns'}: {_listed(finding, data.column_names)}"
        return failed(self, reason, hint, line=finding.line, nearest=close, **absent)


def _closest(finding: Finding) -> list[str]:
    joined = [f"{finding.name}{mark}{finding.then}" for mark in ("_", ".", "/") if finding.then]
    exact = [name for name in joined if name in finding.known]
    return [*exact, *(name for name in close_names(finding.name, finding.known) if name not in exact)][:3]


def _listed(finding: Finding, columns: frozenset[str]) -> str:
    names = sorted(finding.known if finding.kind == "tree" else columns)
    return ", ".join(names[:_MOST_SHOWN]) + (f", ... ({len(names)} in all)" if len(names) > _MOST_SHOWN else "")
