"""Tasks that count events: with selections, as fractions and efficiencies, in steps, by run or category."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Sequence

from treadle.synthesis.python.kinematics import derived
from treadle.synthesis.python.parts import Condition, Task, column, event_selection, scalar_column
from treadle.synthesis.python.parts import condition as one_condition
from treadle.synthesis.python.said import asked, cut_said, of_field, threshold
from treadle.synthesis.python.worlds import Field, World
from treadle.synthesis.python.writing import as_array, finished

__all__ = ["MAKERS"]

_COUNTS = (
    "How many events [have|have|contain|are there with|show] {c}",
    "How many events [have|have|contain|are there with] {c}",
    "[Count|Count the] events with {c}",
    "[Number|number] of events with {c}",
    "What is the number of events with {c}",
    "In how many events [are there|do we have|do we find|is there] {c}",
    "[Select|Take] events with {c} and count them",
    "[Give|Print|Find] the number of events that have {c}",
    "How many events are left after requiring {c}",
    "How many events survive a selection of {c}",
    "How many of the events have {c}",
    "[count|n] events with {c}",
    "Require {c}. How many events [pass|remain]",
)
_HAVING = (
    "How many events have {c}",
    "How many events have {c}",
    "How many of the events have {c}",
    "[Count|Count the] events with {c}",
    "[Number|number] of events with {c}",
    "What is the number of events with {c}",
    "[Give|Print|Find] the number of events that have {c}",
    "How many events are left after requiring {c}",
    "Require {c}. How many events [pass|remain]",
)
_SHARES = (
    "What fraction of [the |]events [has|have|contains] {c}",
    "What is the fraction of events with {c}",
    "[Give|Compute] the [fraction|share|proportion] of events with {c}",
    "Which [share|fraction] of the events has {c}",
    "[fraction|share] of events with {c}",
    "What is the efficiency of requiring {c}",
    "How large is the fraction of events that have {c}",
)
_SHARES_HAVING = (
    "What fraction of [the |]events has {c}",
    "What is the fraction of events with {c}",
    "[Give|Compute] the [fraction|share] of events with {c}",
    "What is the efficiency of requiring {c}",
)


def _number(world: World, test: Callable[[int], bool]) -> int:
    return sum(test(i) for i in range(world.entries))


def all_events(world: World, rng: random.Random) -> Task | None:
    """The number of events."""
    request = asked(
        (
            "[How many [events|entries] are [there|in the file|in this file|in the "
            "tree]|[Count|Give|Print] the [number of |]events[ in the file|]|What is the total "
            "number of [events|entries]|total number of events]"
        ),
        rng,
    )
    return finished("all events", request, [], {"n_events": ("len(events)", world.entries)}, rng, names="n")


def counted(world: World, rng: random.Random) -> Task | None:
    """The number of selected events, or their share."""
    selection = event_selection(world, rng)
    if selection is None:
        return None
    n = _number(world, selection.test)
    simple = selection.single and len(selection.code) < 44 and not selection.lines and rng.random() < 0.35
    lines = [] if simple else [*selection.lines, f"mask = {selection.code}"]
    code = selection.code if simple else "mask"
    kind = rng.choices(("count", "fraction", "percent"), (62, 30, 8))[0]
    if kind == "count":
        return finished(
            "count",
            asked(rng.choice(_COUNTS), rng, c=selection.said),
            lines,
            {"n_events": (f"np.sum({code})", n)},
            rng,
            names="n",
        )
    if kind == "fraction":
        return finished(
            "fraction",
            asked(rng.choice(_SHARES), rng, c=selection.said),
            lines,
            {"fraction": (f"np.mean({code})", n / world.entries)},
            rng,
            names="fraction",
        )
    request = asked(
        "[What percentage of [the |]events has|Which percentage of events has|How many percent of the events have] {c}",
        rng,
        c=selection.said,
    )
    return finished("percentage", request, lines, {"percentage": (f"100 * np.mean({code})", 100 * n / world.entries)}, rng)


def fired(world: World, rng: random.Random) -> Task | None:
    """How often a trigger fired, or a flag is set; alone, or in events with something else."""
    flags = [f for f in world.scalars if f.is_flag]
    if not flags:
        return None
    field = rng.choice(flags)
    words = rng.choice(field.words).removesuffix(" flag")
    trigger = "trig" in words or "trig" in field.name.lower() or "HLT" in field.name or "L1" in field.name
    name = field.name if rng.random() < 0.7 else f"the {words}" if words != field.name else field.name
    verb = (
        rng.choice(("fire", "fired", "pass", "are accepted by"))
        if trigger
        else rng.choice(("pass", "are marked by", "satisfy"))
    )
    selection = one_condition(world, rng, frozenset({field.name})) if rng.random() < 0.35 else None
    chosen = [i for i in range(world.entries) if selection is None or selection.test(i)]
    n = sum(field.one(i) == 1 for i in chosen)
    if not n:
        return None
    ref, of = f'events["{field.name}"] == 1', "" if selection is None else f" with {selection.said}"
    if rng.random() < 0.5:
        request = asked(
            "[How many events{s} {v} {f}|Count the events{s} that {v} {f}|number of events{s} that {v} {f}]",
            rng,
            s=of,
            v=verb,
            f=name,
        )
        code = ref if selection is None else f"({ref}) & {selection.bracketed}"
        return finished(
            "fired",
            request,
            [] if selection is None else [f"mask = {code}"],
            {"n_events": (f"np.sum({code if selection is None else 'mask'})", n)},
            rng,
            names="n",
        )
    request = asked(
        (
            "[What fraction of [the |]events{s} {v} {f}|What is the efficiency of {f}{s}|Which "
            "fraction of events{s} {v} {f}|efficiency of {f} for events{s}]"
        ),
        rng,
        s=of,
        v=verb,
        f=name,
    )
    if selection is None:
        return finished(
            "fired share",
            request.replace(" for events", ""),
            [],
            {"efficiency": (f"np.mean({ref})", n / world.entries)},
            rng,
            names="fraction",
        )
    lines = [f"selected = {selection.code}", f"passed = selected & ({ref})"]
    return finished(
        "fired share",
        request.replace(" in with", " in events with").replace(f"{name} with", f"{name} in events with"),
        lines,
        {"efficiency": ("np.sum(passed) / np.sum(selected)", n / len(chosen))},
        rng,
        names="fraction",
    )


def counted_computed(world: World, rng: random.Random) -> Task | None:
    """The number of events in which a computed quantity passes a cut."""
    q = derived(world, rng)
    if q is None:
        return None
    known = [q.value(i) for i in range(world.entries)]
    have = [v for v in known if v is not None]
    if len(have) < 8 or len(set(have)) < 3:
        return None
    op = rng.choices((">", "<", "between"), (6, 3, 2))[0]
    v, w = threshold(have, rng, 0.2, 0.6), threshold(have, rng, 0.65, 0.9)
    if op == "between" and float(w) <= float(v):
        op = ">"
    lines, code = q.write("events")
    if not code.isidentifier():
        lines, code = [*lines, f"values = {code}"], "values"
    mask = f"({code} > {v}) & ({code} < {w})" if op == "between" else f"{code} {op} {v}"
    low, high = float(v), float(w)
    n = sum(low < x < high if op == "between" else x > low if op == ">" else x < low for x in have)
    if not 0 < n < world.entries:
        return None
    cut = (
        cut_said(f"{'a ' if q.article else ''}{q.bare}", op, v, q.unit, rng, w)
        if op != "between"
        else cut_said(q.said, op, v, q.unit, rng, w)
    )
    if rng.random() < 0.72:
        return finished(
            "count computed",
            asked(rng.choice(_HAVING), rng, c=cut),
            lines,
            {"n_events": (f"np.sum({mask})", n)},
            rng,
            names="n",
        )
    if len(have) != len(known):
        return None
    return finished(
        "fraction computed",
        asked(rng.choice(_SHARES_HAVING), rng, c=cut),
        lines,
        {"fraction": (f"np.mean({mask})", n / world.entries)},
        rng,
        names="fraction",
    )


def efficiency(world: World, rng: random.Random) -> Task | None:
    """Of the events with one condition, the share with another, or the ratio of two counts."""
    one = one_condition(world, rng)
    two = one_condition(world, rng, one.uses) if one is not None else None
    if one is None or two is None:
        return None
    n, both = _number(world, one.test), _number(world, lambda i: one.test(i) and two.test(i))
    if not both:
        return None
    slots = {"a": one.said, "b": two.said}
    if rng.random() < 0.72:
        request = asked(
            (
                "[Of the events with {a}, what [fraction|share] [has|have] {b}|What is the efficiency of "
                "[requiring|the cut] {b} [in|for] events with {a}|Among events with {a}, what fraction "
                "has {b}|[efficiency|Efficiency] of {b} [for|in] events with {a}|Of events with {a}, "
                "which fraction also has {b}]"
            ),
            rng,
            **slots,
        )
        lines = [*one.lines, *two.lines, f"selected = {one.code}", f"passed = selected & ({two.code})"]
        return finished(
            "efficiency",
            request,
            lines,
            {"efficiency": ("np.sum(passed) / np.sum(selected)", both / n)},
            rng,
            names="fraction",
        )
    m = _number(world, two.test)
    request = asked(
        ("[What is|Give|Compute] the ratio of the number of events with {a} to the number [of events |]with {b}"),
        rng,
        **slots,
    )
    lines = [*one.lines, *two.lines, f"n_first = np.sum({one.code})", f"n_second = np.sum({two.code})"]
    return finished("ratio of counts", request, lines, {"ratio": ("n_first / n_second", n / m)}, rng, names="fraction")


def cutflow(world: World, rng: random.Random) -> Task | None:
    """Events after each of some steps."""
    steps: list[Condition] = []
    uses: frozenset[str] = frozenset()
    for _ in range(rng.choice((2, 3, 3))):
        found = one_condition(world, rng, uses)
        if found is None:
            break
        steps.append(found)
        uses |= found.uses
    if len(steps) < 2:
        return None
    lines, results = [*steps[0].lines, f"cut1 = {steps[0].code}"], {}
    for k, step in enumerate(steps[1:], start=2):
        lines += [
            *step.lines,
            f"cut{k} = cut{k - 1} & ({step.code})" if step.single else f"cut{k} = cut{k - 1} & {step.code}",
        ]
    if rng.random() < 0.4:
        results["n_all"] = ("len(events)", float(world.entries))
    for k in range(1, len(steps) + 1):
        kept = steps[:k]
        results[f"n_cut{k}"] = (f"np.sum(cut{k})", float(_number(world, _all_of(kept))))
    said = ", then ".join(s.said for s in steps)
    front = "all events, then " if "n_all" in results else ""
    request = asked("[Print|Make|Give|Compute] a cut[-flow|flow| flow]: {c}", rng, c=front + said)
    return finished("cutflow", request, lines, results, rng, tell=rng.random() < 0.7)


def _all_of(steps: Sequence[Condition]) -> Callable[[int], bool]:
    return lambda i: all(s.test(i) for s in steps)


def _categories(world: World) -> list[Field]:
    return [f for f in world.scalars if f.is_category]


def by_category(world: World, rng: random.Random) -> Task | None:
    """How many different values, the most frequent, the number of one, or the value with the largest mean."""
    found = _categories(world)
    if not found:
        return None
    field = rng.choice(found)
    counts = Counter(field.one(i) for i in range(world.entries))
    words, _ = of_field(field, None, rng)
    ref = as_array(world, f'events["{field.name}"]')
    kind = rng.choice(("different", "most", "best", "best", "each"))
    if kind == "different":
        request = asked(
            (
                "[How many [different|distinct|unique] values [of|has] {w}[ are there|]|[Count|Give] the "
                "number of [different|distinct] values of {w}]"
            ),
            rng,
            w=words,
        )
        return finished(
            "distinct", request, [], {f"n_{field.short}": (f"len(np.unique({ref}))", len(counts))}, rng, names="n"
        )
    if kind == "most":
        (best, n), *rest = counts.most_common(2)
        if rest and rest[0][1] == n:
            return None
        lines = [f"labels, counts = np.unique({ref}, return_counts=True)", "i = np.argmax(counts)"]
        request = asked(
            (
                "[Which value of {w} [has|occurs in] the most events, and how many|Find the {w} with the "
                "most events and the number of its events]"
            ),
            rng,
            w=words,
        )
        return finished(
            "most frequent",
            request,
            lines,
            {field.short: ("labels[i]", best), "n_events": ("counts[i]", n)},
            rng,
            tell=rng.random() < 0.6,
        )
    return _group_means(world, field, words, rng, best=kind == "best")


def _group_means(world: World, field: Field, words: str, rng: random.Random, *, best: bool) -> Task | None:
    chosen = scalar_column(world, rng)
    labels = sorted({field.one(i) for i in range(world.entries)})
    if chosen is None or chosen[0].name == field.name or not 2 <= len(labels) <= 5:
        return None
    q = column(*chosen, rng)
    means = []
    for label in labels:
        of = [chosen[0].one(i) for i in range(world.entries) if field.one(i) == label]
        means.append(math.fsum(of) / len(of))
    x = q.write("events")[1]
    if not best:
        results = {f"mean_{int(label)}": ("", mean) for label, mean in zip(labels, means, strict=True)}
        ref = as_array(world, f'events["{field.name}"]')
        body = [
            f"for label in np.unique({ref}):",
            f'    mean = np.mean({x}[events["{field.name}"] == label])',
            '    print(f"METRIC: mean_{label}={mean}")',
        ]
        request = asked(
            (
                "[Print|Give|Compute] the mean {b} for each [value of |]{w}[, as mean_<value>| "
                "separately, named mean_<value>]"
            ),
            rng,
            b=q.bare,
            w=words,
        )
        return Task("mean of each group", request, "\n".join(body), {n: v for n, (_, v) in results.items()})
    if len(set(means)) < len(means):
        return None
    high = rng.random() < 0.7
    at = means.index((max if high else min)(means))
    lines = [
        f"labels = np.unique({as_array(world, f'events[{field.name!r}]'.replace(chr(39), chr(34)))})",
        f'means = [np.mean({x}[events["{field.name}"] == label]) for label in labels]',
        f"i = np.{'argmax' if high else 'argmin'}(means)",
    ]
    results = {field.short: ("labels[i]", labels[at]), f"mean_{q.short}": ("means[i]", means[at])}
    word = rng.choice(("highest", "largest") if high else ("lowest", "smallest"))
    request = asked(
        "Which [value of |]{w} has the {h} mean {b}[, and how large is it|? Print both]", rng, w=words, h=word, b=q.bare
    )
    if rng.random() < 0.4:
        results = {field.short: results[field.short]}
        request = asked("Which [value of |]{w} has the {h} [mean|average] {b}", rng, w=words, h=word, b=q.bare)
    return finished("best group", request, lines, results, rng, tell=len(results) > 1 and rng.random() < 0.6)


def asymmetry(world: World, rng: random.Random) -> Task | None:
    """(N+ - N-) / (N+ + N-) of a column that has both signs."""
    found = [f for f in world.scalars if min(f.values) < 0 < max(f.values)]  # type: ignore[operator]
    found += [f for t in world.things if not t.jagged for f in t.fields.values() if f.what in ("charge", "eta", "pz")]
    if not found:
        return None
    field = rng.choice(found)
    plus, minus = _number(world, lambda i: field.one(i) > 0), _number(world, lambda i: field.one(i) < 0)
    if not plus + minus:
        return None
    lines = [f'n_plus = np.sum(events["{field.name}"] > 0)', f'n_minus = np.sum(events["{field.name}"] < 0)']
    request = asked(
        (
            "[Compute|What is|Give] the [charge asymmetry|asymmetry] of {f}[, (N+ - N-) / (N+ + "
            "N-)|: (N+ - N-)/(N+ + N-)| (positive minus negative over their sum)]"
        ).replace("charge asymmetry|", "charge asymmetry|" if field.what == "charge" else ""),
        rng,
        f=field.name,
    )
    return finished(
        "asymmetry",
        request,
        lines,
        {"asymmetry": ("(n_plus - n_minus) / (n_plus + n_minus)", (plus - minus) / (plus + minus))},
        rng,
    )


MAKERS: tuple[tuple[Callable[[World, random.Random], Task | None], float], ...] = (
    (all_events, 0.7),
    (counted, 24),
    (fired, 5),
    (counted_computed, 12),
    (efficiency, 6),
    (cutflow, 4),
    (by_category, 4),
    (asymmetry, 1),
)
