"""Rules for what passes: objects with cuts, numbers of objects, flags, charges, and the events that are selected by them."""

from __future__ import annotations

from dataclasses import replace

from treadle.coding.chart import GUESS, Costly, Rules, rule
from treadle.coding.reading.catalogue import Catalogue
from treadle.coding.reading.conditions import Conditions, both, bound, every_one, joined, no
from treadle.coding.reading.looking import counted, level_of, parts_of
from treadle.coding.reading.objects import flagged, usual_order
from treadle.coding.reading.tree import (
    Column,
    Compare,
    Condition,
    Every,
    Flag,
    Lacking,
    Near,
    Not,
    Number,
    Objects,
    Of,
    Or,
    Pair,
    Place,
    Signs,
    Size,
)

__all__ = ["selection_rules"]

Counted = tuple[str, int]


def selection_rules(catalogue: Catalogue) -> Rules:
    """Rules of O and C for objects that pass, of CN (how many), D (what an adjective means) and E (events: conditions)."""
    s = _Selections(catalogue)
    return [*s.objects(), *_defined(), *_of_each(), *_counted(), *s.numbers(), *s.flags(), *_signs(), *s.events()]


# ---------------------------------------------------------------------------------------------- objects that pass


def _passing(o: Objects, x: Lacking) -> Objects | Costly | None:
    """Of 'jets within 0.4 of a muon with pt above 20 GeV' the last words are of the muon."""
    if o.one:
        return None
    made = o.passing(*bound(o, x))
    return Costly(made, GUESS) if any(True for _ in parts_of(o.cuts[-1:], Near)) else made


def _passing_all(o: Objects, c: Conditions) -> Objects | Costly | None:
    """'muons with Muon_pt > 20': conditions that are already of the same collection."""
    if o.one or not all(level_of(x) is o.thing for x in c):
        return None
    return Costly(o.passing(*c), GUESS) if any(True for _ in parts_of(o.cuts[-1:], Near)) else o.passing(*c)


def _defined() -> Rules:
    """'A jet counts as b-tagged if ...', 'call a muon good if ...', 'a b jet here: an entry of Jet with ...'."""
    return [
        rule("D", "(O=o COUNTSAS DEFADJ=adjective|CALL O=o DEFADJ=adjective) WITH (L=cuts|C=cuts)", _define),
        rule("D", "O=o (COUNTSAS|:|here :) O=told", _told),
        rule("D", "O=o HAVE (L=x|C=x)", lambda o, x: _define(o, o.adjective, x) if o.adjective else None, 0.3),
    ]


def _define(o: Objects, adjective: str, cuts: Lacking | Conditions) -> Objects | None:
    """What an adjective says of objects: these, with the conditions as their cuts."""
    conditions = bound(o, cuts) if isinstance(cuts, Lacking) else cuts
    if o.one or not all(level_of(c) is o.thing for c in conditions):
        return None
    return Objects(o.thing, adjective=adjective, cuts=(*o.cuts, *conditions))


def _told(o: Objects, told: Objects) -> Objects | None:
    if not o.adjective or o.cuts or told.adjective or told.thing is not o.thing or not told.cuts:
        return None
    return _define(o, o.adjective, told.cuts)


def _of_each() -> Rules:
    """Of particles of which an event has one, a comparison is of the event."""
    return [
        rule("C", "O=o WITH L=x", lambda o, x: bound(o, x) if o.one else None),
        rule("C", "O=o L=x", lambda o, x: bound(o, x) if o.one else None, 0.1),
        rule("C", "P=p (WITH|IN|at) L=lacking", _of_both),
        rule("C", "P=p L=lacking", _of_both, 0.1),
        rule("C", "EACHOF OL=ol WITH L=x", lambda ol, x: tuple(c for o in ol for c in bound(o, x))),
        rule("C", "ANYOF OL=ol WITH L=x", lambda ol, x: (Or(tuple(every_one(bound(o, x)) for o in ol)),)),
        rule("C", "EVERY O=o [WITH] L=x", lambda o, x: None if o.one or o.cuts else (Every(every_one(bound(o, x))),)),
        rule("C", "C=a AND only O=o", lambda a, o: (*a, *found) if (found := _only(o)) else None),
    ]


def _of_both(p: Pair, lacking: Lacking) -> Conditions | Costly:
    """Of two particles; of the two first of a list only where nothing better fits: 'two muons with pt above 20' counts."""
    made = (*both(p, lacking), *([Signs(p.signs, p)] if p.signs else []))
    guess = (p.one.thing.jagged and (p.system or any(part[0] != "mass" for part in lacking.parts))) or p.loose
    return Costly(made, GUESS) if guess else made


def _only(o: Objects) -> Conditions | None:
    """'only jets with pt above 30': every jet of the event passes."""
    plain = o.cuts and not (o.one or o.signs or o.adjective)
    return (Every(every_one(o.cuts)),) if plain else None


