"""Which table and column each name of a statement means, as the engine would look it up: scope by scope.

A scope is one SELECT with the tables of its FROM. Names are looked up in it, then among the aliases of its output where the
dialect allows that, then in the scopes around it. What cannot be known (a table function, a file, a star over one of these)
is *open*: any column may come from it, so none is reported missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from treadle.coding.sql.base import Dialect
from treadle.coding.sql.checks.scopes import Binding, Missing, Relation, Resolution, Scope, outwards
from treadle.coding.sql.checks.syntax import QUERIES, exp, span_of, written
from treadle.coding.sql.checks.visible import ALIASES_SEEN, CATALOGS, HIDDEN, SYSTEM, VALUES_WITHOUT_BRACKETS, Clause
from treadle.types import DataSummary

__all__ = ["resolve"]

_Outputs = list[str] | None


def resolve(tree: exp.Expr, sql: str, dialect: Dialect, summary: DataSummary) -> Resolution:
    """Look up every table and column of one statement in ``summary``."""
    resolver = _Resolver(sql, dialect, summary)
    resolver.query(tree, None, {})
    return resolver.found


class _Resolver:
    def __init__(self, sql: str, dialect: Dialect, summary: DataSummary) -> None:
        self.found = Resolution()
        self._sql, self._dialect = sql, dialect
        self._tables = {
            self._fold_stored(t.name): (t.name, {self._fold_stored(c.name): c.name for c in t.columns})
            for t in summary.tables
        }
        for table in summary.tables:  # 'public.orders' may be called 'orders'
            self._tables.setdefault(
                self._fold_stored(table.name.rpartition(".")[2]), self._tables[self._fold_stored(table.name)]
            )

    # ------------------------------------------------------------------------------------------------ names

    def _fold_stored(self, name: str) -> str:
        return name if self._dialect == "postgres" else name.lower()

    def _fold(self, node: exp.Expr | str | None) -> str:
        """A name as it is compared: PostgreSQL minds the case of quoted names."""
        if isinstance(node, exp.Identifier) and node.args.get("quoted") and self._dialect == "postgres":
            return str(node.this)
        return (node if isinstance(node, str) else node.name if node is not None else "").lower()

    def _report(self, missing: Missing) -> None:
        self.found.missing.append(missing)

    # ------------------------------------------------------------------------------------------------ queries

    def query(self, node: exp.Expr, parent: Scope | None, ctes: Mapping[str, Relation]) -> _Outputs:
        """Resolve a query; the names of its output columns, None where they cannot be known."""
        ctes = self._with(node, parent, ctes)
        if isinstance(node, exp.Subquery):
            return self._bracketed(node, parent, ctes)
        if isinstance(node, exp.SetOperation):
            return self._set_operation(node, parent, ctes)
        if isinstance(node, exp.Select):
            return self._select(node, parent, ctes)
        if isinstance(node, exp.Values):
            return self._values(node, parent, ctes)
        if isinstance(node, exp.Table):
            scope = Scope(node, parent)
            self._source(node, scope, ctes)
            return self._star_outputs(scope, None)
        return None

    def _with(self, node: exp.Expr, parent: Scope | None, ctes: Mapping[str, Relation]) -> Mapping[str, Relation]:
        clause = node.args.get("with_")
        if not isinstance(clause, exp.With):
            return ctes
        known = dict(ctes)
        recursive = bool(clause.args.get("recursive")) or self._dialect == "sqlite"
        for cte in clause.expressions:
            name = cte.alias
            columns = [c.name for c in cte.args["alias"].args.get("columns") or []]
            if recursive and isinstance(cte.this, exp.SetOperation):
                first = columns or self._quietly(cte.this.this, parent, known)
                known[self._fold(cte.args["alias"].this)] = self._derived(name, first, None)
            outputs = self.query(cte.this, parent, known)
            known[self._fold(cte.args["alias"].this)] = self._derived(name, columns or outputs, cte.this)
        return known

    def _quietly(self, node: exp.Expr, parent: Scope | None, ctes: Mapping[str, Relation]) -> _Outputs:
        kept, self.found = self.found, Resolution()
        outputs = self.query(node, parent, ctes)
        self.found = kept
        return outputs

    def _derived(self, name: str, outputs: Iterable[str] | None, query: exp.Expr | None) -> Relation:
        columns = None if outputs is None else {self._fold_stored(o): o for o in outputs if o}
        return Relation(name=name, columns=columns, query=query)

    def _bracketed(self, node: exp.Subquery, parent: Scope | None, ctes: Mapping[str, Relation]) -> _Outputs:
        outputs = self.query(node.this, parent, ctes)
        self._by_outputs(node, outputs, parent, ctes)
        return outputs

    def _set_operation(self, node: exp.SetOperation, parent: Scope | None, ctes: Mapping[str, Relation]) -> _Outputs:
        outputs = self.query(node.this, parent, ctes)
        others = self.query(node.expression, parent, ctes)
        seen = outputs
        if self._dialect == "sqlite" and outputs is not None:
            seen = None if others is None else [*outputs, *others]
        self._by_outputs(node, seen, parent, ctes)
        return None if node.args.get("by_name") else outputs

    def _by_outputs(self, node: exp.Expr, outputs: _Outputs, parent: Scope | None, ctes: Mapping[str, Relation]) -> None:
        """ORDER BY after a UNION sees the names of the output."""
        order = node.args.get("order")
        if order is None or (isinstance(node, exp.Subquery) and not node.args.get("order")):
            return
        scope = Scope(node, parent, [self._derived("the result", outputs, None)])
        self._expression(order, scope, "order", ctes)

    def _values(self, node: exp.Values, parent: Scope | None, ctes: Mapping[str, Relation]) -> _Outputs:
        self._expression(node, Scope(node, parent), "arguments", ctes)
        alias = node.args.get("alias")
        if isinstance(alias, exp.TableAlias) and alias.args.get("columns"):
            return [c.name for c in alias.args["columns"]]
        rows = node.expressions
        width = len(rows[0].expressions) if rows and isinstance(rows[0], exp.Tuple) else 1
        return [f"col{i}" for i in range(width)] if self._dialect == "duckdb" else [f"column{i + 1}" for i in range(width)]

    def _select(self, node: exp.Select, parent: Scope | None, ctes: Mapping[str, Relation]) -> _Outputs:
        scope = Scope(node, parent)
        self.found.scopes.append(scope)
        source = node.args.get("from_")
        if source is not None:
            self._source(source.this, scope, ctes)
        for lateral in node.args.get("laterals") or []:
            self._source(lateral, scope, ctes)
        for join in node.args.get("joins") or []:
            self._join(join, scope, ctes)
        for item in node.expressions:
            if isinstance(item, exp.Alias):
                scope.aliases[self._fold(item.args["alias"])] = item.alias
        clauses: tuple[tuple[str, Clause], ...] = (("where", "where"), ("group", "group"), ("having", "having"))
        clauses += (
            ("qualify", "having"),
            ("windows", "select"),
            ("distinct", "select"),
            ("order", "order"),
            ("limit", "arguments"),
            ("offset", "arguments"),
        )
        for item in node.expressions:
            self._expression(item, scope, "select", ctes)
        for key, clause in clauses:
            for part in _listed(node.args.get(key)):
                self._expression(part, scope, clause, ctes)
        return self._outputs(node, scope)

    # ------------------------------------------------------------------------------------------------ FROM

    def _join(self, join: exp.Join, scope: Scope, ctes: Mapping[str, Relation]) -> None:
        left = list(scope.relations)
        self._source(join.this, scope, ctes)
        for relation in scope.relations[len(left) :]:
            relation.joined = relation.joined or join
        scope.natural |= str(join.args.get("method") or "").upper() == "NATURAL"
        for column in join.args.get("using") or []:
            name = self._fold(column)
            scope.merged.add(name)
            for side in (left, scope.relations[len(left) :]):
                if not any(r.columns is None or name in r.columns for r in side):
                    known = tuple(dict.fromkeys(c for r in side for c in (r.columns or {}).values()))
                    self._report(Missing("using", column.name, column, known, side[-1].shown if side else ""))
        if join.args.get("on") is not None:
            self._expression(join.args["on"], scope, "on", ctes)

    def _source(self, node: exp.Expr, scope: Scope, ctes: Mapping[str, Relation]) -> None:
        alias = node.args.get("alias")
        columns = [c.name for c in alias.args.get("columns") or []] if isinstance(alias, exp.TableAlias) else []
        relation = self._relation(node, scope, ctes)
        if relation is not None:
            name = alias.name if isinstance(alias, exp.TableAlias) and alias.this is not None else relation.name
            self._add(node, relation, name, alias, columns, scope)
        for lateral in node.args.get("laterals") or []:
            self._source(lateral, scope, ctes)
        for join in node.args.get("joins") or []:
            self._join(join, scope, ctes)

    def _add(self, node: exp.Expr, relation: Relation, name: str, alias: object, columns: list[str], scope: Scope) -> None:
        known = relation.columns
        if columns and known is not None:
            rest = list(known.values())[len(columns) :]
            known = {self._fold_stored(c): c for c in (*columns, *rest)}
        if node.args.get("pivots"):
            known = None
        called = Relation(name, known, relation.table, bool(alias) and name != relation.table, relation.query)
        scope.relations.append(called)
        self.found.relations[id(node)] = called

    def _relation(self, node: exp.Expr, scope: Scope, ctes: Mapping[str, Relation]) -> Relation | None:
        """What ``node`` gives; None where it only brackets other sources, which are then in ``scope`` already."""
        if isinstance(node, exp.Subquery) and not isinstance(node.this, (*QUERIES, exp.Subquery)):
            self._source(node.this, scope, ctes)
            return None
        if isinstance(node, exp.Subquery | exp.Values):
            visible = scope if self._dialect == "duckdb" else scope.parent
            return self._derived(node.alias, self.query(node, visible, ctes), node)
        if isinstance(node, exp.Lateral) and isinstance(node.this, exp.Subquery):
            return self._derived(node.alias, self.query(node.this, scope, ctes), node.this)
        if isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier):
            return self._table(node, ctes)
        self._expression(node.this if isinstance(node.this, exp.Expr) else node, scope, "arguments", ctes)
        function = written(node.this, self._sql).lower() if isinstance(node.this, exp.Expr) else ""
        return Relation(node.alias_or_name or function, _system(function, self._dialect))

    def _table(self, node: exp.Table, ctes: Mapping[str, Relation]) -> Relation:
        name = self._fold(node.this)
        database = node.args.get("db")
        if database is None and name in ctes:
            cte = ctes[name]
            return Relation(node.name, cte.columns, query=cte.query)
        full = f"{self._fold(database)}.{name}" if database is not None else name
        for key in (full, name):
            if key in self._tables:
                table, columns = self._tables[key]
                return Relation(node.name, columns, table)
        quoted_file = bool(node.this.args.get("quoted")) and any(c in node.name for c in "./*:")
        if full.startswith(CATALOGS[self._dialect]) or name in SYSTEM[self._dialect] or quoted_file or not self._tables:
            return Relation(node.name, _system(name, self._dialect))
        tables = dict.fromkeys(table for table, _ in self._tables.values())
        known = (*tables, *(c.name for c in ctes.values()))
        if name.startswith("sqlite_"):
            known += tuple(SYSTEM[self._dialect])
        self._report(Missing("table", node.name, node.this, known))
        return Relation(node.name, None)

    # ------------------------------------------------------------------------------------------------ expressions

    def _expression(self, node: exp.Expr, scope: Scope, clause: Clause, ctes: Mapping[str, Relation]) -> None:
        bound: frozenset[str] = frozenset()
        stack: list[tuple[exp.Expr, frozenset[str]]] = [(node, bound)]
        while stack:
            part, bound = stack.pop()
            if isinstance(part, (*QUERIES, exp.Subquery)) and part is not node:
                self.query(part, scope, ctes)
                continue
            if isinstance(part, exp.Column):
                self._column(part, scope, clause, bound)
                continue
            if isinstance(part, exp.Lambda | exp.Comprehension):
                bound |= {
                    i.name.lower() for i in (*part.expressions, part.args.get("expression")) if isinstance(i, exp.Identifier)
                }
            stack += [(child, bound) for child in _children(part, clause)]

    def _column(self, node: exp.Column, scope: Scope, clause: Clause, bound: frozenset[str]) -> None:
        first = node.parts[0]
        if first.name.lower() in bound or isinstance(node.parent, exp.Star):
            return
        if node.table:
            self._qualified(node, scope, bound)
        elif not isinstance(node.this, exp.Star):
            self._unqualified(node, scope, clause)

    def _qualified(self, node: exp.Column, scope: Scope, bound: frozenset[str]) -> None:
        qualifier = self._fold(node.args["table"])
        for around in outwards(scope):
            for relation in around.relations:
                if qualifier in (self._fold_stored(relation.name), self._fold_stored(relation.name.rpartition(".")[2])):
                    self._in_relation(node, relation)
                    return
        if self._is_field(node, scope):
            return
        known = tuple(r.name for around in outwards(scope) for r in around.relations if r.name)
        called = tuple(
            r.name for s in outwards(scope) for r in s.relations if r.alias and self._fold_stored(r.table) == qualifier
        )
        tables = tuple(self._tables[qualifier][:1]) if qualifier in self._tables else ()
        self._report(Missing("qualifier", node.table, node.args["table"], called or known, "", tables))

    def _is_field(self, node: exp.Column, scope: Scope) -> bool:
        """``a.b`` where ``a`` is a column that holds records (DuckDB), or in an open relation."""
        if self._dialect == "sqlite":
            return False
        first, second = (self._fold(part) for part in node.parts[:2])
        around = [r for s in outwards(scope) for r in s.relations]
        if any(self._fold_stored(r.name) == first and second in (r.columns or {second}) for r in around):
            return len(node.parts) > 2  # relation.column.field
        return any(first in r.columns for r in around if r.columns is not None)

    def _in_relation(self, node: exp.Column, relation: Relation) -> None:
        if isinstance(node.this, exp.Star) or relation.columns is None:
            return
        name = self._fold(node.this)
        if name in relation.columns:
            self._bind(node, relation, name)
        elif not (relation.table and name in HIDDEN[self._dialect]):
            self._report(
                Missing("column", node.name, node.this, tuple(relation.columns.values()), relation.shown, (relation.table,))
            )

    def _bind(self, node: exp.Column, relation: Relation, name: str) -> None:
        assert relation.columns is not None
        self.found.bindings[id(node)] = Binding(relation.table, relation.columns[name], relation)

    def _unqualified(self, node: exp.Column, scope: Scope, clause: Clause) -> None:
        name = self._fold(node.this)
        where = clause
        for around in outwards(scope):
            having = [r for r in around.relations if r.columns is not None and name in r.columns]
            if having:
                self._bind(node, having[0], name)
                self._check_ambiguous(node, name, having, around)
                return
            if around.open or self._is_alias(node, name, around, where):
                return
            where = "where"
        if self._is_special(node, name, scope):
            return
        aliased = name in scope.aliases and scope.relations
        known = dict.fromkeys(c for s in outwards(scope) for r in s.relations for c in (r.columns or {}).values())
        known |= dict.fromkeys(
            a for s in outwards(scope) for a in s.aliases.values() if s is not scope or clause != "select"
        )
        shown = [r.shown for r in scope.relations]
        tables = tuple(r.table for s in outwards(scope) for r in s.relations)
        kind: Literal["column", "alias here"] = "alias here" if aliased else "column"
        self._report(Missing(kind, node.name, node.this, tuple(known), shown[0] if len(shown) == 1 else "", tables))

    def _check_ambiguous(self, node: exp.Column, name: str, having: list[Relation], scope: Scope) -> None:
        if len(having) < 2 or name in scope.merged or scope.natural or name in scope.aliases:
            return
        self._report(Missing("ambiguous", node.name, node.this, tuple(r.name for r in having)))

    def _is_alias(self, node: exp.Column, name: str, scope: Scope, clause: str) -> bool:
        if name not in scope.aliases or clause not in ALIASES_SEEN[self._dialect]:
            return False
        if self._dialect != "postgres":
            return True
        return isinstance(node.parent, exp.Ordered | exp.Group)  # not inside of an expression

    def _is_special(self, node: exp.Column, name: str, scope: Scope) -> bool:
        around = [r for s in outwards(scope) for r in s.relations]
        if name in HIDDEN[self._dialect] and any(r.table for r in around):
            return True
        if self._dialect == "sqlite":
            span = span_of(node.this)
            if node.this.args.get("quoted") and (span is None or self._sql[span[0]] == '"'):
                self.found.texts.append(node)  # SQLite takes it as a string
                return True
            whole_table = name in {self._fold_stored(r.name) for r in around}
            return (whole_table or name == "rank") and node.root().find(exp.Match, exp.MatchAgainst) is not None
        return name in VALUES_WITHOUT_BRACKETS or name in {self._fold_stored(r.name) for r in around}

    # ------------------------------------------------------------------------------------------------ outputs

    def _outputs(self, node: exp.Select, scope: Scope) -> _Outputs:
        names: list[str] = []
        for item in node.expressions:
            if isinstance(item, exp.Star) or (isinstance(item, exp.Column) and isinstance(item.this, exp.Star)):
                star = self._star_outputs(scope, item.table if isinstance(item, exp.Column) else None)
                if star is None or item.args.get("rename"):
                    return None
                names += star
            elif isinstance(item, exp.Columns):
                return None
            else:
                names.append(self._output_name(item))
        return names if node.expressions else self._star_outputs(scope, None)

    def _star_outputs(self, scope: Scope, qualifier: str | None) -> _Outputs:
        wanted = [r for r in scope.relations if qualifier is None or r.name.lower() == qualifier.lower()]
        if not wanted or any(r.columns is None for r in wanted):
            return None
        return [c for r in wanted for c in (r.columns or {}).values()]

    def _output_name(self, item: exp.Expr) -> str:
        if isinstance(item, exp.Alias | exp.Column | exp.Subquery) and item.alias_or_name:
            return item.alias_or_name
        if self._dialect == "postgres":
            inner = item.unnest()
            while isinstance(inner, exp.Window | exp.Filter | exp.WithinGroup):
                inner = inner.this
            if isinstance(inner, exp.Cast):
                return self._output_name(inner.this) or str(inner.to.this.value).lower()
            return "case" if isinstance(inner, exp.Case) else written(inner, self._sql).lower()
        return ""


def _listed(value: object) -> Iterator[exp.Expr]:
    for item in value if isinstance(value, list) else (value,):
        if isinstance(item, exp.Expr):
            yield item


def _children(node: exp.Expr, clause: Clause) -> Iterator[exp.Expr]:
    """Parts of an expression in which columns are looked for."""
    for key, value in node.args.items():
        named_argument = isinstance(node, exp.PropertyEQ | exp.Kwarg) or (clause == "arguments" and isinstance(node, exp.EQ))
        if (named_argument and key == "this") or (isinstance(node, exp.Collate) and key == "expression"):
            continue
        if isinstance(node, exp.Window) and key == "alias":
            continue
        yield from _listed(value)


def _system(name: str, dialect: Dialect) -> dict[str, str] | None:
    """The columns of a table or table function that every database has; None where they are not known."""
    columns = SYSTEM[dialect].get(name)
    return None if columns is None else {c: c for c in columns}
