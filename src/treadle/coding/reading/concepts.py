"""What words and parts of column names mean, in one vocabulary: 'reconstructed energy' and ``E_reco`` are two same ideas."""

from __future__ import annotations

import re

from treadle.words import canonical, name_parts

__all__ = ["GENERIC", "UNITS", "idea", "ideas_of_name", "ideas_of_word", "unit_of_name"]

_PARTS_TEXT = """
pt: pt
eta: eta
phi: phi
mass: m mass
charge: q charge chg
energy: e en energy erg pe nrg
momentum: p mom momentum ptot ptotal
px: px
py: py
pz: pz
reco: reco rec reconstructed measured est estimated
true: true truth mc gen sim generated simulated
time: t time
number: n num nb number count cnt multiplicity mult
track: trk track tr
cluster: clus cluster clu cl clst
vertex: vtx vertex pv vert
direction: dir direction
zenith: zen zenith zd
azimuth: az azimuth azi
theta: theta th
length: len length
width: wid width w
height: hgt height
distance: dist distance
neutrino: nu neutrino
muon: mu muon muo
electron: el ele electron
photon: ph pho photon gamma
jet: jet j
fatjet: fj fatjet
tau: tau
kaon: k kaon
pion: pi pion
proton: proton
telescope: tel telescope
weight: wgt weight wt
trigger: trig trigger
isolation: iso isolation reliso
event: evt event ev
run: run
background: bkg background
signal: sig signal
identification: id
met: met etmiss ptmiss missinget misset etmissing
position: pos position
amplitude: amp ampl amplitude
temperature: temp temperature
pressure: pres pressure
efficiency: eff
detector: det detector
layer: layer lay
chamber: chamber ch
sector: sector sec
score: score
btag: btag btagged
probability: prob probability
pedestal: ped pedestal
beam: beam
hit: hit
peak: pk peak
shower: shw shower
photomultiplier: pmt photomultiplier
area: a area
impact: ip impact
lepton: lepton lep lp
cell: cell
total: tot total
maximum: max maximum
minimum: min minimum
radius: r radius rad
polarity: pol polarity polar
livetime: livetime live
interaction: int interaction
type: type
purity: purity pur
quality: qual quality
fiducial: fid fiducial
contained: contained cont
"""
_PARTS = {
    said: idea
    for line in _PARTS_TEXT.strip().splitlines()
    for idea, _, all_said in [line.partition(":")]
    for said in all_said.split()
}
_WORDS = {
    "reconstructed": "reco",
    "measured": "reco",
    "estimated": "reco",
    "generated": "true",
    "simulated": "true",
    "truth": "true",
    "generator": "true",
    "multiplicity": "number",
    "pseudorapidity": "eta",
    "vertice": "vertex",
    "vertices": "vertex",
    "momenta": "momentum",
    "weighted": "weighted",
    "mean": "mean",
    "sign": "sign",
    "charged": "charged",
    "pair": "pair",
    "radial": "radius",
    "triggered": "trigger",
    "isolated": "isolated",
    "bachelor": "bach",
    "fatjet": "fatjet",
    "momentum": "momentum",
    "azimuths": "azimuth",
    "lifetime": "tau",
    "visible": "vis",
    "ak4": "ak4",
    "ak8": "ak8",
    "dimuon": "dimuon",
    "dielectron": "dielectron",
    "ditau": "ditau",
    "dijet": "dijet",
    "diphoton": "diphoton",
    "dilepton": "dilepton",
    "largest": "largest",
    "highest": "highest",
    "smallest": "smallest",
    "lowest": "lowest",
}
"""Words whose idea is not the one that the general table of synonyms gives, or that it does not know."""
GENERIC = frozenset(
    {
        "reco",
        "event",
        "pt",
        "energy",
        "number",
        "total",
        "value",
        "pf",
        "puppi",
        "id",
        "primary",
        "is",
        "has",
        "flag",
        "pass",
        "quality",
        "l",
        "trig",
    }
)
"""Ideas that a phrase may leave out of a column's name."""
_UNITS_TEXT = """
GeV MeV TeV keV eV mm cm km um ns us ms ps deg rad mrad mV nC pC Hz kHz kg nb fb pb kV mbar
"""
UNITS = frozenset(_UNITS_TEXT.split())
_SHORT_UNITS = {"m": "m", "s": "s", "V": "V"}


