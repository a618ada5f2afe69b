"""Which column or table is meant by words that may name several: the one named best and nearest to the rows asked about."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from treadle.coding.sql.questions.tree import Mention, TableName, Value
from treadle.coding.sql.reading.abbreviations import alike
from treadle.coding.sql.reading.inflection import stem
from treadle.coding.sql.reading.schema import Field, Join, Schema
from treadle.coding.sql.reading.unread import SPOKEN_UNITS

__all__ = ["DOUBT", "TIME_UNITS", "Choosing", "of_unit"]

DOUBT = 4.0
"""What a choice costs that may well be another: more than a reading may cost that is called whole."""
_STEP, _MANY = 0.15, 0.35
"""What a join costs on the way to a column, and how much more where one row has many there."""
_OWN = 0.95
"""A column of the rows themselves that costs not more than this beyond another may be meant as well."""
_CLOSE = 0.06
"""Two choices that differ by less are the same to us."""
_IN_ROLE = -0.3
"""What it costs that a value is of rows in a role that was spoken of."""
TIME_UNITS = {
    "s": 1,
    "sec": 1,
    "ms": 0.001,
    "second": 1,
    "min": 60,
    "mins": 60,
    "minute": 60,
    "h": 3600,
    "hr": 3600,
    "hrs": 3600,
}
TIME_UNITS |= {"hour": 3600, "day": 86400, "d": 86400}


_MEASURES = {
    "north": ("latitude", "lat"),
    "east": ("longitude", "lon", "lng"),
    "near": ("distance", "dist"),
    "steep": ("slope", "gradient", "inclination"),
    "strong": ("strength", "intensity", "magnitude", "force"),
}
"""What adjectives measure that are not said of anything else."""


class Choosing:
    """Chooses, and adds up what its choices cost."""

    def __init__(self, schema: Schema) -> None:
        self.schema, self.cost = schema, 0.0
        self.dates: list[Field] = []

    # ------------------------------------------------------------------------------------------------ distance

    def way(self, base: str, table: str) -> tuple[Join, ...]:
        found = self.schema.path(base, table)
        if found is None:
            raise LookupError(f"no way from {base} to {table}")
        return found

    def many(self, base: str, table: str) -> bool:
        """Whether a row of ``base`` may belong to several of ``table``."""
        return any(step not in self.schema.joins for step in self.way(base, table))

    def far(self, base: str, table: str) -> float:
        way = self.schema.path(base, table)
        if way is None:
            return 99.0
        many = [step not in self.schema.joins for step in way]
        aside = any(later and not earlier for earlier, later in pairwise(many))  # rows that only share what they point to
        several = any(self._ways_between(step) > 1 for step in way)  # departure and arrival
        return sum(_MANY if step else _STEP for step in many) + (DOUBT if aside or several else 0.0)

    def _ways_between(self, step: Join) -> int:
        ends = {step.left, step.right}
        return sum({j.left, j.right} == ends for j in self.schema.joins)

    # ------------------------------------------------------------------------------------------------ choosing

    def field(self, mention: Mention, base: str, accept: Callable[[Field], bool] = lambda _: True) -> Field:
        """The column that is meant, seen from rows of ``base``."""
        return self.nearest([(f, cost) for f, cost in mention.fields if accept(f)], base)

    def nearest(self, found: Sequence[tuple[Field, float]], base: str) -> Field:
        priced = sorted(((cost + self.far(base, f.table), f.table != base, f) for f, cost in found), key=lambda p: p[:2])
        if not priced or priced[0][0] > 90:
            raise LookupError("nothing of that name can be reached")
        best = priced[0]
        near = [p for p in priced if p[2].table == base]
        if best[2].table != base and near and near[0][0] - best[0] < _OWN:
            self.cost += DOUBT  # an own column of nearly that name
        if len(priced) > 1 and priced[1][0] - best[0] < _CLOSE and not self._same(best[2], priced[1][2]):
            self.cost += DOUBT
        self.cost += best[0]
        return best[2]

    def _same(self, one: Field, other: Field) -> bool:
        """Whether two columns are joined, and so have the same values."""
        ends = {(one.table, one.name), (other.table, other.name)}
        return any({(j.left, j.left_column), (j.right, j.right_column)} == ends for j in self.schema.joins)

    def table(self, name: TableName) -> str:
        best = name.tables[0]
        if len(name.tables) > 1 and name.tables[1][1] - best[1] < _CLOSE:
            self.cost += DOUBT
        self.cost += best[1]
        return best[0]

    def of_values(
        self, values: tuple[Value, ...], base: str, accept: Callable[[Field], bool]
    ) -> tuple[Field, tuple[str, ...]]:
        """The column that has all of some values, and these as SQL."""
        shared = [f for f, _ in values[0].fields if accept(f) and all(any(g == f for g, _ in v.fields) for v in values)]
        chosen = self.nearest([(f, _IN_ROLE if f.table in self.schema.roles else 0.0) for f in shared], base)
        return chosen, tuple(dict.fromkeys(next(sql for f, sql in v.fields if f == chosen) for v in values))

    # -------------------------------------------------------------------------------------------------- roles

    def dated(self, base: str, year: bool) -> Field:
        """The date of rows of which none was named."""
        own = [f for f in self.schema.tables[base] if f.holds_dates]
        if named := [f for f in self.dates if f in own]:
            return named[0]
        if len(own) > 1 and year and len([f for f in own if f.role == "number"]) == 1:
            own = [f for f in own if f.role == "number"]
        if own:
            if len(own) > 1:
                self.cost += DOUBT
            return own[0]
        self.cost += DOUBT  # the rows have no date
        near = [(f, 0.3) for f in self.schema.fields if f.holds_dates and self.far(base, f.table) < 90]
        return self.nearest(near, base)

    def by_adjective(self, adjective: str, base: str) -> Field:
        """The column that 'longest' or 'older than' is said of."""
        own = [f for f in self.schema.fields if f.role in ("number", "date") and self.far(base, f.table) < 1.0]
        measured = [stem(w) for w in _MEASURES.get(adjective, (adjective,))]
        found = [
            (f, 1.0 - how)
            for f in own
            if (how := max((alike(stem(w), said) for w in f.words for said in measured), default=0.0)) > 0
        ]
        if not found and adjective in ("long", "short"):
            found = [(f, 0.5) for f in own if f.unit.lower() in TIME_UNITS or f.unit.lower() in ("km", "m", "cm", "mm")]
        if found and all(f.table != base for f, _ in found):
            self.cost += DOUBT
        if adjective in ("large", "small", "high", "low") and not found:
            raise LookupError("which size is not said")
        return self.nearest(found, base)

    def by_unit(self, unit: str, base: str) -> Field:
        """The only number of the rows with a unit that a number was given in: 'more than 10 minutes'."""
        own = [f for f in self.schema.tables[base] if f.role == "number" and of_unit(f, unit)]
        if len(own) != 1:
            raise LookupError(f"no single column in {unit}")
        self.cost += 0.3
        return own[0]


def of_unit(f: Field, unit: str) -> bool:
    """Whether a column is in a unit that was said."""
    own = f.unit.lower()
    said = [stem(w) for w in (own, *SPOKEN_UNITS.get(own, "").split()) if w]
    return stem(unit) in said or (unit in TIME_UNITS and own in TIME_UNITS)
