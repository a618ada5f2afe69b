"""What tasks are made of: quantities, cuts on objects, selections of events; each as words, code, and a plain function.

The plain functions work on the lists of a world, event by event, without awkward or numpy: they are the second computation
that every program is held against.
"""

from __future__ import annotations

import math
import operator
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from treadle.synthesis.python.said import cut_said, number_word, of_field, threshold
from treadle.synthesis.python.worlds import Field, Thing, World

__all__ = [
    "Condition",
    "ObjectCut",
    "Quantity",
    "Task",
    "column",
    "condition",
    "event_selection",
    "object_cut",
    "scalar_column",
    "wrapped",
]

_TESTS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
}
_ETA_CUTS = ("0.8", "1", "1.2", "1.4", "1.5", "2", "2.1", "2.4", "2.5")


@dataclass(frozen=True, slots=True)
class Task:
    """A request with its program and what the program must print. ``artifact``: a file that it must leave behind."""

    kind: str
    request: str
    body: str
    expected: dict[str, float]
    artifact: str = ""


@dataclass(frozen=True, slots=True)
class Quantity:
    """One value an event, or none where the event has no such object.

    ``bare``: words without article; ``article``: whether they want one; ``write``: the lines and the expression, over
    ``events`` or ``selected``; ``plain``: the expression is a column.
    """

    bare: str
    article: bool
    short: str
    unit: str
    write: Callable[[str], tuple[list[str], str]]
    value: Callable[[int], float | None]
    plain: bool = False
    whole: bool = False

    @property
    def said(self) -> str:
        return f"the {self.bare}" if self.article else self.bare

    def known(self, world: World, passed: Callable[[int], bool] = lambda _: True) -> list[float]:
        """The values of all events that ``passed``."""
        found = [self.value(i) for i in range(world.entries) if passed(i)]
        return [v for v in found if v is not None]


@dataclass(frozen=True, slots=True)
class ObjectCut:
    """A cut on objects of a collection.

    ``uses``: the columns in it; ``bare``: 'above 30 GeV', where the quantity goes without saying.
    """

    said: str
    write: Callable[[str], str]
    test: Callable[[int, int], bool]
    uses: frozenset[str]
    single: bool = True
    bare: str = ""

    def behind(self, rng: random.Random) -> str:
        """The cut behind the word for the objects, with a blank: ' with pt above 30 GeV', ' above 30 GeV'."""
        if self.bare and rng.random() < 0.4:
            return f" {self.bare}"
        return f" with {self.said}"


@dataclass(frozen=True, slots=True)
class Condition:
    """A selection of events. ``said`` fits behind 'events with'; ``single``: its code is one comparison."""

    said: str
    lines: tuple[str, ...]
    code: str
    test: Callable[[int], bool]
    uses: frozenset[str]
    single: bool = True

    @property
    def bracketed(self) -> str:
        return f"({self.code})" if self.single else self.code


def wrapped(angle: float) -> float:
    """An angle between -pi and pi."""
    return math.atan2(math.sin(angle), math.cos(angle))


# ------------------------------------------------------------------------------------------------ quantities


def scalar_column(world: World, rng: random.Random, *, measure: bool = True) -> tuple[Field, Thing | None] | None:
    """A column with one value an event, and whose it is."""
    found: list[tuple[Field, Thing | None]] = [(f, None) for f in world.scalars if f.is_measure or not measure]
    found += [(f, None) for f in world.counters()[: 1 if found else None]]
    for thing in world.things:
        if not thing.jagged:
            found += [(f, thing) for f in thing.fields.values() if f.is_measure or not measure]
    return rng.choice(found) if found else None


def column(field: Field, owner: Thing | None, rng: random.Random) -> Quantity:
    """The quantity of a column."""
    bare, article = of_field(field, owner, rng)

    def write(src: str) -> tuple[list[str], str]:
        return [], f'{src}["{field.name}"]'

    whole = field.drawn[0] in ("poisson", "choice", "flag", "sign", "index")
    return Quantity(bare, article, field.short, field.unit, write, field.one, plain=True, whole=whole)


# ------------------------------------------------------------------------------------------------ cuts on objects


