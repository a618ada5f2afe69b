"""Tasks that reduce a quantity of events to a number, with or without a selection."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

from treadle.synthesis.python.kinematics import derived
from treadle.synthesis.python.parts import Condition, Quantity, Task, column, event_selection, scalar_column
from treadle.synthesis.python.reduce import Operation, operation, percentile
from treadle.synthesis.python.said import asked, of_field, threshold
from treadle.synthesis.python.worlds import World
from treadle.synthesis.python.writing import as_array, finished, question, values_of

__all__ = ["MAKERS", "quantity"]


def quantity(world: World, rng: random.Random, computed: float = 0.45) -> Quantity | None:
    """A column or a computed quantity."""
    found = derived(world, rng) if rng.random() < computed else None
    if found is not None:
        return found
    chosen = scalar_column(world, rng)
    return None if chosen is None else column(*chosen, rng)


def _selection(world: World, rng: random.Random, share: float = 0.4) -> Condition | None:
    return event_selection(world, rng) if rng.random() < share else None


def _passed(selection: Condition | None) -> Callable[[int], bool]:
    return (lambda _: True) if selection is None else selection.test


def reduced(world: World, rng: random.Random) -> Task | None:
    """One number of one quantity."""
    q, op = quantity(world, rng), operation(rng)
    if q is None:
        return None
    selection = _selection(world, rng)
    known = q.known(world, _passed(selection))
    if len(known) < 3:
        return None
    template, name = rng.choice(op.asks), f"{op.name}_{q.short}"
    lines, code = values_of(q, selection)
    lines, code = _bound(lines, code, op)
    if op.needs_numpy:
        code = as_array(world, code)
    request = question(template, selection, rng, q=q.said, b=q.bare)
    results = {name: (op.code.replace("{x}", code), op.plain(known))}
    return finished(f"reduce {op.name}", request, lines, results, rng, names=op.name, short=q.short)


def _bound(lines: list[str], code: str, op: Operation) -> tuple[list[str], str]:
    """A longer expression that is used twice gets a name."""
    if op.code.count("{x}") < 2 or code.isidentifier():
        return lines, code
    return [*lines, f"values = {code}"], "values"


def two_numbers(world: World, rng: random.Random) -> Task | None:
    """Mean and standard deviation, or smallest and largest."""
    q = quantity(world, rng, 0.25)
    if q is None:
        return None
    selection = _selection(world, rng, 0.3)
    known = q.known(world, _passed(selection))
    if len(known) < 3:
        return None
    lines, code = values_of(q, selection)
    if not code.isidentifier() and selection is not None:
        lines, code = [*lines, f"values = {code}"], "values"
    mean = math.fsum(known) / len(known)
    std = math.sqrt(math.fsum((v - mean) ** 2 for v in known) / len(known))
    kinds: list[tuple[str, dict[str, tuple[str, float]]]] = [
        (
            "[What are|Give|Compute|Print|Find] the mean and [the |]standard deviation of {q}{of}",
            {f"mean_{q.short}": (f"np.mean({code})", mean), f"std_{q.short}": (f"np.std({code})", std)},
        ),
        (
            ("[What are|Give|Print|Find] the [smallest and the largest value|minimum and maximum] of {q}{of}"),
            {f"min_{q.short}": (f"np.min({code})", min(known)), f"max_{q.short}": (f"np.max({code})", max(known))},
        ),
    ]
    template, results = rng.choice(kinds)
    request = question(template, selection, rng, q=q.said)
    return finished("two numbers", request, lines, results, rng, tell=rng.random() < 0.6)


def weighted(world: World, rng: random.Random) -> Task | None:
    """A weighted mean, or a sum of weights."""
    weights = [f for f in world.scalars if "weight" in f.words[0]]
    if not weights:
        return None
    w, q = weights[0], quantity(world, rng, 0.2)
    selection = _selection(world, rng, 0.35)
    chosen = [i for i in range(world.entries) if _passed(selection)(i)]
    if len(chosen) < 3:
        return None
    weight = Quantity(w.name, False, w.short, "", lambda src: ([], f'{src}["{w.name}"]'), w.one, plain=True)
    if q is None or rng.random() < 0.45 or q.short == w.short:
        lines, code = values_of(weight, selection)
        request = question(
            (
                "[What is|Give|Compute] the [sum of the event weights|sum of weights|total "
                "weight|weighted number of events] ({w}){of}"
            ),
            selection,
            rng,
            w=w.name,
        )
        return finished(
            "sum of weights", request, lines, {"sum_weights": (f"np.sum({code})", math.fsum(w.one(i) for i in chosen))}, rng
        )
    values = [q.value(i) for i in chosen]
    if any(v is None for v in values) or not (q.plain or selection is None):
        return None
    lines, code = values_of(q, selection)
    other = f'events["{w.name}"][mask]' if selection is not None else f'events["{w.name}"]'
    request = question(
        (
            "[What is|Give|Compute] the weighted [mean|average] of {q}{of}[, weighted with {w}| with "
            "weights {w}| using {w} as weight]"
        ),
        selection,
        rng,
        q=q.said,
        w=w.name,
    )
    lines.append(f"weights = {other}")
    expected = math.fsum(v * w.one(i) for v, i in zip(values, chosen, strict=True) if v is not None) / math.fsum(
        w.one(i) for i in chosen
    )
    name = f"weighted_{q.short}"
    return finished("weighted mean", request, lines, {name: (f"np.sum({code} * weights) / np.sum(weights)", expected)}, rng)


def correlation(world: World, rng: random.Random) -> Task | None:
    """The correlation of two quantities, or the slope of a line."""
    a, b = quantity(world, rng, 0.15), quantity(world, rng, 0.15)
    if a is None or b is None or a.short == b.short or not (a.plain and b.plain):
        return None
    selection = _selection(world, rng, 0.2)
    chosen = [i for i in range(world.entries) if _passed(selection)(i)]
    pairs = [(x, y) for i in chosen if (x := a.value(i)) is not None and (y := b.value(i)) is not None]
    if len(pairs) < 5:
        return None
    mx, my = (math.fsum(p[k] for p in pairs) / len(pairs) for k in (0, 1))
    sxx, syy = math.fsum((x - mx) ** 2 for x, _ in pairs), math.fsum((y - my) ** 2 for _, y in pairs)
    sxy = math.fsum((x - mx) * (y - my) for x, y in pairs)
    if not sxx or not syy:
        return None
    (lines, one), (_, two) = values_of(a, selection), values_of(b, selection)
    if rng.random() < 0.75:
        asks = (
            (
                "[What is|Give|Compute|Print] the [correlation|correlation coefficient|Pearson "
                "correlation|linear correlation] [of|between] {a} and {b}{of}"
            ),
            "How [strongly|much] are {a} and {b} correlated{of}",
            "correlation [of|between] {a} and {b}{of}",
            "Is {a} correlated with {b}{of}? Print the correlation coefficient",
        )
        request = question(rng.choice(asks), selection, rng, a=a.said, b=b.said)
        return finished(
            "correlation",
            request,
            lines,
            {"correlation": (f"np.corrcoef({one}, {two})[0, 1]", sxy / math.sqrt(sxx * syy))},
            rng,
        )
    line = f"slope, intercept = np.polyfit({as_array(world, one)}, {as_array(world, two)}, 1)"
    fits = (
        "Fit a [straight|] line to {b} as a function of {a}{of} and [print|give] the slope",
        "[What is|Give] the slope of a linear fit of {b} [against|versus|as a function of] {a}{of}",
    )
    request = question(rng.choice(fits), selection, rng, a=a.said, b=b.said)
    return finished("slope", request, [*lines, line], {"slope": ("", sxy / sxx)}, rng)


def extreme(world: World, rng: random.Random) -> Task | None:
    """Which event has the largest or smallest value."""
    ids = [f for f in world.scalars if f.drawn[0] == "index"]
    q = quantity(world, rng, 0.25)
    if q is None or (world.pandas and not q.plain):
        return None
    known = [q.value(i) for i in range(world.entries)]
    if any(v is None for v in known):
        return None
    values = [v for v in known if v is not None]
    largest = rng.random() < 0.75
    best = (max if largest else min)(values)
    if values.count(best) != 1:
        return None
    at, word = (
        values.index(best),
        rng.choice(("largest", "highest", "maximum") if largest else ("smallest", "lowest", "minimum")),
    )
    lines, code = q.write("events")
    function = "argmax" if largest else "argmin"
    if ids and rng.random() < 0.7:
        f = ids[0]
        request = asked(
            "[Which event ({e})|Which {e}|What is the {e} of the event that] has the {w} {q}",
            rng,
            e=f.name,
            w=word,
            q=q.bare,
        )
        return finished(
            "event of extreme",
            request,
            [*lines, f"i = np.{function}({code})"],
            {"event": (f'events["{f.name}"][i]', f.one(at))},
            rng,
        )
    other = column(*chosen, rng) if (chosen := scalar_column(world, rng)) is not None else None
    if other is None or other.short == q.short:
        return None
    request = asked("[What is|Give] {o} [of|in] the event with the {w} {q}", rng, o=other.said, w=word, q=q.bare)
    return finished(
        "value at extreme",
        request,
        [*lines, f"i = np.{function}({code})"],
        {other.short: (f"{other.write('events')[1]}[i]", other.value(at) or 0.0)},
        rng,
    )


def top(world: World, rng: random.Random) -> Task | None:
    """The mean or the sum of the k largest values, or the k-th largest."""
    q, k = quantity(world, rng, 0.2), rng.choice((2, 3, 5, 10))
    if q is None:
        return None
    known = sorted(q.known(world), reverse=True)
    if len(known) < 12:
        return None
    lines, code = q.write("events")
    lines = [*lines, f"ordered = np.sort({as_array(world, code)})[::-1]"]
    kind = rng.choice(("mean", "sum", "kth"))
    if kind == "kth":
        request = asked(
            "[What is|Give] the {k}[th|-th] largest [value of {q}|{b}]",
            rng,
            k={2: "2nd", 3: "3rd"}.get(k, str(k)),
            q=q.said,
            b=q.bare,
        )
        request = request.replace("2ndth", "2nd").replace("2nd-th", "2nd").replace("3rdth", "3rd").replace("3rd-th", "3rd")
        return finished("k-th largest", request, lines, {f"largest_{k}": (f"ordered[{k - 1}]", known[k - 1])}, rng)
    request = asked(f"[What is|Give|Compute] the {kind} of the {k} [largest|highest] values of {{q}}", rng, q=q.said)
    value = math.fsum(known[:k]) / (k if kind == "mean" else 1)
    return finished("top k", request, lines, {f"{kind}_top_{k}": (f"np.{kind}(ordered[:{k}])", value)}, rng)


def converted(world: World, rng: random.Random) -> Task | None:
    """A mean in another unit than the file's."""
    chosen = scalar_column(world, rng)
    factors = {
        "GeV": (("MeV", "* 1000", 1000.0), ("TeV", "/ 1000", 0.001)),
        "MeV": (("GeV", "/ 1000", 0.001),),
        "mm": (("cm", "/ 10", 0.1),),
        "cm": (("mm", "* 10", 10.0), ("m", "/ 100", 0.01)),
        "TeV": (("GeV", "* 1000", 1000.0),),
        "ns": (("us", "/ 1000", 0.001),),
        "us": (("ms", "/ 1000", 0.001),),
        "keV": (("MeV", "/ 1000", 0.001),),
    }
    if chosen is None or chosen[0].unit not in factors or chosen[0].what == "phi":
        return None
    q = column(*chosen, rng)
    unit, code, factor = rng.choice(factors[q.unit])
    word, function = rng.choice((("mean", "mean"), ("average", "mean"), ("largest", "max"), ("median", "median")))
    known = q.known(world)
    inner = f"{q.write('events')[1]} {code}"
    value = {"mean": math.fsum(known) / len(known), "max": max(known), "median": percentile(known, 50)}[function] * factor
    request = asked(
        (
            "[What is|Give|Compute] the {w} [value of {q}|{b}] in {u}? [The column is in {v}|{n} is "
            "in {v}|It is stored in {v}]"
        ),
        rng,
        w=word,
        q=q.said,
        b=q.bare,
        u=unit,
        v=q.unit,
        n=chosen[0].name,
    )
    name = f"{q.short}_{unit.lower()}"
    arg = as_array(world, name) if function == "median" else name
    return finished(
        "unit",
        request,
        [f"{name} = {inner}"],
        {f"{function}_{q.short}": (f"np.{function}({arg})", value)},
        rng,
        short=q.short,
    )


