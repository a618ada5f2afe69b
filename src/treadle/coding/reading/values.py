"""Rules for what has a value: quantities of objects, numbers of objects, pairs, and what is worked out of values."""

from __future__ import annotations

from dataclasses import replace

from treadle.coding.reading.catalogue import Catalogue, Thing
from treadle.coding.reading.chart import Rule
from treadle.coding.reading.tree import (
    Apply,
    Arithmetic,
    Column,
    Flag,
    Fold,
    Number,
    Objects,
    Of,
    Pair,
    Pairwise,
    Size,
    Value,
    level,
)
from treadle.coding.reading.units import factor, unit_of

__all__ = ["between", "quantity", "usual_order", "value_rules"]

IN_PAIRS = frozenset({"mass", "pt", "energy", "eta", "momentum", "phi"})


def usual_order(thing: Thing) -> str:
    """The quantity by which objects lead: pt, else energy, else what the collection has of the kind.

    Raises:
        LookupError: it has none.
    """
    told = ("pt", "energy", "momentum", "amplitude", "area", "height", "charge")
    if "pt" in thing.columns or {"px", "py"} <= set(thing.columns):
        return "pt"
    for what in told:
        if what in thing.columns:
            return what
    raise LookupError(f"nothing to sort {thing!r} by")


def value_rules(catalogue: Catalogue) -> list[Rule]:
    v = _Values(catalogue)
    return [*v.objects(), *v.of_objects(), *v.pairs(), *v.worked_out(), *v.special()]


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


def between(what: str, pair: Pair) -> Value | None:
    """What lies between two objects: an angle, or a distance of directions."""
    needed = {"delta_r": ("eta", "phi"), "delta_phi": ("phi",), "delta_eta": ("eta",), "angle": ("px", "py", "pz")}[what]
    return Pairwise(pair, what) if all(o.thing.has(q) for o in (pair.one, pair.other) for q in needed) else None


