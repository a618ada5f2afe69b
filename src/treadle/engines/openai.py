"""The ``openai`` engine: any endpoint that speaks OpenAI's chat-completions protocol, through the official client.

The base URL comes from the engine's name and the key from the user's own settings, never from a file of a workspace.
What such endpoints support differs: a seed is sent, but not promised to be honoured; where log-probabilities are left out of
the answer, completions come without tokens.
"""

from __future__ import annotations

import contextlib
import json
import math
import queue
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from treadle.engines.base import SCORE_ALTERNATIVES, Guide, OnTokens, require, require_score
from treadle.errors import EndpointError, EngineError, UnsupportedError, UsageError
from treadle.tokens.grammars import schema_text
from treadle.tokens.unicode import check_unicode
from treadle.types import (
    Alternative,
    Capabilities,
    Chunk,
    Completion,
    Constraint,
    EngineIdentity,
    Prompt,
    Sampling,
    Scored,
    Token,
)

__all__ = ["OpenAIEngine"]

AT_ONCE = 8
"""Requests that are sent side by side."""


class OpenAIEngine:
    """A remote model. ``target`` is ``<base-url>#<model>``.

    Raises:
        UsageError: the target lacks the URL or the model.
        EngineError: the ``openai`` package is not installed.
    """

    def __init__(self, target: str, api_key: str | None = None, timeout_seconds: float = 120.0, retries: int = 1) -> None:
        base_url, _, model = target.partition("#")
        if not base_url.startswith(("http://", "https://")) or not model:
            raise UsageError(
                f"engine 'openai:{target}' is incomplete; write openai:<base-url>#<model>, "
                "e.g. openai:http://127.0.0.1:8080/v1#qwen2.5-coder"
            )
        try:
            import openai
        except ImportError as error:
            raise EngineError(f"the openai engine needs its client: pip install 'treadle[openai]' ({error})") from error
        if api_key and not (api_key.isascii() and api_key.isprintable()):
            raise UsageError("the key for openai: engines holds characters that no key has; was it copied to its end?")
        self._openai = openai
        self._base_url, self._model = _without_password(base_url), model
        try:
            # Some local servers want no key, but the client insists on one.
            self._client = openai.OpenAI(
                base_url=base_url, api_key=api_key or "not-needed", timeout=timeout_seconds, max_retries=retries
            )
        except Exception as error:  # of the transport below the client: addresses, proxies, certificates
            raise EngineError(
                f"the client for {self._base_url} cannot be set up: {error or type(error).__name__}; look at the address, "
                "and at HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and SSL_CERT_FILE in the environment"
            ) from error
        self._identity = EngineIdentity(
            name=f"openai:{self._base_url}#{model}",
            backend="openai",
            model=model,
            versions={"openai": openai.__version__},
        )

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            logprobs=True,
            top_logprobs=20,
            constraints=frozenset({"json_schema"}),
            logit_bias=True,
            parallel=True,
            stream=True,
        )

    @property
    def identity(self) -> EngineIdentity:
        return self._identity

    def count_tokens(self, text: str) -> int:
        """An estimate: the endpoint's vocabulary is not known here."""
        return math.ceil(len(text) / 3.5)

    def render(self, prompt: Prompt) -> str:
        return "\n".join(f"[{m.role}]\n{m.content}" for m in prompt.messages)

    def complete(
        self,
        prompt: Prompt,
        samplings: Sequence[Sampling],
        on_tokens: OnTokens | None = None,
        guide: Guide | None = None,
    ) -> list[Completion]:
        for sampling in samplings:
            require(self, sampling)
        self._refuse_primer(prompt)
        completions: dict[int, Completion] = {}
        for index, completion in _side_by_side([partial(self._one, prompt, s) for s in samplings]):
            completions[index] = completion
            if on_tokens is not None:
                on_tokens(len(completion.tokens) or self.count_tokens(completion.text))
        return [completions[i] for i in range(len(samplings))]

    def stream(self, prompt: Prompt, sampling: Sampling) -> Iterator[Chunk]:
        require(self, sampling)
        self._refuse_primer(prompt)
        body, finished = self._body(prompt, sampling), False
        try:
            for event in self._client.chat.completions.create(**body, stream=True):
                for choice in event.choices or ():
                    finished = finished or choice.finish_reason is not None
                    yield Chunk(
                        text=_text(choice.delta.content),
                        tokens=_tokens(choice.logprobs),
                        finish_reason=_reason(choice.finish_reason) if choice.finish_reason else None,
                    )
        except Exception as error:  # the client lets errors of its transport through while it reads a stream
            raise self._translated(error) from error
        if not finished:
            raise EndpointError(f"{self._base_url} (model {self._model}) ended its answer in the middle, or sent none")

    def score(self, text: str, top: int = SCORE_ALTERNATIVES, on_tokens: OnTokens | None = None) -> list[Scored]:
        require_score(self, top)
        return []

    def close(self) -> None:
        self._client.close()

    # ------------------------------------------------------------------------------------------- inside

    def _refuse_primer(self, prompt: Prompt) -> None:
        if prompt.primer:
            raise UnsupportedError(
                f"engine {self._identity.name} cannot continue a begun answer; build the prompt without one"
            )

    def _body(self, prompt: Prompt, sampling: Sampling) -> dict[str, Any]:
        for message in prompt.messages:
            check_unicode(message.content)
        body: dict[str, Any] = {
            "model": self._model,
            "messages": [{"role": m.role, "content": m.content} for m in prompt.messages],
            "max_tokens": sampling.max_tokens,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "seed": sampling.seed,
        }
        if stops := [*prompt.stop, *sampling.stop]:
            body["stop"] = stops
        if sampling.top_logprobs:
            body |= {"logprobs": True, "top_logprobs": sampling.top_logprobs}
        if sampling.logit_bias:
            body["logit_bias"] = {str(token): self._bias(token, bias) for token, bias in sampling.logit_bias.items()}
        if sampling.constraint is not None:
            schema = {"name": "answer", "schema": _schema(sampling.constraint)}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        return body

    def _bias(self, token: int | str, bias: float) -> float:
        """As the protocol has it: of ids, from -100, which forbids a token, to 100."""
        name = self._identity.name
        if isinstance(token, str):
            raise UnsupportedError(
                f"engine {name} takes logit_bias by ids of tokens only, got {token!r}: its vocabulary is not known"
            )
        if bias != -math.inf and not -100 <= bias <= 100:
            raise UnsupportedError(
                f"engine {name} takes logit_bias from -100 to 100, or -inf, got {bias:g} of token {token}"
            )
        return max(bias, -100.0)

    def _one(self, prompt: Prompt, sampling: Sampling) -> Completion:
        body, started = self._body(prompt, sampling), time.monotonic()
        try:
            answer = self._client.chat.completions.create(**body)
        except self._openai.OpenAIError as error:
            raise self._translated(error) from error
        except (ValueError, RecursionError) as error:  # an answer of status 200 that is not JSON, or far too deep
            raise self._nonsense(str(error)) from error
        try:
            choice = answer.choices[0]
            text, tokens = _text(choice.message.content), _tokens(choice.logprobs)
        except (AttributeError, IndexError, TypeError, ValueError):  # the client does not check what it hands on
            raise self._nonsense(str(answer)[:200]) from None
        return Completion(
            text=text,
            tokens=tokens,
            finish_reason=_reason(choice.finish_reason),
            seed=sampling.seed,
            temperature=sampling.temperature,
            seconds=time.monotonic() - started,
        )

    def _nonsense(self, what: str) -> EndpointError:
        return EndpointError(
            f"{self._base_url} did not answer with a chat completion ({what!r}); is it an OpenAI-compatible endpoint, "
            "and does its address end in /v1?"
        )

    def _translated(self, error: Exception) -> EngineError:
        api = self._openai
        where = f"{self._base_url} (model {self._model})"
        if isinstance(error, api.APITimeoutError):
            return EndpointError(f"{where} did not answer in time; TREADLE_OPENAI_TIMEOUT_SECONDS gives it longer")
        if isinstance(error, api.APIConnectionError):
            return EndpointError(f"cannot reach {where}: {error.__cause__ or error}; is the server running?")
        if isinstance(error, api.AuthenticationError | api.PermissionDeniedError):
            return EndpointError(f"{where} refuses the key; set TREADLE_OPENAI_API_KEY or openai_api_key in config.toml")
        if isinstance(error, api.NotFoundError):
            return EndpointError(f"{where} answers 'not found': the model or the path does not exist there ({error})")
        if isinstance(error, api.APIStatusError):
            return EndpointError(f"{where} answers {error.status_code}: {str(error)[:300]}")
        return self._nonsense(str(error)[:200] or "an answer of another form")


