"""ROOT files: TTrees and RNTuples, read by uproot. Only the headers are read, never the events. Runs inside the sandbox.

uproot writes Python classes after descriptions in the file and executes them: nowhere else may it open a user's file.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from treadle.data.reading import MissingPackage, Unreadable
from treadle.types import Column, Table

__all__ = ["root_tables"]

_TREES = ("TTree", "TNtuple", "TNtupleD", "TChain")
_LARGE_FILE_VERSION = 1_000_000  # from here on positions in the header have 8 bytes
_NTUPLES = ("ROOT::RNTuple", "ROOT::Experimental::RNTuple")
_INTEGERS = {f"{sign}int{bits}_t" for sign in ("", "u") for bits in (8, 16, 32, 64)}
_SCALARS = _INTEGERS | {"float", "double", "bool", "char"}
_STRINGS = {"char*", "TString", "std::string", "string"}
_ARRAY = re.compile(r"(?:std::)?(?:vector|array|deque|set|list)<\s*(.+?)\s*(?:,\s*\d+\s*)?>$")

Shape = Literal["flat", "jagged", "nested"]


def tidy_type(typename: str) -> tuple[str, Shape]:
    """A type as shown to people and models, and its shape: ``float[]`` -> (float, jagged), ``char*`` -> (str, flat)."""
    name, depth = typename.strip().removeprefix("const "), 0
    while True:
        inner = _ARRAY.match(name)
        if inner:
            name, depth = inner[1], depth + 1
        elif name.endswith("]") and "[" in name:
            name, depth = name[: name.rindex("[")].rstrip(), depth + 1
        else:
            break
    if name in _STRINGS:
        name = "str"
    elif name.removeprefix("std::") in _SCALARS:
        name = name.removeprefix("std::")
    name = name.removesuffix("_t") if name.startswith(("int", "uint")) else name
    known = name == "str" or name in _SCALARS or f"{name}_t" in _SCALARS
    if not known and depth == 0:
        return name, "nested"
    return name, "flat" if depth == 0 else ("jagged" if depth == 1 and known else "nested")


def _tree_columns(tree: Any) -> tuple[Column, ...]:
    """The branches that hold values; a branch split into others is left out for its parts."""
    columns = []
    for name, branch in tree.iteritems(recursive=True, full_paths=False):
        if len(branch.branches):
            continue
        type_name, shape = tidy_type(branch.typename)
        columns.append(Column(name=name, type=type_name, shape=shape))
    return tuple(columns)


def _ntuple_columns(ntuple: Any) -> tuple[Column, ...]:
    columns = []
    for name, field in ntuple.items(recursive=False):
        type_name, shape = tidy_type(field.typename)
        columns.append(Column(name=name, type=type_name, shape=shape))
    return tuple(columns)


def _latest_cycles(classnames: dict[str, str]) -> dict[str, tuple[str, str]]:
    """Path without cycle -> (key with the highest cycle, class)."""
    latest: dict[str, tuple[int, str, str]] = {}
    for key, class_name in classnames.items():
        name, _, cycle = key.rpartition(";")
        number = int(cycle) if cycle.isdigit() else 0
        if number >= latest.get(name, (-1, "", ""))[0]:
            latest[name] = (number, key, class_name)
    return {name: (key, class_name) for name, (_, key, class_name) in latest.items()}


def _no_trees(objects: dict[str, tuple[str, str]]) -> Unreadable:
    held = [f"{name} ({cls})" for name, (_, cls) in objects.items() if not cls.startswith("TDirectory")]
    what = f"it holds {', '.join(held[:8])}{' and more' if len(held) > 8 else ''}" if held else "it holds no objects"
    return Unreadable(f"has no trees: {what}. Give a file with a TTree or an RNTuple.")


def _require_whole(path: Path) -> None:
    """Compare the size with the end that the header of the file names: the trees alone may lie before the cut."""
    with path.open("rb") as file:
        start = file.read(20)
    version = int.from_bytes(start[4:8], "big")
    end = int.from_bytes(start[12:20] if version >= _LARGE_FILE_VERSION else start[12:16], "big")
    size = path.stat().st_size
    if size < max(end, 20):
        raise Unreadable(
            "cannot be read, it seems truncated or damaged: "
            f"it has {size} bytes, its header says {end}. Copy it again or rerun what wrote it."
        )


def _read(path: Path) -> tuple[Table, ...]:
    import uproot

    with uproot.open(path) as file:
        objects = _latest_cycles(file.classnames(recursive=True))
        kinds = {n: cls for n, (_, cls) in objects.items() if cls in _TREES or cls in _NTUPLES}
        if not kinds:
            raise _no_trees(objects)
        tables = []
        for name, class_name in kinds.items():
            found = file[objects[name][0]]
            columns = _ntuple_columns(found) if class_name in _NTUPLES else _tree_columns(found)
            note = "RNTuple" if class_name in _NTUPLES else ""
            tables.append(Table(name=name, columns=columns, entries=int(found.num_entries), note=note))
    return tuple(tables)


def root_tables(path: Path) -> tuple[Table, ...]:
    """The trees of a ROOT file.

    Raises:
        Unreadable: truncated, damaged or without trees.
        MissingPackage: uproot is not installed.
    """
    try:
        import uproot  # noqa: F401
    except ImportError:
        raise MissingPackage("uproot") from None
    _require_whole(path)
    try:
        return _read(path)
    except (Unreadable, MemoryError):
        raise
    except Exception as error:  # uproot raises many kinds, struct.error and zlib.error among them, on damaged files
        reason = [*str(error).strip().splitlines(), "no reason given"][0][:120]
        raise Unreadable(
            f"cannot be read, it seems truncated or damaged ({type(error).__name__}: {reason})."
            " Copy it again or rerun what wrote it."
        ) from None
