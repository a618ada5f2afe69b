"""Runs inside the sandbox, without any draft: tells the names that one installed module and its submodules hold.

Standard library only at import; ``describe`` is evaluated there with the name of a module. Each module is a dict:
``name``; ``open``, it may hold names that cannot be listed; its members by kind under ``module``, ``function``, ``class``
and ``value``; ``keywords`` of the functions and classes that take no others; ``members`` of the classes, without those that
every object has; ``results``, of functions that always give the same kind of thing, all attributes of one such thing.
"""

import contextlib
import importlib
import inspect
import pkgutil
import sys
import types
import warnings
from typing import Any

MOST_NAMES = 20_000
MOST_WRAPPERS = 20
DEPTH = 2
LEFT_OUT = frozenset({"tests", "conftest", "setup"})
"""Submodules that no program uses, and that import much."""
SAMPLES = {
    "numpy": {
        "arange": "arange(3)", "array": "array([1.0])", "asarray": "asarray([1.0])", "empty": "empty(3)", "eye": "eye(2)",
        "full": "full(3, 1.0)", "linspace": "linspace(0, 1, 3)", "logspace": "logspace(0, 1, 3)", "ones": "ones(3)",
        "zeros": "zeros(3)",
    },
    "numpy.random": {"default_rng": "default_rng(1)"},
    "hist": {"Hist": "Hist(axis.Regular(2, 0, 1))"},
    "matplotlib.pyplot": {"figure": "figure()", "subplots.0": "subplots()[0]", "subplots.1": "subplots()[1]"},
}  # fmt: skip
"""Calls, as they stand in a module, whose results have the attributes of all results of that function."""
Described = dict[str, Any]
_OF_EVERY_CLASS = frozenset([*dir(object), *dir(type)])
_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def describe(name: str) -> list[Described] | None:
    """The module and its public submodules down to ``DEPTH`` parts of a name; None where it is not installed."""
    warnings.simplefilter("ignore")
    try:
        found = {name: importlib.import_module(name)}
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
        return None
    for below in _submodules(name, found[name]) if name.count(".") + 1 < DEPTH else []:
        if not below.startswith("_") and below not in LEFT_OUT:
            _import(f"{name}.{below}", found)
    # A module may stand under a name that is not its own.
    return [_described(dotted, module) for dotted, module in found.items()]


def _import(dotted: str, found: dict[str, types.ModuleType]) -> None:
    """Left out where it needs what is not installed, which may be announced by any exception, an exit too."""
    with contextlib.suppress(Exception, SystemExit):
        found[dotted] = importlib.import_module(dotted)


def _submodules(dotted: str, module: types.ModuleType) -> list[str]:
    # Of uproot.dynamic, which makes up every name, __path__ is a class.
    path = [place for place in vars(module).get("__path__", ()) if isinstance(place, str)]
    by_path = {found.name for found in pkgutil.iter_modules(path)}
    begun = f"{dotted}."
    loaded = {name.removeprefix(begun) for name in list(sys.modules) if name.startswith(begun)}
    return sorted(name for name in by_path | loaded if name.isidentifier())


def _described(dotted: str, module: types.ModuleType) -> Described:
    below = set(_submodules(dotted, module))
    # dir() may leave out what is there (numpy hides a few), and what is there may not be all (scipy loads late).
    names = sorted(name for name in {*dir(module), *vars(module), *below} if isinstance(name, str) and name.isidentifier())
    described: Described = {"name": dotted, "open": _is_open(module) or len(names) > MOST_NAMES}
    described |= {kind: [] for kind in ("module", "function", "class", "value")}
    described |= {"keywords": {}, "members": {}, "results": _results(dotted, module)}
    for name in names[:MOST_NAMES]:
        _note(described, module, name, name in below)
    return described


def _results(dotted: str, module: types.ModuleType) -> dict[str, list[str]]:
    """Left out is what cannot be called here, and what makes attributes up."""
    found: dict[str, list[str]] = {}
    for name, call in SAMPLES.get(dotted, {}).items():
        with contextlib.suppress(Exception):
            result = eval(call, dict(vars(module)))  # noqa: S307 - a call of SAMPLES, inside the sandbox
            if not _is_open_class(type(result)):
                found[name] = sorted(filter(str.isidentifier, {*dir(result), *vars(type(result))} - _OF_EVERY_CLASS))
    return found


def _note(described: Described, module: types.ModuleType, name: str, is_submodule: bool) -> None:
    try:
        value = getattr(module, name)
    except Exception:
        described["module" if is_submodule else "value"].append(name)
        return
    kind = _kind(value)
    described[kind].append(name)
    if kind in ("function", "class") and (keywords := _keywords(value)) is not None:
        described["keywords"][name] = keywords
    if kind == "class" and not _is_open_class(value):
        described["members"][name] = sorted(filter(str.isidentifier, {*dir(value), *dir(type(value))} - _OF_EVERY_CLASS))


def _is_open(module: types.ModuleType) -> bool:
    """It makes attributes up when asked for them, and does not list these."""
    if hasattr(type(module), "__getattr__") or type(module).__getattribute__ is not types.ModuleType.__getattribute__:
        return True
    return "__getattr__" in vars(module) and "__dir__" not in vars(module)


def _is_open_class(cls: type) -> bool:
    """Its instances, or it itself, make attributes up: the columns of a data frame."""
    # That of a type written in C is another object for each, and finds what dir() lists.
    own = isinstance(cls.__getattribute__, types.FunctionType)
    return own or hasattr(cls, "__getattr__") or hasattr(type(cls), "__getattr__")


def _kind(value: Any) -> str:
    if inspect.ismodule(value):
        return "module"
    if inspect.isclass(value):
        return "class"
    # An instance may be callable and have members (the distributions of scipy.stats); those of functions matter to nobody.
    return "function" if callable(value) and hasattr(value, "__name__") else "value"


def _keywords(value: Any) -> list[str] | None:
    """The names that a call may use, in order; None where others may be right as well, or nothing is known."""
    try:
        parameters = inspect.signature(value).parameters.values()
        others = _kept_by_wrappers(value)
    except Exception:  # whatever a library's own __signature__ does
        return None
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters):
        return None
    return list(dict.fromkeys([*(p.name for p in parameters if p.kind in _NAMED), *others]))


def _kept_by_wrappers(function: Any) -> list[str]:
    """Words in the closures of its wrappers: one that still takes an old name of a keyword (scipy.stats) keeps it there."""
    found: list[str] = []
    for _ in range(MOST_WRAPPERS):
        if not hasattr(function, "__wrapped__"):
            break
        kept = [cell.cell_contents for cell in getattr(function, "__closure__", None) or ()]
        found += [word for word in kept if isinstance(word, str) and word.isidentifier()]
        function = function.__wrapped__
    return found
