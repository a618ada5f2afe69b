"""What a program counts or averages over: events, or the objects (jets, muons) of all events.

Follows the variables of a straight-line program on ragged data: which expressions hold one value an object, which one
value an event, and what a printed number therefore is. Anything it is not sure of is None: loops, functions, data frames.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Literal

from treadle.coding.program_facts import called
from treadle.types import DataSummary
from treadle.words import canonical, name_terms

__all__ = ["Level", "printed_levels"]


@dataclass(frozen=True, slots=True)
class Level:
    """``over``: 'records' (the table), 'jagged' (lists of objects), 'objects' (flattened), 'event', 'scalar'.

    ``kind``: what one element is: 'bool', 'count', 'value'; of a scalar also 'n_events', 'n_objects', 'fraction_events',
    'fraction_objects', 'per_event', 'mean_of_objects'. 'degenerate' marks a mean, median or spread of a single number.
    """

    over: Literal["records", "jagged", "objects", "event", "scalar"]
    kind: str = "value"


_ORDER = ("scalar", "event", "objects", "jagged")
_COUNTED = frozenset({"muon", "electron", "photon", "jet", "tau", "lepton", "vertex"})
_MODULES = frozenset({"np", "numpy", "ak", "awkward", "math", "statistics"})
_THROUGH = frozenset(
    {
        "to_numpy",
        "asarray",
        "array",
        "fill_none",
        "drop_none",
        "round",
        "nan_to_num",
        "float",
        "int",
        "to_list",
        "tolist",
        "astype",
        "list",
        "item",
        "abs",
        "absolute",
        "fabs",
        "sqrt",
        "cos",
        "sin",
        "exp",
        "log",
        "cosh",
        "sinh",
        "sort",
        "is_none",
        "values",
    }
)
_TOGETHER = frozenset(
    {"hypot", "maximum", "minimum", "arctan2", "logical_and", "logical_or", "logical_not", "greater", "less"}
)
_SUMS = frozenset({"sum", "nansum", "count_nonzero"})
_MEANS = frozenset({"mean", "average", "nanmean", "fmean"})
_SPREADS = frozenset({"median", "std", "nanstd", "nanmedian", "percentile", "quantile"})
_EXTREMES = frozenset({"max", "min", "amax", "amin", "nanmax", "nanmin"})


def printed_levels(tree: ast.Module, data: DataSummary) -> list[Level | None]:
    """What each value that is printed as a METRIC is, in the order of the program."""
    columns = {column.name: column for table in data.tables[:1] for column in table.columns}
    flow = _Flow({name: "jagged" if c.shape == "jagged" else "event" for name, c in columns.items() if c.shape != "nested"})
    flow.kinds = {name: "bool" for name, c in columns.items() if c.type == "bool"}
    counted = [name for name, c in columns.items() if c.type.startswith(("int", "uint")) and _is_count(name)]
    flow.kinds |= dict.fromkeys(counted, "count")
    flow.run(tree.body)
    return flow.printed


def _is_count(name: str) -> bool:
    """``nMuon``, ``n_hits``, ``nmu``."""
    return name_terms(name)[:1] == ["count"] or (name.startswith("n") and canonical(name[1:]) in _COUNTED)


class _Flow:
    def __init__(self, shapes: dict[str, str]) -> None:
        self.shapes = shapes
        self.kinds: dict[str, str] = {}
        self.env: dict[str, Level | None] = {"events": Level("records")}
        self.printed: list[Level | None] = []

    def run(self, body: list[ast.stmt]) -> None:
        for statement in body:
            match statement:
                case ast.Assign(targets=[target], value=value):
                    self._assign(target, value)
                case ast.With(body=inner):
                    self.run(inner)
                case ast.Expr(value=ast.Call() as call) if called(call) == "print":
                    self._print(call)
                case ast.Expr() | ast.Import() | ast.ImportFrom():
                    pass
                case _:
                    for node in ast.walk(statement):
                        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                            self.env[node.id] = None
                        if isinstance(node, ast.Call) and called(node) == "print":
                            self.printed.append(None)

    def _assign(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self.env[target.id] = self.of(value)
            return
        if isinstance(target, ast.Tuple):
            same = isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts)
            unzipped = self.of(value) if isinstance(value, ast.Call) and called(value) == "unzip" else None
            for place, name in enumerate(target.elts):
                if isinstance(name, ast.Name):
                    self.env[name.id] = self.of(value.elts[place]) if same and isinstance(value, ast.Tuple) else unzipped
            return
        for node in ast.walk(target):
            if isinstance(node, ast.Name):
                self.env[node.id] = None

    def _print(self, call: ast.Call) -> None:
        for argument in call.args:
            if not isinstance(argument, ast.JoinedStr):
                continue
            is_metric = False
            for part in argument.values:
                if isinstance(part, ast.Constant):
                    is_metric |= "METRIC" in str(part.value)
                elif isinstance(part, ast.FormattedValue) and is_metric:
                    self.printed.append(self.of(part.value))

    # ------------------------------------------------------------------------------------------ expressions

    def of(self, node: ast.expr) -> Level | None:
        match node:
            case ast.Name(id=name):
                return self.env.get(name)
            case ast.Constant(value=bool() | int() | float()):
                return Level("scalar", "constant")
            case ast.Attribute(value=base, attr=name):
                return self._attribute(base, name)
            case ast.Subscript(value=base, slice=index):
                return self._subscript(self.of(base), index)
            case ast.Compare(left=left, comparators=rights):
                level = self._widest([left, *rights])
                return Level(level.over, "bool") if level is not None and level.over != "scalar" else None
            case ast.UnaryOp(operand=operand):
                return self.of(operand)
            case ast.BinOp():
                return self._binary(node)
            case ast.Call():
                return self._call(node)
        return None

    def _column(self, name: str) -> Level | None:
        shape = self.shapes.get(name)
        if shape is None:
            return None
        return Level("jagged" if shape == "jagged" else "event", self.kinds.get(name, "value"))

    def _attribute(self, base: ast.expr, name: str) -> Level | None:
        level = self.of(base)
        if level is not None and level.over == "records":
            return self._column(name)
        if isinstance(base, ast.Attribute) and f"{base.attr}_{name}" in self.shapes:
            return self._column(f"{base.attr}_{name}")
        return None

    def _subscript(self, base: Level | None, index: ast.expr) -> Level | None:
        if isinstance(index, ast.Constant) and isinstance(index.value, str):
            return self._column(index.value) if base is None or base.over == "records" else None
        if base is None:
            return None
        if isinstance(index, ast.Tuple):
            last = index.elts[-1]
            if base.over == "jagged" and len(index.elts) == 2:
                is_number = isinstance(last, ast.Constant | ast.UnaryOp)
                return Level("event", base.kind) if is_number else base if isinstance(last, ast.Slice) else None
            return None
        if isinstance(index, ast.Slice):
            return base
        if isinstance(index, ast.Constant | ast.UnaryOp) and not isinstance(
            getattr(index, "op", None), ast.Invert | ast.Not
        ):
            return Level("scalar", "value") if base.over in ("event", "objects") else None
        mask = self.of(index)
        if mask is None:
            return None
        return base if mask.over in ("event", "jagged", "objects") else None

    def _widest(self, nodes: list[ast.expr]) -> Level | None:
        levels = [self.of(node) for node in nodes]
        known = [level for level in levels if level is not None and level.over != "records"]
        if len(known) < len(levels):
            return None
        return max(known, key=lambda level: _ORDER.index(level.over))

    def _binary(self, node: ast.BinOp) -> Level | None:
        left, right = self.of(node.left), self.of(node.right)
        if left is None or right is None or "records" in (left.over, right.over):
            return None
        if left.over == right.over == "scalar":
            return self._of_scalars(node.op, left, right)
        wide = max(left, right, key=lambda level: _ORDER.index(level.over))
        is_mask = isinstance(node.op, ast.BitAnd | ast.BitOr | ast.Mult) and {left.kind, right.kind} == {"bool"}
        if is_mask:
            return Level(wide.over, "bool")
        counts = isinstance(node.op, ast.Add) and {left.kind, right.kind} == {"count"}
        return Level(wide.over, "count" if counts else "value")

    def _of_scalars(self, op: ast.operator, left: Level, right: Level) -> Level:
        pair = (left.kind, right.kind)
        if isinstance(op, ast.Div):
            quotients = {
                ("n_events", "n_events"): "fraction_events",
                ("n_objects", "n_objects"): "fraction_objects",
                ("n_objects", "n_events"): "per_event",
            }
            return Level("scalar", quotients.get(pair, "value"))
        if "constant" in pair and isinstance(op, ast.Mult | ast.Sub):
            kind = right.kind if left.kind == "constant" else left.kind
            return Level("scalar", kind if kind.startswith("fraction") else "value")
        if left.kind == right.kind and left.kind in ("n_events", "n_objects") and isinstance(op, ast.Add | ast.Sub):
            return left
        return Level("scalar", "value")

    # ------------------------------------------------------------------------------------------ calls

    def _call(self, node: ast.Call) -> Level | None:
        name = called(node)
        is_method = isinstance(node.func, ast.Attribute) and not (
            isinstance(node.func.value, ast.Name) and node.func.value.id in _MODULES
        )
        subject = (
            node.func.value if is_method and isinstance(node.func, ast.Attribute) else node.args[0] if node.args else None
        )
        if name == "arrays":
            return Level("records") if not {k.arg for k in node.keywords} & {"library"} else None
        if subject is None:
            return None
        level = self.of(subject)
        if name in _TOGETHER and not is_method:
            wide = self._widest(node.args[:2])
            logical = name.startswith("logical") or name in ("greater", "less")
            return wide if wide is None else Level(wide.over, "bool" if logical else "value")
        if level is None or (name in _MEANS and any(k.arg == "weights" for k in node.keywords)):
            return None
        axis = _axis(node, 0 if is_method else 1)
        if level.over == "scalar":
            return self._of_one(name, level)
        if name in _THROUGH:
            bools = level.kind == "bool" and name in ("abs", "float", "int")
            return Level(level.over, "value") if bools else level
        if name == "len":
            return Level("scalar", "n_objects" if level.over == "objects" else "n_events")
        return self._reduced(name, level, axis)

    def _of_one(self, name: str, level: Level) -> Level | None:
        if name in _MEANS | _SPREADS and level.kind != "constant":
            return Level("scalar", "degenerate")
        return level if name in _THROUGH | _SUMS else None

    def _reduced(self, name: str, level: Level, axis: int | str | None) -> Level | None:
        if level.over == "records" or axis == "unknown":
            return None
        if name in ("flatten", "ravel"):
            return Level("objects", level.kind) if level.over == "jagged" else None
        if name == "num":
            known = {None: Level("event", "count"), 1: Level("event", "count"), 0: Level("scalar", "n_events")}
            return known.get(axis) if level.over == "jagged" and isinstance(axis, int | None) else None
        if name in ("firsts", "any", "all") and level.over == "jagged" and (axis in (1, -1) or name == "firsts"):
            return Level("event", level.kind)
        if name == "count":
            if level.over == "jagged" and axis in (1, -1):
                return Level("event", "count")
            return (
                Level("scalar", "n_objects" if level.over in ("jagged", "objects") else "n_events") if axis is None else None
            )
        if axis in (1, -1) and level.over == "jagged":
            return self._along_events(name, level)
        if axis in (0, -1) and level.over in ("event", "objects"):
            axis = None
        return self._overall(name, level) if axis is None else None

    def _along_events(self, name: str, level: Level) -> Level | None:
        if name in _SUMS:
            return Level("event", "count" if level.kind == "bool" else "value")
        if name in _MEANS | _SPREADS | _EXTREMES:
            return Level("event", "value")
        return None

    def _overall(self, name: str, level: Level) -> Level | None:
        objects = level.over in ("jagged", "objects")
        if name in _SUMS:
            if level.kind == "bool":
                return Level("scalar", "n_objects" if objects else "n_events")
            return Level("scalar", "n_objects" if level.kind == "count" else "value")
        if name in _MEANS:
            if level.kind == "bool":
                return Level("scalar", "fraction_objects" if objects else "fraction_events")
            if level.kind == "count":
                return Level("scalar", "per_event")
            return Level("scalar", "mean_of_objects" if objects else "value")
        return Level("scalar", "value") if name in _SPREADS | _EXTREMES else None


def _axis(node: ast.Call, place: int) -> int | str | None:
    given = next((k.value for k in node.keywords if k.arg == "axis"), None)
    if given is None and len(node.args) > place and called(node) not in ("percentile", "quantile", "array", "round"):
        given = node.args[place]
    if given is None or (isinstance(given, ast.Constant) and given.value is None):
        return None
    try:
        value = ast.literal_eval(given)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return "unknown"
    return value if isinstance(value, int) else "unknown"
