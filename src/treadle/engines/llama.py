"""The ``llama`` engine: llama.cpp inside this process, through xllamacpp.

xllamacpp runs llama.cpp's server loop in a thread. We bind it to a Unix socket in a private folder (no TCP port is opened),
call completions in process, and use the socket only for the two calls the binding lacks: tokenise and apply the template.

Drafts that differ only by consecutive seeds go out as one request with ``n``: the prompt is computed once and its KV cells
are shared. Log-probabilities are those of the raw distribution, before temperature, filters and grammar.

The prompt goes out as tokens. Special tokens are read in what the chat template wrote, never in what a message holds: a
request that contains ``<|im_end|>`` is a request about that text, not the end of the user's turn.
"""

from __future__ import annotations

import contextlib
import itertools
import queue
import re
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from treadle.engines.base import Guide, OnTokens, held, require
from treadle.engines.constraints import CANARY, llama_grammar, probe
from treadle.engines.llama_server import exchange, remove_folder, socket_folder, start
from treadle.engines.models import named_adapters, sha256_of
from treadle.errors import ContextLengthError, EngineError, ModelFileError, UnsupportedError
from treadle.types import (
    Alternative,
    Capabilities,
    Chunk,
    Completion,
    Constraint,
    EngineIdentity,
    Prompt,
    RawText,
    Sampling,
    Token,
)

__all__ = ["LlamaEngine"]

SLOTS = 8
"""Drafts decoded at once. With a unified KV cache 16 slots were seen to hang, 8 never."""
CONTEXT_TOKENS = 8192
MAX_ALTERNATIVES = 20
_SCORE_ALTERNATIVES = 5
_EVERY_TOKEN = 1 << 20
"""More than any vocabulary has; takes some tenths of a second for 49,152."""
MAX_SEED = 2**32 - 2
"""llama.cpp keeps 32 bits of a seed, and takes the largest number of 32 bits for 'draw one at random'."""


