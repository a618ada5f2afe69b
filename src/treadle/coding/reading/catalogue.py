"""The columns of a file as physicists speak of them: quantities (pt, eta, charge) of particles, collections and events."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field

from treadle.coding.reading.concepts import GENERIC, ideas_of_name, unit_of_name
from treadle.types import Column, Table

__all__ = ["Catalogue", "Quantity", "Thing"]

KINEMATIC = frozenset({"pt", "eta", "phi", "mass", "charge", "px", "py", "pz", "energy", "momentum"})
PARTICLES = frozenset({"muon", "electron", "photon", "jet", "tau", "lepton", "kaon", "pion", "proton"})


@dataclass(frozen=True, slots=True)
class Quantity:
    """A column: whose, which of several, and what of it. ``whose`` is '' for quantities of the event."""

    column: str
    jagged: bool
    whose: str
    index: str
    what: str
    ideas: frozenset[str]
    unit: str


@dataclass(slots=True, eq=False)
class Thing:
    """A particle (one an event) or a collection (a list an event) with its columns by quantity."""

    whose: str
    index: str
    jagged: bool
    columns: dict[str, str] = field(default_factory=dict)
    prefix: str = ""

    def __repr__(self) -> str:
        return f"{self.whose}{self.index}"

    def key(self, column: str) -> str:
        """The quantity that a column is."""
        return next(k for k, c in self.columns.items() if c == column)

    @property
    def first(self) -> str:
        return next(iter(self.columns.values()))

    def needs(self, what: str) -> tuple[str, tuple[str, ...]] | None:
        """How a quantity comes from columns: (form, what it is filled with), or None where it does not."""
        if what in self.columns:
            return "{0}", (what,)
        alike = [w for w in self.columns if what in w.split()]
        if len(alike) == 1 and what not in KINEMATIC:  # 'isolation' of a collection with one kind of it
            return "{0}", (alike[0],)
        for wanted, needs, form in _DERIVED:
            if wanted == what and all(n in self.columns for n in needs):
                return form, needs
        return None

    def has(self, what: str) -> bool:
        return self.needs(what) is not None


_DERIVED = (
    ("pt", ("px", "py"), "np.sqrt({px}**2 + {py}**2)"),
    ("pt", ("momentum", "eta"), "{momentum} / np.cosh({eta})"),
    ("pt", ("energy", "eta"), "{energy} / np.cosh({eta})"),
    ("phi", ("px", "py"), "np.arctan2({py}, {px})"),
    ("momentum", ("px", "py", "pz"), "np.sqrt({px}**2 + {py}**2 + {pz}**2)"),
    ("momentum", ("pt", "eta"), "{pt} * np.cosh({eta})"),
    ("mass", ("energy", "px", "py", "pz"), "np.sqrt(np.maximum({energy}**2 - {px}**2 - {py}**2 - {pz}**2, 0))"),
    ("px", ("pt", "phi"), "{pt} * np.cos({phi})"),
    ("py", ("pt", "phi"), "{pt} * np.sin({phi})"),
    ("pz", ("pt", "eta"), "{pt} * np.sinh({eta})"),
    ("energy", ("pt", "eta", "mass"), "np.sqrt(({pt} * np.cosh({eta}))**2 + {mass}**2)"),
    ("energy", ("mass", "px", "py", "pz"), "np.sqrt({mass}**2 + {px}**2 + {py}**2 + {pz}**2)"),
    ("energy", ("pt", "eta"), "{pt} * np.cosh({eta})"),
    ("energy", ("px", "py", "pz"), "np.sqrt({px}**2 + {py}**2 + {pz}**2)"),
    ("eta", ("pt", "pz"), "np.arcsinh({pz} / {pt})"),
    ("eta", ("px", "py", "pz"), "np.arcsinh({pz} / np.sqrt({px}**2 + {py}**2))"),
)


_OF_MET = {"": "pt", "pt": "pt", "et": "pt", "energy": "pt", "phi": "phi", "px": "px", "py": "py", "x": "px", "y": "py"}
_KIND = re.compile(r"^(?:type|pid|pdg\w*|pdg id\w*|flav\w*|pdg identification)$")
_FLAGS = re.compile(
    r"(?:HLT_|L1_|is[A-Z_]|has[A-Z_]|trig|pass|L0|veto|good|flag)"
    r"|.*(?:_flag|_ok|_TOS|_TIS|id|_veto|_pass\w*|_good|trigger\w*|fired)$",
    re.IGNORECASE,
)


class Catalogue:
    """The quantities of a table, its particles and its collections: what the file has, nothing of a request."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._met: Thing | None = None
        columns = [c for c in table.columns if c.shape != "nested"]
        self.types = {c.name: c.type for c in columns}
        self._prefixes = _prefixes(columns)
        self.quantities = tuple(self._quantity(c) for c in columns)
        self._ideas = frozenset(i for q in self.quantities for i in q.ideas)
        self.by_column = {q.column: q for q in self.quantities}
        things: dict[tuple[str, str, bool], Thing] = {}
        for q in self.quantities:
            if q.jagged or q.whose or q.index:
                thing = things.setdefault((q.whose, q.index, q.jagged), Thing(q.whose, q.index, q.jagged))
                thing.columns[q.what if q.what not in thing.columns else q.column.lower()] = q.column
                thing.prefix = thing.prefix or self._prefixes.get(q.column) or re.split(r"_", q.column)[0]
        self.things = tuple(t for t in things.values() if t.jagged or set(t.columns) & KINEMATIC)
        self._by_key = {(t.whose, t.index, t.jagged): t for t in self.things}

    def thing_of(self, q: Quantity) -> Thing | None:
        return self._by_key.get((q.whose, q.index, q.jagged))

    @property
    def nouns(self) -> set[str]:
        """Words for rows and objects that a tree's name must not be taken out with."""
        return {"event", "events"} | {t.whose for t in self.things} | {f"{t.whose}s" for t in self.things}

    @property
    def endings(self) -> frozenset[str]:
        """What follows whose it is in the names of columns: 'idmva' of ``pho1_idmva``."""
        return frozenset(c.split("_", 1)[1].lower() for c in self.by_column if "_" in c)

    @property
    def collections(self) -> list[Thing]:
        return [t for t in self.things if t.jagged]

    def named(self, whose: str) -> list[Thing]:
        """The things of that name: one collection, or particles in their order."""
        found = [t for t in self.collections if t.whose == whose]
        return found or sorted((t for t in self.things if t.whose == whose), key=lambda t: t.index)

    @property
    def particles(self) -> list[Thing]:
        """Particles with a place in the event (tau1 and tau2), or the two that the columns only number (pt1, pt2)."""
        return sorted((t for t in self.things if not t.jagged and t.index), key=lambda t: (t.whose, t.index))

    @property
    def missing_momentum(self) -> str | None:
        """The column of the size of the missing transverse momentum."""
        wanted = ({"met"}, {"met", "pt"}, {"met", "energy"}, {"met", "et"}, {"pf", "met", "pt"})
        return next((q.column for q in self.quantities if not q.jagged and q.ideas in wanted), None)

    def missing(self) -> Thing:
        """The missing momentum as a thing with pt and phi, or with the components px and py.

        Raises:
            LookupError: the file has not both.
        """
        if self._met is None:
            columns: dict[str, str] = {}
            for q in (q for q in self.quantities if not q.jagged and "met" in q.ideas):
                what = _OF_MET.get(" ".join(sorted(q.ideas - {"met", "pf", "puppi"})))
                if what is not None:
                    columns.setdefault(what, q.column)
            pairs = [pair for pair in (("pt", "phi"), ("px", "py")) if all(p in columns for p in pair)]
            if not pairs:
                raise LookupError("no missing momentum with its direction")
            self._met = Thing("met", "", False, {p: columns[p] for p in pairs[0]})
        return self._met

    def of_kinds(self) -> tuple[Thing, str] | None:
        """The one collection whose particles a column tells apart (``lep_type``, ``tr_pid``), and that quantity."""
        found = [(t, w) for t in self.collections for w in t.columns if _KIND.search(w)]
        return found[0] if len(found) == 1 else None

    def counter(self, whose: str) -> str | None:
        """The column that counts such objects: ``nMuon``, ``n_jets``, ``njet``, ``jet_n``; ``eventNumber`` is none."""
        if whose in ("event", "run", "spill", "fill"):
            return None
        for q in self.quantities:
            if not q.jagged and q.ideas == {"number", whose}:
                return q.column
            plain = re.sub(r"^n_?|_?(?:n|num|count|mult)$", "", q.column, flags=re.IGNORECASE).replace("_", "").lower()
            numbered = plain != q.column.replace("_", "").lower()
            if not q.jagged and numbered and plain in (whose, f"{whose}s"):
                return q.column
        return None

    def words(self, name: str) -> bool:
        """Whether a column holds words."""
        return self.types[name] == "str" or self.types[name].startswith(("object", "string"))

    def real(self, name: str) -> bool:
        """Whether a column holds real numbers, which may be missing."""
        return bool(re.search(r"float|double", self.types.get(name, "")))

    def flag(self, name: str) -> bool:
        """Whether a column says yes or no, by true and false or numbers: of words nobody knows which."""
        if self.words(name):
            return False
        counts = self.real(name) or re.search(r"mask|bits|word|type|rate|time|count|index", name, re.IGNORECASE)
        return self.types.get(name) == "bool" or (not counts and bool(_FLAGS.match(name)))

    # ------------------------------------------------------------------------------------------ names to quantities

    def _quantity(self, column: Column) -> Quantity:
        jagged, name = column.shape == "jagged", column.name
        ideas, unit = ideas_of_name(name), unit_of_name(name)
        known = frozenset(ideas)
        if jagged:
            prefix = self._prefixes.get(name, "")
            own = ideas_of_name(prefix)
            at_end = name.endswith(f"_{prefix}") and not re.match(rf"{re.escape(prefix)}(?:_|[A-Z])", name)
            rest = ideas[: -len(own)] if prefix and at_end else ideas[len(own) :]
            rest = rest or ideas[-1:]
            return Quantity(name, True, " ".join(own), "", _what(rest), known, unit)
        index = next((i for i in ideas if i in ("1", "2", "3", "4")), "")
        plain = [i for i in ideas if i != index]
        place = next((i for i in range(len(plain) - 1, -1, -1) if plain[i] in KINEMATIC), None)
        if place is not None and (index or (place > 0 and len(plain) == 2 and _particle(plain[0]))):
            whose = " ".join(plain[:place] + plain[place + 1 :])
            return Quantity(name, False, whose, index, plain[place], known, unit)
        if index and len(plain) > 1 and plain[0] in PARTICLES:
            return Quantity(name, False, plain[0], index, _what(tuple(plain[1:])), known, unit)
        return Quantity(name, False, "", "", _what(ideas), known, unit)

    def _known_as(self, idea: str) -> str:
        """An idea of a phrase as the names of the columns have it: 'sphericity' where they say ``sph``."""
        if idea in self._ideas or len(idea) < 5:
            return idea
        short = [i for i in self._ideas if len(i) >= 3 and idea.startswith(i)]
        return short[0] if len(short) == 1 else idea

    def matching(self, ideas: frozenset[str]) -> list[tuple[float, Quantity]]:
        """The columns that a phrase of these ideas may mean, each with its price; cheapest first."""
        found = []
        ideas = frozenset(self._known_as(i) for i in ideas)
        for q in self.quantities:
            over = frozenset(i for i in q.ideas - ideas if not i.isdigit())
            if not ideas <= q.ideas:
                continue
            vague = 1.2 if ideas <= KINEMATIC | {"trigger"} else 0.0  # 'mass' of a column that says whose it is
            price = 0.0 if not over else 0.3 * len(over) if over <= GENERIC else 1.0 + 0.3 * len(over) + vague
            found.append((price, q))
        return sorted(found, key=lambda f: f[0])


