"""Where a data file is opened by the library of its format: in the sandbox, under limits, and nowhere else.

A file may be made to harm whoever reads it: by faults of a parser, by code that its reader generates from it, by a few bytes
that unpack to many. So the readers are sent into the sandbox as source, because treadle itself need not be visible there.
What comes back is the word of an untrusted program, and is checked field by field.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files as resources
from pathlib import Path
from typing import Any, Protocol, get_args, get_type_hints

from treadle.data.files import Kind
from treadle.errors import DataError
from treadle.types import Column, Layout, Limits, Program, Run, Table

__all__ = ["Runner", "inspect"]


class Runner(Protocol):
    """What runs a program out of harm's way: the sandbox, as far as this room needs to know it."""

    def run(self, program: Program, files: Sequence[Path] = (), limits: Limits | None = None) -> Run:
        """Run ``program`` once, with ``files`` in its working directory under their own base names."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Format:
    """A kind of file in words, the modules that read it, the package they stand on, and the extra that installs it."""

    title: str
    modules: tuple[str, ...]
    package: str = ""
    extra: str = ""
    bytes_a_byte: int = 0
    """How much memory a byte of the file may take."""


_FORMATS: dict[Kind, _Format] = {
    "root": _Format(title="ROOT", modules=("rootfile",), package="uproot", extra="hep"),
    "parquet": _Format(title="Parquet", modules=("tablefile",), package="pyarrow.parquet", extra="data"),
    "csv": _Format(title="CSV", modules=("files", "csvfile")),
    "json": _Format(title="JSON", modules=("jsonfile",), bytes_a_byte=8),
    "sqlite": _Format(title="SQLite", modules=("literals", "sqlitefile")),
}
_COMMON = (
    "treadle.errors",
    "treadle.escaping",
    "treadle.markup",
    "treadle.engine_types",
    "treadle.types",
    "treadle.data.reading",
)
_SECONDS = 30
_BYTES_A_SECOND = 10_000_000
"""Of text, at least, on a slow machine: all of it is read, to count its rows."""
_MEMORY_BYTES = 1 << 30

_PROGRAM = """
import sys
import types
{ahead}
def _load(name, text):
    if name not in sys.modules:
        module = sys.modules[name] = types.ModuleType(name)
        exec(compile(text, name, "exec"), module.__dict__)

for _name, _text in {modules!r}:
    _load(_name, _text)
result = sys.modules["treadle.data.reading"].describe({kind!r}, {name!r})
"""
_AHEAD = """
try:
    import {package}
except ImportError:
    pass
"""
"""Tells the sandbox which of its servers has the package in memory already."""


def inspect(path: Path, kind: Kind, runner: Runner, shown: Path | None = None) -> tuple[Table, ...]:
    """The tables of a file, found out by a run of ``runner``; errors call the file ``shown`` (default: ``path``).

    Raises:
        DataError: it cannot be read, not within the limits of the run, or a package to read it is missing.
        SandboxError: the sandbox failed, or refused.
    """
    size = path.stat().st_size
    run = runner.run(_program(kind, path.name), [path], _limits(kind, size))
    return _judged(run, _FORMATS[kind], shown or path)


def _limits(kind: Kind, size: int) -> Limits:
    seconds = _SECONDS + (size // _BYTES_A_SECOND if kind in ("csv", "json") else 0)
    memory_bytes = _MEMORY_BYTES + _FORMATS[kind].bytes_a_byte * size
    return Limits(cpu_seconds=seconds, wall_seconds=2 * seconds, memory_bytes=memory_bytes)


def _program(kind: Kind, name: str) -> Program:
    form = _FORMATS[kind]
    names = (*_COMMON, *(f"treadle.data.{module}" for module in form.modules))
    ahead = _AHEAD.format(package=form.package) if form.package else ""
    modules = [(module, _source(module)) for module in names]
    return Program(source=_PROGRAM.format(ahead=ahead, modules=modules, kind=kind, name=name), evaluate="result")


@cache
def _source(module: str) -> str:
    room, _, name = module.rpartition(".")
    return (resources(room) / f"{name}.py").read_text(encoding="utf-8")


# --------------------------------------------------------------------------------------- what comes back


def _judged(run: Run, form: _Format, shown: Path) -> tuple[Table, ...]:
    named = f"the {form.title} file {str(shown)!r}"
    match run.value:
        case {"tables": list(tables)}:
            try:
                return tuple(_table(table) for table in tables)
            except ValueError as error:
                raise DataError(f"{named} cannot be read: {error}. Copy it again or rerun what wrote it.") from None
        case {"unreadable": str(reason)}:
            raise DataError(f"{named} {_printable(reason)}")
        case {"missing": str()} if form.package:
            package = form.package.partition(".")[0]
            raise DataError(f"reading {named} needs {package}: pip install 'treadle[{form.extra}]'.")
    if run.limit_hit is not None:
        why = f"reading it was {run.limit_hit}. It is too large to be summarised, damaged, or made to exhaust its reader"
    elif run.signal is not None:
        why = f"it seems damaged: reading it crashed (signal {run.signal}). Copy it again or rerun what wrote it"
    else:
        why = f"it seems damaged ({_printable(run.error or 'no reason given')[:200]}). Copy it again or rerun what wrote it"
    raise DataError(f"{named} cannot be read, {why}.")


def _printable(text: str) -> str:
    """Reasons quote the file, which may hold what steers a terminal."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _table(found: Any) -> Table:
    """Raises ValueError for what ``reading.plain`` does not make."""
    match found:
        case [str(name), list(columns), None | int() as entries, str(note), list(layout)]:
            if isinstance(entries, bool) or (entries is not None and entries < 0):
                raise ValueError(f"it holds a table of {entries} rows")
            made = tuple(_column(column) for column in columns)
            return Table(name=name, columns=made, entries=entries, note=note, layout=_layout(layout))
    raise ValueError("its reader did not give tables")


def _column(found: Any) -> Column:
    match found:
        case [
            str(name),
            str(kind),
            "flat" | "jagged" | "nested" as shape,
            str(note),
            bool(key),
            str(references),
            list(values),
        ] if all(isinstance(value, str) for value in values):
            return Column(name=name, type=kind, shape=shape, note=note, key=key, references=references, values=tuple(values))
    raise ValueError("its reader did not give columns")


@cache
def _layout_fields() -> list[tuple[str, Any]]:
    hints = get_type_hints(Layout)
    return [(field.name, hints[field.name]) for field in fields(Layout)]


def _layout(found: list[Any]) -> Layout:
    if len(found) != len(_layout_fields()):
        raise ValueError("its reader did not give a layout")
    values = {}
    for (name, kind), value in zip(_layout_fields(), found, strict=True):
        allowed = get_args(kind)
        if value not in allowed if allowed else type(value) is not kind:
            raise ValueError(f"its reader did not give a layout ({name})")
        values[name] = value
    return Layout(**values)
