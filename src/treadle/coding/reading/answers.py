"""Rules for what is asked: an operation on values, a number of events or objects, a fraction, and of which events."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any

from treadle.coding.reading.catalogue import Catalogue, Thing
from treadle.coding.reading.chart import Costly, Rule
from treadle.coding.reading.conditions import Conditions, bound, joined, no, no_signal
from treadle.coding.reading.tree import (
    Answer,
    Apply,
    Column,
    Compare,
    Condition,
    Flag,
    Fold,
    Number,
    Objects,
    Of,
    Pair,
    Signs,
    Size,
    Value,
    level,
    level_of,
)
from treadle.coding.reading.values import between

__all__ = ["answer_rules"]

NUMBERS = ("mean", "median", "std", "rms", "variance", "sum", "max", "min", "error", "range", "q25", "q75")


def answer_rules(catalogue: Catalogue) -> list[Rule]:
    a = _Answers(catalogue)
    return [*a.events(), *a.counts(), *a.reduced(), *a.shares(), *a.others(), *a.placed()]


class _Answers:
    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue

    def events(self) -> list[Rule]:
        return [
            Rule("E", ("EVT",), lambda _: ()),
            Rule("E", ("ALL", "EVT"), lambda _, __: ()),
            Rule("E", ("ALL", "OF", "EVT"), lambda _, __, ___: ()),
            Rule("E", ("E", "WITH", "C"), lambda e, _, c: joined(e, c)),
            Rule("E", ("E", "IN", "C"), lambda e, _, c: joined(e, c), 0.1),
            Rule("E", ("E", "FIRED", "FLAG"), lambda e, _, f: (*e, *self._flag(f))),
            Rule("E", ("E", "NOT", "FLAG"), lambda e, _, f: None),
            *(Rule("E", (*empty, "EVT"), lambda *_: self._not_empty()) for empty in (("non", "empty"), ("nonempty",))),
            Rule("E", ("background", "EVT"), lambda _, __: no_signal(self.catalogue), 0.1),
            Rule("E", ("E", "C"), lambda e, c: c if not e else None, 0.2),
            Rule("E", ("C", "EVT"), lambda c, _: c, 0.2),
            Rule("E", ("E", "AND", "C"), lambda e, _, c: joined(e, c) if e else None, 0.1),
            Rule("E", ("E", "AND", "WITH", "C"), lambda e, _, __, c: joined(e, c) if e else None, 0.1),
        ]

    def _flag(self, column: str) -> Conditions:
        return (Flag(Column(column)),) if not self.catalogue.by_column[column].jagged else ()

    def _not_empty(self) -> Conditions | None:
        """'non-empty events' of a file with one kind of objects."""
        found = self.catalogue.collections
        return (Compare(Size(Objects(found[0])), ">=", Number(1)),) if len(found) == 1 else None

    # ------------------------------------------------------------------------------------------ numbers of things

    def counts(self) -> list[Rule]:
        return [
            Rule("S", ("COUNT", "E"), lambda _, e: Answer("count", where=e)),
            Rule("S", ("COUNT", "E", "C"), lambda _, e, c: Answer("count", where=(*e, *c)), 0.1),
            Rule("S", ("COUNT", "E", "BE", "C"), lambda _, e, __, c: Answer("count", where=(*e, *c)), 0.1),
            Rule("S", ("COUNT", "OF", "E"), lambda _, __, e: Answer("count", where=e)),
            Rule("S", ("COUNT", "OF", "E", "C"), lambda _, __, e, c: Answer("count", where=(*e, *c)), 0.1),
            Rule("S", ("COUNT", "OF", "E", "WITH", "C"), lambda _, __, e, ___, c: Answer("count", where=(*e, *c)), 0.1),
            Rule("S", ("IN", "E", "AND", "COUNT"), lambda _, e, __, ___: Answer("count", where=e)),
            Rule("S", ("E", "COUNT"), lambda e, _: Answer("count", where=e)),
            Rule("S", ("IN", "COUNT", "E"), lambda _, __, e: Answer("count", where=e), 0.1),
            Rule("S", ("E",), lambda e: Answer("count", where=e) if e else None, 1.0),
            Rule("S", ("COUNT", "O"), lambda _, o: self._objects(o)),
            Rule("S", ("AGG", "COUNT", "O"), lambda agg, _, o: self._objects(o) if agg == "sum" else None),
            Rule("S", ("AGG", "COUNT", "E"), lambda agg, _, e: Answer("count", where=e) if agg == "sum" else None),
            Rule("S", ("COUNT", "K"), lambda _, k: Answer("sum", Column(k)), 0.2),
            Rule("S", ("COUNT", "O", "IN", "ALL"), lambda _, o, __, ___: self._objects(o)),
            Rule("S", ("COUNT", "O", "L"), lambda _, o, x: None),
            Rule("S", ("COUNT", "O", "WITH", "E"), lambda _, o, __, e: self._objects(o, e), 0.1),
            Rule("S", ("COUNT", "DISTINCT", "V"), lambda _, __, v: Answer("distinct", v) if level(v) is None else None),
            Rule("S", ("COUNT", "V"), self._counted, 0.6),
            Rule("S", ("COUNT", "P"), lambda _, p: Answer("count", where=(Signs(p.signs, p),)) if p.signs else None, 0.5),
        ]

    def _objects(self, o: Objects, where: Conditions = ()) -> Answer | None:
        if o.one or o.signs:
            return None
        return Answer("objects", objects=o, where=where)

    def _counted(self, _: str, v: Value) -> Answer | None:
        """'how many runs', 'how many sectors': different values of a column that numbers them."""
        if not isinstance(v, Column) or not self.catalogue.by_column[v.name].ideas <= {
            "run",
            "fill",
            "spill",
            "lumi",
            "block",
        }:
            return None
        return Answer("distinct", v)

    # ------------------------------------------------------------------------------------------ one number of many

    def reduced(self) -> list[Rule]:
        return [
            Rule("S", ("AGG", "V"), self._reduce),
            Rule("S", ("AGG", "OF", "V"), lambda agg, _, v: self._reduce(agg, v)),
            Rule("S", ("V", "AGG"), lambda v, agg: self._reduce(agg, v), 0.4),
            Rule("S", ("HOWLARGE", "S"), lambda _, s: s if s.passing or "fraction" in s.operation else None),
            Rule("S", ("COUNT", "S"), lambda _, s: s if s.operation in ("distinct", "count", "objects") else None, 0.3),
            Rule("S", ("S", "using", "V", "as", "weight"), lambda s, _, w, __, ___: self._weighted_by(s, "", w)),
            Rule(
                "S",
                ("WEIGHTED", "AGG", "OF", "V", "using", "V", "as", "weight"),
                lambda *m: self._weighted(m[1], m[3], m[5]),
            ),
            Rule("S", ("HOWLARGE", "V", "AGG"), lambda _, v, agg: self._reduce(agg, v)),
            Rule("S", ("HOWLARGE", "V"), lambda _, v: self._reduce("max", v), 0.5),
            Rule("S", ("HOWLOW", "V"), lambda _, v: self._reduce("min", v), 0.5),
            Rule("S", ("HOWWIDE", "HISTOGRAM", "OF", "V", "AGG"), lambda *m: self._reduce(m[4], m[3])),
            Rule("S", ("BYHOW", "V", "AGG"), lambda _, v, agg: self._reduce(agg, v) if agg in ("std", "rms") else None),
            Rule(
                "S",
                ("BYHOW", "V", "AGG", "AGG"),
                lambda _, v, one, agg: self._reduce(agg, v) if one == agg == "std" else None,
            ),
            Rule("S", ("WHICH", "value", "of", "V", "WITH", "half", "of", "OP"), lambda *m: self._reduce("median", m[3])),
            Rule(
                "S",
                ("ALL", "OF", "V", "AGG", "to"),
                lambda _, __, v, agg, ___: self._reduce(agg, v) if agg == "sum" else None,
            ),
            Rule("S", ("AGG", "OF", "INT", "MAXOF", "OF", "V"), lambda agg, _, n, how, __, v: self._top(agg, n, how, v)),
            Rule(
                "S",
                ("V", "in", "EVT", "WITH", "MAXOF", "V"),
                lambda v, _, __, ___, how, of: (
                    Answer(f"at {how}", v, other=of) if level(v) is None and level(of) is None else None
                ),
            ),
            Rule(
                "S",
                ("V", "OF", "E", "AGG"),
                lambda v, _, e, agg: _placed(self._reduce(agg, v), e) if isinstance(v, Fold) else None,
            ),
            Rule(
                "S",
                ("V", "OF", "ALL", "E", "AGG"),
                lambda v, _, __, e, agg: _placed(self._reduce(agg, v), e) if isinstance(v, Fold) else None,
            ),
            Rule("S", ("AGG", "IN", "E", "OF", "V"), lambda agg, _, e, __, v: _placed(self._reduce(agg, v), e)),
            Rule("S", ("AGG", "OF", "ALL", "V"), lambda agg, _, __, v: self._reduce(agg, v)),
            Rule(
                "S",
                ("COUNT", "O", "EVT", "WITH", "AGG"),
                lambda _, o, __, ___, agg: self._reduce(agg, Size(o)) if not o.one else None,
            ),
            Rule("S", ("COUNT", "K", "EVT", "WITH", "AGG"), lambda _, k, __, ___, agg: self._reduce(agg, Column(k))),
            Rule(
                "S",
                ("COUNT", "O", "FOREACH", "AGG"),
                lambda _, o, __, agg: self._reduce(agg, Size(o)) if not o.one else None,
            ),
            Rule("S", ("COUNT", "O", "OF", "AGG"), lambda _, o, __, agg: self._reduce(agg, Size(o)) if not o.one else None),
            Rule(
                "S",
                ("AGG", "COUNT", "O"),
                lambda agg, _, o: self._reduce(agg, Size(o)) if not o.one and agg != "sum" else None,
            ),
            Rule("S", ("INT", "ORDINAL", "PERCENTILE", "OF", "V"), lambda n, _, __, ___, v: self._percentile(n, v)),
            Rule("S", ("INT", "PERCENTILE", "OF", "V"), lambda n, __, ___, v: self._percentile(n, v)),
            Rule("S", ("INT", "percent", "PERCENTILE", "OF", "V"), lambda n, _, __, ___, v: self._percentile(n, v)),
            Rule("S", ("INT", "%", "PERCENTILE", "OF", "V"), lambda n, _, __, ___, v: self._percentile(n, v)),
            Rule("S", ("V", "INT", "ORDINAL", "PERCENTILE"), lambda v, n, _, __: self._percentile(n, v), 0.3),
            Rule("S", ("WEIGHTED", "AGG", "OF", "V"), lambda _, agg, __, v: self._weighted(agg, v, self._weight())),
            Rule("S", ("WEIGHTED", "AGG", "OF", "V", "WEIGHTEDBY", "V"), lambda *m: self._weighted(m[1], m[3], m[5])),
            Rule("S", ("WEIGHTED", "AGG", "V"), lambda _, agg, v: self._weighted(agg, v, self._weight())),
            Rule(
                "S",
                ("WEIGHTED", "YIELD", "AGG", "OF", "V", "IN", "E"),
                lambda *m: Answer("sum", m[4], where=m[6]) if m[2] == "sum" else None,
            ),
            *(
                Rule("S", ("WEIGHTED", *event, "YIELD", "IN", "E"), lambda *m: self._yield(m[-1]))
                for event in ((), ("EVT",))
            ),
            *(
                Rule("S", ("WEIGHTED", *event, "YIELD", "IN", kind, "W"), lambda *m: Answer("sum", m[-1], where=m[-2]))
                for event in ((), ("EVT",))
                for kind in ("E", "C")
            ),
            *(Rule("W", (*event, "weight", "BEING", "V"), lambda *m: m[-1]) for event in ((), ("EVT",))),
            Rule("S", ("WEIGHTED", "COUNT", "E", "W"), lambda _, __, e, w: Answer("sum", w, where=e)),
            Rule("S", ("WEIGHTED", "yield", "IN", "E"), lambda _, __, ___, e: self._yield(e)),
            Rule("S", ("WEIGHTED", "EVT", "COUNT"), lambda _, __, ___: self._yield(())),
            Rule("S", ("WEIGHTED", "EVT", "yield"), lambda _, __, ___: self._yield(())),
            Rule("S", ("WEIGHTED", "COUNT", "E"), lambda _, __, e: self._yield(e)),
            Rule("S", ("AGG", "OF", "WEIGHTED", "COUNT", "E"), lambda _, __, ___, ____, e: self._yield(e)),
            Rule("S", ("S", "WEIGHTEDBY", "V"), self._weighted_by),
            Rule("S", ("V", "CORR", "WITH", "V"), lambda a, _, __, b: self._correlation(a, b)),
            Rule("S", ("V", "CORR", "WITH", "V", "CORR"), lambda a, _, __, b, ___: self._correlation(a, b)),
            Rule("S", ("CORR", "between", "V", "and", "V"), lambda _, __, a, ___, b: self._correlation(a, b)),
            Rule("S", ("CORR", "OF", "V", "and", "V"), lambda _, __, a, ___, b: self._correlation(a, b)),
            Rule("S", ("CORR", "OF", "V", "WITH", "V"), lambda _, __, a, ___, b: self._correlation(a, b)),
        ]

    def _reduce(self, agg: str, v: Value) -> Answer | None:
        if isinstance(v, Number) or (isinstance(v, Column) and self._names_things(v) and agg in ("mean", "std", "sum")):
            return None
        return Answer(agg, v)

    def _names_things(self, v: Column) -> bool:
        """Whether a mean of a column means nothing: of a text, or of what only numbers events and runs."""
        text = "str" in self.catalogue.types[v.name] or "object" in self.catalogue.types[v.name]
        return text or self.catalogue.by_column[v.name].ideas in ({"run"}, {"event"}, {"event", "number"}, {"run", "number"})

    def _top(self, agg: str, n: int, how: str, v: Value) -> Answer | None:
        made = self._reduce(agg, v)
        return None if made is None or not 0 < n else replace(made, top=n if how == "max" else -n)

    def _percentile(self, n: int, v: Value) -> Answer | None:
        return Answer("percentile", v, number=float(n)) if 0 < n < 100 else None

    def _weight(self) -> Column:
        """Raises LookupError where not just one column is a weight."""
        found = [q.column for q in self.catalogue.quantities if not q.jagged and "weight" in q.ideas]
        if len(found) != 1:
            raise LookupError("weight")
        return Column(found[0])

    def _weighted(self, agg: str, v: Value, weight: Value) -> Answer | None:
        if agg not in ("mean", "sum") or level(weight) is not None or level(v) is not None:
            return None
        return Answer(f"weighted {agg}", v, other=weight)

    def _yield(self, where: Conditions) -> Answer:
        return Answer("sum", self._weight(), where=where)

    def _weighted_by(self, s: Answer, _: str, weight: Value) -> Answer | None:
        if s.operation == "count":
            return Answer("sum", weight, where=s.where)
        made = self._weighted(s.operation, s.value, weight) if s.value is not None else None
        return None if made is None else replace(made, where=s.where)

    def _correlation(self, a: Value, b: Value) -> Answer | None:
        return Answer("correlation", a, other=b) if level(a) is level(b) and a != b else None

    # ------------------------------------------------------------------------------------------ fractions

    def shares(self) -> list[Rule]:
        return [
            Rule("S", ("FRACTION", "OF", "E"), lambda f, _, e: self._share(f, (), e)),
            Rule("S", ("FRACTION", "OF", "E", "BE", "C"), lambda f, _, e, __, c: self._share(f, e, c)),
            Rule("S", ("FRACTION", "OF", "E", "HAS", "C"), lambda f, _, e, __, c: self._share(f, e, c)),
            Rule("S", ("FRACTION", "OF", "E", "C"), lambda f, _, e, c: self._share(f, e, c), 0.1),
            Rule("S", ("FRACTION", "OF", "E", "FIRED", "FLAG"), lambda f, _, e, __, g: self._share(f, e, self._flag(g))),
            Rule("S", ("FRACTION", "OF", "O"), lambda f, _, o: self._share_of_objects(f, o)),
            Rule("S", ("FRACTION", "OF", "O", "BE", "L"), lambda f, _, o, __, x: None),
            Rule("S", ("IN", "S"), lambda _, s: s if s.passing else None, 0.1),
            Rule("S", ("EFF", "OF", "WITH", "C"), lambda _, __, ___, c: self._share("1", (), c)),
            Rule("S", ("EFF", "OF", "C"), lambda _, __, c: self._share("1", (), c)),
            Rule("S", ("EFF", "OF", "FLAG"), lambda _, __, f: self._share("1", (), self._flag(f))),
            Rule("S", ("FLAG", "EFF"), lambda f, _: self._share("1", (), self._flag(f))),
            Rule(
                "S",
                ("S", "in", "FRACTION"),
                lambda s, _, f: replace(s, number=100.0) if f == "100" and (s.passing or s.operation == "relstd") else None,
            ),
            Rule("HAS", ("WITH",), lambda _: "has"),
            *(
                Rule(
                    "S",
                    ("IN", "E", *what, *has, "C"),
                    lambda _, e, *more: self._share(next(m for m in more if m in ("1", "100")), e, more[-1]),
                )
                for what in (("FRACTION",), ("IN", "FRACTION"), ("WHICH", "FRACTION"))
                for has in ((), ("WITH",))
            ),
            Rule("S", ("IN", "E", "FRACTION", "FIRED", "FLAG"), lambda _, e, f, __, g: self._share(f, e, self._flag(g))),
            Rule(
                "S",
                ("IN", "E", "WHICH", "FRACTION", "FIRED", "FLAG"),
                lambda _, e, __, f, ___, g: self._share(f, e, self._flag(g)),
            ),
            Rule("S", ("IN", "O", "FRACTION", "WITH", "L"), lambda _, o, f, __, x: self._share_among(f, o, bound(o, x))),
            Rule(
                "S",
                ("IN", "O", "WHICH", "FRACTION", "WITH", "L"),
                lambda _, o, __, f, ___, x: self._share_among(f, o, bound(o, x)),
            ),
            Rule("S", ("IN", "O", "FRACTION", "WITH", "C"), lambda _, o, f, __, c: self._share_among(f, o, c)),
            Rule("S", ("FRACTION", "OF", "O", "WITH", "L"), lambda f, _, o, __, x: self._share_among(f, o, bound(o, x))),
            Rule("S", ("FRACTION", "OF", "O", "WITH", "C"), lambda f, _, o, __, c: self._share_among(f, o, c)),
            Rule(
                "S",
                ("FRACTION", "OF", "O", "FIRED", "QF"),
                lambda f, _, o, __, q: self._share_among(f, o, (Flag(Of(Objects(o.thing), q)),)),
            ),
        ]

    def _share(self, factor: str, of: Conditions, passing: Conditions) -> Answer | Costly | None:
        if not passing:
            return None
        made = Answer("fraction", where=of, passing=passing, number=float(factor))
        together = joined(of, passing)
        return Costly(made, together.cost) if isinstance(together, Costly) else made

    def _share_of_objects(self, factor: str, o: Objects) -> Answer | None:
        if o.one or o.signs or not o.cuts:
            return None
        return Answer("object fraction", objects=o, number=float(factor))

    def _share_among(self, factor: str, o: Objects, passing: Conditions) -> Answer | None:
        """The share of objects that pass more: 'of all muons above 25 GeV, what fraction is isolated'."""
        if o.one or o.signs or not all(level_of(c) is o.thing for c in passing):
            return None
        return Answer("object fraction", objects=o, passing=passing, number=float(factor))

    # ------------------------------------------------------------------------------------------ the rest

    def others(self) -> list[Rule]:
        return [
            Rule("S", ("MODE", "V"), lambda _, v: self._mode(v)),
            Rule("S", ("WHICH", "V", "WITH", "MODE"), lambda _, v, __, ___: self._mode(v)),
            Rule("S", ("WHICH", "V", "WITH", "most", "EVT"), lambda _, v, __, ___, ____: self._mode(v)),
            Rule("S", ("WHICH", "V", "BE", "MODE"), lambda _, v, __, ___: self._mode(v)),
            Rule("B", ("INT", "BINS", "BETWEEN", "N", "TO", "N"), lambda n, _, __, a, ___, b: _bins(n, a, b)),
            Rule("B", ("INT", "BINS", "N", "-", "N"), lambda n, _, a, __, b: _bins(n, a, b)),
            Rule("B", ("BETWEEN", "N", "TO", "N", "IN", "INT", "BINS"), lambda _, a, __, b, ___, n, ____: _bins(n, a, b)),
            Rule("B", ("BETWEEN", "N", "TO", "N", "WITH", "INT", "BINS"), lambda _, a, __, b, ___, n, ____: _bins(n, a, b)),
            Rule("H", ("HISTOGRAM", "OF", "V"), lambda _, __, v: (v, None, ())),
            Rule("H", ("HISTOGRAM", "V"), lambda _, v: (v, None, ())),
            Rule("H", ("where", "V", "peak"), lambda _, v, __: (v, None, ())),
            *(
                Rule("H", ("H", *between, "B"), lambda h, *b: (h[0], b[-1], h[2]) if h[1] is None else None)
                for between in ((), ("WITH",), ("IN",))
            ),
            *(Rule("H", ("H", *between, "E"), lambda h, *e: (h[0], h[1], (*h[2], *e[-1]))) for between in ((), ("IN",))),
            *(
                Rule("S", ("H", *words, "PEAK"), lambda h, *_: self._peak(h))
                for words in ((), ("where",), ("CENTRE", "OF"), ("WHICH",))
            ),
            *(
                Rule("S", ("H", *words), lambda h, *_: self._height(h))
                for words in (
                    ("largest", "bin", "content"),
                    ("COUNT", "EVT", "WITH", "PEAK"),
                    ("highest", "bin", "content"),
                    ("maximum", "bin", "content"),
                    ("content", "of", "PEAK"),
                )
            ),
            Rule("S", ("CENTRE", "OF", "PEAK", "OF", "H"), lambda _, __, ___, ____, h: self._peak(h)),
            Rule("S", ("H", "CENTRE", "OF", "BINS", "WITH", "PEAK"), lambda h, *_: self._peak(h)),
            Rule("S", ("S", "bin", "CENTRE"), lambda s, _, __: s if s.operation == "peak" else None),
            Rule("S", ("S", "CENTRE", "of", "bin"), lambda s, *_: s if s.operation == "peak" else None),
            Rule("S", ("S", "HT", "BEING", "V"), self._told),
            Rule("S", ("S", "WITH", "HT", "V"), lambda s, _, ht, v: self._told(s, ht, "", v)),
            Rule("S", ("S", "where", "HT", "BEING", "V"), lambda s, _, ht, __, v: self._told(s, ht, "", v)),
            Rule("S", ("DIFFERENCE", "between", "S", "and", "S"), lambda _, __, a, ___, b: Answer("-", left=a, right=b)),
            Rule("S", ("S", "MINUS", "S"), lambda a, _, b: Answer("-", left=a, right=b), 0.2),
            Rule(
                "S", ("S", "MORE", "than", "that", "OF", "E"), lambda s, more, _, __, ___, e: self._compared("-", s, e, more)
            ),
            Rule("S", ("S", "OP", "that", "OF", "E"), lambda s, op, _, __, e: self._compared("-", s, e, op)),
            Rule(
                "S",
                ("BYHOW", "S", "MORE", "IN", "E", "than", "IN", "E"),
                lambda *m: self._compared("-", _placed(m[1], m[4]), m[7], m[2]),
            ),
            Rule(
                "S",
                ("BYFACTOR", "S", "MORE", "IN", "E", "than", "IN", "E"),
                lambda *m: self._compared("/", _placed(m[1], m[4]), m[7], m[2]),
            ),
            Rule("S", ("FLAG", "FRACTION"), lambda f, factor: self._share(factor, (), self._flag(f))),
            Rule(
                "S",
                ("AGG", "DELTA", "in", "UNIT", "between", "P"),
                lambda agg, d, _, unit, __, p: self._angle(agg, d, unit, p),
            ),
            Rule("S", ("BYHOW", "S"), lambda _, s: s if s.operation == "-" else None),
            Rule("S", ("BYHOW", "UNIT", "S"), lambda _, __, s: s if s.operation == "-" else None),
            Rule(
                "S",
                ("RATIO", "OF", "S", "to", "number", "WITH", "C"),
                lambda _, __, s, ___, ____, _____, c: self._compared("/", s, c, ">"),
            ),
            Rule(
                "S",
                ("RATIO", "OF", "S", "to", "that", "WITH", "C"),
                lambda _, __, s, ___, ____, _____, c: self._compared("/", s, c, ">"),
            ),
            Rule(
                "S",
                ("RATIO", "OF", "S", "to", "that", "OF", "E"),
                lambda _, __, s, ___, ____, _____, e: self._compared("/", s, e, ">"),
            ),
            Rule(
                "S",
                ("RATIO", "OF", "C", "to", "C", "EVT"),
                lambda _, __, a, ___, b, ____: Answer("/", left=Answer("count", where=a), right=Answer("count", where=b)),
            ),
            Rule("S", ("RATIO", "OF", "S", "to", "S"), lambda _, __, a, ___, b: Answer("/", left=a, right=b)),
            Rule("S", ("S", "DIVIDED", "COUNT", "WITH", "C"), lambda s, _, __, ___, c: self._compared("/", s, c, ">")),
            Rule("S", ("S", "DIVIDED", "number", "WITH", "C"), lambda s, _, __, ___, c: self._compared("/", s, c, ">")),
            Rule("S", ("S", "DIVIDED", "S"), lambda a, _, b: Answer("/", left=a, right=b)),
        ]

    def _angle(self, agg: str, what: str, unit: str, pair: Pair) -> Answer | None:
        v = between(what, pair)
        return None if v is None else Answer(agg, v, unit=unit)

    def _compared(self, operator: str, s: Answer | None, other: Conditions, more: str) -> Answer | None:
        """'the mean of V of these larger than that of those': the same answer twice."""
        if s is None or s.left is not None or not s.where or more not in (">", "<"):
            return None
        one, two = (s, replace(s, where=other)) if more == ">" else (replace(s, where=other), s)
        return Answer(operator, left=one, right=two)

    def _mode(self, v: Value) -> Answer | None:
        return Answer("mode", v) if isinstance(v, Column | Size) else None

    def _peak(self, h: tuple[Value, tuple[int, float, float] | None, Conditions]) -> Answer | None:
        return Answer("peak", h[0], bins=h[1], where=h[2]) if h[1] is not None else None

    def _height(self, h: tuple[Value, tuple[int, float, float] | None, Conditions]) -> Answer | None:
        found = self._peak(h)
        return None if found is None else replace(found, operation="peak height")

    def _told(self, s: Answer, _: str, __: str, v: Value) -> Answer | None:
        """'..., HT being the scalar sum of the pt of jets above 30 GeV': what HT stands for."""
        same = isinstance(s.value, Fold) and isinstance(v, Fold)
        return replace(s, value=v) if same else None

    # ------------------------------------------------------------------------------------------ of which events

    def placed(self) -> list[Rule]:
        return [
            Rule("S", ("S", "IN", "E"), lambda s, _, e: self._only(s, e)),
            Rule("S", ("S", "WITH", "E"), lambda s, _, e: self._only(s, e), 0.3),
            Rule("S", ("S", "IN", "C"), lambda s, _, c: self._only(s, c), 0.2),
            Rule("S", ("S", "WITH", "C"), lambda s, _, c: self._only(s, c), 0.2),
            Rule("S", ("S", "E"), lambda s, e: self._only(s, e) if s.operation != "count" or e else None, 0.3),
            Rule("S", ("S", "ALL", "EVT"), lambda s, _, __: s, 0.1),
            Rule("S", ("S", "EVT"), lambda s, _: s if s.operation == "distinct" else None, 0.2),
            Rule("S", ("IN", "S"), lambda _, s: s if s.operation == "distinct" else None, 0.1),
            Rule("S", ("IN", "E", "S"), lambda _, e, s: self._only(s, e)),
            Rule("S", ("IN", "E", ",", "S"), lambda _, e, __, s: self._only(s, e)),
            Rule("S", ("WITH", "C", "S"), lambda _, c, s: self._only(s, c), 0.3),
            Rule("S", ("IN", "C", "S"), lambda _, c, s: self._only(s, c), 0.4),
            Rule("S", ("E", "S"), lambda e, s: self._only(s, e) if e else None, 0.8),
            Rule("S", ("S", "FOREACH"), lambda s, _: s if s.value is not None and level(s.value) is None else None),
            Rule("S", ("S", "in", "UNIT"), lambda s, _, unit: replace(s, unit=unit) if s.value is not None else None),
            Rule("S", ("S", "in", "UNIT"), lambda s, _, __: s if s.value is None and s.left is None else None, 0.4),
            Rule("S", ("S", "UNIT"), lambda s, unit: replace(s, unit=unit) if s.value is not None else None, 0.2),
            Rule("S", ("IN", "ALL", "EVT", "S"), lambda _, __, ___, s: s),
            Rule("S", ("S", "ALL"), lambda s, _: s, 0.3),
            Rule("S", ("S", "IN", "ALL"), lambda s, _, __: s, 0.3),
            Rule("S", ("S", "EXCEPT", "E"), lambda s, _, e: self._without(s, e)),
            Rule("S", ("S", "E", "DROPPED"), lambda s, e, _: self._without(s, e)),
            Rule("S", ("S", "D"), define),
            Rule("S", ("D", "S"), lambda d, s: define(s, d)),
            Rule("S", ("S", "WITH"), lambda s, _: s, 0.3),
            Rule("S", ("BE", "S"), lambda _, s: s),
            Rule("S", ("S", "BE"), lambda s, _: s),
        ]

    def _without(self, s: Answer, conditions: Conditions) -> Answer | None:
        return self._only(s, no(conditions)) if conditions else None

    def _only(self, s: Answer, conditions: Conditions) -> Answer | None:
        """The answer where the conditions hold; those of the objects that the answer is about pick among them."""
        if s.left is not None:
            return None
        events: list[Condition] = []
        for condition in conditions:
            about = level_of(condition)
            if about is not None and s.value is not None and _about(s.value) is about:
                narrowed = _narrow(s.value, condition)
                if narrowed is None:
                    return None
                s = replace(s, value=narrowed)
            elif about is not None and s.objects is not None and s.objects.thing is about and s.operation == "objects":
                s = replace(s, objects=s.objects.passing(condition))
            else:
                events.append(condition)
        return replace(s, where=(*s.where, *(c for c in events if c not in s.where)))


def define(s: Answer, told: Objects) -> Answer | None:
    """The answer with the cuts of ``told`` wherever it speaks of such objects by the same adjective; None where it does not."""
    made = _redefined(s, told)
    return made if isinstance(made, Answer) and made != s else None


def _redefined(node: Any, told: Objects) -> Any:
    if isinstance(node, Objects):
        cuts = tuple(_redefined(c, told) for c in node.cuts)
        if node.thing is told.thing and node.adjective == told.adjective:
            return replace(node, cuts=(*told.cuts, *cuts), adjective="")
        return replace(node, cuts=cuts)
    if isinstance(node, tuple):
        return tuple(_redefined(part, told) for part in node)
    if is_dataclass(node) and not isinstance(node, type) and not isinstance(node, Thing):
        return replace(node, **{f.name: _redefined(getattr(node, f.name), told) for f in fields(node)})
    return node


def _placed(s: Answer | None, where: Conditions) -> Answer | None:
    return None if s is None else replace(s, where=where)


def _about(value: Value | None) -> Thing | None:
    """The collection whose objects a condition after the value picks: those that it has, counts or sums."""
    if isinstance(value, Size):
        return value.objects.thing
    if isinstance(value, Fold):
        return level(value.value)
    return None if value is None else level(value)


def _narrow(value: Value, condition: Condition) -> Value | None:
    if isinstance(value, Of | Size):
        return replace(value, objects=value.objects.passing(condition))
    if isinstance(value, Fold | Apply):
        inner = _narrow(value.value, condition)
        return None if inner is None else replace(value, value=inner)
    return None


def _bins(n: int, low: Number, high: Number) -> tuple[int, float, float] | None:
    return (n, low.value, high.value) if low.value < high.value and 1 < n <= 10_000 else None
