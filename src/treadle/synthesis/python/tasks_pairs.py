"""Tasks on pairs of objects, of one collection or of two, and on objects known by the components of their momentum."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable

from treadle.synthesis.python.parts import Task, wrapped
from treadle.synthesis.python.said import asked, cut_said, threshold
from treadle.synthesis.python.tasks_objects import collection
from treadle.synthesis.python.worlds import Thing, World
from treadle.synthesis.python.writing import finished

__all__ = ["MAKERS"]


def pairs(world: World, rng: random.Random) -> Task | None:
    """Pairs of one collection: their mass or distance; counted, or the mean."""
    cartesian = collection(world, rng, "energy", "px", "py", "pz")
    polar = collection(world, rng, "pt", "eta", "phi")
    thing = cartesian or polar
    if thing is None:
        return None
    kind = "mass" if thing is cartesian else rng.choice(("mass", "mass", "dr"))
    charged = thing.has("charge") and rng.random() < 0.5
    exactly = rng.random() < 0.3
    values = []
    for i in range(world.entries):
        n = len(thing.first.many(i))
        if exactly and n != 2:
            continue
        for a, b in itertools.combinations(range(n), 2):
            if not charged or thing["charge"].many(i)[a] != thing["charge"].many(i)[b]:
                values.append(_mass(thing, i, a, b) if kind == "mass" else _distance(thing, i, a, b))
    if len(values) < 4:
        return None
    src, lines = "events", list[str]()
    if exactly:
        src, lines = "two", [f'two = events[ak.num(events["{thing.first.name}"]) == 2]']
    lines += _pair_lines(thing, kind, src, charged)
    keep = f"{kind}[q1 != q2]" if charged else kind
    return _asked_of_pairs(thing, kind, values, lines, keep, charged, exactly, rng)


def _mass(thing: Thing, i: int, a: int, b: int) -> float:
    if thing.has("energy", "px", "py", "pz"):
        e, x, y, z = (thing[w].many(i)[a] + thing[w].many(i)[b] for w in ("energy", "px", "py", "pz"))
        return math.sqrt(max(e * e - x * x - y * y - z * z, 0.0))
    pt, eta, phi = (thing[w].many(i) for w in ("pt", "eta", "phi"))
    return math.sqrt(2 * pt[a] * pt[b] * (math.cosh(eta[a] - eta[b]) - math.cos(phi[a] - phi[b])))


def _distance(thing: Thing, i: int, a: int, b: int, other: Thing | None = None) -> float:
    second = other or thing
    return math.hypot(
        thing["eta"].many(i)[a] - second["eta"].many(i)[b], wrapped(thing["phi"].many(i)[a] - second["phi"].many(i)[b])
    )


def _unzipped(thing: Thing, what: str, short: str, src: str) -> str:
    return f'{short}1, {short}2 = ak.unzip(ak.combinations({src}["{thing[what].name}"], 2))'


def _pair_lines(thing: Thing, kind: str, src: str, charged: bool) -> list[str]:
    whats: tuple[tuple[str, str], ...] = (
        (("energy", "e"), ("px", "px"), ("py", "py"), ("pz", "pz"))
        if thing.has("energy", "px", "py", "pz")
        else (("pt", "pt"), ("eta", "eta"), ("phi", "phi"))
    )
    if kind == "dr":
        whats = (("eta", "eta"), ("phi", "phi"))
    lines = [_unzipped(thing, what, short, src) for what, short in whats]
    if charged:
        lines.append(_unzipped(thing, "charge", "q", src))
    if kind == "dr":
        return [*lines, "dphi = (phi1 - phi2 + np.pi) % (2 * np.pi) - np.pi", "dr = np.sqrt((eta1 - eta2)**2 + dphi**2)"]
    if len(whats) == 4:
        return [*lines, "mass = np.sqrt((e1 + e2)**2 - (px1 + px2)**2 - (py1 + py2)**2 - (pz1 + pz2)**2)"]
    return [*lines, "mass = np.sqrt(2 * pt1 * pt2 * (np.cosh(eta1 - eta2) - np.cos(phi1 - phi2)))"]


def _asked_of_pairs(
    thing: Thing,
    kind: str,
    values: list[float],
    lines: list[str],
    keep: str,
    charged: bool,
    exactly: bool,
    rng: random.Random,
) -> Task | None:
    sign = rng.choice(("opposite-sign ", "oppositely charged ")) if charged else ""
    of = f"{rng.choice(('', 'all '))}{sign}{thing.one} pairs" if not exactly else f"the two {sign}{thing.many}"
    where = f" in events with exactly two {thing.many}" if exactly else ""
    word = rng.choice(("invariant mass", "mass")) if kind == "mass" else "delta R"
    unit = thing.first.unit if kind == "mass" else ""
    task = rng.choices(("count", "mean", "median", "max"), (4, 5, 1, 1))[0]
    if task == "count":
        v, w = threshold(values, rng, 0.1, 0.5), threshold(values, rng, 0.6, 0.9)
        op = rng.choice((">", "<", "between", "between"))
        if op == "between" and float(w) <= float(v):
            op = ">"
        cut = cut_said(f"{word}", op, v, unit, rng, w)
        n = sum(float(v) < x < float(w) if op == "between" else x > float(v) if op == ">" else x < float(v) for x in values)
        mask = f"({kind} > {v}) & ({kind} < {w})" if op == "between" else f"{kind} {op} {v}"
        if charged:
            mask = f"(q1 != q2) & {mask if op == 'between' else f'({mask})'}"
        request = asked(
            (
                "[How many {s}{o} pairs have {c}{e}|Count the {s}{o} pairs with {c}{e}|Form all {s}{o} "
                "pairs{e} and count those with {c}]"
            ),
            rng,
            s=sign,
            o=thing.one,
            c=cut,
            e=where,
        )
        return finished("pairs counted", request, lines, {"n_pairs": (f"ak.sum({mask})", float(n))}, rng, names="n")
    flat = f"ak.flatten({keep})"
    code = f"np.median(ak.to_numpy({flat}))" if task == "median" else f"np.{task}({flat})"
    ordered = sorted(values)
    middle = (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
    value = {"mean": math.fsum(values) / len(values), "max": max(values), "median": middle}[task]
    head = {"mean": "[mean|average]", "max": "[largest|maximum]", "median": "median"}[task]
    request = asked(f"[What is|Give|Compute|Calculate] the {head} {{w}} of {{f}}{{e}}", rng, w=word, f=of, e=where)
    return finished(f"pairs {task}", request, lines, {f"{task}_{kind}": (code, value)}, rng, names=task, short=kind)


def two_leading(world: World, rng: random.Random) -> Task | None:
    """The mass of the two hardest objects in events that have them."""
    thing = collection(world, rng, "pt", "eta", "phi")
    if thing is None or thing.has("energy"):
        return None
    values = []
    for i in range(world.entries):
        pt = thing["pt"].many(i)
        if len(pt) >= 2:
            a, b = sorted(range(len(pt)), key=lambda k: -pt[k])[:2]
            values.append(_mass(thing, i, a, b))
    if len(values) < 4:
        return None
    lines = [
        f'order = ak.argsort(events["{thing["pt"].name}"], axis=1, ascending=False)',
        f'two = ak.num(events["{thing["pt"].name}"]) >= 2',
    ]
    lines += [f'{w} = events["{thing[w].name}"][order][two]' for w in ("pt", "eta", "phi")]
    lines += [
        "deta = eta[:, 0] - eta[:, 1]",
        "dphi = phi[:, 0] - phi[:, 1]",
        "mass = np.sqrt(2 * pt[:, 0] * pt[:, 1] * (np.cosh(deta) - np.cos(dphi)))",
    ]
    request = asked(
        (
            "[What is|Give|Compute] the [mean|average] invariant mass of the two "
            "[leading|hardest|highest-pt] {m}[ in events with at least two {m}|]"
        ),
        rng,
        m=thing.many,
    )
    return finished(
        "mass of two leading",
        request,
        lines,
        {"mean_mass": ("np.mean(mass)", math.fsum(values) / len(values))},
        rng,
        names="mean",
        short="mass",
    )


def two_collections(world: World, rng: random.Random) -> Task | None:
    """Combinations of two collections: close ones, or events with one of each."""
    things = world.collections()
    if len(things) < 2:
        return None
    a, b = rng.sample(things, 2)
    near = a.has("eta", "phi") and b.has("eta", "phi")
    if not near or rng.random() < 0.4:
        n = rng.choice((1, 1, 2))
        count = sum(len(a.first.many(i)) >= n and len(b.first.many(i)) >= 1 for i in range(world.entries))
        word = "a" if n == 1 else "at least two"
        request = asked(
            (
                "[How many events [have|contain]|Count events with|In how many events do we find] {n} "
                "{a} and at least one {b}"
            ),
            rng,
            n=rng.choice((word, "at least one")) if n == 1 else word,
            a=a.one if n == 1 else a.many,
            b=b.one,
        )
        mask = f'mask = (ak.num(events["{a.first.name}"]) >= {n}) & (ak.num(events["{b.first.name}"]) >= 1)'
        return (
            finished("two kinds", request, [mask], {"n_events": ("np.sum(mask)", float(count))}, rng, names="n")
            if count
            else None
        )
    v = rng.choice(("0.3", "0.4", "0.5", "0.8", "1"))
    distances = [
        _distance(a, i, j, k, b)
        for i in range(world.entries)
        for j in range(len(a.first.many(i)))
        for k in range(len(b.first.many(i)))
    ]
    n_close = sum(d < float(v) for d in distances)
    if not n_close:
        return None
    lines = [
        f'eta1, eta2 = ak.unzip(ak.cartesian([events["{a["eta"].name}"], events["{b["eta"].name}"]]))',
        f'phi1, phi2 = ak.unzip(ak.cartesian([events["{a["phi"].name}"], events["{b["phi"].name}"]]))',
        "dphi = (phi1 - phi2 + np.pi) % (2 * np.pi) - np.pi",
        "dr = np.sqrt((eta1 - eta2)**2 + dphi**2)",
    ]
    request = asked(
        "[How many {a}-{b} [pairs|combinations] have|Count the {a}-{b} [pairs|combinations] with] {c}",
        rng,
        a=a.one,
        b=b.one,
        c=cut_said("delta R", "<", v, "", rng),
    )
    return finished("close combinations", request, lines, {"n_close": (f"ak.sum(dr < {v})", float(n_close))}, rng, names="n")


def from_components(world: World, rng: random.Random) -> Task | None:
    """Transverse momentum or pseudorapidity of objects from their components; counted, or the mean."""
    thing = collection(world, rng, "px", "py", "pz")
    if thing is None:
        return None
    x, y, z = thing["px"], thing["py"], thing["pz"]
    kind = rng.choice(("pt", "pt", "eta"))
    lines = [f'pt = np.sqrt(events["{x.name}"]**2 + events["{y.name}"]**2)']
    if kind == "eta":
        lines.append(f'eta = np.arcsinh(events["{z.name}"] / pt)')
    per: list[list[float]] = []
    for i in range(world.entries):
        pts = [math.hypot(a, b) for a, b in zip(x.many(i), y.many(i), strict=True)]
        per.append(pts if kind == "pt" else [math.asinh(c / p) for c, p in zip(z.many(i), pts, strict=True)])
    values = [v for event in per for v in event]
    word = rng.choice({"pt": ("pt", "transverse momentum"), "eta": ("eta", "pseudorapidity")}[kind])
    used = [x.name, y.name] + ([z.name] if kind == "eta" else [])
    hint = rng.choice(
        ("", "", f" Use {', '.join(used[:-1])} and {used[-1]}.", f" The file has {', '.join(used[:-1])} and {used[-1]}.")
    )
    task = rng.choice(("mean", "count", "events")) if kind == "pt" else "central"
    many = thing.many
    if task == "mean":
        request = asked("[What is|Compute|Give] the [mean|average] {w} of [all|the] {m}", rng, w=word, m=many) + hint
        return finished(
            "components mean",
            request,
            lines,
            {"mean_pt": ("np.mean(ak.flatten(pt))", math.fsum(values) / len(values))},
            rng,
            names="mean",
            short="pt",
        )
    if task == "central":
        v = rng.choice(("1", "1.5", "2.1", "2.4", "2.5"))
        request = (
            asked(
                "[How many {m} have|Count the {m} with] |".rstrip("|") + "{c}",
                rng,
                m=many,
                c=cut_said(f"|{word}|", "<", v, "", rng),
            )
            + hint
        )
        return finished(
            "components count",
            request,
            lines,
            {f"n_{many.replace(' ', '_')}": (f"ak.sum(np.abs(eta) < {v})", float(sum(abs(e) < float(v) for e in values)))},
            rng,
            names="n",
        )
    v = threshold(values, rng, 0.3, 0.8)
    cut = cut_said(word, ">", v, x.unit, rng)
    if task == "count":
        request = asked("[How many {m} have|Count the {m} with|number of {m} with] {c}", rng, m=many, c=cut) + hint
        return finished(
            "components count",
            request,
            lines,
            {f"n_{many.replace(' ', '_')}": (f"ak.sum(pt > {v})", float(sum(p > float(v) for p in values)))},
            rng,
            names="n",
        )
    n = rng.choice((1, 2))
    count = sum(sum(p > float(v) for p in pts) >= n for pts in per)
    request = (
        asked(
            "How many events have at least {n} {m} with {c}",
            rng,
            n=("one", "two")[n - 1],
            m=thing.one if n == 1 else many,
            c=cut,
        )
        + hint
    )
    return finished(
        "components events",
        request,
        lines,
        {"n_events": (f"np.sum(ak.sum(pt > {v}, axis=1) >= {n})", float(count))},
        rng,
        names="n",
    )


MAKERS: tuple[tuple[Callable[[World, random.Random], Task | None], float], ...] = (
    (pairs, 16),
    (two_leading, 4),
    (two_collections, 5),
    (from_components, 10),
)
