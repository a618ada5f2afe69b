"""Rules for all pairs of objects of an event: 'opposite-sign muon pairs with a mass between 60 and 120 GeV'."""

from __future__ import annotations

from dataclasses import replace

from treadle.coding.chart import Costly, Rules, rule
from treadle.coding.reading.conditions import Conditions
from treadle.coding.reading.objects import between, of_pair
from treadle.coding.reading.tree import (
    Answer,
    Apply,
    Chosen,
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
    System,
    Value,
)

__all__ = ["Chosing", "of_chosen", "pair_rules"]


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
        rule("ANYTWO", "(ANY TWO|ANY TWO OF) O=o", _all_pairs),
        rule("ANYP", "AP=ap", lambda ap: ap),
        rule("ANYP", "(O=o PAIR|TWO O=o)", _all_pairs, 0.1),
        rule("ANYP", "CHREL=kind ANYP=ap", lambda kind, ap: _signed(ap, kind)),
        rule("CP", "ANYP=ap WITH [INVARIANT] Q=by CLOSEST N=target", _closest),
        rule("CP", "ANYP=ap CLOSEST N=target [in] [INVARIANT] Q=by", _closest),
        rule("CP", "ANYP=ap WITH MAXOF=how [INVARIANT] Q=by", _most),
        rule("CP", "ANYP=ap WITH MAXOF=how DELTA=by", _most),
        rule("CP", "(AMONG|IN|OF) AP=ap ONEOF WITH [INVARIANT] Q=by CLOSEST N=target", _closest),
        rule("V", "[INVARIANT] Q=what OF CP=cp", of_chosen),
        rule("V", "(DELTA=what OF CP=cp|CP=cp DELTA=what)", of_chosen),
        rule("V", "CP=cp [INVARIANT] Q=what", of_chosen),
        rule(
            "V", "[INVARIANT] Q=by OF AP=ap CLOSEST N=target", lambda by, ap, target: of_chosen(by, _closest(ap, by, target))
        ),
        rule(
            "V", "MAXOF=how DELTA=by (between|OF) (AP=ap|ANYTWO=ap)", lambda how, by, ap: of_chosen(by, _most(ap, how, by))
        ),
        rule("V", "DELTA=what between (AP=ap|ANYTWO=ap)", _between),
        rule("V", "INVARIANT Q=what OF [SUM OF] [ALL] O=o", _of_all),
        rule("V", "(ALL|SUM OF|SUM OF ALL) O=o INVARIANT Q=what", _of_all),
        rule("V", "INVARIANT Q=what OF (LEAD=rank INT=n|INT=n LEAD=rank) O=o", _of_first),
        rule("V", "(INT=n O=o INVARIANT Q=what|INVARIANT Q=what OF INT=n O=o|INT=n O=o Q=what)", _of_so_many),
    ]


def _all_pairs(o: Objects) -> Pairs | None:
    if o.one or o.adjective not in ("", "these"):
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


Chosing = tuple[Pairs, str, str, Number | None]


def _closest(ap: Pairs, by: str, target: Number) -> Chosing | None:
    return (ap, by, "nearest", target) if isinstance(of_pair(by, ap.pair), Pairwise) else None


def _most(ap: Pairs, how: str, by: str) -> Chosing | None:
    between_them = by.startswith("delta") and between(by, ap.pair) is not None
    return (ap, by, how, None) if between_them or isinstance(of_pair(by, ap.pair), Pairwise) else None


def of_chosen(what: str, cp: Chosing | None) -> Value | None:
    """A quantity of the chosen pair."""
    if cp is None:
        return None
    ap, by, how, target = cp
    between_them = what.startswith("delta") and between(what, ap.pair) is not None
    return Chosen(ap, what, by, how, target) if between_them or isinstance(of_pair(what, ap.pair), Pairwise) else None


def _of_all(what: str, o: Objects) -> Value | Costly | None:
    """The mass of all jets; nothing of each, which has no invariant mass but its own."""
    fits = what == "mass" and not (o.one or o.signs or o.adjective) and all(o.thing.has(q) for q in ("px", "py", "pz"))
    return System(o, what, loose=True) if fits else None


def _of_first(what: str, n: int, o: Objects, rank: str) -> Value | None:
    """The mass of the first three."""
    made = _of_all(what, o)
    return replace(made, number=n, loose=False) if isinstance(made, System) and n > 2 and rank == "0" else None


def _of_so_many(what: str, n: int, o: Objects) -> Value | None:
    """'the four-lepton mass' of events that have just four."""
    made = _of_first(what, n, o, "0")
    return replace(made, loose=True) if isinstance(made, System) else None


def _number_of(cn: tuple[str, int], ap: Pairs) -> Conditions | None:
    return None if cn[0] == "in" else (Compare(SizeOfPairs(ap), cn[0], Number(cn[1])),)