def object_cut(thing: Thing, rng: random.Random, avoid: frozenset[str] = frozenset()) -> ObjectCut | None:
    """A cut on one column of a collection."""
    free = [
        f
        for f in thing.fields.values()
        if f.name not in avoid and f.what not in ("phi", "status") and f.drawn[0] != "constant"
    ]
    if not free:
        return None
    weights = [6 if f.what == "pt" else 3 if f.what in ("eta", "energy", "signal") else 1.5 for f in free]
    field = rng.choices(free, weights)[0]
    if field.what == "charge":
        return _sign_cut(field, rng)
    if field.is_flag:
        return _flag_cut(field, rng)
    words = field.name if rng.random() < 0.3 else rng.choice(field.words)
    if field.what == "eta":
        return _eta_cut(field, words, rng)
    op = rng.choices((">", "<", ">=", "between"), (7, 3, 1, 1))[0]
    if field.what in ("iso", "chi2", "d0") and op == ">":
        op = "<"
    values = [v for event in field.values for v in event]  # type: ignore[union-attr]
    return _value_cut(field, words, op, values, rng)


def _value_cut(field: Field, words: str, op: str, values: Sequence[float], rng: random.Random) -> ObjectCut:
    v = threshold(values, rng, 0.2, 0.75)
    if op == "between":
        w = threshold(values, rng, 0.8, 0.95)
        if float(w) > float(v):
            return ObjectCut(
                cut_said(words, op, v, field.unit, rng, w),
                lambda src: f'({src}["{field.name}"] > {v}) & ({src}["{field.name}"] < {w})',
                lambda i, k: float(v) < field.many(i)[k] < float(w),
                frozenset({field.name}),
                single=False,
            )
        op = ">"
    test = _TESTS[op]
    unsaid = op in (">", "<") and field.what in ("pt", "energy") and field.unit
    return ObjectCut(
        cut_said(words, op, v, field.unit, rng),
        lambda src: f'{src}["{field.name}"] {op} {v}',
        lambda i, k: test(field.many(i)[k], float(v)),
        frozenset({field.name}),
        bare=f"{rng.choice(('above', 'over')) if op == '>' else 'below'} {v} {field.unit}" if unsaid else "",
    )


def _eta_cut(field: Field, words: str, rng: random.Random) -> ObjectCut:
    v, op = rng.choice(_ETA_CUTS), rng.choices(("<", ">"), (6, 1))[0]
    said = rng.choice((f"|{words}|", f"|{words}|", f"absolute {words}", f"abs({words})"))
    test = _TESTS[op]
    return ObjectCut(
        cut_said(said, op, v, "", rng),
        lambda src: f'np.abs({src}["{field.name}"]) {op} {v}',
        lambda i, k: test(abs(field.many(i)[k]), float(v)),
        frozenset({field.name}),
    )


def _sign_cut(field: Field, rng: random.Random) -> ObjectCut:
    positive = rng.random() < 0.5
    said = (
        ("positive charge", "charge +1", f"{field.name} > 0")
        if positive
        else ("negative charge", "charge -1", f"{field.name} < 0")
    )
    op = ">" if positive else "<"
    return ObjectCut(
        rng.choice(said),
        lambda src: f'{src}["{field.name}"] {op} 0',
        lambda i, k: (field.many(i)[k] > 0) == positive,
        frozenset({field.name}),
    )


def _flag_cut(field: Field, rng: random.Random) -> ObjectCut:
    words = rng.choice(field.words).removesuffix(" flag")
    said = rng.choice((f"{field.name} == 1", f"{field.name} set", words, f"{field.name} true", f"{words} ({field.name})"))
    return ObjectCut(
        said, lambda src: f'{src}["{field.name}"] == 1', lambda i, k: field.many(i)[k] == 1, frozenset({field.name})
    )


def object_cuts(thing: Thing, rng: random.Random, most: int = 2, avoid: frozenset[str] = frozenset()) -> ObjectCut | None:
    """One cut, or two together."""
    one = object_cut(thing, rng, avoid)
    if one is None or most < 2 or rng.random() < 0.65:
        return one
    two = object_cut(thing, rng, avoid | one.uses)
    if two is None:
        return one

    def write(src: str) -> str:
        parts = [f"({c.write(src)})" if c.single else c.write(src) for c in (one, two)]
        return " & ".join(parts)

    return ObjectCut(
        f"{one.said} and {two.said}",
        write,
        lambda i, k: one.test(i, k) and two.test(i, k),
        one.uses | two.uses,
        single=False,
    )


