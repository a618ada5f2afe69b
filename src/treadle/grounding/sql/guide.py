"""A guide for SQL: drafts of one SELECT statement that name only what exists, each column in the scope where it is.

The items come before FROM, so a draft is led in stages: an item at a time, then a table at a time, so that FROM brings all
that the items name, then a condition or a key at a time over the columns that are now known. ``(SELECT`` begins a statement
within the statement, with a stack of scopes; each stage is found again from the text alone.

Lists are bounded, end once they repeat themselves, and where a draft's tokens run out, stages narrow to what brings the
statement to its end (``pace``), so that a model which repeats itself still writes a statement.

Covered: columns, ``*``, functions, arithmetic, CASE and CAST; ranks and sums over windows; operations on two numbers or
aggregates of tables that join; joins along foreign keys or equal key columns, self joins where such a path exists; WHERE,
GROUP BY, HAVING, ORDER BY, LIMIT, OFFSET; statements within conditions, which may name columns of the tables around them;
UNION, INTERSECT and EXCEPT. Not covered: WITH, statements in FROM or among the items, cross joins, USING, items partly with
and partly without qualifiers. PostgreSQL and DuckDB want grouped what is not aggregated: there GROUP BY begins with the
columns that items name outside of aggregates; and they want types alike, so that statements are compared with plain
columns only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from treadle.grounding.base import Level
from treadle.grounding.sharing import shared
from treadle.grounding.sql.clauses import COMPOUND, clause
from treadle.grounding.sql.grammar import (
    AGGREGATES,
    Scope,
    aggregates,
    either,
    expressions,
    items,
    matching,
    mixed,
    plain_items,
    terminals,
    windows,
)
from treadle.grounding.sql.pace import ITEMS, PARTS, QUALIFIERS, STATEMENTS, Pace, Room, pace_of
from treadle.grounding.sql.scan import Frame, frames
from treadle.grounding.sql.schema import Dialect, Schema, quoted
from treadle.grounding.sql.sources import Needs, steps
from treadle.grounding.sql.whole import any_names, known_names
from treadle.types import Constraint, Stage, Table

__all__ = ["SqlGuide"]

_Values = Mapping[tuple[str, str], Sequence[str]]
_FEW = 8
"""Tables, each with a qualifier, for which items have a grammar each; llguidance takes 2000 items in a row of its chart."""
_BARE = 6
"""The same of tables without a qualifier beside others that share a grammar."""
_MANY = 250
"""Of these, how many may have several columns in an expression."""
_LETTERS = {Pace.FREE: 60, Pace.SHORT: 30, Pace.END: 12}
"""Of a literal, at most."""


class SqlGuide:
    """Holds drafts of one SELECT statement, ended by a semicolon, to the tables, columns and functions that exist.

    A draft goes on behind the word SELECT, which the prompt has written.

    Args:
        tables: of the database.
        dialect: whose functions and quotes are written.
        values: of columns, as plain text, by (table, column); without ``free_text`` they alone are compared.
        room: how many tokens a draft may still have behind a text; statements end in time. None: as many as it likes.
        level: 'names' holds no scopes, 'grammar' no names either (for comparisons); 'none' is no guide at all.
    """

    def __init__(
        self,
        tables: Sequence[Table],
        dialect: Dialect,
        values: _Values | None = None,
        free_text: bool = True,
        room: Room | None = None,
        level: Level = "all",
    ) -> None:
        self._schema = Schema(tables, dialect)
        self._dialect = dialect
        self._strict = dialect != "sqlite"
        self._values = {} if free_text else _literals(values or {}, dialect)
        self._room, self._level = room, level
        self._stage = lru_cache(maxsize=512)(self._find)

    def stage(self, written: str) -> Stage | None:
        """What may follow ``written``; None after the semicolon."""
        return self._stage(written)

    def whole(self) -> Constraint | None:
        """One language for a whole draft: every table and column that exists, scopes not held."""
        text = any_names(self._dialect) if self._level == "grammar" else known_names(self._schema, self._dialect)
        return Constraint(kind="lark", text=shared(text))

    def _find(self, written: str) -> Stage | None:
        stack = frames(written)
        if not stack or not self._schema.tables:
            return None
        if self._level != "all":
            whole = self.whole()
            return None if whole is None or written else Stage(constraint=whole)
        frame, end = stack[-1], self._end(stack)
        pace = Pace.FREE if self._room is None else pace_of(self._room(written), self._schema, stack)
        frame.unites = self._unites(frame)
        if frame.clause == "items":
            typed = self._strict and (frame.kind in ("value", "in") or frame.first is not None)
            text = self._matching(stack, pace) if typed else self._items(frame, pace)
        elif frame.clause == "from":
            needs = Needs.of(self._schema, *frame.columns())
            ends = self._ends(frame, end, pace)
            text = "start: " + steps(self._schema, frame.sources(), needs, ends, direct=pace > Pace.FREE)
        else:
            text = clause(frame, self._visible(stack), self._dialect, end, self._nested(stack, pace))
        text += terminals(_LETTERS[pace], frame.aliases() if frame.clause == "items" else ())
        return Stage(constraint=Constraint(kind="lark", text=shared(text)))

    def _nested(self, stack: list[Frame], pace: Pace) -> Pace:
        """No statement begins within as many others as people write."""
        return max(pace, Pace.SHORT) if len(stack) >= STATEMENTS else pace

    def _ends(self, frame: Frame, end: str, pace: Pace) -> str:
        columns, aggregate = self._plain(frame)
        ungrouped = bool(columns) and aggregate  # which is refused
        if pace is Pace.END:
            return '" GROUP BY"' if ungrouped else end
        one_row = self._strict and frame.kind == "value"
        words = ['" WHERE"'] + ([] if one_row or (self._strict and frame.count() is None) else ['" GROUP BY"'])
        if ungrouped:
            return " | ".join(words)
        words += [] if frame.compound else ['" ORDER BY"', '" LIMIT"']
        goes_on = frame.count() is not None and pace is Pace.FREE and frame.parts < PARTS and frame.unites
        words += [COMPOUND] if goes_on else []
        return " | ".join([*words, end])

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

    def _items(self, frame: Frame, pace: Pace) -> str:
        needs = Needs.of(self._schema, *frame.columns())
        rules, kinds = [], []
        aggregate, star = self._plain(frame)[1], self._strict and frame.count() is None
        stars = self._stars(frame, needs) if frame.width is None and not aggregate and pace < Pace.END else []
        used = ["".join(item.split(" ")) for item in frame.listed()]
        scopes = self._item_scopes(needs, pace)
        for number, columns in enumerate(self._several(needs) if pace is Pace.FREE else []):
            kinds += [f"m{number}_x"] if star else [f"m{number}_x", f"m{number}_ax"]
            rules.append(mixed(f"m{number}", columns, self._dialect))
        if len(scopes) > _FEW:
            scopes = [self._merged(scopes)] if pace is Pace.END else scopes
        apart, together = _shared(scopes)
        if together:
            kinds += ["c_item"] if star else ["c_item", "c_ax"]
            kinds += ["c_win"] if pace < Pace.END and frame.kind == "top" and not frame.compound else []
            rules.append(self._single(together, used) + windows("c", self._dialect, single=True))
        for number, scope in enumerate(apart):
            p = f"c{number}q"
            kinds += [f"{p}_item"] if star else [f"{p}_item", f"{p}_ax"]
            kinds += [f"{p}_win"] if pace is Pace.FREE and frame.kind == "top" and not frame.compound else []
            rules.append(self._item_rules(p, scope, used, pace))
        distinct = '("DISTINCT" " ")? ' if not frame.items else ""
        alias = ' (" AS " ALIAS)?' if frame.kind == "top" and pace < Pace.END else ""
        start = f"item{alias} | STAR" if stars else f"item{alias}"
        rules += [f"STAR: {either(stars)}\n"] if stars else []
        ends = _after_item(frame, pace)
        return f'start: " " {distinct}({start}) ({ends})\nitem: {" | ".join(kinds)}\n' + "".join(rules)

    def _matching(self, stack: list[Frame], pace: Pace) -> str:
        """An item that is compared with a column or united with another item, where the dialect wants the same type."""
        frame = stack[-1]
        compared = frame.kind in ("value", "in")
        wanted = self._compared(stack[:-1]) if compared else self._types(frame.first or frame)[(frame.count() or 1) - 1]
        scope = self._merged(self._item_scopes(Needs.of(self._schema, *frame.columns()), pace))
        rules = matching("c", scope, self._dialect, wanted, one=frame.kind == "value")
        return f'start: " " c_item ({_after_item(frame, pace)})\n{rules}'

    def _unites(self, frame: Frame) -> bool:
        """Whether UNION may follow: where the dialect wants the same types, after numbers, which every table can give, or
        after one text."""
        if not self._strict or frame.kind == "in":
            return True
        types = self._types(frame.first or frame)
        return frame.kind != "value" and (types == ["text"] or set(types) == {"number"})

    def _types(self, frame: Frame) -> list[str]:
        """Of each item of a statement: 'number', 'text', or neither where it is no plain column and no plain aggregate."""
        return [self._type(frame, item) for item in frame.each_item()]

    def _type(self, frame: Frame, item: list[str]) -> str:
        words = [w for w in item if w != "DISTINCT"]
        words = words[: words.index("AS")] if words[-2:-1] == ["AS"] else words
        counts = words[:2] in (["COUNT", "("], ["SUM", "("], ["AVG", "("])
        if counts and words.index(")") == len(words) - 1:
            return "number"
        qualifier = words[0] if len(words) == 3 and words[1] == "." else ""
        needs = Needs.of(self._schema, *frame.columns())
        tables = needs.behind.get(qualifier, set()) if qualifier else needs.homes if len(words) == 1 else set()
        columns = [self._schema.columns(t) for t in tables]
        groups = {self._schema.group(c[words[-1]]) for c in columns if words[-1] in c}
        return groups.pop() if len(groups) == 1 else ""

    def _compared(self, stack: list[Frame]) -> str:
        """Whether the column before a statement within the innermost frame is a 'text' or, as aggregates are, a 'number'."""
        qualifier, name = stack[-1].compared()
        for frame in reversed(stack):
            for table, behind in frame.sources():
                if qualifier in ("", behind) and name in self._schema.columns(table):
                    return "text" if self._schema.group(self._schema.columns(table)[name]) == "text" else "number"
        return "number"

    def _item_rules(self, p: str, scope: Scope, used: Sequence[str], pace: Pace) -> str:
        if pace is Pace.END:
            return plain_items(p, scope, used, self._dialect)
        deep = pace is Pace.FREE
        text = expressions(p, scope, self._dialect, deep=deep) + items(p, scope, used, deep=deep)
        return text + aggregates(p, self._dialect, deep=deep) + windows(p, self._dialect)

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

    def _several(self, needs: Needs) -> list[list[str]]:
        """The numbers of tables that can be joined, behind their tables' names: what an expression over several may name."""
        if needs.bare or len(needs.behind) + 2 > QUALIFIERS:
            return []
        groups: dict[int, list[str]] = {}
        tables = [t for t in self._near(needs) if self._schema.edges[t] and self._open(t, t, needs)]
        for table in tables:
            numbers = self._scope([(table, table)]).number
            groups.setdefault(self._schema.component[table], []).extend(numbers)
        return [
            columns for k, columns in groups.items() if columns and [self._schema.component[t] for t in tables].count(k) > 1
        ]

    def _merged(self, scopes: Sequence[Scope]) -> Scope:
        merged = Scope()
        for scope in scopes:
            merged.number += scope.number
            merged.text += scope.text
            merged.other += scope.other
            merged.unclear += scope.unclear
            merged.real.update(scope.real)
        return merged

    def _single(self, scopes: Sequence[Scope], used: Sequence[str]) -> str:
        """Items of one column, or of some of one table, where there are too many tables for a grammar of each."""
        merged = self._merged(scopes)
        pairs = scopes if len(scopes) <= _MANY else [s for s in scopes if not any("." in c for c in s.all)]
        pairs = [s for s in pairs if s.number][:_MANY]
        text = expressions("c", merged, self._dialect, pairs) + items("c", merged, used, pairs)
        return text + aggregates("c", self._dialect, single=True)

    def _item_scopes(self, needs: Needs, pace: Pace) -> list[Scope]:
        """What one item may name: columns of one table, with one qualifier or none."""
        schema = self._schema
        pairs: list[tuple[str, str | None]] = []
        if not needs.behind:
            pairs += [(t, None) for t in schema.tables if t in needs.homes]
        if not needs.bare:
            pairs += [(t, q) for t in self._near(needs) for q in schema.qualifiers(t) if self._open(t, q, needs)]
        if needs.behind and (pace is Pace.END or len(needs.behind) >= QUALIFIERS):
            pairs = [(t, q) for t, q in pairs if q in needs.behind]
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


def _after_item(frame: Frame, pace: Pace) -> str:
    """What follows an item: a comma where more may or must come, and FROM where none must."""
    count, width, listed = frame.count(), frame.width, frame.listed()
    if width is not None and count is not None:
        return '" FROM"' if count >= width else '","'
    repeats = len(set(listed)) < len(listed)
    return '" FROM"' if pace is Pace.END or repeats or len(listed) >= ITEMS - 1 else '"," | " FROM"'


def _literals(values: _Values, dialect: Dialect) -> dict[tuple[str, str], list[str]]:
    found = {}
    for (table, column), real in values.items():
        found[quoted(table, dialect), quoted(column, dialect)] = ["'" + v.replace("'", "''") + "'" for v in real]
    return found


def _shared(scopes: Sequence[Scope]) -> tuple[list[Scope], list[Scope]]:
    """Those that get a grammar each, and those that share one in which an item names one column.

    Where there are many, the tables without a qualifier go first: of one table alone most is asked.
    """
    if len(scopes) <= _FEW:
        return list(scopes), []
    bare = [scope for scope in scopes if not any("." in column for column in scope.all)]
    apart = bare if len(bare) <= _BARE else []
    return apart, [scope for scope in scopes if not any(scope is other for other in apart)]
