"""Doubts about a statement by itself: what runs, but seldom means what it says."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Protocol

from treadle.coding.checks.names import close_names
from treadle.coding.sql.checks.syntax import exp
from treadle.coding.sql.doubts.asked import Asked
from treadle.coding.sql.doubts.facts import ISO_DATE, Comparison, Facts, number_of
from treadle.types import Column

__all__ = ["ValuesOf", "slip_doubts", "value_doubts"]


class ValuesOf(Protocol):
    """The distinct values of a column."""

    def __call__(self, table: str, column: str) -> Collection[object] | None:
        """None where there are too many, or where they are not known."""
        ...


def slip_doubts(facts: Facts, asked: Asked) -> list[str]:
    """Slips in the statement, whatever was asked; ``asked`` only excuses some of them."""
    found = [*_null(facts), *_like(facts), *_contradictions(facts), *_counted_flags(facts)]
    if facts.dialect == "sqlite":
        found += [*_dates(facts), *_date_literals(facts), *_formats(facts), *_quoted(facts), *_bare_columns(facts)]
    if facts.dialect != "duckdb":
        found += _division(facts, asked)
    return [*found, *_numbers_as_text(facts), *_limits(facts, asked)]


def _shown(node: exp.Expr) -> str:
    text = node.sql("sqlite")
    return text if len(text) <= 60 else text[:57] + "..."


# ------------------------------------------------------------------------------------------------- NULL, LIKE


def _null(facts: Facts) -> Iterator[str]:
    for comparison in facts.comparisons:
        if isinstance(comparison.right.unnest(), exp.Null) and comparison.operator in ("=", "<>"):
            is_ = "IS NULL" if comparison.operator == "=" else "IS NOT NULL"
            yield f"nothing is {comparison.operator} NULL: write {_shown(comparison.left)} {is_}"


def _counted_flags(facts: Facts) -> Iterator[str]:
    for node in facts.tree.find_all(exp.Count):
        known = facts.column(node.this) if isinstance(node.this, exp.Column) else None
        if known is not None and known[1].values and set(known[1].values) <= {"0", "1"} and not known[1].key:
            yield f"{_shown(node)} counts the zeros as well; write SUM({_shown(node.this)})"


def _like(facts: Facts) -> Iterator[str]:
    for node in facts.tree.find_all(exp.Like, exp.ILike):
        pattern = node.expression
        if isinstance(pattern, exp.Literal) and not re.search(r"[%_]", str(pattern.this)):
            yield f"LIKE '{pattern.this}' has no % in it: it finds that text alone"


def _contradictions(facts: Facts) -> Iterator[str]:
    """``x = 'a' AND x = 'b'``"""
    for node in facts.tree.find_all(exp.And):
        if isinstance(node.parent, exp.And):
            continue
        wanted: dict[str, str] = {}
        for part in node.flatten():
            if isinstance(part, exp.EQ) and isinstance(part.this, exp.Column) and isinstance(part.expression, exp.Literal):
                left, right = part.this.sql(), part.expression.sql()
                if wanted.setdefault(left, right) != right:
                    yield f"{left} cannot be {wanted[left]} and {right} at once"


def _quoted(facts: Facts) -> Iterator[str]:
    for node in facts.names.texts:
        yield f'"{node.name}" is no column: SQLite takes it as text, which is written in single quotes'


# ------------------------------------------------------------------------------------------------------ dates


def _dates(facts: Facts) -> Iterator[str]:
    for node in facts.tree.find_all(exp.Sub, exp.Add):
        sides = (node.this, node.expression)
        dates = [side for side in sides if facts.kind(side) == "date"]
        if dates and not any(isinstance(side.unnest(), exp.Interval) for side in sides):
            sign = "-" if isinstance(node, exp.Sub) else "+"
            yield f"{_shown(node)}: {sign} takes only the year of a date in SQLite; julianday() gives days"
        elif isinstance(node, exp.Sub) and all(_part_of_time(side) in ("%d", "%H", "%M", "%m", "%S") for side in sides):
            yield f"{_shown(node)} subtracts parts of the times, not the times; julianday() gives days"
    for average in facts.tree.find_all(exp.Avg, exp.Sum):
        if facts.kind(average.this) == "date":
            yield f"{_shown(average)} takes only the year of a date in SQLite"
    yield from _strftime(facts)


def _strftime(facts: Facts) -> Iterator[str]:
    for comparison in facts.comparisons:
        value = number_of(comparison.right)
        if value is None:
            continue
        name = facts.called(comparison.left.unnest())
        if name in ("strftime", "substr", "substring", "date"):
            yield f"{_shown(comparison.left)} is text, which is never equal to the number {value:g} and always above it"
        elif facts.kind(comparison.left) == "date" and comparison.operator in ("=", "<>"):
            yield f"{_shown(comparison.left)} holds dates, none of which is {value:g}"


def _part_of_time(node: exp.Expr) -> str:
    """The format of a strftime."""
    inner = node.unnest()
    if isinstance(inner, exp.Cast):
        inner = inner.this
    return next((str(part.this) for part in inner.find_all(exp.Literal) if part.is_string and "%" in str(part.this)), "")


_WIDTHS = {
    "%Y": 4,
    "%m": 2,
    "%d": 2,
    "%H": 2,
    "%M": 2,
    "%S": 2,
    "%j": 3,
    "%w": 1,
    "%W": 2,
    "%Y-%m": 7,
    "%m-%d": 5,
    "%Y-%m-%d": 10,
}


def _formats(facts: Facts) -> Iterator[str]:
    """Literals that a format of strftime never gives, and arguments the wrong way round."""
    for comparison in facts.comparisons:
        left, right = comparison.left.unnest(), comparison.right
        if facts.called(left) != "strftime" or not (isinstance(right, exp.Literal) and right.is_string):
            continue
        width = _WIDTHS.get(_part_of_time(left))
        if width is not None and len(str(right.this)) != width and comparison.operator in ("=", "<>"):
            yield f"{_shown(left)} gives {width} characters, never '{right.this}'"
    for node in facts.tree.find_all(exp.Func):
        if facts.called(node) == "strftime" and not _part_of_time(node):
            yield f"{_shown(node)} has no format such as '%Y' in front"
        if facts.called(node) in ("strftime", "date", "julianday", "datetime"):
            for literal in node.find_all(exp.Literal):
                if literal.is_string and facts.names_a_column(str(literal.this)):
                    yield f"'{literal.this}' in quotes is text, not the column"


def _date_literals(facts: Facts) -> Iterator[str]:
    for comparison in facts.comparisons:
        right = comparison.right
        if facts.kind(comparison.left) != "date" or not (isinstance(right, exp.Literal) and right.is_string):
            continue
        yield from _date_literal(comparison, str(right.this), facts.length_of_dates(comparison.left))


def _date_literal(comparison: Comparison, text: str, length: int) -> Iterator[str]:
    left = _shown(comparison.left)
    if not ISO_DATE.match(text):
        if re.search(r"\d", text) and length:
            yield f"{left} holds dates such as 2024-01-31, not '{text}'"
        return
    if not length or len(text) >= length:
        return
    if comparison.operator == "=":
        yield f"{left} is never '{text}': its dates are longer"
    elif comparison.operator == "<=" and len(text) != 10:
        yield f"{left} <= '{text}' leaves out what follows the beginning of '{text}'"


# --------------------------------------------------------------------------------------------------- numbers


_RATIO_WORDS = r"\b(?:fraction|percent\w*|per ?cent|proportion|share|ratio|average|mean|rate|per)\b|%"


def _division(facts: Facts, asked: Asked) -> Iterator[str]:
    for node in facts.tree.find_all(exp.Div):
        if (
            facts.kind(node.this) != "int"
            or facts.kind(node.expression) != "int"
            or node.find_ancestor(exp.Limit, exp.Offset)
        ):
            continue
        by_number = number_of(node.expression) is not None
        whole = by_number and not any(facts.is_aggregate(n) for n in node.this.walk())
        if whole and not asked.has(_RATIO_WORDS):
            continue  # groups of ten, quarters of a year
        if isinstance(node.parent, exp.Mul) and by_number and whole:
            continue
        if asked.has(r"\bwhole\b|\binteger\b|\bcomplete(?:d|ly)?\b|\bdecades?\b|\bcenturies\b|\bcentury\b"):
            continue
        yield f"{_shown(node)} divides whole numbers and drops the remainder; write 1.0 * in front"


def _numbers_as_text(facts: Facts) -> Iterator[str]:
    """Numbers kept as text are ordered like words: '10' before '9'."""
    for select in facts.tree.find_all(exp.Query):
        for key, _ in facts.order_keys(select):
            if facts.kind(key) == "digits":
                cast = f"CAST({_shown(key)} AS INTEGER)"
                yield f"{_shown(key)} holds numbers as text, which are ordered like words; write {cast}"
    for node in facts.tree.find_all(exp.Max, exp.Min):
        if facts.kind(node.this) == "digits":
            yield f"{_shown(node)} compares numbers that are kept as text; write CAST({_shown(node.this)} AS INTEGER)"
    for comparison in facts.comparisons:
        if (
            facts.kind(comparison.left) == "digits"
            and comparison.operator not in ("=", "<>")
            and facts.dialect != "postgres"
        ):
            yield f"{_shown(comparison.left)} holds numbers as text, which {comparison.operator} compares like words"


# ---------------------------------------------------------------------------------------------- groups, limits


def _limits(facts: Facts, asked: Asked) -> Iterator[str]:
    if asked.has(r"\b(?:any|some|an example|examples?|sample|a few|random)\b"):
        return
    for select in facts.selects:
        limit = select.args.get("limit")
        if limit is None or select.args.get("order") is not None or isinstance(select.parent, exp.Exists):
            continue
        if not select.args.get("group") and facts.aggregates_in(select):
            continue
        if _is_one_row(facts, select):
            continue
        yield "LIMIT without ORDER BY takes whatever rows come first"


def _is_one_row(facts: Facts, select: exp.Select) -> bool:
    """A row is chosen by its key."""
    where = select.args.get("where")
    for node in where.find_all(exp.EQ) if where is not None else ():
        for side in (node.this, node.expression):
            known = facts.column(side) if isinstance(side, exp.Column) else None
            if known is not None and known[1].key:
                return True
    return False


def _bare_columns(facts: Facts) -> Iterator[str]:
    """Columns beside aggregates that the group does not determine: SQLite takes them from any row."""
    for select in facts.selects:
        aggregates = [n for item in select.expressions for n in [item, *facts.aggregates_in(item)] if facts.is_aggregate(n)]
        group = select.args.get("group")
        if not aggregates and group is None:
            continue
        if len(aggregates) == 1 and isinstance(aggregates[0], exp.Max | exp.Min):
            continue  # defined: the row of the maximum
        bare = [c for item in select.expressions for c in _bare(item, facts) if not _is_determined(c, select, facts)]
        if bare:
            beside = "an aggregate" if aggregates else "GROUP BY"
            yield f"{_shown(bare[0])} beside {beside} is taken from any row of the group; group by it as well"


def _bare(item: exp.Expr, facts: Facts) -> Iterator[exp.Column]:
    stack = [item]
    while stack:
        node = stack.pop()
        if facts.is_aggregate(node) or isinstance(node, exp.Query | exp.Window):
            continue
        if isinstance(node, exp.Column):
            yield node
            continue
        stack.extend(node.iter_expressions())


def _is_determined(column: exp.Column, select: exp.Select, facts: Facts) -> bool:
    keys = facts.group_keys(select)
    if any(column == key or column in list(key.find_all(exp.Column)) for key in keys):
        return True
    binding = facts.names.column(column)
    if binding is None or not binding.table:
        return True  # of a derived table nothing is known
    own = facts.column(column)
    same = [facts.column(key) for key in keys if isinstance(key, exp.Column)]
    if own is not None and own in same:
        return True
    return binding.table in facts.determined_tables(select)


# ------------------------------------------------------------------------------------------------------ values


def value_doubts(facts: Facts, values_of: ValuesOf) -> list[str]:
    """Texts that are compared with a column which does not have them."""
    found = []
    for comparison in facts.comparisons:
        if (
            comparison.operator not in ("=", "<>")
            or not isinstance(comparison.right, exp.Literal)
            or not comparison.right.is_string
        ):
            continue
        known = facts.column(comparison.left)
        if known is None or facts.kind(comparison.left) == "date":
            continue
        table, column = known
        values = values_of(table, column.name)
        if values is None or not _is_text(column):
            continue
        text = str(comparison.right.this)
        if text not in {str(v) for v in values}:
            close = close_names(text, [str(v) for v in values if v is not None])[:2]
            near = f"; nearest: {', '.join(repr(c) for c in close)}" if close else ""
            found.append(f"no row of {table} has '{text}' in {column.name}{near}")
    return found


def _is_text(column: Column) -> bool:
    return re.search(r"CHAR|TEXT|CLOB|STRING|ENUM", column.type, re.IGNORECASE) is not None or column.type.lower() in (
        "",
        "any",
    )