# ------------------------------------------------------------------------------------------------ selections of events


def condition(world: World, rng: random.Random, avoid: frozenset[str] = frozenset()) -> Condition | None:
    """One condition on events: a cut on a column, a flag, a category, a number of objects, or signs of charges."""
    makers = [_cut, _cut, _cut, _flag, _category, _number, _number, _charges]
    for maker in rng.sample(makers, len(makers)):
        found = maker(world, rng)
        if found is not None and not found.uses & avoid:
            passed = sum(found.test(i) for i in range(world.entries))
            if 3 <= passed <= world.entries - 2:
                return found
    return None


def _cut(world: World, rng: random.Random) -> Condition | None:
    chosen = scalar_column(world, rng)
    if chosen is None or chosen[0].what == "phi":
        return None
    field, owner = chosen
    words, _ = of_field(field, owner, rng, literal=0.65)
    uses = frozenset({field.name})
    ref = f'events["{field.name}"]'
    if field.what == "eta" or (rng.random() < 0.15 and field.one(0) * field.one(1) < 0):
        v = rng.choice(_ETA_CUTS) if field.what == "eta" else threshold([abs(x) for x in field.values], rng)  # type: ignore[arg-type]
        op = rng.choices(("<", ">"), (4, 1))[0]
        test = _TESTS[op]
        said = f"|{field.name}|" if rng.random() < 0.7 else f"absolute {words}"
        return Condition(
            cut_said(said, op, v, field.unit, rng),
            (),
            f"np.abs({ref}) {op} {v}",
            lambda i: test(abs(field.one(i)), float(v)),
            uses,
        )
    op = rng.choices((">", "<", ">=", "<=", "between"), (6, 4, 1, 1, 2))[0]
    values = [field.one(i) for i in range(world.entries)]
    v = threshold(values, rng)
    if op == "between":
        low, high = threshold(values, rng, 0.1, 0.4), threshold(values, rng, 0.6, 0.9)
        if float(low) < float(high):
            return Condition(
                cut_said(words, op, low, field.unit, rng, high),
                (),
                f"({ref} > {low}) & ({ref} < {high})",
                lambda i: float(low) < field.one(i) < float(high),
                uses,
                single=False,
            )
        op = ">"
    test = _TESTS[op]
    return Condition(
        cut_said(words, op, v, field.unit, rng), (), f"{ref} {op} {v}", lambda i: test(field.one(i), float(v)), uses
    )


def _flag(world: World, rng: random.Random) -> Condition | None:
    flags = [f for f in world.scalars if f.is_flag]
    if not flags:
        return None
    field = rng.choice(flags)
    words, on = rng.choice(field.words), rng.random() < 0.8
    plain = words.removesuffix(" flag")
    said = (
        (
            f"{field.name} == 1",
            f"{field.name} set",
            f"{field.name} equal to 1",
            f"the {words} set",
            f"{field.name} true",
            f"the {words} ({field.name})",
            f"a positive {plain} decision ({field.name})",
        )
        if on
        else (f"{field.name} == 0", f"{field.name} not set", f"no {words}", f"{field.name} false", f"the {words} not set")
    )
    value = 1 if on else 0
    return Condition(
        rng.choice(said), (), f'events["{field.name}"] == {value}', lambda i: field.one(i) == value, frozenset({field.name})
    )


def _category(world: World, rng: random.Random) -> Condition | None:
    found = [f for f in world.scalars if f.is_category]
    if not found:
        return None
    field = rng.choice(found)
    value = int(rng.choice([field.one(i) for i in range(world.entries)]))
    words, _ = of_field(field, None, rng, literal=0.6)
    said = rng.choice((f"{words} == {value}", f"{words} {value}", f"{words} equal to {value}"))
    return Condition(
        said, (), f'events["{field.name}"] == {value}', lambda i: field.one(i) == value, frozenset({field.name})
    )


