"""The names that the installed modules hold, asked once inside the sandbox and kept in the cache folder.

The ground truth is the version that will run the program. Whatever cannot be told is None, and what is None must not be
forbidden: a missed name is found when the program runs, while a false alarm throws away a good draft.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import platform
import sys
import tempfile
import types
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

from treadle.sandbox.base import Sandbox
from treadle.types import Limits, Program, Run

__all__ = ["MODULES", "Index", "Kind", "ModuleNames", "names_index"]

MODULES = (
    "hist", "scipy", "vector", "matplotlib.pyplot", "pandas", "numpy", "uproot", "awkward", "particle",
    "math", "statistics", "json", "re", "itertools", "collections",
)  # fmt: skip
"""What programs of this field import; first what takes longest, so that no core waits for it at the end."""

Kind = Literal["module", "function", "class", "value"]
_KINDS: tuple[Kind, ...] = get_args(Kind)
_LIMITS = Limits(cpu_seconds=30.0, wall_seconds=40.0)
_OF_EVERY_CLASS = frozenset([*dir(object), *dir(type)])
_OF_EVERY_MODULE = frozenset(["__dict__", *dir(types.ModuleType("any"))])


@dataclass(frozen=True)
class ModuleNames:
    """What a module holds.

    Args:
        name: dotted.
        open: it may hold names that are not listed.
        kinds: of every member that is listed.
        keywords: of functions and classes, where all that a call may use are known.
        classes: the members of each class, where all are known. Instances may have more, made by their ``__init__``.
        results: the attributes of what functions give, of those that always give the same kind; ``subplots.0`` is a part.
    """

    name: str
    open: bool
    kinds: Mapping[str, Kind]
    keywords: Mapping[str, tuple[str, ...]]
    classes: Mapping[str, tuple[str, ...]]
    results: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @cached_property
    def members(self) -> frozenset[str]:
        """The names of all members that are listed, with those that every module has."""
        return _OF_EVERY_MODULE.union(self.kinds)


@dataclass(frozen=True, slots=True)
class Index:
    """The names of all modules that were asked for and are installed. A dotted name is that of its definition's module
    or of one that imports it: ``numpy.linalg.norm``, ``pandas.DataFrame``."""

    modules: Mapping[str, ModuleNames]

    def members(self, dotted: str) -> frozenset[str] | None:
        """The members of a module or class; None where these are not known, or more may exist."""
        module = self.modules.get(dotted)
        if module is not None:
            return None if module.open else module.members
        owner, name = self._owner(dotted)
        names = None if owner is None else owner.classes.get(name)
        return None if names is None else _OF_EVERY_CLASS.union(names)

    def keywords(self, dotted: str) -> tuple[str, ...] | None:
        """The keywords that a call of a function or class may use, in order; None where these are not known."""
        owner, name = self._owner(dotted)
        return None if owner is None else owner.keywords.get(name)

    def results(self, module: str) -> dict[str, frozenset[str]]:
        """By function of a module, all attributes of what it gives, where these are known."""
        known = self.modules.get(module)
        return {} if known is None else {name: _OF_EVERY_CLASS.union(of) for name, of in known.results.items()}

    def kind(self, dotted: str) -> Kind | None:
        """What a name stands for; None where that is not known."""
        if dotted in self.modules:
            return "module"
        owner, name = self._owner(dotted)
        return None if owner is None else owner.kinds.get(name)

    def is_module(self, dotted: str) -> bool:
        """Whether a module or package of this name is known to exist."""
        return self.kind(dotted) == "module" or any(name.startswith(f"{dotted}.") for name in self.modules)

    def _owner(self, dotted: str) -> tuple[ModuleNames | None, str]:
        module, _, name = dotted.rpartition(".")
        return self.modules.get(module), name


def names_index(sandbox: Sandbox, cache_dir: Path, modules: Sequence[str] = MODULES) -> Index:
    """The names of ``modules`` and their submodules, of two parts at most; asks the sandbox for what the cache lacks.

    Raises:
        SandboxRefusedError: no tier works here.
        SandboxError: the sandbox itself failed.
    """
    source = Path(__file__).with_name("names_program.py").read_text(encoding="utf-8")
    installed = [module for module in dict.fromkeys(modules) if _is_installed(module)]
    paths = {module: _cache_file(module, cache_dir, source) for module in installed}
    found = {module: _from_cache(module, path) for module, path in paths.items()}
    missing = [module for module in installed if found[module] is None]
    # A run for each, so that a module that brings its process down takes no other with it.
    programs = [_program(source, module) for module in missing]
    for module, run in zip(missing, sandbox.run_many(programs, limits=_LIMITS) if programs else [], strict=True):
        found[module] = _from_run(module, run)
        if found[module] is not None:
            _keep(run.value, paths[module])
    return Index({names.name: names for module in installed for names in found[module] or ()})


def _program(source: str, module: str) -> Program:
    """It names the module, so that it runs where the sandbox has it loaded, but leaves it to ``describe`` to import it."""
    return Program(source=f"{source}\n\ndef _uses():\n    import {module}\n", evaluate=f"describe({module!r})")


def _from_run(module: str, run: Run) -> list[ModuleNames] | None:
    return _read_all(module, run.value) if run.ok and run.value_given else None


# --------------------------------------------------------------------------------------------------- reading


def _read_all(module: str, value: Any) -> list[ModuleNames] | None:
    """What the sandbox or the cache says, field by field; None where any of it is not as it should be."""
    try:
        found = [_read(item) for item in value]
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    names = [item.name for item in found]
    below = all(name == module or name.startswith(f"{module}.") for name in names)
    return found if names[:1] == [module] and below and len(set(names)) == len(names) else None


def _read(item: Any) -> ModuleNames:
    if not isinstance(item["name"], str) or not isinstance(item["open"], bool):
        raise TypeError("no name of a module, or no word on whether it is open")
    kinds: dict[str, Kind] = {name: kind for kind in _KINDS for name in _names(item[kind])}
    if len(kinds) != sum(len(item[kind]) for kind in _KINDS):
        raise ValueError("a name of two kinds")
    keywords = {name: _names(of) for name, of in item["keywords"].items() if kinds[name] in ("function", "class")}
    classes = {name: _names(of) for name, of in item["members"].items() if kinds[name] == "class"}
    results = {name: _names(of) for name, of in item["results"].items() if name.partition(".")[0] in kinds}
    return ModuleNames(
        name=item["name"], open=item["open"], kinds=kinds, keywords=keywords, classes=classes, results=results
    )


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) and name.isidentifier() for name in value):
        raise TypeError("no list of names")
    return tuple(value)


# --------------------------------------------------------------------------------------------------- cache


def _is_installed(module: str) -> bool:
    """Whether its package can be found; nothing of it is imported."""
    try:
        return importlib.util.find_spec(module.partition(".")[0]) is not None
    except (ImportError, ValueError):
        return False


def _cache_file(module: str, cache_dir: Path, source: str) -> Path | None:
    """Where the names are kept; None for a module without a version, which may change without notice.

    The hash tells apart environments, which may have other optional parts, and versions of the program that asks.
    """
    package = module.partition(".")[0]
    try:
        version = platform.python_version() if package in sys.stdlib_module_names else importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
    told_apart = "\0".join([source, sys.version, sys.prefix])
    digest = hashlib.sha256(told_apart.encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return cache_dir / f"names-{module}-{version}-{digest}.json"


def _from_cache(module: str, path: Path | None) -> list[ModuleNames] | None:
    if path is None:
        return None
    try:
        return _read_all(module, json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError):
        return None


def _keep(value: Any, path: Path | None) -> None:
    """Where the folder cannot be written, the next process asks again."""
    if path is None:
        return
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".names-", encoding="utf-8", delete=False) as handle:
            json.dump(value, handle, separators=(",", ":"))
        Path(handle.name).replace(path)
