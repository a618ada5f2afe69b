"""Asking a constraint about the likely tokens only: what is drawn is what the whole mask would have let be drawn."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from treadle.model.narrow import CANDIDATES, narrowed
from treadle.model.sampling import Sampler, log_probabilities
from treadle.types import Sampling

GREEDY = Sampling(temperature=0)
SAMPLED = Sampling(temperature=0.8, top_p=0.95, top_k=40)
SIZE = 300


class Language:
    """Some tokens; counts what it is asked."""

    def __init__(self, mask: Tensor) -> None:
        self.mask, self.questions, self.masks = mask, 0, 0

    def fits(self, token: int) -> bool:
        self.questions += 1
        return bool(self.mask[token])

    def allowed(self) -> Tensor:
        self.masks += 1
        return self.mask


def case(seed: int, share: float, sharpness: float = 3.0) -> tuple[Tensor, Language]:
    """Logits [1, V] and a language of about ``share`` of the tokens, never of none."""
    generator = torch.Generator().manual_seed(seed)
    mask = torch.rand(SIZE, generator=generator) < share
    mask[seed % SIZE] = True
    return sharpness * torch.randn(1, SIZE, generator=generator), Language(mask)


def asked(
    logits: Tensor, languages: list[Language | None], samplings: list[Sampling], biases: list[dict[int, float]] | None = None
) -> tuple[Tensor, list[float | None]]:
    return narrowed(logits, logits.logsumexp(-1), languages, samplings, biases or [{} for _ in languages])


@given(st.integers(0, 10_000), st.sampled_from([0.002, 0.1, 0.5, 0.98]))
def test_greedy_takes_the_likeliest_that_fits(seed: int, share: float) -> None:
    logits, language = case(seed, share)
    drawn = Sampler([GREEDY]).draw(logits, [language])
    assert drawn.ids == [int(logits[0].masked_fill(~language.mask, -torch.inf).argmax())]


@given(st.integers(0, 10_000), st.sampled_from([0.002, 0.1, 0.5, 0.98]))
def test_only_what_fits_is_drawn_and_the_cut_is_never_overstated(seed: int, share: float) -> None:
    logits, language = case(seed, share)
    sampling = replace(SAMPLED, seed=seed)
    allowed, (cut,) = asked(logits, [language], [sampling])
    assert not (allowed[0] & ~language.mask).any()
    assert language.mask[Sampler([sampling]).draw(logits, [language]).ids[0]]
    forbidden = float(log_probabilities(logits)[0].exp()[~language.mask].sum())
    assert cut is not None
    if language.masks:
        assert cut == pytest.approx(forbidden, abs=1e-5)
    else:
        assert cut <= forbidden + 1e-6


def test_samples_are_spread_as_under_the_mask() -> None:
    logits, language = case(7, 0.5, sharpness=4.0)
    n = 4000
    samplings = [replace(SAMPLED, seed=i) for i in range(n)]
    few = Counter(Sampler(samplings).draw(logits.expand(n, -1), [language] * n).ids)
    assert language.masks == 0
    masked = logits.masked_fill(~language.mask, -torch.inf)
    whole = Counter(Sampler(samplings).draw(masked.expand(n, -1)).ids)
    assert sum(abs(few[i] - whole[i]) for i in {*few, *whole}) / (2 * n) < 0.03


def test_a_sure_token_costs_one_question_and_an_unlikely_one_the_mask() -> None:
    logits = torch.zeros(1, SIZE)
    logits[0, 5] = 20.0
    sure, hidden = Language(torch.ones(SIZE, dtype=torch.bool)), Language(torch.arange(SIZE) == SIZE - 1)
    logits[0, SIZE - 1] = -5.0
    asked(logits, [sure], [SAMPLED])
    assert (sure.questions, sure.masks) == (1, 0)
    _, cuts = asked(logits, [hidden], [GREEDY])
    assert (hidden.questions, hidden.masks) == (CANDIDATES, 1)
    assert cuts[0] == pytest.approx(1.0)


def test_drafts_without_filters_or_with_a_bias_get_the_mask_and_those_without_constraint_everything() -> None:
    logits, language = case(3, 0.5)
    wide = Sampling(temperature=1.0, top_p=1.0, top_k=0)
    assert Sampler([GREEDY]).draw(logits, [None]).cuts == [None]
    languages, samplings = [language, None, language], [wide, GREEDY, GREEDY]
    allowed, cuts = asked(logits.expand(3, -1), languages, samplings, [{}, {}, {1: 1.0}])
    assert language.masks == 2
    assert bool(allowed[1].all())
    assert cuts[1] is None
