"""Rules for what is asked: numbers of events and objects, an operation on values, and of which events."""

from __future__ import annotations

from dataclasses import replace

from treadle.coding.chart import GUESS, Costly, Rules, rule
from treadle.coding.reading.catalogue import Catalogue, Thing
from treadle.coding.reading.conditions import Conditions, bare, bound, no
from treadle.coding.reading.looking import changed, counted, level, level_of, parts_of
from treadle.coding.reading.tree import (
    Answer,
    Apply,
    BestRow,
    Column,
    Compare,
    Condition,
    Dangling,
    Every,
    Fold,
    Lacking,
    Number,
    Objects,
    Of,
    Signs,
    Size,
    Value,
)

__all__ = ["answer_rules", "only", "reduced"]


def answer_rules(catalogue: Catalogue) -> Rules:
    """Rules of the symbol S, an ``Answer``; W is the value that is the weight of an event."""
    a = _Answers(catalogue)
    return [*_counts(catalogue), *a.reductions(), *a.unusual(), *a.weighted(), *_placed(), *_told()]


# ---------------------------------------------------------------------------------------------- numbers of things


def _counts(catalogue: Catalogue) -> Rules:
    return [
        rule("S", "COUNT [OF] E=e", _count),
        rule("S", "COUNT [OF] E=e (C=c|BE C=c)", lambda e, c: _count((*e, *c)), 0.1),
        rule("S", "COUNT OF E=e WITH C=c", lambda e, c: _count((*e, *c)), 0.1),
        rule("S", "IN E=e AND COUNT", _count),
        rule("S", "E=e COUNT", _count),
        rule("S", "IN COUNT E=e", _count, 0.1),
        rule("S", "E=e", lambda e: _count(e) if e else None, 1.0),
        rule("S", "AGG=agg COUNT E=e", lambda agg, e: _count(e) if agg == "sum" else None),
        rule("S", "COUNT O=o [IN ALL]", _objects),
        rule("S", "COUNT O=o HAVE (L=x|C=x)", _objects_passing),
        rule("S", "COUNT O=o IN E=e HAVE (L=x|C=x)", _objects_passing),
        rule("S", "COUNT O=o WITH E=e", _objects, 0.1),
        rule("S", "AGG=agg COUNT O=o", lambda agg, o: _objects(o) if agg == "sum" else None),
        rule("S", "COUNT K=k", lambda k: Answer("sum", Column(k)), 0.2),
        rule("S", "COUNT DISTINCT V=v", lambda v: Answer("distinct", v) if level(v) is None else None),
        rule("S", "COUNT V=v", lambda v: Answer("distinct", v) if _numbers(v, catalogue) else None, 0.6),
        rule("S", "COUNT P=p", lambda p: _count((Signs(p.signs, p),)) if p.signs else None, 0.5),
        rule("S", "COUNT S=s", lambda s: s if s.operation in ("distinct", "count", "objects") else None, 0.3),
    ]


def _count(e: Conditions) -> Answer:
    return Answer("count", where=e)


def _objects(o: Objects, e: Conditions = ()) -> Answer | None:
    return None if o.one or o.signs else Answer("objects", objects=o, where=e)


def _objects_passing(o: Objects, x: Lacking | Conditions, e: Conditions = ()) -> Answer | None:
    """'How many muons in events with two jets have pt above 20': the last words are about what is counted."""
    cuts = bound(o, x) if isinstance(x, Lacking) else x
    return _objects(o.passing(*cuts), e) if all(level_of(c) is o.thing for c in cuts) and not o.one else None


def _numbers(v: Value, catalogue: Catalogue) -> bool:
    """'how many runs', 'how many spills': whether a column numbers what is counted."""
    numbering = {"run", "fill", "spill", "lumi", "block"}
    return isinstance(v, Column) and catalogue.by_column[v.name].ideas <= numbering


# ---------------------------------------------------------------------------------------------- one number of many


