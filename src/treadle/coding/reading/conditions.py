"""Rules for conditions: comparisons, numbers of objects, flags, signs, and how they join."""

from __future__ import annotations

from dataclasses import replace

from treadle.coding.reading.catalogue import Catalogue
from treadle.coding.reading.chart import Costly, Rule
from treadle.coding.reading.tree import (
    All,
    Apply,
    Arithmetic,
    Column,
    Compare,
    Condition,
    Dangling,
    Every,
    Flag,
    Lacking,
    Not,
    Number,
    Objects,
    Of,
    Or,
    Pair,
    Pairwise,
    Place,
    Signs,
    Size,
    Text,
    Value,
    level_of,
)
from treadle.coding.reading.values import quantity, usual_order

__all__ = ["Conditions", "both", "bound", "condition_rules", "joined", "missing", "no", "no_signal"]

Conditions = tuple[Condition, ...]


def condition_rules(catalogue: Catalogue) -> list[Rule]:
    c = _Conditions(catalogue)
    return [*c.comparisons(), *c.lacking(), *c.objects(), *c.numbers(), *c.flags(), *c.joined()]


def bound(o: Objects, lacking: Lacking) -> Conditions:
    """The comparisons as conditions on ``o``.

    Raises:
        LookupError: its columns do not give one of the quantities.
    """
    made: list[Condition] = []
    plain = o if o.one else Objects(o.thing)
    for what, absolute, operator, number in lacking.parts:
        what = what or usual_order(o.thing)
        value = quantity(plain, what)
        made.append(Compare(Apply("abs", value) if absolute else value, operator, number))
    return tuple(made)


def joined(a: Conditions, b: Conditions) -> Conditions | Costly:
    """Both; dearer where ``b`` may belong to objects that ``a`` counts: 'two jets with jet_x below 1'."""
    made = (*a, *(x for x in b if x not in a))
    plain = [c.condition if isinstance(c, Not) else c for c in a]
    counted = {id(c.left.objects.thing) for c in plain if isinstance(c, Compare) and isinstance(c.left, Size)}
    return Costly(made, 0.8) if any(id(level_of(x)) in counted for x in b) else made


def both(p: Pair, lacking: Lacking) -> Conditions:
    """Of two particles a mass is that of the pair, anything else that of each."""
    each = Lacking(tuple(part for part in lacking.parts if part[0] != "mass"))
    masses = [Compare(Pairwise(p, "mass"), operator, n) for what, _, operator, n in lacking.parts if what == "mass"]
    return (*bound(p.one, each), *bound(p.other, each), *masses)


