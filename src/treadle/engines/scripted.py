"""The ``scripted`` engine: gives completions that were written down before. For tests and for replaying a stored thread.

It is an ordinary backend, so nothing needs a mock: a test writes the drafts it wants to see judged, and an exported thread
answers again with the very tokens it was answered with.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from treadle.engines.base import SCORE_ALTERNATIVES, Guide, OnTokens, require
from treadle.errors import EngineError, UsageError
from treadle.types import (
    Alternative,
    Capabilities,
    Chunk,
    Completion,
    EngineIdentity,
    Prompt,
    RawText,
    Sampling,
    Scored,
    Token,
)

__all__ = ["ScriptedEngine"]


class ScriptedEngine:
    """Replays batches of completions: the k-th call of ``complete`` or ``continue_text`` draws from the k-th batch.

    A call may draw fewer completions than its batch holds; drawing more is an error, never a repetition. ``scores`` are the
    log-probabilities of the texts that it can score, or their tokens.
    """

    def __init__(
        self,
        batches: Sequence[Sequence[str | Completion]],
        name: str = "scripted",
        parameters: int | None = None,
        scores: Mapping[str, float | Sequence[Scored]] | None = None,
    ) -> None:
        self._batches = [[_completion(c) for c in batch] for batch in batches]
        self._calls = 0
        self._identity = EngineIdentity(name=name, backend="scripted", model="scripted", parameters=parameters)
        self._scores = dict(scores or {})
        self.prompts: list[Prompt] = []
        self.texts: list[RawText] = []

    @classmethod
    def from_file(cls, path: Path) -> ScriptedEngine:
        """Read an exported thread, or ``{"completions": [[text, ...], ...]}``, also with ``"scores": {text: number, ...}``,
        or with tokens in the place of a number.

        With ``"engine": {"parameters": N}``, as an exported thread has, drafts count as those of a model of that size.

        Raises:
            UsageError: the file is absent or holds neither.
        """
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise UsageError(
                f"the script {path} is not there; make one with: treadle threads export ID --out {path}"
            ) from None
        except (OSError, ValueError, RecursionError) as error:
            raise UsageError(f"cannot read the script {path}: {error}") from None
        try:
            parameters = document.get("engine", {}).get("parameters")
            return cls(
                _batches(document),
                name=f"scripted:{path}",
                parameters=None if parameters is None else int(parameters),
                scores={text: _score(score) for text, score in document.get("scores", {}).items()},
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise UsageError(f"{path} is neither an exported thread nor a script of completions ({error})") from None

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            seeds=True,
            logprobs=True,
            top_logprobs=20,
            primer=True,
            parallel=True,
            stream=True,
            score=bool(self._scores),
        )

    @property
    def identity(self) -> EngineIdentity:
        return self._identity

    def count_tokens(self, text: str) -> int:
        return math.ceil(len(text) / 4)

    def render(self, prompt: Prompt) -> str:
        return "\n".join(f"[{m.role}]\n{m.content}" for m in prompt.messages) + f"\n[assistant]\n{prompt.primer}"

    def complete(
        self,
        prompt: Prompt,
        samplings: Sequence[Sampling],
        on_tokens: OnTokens | None = None,
        guide: Guide | None = None,
    ) -> list[Completion]:
        self.prompts.append(prompt)
        return self._next(samplings, on_tokens)

    def continue_text(
        self, text: RawText, samplings: Sequence[Sampling], on_tokens: OnTokens | None = None
    ) -> list[Completion]:
        self.texts.append(text)
        return self._next(samplings, on_tokens)

    def _next(self, samplings: Sequence[Sampling], on_tokens: OnTokens | None) -> list[Completion]:
        for sampling in samplings:
            require(self, sampling)
        if self._calls >= len(self._batches):
            raise EngineError(
                f"the script has {len(self._batches)} batches of completions; call {self._calls + 1} finds none"
            )
        batch = self._batches[self._calls]
        self._calls += 1
        if len(samplings) > len(batch):
            raise EngineError(
                f"batch {self._calls} of the script holds {len(batch)} completions, {len(samplings)} were asked for; to "
                "replay a thread, ask with its own --samples and --repairs"
            )
        drawn = batch[: len(samplings)]
        if on_tokens is not None:
            for completion in drawn:
                on_tokens(len(completion.tokens) or self.count_tokens(completion.text))
        return drawn

    def stream(self, prompt: Prompt, sampling: Sampling) -> Iterator[Chunk]:
        completion = self.complete(prompt, [sampling])[0]
        for token in completion.tokens:
            yield Chunk(text=token.text, tokens=(token,))
        yield Chunk(text="" if completion.tokens else completion.text, finish_reason=completion.finish_reason)

    def score(self, text: str, top: int = SCORE_ALTERNATIVES, on_tokens: OnTokens | None = None) -> list[Scored]:
        """The tokens that were written down for the text; of a number one token that is the whole text."""
        if text not in self._scores:
            raise EngineError("the scripted engine has no model to score text with; use llama or torch")
        found = self._scores[text]
        tokens = [Scored(text=text, logprob=found)] if isinstance(found, float | int) else list(found)
        return [replace(token, alternatives=token.alternatives[:top]) for token in tokens]

    def close(self) -> None:
        """Nothing to free."""


def _completion(item: str | Completion) -> Completion:
    return item if isinstance(item, Completion) else Completion(text=item)


def _batches(document: Any) -> list[list[Completion]]:
    """The completions in the order drawn. A thread's prompts without drafts were never answered: they make no batch.

    Nor do prompts without messages: what is stored under them was written by rules, and no engine was asked.
    """
    if "completions" in document:
        return [[Completion(text=_text(text)) for text in batch] for batch in document["completions"]]
    batches: dict[int, list[Completion]] = {}
    asked = {index for index, prompt in enumerate(document["prompts"]) if prompt["messages"]}
    for draft in document["drafts"]:
        if int(draft["prompt"]) not in asked:
            continue
        batches.setdefault(int(draft["prompt"]), []).append(_from_plain(draft["completion"]))
    return [batches[index] for index in sorted(batches)]


def _score(plain: Any) -> float | list[Scored]:
    return [Scored(**_token_fields(token)) for token in plain] if isinstance(plain, list) else float(plain)


def _from_plain(plain: dict[str, Any]) -> Completion:
    tokens = tuple(Token(**_token_fields(token)) for token in plain.get("tokens", ()))
    return Completion(**{**plain, "text": _text(plain["text"]), "tokens": tokens})


def _token_fields(plain: dict[str, Any]) -> dict[str, Any]:
    return {**_likely(plain), "alternatives": tuple(Alternative(**_likely(a)) for a in plain.get("alternatives", ()))}


def _likely(plain: dict[str, Any]) -> dict[str, Any]:
    """A token or an alternative; a log-probability of minus infinity stands as ``{"$float": "-inf"}``."""
    logprob = plain["logprob"]
    number = float(logprob["$float"]) if isinstance(logprob, dict) else logprob
    return {**plain, "text": _text(plain["text"]), "logprob": number}


def _text(plain: Any) -> str:
    """Text; what is not valid Unicode stands as ``{"$text": base64}``."""
    if isinstance(plain, dict):
        return base64.b64decode(plain["$text"], validate=True).decode("utf-8", "surrogatepass")
    if not isinstance(plain, str):
        raise TypeError(f"expected text, got {type(plain).__name__}")
    return plain