class _Answers:
    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue

    def reductions(self) -> Rules:
        return [
            rule("S", "AGG=agg [OF] [ALL] V=v", self._reduced),
            rule("S", "V=v AGG=agg", self._reduced, 0.4),
            rule("S", "AGG=agg IN E=e OF V=v", self._reduced),
            rule(
                "S", "V=v OF [ALL] E=e AGG=agg", lambda agg, v, e: self._reduced(agg, v, e) if isinstance(v, Fold) else None
            ),
            rule(
                "S", "COUNT O=o (EVT WITH|FOREACH|OF) AGG=agg", lambda o, agg: None if o.one else self._reduced(agg, Size(o))
            ),
            rule("S", "COUNT K=k EVT WITH AGG=agg", lambda k, agg: self._reduced(agg, Column(k))),
            rule("S", "AGG=agg COUNT O=o", lambda agg, o: None if o.one or agg == "sum" else self._reduced(agg, Size(o))),
            rule("S", "INT=n (ORDINAL|percent|%) PERCENTILE OF V=v", _percentile),
            rule("S", "INT=n PERCENTILE OF V=v", _percentile),
            rule("S", "V=v INT=n ORDINAL PERCENTILE", _percentile, 0.3),
            rule("S", "CORR (between|OF) V=a and V=b", _correlation),
            rule("S", "CORR OF V=a WITH V=b", _correlation),
            rule("S", "V=a CORR WITH V=b [CORR]", _correlation),
        ]

    def unusual(self) -> Rules:
        """'how high does V get', 'V in the event with the largest W', 'the mean of the 5 largest values of V'."""
        return [
            rule("S", "HOWLARGE S=s", lambda s: s if s.passing or "fraction" in s.operation else None),
            rule("S", "HOWLARGE V=v AGG=agg", self._reduced),
            rule("S", "HOWLARGE V=v", lambda v: self._reduced("max", v), 0.5),
            rule("S", "HOWLOW V=v", lambda v: self._reduced("min", v), 0.5),
            rule("S", "HOWWIDE HISTOGRAM OF V=v AGG=agg", self._reduced),
            rule("S", "BYHOW V=v [AGG=again] AGG=agg", lambda v, agg, again="": self._spread(agg, v, again)),
            rule("S", "WHICH value of V=v WITH half of OP", lambda v: self._reduced("median", v)),
            rule("S", "ALL OF V=v AGG=agg to", lambda v, agg: self._reduced(agg, v) if agg == "sum" else None),
            rule("S", "AGG=agg OF INT=n MAXOF=how OF V=v", self._top),
            rule("S", "V=v in EVT WITH MAXOF=how V=of", _at_extreme),
        ]

    def _reduced(self, agg: str, v: Value, e: Conditions = ()) -> Answer | None:
        return reduced(agg, v, self.catalogue, e)

    def _spread(self, agg: str, v: Value, again: str) -> Answer | None:
        return self._reduced(agg, v) if agg in ("std", "rms") and again in ("", agg) else None

    def _top(self, agg: str, n: int, how: str, v: Value) -> Answer | None:
        made = self._reduced(agg, v)
        return None if made is None or n < 1 else replace(made, top=n if how == "max" else -n)

    # ------------------------------------------------------------------------------------------ weights

    def weighted(self) -> Rules:
        return [
            rule("W", "[EVT] weight BEING V=v", lambda v: v),
            rule("S", "WEIGHTED AGG=agg [OF] V=v", lambda agg, v: _weighted(agg, v, self._weight())),
            rule("S", "WEIGHTED AGG=agg OF V=v WEIGHTEDBY V=w", _weighted),
            rule("S", "WEIGHTED AGG=agg OF V=v using V=w as weight", _weighted),
            rule("S", "S=s WEIGHTEDBY V=w", _weighted_answer),
            rule("S", "S=s using V=w", lambda s, w: s if s.operation.startswith("weighted") and s.other == w else None),
            rule("S", "S=s using V=w as weight", _weighted_answer),
            rule("S", "WEIGHTED YIELD AGG=agg OF V=w IN E=e", lambda agg, w, e: _yield(w, e) if agg == "sum" else None),
            rule("S", "WEIGHTED [EVT] YIELD IN (E=e|C=e) [W=w]", lambda e, w=None: _yield(w or self._weight(), e)),
            rule("S", "WEIGHTED COUNT E=e [W=w]", lambda e, w=None: _yield(w or self._weight(), e)),
            rule("S", "WEIGHTED EVT (COUNT|YIELD)", lambda: _yield(self._weight(), ())),
            rule("S", "AGG OF WEIGHTED COUNT E=e", lambda e: _yield(self._weight(), e)),
        ]

    def _weight(self) -> Column:
        """Raises LookupError where not just one column is a weight."""
        found = [q.column for q in self.catalogue.quantities if not q.jagged and "weight" in q.ideas]
        if len(found) != 1:
            raise LookupError("weight")
        return Column(found[0])


def reduced(agg: str, v: Value, catalogue: Catalogue, where: Conditions = ()) -> Answer | None:
    """An operation on a value, None where that means nothing: the mean of run numbers, or of a text."""
    if isinstance(v, Number):
        return None
    if isinstance(v, Column) and agg in ("mean", "std", "sum"):
        numbers = catalogue.by_column[v.name].ideas in ({"run"}, {"event"}, {"event", "number"}, {"run", "number"})
        if numbers or catalogue.words(v.name):
            return None
    return Answer(agg, v, where=where)


