"""Statements as the rules of this project spell them: tables by their names, columns qualified only where tables are joined.

Whoever writes reference statements has a style of one's own; a small model that is shown two for one thing learns neither.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from treadle.coding.sql.base import Dialect
from treadle.coding.sql.checks.syntax import exp, parse_query
from treadle.coding.sql.reading.schema import Schema

__all__ = ["plainly"]

_PREDICATES = (exp.Predicate, exp.And, exp.Or, exp.Not, exp.Paren)
_NOT_NULL = re.compile(r"\bNOT ((?:\w+|\"[^\"]+\")(?:\.(?:\w+|\"[^\"]+\"))?) IS NULL\b")


def plainly(sql: str, schema: Schema, dialect: Dialect) -> str | None:
    """``sql`` from its SELECT on in plain spelling; None where it is no single SELECT, or could not be told apart."""
    tree = parse_query(sql, dialect)
    if not isinstance(tree, exp.Select):
        return None
    tree = tree.copy()
    for select in list(tree.find_all(exp.Select)):
        _without_names(select)
    columns = {t.lower(): {f.name.lower(): f.name for f in fields} for t, fields in schema.tables.items()}
    for select in list(tree.find_all(exp.Select)):
        _by_tables(select, columns)
    for node in list(tree.walk()):
        _as_rules_spell(node)
    return _NOT_NULL.sub(r"\1 IS NOT NULL", tree.sql(dialect=dialect))


def _as_rules_spell(node: exp.Expr) -> None:
    """Sums of conditions count cases, as every dialect has it; the 1.0 of a ratio stands in front."""
    if isinstance(node, exp.Sum) and isinstance(node.this, _PREDICATES):
        condition = node.this.unnest()
        node.set("this", exp.Case().when(condition.copy(), exp.Literal.number(1)).else_(exp.Literal.number(0)))
    if isinstance(node, exp.Mul) and isinstance(node.expression, exp.Literal) and not isinstance(node.this, exp.Literal):
        one, other = node.this.copy(), node.expression.copy()
        if not isinstance(one, exp.Div | exp.Mul | exp.Add | exp.Sub):
            node.set("this", other)
            node.set("expression", one)


def _without_names(select: exp.Select) -> None:
    """Items lose the names they were given; where these were used stands what they name."""
    named = {i.alias.lower(): i.this for i in select.expressions if isinstance(i, exp.Alias)}
    if not named or isinstance(select.parent, exp.CTE | exp.Subquery):
        return
    for part in ("group", "having", "order"):
        clause = select.args.get(part)
        for column in list(clause.find_all(exp.Column)) if clause is not None else ():
            if not column.table and column.name.lower() in named:
                column.replace(named[column.name.lower()].copy())
    select.set("expressions", [i.this if isinstance(i, exp.Alias) else i for i in select.expressions])


def _by_tables(select: exp.Select, columns: Mapping[str, Mapping[str, str]]) -> None:
    """Tables that are read once in the whole statement lose their short names, and columns of a lone table their owner's."""
    own = _tables_of(select)
    whole = [t.name.lower() for t in _top(select).find_all(exp.Table)]
    for table in own:
        short = table.alias
        if short and whole.count(table.name.lower()) == 1:
            table.set("alias", None)
            for column in select.find_all(exp.Column):
                if column.table.lower() == short.lower():
                    column.set("table", exp.to_identifier(table.name, quoted=table.this.quoted))
    if len(own) == 1:
        _unqualified(select, own[0])
    elif all(t.name.lower() in columns for t in own):
        _qualified(select, own, columns)


def _unqualified(select: exp.Select, table: exp.Table) -> None:
    if select.parent_select is not None:
        return  # a column may be that of the statement around it
    name = table.alias_or_name.lower()
    for column in select.find_all(exp.Column):
        if column.parent_select is select and column.table.lower() == name:
            column.set("table", None)


def _qualified(select: exp.Select, own: list[exp.Table], columns: Mapping[str, Mapping[str, str]]) -> None:
    for column in select.find_all(exp.Column):
        if column.table or column.parent_select is not select:
            continue
        owners = [t for t in own if column.name.lower() in columns[t.name.lower()]]
        if len(owners) == 1:
            column.set("table", exp.to_identifier(owners[0].alias_or_name, quoted=owners[0].this.quoted))


def _tables_of(select: exp.Select) -> list[exp.Table]:
    sources = [select.args.get("from_") or select.args.get("from"), *(select.args.get("joins") or ())]
    return [s.this for s in sources if s is not None and isinstance(s.this, exp.Table)]


def _top(select: exp.Select) -> exp.Expr:
    return select.root()
