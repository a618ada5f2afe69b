"""Quantities of an event computed from several columns: of two objects, of one from its components, of collections."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

from treadle.synthesis.python.parts import ObjectCut, Quantity, object_cuts, wrapped
from treadle.synthesis.python.said import ORDINALS
from treadle.synthesis.python.worlds import MET_WORDS, Field, Thing, World

__all__ = ["derived", "pair_mass", "pair_words"]

Maker = Callable[[World, random.Random], Quantity | None]


def derived(world: World, rng: random.Random) -> Quantity | None:
    """A computed quantity that the columns of the world allow."""
    makers: list[Maker] = [
        pair_mass,
        pair_mass,
        _delta_r,
        _delta_phi,
        _pair_pt,
        _transverse_mass,
        _from_components,
        _met_size,
        _two_scalars,
    ]
    makers += (
        [_number, _ht, _ht, _leading, _leading, _leading_with, _leading_and_met, _leading_and_met] * 2
        if world.collections()
        else []
    )
    for maker in rng.sample(makers, len(makers)):
        found = maker(world, rng)
        if found is not None:
            return found
    return None


def _listed(fields: list[Field], rng: random.Random) -> str:
    """'from a, b and c', or nothing."""
    names = [f.name for f in fields]
    return rng.choice(("", f" from {', '.join(names[:-1])} and {names[-1]}", f" (use {', '.join(names)})"))


def pair_words(thing: Thing, rng: random.Random) -> str:
    """'two muons', 'muon pair', 'dimuon system'."""
    one = thing.one
    return rng.choice((f"two {thing.many}", f"{one} pair", f"di{one} system" if " " not in one else f"two {thing.many}"))


# ------------------------------------------------------------------------------------------------ two objects


def pair_mass(world: World, rng: random.Random) -> Quantity | None:
    """The invariant mass of the two objects of an event."""
    pair = world.pair()
    if pair is None:
        return None
    a, b = pair
    bare = rng.choice((f"invariant mass of the {pair_words(a, rng)}", f"di{a.one} invariant mass", f"di{a.one} mass"))
    unit = a.first.unit
    if a.has("energy", "px", "py", "pz"):
        whats = ("energy", "px", "py", "pz")
        short = {"energy": "e"}

        def write(src: str) -> tuple[list[str], str]:
            lines = [f'{short.get(w, w)} = {src}["{a[w].name}"] + {src}["{b[w].name}"]' for w in whats]
            return [*lines, "mass = np.sqrt(e**2 - px**2 - py**2 - pz**2)"], "mass"

        def value(i: int) -> float:
            e, x, y, z = (a[w].one(i) + b[w].one(i) for w in whats)
            return math.sqrt(max(e * e - x * x - y * y - z * z, 0.0))

        said = _listed([t[w] for t in pair for w in whats], rng)
        return Quantity(bare + said, True, "mass", unit, write, value)
    if not a.has("pt", "eta", "phi"):
        return None

    def write_angles(src: str) -> tuple[list[str], str]:
        lines = [
            f'deta = {src}["{a["eta"].name}"] - {src}["{b["eta"].name}"]',
            f'dphi = {src}["{a["phi"].name}"] - {src}["{b["phi"].name}"]',
        ]
        pts = f'{src}["{a["pt"].name}"] * {src}["{b["pt"].name}"]'
        return [*lines, f"mass = np.sqrt(2 * {pts} * (np.cosh(deta) - np.cos(dphi)))"], "mass"

    def value_angles(i: int) -> float:
        deta, dphi = a["eta"].one(i) - b["eta"].one(i), a["phi"].one(i) - b["phi"].one(i)
        return math.sqrt(2 * a["pt"].one(i) * b["pt"].one(i) * (math.cosh(deta) - math.cos(dphi)))

    massless = "" if not a.has("mass") and not a.has("energy") and rng.random() < 0.6 else f" (massless {a.many})"
    said = _listed([t[w] for t in pair for w in ("pt", "eta", "phi")], rng)
    return Quantity(bare + said + massless, True, "mass", unit, write_angles, value_angles)


def _dphi_lines(src: str, a: Field, b: Field) -> str:
    return f'dphi = ({src}["{a.name}"] - {src}["{b.name}"] + np.pi) % (2 * np.pi) - np.pi'


def _delta_r(world: World, rng: random.Random) -> Quantity | None:
    pair = world.pair()
    if pair is None or not pair[0].has("eta", "phi"):
        return None
    a, b = pair

    def write(src: str) -> tuple[list[str], str]:
        deta = f'deta = {src}["{a["eta"].name}"] - {src}["{b["eta"].name}"]'
        return [deta, _dphi_lines(src, a["phi"], b["phi"]), "dr = np.sqrt(deta**2 + dphi**2)"], "dr"

    def value(i: int) -> float:
        return math.hypot(a["eta"].one(i) - b["eta"].one(i), wrapped(a["phi"].one(i) - b["phi"].one(i)))

    word = rng.choice(("delta R", "delta R", "Delta R", "angular distance delta R", "dR"))
    return Quantity(f"{word} between the two {a.many}", rng.random() < 0.3, "dr", "", write, value)


def _delta_phi(world: World, rng: random.Random) -> Quantity | None:
    pair, met = world.pair(), world.met()
    if pair is None or not pair[0].has("phi"):
        return None
    a, b, who = pair[0]["phi"], pair[1]["phi"], f"the two {pair[0].many}"
    if met is not None and met.has("phi") and rng.random() < 0.4:
        b, who = met["phi"], f"the first {pair[0].one} and the {rng.choice(MET_WORDS)}"

    def write(src: str) -> tuple[list[str], str]:
        return [_dphi_lines(src, a, b), "dphi = np.abs(dphi)"], "dphi"

    word = rng.choice(("absolute delta phi", "absolute azimuthal difference", "|delta phi|", "absolute value of delta phi"))
    return Quantity(f"{word} between {who}", True, "dphi", "", write, lambda i: abs(wrapped(a.one(i) - b.one(i))))


def _pair_pt(world: World, rng: random.Random) -> Quantity | None:
    pair = world.pair()
    if pair is None:
        return None
    a, b = pair
    bare = rng.choice(
        (f"transverse momentum of the {pair_words(a, rng)}", f"pt of the {pair_words(a, rng)}", f"di{a.one} pt")
    )
    if a.has("px", "py"):

        def write(src: str) -> tuple[list[str], str]:
            lines = [f'{w} = {src}["{a[w].name}"] + {src}["{b[w].name}"]' for w in ("px", "py")]
            return [*lines, "pair_pt = np.sqrt(px**2 + py**2)"], "pair_pt"

        return Quantity(
            bare,
            True,
            "pair_pt",
            a.first.unit,
            write,
            lambda i: math.hypot(*(a[w].one(i) + b[w].one(i) for w in ("px", "py"))),
        )
    if not a.has("pt", "phi"):
        return None

    def write_polar(src: str) -> tuple[list[str], str]:
        def both(f: str) -> str:
            return " + ".join(f'{src}["{t["pt"].name}"] * np.{f}({src}["{t["phi"].name}"])' for t in pair)

        return [f"px = {both('cos')}", f"py = {both('sin')}", "pair_pt = np.sqrt(px**2 + py**2)"], "pair_pt"

    def value(i: int) -> float:
        x = sum(t["pt"].one(i) * math.cos(t["phi"].one(i)) for t in pair)
        return math.hypot(x, sum(t["pt"].one(i) * math.sin(t["phi"].one(i)) for t in pair))

    return Quantity(bare, True, "pair_pt", a.first.unit, write_polar, value)


def _transverse_mass(world: World, rng: random.Random) -> Quantity | None:
    pair, met = world.pair(), world.met()
    if pair is None or met is None or not met.has("pt", "phi") or not pair[0].has("pt", "phi"):
        return None
    a = rng.choice(pair)

    def write(src: str) -> tuple[list[str], str]:
        last = f'mt = np.sqrt(2 * {src}["{a["pt"].name}"] * {src}["{met["pt"].name}"] * (1 - np.cos(dphi)))'
        return [f'dphi = {src}["{a["phi"].name}"] - {src}["{met["phi"].name}"]', last], "mt"

    def value(i: int) -> float:
        return math.sqrt(2 * a["pt"].one(i) * met["pt"].one(i) * (1 - math.cos(a["phi"].one(i) - met["phi"].one(i))))

    bare = f"transverse mass of the {ORDINALS[a.index]} {a.one} and the {rng.choice(MET_WORDS)}"
    return Quantity(bare, True, "mt", a.first.unit, write, value)


# ------------------------------------------------------------------------------------------------ one object, columns


def _from_components(world: World, rng: random.Random) -> Quantity | None:
    found = [t for t in world.things if not t.jagged and t.index and t.has("px", "py", "pz")]
    if not found:
        return None
    a = rng.choice(found)
    x, y, z = a["px"], a["py"], a["pz"]
    who = f"of the {ORDINALS[a.index]} {a.one}"
    kind = rng.choice(("pt", "pt", "p", "eta", "phi"))
    pt = f'np.sqrt({{src}}["{x.name}"]**2 + {{src}}["{y.name}"]**2)'
    code = {
        "pt": [f"pt = {pt}"],
        "p": [f'p = np.sqrt({{src}}["{x.name}"]**2 + {{src}}["{y.name}"]**2 + {{src}}["{z.name}"]**2)'],
        "eta": [f"pt = {pt}", f'eta = np.arcsinh({{src}}["{z.name}"] / pt)'],
        "phi": [f'phi = np.arctan2({{src}}["{y.name}"], {{src}}["{x.name}"])'],
    }[kind]
    words = {
        "pt": ("transverse momentum", "pt"),
        "p": ("total momentum", "momentum magnitude"),
        "eta": ("pseudorapidity", "eta"),
        "phi": ("azimuthal angle phi", "phi"),
    }[kind]

    def value(i: int) -> float:
        px, py, pz = x.one(i), y.one(i), z.one(i)
        pt = math.hypot(px, py)
        return {"pt": pt, "p": math.hypot(pt, pz), "eta": math.asinh(pz / pt), "phi": math.atan2(py, px)}[kind]

    used = [x, y] if kind in ("pt", "phi") else [x, y, z]
    unit = x.unit if kind in ("pt", "p") else ""
    bare = f"{rng.choice(words)} {who}{_listed(used, rng)}"
    return Quantity(bare, True, kind, unit, lambda src: ([line.format(src=src) for line in code], kind), value)


def _met_size(world: World, rng: random.Random) -> Quantity | None:
    met = world.met()
    if met is None or not met.has("px"):
        return None
    x, y = met["px"], met["py"]

    def write(src: str) -> tuple[list[str], str]:
        return [f'met = np.sqrt({src}["{x.name}"]**2 + {src}["{y.name}"]**2)'], "met"

    bare = rng.choice(MET_WORDS) + _listed([x, y], rng)
    return Quantity(bare, True, "met", x.unit, write, lambda i: math.hypot(x.one(i), y.one(i)))


def _two_scalars(world: World, rng: random.Random) -> Quantity | None:
    measures = [f for f in world.scalars if f.is_measure]
    pairs = [(a, b) for a in measures for b in measures if a is not b and a.unit == b.unit and a.unit]
    if not pairs:
        return None
    a, b = rng.choice(pairs)
    kind = rng.choice(("sum", "difference", "ratio"))
    if kind == "ratio" and min(abs(b.one(i)) for i in range(world.entries)) < 1e-3:
        kind = "sum"
    sign = {"sum": "+", "difference": "-", "ratio": "/"}[kind]
    join = {"sum": "and", "difference": "and", "ratio": "to"}[kind]
    bare = rng.choice((f"{kind} of {a.name} {join} {b.name}", f"{a.name} {sign} {b.name}"))
    if kind == "difference":
        bare = rng.choice(
            (f"difference between {a.name} and {b.name}", f"{a.name} - {b.name}", f"difference {a.name} minus {b.name}")
        )
    short = {"sum": "total", "difference": "difference", "ratio": "ratio"}[kind]

    def value(i: int) -> float:
        u, v = a.one(i), b.one(i)
        return u + v if kind == "sum" else u - v if kind == "difference" else u / v

    def write(src: str) -> tuple[list[str], str]:
        return [f'{short} = {src}["{a.name}"] {sign} {src}["{b.name}"]'], short

    return Quantity(bare, kind in bare, short, "" if kind == "ratio" else a.unit, write, value)


# ------------------------------------------------------------------------------------------------ collections


def _chosen(world: World, rng: random.Random, *whats: str) -> Thing | None:
    found = [t for t in world.collections() if t.has(*whats)]
    return rng.choice(found) if found else None


def _number(world: World, rng: random.Random) -> Quantity | None:
    thing = _chosen(world, rng)
    if thing is None:
        return None
    cut = object_cuts(thing, rng) if rng.random() < 0.5 else None
    short = f"n_{thing.many.replace(' ', '_')}"
    tail = cut.behind(rng) if cut is not None else ""

    def write(src: str) -> tuple[list[str], str]:
        code = f'ak.num({src}["{thing.first.name}"])' if cut is None else f"ak.sum({cut.write(src)}, axis=1)"
        return [f"{short} = {code}"], short

    def value(i: int) -> float:
        return float(sum(cut is None or cut.test(i, k) for k in range(len(thing.first.many(i)))))

    bare = f"number of {thing.many}{tail}{rng.choice((' per event', ' in an event', ''))}"
    return Quantity(bare, True, short, "", write, value, whole=True)


def _summed(thing: Thing) -> Field | None:
    for what in ("pt", "energy", "signal", "area"):
        if thing.has(what):
            return thing[what]
    return None


def _ht(world: World, rng: random.Random) -> Quantity | None:
    thing = _chosen(world, rng)
    field = None if thing is None else _summed(thing)
    if thing is None or field is None:
        return None
    cut = object_cuts(thing, rng, 1) if rng.random() < 0.4 else None
    word = rng.choice(field.words)
    tail = cut.behind(rng) if cut is not None else ""
    many = rng.choice((thing.many, f"all {thing.many}"))
    bare = rng.choice(
        (
            f"scalar sum of the {word} of the {thing.many}{tail}",
            f"summed {word} of {many}{tail} in an event",
            f"total {word} of the {thing.many}{tail} per event",
        )
    )
    short = "total"
    if thing.one == "jet" and field.what == "pt":
        short = "ht"
        bare = rng.choice(
            (
                bare,
                f"HT of the jets{tail}",
                f"HT, the scalar sum of the jet pt, of jets{tail}" if tail else "HT, the scalar sum of the jet pt",
            )
        )

    def write(src: str) -> tuple[list[str], str]:
        inner = f'{src}["{field.name}"]'
        if cut is not None:
            inner += f"[{cut.write(src)}]"
        return [f"{short} = ak.sum({inner}, axis=1)"], short

    def value(i: int) -> float:
        return math.fsum(v for k, v in enumerate(field.many(i)) if cut is None or cut.test(i, k))

    return Quantity(bare, True, short, field.unit, write, value)


def _leading(world: World, rng: random.Random) -> Quantity | None:
    """The largest value among the objects of an event; events without objects have none."""
    thing = _chosen(world, rng)
    field = None if thing is None else _summed(thing)
    if thing is None or field is None:
        return None
    cut: ObjectCut | None = object_cuts(thing, rng, 1, frozenset({field.name})) if rng.random() < 0.2 else None
    word, tail = rng.choice(field.words), cut.behind(rng) if cut is not None else ""
    lead = rng.choice(("leading", "leading", "hardest")) if field.what == "pt" else rng.choice(("largest", "leading"))
    bare = rng.choice(
        (
            f"{word} of the {lead} {thing.one}{tail}",
            f"{lead} {thing.one} {word}" if not tail else f"{word} of the {lead} {thing.one}{tail}",
            f"{word} of the {thing.one}{tail} with the highest {word}",
        )
    )
    if field.what != "pt" and lead == "largest":
        bare = f"largest {word} among the {thing.many}{tail} of an event"

    def write(src: str) -> tuple[list[str], str]:
        inner = f'{src}["{field.name}"]'
        if cut is not None:
            inner += f"[{cut.write(src)}]"
        return [f"leading = ak.drop_none(ak.max({inner}, axis=1))"], "leading"

    def value(i: int) -> float | None:
        return max((v for k, v in enumerate(field.many(i)) if cut is None or cut.test(i, k)), default=None)

    return Quantity(bare, True, "leading", field.unit, write, value)


def _leading_with(world: World, rng: random.Random) -> Quantity | None:
    """Another quantity of the leading object, or the value of the second one."""
    thing = _chosen(world, rng)
    by = None if thing is None else _summed(thing)
    if thing is None or by is None:
        return None
    others = [f for f in thing.fields.values() if f.is_measure and f is not by]
    if others and rng.random() < 0.5:
        field = rng.choice(others)
        word = rng.choice(field.words)
        bare = rng.choice(
            (f"{word} of the {thing.one} with the highest {rng.choice(by.words)}", f"{word} of the leading {thing.one}")
        )

        def write(src: str) -> tuple[list[str], str]:
            at = f'i = ak.argmax({src}["{by.name}"], axis=1, keepdims=True)'
            return [at, f'{field.what} = ak.drop_none(ak.flatten({src}["{field.name}"][i]))'], field.what

        def value(i: int) -> float | None:
            values = by.many(i)
            return field.many(i)[values.index(max(values))] if values else None

        return Quantity(bare, True, f"leading_{field.what}", field.unit, write, value)
    word, n = rng.choice(by.words), rng.choices((2, 3), (4, 1))[0]
    bare = rng.choice(
        (
            f"{word} of the {'subleading' if n == 2 else 'third-leading'} {thing.one}",
            f"{word} of the {ORDINALS[n]} hardest {thing.one}",
            f"{ORDINALS[n]} highest {thing.one} {word}",
        )
    )

    def write_nth(src: str) -> tuple[list[str], str]:
        ordered = f'ordered = ak.sort({src}["{by.name}"], axis=1, ascending=False)'
        return [ordered, f"{ORDINALS[n]} = ordered[ak.num(ordered) >= {n}][:, {n - 1}]"], ORDINALS[n]

    def value_nth(i: int) -> float | None:
        values = sorted(by.many(i), reverse=True)
        return values[n - 1] if len(values) >= n else None

    return Quantity(bare, True, ORDINALS[n], by.unit, write_nth, value_nth)


def _leading_and_met(world: World, rng: random.Random) -> Quantity | None:
    """The transverse mass, or the angle, of the leading object and the missing energy, in events that have one."""
    thing, met = _chosen(world, rng, "pt", "phi"), world.met()
    if thing is None or met is None or not met.has("pt", "phi"):
        return None
    pt, phi, size, angle = thing["pt"], thing["phi"], met["pt"], met["phi"]
    who = f"the leading {thing.one} and the {rng.choice(MET_WORDS)}"
    mass = rng.random() < 0.6

    def write(src: str) -> tuple[list[str], str]:
        lines = [f'one = {src}[ak.num({src}["{pt.name}"]) > 0]', f'i = ak.argmax(one["{pt.name}"], axis=1, keepdims=True)']
        difference = f'ak.flatten(one["{phi.name}"][i]) - one["{angle.name}"]'
        if not mass:
            return [*lines, f"dphi = {difference}", "dphi = np.abs((dphi + np.pi) % (2 * np.pi) - np.pi)"], "dphi"
        last = f'mt = np.sqrt(2 * ak.max(one["{pt.name}"], axis=1) * one["{size.name}"] * (1 - np.cos(dphi)))'
        return [*lines, f"dphi = {difference}", last], "mt"

    def value(i: int) -> float | None:
        pts = pt.many(i)
        if not pts:
            return None
        dphi = phi.many(i)[pts.index(max(pts))] - angle.one(i)
        return math.sqrt(2 * max(pts) * size.one(i) * (1 - math.cos(dphi))) if mass else abs(wrapped(dphi))

    bare = f"transverse mass of {who}" if mass else f"absolute delta phi between {who}"
    return Quantity(bare, True, "mt" if mass else "dphi", pt.unit if mass else "", write, value)
