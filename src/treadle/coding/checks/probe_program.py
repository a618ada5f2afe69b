"""Runs inside the sandbox, without any draft: tells which names the installed modules and a ROOT file hold.

Standard library only at import; ``answer`` is evaluated there with a list of queries. Every answer is a list: ``["ok"]``,
``["missing", index, names]`` with the names that exist where the look-up stopped, or ``["unknown", why]``.
"""

import importlib
import inspect
import pkgutil
import sys
import warnings
from collections.abc import Callable
from typing import Any

MOST_NAMES = 20_000
Answer = list[Any]


def answer(queries: list[tuple[Any, ...]]) -> list[Answer]:
    warnings.simplefilter("ignore")
    table: dict[str, Callable[..., Answer]] = {
        "import": _import,
        "from": _from,
        "chain": _chain,
        "names": _names,
        "key": _key,
        "branch": _branch,
    }
    answers: list[Answer] = []
    for kind, *rest in queries:
        try:
            answers.append(table[kind](*rest))
        except Exception as error:
            answers.append(["unknown", f"{type(error).__name__}: {error}"])
    return answers


def _import(module: str) -> Answer:
    parts = module.split(".")
    for index in range(len(parts)):
        name = ".".join(parts[: index + 1])
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:
                return ["unknown", str(error)]
            return ["missing", index, _submodules(".".join(parts[:index]))]
    return ["ok"]


def _from(module: str, name: str) -> Answer:
    owner = importlib.import_module(module)
    if _has(owner, name):
        return ["ok"]
    try:
        importlib.import_module(f"{module}.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"{module}.{name}":
            return ["unknown", str(error)]
        return ["missing", 0, _names_of(owner)]
    return ["ok"]


def _chain(module: str, start: str, attributes: tuple[str, ...], also_imported: tuple[str, ...]) -> Answer:
    for name in also_imported:
        importlib.import_module(name)
    value: Any = importlib.import_module(module)
    if start and not _has(value, start):
        importlib.import_module(f"{module}.{start}")
    if start:
        value = getattr(value, start)
    for index, attribute in enumerate(attributes):
        if not (inspect.ismodule(value) or inspect.isclass(value)):
            return ["ok"]
        if not _has(value, attribute):
            return ["missing", index, _names_of(value)]
        value = getattr(value, attribute)
    return ["ok"]


def _names(module: str, name: str) -> Answer:
    value: Any = importlib.import_module(module)
    return ["missing", 0, _names_of(getattr(value, name) if name else value)]


def _has(value: Any, name: str) -> bool:
    try:
        getattr(value, name)
    except AttributeError:
        return False
    return True


def _names_of(value: Any) -> list[str]:
    names = [name for name in dir(value) if isinstance(name, str)]
    if inspect.ismodule(value):
        names += _submodules(value.__name__)
    return sorted(set(names))[:MOST_NAMES]


def _submodules(package: str) -> list[str]:
    if not package:
        return sorted({m.name for m in pkgutil.iter_modules()} | set(sys.stdlib_module_names))[:MOST_NAMES]
    path = getattr(sys.modules.get(package), "__path__", None)
    return sorted(m.name for m in pkgutil.iter_modules(path))[:MOST_NAMES] if path else []


def _key(file: str, key: str) -> Answer:
    import uproot

    with uproot.open(file) as opened:
        try:
            opened[key]
        except KeyError:
            return ["missing", 0, opened.keys(cycle=False)]
    return ["ok"]


def _branch(file: str, tree: str, branch: str) -> Answer:
    import uproot

    with uproot.open(file) as opened:
        names = {*opened[tree].keys(), *opened[tree].keys(full_paths=False)}
        if branch in names:
            return ["ok"]
        return ["missing", 0, sorted(names)[:MOST_NAMES]]
