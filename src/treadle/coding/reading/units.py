"""Units of energy, length, time and angle, and what one is of another."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence

from treadle.coding.reading.catalogue import Catalogue
from treadle.coding.reading.concepts import UNITS
from treadle.coding.reading.told import Told
from treadle.coding.reading.tree import (
    Apply,
    Arithmetic,
    Chosen,
    ChosenThree,
    Column,
    Fold,
    Number,
    Of,
    OfPairs,
    Pair,
    Pairwise,
    System,
    Value,
)

__all__ = ["Sizes", "factor", "file_unit", "told_units", "unit_named", "unit_of"]

Sizes = Callable[[Sequence[str]], Mapping[str, float]]
"""Tells the medians of columns' absolute values, of those that have one."""
_KINDS = (
    {"eV": 1e-9, "keV": 1e-6, "MeV": 1e-3, "GeV": 1.0, "TeV": 1e3, "PeV": 1e6, "EeV": 1e9},
    {"nm": 1e-9, "um": 1e-6, "mm": 1e-3, "cm": 1e-2, "m": 1.0, "km": 1e3},
    {"ps": 1e-12, "ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0},
    {"mrad": 1e-3, "rad": 1.0, "deg": math.pi / 180},
    {"Hz": 1.0, "kHz": 1e3},
    {"mV": 1e-3, "V": 1.0, "kV": 1e3},
    {"pC": 1e-12, "nC": 1e-9},
)


def factor(given: str, wanted: str) -> float:
    """What a number in ``given`` is multiplied with to be one in ``wanted``.

    Raises:
        LookupError: the two are of different kinds, or one is not known.
    """
    if given == wanted:
        return 1.0
    for kind in _KINDS:
        if given in kind and wanted in kind:
            return kind[given] / kind[wanted]
    raise LookupError(f"{given or 'a unit that is not known'} is not {wanted}")


def unit_of(v: Value, told: Told) -> str:
    """The unit of a value where the names of its columns, or what is said of the file, tell it."""
    if isinstance(v, Column):
        lifetime = "ns" if v.name.endswith("_TAU") and _of_lhcb(set(told.catalogue.by_column)) else ""
        return told.units.get(v.name) or v.unit or lifetime or told.usual_unit(v.name)
    if isinstance(v, Of):
        column = v.objects.thing.columns.get(v.what)
        if column is not None:
            return told.unit_of_column(column)
        return told.energy_unit if v.what in ("pt", "px", "py", "pz", "mass", "energy", "momentum") else ""
    if isinstance(v, Fold) or (isinstance(v, Apply) and v.function in ("abs", "gaps")):
        return unit_of(v.value, told)
    if isinstance(v, Pairwise):
        angle = v.what in ("delta_phi", "phi", "angle")
        return (
            "rad" if angle else told.energy_unit if v.what in ("mass", "pt", "energy", "momentum", "transverse_mass") else ""
        )
    if isinstance(v, Chosen):
        return unit_of(Pairwise(v.pairs.pair, v.what), told)
    if isinstance(v, System | ChosenThree):
        return unit_of(Pairwise(Pair(v.objects, v.objects), v.what), told)
    if isinstance(v, OfPairs):
        return unit_of(Pairwise(v.pairs.pair, v.what), told)
    if isinstance(v, Arithmetic) and v.operator in ("+", "-", "max", "min"):
        return unit_of(v.left, told) or unit_of(v.right, told)
    if isinstance(v, Arithmetic) and v.operator in "*/" and Number in (type(v.left), type(v.right)):
        return "" if isinstance(v.left, Number) and v.operator == "/" else unit_of(v.left, told) or unit_of(v.right, told)
    if isinstance(v, Apply) and v.function == "sqrt":
        return _unit_of_root(v.value, told)
    return ""


def _unit_of_root(v: Value, told: Told) -> str:
    """The unit of the root of a sum of squares."""
    if isinstance(v, Arithmetic) and v.operator in "+-":
        one, other = (_unit_of_root(part, told) for part in (v.left, v.right))
        return one if one == other else ""
    return unit_of(v.value, told) if isinstance(v, Apply) and v.function == "square" else ""


def told_units(request: str, told: Told) -> str:
    """``request`` without the words that tell units of columns or of the file, which are then ``told``."""
    for name in told.catalogue.by_column:
        found = re.search(rf"{_BEGINS}(?<!\w){re.escape(name)}\s+{_IS_IN}{_ENDS}", request, re.IGNORECASE)
        if found is not None:
            told.units[name] = unit_named(found[1])
            request = request.replace(found[0], " . ", 1)
    found = _SAID.search(request)
    if found is not None:
        told.unit = unit_named(next(g for g in found.groups() if g))
        request = request.replace(found[0], " . ", 1)
    return re.sub(r"\(\s*[.]?\s*\)", " ", request)


def unit_named(word: str) -> str:
    """The unit that a word of a request names, '' for another word."""
    return _SPOKEN.get(word.lower(), "")


_SPOKEN_TEXT = """
V: v volt volts
kV: kilovolts
s: s sec seconds
ms: milliseconds
us: microseconds mus µs
ns: nanoseconds
ps: picoseconds
min: minutes
h: hours
d: days
m: m metres meters
km: kilometres
cm: centimetres centimeters
mm: millimetres millimeters
rad: radians radian
mrad: milliradians
deg: degrees degree °
uA: ua
nA: na
mA: ma
pe: pe photoelectrons
ADC: adc
VEM: vem
EeV: eev
PeV: pev
counts: counts
bar: bar
K: kelvin
T: tesla
"""
_SPOKEN = {u.lower(): u for u in UNITS} | {
    said: line.partition(":")[0] for line in _SPOKEN_TEXT.strip().splitlines() for said in line.partition(":")[2].split()
}
_UNIT = rf"({'|'.join(sorted(map(re.escape, _SPOKEN), key=len, reverse=True))})"
_BEGINS = r"[(,;.]?\s*(?:\b(?:the|and|careful,?|note that|mind that|where|with|as)\s+)*(?:branch |column )?"
_IS_IN = (
    r"(?:is|are|being|counts?|comes|stored)\s+(?:given |stored |measured |recorded |also |all )*(?:in )?(?:units of )?"
    rf"{_UNIT}\b"
)
_ENDS = r"(?:\s+too)?(?=\s*(?:[,.;:)?]|and\b|$))\)?"
_WHOLE_FILE = (
    r"(?:energies and momenta|momenta and energies|stored|saved|file|branch(?:es)?|energies|momenta|pts|ntuple|tree|columns?"
    r"|everything|units?|angles|units in it|all (?:vertex )?branches)"
)
_SAID = re.compile(
    r"[(,;.]?\s*(?:\b(?:the|all|both|its|they|and|mind that|careful,|note that|where)\s+)*"
    rf"\b{_WHOLE_FILE}\s+(?:in (?:it|the file|the tree) )?(?:is|are|in|being)\s+(?:all\s+|stored\s+|given\s+)?"
    rf"(?:in\s+)?{_UNIT}\b"
    r"(?: (?:in|throughout) (?:it|the (?:file|tree|ntuple)))?\)?"
    rf"|\b(?:from|given|in) {_UNIT} (?:to|in the file|branches)\b",
    re.IGNORECASE,
)


def file_unit(request: str, told: Told, sizes: Sizes | None) -> tuple[str, bool]:
    """The unit of energy of a file's columns, and whether it was assumed.

    As the request says, as a column's name says, as such files or values have it; '' where nothing tells it. The unit that
    the request asks in is taken where the columns hold numbers of its size, and assumed where nobody can say what they hold.
    """
    known = _known_unit(told)
    if known:
        return known, False
    asked = set(re.findall(r"(?<![A-Za-z])(?:[kMGT]eV)\b", request))
    if len(asked) != 1:
        return "", False
    return _by_size(asked.pop(), told.catalogue, sizes)


def _known_unit(told: Told) -> str:
    catalogue = told.catalogue
    if told.unit in _KINDS[0]:
        return told.unit
    named = [q.unit for q in catalogue.quantities if q.unit in _KINDS[0]]
    if named:
        return max(set(named), key=named.count)
    columns = set(catalogue.by_column)
    if _of_lhcb(columns):
        return "MeV"
    if "luminosityBlock" in columns or "nMuon" in columns:
        return "GeV"  # NanoAOD
    if "mcWeight" in columns or any(c.startswith("scaleFactor_") for c in columns):
        return "MeV"  # ATLAS open data and ntuples
    return ""


def _of_lhcb(columns: set[str]) -> bool:
    """Whether the tools of LHCb wrote the file: energies in MeV, lifetimes (``B_TAU``) in ns."""
    return any(re.fullmatch(r"\w+_(?:IPCHI2\w*|TRUEP_\w|ENDVERTEX_\w|TIS|TOS)", c) for c in columns)


def _by_size(asked: str, catalogue: Catalogue, sizes: Sizes | None) -> tuple[str, bool]:
    """GeV or MeV by the size of the numbers: momenta and masses of some thousand are in MeV."""
    energies = [
        q.column
        for q in catalogue.quantities
        if q.ideas & {"pt", "mass", "energy", "momentum", "met", "px"} and "phi" not in q.ideas
    ]
    known = {} if sizes is None or not energies else sizes(energies[:4])
    found = list(known.values())
    assumed = not found or asked not in ("GeV", "MeV") or (asked == "MeV" and max(found) < 200)
    small = [c for c, s in known.items() if s < 200 and catalogue.real(c) and "mass" not in catalogue.by_column[c].ideas]
    assumed |= bool(small) and max(found) > 1500  # columns of both units
    return "MeV" if asked == "GeV" and found and max(found) > 1500 else asked, assumed
