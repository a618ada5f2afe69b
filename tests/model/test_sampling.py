"""Sampling against naive versions that go token by token, and what must hold for every draft."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from treadle.errors import EngineError
from treadle.model.sampling import Sampler, add_bias, filter_candidates, log_probabilities, pick
from treadle.types import Sampling

PLAIN = Sampling(temperature=1.0, top_k=0, top_p=1.0, min_p=0.0)


def naive_probabilities(logits: list[float], sampling: Sampling) -> dict[int, float]:
    """What each token's probability is, filter by filter; a filter that keeps nothing keeps the best."""

    def softmax(kept: list[int], temperature: float = 1.0) -> dict[int, float]:
        top = max(logits[i] for i in kept)
        weights = {i: math.exp((logits[i] - top) / temperature) for i in kept}
        return {i: w / sum(weights.values()) for i, w in weights.items()}

    kept = sorted(range(len(logits)), key=lambda i: -logits[i])
    if sampling.temperature == 0:
        return {kept[0]: 1.0}
    if sampling.top_k > 0:
        kept = kept[: sampling.top_k]
    probabilities = softmax(kept)
    if sampling.top_p < 1:
        total, enough = 0.0, []
        for i in kept:
            enough.append(i)
            total += probabilities[i]
            if total >= sampling.top_p:
                break
        kept = enough
    kept = [i for i in kept if probabilities[i] >= sampling.min_p * probabilities[kept[0]]] or kept[:1]
    return softmax(kept, sampling.temperature)


