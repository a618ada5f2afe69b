"""Rules for objects near others: 'jets within delta R < 0.4 of any muon', 'remove every jet that is'."""

from __future__ import annotations

from treadle.coding.chart import GUESS, Costly, Rules, rule
from treadle.coding.reading.answers import only
from treadle.coding.reading.conditions import Conditions
from treadle.coding.reading.looking import changed, parts_of
from treadle.coding.reading.tree import All, Answer, Condition, Every, Near, Not, Number, Objects, Or, Size

__all__ = ["apart_rules"]

Others = tuple[Objects, ...]
Relation = tuple[str, str, Number, Others]
"""What is measured between the objects, '<' or '>', the distance, and the others."""


def apart_rules(_: object) -> Rules:
    """Rules of NR (a relation to other objects), and of objects with it; OTHERS are these."""
    return [
        rule("OTHERS", "O=o", lambda o: (o,)),
        rule("OTHERS", "(ANY|EVERY) O=o", lambda o: None if o.one else (o,)),
        rule("OTHERS", "nearest O=o", lambda o: None if o.one else (o,)),
        rule("OTHERS", "OTHERS=a OR O=b", lambda a, b: (*a, b) if len(a) == 1 and a[0].thing is not b.thing else None),
        rule(
            "OTHERS", "OTHERS=a and EVERY O=b", lambda a, b: (*a, b) if len(a) == 1 and a[0].thing is not b.thing else None
        ),
        rule("NR", "within DELTA=what [OP=op] N=n OF OTHERS=others", _within),
        rule("NR", "within N=n in DELTA=what OF OTHERS=others", _within),
        rule("NR", "within [cone] DELTA=what [OP=op] N=n (around|to) OTHERS=others", _within),
        rule("NR", "DELTA=what OP=op N=n (to|from|with|OF) OTHERS=others", _relation),
        rule("NR", "OP=op N=n in DELTA=what (to|from) OTHERS=others", _relation),
        rule("NR", "OP=op N=n in DELTA=what away from OTHERS=others", _relation),
        rule("NR", "OP=op N=n away from OTHERS=others in DELTA=what", _relation),
        rule("NR", "(separated|away) from OTHERS=others by [DELTA=what] OP=op N=n", _relation),
        rule("NR", "DELTA=what to OTHERS=others [IS] OP=op N=n", _relation),
        rule("O", "O=o [WITHP] NR=nr", _related),
        rule("O", "O=o BE NR=nr", _related),
        rule("O", "O=o (that|which) BE NR=nr", _related),
        rule("O", "O=o (NOT NR=nr|WITHP NOT NR=nr)", _unrelated),
        rule("O", "O=o AND [BE] NR=nr", lambda o, nr: _related(o, nr) if o.cuts else None),
        rule("O", "O=o AND NOT NR=nr", lambda o, nr: _unrelated(o, nr) if o.cuts else None),
        rule("C", "(EVERY O=o BE NR=nr|EVERY O=o NR=nr|BE EVERY O=o NR=nr)", _every, -0.4),
        rule("S", "(REMOVE|EXCEPT) O=o (.|,|and|;) S=s", lambda o, s: _without(s, o)),
        rule("S", "S=s (.|,|;) (REMOVE|EXCEPT) O=o", lambda o, s: _without(s, o)),
        rule("S", "S=s (AFTERREMOVAL|EXCEPT) O=o", lambda o, s: _without(s, o)),
        rule("S", "AFTERREMOVAL O=o , S=s", lambda o, s: _without(s, o)),
        rule("S", "TAKE O=o (and|,|, and|.|. then) REMOVE ONES [WITHP] NR=nr (.|;|, and) S=s", _cleaned),
        rule("S", "S=s LEFT", lambda s: s if s.operation == "objects" or isinstance(s.value, Size) else None, 0.3),
        rule("S", "S=s LEFT (IF|if) [REMOVE] O=o", lambda o, s: _without(s, o)),
    ]


def _within(what: str, n: Number, others: Others, op: str = "<") -> Relation | None:
    return (what, "<", n, others) if op in ("<", "<=", "==") else None


def _relation(op: str, n: Number, others: Others, what: str = "delta_r") -> Relation | None:
    return (what, op[0], n, others) if op in ("<", "<=", ">", ">=") else None


def _condition(o: Objects, nr: Relation) -> Condition | None:
    """That one of the others is near, or, of '>', none of them."""
    what, op, within, others = nr
    needed = {"delta_phi": ("phi",), "delta_eta": ("eta",), "delta_r": ("eta", "phi")}.get(what)
    if op == ">" and any(x.rank is not None for x in others):
        return None  # what of events without that one?
    if o.one or needed is None or within.unit not in ("", "rad") or not 0 < within.value < 7:
        return None
    if not all(x.thing is not o.thing and x.thing.has(q) for x in (*others, o) for q in needed if x is not o):
        return None
    if not all(o.thing.has(q) for q in needed) or any(x.signs for x in others):
        return None
    near = tuple(Near(o.thing, x, what, within) for x in others)
    any_of_them: Condition = near[0] if len(near) == 1 else Or(near)
    if op == "<":
        return any_of_them
    return Not(near[0]) if len(near) == 1 else All(tuple(Not(n) for n in near))


def _related(o: Objects, nr: Relation) -> Objects | None:
    found = _condition(o, nr)
    return None if found is None else o.passing(found)


def _unrelated(o: Objects, nr: Relation) -> Objects | None:
    found = _condition(o, nr)
    return None if found is None or nr[1] != "<" else o.passing(Not(found))


def _every(o: Objects, nr: Relation) -> Conditions | None:
    found = None if o.cuts else _condition(o, nr)
    return None if found is None else (Every(found),)


def _without(s: Answer, o: Objects) -> Answer | Costly | None:
    """The answer without such objects: of those of the collection that it counts or is about, the others stay."""
    if o.one or o.signs or o.adjective or not o.cuts or s.left is not None:
        return None
    gone: Condition = Not(o.cuts[0] if len(o.cuts) == 1 else All(o.cuts))
    made = only(s, (gone,))
    if made is None or made.where != s.where:
        return None
    return made if any(_is_near(c) for c in o.cuts) else Costly(made, GUESS)


def _cleaned(o: Objects, nr: Relation, s: Answer) -> Answer | None:
    """'Start from jets above 30 GeV and remove each one within delta R < 0.4 of any muon. How many jets are left?'"""
    kept = _unrelated(o, nr)
    plain = Objects(o.thing)
    if kept is None or s.left is not None or plain not in set(parts_of(s, Objects)) or s.where:
        return None
    made = changed(s, lambda node: kept if node == plain else None)
    return made if isinstance(made, Answer) else None


def _is_near(c: Condition) -> bool:
    return isinstance(c, Near) or (isinstance(c, Or) and all(isinstance(x, Near) for x in c.conditions))
