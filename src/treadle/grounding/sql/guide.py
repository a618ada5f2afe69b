"""A guide for SQL: drafts of one SELECT statement that name only what exists, each column in the scope where it is.

The items come before FROM, so a draft is led in stages: an item at a time, then a table at a time, so that FROM brings all
that the items name, then the other clauses over the columns that are now known. ``(SELECT`` begins a statement within the
statement, with a stack of scopes; each stage is found again from the text alone.

Covered: columns, ``*``, functions, arithmetic, CASE and CAST; joins along foreign keys or equal key columns, self joins
where such a path exists; WHERE, GROUP BY, HAVING, ORDER BY, LIMIT, OFFSET; statements within conditions, which may name
columns of the tables around them; UNION, INTERSECT and EXCEPT. Not covered: WITH, statements in FROM or among the items,
windows, cross joins, USING, items with columns of two tables in one expression, items partly with and partly without
qualifiers. The types of inner statements are not held. PostgreSQL and DuckDB want grouped
what is not aggregated: there GROUP BY begins with the columns that items name outside of aggregates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import permutations

from treadle.grounding.sql.grammar import AGGREGATES, Scope, aggregates, conditions, either, expressions, lexeme, terminals
from treadle.grounding.sql.scan import Frame, frames
from treadle.grounding.sql.schema import Dialect, Schema, quoted
from treadle.grounding.sql.sources import Needs, steps
from treadle.types import Constraint, Stage, Table

__all__ = ["SqlGuide"]

_Values = Mapping[tuple[str, str], Sequence[str]]
_FEW = 8
"""Tables, each with a qualifier, for which items have a grammar each; llguidance takes 2000 items in a row of its chart."""
_MANY = 250
"""Of these, how many may have several columns in an expression."""
_COMPOUND = '(" UNION" (" ALL")? | " INTERSECT" | " EXCEPT") " SELECT"'


class SqlGuide:
    """Holds drafts of one SELECT statement, ended by a semicolon, to the tables, columns and functions that exist.

    A draft goes on behind the word SELECT, which the prompt has written.

    Args:
        tables: of the database.
        dialect: whose functions and quotes are written.
        values: of columns, as plain text, by (table, column); without ``free_text`` they alone are compared.
    """

    def __init__(
        self,
        tables: Sequence[Table],
        dialect: Dialect,
        values: _Values | None = None,
        free_text: bool = True,
    ) -> None:
        self._schema = Schema(tables, dialect)
        self._dialect = dialect
        self._strict = dialect != "sqlite"
        self._values = {} if free_text else _literals(values or {}, dialect)
        self._stage = lru_cache(maxsize=512)(self._find)

    def stage(self, written: str) -> Stage | None:
        """What may follow ``written``; None after the semicolon."""
        return self._stage(written)

    def whole(self) -> Constraint | None:
        """One language for a whole draft: every table and column that exists, scopes not held."""
        scope = Scope()
        sources = []
        for table in self._schema.tables:
            names = self._schema.columns(table)
            scope.add(self._schema, table, None, names, {})
            for qualifier in self._schema.qualifiers(table):
                scope.add(self._schema, table, qualifier, names, {})
                sources.append((table, qualifier))
        named = " | ".join(f"({either([t])}" + ("" if t == q else f' " AS " {either([q])}') + ")" for t, q in sources)
        text = (
            'start: " " body ";"\n'
            'body: ("DISTINCT ")? item (", " item)* " FROM " table (join)* where? group? order? limit? compound?\n'
            f'compound: {_COMPOUND} " " body\n'
            'item: ("*" | STAR | c_x | c_ax) (" AS " ALIAS)?\n'
            f"STAR: {either(f'{q}.*' for _, q in sources)}\ntable: {named}\n"
            'join: (" JOIN " | " INNER JOIN " | " LEFT JOIN ") table " ON " C_COL " = " C_COL\n'
            'where: " WHERE " deep\n'
            'deep: (c_cond conn)? (c_cond | ("NOT ")? "(" deep ")" | c_pcut " " body ")") (conn deep)?\n'
            'group: " GROUP BY " c_f (", " c_f)* (" HAVING " (ch_cond | ch_deep))?\n'
            'ch_deep: (ch_cond conn)? ch_pcut " " body ")" (conn ch_cond)?\n'
            'order: " ORDER BY " key (", " key)*\n'
            'key: (c_f | c_ax | ALIAS | INT) (" ASC" | " DESC")?\n'
            'limit: " LIMIT " INT (" OFFSET " INT)?\n'
        )
        text += expressions("c", scope, self._dialect) + conditions("c", scope) + aggregates("c", self._dialect, having=True)
        return Constraint(kind="lark", text=text + terminals())

    def _find(self, written: str) -> Stage | None:
        stack = frames(written)
        if not stack or not self._schema.tables:
            return None
        frame = stack[-1]
        if frame.clause == "items":
            text = self._items(frame)
        elif frame.clause == "from":
            needs = Needs.of(self._schema, *frame.columns())
            text = "start: " + steps(self._schema, frame.sources(), needs, self._ends(frame, stack))
        else:
            text = self._tail(frame, stack)
        return Stage(constraint=Constraint(kind="lark", text=text + terminals()))

    def _ends(self, frame: Frame, stack: list[Frame]) -> str:
        columns, aggregate = self._plain(frame)
        words = ['" WHERE"'] + ([] if self._strict and frame.count() is None else ['" GROUP BY"'])
        if columns and aggregate:  # what is neither aggregated nor grouped is refused
            return " | ".join(words)
        words += [] if frame.compound else ['" ORDER BY"', '" LIMIT"']
        words += [_COMPOUND] if frame.count() is not None else []
        return " | ".join([*words, self._end(stack)])

    def _end(self, stack: list[Frame]) -> str:
        """What ends the innermost statement; with it the whole one may end, which models write as one token."""
        if len(stack) == 1:
            return '";"'
        columns, aggregate = self._plain(stack[-2])
        waits = stack[-2].opens or (columns and aggregate and stack[-2].clause == "where")
        return '")"' if len(stack) > 2 or waits else '(")" ";"?)'

    def _plain(self, frame: Frame) -> tuple[list[str], bool]:
        """What a strict dialect wants grouped, once there is a group or an aggregate, and whether there is one."""
        return frame.plain(AGGREGATES) if self._strict else ([], False)

    # ------------------------------------------------------------------------------------------------------- items

    def _items(self, frame: Frame) -> str:
        bare, behind = frame.columns()
        needs = Needs.of(self._schema, bare, behind)
        count = frame.count()
        ends = ['","', '" FROM"']
        if frame.width is not None and count is not None:
            ends = ['" FROM"'] if count >= frame.width else ['","']
        rules: list[str] = []
        kinds: list[str] = []
        aggregate, star = self._plain(frame)[1], self._strict and count is None
        stars = self._stars(frame, needs) if frame.width is None and not aggregate else []
        scopes = self._item_scopes(needs)
        if len(scopes) > _FEW:
            kinds += ["c_x"] if star else ["c_x", "c_ax"]
            rules.append(self._single(scopes))
        for number, scope in enumerate(scopes if len(scopes) <= _FEW else []):
            p = f"c{number}q"
            kinds += [f"{p}_x"] if star else [f"{p}_x", f"{p}_ax"]
            rules.append(expressions(p, scope, self._dialect) + conditions(p, scope, inner=False))
            rules.append(aggregates(p, self._dialect))
        distinct = '("DISTINCT" " ")? ' if not frame.items else ""
        alias = ' (" AS " ALIAS)?' if frame.kind == "top" else ""
        start = f"item{alias} | STAR" if stars else f"item{alias}"
        rules += [f"STAR: {either(stars)}\n"] if stars else []
        return f'start: " " {distinct}({start}) ({" | ".join(ends)})\nitem: {" | ".join(kinds)}\n' + "".join(rules)

    def _stars(self, frame: Frame, needs: Needs) -> list[str]:
        found = ["*"] if not frame.items else []
        if not needs.bare:
            tables = self._near(needs)
            found += [f"{q}.*" for t in tables for q in self._schema.qualifiers(t) if self._open(t, q, needs)]
        return found

    def _near(self, needs: Needs) -> list[str]:
        """The tables that can be joined with those that the items name by a qualifier; all where they name none."""
        component = self._schema.component
        near = {component[t] for tables in needs.behind.values() for t in tables}
        return [t for t in self._schema.tables if not needs.behind or component[t] in near]

    def _single(self, scopes: Sequence[Scope]) -> str:
        """Items of one column, or of some of one table, where there are too many tables for a grammar of each."""
        merged = Scope()
        for scope in scopes:
            merged.number += scope.number
            merged.text += scope.text
            merged.other += scope.other
            merged.unclear += scope.unclear
            merged.real.update(scope.real)
        pairs = scopes if len(scopes) <= _MANY else [s for s in scopes if not any("." in c for c in s.all)]
        pairs = [s for s in pairs if s.number][:_MANY]
        text = expressions("c", merged, self._dialect, pairs) + conditions("c", merged, inner=False, single=True)
        return text + aggregates("c", self._dialect, single=True)

    def _item_scopes(self, needs: Needs) -> list[Scope]:
        """What one item may name: columns of one table, with one qualifier or none."""
        schema = self._schema
        pairs: list[tuple[str, str | None]] = []
        if not needs.behind:
            pairs += [(t, None) for t in schema.tables if t in needs.homes]
        if not needs.bare:
            pairs += [(t, q) for t in self._near(needs) for q in schema.qualifiers(t) if self._open(t, q, needs)]
        groups: dict[tuple[str | None, str], set[str]] = {}
        for table, qualifier in pairs:
            for name, column in schema.columns(table).items():
                groups.setdefault((qualifier, name), set()).add(schema.group(column))
        unclear = {f"{q}.{name}" if q else name for (q, name), found in groups.items() if len(found) > 1}
        scopes = [self._scope([pair]) for pair in pairs]
        for scope in scopes if unclear else []:
            scope.leave_open(unclear)
        return scopes

    def _open(self, table: str, qualifier: str, needs: Needs) -> bool:
        if qualifier in needs.behind:
            return table in needs.behind[qualifier]
        clash = any(q.lower() == qualifier.lower() for q in needs.behind)
        return not clash and (not needs.behind or bool(self._schema.edges[table]))

    def _scope(self, pairs: Sequence[tuple[str, str | None]]) -> Scope:
        scope = Scope()
        for table, qualifier in pairs:
            scope.add(self._schema, table, qualifier, self._schema.columns(table), self._values)
        return scope

    # ---------------------------------------------------------------------------------------- after the tables

    def _tail(self, frame: Frame, stack: list[Frame]) -> str:
        scope = self._visible(stack)
        end = self._end(stack)
        start = self._start(frame)
        keys, group_keys = self._keys(frame)
        columns, aggregate = self._plain(frame)
        groups = self._groups(columns)
        after = '" GROUP BY" groups' if columns and aggregate else '" GROUP BY" groups | rest'
        if self._strict and frame.count() is None:
            after = "rest"
        compound = f" | {_COMPOUND}" if frame.count() is not None else ""
        limited = f'(" LIMIT " INT (" OFFSET " INT)?)? {end}{compound}\n'
        text = (
            f"start: {start}\n"
            f"w_after: {after}\n"
            f'groups: " " {groups} (", " c_f)* g_after\n'
            'g_after: " HAVING" having | g_rest\n'
            'having: " " ch_cut | " " ch_cond g_rest\n'
            'order: " " key (", " key)* limit\n'
            f'limit: (" LIMIT" bound)? {end}\n'
            'bound: " " INT (" OFFSET " INT)?\n'
            f"bounded: bound {end}\n"
            f'rest: (" ORDER BY " key (", " key)*)? {limited}g_rest: (" ORDER BY " keyg (", " keyg)*)? {limited}'
            f'key: ({keys}) (" ASC" | " DESC")?\nkeyg: ({group_keys}) (" ASC" | " DESC")?\n'
        )
        text += expressions("c", scope, self._dialect) + conditions("c", scope)
        return text + aggregates("c", self._dialect, having=True)

    def _groups(self, columns: list[str]) -> str:
        if not columns:
            return "c_f"
        orders = permutations(columns) if len(columns) < 4 else [tuple(columns)]
        return "(" + " | ".join(' ", " '.join(lexeme(c) for c in order) for order in orders) + ")"

    def _keys(self, frame: Frame) -> tuple[str, str]:
        """What ORDER BY may name: without and with GROUP BY."""
        width = frame.width or frame.count() or 0
        names = [] if frame.compound else frame.aliases()
        named = [either([*names, *(str(n + 1) for n in range(width))])] if names or width else []
        columns, aggregate = self._plain(frame)
        listed = [either(columns)] if columns and not frame.compound else []
        distinct = self._strict and frame.items[:1] == ["DISTINCT"]
        free = [] if frame.compound or aggregate or distinct else ["c_f"]
        grouped = (listed if self._strict else free) + ([] if frame.compound else ["c_ax"])
        return " | ".join([*free, *listed, *named]) or '"1"', " | ".join([*grouped, *named]) or '"1"'

    def _start(self, frame: Frame) -> str:
        if frame.after_inner:
            p, after = ("ch", "g_rest") if frame.clause == "having" else ("c", "w_after")
            return _resumed(p, after, frame.opens)
        return {
            "where": '" " c_cut | " " c_cond w_after',
            "group": "groups",
            "order": "order",
            "limit": "bounded",
        }[frame.clause]

    def _visible(self, stack: list[Frame]) -> Scope:
        """The columns that the innermost statement may name: bare where that is clear, and those of the ones around."""
        scope, schema = Scope(), self._schema
        sources = stack[-1].sources()
        all_names = [c.lower() for t, _ in sources for c in schema.columns(t)]
        taken: set[str] = set()
        for level, frame in enumerate(reversed(stack)):
            for table, qualifier in frame.sources():
                if qualifier.lower() in taken:
                    continue
                taken.add(qualifier.lower())
                scope.add(schema, table, qualifier, schema.columns(table), self._values)
                if level == 0:
                    clear = [c for c in schema.columns(table) if all_names.count(c.lower()) == 1]
                    scope.add(schema, table, None, clear, self._values)
        return scope


def _resumed(p: str, after: str, opens: int) -> str:
    """What follows a statement within a condition, ``opens`` brackets deep."""
    text = f"(conn {p}_cond)? {after} | conn {p}_cut"
    for _ in range(opens):
        text = f'(conn {p}_cond)? ")" ({text}) | conn {p}_cut'
    return text


def _literals(values: _Values, dialect: Dialect) -> dict[tuple[str, str], list[str]]:
    found = {}
    for (table, column), real in values.items():
        found[quoted(table, dialect), quoted(column, dialect)] = ["'" + v.replace("'", "''") + "'" for v in real]
    return found
