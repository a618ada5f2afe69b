"""Tasks on the objects of all events together: jets, hits, tracks; their pairs, and pairs of two collections."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence

from treadle.synthesis.python.parts import Condition, ObjectCut, Task, object_cuts
from treadle.synthesis.python.parts import condition as one_condition
from treadle.synthesis.python.reduce import operation
from treadle.synthesis.python.said import ORDINALS, asked, of_field, of_objects
from treadle.synthesis.python.worlds import Field, Thing, World
from treadle.synthesis.python.writing import finished

__all__ = ["MAKERS", "collection"]


def collection(world: World, rng: random.Random, *whats: str) -> Thing | None:
    """A collection that has these quantities."""
    found = [t for t in world.collections() if t.has(*whats)]
    return rng.choice(found) if found else None


def _places(world: World, thing: Thing, cut: ObjectCut | None) -> Iterator[tuple[int, int]]:
    for i in range(world.entries):
        for k in range(len(thing.first.many(i))):
            if cut is None or cut.test(i, k):
                yield i, k


def _of_events(selection: Condition | None, rng: random.Random) -> str:
    return "" if selection is None else f" {rng.choice(('in', 'in', 'of'))} events with {selection.said}"


def objects_counted(world: World, rng: random.Random) -> Task | None:
    """How many objects, how many an event, which share passes a cut."""
    thing = collection(world, rng)
    if thing is None:
        return None
    cut = object_cuts(thing, rng)
    if cut is None or (n := sum(1 for _ in _places(world, thing, cut))) == 0:
        return None
    name, many = f"n_{thing.many.replace(' ', '_')}", of_objects(thing, rng)
    mask = cut.write("events")
    total = sum(1 for _ in _places(world, thing, None))
    kind = rng.choices(("count", "fraction", "per event", "all"), (10, 4, 4, 2))[0]
    lines = [] if cut.single else [f"good = {mask}"]
    code = mask if cut.single else "good"
    if kind == "count":
        request = asked(
            (
                "[How many {m} [have|are there with|with] {c}[ in total| in all events together||]|Count "
                "[the |]{m} with {c}[ in all events|]|[Number|number] of {m} with {c}[ in the file|]|How "
                "many {m} in the file have {c}]"
            ),
            rng,
            m=many,
            c=cut.said,
        )
        return finished("count objects", request, lines, {name: (f"ak.sum({code})", n)}, rng, names="n")
    if kind == "fraction":
        request = asked(
            (
                "[What [fraction|share] of [the|all] {m} [has|have]|What is the fraction of {m} "
                "with|[fraction|share] of {m} with] {c}"
            ),
            rng,
            m=many,
            c=cut.said,
        )
        return finished(
            "fraction of objects",
            request,
            lines,
            {"fraction": (f"np.mean(ak.flatten({code}))", n / total)},
            rng,
            names="fraction",
        )
    if kind == "per event":
        request = asked(
            "[What is|Give|Compute] the [mean|average] number of {m} with {c} [per event|in an event]",
            rng,
            m=many,
            c=cut.said,
        )
        return finished(
            "objects an event",
            request,
            [f"{name} = ak.sum({mask}, axis=1)"],
            {f"mean_{name[2:]}": (f"np.mean({name})", n / world.entries)},
            rng,
        )
    request = asked(
        "[How many {m} are there [in total|in all events|in the file]|Count all {m}|total number of {m}]", rng, m=many
    )
    return finished(
        "all objects", request, [], {name: (f'ak.sum(ak.num(events["{thing.first.name}"]))', total)}, rng, names="n"
    )


def objects_reduced(world: World, rng: random.Random) -> Task | None:
    """A number over all objects of all events, with cuts on objects, or on events."""
    thing = collection(world, rng)
    found = [] if thing is None else [f for f in thing.fields.values() if f.is_measure and f.what != "phi"]
    if thing is None or not found:
        return None
    field, op = rng.choice(found), operation(rng)
    cut = object_cuts(thing, rng, 2, frozenset({field.name})) if rng.random() < 0.45 else None
    selection = one_condition(world, rng, frozenset({field.name})) if cut is None and rng.random() < 0.3 else None
    values = [field.many(i)[k] for i, k in _places(world, thing, cut) if selection is None or selection.test(i)]
    if len(values) < 3:
        return None
    inner, lines = f'events["{field.name}"]', []
    if cut is not None:
        lines, inner = [f"selected = {inner}[{cut.write('events')}]"], "selected"
    elif selection is not None:
        lines, inner = [*selection.lines, f"mask = {selection.code}"], f"{inner}[mask]"
    if op.code.count("{x}") > 1:
        lines, code = [*lines, f"values = ak.flatten({inner})"], "values"
    else:
        code = f"ak.to_numpy(ak.flatten({inner}))" if op.needs_numpy else f"ak.flatten({inner})"
    words = _of_all(thing, field, rng)
    if cut is not None:
        words = f"{rng.choice(field.words) if rng.random() < 0.6 else field.name} of the {thing.many}{cut.behind(rng)}"
    template = rng.choice(op.asks)
    article = not words.startswith(field.name)
    request = asked(template, rng, q=f"the {words}" if article else words, b=words, of=_of_events(selection, rng))
    results = {f"{op.name}_{field.short}": (op.code.replace("{x}", code), op.plain(values))}
    return finished(f"objects {op.name}", request, lines, results, rng, names=op.name, short=field.short)


def _of_all(thing: Thing, field: Field, rng: random.Random) -> str:
    words, plain = rng.choice(field.words), rng.random()
    if plain < 0.4:
        return field.name
    if plain < 0.7:
        return f"{words} of all {thing.many}"
    return f"{words} of the {thing.many}" if plain < 0.9 else f"{thing.one} {words}"


_PLAIN: dict[str, Callable[[Sequence[float]], float]] = {
    "mean": lambda v: math.fsum(v) / len(v),
    "min": min,
    "max": max,
    "sum": math.fsum,
}


def per_event_mean(world: World, rng: random.Random) -> Task | None:
    """The mean over events of a mean, or of the smallest value, in each event."""
    thing = collection(world, rng)
    found = [] if thing is None else [f for f in thing.fields.values() if f.is_measure and f.what != "phi"]
    if thing is None or not found:
        return None
    field = rng.choice(found)
    kind = rng.choice(("mean", "min", "max", "sum"))
    per = [_PLAIN[kind](v) for i in range(world.entries) if (v := field.many(i))]
    words = {
        "mean": "average",
        "min": rng.choice(("smallest", "lowest")),
        "max": rng.choice(("largest", "highest")),
        "sum": "summed",
    }[kind]
    lines = [f'x = events["{field.name}"][ak.num(events["{field.name}"]) > 0]', f"per_event = ak.{kind}(x, axis=1)"]
    request = asked(
        (
            "[Take|Compute] the {h} {f} of each event [with at least one {o}|that has a {o}]; [what "
            "is the mean of these|give their mean]"
        )
        if rng.random() < 0.5
        else "[For|In] events with at least one {o}, [what is|give] the mean of the {h} {f} [in the event|per event]",
        rng,
        h=words,
        f=f"{thing.one} {rng.choice(field.words)}" if rng.random() < 0.6 else field.name,
        o=thing.one,
    )
    return finished(
        "mean per event", request, lines, {f"mean_{kind}": ("np.mean(per_event)", math.fsum(per) / len(per))}, rng
    )


def events_any_all(world: World, rng: random.Random) -> Task | None:
    """Events in which any, or all, objects pass a cut."""
    thing = collection(world, rng)
    cut = None if thing is None else object_cuts(thing, rng, 1)
    if thing is None or cut is None:
        return None
    every = rng.random() < 0.4
    mask = cut.write("events")
    numbers = [len(thing.first.many(i)) for i in range(world.entries)]
    passed = [sum(cut.test(i, k) for k in range(numbers[i])) for i in range(world.entries)]
    share = rng.random() < 0.3
    word = "What fraction of events" if share else "How many events"
    if every:
        n = sum(p == m > 0 for p, m in zip(passed, numbers, strict=True))
        lines = [f'has_any = ak.num(events["{thing.first.name}"]) > 0', f"all_pass = ak.all({mask}, axis=1)"]
        code = "has_any & all_pass"
        request = asked(
            "{w} have at least one {o} and only {m} with {c}|".rstrip("|"),
            rng,
            w=word,
            o=thing.one,
            m=thing.many,
            c=cut.said,
        )
    else:
        n = sum(p > 0 for p in passed)
        lines, code = [f"any_pass = ak.any({mask}, axis=1)"], "any_pass"
        request = asked("{w} have [any {o}|a {o}|some {o}|at least one {o}] with {c}", rng, w=word, o=thing.one, c=cut.said)
    if not 0 < n < world.entries:
        return None
    results = {"fraction": (f"np.mean({code})", n / world.entries)} if share else {"n_events": (f"np.sum({code})", float(n))}
    return finished("any or all", request, lines, results, rng, names="fraction" if share else "n")


def multiplicity(world: World, rng: random.Random) -> Task | None:
    """The largest number of objects in an event, or events with one object of each of two kinds."""
    thing = collection(world, rng)
    if thing is None:
        return None
    numbers = [len(thing.first.many(i)) for i in range(world.entries)]
    name = f"n_{thing.many.replace(' ', '_')}"
    lines = [f'{name} = ak.num(events["{thing.first.name}"])']
    if rng.random() < 0.5:
        request = asked(
            (
                "What is the [largest|highest|maximum] number of {m} in [an|one] event[, and in how many "
                "events does it occur|? How many events have that many]"
            ),
            rng,
            m=thing.many,
        )
        results = {
            "most": (f"np.max({name})", float(max(numbers))),
            "n_events": (f"np.sum({name} == np.max({name}))", float(numbers.count(max(numbers)))),
        }
        return finished("most objects", request, lines, results, rng, tell=rng.random() < 0.5)
    request = asked(
        "[What is|Give|Find] the [largest|maximum|highest] number of {m} in [an|any|a single] event", rng, m=thing.many
    )
    return finished("most objects", request, lines, {"most": (f"np.max({name})", float(max(numbers)))}, rng)


def first_second(world: World, rng: random.Random) -> Task | None:
    """The n-th object as stored, in events that have it."""
    thing = collection(world, rng)
    found = [] if thing is None else [f for f in thing.fields.values() if f.is_measure]
    if thing is None or not found:
        return None
    field, n = rng.choice(found), rng.choice((1, 1, 2, 3))
    values = [v[n - 1] for i in range(world.entries) if len(v := field.many(i)) >= n]
    if len(values) < 4:
        return None
    lines = [f'{ORDINALS[n]} = events["{field.name}"][ak.num(events["{field.name}"]) >= {n}][:, {n - 1}]']
    words, _ = of_field(field, None, rng, literal=0.3)
    request = asked(
        "[What is|Give|Compute] the [mean|average] {w} of the {o} {m}[ in events with at least {n} {s}| in the list|]",
        rng,
        w=words,
        o=ORDINALS[n],
        m=thing.one,
        n=str(n),
        s=thing.one if n == 1 else thing.many,
    )
    return finished(
        "n-th object",
        request,
        lines,
        {f"mean_{ORDINALS[n]}": (f"np.mean({ORDINALS[n]})", math.fsum(values) / len(values))},
        rng,
    )


MAKERS: tuple[tuple[Callable[[World, random.Random], Task | None], float], ...] = (
    (objects_counted, 18),
    (objects_reduced, 24),
    (per_event_mean, 2),
    (events_any_all, 5),
    (multiplicity, 2),
    (first_second, 2),
)
