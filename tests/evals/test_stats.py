"""The statistics: published values, laws, and intervals that cover what they say."""

from __future__ import annotations

import itertools
import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treadle.evals.stats import bootstrap, mcnemar, paired, pass_at_k, percentile, wilson

VECTORS = [
    (200, 10, 1, 0.05),
    (200, 10, 10, 0.408548),
    (200, 10, 100, 0.999229),
    (5, 2, 1, 0.4),
    (5, 2, 2, 0.7),
    (5, 2, 3, 0.9),
    (5, 2, 4, 1.0),
    (10, 3, 5, 0.916667),
    (100, 1, 10, 0.1),
]


@pytest.mark.parametrize(("n", "c", "k", "value"), VECTORS)
def test_pass_at_k_gives_known_values(n: int, c: int, k: int, value: float) -> None:
    assert pass_at_k(n, c, k) == pytest.approx(value, abs=1e-6)


@pytest.mark.parametrize("k", [2, 3, 4])
def test_pass_at_k_is_not_the_biased_estimate(k: int) -> None:
    assert pass_at_k(5, 2, k) > 1 - (1 - 2 / 5) ** k


@given(st.integers(1, 9), st.data())
def test_pass_at_k_counts_the_choices_that_hold_a_right_draft(n: int, data: st.DataObject) -> None:
    c, k = data.draw(st.integers(0, n)), data.draw(st.integers(1, n))
    chosen = list(itertools.combinations([True] * c + [False] * (n - c), k))
    assert pass_at_k(n, c, k) == pytest.approx(sum(map(any, chosen)) / len(chosen))


@pytest.mark.parametrize(("n", "c", "k"), [(5, 6, 1), (5, -1, 1), (5, 2, 0), (5, 2, 6)])
def test_pass_at_k_refuses_what_makes_no_sense(n: int, c: int, k: int) -> None:
    with pytest.raises(ValueError, match=r"1 <= k <= n"):
        pass_at_k(n, c, k)


def test_wilson_gives_known_values() -> None:
    half = wilson(5, 10)
    assert (half.low, half.high) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    none = wilson(0, 10)
    assert (none.low, none.high) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)


@given(st.integers(1, 500), st.data())
def test_wilson_holds_the_share_and_mirrors(n: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, n))
    interval, mirrored = wilson(successes, n), wilson(n - successes, n)
    assert 0 <= interval.low <= interval.value <= interval.high <= 1
    assert interval.low == pytest.approx(1 - mirrored.high)


def test_wilson_covers_as_often_as_it_says() -> None:
    draw = random.Random(1)
    for share in (0.1, 0.5, 0.8):
        hits = 0
        for _ in range(2000):
            interval = wilson(sum(draw.random() < share for _ in range(60)), 60)
            hits += interval.low <= share <= interval.high
        assert 0.92 < hits / 2000 < 0.98


def test_bootstrap_is_reproducible_and_covers() -> None:
    draw = random.Random(2)
    values = [draw.gauss(10, 2) for _ in range(50)]
    one, again, other = bootstrap(values), bootstrap(values), bootstrap(values, seed=2)
    assert one == again != other
    assert one.low < statistics.fmean(values) < one.high
    hits = 0
    for seed in range(60):
        interval = bootstrap([draw.gauss(10, 2) for _ in range(40)], seed=seed)
        hits += interval.low <= 10 <= interval.high
    assert hits >= 50


def test_bootstrap_of_one_value_and_of_none() -> None:
    assert bootstrap([3.0]).low == bootstrap([3.0]).high == 3.0
    with pytest.raises(ValueError, match="no values"):
        bootstrap([])


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.floats(0, 1))
def test_percentiles_are_inside(values: list[float], share: float) -> None:
    ordered = sorted(values)
    assert ordered[0] - 1e-6 <= percentile(ordered, share) <= ordered[-1] + 1e-6


@pytest.mark.parametrize(("b", "c", "p"), [(0, 0, 1.0), (1, 9, 0.021484), (0, 5, 0.0625), (12, 2, 0.012939), (6, 6, 1.0)])
def test_mcnemar_gives_known_values(b: int, c: int, p: float) -> None:
    assert mcnemar(b, c) == pytest.approx(p, abs=1e-6)
    assert mcnemar(c, b) == mcnemar(b, c)


def test_paired_gives_newcombes_interval() -> None:
    """The table (36, 12, 2, 0) of Newcombe 1998, method 10."""
    first = [True] * 48 + [False] * 2
    second = [True] * 36 + [False] * 12 + [True] * 2
    result = paired(first, second)
    assert (result.both, result.only_first, result.only_second, result.neither) == (36, 12, 2, 0)
    assert -result.difference.value == pytest.approx(0.2)
    assert (-result.difference.high, -result.difference.low) == pytest.approx((0.0569, 0.3404), abs=1e-4)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_paired_turns_its_sign_when_the_runs_are_exchanged(pairs: list[tuple[bool, bool]]) -> None:
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    there, back = paired(first, second), paired(second, first)
    assert there.difference.value == pytest.approx(-back.difference.value)
    assert there.difference.low == pytest.approx(-back.difference.high)
    assert there.difference.low <= there.difference.value <= there.difference.high
    assert there.p_value == back.p_value


def test_paired_covers_as_often_as_it_says() -> None:
    """Runs that share luck: the second is right where the first is, but for some."""
    draw = random.Random(3)
    hits = 0
    for _ in range(1500):
        first = [draw.random() < 0.5 for _ in range(50)]
        second = [(draw.random() < 0.9) if a else (draw.random() < 0.3) for a in first]
        interval = paired(first, second).difference
        hits += interval.low <= 0.1 <= interval.high  # 0.5 * 0.9 + 0.5 * 0.3 - 0.5
    assert 0.92 < hits / 1500 < 0.99


def test_paired_wants_the_same_tasks() -> None:
    with pytest.raises(ValueError, match="got 1 and 2"):
        paired([True], [True, False])
    with pytest.raises(ValueError, match="got 0 and 0"):
        paired([], [])
