"""Rules for answers made of two counts or of two answers: fractions, efficiencies, ratios, differences; and for bins."""

from __future__ import annotations

from dataclasses import dataclass, replace

from treadle.coding.chart import GUESS, Costly, Rules, rule
from treadle.coding.reading.answers import only, reduced
from treadle.coding.reading.catalogue import Catalogue
from treadle.coding.reading.conditions import Conditions, bound, joined
from treadle.coding.reading.looking import level_of
from treadle.coding.reading.objects import between
from treadle.coding.reading.tree import Answer, Column, Flag, Lacking, Number, Objects, Of, Pair, Size, Value

__all__ = ["share_rules"]

NOTHING = Lacking(())
Bins = tuple[int, float, float]
Histogram = tuple[Value, Bins | None, Conditions]


def share_rules(catalogue: Catalogue) -> Rules:
    """More rules of the symbol S; B are bins (number, low, high), H a histogram."""
    return [*_shares(), *_of_objects(), *_compared(catalogue), *_bins(), *_modes()]


# ---------------------------------------------------------------------------------------------- fractions of events


def _shares() -> Rules:
    return [
        rule("S", "FRACTION=f OF E=passing", _share),
        rule("S", "FRACTION=f OF E=e (BE|WITH) C=passing", _share),
        rule("S", "FRACTION=f OF E=e C=passing", _share, 0.1),
        rule("S", "FRACTION=f OF E=e FIRED FLAGS=passing", _share),
        rule("S", "(IN|AMONG) E=e (IN|WHICH) FRACTION=f [WITH] C=passing", _share),
        rule("S", "(IN|AMONG) E=e FRACTION=f [WITH] C=passing", _share),
        rule("S", "(IN|AMONG) E=e [WHICH] FRACTION=f FIRED FLAGS=passing", _share),
        rule("S", "EFF OF [WITH] C=passing", _share),
        rule("S", "EFF OF FLAGS=passing", _of_event_share),
        rule("S", "EFF OF FLAGS=passing WRT E=e", _of_event_share),
        rule("S", "FLAGS=passing EFF", _of_event_share),
        rule("S", "FLAGS=passing FRACTION=f", _share),
        rule("S", "S=s in FRACTION=f", _in_percent),
    ]


def _share(passing: Conditions, f: str = "1", e: Conditions = ()) -> Answer | Costly | None:
    if not passing:
        return None
    made = Answer("fraction", where=e, passing=passing, number=float(f))
    together = joined(e, passing)
    return Costly(made, together.cost) if isinstance(together, Costly) else made


def _of_event_share(passing: Conditions, e: Conditions = ()) -> Answer | Costly | None:
    """An efficiency of events; one of a flag of objects is another thing."""
    return None if any(level_of(c) is not None for c in passing) else _share(passing, "1", e)


def _in_percent(s: Answer, f: str) -> Answer | None:
    shares = s.passing or s.operation == "relstd"
    return replace(s, number=100.0) if f == "100" and shares else None


@dataclass(frozen=True, slots=True)
class _Pass:
    """What objects have to do to pass: 'pass tightId and have an isolation below 0.15'."""

    flags: tuple[str, ...]
    lacking: Lacking = NOTHING


def _of_objects() -> Rules:
    return [
        rule("PASS", "(FIRES|HAVE) [both] QF=what", lambda what: _Pass((what,))),
        rule("PASS", "PASS=p AND QF=what", lambda p, what: replace(p, flags=(*p.flags, what))),
        rule("PASS", "PASS=p AND [HAVE] L=x", lambda p, x: replace(p, lacking=Lacking((*p.lacking.parts, *x.parts)))),
        rule("S", "FRACTION=f OF O=o", _share_of_all),
        rule("S", "FRACTION=f OF O=o [IN E=e] (HAVE L=x|HAVE C=x|PASS=x)", _share_of_objects),
        rule("S", "(IN|AMONG) O=o [WHICH] FRACTION=f (WITH L=x|WITH C=x|PASS=x)", _share_of_objects),
        rule("S", "FRACTION=f OF O=o POSITIVE", lambda f, o: _share_of_objects(f, o, _sign(">"))),
        rule("S", "FRACTION=f OF O=o NEGATIVE", lambda f, o: _share_of_objects(f, o, _sign("<"))),
        rule("S", "EFF OF (L=x|C=x) IN O=o", lambda x, o: _share_of_objects("1", o, x)),
    ]


def _share_of_all(f: str, o: Objects) -> Answer | Costly | None:
    """Of all objects those with these cuts; 'of muons above 20 GeV passing tightId' may be of those above 20 GeV."""
    if not o.cuts:
        return None
    made = _share_of_objects(f, o, ())
    mixed = len(o.cuts) > 1 and any(isinstance(c, Flag) for c in o.cuts)
    return made if made is None or not mixed else Costly(made, GUESS)


def _sign(operator: str) -> Lacking:
    return Lacking((("charge", False, operator, Number(0)),))


def _share_of_objects(f: str, o: Objects, x: Conditions | Lacking | _Pass, e: Conditions = ()) -> Answer | None:
    """The share of objects that pass (of all, their cuts), or that pass more: 'of the muons above 25 GeV, the isolated'."""
    if isinstance(x, _Pass):
        if not all(what in o.thing.columns for what in x.flags):
            return None
        passing: Conditions = (*(Flag(Of(Objects(o.thing), what)) for what in x.flags), *bound(o, x.lacking))
    else:
        passing = bound(o, x) if isinstance(x, Lacking) else x
    if o.one or o.signs or not all(level_of(c) is o.thing for c in passing):
        return None
    return Answer("object fraction", objects=o, where=e, passing=passing, number=float(f))