def unit_of_name(name: str) -> str:
    """The unit that ends a column's name: ``beam_GeV``, ``time_us``; '' where there is none."""
    last = re.split(r"_", name)[-1]
    if "_" not in name:
        return ""
    found = next((u for u in UNITS if u.lower() == last.lower() and (u == last or last.islower())), "")
    return found or (
        _SHORT_UNITS.get(last, "") if re.search(r"(?:time|_t|[xyz]|len\w*|dist\w*|vtx|pos|hv|volt\w*)_\w$", name) else ""
    )


def ideas_of_name(name: str) -> tuple[str, ...]:
    """The ideas of the parts of a name in order, its unit left out."""
    unit = unit_of_name(name)
    plain = _PAIR_MASS.sub(lambda m: f"mass_{_PAIRED[m[1].lower()]}_", name[: -len(unit) - 1] if unit else name)
    plain = re.sub(r"[Ff]at_?[Jj]et", "FATJET", plain)
    parts = [
        part
        for piece in re.sub(r"(?<=[a-z])FATJET|FATJET(?=[A-Z])", "_FATJET_", plain).split("_")
        if piece
        for part in _pieces(piece)
    ]
    ideas = tuple(_idea_of_part(p.lower()) for p in parts)
    if "trigger" in ideas:  # ``trigE``
        return tuple(_TRIGGERED.get(p.lower(), i) for p, i in zip(parts, ideas, strict=True))
    return ideas


_PAIRED = {
    "gg": "diphoton",
    "yy": "diphoton",
    "ll": "dilepton",
    "mumu": "dimuon",
    "ee": "dielectron",
    "jj": "dijet",
    "tautau": "ditau",
}
_PAIR_MASS = re.compile(rf"(?<![A-Za-z])[mM]_?({'|'.join(_PAIRED)})(?![a-z])", re.IGNORECASE)
"""The mass of a pair, as ``mgg`` and ``m_ll``."""
_TRIGGERED = {"e": "electron", "m": "muon", "p": "photon", "g": "photon"}


def _idea_of_part(part: str) -> str:
    if part in _PARTS:
        return _PARTS[part]
    if part in _WORDS:
        return _WORDS[part]
    return canonical(part) if len(part) > 2 else part


def _pieces(piece: str) -> list[str]:
    if piece.lower() in _PARTS:
        return [piece]
    if piece[:1].lower() in ("x", "y", "z") and piece[1:].lower() in _PARTS and len(piece) > 2:
        return [piece[0], piece[1:]]
    if re.fullmatch(r"n[A-Z]\w*", piece):
        return ["n", *_pieces(piece[1:])]
    if re.fullmatch(r"[A-Z]{2,}\w?", piece) or len(piece) <= 2:
        return [piece]
    parts = name_parts(piece)
    return parts if parts else [piece]


def idea(word: str) -> str:
    """The idea of one word of a request."""
    word = word.lower()
    if word in _WORDS:
        return _WORDS[word]
    single = re.sub(r"(?<=[^s])s$", "", word) if len(word) > 3 and word != "gammaness" else word
    if single in _WORDS:
        return _WORDS[single]
    if single in _PARTS and (len(single) > 2 or single in ("pt", "px", "py", "pz", "pv", "id", "mc")):
        return _PARTS[single]
    return canonical(word) if len(word) > 2 else word


def ideas_of_word(written: str) -> tuple[str, ...]:
    """The ideas of a word as it was written: of its parts where it is made of some, as ``PuppiMET`` is."""
    if re.search(r"[a-z][A-Z]|_|[A-Za-z]{2,}\d", written):
        return ideas_of_name(written)
    return tuple(idea(written).split()) or ("",)
