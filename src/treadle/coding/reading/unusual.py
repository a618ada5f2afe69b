"""Rules for what fewer requests ask: bits of a mask, gaps between rows, cuts that keep a share, columns of one family."""

from __future__ import annotations

from dataclasses import replace

from treadle.coding.chart import Rules, rule
from treadle.coding.reading.answers import only
from treadle.coding.reading.catalogue import Catalogue
from treadle.coding.reading.conditions import Conditions
from treadle.coding.reading.looking import level
from treadle.coding.reading.tree import Answer, Apply, Arithmetic, Column, Compare, Flag, Not, Number, Pairwise, Value

__all__ = ["unusual_rules"]

Family = tuple[str, ...]


def unusual_rules(catalogue: Catalogue) -> Rules:
    """More rules of C and S; FAM are columns that one phrase describes alike."""
    return [*_bits(catalogue), *_gaps(catalogue), *_kept_share(), *_families(catalogue), *_there(catalogue), *_of_value()]


# ---------------------------------------------------------------------------------------------- bits


def _bits(catalogue: Catalogue) -> Rules:
    def bit(column: str, value: int) -> Conditions | None:
        whole = "int" in catalogue.types[column] and not catalogue.by_column[column].jagged
        return (Compare(Arithmetic("&", Column(column), Number(value)), ">", Number(0)),) if whole and value > 0 else None

    def numbered(n: int, c: str) -> Conditions | None:
        return bit(c, 1 << n) if 0 <= n < 32 else None

    return [
        rule("BIT", "bit INT=n", lambda n: 1 << n if 0 <= n < 32 else None),
        rule("BIT", "bit (worth|with value|of value) INT=n", lambda n: n if n > 0 and n & (n - 1) == 0 else None),
        rule("BIT", "BIT=b LP [ONEOF] (worth|value) INT=n RP", lambda b, n: b if b == n else None),
        rule("C", "BIT=b TRUE [in] COLUMN=c", lambda b, c: bit(c, b)),
        rule("C", "BIT=b (of|in) COLUMN=c [BE] TRUE", lambda b, c: bit(c, b)),
        rule("C", "COLUMN=c WITH BIT=b TRUE", lambda b, c: bit(c, b)),
        rule("C", "BIT=b FALSE [in] COLUMN=c", lambda b, c: _not(bit(c, b))),
        rule("C", "BIT=b (of|in) COLUMN=c [BE] FALSE", lambda b, c: _not(bit(c, b))),
    ]


def _not(conditions: Conditions | None) -> Conditions | None:
    return None if conditions is None else (Not(conditions[0]),)


# ---------------------------------------------------------------------------------------------- from row to row


def _gaps(catalogue: Catalogue) -> Rules:
    """'the median time between consecutive events': of the times in their order."""

    def gaps(v: Value) -> Value | None:
        plain = isinstance(v, Column) and catalogue.by_column[v.name].ideas & {"time", "timestamp"}
        return Apply("gaps", v) if plain else None

    return [
        rule("V", "V=v CONSECUTIVE", gaps),
        rule("V", "GAP CONSECUTIVE LP V=v RP", gaps),
        rule("V", "GAP CONSECUTIVE OF V=v", gaps),
        rule("V", "GAP in V=v CONSECUTIVE", gaps),
        rule("V", "DIFFERENCE (of|in) V=v CONSECUTIVE", gaps),
    ]


# ---------------------------------------------------------------------------------------------- cuts that keep a share


def _kept_share() -> Rules:
    def above(v: Value, n: Number, e: Conditions = ()) -> Answer | None:
        return only(Answer("percentile", v, number=100 - n.value), e) if 0 < n.value < 100 and not n.unit else None

    def below(v: Value, n: Number, e: Conditions = ()) -> Answer | None:
        return only(Answer("percentile", v, number=n.value), e) if 0 < n.value < 100 and not n.unit else None

    return [
        rule("S", "above WHICH V=v [value] KEEPS N=n % OF E=e", above),
        rule("S", "below WHICH V=v [value] KEEPS N=n % OF E=e", below),
        rule("S", "above WHICH [value] [OF] V=v LIES N=n % OF E=e", above),
        rule("S", "below WHICH [value] [OF] V=v LIES N=n % OF E=e", below),
        rule("S", "(CUT|threshold) (on|in) V=v that KEEPS N=n % OF E=e WITH largest", above),
    ]


# ---------------------------------------------------------------------------------------------- columns of one family


def _families(catalogue: Catalogue) -> Rules:
    """'K_ProbNNmu > 0.5 on both muons', 'a charge above 5 pC in all three scintillators': as many columns as are told."""

    def all_of(f: Family, op: str, n: Number, number: int) -> Conditions | None:
        if len(f) != number:
            return None
        return tuple(Compare(Column(c, catalogue.by_column[c].unit), op, n) for c in f)

    def both(f: Family, op: str, n: Number) -> Conditions | None:
        return all_of(f, op, n, 2)

    def absolute(f: Family, op: str, n: Number) -> Conditions | None:
        made = both(f, op, n)
        return None if made is None else tuple(replace(c, left=Apply("abs", c.left)) for c in made if isinstance(c, Compare))

    return [
        rule("C", "both FAM=f OP=op N=n", both),
        rule("C", "both PLURALS FAM=f OP=op N=n", both),
        rule("C", "FAM=f OP=op N=n (on|in|for|of|at) both PLURALS", both),
        rule("C", "both PLURALS WITH FAM=f OP=op N=n", both),
        rule("C", "both PLURALS WITH BAR FAM=f BAR OP=op N=n", absolute),
        rule("C", "FAM=f OP=op N=n (on|in|for|of|at) all INT=number PLURALS", all_of),
        rule("C", "all INT=number PLURALS WITH FAM=f OP=op N=n", all_of),
    ]


# ---------------------------------------------------------------------------------------------- values that are there


def _there(catalogue: Catalogue) -> Rules:
    def there(v: Value) -> Conditions | None:
        real = isinstance(v, Column) and catalogue.real(v.name)
        return (Not(Flag(Apply("isnan", v))),) if real else None

    return [
        rule("C", "V=v [BE] DEFINED", there),
        rule("C", "BE V=v DEFINED", there),
    ]


# ---------------------------------------------------------------------------------------------- of a value just named


def _of_value() -> Rules:
    """'Compute the mass of the pair and count the events between 60 and 90 GeV'."""

    def bounded(v: Value, e: Conditions, bounds: tuple[tuple[str, Number], ...]) -> Answer | None:
        if level(v) is not None or len(bounds) != 2 or not isinstance(v, Pairwise):
            return None
        unit = bounds[-1][1].unit
        cuts = tuple(Compare(v, op, Number(n.value, n.unit or unit)) for op, n in bounds)
        return Answer("count", where=(*e, *cuts)) if unit else None

    return [
        rule("S", "V=v (,|.|and|;|, and) COUNT [OF] E=e (BE|IN|WITHP|BE IN) R=bounds", bounded),
    ]
