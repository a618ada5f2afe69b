"""What goes to llama.cpp's server loop and what comes back: requests, streamed events, and the completions made of them."""

from __future__ import annotations

import contextlib
import math
import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from treadle.engines.base import OnTokens
from treadle.engines.constraints import llama_grammar
from treadle.errors import ContextLengthError, EngineError, ModelFileError
from treadle.types import Alternative, Completion, Sampling, Token

__all__ = ["check_gguf", "collected", "events", "groups", "raise_error", "reason_of", "request", "tokens_of"]


def check_gguf(path: Path) -> None:
    """Raise ``ModelFileError`` where ``path`` is no GGUF file."""
    if not path.is_file():
        raise ModelFileError(f"the model file {path} is not there; `treadle models list` shows what can be pulled")
    try:
        with path.open("rb") as handle:
            magic = handle.read(4)
    except OSError as error:
        raise ModelFileError(f"cannot read the model file {path}: {error.strerror}") from error
    if magic != b"GGUF":
        raise ModelFileError(f"{path} is not a GGUF file (it begins with {magic!r})")


def groups(samplings: Sequence[Sampling], slots: int, room_tokens: int) -> list[list[int]]:
    """Indices that can go out as one request: same options, consecutive seeds, at most ``slots`` of them.

    All drafts of a request share the context, so together they must not need more than ``room_tokens``.
    """
    found: list[list[int]] = []
    for index, sampling in enumerate(samplings):
        if found:
            first, last = samplings[found[-1][0]], samplings[found[-1][-1]]
            same = replace(sampling, seed=0) == replace(first, seed=0)
            most = min(slots, room_tokens // first.max_tokens)
            if same and sampling.seed == last.seed + 1 and sampling.temperature > 0 and len(found[-1]) < most:
                found[-1].append(index)
                continue
        found.append([index])
    return found


def request(
    prompt: list[int], sampling: Sampling, stop: tuple[str, ...], n: int, bias: Mapping[int, float]
) -> dict[str, Any]:
    """The body of a request for ``n`` drafts over the tokens ``prompt``; ``stop`` comes on top of the sampling's own,
    ``bias`` is the sampling's by ids."""
    body: dict[str, Any] = {
        "prompt": prompt,
        "n": n,
        "max_tokens": sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "min_p": sampling.min_p,
        "seed": sampling.seed,
        "stop": [*stop, *sampling.stop],
        # 0 alternatives still asks for the chosen token's own log-probability.
        "logprobs": max(1, sampling.top_logprobs),
        "cache_prompt": True,
        "stream": True,
        "return_progress": True,  # an event a batch: while a long prompt is read, decoding can be stopped
    }
    if bias:
        # JSON has no infinity; llama.cpp takes false for it.
        body["logit_bias"] = [[token, value if value > -math.inf else False] for token, value in bias.items()]
    if sampling.constraint is not None:
        body["grammar"] = llama_grammar(sampling.constraint)
    return body


def events(server: Any, body: dict[str, Any], name: str) -> Iterator[dict[str, Any]]:
    """The choices of a streamed completion. Closing the iterator (Ctrl-C, a caller that stops) cancels decoding.

    Raises:
        ContextLengthError, EngineError: llama.cpp says so, of the engine called ``name``.
    """
    came = queue.SimpleQueue[Any]()
    cancelled = threading.Event()

    def receive(event: Any) -> bool:
        came.put(event)
        return cancelled.is_set()

    def work() -> None:
        try:
            server.handle_completions(body, receive)
            came.put(None)
        except BaseException as error:
            came.put(error)

    worker = threading.Thread(target=work, name="treadle-llama", daemon=True)
    worker.start()
    try:
        while (event := _next(came)) is not None:
            if isinstance(event, BaseException):
                raise EngineError(f"llama.cpp failed: {event}") from event
            raise_error(event, name)
            yield from event.get("choices", [])
    finally:
        cancelled.set()
        worker.join()


def collected(choices: Iterable[dict[str, Any]], n: int, on_tokens: OnTokens | None) -> list[Completion]:
    """The choices of a request for ``n`` drafts, put together; ``on_tokens`` is told of tokens as they come."""
    texts, reasons = [""] * n, ["length"] * n
    tokens: list[list[Token]] = [[] for _ in range(n)]
    ends, started = [0.0] * n, time.monotonic()
    for choice in choices:
        index = int(choice.get("index", 0))
        new = tokens_of(choice.get("logprobs"))
        texts[index] += choice.get("text", "")
        tokens[index].extend(new)
        if on_tokens is not None and choice.get("text"):
            on_tokens(max(1, len(new)))
        reason = reason_of(choice)
        if reason is not None:
            reasons[index], ends[index] = reason, time.monotonic() - started
    return [
        Completion(
            text=text,
            tokens=_within(text, found) if reason == "stop" else tuple(found),
            finish_reason="stop" if reason == "stop" else "length",
            seconds=seconds,
        )
        for text, found, reason, seconds in zip(texts, tokens, reasons, ends, strict=True)
    ]


def _within(text: str, tokens: Sequence[Token]) -> tuple[Token, ...]:
    """The tokens that begin within a stopped text: those of the stop string are told, but are none of the draft's."""
    kept, end, begins = len(tokens), len(text.encode()), sum(len(token.text.encode()) for token in tokens)
    while kept and (begins := begins - len(tokens[kept - 1].text.encode())) >= end:
        kept -= 1
    return tuple(tokens[:kept])


def tokens_of(logprobs: Any) -> tuple[Token, ...]:
    """The tokens that an event tells of.

    Where an ending may become a stop string, llama.cpp sends a token without its text and the text with the next one. Among
    the alternatives, where it nearly always stands too, a token has the text that is its own.
    """
    if not logprobs:
        return ()
    return tuple(
        Token(
            text=_piece(next((a for a in item.get("top_logprobs", []) if a.get("id") == item.get("id")), item)),
            id=item.get("id"),
            logprob=float(item["logprob"]),
            alternatives=tuple(
                Alternative(text=_piece(a), id=a.get("id"), logprob=float(a["logprob"]))
                for a in item.get("top_logprobs", [])
            ),
        )
        for item in logprobs.get("content", [])
    )


def _piece(item: dict[str, Any]) -> str:
    raw = item.get("bytes")
    return bytes(raw).decode("utf-8", "replace") if raw else str(item.get("token", ""))


def reason_of(choice: dict[str, Any]) -> Any:
    """Why a draft ended; None while it goes on."""
    reason = choice.get("finish_reason")
    return None if reason is None else ("length" if reason == "length" else "stop")


def _next(events: queue.SimpleQueue[Any]) -> Any:
    # A short timeout keeps the main thread able to see Ctrl-C while llama.cpp is busy with a long prompt.
    get: Callable[..., Any] = events.get
    while True:
        with contextlib.suppress(queue.Empty):
            return get(timeout=0.2)


def raise_error(event: Any, name: str) -> None:
    """Raise the error that an answer holds, as one of the engine called ``name``."""
    if not isinstance(event, dict):
        return
    error = event.get("error") or (event if "message" in event and "code" in event else None)
    if error:
        message = str(error.get("message", error)) if isinstance(error, dict) else str(error)
        if "exceed" in message and "context" in message.lower():
            raise ContextLengthError(f"{name}: {message}")
        raise EngineError(f"{name}: {message}")
