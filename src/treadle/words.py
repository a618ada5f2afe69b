"""Words of physicists and names of columns, brought to one form.

A request says 'transverse momentum of the muons', a file says ``Muon_pt`` or ``mu_px``: both become the *terms*
``pt``/``px`` and ``muon``. The search over examples and the choice of columns for a prompt use the same table, here.
"""

from __future__ import annotations

import re

__all__ = [
    "KINEMATICS",
    "OPERATIONS",
    "STOPWORDS",
    "SYNONYMS",
    "name_parts",
    "name_terms",
    "phrases_to_terms",
    "split_terms",
    "terms",
]

SYNONYMS: dict[str, tuple[str, ...]] = {
    # term: what is said for it, in requests and inside column names
    "muon": ("mu", "mus", "dimuon", "muo"),
    "electron": ("el", "ele", "dielectron"),
    "photon": ("ph", "gamma", "diphoton", "pho"),
    "jet": ("dijet", "fatjet", "ak4", "ak8"),
    "tau": ("taus", "ditau"),
    "lepton": ("lep", "dilepton"),
    "met": ("etmiss", "ptmiss", "missinget", "puppimet", "pfmet"),
    "pt": ("pts", "momenta"),
    "eta": ("etas", "pseudorapidity"),
    "phi": ("phis", "azimuth", "azimuthal"),
    "mass": ("m", "mll", "mmumu"),
    "charge": ("q", "charged", "sign"),
    "energy": ("e", "energies", "en"),
    "weight": ("w", "wgt", "weighted", "genweight"),
    "vertex": ("vertices", "vtx", "pv", "pvs", "npv", "npvs", "nvtx"),
    "trigger": ("trig", "hlt"),
    "btag": ("btagged", "bjet", "btagging"),
    "count": ("number", "many", "n", "num"),
    "mean": ("average", "avg"),
    "std": ("spread", "rms", "deviation"),
    "correlation": ("correlated", "corr", "pearson", "correlate"),
    "fraction": ("efficiency", "percentage", "share", "proportion"),
    "histogram": ("hist", "bin", "binned"),
    "plot": ("draw", "figure", "png"),
    "leading": ("hardest",),
    "subleading": ("second",),
    "maximum": ("max", "largest", "greatest", "highest"),
    "minimum": ("min", "smallest", "lowest"),
    "above": ("larger", "greater", "over", "exceeding", "exceed", "more", "higher"),
    "below": ("smaller", "less", "under", "lower"),
    "pair": ("combination", "combinations", "pairs"),
    "time": ("timestamp", "tdc"),
}

_PHRASES: tuple[tuple[str, str], ...] = (
    # longest first where one contains another
    (r"missing (?:transverse |trans\. )?(?:energy|momentum|e_?t|p_?t)", " met "),
    (r"e_?t\s?miss", " met "),
    (r"transverse momentum|transverse momenta|p_t\b", " pt "),
    (r"transverse mass", " transversemass mt mass "),
    (r"transverse energy", " et energy "),
    (r"invariant mass(?:es)?", " invariant mass "),
    (r"scalar sum", " ht scalar sum "),
    (r"(?:delta|d|Δ)[ _-]?r\b|angular (?:distance|separation)", " deltar "),
    (r"(?:delta|Δ)[ _-]?phi\b|azimuthal (?:angle )?(?:difference|separation)|\bdphi\b", " deltaphi phi "),
    (r"opposite[ -]?(?:sign|charged?)|oppositely[ -]charged", " opposite charge "),
    (r"same[ -]?(?:sign|charged?)|like[ -]sign", " same charge "),
    (r"\bb[ -](?:tag(?:ged|s|ging)?)", " btag "),
    (r"\bb[ -]?(?:jets?)\b", " btag jet "),
    (r"primary vert(?:ex|ices)", " pv vertex "),
    (r"standard deviation", " std "),
    (r"most (?:probable|likely|frequent)|\bmode\b", " peak histogram "),
    (r"\blook(?:s)? like\b|\bdistribution\b", " histogram plot "),
    (r"\|\s*([A-Za-z_]\w*)\s*\|", r" abs \1 "),
    (r">=|≥|\bat least\b", " atleast "),
    (r"<=|≤|\bat most\b", " atmost "),
    (r">", " above "),
    (r"<", " below "),
    # All events, not those that pass something.
    (r"(?:how many|number of) (?:events|entries|rows)(?= (?:are|is|does|do|in)\b| ?[?.]?$)", " count allevents "),
    (r"\bhow many\b|\bnumber of\b", " count "),
    (r"\bno\b|\bwithout\b", " not "),
)
_PHRASE_PATTERNS = tuple((re.compile(pattern, re.IGNORECASE), term) for pattern, term in _PHRASES)