def counted(thing: Thing, cut: ObjectCut | None) -> tuple[str, Callable[[int], int]]:
    """The code of the number of objects an event, of those that pass ``cut``, and the number itself."""
    first = thing.first
    if cut is None:
        return f'ak.num(events["{first.name}"])', lambda i: len(first.many(i))
    return f"ak.sum({cut.write('events')}, axis=1)", lambda i: sum(cut.test(i, k) for k in range(len(first.many(i))))


def _number(world: World, rng: random.Random) -> Condition | None:
    things = world.collections()
    if not things:
        return None
    thing = rng.choice(things)
    cut = object_cuts(thing, rng) if rng.random() < 0.5 else None
    code, number = counted(thing, cut)
    op, n = rng.choices(
        ((">=", 1), (">=", 2), (">=", 3), ("==", 0), ("==", 1), ("==", 2), ("<=", 2), (">", 1)), (6, 8, 3, 3, 4, 5, 1, 2)
    )[0]
    what = thing.one if n == 1 and op != ">" else thing.many
    how = {">=": "at least ", "<=": "at most ", ">": "more than ", "==": rng.choice(("exactly ", "exactly ", ""))}[op]
    words = "no" if (op, n) == ("==", 0) else f"{how}{number_word(n, rng)}"
    if (op, n) == (">=", 1) and rng.random() < 0.3:
        words = "a"
    tail = cut.behind(rng) if cut is not None else ""
    uses = cut.uses if cut is not None else frozenset[str]()
    test = _TESTS[op]
    return Condition(f"{words} {what}{tail}", (), f"{code} {op} {n}", lambda i: test(number(i), n), uses)


def _charges(world: World, rng: random.Random) -> Condition | None:
    pair = world.pair()
    if pair is None or not pair[0].has("charge"):
        return None
    a, b = pair[0]["charge"], pair[1]["charge"]
    opposite = rng.random() < 0.75
    word = rng.choice(("opposite", "opposite-sign") if opposite else ("same", "same-sign"))
    many = pair[0].many
    said = (
        f"{word} {many}"
        if word.endswith("sign")
        else rng.choice((f"{many} of {word} charge", f"{word} charges ({a.name}, {b.name})"))
    )
    op = "!=" if opposite else "=="
    return Condition(
        said,
        (),
        f'events["{a.name}"] {op} events["{b.name}"]',
        lambda i: (a.one(i) != b.one(i)) == opposite,
        frozenset({a.name, b.name}),
    )


def event_selection(
    world: World, rng: random.Random, avoid: frozenset[str] = frozenset(), most: int = 3
) -> Condition | None:
    """One condition, or some joined by and, or, not."""
    one = condition(world, rng, avoid)
    if one is None or most < 2 or rng.random() < 0.55:
        return one
    two = condition(world, rng, avoid | one.uses)
    if two is None:
        return one
    kind = rng.choices(("and", "or", "not", "three"), (6, 2, 2, 1))[0]
    if kind == "or":
        said = rng.choice((f"{one.said} or {two.said}", f"either {one.said} or {two.said}"))
        return _joined(said, one, two, "|", lambda i: one.test(i) or two.test(i))
    if kind == "not":
        negated = f"~({two.code})"
        other = Condition(two.said, two.lines, negated, lambda i: not two.test(i), two.uses, single=False)
        said = f"{one.said} but not {two.said}"
        return _joined(said, one, other, "&", lambda i: one.test(i) and not two.test(i))
    both = _joined(f"{one.said} and {two.said}", one, two, "&", lambda i: one.test(i) and two.test(i))
    three = condition(world, rng, avoid | both.uses) if kind == "three" else None
    if three is None:
        return both
    return _joined(f"{one.said}, {two.said} and {three.said}", both, three, "&", lambda i: both.test(i) and three.test(i))


def _joined(said: str, one: Condition, two: Condition, by: str, test: Callable[[int], bool]) -> Condition:
    code = f"{one.bracketed} {by} {two.bracketed}"
    if by == "|":
        left = f"({one.code})"
        right = f"({two.code})"
        code = f"{left} | {right}"
    return Condition(said, (*one.lines, *two.lines), code, test, one.uses | two.uses, single=False)