def distinct(seed: int, n: int) -> Tensor:
    """Logits without ties, far enough apart that rounding decides nothing."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(n, generator=generator).double()
    return order * 0.37 - 0.11 * n + 0.01 * torch.rand(n, generator=generator, dtype=torch.float64)


samplings = st.builds(
    Sampling,
    temperature=st.sampled_from([0.0, 0.3, 0.8, 1.0, 2.5]),
    top_k=st.sampled_from([0, 1, 2, 5, 40]),
    top_p=st.sampled_from([1.0, 0.95, 0.5, 0.01]),
    min_p=st.sampled_from([0.0, 0.05, 0.6, 0.99]),
    seed=st.integers(0, 2**32 - 2),
)


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 30), samplings)
def test_the_distribution_is_that_of_the_naive_version(seed: int, n: int, sampling: Sampling) -> None:
    logits = distinct(seed, n)
    expected = naive_probabilities(logits.tolist(), sampling)
    if sampling.temperature == 0:
        assert Sampler([sampling]).draw(logits[None]).ids == list(expected)
        return
    ordered, ids = logits.sort(descending=True)
    options = torch.tensor([[sampling.top_k, sampling.top_p, sampling.min_p]], dtype=torch.float64)
    kept = filter_candidates(ordered[None], options[:, 0].long(), options[:, 1], options[:, 2])[0]
    found = dict(zip(ids.tolist(), (kept / sampling.temperature).softmax(-1).tolist(), strict=True))
    assert {i for i, p in found.items() if p > 0} == set(expected)
    assert found == pytest.approx({**dict.fromkeys(found, 0.0), **expected}, abs=1e-9)


@settings(deadline=None)
@given(st.integers(0, 10**6), st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=20), st.integers(1, 12))
def test_a_number_picks_the_candidate_whose_share_it_falls_into(seed: int, numbers: list[float], n: int) -> None:
    logits = distinct(seed, n).sort(descending=True).values
    logits[n // 2 + 1 :] = -math.inf
    weights = logits.softmax(-1).tolist()
    uniform = torch.tensor(numbers, dtype=torch.float64)
    found = pick(logits.expand(len(numbers), -1), torch.ones(len(numbers)), uniform).tolist()
    for number, place in zip(numbers, found, strict=True):
        assert weights[place] > 0
        assert sum(weights[:place]) - 1e-9 <= number <= sum(weights[: place + 1]) + 1e-9


def test_tokens_come_as_often_as_their_probability_says() -> None:
    logits = torch.tensor([2.0, 1.0, 0.0, -1.0, -30.0])
    n = 4000
    samplings = [replace(PLAIN, seed=s) for s in range(n)]
    counted = Counter(Sampler(samplings).draw(logits.expand(n, -1)).ids)
    for token, probability in enumerate(logits.softmax(-1).tolist()):
        assert abs(counted[token] - n * probability) < 5 * math.sqrt(n * probability) + 1


@pytest.mark.parametrize("temperature", [1e-45, 1e-38, 1e-9, 3e38, math.inf])
def test_no_temperature_makes_numbers_that_are_none(temperature: float) -> None:
    logits = torch.tensor([[40.0, 39.0, -60.0, -math.inf]]).expand(3, -1)
    found = pick(logits, torch.full((3,), temperature), torch.tensor([0.0, 0.5, 1 - 2**-24])).tolist()
    assert found == ([0, 0, 0] if temperature < 1 else [0, 1, 2])


@settings(deadline=None)
@given(st.lists(samplings, min_size=1, max_size=6), st.integers(0, 10**6), st.data())
def test_a_draft_does_not_depend_on_those_beside_it(several: list[Sampling], seed: int, data: st.DataObject) -> None:
    steps = [torch.stack([distinct(seed + 31 * step + i, 50) for i in range(len(several))]) for step in range(3)]
    together = Sampler(several)
    drawn = [together.draw(logits).ids for logits in steps]
    chosen = data.draw(st.permutations(range(len(several))))[: data.draw(st.integers(1, len(several)))]
    apart = Sampler([several[i] for i in chosen])
    assert [apart.draw(logits[list(chosen)]).ids for logits in steps] == [[ids[i] for i in chosen] for ids in drawn]
    left = Sampler(several)
    assert left.draw(steps[0]).ids == drawn[0]
    left.keep(chosen)
    assert left.draw(steps[1][list(chosen)]).ids == [drawn[1][i] for i in chosen]


def test_equal_logits_do_not_make_a_draft_depend_on_those_beside_it() -> None:
    logits = torch.zeros(1, 1000)
    alone = [Sampler([replace(PLAIN, top_k=5, seed=s)]).draw(logits).ids[0] for s in range(20)]
    beside = [
        Sampler([replace(PLAIN, top_k=5, seed=s), replace(PLAIN, top_k=700)]).draw(logits.expand(2, -1)).ids[0]
        for s in range(20)
    ]
    assert alone == beside
    assert len(set(alone)) > 1


def test_other_seeds_give_other_drafts() -> None:
    logits = torch.zeros(1, 1000)
    assert len({Sampler([replace(PLAIN, seed=s)]).draw(logits).ids[0] for s in range(20)}) > 15


class Masked:
    """A constraint that allows the tokens of a mask."""

    def __init__(self, mask: Tensor) -> None:
        self._mask = mask

    def fits(self, token: int) -> bool:
        return bool(self._mask[token])

    def allowed(self) -> Tensor:
        return self._mask


def test_log_probabilities_are_those_before_filters() -> None:
    logits = distinct(3, 20)
    sampling = Sampling(temperature=2.0, top_k=2, top_p=0.5, seed=4, top_logprobs=4)
    allowed = torch.ones(1, 20, dtype=torch.bool)
    allowed[0, logits.argmax()] = False
    drawn = Sampler([sampling], [{int(logits.argmin()): 1000.0}]).draw(logits[None], [Masked(allowed[0])])
    raw = log_probabilities(logits[None])[0]
    assert drawn.ids == [int(logits.argmin())]
    assert drawn.logprobs == pytest.approx([float(raw.min())])
    assert [i for i, _ in drawn.alternatives[0]] == logits.argsort(descending=True)[:4].tolist()
    assert [p for _, p in drawn.alternatives[0]] == pytest.approx(raw.sort(descending=True).values[:4].tolist())


def test_each_draft_gets_as_many_alternatives_as_it_asks_for() -> None:
    several = [Sampling(temperature=0, top_logprobs=n) for n in (0, 1, 5, 20)]
    drawn = Sampler(several).draw(distinct(1, 10).expand(4, -1))
    assert [len(a) for a in drawn.alternatives] == [0, 1, 5, 10]


def test_bias_changes_the_choice_and_no_other_draft() -> None:
    logits = torch.zeros(2, 8)
    biased = add_bias(logits, [{}, {3: 2.5, 4: -math.inf}])
    assert biased[0].tolist() == [0.0] * 8
    assert biased[1].tolist() == [0, 0, 0, 2.5, -math.inf, 0, 0, 0]
    assert logits.abs().max() == 0, "what was given stays as it was"
    assert Sampler([Sampling(temperature=0)] * 2, [{}, {6: 1.0}]).draw(logits).ids == [0, 6]


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_logits_that_are_no_numbers(value: float, temperature: float) -> None:
    logits = torch.zeros(2, 8)
    logits[1, 3] = value
    with pytest.raises(EngineError, match=r"logits that are not numbers .* try precision fp32"):
        Sampler([Sampling(temperature=temperature)] * 2).draw(logits)


def test_nothing_left_to_draw() -> None:
    with pytest.raises(EngineError, match="no token is left to draw"):
        Sampler([PLAIN]).draw(torch.zeros(1, 4), [Masked(torch.zeros(4, dtype=torch.bool))])


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_is_widened_first(dtype: torch.dtype) -> None:
    logits = torch.linspace(-3, 3, 64).to(dtype)[None]
    drawn = Sampler([PLAIN]).draw(logits)
    assert drawn.logprobs[0] == pytest.approx(float(log_probabilities(logits.float())[0, drawn.ids[0]]), abs=1e-6)