def _what(ideas: tuple[str, ...]) -> str:
    known = [i for i in ideas if i in KINEMATIC]
    return known[0] if len(known) == 1 and len(ideas) == 1 else " ".join(ideas)


def _particle(idea: str) -> bool:
    """Whether a name may be that of a particle of which an event has one: ``K``, ``Bach``, ``B``, ``muon``."""
    return idea not in ("reco", "true", "met", "beam", "total", "event", "vertex", "maximum", "minimum", "missing")


def _prefixes(columns: list[Column]) -> dict[str, str]:
    """The part of each jagged column's name that says whose it is: what most of them begin with."""
    jagged = [c.name for c in columns if c.shape == "jagged"]
    first = {name: re.split(r"_", name)[0] if "_" in name else re.match(r"[A-Z]?[a-z]*|", name)[0] for name in jagged}  # type: ignore[index]
    sharing = Counter(first.values())
    found = {}
    for name, start in first.items():
        if start and start != name:
            second = "_".join(name.split("_")[:2])
            same = [n for n in jagged if first[n] == start]
            whole = sharing[start] > 1 and second != name and all(n.startswith(f"{second}_") for n in same)
            found[name] = second if whole else start
    last = Counter(name.split("_")[-1] for name in jagged if "_" in name)
    for name in jagged:  # 'px_tr', 'py_tr': whose it is stands at the end
        end = name.split("_")[-1]
        begins = ideas_of_name(first[name] or name)[0]
        alone = sharing[first[name]] == 1 or begins in KINEMATIC
        if alone and last[end] > 1 and ideas_of_name(end)[0] not in KINEMATIC:
            found[name] = end
    return found
