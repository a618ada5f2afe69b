"""Doubts about operations: a request asks for a median, a histogram, a file; the program does nothing of the kind.

Spelling variants are accepted generously: any call or operator that can be a part of the operation counts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from treadle.coding.program_facts import ProgramFacts
from treadle.words import name_terms

__all__ = ["operation_doubts"]


def operation_doubts(asked: str, facts: ProgramFacts) -> list[str]:
    """Operations that the request names and the program does not have."""
    missing = [rule.doubt for rule in _RULES if re.search(rule.asked, asked, re.IGNORECASE) and not rule.met(facts)]
    return missing + _bracket_doubts(asked, facts)


@dataclass(frozen=True, slots=True)
class _Rule:
    """``asked``: the words that ask for it; ``met``: whether the program does something of the kind."""

    asked: str
    met: Callable[[ProgramFacts], bool]
    doubt: str


def _calls(*names: str, operators: tuple[str, ...] = (), attributes: tuple[str, ...] = ()) -> Callable[[ProgramFacts], bool]:
    def met(facts: ProgramFacts) -> bool:
        return facts.calls_any(*names) or facts.has_operator(*operators) or not facts.attributes.isdisjoint(attributes)

    return met


_SORTS = ("sort", "argsort", "sorted", "lexsort", "sort_values", "partition", "argpartition")
_HIGHEST = (
    "ptp",
    "max",
    "amax",
    "nanmax",
    "maximum",
    "fmax",
    "argmax",
    "nanargmax",
    "idxmax",
    "nlargest",
    "most_common",
    "mode",
)
_LOWEST = ("ptp", "min", "amin", "nanmin", "minimum", "fmin", "argmin", "nanargmin", "idxmin", "nsmallest")
_BINNING_TEXT = """
histogram histogram2d histogramdd hist hist2d digitize bincount unique counter cut qcut value_counts searchsorted
linspace arange reg regular variable var floor floor_divide fill most_common stairs histplot step
"""
_BINNING = tuple(_BINNING_TEXT.split())
_WRITING_TEXT = """
savefig to_file to_csv save savez savez_compressed savetxt dump dumps to_json to_parquet write writerow writerows
write_text write_bytes recreate tofile write_table to_excel to_hdf update open_to_write
"""
_WRITING = tuple(_WRITING_TEXT.split())
_DRAWING_TEXT = """
plot hist scatter bar step stairs errorbar hist2d histplot pcolormesh imshow plot2d show
"""
_DRAWING = (*_WRITING, *_DRAWING_TEXT.split())


def _mean(facts: ProgramFacts) -> bool:
    return facts.calls_any(
        "mean", "average", "nanmean", "fmean", "describe", "profile", "binned_statistic"
    ) or facts.has_operator("Div")


def _deviation(facts: ProgramFacts) -> bool:
    names = ("std", "nanstd", "stdev", "pstdev", "var", "variance", "nanvar", "describe", "sqrt", "cov", "rms")
    return facts.calls_any(*names) or facts.powers > 0


def _correlation(facts: ProgramFacts) -> bool:
    names = ("corrcoef", "pearsonr", "corr", "cov", "spearmanr", "kendalltau", "linregress", "correlation", "correlate")
    return facts.calls_any(*names) or (
        facts.has_operator("Div") and (facts.calls_any("std", "sqrt", "stdev") or facts.powers > 0)
    )


def _bin_place(facts: ProgramFacts) -> bool:
    direct = (
        "argmax",
        "nanargmax",
        "argmin",
        "idxmax",
        "most_common",
        "mode",
        "index",
        "argsort",
        "sorted",
        "where",
        "nonzero",
    )
    return facts.calls_any(*direct, "searchsorted") or facts.loops > 0


def _bin_centre(facts: ProgramFacts) -> bool:
    halves = (
        bool(facts.attributes & {"centers", "center"}) or facts.has_operator("Add", "Mult", "Div") or facts.calls_any("mean")
    )
    return _bin_place(facts) and halves


def _absolute(facts: ProgramFacts) -> bool:
    if (
        facts.abs_calls
        or facts.powers
        or facts.calls_any("hypot", "square", "norm", "deltar", "deltaphi", "sqrt", "where", "maximum")
    ):
        return True
    numbers = {number for _, number in facts.comparisons if number is not None}
    return any(-number in numbers for number in numbers if number) or bool(facts.attributes & {"mag", "rho", "p"})


def _delta_phi(facts: ProgramFacts) -> bool:
    names = (
        "arctan2",
        "atan2",
        "where",
        "deltaphi",
        "delta_phi",
        "deltar",
        "delta_r",
        "remainder",
        "mod",
        "fmod",
        "angle",
        "minimum",
        "arccos",
        "acos",
        "cos",
        "unwrap",
        "floor",
        "round",
    )
    if facts.calls_any(*names) or facts.has_operator("Mod") or facts.attributes & {"pi"}:
        return True
    wrapped = any(number is not None and 3.1 < abs(number) < 3.2 for _, number in facts.comparisons)
    return wrapped or any("dphi" in term or "deltaphi" in term for term in _used_columns(facts)) or not _uses_two_phi(facts)


def _uses_two_phi(facts: ProgramFacts) -> bool:
    return facts.has_operator("Sub") and any("phi" in name.lower() for name in facts.usage.names)


def _delta_r(facts: ProgramFacts) -> bool:
    names = ("sqrt", "hypot", "deltar", "delta_r", "deltar2", "norm")
    return facts.calls_any(*names) or facts.powers > 0 or any("dr" in name.lower() for name in _used_columns(facts))


def _used_columns(facts: ProgramFacts) -> list[str]:
    return [name for name in facts.usage.names if isinstance(name, str)]


def _sums(facts: ProgramFacts) -> bool:
    names = ("sum", "nansum", "fsum", "add", "reduce", "cumsum", "accumulate", "dot", "bincount", "integral")
    named = any(re.search(r"(?:^|_)(?:ht|sum\w*|tot\w*)$|SumEt", name) for name in _used_columns(facts))
    return facts.calls_any(*names) or facts.has_operator("Add") or named


def _mass(facts: ProgramFacts) -> bool:
    pair_mass = any(
        re.fullmatch(r"M|m|m_?ll|m_?mumu|m_?ee|m_?jj|mass\w*|\w*inv\w*|di\w*_?m\w*|m2|mass2", name)
        for name in _used_columns(facts)
    )
    return pair_mass or facts.calls_any("cosh", "cos") or (facts.powers + facts.products >= 3)


def _weights(facts: ProgramFacts) -> bool:
    named = any("weight" in name_terms(name) for name in _used_columns(facts) if name)
    return named or bool(facts.keywords & {"weights", "weight"})


_OF_BIN = r"of the (?:[\w-]+ ){0,3}bin\b"

_RULES = (
    _Rule(
        r"(?<!square )\b(?:mean|average[ds]?)\b(?! (?:free|life))",
        _mean,
        "the request asks for a mean, the program takes none",
    ),
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
        r"\b(?:how many|number of|count(?: the)?) (?:different|distinct|unique)\b(?!(?:ly)?[- ](?:sign|charge|flavou?r))",
        _calls(
            "unique",
            "set",
            "nunique",
            "counter",
            "drop_duplicates",
            "value_counts",
            "groupby",
            "run_lengths",
            "frozenset",
            *_SORTS,
        ),
        "the request asks how many different ones there are, the program counts no different ones",
    ),
    _Rule(
        r"\b(?:ratio|asymmetry)\b",
        _calls("divide", "true_divide", operators=("Div",)),
        "the request asks for a ratio, the program divides nothing",
    ),
    _Rule(
        r"\bcorrelat(?:ion|ed|es?)\b(?! function)",
        _correlation,
        "the request asks for a correlation, the program computes none",
    ),
    _Rule(
        r"\b(?:percentiles?|quantiles?|quartiles?)\b",
        _calls(
            "percentile",
            "quantile",
            "nanpercentile",
            "nanquantile",
            "median",
            "quantiles",
            "describe",
            "iqr",
            "searchsorted",
            *_SORTS,
        ),
        "the request asks for a percentile, the program takes none",
    ),
    _Rule(
        r"\bhistograms?\b|\b(?<!\bin )bins\b",
        _calls(*_BINNING, operators=("FloorDiv",)),
        "the request asks for a histogram, the program fills none",
    ),
    _Rule(
        rf"\b(?:position|(?:lower|upper|left|right) edge) {_OF_BIN}",
        _bin_place,
        "the request asks where a bin is, the program does not look it up",
    ),
    _Rule(
        rf"\b(?:cent(?:er|re)|midpoint|middle) {_OF_BIN}|\bbin cent(?:er|re)\b",
        _bin_centre,
        "the request asks for the centre of a bin, the program does not compute it",
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
    _Rule(
        r"\b(?:higher|larger|greater|lower|smaller) (?:\w+ )?of (?:the two|pt1|\w+1 and \w+2)\b",
        _calls(*_HIGHEST, *_LOWEST, *_SORTS, "where"),
        "the request asks for the larger or smaller of two, the program does not compare them",
    ),
    _Rule(
        r"\btotal (?:[\w-]+ ){1,4}(?:in|of|per) (?:an |each |every )?event\b(?! with)",
        _sums,
        "the request asks for a total of each event, the program adds nothing",
    ),
    _Rule(
        r"\b(?:sum|summed|sums|HT|add(?:s|ed)? up)\b(?!\w)", _sums, "the request asks for a sum, the program adds nothing"
    ),
    _Rule(
        r"\binvariant mass|\b(?:dimuon|dijet|dielectron|dilepton|diphoton) (?:invariant )?mass"
        r"|\bmass(?:es)? of (?:the|each|all) (?:\w+ )?pairs?\b",
        _mass,
        "the request asks for a mass of several objects, the program does not compute it",
    ),
    _Rule(
        r"\b(?:delta|Δ)[ _-]?phi\b|\bdphi\b|\bazimuthal (?:angle )?(?:difference|separation)",
        _delta_phi,
        "the difference of phi is not wrapped into -pi to pi",
    ),
    _Rule(
        r"\b(?:delta|Δ)[ _-]?r\b|\bangular (?:distance|separation)",
        _delta_r,
        "the request asks for delta R, the program computes none",
    ),
    _Rule(
        r"\b(?:delta|Δ)[ _-]?r\b|\bangular (?:distance|separation)",
        _delta_phi,
        "the difference of phi is not wrapped into -pi to pi",
    ),
    _Rule(
        r"(?<!un)\b(?:weighted|event weights?|generator weights?)\b",
        _weights,
        "the request asks for weights, the program uses none",
    ),
    _Rule(
        r"\b\w[\w-]*\.(?:png|pdf|svg|jpe?g|csv|json|npy|npz|parquet|txt)\b",
        _calls(*_WRITING),
        "the request asks for a file, the program writes none",
    ),
    _Rule(
        r"^\W*(?:please )?(?:make a |create a )?(?:scatter )?(?:plot|draw)\b",
        _calls(*_DRAWING),
        "the request asks for a plot, the program draws none",
    ),
)


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
