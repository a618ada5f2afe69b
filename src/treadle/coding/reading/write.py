"""From an answer's tree to a program over ``events``."""

from __future__ import annotations

import re
from collections.abc import Sequence

from treadle.coding.reading.combined import CombinedExpressions
from treadle.coding.reading.conditions import Conditions, both, bound
from treadle.coding.reading.expressions import UnwritableError, bracketed, lacks, may_lack
from treadle.coding.reading.looking import counted, level, level_of, parts_of
from treadle.coding.reading.objects import usual_order
from treadle.coding.reading.told import Told
from treadle.coding.reading.tree import (
    Answer,
    Apply,
    BestRow,
    Chosen,
    ChosenThree,
    Compare,
    Condition,
    Dangling,
    Groups,
    Not,
    Number,
    Objects,
    Or,
    Pair,
    Signs,
    Size,
    System,
    Value,
)
from treadle.coding.reading.units import factor, unit_of

__all__ = ["write"]

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


def write(answer: Answer, told: Told, names: Sequence[str] = ()) -> tuple[str, bool]:
    """The body of a program that prints its results under ``names``, or some of its own, and whether a unit was guessed.

    Raises:
        LookupError: some part of the answer has no program.
    """
    writer = _Writer(told)
    parts = answer.parts or (answer,)
    names = list(names) if len(names) == len(parts) else _names_of(parts)
    results = (
        [writer.x.kept(writer.answer(part), f"result_{name}") for part, name in zip(parts, names, strict=True)]
        if answer.parts
        else [writer.answer(answer)]
    )
    lines = [] if answer.parts else [f"result = {results[0]}"]
    shown = results if answer.parts else ["result"]
    printed = [f'print(f"METRIC: {name}={{{result}}}")' for name, result in zip(names, shown, strict=True)]
    body = "\n".join([*writer.x.lines, *lines, *printed, ""])
    many = all(_just_so_many(s, answer) for s in parts_of(answer, System) if s.loose)
    return body, writer.x.guessed or not many or _of_others(answer)


def _of_others(answer: Answer) -> bool:
    """Whether events are selected by some objects, and one combination of all of them is chosen: perhaps of those."""
    taken = [three.objects for three in parts_of(answer, ChosenThree)]
    taken += [chosen.pairs.pair.one for chosen in parts_of(answer, Chosen)]
    selecting = [o for c in answer.where if (o := counted(c)) is not None and o.cuts]
    return any(o.thing is plain.thing and not plain.cuts for plain in taken for o in selecting)


def _just_so_many(system: System, answer: Answer) -> bool:
    """Whether the events have as many objects as the system is made of."""
    if not system.number:  # of events without any it is nothing
        some = (c for c in answer.where if (o := counted(c)) is not None and o.thing is system.objects.thing)
        return any(isinstance(c, Compare) and c.operator in (">=", "==") and c.right != Number(0) for c in some)
    wanted = Compare(Size(system.objects), "==", Number(system.number))
    return (
        wanted in answer.where or Compare(Size(Objects(system.objects.thing)), "==", Number(system.number)) in answer.where
    )


def _names_of(parts: Sequence[Answer]) -> list[str]:
    """A name for each result, by what was done."""
    names: list[str] = []
    for part in parts:
        name = {"count": "n", "objects": "n", "distinct": "n"}.get(part.operation, "")
        name = name or re.sub(r"\W+", "_", part.operation).strip("_") or "value"
        names.append(name if name not in names else f"{name}_{len(names) + 1}")
    return names


