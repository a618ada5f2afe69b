"""Rules for objects (muons, the leading jet, opposite-sign electrons) and for pairs of them."""

from __future__ import annotations

from dataclasses import replace

from treadle.coding.chart import Rules, rule
from treadle.coding.reading.catalogue import Catalogue, Thing
from treadle.coding.reading.tree import Arithmetic, Compare, Flag, Number, Objects, Of, Pair, Pairwise, Value

__all__ = ["between", "flagged", "object_rules", "of_pair", "quantity", "ranked", "usual_order"]

_LEADING = ("pt", "energy", "momentum", "amplitude", "area", "height", "charge")
_IN_PAIRS = frozenset({"mass", "pt", "energy", "eta", "momentum", "phi"})
_BETWEEN = {"delta_r": ("eta", "phi"), "delta_phi": ("phi",), "delta_eta": ("eta",), "angle": ("px", "py", "pz")}


def object_rules(catalogue: Catalogue) -> Rules:
    """Rules of the symbols O (``Objects``), P (``Pair``) and OL (some particles), and of values of pairs."""
    o = _Objects(catalogue)
    return [*o.objects(), *o.pairs(), *o.lists(), *_values_of_pairs()]


def usual_order(thing: Thing) -> str:
    """The quantity by which objects lead: pt, else energy, else what the collection has of the kind.

    Raises:
        LookupError: it has none.
    """
    if {"px", "py"} <= set(thing.columns):
        return "pt"
    found = next((what for what in _LEADING if what in thing.columns), None)
    if found is None:
        raise LookupError(f"nothing to sort {thing!r} by")
    return found


def quantity(o: Objects, what: str) -> Value:
    """A quantity of objects, or a ratio of two ('iso/pt').

    Raises:
        LookupError: the columns do not give it.
    """
    if "/" in what:
        one, other = what.split("/")
        return Arithmetic("/", quantity(o, one), quantity(o, other))
    if not o.thing.has(what):
        raise LookupError(what)
    return Of(o, what)


def ranked(o: Objects, rank: int) -> Objects | None:
    """The object of that rank in falling order, -1 the last."""
    return None if o.one or o.signs else replace(o, rank=rank, by=usual_order(o.thing))


def flagged(o: Objects, what: str) -> Objects | None:
    """The objects of which a column says yes."""
    return o.passing(Flag(Of(Objects(o.thing), what))) if what in o.thing.columns and not o.one else None


def between(what: str, p: Pair) -> Value | None:
    """What lies between two objects: an angle, or a distance of directions."""
    return Pairwise(p, what) if all(o.thing.has(q) for o in (p.one, p.other) for q in _BETWEEN[what]) else None


class _Objects:
    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue

    def objects(self) -> Rules:
        return [
            rule("O", "LEAD=rank O=o", lambda rank, o: ranked(o, int(rank))),
            rule("O", "NTH=rank O=o", lambda rank, o: ranked(o, int(rank)) if "pt" in o.thing.columns else None),
            rule("O", "NTH=rank NUMBERED=whose", lambda rank, whose: self._numbered(whose, int(rank) + 1)),
            rule("O", "LEAD=rank IN O=o", lambda rank, o: ranked(o, int(rank)), 0.3),
            rule("O", "O=o WITH MAXOF=how Q=what", _extreme),
            rule("O", "NUMBERED=whose INT=index", self._numbered),
            rule("O", "LEAD=rank NUMBERED=whose", lambda rank, whose: self._numbered(whose, int(rank) + 1)),
            rule("O", "(ALL O=o|EVT OF O=o)", lambda o: None if o.one else o, 0.1),
            rule("O", "O=o (candidate|candidates)", lambda o: o, 0.1),
            rule("O", "THESE O=o", lambda o: None if o.one or o.adjective else replace(o, adjective="these")),
            rule("O", "O=a O=b", lambda a, b: b if a == Objects(b.thing) else None, 0.2),
            rule(
                "O", "O=o LP COLUMN=c RP", lambda o, c: o if c in o.thing.columns.values() and not o.adjective else None, 0.1
            ),
            rule("O", "POSITIVE O=o", lambda o: _charged(o, ">")),
            rule("O", "NEGATIVE O=o", lambda o: _charged(o, "<")),
            rule("O", "(CHREL=kind O=o|O=o CHREL=kind)", lambda o, kind: None if o.signs else replace(o, signs=kind)),
            rule("O", "QF=what O=o", flagged, -0.2),
            rule("O", "DEFADJ=adjective O=o", _described, 0.2),
            rule("O", "O=o COLUMN=column", self._tagged),
        ]

    def _numbered(self, whose: str, index: int) -> Objects | None:
        return next((Objects(t) for t in self.catalogue.named(whose) if t.index == str(index)), None)

    def _tagged(self, o: Objects, column: str) -> Objects | None:
        """'b-tagged jet (jet_isbtagged)': the adjective is the column of yes and no."""
        what = next((k for k, c in o.thing.columns.items() if c == column), None)
        if what is None or not o.adjective or not self.catalogue.flag(column):
            return None
        return replace(o.passing(Flag(Of(Objects(o.thing), what))), adjective="")

    # ------------------------------------------------------------------------------------------ pairs

    def pairs(self) -> Rules:
        return [
            rule("P", "(TWO LEAD=rank|LEAD=rank TWO) O=o", lambda rank, o: _first_two(o) if rank == "0" else None),
            rule("P", "TWO O=o", _first_two, 0.1),
            rule("P", "O=o PAIR", lambda o: _system(_first_two(o))),
            rule("P", "TWO NUMBERED=whose", self._two_of, 0.1),
            rule("P", "[TWO] NUMBERED=whose PAIR", lambda whose: _system(self._two_of(whose))),
            rule("P", "PLURAL=whose", lambda whose: _loose(self._two_of(whose)), 0.1),
            rule("P", "DI=whose", lambda whose: _system(self._two_of(whose))),
            rule("P", "CHREL=kind P=p", lambda kind, p: replace(p, signs=kind)),
            rule("P", "P=p PAIR", lambda p: _system(p)),
            rule("P", "O=a and O=b", _of_two),
            rule("P", "O=a [and] O=b PAIR", lambda a, b: _system(_of_two(a, b))),
            rule("P", "O=a O=b", _of_two, 0.3),
            rule("P", "LEAD=one and LEAD=other O=o", _leads),
        ]

    def _two_of(self, whose: str) -> Pair | None:
        named = self.catalogue.named(whose)
        if len(named) == 1 and named[0].jagged:
            return _first_two(Objects(named[0]))
        return Pair(Objects(named[0]), Objects(named[1])) if len(named) == 2 else None

    def lists(self) -> Rules:
        def three(a: Objects, b: Objects, c: Objects) -> tuple[Objects, ...] | None:
            return (a, b, c) if a.one and b.one and c.one else None

        return [
            rule("OL", "O=a , O=b [,] and O=c", three),
            rule("OL", "O=a , O=b , O=c", three, 0.2),
            rule("OL", "P=p", lambda p: None if p.signs else (p.one, p.other), 0.1),
        ]


