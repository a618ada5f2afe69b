"""Trees of values and of conditions on objects as expressions over ``events``, with names for what is needed twice."""

from __future__ import annotations

import math
import re

from treadle.coding.reading.catalogue import Thing
from treadle.coding.reading.looking import column_of, level_of
from treadle.coding.reading.told import Told
from treadle.coding.reading.tree import (
    KINDS,
    All,
    Apply,
    Arithmetic,
    Chosen,
    ChosenThree,
    Column,
    Compare,
    Condition,
    Every,
    Flag,
    Fold,
    Near,
    Not,
    Number,
    Objects,
    Of,
    OfPairs,
    Or,
    Pair,
    Pairs,
    Pairwise,
    Place,
    Signs,
    Size,
    SizeOfPairs,
    System,
    Text,
    That,
    Value,
)
from treadle.coding.reading.units import factor, unit_of

__all__ = ["Expressions", "UnwritableError", "bracketed", "lacks", "may_lack"]


class UnwritableError(LookupError):
    """A tree that has no program: it mixes what does not go together."""


class Expressions:
    """Writes expressions; ``lines`` are the assignments that they need before them, ``guessed`` says that a unit was."""

    def __init__(self, told: Told) -> None:
        self.told, self.catalogue = told, told.catalogue
        self.guessed = False
        self.lines: list[str] = []
        self._names: dict[str, str] = {}

    # ------------------------------------------------------------------------------------------ conditions on objects

    def condition(self, c: Condition) -> str:
        if isinstance(c, Compare):
            return self._compared(c)
        if isinstance(c, Every):
            return f"ak.all({self.condition(c.condition)}, axis=1)"
        if isinstance(c, Flag):
            return self.value(c.value) if self._is_bool(c.value) else f"{self.value(c.value)} > 0"
        if isinstance(c, Not):
            if isinstance(c.condition, Flag) and not self._is_bool(c.condition.value):
                return f"{self.value(c.condition.value)} == 0"
            return f"~({self._inner(c.condition)})"
        if isinstance(c, All | Or):
            return f" {'&' if isinstance(c, All) else '|'} ".join(f"({self._inner(x)})" for x in c.conditions)
        if isinstance(c, Near):
            return self.near(c)
        raise UnwritableError("signs inside another condition")

    def _inner(self, c: Condition) -> str:
        code = self.condition(c)
        return f"ak.fill_none({code}, False)" if lacks(c) and not isinstance(c, All | Or | Not) else code

    def _is_bool(self, value: Value) -> bool:
        if isinstance(value, Apply):
            return value.function == "isnan"
        return self.catalogue.types.get(column_of(value)) == "bool"

    def _compared(self, c: Compare) -> str:
        right: str | None = None
        if isinstance(c.right, Number):
            unit = unit_of(c.left, self.told)
            scale = factor(c.right.unit, unit) if c.right.unit and unit else 1.0
            self.guessed |= bool(c.right.unit) and not unit and c.right.unit != "rad"
            right = number(c.right.value * scale)
        return f"{self.value(c.left)} {c.operator} {right or bracketed(self.value(c.right))}"

    # ------------------------------------------------------------------------------------------ values

    def value(self, v: Value) -> str:
        if isinstance(v, Number):
            return number(v.value)
        if isinstance(v, Place):
            places = self.kept("np.arange(len(events))", "entry")
            return f"({places} - len(events))" if v.back else places
        if isinstance(v, Text):
            return repr(v.value).replace("'", '"')
        if isinstance(v, Column):
            return f'events["{v.name}"]'
        if isinstance(v, Of):
            return self.of(v.objects, v.what)
        if isinstance(v, Size):
            return self.size(v.objects)
        if isinstance(v, OfPairs):
            code = self._pairwise(Pairwise(v.pairs.pair, v.what))
            return f"{bracketed(code)}[{self._good_pairs(v.pairs)}]" if v.pairs.cuts else code
        if isinstance(v, SizeOfPairs):
            first = self._column(v.pairs.pair.one, v.pairs.pair.one.thing.first)
            return f"ak.sum({self._good_pairs(v.pairs)}, axis=1)" if v.pairs.cuts else f"ak.num({first})"
        if isinstance(v, Fold):
            return f"ak.{v.how}({self.value(v.value)}, axis=1)"
        if isinstance(v, Arithmetic) and v.operator in ("max", "min"):
            return f"np.{v.operator}imum({self.value(v.left)}, {self.value(v.right)})"
        if isinstance(v, Arithmetic):
            units = {unit_of(part, self.told) for part in (v.left, v.right)} - {""}
            if v.operator in "+-" and len(units) > 1:
                raise UnwritableError("the sum of two units")
            return f"({self.value(v.left)} {v.operator} {self.value(v.right)})"
        if isinstance(v, Apply) and v.function == "square":
            return f"{bracketed(self.value(v.value))}**2"
        if isinstance(v, Apply) and v.function == "gaps":
            raise UnwritableError("a value of each event")
        if isinstance(v, Apply):
            return f"np.{v.function}({self.value(v.value)})"
        if isinstance(v, Pairwise):
            return self._pairwise(v)
        if isinstance(v, That):
            raise UnwritableError(f"whose {v.what}")
        return self.combined(v)

    def combined(self, v: Chosen | ChosenThree | System) -> str:
        """A value of several objects together, for which a subclass has programs."""
        raise UnwritableError(f"{v.what} of several objects")

    def near(self, c: Near) -> str:
        """Whether other objects lie near, for which a subclass has programs."""
        raise UnwritableError(f"{c.what} of other objects")

    def of(self, o: Objects, what: str) -> str:
        needed = o.thing.needs(what)
        if needed is None:
            raise UnwritableError(f"{what} of {o.thing!r}")
        form, parts = needed
        columns = [self._column(o, o.thing.columns[p]) for p in parts]
        code = form.format(*columns, **dict(zip(parts, columns, strict=True)))
        return code if form == "{0}" or (form.startswith(("np.sqrt(", "np.arc")) and form.endswith(")")) else f"({code})"

    def _column(self, o: Objects, column: str) -> str:
        if not o.thing.jagged:
            return f'events["{column}"]'
        if o.side:
            return self._combined(o, column)
        if o.rank is None:
            return self._picked(o, f'events["{column}"]')
        ranked = self._ranked(o, column)
        return f"{ranked}[:, {max(o.rank, 0)}]"

    def _combined(self, o: Objects, column: str) -> str:
        """A column of the first, or the second, objects of all combinations of two."""
        source = self._picked(o, f'events["{column}"]')
        both = self.kept(f"ak.combinations({source}, 2)", f"two_{re.sub(r'[^A-Za-z0-9]', '_', column).lower()}")
        return f'{both}["{o.side - 1}"]'

    def _good_pairs(self, pairs: Pairs) -> str:
        return self.kept(" & ".join(bracketed(self._pair_condition(c)) for c in pairs.cuts), "good_pair")

    def signed(self, kind: str, pair: Pair) -> str:
        """Whether two objects have 'opposite' or the 'same' charge, and for kinds that end in 'flavour' are of one kind."""
        one, other = (self.of(o, "charge") for o in (pair.one, pair.other))
        code = f"{one} * {other} {'<' if kind.startswith('opposite') else '>'} 0"
        if not kind.endswith("flavour"):
            return code
        first, second = (self.of(o, _flavour(o)) for o in (pair.one, pair.other))
        return f"({code}) & (np.abs({first}) == np.abs({second}))"

    def _pair_condition(self, c: Condition) -> str:
        if isinstance(c, Signs) and c.pair is not None:
            return self.signed(c.kind, c.pair)
        return self.condition(c)

    def _picked(self, o: Objects, code: str) -> str:
        if not self.cuts(o):
            return code
        return f"{code}[{self.good(o)}]"

    def good(self, o: Objects) -> str:
        return self.kept(self.object_mask(o.thing, self.cuts(o)), f"good_{_identifier(o.thing)}")

    def cuts(self, o: Objects) -> tuple[Condition, ...]:
        """Raises UnwritableError where an adjective of the objects is explained by none of their cuts."""
        if o.adjective == "these":
            raise UnwritableError("which are meant by 'these'")
        if o.adjective.startswith("kind "):
            told = [c for c in o.cuts if isinstance(c, Compare) and c.operator == "==" and _whats(c) == _whats(o.cuts[-1])]
            if not any(_tells_kind(c, o.adjective[5:]) for c in o.cuts) or len(told) > 1:
                raise UnwritableError(f"which are the {o.adjective[5:]}s")
            return o.cuts
        if o.adjective and not any(re.search(_EXPLAINED.get(o.adjective, ""), " ".join(_whats(c))) for c in o.cuts):
            raise UnwritableError(f"what {o.adjective!r} means")
        return o.cuts

    def object_mask(self, thing: Thing, cuts: tuple[Condition, ...]) -> str:
        if any(level_of(c) is not thing for c in cuts):
            raise UnwritableError("a condition of other objects")
        return " & ".join(bracketed(self.condition(c)) for c in cuts)

    def _ranked(self, o: Objects, column: str) -> str:
        """A column of the objects in falling order, filled up with missing ones."""
        name = _identifier(o.thing)
        key = self.of(Objects(o.thing, o.cuts), o.by or "pt")
        order = self.kept(f"ak.argsort({key}, axis=1, ascending={o.rank == -1})", f"order_{name}")
        picked = self._picked(o, f'events["{column}"]')
        return self.kept(f"ak.pad_none({picked}[{order}], 3)", f"sorted_{re.sub(r'[^A-Za-z0-9]', '_', column).lower()}")

    def size(self, o: Objects) -> str:
        if not self.cuts(o):
            return f'ak.num(events["{o.thing.first}"])'
        return f"ak.sum({self.good(o)}, axis=1)"

    # ------------------------------------------------------------------------------------------ pairs

    def _pairwise(self, v: Pairwise) -> str:
        one, other, what = v.pair.one, v.pair.other, v.what
        if what == "angle":
            return self._angle(one, other)
        if what in ("delta_phi", "delta_r", "delta_eta", "transverse_mass"):
            return self._apart(one, other, what)
        if what == "mass" and not any(o.thing.has("energy") for o in (one, other)):
            raise UnwritableError("no energy")
        parts = (
            ("px", "py")
            if what in ("pt", "phi")
            else ("px", "py", "pz")
            if what in ("eta", "momentum")
            else ("energy", "px", "py", "pz")
        )
        named = {}
        for part in parts:
            named[part] = self.kept(f"{self._part(one, part)} + {self._part(other, part)}", f"pair_{part}")
        if what == "energy":
            return named["energy"]
        if what == "phi":
            return f"np.arctan2({named['py']}, {named['px']})"
        pt = "np.sqrt({px}**2 + {py}**2)".format(**named)
        if what == "pt":
            return pt
        if what == "eta":
            return f"np.arcsinh({named['pz']} / {pt})"
        if what == "momentum":
            return "np.sqrt({px}**2 + {py}**2 + {pz}**2)".format(**named)
        return "np.sqrt(np.maximum({energy}**2 - {px}**2 - {py}**2 - {pz}**2, 0))".format(**named)

    def _part(self, o: Objects, part: str) -> str:
        """A component of a four-momentum; the energy of particles that are to be massless is their momentum."""
        return f"({self.of(o, 'momentum')})" if part == "energy" and self.told.massless else self.of(o, part)

    def _angle(self, one: Objects, other: Objects) -> str:
        """The angle between two momenta in space."""
        inner = " + ".join(f"{self.of(one, p)} * {self.of(other, p)}" for p in ("px", "py", "pz"))
        sizes = [self.kept(" + ".join(f"{self.of(o, p)}**2" for p in ("px", "py", "pz")), "squared") for o in (one, other)]
        return f"np.arccos(({inner}) / np.sqrt({sizes[0]} * {sizes[1]}))"

    def _apart(self, one: Objects, other: Objects, what: str) -> str:
        if what == "delta_eta":
            return f"np.abs({self.of(one, 'eta')} - {self.of(other, 'eta')})"
        difference = f"({self.of(one, 'phi')} - {self.of(other, 'phi')} + np.pi) % (2 * np.pi) - np.pi"
        dphi = self.kept(difference, "dphi")
        if what == "delta_phi":
            return f"np.abs({dphi})"
        if what == "transverse_mass":
            return f"np.sqrt(2 * {self.of(one, 'pt')} * {self.of(other, 'pt')} * (1 - np.cos({dphi})))"
        deta = self.kept(f"{self.of(one, 'eta')} - {self.of(other, 'eta')}", "deta")
        return f"np.sqrt({deta}**2 + {dphi}**2)"

    # ------------------------------------------------------------------------------------------ names and units

    def imported(self, line: str) -> None:
        """A line that stands before all others, once."""
        if line not in self.lines:
            self.lines.insert(0, line)

    def kept(self, code: str, name: str) -> str:
        """A name for ``code``, the same for the same code."""
        for said, known in self._names.items():
            if said == code:
                return known
        taken, chosen = set(self._names.values()), name
        for i in range(2, 99):
            if chosen not in taken:
                break
            chosen = f"{name}{i}"
        self._names[code] = chosen
        self.lines.append(f"{chosen} = {code}")
        return chosen


