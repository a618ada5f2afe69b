"""The columns of a file as physicists speak of them: quantities (pt, eta, charge) of particles, collections and events."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from treadle.types import Column, Table
from treadle.words import canonical, name_parts

__all__ = ["Catalogue", "Quantity", "Thing"]

_QUANTITIES = {
    **{q: q for q in ("pt", "eta", "phi", "mass", "charge", "px", "py", "pz", "energy", "p", "btag", "isolation")},
    "m": "mass",
    "q": "charge",
    "e": "energy",
    "pe": "energy",
    "en": "energy",
    "iso": "isolation",
    "reliso": "isolation",
}
_PARTICLES = {
    "mu": "muon",
    "muo": "muon",
    "el": "electron",
    "ele": "electron",
    "ph": "photon",
    "gamma": "photon",
    "lep": "lepton",
    "k": "kaon",
    "kp": "kaon",
    "pi": "pion",
    "pip": "pion",
    "bach": "bachelor",
    "trk": "track",
    "j": "jet",
    "cell": "cell",
    "hit": "hit",
}


@dataclass(frozen=True, slots=True)
class Quantity:
    """A column: whose, which of several, and what of it. ``whose`` is '' for quantities of the event."""

    column: str
    jagged: bool
    whose: str
    index: str
    what: str


@dataclass(slots=True)
class Thing:
    """A particle (one an event) or a collection (a list an event) with its columns by quantity."""

    whose: str
    index: str
    jagged: bool
    columns: dict[str, str] = field(default_factory=dict)

    def expression(self, what: str) -> str | None:
        """A quantity as code over ``events``: a column, or computed from others."""
        if what in self.columns:
            return f'events["{self.columns[what]}"]'
        get = {q: f'events["{c}"]' for q, c in self.columns.items()}
        for wanted, needs, form in _DERIVED:
            if wanted == what and all(n in get for n in needs):
                return form.format(**get)
        if what == "eta" and (pt := self.expression("pt")) and "pz" in get:
            return f"np.arcsinh({get['pz']} / {pt})"
        return None


_DERIVED = (
    ("pt", ("px", "py"), "np.sqrt({px}**2 + {py}**2)"),
    ("phi", ("px", "py"), "np.arctan2({py}, {px})"),
    ("p", ("px", "py", "pz"), "np.sqrt({px}**2 + {py}**2 + {pz}**2)"),
    ("p", ("pt", "eta"), "({pt} * np.cosh({eta}))"),
    ("mass", ("energy", "px", "py", "pz"), "np.sqrt(np.maximum({energy}**2 - {px}**2 - {py}**2 - {pz}**2, 0))"),
    ("px", ("pt", "phi"), "({pt} * np.cos({phi}))"),
    ("py", ("pt", "phi"), "({pt} * np.sin({phi}))"),
    ("pz", ("pt", "eta"), "({pt} * np.sinh({eta}))"),
    ("energy", ("pt", "eta", "mass"), "np.sqrt(({pt} * np.cosh({eta}))**2 + {mass}**2)"),
    ("energy", ("mass", "px", "py", "pz"), "np.sqrt({mass}**2 + {px}**2 + {py}**2 + {pz}**2)"),
    ("energy", ("pt", "eta"), "({pt} * np.cosh({eta}))"),
)


class Catalogue:
    """The quantities of a table, its particles and its collections."""

    def __init__(self, table: Table) -> None:
        self.entries = table.entries
        self.quantities = tuple(_quantity(c) for c in table.columns if c.shape != "nested")
        self.by_column = {q.column: q for q in self.quantities}
        self.types = {c.name: c.type for c in table.columns}
        things: dict[tuple[str, str, bool], Thing] = {}
        for q in self.quantities:
            if q.jagged or q.whose or q.index:
                thing = things.setdefault((q.whose, q.index, q.jagged), Thing(q.whose, q.index, q.jagged))
                thing.columns.setdefault(q.what, q.column)
        self.things = tuple(things.values())

    def collections(self) -> Iterator[Thing]:
        return (t for t in self.things if t.jagged)

    def collection(self, whose: str) -> Thing | None:
        """The collection of such objects, the one with most columns."""
        found = [t for t in self.collections() if t.whose == whose]
        return max(found, key=lambda t: len(t.columns), default=None)

    def particles(self) -> list[Thing]:
        """Particles with a place in the event: tau1 and tau2, the first and the second muon."""
        return sorted(
            (t for t in self.things if (not t.jagged and "pt" in t.columns) or (not t.jagged and "px" in t.columns)),
            key=lambda t: t.index,
        )

    def spoken(self) -> set[str]:
        """Words for the objects of the file."""
        return {t.whose for t in self.things if t.whose}


def _quantity(column: Column) -> Quantity:
    parts = [p.lower() for p in re.findall(r"[A-Za-z]+|\d+", " ".join(_split(column.name)))]
    what_at = next((i for i in range(len(parts) - 1, -1, -1) if parts[i] in _QUANTITIES), None)
    index = next((p for p in parts if p in ("1", "2", "3", "4")), "") if not re.search(r"[A-Z]{3,}\d", column.name) else ""
    rest = [p for i, p in enumerate(parts) if i != what_at and not p.isdigit()]
    first = next((p for p in rest if _PARTICLES.get(p, canonical(p)) in _KNOWN or p in _PARTICLES), "")
    whose = _PARTICLES.get(first, canonical(first)) if first else ""
    jagged = column.shape == "jagged"
    if what_at is None or (len(parts) > 1 and what_at == 0 and not index):
        what = "_".join(p for p in rest if p != first) or column.name.lower()
        return Quantity(column.name, jagged, whose if jagged or index else "", index, what)
    if not whose and rest:
        whose = rest[0]
    return Quantity(column.name, jagged, whose, index, _QUANTITIES[parts[what_at]])


_KNOWN = frozenset(
    {"muon", "electron", "photon", "jet", "tau", "lepton", "met", "track", "vertex", "cell", "hit", "kaon", "pion"}
)


def _split(name: str) -> list[str]:
    """Parts of a column's name: at underscores, before digits at the end, at changes of case of long names."""
    parts = []
    for piece in name.split("_"):
        if re.fullmatch(r"[A-Za-z]+\d", piece):
            parts += [piece[:-1], piece[-1]]
        elif piece.isupper() or len(piece) <= 3:
            parts.append(piece)
        else:
            parts += name_parts(piece)
    return parts
