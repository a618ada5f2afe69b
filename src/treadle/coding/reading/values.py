"""Rules for what has a value: quantities and numbers of objects, what is worked out of values, and the field's own."""

from __future__ import annotations

from dataclasses import replace

from treadle.coding.chart import Rules, rule
from treadle.coding.reading.looking import column_of, level
from treadle.coding.reading.objects import quantity, usual_order
from treadle.coding.reading.told import Told
from treadle.coding.reading.tree import Apply, Arithmetic, Column, Fold, Objects, Of, Pair, Pairwise, Size, Value
from treadle.coding.reading.units import factor, unit_of

__all__ = ["value_rules"]


def value_rules(told: Told) -> Rules:
    """Rules of the symbols V (a value) and Q (a quantity that does not say whose; in bars: absolute)."""
    v = _Values(told)
    return [*_quantities(), *_of_objects(), *v.named(), *_worked_out(), *_folded(), *v.special()]


# ---------------------------------------------------------------------------------------------- quantities of objects


def _quantities() -> Rules:
    return [
        rule("Q", "Q=a DIVIDED Q=b", lambda a, b: None if set("/|") & set(a + b) else f"{a}/{b}"),
        rule("Q", "(ABS LP Q=q RP|ABS Q=q|BAR Q=q BAR)", lambda q: f"|{q.strip('|')}|"),
    ]


def _of_objects() -> Rules:
    return [
        rule("V", "Q=q OF O=o", _of),
        rule("V", "O=o ['s] Q=q", _of),
        rule("V", "V=v OF O=o", _column_of),
        rule("V", "O=o V=v", _column_of, 0.1),
        rule("V", "(O=o multiplicity|multiplicity OF O=o)", _size),
        rule("V", "O=o (number|count)", _size, 0.1),
        rule("V", "COUNT O=o", _size, 0.5),
        rule("V", "(K=k multiplicity|multiplicity OF K=k)", _counter),
        rule("V", "COUNT K=k", _counter, 0.3),
    ]


def _of(q: str, o: Objects) -> Value | None:
    if o.signs:
        return None
    value = quantity(o, q.strip("|"))
    return Apply("abs", value) if q.startswith("|") else value


def _column_of(v: Value, o: Objects) -> Value | None:
    """'Muon_pfRelIso of the leading muon': the column of these objects."""
    plain = isinstance(v, Of) and v.objects == Objects(o.thing)
    return _of(v.what, o) if plain and isinstance(v, Of) else None


def _counter(k: str) -> Value:
    return Column(k)


def _size(o: Objects) -> Value | None:
    return None if o.one or o.signs else Size(o)


# ---------------------------------------------------------------------------------------------- worked out of others


def _worked_out() -> Rules:
    return [
        rule("V", "LP V=v RP", lambda v: replace(v, closed=True) if isinstance(v, Arithmetic) else v, 0.01),
        rule("V", "(ABS LP V=v RP|BAR V=v BAR)", lambda v: Apply("abs", v, closed=True)),
        rule("V", "ABS V=v", lambda v: Apply("abs", v)),
        rule("V", "LOG=name LP V=v RP", lambda name, v: Apply(name, v, closed=True)),
        rule("V", "LOG=name V=v", lambda name, v: Apply(name, v)),
        rule("V", "V=v ^ INT=n", _squared),
        rule("V", "V=a MINUS V=b", lambda a, b: _worked("-", a, b)),
        rule("V", "DIFFERENCE (between V=a and V=b|V=a MINUS V=b)", lambda a, b: _worked("-", a, b)),
        rule("V", "(V=a PLUS V=b|SUM OF V=a and V=b)", lambda a, b: _worked("+", a, b)),
        rule("V", "V=a TIMES V=b", lambda a, b: _worked("*", a, b)),
        rule("V", "(V=a DIVIDED V=b|V=a / N=b)", lambda a, b: _worked("/", a, b)),
        rule("V", "V=v DIVIDED Q=q", _over_own),
        rule("V", "RATIO (OF V=a to V=b|between V=a and V=b)", lambda a, b: _worked("/", a, b)),
        rule("V", "RATIO [OF] V=a DIVIDED V=b", lambda a, b: _worked("/", a, b)),
        rule("V", "EFF V=v", lambda v: v if isinstance(v, Arithmetic) and v.operator == "/" else None, 0.2),
        rule("V", "LARGER=op V=a and V=b", _worked),
    ]


def _squared(v: Value, n: int) -> Value | None:
    plain = isinstance(v, Column | Of) or (isinstance(v, Arithmetic | Apply) and v.closed)
    return Apply("square", v, closed=True) if n == 2 and plain else None


def _worked(op: str, a: Value, b: Value) -> Value | None:
    """Two values joined; None where brackets would be needed that are not there.

    Raises:
        LookupError: the two are of different collections.
    """
    if any(isinstance(x, Apply) and not x.closed for x in (a, b)):
        return None  # 'the logarithm of A over B' is that of the ratio
    sums = [isinstance(x, Arithmetic) and not x.closed and x.operator in "+-" for x in (a, b)]
    if (op in "*/" and any(sums)) or sums[1] or (isinstance(b, Arithmetic) and not b.closed and op in "*/"):
        return None
    made = Arithmetic(op, a, b)  # type: ignore[arg-type]
    level(made)
    return made if a != b else None


