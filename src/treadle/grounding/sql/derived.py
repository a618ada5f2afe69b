"""Statements used as tables, in FROM or behind WITH: their columns, and how a draft names those not written yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Literal

from treadle.grounding.sql.frame import Frame, is_name
from treadle.grounding.sql.schema import Schema
from treadle.grounding.sql.sources import Needs
from treadle.types import Column

__all__ = ["MADE", "MADE_COLUMNS", "QUALIFIERS_MADE", "extended", "made_columns", "type_of", "types_of"]

MADE = (
    r"/(n|cnt|num|count|total|sum|avg|average|mean|min|max|median|share|ratio|percent|rank|rn|value|amount|first|last|diff)"
    r"(_[a-z0-9]{1,10}){0,2}/"
)
"""Names of columns that a statement in FROM will make. Any other name would do as well; but a model that misspells a column
should be told so at once, not have to write a statement which makes it one."""
MADE_COLUMNS = 4
"""Columns at most that a statement in FROM will have to make."""
QUALIFIERS_MADE = ("sub", "x", "y", "q")
"""What stands before them, besides the short names of tables."""
_NUMBER = frozenset(
    [
        "COUNT",
        "SUM",
        "AVG",
        "TOTAL",
        "MEDIAN",
        "STDDEV",
        "VARIANCE",
        "ROUND",
        "ABS",
        "LENGTH",
        "EXTRACT",
        "DATE_PART",
        "ROW_NUMBER",
        "RANK",
        "DENSE_RANK",
        "JULIANDAY",
    ]
)
_TEXT = frozenset(["LOWER", "UPPER", "TRIM", "SUBSTR", "REPLACE", "STRFTIME", "GROUP_CONCAT"])
_Kind = Literal["number", "text", "other", "any", ""]


def types_of(schema: Schema, frame: Frame) -> list[_Kind]:
    """Of each item of a statement what it may be compared with; empty where that is not known."""
    return [type_of(schema, frame, item) for item in frame.each_item()]


def type_of(schema: Schema, frame: Frame, item: Sequence[str]) -> _Kind:
    """What an item, of these words, may be compared with."""
    found = _column_of(schema, frame, item)
    return schema.group(found) if found is not None else ""


def _column_of(schema: Schema, frame: Frame, item: Sequence[str]) -> Column | None:
    """The item as a column, where its type is known."""
    words = _unnamed(item)
    if not words:
        return None
    if len(words) == 1 or (len(words) == 3 and words[1] == "."):
        return _plain_column(schema, frame, words)
    if words[:1] in (["MIN"], ["MAX"]) and words[1:2] == ["("] and words.index(")") == len(words) - 1:
        column = _plain_column(schema, frame, words[2:-1])
        return None if column is None else Column(name=column.name, type=column.type)
    if "||" in words or words[0].upper() in _TEXT:
        return Column(name="", type="TEXT")
    if words[0] in _NUMBER or words[0].isdigit() or (set(words) & set("+-*/") and words[0] not in ("CASE", "COALESCE")):
        return Column(name="", type="DOUBLE")
    return None


def _unnamed(item: Sequence[str]) -> list[str]:
    words = [w for w in item if w != "DISTINCT"]
    return words[: words.index("AS")] if words[-2:-1] == ["AS"] else words


def _plain_column(schema: Schema, frame: Frame, words: Sequence[str]) -> Column | None:
    """The column of these words, where all tables that it may be of have it with one type."""
    if not words or not is_name(words[0]):
        return None
    needs = Needs.of(schema, *frame.columns())
    sources = [table for table, q in frame.sources() if len(words) == 1 or q == words[0]]
    homes = needs.homes if len(words) == 1 else needs.behind.get(words[0], set())
    columns = [schema.columns(t)[words[-1]] for t in sources or homes if words[-1] in schema.columns(t)]
    return columns[0] if columns and len({schema.group(c) for c in columns}) == 1 else None


def extended(schema: Schema, stack: Sequence[Frame]) -> Schema:
    """The schema with the statements that frames use as tables; the same one where they use none."""
    for frame in stack:
        for name, inner in [*frame.named.items(), *frame.derived.items()]:
            schema = _with_table(schema, name, tuple(made_columns(schema, inner).items()))
    return schema


@lru_cache(maxsize=64)
def _with_table(schema: Schema, name: str, columns: Sequence[tuple[str, Column]]) -> Schema:
    return schema.with_table(name, dict(columns))


def made_columns(schema: Schema, frame: Frame) -> Mapping[str, Column]:
    """The columns of a statement that is used as a table; those without a name, or with one that others have, are none."""
    first = frame.first or frame
    known = extended(schema, [first])
    found: dict[str, Column] = {}
    twice: set[str] = set()
    for name, column in _made(known, first):
        twice |= {name.lower()} & {other.lower() for other in found}
        found[name] = column
    return {name: column for name, column in found.items() if name.lower() not in twice}


def _made(schema: Schema, frame: Frame) -> list[tuple[str, Column]]:
    found: list[tuple[str, Column]] = []
    for item in frame.each_item():
        if item[-1:] == ["*"] and (len(item) == 1 or item[-2] in (".", "DISTINCT")):
            tables = [t for t, q in frame.sources() if len(item) < 3 or q == item[0]]
            found += [(name, column) for t in tables for name, column in schema.columns(t).items()]
            continue
        words = _unnamed(item)
        if item[-2:-1] == ["AS"]:
            found.append((item[-1], _column_of(schema, frame, item) or Column(name=item[-1], type="unknown")))
        elif words and is_name(words[-1]) and (len(words) == 1 or (len(words) == 3 and words[1] == ".")):
            found.append((words[-1], _plain_column(schema, frame, words) or Column(name=words[-1], type="unknown")))
    return found