class LlamaEngine:
    """llama.cpp with one GGUF file, and adapters (GGUF file, scale) that count on every request.

    Raises:
        ModelFileError: the file is absent, or is no GGUF file that llama.cpp can load.
        EngineError: xllamacpp is not installed or does not start.
    """

    def __init__(
        self,
        path: Path,
        name: str | None = None,
        threads: int = 0,
        context_tokens: int = CONTEXT_TOKENS,
        slots: int = SLOTS,
        adapters: Sequence[tuple[Path, float]] = (),
    ) -> None:
        for file in (path, *(adapter for adapter, _ in adapters)):
            _check_gguf(file)
        self._path, self._context, self._slots = path, context_tokens, slots
        self._folder = socket_folder()
        self._remove_folder = weakref.finalize(self, remove_folder, self._folder)
        self._server: Any = None
        self._usable_constraints: set[Constraint] = set()
        self._scored: list[Token] = []
        try:
            self._server, version = start(path, self._folder, threads, context_tokens, slots, adapters)
        except BaseException:
            self._remove_folder()
            raise
        self._identity = EngineIdentity(
            name=name or f"llama:{path}",
            backend="llama",
            model=path.name,
            sha256=sha256_of(path),
            versions={"xllamacpp": version, **named_adapters(adapters)},
            parameters=self._parameters(),
        )

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            seeds=True,
            logprobs=True,
            top_logprobs=MAX_ALTERNATIVES,
            constraints=frozenset({"gbnf", "json_schema", "lark"}),
            primer=True,
            parallel=True,
            stream=True,
            score=True,
            exact_token_counts=True,
            context_tokens=self._context,
        )

    @property
    def identity(self) -> EngineIdentity:
        return self._identity

    def count_tokens(self, text: str) -> int:
        return len(self._tokenize(text))

    def render(self, prompt: Prompt) -> str:
        return "".join(text for text, _ in self._pieces(prompt))

    def complete(
        self,
        prompt: Prompt,
        samplings: Sequence[Sampling],
        on_tokens: OnTokens | None = None,
        guide: Guide | None = None,
    ) -> list[Completion]:
        samplings = held(samplings, guide)
        self._check_samplings(samplings)
        return self._completed(self._prompt_tokens(prompt), samplings, prompt.stop, on_tokens)

    def continue_text(
        self, text: RawText, samplings: Sequence[Sampling], on_tokens: OnTokens | None = None
    ) -> list[Completion]:
        self._check_samplings(samplings)
        for end in text.ends:
            if len(self._tokenize(end, special=True)) != 1 or self._tokenize(end) == self._tokenize(end, special=True):
                raise UnsupportedError(f"{end!r} is no special token of {self._path.name}, so no completion can end with it")
        ids = self._tokenize("", begin=True)
        ids += [i for piece, special in text.pieces for i in self._tokenize(piece, special=special)]
        return self._completed(ids, samplings, text.ends, on_tokens, visible=text.ends)

    def _completed(
        self,
        ids: list[int],
        samplings: Sequence[Sampling],
        stop: tuple[str, ...],
        on_tokens: OnTokens | None,
        visible: tuple[str, ...] = (),
    ) -> list[Completion]:
        """Drafts over the tokens ``ids``. ``visible``: special tokens that get into the text, where ``stop`` finds them."""
        self._check_length(len(ids), max((s.max_tokens for s in samplings), default=0))
        completions: list[Completion | None] = [None] * len(samplings)
        for group in _groups(samplings, self._slots, self._context - len(ids)):
            body = {**_body(ids, samplings[group[0]], stop, len(group)), "preserved_tokens": list(visible)}
            for index, completion in zip(group, self._decode(body, len(group), on_tokens), strict=True):
                sampling = samplings[index]
                completions[index] = replace(completion, seed=sampling.seed, temperature=sampling.temperature)
        return [c for c in completions if c is not None]

    def stream(self, prompt: Prompt, sampling: Sampling) -> Iterator[Chunk]:
        self._check_samplings([sampling])
        ids = self._prompt_tokens(prompt)
        self._check_length(len(ids), sampling.max_tokens)
        for choice in self._events(_body(ids, sampling, prompt.stop, 1)):
            yield Chunk(text=choice.get("text", ""), tokens=_tokens(choice.get("logprobs")), finish_reason=_reason(choice))

    def score(self, text: str) -> list[Token]:
        """Each token's log-probability given the tokens before it. Special tokens are read: ``render`` can be scored.

        llama.cpp's server gives probabilities of generated tokens only, so every token of the text is generated in turn,
        forced by a logit bias (the reported log-probability is that of the raw distribution). The first token, which has
        nothing before it, is scored after the model's beginning-of-text token. What the text shares with the beginning of
        the one that was scored last is not scored again.
        """
        pieces = self._tokenize(text, special=True)
        self._check_length(len(pieces), 1)
        beginning = self._beginning()
        before = [] if pieces[: len(beginning)] == beginning else beginning
        shared = itertools.takewhile(lambda pair: pair[0].id == pair[1], zip(self._scored, pieces, strict=False))
        known = [token for token, _ in shared]
        new = (self._score_one([*before, *pieces[:i]] or beginning, pieces[i]) for i in range(len(known), len(pieces)))
        self._scored = [*known, *new]
        return list(self._scored)

    def close(self) -> None:
        self._server = None
        self._remove_folder()

    # ------------------------------------------------------------------------------------------- inside

    def _score_one(self, context: list[int], token: int) -> Token:
        for found in self._forced(context, token, _SCORE_ALTERNATIVES):
            if found.id == token:
                return found
        # llama.cpp says nothing of a token that ends within a character. Where one that is whole is forced in its place, it
        # stands among the alternatives, which are of the raw distribution, too.
        whole = self._tokenize("\n")[0]
        for most in (1000, _EVERY_TOKEN):
            for found in self._forced(context, whole, most):
                for other in found.alternatives:
                    if other.id == token:
                        best = found.alternatives[:_SCORE_ALTERNATIVES]
                        return Token(text=other.text, logprob=other.logprob, id=token, alternatives=best)
        raise EngineError(f"llama.cpp did not score token {token} of {self._path.name}")

    def _forced(self, context: list[int], token: int, alternatives: int) -> list[Token]:
        """What llama.cpp reports of one token that is forced after ``context``, with so many alternatives."""
        body = {"prompt": context, "max_tokens": 1, "temperature": 0, "logit_bias": [[token, 1e6]], "stream": True}
        choices = self._events({**body, "logprobs": alternatives})
        return [found for choice in choices for found in _tokens(choice.get("logprobs"))]

    def _parameters(self) -> int | None:
        models = exchange(self._folder, "GET", "/v1/models", None).get("data") or [{}]
        count = (models[0].get("meta") or {}).get("n_params")
        return count if isinstance(count, int) else None

    def _check_samplings(self, samplings: Sequence[Sampling]) -> None:
        for sampling in samplings:
            require(self, sampling)
            if not 0 <= sampling.seed <= MAX_SEED:
                raise UnsupportedError(
                    f"engine {self._identity.name} takes seeds from 0 to {MAX_SEED}, got {sampling.seed}: another one would "
                    "not give the same drafts again"
                )
            if sampling.constraint is not None:
                self._check_constraint(sampling.constraint)

    def _pieces(self, prompt: Prompt) -> list[tuple[str, bool]]:
        """The prompt as the model sees it, cut into what the template wrote (True) and what a message holds (False).

        The template is applied to marks that stand for the messages' contents, and is then cut at the marks.
        """
        marked = [{"role": m.role, "content": f"\ue000{i}\ue001"} for i, m in enumerate(prompt.messages)]
        text = self._call("POST", "/apply-template", {"messages": marked}).get("prompt")
        if not isinstance(text, str):
            raise EngineError(f"llama.cpp gave no text for the chat template of {self._path.name}")
        first, *rest = re.split("\ue000(\\d+)\ue001", text)
        pieces = [(first, True)]
        for index, template in zip(rest[::2], rest[1::2], strict=True):
            pieces += [(prompt.messages[int(index)].content, False), (template, True)]
        for index, message in enumerate(prompt.messages):
            if str(index) not in rest[::2]:
                raise EngineError(
                    f"the chat template of {self._path.name} leaves out message {index + 1} ({message.role}); "
                    "build the prompt without it"
                )
        return [*pieces, (prompt.primer, False)]

    def _prompt_tokens(self, prompt: Prompt) -> list[int]:
        pieces = self._pieces(prompt)
        held = "\n".join(text for text, ours in pieces if not ours)
        if self._tokenize(held) == self._tokenize(held, special=True):
            return self._tokenize("".join(text for text, _ in pieces), special=True, begin=True)
        # Some message spells a special token. Cut at the messages' edges it stays text; all else keeps the exact tokens
        # of the whole, which differ at the edges with some vocabularies.
        first, *others = pieces
        ids = self._tokenize(first[0], special=True, begin=True)
        return ids + [i for text, ours in others for i in self._tokenize(text, special=ours)]

    def _tokenize(self, text: str, special: bool = False, begin: bool = False) -> list[int]:
        if not text and not begin:
            return []
        body = {"content": text, "parse_special": special, "add_special": begin}
        return [int(i) for i in self._call("POST", "/tokenize", body)["tokens"]]

    def _beginning(self) -> list[int]:
        return self._tokenize(str(self._call("GET", "/props").get("bos_token") or "\n"), special=True)

    def _check_length(self, used: int, new_tokens: int) -> None:
        if used + new_tokens > self._context:
            raise ContextLengthError(
                f"the prompt has {used} tokens and {new_tokens} more are asked for, but {self._identity.name} holds "
                f"{self._context}; shorten the request or lower --max-tokens"
            )

    def _check_constraint(self, constraint: Constraint) -> None:
        """Raise ``EngineError`` where llama.cpp cannot read the constraint.

        For GBNF it says so itself. What LLGuidance cannot read it leaves out without a word, so a word is demanded before
        the constraint: if the word does not come, the grammar was not used.
        """
        if constraint in self._usable_constraints:
            return
        if (grammar := probe(constraint)) is not None:
            body = {"prompt": self._tokenize("1 + 1 ="), "max_tokens": 2, "temperature": 0, "grammar": grammar}
            if not "".join(c.get("text", "") for c in self._events({**body, "stream": True})).startswith(CANARY[0]):
                raise EngineError(
                    f"llama.cpp cannot use the constraint of kind {constraint.kind!r} that begins {constraint.text[:60]!r}: "
                    "it is malformed, or uses a feature that LLGuidance lacks"
                )
        self._usable_constraints.add(constraint)

    def _decode(self, body: dict[str, Any], n: int, on_tokens: OnTokens | None) -> list[Completion]:
        texts, reasons = [""] * n, ["length"] * n
        tokens: list[list[Token]] = [[] for _ in range(n)]
        ends, started = [0.0] * n, time.monotonic()
        for choice in self._events(body):
            index = int(choice.get("index", 0))
            new = _tokens(choice.get("logprobs"))
            texts[index] += choice.get("text", "")
            tokens[index].extend(new)
            if on_tokens is not None and choice.get("text"):
                on_tokens(max(1, len(new)))
            reason = _reason(choice)
            if reason is not None:
                reasons[index], ends[index] = reason, time.monotonic() - started
        return [
            Completion(text=t, tokens=tuple(k), finish_reason="stop" if r == "stop" else "length", seconds=s)
            for t, k, r, s in zip(texts, tokens, reasons, ends, strict=True)
        ]

    def _events(self, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The choices of a streamed completion. Closing the iterator (Ctrl-C, a caller that stops) cancels decoding."""
        if self._server is None:
            raise EngineError(f"engine {self._identity.name} was closed")
        server, events = self._server, queue.SimpleQueue[Any]()
        cancelled = threading.Event()

        def receive(event: Any) -> bool:
            events.put(event)
            return cancelled.is_set()

        def work() -> None:
            try:
                server.handle_completions(body, receive)
                events.put(None)
            except BaseException as error:
                events.put(error)

        worker = threading.Thread(target=work, name="treadle-llama", daemon=True)
        worker.start()
        try:
            while (event := _next(events)) is not None:
                if isinstance(event, BaseException):
                    raise EngineError(f"llama.cpp failed: {event}") from event
                _raise_error(event, self._identity.name)
                yield from event.get("choices", [])
        finally:
            cancelled.set()
            worker.join()

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        if self._server is None:
            raise EngineError(f"engine {self._identity.name} was closed")
        found = exchange(self._folder, method, path, body)
        _raise_error(found, self._identity.name)
        if not isinstance(found, dict):
            raise EngineError(f"llama.cpp answered {path} with {type(found).__name__}")
        return found


def _check_gguf(path: Path) -> None:
    if not path.is_file():
        raise ModelFileError(f"the model file {path} is not there; `treadle models list` shows what can be pulled")
    try:
        with path.open("rb") as handle:
            magic = handle.read(4)
    except OSError as error:
        raise ModelFileError(f"cannot read the model file {path}: {error.strerror}") from error
    if magic != b"GGUF":
        raise ModelFileError(f"{path} is not a GGUF file (it begins with {magic!r})")


def _groups(samplings: Sequence[Sampling], slots: int, room_tokens: int) -> list[list[int]]:
    """Indices that can go out as one request: same options, consecutive seeds, at most ``slots`` of them.

    All drafts of a request share the context, so together they must not need more than ``room_tokens``.
    """
    groups: list[list[int]] = []
    for index, sampling in enumerate(samplings):
        if groups:
            first, last = samplings[groups[-1][0]], samplings[groups[-1][-1]]
            same = replace(sampling, seed=0) == replace(first, seed=0)
            most = min(slots, room_tokens // first.max_tokens)
            if same and sampling.seed == last.seed + 1 and sampling.temperature > 0 and len(groups[-1]) < most:
                groups[-1].append(index)
                continue
        groups.append([index])
    return groups


def _body(prompt: list[int], sampling: Sampling, stop: tuple[str, ...], n: int) -> dict[str, Any]:
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
    if sampling.constraint is not None:
        body["grammar"] = llama_grammar(sampling.constraint)
    return body


def _tokens(logprobs: Any) -> tuple[Token, ...]:
    if not logprobs:
        return ()
    return tuple(
        Token(
            text=_piece(item),
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


def _reason(choice: dict[str, Any]) -> Any:
    reason = choice.get("finish_reason")
    return None if reason is None else ("length" if reason == "length" else "stop")


def _next(events: queue.SimpleQueue[Any]) -> Any:
    # A short timeout keeps the main thread able to see Ctrl-C while llama.cpp is busy with a long prompt.
    get: Callable[..., Any] = events.get
    while True:
        with contextlib.suppress(queue.Empty):
            return get(timeout=0.2)


def _raise_error(event: Any, name: str) -> None:
    if not isinstance(event, dict):
        return
    error = event.get("error") or (event if "message" in event and "code" in event else None)
    if error:
        message = str(error.get("message", error)) if isinstance(error, dict) else str(error)
        if "exceed" in message and "context" in message.lower():
            raise ContextLengthError(f"{name}: {message}")
        raise EngineError(f"{name}: {message}")
