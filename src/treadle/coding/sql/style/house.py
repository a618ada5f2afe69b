"""House style: keywords in capitals, one clause a line, AS before every alias. Never another meaning.

    SELECT P.name AS product,
           AVG(julianday(O.delivery_date) - julianday(O.order_date)) AS mean_days
    FROM orders AS O
    JOIN products AS P ON P.id = O.product_id
    GROUP BY P.name
    ORDER BY mean_days DESC
    LIMIT 1

The text is laid out anew from its own tokens; names, literals and operators stay as they are written. What comes out is read
again: where it is not the same tree, the text is given back unchanged, and so is one with comments.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from treadle.coding.sql.base import Dialect
from treadle.coding.sql.checks.syntax import SqlError, exp, parse_query, span_of
from treadle.coding.sql.style.layout import Layout, one_line
from treadle.coding.sql.style.pieces import Piece, has_comments, nested, pieces_of
from treadle.errors import PackError, UnknownNameError, UsageError, nearest

__all__ = ["HOUSE", "PLAIN", "Style", "format_sql", "read_style", "style_named"]

_CASES = ("upper", "lower", "keep")
_FUNCTION_CASES = ("aggregates", *_CASES)
_CAPITAL_TEXT = """
count sum avg min max total group_concat string_agg array_agg median mode quantile percentile_cont percentile_disc stddev
stddev_pop stddev_samp variance var_pop var_samp corr covar_pop covar_samp bool_and bool_or every json_group_array
json_group_object row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value arg_max
arg_min first last any_value cast try_cast coalesce nullif extract
"""
_CAPITAL = frozenset(_CAPITAL_TEXT.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """How a statement is laid out.

    plain: leave the text as it is; the other fields then say nothing.
    keyword_case: 'upper', 'lower' or 'keep'.
    function_case: 'aggregates' (those, window functions, CAST in capitals, others small), 'upper', 'lower' or 'keep'.
    alias_keyword: put AS before aliases of columns and tables.
    clause_a_line: each clause in a line of its own; False: everything in one line.
    column_a_line: each column of SELECT in a line of its own; False: in one line where they fit into ``line_length``.
    indent: blanks before a subquery.
    line_length: where conditions of a join, lists and CASE are broken; other lines may be longer.
    """

    plain: bool = False
    keyword_case: str = "upper"
    function_case: str = "aggregates"
    alias_keyword: bool = True
    clause_a_line: bool = True
    column_a_line: bool = True
    indent: int = 4
    line_length: int = 100

    def __post_init__(self) -> None:
        _one_of("keyword_case", self.keyword_case, _CASES)
        _one_of("function_case", self.function_case, _FUNCTION_CASES)
        _within("indent", self.indent, 0, 16)
        _within("line_length", self.line_length, 20, 1000)


def _one_of(key: str, value: object, known: tuple[str, ...]) -> None:
    if value not in known:
        close = nearest(str(value), known)
        raise UsageError(
            f"{key} = {value!r}: " + (f"did you mean {close[0]!r}? " if close else "") + f"Known: {', '.join(known)}."
        )


def _within(key: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise UsageError(f"{key} = {value}: give a number from {low} to {high}.")


HOUSE = Style()
"""The style of this project."""
PLAIN = Style(plain=True)
"""Statements as the model wrote them."""
_NAMED = {"house": HOUSE, "plain": PLAIN}


def style_named(name: str) -> Style:
    """'house', 'plain', or the path of a style file.

    Raises:
        UnknownNameError: neither.
        PackError: the file is malformed.
    """
    if name in _NAMED:
        return _NAMED[name]
    if Path(name).suffix == ".toml":
        return read_style(Path(name))
    raise UnknownNameError("style", name, _NAMED, "Or give the path of a style.toml.")


def read_style(path: Path) -> Style:
    """The style in a TOML file; keys that are not given have the values of the house style.

    Raises:
        PackError: the file is missing or malformed; names the line and the nearest known key.
    """
    try:
        text = path.read_text(encoding="utf-8")
        document: dict[str, Any] = tomllib.loads(text)
    except OSError as error:
        raise PackError(f"the style file {str(path)!r} cannot be read: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PackError(f"{path}: {error}.") from None
    known = {f.name: f.type for f in fields(Style)}
    for key, value in document.items():
        line = next((n for n, s in enumerate(text.splitlines(), 1) if s.lstrip().startswith(key)), 1)
        if key not in known:
            close = nearest(key, known)
            told = f"Did you mean {close[0]!r}?" if close else f"Known: {', '.join(known)}."
            raise PackError(f"{path}, line {line}: unknown key {key!r}. {told}")
        if type(value).__name__ != known[key]:
            raise PackError(f"{path}, line {line}: {key!r} must be {known[key]}, got {value!r}.")
    try:
        return Style(**document)
    except UsageError as error:
        raise PackError(f"{path}: {error}") from None


# ------------------------------------------------------------------------------------------------- formatting


def format_sql(sql: str, dialect: Dialect, style: Style = HOUSE) -> str:
    """``sql`` in ``style``, without a semicolon at its end. Never raises.

    Unchanged where it has comments, cannot be read, or would not be the same statement afterwards.
    """
    if style.plain:
        return sql
    try:
        tree = parse_query(sql, dialect)
        if tree is None or has_comments(sql, dialect):
            return sql
        formatted = _formatted(sql, dialect, style, tree)
        again = parse_query(formatted, dialect)
    except (SqlError, ValueError, RecursionError):
        return sql
    return formatted if again is not None and again == tree else sql


def _formatted(sql: str, dialect: Dialect, style: Style, tree: exp.Expr) -> str:
    pieces = pieces_of(sql, dialect, tree)
    for piece in pieces:
        _set_case(piece, style)
    if style.alias_keyword:
        pieces = _with_alias_keywords(pieces, tree, style)
    items = nested(pieces)
    if not style.clause_a_line:
        return one_line(items)
    lines = Layout(style.indent, style.line_length, style.column_a_line).query(items, 0)
    return "\n".join(line.rstrip() for line in lines)


def _set_case(piece: Piece, style: Style) -> None:
    if piece.kind == "keyword":
        piece.text = _cased(piece.text, style.keyword_case)
    elif piece.kind == "function":
        case = style.function_case
        if case == "aggregates":
            case = "upper" if piece.text.lower() in _CAPITAL else "lower"
        piece.text = _cased(piece.text, case)


def _cased(text: str, case: str) -> str:
    return {"upper": text.upper(), "lower": text.lower()}.get(case, text)


def _with_alias_keywords(pieces: list[Piece], tree: exp.Expr, style: Style) -> list[Piece]:
    """AS before the aliases that lack it; those of WITH stand before their query and need none."""
    aliases = {span[0] for node in _aliases(tree) if (span := span_of(node))}
    found: list[Piece] = []
    for index, piece in enumerate(pieces):
        before = pieces[index - 1] if index else None
        prefix = index + 1 < len(pieces) and pieces[index + 1].text == ":"  # DuckDB: SELECT total: SUM(x)
        if piece.start in aliases and before is not None and before.word != "AS" and not prefix:
            found.append(Piece("as" if style.keyword_case == "lower" else "AS", "keyword", piece.start))
            piece.blank = True
        found.append(piece)
    return found


def _aliases(tree: exp.Expr) -> list[exp.Expr]:
    columns = [node.args.get("alias") for node in tree.find_all(exp.Alias)]
    tables = [n.args.get("this") for n in tree.find_all(exp.TableAlias) if not isinstance(n.parent, exp.CTE)]
    return [node for node in (*columns, *tables) if isinstance(node, exp.Expr)]
