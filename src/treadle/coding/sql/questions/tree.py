"""What the parts of a question mean, before it is settled which columns and tables its words stand for.

A word may name several columns (``name`` of five tables); which one is meant shows only when it is known what rows the
question is about. So these meanings hold all that a word may name, with what each costs, and ``resolve`` chooses.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from treadle.coding.sql.reading.schema import Field

__all__ = [
    "Agg",
    "Arith",
    "Ask",
    "Both",
    "Compare",
    "Cond",
    "Conds",
    "Count",
    "Dated",
    "Either",
    "Figure",
    "Flagged",
    "Has",
    "HasCount",
    "Is",
    "KeyIs",
    "Like",
    "Mention",
    "Missing",
    "Named",
    "Num",
    "Order",
    "Part",
    "Refers",
    "Rows",
    "Share",
    "Shown",
    "Span",
    "TableName",
    "ThanAverage",
    "That",
    "Value",
    "leaves_of",
    "mentions_of",
]


@dataclass(frozen=True, slots=True)
class Mention:
    """Words that name a column: all it may be, with what each costs. ``words``: as they were said."""

    fields: tuple[tuple[Field, float], ...]
    words: str = ""


@dataclass(frozen=True, slots=True)
class TableName:
    """Words that name rows of a table: all it may be, with what each costs."""

    tables: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Value:
    """Words that are a value of the database: (column, the value as SQL)."""

    fields: tuple[tuple[Field, str], ...]


@dataclass(frozen=True, slots=True)
class Num:
    """A number, as it was written; with a unit, where one was said."""

    text: str
    unit: str = ""


# ------------------------------------------------------------------------------------------------ conditions


@dataclass(frozen=True, slots=True)
class Is:
    """One of the values; ``of``: in this column. ``named``: in the row of this table ('in the city of Bern')."""

    values: tuple[Value, ...]
    of: Mention | None = None
    table: TableName | None = None
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Compare:
    """A column beside a number. With no column ``adjective`` ('long', 'old') or the number's unit says which.

    ``counted``: the number stands before the name, as a number of rows does.
    """

    of: Mention | None
    operator: str
    number: Num
    until: Num | None = None
    adjective: str = ""
    counted: bool = False


@dataclass(frozen=True, slots=True)
class Dated:
    """A date in a 'year', a 'month' (YYYY-MM), a month of any year ('moy', two digits) or beside a 'day' or between days;
    or on a 'weekday'."""

    of: Mention | None
    kind: Literal["year", "month", "moy", "day", "weekday"]
    operator: str
    value: str
    until: str = ""


@dataclass(frozen=True, slots=True)
class Flagged:
    of: Mention
    yes: bool


@dataclass(frozen=True, slots=True)
class Missing:
    """``verb``: it was said by what did not happen: 'not returned'."""

    of: Mention
    missing: bool
    verb: bool = False


@dataclass(frozen=True, slots=True)
class Refers:
    """A key leads to a row that fulfils these: 'reports to Ann', 'located by Ann'."""

    of: Mention
    conds: Conds


@dataclass(frozen=True, slots=True)
class ThanAverage:
    """``among``: the average is of these rows only."""

    of: Mention | None
    operator: str
    adjective: str = ""
    among: Rows | None = None


@dataclass(frozen=True, slots=True)
class Like:
    """A text that starts with, ends with or contains something."""

    of: Mention | None
    pattern: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Has:
    """There is (no) row of ``rows`` that belongs to it."""

    rows: Rows
    negated: bool = False


@dataclass(frozen=True, slots=True)
class HasCount:
    """So many rows of ``rows`` belong to it."""

    rows: Rows
    operator: str
    number: str


@dataclass(frozen=True, slots=True)
class Either:
    one: Conds
    other: Conds


@dataclass(frozen=True, slots=True)
class Both:
    """Each of these is fulfilled, of rows that belong to it by a row of its own: 'played in Bern and in Basel'."""

    parts: tuple[Conds, ...]


@dataclass(frozen=True, slots=True)
class KeyIs:
    """'Run 4711': the row of a table with this key."""

    table: TableName
    number: str


Cond = Both | KeyIs | Refers | Is | Compare | Dated | Flagged | Missing | ThanAverage | Like | Has | HasCount | Either
Conds = tuple[Cond, ...]


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a table (None: those spoken of before, or told by a figure's column) that fulfil all conditions.

    ``every``: all of them were said, which is more than some where rows are related to others.
    """

    table: TableName | None
    conds: Conds = ()
    distinct: bool = False
    every: bool = False

    def passing(self, *conds: Cond) -> Rows:
        """With further conditions; a date with no name is of the rows that were spoken of last."""
        found = list(self.conds)
        for cond in conds:
            last = found[-1] if found else None
            if isinstance(last, Has | HasCount) and isinstance(cond, Dated) and cond.of is None:
                found[-1] = replace(last, rows=last.rows.passing(cond))
            else:
                found.append(cond)
        return Rows(self.table, tuple(found), self.distinct, self.every)