def compared(world: World, rng: random.Random) -> Task | None:
    """The mean of a quantity on both sides of a cut: two numbers, or their difference or ratio."""
    q, chosen = quantity(world, rng, 0.0), scalar_column(world, rng)
    if q is None or chosen is None or chosen[0].short == q.short:
        return None
    field = chosen[0]
    values = [field.one(i) for i in range(world.entries)]
    v = threshold(values, rng, 0.3, 0.7)
    high = [q.value(i) or 0.0 for i in range(world.entries) if values[i] > float(v)]
    low = [q.value(i) or 0.0 for i in range(world.entries) if values[i] <= float(v)]
    if len(high) < 3 or len(low) < 3:
        return None
    words, _ = of_field(field, chosen[1], rng)
    x = q.write("events")[1]
    lines = [f'above = events["{field.name}"] > {v}']
    means = math.fsum(high) / len(high), math.fsum(low) / len(low)
    request = asked(
        (
            "[Compare|Give|Print] the mean {b} for {w} [above {v}|> {v}] and [for the other "
            "events|for {w} <= {v}|for the rest]"
        ),
        rng,
        b=q.bare,
        w=words,
        v=v,
    )
    results = {"mean_above": (f"np.mean({x}[above])", means[0]), "mean_below": (f"np.mean({x}[~above])", means[1])}
    return finished("two regions", request, lines, results, rng, tell=True)


