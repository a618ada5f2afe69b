"""Takes the statement out of what a model wrote: out of fences, out of prose, the first of several.

What is taken out is never mended. Trailing prose and the semicolon are left off; an unfinished end (a budget that ran out in
the middle of a clause) only where the rest is a whole statement, and ``Extracted.trimmed`` says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from treadle.coding.extract import Extracted
from treadle.coding.sql.base import Dialect
from treadle.coding.sql.checks.parsed import is_whole
from treadle.coding.sql.checks.syntax import SqlError, exp, parse_all, parse_query

__all__ = ["extract_sql", "extract_statement"]

_FENCE = re.compile(r"^[ \t]*(?:```+|~~~+)[ \t]*([\w+#.-]*)[^\n]*$", re.MULTILINE)
_SQL_LABELS = frozenset({"sql", "sqlite", "sqlite3", "duckdb", "postgres", "postgresql", "pgsql", "psql", "mysql", "tsql"})
_STATEMENT = re.compile(
    r"\s*(?:--[^\n]*\n\s*|/\*.*?\*/\s*)*"
    r"(?:\(*\s*SELECT|WITH|VALUES|INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|PRAGMA|ATTACH|EXPLAIN|REPLACE|COPY|FROM)\b",
    re.IGNORECASE | re.DOTALL,
)
_WITH = r"WITH\s+(?:RECURSIVE\s+)?[\w\"]+\s*(?:\([^()]*\)\s*)?AS\s+(?:NOT\s+)?(?:MATERIALIZED\s+)?\("
_LINE_START = re.compile(
    rf"^[ \t]*(?:[-*>]\s+|\d+[.)]\s+)?(\(*\s*SELECT\s|{_WITH}|VALUES\s*\()", re.IGNORECASE | re.MULTILINE
)
_ANYWHERE = re.compile(rf"(\(*\bSELECT\s|{_WITH})")
_QUOTED = re.compile(r"`\s*(SELECT\s[^`]*|WITH\s[^`]*)`", re.IGNORECASE)
_CONTINUES = re.compile(
    r"\s*(?:--[^\n]*\n\s*)*(?:FROM|WHERE|GROUP|HAVING|ORDER|LIMIT|OFFSET|FETCH|UNION|EXCEPT|INTERSECT|JOIN|INNER|LEFT|RIGHT|"
    r"FULL|CROSS|NATURAL|ON|USING|AND|OR|WINDOW|QUALIFY|[),.+*/<>=|-])",
    re.IGNORECASE,
)
_BEGINS = re.compile(r"[ \t]*(?:SELECT|WITH|VALUES|INSERT|UPDATE|DELETE|CREATE|DROP)\b", re.IGNORECASE)
_CLAUSE = re.compile(
    r"\b(?:WHERE|GROUP\s+BY|HAVING|ORDER\s+BY|LIMIT|OFFSET|WINDOW|UNION(?:\s+ALL)?|EXCEPT|INTERSECT|AND|OR|"
    r"(?:(?:NATURAL\s+)?(?:INNER|LEFT|RIGHT|FULL|CROSS)\s+(?:OUTER\s+)?)?JOIN)\b|,",
    re.IGNORECASE,
)
_OPENED = {"'": "'", '"': '"', "`": "`"}
_ROUNDS = 40


def extract_sql(text: str, dialect: Dialect = "sqlite") -> str | None:
    """The statement in ``text``, without its semicolon, or None where there is none. Never raises."""
    found = extract_statement(text, dialect)
    return None if found is None else found.program


def extract_statement(text: str, dialect: Dialect = "sqlite") -> Extracted | None:
    """The statement in ``text`` and whether an unfinished end or trailing prose was dropped. Never raises."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    fences = list(_FENCE.finditer(text))
    if fences and (found := _from_fences(text, fences, dialect)):
        return found
    return _bare(text, dialect)


def _from_fences(text: str, fences: list[re.Match[str]], dialect: Dialect) -> Extracted | None:
    head = text[: fences[0].start()]
    if _STATEMENT.match(head) and not fences[0].group(1):
        # The continuation of a block that the prompt opened: this fence closes it.
        return _first(head, dialect, closed=True)
    blocks = list(_blocks(text, fences))
    wanted = [b for b in blocks if b[0] in _SQL_LABELS and b[1].strip()]
    wanted += [b for b in blocks if b[0] not in _SQL_LABELS and _STATEMENT.match(b[1])]
    found = [cut for _, body, closed in wanted if (cut := _first(body, dialect, closed))]
    return next((cut for cut in found if is_whole(cut.program, dialect)), found[0] if found else None)


def _blocks(text: str, fences: list[re.Match[str]]) -> Iterator[tuple[str, str, bool]]:
    """(label, body, closed) of every fenced block; one that is not closed ends with the text."""
    index = 0
    while index < len(fences):
        opening = fences[index]
        closing = fences[index + 1] if index + 1 < len(fences) else None
        yield opening.group(1).lower(), text[opening.end() : closing.start() if closing else len(text)], closing is not None
        index += 1 if closing is not None and closing.group(1) else 2


