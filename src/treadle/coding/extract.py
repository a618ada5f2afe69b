"""Takes the program out of what a model wrote.

Small models wrap code in fences, in prose, or in both; they also stop in the middle of a line when their budget ends.
What is taken out is never mended: at most an unfinished end or trailing prose is dropped, and ``Extracted.trimmed``
says so. Whether the program is any good is for the checks to find out.
"""

from __future__ import annotations

import ast
import contextlib
import io
import re
import textwrap
import threading
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = [
    "Extracted",
    "body_at_top_level",
    "extract",
    "extract_program",
    "parse_source",
    "parses",
    "quietly",
    "said_once",
    "trim_to_parse",
]

_FENCE = re.compile(r"^[ \t]*(?:```+|~~~+)[ \t]*([\w+#.-]*)[^\n]*$", re.MULTILINE)
_PYTHON = frozenset({"python", "py", "python3", "py3", "ipython"})
_CODE_START = re.compile(r"^(import\s|from\s+[\w.]+\s+import\s|def\s|class\s|@\w|for\s.+:|with\s.+:|\w+\s*=[^=]|print\()")
_PROSE = re.compile(r"^\s*(?:[-*]\s+)?[A-Z][\w'-]*(?:[ ,]+[\w'`\"().,:;/-]+){2,}\s*$")
_ROUNDS = 40
_QUIET = threading.RLock()


@dataclass(frozen=True, slots=True)
class Extracted:
    """A program as the model wrote it. ``trimmed``: an unfinished end or trailing prose was dropped."""

    program: str
    trimmed: bool = False


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """No warnings of the compiler; one thread at a time, because the filters of warnings belong to the whole process."""
    with _QUIET, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def parse_source(source: str) -> ast.Module:
    """``ast.parse`` that raises nothing but ``SyntaxError`` and is silent about warnings, whatever the text."""
    with quietly():
        try:
            return ast.parse(source)
        except (ValueError, RecursionError, MemoryError, OverflowError) as error:
            if isinstance(error, SyntaxError):
                raise
            raise SyntaxError(str(error) or "too deeply nested") from error


def parses(source: str) -> bool:
    """Whether ``source`` is syntactically a Python program."""
    return _error_line(source) is None


def trim_to_parse(source: str) -> tuple[str, bool]:
    """``source`` without its unfinished last statement or trailing prose, and whether anything was dropped.

    Nothing is dropped where ``source`` parses, and nothing where the fault lies before its end: a program with a
    syntax error in the middle stays as it is, so that the error is seen.
    """
    if parses(source):
        return source, False
    for kept, dropped in ((_drop_unfinished(source)), _drop_prose(source)):
        if dropped and kept.strip():
            return kept, True
    return source, False


def extract_program(completion_text: str, primer: str = "", program_prefix: str = "") -> str | None:
    """The program in a completion, or None where the model's output holds no code. See ``extract``."""
    found = extract(completion_text, primer, program_prefix)
    return None if found is None else found.program


def extract(completion_text: str, primer: str = "", program_prefix: str = "") -> Extracted | None:
    """The program in a completion, or None where it holds no code.

    With a ``primer`` that opened a code block, the text is a continuation of ``program_prefix``; where an engine
    ignored the primer and answered with a block of its own, that block is taken. Without one, the first Python block
    that parses is taken, else the first block, else code that stands bare in the text. Never raises.
    """
    text = completion_text.replace("\r\n", "\n").replace("\r", "\n")
    if not primer and not program_prefix:
        return _from_answer(text)
    if primer and text.startswith(primer):
        text = text[len(primer) :]
    first = _FENCE.search(text)
    if first is not None and first.group(1).lower() in _PYTHON:
        return _join_own_block(text, program_prefix)
    return _from_continuation(text, program_prefix)


_MOST_REPEATED = 4
"""Lines of what repeats, as in ``model/repeats.py``."""


# ------------------------------------------------------------------------------------------------ continuations


def said_once(text: str) -> str:
    """The text of a draft that was stopped because it repeats itself, up to where it began to.

    Of whole lines that repeat at its end the first ones stay: a model that has said all it knows goes on saying it.
    """
    lines = text[: text.rfind("\n") + 1].split("\n")[:-1]
    while lines and not lines[-1].strip():
        lines.pop()
    for size in range(1, 1 + _MOST_REPEATED):
        block = lines[-size:]
        if len(lines) >= 2 * size and lines[-2 * size : -size] == block:
            while lines[-2 * size : -size] == block:
                del lines[-size:]
            return "\n".join(lines) + "\n"
    return text


def body_at_top_level(text: str) -> str:
    """The body of a function, as a model wrote it, without its indentation.

    A model may go on behind the function, with a call of it for instance. That is no part of the body and is left out.
    """
    lines = text.lstrip("\n").split("\n")
    if not lines[0][:1].isspace():
        return textwrap.dedent("\n".join(lines))
    end = next((i for i, line in enumerate(lines) if line.strip() and not line[0].isspace()), len(lines))
    return textwrap.dedent("\n".join(lines[:end]))


