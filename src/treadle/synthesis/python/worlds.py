"""Worlds: invented data files, in memory.

A world holds its values as plain lists, so that results can be computed a second time without awkward or numpy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

__all__ = ["MET_WORDS", "Field", "Format", "Thing", "World"]

Format = Literal["root", "parquet", "csv"]
MET_WORDS = ("missing transverse energy", "MET", "missing energy", "missing transverse momentum")


@dataclass(frozen=True, slots=True)
class Field:
    """A column. ``what``: its quantity; ``words`` for it, without its owner; ``values``: one, or a list, an event."""

    name: str
    what: str
    words: tuple[str, ...]
    unit: str
    drawn: tuple[str, ...]
    values: tuple[float, ...] | tuple[tuple[float, ...], ...]
    jagged: bool = False

    @property
    def short(self) -> str:
        """The name as part of a variable's name."""
        return re.sub(r"\W+", "_", self.name).strip("_").lower()

    @property
    def is_flag(self) -> bool:
        return self.drawn[0] == "flag"

    @property
    def is_category(self) -> bool:
        return self.drawn[0] == "choice"

    @property
    def is_measure(self) -> bool:
        """Something that has a mean: no flag, number of a run or charge."""
        return self.drawn[0] in ("gauss", "falling", "unif", "poisson")

    def one(self, event: int) -> float:
        """The value of an event, of a column with one."""
        value = self.values[event]
        assert isinstance(value, float)
        return value

    def many(self, event: int) -> tuple[float, ...]:
        """The values of an event, of a column with a list."""
        value = self.values[event]
        assert isinstance(value, tuple)
        return value


@dataclass(frozen=True, slots=True)
class Thing:
    """An object with its columns by quantity. ``index``: its place where every event has the same number of them, else 0."""

    one: str
    many: str
    fields: dict[str, Field]
    jagged: bool
    index: int = 0
    counter: str = ""

    def has(self, *whats: str) -> bool:
        return all(w in self.fields for w in whats)

    def __getitem__(self, what: str) -> Field:
        return self.fields[what]

    @property
    def first(self) -> Field:
        """The column by which objects are counted."""
        return next(iter(self.fields.values()))


@dataclass(frozen=True, slots=True)
class World:
    """A file: ``tree`` is empty but for ROOT; ``met``: missing energy, as a thing; ``wide``: filled up with many columns."""

    file: str
    format: Format
    tree: str
    domain: str
    entries: int
    scalars: tuple[Field, ...]
    things: tuple[Thing, ...]
    order: tuple[str, ...]
    gaps: Field | None = None
    """A column in which some events have no value: -999, or not a number."""

    @property
    def pandas(self) -> bool:
        """Whether ``events`` is a data frame."""
        return self.format == "csv" or (self.format == "parquet" and not any(t.jagged for t in self.things))

    def collections(self) -> list[Thing]:
        return [t for t in self.things if t.jagged]

    def pair(self) -> tuple[Thing, Thing] | None:
        """The two objects that stand in every event, where there are such."""
        found = [t for t in self.things if not t.jagged and t.index]
        return (found[0], found[1]) if len(found) >= 2 else None

    def counters(self) -> list[Field]:
        """The numbers of objects, which ROOT files hold beside the lists."""
        if self.format != "root":
            return []
        drawn = ("poisson", "2")
        return [
            Field(t.counter, "count", (t.counter,), "", drawn, tuple(float(len(v)) for v in t.first.values))  # type: ignore[arg-type]
            for t in self.collections()
        ]

    def met(self) -> Thing | None:
        return next((t for t in self.things if t.one == "missing transverse energy"), None)

    def columns(self) -> Iterator[Field]:
        yield from self.scalars
        if self.gaps is not None:
            yield self.gaps
        for thing in self.things:
            yield from thing.fields.values()
