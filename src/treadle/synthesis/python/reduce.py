"""From many values to one number: how it is asked for, the code for it, and the plain computation."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["PERCENTILES", "Operation", "operation", "percentile"]


@dataclass(frozen=True, slots=True)
class Operation:
    """``code`` with ``{x}`` for the values; ``needs_numpy``: they must be made an array of numpy first.

    ``asks``: templates over ``{q}`` (words with article), ``{b}`` (without), ``{of}`` (the selection, with a blank ahead).
    """

    name: str
    code: str
    asks: tuple[str, ...]
    plain: Callable[[Sequence[float]], float]
    needs_numpy: bool = False
    measured: bool = True


def _std(values: Sequence[float]) -> float:
    mean = math.fsum(values) / len(values)
    return math.sqrt(math.fsum((v - mean) ** 2 for v in values) / len(values))


def percentile(values: Sequence[float], share: float) -> float:
    """The percentile ``share`` (0 to 100), interpolated between neighbours."""
    ordered = sorted(values)
    place = share / 100 * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


_MEAN = Operation(
    "mean",
    "np.mean({x})",
    (
        (
            "[What is|What's|Give|Compute|Calculate|Find|Print|Determine] the [mean|mean|average] "
            "[of {q}|{b}|value of {q}]{of}"
        ),
        "[mean|average] [of {q}|{b}]{of}",
        "How large is {q} on average{of}",
        "[Average|Take the mean of] {q}{of}",
        "I need the [mean|average] {b}{of}",
    ),
    lambda v: math.fsum(v) / len(v),
)
_OPERATIONS = (
    _MEAN,
    Operation(
        "std",
        "np.std({x})",
        (
            (
                "[What is|Give|Compute|Calculate|Find|Print] the [standard deviation|standard "
                "deviation|spread (standard deviation)|width (standard deviation)|std] of {q}{of}"
            ),
            "[standard deviation|std] of {q}{of}",
            "How [wide|broad] is the distribution of {q}{of}? Give its standard deviation",
            "By how much does {q} spread{of} (standard deviation)",
        ),
        _std,
    ),
    Operation(
        "median",
        "np.median({x})",
        (
            "[What is|Give|Compute|Find|Print|Determine] the median [of {q}|{b}|value of {q}]{of}",
            "median [of {q}|{b}]{of}",
            "[What is|Give|Compute|Find|Print] the median [of {q}|{b}|value of {q}]{of}",
            "[What is|What's|I need] the median [of {q}|{b}]{of}",
            "Which value of {q} has half of the values below it{of}",
        ),
        lambda v: percentile(v, 50),
        needs_numpy=True,
    ),
    Operation(
        "max",
        "np.max({x})",
        (
            "[What is|Give|Find|Print] the [largest|highest|maximum|greatest] [value of {q}|{b}]{of}",
            "[maximum|max|largest value] of {q}{of}",
            "How [large|high] does {q} get{of}",
        ),
        max,
    ),
    Operation(
        "min",
        "np.min({x})",
        (
            "[What is|Give|Find|Print] the [smallest|lowest|minimum] [value of {q}|{b}]{of}",
            "[minimum|min|smallest value] of {q}{of}",
            "How [small|low] does {q} get{of}",
        ),
        min,
    ),
    Operation(
        "sum",
        "np.sum({x})",
        (
            "[What is|Give|Compute|Print] the [sum|total] of {q}{of}",
            "[Add up|Sum up|Sum] {q}{of}",
            "[sum|total] of {q}{of}",
            "What do all values of {q} add up to{of}",
        ),
        math.fsum,
    ),
    Operation(
        "error",
        "np.std({x}) / np.sqrt(len({x}))",
        (
            (
                "[What is|Give|Compute] the [statistical error|statistical uncertainty|standard "
                "error|error] [of|on] the mean of {q}{of}"
            ),
            "[standard error|statistical error] of the mean of {q}{of}",
        ),
        lambda v: _std(v) / math.sqrt(len(v)),
    ),
    Operation(
        "rms",
        "np.sqrt(np.mean({x}**2))",
        (
            "[What is|Give|Compute] the [root mean square|RMS|quadratic mean] of {q}{of}",
            "[root mean square|RMS (root mean square)] of {q}{of}",
        ),
        lambda v: math.sqrt(math.fsum(x * x for x in v) / len(v)),
    ),
    Operation(
        "variance",
        "np.var({x})",
        ("[What is|Give|Compute] the variance of {q}{of}", "variance of {q}{of}"),
        lambda v: _std(v) ** 2,
    ),
    Operation(
        "resolution",
        "np.std({x}) / np.mean({x})",
        (
            (
                "[What is|Give|Compute] the [relative width|relative resolution|relative "
                "spread|resolution] (std over mean) of {q}{of}"
            ),
            "[relative resolution|relative width], standard deviation divided by mean, of {q}{of}",
        ),
        lambda v: _std(v) / (math.fsum(v) / len(v)),
    ),
)
_WEIGHTS = (30, 8, 9, 8, 6, 6, 3, 2, 1, 2)
PERCENTILES = (5, 10, 20, 25, 30, 40, 60, 68, 70, 75, 80, 90, 95, 99)
_PERCENTILE = (
    "[What is|Give|Find|Compute] the {n} percentile of {q}{of}",
    "{n} percentile of {q}{of}",
    "[What is|Find] the {p} percent quantile of {q}{of}",
    "[Below|Under] which value [do|lie] {p} percent of the values of {q}[ lie|]{of}",
)


def _ordinal(n: int) -> str:
    return f"{n}{'th' if 10 <= n % 100 <= 20 else {1: 'st', 2: 'nd', 3: 'rd'}.get(n % 10, 'th')}"


def operation(rng: random.Random) -> Operation:
    """An operation, common ones more often."""
    if rng.random() < 0.1:
        p = rng.choice(PERCENTILES)
        asks = tuple(a.replace("{n}", _ordinal(p)).replace("{p}", str(p)) for a in _PERCENTILE[:3])
        return Operation(f"p{p}", f"np.percentile({{x}}, {p})", asks, lambda v: percentile(v, p), needs_numpy=True)
    return rng.choices(_OPERATIONS, _WEIGHTS)[0]
