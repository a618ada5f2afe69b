"""The statistics of an evaluation: pass@k, intervals, comparison of two runs on the same tasks. Standard library only.

All intervals are of 95 %. They tell how far a figure may be off because the tasks are a sample of such tasks; they say
nothing about tasks of another kind.
"""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["Interval", "Paired", "bootstrap", "mcnemar", "paired", "pass_at_k", "percentile", "wilson"]

Z = 1.959963984540054
"""The 97.5 % point of the normal distribution."""
RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float


def pass_at_k(n: int, c: int, k: int) -> float:
    """The chance that at least one of ``k`` drafts is right, estimated without bias from ``c`` right ones among ``n``.

    1 - C(n-c, k) / C(n, k), as the product 1 - prod (1 - k/i) over i = n-c+1 ... n (Chen et al., arXiv:2107.03374).

    Raises:
        ValueError: not 0 <= c <= n, or not 1 <= k <= n.
    """
    if not 0 <= c <= n or not 1 <= k <= n:
        raise ValueError(f"pass@k wants 0 <= c <= n and 1 <= k <= n, got n={n}, c={c}, k={k}")
    if n - c < k:
        return 1.0
    return 1.0 - math.prod(1.0 - k / i for i in range(n - c + 1, n + 1))


def wilson(successes: int, count: int) -> Interval:
    """A share with Wilson's score interval; of nothing it is the whole of [0, 1] (Wilson 1927)."""
    if count == 0:
        return Interval(0.0, 0.0, 1.0)
    share = successes / count
    scale = 1 + Z * Z / count
    middle = (share + Z * Z / (2 * count)) / scale
    half = Z / scale * math.sqrt(share * (1 - share) / count + Z * Z / (4 * count * count))
    # At the ends the formula gives 0 and 1 but for rounding.
    low = 0.0 if successes == 0 else max(0.0, middle - half)
    high = 1.0 if successes == count else min(1.0, middle + half)
    return Interval(share, low, high)


def bootstrap(
    values: Sequence[float], statistic: Callable[[Sequence[float]], float] = statistics.fmean, seed: int = 1
) -> Interval:
    """A statistic with its percentile bootstrap interval over the tasks (Efron 1979); the same seed gives the same one.

    Of a single value the interval is that value: nothing can be said about its spread.

    Raises:
        ValueError: there are no values.
    """
    if not values:
        raise ValueError("a statistic of no values was asked for")
    draw = random.Random(seed)  # noqa: S311 (statistics, no secrets)
    drawn = sorted(statistic(draw.choices(values, k=len(values))) for _ in range(RESAMPLES))
    return Interval(statistic(values), percentile(drawn, 0.025), percentile(drawn, 0.975))


def percentile(ordered: Sequence[float], share: float) -> float:
    """The quantile of values in ascending order, interpolated linearly."""
    position = share * (len(ordered) - 1)
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (position - below)


def mcnemar(only_first: int, only_second: int) -> float:
    """The exact two-sided p-value of McNemar's test.

    Of the tasks that only one of two runs solved, as many should fall to either if the runs were equally good: the p-value
    is that of a fair coin (McNemar 1947, exact by the binomial distribution).
    """
    discordant = only_first + only_second
    smaller = min(only_first, only_second)
    tail = sum(math.comb(discordant, i) for i in range(smaller + 1))
    return float(min(1.0, 2 * tail / 2**discordant))


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """Two runs on the same tasks; ``difference`` is the second's share of solved tasks minus the first's."""

    both: int
    only_first: int
    only_second: int
    neither: int
    difference: Interval
    p_value: float


def paired(first: Sequence[bool], second: Sequence[bool]) -> Paired:
    """Compare two runs, task by task: exact McNemar test, and the difference of the solved shares with its interval.

    The interval joins Wilson's intervals of both shares, minding that they are correlated (Newcombe 1998, Statistics in
    Medicine 17, 2635, method 10).

    Raises:
        ValueError: the runs have different numbers of tasks, or none.
    """
    if len(first) != len(second) or not first:
        raise ValueError(f"two runs on the same tasks are wanted, got {len(first)} and {len(second)} results")
    pairs = list(zip(first, second, strict=True))
    counts = {key: pairs.count(key) for key in ((True, True), (True, False), (False, True), (False, False))}
    both, only_first, only_second, neither = counts.values()
    return Paired(
        both=both,
        only_first=only_first,
        only_second=only_second,
        neither=neither,
        difference=_difference(both, only_first, only_second, neither),
        p_value=mcnemar(only_first, only_second),
    )


def _difference(both: int, only_first: int, only_second: int, neither: int) -> Interval:
    count = both + only_first + only_second + neither
    one, two = wilson(both + only_first, count), wilson(both + only_second, count)
    phi = _correlation(both, only_first, only_second, neither)
    difference = two.value - one.value
    down, up = (two.value - two.low, one.high - one.value), (two.high - two.value, one.value - one.low)
    low = difference - math.sqrt(max(0.0, down[0] ** 2 - 2 * phi * down[0] * down[1] + down[1] ** 2))
    high = difference + math.sqrt(max(0.0, up[0] ** 2 - 2 * phi * up[0] * up[1] + up[1] ** 2))
    return Interval(difference, max(-1.0, low), min(1.0, high))


def _correlation(both: int, only_first: int, only_second: int, neither: int) -> float:
    """Newcombe's phi: the correlation of the two outcomes, with a continuity correction where it is positive."""
    margins = (both + only_first) * (only_second + neither) * (both + only_second) * (only_first + neither)
    if margins == 0:
        return 0.0
    covariance: float = both * neither - only_first * only_second
    if covariance > 0:
        covariance = max(0.0, covariance - (both + only_first + only_second + neither) / 2)
    return covariance / math.sqrt(margins)