class _Writer:
    def __init__(self, told: Told) -> None:
        self.x = CombinedExpressions(told)

    # ------------------------------------------------------------------------------------------ answers

    def answer(self, a: Answer) -> str:
        if a.left is not None and a.right is not None:
            left = self.x.kept(self.answer(a.left), "first")
            right = self.x.kept(self.answer(a.right), "second")
            return f"{left} {a.operation} {right}"
        if a.groups is not None:
            return self._grouped(a, a.groups)
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
            "weighted mean": self._weighted,
            "weighted sum": self._weighted,
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
        counts = self.x.size(a.objects)
        return f"ak.sum({bracketed(counts)}[{mask}])" if mask else f"ak.sum({counts})"

    def _fraction(self, a: Answer) -> str:
        passing, among = self._mask(a.passing, "passing"), self._mask(a.where, "among")
        share = f"np.mean({passing}[{among}])" if among else f"np.mean({passing})"
        return share if a.number == 1 else f"{a.number:g} * {share}"

    def _object_fraction(self, a: Answer) -> str:
        assert a.objects is not None
        mask = self._mask(a.where)
        keep = f"[{mask}]" if mask else ""
        among = f"[{self.x.good(a.objects)}]" if a.passing and a.objects.cuts else ""
        passing = self.x.kept(self.x.object_mask(a.objects.thing, a.passing or self.x.cuts(a.objects)), "passing")
        share = f"np.mean(ak.flatten({passing}{among}{keep}))"
        return share if a.number == 1 else f"{a.number:g} * {share}"

    def _distinct(self, a: Answer) -> str:
        return f"len(np.unique({self._values(a)}))"

    def _mode(self, a: Answer) -> str:
        self.x.lines.append(f"found, times = np.unique({self._values(a)}, return_counts=True)")
        return "found[np.argmax(times)]"

    def _peak(self, a: Answer) -> str:
        assert a.bins is not None
        bins, low, high = a.bins
        self.x.lines.append(f"counts, edges = np.histogram({self._values(a)}, bins={bins}, range=({low:g}, {high:g}))")
        if a.operation == "peak height":
            return "np.max(counts)"
        self.x.lines.append("fullest = np.argmax(counts)")
        return "(edges[fullest] + edges[fullest + 1]) / 2"

    def _at_extreme(self, a: Answer) -> str:
        """A value in the event where another is largest or smallest."""
        assert a.value is not None
        assert a.other is not None
        if level(a.value) is not None or level(a.other) is not None:
            raise UnwritableError("one value an event")
        mask = self._mask(a.where)
        keep = f"[{mask}]" if mask else ""
        best = "max" if a.operation == "at max" else "min"
        self.x.lines.append(f"best = ak.arg{best}({bracketed(self.x.value(a.other))}{keep}, axis=0)")
        return f"{bracketed(self.x.value(a.value))}{keep}[best]"

    def _top(self, values: str, number: int) -> str:
        """The ``number`` largest (of a negative one the smallest) of the values."""
        return f"np.sort({values})[-{number}:]" if number > 0 else f"np.sort({values})[:{-number}]"

    def _correlation(self, a: Answer) -> str:
        assert a.value is not None
        assert a.other is not None
        if may_lack(a.value) or may_lack(a.other):
            raise UnwritableError("values that some events lack")
        mask = self._mask(a.where)
        one, other = (self._flat(v, mask) for v in (a.value, a.other))
        return f"np.corrcoef({one}, {other})[0, 1]"

    def _grouped(self, a: Answer, groups: Groups) -> str:
        """One number of each group of rows with the same keys, and one of all these."""
        mask = self._mask(a.where)
        keys = [self.x.kept(f"np.asarray({self._flat(v, mask)})", "key") for v in groups.by]
        self.x.imported("import pandas as pd")
        columns = ", ".join(f'"key{i}": {key}' for i, key in enumerate(keys))
        by = ", ".join(f'"key{i}"' for i in range(len(keys)))
        by = f"[{by}]" if len(keys) > 1 else by
        if a.operation == "distinct":
            return f"len(pd.DataFrame({{{columns}}}).drop_duplicates())"
        if a.value is None:
            made = f"pd.DataFrame({{{columns}}}).groupby({by}).size()"
        else:
            values = f"np.asarray({self._flat(a.value, mask)}, dtype=float)"
            inner = "std(ddof=0)" if groups.inner == "std" else f"{groups.inner}()"
            made = f'pd.DataFrame({{{columns}, "value": {values}}}).groupby({by})["value"].{inner}'
        made = self.x.kept(made, "of_groups")
        if a.operation in ("at max", "at min"):
            return f"{made}.idx{a.operation[3:]}()"
        if a.operation == "groups":
            return f"np.sum({made}.to_numpy() {groups.operator} {groups.bound:g})"
        scale = self._to_unit(a) if a.value is not None else 1.0
        result = _REDUCTIONS[a.operation].format(self.x.kept(f"{made}.to_numpy()", "numbers"))
        return result if scale == 1 else f"{result} * {scale:g}"

    def _weighted(self, a: Answer) -> str:
        assert a.value is not None
        assert a.other is not None
        mask = self._mask(a.where)
        flat = [self._flat(v, mask) for v in (a.value, a.other)]
        values, weights = self.x.kept(flat[0], "values"), self.x.kept(flat[1], "weights")
        made = f"np.sum({values} * {weights})"
        return f"{made} / np.sum({weights})" if a.operation.endswith("mean") else made

    def _reduced(self, a: Answer) -> str:
        values = self.x.kept(self._values(a), "values")
        if a.top:
            values = self.x.kept(self._top(values, a.top), "chosen")
        if a.operation == "percentile":
            made = f"np.percentile({values}, {a.number:g})"
        else:
            made = _REDUCTIONS[a.operation].format(values)
        scale = self._to_unit(a) * (a.number if a.operation == "relstd" and a.number else 1)
        return made if scale == 1 else f"{made} * {scale:g}"

    def _to_unit(self, a: Answer) -> float:
        """What the result is multiplied with to be in the unit asked for.

        Raises:
            UnwritableError: the unit of the columns is not known, or another kind.
        """
        assert a.value is not None
        return factor(unit_of(a.value, self.x.told), a.unit) if a.unit else 1.0

    # ------------------------------------------------------------------------------------------ values, flattened

    def _values(self, a: Answer) -> str:
        assert a.value is not None
        mask = self._mask(a.where)
        return self._flat(a.value, mask)

    def _flat(self, value: Value, mask: str | None) -> str:
        """The numbers of a value as one array of numpy, of the events of ``mask``."""
        if isinstance(value, Apply) and value.function == "gaps":
            return f"np.diff(np.sort({self._flat(value.value, mask)}))"
        code = self.x.value(value)
        picked = f"{bracketed(code)}[{mask}]" if mask else code
        if level(value) is not None:
            return f"ak.to_numpy(ak.flatten({picked}))"
        return f"ak.to_numpy(ak.drop_none({picked}))" if may_lack(value) else picked

    # ------------------------------------------------------------------------------------------ conditions

    def _mask(self, conditions: Conditions, name: str = "mask") -> str | None:
        if not conditions:
            return None
        if any(Not(c) in conditions for c in conditions):
            raise UnwritableError("signal and background at once")
        code = " & ".join(bracketed(self._of_event(c, conditions)) for c in conditions)
        return self.x.kept(code, name)

    def _of_event(self, condition: Condition, beside: Conditions) -> str:
        if isinstance(condition, Signs):
            return self._signs(condition, beside)
        if isinstance(condition, Dangling):
            return self._dangling(condition, beside)
        if isinstance(condition, Or):
            return " | ".join(bracketed(self._of_event(c, beside)) for c in condition.conditions)
        if isinstance(condition, Not) and level_of(condition) is not None:
            return f"~{bracketed(self._of_event(condition.condition, beside))}"
        if isinstance(condition, BestRow):
            return self._best_row(condition)
        if level_of(condition) is not None:
            return f"ak.any({self.x.condition(condition)}, axis=1)"
        code = self.x.condition(condition)
        return f"ak.fill_none({code}, False)" if lacks(condition) else code

    def _best_row(self, best: BestRow) -> str:
        """Whether a row is the best one of its group."""
        mask = self._mask(best.where, "chosen")
        self.x.imported("import pandas as pd")
        keys = ", ".join(f'"key{i}": np.asarray({self._flat(v, None)})' for i, v in enumerate(best.by))
        by = ", ".join(f'"key{i}"' for i in range(len(best.by)))
        table = self.x.kept(f'pd.DataFrame({{{keys}, "value": np.asarray({self._flat(best.value, None)})}})', "rows")
        some = f"{table}[np.asarray({mask})]" if mask else table
        kept = self.x.kept(f'{some}.dropna().groupby([{by}])["value"].idx{best.how}()', "best_rows")
        return f"np.isin(np.arange(len(events)), {kept}.to_numpy())"

    def _signs(self, signs: Signs, beside: Conditions) -> str:
        pair = signs.pair or self._pair_of(beside)
        code = self.x.signed(signs.kind, pair)
        return f"ak.fill_none({code}, False)" if pair.one.rank is not None else code

    def _dangling(self, dangling: Dangling, beside: Conditions) -> str:
        """Comparisons of the objects that another condition counts: of the one, of each of the two, or of their pair."""
        for c in beside:
            o = counted(c)
            if o is not None and isinstance(c, Compare) and (c.operator, c.right) == ("==", Number(1)):
                lead = Objects(o.thing, o.cuts, 0, usual_order(o.thing))
                return self._all_of_event(bound(lead, dangling.lacking), beside)
        if not any(counted(c) for c in beside):
            raise UnwritableError("whose quantities")
        return self._all_of_event(both(self._pair_of(beside), dangling.lacking), beside)

    def _all_of_event(self, conditions: Conditions, beside: Conditions) -> str:
        return " & ".join(bracketed(self._of_event(c, beside)) for c in conditions)

    def _pair_of(self, beside: Conditions) -> Pair:
        """The pair that 'opposite sign' is about: the two objects that another condition counts, or the two particles."""
        for c in beside:
            o = counted(c)
            if o is not None and isinstance(c, Compare) and c.right == Number(2) and c.operator in ("==", ">="):
                by = usual_order(o.thing)
                return Pair(Objects(o.thing, o.cuts, 0, by), Objects(o.thing, o.cuts, 1, by))
        charged = [t for t in self.x.catalogue.particles if t.has("charge")]
        if len(charged) == 2:
            return Pair(Objects(charged[0]), Objects(charged[1]))
        raise UnwritableError("of which two")
