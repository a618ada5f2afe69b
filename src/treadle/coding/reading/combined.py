"""Expressions over several objects of an event: their sum, the pair chosen among all, objects near others."""

from __future__ import annotations

from treadle.coding.reading.expressions import Expressions, UnwritableError, bracketed, number
from treadle.coding.reading.objects import usual_order
from treadle.coding.reading.tree import Chosen, ChosenThree, Near, Objects, OfPairs, System
from treadle.coding.reading.units import factor, unit_of

__all__ = ["CombinedExpressions"]

_PARTS = {"mass": ("energy", "px", "py", "pz"), "pt": ("px", "py"), "phi": ("px", "py"), "energy": ("energy",)}
_MADE = {
    "mass": "np.sqrt(np.maximum({energy}**2 - {px}**2 - {py}**2 - {pz}**2, 0))",
    "pt": "np.sqrt({px}**2 + {py}**2)",
    "phi": "np.arctan2({py}, {px})",
    "energy": "{energy}",
}


class CombinedExpressions(Expressions):
    """Expressions, with those of several objects."""

    def combined(self, v: Chosen | ChosenThree | System) -> str:
        if isinstance(v, ChosenThree):
            return self._chosen_three(v)
        return self._chosen(v) if isinstance(v, Chosen) else self._system(v)

    def _chosen_three(self, v: ChosenThree) -> str:
        """A quantity of one of all combinations of three; missing where there are less than three objects."""
        named = {}
        for part in dict.fromkeys(_PARTS[v.by] + _PARTS[v.what]):
            what = "momentum" if part == "energy" and self.told.massless else part
            if not v.objects.thing.has(what):
                raise UnwritableError(f"no {what}")
            three = self.kept(f"ak.combinations({self.of(v.objects, what)}, 3)", f"three_{part}")
            named[part] = self.kept(" + ".join(f'{three}["{i}"]' for i in range(3)), f"sum_{part}")
        by = _MADE[v.by].format(**named)
        best = self.kept(f"ak.arg{v.how}({by}, axis=1, keepdims=True)", "best")
        return f"ak.firsts(({_MADE[v.what].format(**named)})[{best}])"

    def _chosen(self, v: Chosen) -> str:
        """The value of the chosen pair, missing where an event has none."""
        by = OfPairs(v.pairs, v.by)
        values = self.kept(self.value(by), "of_pairs")
        if v.target is not None:
            unit = unit_of(by, self.told)
            if v.target.unit and unit:
                target = v.target.value * factor(v.target.unit, unit)
            else:
                target = v.target.value
                self.guessed |= bool(v.target.unit)
            values = f"np.abs({values} - {number(target)})"
        best = self.kept(f"ak.arg{'max' if v.how == 'max' else 'min'}({values}, axis=1, keepdims=True)", "best")
        return f"ak.firsts({bracketed(self.value(OfPairs(v.pairs, v.what)))}[{best}])"

    def _system(self, v: System) -> str:
        """A quantity of a sum of four-momenta; missing where an event has less than ``number`` objects."""
        named = {}
        for part in _PARTS[v.what]:
            what = "momentum" if part == "energy" and self.told.massless else part
            if what == "energy" and not v.objects.thing.has("energy"):
                raise UnwritableError("no energy")
            values = self.of(v.objects, what)
            if v.number:
                key = self.of(v.objects, usual_order(v.objects.thing))
                order = self.kept(f"ak.argsort({key}, axis=1, ascending=False)", "order")
                values = f"{bracketed(values)}[{order}][:, :{v.number}]"
            named[part] = self.kept(f"ak.sum({values}, axis=1)", f"sum_{part}")
        made = _MADE[v.what].format(**named)
        return f"ak.mask({made}, {self.size(v.objects)} >= {v.number})" if v.number else made

    def near(self, c: Near) -> str:
        """Whether one of the other objects lies within the distance."""
        both = {}
        for what in ("phi",) if c.what == "delta_phi" else ("eta",) if c.what == "delta_eta" else ("eta", "phi"):
            mine = self.of(Objects(c.thing), what)
            pairs = self.kept(f"ak.cartesian([{mine}, {self._listed(c.others, what)}], nested=True)", f"{what}_of_both")
            both[what] = f'{pairs}["0"] - {pairs}["1"]'
        if "phi" in both:
            both["phi"] = self.kept(f"({both['phi']} + np.pi) % (2 * np.pi) - np.pi", "dphi")
        if "eta" in both:
            both["eta"] = self.kept(both["eta"], "deta")
        apart = f"np.sqrt({both['eta']}**2 + {both['phi']}**2)" if len(both) == 2 else f"np.abs({next(iter(both.values()))})"
        return self.kept(f"ak.any({apart} < {number(c.within.value)}, axis=2)", "near")

    def _listed(self, o: Objects, what: str) -> str:
        """A quantity of objects as a list an event, of one object with one or no entry."""
        code = self.of(o, what)
        return f"ak.singletons(ak.Array({code}))" if o.one else code
