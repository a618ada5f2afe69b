"""From an answer's tree to a program over ``events``."""

from __future__ import annotations

import math
import re

from treadle.coding.reading.catalogue import Catalogue, Thing
from treadle.coding.reading.conditions import both, bound
from treadle.coding.reading.objects import usual_order
from treadle.coding.reading.tree import (
    All,
    Answer,
    Apply,
    Arithmetic,
    Column,
    Compare,
    Condition,
    Dangling,
    Every,
    Flag,
    Fold,
    Not,
    Number,
    Objects,
    Of,
    Or,
    Pair,
    Pairwise,
    Place,
    Signs,
    Size,
    Text,
    Value,
    level,
    level_of,
)
from treadle.coding.reading.units import factor, unit_of

__all__ = ["Unwritable", "write"]


class Unwritable(LookupError):
    """A tree that has no program: it mixes what does not go together."""


_REDUCTIONS = {
    **{name: f"np.{name}({{0}})" for name in ("mean", "median", "std", "max", "min", "sum")},
    "variance": "np.var({0})",
    "rms": "np.sqrt(np.mean({0}**2))",
    "error": "np.std({0}) / np.sqrt(len({0}))",
    "relstd": "np.std({0}) / np.mean({0})",
    "range": "np.max({0}) - np.min({0})",
    "q25": "np.percentile({0}, 25)",
    "q75": "np.percentile({0}, 75)",
}
_FUNCTIONS = {"abs": "np.abs", "log10": "np.log10", "log": "np.log", "sqrt": "np.sqrt", "isnan": "np.isnan"}


def write(answer: Answer, catalogue: Catalogue, name: str = "") -> str:
    """The body of a program that prints its result under ``name``, or one of its own.

    Raises:
        LookupError: some part of the answer has no program.
    """
    writer = _Writer(catalogue)
    result = writer.answer(answer)
    name = name or {"count": "n", "objects": "n", "distinct": "n"}.get(answer.operation, "")
    name = name or re.sub(r"\W+", "_", answer.operation).strip("_") or "value"
    return "\n".join([*writer.lines, f"result = {result}", f'print(f"METRIC: {name}={{result}}")', ""])