class _Values:
    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue

    # ------------------------------------------------------------------------------------------ objects

    def objects(self) -> list[Rule]:
        return [
            Rule("O", ("LEAD", "O"), lambda rank, o: self._ranked(o, int(rank))),
            Rule("O", ("LEAD", "IN", "O"), lambda rank, _, o: self._ranked(o, int(rank)), 0.3),
            Rule("O", ("ALL", "O"), lambda _, o: o if not o.one else None),
            Rule("O", ("NUMBERED", "INT"), self._numbered),
            Rule("O", ("LEAD", "NUMBERED"), lambda rank, whose: self._numbered(whose, int(rank) + 1)),
            Rule("O", ("POSITIVE", "O"), lambda _, o: self._signed(o, ">")),
            Rule("O", ("NEGATIVE", "O"), lambda _, o: self._signed(o, "<")),
            Rule("O", ("QF", "O"), lambda what, o: self._flagged(o, what), -0.2),
            Rule(
                "O",
                ("DEFADJ", "O"),
                lambda adjective, o: replace(o, adjective=adjective) if not o.one and not o.adjective else None,
                0.2,
            ),
            Rule("O", ("CHREL", "O"), lambda kind, o: replace(o, signs=kind) if not o.signs else None),
            Rule("O", ("O", "CHREL"), lambda o, kind: replace(o, signs=kind) if not o.signs else None),
            Rule("O", ("EVT", "OF", "O"), lambda _, __, o: o if not o.one else None, 0.2),
            Rule("O", ("O", "candidate"), lambda o, _: o, 0.1),
            Rule("O", ("O", "candidates"), lambda o, _: o, 0.1),
            Rule("O", ("O", "(column)"), self._tagged),
            Rule(
                "O",
                ("O", "(", "(column)", ")"),
                lambda o, _, column, __: o if column in o.thing.columns.values() and not o.adjective else None,
                0.1,
            ),
            Rule("O", ("O", "WITH", "MAXOF", "Q"), lambda o, _, how, q: self._extreme(o, how, q)),
            Rule("O", ("O", "O"), lambda a, b: b if a.thing is b.thing and not a.cuts and a.rank is None else None, 0.2),
        ]

    def _ranked(self, o: Objects, rank: int) -> Objects | None:
        if o.one or o.signs:
            return None
        return replace(o, rank=rank, by=usual_order(o.thing))

    def _extreme(self, o: Objects, how: str, what: str) -> Objects | None:
        """'the jet with the highest pt'."""
        if o.one or o.signs or not o.thing.has(what):
            return None
        return replace(o, rank=0 if how == "max" else -1, by=what)

    def _tagged(self, o: Objects, column: str) -> Objects | None:
        """'b-tagged jet (jet_isbtagged)': the adjective is the column of yes and no."""
        what = next((k for k, c in o.thing.columns.items() if c == column), None)
        if what is None or not o.adjective or not self.catalogue.flag(column):
            return None
        return replace(o.passing(Flag(Of(Objects(o.thing), what))), adjective="")

    def _numbered(self, whose: str, index: int) -> Objects | None:
        return next((Objects(t) for t in self.catalogue.named(whose) if t.index == str(index)), None)

    def _signed(self, o: Objects, operator: str) -> Objects | None:
        from treadle.coding.reading.tree import Compare

        if not o.thing.has("charge") or o.one:
            return None
        return o.passing(Compare(Of(Objects(o.thing), "charge"), operator, Number(0)))

    def _flagged(self, o: Objects, what: str) -> Objects | None:
        return o.passing(Flag(Of(Objects(o.thing), what))) if what in o.thing.columns and not o.one else None

    # ------------------------------------------------------------------------------------------ quantities of objects

    def of_objects(self) -> list[Rule]:
        return [
            Rule("V", ("Q", "OF", "O"), lambda q, _, o: self._of(q, o)),
            Rule("V", ("O", "Q"), lambda o, q: self._of(q, o)),
            Rule("V", ("O", "'s", "Q"), lambda o, _, q: self._of(q, o)),
            Rule("V", ("V", "OF", "O"), self._column_of),
            Rule("V", ("O", "V"), lambda o, v: self._column_of(v, "", o), 0.1),
            Rule("V", ("V", "OF", "P"), lambda v, _, p: None),
            Rule("V", ("COUNT", "O"), lambda _, o: self._size(o), 0.5),
            Rule("V", ("O", "number"), lambda o, _: self._size(o), 0.1),
            Rule("V", ("O", "multiplicity"), lambda o, _: self._size(o)),
            Rule("V", ("multiplicity", "OF", "O"), lambda _, __, o: self._size(o)),
            Rule("V", ("O", "count"), lambda o, _: self._size(o), 0.1),
            Rule("V", ("Q", "(column)"), self._named),
            *(
                Rule("V", (said, "(", "(column)", end), lambda v, _, column, __: self._named(v, column))
                for said in "VQ"
                for end in "),"
            ),
            *(
                Rule("V", (said, "(", "branch", "(column)", ")"), lambda v, _, __, column, ___: self._named(v, column))
                for said in "VQ"
            ),
            Rule("V", ("V", "(column)"), lambda v, column: v if self._same(v, self._named(v, column)) else None),
            Rule("Q", ("Q", "DIVIDED", "Q"), lambda a, _, b: f"{a}/{b}" if "/" not in a + b and "|" not in a + b else None),
            Rule("Q", ("ABS", "(", "Q", ")"), lambda _, __, q, ___: f"|{q.strip('|')}|"),
            Rule("Q", ("ABS", "Q"), lambda _, q: f"|{q.strip('|')}|"),
            Rule("Q", ("BAR", "Q", "BAR"), lambda _, q, __: f"|{q.strip('|')}|"),
        ]

    def _of(self, what: str, o: Objects) -> Value | None:
        absolute, what = what.startswith("|"), what.strip("|")
        if o.signs:
            return None
        value = quantity(o, what)
        return Apply("abs", value) if absolute else value

    def _column_of(self, v: Value, _: str, o: Objects) -> Value | None:
        """'Muon_pfRelIso of the leading muon': the column of these objects."""
        if isinstance(v, Of) and v.objects.thing is o.thing and v.objects == Objects(o.thing):
            return self._of(v.what, o)
        return None

    def _size(self, o: Objects) -> Value | None:
        if o.one or o.signs:
            return None
        return Size(o)

    def _same(self, v: Value, named: Value | None) -> bool:
        """Whether two values are the same column."""
        columns = [
            x.name if isinstance(x, Column) else x.objects.thing.columns.get(x.what) if isinstance(x, Of) else None
            for x in (v, named)
        ]
        return columns[0] is not None and columns[0] == columns[1]

    def _named(self, said: object, column: str) -> Value | None:
        """'missing energy (branch met)': the column that is named after the words for it."""
        q = self.catalogue.by_column[column]
        thing = self.catalogue.thing_of(q) if q.jagged else None
        if thing is not None:
            objects = said.objects if isinstance(said, Of) and said.objects.thing is thing else Objects(thing)
            return Of(objects, next(k for k, c in thing.columns.items() if c == column))
        return None if q.jagged else Column(column, q.unit)

    # ------------------------------------------------------------------------------------------ pairs

    def pairs(self) -> list[Rule]:
        return [
            Rule("P", ("TWO", "LEAD", "O"), lambda _, rank, o: self._first_two(o) if rank == "0" else None),
            Rule("P", ("LEAD", "TWO", "O"), lambda rank, _, o: self._first_two(o) if rank == "0" else None),
            Rule("P", ("TWO", "O"), lambda _, o: self._first_two(o), 0.1),
            Rule("P", ("NUMBERED",), lambda whose: self._two_of(whose) if not whose else None, 0.2),
            Rule("P", ("TWO", "NUMBERED"), lambda _, whose: self._two_of(whose)),
            Rule("P", ("NUMBERED",), lambda whose: self._two_of(whose), 0.2),
            Rule("P", ("DI",), self._two_of),
            Rule("P", ("CHREL", "P"), lambda kind, p: replace(p, signs=kind)),
            Rule("P", ("O", "PAIR"), lambda o, _: self._first_two(o)),
            Rule("P", ("NUMBERED", "PAIR"), lambda whose, _: self._two_of(whose)),
            Rule("P", ("P", "PAIR"), lambda p, _: p),
            Rule("P", ("O", "and", "O"), lambda a, _, b: self._of_two(a, b)),
            Rule("P", ("O", "O", "PAIR"), lambda a, b, _: self._of_two(a, b)),
            Rule("P", ("O", "O"), self._of_two, 0.3),
            Rule("P", ("O", "and", "O", "PAIR"), lambda a, _, b, __: self._of_two(a, b)),
            Rule("P", ("LEAD", "and", "LEAD", "O"), self._leads),
            Rule("V", ("Q", "OF", "P"), lambda q, _, p: self._of_pair(q, p)),
            Rule("V", ("P", "Q"), lambda p, q: self._of_pair(q, p)),
            Rule("V", ("INVARIANT", "Q", "OF", "P"), lambda _, q, __, p: self._of_pair(q, p) if q == "mass" else None),
            Rule("V", ("INVARIANT", "P", "Q"), lambda _, p, q: self._of_pair(q, p) if q == "mass" else None),
            Rule("V", ("P", "INVARIANT", "Q"), lambda p, _, q: self._of_pair(q, p) if q == "mass" else None),
            Rule("V", ("DELTA", "between", "P"), lambda what, _, p: between(what, p)),
            Rule("DELTA", ("BAR", "DELTA", "BAR"), lambda _, what, __: what),
            Rule("DELTA", ("DELTA", "BAR", "DELTA", "BAR"), lambda one, _, what, __: what if one == what else None),
            Rule("DELTA", ("ABS", "DELTA"), lambda _, what: what),
            Rule("V", ("DELTA", "OF", "P"), lambda what, _, p: between(what, p)),
            Rule("V", ("P", "DELTA"), lambda p, what: between(what, p)),
            Rule("V", ("ABS", "(", "V", ")"), lambda _, __, v, ___: Apply("abs", v)),
            Rule("V", ("ALL", "OF", "V"), lambda _, __, v: v, 0.1),
            Rule("V", ("ABS", "V"), lambda _, v: Apply("abs", v)),
            Rule("V", ("BAR", "V", "BAR"), lambda _, v, __: Apply("abs", v)),
        ]

    def _first_two(self, o: Objects) -> Pair | None:
        if o.one:
            return None
        by, plain = usual_order(o.thing), replace(o, signs="")
        return Pair(replace(plain, rank=0, by=by), replace(plain, rank=1, by=by), o.signs)

    def _two_of(self, whose: str) -> Pair | None:
        named = self.catalogue.named(whose)
        if len(named) == 1 and named[0].jagged:
            return self._first_two(Objects(named[0]))
        return Pair(Objects(named[0]), Objects(named[1])) if len(named) == 2 else None

    def _of_two(self, a: Objects, b: Objects) -> Pair | None:
        return Pair(a, b) if a.one and b.one and a != b else None

    def _leads(self, one: str, _: str, other: str, o: Objects) -> Pair | None:
        first, second = self._ranked(o, int(one)), self._ranked(o, int(other))
        return Pair(first, second) if first and second and one != other else None

    def _of_pair(self, what: str, pair: Pair) -> Value | None:
        needed = ("pt", "phi") if what == "pt" else ("pt", "eta", "phi")
        if what not in IN_PAIRS or not all(o.thing.has(q) for o in (pair.one, pair.other) for q in needed):
            return None
        return Pairwise(pair, what)

    # ------------------------------------------------------------------------------------------ worked out

    def worked_out(self) -> list[Rule]:
        return [
            Rule("V", ("SUM", "OF", "V"), lambda _, __, v: self._fold("sum", v), 0.4),
            Rule("V", ("SUM", "V"), lambda _, v: self._fold("sum", v), 0.4),
            Rule("V", ("MAXOF", "V"), self._fold, 0.4),
            Rule("V", ("MAXOF", "OF", "V"), lambda how, _, v: self._fold(how, v), 0.4),
            Rule("V", ("V", "FOREACH"), lambda v, _: v if level(v) is None else None),
            Rule("V", ("DIFFERENCE", "between", "V", "and", "V"), lambda _, __, a, ___, b: _worked("-", a, b)),
            Rule("V", ("DIFFERENCE", "V", "MINUS", "V"), lambda _, a, __, b: _worked("-", a, b)),
            Rule("V", ("V", "MINUS", "V"), lambda a, _, b: _worked("-", a, b)),
            Rule("V", ("V", "PLUS", "V"), lambda a, _, b: _worked("+", a, b)),
            Rule("V", ("SUM", "OF", "V", "and", "V"), lambda _, __, a, ___, b: _worked("+", a, b)),
            Rule("V", ("V", "TIMES", "V"), lambda a, _, b: _worked("*", a, b)),
            Rule(
                "V",
                ("V", "DIVIDED", "Q"),
                lambda v, _, q: _worked("/", v, Of(v.objects, q)) if isinstance(v, Of) and v.objects.thing.has(q) else None,
            ),
            Rule("V", ("V", "DIVIDED", "V"), lambda a, _, b: _worked("/", a, b)),
            Rule("V", ("V", "/", "N"), lambda a, _, n: _worked("/", a, n)),
            Rule("V", ("RATIO", "OF", "V", "to", "V"), lambda _, __, a, ___, b: _worked("/", a, b)),
            Rule("V", ("RATIO", "OF", "V", "DIVIDED", "V"), lambda _, __, a, ___, b: _worked("/", a, b)),
            Rule("V", ("RATIO", "V", "DIVIDED", "V"), lambda _, a, __, b: _worked("/", a, b)),
            Rule("V", ("RATIO", "V", "/", "V"), lambda _, a, __, b: _worked("/", a, b)),
            Rule("V", ("RATIO", "between", "V", "and", "V"), lambda _, __, a, ___, b: _worked("/", a, b)),
            Rule("V", ("LARGER", "V", "and", "V"), lambda op, a, _, b: _worked(op, a, b)),
            Rule("V", ("V", "^", "INT"), lambda v, _, n: Apply("square", v) if n == 2 else None),
            Rule("OL", ("O", ",", "O", "and", "O"), lambda a, _, b, __, c: (a, b, c) if a.one and b.one and c.one else None),
            Rule(
                "OL",
                ("O", ",", "O", ",", "and", "O"),
                lambda a, _, b, __, ___, c: (a, b, c) if a.one and b.one and c.one else None,
            ),
            Rule(
                "OL", ("O", ",", "O", ",", "O"), lambda a, _, b, __, c: (a, b, c) if a.one and b.one and c.one else None, 0.2
            ),
            Rule("OL", ("P",), lambda p: (p.one, p.other) if not p.signs else None, 0.1),
            Rule("V", ("SUM", "OF", "Q", "OF", "OL"), lambda _, __, q, ___, ol: self._summed(q, ol)),
            Rule("V", ("SUM", "OF", "OL", "Q"), lambda _, __, ol, q: self._summed(q, ol)),
            Rule("V", ("LOG", "V"), lambda name, v: Apply(name, v)),
            Rule("V", ("LOG", "(", "V", ")"), lambda name, _, v, __: Apply(name, v)),
            Rule("V", ("(", "V", ")"), lambda _, v, __: replace(v, closed=True) if isinstance(v, Arithmetic) else v, 0.01),
            Rule("V", ("COUNT", "K"), lambda _, k: Column(k), 0.3),
            Rule("V", ("K", "multiplicity"), lambda k, _: Column(k)),
            Rule("V", ("multiplicity", "OF", "K"), lambda _, __, k: Column(k)),
            Rule("V", ("V", "UNIT"), self._already, 0.05),
            Rule("V", ("V", "in", "UNIT"), lambda v, _, unit: self._already(v, unit), 0.05),
        ]

    def _summed(self, what: str, several: tuple[Objects, ...]) -> Value | None:
        """The sum of a quantity of particles: of their numbers, which for momenta is the scalar sum."""
        if not all(o.thing.has(what) for o in several):
            return None
        made: Value = Of(several[0], what)
        for o in several[1:]:
            made = Arithmetic("+", made, Of(o, what))
        return made

    def _already(self, v: Value, unit: str) -> Value | None:
        """A value that is in that unit as it is."""
        return v if factor(unit_of(v, self.catalogue), unit) == 1 else None

    def _fold(self, how: str, v: Value) -> Value | None:
        if level(v) is None or isinstance(v, Of) and v.objects.signs:
            return None
        return Fold(how, v)

    # ------------------------------------------------------------------------------------------ of the field

    def special(self) -> list[Rule]:
        rules = [
            Rule("V", ("HT", "OF", "O"), lambda _, __, o: self._ht(o)),
            Rule(
                "V",
                ("V", "(", "V", ")"),
                lambda v, _, told, __: told if isinstance(v, Fold) and isinstance(told, Fold) else None,
                0.1,
            ),
            Rule("V", ("EFF", "V"), lambda _, v: v if isinstance(v, Arithmetic) and v.operator == "/" else None, 0.2),
            Rule("V", ("HT", "WITH", "O"), lambda _, __, o: self._ht(o), 0.2),
            Rule("V", ("MT", "OF", "P"), lambda _, __, p: None),
            Rule("V", ("MT", "OF", "O", "and", "METS"), lambda _, __, o, ___, met: self._transverse(o, met)),
            Rule("V", ("O", "MT"), lambda o, _: self._transverse(o, self._met())),
            Rule("V", ("MT", "OF", "O"), lambda _, __, o: self._transverse(o, self._met()), 0.2),
            Rule("V", ("DELTA", "between", "O", "and", "METS"), lambda what, _, o, __, met: self._to_met(what, o, met)),
            Rule("V", ("DELTA", "between", "METS", "and", "O"), lambda what, _, met, __, o: self._to_met(what, o, met)),
            Rule("METS", ("MET",), lambda _: self._met()),
            Rule("METS", ("MET", "vector"), lambda _, __: self._met()),
            Rule("METS", ("V",), self._as_met),
        ]
        if (jets := self.catalogue.named("jet")) and jets[0].jagged:
            rules.append(Rule("V", ("HT",), lambda _: self._ht(Objects(jets[0])), 0.3))
        for q in self.catalogue.quantities:
            if not q.jagged and q.ideas in ({"met"}, {"met", "pt"}, {"met", "energy"}, {"met", "et"}, {"pf", "met", "pt"}):
                column = Column(q.column, q.unit)
                rules.append(Rule("V", ("MET",), lambda _, c=column: c))
                break
        return rules

    def _ht(self, o: Objects) -> Value | None:
        return Fold("sum", Of(o, "pt")) if not o.one and not o.signs and o.thing.has("pt") else None

    def _met(self) -> Objects:
        """The missing momentum as a thing with pt and phi.

        Raises:
            LookupError: the file has not both.
        """
        columns: dict[str, str] = {}
        for q in self.catalogue.quantities:
            if q.jagged or "met" not in q.ideas:
                continue
            rest = q.ideas - {"met", "pf", "puppi"}
            if rest in (frozenset(), {"pt"}, {"et"}, {"energy"}):
                columns.setdefault("pt", q.column)
            elif rest == {"phi"}:
                columns.setdefault("phi", q.column)
        if set(columns) != {"pt", "phi"}:
            raise LookupError("no missing momentum with pt and phi")
        found = next((t for t in self.catalogue.extra if t.whose == "met"), None)
        if found is None:
            found = Thing("met", "", False, columns)
            self.catalogue.extra.append(found)
        return Objects(found)

    def _as_met(self, v: Value) -> Objects | None:
        return self._met() if isinstance(v, Column) and "met" in self.catalogue.by_column[v.name].ideas else None

    def _transverse(self, o: Objects, met: Objects) -> Value | None:
        if not o.one:
            if o.signs:
                return None
            o = replace(o, rank=0, by=usual_order(o.thing))
        return Pairwise(Pair(o, met), "transverse_mass") if o.thing.has("pt") and o.thing.has("phi") else None

    def _to_met(self, what: str, o: Objects, met: Objects) -> Value | None:
        return Pairwise(Pair(o, met), what) if what == "delta_phi" and o.one and o.thing.has("phi") else None


def _worked(operator: str, a: Value, b: Value) -> Value | None:
    """Raises LookupError where the two are of different collections."""
    sums = [isinstance(x, Arithmetic) and not x.closed and x.operator in "+-" for x in (a, b)]
    if (operator in "*/" and any(sums)) or sums[1] or (isinstance(b, Arithmetic) and not b.closed and operator in "*/"):
        return None
    made = Arithmetic(operator, a, b)  # type: ignore[arg-type]
    level(made)
    return made if a != b else None