def _from_continuation(text: str, prefix: str) -> Extracted | None:
    ends = [match.start() for match in re.finditer(r"```", text)]
    if not ends:
        program, trimmed = trim_to_parse(prefix + text)
        if trimmed and len(program.strip()) <= len(prefix.strip()):
            program, trimmed = prefix + text, False  # all that was written is broken: that must be seen
        return _unless_empty(program, trimmed, prefix)
    for end in ends:
        if parses(prefix + text[:end]):
            return _unless_empty(prefix + text[:end], False, prefix)
    return _unless_empty(prefix + text[: ends[0]], False, prefix)


def _unless_empty(program: str, trimmed: bool, prefix: str) -> Extracted | None:
    program = program.rstrip()
    if not program or program == prefix.rstrip():
        return None
    return Extracted(program + "\n", trimmed)


def _join_own_block(text: str, prefix: str) -> Extracted | None:
    found = _from_answer(text)
    if found is None or not prefix.strip() or found.program.startswith(prefix.strip()):
        return found
    if parses(prefix) and parses(found.program):
        return Extracted(prefix.rstrip() + "\n" + found.program, found.trimmed)
    if not parses(found.program) and parses(prefix + found.program):
        return Extracted(prefix + found.program, found.trimmed)
    return found


# ------------------------------------------------------------------------------------------------ whole answers


def _from_answer(text: str) -> Extracted | None:
    blocks = _fenced_blocks(text)
    wanted = [b for b in blocks if b[0] in _PYTHON] + [b for b in blocks if b[0] == "" and _may_be_code(b[1])]
    for _, body, _ in wanted:
        if parses(body) and body.strip():
            return Extracted(body)
    for _, body, closed in wanted:
        if body.strip():
            program, trimmed = (body, False) if closed else trim_to_parse(body)
            return Extracted(program, trimmed)
    return None if blocks else _bare_code(text)


def _fenced_blocks(text: str) -> list[tuple[str, str, bool]]:
    """(language, body, closed) of every fenced block; an unclosed block ends with the text."""
    fences = list(_FENCE.finditer(text))
    blocks: list[tuple[str, str, bool]] = []
    index = 0
    while index < len(fences):
        opening = fences[index]
        closing = fences[index + 1] if index + 1 < len(fences) else None
        body = text[opening.end() + 1 : closing.start() if closing else len(text)]
        closed = closing is not None
        if not closed and body.rstrip().endswith("```"):
            body, closed = body.rstrip()[:-3], True
        blocks.append((opening.group(1).lower(), textwrap.dedent(body).rstrip() + "\n", closed))
        # two openings in a row: the first block was never closed
        index += 1 if closing is not None and closing.group(1) else 2
    return blocks


def _bare_code(text: str) -> Extracted | None:
    if _is_code(text):
        return Extracted(text.strip("\n") + "\n")
    lines = text.split("\n")
    for start, line in enumerate(lines):
        if not _CODE_START.match(line):
            continue
        source = "\n".join(lines[start:])
        kept = _longest_parsing_prefix(source)
        if _is_code(kept):
            return Extracted(kept.rstrip() + "\n", trimmed=kept.rstrip() != source.rstrip())
    return None


def _is_code(text: str) -> bool:
    """Whether ``text`` parses and does something: a lone word or number of prose parses too."""
    try:
        tree = parse_source(text)
    except SyntaxError:
        return False
    return any(not isinstance(node, ast.Expr) or isinstance(node.value, ast.Call | ast.Await) for node in tree.body)


def _may_be_code(text: str) -> bool:
    return _is_code(text) or (not parses(text) and any(_CODE_START.match(line) for line in text.split("\n")))


def _longest_parsing_prefix(source: str) -> str:
    for _ in range(_ROUNDS):
        line = _error_line(source)
        if line is None:
            return source
        lines = source.split("\n")
        source = "\n".join(lines[: min(max(line - 1, 0), len(lines) - 1)])
    return ""


# ------------------------------------------------------------------------------------------------ dropping an end


def _drop_unfinished(source: str) -> tuple[str, bool]:
    lines = source.rstrip().split("\n")
    for count in range(1, min(len(lines), _ROUNDS) + 1):
        kept = "\n".join(lines[:-count])
        if parses(kept):
            return (kept.rstrip() + "\n", True) if _is_unfinished(lines[-count:]) else (source, False)
    return source, False


def _is_unfinished(dropped: list[str]) -> bool:
    """Whether the dropped lines are one statement cut short: an open bracket or string, or headers without a body."""
    told = [line.strip() for line in dropped if line.strip() and not line.strip().startswith(("#", "@"))]
    if len(told) <= 1 or all(line.endswith(":") for line in told[:-1]):
        return True
    try:
        list(tokenize.generate_tokens(io.StringIO(textwrap.dedent("\n".join(dropped)) + "\n").readline))
    except (tokenize.TokenError, SyntaxError, ValueError) as error:
        return "EOF" in str(error)
    return False


def _drop_prose(source: str) -> tuple[str, bool]:
    line = _error_line(source)
    lines = source.split("\n")
    if line is None or not 1 < line <= len(lines) or not _PROSE.match(lines[line - 1]):
        return source, False
    kept = "\n".join(lines[: line - 1]).rstrip() + "\n"
    return (kept, True) if parses(kept) else (source, False)


def _error_line(source: str) -> int | None:
    try:
        parse_source(source)
    except SyntaxError as error:
        return error.lineno or 1
    return None
