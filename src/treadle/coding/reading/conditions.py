"""Rules for conditions: comparisons of values, of quantities that do not say whose, and how conditions join."""

from __future__ import annotations

from dataclasses import replace

from treadle.coding.chart import GUESS, Costly, Rules, rule
from treadle.coding.reading.catalogue import Catalogue, Thing
from treadle.coding.reading.concepts import ideas_of_name
from treadle.coding.reading.looking import column_of, counted, level_of
from treadle.coding.reading.objects import quantity, usual_order
from treadle.coding.reading.tree import (
    All,
    Apply,
    Arithmetic,
    Column,
    Compare,
    Condition,
    Dangling,
    Flag,
    Lacking,
    Not,
    Number,
    Objects,
    Of,
    Or,
    Pair,
    Pairwise,
    Size,
    Text,
    Value,
)

__all__ = ["Conditions", "bare", "both", "bound", "condition_rules", "every_one", "joined", "no"]

Conditions = tuple[Condition, ...]
_ZERO = Number(0)


def condition_rules(catalogue: Catalogue) -> Rules:
    """Rules of the symbols C (conditions that all hold) and L (comparisons that lack their object)."""
    c = _Comparisons(catalogue)
    return [*_comparisons(), *c.ranges(), *c.equalities(), *c.absences(), *_lacking(), *_joined()]


def bound(o: Objects, lacking: Lacking) -> Conditions:
    """The comparisons as conditions on ``o``.

    Raises:
        LookupError: its columns do not give one of the quantities.
    """
    made: list[Condition] = []
    plain = o if o.one else Objects(o.thing)
    for what, absolute, operator, number in lacking.parts:
        value = quantity(plain, what or usual_order(o.thing))
        made.append(Compare(Apply("abs", value) if absolute else value, operator, number))
    return tuple(made)


def both(p: Pair, lacking: Lacking) -> Conditions:
    """Of two particles a mass is that of the pair, anything else that of each."""
    each = Lacking(tuple(part for part in lacking.parts if part[0] != "mass"))
    masses = [Compare(Pairwise(p, "mass"), operator, n) for what, _, operator, n in lacking.parts if what == "mass"]
    return (*bound(p.one, each), *bound(p.other, each), *masses)


def joined(a: Conditions, b: Conditions) -> Conditions | Costly:
    """Both; dearer where ``b`` may belong to objects that ``a`` counts: 'two jets with jet_x below 1'."""
    made = (*a, *(x for x in b if x not in a))
    mixed = any(
        _thing(x) is not None and _thing(x) is _thing(y) and (level_of(x) is not None or level_of(y) is not None)
        for x in (c.condition if isinstance(c, Not) else c for c in a)
        for y in b
    ) or any(
        _counter(c.condition if isinstance(c, Not) else c, thing) for c in a for y in b if (thing := level_of(y)) is not None
    )
    return Costly(made, GUESS) if mixed else made  # of the same object, or of any two


def _counter(c: Condition, thing: Thing) -> bool:
    """Whether a condition compares a column that counts such objects: 'n_jets at least 2 with jet_pt above 30'."""
    name = column_of(c.left) if isinstance(c, Compare) and isinstance(c.left, Column) else ""
    return bool(name) and set(ideas_of_name(name)) == {"number", thing.whose}


def _thing(c: Condition) -> Thing | None:
    """The collection that a condition is about: whose objects it compares, or counts."""
    objects = counted(c)
    return level_of(c) if objects is None else objects.thing


def no(conditions: Conditions) -> Conditions:
    """That not all of the conditions hold."""
    return (Not(every_one(conditions)),)


def every_one(conditions: Conditions) -> Condition:
    """All conditions as one.

    Raises:
        LookupError: they are of objects of two collections.
    """
    level_of(All(conditions))
    return conditions[0] if len(conditions) == 1 else All(conditions)


# ---------------------------------------------------------------------------------------------- comparisons


def _comparisons() -> Rules:
    return [
        rule("C", "V=v [of] OP=op N=n", _compare),
        rule("C", "OP=op N=n OF V=v", lambda op, n, v: _compare(v, op, n) if n.unit else None, 0.4),
        rule("C", "V=v OP=op V=of", _two, 0.2),
        rule("C", "V=v [of] N=n ORMORE", lambda v, n: _compare(v, ">=", n)),
        rule("C", "V=v [of] N=n ORLESS", lambda v, n: _compare(v, "<=", n)),
        rule("C", "V=v OP=op N=n ORMORE", lambda v, op, n: _compare(v, ">=", n) if op == "==" else None),
        rule("C", "V=v OP=op N=n % OF V=of", lambda v, op, n, of: _two(v, op, Arithmetic("*", Number(n.value / 100), of))),
        rule("C", "O=a WITH MORE=op Q=q than O=b", _more),
        rule("C", "Q=q OF O=a OP=op that OF O=b", _more),
        rule("C", "(V=v POSITIVE|POSITIVE V=v)", lambda v: _compare(v, ">", _ZERO)),
        rule("C", "(V=v NEGATIVE|NEGATIVE V=v)", lambda v: _compare(v, "<", _ZERO)),
        rule("C", "(V=v NONZERO|NONZERO V=v)", lambda v: _compare(v, "!=", _ZERO)),
        rule("C", "C=c in ABS", _absolute),
    ]


