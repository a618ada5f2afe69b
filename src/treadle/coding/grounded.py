"""What is known of a request's world, as a guide for its drafts: names of modules, columns of the file, the schema."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence

from treadle.coding.extract import parse_source
from treadle.coding.names_index import Index, names_index
from treadle.coding.sql.base import Dialect
from treadle.engines.base import Guide
from treadle.grounding.base import Level
from treadle.grounding.python import Facts, Members, PythonGuide
from treadle.grounding.sql import SqlGuide
from treadle.sandbox.base import Sandbox
from treadle.settings import load_settings
from treadle.types import DataSummary, Prompt

__all__ = ["facts_of", "known_facts", "python_guide", "sql_guide"]

EVENTS = "events"
"""The name under which the preamble opens the data."""
_SUBMODULES = frozenset({"fft", "linalg", "optimize", "pyplot", "random", "special", "stats", "str"})
"""Whose members are held, too; of others any may be written. Each makes the grammar of a line larger."""
_LITERALS = {"[]": Members(names=frozenset(dir(list))), "{}": Members(names=frozenset(dir(dict)))}
_LITERALS['""'] = Members(names=frozenset(dir(str)))
_CLASSES = {"root": "awkward.Array", "parquet": "awkward.Array"}


def python_guide(prompt: Prompt, preamble: str, facts: Facts, level: Level = "all") -> Guide | None:
    """For drafts that go on from ``prompt``'s primer; None where the engine writes a whole answer, or amid a line."""
    if not prompt.primer or prompt.primer.endswith("def"):
        return None
    before = f"{preamble}{_function(prompt.primer)}"
    return PythonGuide(facts, before, ends=prompt.stop, level=level, returns=not prompt.body_indent)


def known_facts(preamble: str, data: DataSummary | None, sandbox: Sandbox) -> Facts:
    """What is known of the names in drafts that begin with ``preamble``; asks the installed modules that it imports."""
    imported = sorted({name.split(".")[0] for _, name in _imports(preamble)})
    index = names_index(sandbox, load_settings().cache_dir, imported) if imported else Index({})
    return facts_of(preamble, data, index)


def facts_of(preamble: str, data: DataSummary | None, index: Index) -> Facts:
    """What the lines before a draft and the file say: modules by their aliases, the columns.

    Keywords of functions are not held: with those of numpy and awkward the grammar of a line has 200,000 rules.
    """
    modules: dict[str, Members] = {}
    results = dict(_LITERALS)
    for alias, name in _imports(preamble):
        for dotted, module in _with_submodules(alias, name, index):
            results |= {f"{dotted}.{name}": Members(names=found) for name, found in index.results(module).items()}
            members = index.members(module)
            if members is None:
                continue
            inner = frozenset(m for m in members if index.is_module(f"{module}.{m}"))
            modules[dotted] = Members(names=members, modules=inner)
    columns = {} if data is None or not data.tables else {EVENTS: _columns(preamble, data)}
    variables = _variables(preamble, data, columns, index)
    return Facts(modules=modules, columns=columns, variables=variables, results=results)


def _variables(
    preamble: str, data: DataSummary | None, columns: Mapping[str, Sequence[str]], index: Index
) -> dict[str, Members | None]:
    """``events`` with all its attributes, where those of its class are known."""
    if data is None or EVENTS not in columns:
        return {}
    members = index.members("pandas.DataFrame" if "pd." in preamble else _CLASSES.get(data.kind, ""))
    return {EVENTS: None if members is None else Members(names=members | frozenset(columns[EVENTS]))}


def _with_submodules(alias: str, name: str, index: Index) -> Iterator[tuple[str, str]]:
    yield alias, name
    for member in sorted(index.members(name) or ()):
        if member in _SUBMODULES and index.members(f"{name}.{member}") is not None:
            yield f"{alias}.{member}", f"{name}.{member}"


def _imports(text: str) -> list[tuple[str, str]]:
    """(name in the program, module) of all ``import`` statements at the top of a text; none where it does not parse."""
    try:
        tree = parse_source(text)
    except SyntaxError:
        return []
    aliases = [alias for node in tree.body if isinstance(node, ast.Import) for alias in node.names]
    return [(a.asname or a.name, a.name) for a in aliases if a.asname or "." not in a.name]


def _columns(preamble: str, data: DataSummary) -> list[str]:
    """The columns that the preamble reads: those that it lists, else all."""
    known = [c.name for c in data.tables[0].columns]
    try:
        lists = [n for n in ast.walk(parse_source(preamble)) if isinstance(n, ast.List)]
    except SyntaxError:
        return known
    listed = {n.value for found in lists for n in found.elts if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return [name for name in known if name in listed] or known


def _function(primer: str) -> str:
    """The unfinished function at the end of a primer: what names its drafts are given."""
    start = primer.rfind("\ndef ")
    return primer[start + 1 :] if start >= 0 else ""


def sql_guide(
    summary: DataSummary, dialect: Dialect, room: Callable[[str], int] | None = None, level: Level = "all"
) -> Guide | None:
    """For drafts that go on from SELECT; None where tables stand in a schema of their own (``schema.table``), which the
    guide would quote as one word. ``room`` and ``level`` as for ``SqlGuide``."""
    if level == "none" or (dialect == "postgres" and any("." in t.name for t in summary.tables)):
        return None
    return SqlGuide(summary.tables, dialect, room=room, level=level)