def with_gaps(world: World, rng: random.Random) -> Task | None:
    """A number over the events that have a value, or how many have none."""
    field = world.gaps
    if field is None:
        return None
    mark = field.drawn[1]
    values = [field.one(i) for i in range(world.entries)]
    good = [v for v in values if v != -999.0 and not math.isnan(v)]
    if len(good) in (0, world.entries):
        return None
    words, article = of_field(field, None, rng)
    ref, op = f'events["{field.name}"]', operation(rng)
    if rng.random() < 0.3:
        code = f"np.sum({ref} == -999)" if mark == "-999" else f"np.sum(np.isnan({ref}))"
        told = "the value -999" if mark == "-999" else "a missing value (nan)"
        asks = (
            "[How many events have {t} in {n}|Count events in which {n} is {t}|How many events have no {n}, that is {t}]",
            "[In how many events is {q} {t}|How many events have {t} for {q}]",
        )
        said = f"the {words}" if article else words
        request = asked(rng.choice(asks), rng, q=said, t=told, n=field.name)
        return finished("missing counted", request, [], {"n_missing": (code, world.entries - len(good))}, rng, names="n")
    told = "-999" if mark == "-999" else rng.choice(("nan", "missing values", "NaN"))
    how = rng.choice(
        (f", ignoring {told}", f", leaving out {told}", f" without the events in which it is {told}", f" (skip {told})")
    )
    mask = f"{ref} != -999" if mark == "-999" else f"~np.isnan({ref})"
    lines = [f"good = {ref}[{mask}]"]
    code = op.code.replace("{x}", as_array(world, "good") if op.needs_numpy else "good")
    request = asked(rng.choice(op.asks), rng, q=f"the {words}" if article else words, b=words, of=how)
    return finished(
        "missing left out",
        request,
        lines,
        {f"{op.name}_{field.short}": (code, op.plain(good))},
        rng,
        names=op.name,
        short=field.short,
    )


