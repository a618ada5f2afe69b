"""Packs: folders with the conventions of a community, and the examples in them.

A pack holds ``pack.toml`` (name, version, description, licence), ``hints.md``, ``examples/*.py``, ``examples/*.sql``
and ``data/``. An example file is a header of ``# key: value`` lines, a line ``# ---``, then the program; a second ``# ---``
parts the preamble (imports, opening of the data) from the body, which is all that the model has to write. In SQL files
the lines begin with ``--``, and the statement follows the header; ``expect-rows: N`` says how many rows it gives, ``expect:
column = value`` what the first of them holds. Example files are read here, never run: tests run them in the sandbox.
``style.toml`` holds the house style of SQL (``treadle.coding.sql.style.house``).

A data file that is not passed on may be described instead: ``tables/NAME.json`` (``treadle.retrieval.tables``) stands for
``data/NAME``. Its examples can be moved onto another file, but not run on their own.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any, Literal

from treadle.errors import PackError, nearest
from treadle.retrieval.tables import read_tables
from treadle.types import Example, Expectation, Table

__all__ = ["Pack", "builtin_packs", "load_pack"]

_REQUIRED = ("name", "version", "description", "licence")
_SINGLE = {
    "#": frozenset({"request", "kind", "data", "tags"}),
    "--": frozenset({"request", "kind", "data", "tags", "dialect", "expect-rows"}),
}
_REPEATED = {"#": frozenset({"expect", "check", "artifact"}), "--": frozenset({"expect"})}
_DIALECTS = ("sqlite", "duckdb", "postgres")
_HEADER = {mark: re.compile(rf"{mark}\s*([A-Za-z_-]+)\s*:\s*(.*?)\s*$") for mark in ("#", "--")}
_RULE = {mark: re.compile(rf"{mark}\s*---\s*$") for mark in ("#", "--")}
_KINDS: dict[str, tuple[Literal["data", "function", "sql"], ...]] = {".py": ("data", "function"), ".sql": ("sql",)}
_CELL = re.compile(r"(.+?)\s*=\s*(.*?)(?:\s*(?:\+-|\+/-|±)\s*(\S+?)\s*(%?))?$")
_EXPECT = re.compile(r"(\w+)\s*=\s*(\S+)(?:\s*(?:\+-|\+/-|±)\s*(\S+?)\s*(%?))?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A loaded pack.

    ``expectations`` and ``artifacts`` say, by example id, what a run of the example must print, return and leave behind;
    of a statement the metric ``rows`` is the number of its rows, any other one a column of the first row. ``tables`` has
    the tables of examples whose data file is described and not there, by example id.
    """

    name: str
    version: str
    description: str
    licence: str
    hints: str
    examples: tuple[Example, ...]
    folder: Path
    expectations: Mapping[str, tuple[Expectation, ...]] = field(default_factory=dict)
    artifacts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tables: Mapping[str, tuple[Table, ...]] = field(default_factory=dict)

    def data_path(self, example: Example) -> Path | None:
        """The data file that ``example`` opens, or None where it needs none or where it is described only."""
        if not example.data or example.id in self.tables:
            return None
        return self.folder / "data" / example.data


@dataclass
class _Source:
    """A parsed example file: header lines with their numbers, then the sections."""

    path: Path
    header: dict[str, list[tuple[int, str]]]
    sections: list[str]
    first_line: int

    def one(self, key: str) -> str:
        values = self.header.get(key, [])
        if not values or not values[0][1]:
            raise PackError(f"{self.path}, line 1: the header lacks '{_mark(self.path)} {key}: ...'.")
        return values[0][1]


def _mark(path: Path) -> str:
    """What begins a comment in such a file."""
    return "--" if path.suffix == ".sql" else "#"


def _near(key: str, known: frozenset[str] | tuple[str, ...]) -> str:
    close = nearest(key, known)
    return f" Did you mean {close[0]!r}?" if close else f" Known: {', '.join(sorted(known))}."


def _parse_header(path: Path, lines: list[str]) -> tuple[dict[str, list[tuple[int, str]]], int]:
    """The header and the index of the line after its ``# ---``."""
    header: dict[str, list[tuple[int, str]]] = {}
    mark = _mark(path)
    known = _SINGLE[mark] | _REPEATED[mark]
    for number, line in enumerate(lines, start=1):
        if _RULE[mark].match(line):
            return header, number
        if not line.strip():
            continue
        match = _HEADER[mark].match(line)
        if match is None:
            raise PackError(
                f"{path}, line {number}: expected '{mark} key: value' or '{mark} ---' in the header, got {line!r}."
            )
        key = match[1]
        if key not in known:
            raise PackError(f"{path}, line {number}: unknown key {key!r}.{_near(key, known)}")
        if key in _SINGLE[mark] and key in header:
            raise PackError(f"{path}, line {number}: {key!r} is given twice (first in line {header[key][0][0]}).")
        header.setdefault(key, []).append((number, match[2]))
    raise PackError(f"{path}, line {len(lines)}: the header has no end; put a line '{mark} ---' before the program.")


