"""Tasks with histograms, profiles and plots."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

from treadle.synthesis.python.parts import Task
from treadle.synthesis.python.said import asked, trimmed
from treadle.synthesis.python.tasks_values import quantity
from treadle.synthesis.python.worlds import World
from treadle.synthesis.python.writing import as_array, finished

__all__ = ["MAKERS"]

Sample = tuple[str, bool, str, list[str], str, list[float], str]


def _sample(world: World, rng: random.Random) -> Sample | None:
    """(words, article, short name, lines, code of an array of numpy, values, unit): of events, or of all objects."""
    things = world.collections()
    if things and rng.random() < 0.5:
        thing = rng.choice(things)
        found = [f for f in thing.fields.values() if f.is_measure]
        if not found:
            return None
        field = rng.choice(found)
        words = field.name if rng.random() < 0.4 else f"{rng.choice(field.words)} of all {thing.many}"
        values = [v for i in range(world.entries) for v in field.many(i)]
        return (
            words,
            words != field.name,
            field.short,
            [],
            f'ak.to_numpy(ak.flatten(events["{field.name}"]))',
            values,
            field.unit,
        )
    q = quantity(world, rng, 0.3)
    if q is None:
        return None
    lines, code = q.write("events")
    return q.bare, q.article, q.short, lines, as_array(world, code), q.known(world), q.unit


def _binning(values: list[float], rng: random.Random) -> tuple[int, str, str]:
    bins = rng.choice((5, 8, 10, 10, 12, 15, 20, 20, 25, 30, 40, 50, 60, 100))
    ordered = sorted(values)
    low, high = ordered[int(0.03 * len(ordered))], ordered[int(rng.choice((0.9, 0.97)) * (len(ordered) - 1))]
    if low >= 0 and low < 0.4 * high:
        low = 0.0
    step = 10.0 ** math.floor(math.log10(max(high - low, 1e-9)))
    step = step / 2 if (high - low) / step < 3 else step
    first, last = math.floor(low / step) * step, math.ceil(high / step) * step
    decimals = max(0, -math.floor(math.log10(step / 2 if step < 1 else step)))
    return bins, trimmed(first, decimals), trimmed(last, decimals)


def _contents(values: list[float], bins: int, low: float, high: float) -> list[int]:
    width = (high - low) / bins
    counts = [0] * bins
    for v in values:
        if low <= v <= high:
            counts[min(int((v - low) / width), bins - 1)] += 1
    return counts


_FRONT = (
    ("[Make|Fill|Create] a histogram of {q} with {n} bins [from {l} to {h}|between {l} and {h}]"),
    "[Histogram|histogram] {q} [with|in] {n} bins [from {l} to {h}|between {l} and {h}]",
    "[Fill|Make] a histogram of {q}, {n} bins from {l} to {h}",
    "Bin {q} into {n} bins from {l} to {h}",
)


def histogram(world: World, rng: random.Random) -> Task | None:
    """One number of a histogram."""
    sample = _sample(world, rng)
    if sample is None or len(sample[5]) < 15:
        return None
    words, article, _, lines, code, values, _ = sample
    bins, l_text, h_text = _binning(values, rng)
    low, high = float(l_text), float(h_text)
    if high <= low:
        return None
    counts = _contents(values, bins, low, high)
    if sum(counts) < 5:
        return None
    hist = rng.random() < 0.15
    lines = [*lines, f"counts, edges = np.histogram({code}, bins={bins}, range=({l_text}, {h_text}))"]
    if hist:
        lines = [
            "from hist import Hist",
            *lines[:-1],
            f'h = Hist.new.Reg({bins}, {l_text}, {h_text}, name="x").Double()',
            f"h.fill({code})",
            "counts, edges = h.to_numpy()",
        ]
    front = rng.choice(_FRONT)
    if hist:
        front = (
            "[Fill a hist histogram of|Use hist to histogram|With the hist library, fill a histogram "
            "of] {q} with {n} bins from {l} to {h}"
        )
    found = _result(rng, counts, low, high, bins, lines)
    if found is None:
        return None
    kind, back, lines, results = found
    slots = {"q": f"the {words}" if article else words, "n": str(bins), "l": l_text, "h": h_text}
    first = asked(front, rng, **slots).rstrip(".? ")
    request = f"{first}{rng.choice(('. ', '. ', ': ', ' and '))}"
    tail = asked(back, rng)
    request += tail if request.endswith(". ") else f"{tail[:1].lower()}{tail[1:]}"
    if request.count(" and what ") or request.count(" and how ") or request.count(" and where "):
        request = request.replace(" and what ", ". What ").replace(" and how ", ". How ").replace(" and where ", ". Where ")
    return finished(f"histogram {kind}", request, lines, results, rng)


_Found = tuple[str, str, list[str], dict[str, tuple[str, float]]]


def _result(rng: random.Random, counts: list[int], low: float, high: float, bins: int, lines: list[str]) -> _Found | None:
    kind = rng.choice(("largest", "peak", "bin", "inside", "mean entries", "filled"))
    if kind == "largest":
        return (
            kind,
            (
                "[What is the largest bin content|Print the largest bin content|How many entries has the "
                "highest bin|Give the content of the highest bin]"
            ),
            lines,
            {"largest": ("np.max(counts)", max(counts))},
        )
    if kind == "peak":
        if counts.count(max(counts)) > 1:
            return None
        at = counts.index(max(counts))
        code = "(edges[i] + edges[i + 1]) / 2"
        return (
            kind,
            (
                "[What is the centre of the [highest|fullest] bin|Where is the peak? Give the centre of "
                "the highest bin|Print the bin centre of the highest bin]"
            ),
            [*lines, "i = np.argmax(counts)"],
            {"centre": (code, low + (at + 0.5) * (high - low) / bins)},
        )
    if kind == "bin":
        k = rng.choice((0, 1, 2, bins // 2, bins - 1))
        word = {0: "first", 1: "second", 2: "third", bins - 1: "last"}.get(k, f"bin number {k}, counted from 0,")
        words = f"the {word} bin" if "number" not in word else word
        return (
            kind,
            f"[How many entries has {words}|What is the content of {words}|Print the content of {words}]",
            lines,
            {"content": (f"counts[{-1 if word == 'last' else k}]", counts[k])},
        )
    if kind == "inside":
        return (
            kind,
            (
                "[How many entries are inside the range|Print the number of entries in the range|What is "
                "the sum of the bin contents]"
            ),
            lines,
            {"inside": ("np.sum(counts)", sum(counts))},
        )
    if kind == "filled":
        return (
            kind,
            "[How many bins are empty|Print the number of empty bins|What is the number of bins without entries]",
            lines,
            {"n_empty": ("np.sum(counts == 0)", counts.count(0))},
        )
    return (
        kind,
        "[What is the mean bin content|Print the mean number of entries a bin|Give the average bin content]",
        lines,
        {"mean_content": ("np.mean(counts)", sum(counts) / bins)},
    )


def plot(world: World, rng: random.Random) -> Task | None:
    """A histogram or a scatter plot as a picture, with a number beside it."""
    sample = _sample(world, rng)
    if sample is None or len(sample[5]) < 15:
        return None
    words, article, short, lines, code, values, unit = sample
    bins, l_text, h_text = _binning(values, rng)
    if float(h_text) <= float(l_text):
        return None
    picture = rng.choice(
        (f"{short}.png", f"{short}.png", "plot.png", f"hist_{short}.png", "figure.png", f"{short}_distribution.png")
    )
    label = f"{short} [{unit}]" if unit else short
    head = ["import matplotlib", 'matplotlib.use("Agg")', "import matplotlib.pyplot as plt"]
    n = sum(_contents(values, bins, float(l_text), float(h_text)))
    body = [
        *head,
        *lines,
        f"counts, edges, _ = plt.hist({code}, bins={bins}, range=({l_text}, {h_text}))",
        f'plt.xlabel("{label}")',
        'plt.ylabel("entries")',
        f'plt.savefig("{picture}")',
    ]
    request = asked(
        (
            "[Plot|Draw|Make a plot of|Plot a histogram of|Draw the distribution of] {q} with {n} "
            "bins [from {l} to {h}|between {l} and {h}] and save [it|the figure|the plot] [as|to] {p}"
        ),
        rng,
        q=f"the {words}" if article else words,
        n=str(bins),
        l=l_text,
        h=h_text,
        p=picture,
    )
    return finished(
        "plot histogram", request, body, {"n_plotted": ("np.sum(counts)", n)}, rng, artifact=picture, tell=rng.random() < 0.1
    )


def scatter(world: World, rng: random.Random) -> Task | None:
    """Two columns against each other, as points or as a two-dimensional histogram."""
    a, b = quantity(world, rng, 0.0), quantity(world, rng, 0.0)
    if a is None or b is None or a.short == b.short:
        return None
    x, y = as_array(world, a.write("events")[1]), as_array(world, b.write("events")[1])
    picture = rng.choice(("scatter.png", f"{a.short}_{b.short}.png", "plot.png"))
    body = ["import matplotlib", 'matplotlib.use("Agg")', "import matplotlib.pyplot as plt", f"plt.scatter({x}, {y}, s=4)"]
    body += [f'plt.xlabel("{a.short}")', f'plt.ylabel("{b.short}")', f'plt.savefig("{picture}")']
    request = asked(
        "[Draw|Make] a scatter plot of {b} [against|versus] {a} and save it as {p}", rng, a=a.said, b=b.said, p=picture
    )
    return finished("plot scatter", request, body, {"n_points": ("len(events)", world.entries)}, rng, artifact=picture)


def profile(world: World, rng: random.Random) -> Task | None:
    """The mean of one column in bins of another: in one bin, or the largest."""
    a, b = quantity(world, rng, 0.0), quantity(world, rng, 0.0)
    if a is None or b is None or a.short == b.short or a.whole:
        return None
    xs, ys = a.known(world), b.known(world)
    _, l_text, h_text = _binning(xs, rng)
    bins, low, high = rng.choice((3, 4, 5)), float(l_text), float(h_text)
    if high <= low:
        return None
    groups: list[list[float]] = [[] for _ in range(bins)]
    for x, y in zip(xs, ys, strict=True):
        if low <= x < high:
            groups[min(int((x - low) / (high - low) * bins), bins - 1)].append(y)
    if any(len(g) < 3 for g in groups):
        return None
    means = [math.fsum(g) / len(g) for g in groups]
    u, v = a.write("events")[1], b.write("events")[1]
    lines = [
        f"edges = np.linspace({l_text}, {h_text}, {bins + 1})",
        f"x, y = {as_array(world, u)}, {as_array(world, v)}",
        "means = [np.mean(y[(x >= low) & (x < high)]) for low, high in zip(edges[:-1], edges[1:])]",
    ]
    request = asked(
        (
            "[Make|Compute] a profile of {b} in {n} bins of {a} from {l} to {h}[: what is|. What is| "
            "and give] the largest [bin mean|mean of a bin]"
        ),
        rng,
        a=a.said,
        b=b.said,
        n=str(bins),
        l=l_text,
        h=h_text,
    )
    return finished("profile", request, lines, {"largest_mean": ("np.max(means)", max(means))}, rng)


MAKERS: tuple[tuple[Callable[[World, random.Random], Task | None], float], ...] = (
    (histogram, 9),
    (plot, 3.5),
    (scatter, 1),
    (profile, 1),
)
