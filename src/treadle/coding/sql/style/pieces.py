"""A statement as words and brackets: what each token is, and whether a blank belongs between two of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from treadle.coding.sql.base import Dialect
from treadle.coding.sql.checks.syntax import Token, TokenType, exp, span_of, tokens_of

__all__ = ["Group", "Item", "Piece", "has_comments", "nested", "pieces_of"]

Kind = Literal["keyword", "name", "function", "literal", "operator", "open", "close", "comma", "dot", "other"]

_OPENING = {TokenType.L_PAREN: ")", TokenType.L_BRACKET: "]", TokenType.L_BRACE: "}"}
_CLOSING = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE})
_LITERALS = frozenset(
    {TokenType.STRING, TokenType.NUMBER, TokenType.HEX_STRING, TokenType.BIT_STRING, TokenType.BYTE_STRING}
    | {TokenType.NATIONAL_STRING, TokenType.RAW_STRING, TokenType.HEREDOC_STRING, TokenType.UNICODE_STRING}
)
_OPERATOR = re.compile(r"[-+*/%<>=!|&~^@#?:]+|\|\|")
# After these a bracket stands apart; after names, functions and types it does not.
_APART_TEXT = """
IN AS OVER EXISTS VALUES USING ON AND OR NOT WHERE WHEN THEN ELSE CASE FROM JOIN SELECT BY HAVING LIMIT OFFSET FILTER
GROUP ALL ANY SOME DISTINCT UNION EXCEPT INTERSECT BETWEEN LIKE ILIKE GLOB IS MATERIALIZED LATERAL RETURNING QUALIFY
WINDOW SET RECURSIVE EXCLUDE COLLATE ESCAPE WITHIN SETS
"""
_APART = frozenset(_APART_TEXT.split())
_BEFORE_SIGN = frozenset({"operator", "open", "comma"})
_ENDS_OPERAND = frozenset({"END", "NULL", "TRUE", "FALSE", "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP"})


@dataclass(slots=True)
class Piece:
    """A token: ``text`` as it will be written, ``blank``: whether a blank stands before it, ``start`` in the source."""

    text: str
    kind: Kind
    start: int
    blank: bool = True

    @property
    def word(self) -> str:
        return self.text.upper() if self.kind == "keyword" else ""


@dataclass(slots=True)
class Group:
    """Brackets with what stands between them."""

    opening: Piece
    items: list[Item]
    closing: Piece

    @property
    def is_query(self) -> bool:
        first = self.items[0] if self.items else None
        return self.opening.text == "(" and isinstance(first, Piece) and first.word in ("SELECT", "WITH", "VALUES")


Item = Piece | Group


def has_comments(sql: str, dialect: Dialect) -> bool:
    """Whether a comment stands anywhere: sqlglot keeps them apart from the tokens, in no certain place."""
    return (
        any(token.comments for token in tokens_of(sql, dialect)) or re.search(r"--|/\*", _without_strings(sql)) is not None
    )


def _without_strings(sql: str) -> str:
    return re.sub(r"'(?:[^']|'')*'|\"[^\"]*\"|`[^`]*`", "''", sql)


def pieces_of(sql: str, dialect: Dialect, tree: exp.Expr) -> list[Piece]:
    """The tokens of ``sql`` with their kinds, in the order of the text; the semicolon at the end is left off."""
    tokens = [t for t in tokens_of(sql, dialect) if t.token_type is not TokenType.SEMICOLON]
    names = {span[0] for node in tree.find_all(exp.Identifier) if (span := span_of(node))}
    functions = {span[0] for node in tree.find_all(exp.Func) if (span := span_of(node))}
    pieces: list[Piece] = []
    for index, token in enumerate(tokens):
        following = tokens[index + 1] if index + 1 < len(tokens) else None
        called = following is not None and following.token_type is TokenType.L_PAREN
        is_type = bool(pieces) and (pieces[-1].word == "AS" or pieces[-1].text == "::")
        kind = _kind(token, names, functions, called and not is_type)
        text = sql[token.start : token.end + 1]
        piece = Piece(" ".join(text.split()) if kind == "keyword" else text, kind, token.start)
        piece.blank = _blank(pieces, piece, sql)
        pieces.append(piece)
    return pieces


def _kind(token: Token, names: set[int], functions: set[int], called: bool) -> Kind:
    kind = token.token_type
    if token.start in names or kind is TokenType.IDENTIFIER:
        return "name"
    if kind in _LITERALS:
        return "literal"
    if kind in _OPENING:
        return "open"
    if kind in _CLOSING:
        return "close"
    if kind is TokenType.COMMA:
        return "comma"
    if kind is TokenType.DOT:
        return "dot"
    if re.fullmatch(r"[^\W\d][\w\s$]*", token.text):
        is_function = called and (token.start in functions or token.text.upper() not in _APART)
        return "function" if is_function else "keyword"
    return "operator" if _OPERATOR.fullmatch(token.text) else "other"


def _blank(before: list[Piece], piece: Piece, sql: str) -> bool:
    """Whether a blank stands between the last of ``before`` and ``piece``."""
    if not before:
        return False
    last = before[-1]
    if piece.text in (",", ")") or last.text == "(" or "." in (piece.text, last.text) or "::" in (piece.text, last.text):
        return False
    if piece.text == "(":
        apart = last.word in _APART or last.word.endswith((" BY", " ALL"))
        sign = last.text in ("-", "+", "~") and _is_sign(before)
        return apart or (last.kind in ("operator", "comma", "literal") and not sign)
    if last.text in ("-", "+", "~") and _is_sign(before):
        return piece.text[0] == last.text  # - -1, which would begin a comment
    if last.kind == piece.kind == "operator" and not sql[piece.start - 1].isspace():
        return False  # one operator that sqlglot takes for two, as in 1 << 2
    if (
        last.kind in ("other", "open")
        or piece.kind in ("other", "close")
        or piece.text in "[{"
        or ":" in (piece.text, last.text)
    ):
        return sql[piece.start - 1 : piece.start].isspace()
    return True


def _is_sign(before: list[Piece]) -> bool:
    """Whether the last piece is a sign, not an operator between two operands."""
    if len(before) < 2:
        return True
    operand = before[-2]
    return operand.kind in _BEFORE_SIGN or (operand.kind == "keyword" and operand.word not in _ENDS_OPERAND)


def nested(pieces: list[Piece]) -> list[Item]:
    """The pieces with brackets as groups.

    Raises:
        ValueError: brackets that do not match.
    """
    levels: list[list[Item]] = [[]]
    opened: list[Piece] = []
    for piece in pieces:
        if piece.kind == "open":
            opened.append(piece)
            levels.append([])
        elif piece.kind == "close":
            if not opened:
                raise ValueError("a bracket is closed that was not opened")
            items = levels.pop()
            levels[-1].append(Group(opened.pop(), items, piece))
        else:
            levels[-1].append(piece)
    if opened:
        raise ValueError("a bracket is not closed")
    return levels[0]
