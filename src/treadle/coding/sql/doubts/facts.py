"""What doubts need to know of a statement: its columns and what they hold, its functions, comparisons and literals."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from treadle.coding.sql.base import Dialect
from treadle.coding.sql.checks.resolve import resolve
from treadle.coding.sql.checks.scopes import Binding, Resolution
from treadle.coding.sql.checks.syntax import exp, parse_query, written
from treadle.types import Column, DataSummary, Table
from treadle.words import name_parts

__all__ = ["ISO_DATE", "Comparison", "Facts", "Kind", "facts_of", "number_of", "parts_of"]

Kind = Literal["int", "real", "text", "date", "digits", ""]
"""What an expression holds: 'date' a date as text, 'digits' a number as text, '' not known."""

ISO_DATE = re.compile(r"\d{4}(?:-\d\d(?:-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?)?)?$")
_QUOTED_DATE = re.compile(r"'\d{4}-\d\d(?:-\d\d(?:[ T]\d\d:\d\d.*)?)?'$")
_QUOTED_DIGITS = re.compile(r"'-?\d+(?:\.\d+)?'$")
_DATE_TYPE = re.compile(r"DATE|TIME", re.IGNORECASE)
_INT_TYPE = re.compile(r"INT|BOOL", re.IGNORECASE)
_REAL_TYPE = re.compile(r"REAL|FLOA|DOUB|DEC|NUM", re.IGNORECASE)
_REAL_FUNCTIONS = frozenset({"julianday", "avg", "total", "round", "sqrt", "power", "pow", "random", "median", "stddev"})
_TEXT_FUNCTIONS = frozenset(
    {"strftime", "substr", "substring", "upper", "lower", "trim", "time", "printf", "format", "replace"}
)
_DATE_FUNCTIONS = frozenset({"date", "datetime"})
_OPERATORS: dict[type[exp.Expr], str] = {exp.EQ: "=", exp.NEQ: "<>", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<="}
_TURNED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "=": "=", "<>": "<>"}


@dataclass(frozen=True, slots=True)
class Comparison:
    """``left operator right``; a literal, if there is one, stands on the right. BETWEEN gives two."""

    left: exp.Expr
    operator: str
    right: exp.Expr
    node: exp.Expr


@dataclass(eq=False)
class Facts:
    """One statement that parses, with its names looked up in ``summary``."""

    sql: str
    dialect: Dialect
    tree: exp.Expr
    summary: DataSummary
    names: Resolution
    _tables: dict[str, Table] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._tables = {t.name: t for t in self.summary.tables}

    # ------------------------------------------------------------------------------------------------- parts

    @cached_property
    def select(self) -> exp.Select | None:
        """The SELECT whose rows come out; None of a UNION."""
        inner = self.tree.unnest()
        return inner if isinstance(inner, exp.Select) else None

    @cached_property
    def selects(self) -> list[exp.Select]:
        return list(self.tree.find_all(exp.Select))

    @cached_property
    def functions(self) -> frozenset[str]:
        """Names of the functions that are called, as written, in lower case."""
        return frozenset(self.called(node) for node in self.tree.find_all(exp.Func))

    def called(self, node: exp.Expr) -> str:
        return (written(node, self.sql) or node.key).lower() if isinstance(node, exp.Func) else ""

    def calls(self, *names: str) -> bool:
        return not self.functions.isdisjoint(names)

    @cached_property
    def strings(self) -> list[str]:
        """String literals, those in formats of dates included, and what SQLite takes for one."""
        literals = [str(node.this) for node in self.tree.find_all(exp.Literal) if node.is_string]
        return literals + [node.name for node in self.names.texts]

    @cached_property
    def numbers(self) -> list[float]:
        found = []
        for node in self.tree.find_all(exp.Literal):
            if (value := number_of(node)) is not None:
                found.append(value)
        return found

    @cached_property
    def tables(self) -> frozenset[str]:
        """The tables of the database that are read."""
        return frozenset(r.table for r in self.names.relations.values() if r.table)

    @cached_property
    def columns(self) -> dict[tuple[str, str], Column]:
        """(table, column) of the columns that are named, and of all where a star stands for them."""
        used = {(b.table, b.column) for b in self.names.bindings.values() if b.table}
        if any(isinstance(s.parent, exp.Select | exp.Column) for s in self.tree.find_all(exp.Star)):
            used |= {(t, c.name) for t in self.tables for c in self._tables[t].columns}
        return {key: column for key in used if (column := self.column_named(*key)) is not None}

    def column_named(self, table: str, name: str) -> Column | None:
        known = self._tables.get(table)
        return None if known is None else next((c for c in known.columns if c.name == name), None)

    def table(self, name: str) -> Table | None:
        return self._tables.get(name)

    def names_a_column(self, text: str) -> bool:
        """Whether a table that is read has a column of this name."""
        return any(c.name.lower() == text.lower() for t in self.tables for c in self._tables[t].columns)

    def references(self, table: str) -> list[tuple[str, str, str]]:
        """(column, other table, its column) of the foreign keys of ``table``."""
        found = []
        for column in self._tables[table].columns if table in self._tables else ():
            other, _, key = column.references.rpartition(".")
            if other and other in self._tables:
                found.append((column.name, other, key))
        return found

    @cached_property
    def parents(self) -> frozenset[str]:
        """Tables that rows of those read point at, directly or through others."""
        found: set[str] = set()
        waiting = list(self.tables)
        while waiting:
            for _, other, _ in self.references(waiting.pop()):
                if other not in found:
                    found.add(other)
                    waiting.append(other)
        return frozenset(found)

    def determined_tables(self, select: exp.Select) -> frozenset[str]:
        """Tables of which a group of ``select`` has one row: their key is grouped by, or points at from such a table."""
        keys = [known for key in self.group_keys(select) if isinstance(key, exp.Column) and (known := self.column(key))]
        grouped = {(table, column.name) for table, column in keys}
        found = {t for t in self.tables if (own := self.key_of(t)) and own <= {c for table, c in grouped if table == t}}
        pointed = {(table, column.name) for table, column in keys}
        changed = True
        while changed:
            changed = False
            for table in self.tables:
                for column, other, key in self.references(table):
                    leads = table in found or (table, column) in pointed
                    if leads and other in self.tables and other not in found and {key} == self.key_of(other):
                        found.add(other)
                        changed = True
        return frozenset(found)

    def key_of(self, table: str) -> set[str]:
        return {c.name for c in self._tables[table].columns if c.key} if table in self._tables else set()

    def binding(self, node: exp.Expr) -> Binding | None:
        """The column of the database behind a plain column, also through one derived table or CTE."""
        found = self.names.column(node)
        if found is None or found.table:
            return found
        inner = found.relation.query
        inner = inner.unnest() if inner is not None else None
        if not isinstance(inner, exp.Select):
            return None
        item = next((e for e in inner.expressions if e.alias_or_name.lower() == found.column.lower()), None)
        return self.names.column(item.unalias()) if item is not None else None

    def column(self, node: exp.Expr) -> tuple[str, Column] | None:
        """(table, column) behind a plain column."""
        found = self.binding(node)
        column = None if found is None else self.column_named(found.table, found.column)
        return None if found is None or column is None else (found.table, column)

    @cached_property
    def comparisons(self) -> list[Comparison]:
        return [c for node in self.tree.walk() for c in _comparisons(node)]

    def uses_word(self, *words: str) -> bool:
        """Whether the name of a column that is used has one of these parts."""
        return any(word in parts_of(column) for _, column in self.columns for word in words)

    # -------------------------------------------------------------------------------------------------- kinds

    def kind(self, node: exp.Expr | None, depth: int = 0) -> Kind:
        """What an expression holds, as far as that is clear."""
        if node is None or depth > 20:
            return ""
        node = node.unnest().unalias()
        if isinstance(node, exp.Column):
            return self._kind_of_column(node, depth)
        if isinstance(node, exp.Literal):
            if node.is_string:
                return "date" if re.match(r"\d{4}-\d\d-\d\d", str(node.this)) else "text"
            return "int" if re.fullmatch(r"\d+", str(node.this)) else "real"
        if isinstance(node, exp.Cast):
            kind = node.to.sql().upper()
            return "int" if _INT_TYPE.search(kind) else "real" if _REAL_TYPE.search(kind) else "text"
        return self._kind_of_function(node, depth) or self._kind_of_operation(node, depth)

    def length_of_dates(self, node: exp.Expr) -> int:
        """Characters of the dates that ``node`` holds: 10 for days; 0 where it is not known."""
        if self.called(node.unnest()) == "date":
            return 10
        known = self.column(node.unnest())
        if known is None:
            return 0
        if _DATE_TYPE.search(known[1].type) and self.dialect != "sqlite":
            return 10 if known[1].type.upper() == "DATE" else 19
        return max((len(v) - 2 for v in known[1].values if _QUOTED_DATE.match(v)), default=0)

    def _kind_of_column(self, node: exp.Column, depth: int) -> Kind:
        known = self.column(node)
        if known is not None:
            return kind_of_column(known[1])
        found = self.names.column(node)
        inner = None if found is None or found.relation.query is None else found.relation.query.unnest()
        if found is None or not isinstance(inner, exp.Select):
            return ""
        item = next((e for e in inner.expressions if e.alias_or_name.lower() == found.column.lower()), None)
        return self.kind(item, depth + 1)

    def _kind_of_function(self, node: exp.Expr, depth: int) -> Kind:
        name = self.called(node)
        if name in ("count", "length", "unixepoch", "instr", "row_number", "rank", "dense_rank", "sign"):
            return "int"
        if name in _REAL_FUNCTIONS:
            return "real"
        if name in _DATE_FUNCTIONS:
            return "date"
        if name in _TEXT_FUNCTIONS:
            return "text"
        if name in ("sum", "min", "max", "abs", "coalesce", "ifnull", "lag", "lead"):
            kind = self.kind(node.this, depth + 1)
            return "int" if name == "sum" and kind in ("digits", "date", "text") else kind
        return ""

    def _kind_of_operation(self, node: exp.Expr, depth: int) -> Kind:
        if isinstance(node, exp.Window | exp.Filter):
            return self.kind(node.this, depth + 1)
        if isinstance(node, exp.Add | exp.Sub | exp.Mul | exp.Div | exp.Mod | exp.Neg):
            parts = [node.this, node.args.get("expression")]
            kinds = {self.kind(p, depth + 1) for p in parts if isinstance(p, exp.Expr)}
            return "real" if "real" in kinds else "int" if kinds <= {"int", "date", "digits"} else ""
        if isinstance(node, exp.Predicate | exp.Not | exp.And | exp.Or):
            return "int"
        if isinstance(node, exp.Case | exp.If):
            branches = [i.args.get("true") for i in node.args.get("ifs") or []] + [node.args.get("default")]
            if isinstance(node, exp.If):
                branches = [node.args.get("true"), node.args.get("false")]
            kinds = {self.kind(b, depth + 1) for b in branches if isinstance(b, exp.Expr) and not isinstance(b, exp.Null)}
            return kinds.pop() if len(kinds) == 1 else "real" if "real" in kinds else ""
        if isinstance(node, exp.Select) and len(node.expressions) == 1:
            return self.kind(node.expressions[0], depth + 1)
        return ""

    # ------------------------------------------------------------------------------------------------ clauses

    def aggregates_in(self, node: exp.Expr) -> list[exp.Expr]:
        """Aggregates of the SELECT ``node`` itself, not of windows and not of subqueries."""
        return [n for n in _own(node) if self.is_aggregate(n)]

    def is_aggregate(self, node: exp.Expr) -> bool:
        if isinstance(node.parent, exp.Window) or (
            isinstance(node.parent, exp.Filter) and isinstance(node.parent.parent, exp.Window)
        ):
            return False
        return isinstance(node, exp.AggFunc) or self.called(node) in ("total", "median", "string_agg")

    def group_keys(self, select: exp.Select) -> list[exp.Expr]:
        """The expressions of GROUP BY; aliases and positions resolved to what they stand for."""
        group = select.args.get("group")
        return [] if group is None else [self._meant(key, select) for key in group.expressions]

    def order_keys(self, select: exp.Expr) -> list[tuple[exp.Expr, bool]]:
        """(expression, descending) of ORDER BY; aliases and positions resolved."""
        order = select.args.get("order")
        keys = [] if order is None else order.expressions
        return [(self._meant(k.this, select), bool(k.args.get("desc"))) for k in keys if isinstance(k, exp.Ordered)]

    def _meant(self, key: exp.Expr, select: exp.Expr) -> exp.Expr:
        items: Sequence[exp.Expr] = select.expressions if isinstance(select, exp.Select) else ()
        if isinstance(key, exp.Literal) and not key.is_string and str(key.this).isdigit():
            index = int(str(key.this)) - 1
            return items[index].unalias() if 0 <= index < len(items) else key
        if isinstance(key, exp.Column) and not key.table and self.names.column(key) is None:
            return next((i.unalias() for i in items if i.alias_or_name.lower() == key.name.lower()), key)
        return key


def facts_of(sql: str, dialect: Dialect, summary: DataSummary) -> Facts | None:
    """The facts of a statement, or None where it does not parse."""
    tree = parse_query(sql, dialect)
    return None if tree is None else Facts(sql, dialect, tree, summary, resolve(tree, sql, dialect, summary))


def parts_of(name: str) -> list[str]:
    """The parts of a name in lower case: ``unit_price`` -> unit, price."""
    return [part.lower() for part in name_parts(name)]


def kind_of_column(column: Column) -> Kind:
    """What a column holds, by its declared type and the values that are known of it."""
    if _INT_TYPE.search(column.type):
        return "int"
    if _REAL_TYPE.search(column.type):
        return "real"
    if column.values and all(_QUOTED_DATE.match(v) for v in column.values):
        return "date"
    if _DATE_TYPE.search(column.type):
        return "date"
    if column.values and all(_QUOTED_DIGITS.match(v) for v in column.values):
        return "digits"
    return "text"


def number_of(node: exp.Expr | None) -> float | None:
    """The value of a number literal, its sign included."""
    sign = 1.0
    while isinstance(node, exp.Neg | exp.Paren):
        sign = -sign if isinstance(node, exp.Neg) else sign
        node = node.this
    if not isinstance(node, exp.Literal) or node.is_string:
        return None
    try:
        return sign * float(str(node.this))
    except ValueError:
        return None


def _own(node: exp.Expr) -> Iterator[exp.Expr]:
    """Nodes below ``node`` that do not belong to a subquery."""
    stack = list(node.iter_expressions())
    while stack:
        part = stack.pop()
        if isinstance(part, exp.Query):
            continue
        yield part
        stack.extend(part.iter_expressions())


def _comparisons(node: exp.Expr) -> Iterator[Comparison]:
    if isinstance(node, exp.Between):
        yield Comparison(node.this, ">=", node.args["low"], node)
        yield Comparison(node.this, "<=", node.args["high"], node)
    elif isinstance(node, exp.In):
        for item in node.expressions:
            yield Comparison(node.this, "=", item, node)
    elif type(node) in _OPERATORS:
        operator, left, right = _OPERATORS[type(node)], node.this, node.expression
        if isinstance(left.unnest(), exp.Literal | exp.Null | exp.Neg) and not isinstance(right.unnest(), exp.Literal):
            left, right, operator = right, left, _TURNED[operator]
        yield Comparison(left, operator, right, node)
