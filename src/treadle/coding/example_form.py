"""The form in which a corrected program is an example: what every program opens first, and the body that a model writes.

Nothing here runs anything. The forms are proposals: the caller runs each, and takes one that does what the program did.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import PurePath

from treadle.coding.expectations import function_names
from treadle.coding.extract import parse_source
from treadle.prompts.preamble import WIDE_COLUMNS, focused, preamble
from treadle.retrieval.transplant import columns_used
from treadle.types import DataSummary, Request, Table

__all__ = ["Form", "forms", "named_in", "same_program"]

Form = tuple[str, str]
"""The whole program, and its body."""

_OPENING_STEPS = 3
"""Statements that may open the file: the file, its tree, the arrays."""


def forms(program: str, request: Request) -> Iterator[Form]:
    """Forms of ``program``, the best first; the last one is the program as it is.

    Of a program on a data file the lines that open it are replaced by those that treadle writes itself, so that the body
    can be moved onto another file. A function without a docstring gets the request as one: it is what tells the model,
    which sees examples as a file of functions, what they are for.
    """
    if request.language == "python":
        if request.data is not None and request.data.tables:
            yield from _opened(program, request.data)
        else:
            yield from _told(program, request)
    yield program, program


# ---------------------------------------------------------------------------------------------- opening a file


def _opened(program: str, data: DataSummary) -> Iterator[Form]:
    try:
        statements = parse_source(program).body
    except SyntaxError:
        return
    opening = _preamble(program, data)
    known = {ast.dump(statement) for statement in parse_source(opening).body}
    first, rest = _after_imports(statements)
    columns = frozenset(c.name for c in data.tables[0].columns)
    for count in range(1, min(_OPENING_STEPS, len(rest) - 1) + 1):
        steps, body = rest[:count], rest[count:]
        names = [name for step in steps if (name := _assigned(step)) is not None]
        if len(names) < count or not _names_file(steps[0], data) or not _follows(steps, body[0]):
            return
        extra = [ast.unparse(s) for s in statements[:first] if not isinstance(s, ast.Expr) and ast.dump(s) not in known]
        text = "\n".join([*extra, _on_events(_source_after(program, steps[-1]), names[-1], columns)])
        yield f"{opening}\n{text}", text


def _preamble(program: str, data: DataSummary) -> str:
    """The lines that open the file; of a wide one only the columns that the program names."""
    table = data.tables[0]
    wide = len(table.columns) >= WIDE_COLUMNS
    if not wide:
        return preamble(data, table, wide=False)
    used = frozenset(columns_used(program, frozenset(c.name for c in table.columns)))
    near = focused(data, [c for c in table.columns if c.name in used])
    return preamble(near, near.tables[0], wide=True)


def _after_imports(statements: Sequence[ast.stmt]) -> tuple[int, list[ast.stmt]]:
    """The number of imports (and docstrings) at the top, and what follows them."""
    count = 0
    for statement in statements:
        is_text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if not isinstance(statement, ast.Import | ast.ImportFrom) and not (is_text and count == 0):
            break
        count += 1
    return count, list(statements[count:])


def _assigned(statement: ast.stmt) -> str | None:
    """The one name that a statement assigns to."""
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1 and isinstance(statement.targets[0], ast.Name):
        return statement.targets[0].id
    return None


def _names_file(statement: ast.stmt, data: DataSummary) -> bool:
    name = PurePath(data.path).name
    texts = [n.value for n in ast.walk(statement) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    return any(name in text for text in texts)


def _follows(steps: Sequence[ast.stmt], next_: ast.stmt) -> bool:
    """What comes next begins on a line of its own: only then the source can be cut there."""
    end = steps[-1].end_lineno or steps[-1].lineno
    return next_.lineno > end


def _source_after(program: str, last: ast.stmt) -> str:
    """The lines after a statement, comments included."""
    lines = program.split("\n")[last.end_lineno or last.lineno :]
    return "\n".join(lines).strip("\n") + "\n"


def _on_events(source: str, name: str, columns: frozenset[str]) -> str:
    """``source`` about ``events`` instead of ``name``, with ``events.pt1`` written as ``events["pt1"]``.

    Columns that are strings can be replaced by others.
    """
    lines = [line.encode() for line in source.split("\n")]
    edits: list[tuple[int, int, int, str]] = []
    for node in ast.walk(parse_source(source)):
        if isinstance(node, ast.Name) and node.id == name:
            edits.append((node.lineno, node.col_offset, node.col_offset + len(name.encode()), "events"))
        if isinstance(node, ast.Attribute) and node.attr in columns and node.lineno == node.end_lineno:
            owner = node.value
            if isinstance(owner, ast.Name) and owner.id == name and node.end_col_offset is not None:
                edits.append((node.lineno, owner.col_offset + len(name.encode()), node.end_col_offset, f'["{node.attr}"]'))
    for line, start, end, new in sorted(edits, reverse=True):
        lines[line - 1] = lines[line - 1][:start] + new.encode() + lines[line - 1][end:]
    return b"\n".join(lines).decode()


# -------------------------------------------------------------------------------------------------- docstrings


def _told(program: str, request: Request) -> Iterator[Form]:
    try:
        statements = parse_source(program).body
    except SyntaxError:
        return
    functions = [s for s in statements if isinstance(s, ast.FunctionDef)]
    names = function_names(request.text)
    wanted = next((f for name in names for f in functions if f.name == name), functions[0] if functions else None)
    if wanted is None or ast.get_docstring(wanted) is not None or wanted.body[0].lineno == wanted.lineno:
        return
    lines = program.split("\n")
    first = wanted.body[0]
    line = min([first.lineno, *(d.lineno for d in getattr(first, "decorator_list", []))])
    lines.insert(line - 1, f'{" " * first.col_offset}"""{_description(request)}"""')
    text = "\n".join(lines)
    yield text, text


def _description(request: Request) -> str:
    """The request on one line without its example calls, safe inside a docstring."""
    text = request.text
    for expectation in request.expectations:
        if expectation.origin == "request":
            text = text.replace(expectation.text, " ")
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"(?:\s*(?:,|;|\band\b|>>>))+\s*$", "", text).strip()
    return text.replace("\\", "\\\\").replace('"""', "'''").rstrip('"')


# --------------------------------------------------------------------------------------------------- comparing


def same_program(one: str, other: str, language: str) -> bool:
    """Whether two programs differ in layout and comments at most."""
    if _plain(one) == _plain(other):
        return True
    if language == "sql":
        return " ".join(one.split()).rstrip("; ") == " ".join(other.split()).rstrip("; ")
    try:
        return ast.dump(parse_source(one)) == ast.dump(parse_source(other))
    except (SyntaxError, RecursionError):
        return False


def _plain(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def named_in(program: str, data: DataSummary, language: str) -> DataSummary:
    """``data`` cut to the tables and columns that the program names: what it takes to move it onto another file.

    The first table always stays, with its columns where the program names none of them.
    """
    words = frozenset(re.findall(r"\w+", program.lower()))
    tables = [t for i, t in enumerate(data.tables) if (i == 0 and language == "python") or t.name.lower() in words]
    return replace(data, tables=tuple(_cut(t, program, words, language) for t in tables or data.tables[:1]))


def _cut(table: Table, program: str, words: frozenset[str], language: str) -> Table:
    if language == "sql":
        kept = [c for c in table.columns if c.name.lower() in words or " " in c.name]
    else:
        used = frozenset(columns_used(program, frozenset(c.name for c in table.columns)))
        kept = [c for c in table.columns if c.name in used]
    return replace(table, columns=tuple(kept))
