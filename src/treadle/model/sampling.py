"""From logits to the next token of every draft: pure functions on rows of logits.

Shapes: B drafts, V vocabulary, C candidates (the likeliest first), N alternatives that are reported.

The filters come in llama.cpp's order, so that a ``Sampling`` means the same on both engines: top-k, top-p of what top-k
left, min-p relative to the likeliest, and the temperature last. A draft's token depends on its own logits, options and seed
only, never on the drafts beside it. There are no penalties on repetition: in programs, names are meant to come again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from treadle.errors import EngineError
from treadle.model.narrow import Asked, narrowed
from treadle.types import Sampling

__all__ = ["Drawn", "Sampler", "add_bias", "filter_candidates", "log_probabilities", "pick"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """One step of B drafts. Log-probabilities are natural, of the raw distribution: before bias, mask and filters."""

    ids: list[int]
    logprobs: list[float]
    alternatives: list[list[tuple[int, float]]]
    """Of each draft, the likeliest tokens with their log-probabilities, best first; as many as its sampling asks for."""
    cuts: list[float | None]
    """Of each draft, the probability that its constraint is known to have taken away; None without one."""


def log_probabilities(logits_BV: Tensor) -> Tensor:
    """Natural log-probabilities [B, V], in single precision at least."""
    return torch.log_softmax(_precise(logits_BV), dim=-1)


def add_bias(logits_BV: Tensor, biases: Sequence[Mapping[int, float]]) -> Tensor:
    """Logits with each draft's bias (token id -> what is added; -inf forbids a token)."""
    if not any(biases):
        return logits_BV
    logits_BV = logits_BV.clone()
    for row, bias in enumerate(biases):
        for token, value in bias.items():
            logits_BV[row, token] += value
    return logits_BV


def filter_candidates(logits_BC: Tensor, top_k_B: Tensor, top_p_B: Tensor, min_p_B: Tensor) -> Tensor:
    """Candidates in order, best first [B, C], with those that a filter drops at -inf.

    ``top_k`` 0 keeps all. ``top_p`` keeps the fewest candidates whose probabilities sum to it or more, ``min_p`` those that
    are at least that fraction as likely as the first. The first candidate always stays.
    """
    places_C = torch.arange(logits_BC.shape[1], device=logits_BC.device)
    limit_B = torch.where(top_k_B > 0, top_k_B, logits_BC.shape[1])
    kept_BC = logits_BC.masked_fill(places_C >= limit_B[:, None], -torch.inf)
    probabilities_BC = kept_BC.softmax(-1)
    before_BC = probabilities_BC.cumsum(-1) - probabilities_BC
    # A top_p of 1 is no filter, also where rounding lets the sum before an unlikely candidate reach 1.
    beyond_BC = (before_BC >= top_p_B[:, None]) & (top_p_B[:, None] < 1)
    unlikely_BC = probabilities_BC < min_p_B[:, None] * probabilities_BC[:, :1]
    return kept_BC.masked_fill((beyond_BC | unlikely_BC) & (places_C > 0), -torch.inf)


def pick(logits_BC: Tensor, temperature_B: Tensor, uniform_B: Tensor) -> Tensor:
    """The place [B] of the candidate drawn by a uniform number in [0, 1): the inverse of the cumulative distribution."""
    # The likeliest at 0, and bounds within what the numbers can hold: with any other temperature, quotients are NaN.
    bounds = torch.finfo(temperature_B.dtype)
    temperature_B1 = temperature_B[:, None].clamp(bounds.tiny, bounds.max)
    weights_BC = ((logits_BC - logits_BC.amax(-1, keepdim=True)) / temperature_B1).softmax(-1)
    ends_BC = weights_BC.cumsum(-1)
    place_B = torch.searchsorted(ends_BC, uniform_B[:, None] * ends_BC[:, -1:], right=True)[:, 0]
    last_B = (weights_BC > 0).to(torch.int64).cumsum(-1).argmax(-1)  # the last that has any weight
    return torch.minimum(place_B, last_B)


