"""Rows for an invented database: values that fit their kinds, dates in their order, owners that exist."""

from __future__ import annotations

import datetime as dt
import math
import random
from typing import TYPE_CHECKING, Any

from treadle.synthesis.sql.pools import make_text

if TYPE_CHECKING:
    from treadle.synthesis.sql.world import Column, Table

__all__ = ["Filler"]

_OLD = frozenset({"born", "founded", "built", "discovered", "died"})
_FLAGS = (("Y", "N"), ("yes", "no"), ("true", "false"), ("T", "F"))


class Filler:
    """Fills tables; owners must be filled first."""

    def __init__(self, choose: random.Random) -> None:
        self.choose = choose
        self.casing = choose.choices(("as is", "capital", "upper"), (60, 32, 8))[0]
        self.lower = choose.random() < 0.12
        """Everything is stored in small letters, as in some exported databases; people still write capitals."""
        self.flags = choose.choice(_FLAGS)
        self.first_year = choose.randint(2012, 2020)

    def fill(self, table: Table) -> None:
        """Give every column of ``table`` its values."""
        rows = self._rows(table)
        before: list[dt.datetime] | None = None
        for column in table.columns:
            if column.role == "key":
                start = self.choose.choice((1, 1, 1, 101, 1000))
                column.values = list(range(start, start + rows))
            elif column.role == "link":
                continue
            elif column.role == "date":
                before = self._dates(column, rows, before)
            else:
                column.values = self._values(column, rows)
            if column.unknown and column.role != "date":
                column.values = [None if self.choose.random() < 0.2 else v for v in column.values]
        for link in table.links:
            owners = link.owner.key.values
            used = self.choose.sample(owners, max(1, int(len(owners) * self.choose.uniform(0.7, 0.95))))
            weights = [1 / (1 + i % 7) for i in range(len(used))]
            link.column.values = self.choose.choices(used, weights, k=rows)
            if link.column.unknown:
                link.column.values = [None if self.choose.random() < 0.15 else v for v in link.column.values]
        self._two_names(table, rows)
        if self.lower:
            for column in table.columns:
                if column.role in ("label", "category", "place"):
                    self._lowered(column)

    def _lowered(self, column: Column) -> None:
        said = {v: column.spoken.get(v, v) for v in column.values if v is not None}
        if len({str(v).lower() for v in said}) < len(said):
            return
        column.spoken = {str(v).lower(): words for v, words in said.items()}
        column.values = [None if v is None else str(v).lower() for v in column.values]

    def _rows(self, table: Table) -> int:
        given = [c.attribute.kind.values for c in table.columns if c.role == "label" and c.attribute is not None]
        if any(given):
            return len(next(v for v in given if v))
        return self.choose.randint(28, 80) if table.links else self.choose.randint(9, 26)

    def _two_names(self, table: Table, rows: int) -> None:
        if len(table.label) == 2:
            from treadle.synthesis.sql.pools import people

            pairs = people(self.choose, rows)
            table.label[0].values = [first for first, _ in pairs]
            table.label[1].values = [last for _, last in pairs]

    def _values(self, column: Column, rows: int) -> list[Any]:
        assert column.attribute is not None
        kind, choose = column.attribute.kind, self.choose
        if kind.role == "flag":
            yes, no = (1, 0) if "INT" in column.type else self.flags
            column.spoken = {yes: "yes", no: "no"}
            share = choose.uniform(0.3, 0.8)
            return [yes if choose.random() < share else no for _ in range(rows)]
        if kind.role == "label":
            return self._labels(column, rows)
        if kind.role in ("category", "place") and (kind.values or kind.maker in ("country", "city", "region")):
            return self._categories(column, rows)
        if kind.role in ("amount", "count", "year"):
            return [self._number(kind.low, kind.high, kind.places) for _ in range(rows)]
        return [make_text(kind.maker, choose) for _ in range(rows)]

    def _labels(self, column: Column, rows: int) -> list[str]:
        assert column.attribute is not None
        kind = column.attribute.kind
        if kind.values:
            values = [self._cased(v) if self.casing == "capital" else v for v in kind.values]
            return self.choose.sample(values, rows)
        found: dict[str, None] = {}
        tries = 0
        while len(found) < rows:
            tries += 1
            text = make_text(kind.maker, self.choose)
            found[text if tries < 20 * rows else f"{text} {len(found) + 1}"] = None
        return list(found)

    def _categories(self, column: Column, rows: int) -> list[str]:
        assert column.attribute is not None
        kind, choose = column.attribute.kind, self.choose
        pool = list(kind.values) or [make_text(kind.maker, choose) for _ in range(9)]
        pool = list(dict.fromkeys(pool))
        choose.shuffle(pool)
        pool = pool[: choose.randint(min(3, len(pool)), min(7, len(pool)))]
        stored = {v: self._cased(v) if kind.role == "category" else v for v in pool}
        column.spoken = {s: v for v, s in stored.items()}
        weights = [1 / (1 + 0.5 * i) for i in range(len(pool))]
        return [stored[v] for v in choose.choices(pool, weights, k=rows)]

    def _cased(self, value: str) -> str:
        if self.casing == "as is" or value != value.lower():
            return value
        return value.upper() if self.casing == "upper" else value[:1].upper() + value[1:]

    def _number(self, low: float, high: float, places: int) -> float | int:
        if low > 0 and high / low > 50:
            value = math.exp(self.choose.uniform(math.log(low), math.log(high)))
        else:
            value = self.choose.uniform(low, high)
        return round(value) if places == 0 else round(value, places)

    def _dates(self, column: Column, rows: int, before: list[dt.datetime] | None) -> list[dt.datetime]:
        """Dates of the column; later columns of a row have later dates than earlier ones."""
        assert column.attribute is not None
        choose, old = self.choose, column.attribute.participle in _OLD
        found = []
        scale = choose.choice((2, 10, 40, 200))
        for row in range(rows):
            if before is not None and not old:
                found.append(before[row] + dt.timedelta(days=1 + choose.expovariate(1 / scale)))
                continue
            start = dt.datetime(1935 if old else self.first_year, 1, 1)
            days = (70 if old else 5) * 365
            found.append(start + dt.timedelta(days=choose.randrange(days), seconds=choose.randrange(86400)))
        form = "%Y-%m-%d %H:%M:%S" if column.time else "%Y-%m-%d"
        column.values = [None if column.unknown and choose.random() < 0.25 else moment.strftime(form) for moment in found]
        return before if old and before is not None else found
