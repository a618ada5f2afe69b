"""The names and literals of a statement with their places: places by sqlglot's tokens, kinds by its tree."""

from __future__ import annotations

from treadle.coding.sql.base import Dialect
from treadle.coding.sql.checks.syntax import SqlError, Token, TokenType, exp, parse_query, span_of, tokens_of
from treadle.coding.words import Word

__all__ = ["words_of_sql"]

_NAMES = (TokenType.VAR, TokenType.IDENTIFIER)


def words_of_sql(statement: str, dialect: Dialect) -> list[Word]:
    """Tables, columns, functions, aliases and literals in their order; of what does not parse, just names and literals."""
    try:
        tokens = tokens_of(statement, dialect)
    except SqlError:
        return []
    kinds = _kinds(statement, dialect)
    other = "name" if kinds is None else "new name"
    known = kinds or {}
    words = []
    for token in tokens:
        start, end = token.start, token.end + 1
        if token.token_type is TokenType.STRING:
            words.append(Word("text", token.text, start + 1, end - 1) if token.text else Word("text", "", start, end))
        elif token.token_type is TokenType.NUMBER:
            words.append(Word("number", token.text, start, end))
        elif start in known or token.token_type in _NAMES:
            words.append(_name(known.get(start, other), token, statement))
    return words


def _name(kind: str, token: Token, statement: str) -> Word:
    """A name without the quotes around it."""
    quoted = statement[token.start : token.end + 1] != token.text
    inset = 1 if quoted and token.end - token.start >= 2 else 0
    return Word(kind, token.text, token.start + inset, token.end + 1 - inset)


def _kinds(statement: str, dialect: Dialect) -> dict[int, str] | None:
    """Kinds by the first character of a name, its quote included; None where the statement does not parse."""
    tree = parse_query(statement, dialect)
    if tree is None:
        return None
    kinds: dict[int, str] = {}
    for node in tree.walk():
        if isinstance(node, exp.Func) and (span := span_of(node)) is not None:
            kinds[span[0]] = "SQL function"
        elif isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            _note(kinds, node.this, "table")
        elif isinstance(node, exp.Column):
            _note(kinds, node.this, "column")
            _note(kinds, node.args.get("table"), "table alias")
    return kinds


def _note(kinds: dict[int, str], node: object, kind: str) -> None:
    if isinstance(node, exp.Identifier) and (span := span_of(node)) is not None:
        kinds[span[0]] = kind