def _read_source(path: Path) -> _Source:
    try:
        # Not splitlines: a form feed inside a string begins no line.
        lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except UnicodeDecodeError as error:
        raise PackError(f"{path}, byte {error.start}: not UTF-8 text.") from None
    header, start = _parse_header(path, lines)
    sections, current = [], list[str]()
    for line in lines[start:]:
        if _RULE[_mark(path)].match(line):
            sections.append("\n".join(current))
            current = []
        else:
            current.append(line)
    sections.append("\n".join(current))
    return _Source(path, header, sections, start + 1)


def _number(path: Path, line: int, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise PackError(f"{path}, line {line}: {text!r} is not a number.") from None


def _metric(path: Path, line: int, text: str) -> Expectation:
    match = _EXPECT.match(text)
    if match is None:
        raise PackError(f"{path}, line {line}: write 'expect: name = number +- tolerance' (or +- percent%), got {text!r}.")
    name, value, tolerance, percent = match.groups()
    size = _number(path, line, tolerance) if tolerance else 0.0
    return Expectation(
        kind="metric",
        subject=name,
        text=text,
        origin=path.name,
        expected=_number(path, line, value),
        relative=size / 100 if percent else 0.0,
        absolute=0.0 if percent else size,
    )


def _cell(path: Path, line: int, text: str) -> Expectation:
    """What a column of the first row holds: a number with its tolerance, NULL, or a text, in quotes where it is digits."""
    match = _CELL.match(text)
    if match is None:
        raise PackError(f"{path}, line {line}: write 'expect: column = value' (a number also +- tolerance), got {text!r}.")
    column, value, tolerance, percent = match.groups()
    expected: str | float | None = None if value == "NULL" else value
    if re.fullmatch(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", value):
        expected = float(value)
    elif len(value) > 1 and value[0] == value[-1] == "'":
        expected = value[1:-1]
    elif tolerance:
        raise PackError(f"{path}, line {line}: a tolerance needs a number, got {value!r}.")
    size = _number(path, line, tolerance) if tolerance else 0.0
    return Expectation(
        kind="metric",
        subject=column,
        text=text,
        origin=path.name,
        expected=expected,
        relative=size / 100 if percent else 0.0,
        absolute=0.0 if percent else size,
    )


def _n_rows(path: Path, line: int, text: str) -> Expectation:
    if not text.isdigit():
        raise PackError(f"{path}, line {line}: 'expect-rows' is a whole number, got {text!r}.")
    return Expectation(kind="metric", subject="rows", text=f"rows = {text}", origin=path.name, expected=float(text))


def _expectations(source: _Source) -> tuple[Expectation, ...]:
    def each(key: str, read: Callable[[Path, int, str], Expectation]) -> list[Expectation]:
        return [read(source.path, line, text) for line, text in source.header.get(key, [])]

    if _mark(source.path) == "--":
        return (*each("expect-rows", _n_rows), *each("expect", _cell))
    return (*each("expect", _metric), *each("check", _call))


def _call(path: Path, line: int, text: str) -> Expectation:
    try:
        tree = ast.parse(text, mode="eval").body
    except SyntaxError as error:
        raise PackError(f"{path}, line {line}: the check is not an expression: {error.msg}: {text!r}.") from None
    if not (isinstance(tree, ast.Compare) and len(tree.ops) == 1 and isinstance(tree.ops[0], ast.Eq)):
        raise PackError(f"{path}, line {line}: write 'check: f(...) == value', got {text!r}.")
    try:
        expected = ast.literal_eval(tree.comparators[0])
    except ValueError:
        raise PackError(f"{path}, line {line}: the right side of the check is not a plain value: {text!r}.") from None
    return Expectation(
        kind="call", subject=ast.unparse(tree.left), text=text, origin=path.name, expected=expected, relative=1e-9
    )


def _program(source: _Source, kind: str) -> tuple[str, str]:
    """The whole program and its body."""
    wanted = 2 if kind == "data" else 1
    if len(source.sections) != wanted:
        what = "a preamble, '# ---' and a body" if wanted == 2 else "one program"
        raise PackError(
            f"{source.path}, line {source.first_line}: kind {kind!r} has {what} after the header, "
            f"found {len(source.sections)} part(s)."
        )
    program = "\n\n".join(part.strip("\n") for part in source.sections) + "\n"
    body = source.sections[-1].strip("\n")
    if not body.strip():
        raise PackError(f"{source.path}, line {source.first_line}: the body is empty.")
    if kind == "sql":
        return program, body  # whether it parses depends on the database: running it tells
    try:
        ast.parse(program)
    except SyntaxError as error:
        text = (error.text or "").strip()
        raise PackError(f"{source.path}: the program does not parse: {error.msg} at {text!r}.") from None
    return program, body


def _kind(source: _Source) -> Literal["data", "function", "sql"]:
    kind, known = source.one("kind"), _KINDS[source.path.suffix]
    for one in known:
        if kind == one:
            return one
    line = source.header["kind"][0][0]
    raise PackError(f"{source.path}, line {line}: unknown kind {kind!r}.{_near(kind, known)}")


def _data(folder: Path, source: _Source, kind: str) -> str | None:
    """The name of the data file, which is there or described."""
    if kind == "function":
        if "data" in source.header:
            raise PackError(f"{source.path}, line {source.header['data'][0][0]}: kind 'function' takes no data.")
        return None
    data = source.one("data")
    if not (folder / "data" / data).is_file() and not _described(folder, data).is_file():
        known = sorted(p.name for p in (folder / "data").glob("*"))
        line = source.header["data"][0][0]
        raise PackError(f"{source.path}, line {line}: no file {data!r} in {folder / 'data'}.{_near(data, tuple(known))}")
    return data


def _described(folder: Path, data: str) -> Path:
    return folder / "tables" / f"{data}.json"


def _example(pack: str, folder: Path, source: _Source) -> Example:
    kind = _kind(source)
    data = _data(folder, source, kind)
    program, body = _program(source, kind)
    return Example(
        id=f"{pack}/{source.path.stem}",
        request=source.one("request"),
        program=program,
        body=body,
        pack=pack,
        kind=kind,
        tags=_tags(source, kind),
        data=data,
    )


def _tags(source: _Source, kind: str) -> tuple[str, ...]:
    """The tags; of a statement the first one is its dialect."""
    tags = tuple(t.strip() for t in source.header.get("tags", [(0, "")])[0][1].split(",") if t.strip())
    if kind != "sql":
        return tags
    line, dialect = source.header.get("dialect", [(0, "sqlite")])[0]
    if dialect not in _DIALECTS:
        raise PackError(f"{source.path}, line {line}: unknown dialect {dialect!r}.{_near(dialect, _DIALECTS)}")
    return (dialect, *tags)


def _description(path: Path) -> dict[str, str]:
    if not path.is_file():
        raise PackError(f"{path.parent} is no pack: there is no file {path.name} in it.")
    text = path.read_text(encoding="utf-8")
    try:
        document: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PackError(f"{path}: {error}.") from None
    for key, value in document.items():
        line = next((n for n, s in enumerate(text.splitlines(), 1) if re.match(rf"\s*\[?{re.escape(key)}\b", s)), 1)
        if key not in _REQUIRED:
            raise PackError(f"{path}, line {line}: unknown key {key!r}.{_near(key, _REQUIRED)}")
        if not isinstance(value, str) or not value.strip():
            raise PackError(f"{path}, line {line}: {key!r} must be a text, got {value!r}.")
    for key in _REQUIRED:
        if key not in document:
            raise PackError(f"{path}, line 1: the key {key!r} is missing.")
    return document


def load_pack(folder: str | Path) -> Pack:
    """Read the pack in ``folder``; examples are sorted by file name.

    Raises:
        PackError: ``pack.toml`` or an example is malformed; names the file, the line and the reason.
    """
    folder = Path(folder)
    description = _description(folder / "pack.toml")
    hints_file = folder / "hints.md"
    examples: list[Example] = []
    expectations: dict[str, tuple[Expectation, ...]] = {}
    artifacts: dict[str, tuple[str, ...]] = {}
    tables: dict[str, tuple[Table, ...]] = {}
    for path in sorted(p for p in (folder / "examples").glob("*") if p.suffix in _KINDS):
        source = _read_source(path)
        example = _example(description["name"], folder, source)
        examples.append(example)
        if example.id in expectations:
            raise PackError(f"{path}: another example is called {path.stem!r} already; give this one a name of its own.")
        expectations[example.id] = _expectations(source)
        artifacts[example.id] = tuple(text for _, text in source.header.get("artifact", []))
        if example.data and not (folder / "data" / example.data).is_file():
            tables[example.id] = read_tables(_described(folder, example.data))
    return Pack(
        **description,
        hints=hints_file.read_text(encoding="utf-8").strip() if hints_file.is_file() else "",
        examples=tuple(examples),
        folder=folder,
        expectations=expectations,
        artifacts=artifacts,
        tables=tables,
    )


def _builtin_folder() -> Path:
    """``treadle/packs`` in a wheel, ``packs`` beside ``src`` in a checkout or an editable install."""
    package = Path(str(resources.files("treadle")))
    for folder in (package / "packs", package.parents[1] / "packs"):
        if folder.is_dir():
            return folder
    raise PackError(f"the packs that come with treadle are missing: neither {package / 'packs'} nor a checkout's packs/.")


def builtin_packs() -> list[Pack]:
    """The packs that come with treadle, sorted by name.

    Raises:
        PackError: a pack is malformed or the packs are not installed.
    """
    return [load_pack(path.parent) for path in sorted(_builtin_folder().glob("*/pack.toml"))]
