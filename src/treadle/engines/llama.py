"""The ``llama`` engine: llama.cpp inside this process, through xllamacpp.

xllamacpp runs llama.cpp's server loop in a thread. We bind it to a Unix socket in a private folder (no TCP port is opened),
call completions in process, and use the socket only for the two calls the binding lacks: tokenise and apply the template.

Drafts that differ only by consecutive seeds go out as one request with ``n``: the prompt is computed once and its KV cells
are shared. Log-probabilities are those of the raw distribution, before temperature, filters and grammar.

The prompt goes out as tokens. Special tokens are read in what the chat template wrote, never in what a message holds: a
request that contains ``<|im_end|>`` is a request about that text, not the end of the user's turn.
"""

from __future__ import annotations

import itertools
import re
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from treadle.engines.base import SCORE_ALTERNATIVES, Guide, OnTokens, biases, held, require, require_score
from treadle.engines.constraints import CANARY, probe
from treadle.engines.llama_requests import (
    check_gguf,
    collected,
    events,
    groups,
    raise_error,
    reason_of,
    request,
    tokens_of,
)
from treadle.engines.llama_server import exchange, remove_folder, socket_folder, start
from treadle.engines.models import named_adapters, sha256_of
from treadle.errors import EngineError, UnsupportedError
from treadle.tokens.pieces import check_length, cut_to_fit, encode_apart, encode_pieces
from treadle.tokens.unicode import check_unicode
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
    Scored,
    Token,
)

__all__ = ["LlamaEngine"]

SLOTS = 8
"""Drafts decoded at once. With a unified KV cache 16 slots were seen to hang, 8 never."""
CONTEXT_TOKENS = 8192
MAX_ALTERNATIVES = 20
_EVERY_TOKEN = 1 << 20
"""More than any vocabulary has; takes some tenths of a second for 49,152."""
MAX_SEED = 2**32 - 2
"""llama.cpp keeps 32 bits of a seed, and takes the largest number of 32 bits for 'draw one at random'."""