# --------------------------------------------------------------------------------------------------- figures


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a date: 'year', 'quarter', 'month', 'weekday', 'hour', 'day'; of any date where none is named."""

    part: str
    of: Mention | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows; with ``of`` how many different values of it."""

    rows: Rows
    of: Mention | TableName | None = None


@dataclass(frozen=True, slots=True)
class Agg:
    """An aggregate of a column or of what is computed from columns; ``RANGE`` is highest less lowest."""

    name: str
    of: Mention | Arith | Span
    rows: Rows


@dataclass(frozen=True, slots=True)
class Span:
    """The time between two dates of a row; ``unit``: days, hours, minutes."""

    start: Mention | None
    end: Mention | None
    unit: str


@dataclass(frozen=True, slots=True)
class Share:
    """Which part of the rows fulfils ``among``; of a column's sum where there is one. ``factor``: 100 for percent."""

    rows: Rows
    among: Conds
    factor: float = 1.0
    of: Mention | None = None


@dataclass(frozen=True, slots=True)
class Arith:
    """``one`` + - * / ``other``."""

    operator: Literal["/", "-", "+", "*"]
    one: Figure | Mention | Num | Arith
    other: Figure | Mention | Num | Arith
    factor: float = 1.0


Figure = Count | Agg | Share | Arith
Group = Mention | TableName | Part


@dataclass(frozen=True, slots=True)
class That:
    """'The number', 'the value': the figure that was spoken of."""


@dataclass(frozen=True, slots=True)
class Named:
    """'The names': what the rows asked about are called."""


Shown = Named | Mention | TableName | Part | Count | Agg | Share | Arith | Num | Span | That


@dataclass(frozen=True, slots=True)
class Order:
    """A key of an order; with no ``what`` the adjective says it, or it is the figure."""

    what: Shown | None
    descending: bool | None
    adjective: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """A whole question.

    ``shown``: what each row of the answer has. ``best``: rows are ordered by it and cut off after ``limit``; such an order
    is part of what is asked, ``orders`` say how the answer is laid out. ``zeros``: groups with no rows belong to it.
    ``passing``: what the one table that is grouped by has to fulfil, ``bars`` what any group has
    to. ``measured``: what is shown was told.
    """

    rows: Rows | None = None
    shown: tuple[Shown, ...] = ()
    groups: tuple[Group, ...] = ()
    best: tuple[Order, ...] = ()
    limit: int | None = None
    orders: tuple[Order, ...] = ()
    digits: int | None = None
    zeros: bool = False
    passing: Conds = ()
    bars: tuple[tuple[Figure, str, str], ...] = ()
    distinct: bool = False
    filled: bool = False
    measured: bool = False
    percent: bool = False


def leaves_of(x: Any) -> list[Any]:
    """The figures that something shown is computed from."""
    if isinstance(x, Arith):
        return [*leaves_of(x.one), *leaves_of(x.other)]
    return [x] if isinstance(x, Count | Agg | Share) else []


def mentions_of(x: Any) -> list[Mention]:
    """The names of columns in it."""
    match x:
        case Mention():
            return [x]
        case Arith():
            return [*mentions_of(x.one), *mentions_of(x.other)]
        case Span():
            return [m for m in (x.start, x.end) if m is not None]
        case Agg() | Share() | Count() if x.of is not None:
            return mentions_of(x.of)
        case Part() if x.of is not None:
            return [x.of]
    return []
