"""Rules for all pairs of objects of an event: 'opposite-sign muon pairs with a mass between 60 and 120 GeV'."""

from __future__ import annotations

from dataclasses import replace

from treadle.coding.reading.chart import Rules, rule
from treadle.coding.reading.conditions import Conditions
from treadle.coding.reading.objects import between, of_pair
from treadle.coding.reading.tree import (
    Answer,
    Apply,
    Compare,
    Lacking,
    Number,
    Objects,
    OfPairs,
    Pair,
    Pairs,
    Pairwise,
    Signs,
    SizeOfPairs,
    Value,
)

__all__ = ["pair_rules"]


def pair_rules(_: object) -> Rules:
    """Rules of the symbol AP (``Pairs``), and of what is asked of them."""
    return [
        rule("AP", "[ALL] O=o PAIRS", _all_pairs),
        rule("AP", "PAIRS OF [ALL] O=o", _all_pairs),
        rule("AP", "CHREL=kind AP=ap", lambda kind, ap: _signed(ap, kind)),
        rule("AP", "AP=ap [WITH] CHREL=kind", lambda kind, ap: _signed(ap, kind)),
        rule("AP", "AP=ap [WITH] L=x", _passing),
        rule("AP", "AP=ap IN L=x", _passing, 0.1),
        rule("AP", "AP=ap WITH DELTA=what OP=op N=n", _near),
        rule("AP", "ALL AP=ap", lambda ap: ap),
        rule("V", "Q=what OF AP=ap", _value),
        rule("V", "AP=ap Q=what", _value),
        rule("V", "INVARIANT Q=what OF AP=ap", lambda what, ap: _value(what, ap) if what == "mass" else None),
        rule("V", "DELTA=what OF AP=ap", _between),
        rule("V", "COUNT AP=ap", lambda ap: SizeOfPairs(ap), 0.5),
        rule("S", "COUNT AP=ap", lambda ap: Answer("sum", SizeOfPairs(ap))),
        rule("C", "CN=cn AP=ap", _number_of),
    ]


def _all_pairs(o: Objects) -> Pairs | None:
    if o.one or o.adjective:
        return None
    plain = replace(o, signs="")
    pairs = Pairs(Pair(replace(plain, side=1), replace(plain, side=2)))
    return _signed(pairs, o.signs) if o.signs else pairs


def _signed(ap: Pairs, kind: str) -> Pairs | None:
    if not ap.pair.one.thing.has("charge") or any(isinstance(c, Signs) for c in ap.cuts):
        return None
    return replace(ap, cuts=(*ap.cuts, Signs(kind, ap.pair)))


def _passing(ap: Pairs, x: Lacking) -> Pairs | None:
    cuts: list[Compare] = []
    for what, absolute, operator, number in x.parts:
        value = of_pair(what, ap.pair)
        if value is None:
            return None
        cuts.append(Compare(Apply("abs", value) if absolute else value, operator, number))
    return replace(ap, cuts=(*ap.cuts, *cuts))


def _near(ap: Pairs, what: str, op: str, n: Number) -> Pairs | None:
    value = between(what, ap.pair)
    return None if value is None else replace(ap, cuts=(*ap.cuts, Compare(value, op, n)))


def _value(what: str, ap: Pairs) -> Value | None:
    return OfPairs(ap, what) if isinstance(of_pair(what, ap.pair), Pairwise) else None


def _between(what: str, ap: Pairs) -> Value | None:
    return None if between(what, ap.pair) is None else OfPairs(ap, what)


def _number_of(cn: tuple[str, int], ap: Pairs) -> Conditions | None:
    return None if cn[0] == "in" else (Compare(SizeOfPairs(ap), cn[0], Number(cn[1])),)
