"""Invents worlds: trees with names, objects, units and values that no evaluation set has."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from treadle.synthesis.python.domains import Collection, Kind, collections, fields, scalars
from treadle.synthesis.python.worlds import MET_WORDS, Field, Format, Thing, World

__all__ = ["invent"]

_TREES = (
    "tree",
    "Event",
    "evts",
    "ntuple",
    "data",
    "analysis",
    "Tree",
    "T",
    "physics",
    "nominal",
    "evt",
    "DecayTree",
    "reco",
    "output",
    "sel",
    "Data",
    "ana/tree",
    "hits",
    "records",
    "tuple",
    "NTuple",
    "t1",
    "summary",
    "flat",
    "candidates",
    "main",
)
_FILES = (
    "run{n}",
    "data_{n}",
    "sample{n}",
    "ntuple_{n}",
    "skim_{n}",
    "output{n}",
    "{d}_{n}",
    "{d}{n}",
    "mc_{n}",
    "periodB_{n}",
    "{d}_sel",
    "prod{n}_v2",
    "reco_{n}",
    "events_{n}",
    "{d}_small",
    "user.{d}.{n}",
    "batch-{n}",
    "test_{d}",
    "export_{n}",
)
_STYLES = ("nano", "snake", "snake", "camel", "last", "upper", "capital")
_INDEXED = ("{p}{i}_{q}", "{q}{i}", "{p}_{q}_{i}", "{q}_{i}", "{p}{i}{Q}", "{q}_{p}{i}", "{p}{i}{q}", "{p}_{i}_{q}")
_PAIRED = ("muon", "electron", "jet", "photon", "tau", "lepton", "kaon", "pion", "proton")
_SHORT = {
    "muon": "mu",
    "electron": "el",
    "jet": "j",
    "photon": "ph",
    "tau": "tau",
    "lepton": "lep",
    "kaon": "k",
    "pion": "pi",
}
_MASSES = {"muon": 0.106, "electron": 0.0005, "photon": 0.0, "tau": 1.777, "lepton": 0.106, "kaon": 0.494, "pion": 0.14}
_METS = (
    ("met", "met_phi"),
    ("MET_pt", "MET_phi"),
    ("etmiss", "etmiss_phi"),
    ("met_et", "met_phi"),
    ("ptmiss", "ptmiss_phi"),
    ("missing_et", "missing_phi"),
    ("METpt", "METphi"),
    ("MET", "METPhi"),
    ("met_x", "met_y"),
    ("met_ex", "met_ey"),
    ("mpx", "mpy"),
    ("MET_px", "MET_py"),
)
_FILLED = (
    "HLT_Mu",
    "HLT_Ele",
    "HLT_Jet",
    "HLT_Photon",
    "HLT_Tau",
    "HLT_DiMu",
    "HLT_PFHT",
    "L1_Mu",
    "L1_EG",
    "L1_HT",
    "L1_ETM",
    "Filter_noise",
    "Flag_halo",
    "trig_mu",
    "trig_e",
    "trig_j",
    "TRIG_met",
    "pass_",
    "veto_",
    "HLT_DiEle",
    "HLT_DiJetAve",
    "L1_DoubleTau",
    "HLT_MET",
)
_LEVELS = (
    "5",
    "8",
    "12",
    "17",
    "20",
    "24x",
    "27",
    "30",
    "35",
    "40",
    "45",
    "50",
    "60",
    "80",
    "100",
    "120",
    "175",
    "250",
    "_loose",
    "_v2",
)


def invent(seed: int, *, wide: bool = False) -> World:
    """A world that depends on ``seed`` alone; a ``wide`` one has more columns than a prompt shows."""
    rng = random.Random(seed)  # noqa: S311
    return _Inventor(rng, np.random.default_rng(seed), wide).world()


class _Inventor:
    def __init__(self, rng: random.Random, values: np.random.Generator, wide: bool) -> None:
        self.rng, self.values, self.wide = rng, values, wide
        self.entries = rng.choice((40, 60, 75, 80, 100, 120, 150, 200, 240, 300))
        self.scale = 1.0
        self.names: set[str] = set()

    def world(self) -> World:
        rng = self.rng
        domain = rng.choice(
            ("collider",) * 12
            + (
                "testbeam",
                "neutrino",
                "shower",
                "gamma",
                "darkmatter",
                "flavour",
                "flavour",
                "heavyion",
                "detector",
                "simulation",
            )
        )
        kind: Format = rng.choices(("root", "parquet", "csv"), (78, 10, 12))[0]
        self.scale = 1000.0 if rng.random() < 0.12 else 1.0
        things = self._things(domain, kind)
        found = self._scalars(domain, 14 if self.wide else rng.randint(2 if things else 4, 7))
        gaps = self._gaps(domain) if rng.random() < 0.15 else None
        found += self._fill() if self.wide else []
        order = [f.name for f in [*found, *([gaps] if gaps else [])]] + [f.name for t in things for f in t.fields.values()]
        if rng.random() < 0.4:
            order = order[len(found) :] + order[: len(found)]
        name = rng.choice(_FILES).format(n=rng.randint(1, 999), d=domain)
        suffix = {"root": "root", "parquet": "parquet", "csv": "csv"}[kind]
        tree = rng.choice(_TREES) if kind == "root" else ""
        return World(f"{name}.{suffix}", kind, tree, domain, self.entries, tuple(found), tuple(things), tuple(order), gaps)

    # ------------------------------------------------------------------------------------------- columns

    def _free(self, names: Sequence[str]) -> str | None:
        left = [n for n in names if n.lower() not in self.names]
        if not left:
            return None
        name = self.rng.choice(left)
        self.names.add(name.lower())
        return name

    def _scalars(self, domain: str, most: int) -> list[Field]:
        known = [*scalars(domain), *self.rng.sample(scalars("common"), 3)]
        chosen = self.rng.sample(known, min(most, len(known)))
        found = []
        for kind in chosen:
            name = self._free(kind.names)
            if name is not None:
                found.append(self._field(name, kind, self._drawn(kind.drawn, self.entries)))
        return found

    def _gaps(self, domain: str) -> Field | None:
        """A measure that some events lack."""
        kinds = [k for k in scalars(domain) if k.drawn[0] in ("gauss", "falling", "unif")]
        kind = self.rng.choice(kinds)
        name = self._free(kind.names)
        if name is None:
            return None
        values = self._drawn(kind.drawn, self.entries)
        values[self.values.random(self.entries) < 0.18] = -999.0 if (mark := self.rng.random() < 0.5) else np.nan
        return Field(
            name, kind.what, kind.words, self._unit(kind.unit), ("gaps", "-999" if mark else "nan"), tuple(values.tolist())
        )

    def _fill(self) -> list[Field]:
        """Many columns that a prompt cannot show: triggers and filters."""
        made = []
        for _ in range(self.rng.randint(25, 60)):
            name = f"{self.rng.choice(_FILLED)}{self.rng.choice(_LEVELS)}"
            if self._free((name,)) is not None:
                drawn = ("flag", str(self.rng.choice((0.1, 0.3, 0.6, 0.9))))
                made.append(self._field(name, Kind(name, (name,), (name,), "", drawn), self._drawn(drawn, self.entries)))
        return made

    def _field(self, name: str, kind: Kind, values: np.ndarray) -> Field:
        return Field(name, kind.what, kind.words, self._unit(kind.unit), kind.drawn, tuple(values.tolist()))

    def _unit(self, unit: str) -> str:
        return "MeV" if unit == "GeV" and self.scale != 1.0 else unit

    def _drawn(self, how: Sequence[str], size: int) -> np.ndarray:
        """Values as a file holds them: floats of 32 bits, as numbers of Python."""
        kind, numbers = how[0], [float(x) for x in how[1:]]
        rng = self.values
        match kind:
            case "gauss":
                made = rng.normal(numbers[0], numbers[1], size)
            case "falling":
                made = numbers[0] + rng.exponential(numbers[1], size)
            case "unif":
                made = rng.uniform(numbers[0], numbers[1], size)
            case "poisson":
                made = rng.poisson(numbers[0], size).astype(float)
            case "choice":
                start = self.rng.choice((0, 1, 1, 3, 100, 2016, 300500))
                made = start + np.sort(rng.integers(0, int(numbers[0]), size)).astype(float)
            case "index":
                made = self.rng.choice((0, 1, 1000, 52000)) + np.arange(size, dtype=float)
            case "flag":
                made = (rng.random(size) < numbers[0]).astype(float)
            case _:
                made = rng.choice((-1.0, 1.0), size)
        return np.round(made.astype(np.float32), 4).astype(np.float32).astype(float)

    # ------------------------------------------------------------------------------------------- objects

    def _things(self, domain: str, kind: Format) -> list[Thing]:
        rng, found = self.rng, list[Thing]()
        known = collections().get(domain, ())
        jagged = kind == "root" and ((domain == "collider" and rng.random() < 0.75) or rng.random() < 0.5)
        jagged |= kind == "parquet" and rng.random() < 0.4
        if jagged and known:
            style = rng.choice(_STYLES)
            ordered = rng.random() < 0.7
            most = min(len(known), 6 if self.wide else rng.choice((1, 1, 2, 2, 3)))
            cartesian = rng.random() < 0.22
            found += [self._collection(c, style, cartesian, ordered) for c in rng.sample(known, most)]
        elif domain in ("collider", "flavour") or rng.random() < 0.15:
            found += self._pair()
        if domain == "collider" and rng.random() < 0.6:
            found += self._met()
        return found

    def _spelled(self, style: str, prefix: str, name: str) -> str:
        capital = name[:1].upper() + name[1:]
        upper = prefix[:1].upper() + prefix[1:]
        return {
            "nano": f"{upper}_{name}",
            "snake": f"{prefix.lower()}_{name}",
            "camel": f"{prefix[:1].lower()}{prefix[1:]}{capital}",
            "last": f"{name}_{prefix.lower()}",
            "upper": f"{upper}_{name.upper()}",
            "capital": f"{upper}{capital}",
        }[style]

    def _particles(self, n: int, mass: float | None) -> dict[str, np.ndarray]:
        """Kinematics of ``n`` particles, consistent among themselves."""
        rng = self.values
        pt = (self.rng.choice((5, 8, 15, 20)) + rng.exponential(self.rng.choice((12, 20, 30)), n)) * self.scale
        eta = np.clip(rng.normal(0, 1.3, n), -4, 4)
        phi = rng.uniform(-math.pi, math.pi, n)
        m = np.full(n, (mass or 0.0) * self.scale) if mass is not None else (1 + rng.exponential(6, n)) * self.scale
        px, py, pz = pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)
        e = np.sqrt(px**2 + py**2 + pz**2 + m**2)
        made = {"pt": pt, "eta": eta, "phi": phi, "mass": m, "energy": e, "px": px, "py": py, "pz": pz}
        return {k: v.astype(np.float32).astype(float) for k, v in made.items()}

    def _collection(self, kind: Collection, style: str, cartesian: bool, ordered: bool) -> Thing:
        rng, known = self.rng, fields()
        free = [p for p in kind.prefixes if not any(n.startswith(p.lower() + "_") for n in self.names)]
        prefix = rng.choice(free or list(kind.prefixes))
        counts = np.minimum(self.values.poisson(rng.choice((1.3, 1.8, 2.5, 3.2)), self.entries), 7)
        whats = [w for w in kind.has if w != "kin"]
        kept = [w for w in whats if rng.random() < 0.65 or w == kind.has[0]]
        flat: dict[str, np.ndarray] = {}
        if kind.has[0] == "kin":
            made = self._particles(int(counts.sum()), _MASSES.get(kind.one))
            shape = (
                ("energy", "px", "py", "pz")
                if cartesian
                else ("pt", "eta", "phi", *(("mass",) if rng.random() < 0.6 else ()))
            )
            flat = {w: made[w] for w in shape}
        flat |= {w: self._drawn(known[w].drawn, int(counts.sum())) for w in kept}
        by = "pt" if "pt" in flat else "energy" if "energy" in flat else next(iter(flat))
        order = self._order(flat[by], counts) if ordered else np.arange(int(counts.sum()))
        edges = np.cumsum(counts)[:-1]
        made_fields = {}
        for what, values in flat.items():
            name = self._spelled(style, prefix, rng.choice(known[what].names))
            if name.lower() in self.names:
                continue
            self.names.add(name.lower())
            lists = tuple(tuple(part.tolist()) for part in np.split(values[order], edges))
            k = known[what]
            drawn = ("constant",) if what == "mass" and kind.one in _MASSES else k.drawn
            made_fields[what] = Field(name, what, k.words, self._unit(k.unit), drawn, lists, jagged=True)
        counter = rng.choice((f"n{prefix}", f"n_{prefix}", f"{prefix}_n", f"n{prefix[:1].upper()}{prefix[1:]}"))
        while counter.lower() in self.names:
            counter += "s"
        self.names.add(counter.lower())
        return Thing(kind.one, kind.many, made_fields, jagged=True, counter=counter)

    @staticmethod
    def _order(by: np.ndarray, counts: np.ndarray) -> np.ndarray:
        """Objects of each event by falling ``by``."""
        event = np.repeat(np.arange(len(counts)), counts)
        return np.lexsort((-by, event))

    def _pair(self) -> list[Thing]:
        rng, known = self.rng, fields()
        one = rng.choice(_PAIRED[:6]) if rng.random() < 0.8 else rng.choice(_PAIRED)
        spelled, prefix = rng.choice(_INDEXED), _SHORT.get(one, one[:1])
        shape = rng.choice(
            (
                ("pt", "eta", "phi"),
                ("pt", "eta", "phi", "mass"),
                ("energy", "px", "py", "pz"),
                ("pt", "eta", "phi", "energy"),
            )
        )
        extra = [w for w in ("charge", "iso", "tight") if rng.random() < (0.75 if w == "charge" else 0.3)]
        names = {w: rng.choice(known[w].names) for w in (*shape, *extra)}
        made = []
        for index in (1, 2):
            values = self._particles(self.entries, _MASSES.get(one))
            values |= {w: self._drawn(known[w].drawn, self.entries) for w in extra}
            made_fields = {}
            for what, name in names.items():
                full = spelled.format(p=prefix, q=name, Q=name[:1].upper() + name[1:], i=index)
                self.names.add(full.lower())
                k = known[what]
                drawn = ("constant",) if what == "mass" and one in _MASSES else k.drawn
                made_fields[what] = Field(full, what, k.words, self._unit(k.unit), drawn, tuple(values[what].tolist()))
            made.append(Thing(one, f"{one}s", made_fields, jagged=False, index=index))
        return made

    def _met(self) -> list[Thing]:
        names = self.rng.choice(_METS)
        if any(n.lower() in self.names for n in names):
            return []
        self.names.update(n.lower() for n in names)
        pt = (1 + self.values.exponential(28, self.entries)) * self.scale
        phi = self.values.uniform(-math.pi, math.pi, self.entries)
        cartesian = names[0][-1] in "x" and names[1][-1] in "y"
        whats = ("px", "py") if cartesian else ("pt", "phi")
        values = (pt * np.cos(phi), pt * np.sin(phi)) if cartesian else (pt, phi)
        known = fields()
        made = {}
        for what, name, drawn in zip(whats, names, values, strict=True):
            words = {"pt": MET_WORDS, "phi": ("azimuthal angle of the missing energy", "phi of the MET")}.get(what)
            words = words or (f"{what[1]} component of the missing energy", f"missing p{what[1]}")
            stored = drawn.astype(np.float32).astype(float)
            kind = replace(known[what], words=words)
            made[what] = self._field(name, kind, stored)
        return [Thing("missing transverse energy", "", made, jagged=False)]