def _percentile(n: int, v: Value) -> Answer | None:
    return Answer("percentile", v, number=float(n)) if 0 < n < 100 else None


def _correlation(a: Value, b: Value) -> Answer | None:
    return Answer("correlation", a, other=b) if level(a) is level(b) and a != b else None


def _at_extreme(v: Value, how: str, of: Value) -> Answer | None:
    return Answer(f"at {how}", v, other=of) if level(v) is None and level(of) is None else None


def _weighted(agg: str, v: Value, w: Value) -> Answer | None:
    if agg not in ("mean", "sum") or level(w) is not None or level(v) is not None:
        return None
    return Answer(f"weighted {agg}", v, other=w)


def _weighted_answer(s: Answer, w: Value) -> Answer | None:
    if s.operation == "count":
        return _yield(w, s.where)
    made = _weighted(s.operation, s.value, w) if s.value is not None else None
    return None if made is None else replace(made, where=s.where)


def _yield(w: Value, where: Conditions) -> Answer:
    return Answer("sum", w, where=where)


# ---------------------------------------------------------------------------------------------- of which events


def _placed() -> Rules:
    return [
        rule("S", "S=s IN E=e", only),
        rule("S", "S=s WITH E=e", only, 0.3),
        rule("S", "S=s (INC|WITH) C=e", _only_such, 0.2),
        rule("S", "S=s (,|.|;|?) E=e", lambda s, e: only(s, e) if e else None, 0.3),
        rule("S", "S=s AMONG E=e", lambda s, e: only(s, e) if s.passing or s.value is not None else None),
        rule("S", "(IN|AMONG) E=e [,] S=s", only),
        rule("S", "WITH C=e S=s", _only_such, 0.3),
        rule("S", "INC C=e S=s", _only_such, 0.4),
        rule("S", "E=e S=s", lambda e, s: only(s, e) if e else None, 0.8),
        rule("S", "S=s EXCEPT E=e", lambda s, e: only(s, no(e)) if e else None),
        rule("S", "S=s E=e DROPPED", lambda s, e: only(s, no(e)) if e else None),
        rule("S", "S=s FOREACH", _each_event),
        rule("S", "IN ALL EVT S=s", lambda s: s),
        rule("S", "S=s ALL EVT", lambda s: s, 0.1),
        rule("S", "S=s [IN] ALL", lambda s: s, 0.3),
        rule("S", "S=s EVT", lambda s: s if s.operation == "distinct" else None, 0.2),
        rule("S", "IN S=s", lambda s: s if s.operation == "distinct" or s.passing else None, 0.1),
        rule("S", "S=s WITH", lambda s: s, 0.3),
        rule("S", "S=s V=v", lambda s, v: s if s.value == v and s.operation in ("mode", "distinct") else None, 0.1),
        rule("S", "S=s [IN] R=bounds", _between_bounds, 0.3),
        rule("R", "BETWEEN N=low TO N=high", lambda low, high: ((">", low), ("<", high))),
        rule("R", "OP=op N=n", lambda op, n: ((op, n),)),
        rule("S", "(BE S=s|S=s BE)", lambda s: s),
    ]


def _each_event(s: Answer) -> Answer | None:
    """'the mean number of jets per event'; 'how many jets per event' does not say which number of many."""
    return s if s.value is not None and level(s.value) is None and s.operation != "sum" else None


def _only_such(s: Answer, e: Conditions) -> Answer | Costly | None:
    """Conditions without the word events: 'mean MET for MET above 20'; of objects they are a guess ('any of them')."""
    if any(bare(c) or isinstance(c, Dangling) for c in e):
        return None
    made = only(s, e)
    new = () if made is None else tuple(c for c in made.where if c not in s.where)
    guess = any(level_of(c) is not None or counted(c) is not None or isinstance(c, Every) for c in new)
    return made if made is None or not guess else Costly(made, GUESS)


def _between_bounds(s: Answer, bounds: tuple[tuple[str, Number], ...]) -> Answer | None:
    """'the mean mass, using only those between 80 and 100 GeV': bounds on what is reduced."""
    if s.value is None or level(s.value) is not None or s.operation in ("mode", "distinct"):
        return None
    unit = bounds[-1][1].unit
    made = tuple(Compare(s.value, op, Number(n.value, n.unit or unit)) for op, n in bounds)
    return replace(s, where=(*s.where, *made))