class _Writer:
    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.lines: list[str] = []
        self._names: dict[str, str] = {}
        self._ragged = bool(catalogue.collections)

    # ------------------------------------------------------------------------------------------ answers

    def answer(self, a: Answer) -> str:
        if a.left is not None and a.right is not None:
            left = self._kept(self.answer(a.left), "first")
            right = self._kept(self.answer(a.right), "second")
            return f"{left} {a.operation} {right}"
        simple = {
            "count": self._count,
            "objects": self._objects,
            "fraction": self._fraction,
            "object fraction": self._object_fraction,
            "distinct": self._distinct,
            "mode": self._mode,
            "peak": self._peak,
            "correlation": self._correlation,
            "at max": self._at_extreme,
            "at min": self._at_extreme,
            "peak height": self._peak,
        }
        if a.operation in simple:
            return simple[a.operation](a)
        return self._reduced(a)

    def _count(self, a: Answer) -> str:
        mask = self._mask(a.where)
        return f"np.sum({mask})" if mask else "len(events)"

    def _objects(self, a: Answer) -> str:
        assert a.objects is not None
        mask = self._mask(a.where)
        counts = self._size(a.objects)
        return f"ak.sum({_bracketed(counts)}[{mask}])" if mask else f"ak.sum({counts})"

    def _fraction(self, a: Answer) -> str:
        passing, among = self._mask(a.passing, "passing"), self._mask(a.where, "among")
        share = f"np.mean({passing}[{among}])" if among else f"np.mean({passing})"
        return share if a.number == 1 else f"{a.number:g} * {share}"

    def _object_fraction(self, a: Answer) -> str:
        assert a.objects is not None
        mask = self._mask(a.where)
        keep = f"[{mask}]" if mask else ""
        among = f"[{self._good(a.objects)}]" if a.passing and a.objects.cuts else ""
        passing = self._kept(self._object_mask(a.objects.thing, a.passing or self._cuts(a.objects)), "passing")
        share = f"np.mean(ak.flatten({passing}{among}{keep}))"
        return share if a.number == 1 else f"{a.number:g} * {share}"

    def _distinct(self, a: Answer) -> str:
        return f"len(np.unique({self._values(a)}))"

    def _mode(self, a: Answer) -> str:
        self.lines.append(f"found, times = np.unique({self._values(a)}, return_counts=True)")
        return "found[np.argmax(times)]"

    def _peak(self, a: Answer) -> str:
        assert a.bins is not None
        bins, low, high = a.bins
        self.lines.append(f"counts, edges = np.histogram({self._values(a)}, bins={bins}, range=({low:g}, {high:g}))")
        if a.operation == "peak height":
            return "np.max(counts)"
        self.lines.append("fullest = np.argmax(counts)")
        return "(edges[fullest] + edges[fullest + 1]) / 2"

    def _at_extreme(self, a: Answer) -> str:
        """A value in the event where another is largest or smallest."""
        assert a.value is not None and a.other is not None
        if level(a.value) is not None or level(a.other) is not None:
            raise Unwritable("one value an event")
        mask = self._mask(a.where)
        keep = f"[{mask}]" if mask else ""
        best = "max" if a.operation == "at max" else "min"
        self.lines.append(f"best = ak.arg{best}({_bracketed(self.value(a.other))}{keep}, axis=0)")
        return f"{_bracketed(self.value(a.value))}{keep}[best]"

    def _top(self, values: str, number: int) -> str:
        """The ``number`` largest (of a negative one the smallest) of the values."""
        return f"np.sort({values})[-{number}:]" if number > 0 else f"np.sort({values})[:{-number}]"

    def _correlation(self, a: Answer) -> str:
        assert a.value is not None and a.other is not None
        mask = self._mask(a.where)
        one, other = (self._flat(v, mask) for v in (a.value, a.other))
        return f"np.corrcoef({one}, {other})[0, 1]"

    def _reduced(self, a: Answer) -> str:
        values = self._values(a)
        if a.operation.startswith("weighted"):
            assert a.other is not None
            weights = self._flat(a.other, self._names.get("mask:event"))
            values, weights = self._kept(values, "values"), self._kept(weights, "weights")
            made = f"np.sum({values} * {weights})"
            return f"{made} / np.sum({weights})" if a.operation.endswith("mean") else made
        values = self._kept(values, "values")
        if a.top:
            values = self._kept(self._top(values, a.top), "chosen")
        if a.operation == "percentile":
            made = f"np.percentile({values}, {a.number:g})"
        else:
            made = _REDUCTIONS[a.operation].format(values)
        scale = self._to_unit(a) * (a.number if a.operation == "relstd" and a.number else 1)
        return made if scale == 1 else f"{made} * {scale:g}"

    def _to_unit(self, a: Answer) -> float:
        """What the result is multiplied with to be in the unit asked for.

        Raises:
            Unwritable: the unit of the columns is not known, or another kind.
        """
        assert a.value is not None
        return factor(unit_of(a.value, self.catalogue), a.unit) if a.unit else 1.0

    # ------------------------------------------------------------------------------------------ values, flattened

    def _values(self, a: Answer) -> str:
        assert a.value is not None
        mask = self._mask(a.where)
        if mask:
            self._names["mask:event"] = mask
        return self._flat(a.value, mask)

    def _flat(self, value: Value, mask: str | None) -> str:
        """The numbers of a value as one array of numpy, of the events of ``mask``."""
        code = self.value(value)
        if level(value) is not None:
            picked = f"{_bracketed(code)}[{mask}]" if mask else code
            return f"ak.to_numpy(ak.flatten({picked}))"
        picked = f"{_bracketed(code)}[{mask}]" if mask else code
        return f"ak.to_numpy(ak.drop_none({picked}))" if _may_lack(value) else picked

    # ------------------------------------------------------------------------------------------ conditions

    def _mask(self, conditions: tuple[Condition, ...], name: str = "mask") -> str | None:
        if not conditions:
            return None
        sized = [c for c in conditions]
        code = " & ".join(_bracketed(self._of_event(c, sized)) for c in sized)
        return self._kept(code, name)

    def _of_event(self, condition: Condition, beside: list[Condition]) -> str:
        thing = level_of(condition)
        if isinstance(condition, Signs):
            return self._signs(condition, beside)
        if isinstance(condition, Dangling):
            return self._dangling(condition, beside)
        if thing is not None:
            return f"ak.any({self.condition(condition)}, axis=1)"
        code = self.condition(condition)
        return f"ak.fill_none({code}, False)" if _lacks(condition) else code

    def _signs(self, signs: Signs, beside: list[Condition]) -> str:
        pair = signs.pair or self._pair_of(beside)
        one, other = (self.value(Of(o, "charge")) for o in (pair.one, pair.other))
        code = f"{one} * {other} {'<' if signs.kind == 'opposite' else '>'} 0"
        return f"ak.fill_none({code}, False)" if pair.one.rank is not None else code

    def _dangling(self, dangling: Dangling, beside: list[Condition]) -> str:
        """Comparisons of the objects that another condition counts: of the one, of each of the two, or of their pair."""
        for c in beside:
            if not (isinstance(c, Compare) and isinstance(c.left, Size) and isinstance(c.right, Number)):
                continue
            o, number = c.left.objects, c.right.value
            if number == 1 and c.operator == "==":
                lead = Objects(o.thing, o.cuts, 0, usual_order(o.thing))
                return self._all_of_event(bound(lead, dangling.lacking), beside)
        return self._all_of_event(both(self._pair_of(beside), dangling.lacking), beside)

    def _all_of_event(self, conditions: tuple[Condition, ...], beside: list[Condition]) -> str:
        return " & ".join(_bracketed(self._of_event(c, beside)) for c in conditions)

    def _pair_of(self, beside: list[Condition]) -> Pair:
        """The pair of which 'opposite sign' speaks: the two objects that another condition counts, or the only two particles."""
        for c in beside:
            if isinstance(c, Compare) and isinstance(c.left, Size) and c.right == Number(2) and c.operator in ("==", ">="):
                o = c.left.objects
                by = usual_order(o.thing)
                return Pair(Objects(o.thing, o.cuts, 0, by), Objects(o.thing, o.cuts, 1, by))
        charged = [t for t in self.catalogue.particles if t.has("charge")]
        if len(charged) == 2:
            return Pair(Objects(charged[0]), Objects(charged[1]))
        raise Unwritable("of which two")

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
        raise Unwritable("signs inside another condition")

    def _inner(self, c: Condition) -> str:
        code = self.condition(c)
        return f"ak.fill_none({code}, False)" if _lacks(c) and not isinstance(c, All | Or | Not) else code

    def _is_bool(self, value: Value) -> bool:
        if isinstance(value, Apply):
            return value.function == "isnan"
        name = value.name if isinstance(value, Column) else ""
        if isinstance(value, Of):
            name = value.objects.thing.columns.get(value.what, "")
        return self.catalogue.types.get(name) == "bool"

    def _compared(self, c: Compare) -> str:
        right: str | None = None
        if isinstance(c.right, Number):
            scale = factor(c.right.unit, unit_of(c.left, self.catalogue), strict=False) if c.right.unit else 1.0
            right = _number(c.right.value * scale)
        return f"{self.value(c.left)} {c.operator} {right or _bracketed(self.value(c.right))}"

    # ------------------------------------------------------------------------------------------ values

    def value(self, v: Value) -> str:
        if isinstance(v, Number):
            return _number(v.value)
        if isinstance(v, Place):
            places = self._kept("np.arange(len(events))", "entry")
            return f"({places} - len(events))" if v.back else places
        if isinstance(v, Text):
            return repr(v.value).replace("'", '"')
        if isinstance(v, Column):
            return f'events["{v.name}"]'
        if isinstance(v, Of):
            return self._of(v.objects, v.what)
        if isinstance(v, Size):
            return self._size(v.objects)
        if isinstance(v, Fold):
            return f"ak.{v.how}({self.value(v.value)}, axis=1)"
        if isinstance(v, Arithmetic) and v.operator in ("max", "min"):
            return f"np.{v.operator}imum({self.value(v.left)}, {self.value(v.right)})"
        if isinstance(v, Arithmetic):
            return f"({self.value(v.left)} {v.operator} {self.value(v.right)})"
        if isinstance(v, Apply) and v.function == "square":
            return f"{_bracketed(self.value(v.value))}**2"
        if isinstance(v, Apply):
            return f"{_FUNCTIONS[v.function]}({self.value(v.value)})"
        return self._pairwise(v)

    def _of(self, o: Objects, what: str) -> str:
        needed = o.thing.needs(what)
        if needed is None:
            raise Unwritable(f"{what} of {o.thing!r}")
        form, parts = needed
        columns = [self._column(o, o.thing.columns[p]) for p in parts]
        code = form.format(*columns, **dict(zip(parts, columns, strict=True)))
        return code if form == "{0}" or (form.startswith(("np.sqrt(", "np.arc")) and form.endswith(")")) else f"({code})"

    def _column(self, o: Objects, column: str) -> str:
        if not o.thing.jagged:
            return f'events["{column}"]'
        if o.rank is None:
            return self._picked(o, f'events["{column}"]')
        ranked = self._ranked(o, column)
        return f"{ranked}[:, {o.rank}]"

    def _picked(self, o: Objects, code: str) -> str:
        if not self._cuts(o):
            return code
        return f"{code}[{self._good(o)}]"

    def _good(self, o: Objects) -> str:
        return self._kept(self._object_mask(o.thing, self._cuts(o)), f"good_{_identifier(o.thing)}")

    def _cuts(self, o: Objects) -> tuple[Condition, ...]:
        """Raises Unwritable where an adjective of the objects is explained by none of their cuts."""
        if o.adjective and not any(re.search(_EXPLAINED.get(o.adjective, ""), " ".join(_whats(c))) for c in o.cuts):
            raise Unwritable(f"what {o.adjective!r} means")
        return o.cuts

    def _object_mask(self, thing: Thing, cuts: tuple[Condition, ...]) -> str:
        if any(level_of(c) is not thing for c in cuts):
            raise Unwritable("a condition of other objects")
        return " & ".join(_bracketed(self.condition(c)) for c in cuts)

    def _ranked(self, o: Objects, column: str) -> str:
        """A column of the objects in falling order, filled up with missing ones."""
        name = _identifier(o.thing)
        key = self._of(Objects(o.thing, o.cuts), o.by or "pt")
        order = self._kept(f"ak.argsort({key}, axis=1, ascending={o.rank == -1})", f"order_{name}")
        picked = self._picked(o, f'events["{column}"]')
        return self._kept(f"ak.pad_none({picked}[{order}], 3)", f"sorted_{re.sub(r'[^A-Za-z0-9]', '_', column).lower()}")

    def _size(self, o: Objects) -> str:
        if not self._cuts(o):
            return f'ak.num(events["{o.thing.first}"])'
        return f"ak.sum({self._good(o)}, axis=1)"

    # ------------------------------------------------------------------------------------------ pairs

    def _pairwise(self, v: Pairwise) -> str:
        one, other, what = v.pair.one, v.pair.other, v.what
        if what == "angle":
            return self._angle(one, other)
        if what in ("delta_phi", "delta_r", "delta_eta", "transverse_mass"):
            return self._apart(one, other, what)
        if what == "mass" and not any(o.thing.has("energy") for o in (one, other)):
            raise Unwritable("no energy")
        parts = (
            ("px", "py")
            if what in ("pt", "phi")
            else ("px", "py", "pz")
            if what in ("eta", "momentum")
            else ("energy", "px", "py", "pz")
        )
        named = {}
        for part in parts:
            named[part] = self._kept(f"{self._part(one, part)} + {self._part(other, part)}", f"pair_{part}")
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
        return f"({self._of(o, 'momentum')})" if part == "energy" and self.catalogue.massless else self._of(o, part)

    def _angle(self, one: Objects, other: Objects) -> str:
        """The angle between two momenta in space."""
        inner = " + ".join(f"{self._of(one, p)} * {self._of(other, p)}" for p in ("px", "py", "pz"))
        sizes = [self._kept(" + ".join(f"{self._of(o, p)}**2" for p in ("px", "py", "pz")), "squared") for o in (one, other)]
        return f"np.arccos(({inner}) / np.sqrt({sizes[0]} * {sizes[1]}))"

    def _apart(self, one: Objects, other: Objects, what: str) -> str:
        if what == "delta_eta":
            return f"np.abs({self._of(one, 'eta')} - {self._of(other, 'eta')})"
        difference = f"({self._of(one, 'phi')} - {self._of(other, 'phi')} + np.pi) % (2 * np.pi) - np.pi"
        dphi = self._kept(difference, "dphi")
        if what == "delta_phi":
            return f"np.abs({dphi})"
        if what == "transverse_mass":
            return f"np.sqrt(2 * {self._of(one, 'pt')} * {self._of(other, 'pt')} * (1 - np.cos({dphi})))"
        deta = self._kept(f"{self._of(one, 'eta')} - {self._of(other, 'eta')}", "deta")
        return f"np.sqrt({deta}**2 + {dphi}**2)"

    # ------------------------------------------------------------------------------------------ names and units

    def _kept(self, code: str, name: str) -> str:
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


def _may_lack(value: Value) -> bool:
    """Whether events may have no such value: the third jet, the mass of a pair."""
    if isinstance(value, Of):
        return value.objects.rank is not None
    if isinstance(value, Pairwise):
        return value.pair.one.rank is not None or value.pair.other.rank is not None
    if isinstance(value, Arithmetic):
        return _may_lack(value.left) or _may_lack(value.right)
    if isinstance(value, Apply):
        return _may_lack(value.value)
    return isinstance(value, Fold) and value.how != "sum"


def _lacks(c: Condition) -> bool:
    if isinstance(c, Compare):
        return _may_lack(c.left) or _may_lack(c.right)
    if isinstance(c, Not):
        return _lacks(c.condition)
    if isinstance(c, All | Or):
        return False
    return isinstance(c, Flag) and _may_lack(c.value)


def _identifier(thing: Thing) -> str:
    return re.sub(r"\W+", "_", thing.whose) or "objects"


def _number(value: float) -> str:
    return f"{value:.12g}" if math.isfinite(value) else repr(value)


def _bracketed(code: str) -> str:
    return code if re.fullmatch(r'events\["[^"]+"\]|\w+|ak\.any\([^&|]*\)', code) else f"({code})"
