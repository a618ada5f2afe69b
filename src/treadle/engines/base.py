"""The Engine protocol: where completions come from. Nothing above this room knows which backend answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Protocol, runtime_checkable

from treadle.errors import UnsupportedError, UsageError
from treadle.grounding.base import Guide
from treadle.tokens.pieces import Encode
from treadle.types import Capabilities, Chunk, Completion, EngineIdentity, Prompt, RawText, Sampling, Scored

__all__ = [
    "SCORE_ALTERNATIVES",
    "Continues",
    "Engine",
    "Guide",
    "OnTokens",
    "biases",
    "continuing",
    "held",
    "require",
    "require_score",
    "takes_guides",
]

SCORE_ALTERNATIVES = 5
"""Alternatives that ``Engine.score`` gives at each token unless it is told otherwise."""

OnTokens = Callable[[int], None]
"""Called with the number of new tokens while drafts are decoded (for progress bars)."""


@runtime_checkable
class Engine(Protocol):
    """A source of completions.

    The same prompt, sampling and engine give the same completions wherever ``capabilities.seeds`` is declared.
    """

    @property
    def capabilities(self) -> Capabilities: ...

    @property
    def identity(self) -> EngineIdentity: ...

    def count_tokens(self, text: str) -> int:
        """Tokens of ``text``; an estimate unless ``capabilities.exact_token_counts``."""
        ...

    def render(self, prompt: Prompt) -> str:
        """The text exactly as the model sees it where the engine applies the chat template itself."""
        ...

    def complete(
        self,
        prompt: Prompt,
        samplings: Sequence[Sampling],
        on_tokens: OnTokens | None = None,
        guide: Guide | None = None,
    ) -> list[Completion]:
        """One completion for each sampling, decoded in parallel over the one prompt where the engine can.

        ``guide`` holds every draft that has no constraint of its own to what it allows, where ``takes_guides``.

        Raises:
            UnsupportedError: a sampling asks for what the engine lacks.
            ContextLengthError: prompt and completion do not fit.
            UsageError: a message holds bytes that are no UTF-8.
            EngineError: the engine failed.
        """
        ...

    def stream(self, prompt: Prompt, sampling: Sampling) -> Iterator[Chunk]:
        """One completion, piece by piece."""
        ...

    def score(self, text: str, top: int = SCORE_ALTERNATIVES, on_tokens: OnTokens | None = None) -> list[Scored]:
        """Every token of ``text`` with its log-probability given the ones before it (the first one given nothing), and the
        ``top`` likeliest tokens there.

        Raises:
            UnsupportedError: the engine cannot score, or gives fewer alternatives.
            ContextLengthError: the text does not fit.
        """
        ...

    def close(self) -> None:
        """Free the model; the engine cannot be used afterwards. Closing twice is allowed."""
        ...


@runtime_checkable
class Continues(Protocol):
    """What an engine has beside ``Engine`` where it can continue a text that is no conversation."""

    def continue_text(
        self, text: RawText, samplings: Sequence[Sampling], on_tokens: OnTokens | None = None
    ) -> list[Completion]:
        """One completion for each sampling, as ``Engine.complete``, of a text that no chat template stands around.

        Raises:
            UnsupportedError: as ``complete``; or one of ``text.ends`` is no special token of the model.
            ContextLengthError, EngineError: as ``complete``.
        """
        ...


def continuing(engine: Engine) -> Continues:
    """The engine as one that continues texts, or ``UnsupportedError``."""
    if not isinstance(engine, Continues):
        raise UnsupportedError(
            f"engine {engine.identity.name} answers conversations only and cannot continue a text; use llama or torch"
        )
    return engine


def takes_guides(engine: Engine) -> bool:
    """Whether a guide changes what the engine draws: it asks for stages, or takes one language for a whole draft."""
    return engine.capabilities.guides or "lark" in engine.capabilities.constraints


def held(samplings: Sequence[Sampling], guide: Guide | None) -> list[Sampling]:
    """Samplings for an engine that asks for no stages: under one language for the whole draft."""
    whole = None if guide is None else guide.whole()
    if whole is None:
        return list(samplings)
    return [s if s.constraint is not None else replace(s, constraint=whole) for s in samplings]


def require(engine: Engine, sampling: Sampling) -> None:
    """Raise ``UnsupportedError`` where ``sampling`` asks for something that ``engine`` does not declare."""
    has, name = engine.capabilities, engine.identity.name
    if sampling.top_logprobs and not has.logprobs:
        raise UnsupportedError(f"engine {name} gives no log-probabilities; ask without top_logprobs")
    if sampling.top_logprobs > has.top_logprobs:
        raise UnsupportedError(
            f"engine {name} gives at most {has.top_logprobs} alternatives a token, {sampling.top_logprobs} were asked for"
        )
    if sampling.logit_bias and not has.logit_bias:
        raise UnsupportedError(f"engine {name} takes no logit bias; ask without logit_bias")
    if sampling.constraint is not None and sampling.constraint.kind not in has.constraints:
        known = ", ".join(sorted(has.constraints)) or "none"
        raise UnsupportedError(
            f"engine {name} takes no constraint of kind {sampling.constraint.kind!r}; kinds it takes: {known}"
        )


def require_score(engine: Engine, top: int) -> None:
    """Raise ``UnsupportedError`` where ``engine`` cannot give the probabilities of a text, or not so many alternatives."""
    has, name = engine.capabilities, engine.identity.name
    if not has.score:
        raise UnsupportedError(
            f"engine {name} cannot score given text: it gives no probabilities of what it did not write; engines that can: "
            "llama:smollm2, torch:smollm2, and any other llama: or torch: model"
        )
    if not 0 <= top <= has.top_logprobs:
        raise UnsupportedError(f"engine {name} gives 0 to {has.top_logprobs} alternatives a token, {top} were asked for")


def biases(engine: Engine, given: Mapping[int | str, float], n_tokens: int, encode: Encode) -> dict[int, float]:
    """A sampling's ``logit_bias`` by ids, for an engine whose vocabulary has ``n_tokens`` and reads texts by ``encode``.

    Raises:
        UsageError: there is no such id, or a text is not one token.
    """
    found: dict[int, float] = {}
    for token, bias in given.items():
        ids = encode(token, special=True) if isinstance(token, str) else [token]
        name = engine.identity.name
        if len(ids) != 1:
            told = ", ".join(map(str, ids))
            raise UsageError(
                f"logit_bias: {token!r} is {len(ids)} tokens of {name}, not one; name those by their ids: {told}"
            )
        if ids[0] >= n_tokens:
            raise UsageError(f"logit_bias: {name} has no token {ids[0]}; its {n_tokens:,} are 0 to {n_tokens - 1}")
        found[ids[0]] = found.get(ids[0], 0.0) + bias
    return found