_EXPLAINED = {"b tagged": r"btag|\bb\b|deep", "isolated": r"iso|cone", "central": r"eta"}
"""What a cut has to be about to be the meaning of an adjective; of others any cut is."""


def _tells_kind(c: Condition, kind: str) -> bool:
    """Whether a condition is that particles are of a kind, as all number them."""
    number_of_it = c.right.value if isinstance(c, Compare) and isinstance(c.right, Number) else 0.0
    return isinstance(c, Compare) and c.operator == "==" and abs(number_of_it) == KINDS[kind]


def _whats(c: Condition) -> list[str]:
    """The quantities of objects that a condition names."""
    if isinstance(c, Compare):
        return [*_whats_of(c.left), *_whats_of(c.right)]
    if isinstance(c, Flag):
        return _whats_of(c.value)
    if isinstance(c, Not):
        return _whats(c.condition)
    return [w for x in c.conditions for w in _whats(x)] if isinstance(c, All | Or) else []


def _whats_of(value: Value) -> list[str]:
    if isinstance(value, Of):
        return [value.what, value.objects.thing.columns.get(value.what, "")]
    if isinstance(value, Arithmetic):
        return [*_whats_of(value.left), *_whats_of(value.right)]
    return _whats_of(value.value) if isinstance(value, Apply | Fold) else []


