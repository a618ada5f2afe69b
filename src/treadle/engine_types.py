"""The plain data that engines take and give; part of ``treadle.types``, from where it is imported.

Log-probabilities are natural logarithms of the model's distribution *before* sampling filters (temperature, top-p, grammar).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from treadle.markup import completion_html

__all__ = [
    "Alternative",
    "Capabilities",
    "Chunk",
    "Completion",
    "Constraint",
    "EngineIdentity",
    "FinishReason",
    "RawText",
    "Sampling",
    "Scored",
    "Stage",
    "Token",
]

FinishReason = Literal["stop", "length", "repeats", "error"]
"""Why a completion ended: by itself, at its limit of tokens, because it began to repeat itself (drafts with a guide)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alternative:
    """One token that the model could have chosen at a position."""

    text: str
    logprob: float
    id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One token of a completion with its log-probability and the most likely alternatives, best first.

    ``cut``: the probability that constraints took away here, before filters; None where there was none, or it is not known.
    """

    text: str
    logprob: float
    id: int | None = None
    alternatives: tuple[Alternative, ...] = ()
    cut: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored(Token):
    """A token of a text that was given. ``rank``: its place among all, 1 is the likeliest; None where it is not known."""

    rank: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraint:
    """A language that a completion must belong to. ``kind`` names the notation of ``text``."""

    kind: Literal["gbnf", "json_schema", "lark", "regex"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What a draft may say next: a piece of it, after which a guide is asked again.

    A stage ends after the first token with which the text since its beginning belongs to the language of ``constraint``,
    or, where it is the ``last`` one, with the draft. Where that language holds the empty text, the draft may end here.
    ``watched``: it is a logical line of Python, and a draft that begins to repeat itself there is ended.
    """

    constraint: Constraint
    last: bool = False
    watched: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How to draw a completion. ``temperature`` 0 is greedy; seeds of n drafts are seed, seed + 1, ...

    ``logit_bias``: what is added to the logits of tokens, before filters; -inf forbids one. A token is named by its id, or
    by a text that is one token (" cat", "<|im_end|>").
    """

    max_tokens: int = 256
    temperature: float = 0.8
    top_p: float = 0.95
    top_k: int = 40
    min_p: float = 0.0
    seed: int = 1
    stop: tuple[str, ...] = ()
    top_logprobs: int = 0
    constraint: Constraint | None = None
    logit_bias: Mapping[int | str, float] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        for name in ("max_tokens", "top_k", "seed", "top_logprobs"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool):
                raise ValueError(f"{name} must be a whole number, got {value!r}")
        if self.max_tokens < 1:
            raise ValueError(f"max_tokens must be at least 1, got {self.max_tokens}")
        if not 0 <= self.temperature < math.inf:  # nan is neither
            raise ValueError(f"temperature must be a number from 0 on, got {self.temperature}")
        if not 0 < self.top_p <= 1:
            raise ValueError(f"top_p must lie in (0, 1], got {self.top_p}")
        if not 0 <= self.min_p < 1:
            raise ValueError(f"min_p must lie in [0, 1), got {self.min_p}")
        if self.top_k < 0:
            raise ValueError(f"top_k must not be negative (0 keeps all tokens), got {self.top_k}")
        if self.top_logprobs < 0:
            raise ValueError(f"top_logprobs must not be negative, got {self.top_logprobs}")
        if not -(2**63) <= self.seed < 2**64:
            raise ValueError(f"seed must be a number of 64 bits, got {self.seed}")
        stops: object = self.stop
        if isinstance(stops, str) or "" in self.stop:
            raise ValueError(
                f"stop must be texts of at least one character, got {self.stop!r}: an empty one is found at once"
            )
        for token, bias in self.logit_bias.items():
            _check_bias(token, bias)


def _check_bias(token: int | str, bias: float) -> None:
    if token == "" or (isinstance(token, int) and token < 0):
        raise ValueError(f"logit_bias names a token by its id, from 0 on, or by its text, got {token!r}")
    if math.isnan(bias) or bias == math.inf:
        raise ValueError(f"logit_bias of {token!r} must be a number, or -inf to forbid the token, got {bias}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RawText:
    """A text that a model continues as it stands, without a chat template.

    ``pieces`` are encoded apart, one after the other, each with whether special tokens are read in it. ``ends``: special
    tokens that end a completion, beside those that end any text of the model. ``begins``: it is the beginning of
    a text, read after the model's beginning-of-text token, as ``Engine.score`` reads one.
    """

    pieces: tuple[tuple[str, bool], ...]
    ends: tuple[str, ...] = ()
    begins: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """What an engine returned for one draft."""

    text: str
    tokens: tuple[Token, ...] = ()
    finish_reason: FinishReason = "stop"
    seed: int | None = None
    temperature: float | None = None
    seconds: float = 0.0

    @property
    def mean_logprob(self) -> float | None:
        """Mean natural log-probability a token, or None where the engine gave no probabilities."""
        if not self.tokens:
            return None
        return sum(t.logprob for t in self.tokens) / len(self.tokens)

    @property
    def cut_nats(self) -> float | None:
        """How unlikely it was that the model alone would have kept to its constraints: the sum of -log(1 - cut)."""
        cuts = [t.cut for t in self.tokens if t.cut is not None]
        return -sum(math.log1p(-min(cut, 1 - 1e-12)) for cut in cuts) if cuts else None

    def _repr_html_(self) -> str:
        return completion_html(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A piece of a streamed completion; the last one carries the finish reason."""

    text: str
    tokens: tuple[Token, ...] = ()
    finish_reason: FinishReason | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What an engine can do. Asking for what is absent raises ``UnsupportedError``."""

    seeds: bool = False
    logprobs: bool = False
    top_logprobs: int = 0
    constraints: frozenset[str] = frozenset()
    logit_bias: bool = False
    guides: bool = False
    primer: bool = False
    parallel: bool = False
    stream: bool = False
    score: bool = False
    exact_token_counts: bool = False
    context_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineIdentity:
    """Which model answered: enough to ask the same one again."""

    name: str
    backend: str
    model: str
    sha256: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    parameters: int | None = None
    """How many the model has, where the engine knows."""