KINEMATICS: tuple[str, ...] = ("pt", "eta", "phi", "mass", "charge", "energy", "px", "py", "pz")
"""What is asked about nearly every collection, most common first."""

_OPERATIONS_TEXT = """
correlation mean std median percentile histogram plot scatter count fraction ratio difference sum deltar deltaphi invariant
mass ht cutflow maximum minimum weight pair closest sort leading subleading write save csv json peak asymmetry opposite same
error slope fit transversemass rapidity resolution magnitude
"""
OPERATIONS = frozenset(_OPERATIONS_TEXT.split())
"""Terms that say what to compute; the others say of what."""

_STOPWORDS_TEXT = """
a an the of in on to for and or is are was were be been what which that this these those with by from at as it its do
does did have has had there their them then than me my i we you give get find compute calculate determine tell show
print report please use using write all each every per event events file tree data dataset value values column columns
branch branches name named call called metric s t rows row entries entry
rows row entries entry
"""
STOPWORDS = frozenset(_STOPWORDS_TEXT.split())

_CANONICAL = {said: term for term, others in SYNONYMS.items() for said in (term, *others)}
_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_WORD = re.compile(r"[^\W_]+(?:_[^\W_]+)*")
# Words that lose their meaning with their last s.
_KEEP_S = frozenset({"mass", "status", "axis", "bias", "class", "cross", "plus", "minus", "gauss", "loss", "pass", "less"})


def _singular(word: str) -> str:
    if word in _KEEP_S or len(word) < 4 or not word.endswith("s"):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word if word.endswith("ss") else word[:-1]


def canonical(word: str) -> str:
    """The term for one word: lower case, singular, synonyms replaced."""
    word = word.lower()
    if word in _CANONICAL:
        return _CANONICAL[word]
    word = _singular(word)
    return _CANONICAL.get(word, word)


def name_parts(name: str) -> list[str]:
    """The parts of a column name or identifier as written: ``Muon_pfRelIso03`` -> Muon, pf, Rel, Iso, 03."""
    return _PARTS.findall(name)


def name_terms(name: str) -> list[str]:
    """The terms of a column name: ``nMuon`` -> count, muon; ``mu_px`` -> muon, px; ``Q1`` -> charge, 1."""
    whole = name.replace("_", "").lower()
    return [_CANONICAL[whole]] if whole in _CANONICAL else [canonical(part) for part in name_parts(name)]


def phrases_to_terms(text: str) -> str:
    """``text`` with the phrases of the field ('missing transverse energy') replaced by terms ('met')."""
    for pattern, term in _PHRASE_PATTERNS:
        text = pattern.sub(term, text)
    return text


def split_terms(text: str) -> tuple[list[str], list[str]]:
    """The terms of a request in order, stop words left out: those of spoken words, those of names of columns.

    A name gives itself, in lower case, and its parts: ``Muon_pt`` -> muon_pt, muon, pt. Numbers count as names.
    """
    spoken: list[str] = []
    names: list[str] = []
    for word in _WORD.findall(phrases_to_terms(text)):
        if word.lower() in STOPWORDS:
            continue
        if word.isalpha() and (word.islower() or word.istitle() or (word.isupper() and len(word) > 1)):
            spoken.append(canonical(word))
            continue
        if not word.isdigit():
            names.append(word.lower())
        names.extend(name_terms(word))
    return spoken, names


def terms(text: str) -> list[str]:
    """All terms of a request, those of spoken words first."""
    spoken, names = split_terms(text)
    return spoken + names