class LlamaEngine:
    """llama.cpp with one GGUF file, and adapters (GGUF file, scale) that count on every request.

    ``truncate``: where a prompt is too long, its texts lose their beginnings, instead of being refused.

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
        truncate: bool = False,
    ) -> None:
        for file in (path, *(adapter for adapter, _ in adapters)):
            check_gguf(file)
        self._path, self._context, self._slots, self._truncate = path, context_tokens, slots, truncate
        self._is_special: dict[int, bool] = {}
        self._folder = socket_folder()
        self._remove_folder = weakref.finalize(self, remove_folder, self._folder)
        self._server: Any = None
        self._usable_constraints: set[Constraint] = set()
        self._scored: list[Scored] = []
        try:
            self._server, version = start(path, self._folder, threads, context_tokens, slots, adapters)
        except BaseException:
            self._remove_folder()
            raise
        told = self._told()
        self._n_tokens = told.get("n_vocab") or 0
        self._identity = EngineIdentity(
            name=name or f"llama:{path}",
            backend="llama",
            model=path.name,
            sha256=sha256_of(path),
            versions={"xllamacpp": version, **({"prompts": "cut to fit"} if truncate else {}), **named_adapters(adapters)},
            parameters=told.get("n_params"),
        )

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            seeds=True,
            logprobs=True,
            top_logprobs=MAX_ALTERNATIVES,
            constraints=frozenset({"gbnf", "json_schema", "lark"}),
            logit_bias=True,
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
        return self._completed(self._fitted(prompt, samplings), samplings, prompt.stop, on_tokens)

    def continue_text(
        self, text: RawText, samplings: Sequence[Sampling], on_tokens: OnTokens | None = None
    ) -> list[Completion]:
        self._check_samplings(samplings)
        for end in text.ends:
            if len(self._tokenize(end, special=True)) != 1 or self._tokenize(end) == self._tokenize(end, special=True):
                raise UnsupportedError(f"{end!r} is no special token of {self._path.name}, so no completion can end with it")
        parts = [(self._beginning() if text.begins else self._tokenize("", begin=True), True)]
        parts += [(self._tokenize(piece, special=special), special) for piece, special in text.pieces]
        ids = self._cut_to_fit(parts, samplings)
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
        completions: list[Completion | None] = [None] * len(samplings)
        for group in groups(samplings, self._slots, self._context - len(ids)):
            first = samplings[group[0]]
            body = {**request(ids, first, stop, len(group), self._biases(first)), "preserved_tokens": list(visible)}
            for index, completion in zip(group, self._decode(body, len(group), on_tokens), strict=True):
                sampling = samplings[index]
                completions[index] = replace(completion, seed=sampling.seed, temperature=sampling.temperature)
        return [c for c in completions if c is not None]

    def stream(self, prompt: Prompt, sampling: Sampling) -> Iterator[Chunk]:
        self._check_samplings([sampling])
        ids = self._fitted(prompt, [sampling])
        for choice in self._events(request(ids, sampling, prompt.stop, 1, self._biases(sampling))):
            yield Chunk(
                text=choice.get("text", ""), tokens=tokens_of(choice.get("logprobs")), finish_reason=reason_of(choice)
            )

    def score(self, text: str, top: int = SCORE_ALTERNATIVES, on_tokens: OnTokens | None = None) -> list[Scored]:
        """Each token's log-probability given the tokens before it. Special tokens are read: ``render`` can be scored.

        llama.cpp's server gives probabilities of generated tokens only, so every token of the text is generated in turn,
        forced by a logit bias (the reported log-probability is that of the raw distribution). The first token, which has
        nothing before it, is scored after the model's beginning-of-text token. What the text shares with the beginning of
        the one that was scored last is not scored again.
        """
        require_score(self, top)
        pieces = self._tokenize(text, special=True)
        check_length(len(pieces), 1, self._context, self._identity.name)
        beginning = self._beginning()
        before = [] if pieces[: len(beginning)] == beginning else beginning
        shared = itertools.takewhile(lambda pair: pair[0].id == pair[1], zip(self._scored, pieces, strict=False))
        known = [token for token, _ in shared]
        self._scored = known
        for i in range(len(known), len(pieces)):
            self._scored.append(self._score_one([*before, *pieces[:i]] or beginning, pieces[i]))
            if on_tokens is not None:
                on_tokens(1)
        return [replace(token, alternatives=token.alternatives[:top]) for token in self._scored]

    def close(self) -> None:
        self._server = None
        self._remove_folder()

    # ------------------------------------------------------------------------------------------- inside

    def _score_one(self, context: list[int], token: int) -> Scored:
        for found in self._forced(context, token, MAX_ALTERNATIVES):
            if found.id == token:
                return _ranked(found, found.alternatives)
        # llama.cpp says nothing of a token that ends within a character. Where one that is whole is forced in its place, it
        # stands among the alternatives, which are of the raw distribution, too.
        whole = self._tokenize("\n")[0]
        for most in (1000, _EVERY_TOKEN):
            for found in self._forced(context, whole, most):
                for other in found.alternatives:
                    if other.id == token:
                        own = Token(text=other.text, logprob=other.logprob, id=token)
                        return _ranked(own, found.alternatives)
        raise EngineError(f"llama.cpp did not score token {token} of {self._path.name}")

    def _forced(self, context: list[int], token: int, alternatives: int) -> list[Token]:
        """What llama.cpp reports of one token that is forced after ``context``, with so many alternatives."""
        body = {"prompt": context, "max_tokens": 1, "temperature": 0, "logit_bias": [[token, 1e6]], "stream": True}
        choices = self._events({**body, "logprobs": alternatives})
        return [found for choice in choices for found in tokens_of(choice.get("logprobs"))]

    def _told(self) -> dict[str, int]:
        """What llama.cpp tells of the model, in numbers."""
        models = exchange(self._folder, "GET", "/v1/models", None).get("data") or [{}]
        return {name: count for name, count in (models[0].get("meta") or {}).items() if isinstance(count, int)}

    def _biases(self, sampling: Sampling) -> dict[int, float]:
        return biases(self, sampling.logit_bias, self._n_tokens, self._tokenize)

    def _check_samplings(self, samplings: Sequence[Sampling]) -> None:
        for sampling in samplings:
            require(self, sampling)
            if not 0 <= sampling.seed <= MAX_SEED:
                raise UnsupportedError(
                    f"engine {self._identity.name} takes seeds from 0 to {MAX_SEED}, got {sampling.seed}: another one would "
                    "not give the same drafts again"
                )
            self._biases(sampling)
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
        return encode_pieces(self._pieces(prompt), self._tokenize, self._reads_special)

    def _fitted(self, prompt: Prompt, samplings: Sequence[Sampling]) -> list[int]:
        """The prompt's tokens, cut where it is too long and that is wanted."""
        ids = self._prompt_tokens(prompt)
        if len(ids) + _most_tokens(samplings) <= self._context:
            return ids
        return self._cut_to_fit(encode_apart(self._pieces(prompt), self._tokenize), samplings)

    def _cut_to_fit(self, parts: Sequence[tuple[list[int], bool]], samplings: Sequence[Sampling]) -> list[int]:
        return cut_to_fit(parts, _most_tokens(samplings), self._context, self._identity.name, truncate=self._truncate)

    def _reads_special(self, token: int) -> bool:
        """Whether it is a special token: its text is read as this token only where special tokens are read."""
        if token not in self._is_special:
            text = str(self._call("POST", "/detokenize", {"tokens": [token]})["content"])
            alone = self._tokenize(text, special=True) == [token]
            self._is_special[token] = alone and self._tokenize(text) != [token]
        return self._is_special[token]

    def _tokenize(self, text: str, special: bool = False, begin: bool = False) -> list[int]:
        if not text and not begin:
            return []
        check_unicode(text)
        body = {"content": text, "parse_special": special, "add_special": begin}
        return [int(i) for i in self._call("POST", "/tokenize", body)["tokens"]]

    def _beginning(self) -> list[int]:
        return self._tokenize(str(self._call("GET", "/props").get("bos_token") or "\n"), special=True)

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
        return collected(self._events(body), n, on_tokens)

    def _events(self, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
        if self._server is None:
            raise EngineError(f"engine {self._identity.name} was closed")
        return events(self._server, body, self._identity.name)

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        if self._server is None:
            raise EngineError(f"engine {self._identity.name} was closed")
        found = exchange(self._folder, method, path, body)
        raise_error(found, self._identity.name)
        if not isinstance(found, dict):
            raise EngineError(f"llama.cpp answered {path} with {type(found).__name__}")
        return found


def _ranked(token: Token, best: Sequence[Alternative]) -> Scored:
    """A token that was given, with the likeliest ones there; its rank is known where it is one of them."""
    rank = next((place for place, other in enumerate(best, start=1) if other.id == token.id), None)
    kept = tuple(best[:MAX_ALTERNATIVES])
    return Scored(text=token.text, logprob=token.logprob, id=token.id, alternatives=kept, rank=rank)


def _most_tokens(samplings: Sequence[Sampling]) -> int:
    return max((s.max_tokens for s in samplings), default=0)