def _bare(text: str, dialect: Dialect) -> Extracted | None:
    """A statement that stands in prose: the first that parses, else the first that begins like one."""
    starts = sorted({m.start(1) for p in (_LINE_START, _ANYWHERE) for m in p.finditer(text)})
    tried: list[Extracted] = []
    for match in _QUOTED.finditer(text):
        if is_whole(match.group(1), dialect):
            return Extracted(_clean(match.group(1)))
    for start in starts[:_ROUNDS]:
        cut = _first(text[start:], dialect, closed=False)
        if cut is not None and _is_sql(text[start:], cut.program, dialect):
            return cut
        if cut is not None:
            tried.append(cut)
    upper = next((cut for cut in tried if re.match(r"\(*\s*(?:SELECT|WITH|VALUES)\b", cut.program)), None)
    if upper is not None or not _STATEMENT.match(text):
        return upper
    cut = _first(text, dialect, closed=True)  # no query, but perhaps a statement of another kind: the checks will say so
    return cut if cut is not None and _parses(cut.program, dialect) else None


def _parses(statement: str, dialect: Dialect) -> bool:
    try:
        return bool(parse_all(statement, dialect))
    except SqlError:
        return False


def _is_sql(text: str, statement: str, dialect: Dialect) -> bool:
    """'Select the rows from it' parses as SQL too: what begins in mixed case and with an article is prose."""
    prose = re.match(r"Select\s+(?:the|all|a|an|your|those|every|only)\s", text)
    return prose is None and is_whole(statement, dialect)


# --------------------------------------------------------------------------------------------- the end of a statement


def _first(text: str, dialect: Dialect, closed: bool) -> Extracted | None:
    """The first statement of ``text``, which begins with it. ``closed``: the text was not cut off."""
    text = text.strip()
    if not text:
        return None
    hard = None
    for kind, offset in _stops(text):
        if kind == ";":
            hard = offset
            break
        rest = text[offset:].lstrip("\n")
        goes_on = _CONTINUES.match(rest) if kind == "blank" else None
        if goes_on is None and is_whole(text[:offset], dialect):
            return Extracted(_clean(text[:offset]), trimmed=_BEGINS.match(rest) is None and not rest.startswith("--"))
    whole = _clean(text[:hard] if hard is not None else text)
    if not whole:
        return None
    if hard is not None or is_whole(whole, dialect):
        return Extracted(whole)
    kept = _without_prose(whole, dialect) or (None if closed else _without_unfinished(whole, dialect))
    return Extracted(_clean(kept), trimmed=True) if kept else Extracted(whole)


def _clean(statement: str) -> str:
    return re.sub(r"(?:\s*\n[ \t]*--[^\n]*)+$", "", statement.strip().rstrip(";").rstrip()).rstrip()


def _stops(text: str) -> Iterator[tuple[str, int]]:
    """Where a statement may end, outside of quotes: at ';', before a blank line, before a line that begins anew."""
    depth = 0
    for offset, char in _outside_quotes(text):
        if char == ";":
            yield ";", offset
        elif char in "()":
            depth += 1 if char == "(" else -1
        elif char == "\n" and depth <= 0:
            rest = text[offset + 1 :]
            if not rest.split("\n", 1)[0].strip():
                yield "blank", offset
            elif _BEGINS.match(rest) and not re.search(
                r"\b(?:UNION|ALL|EXCEPT|INTERSECT|AS|\))\s*$", text[:offset], re.IGNORECASE
            ):
                yield "again", offset


def _outside_quotes(text: str) -> Iterator[tuple[int, str]]:
    """Characters that stand in no string, quoted name or comment, with their places."""
    offset = 0
    while offset < len(text):
        char = text[offset]
        if text.startswith("--", offset):
            end = text.find("\n", offset)
            offset = len(text) if end < 0 else end
            continue
        if text.startswith("/*", offset):
            end = text.find("*/", offset)
            offset = len(text) if end < 0 else end + 2
            continue
        if char in _OPENED:
            end = text.find(_OPENED[char], offset + 1)
            if end < 0:
                return
            offset = end + 1
            continue
        yield offset, char
        offset += 1


def _without_prose(text: str, dialect: Dialect) -> str | None:
    """The lines before those that do not belong to the statement."""
    lines = text.split("\n")
    for count in range(len(lines) - 1, max(0, len(lines) - _ROUNDS), -1):
        kept = "\n".join(lines[:count])
        if is_whole(kept, dialect):
            return kept if re.match(r"\s*[A-Z#>*-][^=<>()]*$|\s*\(?(?:Note|This|The)\b", lines[count]) else None
    return None


def _without_unfinished(text: str, dialect: Dialect) -> str | None:
    """Without the last clause, condition or item of a list, where what is left is a whole statement."""
    ends = [match.start() for match in _CLAUSE.finditer(text)]
    for end in reversed(ends[-_ROUNDS:]):
        kept = text[:end].rstrip().rstrip(",")
        if not is_whole(kept, dialect):
            continue
        tree = parse_query(kept, dialect)
        return None if isinstance(tree, exp.Select) and not tree.args.get("from_") else kept
    return None
