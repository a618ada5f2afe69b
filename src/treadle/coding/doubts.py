"""Doubts about a draft that ran: what was asked for and is not in the program, and values that cannot be the answer.

Drafts that agree with each other may be wrong in the same way. Each rule here compares words of the request with the text
of the program, or with what it printed. That proves nothing: no doubt does not mean right, and a doubt does not mean
wrong. The rules are tuned to stay silent unless a case is clear; requests for functions, without data, are only looked
at for numbers that are not used.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from treadle.coding.checks.mentions import unused_mentions
from treadle.coding.doubts_of_counts import count_doubts
from treadle.coding.doubts_of_cuts import charge_doubts, cut_doubts
from treadle.coding.doubts_of_values import value_doubts
from treadle.coding.program_facts import ProgramFacts, facts_of
from treadle.types import DataSummary
from treadle.words import name_terms

__all__ = ["doubts"]


def doubts(program: str, output: str, request: str, data: DataSummary | None) -> list[str]:
    """Why a draft may be wrong, one short sentence a doubt; empty where there is none.

    ``output`` is what the program printed; ``data`` the file that the request is about, or None.
    """
    found = unused_mentions(program, request, data)
    facts = facts_of(program) if data is not None else None
    if facts is None or data is None:
        return found
    asked = _prose(request)
    found += [rule.doubt for rule in _RULES if re.search(rule.asked, asked, re.IGNORECASE) and not rule.met(facts, asked)]
    for source in (_column_doubts, cut_doubts, charge_doubts, count_doubts):
        found += source(asked, facts, data)
    found += _bracket_doubts(asked, facts)
    found += value_doubts(asked, output, data)
    return list(dict.fromkeys(found))


def _prose(request: str) -> str:
    """The request without the names it wants for results and files, and with phrases that only look like operations."""
    request = re.sub(
        r"\b(?:report|call|name|print|give|return|label)(?:ed)?\s+(?:it|them|this|the \w+)?\s*as\s+\w+", " ", request
    )
    request = re.sub(r"\bMETRIC:.*", " ", request)
    request = re.sub(r"\b[\w.-]+\.root\b", " ", request)
    return re.sub(r"\s+", " ", request)


# ------------------------------------------------------------------------------------------------ operations


@dataclass(frozen=True, slots=True)
class _Rule:
    """``asked``: the words that ask for it; ``met``: whether the program does something of the kind."""

    asked: str
    met: Callable[[ProgramFacts, str], bool]
    doubt: str


def _calls(
    *names: str, operators: tuple[str, ...] = (), attributes: tuple[str, ...] = ()
) -> Callable[[ProgramFacts, str], bool]:
    def met(facts: ProgramFacts, asked: str) -> bool:
        return facts.calls_any(*names) or facts.has_operator(*operators) or not facts.attributes.isdisjoint(attributes)

    return met


_SORTS = ("sort", "argsort", "sorted", "lexsort", "sort_values", "partition", "argpartition")
_HIGHEST = ("max", "amax", "nanmax", "maximum", "fmax", "argmax", "nanargmax", "idxmax", "nlargest", "most_common", "mode")
_LOWEST = ("min", "amin", "nanmin", "minimum", "fmin", "argmin", "nanargmin", "idxmin", "nsmallest")
_BINNING = (
    "histogram histogram2d histogramdd hist hist2d digitize bincount unique counter cut qcut value_counts searchsorted linspace "
    "arange reg regular variable var floor floor_divide fill most_common stairs histplot step"
).split()
_WRITING = (
    "savefig to_file to_csv save savez savez_compressed savetxt dump dumps to_json to_parquet write writerow writerows write_text "
    "write_bytes recreate open tofile to_numpy_file write_table print_figure to_excel to_hdf update"
).split()
_DRAWING = (*_WRITING, *"plot hist scatter bar step stairs errorbar hist2d histplot pcolormesh imshow plot2d show".split())


def _mean(facts: ProgramFacts, asked: str) -> bool:
    return facts.calls_any(
        "mean", "average", "nanmean", "fmean", "describe", "profile", "binned_statistic"
    ) or facts.has_operator("Div")


def _deviation(facts: ProgramFacts, asked: str) -> bool:
    names = ("std", "nanstd", "stdev", "pstdev", "var", "variance", "nanvar", "describe", "sqrt", "cov", "rms")
    return facts.calls_any(*names) or facts.powers > 0


def _correlation(facts: ProgramFacts, asked: str) -> bool:
    names = ("corrcoef", "pearsonr", "corr", "cov", "spearmanr", "kendalltau", "linregress", "correlation", "correlate")
    return facts.calls_any(*names) or (
        facts.has_operator("Div") and (facts.calls_any("std", "sqrt", "stdev") or facts.powers > 0)
    )


def _bin_position(facts: ProgramFacts, asked: str) -> bool:
    finds = facts.calls_any(
        "argmax", "nanargmax", "index", "where", "nonzero", "argsort", "sorted", "most_common", "idxmax", "mode", "max"
    )
    if not facts.calls_any("argmax", "nanargmax", "idxmax", "most_common", "mode") and not (
        finds and facts.calls_any("where", "nonzero")
    ):
        finds = facts.calls_any("index", "argsort", "sorted", "where", "nonzero") or facts.loops > 0
    if not finds:
        return False
    if re.search(r"cent(?:er|re)|midpoint|middle", asked, re.IGNORECASE):
        return (
            not facts.attributes.isdisjoint({"centers"})
            or facts.has_operator("Add", "Mult", "Div")
            or facts.calls_any("mean")
        )
    return True


def _absolute(facts: ProgramFacts, asked: str) -> bool:
    if (
        facts.abs_calls
        or facts.powers
        or facts.calls_any("hypot", "square", "norm", "deltar", "deltaphi", "sqrt", "where", "maximum")
    ):
        return True
    numbers = {number for _, number in facts.comparisons if number is not None}
    return any(-number in numbers for number in numbers if number) or bool(facts.attributes & {"mag", "rho", "p"})


def _delta_phi(facts: ProgramFacts, asked: str) -> bool:
    names = "arctan2 atan2 where deltaphi delta_phi deltar delta_r remainder mod fmod angle minimum arccos acos cos unwrap floor round"
    if facts.calls_any(*names.split()) or facts.has_operator("Mod") or facts.attributes & {"pi"}:
        return True
    wrapped = any(number is not None and 3.1 < abs(number) < 3.2 for _, number in facts.comparisons)
    return wrapped or any("dphi" in term or "deltaphi" in term for term in _used_columns(facts)) or not _uses_two_phi(facts)


def _uses_two_phi(facts: ProgramFacts) -> bool:
    return facts.has_operator("Sub") and any("phi" in name.lower() for name in facts.usage.names)


def _delta_r(facts: ProgramFacts, asked: str) -> bool:
    names = ("sqrt", "hypot", "deltar", "delta_r", "deltar2", "norm")
    return facts.calls_any(*names) or facts.powers > 0 or any("dr" in name.lower() for name in _used_columns(facts))


def _used_columns(facts: ProgramFacts) -> list[str]:
    return [name for name in facts.usage.names if isinstance(name, str)]


def _sums(facts: ProgramFacts, asked: str) -> bool:
    names = ("sum", "nansum", "fsum", "add", "reduce", "cumsum", "accumulate", "dot", "bincount", "integral")
    named = any(re.search(r"(?:^|_)(?:ht|sum\w*|tot\w*)$|SumEt", name) for name in _used_columns(facts))
    return facts.calls_any(*names) or facts.has_operator("Add") or named


def _mass(facts: ProgramFacts, asked: str) -> bool:
    pair_mass = any(
        re.fullmatch(r"M|m|m_?ll|m_?mumu|m_?ee|m_?jj|mass\w*|\w*inv\w*|di\w*_?m\w*|m2|mass2", name)
        for name in _used_columns(facts)
    )
    return pair_mass or facts.calls_any("cosh", "cos") or (facts.powers + facts.products >= 3)


def _weights(facts: ProgramFacts, asked: str) -> bool:
    named = any("weight" in name_terms(name) for name in _used_columns(facts) if name)
    return named or bool(facts.keywords & {"weights", "weight"})


_RULES = (
    _Rule(r"(?<!square )\b(?:mean|average[ds]?)\b(?! (?:free|life))", _mean, "the request asks for a mean, the program takes none"),
    _Rule(
        r"\bmedian\b",
        _calls("median", "nanmedian", "percentile", "quantile", "nanpercentile", "nanquantile", *_SORTS),
        "the request asks for a median, the program takes none",
    ),
    _Rule(
        r"\bstandard deviation|\b(?:rms|root mean square|spread|std|stddev|variance)\b",
        _deviation,
        "the request asks for a spread, the program computes none",
    ),
    _Rule(
        r"(?<!\ba )(?<!\bat )\b(?:minimum|minimal|smallest|lowest)\b(?!(?: \w+){0,2} (?:of |above |over )?\d)",
        _calls(*_LOWEST, *_SORTS, "percentile", "quantile", "describe", "less", operators=("USub",)),
        "the request asks for the smallest, the program does not look for it",
    ),
    _Rule(
        r"(?<!\ba )\b(?:maximum|maximal|largest|highest|greatest|biggest)\b(?!(?: \w+){0,2} (?:of |below |under )?\d)",
        _calls(*_HIGHEST, *_SORTS, "percentile", "quantile", "describe", "firsts", operators=("USub",)),
        "the request asks for the largest, the program does not look for it",
    ),
    _Rule(
        r"\b(?:fraction|fractions|percentage|efficiency|proportion)\b|\b(?:what|how many) per ?cent\b",
        _calls("mean", "average", "nanmean", "divide", "true_divide", "value_counts", "efficiency", operators=("Div",)),
        "the request asks for a fraction, the program computes none",
    ),
    _Rule(
        r"\bratios?\b|\basymmetry\b",
        _calls("divide", "true_divide", "mean", operators=("Div",)),
        "the request asks for a ratio, the program divides nothing",
    ),
    _Rule(r"\b(?:ratio|asymmetry)\b", _calls("divide", "true_divide", operators=("Div",)), "the request asks for a ratio, the program divides nothing"),
    _Rule(r"\bcorrelat(?:ion|ed|es?)\b(?! function)", _correlation, "the request asks for a correlation, the program computes none"),
    _Rule(
        r"\b(?:percentiles?|quantiles?|quartiles?)\b",
        _calls("percentile", "quantile", "nanpercentile", "nanquantile", "median", "quantiles", "describe", "iqr", "searchsorted", *_SORTS),
        "the request asks for a percentile, the program takes none",
    ),
    _Rule(r"\bhistograms?\b|\b(?<!\bin )bins\b", _calls(*_BINNING, operators=("FloorDiv",)), "the request asks for a histogram, the program fills none"),
    _Rule(
        r"\b(?:cent(?:er|re)|position|midpoint|middle|(?:lower|upper|left|right) edge) of the (?:[\w-]+ ){0,3}bin\b|\bbin cent(?:er|re)\b",
        _bin_position,
        "the request asks where a bin is, the program does not look it up",
    ),
    _Rule(
        r"\babsolute\b|\babs\b|\|\s?\w+\s?\|",
        _absolute,
        "the request asks for an absolute value, the program takes none",
    ),
    _Rule(
        r"\b(?:difference|minus|subtract(?:ed)?)\b",
        _calls("subtract", "diff", "deltaphi", "deltar", "deltaeta", "delta_phi", "delta_r", "ptp", operators=("Sub",)),
        "the request asks for a difference, the program subtracts nothing",
    ),
    _Rule(
        r"\bproducts?\b|\bmultipl(?:y|ied)\b",
        _calls("multiply", "prod", "product", "dot", operators=("Mult",)),
        "the request asks for a product, the program multiplies nothing",
    ),
    _Rule(r"\b(?:sum|summed|sums|HT|add(?:s|ed)? up)\b(?!\w)", _sums, "the request asks for a sum, the program adds nothing"),
    _Rule(
        r"\binvariant mass|\b(?:dimuon|dijet|dielectron|dilepton|diphoton) (?:invariant )?mass|\bmass(?:es)? of (?:the|each|all) (?:\w+ )?pairs?\b",
        _mass,
        "the request asks for a mass of several objects, the program does not compute it",
    ),
    _Rule(r"\b(?:delta|Δ)[ _-]?phi\b|\bdphi\b|\bazimuthal (?:angle )?(?:difference|separation)", _delta_phi, "the difference of phi is not wrapped into -pi to pi"),
    _Rule(r"\b(?:delta|Δ)[ _-]?r\b|\bangular (?:distance|separation)", _delta_r, "the request asks for delta R, the program computes none"),
    _Rule(r"\b(?:delta|Δ)[ _-]?r\b|\bangular (?:distance|separation)", _delta_phi, "the difference of phi is not wrapped into -pi to pi"),
    _Rule(r"(?<!un)\b(?:weighted|event weights?|generator weights?)\b", _weights, "the request asks for weights, the program uses none"),
    _Rule(r"\b\w[\w-]*\.(?:png|pdf|svg|jpe?g|csv|json|npy|npz|parquet|txt)\b", _calls(*_WRITING), "the request asks for a file, the program writes none"),
    _Rule(r"^\W*(?:please )?(?:make a |create a )?(?:scatter )?(?:plot|draw)\b", _calls(*_DRAWING), "the request asks for a plot, the program draws none"),
)  # fmt: skip


def _bracket_doubts(asked: str, facts: ProgramFacts) -> list[str]:
    found = []
    if facts.abs_of_comparison:
        found.append("the absolute value is taken of a comparison instead of a number")
    of_mean = re.search(
        r"\b(?:mean|average|median|sum)\b(?: of the| of| the)? (?:absolute|abs|modulus)\b", asked, re.IGNORECASE
    )
    if of_mean and facts.abs_calls and facts.abs_calls == facts.abs_of_reduction:
        found.append("the absolute value is taken of the mean, not the mean of the absolute values")
    return found


# ------------------------------------------------------------------------------------------------ columns


_OBJECTS = {
    "jet": r"\b(?:b[- ]?)?(?:di)?jets?\b",
    "muon": r"\b(?:di)?muons?\b",
    "electron": r"\b(?:di)?electrons?\b",
    "photon": r"\b(?:di)?photons?\b",
    "tau": r"\btaus?\b",
    "met": r"\bMET\b|\bmissing (?:transverse )?(?:energy|momentum)\b",
}
_QUANTITIES: dict[str, tuple[str, tuple[str, ...]]] = {
    # term: what is said for it, what it is computed from
    "pt": (r"\bp_?t\b|\btransverse moment(?:um|a)\b", ("px", "rho")),
    "eta": (r"(?<!delta )\beta\b|\bpseudorapidity\b", ("pz", "theta", "deltar")),
    "phi": (r"(?<!delta )\bphi\b(?! meson)|\bazimuthal angle\b", ("px",)),
    "mass": (r"\bmass(?:es)?\b(?! (?:hypothesis|window))", ("energy", "pt", "px", "tau")),
    "charge": (r"\bcharges?\b|\b(?:opposite|same)[- ](?:sign|charged?)\b", ()),
    "energy": (r"(?<!missing )(?<!transverse )\benerg(?:y|ies)\b", ("pt", "px", "mass", "ecal", "hcal")),
    "btag": (r"\bb-?tag(?:ged)?\b", ("deepflav", "csv")),
}


def _column_doubts(asked: str, facts: ProgramFacts, data: DataSummary) -> list[str]:
    if facts.usage.dynamic:
        return []
    names = [column.name for table in data.tables for column in table.columns]
    terms = {name: set(name_terms(name)) for name in names}
    used = {name for name in names if facts.usage.has_name(name)}
    # An array may be zipped to records: its fields count as columns.
    used_terms = {term for name in used for term in terms[name]}
    used_terms |= {term for name in facts.attributes | set(_used_columns(facts)) if name for term in name_terms(name)}
    columns_of = {o: {name for name in names if o in terms[name]} for o in _OBJECTS}
    present = [o for o in _OBJECTS if columns_of[o]]
    wanted = [o for o in present if re.search(_OBJECTS[o], asked, re.IGNORECASE if o != "met" else 0)]
    found = [
        f"the request is about {'missing energy' if o == 'met' else o + 's'}, the program uses no column of them"
        for o in wanted
        if len(present) > 1 and not columns_of[o] & used
    ]
    for quantity, (said, parts) in _QUANTITIES.items():
        of_wanted = {
            name for name in names if quantity in terms[name] and (not wanted or any(name in columns_of[o] for o in wanted))
        }
        prose = re.sub(r"missing transverse momentum", " ", asked)
        if of_wanted and re.search(said, prose, re.IGNORECASE) and used_terms.isdisjoint({quantity, *parts}):
            found.append(f"the request is about {quantity}, the program uses no column of it")
    # Only components in the file: what is asked for has to be computed.
    if re.search(_QUANTITIES["pt"][0], asked, re.IGNORECASE) and wanted:
        of_wanted = {name for o in wanted for name in columns_of[o]}
        given = {term for name in of_wanted for term in terms[name]}
        if "px" in given and "pt" not in given and not (_from_components(facts) or used_terms & {"rho"}):
            found.append("the request asks for a transverse momentum, the program does not compute it from the components")
    if (
        "met" in wanted
        and {"px", "py"} <= {t for n in columns_of["met"] for t in terms[n]}
        and re.search(_OBJECTS["met"], asked)
    ):
        given = {term for name in columns_of["met"] for term in terms[name]}
        if "pt" not in given and not _from_components(facts) and not re.search(r"\b(?:component|met_p[xy])\b", asked):
            found.append("the request asks for the missing energy, the program does not compute it from the components")
    return found


def _from_components(facts: ProgramFacts) -> bool:
    return (
        facts.calls_any("sqrt", "hypot", "square", "norm")
        or facts.powers > 0
        or bool(facts.attributes & {"pt", "rho", "pt2"})
    )
