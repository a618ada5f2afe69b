"""sqlglot as far as SQL needs it here: trees, tokens and their places in the text. The one module that imports it."""

from __future__ import annotations

import logging

from treadle.coding.sql.base import Dialect
from treadle.errors import UsageError

try:
    from sqlglot import Token, TokenType, exp
    from sqlglot import parse as _parse
    from sqlglot.dialects.dialect import Dialect as _Dialect
    from sqlglot.errors import SqlglotError as _SqlglotError
except ImportError as error:  # pragma: no cover - the extra is installed wherever tests run
    raise UsageError("SQL needs the package sqlglot: pip install 'treadle[sql]'") from error
if not hasattr(exp, "Expr"):
    raise UsageError("SQL needs sqlglot 30.30 or newer: pip install --upgrade 'treadle[sql]'")

__all__ = [
    "QUERIES",
    "SqlError",
    "Token",
    "TokenType",
    "exp",
    "parse_all",
    "parse_query",
    "place_of",
    "position",
    "span_of",
    "tokens_of",
    "written",
]

QUERIES = (exp.Select, exp.SetOperation, exp.Values, exp.Pivot)
"""Nodes that give rows by themselves."""

# sqlglot warns through logging where it takes a statement for a 'command'; here that is an ordinary finding.
logging.getLogger("sqlglot").addHandler(logging.NullHandler())


class SqlError(Exception):
    """A text that is no SQL: what is wrong, and where (1-based; 0: not known)."""

    def __init__(self, reason: str, line: int = 0, column: int = 0) -> None:
        super().__init__(f"line {line}, column {column}: {reason}" if line else reason)
        self.reason, self.line, self.column = reason, line, column


def tokens_of(sql: str, dialect: Dialect) -> list[Token]:
    """The tokens of ``sql`` with ``start`` and ``end`` (of the last character) in it.

    Raises:
        SqlError: a string or a quoted name is not closed.
    """
    try:
        return list(_Dialect.get_or_raise(dialect).tokenize(sql))
    except (_SqlglotError, RecursionError, ValueError, IndexError) as error:
        raise _token_fault(sql, str(error)) from None


def parse_all(sql: str, dialect: Dialect) -> list[exp.Expr]:
    """The trees of all statements in ``sql``.

    Raises:
        SqlError: it does not parse; says where.
    """
    tokens_of(sql, dialect)
    try:
        return [tree for tree in _parse(sql, read=dialect) if tree is not None]
    except RecursionError:
        raise SqlError("the statement is nested too deeply") from None
    except _SqlglotError as error:
        raise _parse_fault(error) from None
    except (ValueError, IndexError, KeyError, AttributeError, TypeError) as error:
        raise SqlError(f"it cannot be read ({type(error).__name__})") from None


def parse_query(sql: str, dialect: Dialect) -> exp.Expr | None:
    """The tree of ``sql`` where it is one statement that gives rows, else None. Never raises."""
    try:
        trees = parse_all(sql, dialect)
    except SqlError:
        return None
    if len(trees) != 1 or not isinstance(trees[0].unnest(), (*QUERIES, exp.Subquery, exp.Table)):
        return None
    return trees[0]


def _token_fault(sql: str, said: str) -> SqlError:
    for quote, what in (("'", "a string"), ('"', "a quoted name"), ("`", "a quoted name")):
        if sql.count(quote) % 2:
            return SqlError(f"{what} is not closed: a {quote} is missing")
    return SqlError("a string, name or comment is not closed" if "tokenizing" in said else "it cannot be read")


_EXPECTED = {
    "Expecting )": "a ')' is missing",
    "Expecting (": "a '(' is missing",
    "Expected END after CASE": "a CASE has no END",
    "Expected table name": "the name of a table is missing",
}


def _parse_fault(error: _SqlglotError) -> SqlError:
    details = getattr(error, "errors", None) or [{}]
    first = details[0]
    described, near = str(first.get("description") or error), str(first.get("highlight") or "")
    for said, reason in _EXPECTED.items():
        if described.startswith(said):
            return _fault(f"{reason} near {near!r}", first)
    if "Required" in described:
        return _fault(f"something is missing after {near!r}" if near else "something is missing", first)
    if "Unexpected token" in described:
        return _fault(f"{near!r} is not expected there", first)
    return _fault(f"{described.splitlines()[0][:100]} near {near!r}", first)


def _fault(reason: str, detail: dict[str, object]) -> SqlError:
    line, column = detail.get("line"), detail.get("col")
    near = str(detail.get("highlight") or "")
    if isinstance(line, int) and isinstance(column, int):
        return SqlError(reason, line, max(column - len(near) + 1, 1))
    return SqlError(reason)


# ------------------------------------------------------------------------------------------------------ places


def span_of(node: exp.Expr) -> tuple[int, int] | None:
    """First character and end (exclusive) of a name in the text; None where sqlglot did not note it."""
    start, end = node.meta.get("start"), node.meta.get("end")
    return (start, end + 1) if isinstance(start, int) and isinstance(end, int) else None


def written(node: exp.Expr, sql: str) -> str:
    """A name or function as the text spells it, or nothing."""
    span = span_of(node)
    return sql[span[0] : span[1]] if span else ""


def position(sql: str, offset: int) -> tuple[int, int]:
    """Line and column, both from 1, of a character."""
    before = sql[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1


def place_of(node: exp.Expr, sql: str) -> str:
    """'line 2: ' where the statement has several lines and the place is known, else nothing."""
    span = span_of(node)
    return f"line {position(sql, span[0])[0]}: " if span and "\n" in sql.strip() else ""