class Sampler:
    """Draws the tokens of B drafts, each with a random generator of its own, seeded by its sampling."""

    def __init__(self, samplings: Sequence[Sampling], biases: Sequence[Mapping[int, float]] | None = None) -> None:
        self._samplings = list(samplings)
        self._biases = list(biases) if biases is not None else [{} for _ in samplings]
        self._generators = [torch.Generator().manual_seed(s.seed) for s in samplings]

    def keep(self, rows: Sequence[int]) -> None:
        """Go on with these drafts only, in this order."""
        self._samplings = [self._samplings[i] for i in rows]
        self._biases = [self._biases[i] for i in rows]
        self._generators = [self._generators[i] for i in rows]

    @torch.inference_mode()
    def draw(self, logits_BV: Tensor, matchers: Sequence[Asked | None] = ()) -> Drawn:
        """The next token of each draft, of those that its constraint allows where it has one.

        Raises:
            EngineError: a draft's logits hold NaN or infinity, or nothing is left that may be drawn.
        """
        raw_BV = _precise(logits_BV)
        total_B = _totals(raw_BV)
        open_BV = add_bias(raw_BV, self._biases)
        cuts: list[float | None] = [None] * len(self._samplings)
        if any(matcher is not None for matcher in matchers):
            allowed_BV, cuts = narrowed(raw_BV, total_B, matchers, self._samplings, self._biases)
            open_BV = open_BV.masked_fill(~allowed_BV, -torch.inf)
        return self._reported(raw_BV, total_B, self._choose(open_BV), cuts)

    @torch.inference_mode()
    def report(self, logits_BV: Tensor, ids: Sequence[int]) -> Drawn:
        """The same of tokens that are given: nothing is drawn."""
        raw_BV = _precise(logits_BV)
        return self._reported(raw_BV, _totals(raw_BV), torch.tensor(ids, device=raw_BV.device), [None] * len(ids))

    def _reported(self, raw_BV: Tensor, total_B: Tensor, ids_B: Tensor, cuts: list[float | None]) -> Drawn:
        chosen_B = raw_BV.gather(1, ids_B[:, None])[:, 0] - total_B
        return Drawn(
            ids=ids_B.tolist(),
            logprobs=chosen_B.tolist(),
            alternatives=self._alternatives(raw_BV, total_B),
            cuts=cuts,
        )

    def _choose(self, open_BV: Tensor) -> Tensor:
        if bool((open_BV.amax(-1) == -torch.inf).any()):
            raise EngineError("no token is left to draw: logit bias and constraint together forbid all of them")
        ids_B = torch.empty(open_BV.shape[0], dtype=torch.int64, device=open_BV.device)
        greedy = [i for i, s in enumerate(self._samplings) if s.temperature <= 0]
        if greedy:  # to find where the largest is takes twenty times as long as the largest
            rows_B = torch.tensor(greedy, device=ids_B.device)
            ids_B[rows_B] = open_BV[rows_B].argmax(-1)
        # Rows of one top_k go together: which of two equal logits comes first depends on it, and a draft must not depend on
        # the drafts beside it.
        random = [(max(0, s.top_k), i) for i, s in enumerate(self._samplings) if s.temperature > 0]
        for top_k in sorted({k for k, _ in random}):
            rows = [i for k, i in random if k == top_k]
            ids_B[torch.tensor(rows, device=ids_B.device)] = self._sample(open_BV, rows, top_k)
        return ids_B

    def _sample(self, open_BV: Tensor, rows: list[int], top_k: int) -> Tensor:
        samplings = [self._samplings[i] for i in rows]
        device, n_tokens = open_BV.device, open_BV.shape[1]
        n_candidates = min(top_k, n_tokens) if top_k else n_tokens
        here_BV = open_BV if len(rows) == open_BV.shape[0] else open_BV[torch.tensor(rows, device=device)]
        top = here_BV.topk(n_candidates, dim=-1)

        def column(values: Sequence[float]) -> Tensor:
            return torch.tensor(values, dtype=torch.float64).to(device, top.values.dtype)

        kept_BC = filter_candidates(
            top.values,
            torch.full((len(rows),), top_k, device=device),
            column([s.top_p for s in samplings]),
            column([s.min_p for s in samplings]),
        )
        uniform_B = [float(torch.rand((), generator=self._generators[i], dtype=torch.float64)) for i in rows]
        place_B = pick(kept_BC, column([s.temperature for s in samplings]), column(uniform_B))
        return top.indices.gather(1, place_B[:, None])[:, 0]

    def _alternatives(self, raw_BV: Tensor, total_B: Tensor) -> list[list[tuple[int, float]]]:
        most = max((s.top_logprobs for s in self._samplings), default=0)
        if most == 0:
            return [[] for _ in self._samplings]
        top = raw_BV.topk(min(most, raw_BV.shape[1]), dim=-1)
        logprobs = (top.values - total_B[:, None]).tolist()
        pairs = [list(zip(ids, row, strict=True)) for ids, row in zip(top.indices.tolist(), logprobs, strict=True)]
        return [row[: s.top_logprobs] for row, s in zip(pairs, self._samplings, strict=True)]


def _precise(logits_BV: Tensor) -> Tensor:
    return logits_BV if logits_BV.dtype == torch.float64 else logits_BV.float()


def _totals(raw_BV: Tensor) -> Tensor:
    """log of the sum of exp of each row: what a logit has to lose to be a log-probability."""
    total_B = raw_BV.amax(-1) - raw_BV.softmax(-1).amax(-1).log()  # in half the time of logsumexp
    if not bool(total_B.isfinite().all()):
        raise EngineError(
            "the model gave logits that are not numbers (NaN or infinite): its weights are damaged, or too large for this "
            "precision; try precision fp32"
        )
    return total_B
