"""A question about a schema in one structure, from which both a sentence and a statement can be written.

Sketches are how examples on the user's own tables come about (``propose``): ``sentence`` writes the request of an example,
``statement`` its program, which is executed before a model sees it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from treadle.coding.sql.reading.schema import Field, Schema

__all__ = ["Bar", "Condition", "Item", "Key", "Related", "Sketch", "identity_of", "shown_of", "usual_order"]


@dataclass(frozen=True, slots=True)
class Item:
    """Something selected, grouped or ordered by: a column, an aggregate of one, or a count of rows (no field).

    ``filled``: what is missing counts as 0.
    ``until``: the whole days from ``field`` to it, or with ``part`` the 'days', 'hours' or 'minutes' as a fraction; else
    ``part`` is 'year', 'quarter', 'month', 'day', 'weekday' or 'hour' of a date. Aggregate 'RANGE': highest less lowest.
    ``among``: only of rows fulfilling these. ``factor``: multiplied by it (100 for percent, 1/60 for minutes of seconds).
    ``by``: how another item is applied to it; 'growth' is the difference divided by the other. ``digits``: rounded to so
    many decimals. ``query``: the one value that another sketch gives, in place of a column.
    """

    aggregate: str = ""
    field: Field | None = None
    distinct: bool = False
    until: Field | None = None
    part: str = ""
    among: tuple[Condition, ...] = ()
    factor: float = 1.0
    by: tuple[Literal["/", "-", "+", "*", "growth"], Item] | None = None
    digits: int | None = None
    query: Sketch | None = None
    filled: bool = False
    of: Item | None = None
    number: str = ""

    @property
    def figure(self) -> bool:
        """Whether it is computed over several rows: an aggregate or a count."""
        if self.by is not None and self.by[1].figure:
            return True
        if self.of is not None or self.number:
            return bool(self.aggregate) or (self.of is not None and self.of.figure)
        return bool(self.aggregate) or self.field is None

    @property
    def fields(self) -> Iterator[Field]:
        """The columns it is computed from, those of ``query`` aside."""
        yield from (f for f in (self.field, self.until) if f is not None)
        for condition in self.among:
            yield condition.field
        for other in (self.of, self.by[1] if self.by is not None else None):
            if other is not None:
                yield from other.fields


def identity_of(table: str, schema: Schema) -> tuple[Item, ...]:
    """A table's key and label: what tells its rows apart, and what a person calls them."""
    found = dict.fromkeys((schema.key(table), *schema.called(table)))
    return tuple(Item(field=f) for f in found if f is not None)


def usual_order(group: tuple[Item, ...], select: tuple[Item, ...]) -> tuple[Key, ...]:
    """Groups as a reader wants them: dates in their order, anything else by its figure, the largest first."""
    dated = next((i for i in group if i.field is not None and (i.part or i.field.holds_dates)), None)
    if dated is not None:
        return (Key(dated),)
    figure = next((i for i in select if i.figure), None)
    return () if figure is None else (Key(figure, True),)


def shown_of(group: tuple[Item, ...]) -> tuple[Item, ...]:
    """What is shown of groups: their labels and columns; keys only where there is nothing else."""
    return tuple(i for i in group if i.field and i.field.role != "key") or group


@dataclass(frozen=True, slots=True)
class Condition:
    """``field operator value``; ``value`` is SQL.

    ``kind`` 'year', 'month' or 'day' compares that part of a date, 'average' compares with the average of the column.
    'days', 'hours' and 'minutes' compare the time from it to ``other``.
    ``either``: another condition, one of both is enough. 'group': equal to the aggregate ``value`` over rows with the same
    ``other``. ``query``: compared with what another sketch gives.
    """

    field: Field
    operator: str
    value: str = ""
    kind: str = "plain"
    either: Condition | None = None
    other: Field | None = None
    query: Sketch | None = None


@dataclass(frozen=True, slots=True)
class Related:
    """Rows that (``lacks``: no) row of ``table`` belongs to which fulfils ``conditions`` and has ``related`` rows itself."""

    table: str
    conditions: tuple[Condition, ...] = ()
    lacks: bool = False
    related: tuple[Related, ...] = ()


@dataclass(frozen=True, slots=True)
class Key:
    """What rows are ordered by."""

    item: Item
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """What a group has to pass: ``item operator value``, where ``value`` is SQL or what another sketch gives."""

    item: Item
    operator: str
    value: str | Sketch


@dataclass(frozen=True, slots=True)
class Sketch:
    """A query about the rows of ``base``; with no base only values of other queries are selected.

    ``related``: rows that have to, or must not, belong to it. ``outer``: rows of the base stay that nothing is joined to.
    ``skip``: so many of the ordered rows are left out before the first.
    """

    base: str
    select: tuple[Item, ...]
    conditions: tuple[Condition, ...] = ()
    group: tuple[Item, ...] = ()
    having: tuple[Bar, ...] = ()
    order: tuple[Key, ...] = ()
    limit: int | None = None
    distinct: bool = False
    related: tuple[Related, ...] = ()
    outer: bool = False
    skip: int = 0

    @property
    def fields(self) -> Iterator[Field]:
        """The columns whose tables must be joined."""
        items = (*self.select, *self.group, *(k.item for k in self.order), *(b.item for b in self.having))
        for item in items:
            yield from item.fields
        for condition in self.conditions:
            yield condition.field

    @property
    def figures(self) -> tuple[Item, ...]:
        """What is selected of groups or of all rows."""
        return tuple(i for i in self.select if i.figure)
