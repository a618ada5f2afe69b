"""A guide for SQL: drafts of one SELECT statement that name only what exists, each column in the scope where it is.

The items come before FROM, so a draft is led in stages: an item at a time, then a table at a time, so that FROM brings all
that the items name, then a condition or a key at a time over the columns that are now known. ``(SELECT`` begins a statement
within the statement, with a stack of scopes; each stage is found again from the text alone.

Lists are bounded, end once they repeat themselves, and where a draft's tokens run out, stages narrow to what brings the
statement to its end (``pace``), so that a model which repeats itself still writes a statement.

Covered: columns, ``*``, functions, arithmetic, CASE and CAST; ranks and sums over windows; FILTER; items over columns of
several tables that join, a piece of the item at a time (``amid``); joins along foreign keys or equal key columns, of a
table with itself and where no foreign key is declared by any condition, further conditions behind AND, USING, CROSS JOIN;
WHERE, GROUP BY, HAVING, ORDER BY, LIMIT, OFFSET; statements within conditions and among the items, which may name columns of
the tables around them; UNION, INTERSECT and EXCEPT; statements in FROM and, where a draft is not begun with SELECT, behind
WITH (``derived``).

A statement in FROM comes after the items that name its columns. So items may name a column that nothing has yet, by the
names that computed columns have (n, avg_age, total: any name would do as well), or columns behind ``sub``, ``x``, ``y`` or
``q``; FROM then has to bring a statement that makes them.

Not covered: columns of two tables without qualifiers; RIGHT and FULL JOIN, commas in FROM; recursive WITH, WITH within a
statement, lists of columns behind its names; joins of tables that no key joins where foreign keys are declared, but CROSS
JOIN; comparisons as operands of arithmetic; a date in words less a column, behind an item of another
table. PostgreSQL and DuckDB want grouped what is not aggregated: there GROUP BY begins
with the columns that items name outside of aggregates, or with the places of such items; and they want types alike, so that
statements are compared with plain columns only, and a CASE has columns of one table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

from treadle.grounding.base import Level
from treadle.grounding.sharing import shared
from treadle.grounding.sql.clauses import COMPOUND, clause
from treadle.grounding.sql.derived import extended, types_of
from treadle.grounding.sql.frame import Frame
from treadle.grounding.sql.items import item_stage, matching_stage
from treadle.grounding.sql.lexis import Scope, terminals
from treadle.grounding.sql.pace import PARTS, STATEMENTS, Pace, Room, pace_of
from treadle.grounding.sql.scan import frames
from treadle.grounding.sql.schema import Dialect, Schema, quoted
from treadle.grounding.sql.sources import Needs, Tables
from treadle.grounding.sql.state import State, Values
from treadle.grounding.sql.whole import any_names, known_names
from treadle.types import Constraint, Stage, Table

__all__ = ["SqlGuide"]

_LETTERS = {Pace.FREE: 60, Pace.SHORT: 30, Pace.END: 12}
"""Of a literal, at most."""
_NAMED = 4
"""Statements behind WITH."""


class SqlGuide:
    """Holds drafts of one SELECT statement, ended by a semicolon, to the tables, columns and functions that exist.

    Args:
        tables: of the database.
        dialect: whose functions and quotes are written.
        values: of columns, as plain text, by (table, column); without ``free_text`` they alone are compared.
        room: how many tokens a draft may still have behind a text; statements end in time. None: as many as it likes.
        level: 'names' holds no scopes, 'grammar' no names either (for comparisons); 'none' is no guide at all.
        begun: a draft goes on behind the word SELECT, which the prompt has written; else it begins with SELECT or WITH.
    """

    def __init__(
        self,
        tables: Sequence[Table],
        dialect: Dialect,
        values: Values | None = None,
        free_text: bool = True,
        room: Room | None = None,
        level: Level = "all",
        begun: bool = True,
    ) -> None:
        self._schema = Schema(tables, dialect)
        self._dialect = dialect
        self._values = {} if free_text else _literals(values or {}, dialect)
        self._room, self._level, self._begun = room, level, begun
        self._stage = lru_cache(maxsize=512)(self._find)

    def stage(self, written: str) -> Stage | None:
        """What may follow ``written``; None after the semicolon."""
        return self._stage(written)

    def whole(self) -> Constraint | None:
        """One language for a whole draft: every table and column that exists, scopes not held."""
        if self._level == "grammar":
            text = any_names(self._dialect, self._begun)
        else:
            text = known_names(self._schema, self._dialect, self._begun)
        return Constraint(kind="lark", text=shared(text))

    def _find(self, written: str) -> Stage | None:
        stack = frames(written, self._begun)
        if not stack or not self._schema.tables:
            return None
        if self._level != "all":
            whole = self.whole()
            return None if whole is None or written else Stage(constraint=whole)
        schema = extended(self._schema, stack)
        pace = Pace.FREE if self._room is None else pace_of(self._room(written), schema, stack)
        state = State(schema, self._dialect, self._values, stack, pace)
        text = _text(state) + terminals(_LETTERS[pace], _taken(state))
        return Stage(constraint=Constraint(kind="lark", text=shared(text)))


def _text(state: State) -> str:
    """The grammar of the stage, without what all have in common."""
    frame, end = state.frame, _end(state)
    frame.unites = _unites(state)
    if frame.clause == "begin":
        return 'start: "SELECT" | "WITH"\n'
    if frame.clause == "with":
        more = '"," | ' if len(frame.named) < _NAMED and state.pace is Pace.FREE else ""
        return f'start: {more}" SELECT"\n' if frame.after_inner else 'start: " " ALIAS " AS " "(" "SELECT"\n'
    if frame.clause == "items":
        return matching_stage(state) if state.typed else item_stage(state, end)
    if frame.clause in ("from", "on"):
        return _tables(state, _ends(state, end))
    nested = max(state.pace, Pace.SHORT) if len(state.stack) >= STATEMENTS else state.pace
    return clause(frame, _visible(state), state.dialect, end, nested)


def _tables(state: State, ends: str) -> str:
    """The stages of FROM: a table with its key, the name of a statement that stands for one, or a condition."""
    frame = state.frame
    # With several tables the names that a star brings would stand for two columns.
    star = state.is_table and frame.count() is None and len(frame.each_item()) == 1
    tables = Tables(
        state.schema,
        state.needs,
        frame.sources(),
        ends,
        direct=state.pace > Pace.FREE,
        may_make=state.may_make or state.needs.makes,
        alone=star,
        crossing=frame.source[-2:-1] == ["CROSS"] or (frame.after_inner and frame.source[-3:-2] == ["CROSS"]),
    )
    if frame.clause == "on":
        return clause(frame, _visible(state), state.dialect, tables.after(), state.pace) + tables.rules_after()
    if not frame.after_inner:
        return "start: " + tables.stage()
    inner = frame.derived[frame.source[-1]]
    asked = State(state.schema, state.dialect, state.values, [*state.stack, inner.first or inner], state.pace).asked
    made = state.schema.columns(frame.source[-1]).keys()
    names = [name for name, columns in asked.items() if name and columns <= made]
    free = not any(asked)
    short = [f"{t}{n}" for t in "Tt" for n in range(1, 5)] if free else []
    unnamed = free and state.dialect != "postgres" and len(frame.sources()) == 1
    return tables.made([*names, *short], free=free, unnamed=unnamed)


def _taken(state: State) -> list[str]:
    """What is no new name."""
    frame = state.frame
    names = [*frame.aliases()] if frame.clause == "items" else []
    if frame.clause == "items" and state.is_table:
        names += state.taken
        names += [c for columns in state.asked.values() for c in columns] if state.strict else []
    if frame.clause in ("with", "from"):
        names += [t.lower() for t in state.schema.tables] + [q.lower() for _, q in frame.sources()]
    return [name for name in names if name.isidentifier()]


def _ends(state: State, end: str) -> str:
    """What may follow the last table."""
    frame = state.frame
    columns, aggregate = state.plain(frame)
    ungrouped = bool(columns) and aggregate  # which is refused
    if state.pace is Pace.END:
        return '" GROUP BY"' if ungrouped else end
    one_row = state.strict and frame.kind == "value"
    words = ['" WHERE"'] + ([] if one_row or (state.strict and frame.count() is None) else ['" GROUP BY"'])
    if ungrouped:
        return " | ".join(words)
    words += [] if frame.compound else ['" ORDER BY"', '" LIMIT"']
    goes_on = frame.count() is not None and state.pace is Pace.FREE and frame.parts < PARTS and frame.unites
    words += [COMPOUND] if goes_on else []
    return " | ".join([*words, end])


def _end(state: State) -> str:
    """What ends the innermost statement; with it the whole one may end, which models write as one token."""
    if len(state.stack) == 1:
        return '";"'
    outer = state.stack[-2]
    columns, aggregate = state.plain(outer)
    waits = (
        outer.opens or outer.clause in ("items", "from", "on", "with") or (columns and aggregate and outer.clause == "where")
    )
    return '")"' if len(state.stack) > 2 or waits else '(")" ";"?)'


def _unites(state: State) -> bool:
    """Whether UNION may follow: where the dialect wants the same types, after numbers, which every table can give, or
    after one text."""
    frame = state.frame
    if not state.strict or frame.kind == "in":
        return True
    if frame.kind == "value" or frame.clause in ("begin", "with", "items"):
        return False
    types = types_of(state.schema, frame.first or frame)
    return types == ["text"] or set(types) == {"number"}


def _visible(state: State) -> Scope:
    """The columns that the innermost statement may name: bare where that is clear, and those of the ones around."""
    scope, schema = Scope(), state.schema
    sources = state.frame.sources()
    all_names = [c.lower() for t, _ in sources for c in schema.columns(t)]
    taken: set[str] = set()
    for level, frame in enumerate(reversed(state.stack)):
        if level and state.stack[-level].kind in ("from", "with"):
            break  # a statement that is used as a table knows nothing of what is around it
        before = set(taken)
        for table, qualifier in frame.sources() or _later(state, frame, level):
            if qualifier.lower() in before:
                continue
            taken.add(qualifier.lower())
            if not qualifier.startswith("("):
                scope.add(schema, table, qualifier, schema.columns(table), state.values)
            if level == 0 and frame.clause != "on":  # a table that is still to come may have such a column, too
                using = state.frame.using()
                clear = [c for c in schema.columns(table) if all_names.count(c.lower()) == 1 or c in using]
                scope.add(schema, table, None, clear, state.values)
    return scope


def _later(state: State, frame: Frame, level: int) -> list[tuple[str, str]]:
    """The tables that the statement around one of its items will bring: those its items may name."""
    if not level or frame.clause != "items" or state.frame.clause not in ("where", "on"):
        return []
    needs = Needs.of(state.schema, *frame.columns())
    if needs.behind:
        return [(t, q) for q, tables in needs.behind.items() for t in state.schema.tables if t in tables]
    return [(t, q) for t in state.schema.tables if t in needs.homes for q in ((t,) if needs.bare else (t, "T1"))]


def _literals(values: Mapping[tuple[str, str], Sequence[str]], dialect: Dialect) -> dict[tuple[str, str], list[str]]:
    found = {}
    for (table, column), real in values.items():
        found[quoted(table, dialect), quoted(column, dialect)] = ["'" + v.replace("'", "''") + "'" for v in real]
    return found