def only(s: Answer, e: Conditions) -> Answer | None:
    """The answer where the conditions hold; those of the objects that the answer is about pick among them.

    'These jets' are those that the conditions count.
    """
    for o in (o for c in e if (o := counted(c)) is not None and o.cuts and not none_of(c)):
        s = these(s, o)
    if s.left is not None or any(isinstance(c, BestRow) for c in s.where):
        return None  # of which events the best rows are chosen, or of which both counts are, is not said
    if s.parts:
        parts = tuple(only(part, e) for part in s.parts)
        return None if None in parts else replace(s, parts=tuple(p for p in parts if p is not None))
    if s.groups is not None and (s.groups.inner == "size" or any(level_of(c) is not None for c in e)):
        return None  # whether groups without such rows count is not said
    events: list[Condition] = []
    for condition in e:
        about = level_of(condition)
        if about is not None and s.value is not None and _about(s.value) is about:
            narrowed = _narrow(s.value, condition)
            if narrowed is None:
                return None
            s = replace(s, value=narrowed)
        elif about is not None and s.objects is not None and s.objects.thing is about:
            if s.operation != "objects":
                return None
            s = replace(s, objects=s.objects.passing(condition))
        else:
            events.append(condition)
    return replace(s, where=(*s.where, *(c for c in events if c not in s.where)))


def none_of(c: Condition) -> bool:
    """Whether a condition is that there are no such objects."""
    return isinstance(c, Compare) and (c.operator in ("<", "<=") or c.right == Number(0))


def these(s: Answer, told: Objects) -> Answer:
    """The answer with the objects that were told in the place of 'these'."""
    found = changed(s, lambda n: _told_ones(n, told) if isinstance(n, Objects) else None)
    assert isinstance(found, Answer)
    return found


def _told_ones(o: Objects, told: Objects) -> Objects | None:
    if o.thing is not told.thing or o.adjective != "these":
        return None
    return replace(o, adjective=told.adjective, cuts=(*told.cuts, *o.cuts))


def _about(value: Value) -> Thing | None:
    """The collection whose objects a condition after the value picks: those that it has, counts or sums."""
    if isinstance(value, Size):
        return value.objects.thing
    return level(value.value) if isinstance(value, Fold) else level(value)


def _narrow(value: Value, condition: Condition) -> Value | None:
    if isinstance(value, Of | Size):
        return replace(value, objects=value.objects.passing(condition))
    if isinstance(value, Fold | Apply):
        inner = _narrow(value.value, condition)
        return None if inner is None else replace(value, value=inner)
    return None


# ---------------------------------------------------------------------------------------------- units, and what is told


def _told() -> Rules:
    return [
        rule("S", "S=s in UNIT=unit", lambda s, unit: replace(s, unit=unit) if s.value is not None else None),
        rule("S", "S=s in UNIT", lambda s: s if s.value is None and s.left is None else None, 0.4),
        rule("S", "S=s UNIT=unit", lambda s, unit: replace(s, unit=unit) if s.value is not None else None, 0.2),
        rule("S", "S=s D=told", _defined),
        rule("S", "D=told S=s", _defined),
        rule("S", "S=s (.|?|;|,) they (HAVE|BE) C=c", _of_kind),
        rule("S", "S=s [where] HT BEING V=v", _meant),
        rule("S", "S=s WITH HT V=v", _meant),
    ]


def _meant(s: Answer, v: Value) -> Answer | None:
    """'..., HT being the scalar sum of the pt of jets above 30 GeV': what HT stands for."""
    return replace(s, value=v) if isinstance(s.value, Fold) and isinstance(v, Fold) else None


def _defined(s: Answer, told: Objects) -> Answer | None:
    """The answer with the cuts of ``told`` wherever it names such objects by the same adjective; None where it does not."""
    made = changed(s, lambda node: _redefined(node, told) if isinstance(node, Objects) else None)
    return made if isinstance(made, Answer) and made != s else None


def _of_kind(s: Answer, c: Conditions) -> Answer | None:
    """'How many electrons are there? They have lep_type 11': a condition that says which the particles of a kind are."""
    kinds = {o for o in parts_of(s, Objects) if o.adjective.startswith("kind ")}
    if len(kinds) != 1 or len(c) != 1 or level_of(c[0]) is not next(iter(kinds)).thing:
        return None
    (o,) = kinds
    made = changed(s, lambda node: o.passing(c[0]) if node == o else None)
    return made if isinstance(made, Answer) else None


def _redefined(node: Objects, told: Objects) -> Objects:
    cuts = changed(node.cuts, lambda inner: _redefined(inner, told) if isinstance(inner, Objects) else None)
    if node.thing is told.thing and node.adjective == told.adjective:
        return replace(node, cuts=(*told.cuts, *cuts), adjective="")
    return replace(node, cuts=cuts)