def _extreme(o: Objects, how: str, what: str) -> Objects | None:
    """'the jet with the highest pt'."""
    if o.one or o.signs or not o.thing.has(what):
        return None
    return replace(o, rank=0 if how == "max" else -1, by=what)


def _charged(o: Objects, operator: str) -> Objects | None:
    if not o.thing.has("charge") or o.one:
        return None
    return o.passing(Compare(Of(Objects(o.thing), "charge"), operator, Number(0)))


def _described(o: Objects, adjective: str) -> Objects | None:
    return None if o.one or o.adjective else replace(o, adjective=adjective)


def _first_two(o: Objects) -> Pair | None:
    if o.one:
        return None
    by, plain = usual_order(o.thing), replace(o, signs="")
    return Pair(replace(plain, rank=0, by=by), replace(plain, rank=1, by=by), o.signs)


def _system(p: Pair | None) -> Pair | None:
    """Two objects that are spoken of as one: a pair, a system, 'dimuon'."""
    return None if p is None else replace(p, system=True)


def _loose(p: Pair | None) -> Pair | None:
    """'the photons' of a file with a first and a second one."""
    return None if p is None else replace(p, loose=True)


def _of_two(a: Objects, b: Objects) -> Pair | None:
    return Pair(a, b) if a.one and b.one and a != b else None


def _leads(one: str, other: str, o: Objects) -> Pair | None:
    first, second = ranked(o, int(one)), ranked(o, int(other))
    return Pair(first, second) if first and second and one != other else None


def _values_of_pairs() -> Rules:
    return [
        rule("V", "Q=what OF P=p", _of_system),
        rule("V", "P=p Q=what", _of_system),
        rule("V", "Q=what LP P=p RP", _of_system),
        rule("V", "(INVARIANT Q=what OF P=p|INVARIANT P=p Q=what|P=p INVARIANT Q=what)", _invariant),
        rule("DELTA", "BAR DELTA=what BAR", lambda what: what),
        rule("DELTA", "DELTA=one BAR DELTA=what BAR", lambda one, what: what if one == what else None),
        rule("DELTA", "ABS DELTA=what", lambda what: what),
        rule("V", "DELTA=what (between|OF) P=p", between),
        rule("V", "P=p DELTA=what", between),
        rule("V", "SUM OF Q=what OF OL=several", _summed),
        rule("V", "SUM OF OL=several Q=what", _summed),
    ]


def of_pair(what: str, p: Pair) -> Value | None:
    """A quantity of the sum of two four-momenta."""
    needed = ("pt", "phi") if what == "pt" else ("pt", "eta", "phi")
    if what not in _IN_PAIRS or not all(o.thing.has(q) for o in (p.one, p.other) for q in needed):
        return None
    return Pairwise(p, what)


def _of_system(what: str, p: Pair) -> Value | None:
    """The mass of two objects is that of their sum; anything else only where they are spoken of as one."""
    return of_pair(what, p) if what == "mass" or p.system else None


def _invariant(what: str, p: Pair) -> Value | None:
    return of_pair(what, p) if what == "mass" else None


def _summed(what: str, several: tuple[Objects, ...]) -> Value | None:
    """The sum of a quantity of particles: of their numbers, which for momenta is the scalar sum."""
    if not all(o.thing.has(what) for o in several):
        return None
    made: Value = Of(several[0], what)
    for o in several[1:]:
        made = Arithmetic("+", made, Of(o, what))
    return made