def may_lack(value: Value) -> bool:
    """Whether events may have no such value: the third jet, the mass of a pair."""
    if isinstance(value, Of):
        return value.objects.rank is not None
    if isinstance(value, Pairwise):
        return value.pair.one.rank is not None or value.pair.other.rank is not None
    if isinstance(value, Arithmetic):
        return may_lack(value.left) or may_lack(value.right)
    if isinstance(value, Apply):
        return may_lack(value.value)
    return (
        isinstance(value, Chosen | ChosenThree)
        or (isinstance(value, System) and value.number > 0)
        or (isinstance(value, Fold) and value.how != "sum")
    )


def lacks(c: Condition) -> bool:
    if isinstance(c, Compare):
        return may_lack(c.left) or may_lack(c.right)
    if isinstance(c, Not):
        return lacks(c.condition)
    if isinstance(c, All | Or):
        return False
    return isinstance(c, Flag) and may_lack(c.value)


def _identifier(thing: Thing) -> str:
    return re.sub(r"\W+", "_", thing.whose) or "objects"


def number(value: float) -> str:
    return f"{value:.12g}" if math.isfinite(value) else repr(value)


def bracketed(code: str) -> str:
    return code if re.fullmatch(r'events\["[^"]+"\]|\w+|ak\.any\([^&|]*\)', code) else f"({code})"


def _flavour(o: Objects) -> str:
    """The quantity that tells the kind of a lepton.

    Raises:
        UnwritableError: there is none.
    """
    found = next(
        (
            what
            for what in ("type", "pdg id", "pdg identification", "pdgid", "pdg", "flavour", "flav")
            if what in o.thing.columns
        ),
        None,
    )
    if found is None:
        raise UnwritableError(f"the flavour of {o.thing!r}")
    return found