class _Conditions:
    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue

    def comparisons(self) -> list[Rule]:
        return [
            Rule("C", ("V", "OP", "N"), lambda v, op, n: (Compare(v, op, n),)),
            Rule(
                "C", ("V", "IS", "N"), lambda v, _, n: (Compare(v, "==", n),) if _counts(v, n, self.catalogue) else None, 0.1
            ),
            Rule("C", ("V", "OP", "V"), self._two, 0.2),
            Rule("C", ("O", "WITH", "MORE", "Q", "than", "O"), self._more),
            Rule(
                "C",
                ("Q", "OF", "O", "OP", "that", "OF", "O"),
                lambda q, _, a, op, __, ___, b: self._more(a, "", op, q, "", b),
            ),
            Rule("C", ("V", "of", "N", "ORMORE"), lambda v, _, n, __: (Compare(v, ">=", n),)),
            Rule("C", ("V", "of", "N", "ORLESS"), lambda v, _, n, __: (Compare(v, "<=", n),)),
            Rule("C", ("V", "N", "ORMORE"), lambda v, n, _: (Compare(v, ">=", n),)),
            Rule("C", ("V", "OP", "N", "ORMORE"), lambda v, op, n, _: (Compare(v, ">=", n),) if op == "==" else None),
            Rule("C", ("V", "BETWEEN", "N", "TO", "N"), lambda v, _, a, __, b: self._between(v, a, b)),
            Rule("C", ("V", "N", "-", "N"), lambda v, a, _, b: self._between(v, a, b)),
            Rule("C", ("V", "OP", "N", "-", "N"), lambda v, op, a, _, b: self._between(v, a, b) if op == "==" else None),
            Rule("C", ("V", "IS", "N", "-", "N"), lambda v, _, a, __, b: self._between(v, a, b)),
            Rule("C", ("V", "IS", "N", "to", "N"), lambda v, _, a, __, b: self._between(v, a, b)),
            Rule("C", ("N", "OP", "V", "OP", "N"), self._chained),
            Rule("C", ("V", "OP", "N", "and", "OP", "N"), lambda v, p, a, _, q, b: self._twice(v, p, a, q, b)),
            Rule("C", ("V", "OP", "N", "but", "OP", "N"), lambda v, p, a, _, q, b: self._twice(v, p, a, q, b)),
            Rule("C", ("V", "within", "N", "OF", "N"), lambda v, _, w, __, n: self._near(v, n, w)),
            Rule("C", ("V", "POSITIVE"), lambda v, _: (Compare(v, ">", Number(0)),)),
            Rule("C", ("V", "NEGATIVE"), lambda v, _: (Compare(v, "<", Number(0)),)),
            Rule("C", ("POSITIVE", "V"), lambda _, v: (Compare(v, ">", Number(0)),)),
            Rule("C", ("NEGATIVE", "V"), lambda _, v: (Compare(v, "<", Number(0)),)),
            Rule("C", ("V", "NONZERO"), lambda v, _: (Compare(v, "!=", Number(0)),)),
            Rule("C", ("NONZERO", "V"), lambda _, v: (Compare(v, "!=", Number(0)),)),
            Rule("C", ("OP", "N", "OF", "V"), lambda op, n, _, v: (Compare(v, op, n),) if n.unit else None, 0.4),
            Rule(
                "C", ("V", "and", "V", "both", "OP", "N"), lambda a, _, b, __, op, n: (Compare(a, op, n), Compare(b, op, n))
            ),
            Rule(
                "C", ("both", "V", "and", "V", "OP", "N"), lambda _, a, __, b, op, n: (Compare(a, op, n), Compare(b, op, n))
            ),
            Rule(
                "C",
                ("N", "V"),
                lambda n, v: (
                    (Compare(v, "==", n),) if isinstance(v, Column) and n.unit and _counts(v, n, self.catalogue) else None
                ),
                0.6,
            ),
            Rule("C", ("V", "of", "OP", "N"), lambda v, _, op, n: (Compare(v, op, n),)),
            Rule("C", ("V", "N"), self._number_named, 0.6),
            Rule("C", ("C", "in", "ABS"), self._absolute),
        ]

    def _more(self, a: Objects, _: object, operator: str, what: str, __: object, b: Objects) -> Conditions | None:
        if not (a.one and b.one and a.thing.has(what) and b.thing.has(what)) or a == b:
            return None
        return (Compare(Of(a, what), operator, Of(b, what)),)

    def _two(self, a: Value, operator: str, b: Value) -> Conditions | None:
        made = Compare(a, operator, b)
        level_of(made)
        return (made,) if a != b and not isinstance(b, Number) else None

    def _between(self, v: Value, low: Number, high: Number) -> Conditions | None:
        if low.value >= high.value:
            return None
        low = Number(low.value, low.unit or high.unit)
        return Compare(v, ">", low), Compare(v, "<", high)

    def _chained(self, low: Number, one: str, v: Value, other: str, high: Number) -> Conditions | None:
        flipped = {"<": ">", "<=": ">="}
        if one not in flipped or other not in flipped:
            return None
        return Compare(v, flipped[one], Number(low.value, low.unit or high.unit)), Compare(v, other, high)

    def _twice(self, v: Value, p: str, a: Number, q: str, b: Number) -> Conditions | None:
        return (Compare(v, p, a), Compare(v, q, b)) if p != q else None

    def _near(self, v: Value, centre: Number, width: Number) -> Conditions:
        unit = centre.unit or width.unit
        return (
            Compare(v, ">", Number(round(centre.value - width.value, 9), unit)),
            Compare(v, "<", Number(round(centre.value + width.value, 9), unit)),
        )

    def _number_named(self, v: Value, n: Number) -> Conditions | None:
        """'run 278820', 'sector 3', 'isSignal 1': a whole number right after a column that counts or flags."""
        return (Compare(v, "==", n),) if _counts(v, n, self.catalogue) else None

    def _absolute(self, conditions: Conditions, _: str, __: str) -> Conditions | None:
        if len(conditions) == 1 and isinstance(conditions[0], Compare):
            return (replace(conditions[0], left=Apply("abs", conditions[0].left)),)
        return None

    # ------------------------------------------------------------------------------------------ whose is not said

    def lacking(self) -> list[Rule]:
        return [
            Rule("L", ("Q", "OP", "N"), lambda q, op, n: _lacking(q, (op, n))),
            Rule("L", ("Q", "of", "OP", "N"), lambda q, _, op, n: _lacking(q, (op, n))),
            Rule("L", ("OP", "N", "OF", "Q"), lambda op, n, _, q: _lacking(q, (op, n))),
            Rule("L", ("OP", "N", "Q"), lambda op, n, q: _lacking(q, (op, n)), 0.2),
            Rule("L", ("Q", "of", "N", "ORMORE"), lambda q, _, n, __: _lacking(q, (">=", n))),
            Rule("L", ("Q", "N", "ORMORE"), lambda q, n, _: _lacking(q, (">=", n))),
            Rule(
                "L",
                ("OP", "N"),
                lambda op, n: _lacking("", (op, n)) if n.unit in ("GeV", "MeV", "TeV") and op != "==" else None,
                0.2,
            ),
            Rule("L", ("Q", "BETWEEN", "N", "TO", "N"), lambda q, _, a, __, b: _lacking(q, (">", _united(a, b)), ("<", b))),
            Rule(
                "L",
                ("N", "OP", "Q", "OP", "N"),
                lambda a, p, q, r, b: _lacking(q, (">", a), (r, b)) if p[0] == r[0] == "<" else None,
            ),
            Rule("L", ("L", "AND", "L"), lambda a, _, b: Lacking((*a.parts, *b.parts))),
            Rule("L", ("L", "L"), lambda a, b: Lacking((*a.parts, *b.parts)), 0.3),
            Rule("L", ("(", "L", ")"), lambda _, x, __: x),
        ]

    # ------------------------------------------------------------------------------------------ objects that pass

    def objects(self) -> list[Rule]:
        return [
            Rule("O", ("O", "WITH", "L"), lambda o, _, x: self._passing(o, x)),
            Rule("O", ("O", "IN", "L"), lambda o, _, x: self._passing(o, x), 0.1),
            Rule("O", ("O", "L"), lambda o, x: self._passing(o, x), 0.1),
            Rule("O", ("O", "AND", "L"), lambda o, _, x: self._passing(o, x) if o.cuts else None, 0.1),
            Rule("O", ("O", "WITH", "C"), lambda o, _, c: self._passing_conditions(o, c)),
            Rule("O", ("O", "(", "C", ")"), lambda o, _, c, __: self._passing_conditions(o, c)),
            Rule("O", ("O", "(", "L", ")"), lambda o, _, x, __: self._passing(o, x)),
            Rule("O", ("O", "AND", "C"), lambda o, _, c: self._passing_conditions(o, c) if o.cuts else None, 0.1),
            Rule("O", ("O", "FIRED", "QF"), lambda o, _, q: self._flagged(o, q)),
            Rule("O", ("O", "AND", "QF"), lambda o, _, q: self._flagged(o, q) if o.cuts else None),
            Rule("O", ("O", "FIRED", "FLAG"), lambda o, _, f: self._flag_column(o, f)),
            Rule("O", ("O", "AND", "FLAG"), lambda o, _, f: self._flag_column(o, f) if o.cuts else None),
            Rule("C", ("O", "DEFADJ", "(", "C", ")"), lambda o, adj, _, c, __: None),
            Rule("D", ("O", "COUNTSAS", "DEFADJ", "WITH", "L"), lambda o, _, adj, __, x: self._defined(o, adj, bound(o, x))),
            Rule("D", ("O", "COUNTSAS", "DEFADJ", "WITH", "C"), lambda o, _, adj, __, c: self._defined(o, adj, c)),
            Rule("D", ("CALL", "O", "DEFADJ", "WITH", "L"), lambda _, o, adj, __, x: self._defined(o, adj, bound(o, x))),
            Rule("D", ("CALL", "O", "DEFADJ", "WITH", "C"), lambda _, o, adj, __, c: self._defined(o, adj, c)),
            Rule("D", ("O", "COUNTSAS", "O"), self._told),
            Rule("D", ("O", ":", "O"), lambda o, _, told: self._told(o, "", told)),
            Rule("D", ("O", "here", ":", "O"), lambda o, _, __, told: self._told(o, "", told)),
            Rule("C", ("O", "WITH", "L"), lambda o, _, x: bound(o, x) if o.one else None),
            Rule("C", ("O", "L"), lambda o, x: bound(o, x) if o.one else None, 0.1),
            Rule("C", ("EACHOF", "OL", "WITH", "L"), lambda _, ol, __, x: tuple(c for o in ol for c in bound(o, x))),
            Rule("C", ("ANYOF", "OL", "WITH", "L"), lambda _, ol, __, x: (Or(tuple(_all(bound(o, x)) for o in ol)),)),
            Rule("C", ("P", "WITH", "L"), lambda p, _, x: both(p, x)),
            Rule("C", ("P", "L"), lambda p, x: both(p, x), 0.1),
        ]

    def _passing(self, o: Objects, lacking: Lacking) -> Objects | None:
        return None if o.one else o.passing(*bound(o, lacking))

    def _passing_conditions(self, o: Objects, conditions: Conditions) -> Objects | None:
        """'muons with Muon_pt > 20': conditions that are already of the same collection."""
        if o.one or not all(level_of(c) is o.thing for c in conditions):
            return None
        return o.passing(*conditions)

    def _flagged(self, o: Objects, what: str) -> Objects | None:
        return o.passing(Flag(Of(Objects(o.thing), what))) if what in o.thing.columns and not o.one else None

    def _flag_column(self, o: Objects, column: str) -> Objects | None:
        what = next((k for k, c in o.thing.columns.items() if c == column), None)
        return None if what is None else self._flagged(o, what)

    def _defined(self, o: Objects, adjective: str, cuts: Conditions) -> Objects | None:
        """What an adjective says of objects: these, with the conditions as their cuts."""
        if o.one or not all(level_of(c) is o.thing for c in cuts):
            return None
        return replace(Objects(o.thing, adjective=adjective or o.adjective), cuts=(*o.cuts, *cuts))

    def _told(self, o: Objects, _: str, told: Objects) -> Objects | None:
        """'A b jet here: an entry of Jet with ...'."""
        if not o.adjective or o.cuts or told.adjective or told.thing is not o.thing or not told.cuts:
            return None
        return self._defined(o, o.adjective, told.cuts)

    # ------------------------------------------------------------------------------------------ numbers of objects

    def numbers(self) -> list[Rule]:
        return [
            Rule("CHREL", ("CHREL", "(column)"), self._charges_named),
            Rule("C", ("L",), lambda x: (Dangling(x),), 0.8),
            Rule("C", ("both", "WITH", "L"), lambda _, __, x: (Dangling(x),), 0.1),
            Rule("C", ("both", "L"), lambda _, x: (Dangling(x),), 0.2),
            Rule(
                "C",
                ("INVARIANT", "L"),
                lambda _, x: (Dangling(x),) if [p[0] for p in x.parts] in (["mass"], ["mass", "mass"]) else None,
            ),
            Rule("L", ("INVARIANT", "L"), lambda _, x: x if {p[0] for p in x.parts} == {"mass"} else None),
            Rule("CN", ("OP", "INT"), lambda op, n: (op, n) if op != "!=" else None),
            Rule("CN", ("INT", "ORMORE"), lambda n, _: (">=", n)),
            Rule("CN", ("INT", "ORLESS"), lambda n, _: ("<=", n)),
            Rule("CN", ("EXACTLY", "INT"), lambda _, n: ("==", n)),
            Rule("CN", ("NO",), lambda _: ("==", 0)),
            Rule("CN", ("INT",), lambda n: ("==", n), 1.0),
            Rule("CN", ("ANY",), lambda _: (">=", 1)),
            Rule("CN", ("INT", "or", "INT"), lambda a, _, b: ("in", a) if b == a + 1 else None),
            Rule("C", ("CN", "O"), self._number_of),
            Rule("C", ("CN", "OF", "O"), lambda cn, _, o: self._number_of(cn, o), 0.3),
            Rule("C", ("CN", "O", "AND", "CHREL"), lambda cn, o, _, kind: self._number_of(cn, replace(o, signs=kind))),
            Rule("C", ("CN", "K"), lambda cn, k: (Compare(Column(k), cn[0], Number(cn[1])),) if cn[0] != "in" else None),
            Rule("C", ("K",), lambda k: (Compare(Column(k), ">=", Number(1)),), 0.6),
            Rule("C", ("WITHOUT", "K"), lambda _, k: (Compare(Column(k), "==", Number(0)),)),
            Rule("C", ("O",), lambda o: self._number_of((">=", 1), o) if not o.one and not o.signs else None, 0.5),
            Rule("C", ("WITHOUT", "O"), lambda _, o: self._number_of(("==", 0), o)),
            Rule("C", ("NOT", "O"), lambda _, o: self._number_of(("==", 0), o) if o.rank is None else None, 0.2),
            Rule("C", ("neither", "O", "nor", "O"), lambda _, a, __, b: self._neither(a, b)),
            Rule("C", ("no", "O", "and", "no", "O"), lambda _, a, __, ___, b: self._neither(a, b)),
        ]

    def _charges_named(self, kind: str, column: str) -> str | None:
        return kind if "charge" in self.catalogue.by_column[column].ideas else None

    def _number_of(self, cn: tuple[str, int], o: Objects) -> Conditions | None:
        operator, number = cn
        if o.rank is not None or not o.thing.jagged:
            return None
        plain = replace(o, signs="")
        if operator == "in":
            size = Size(plain)
            return (Or((Compare(size, "==", Number(number)), Compare(size, "==", Number(number + 1)))),)
        size_is = Compare(Size(plain), operator, Number(number))
        if not o.signs:
            return (size_is,)
        if number != 2 or operator not in ("==", ">="):
            return None
        by = usual_order(o.thing)
        return size_is, Signs(o.signs, Pair(replace(plain, rank=0, by=by), replace(plain, rank=1, by=by)))

    def _neither(self, a: Objects, b: Objects) -> Conditions | None:
        one, other = self._number_of(("==", 0), a), self._number_of(("==", 0), b)
        return (*one, *other) if one and other else None

    # ------------------------------------------------------------------------------------------ flags

    def flags(self) -> list[Rule]:
        return [
            Rule("C", ("FLAG",), lambda f: self._flag(f), 0.1),
            Rule("FLAG", ("FLAG", "flag"), lambda f, _: f),
            Rule("FLAG", ("FLAG", "(column)"), lambda _, column: column if self.catalogue.flag(column) else None),
            Rule("C", ("background",), lambda _: no_signal(self.catalogue), 0.6),
            Rule("C", ("POSITIVE", "FLAG"), lambda _, f: self._flag(f)),
            Rule("C", ("NO", "FLAG"), lambda _, f: no(self._flag(f)), 0.2),
            Rule("C", ("only", "O"), lambda _, o: self._every(o)),
            Rule(
                "C",
                ("EVERY", "O", "WITH", "L"),
                lambda _, o, __, x: (Every(_all(bound(o, x))),) if not o.one and not o.cuts else None,
            ),
            Rule("C", ("first", "INT", "EVT"), lambda _, n, __: (Compare(Place(), "<", Number(n)),)),
            Rule("C", ("last", "INT", "EVT"), lambda _, n, __: (Compare(Place(back=True), ">=", Number(-n)),)),
            Rule("C", ("FIRED", "FLAG"), lambda _, f: self._flag(f)),
            Rule("C", ("FLAG", "FIRED"), lambda f, _: self._flag(f)),
            Rule("C", ("FLAG", "TRUE"), lambda f, _: self._flag(f)),
            Rule("C", ("FLAG", "FALSE"), lambda f, _: no(self._flag(f))),
            Rule("C", ("NOT", "FLAG"), lambda _, f: no(self._flag(f))),
            Rule("C", ("NOT", "FIRED", "FLAG"), lambda _, __, f: no(self._flag(f))),
            Rule("C", ("CHREL",), lambda kind: (Signs(kind),), 0.3),
            Rule("C", ("P", "WITH", "CHREL"), lambda p, _, kind: (Signs(kind, p),)),
            Rule("C", ("P", "CHREL"), lambda p, kind: (Signs(kind, p),), 0.1),
            Rule("C", ("CHREL", "P"), lambda kind, p: (Signs(kind, p),), 0.4),
            Rule("C", ("V", "MISSING"), lambda v, _: self._missing(v)),
            Rule("C", ("V", "MISSING", "MISSING"), lambda v, _, __: self._missing(v)),
            *(
                Rule("C", (no_value, "value", "OF", "V"), lambda *m: self._missing(m[-1]))
                for no_value in ("NO", "without", "lack")
            ),
            Rule("C", ("V", "OP", "STR"), self._said),
            Rule("C", ("V", "IS", "STR"), self._said),
            Rule("C", ("V", "STR"), lambda v, said: self._said(v, "==", said), 0.3),
            Rule(
                "C",
                ("V", "OP", "N", "%", "OF", "V"),
                lambda v, op, n, _, __, of: (Compare(v, op, Arithmetic("*", Number(n.value / 100), of)),),
            ),
        ]

    def _missing(self, v: Value) -> Conditions | None:
        """A whole number is never missing."""
        return (missing(v),) if isinstance(v, Column) and self.catalogue.real(v.name) else None

    def _every(self, o: Objects) -> Conditions | None:
        """'only jets with pt above 30': every jet of the event passes."""
        return (Every(_all(o.cuts)),) if o.cuts and not o.one and not o.signs and not o.adjective else None

    def _said(self, v: Value, operator: str, said: str) -> Conditions | None:
        """A column of words compared with one: 'Type1 equal to G', 'good = yes', 'chamber RPC3'."""
        if not isinstance(v, Column) or not self.catalogue.words(v.name):
            return None
        operator = "==" if operator in ("IS", "of", "is") else operator
        return (Compare(v, operator, Text(said)),) if operator in ("==", "!=") else None

    def _flag(self, column: str) -> Conditions:
        q = self.catalogue.by_column[column]
        if not q.jagged:
            return (Flag(Column(column)),)
        thing = self.catalogue.thing_of(q)
        if thing is None:
            raise LookupError(column)
        return (Flag(Of(Objects(thing), next(k for k, c in thing.columns.items() if c == column))),)

    def joined(self) -> list[Rule]:
        return [
            Rule("C", ("C", "AND", "C"), lambda a, _, b: joined(a, b)),
            Rule("C", ("both", "C", "and", "C"), lambda _, a, __, b: joined(a, b)),
            Rule("C", ("C", "AND", "WITH", "C"), lambda a, _, __, b: joined(a, b), 0.1),
            Rule("C", ("C", "OR", "C"), lambda a, _, b: (Or((_all(a), _all(b))),), 0.1),
            Rule("C", ("either", "C", "OR", "C"), lambda _, a, __, b: (Or((_all(a), _all(b))),)),
            Rule("C", ("WITH", "C"), lambda _, c: c, 0.3),
            Rule("C", ("(", "C", ")"), lambda _, c, __: c),
            Rule("C", ("NOT", "C"), lambda _, c: no(c), 0.3),
        ]