# ---------------------------------------------------------------------------------------------- two answers


def _compared(catalogue: Catalogue) -> Rules:
    def angle(agg: str, what: str, unit: str, p: Pair) -> Answer | None:
        found = between(what, p)
        made = None if found is None else reduced(agg, found, catalogue)
        return None if made is None else replace(made, unit=unit)

    return [
        rule("S", "DIFFERENCE between S=a and S=b", lambda a, b: Answer("-", left=a, right=b)),
        rule("S", "S=a MINUS S=b", lambda a, b: Answer("-", left=a, right=b), 0.2),
        rule("S", "RATIO OF S=a to S=b", lambda a, b: Answer("/", left=a, right=b)),
        rule("S", "S=a DIVIDED S=b", _over),
        rule("S", "S=s (MORE=more than|OP=more) that OF E=e", lambda s, more, e: _twice("-", s, e, more)),
        rule("S", "BYHOW S=s MORE=more IN E=a than IN E=b", lambda s, more, a, b: _twice("-", only(s, a), b, more)),
        rule("S", "BYFACTOR S=s MORE=more IN E=a than IN E=b", lambda s, more, a, b: _twice("/", only(s, a), b, more)),
        rule("S", "BYHOW [UNIT] S=s", lambda s: s if s.operation == "-" else None),
        rule("S", "RATIO OF S=s to (number|that) WITH C=c", lambda s, c: _twice("/", s, c)),
        rule("S", "RATIO OF S=s to that OF E=c", lambda s, c: _twice("/", s, c)),
        rule("S", "S=s DIVIDED (COUNT|number) WITH C=c", lambda s, c: _twice("/", s, c)),
        rule("S", "RATIO OF C=a to C=b EVT", lambda a, b: _twice("/", Answer("count", where=a), b)),
        rule("S", "AGG=agg DELTA=what in UNIT=unit between P=p", angle),
    ]


def _over(a: Answer, b: Answer) -> Answer | Costly:
    """Of two counts the ratio; 'the mean of A divided by the sum of B' may be that of a ratio."""
    made = Answer("/", left=a, right=b)
    return (
        made
        if {a.operation, b.operation} <= {"count", "objects"} or a.operation == b.operation == "sum"
        else Costly(made, GUESS)
    )


def _twice(operator: str, s: Answer | None, other: Conditions, more: str = ">") -> Answer | None:
    """'the mean of V of these larger than that of those': the same answer twice."""
    if s is None or s.left is not None or not s.where or more not in (">", "<"):
        return None
    one, two = (s, replace(s, where=other)) if more == ">" else (replace(s, where=other), s)
    return Answer(operator, left=one, right=two)


# ---------------------------------------------------------------------------------------------- histograms


def _bins() -> Rules:
    return [
        rule("B", "INT=n BINS BETWEEN N=low TO N=high", _binned),
        rule("B", "INT=n BINS N=low - N=high", _binned),
        rule("B", "BETWEEN N=low TO N=high (IN|WITH) INT=n BINS", _binned),
        rule("H", "HISTOGRAM [OF] V=v", lambda v: (v, None, ())),
        rule("H", "V=v into HISTOGRAM", lambda v: (v, None, ())),
        rule("H", "where V=v peak", lambda v: (v, None, ())),
        rule("H", "H=h [WITH] B=b", lambda h, b: (h[0], b, h[2]) if h[1] is None else None),
        rule("H", "H=h IN B=b", lambda h, b: (h[0], b, h[2]) if h[1] is None else None),
        rule("H", "H=h [IN] E=e", lambda h, e: (h[0], h[1], (*h[2], *e))),
        rule("S", "H=h [where] PEAK", _peak),
        rule("S", "H=h CENTRE OF PEAK", _peak),
        rule("S", "H=h CENTRE OF BINS WITH PEAK", _peak),
        rule("S", "H=h WHICH PEAK", _peak),
        rule("S", "CENTRE OF PEAK OF H=h", _peak),
        rule("S", "H=h (largest|highest|maximum) bin content", _height),
        rule("S", "H=h content of PEAK", _height),
        rule("S", "H=h COUNT EVT WITH PEAK", _height),
        rule("S", "S=s bin CENTRE", lambda s: s if s.operation == "peak" else None),
        rule("S", "S=s CENTRE of bin", lambda s: s if s.operation == "peak" else None),
    ]


def _binned(n: int, low: Number, high: Number) -> Bins | None:
    return (n, low.value, high.value) if low.value < high.value and 1 < n <= 10_000 else None


def _peak(h: Histogram) -> Answer | None:
    return Answer("peak", h[0], bins=h[1], where=h[2]) if h[1] is not None else None


def _height(h: Histogram) -> Answer | None:
    found = _peak(h)
    return None if found is None else replace(found, operation="peak height")


def _modes() -> Rules:
    return [
        rule("S", "MODE V=v", _mode),
        rule("S", "WHICH V=v (WITH|BE) MODE", _mode),
        rule("S", "WHICH V=v WITH most EVT", _mode),
        rule(
            "S",
            "WHICH V=v WITH most O=o",
            lambda v, o: _mode(v) if isinstance(v, Of) and v.objects.thing is o.thing else None,
        ),
    ]


def _mode(v: Value) -> Answer | None:
    return Answer("mode", v) if isinstance(v, Column | Size | Of) else None
