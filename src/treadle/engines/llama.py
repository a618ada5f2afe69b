"""The ``llama`` engine: llama.cpp inside this process, through xllamacpp.

xllamacpp runs llama.cpp's server loop in a thread. We bind it to a Unix socket in a private folder (no TCP port is opened),
call completions in process, and use the socket only for the two calls the binding lacks: tokenise and apply the template.

Drafts that differ only by consecutive seeds go out as one request with ``n``: the prompt is computed once and its KV cells
are shared. Log-probabilities are those of the raw distribution, before temperature, filters and grammar.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import queue
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from treadle.engines.base import OnTokens, require
from treadle.engines.models import sha256_of
from treadle.errors import ContextLengthError, EngineError, ModelFileError
from treadle.types import Alternative, Capabilities, Chunk, Completion, EngineIdentity, Prompt, Sampling, Token

__all__ = ["LlamaEngine"]

SLOTS = 8
"""Drafts decoded at once. With a unified KV cache 16 slots were seen to hang, 8 never."""
CONTEXT_TOKENS = 8192
MAX_ALTERNATIVES = 20


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=60)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self._path)


class LlamaEngine:
    """llama.cpp with one GGUF file.

    Raises:
        ModelFileError: the file is absent, or is no GGUF file that llama.cpp can load.
        EngineError: xllamacpp is not installed or does not start.
    """

    def __init__(
        self, path: Path, name: str | None = None, threads: int = 0, context_tokens: int = CONTEXT_TOKENS, slots: int = SLOTS
    ) -> None:
        _check_gguf(path)
        self._path, self._context, self._slots = path, context_tokens, slots
        self._folder = tempfile.mkdtemp(prefix="treadle-llama-")
        self._server: Any = None
        try:
            self._server, version = _start(path, self._folder, threads or _usable_cpus(), context_tokens, slots)
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise
        self._identity = EngineIdentity(
            name=name or f"llama:{path}",
            backend="llama",
            model=path.name,
            sha256=sha256_of(path),
            versions={"xllamacpp": version},
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
        messages = [{"role": m.role, "content": m.content} for m in prompt.messages]
        if prompt.primer:
            messages.append({"role": "assistant", "content": prompt.primer})
        text = self._post("/apply-template", {"messages": messages})["prompt"]
        if not isinstance(text, str):
            raise EngineError(f"llama.cpp gave no text for the chat template of {self._path.name}")
        # The template strips white space at the end of the primer; the model must continue exactly from it.
        tail = prompt.primer[len(prompt.primer.rstrip()) :]
        return text if not tail or text.endswith(prompt.primer) else text + tail

    def complete(self, prompt: Prompt, samplings: Sequence[Sampling], on_tokens: OnTokens | None = None) -> list[Completion]:
        for sampling in samplings:
            require(self, sampling)
        text = self.render(prompt)
        self._check_length(text, max((s.max_tokens for s in samplings), default=0))
        completions: list[Completion | None] = [None] * len(samplings)
        for group in _groups(samplings, self._slots):
            body = _body(text, samplings[group[0]], prompt.stop, len(group))
            for index, completion in zip(group, self._decode(body, len(group), on_tokens), strict=True):
                sampling = samplings[index]
                completions[index] = replace(completion, seed=sampling.seed, temperature=sampling.temperature)
        return [c for c in completions if c is not None]

    def stream(self, prompt: Prompt, sampling: Sampling) -> Iterator[Chunk]:
        require(self, sampling)
        text = self.render(prompt)
        self._check_length(text, sampling.max_tokens)
        for choice in self._events(_body(text, sampling, prompt.stop, 1)):
            yield Chunk(text=choice.get("text", ""), tokens=_tokens(choice.get("logprobs")), finish_reason=_reason(choice))

    def score(self, text: str) -> list[Token]:
        """Each token's log-probability given the tokens before it.

        llama.cpp's server gives probabilities of generated tokens only, so every token of the text is generated in turn,
        forced by a logit bias (the reported log-probability is that of the raw distribution). The first token, which has
        nothing before it, is scored after the beginning-of-text token where the model has one.
        """
        pieces = self._tokenize(text)
        if not pieces:
            return []
        first = self._tokenize("<|im_end|>", special=True)[:1] or pieces[:1]
        ids = [first[0], *pieces]
        self._check_length(text, 1)
        return [self._score_one(ids[: i + 1], ids[i + 1]) for i in range(len(pieces))]

    def close(self) -> None:
        self._server = None
        shutil.rmtree(self._folder, ignore_errors=True)

    # ------------------------------------------------------------------------------------------- inside

    def _score_one(self, context: list[int], token: int) -> Token:
        body = {"prompt": context, "max_tokens": 1, "temperature": 0, "logprobs": 5, "logit_bias": [[token, 1e6]]}
        choices = list(self._events({**body, "stream": True}))
        for choice in choices:
            for found in _tokens(choice.get("logprobs")):
                if found.id == token:
                    return found
        raise EngineError(f"llama.cpp did not score token {token} of {self._path.name}")

    def _tokenize(self, text: str, special: bool = False) -> list[int]:
        if not text:
            return []
        found = self._post("/tokenize", {"content": text, "parse_special": special, "add_special": False})
        return [int(i) for i in found["tokens"]]

    def _check_length(self, text: str, new_tokens: int) -> None:
        used = self.count_tokens(text)
        if used + new_tokens > self._context:
            raise ContextLengthError(
                f"the prompt has {used} tokens and {new_tokens} more are asked for, but {self._identity.name} holds "
                f"{self._context}; shorten the request or lower --max-tokens"
            )

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

    def _post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        if self._server is None:
            raise EngineError(f"engine {self._identity.name} was closed")
        with contextlib.closing(_UnixConnection(_socket_path(self._folder))) as connection:
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            response = connection.getresponse()
            found = json.loads(response.read())
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


def _socket_path(folder: str) -> str:
    return f"{folder}/llama.sock"  # llama.cpp takes a name that ends in .sock as a Unix socket


def _usable_cpus() -> int:
    return min(8, len(os.sched_getaffinity(0)))


def _start(path: Path, folder: str, threads: int, context_tokens: int, slots: int) -> tuple[Any, str]:
    # libgomp's threads spin at barriers: with one core busy elsewhere decoding at n=8 fell from 180 to 45 tokens a second;
    # with a bounded spin it falls to 88 only, and loses 3 % on an idle machine. Read once, when the library is loaded.
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    try:
        import xllamacpp
    except ImportError as error:
        raise EngineError(f"the llama engine needs xllamacpp: pip install xllamacpp ({error})") from error
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx, params.n_parallel, params.n_batch = context_tokens, slots, 2048
    params.kv_unified = True  # drafts of one request share the prompt's cells: less memory, 3 % faster at n=8
    params.cache_ram_mib = 0  # a host copy of every slot's state would double the memory
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
    params.hostnames = [_socket_path(folder)]
    params.ui = False
    params.warmup = False
    params.verbosity = -1
    try:
        server = xllamacpp.Server(params)
    except Exception as error:
        raise ModelFileError(
            f"llama.cpp cannot load {path} ({error}); the file may be truncated or of a newer form"
        ) from error
    return server, str(xllamacpp.__version__)


def _groups(samplings: Sequence[Sampling], slots: int) -> list[list[int]]:
    """Indices that can go out as one request: same options, consecutive seeds, at most ``slots`` of them."""
    groups: list[list[int]] = []
    for index, sampling in enumerate(samplings):
        if groups:
            first, last = samplings[groups[-1][0]], samplings[groups[-1][-1]]
            same = replace(sampling, seed=0) == replace(first, seed=0)
            if same and sampling.seed == last.seed + 1 and sampling.temperature > 0 and len(groups[-1]) < slots:
                groups[-1].append(index)
                continue
        groups.append([index])
    return groups


def _body(text: str, sampling: Sampling, stop: tuple[str, ...], n: int) -> dict[str, Any]:
    body: dict[str, Any] = {
        "prompt": text,
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
    }
    if sampling.constraint is not None:
        body.update(_constraint(sampling))
    return body


def _constraint(sampling: Sampling) -> dict[str, Any]:
    constraint = sampling.constraint
    assert constraint is not None
    if constraint.kind == "gbnf":
        return {"grammar": constraint.text}
    if constraint.kind == "lark":
        return {"grammar": f"%llguidance {{}}\n{constraint.text}"}
    try:
        return {"json_schema": json.loads(constraint.text)}
    except json.JSONDecodeError as error:
        raise EngineError(f"the JSON schema given as a constraint is not JSON: {error}") from error


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
        if "exceed" in message and "context" in message:
            raise ContextLengthError(f"{name}: {message}")
        raise EngineError(f"{name}: {message}")