# ---------------------------------------------------------------------------------------------- how many


def _counted() -> Rules:
    return [
        rule("CN", "OP=op INT=n", lambda op, n: (op, n) if op != "!=" else None),
        rule("CN", "INT=n ORMORE", lambda n: (">=", n)),
        rule("CN", "INT=n ORLESS", lambda n: ("<=", n)),
        rule("CN", "EXACTLY INT=n", lambda n: ("==", n)),
        rule("CN", "INT=n", lambda n: ("==", n), 1.0),
        rule("CN", "NO", lambda: ("==", 0)),
        rule("CN", "single", lambda: ("==", 1)),
        rule("CN", "ANY", lambda: (">=", 1)),
        rule("CN", "INT=a or INT=b", lambda a, b: ("in", a) if b == a + 1 else None),
    ]


def _number_of(cn: Counted, o: Objects) -> Conditions | Costly | None:
    operator, number = cn
    if o.rank is not None or not o.thing.jagged:
        return None
    plain = replace(o, signs="")
    size = Size(plain)
    if operator == "in":
        return (Or((Compare(size, "==", Number(number)), Compare(size, "==", Number(number + 1)))),)
    if not o.signs:
        return (Compare(size, operator, Number(number)),)
    if number != 2 or operator not in ("==", ">="):
        return None
    by = usual_order(o.thing)
    pair = Pair(replace(plain, rank=0, by=by), replace(plain, rank=1, by=by))
    made = Compare(size, operator, Number(number)), Signs(o.signs, pair)
    return made if operator == "==" else Costly(made, GUESS)  # of more than two it may be any pair


def _none_of(o: Objects) -> Conditions | None:
    found = _number_of(("==", 0), o)
    return None if isinstance(found, Costly) else found


def _neither(a: Objects, b: Objects) -> Conditions | None:
    one, other = _none_of(a), _none_of(b)
    return (*one, *other) if one and other else None


def _signs() -> Rules:
    return [
        rule("C", "[TWO WITH] CHREL=kind", lambda kind: (Signs(kind),), 0.3),
        rule("CHREL", "FLAVREL AND CHREL=kind", lambda kind: f"{kind} flavour"),
        rule("CHREL", "CHREL=kind [AND] FLAVREL", lambda kind: f"{kind} flavour"),
        rule("CHREL", "FLAVREL CHREL=kind", lambda kind: f"{kind} flavour"),
        rule("C", "P=p WITH CHREL=kind", lambda p, kind: (Signs(kind, p),)),
        rule("C", "P=p CHREL=kind", lambda p, kind: (Signs(kind, p),), 0.1),
        rule("C", "CHREL=kind P=p", lambda p, kind: (Signs(kind, p),), 0.4),
    ]


def _within(a: Conditions, b: Conditions) -> Conditions | Costly:
    """'events for met above 20'; 'use only jets above 30' may say which jets are meant at all."""
    made = joined(a, b)
    objects = any(counted(c) or isinstance(c, Every) for c in b)
    return Costly(made, GUESS) if objects and not isinstance(made, Costly) else made


def _of_column(c: Condition) -> bool:
    """Whether 'only' after a condition is no more than its stress: 'run 3 only'; 'this trigger only' leaves out others."""
    return isinstance(c, Compare) and isinstance(c.left, Column) and c.operator == "=="