def _compare(v: Value, op: str, n: Number) -> Conditions:
    return (Compare(v, op, n),)


def _two(v: Value, op: str, of: Value) -> Conditions | None:
    made = Compare(v, op, of)
    level_of(made)
    return (made,) if v != of else None


def _more(a: Objects, op: str, q: str, b: Objects) -> Conditions | None:
    """'the kaon has a larger momentum than the pion'."""
    if not (a.one and b.one and a.thing.has(q) and b.thing.has(q)) or a == b:
        return None
    return (Compare(Of(a, q), op, Of(b, q)),)


def _absolute(c: Conditions) -> Conditions | None:
    if len(c) == 1 and isinstance(c[0], Compare):
        return (replace(c[0], left=Apply("abs", c[0].left)),)
    return None


def _between(v: Value, a: Number, b: Number) -> Conditions | None:
    if a.value >= b.value:
        return None
    return Compare(v, ">", _united(a, b)), Compare(v, "<", b)


def _united(a: Number, b: Number) -> Number:
    """The first number in the unit that only the second names: '80 to 100 GeV'."""
    return Number(a.value, a.unit or b.unit)


def _chained(a: Number, op: str, v: Value, to: str, b: Number) -> Conditions | None:
    flipped = {"<": ">", "<=": ">="}
    if op not in flipped or to not in flipped:
        return None
    return Compare(v, flipped[op], _united(a, b)), Compare(v, to, b)


def _near(v: Value, width: Number, centre: Number) -> Conditions:
    low, high = _around(width, centre)
    return Compare(v, ">", low), Compare(v, "<", high)


def _around(width: Number, centre: Number) -> tuple[Number, Number]:
    unit = centre.unit or width.unit
    return Number(round(centre.value - width.value, 9), unit), Number(round(centre.value + width.value, 9), unit)


class _Comparisons:
    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue

    def ranges(self) -> Rules:
        return [
            rule("C", "V=v BETWEEN N=a TO N=b", self._between),
            rule("C", "V=v [IS] N=a - N=b", self._between),
            rule("C", "V=v IS N=a to N=b", self._between),
            rule("C", "V=v OP=op N=a - N=b", lambda v, op, a, b: self._between(v, a, b) if op == "==" else None),
            rule("C", "N=a OP=op V=v OP=to N=b", _chained),
            rule(
                "C",
                "V=v OP=op N=a (and|but) OP=to N=b",
                lambda v, op, a, to, b: None if op == to else (Compare(v, op, a), Compare(v, to, b)),
            ),
            rule("C", "V=v within N=width OF N=centre", _near),
            rule(
                "C",
                "V=v within N=width OF V=of",
                lambda v, width, of: _two(Apply("abs", Arithmetic("-", v, of)), "<", width),
            ),
        ]

    def _between(self, v: Value, a: Number, b: Number) -> Conditions | Costly | None:
        """Of whole numbers the bounds belong to the range, or so it is guessed."""
        found = _between(v, a, b)
        if found is None or not self._whole(v):
            return found
        return Costly(tuple(Compare(c.left, f"{c.operator}=", c.right) for c in found if isinstance(c, Compare)), GUESS)

    def _whole(self, v: Value) -> bool:
        name = column_of(v)
        return isinstance(v, Size) or (bool(name) and "int" in self.catalogue.types[name])

    def equalities(self) -> Rules:
        """'run 278820', 'isSignal is 1', '50 GeV beam energy'; of a column of words 'Type1 equal to G', 'chamber RPC3'."""
        return [
            rule("C", "(both V=a and V=b|V=a and V=b both) OP=op N=n", self._of_each),
            rule("C", "V=v IS N=n", self._equal, 0.1),
            rule("C", "V=v N=n", self._equal, 0.6),
            rule("C", "N=n V=v", lambda n, v: self._equal(v, n) if isinstance(v, Column) and n.unit else None, 0.6),
            rule("C", "V=v OP=op STR=said", self._said),
            rule("C", "V=v IS STR=said", self._said),
            rule("C", "V=v STR=said", self._said, 0.3),
        ]

    def _of_each(self, a: Value, b: Value, op: str, n: Number) -> Conditions | None:
        """'tau1_iso and tau2_iso both below 0.15'; a flag is not compared: 'both the tight ID and isolation below 0.15'."""
        return None if self._flag(a) or self._flag(b) else _compare(a, op, n) + _compare(b, op, n)

    def _flag(self, v: Value) -> bool:
        name = column_of(v)
        return bool(name) and self.catalogue.flag(name)

    def _equal(self, v: Value, n: Number) -> Conditions | None:
        return (Compare(v, "==", n),) if self._can_equal(v, n) else None

    def _can_equal(self, v: Value, n: Number) -> bool:
        """Whether a value may be equal to a number: it counts, numbers or flags something, or the number has a unit."""
        if n.value != int(n.value):
            return False
        if isinstance(v, Size):
            return True
        name = column_of(v)
        whole = bool(name) and "int" in self.catalogue.types[name]
        return bool(name) and (not n.unit if whole else bool(n.unit) or self.catalogue.flag(name))

    def _said(self, v: Value, said: str, op: str = "==") -> Conditions | None:
        if not isinstance(v, Column) or not self.catalogue.words(v.name) or op not in ("==", "!="):
            return None
        return (Compare(v, op, Text(said)),)

    def absences(self) -> Rules:
        return [
            rule("C", "V=v MISSING [MISSING]", self._missing),
            rule("C", "(NO|without|lack) value OF V=v", self._missing),
        ]

    def _missing(self, v: Value) -> Conditions | None:
        """A whole number is never missing."""
        there = isinstance(v, Column) and self.catalogue.real(v.name)
        return (Flag(Apply("isnan", v)),) if there else None