def first_events(world: World, rng: random.Random) -> Task | None:
    """A number of the first or last events of a file."""
    chosen, op, n = scalar_column(world, rng), operation(rng), rng.choice((10, 20, 25, 30))
    if chosen is None:
        return None
    q, last = column(*chosen, rng), rng.random() < 0.25
    known = q.known(world)
    used = known[-n:] if last else known[:n]
    lines = [f"{q.short} = {q.write('events')[1]}[{f'-{n}:' if last else f':{n}'}]"]
    code = op.code.replace("{x}", as_array(world, q.short) if op.needs_numpy else q.short)
    request = asked(
        rng.choice(op.asks),
        rng,
        q=q.said,
        b=q.bare,
        of=rng.choice((" in", " of", " for")) + f" the {'last' if last else 'first'} {n} events",
    )
    name = f"{op.name}_{q.short}"
    return finished("first events", request, lines, {name: (code, op.plain(used))}, rng, names=op.name, short=q.short)


MAKERS: tuple[tuple[Callable[[World, random.Random], Task | None], float], ...] = (
    (reduced, 30),
    (two_numbers, 4),
    (weighted, 4),
    (correlation, 4),
    (extreme, 4),
    (top, 1.5),
    (converted, 2),
    (compared, 1.5),
    (with_gaps, 8),
    (first_events, 1),
)