def _counts(v: Value, n: Number, catalogue: Catalogue) -> bool:
    """Whether a column can be equal to a number: it counts, numbers or flags something."""
    if isinstance(v, Size):
        return n.value == int(n.value)
    if isinstance(v, Of):
        name = v.objects.thing.columns.get(v.what, "")
    else:
        name = v.name if isinstance(v, Column) else ""
    return (
        bool(name)
        and n.value == int(n.value)
        and (not n.unit or "int" not in catalogue.types[name])
        and ("int" in catalogue.types[name] or catalogue.flag(name) or bool(n.unit))
    )


def missing(v: Value) -> Condition:
    """That a value is not a number."""
    return Flag(Apply("isnan", v))


def no_signal(catalogue: Catalogue) -> Conditions | None:
    """'background events' of a file that flags signal."""
    wanted = ({"is", "signal"}, {"signal"}, {"signal", "flag"})
    flags = [q.column for q in catalogue.quantities if not q.jagged and q.ideas in wanted]
    return (Not(Flag(Column(flags[0]))),) if len(flags) == 1 else None


def _all(conditions: Conditions) -> Condition:
    level_of(All(conditions))
    return conditions[0] if len(conditions) == 1 else All(conditions)


def no(conditions: Conditions) -> Conditions:
    """That not all of the conditions hold."""
    return (Not(_all(conditions)),)


def _lacking(q: str, *bounds: tuple[str, Number]) -> Lacking:
    return Lacking(tuple((q.strip("|"), q.startswith("|"), operator, number) for operator, number in bounds))


def _united(a: Number, b: Number) -> Number:
    return Number(a.value, a.unit or b.unit)