class _Selections:
    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue

    def objects(self) -> Rules:
        def flag_of(o: Objects, column: str) -> Objects | None:
            what = next((k for k, c in o.thing.columns.items() if c == column), None)
            return None if what is None else flagged(o, what)

        return [
            rule("O", "O=o WITHP L=x", _passing),
            rule("O", "O=o IN L=x", _passing, 0.1),
            rule("O", "O=o L=x", _passing, 0.1),
            rule("O", "O=o LP L=x RP", _passing),
            rule("O", "O=o DEFADJ=adjective [LP] L=x", lambda o, adjective, x: _passing(replace(o, adjective=adjective), x)),
            rule("O", "O=o AND L=x", lambda o, x: _passing(o, x) if o.cuts else None, 0.1),
            rule("O", "O=o WITHP C=c", _passing_all),
            rule("O", "O=o LP C=c RP", _passing_all),
            rule("O", "O=o AND C=c", lambda o, c: _passing_all(o, c) if o.cuts else None, 0.1),
            rule("O", "O=o FIREDP QF=what", flagged),
            rule("O", "O=o AND QF=what", lambda o, what: flagged(o, what) if o.cuts else None),
            rule("O", "O=o FIREDP FLAG=column", flag_of),
            rule("O", "O=o AND FLAG=column", lambda o, column: flag_of(o, column) if o.cuts else None),
        ]

    def numbers(self) -> Rules:
        return [
            rule("CHREL", "CHREL=kind COLUMN=column", self._charges_named),
            rule("C", "CN=cn O=o", _number_of),
            rule("C", "CN=cn OF O=o", _number_of, 0.3),
            rule("C", "CN=cn O=o AND CHREL=kind", lambda cn, o, kind: _number_of(cn, replace(o, signs=kind))),
            rule("C", "O=o", lambda o: None if o.one or o.signs else _number_of((">=", 1), o), 0.5),
            rule("C", "WITHOUT O=o", _none_of),
            rule("C", "NOT O=o", lambda o: _none_of(o) if o.rank is None else None, 0.2),
            rule("C", "(neither O=a nor O=b|no O=a and no O=b)", _neither),
            rule("C", "CN=cn K=k", lambda cn, k: None if cn[0] == "in" else (Compare(Column(k), cn[0], Number(cn[1])),)),
            rule("C", "K=k", lambda k: (Compare(Column(k), ">=", Number(1)),), 0.6),
            rule("C", "WITHOUT K=k", lambda k: (Compare(Column(k), "==", Number(0)),)),
        ]

    def _charges_named(self, kind: str, column: str) -> str | None:
        return kind if "charge" in self.catalogue.by_column[column].ideas else None

    # ------------------------------------------------------------------------------------------ flags

    def flags(self) -> Rules:
        return [
            rule("WITH", "(WITHP|HAVE)", lambda: "with"),
            rule("FIRED", "(FIREDP|FIRES)", lambda: "fired"),
            rule("FLAG", "FLAG=f flag", lambda f: f),
            rule("FLAG", "FLAG COLUMN=column", lambda column: column if self.catalogue.flag(column) else None),
            rule("FLAGS", "FLAG=f", self._flag),
            rule("C", "FLAG=f", self._flag, 0.1),
            rule("C", "(POSITIVE|FIRED) FLAG=f", self._flag),
            rule("C", "FLAG=f (FIRED|TRUE)", self._flag),
            rule("C", "(FLAG=f FALSE|NOT [FIRED] FLAG=f)", lambda f: no(self._flag(f))),
            rule("C", "NO FLAG=f", lambda f: no(self._flag(f)), 0.2),
            rule("C", "background", self._no_signal, 0.6),
        ]

    def _flag(self, f: str) -> Conditions:
        q = self.catalogue.by_column[f]
        if not q.jagged:
            return (Flag(Column(f)),)
        thing = self.catalogue.thing_of(q)
        if thing is None:
            raise LookupError(f)
        return (Flag(Of(Objects(thing), thing.key(f))),)

    def _no_signal(self) -> Conditions | None:
        """'background events' of a file that flags signal."""
        wanted = ({"is", "signal"}, {"signal"}, {"signal", "flag"})
        flags = [q.column for q in self.catalogue.quantities if not q.jagged and q.ideas in wanted]
        return (Not(Flag(Column(flags[0]))),) if len(flags) == 1 else None

    # ------------------------------------------------------------------------------------------ events

    def events(self) -> Rules:
        return [
            rule("E", "[ALL] EVT", lambda: ()),
            rule("E", "ALL OF EVT", lambda: ()),
            rule("E", "(non empty|nonempty) EVT", self._not_empty),
            rule("E", "background EVT", self._no_signal, 0.1),
            rule("E", "DI=whose EVT", lambda whose: () if self._numbered(whose) else None),
            rule("C", "C=c only", lambda c: c if all(_of_column(x) for x in c) else None, 0.1),
            rule("E", "E=e only", lambda e: e if e and all(_of_column(x) for x in e) else None, 0.1),
            rule("E", "E=a WITH C=b", joined),
            rule("E", "E=a INC C=b", _within, 0.1),
            rule("E", "E=a LP C=b RP", joined),
            rule("E", "E=e FIRED FLAG=f", lambda e, f: (*e, *self._flag(f))),
            rule("E", "E=e C=c", lambda e, c: None if e else c, 0.2),
            rule("E", "C=c EVT", lambda c: c, 0.2),
            rule("E", "E=a AND [WITH] C=b", lambda a, b: joined(a, b) if a else None, 0.1),
            rule("C", "first INT=n EVT", lambda n: (Compare(Place(), "<", Number(n)),)),
            rule("C", "last INT=n EVT", lambda n: (Compare(Place(back=True), ">=", Number(-n)),)),
        ]

    def _numbered(self, whose: str) -> bool:
        """Whether each row has just two such particles: in a file of photon pairs every event is a 'diphoton event'."""
        found = [t for t in self.catalogue.things if t.whose == whose]
        return len(found) == 2 and not any(t.jagged for t in found)

    def _not_empty(self) -> Conditions | None:
        """'non-empty events' of a file with one kind of objects."""
        found = self.catalogue.collections
        return (Compare(Size(Objects(found[0])), ">=", Number(1)),) if len(found) == 1 else None