def _side_by_side(jobs: Sequence[Callable[[], Completion]]) -> Iterator[tuple[int, Completion]]:
    """Results of ``jobs`` with their indexes, as they come; at most ``AT_ONCE`` run at a time; the first error is raised.

    An executor would wait for its threads, so Ctrl-C would wait for an endpoint that does not answer. Nothing waits for
    these: they are daemons, and no job is begun after the caller left.
    """
    waiting, done = deque(enumerate(jobs)), queue.SimpleQueue[tuple[int, Completion | Exception]]()

    def work() -> None:
        with contextlib.suppress(IndexError):
            while True:
                index, job = waiting.popleft()
                try:
                    done.put((index, job()))
                except Exception as error:  # raised again where the results are read
                    done.put((index, error))

    for _ in range(min(AT_ONCE, len(jobs))):
        threading.Thread(target=work, daemon=True).start()
    try:
        for _ in jobs:
            index, result = done.get()
            if isinstance(result, Exception):
                raise result
            yield index, result
    finally:
        waiting.clear()


def _schema(constraint: Constraint) -> Any:
    try:
        return json.loads(schema_text(constraint.text))
    except ValueError as error:
        raise EngineError(f"the JSON schema given as a constraint cannot be used: {error}") from error


def _reason(reason: Any) -> Any:
    return "length" if reason == "length" else "stop"


def _without_password(url: str) -> str:
    """The address as it may be shown and stored."""
    return re.sub(r"//[^/?#]*@", "//***@", url)


def _text(content: Any) -> str:
    """What a message holds; one that holds nothing, such as a refusal, is empty. Raises TypeError for anything else."""
    if not isinstance(content, str | None):
        raise TypeError
    return content or ""


def _tokens(logprobs: Any) -> tuple[Token, ...]:
    """Raises AttributeError, TypeError or ValueError for what are no log-probabilities."""
    content = getattr(logprobs, "content", None)
    return tuple(
        Token(
            text=_word(item.token),
            logprob=_logprob(item.logprob),
            alternatives=tuple(
                Alternative(text=_word(a.token), logprob=_logprob(a.logprob)) for a in item.top_logprobs or ()
            ),
        )
        for item in content or ()
    )


def _word(token: Any) -> str:
    if not isinstance(token, str):
        raise TypeError
    return token


def _logprob(value: Any) -> float:
    if not isinstance(value, int | float) or math.isnan(value):
        raise TypeError
    return float(value)