def _over_own(v: Value, q: str) -> Value | None:
    """'mu_iso divided by its pt'."""
    return _worked("/", v, quantity(v.objects, q)) if isinstance(v, Of) else None


def _folded() -> Rules:
    return [
        rule("V", "SUM [OF] V=v", lambda v: _fold("sum", v), 0.4),
        rule("V", "MAXOF=how [OF] V=v", _fold, 0.4),
        rule("V", "V=v FOREACH", lambda v: v if level(v) is None else None),
        rule("V", "ALL OF V=v", lambda v: v, 0.1),
    ]


def _fold(how: str, v: Value) -> Value | None:
    return None if level(v) is None or (isinstance(v, Of) and v.objects.signs) else Fold(how, v)


# ---------------------------------------------------------------------------------------------- names, units, HT and MET


class _Values:
    def __init__(self, told: Told) -> None:
        self.told, self.catalogue = told, told.catalogue

    def named(self) -> Rules:
        return [
            rule("V", "Q=said COLUMN=column", self._named),
            rule("V", "(V=said|Q=said) LP [branch] COLUMN=column (RP|,)", self._named),
            rule("V", "V=said COLUMN=column", lambda said, column: said if _same(said, self._named(said, column)) else None),
            rule("V", "V=v [in] UNIT=unit", self._already, 0.05),
            rule("V", "V=a OP=op V=b", lambda a, b, op: a if op == "==" and a == b else None),
        ]

    def _named(self, said: object, column: str) -> Value | None:
        """'missing energy (branch met)': the column that is named after the words for it."""
        q = self.catalogue.by_column[column]
        known = column_of(said) if isinstance(said, Column | Of) else ""
        owner = set(said.objects.thing.whose.split()) if isinstance(said, Of) else set()
        if known and not (self.catalogue.by_column[known].ideas & q.ideas) - owner:
            return None
        if not q.jagged:
            return Column(column, q.unit)
        thing = self.catalogue.thing_of(q)
        if thing is None:
            return None
        objects = said.objects if isinstance(said, Of) and said.objects.thing is thing else Objects(thing)
        return Of(objects, thing.key(column))

    def _already(self, v: Value, unit: str) -> Value | None:
        """A value that is in that unit as it is."""
        return v if factor(unit_of(v, self.told), unit) == 1 else None

    def special(self) -> Rules:
        rules = [
            rule("V", "HT OF O=o", _ht),
            rule("V", "HT WITH O=o", _ht, 0.2),
            rule("V", "V=v LP V=told RP", _explained, 0.1),
            rule("V", "V=v , V=told", _explained, 0.2),
            rule("METS", "MET [vector]", self._met),
            rule("METS", "METS=met LP COLUMN , COLUMN RP", lambda met: met),
            rule("METS", "V=v", lambda v: self._met() if self._is_met(v) else None),
            rule("V", "MT OF O=o and METS=met", _transverse),
            rule("V", "O=o MT", lambda o: _transverse(o, self._met())),
            rule("V", "MT OF O=o", lambda o: _transverse(o, self._met()), 0.2),
            rule("V", "DELTA=what between (O=o and METS=met|METS=met and O=o)", _to_met),
        ]
        if (jets := self.catalogue.named("jet")) and jets[0].jagged:
            rules.append(rule("V", "HT", lambda: _ht(Objects(jets[0])), 0.3))
        if (column := self.catalogue.missing_momentum) is not None:
            rules.append(rule("V", "MET", lambda: Column(column)))
        else:
            rules.append(rule("V", "MET", lambda: Of(self._met(), "pt")))
        return rules

    def _met(self) -> Objects:
        """The missing momentum as a thing with pt and phi; LookupError where the file has not both."""
        return Objects(self.catalogue.missing())

    def _is_met(self, v: Value) -> bool:
        if isinstance(v, Of):
            return v.objects.thing.whose == "met"
        return isinstance(v, Column) and "met" in self.catalogue.by_column[v.name].ideas


def _explained(v: Value, told: Value) -> Value | None:
    """'HT (scalar sum of the pt of jets above 30 GeV)'."""
    return told if isinstance(v, Fold) and isinstance(told, Fold) else None


def _same(v: Value, named: Value | None) -> bool:
    """Whether two values are the same column."""
    return bool(column_of(v)) and column_of(v) == column_of(named)


def _ht(o: Objects) -> Value | None:
    return None if o.one or o.signs or not o.thing.has("pt") else Fold("sum", Of(o, "pt"))


def _transverse(o: Objects, met: Objects) -> Value | None:
    if not o.one:
        if o.signs:
            return None
        o = replace(o, rank=0, by=usual_order(o.thing))
    return Pairwise(Pair(o, met), "transverse_mass") if o.thing.has("pt") and o.thing.has("phi") else None


def _to_met(what: str, o: Objects, met: Objects) -> Value | None:
    return Pairwise(Pair(o, met), what) if what == "delta_phi" and o.one and o.thing.has("phi") else None
