"""Rules for objects that one part of a request takes and another speaks of: 'take two jets; mean of their mass'."""

from __future__ import annotations

from dataclasses import replace

from treadle.coding.chart import GUESS, Costly, Rules, rule
from treadle.coding.reading.answers import only, reduced
from treadle.coding.reading.catalogue import Catalogue
from treadle.coding.reading.conditions import Conditions
from treadle.coding.reading.looking import changed, counted, parts_of
from treadle.coding.reading.objects import of_pair, quantity, usual_order
from treadle.coding.reading.pairs import Chosing, of_chosen
from treadle.coding.reading.tree import (
    Answer,
    Chosen,
    ChosenThree,
    Compare,
    Number,
    Objects,
    Pair,
    Pairwise,
    System,
    That,
    Value,
)

__all__ = ["pronoun_rules"]

Taken = Objects | Pair | ChosenThree | Chosing


def pronoun_rules(catalogue: Catalogue) -> Rules:
    """Rules of X (what is taken: an object, two, or one pair of all) and of values 'of it' and 'of them'."""
    return [
        rule("S", "THAT AGG=agg [INVARIANT] Q=what", lambda agg, what: reduced(agg, That(what), catalogue)),
        rule("X", "O=o", lambda o: o if o.rank is not None else None),
        rule("X", "P=p", lambda p: p if not p.loose else None),
        rule("X", "CP=cp", lambda cp: cp),
        rule("X", "(AMONG|IN|OF) AP=ap [TAKE] CP=cp", lambda ap, cp: cp if cp[0] == ap else None),
        rule("TR", "[COMBINATION OF] three O=o SUMMED MAXOF=how Q=by", _three),
        rule("TR", "[TAKE] (AMONG|IN|OF) O=o [,] [TAKE] three SUMMED MAXOF=how Q=by", _three),
        rule("X", "TR=tr", lambda tr: tr),
        rule("S", "[IN] E=e [,] TR=it (.|,|and|;|:) S=s", _spoken_of_events),
        rule("S", "TR=it (.|,|and|;|:) S=s", _spoken),
        rule("V", "[INVARIANT] Q=what OF TR=tr", lambda what, tr: _value(That(what), tr) if what == "mass" else None),
        rule("V", "[INVARIANT] Q=what OF TRIO", lambda what: That(what, system=True)),
        rule("V", "THAT [INVARIANT] Q=what", That),
        rule("V", "[INVARIANT] Q=what OF THEM", That),
        rule("V", "[INVARIANT] Q=what OF [THAT] PAIR", lambda what: That(what, system=True)),
        rule("V", "[THAT] PAIR [INVARIANT] Q=what", lambda what: That(what, system=True), 0.2),
        rule("S", "IN E=e (.|,|and|;|:) S=s", _of_counted),
        rule("S", "S=s IN E=e", _of_counted),
        rule("S", "TAKE X=it (.|,|and|;|:) S=s", _spoken),
        rule("S", "[TAKE] V=v (,|.|and|;|, and) S=s", _spoken_value),
        rule("S", "[IN] E=e , TAKE X=it (.|,|and|;|:) S=s", _spoken_of_events),
        rule("S", "[IN] E=e TAKE X=it (.|,|and|;|:) S=s", _spoken_of_events),
        rule("S", "TAKE X=it IN E=e (.|,|and|;|:) S=s", _spoken_of_events),
        rule("S", "TAKE X=it FOREACH (.|,|and|;|:) S=s", _spoken),
        rule("S", "FOREACH [,] TAKE X=it (.|,|and|;|:) S=s", _spoken),
        rule("S", "FOREACH E=e [,] TAKE X=it (.|,|and|;|:) S=s", _spoken_of_events),
    ]


def _three(o: Objects, how: str, by: str) -> ChosenThree | None:
    """Three objects of all; which quantity of theirs is asked for is said behind."""
    fits = by in ("pt", "mass", "energy") and not (o.one or o.signs) and all(o.thing.has(q) for q in ("px", "py", "pz"))
    return ChosenThree(o, by, by, how) if fits else None


def _spoken(s: Answer, it: Taken) -> Answer | Costly | None:
    """The answer with the quantities of what was taken in the place of 'its' and 'their'; of others it says nothing."""
    if not any(True for _ in parts_of(s, That)):
        return s if isinstance(it, Pair) and any((p.one, p.other) == (it.one, it.other) for p in parts_of(s, Pair)) else None
    made = changed(s, lambda node: _value(node, it) if isinstance(node, That) else None)
    if not isinstance(made, Answer):
        return None
    signed = isinstance(it, Pair) and it.signs
    return Costly(made, GUESS) if signed else made


def _spoken_of_events(e: Conditions, s: Answer, it: Taken) -> Answer | Costly | None:
    made = _spoken(s, it)
    if made is None or isinstance(made, Costly):
        return made
    return only(made, e)


def _spoken_value(v: Value, s: Answer) -> Answer | None:
    """'Recompute the invariant mass of the pair and count the events with this mass above 60 GeV'."""
    asked = {that.what for that in parts_of(s, That)}
    if not isinstance(v, Pairwise | System | Chosen) or asked != {v.what}:
        return None
    made = changed(s, lambda node: v if isinstance(node, That) else None)
    return made if isinstance(made, Answer) else None


def _of_counted(e: Conditions, s: Answer) -> Answer | Costly | None:
    """'Events with exactly two muons: mean mass of the pair'."""
    two = [o for c in e if (o := counted(c)) and isinstance(c, Compare) and (c.operator, c.right) == ("==", Number(2))]
    if len(two) != 1:
        return None
    by = usual_order(two[0].thing)
    return _spoken_of_events(e, s, Pair(replace(two[0], rank=0, by=by), replace(two[0], rank=1, by=by)))


def _value(that: That, it: Taken) -> Value:
    """The quantity of what was taken. 'Their pt' is that of each of two, 'their mass' that of both.

    Raises:
        LookupError: what was taken has no such quantity.
    """
    if isinstance(it, Objects):
        found: Value | None = None if that.system else quantity(it, that.what)
    elif isinstance(it, ChosenThree):
        found = replace(it, what=that.what) if that.what in ("mass", "pt", "energy") else None
    elif isinstance(it, Pair):
        found = of_pair(that.what, it) if that.system or that.what == "mass" else None
    else:
        found = of_chosen(that.what, it)
    if found is None or that.what.startswith("|"):
        raise LookupError(that.what)
    return found