# ---------------------------------------------------------------------------------------------- whose is not said


def _lacking() -> Rules:
    return [
        rule("L", "Q=q [of] OP=op N=n", _lack),
        rule("L", "OP=op N=n OF Q=q", _lack),
        rule("L", "OP=op N=n Q=q", _lack, 0.2),
        rule("L", "OP=op N=n", lambda op, n: _lack("", op, n) if n.unit.endswith("eV") and op != "==" else None, 0.2),
        rule("L", "Q=q [of] N=n ORMORE", lambda q, n: _lack(q, ">=", n)),
        rule("L", "Q=q BETWEEN N=a TO N=b", lambda q, a, b: _and(_lack(q, ">", _united(a, b)), _lack(q, "<", b))),
        rule("L", "N=a OP=op Q=q OP=to N=b", _lack_chained),
        rule("L", "Q=q within N=width OF N=centre", _lack_near),
        rule("L", "L=a AND L=b", lambda a, b: _and(a, b)),
        rule("L", "L=a L=b", lambda a, b: _and(a, b), 0.3),
        rule("L", "LP L=x RP", lambda x: x),
        rule("L", "INVARIANT L=x", lambda x: x if {p[0] for p in x.parts} == {"mass"} else None),
        rule("C", "L=x", _dangling, 0.8),
        rule("C", "both WITH L=x", _dangling, 0.1),
        rule("C", "both L=x", _dangling, 0.2),
    ]


def _lack(q: str, op: str, n: Number) -> Lacking:
    return Lacking(((q.strip("|"), q.startswith("|"), op, n),))


def _and(a: Lacking, b: Lacking) -> Lacking:
    return Lacking((*a.parts, *b.parts))


def _lack_chained(a: Number, op: str, q: str, to: str, b: Number) -> Lacking | None:
    return _and(_lack(q, ">", _united(a, b)), _lack(q, to, b)) if op[0] == to[0] == "<" else None


def _lack_near(q: str, width: Number, centre: Number) -> Lacking:
    low, high = _around(width, centre)
    return _and(_lack(q, ">", low), _lack(q, "<", high))


def _dangling(x: Lacking) -> Conditions:
    return (Dangling(x),)


# ---------------------------------------------------------------------------------------------- joined


def _joined() -> Rules:
    return [
        rule("C", "C=a AND C=b", joined),
        rule("C", "both C=a and C=b", joined),
        rule("C", "C=a AND WITH C=b", joined, 0.1),
        rule("C", "C=a OR C=b", _either, 0.1),
        rule("C", "either C=a OR C=b", _either),
        rule("C", "WITH C=c", lambda c: c, 0.3),
        rule("C", "LP C=c RP", lambda c: c),
        rule("C", "NOT C=c", lambda c: no(c), 0.3),
    ]


def _either(a: Conditions, b: Conditions) -> Conditions | Costly:
    made = (Or((every_one(a), every_one(b))),)
    several = any(counted(c) for c in a)
    return Costly(made, GUESS) if several and all(bare(c) for c in b) else made  # 'at least two muons or electrons'


def bare(c: Condition) -> bool:
    """Whether nothing but a noun stands for a condition: 'jets', at least one."""
    objects = counted(c)
    one = isinstance(c, Compare) and (c.operator, c.right) == (">=", Number(1))
    return objects is not None and one and not objects.cuts
