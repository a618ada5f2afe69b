"""The ``torch`` engine: our own transformer on a model file, for GGUF files and Hugging Face's folders.

All drafts of a call are decoded side by side over one prompt that is read and stored once; the last prompt is kept, so that
one which begins alike is read from where it differs. Log-probabilities are those of the raw distribution, before
temperature, filters and constraint, as with the ``llama`` engine, and the filters mean the same.

The same call gives the same drafts. A draft is the same whatever is drawn beside it in precision fp32 only: in bfloat16 two
tokens are often equally likely to the last bit, and the last bit depends on how many rows are computed together.

Special tokens are read in what the chat template wrote, never in what a message holds.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from treadle.engines.base import SCORE_ALTERNATIVES, Guide, OnTokens, biases, require, require_score
from treadle.engines.models import named_adapters, sha256_of
from treadle.errors import EngineError, UnsupportedError
from treadle.model.constraints import KINDS, Constraints, ConstraintTimes, GuidedMatcher
from treadle.model.generate import Draw, Matcher, Piece, Prefix, TokenTable, decode, read_prompt, score_tokens
from treadle.model.lora import put_adapter
from treadle.model.memory import available_bytes, drafts_that_fit
from treadle.model.precision import check_compiler, choose_device, choose_precision, set_precision
from treadle.model.speculate import decode_one
from treadle.model.templates import ChatTemplate
from treadle.model.transformer import Transformer
from treadle.model.weights import load
from treadle.model.weights.adapters import load_adapter
from treadle.tokens.pieces import check_length, cut_to_fit, encode_apart, encode_pieces
from treadle.tokens.vocabulary import Vocabulary
from treadle.types import (
    Alternative,
    Capabilities,
    Chunk,
    Completion,
    EngineIdentity,
    FinishReason,
    Prompt,
    RawText,
    Sampling,
    Scored,
    Token,
)

__all__ = ["TorchEngine"]

CONTEXT_TOKENS = 8192
"""Positions used at most, whatever the model could hold: as with the ``llama`` engine."""
ROWS = 64
"""Drafts decoded at once; with more, a step's products are bound by arithmetic, and nothing is gained."""
MAX_ALTERNATIVES = 20
MAX_SEED = 2**63 - 1
_FOUR_BITS = frozenset({"Q4_0", "Q4_1"})
"""Encodings with the groups of ``int4``: nothing is lost by computing with four bits where the file has no others."""


class TorchEngine:
    """A transformer from ``path``: a GGUF file, or a folder with ``config.json`` and safetensors.

    Args:
        threads: 0 for as many as the process may use, at most 8. All of torch in this process follows it.
        device: 'cpu', 'cuda', 'cuda:1', 'mps'.
        precision: 'fp32', 'bf16', 'int8', 'int4', or 'auto': what is fastest on the device without loss of quality.
        truncate: where a prompt is too long, its texts lose their beginnings, instead of being refused.
        speculate: guess tokens of a lone draft; it stays the same.
        compiled: let torch.compile fuse layers, which takes a C++ compiler; 20 seconds at the first use.
        adapters: files or folders of adapters with their scales; they are added to the weights.

    Raises:
        ModelFileError: the file is absent or damaged, or a model that the transformer cannot compute.
        UnknownNameError, UnsupportedError: of device or precision, or ``compiled`` without a compiler.
    """

    def __init__(
        self,
        path: Path,
        name: str | None = None,
        *,
        threads: int = 0,
        device: str = "cpu",
        precision: str = "auto",
        context_tokens: int = CONTEXT_TOKENS,
        truncate: bool = False,
        speculate: bool = True,
        compiled: bool = False,
        adapters: Sequence[tuple[Path, float]] = (),
    ) -> None:
        self._threads = threads or min(8, len(os.sched_getaffinity(0)))
        torch.set_num_threads(self._threads)
        self._device = choose_device(device)
        choose_precision(precision, self._device)  # what cannot be is told before the seconds that loading takes
        if compiled:
            check_compiler(self._device)
        loaded = load(path)
        _add_adapters(loaded.transformer, adapters)
        # With adapters single precision is as fast for eight drafts (156 ms a step, 161 with four bits), and exact.
        four_bits = bool(loaded.encodings) and loaded.encodings <= _FOUR_BITS and not adapters
        chosen = choose_precision(precision, self._device, four_bit_file=four_bits)
        self._model: Transformer | None = loaded.transformer
        set_precision(loaded.transformer, chosen, self._device, compiled=compiled)
        self._vocabulary, self._config = loaded.vocabulary, loaded.transformer.config
        self._template = None if loaded.vocabulary.chat_template is None else ChatTemplate.of(loaded.vocabulary)
        self._table = _table(self._vocabulary)
        self._constraints: Constraints | None = None
        self._context = min(context_tokens, self._config.max_positions)
        self._truncate, self._speculate = truncate, speculate
        self._known: Prefix | None = None
        self._lock = threading.Lock()
        self._identity = EngineIdentity(
            name=name or f"torch:{path}",
            backend="torch",
            model=path.name,
            sha256=_sha256(loaded.path),
            versions={
                "torch": str(torch.__version__),
                "precision": chosen,
                "device": str(self._device),
                **({"prompts": "cut to fit"} if truncate else {}),
                **named_adapters(adapters, _sha256),
            },
            parameters=self._config.n_parameters,
        )

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            seeds=True,
            logprobs=True,
            top_logprobs=MAX_ALTERNATIVES,
            constraints=KINDS if self._table.end_ids else frozenset(),
            logit_bias=True,
            guides=bool(self._table.end_ids),
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

    @property
    def constraint_seconds(self) -> ConstraintTimes:
        """What constraints took so far."""
        return ConstraintTimes() if self._constraints is None else self._constraints.times

    def count_tokens(self, text: str) -> int:
        return len(self._encode(text))

    def render(self, prompt: Prompt) -> str:
        return "".join(text for text, _ in self._pieces(prompt))

    def complete(
        self,
        prompt: Prompt,
        samplings: Sequence[Sampling],
        on_tokens: OnTokens | None = None,
        guide: Guide | None = None,
    ) -> list[Completion]:
        ids = self._prepare(prompt, samplings)
        return self._completed(ids, samplings, lambda sampling: self._draw(sampling, prompt, guide), self._table, on_tokens)

    def continue_text(
        self, text: RawText, samplings: Sequence[Sampling], on_tokens: OnTokens | None = None
    ) -> list[Completion]:
        """As ``Continues.continue_text``."""
        ends = {end: self._vocabulary.id_of(end) for end in text.ends}
        for end, token in ends.items():
            if token is None or token not in self._vocabulary.special_ids:
                raise UnsupportedError(
                    f"{end!r} is no special token of {self._identity.model}, so no completion can end with it"
                )
        self._check_samplings(samplings)
        parts = [(self._beginning() if text.begins else self._encode("", begin=True), True)]
        parts += [(self._encode(piece, special=special), special) for piece, special in text.pieces]
        ids = self._cut_to_fit(parts, samplings)
        table = replace(self._table, end_ids=self._table.end_ids | {token for token in ends.values() if token is not None})
        prompt = Prompt(messages=())
        return self._completed(ids, samplings, lambda s: self._draw(s, prompt), table, on_tokens)

    def _completed(
        self,
        ids: list[int],
        samplings: Sequence[Sampling],
        draw: Callable[[Sampling], Draw],
        table: TokenTable,
        on_tokens: OnTokens | None,
    ) -> list[Completion]:
        if not samplings:
            return []
        started, found = time.monotonic(), list[Completion]()
        with self._read(ids) as prefix:
            for group in self._groups(len(ids), samplings):
                pieces = self._pieces_of(prefix, [draw(sampling) for sampling in group], table, on_tokens)
                found += _collected(pieces, group, started)
        return found

    def stream(self, prompt: Prompt, sampling: Sampling) -> Iterator[Chunk]:
        ids = self._prepare(prompt, [sampling])
        self._groups(len(ids), [sampling])
        with self._read(ids) as prefix:
            for piece in self._pieces_of(prefix, [self._draw(sampling, prompt)], self._table, None):
                yield Chunk(text=piece.text, tokens=piece.tokens, finish_reason=piece.finish_reason)

    def score(self, text: str, top: int = SCORE_ALTERNATIVES, on_tokens: OnTokens | None = None) -> list[Scored]:
        """Each token's log-probability given the tokens before it, in one pass. Special tokens are read: ``render`` can be
        scored. The first token, which has nothing before it, is scored after the model's beginning-of-text token."""
        require_score(self, top)
        ids = self._encode(text, special=True)
        if not ids:
            return []
        model, beginning = self._opened(), self._beginning()
        check_length(len(ids), 1, self._context, self._identity.name)
        alone = ids[: len(beginning)] == beginning
        scored = score_tokens(model, ids if alone else [*beginning, *ids], top, on_tokens)
        if alone:
            # The beginning itself: what would come after one.
            scored = [*score_tokens(model, [beginning[-1], ids[0]], top), *scored]
        text_of = self._text_of
        return [
            Scored(
                text=text_of(token),
                logprob=logprob,
                id=token,
                rank=rank,
                alternatives=tuple(Alternative(text=text_of(i), logprob=p, id=i) for i, p in best),
            )
            for token, (logprob, best, rank) in zip(ids, scored[-len(ids) :], strict=True)
        ]

    def close(self) -> None:
        self._model = self._known = self._constraints = None

    # ------------------------------------------------------------------------------------------- inside

    def _opened(self) -> Transformer:
        if self._model is None:
            raise EngineError(f"engine {self._identity.name} was closed")
        # A number of its own for each thread that asks: with another one, sums are split elsewhere and round otherwise.
        torch.set_num_threads(self._threads)
        return self._model

    def _prepare(self, prompt: Prompt, samplings: Sequence[Sampling]) -> list[int]:
        """Check what is asked for and give the prompt's tokens."""
        self._check_samplings(samplings, prompt.stop)
        return self._fitted(prompt, samplings)

    def _check_samplings(self, samplings: Sequence[Sampling], stop: Sequence[str] = ()) -> None:
        self._opened()
        for sampling in samplings:
            require(self, sampling)
            if not 0 <= sampling.seed <= MAX_SEED:
                raise UnsupportedError(
                    f"engine {self._identity.name} takes seeds from 0 to {MAX_SEED}, got {sampling.seed}: another one would "
                    "not give the same drafts again"
                )
            self._biases(sampling)
            if "" in stop:
                raise UnsupportedError("a stop string is empty: every draft would end before it begins")
            if sampling.constraint is not None:
                self._compiler().matcher(sampling.constraint)

    def _fitted(self, prompt: Prompt, samplings: Sequence[Sampling]) -> list[int]:
        """The prompt's tokens, cut where it is too long and that is wanted."""
        ids = self._prompt_tokens(prompt)
        if len(ids) + _most_tokens(samplings) <= self._context:
            return ids
        return self._cut_to_fit(encode_apart(self._pieces(prompt), self._encode), samplings)

    def _cut_to_fit(self, parts: Sequence[tuple[list[int], bool]], samplings: Sequence[Sampling]) -> list[int]:
        return cut_to_fit(parts, _most_tokens(samplings), self._context, self._identity.name, truncate=self._truncate)

    def _biases(self, sampling: Sampling) -> dict[int, float]:
        return biases(self, sampling.logit_bias, self._vocabulary.size, self._encode)

    def _pieces(self, prompt: Prompt) -> list[tuple[str, bool]]:
        """The prompt as the model sees it, cut into what the template wrote (True) and what a message holds (False)."""
        if self._template is None:
            raise EngineError(
                f"{self._identity.model} carries no chat template, so it was not taught to answer messages; use a model "
                "that was trained on instructions"
            )
        return [*self._template.pieces(prompt.messages), (prompt.primer, False)]

    def _prompt_tokens(self, prompt: Prompt) -> list[int]:
        return encode_pieces(self._pieces(prompt), self._encode, self._vocabulary.special_ids.__contains__)

    def _encode(self, text: str, special: bool = False, begin: bool = False) -> list[int]:
        return self._vocabulary.encode(text, special=special, begin=begin)

    def _beginning(self) -> list[int]:
        bos = self._vocabulary.roles.bos
        return self._encode("\n") if bos is None else [bos]

    def _text_of(self, token: int) -> str:
        """A token as it stands in a text that was read with special tokens."""
        return self._vocabulary.token_bytes(token).decode("utf-8", "replace") if token < self._vocabulary.size else ""

    @contextlib.contextmanager
    def _read(self, ids: list[int]) -> Iterator[Prefix]:
        """The prompt as it was read, to be decoded from. It is kept afterwards, and belongs to one caller at a time: two
        threads may ask at once, and one that is read further or left half read is no prefix of the other."""
        with self._lock:
            known, self._known = self._known, None
        prefix = read_prompt(self._opened(), ids or self._beginning(), known)
        try:
            yield prefix
        finally:
            with self._lock:
                self._known = None if self._model is None else prefix

    def _groups(self, n_prompt: int, samplings: Sequence[Sampling]) -> list[Sequence[Sampling]]:
        """Drafts that are decoded at once: as many as fit into the memory."""
        longest = max(s.max_tokens for s in samplings)
        dtype = self._opened().embedding.weight.dtype
        free = available_bytes(self._device)
        size = drafts_that_fit(self._config, dtype, n_prompt, longest, free, min(ROWS, len(samplings)))
        return [samplings[start : start + size] for start in range(0, len(samplings), size)]

    def _draw(self, sampling: Sampling, prompt: Prompt, guide: Guide | None = None) -> Draw:
        matcher: Matcher | None = None
        if sampling.constraint is not None:
            matcher = self._compiler().matcher(sampling.constraint)
        elif guide is not None:
            matcher = GuidedMatcher(self._compiler(), guide.stage, self._table.token_bytes, self._table.end_ids)
        return Draw(sampling=sampling, stop=prompt.stop, bias=self._biases(sampling), matcher=matcher)

    def _compiler(self) -> Constraints:
        if self._constraints is None:
            vocabulary = self._vocabulary
            tokens = [vocabulary.token_bytes(i) for i in range(vocabulary.size)]
            tokens += [b""] * (self._config.vocab_size - vocabulary.size)
            self._constraints = Constraints(tokens, vocabulary.special_ids, self._table.end_ids, self._encode)
        return self._constraints

    def _pieces_of(
        self, prefix: Prefix, draws: Sequence[Draw], table: TokenTable, on_tokens: OnTokens | None
    ) -> Iterator[Piece]:
        if len(draws) == 1 and self._speculate:
            return decode_one(self._opened(), prefix, draws[0], table, on_tokens)
        return decode(self._opened(), prefix, draws, table, on_tokens)


def _most_tokens(samplings: Sequence[Sampling]) -> int:
    return max((s.max_tokens for s in samplings), default=0)


def _collected(pieces: Iterator[Piece], samplings: Sequence[Sampling], started: float) -> list[Completion]:
    """Pieces put together, a completion for each sampling."""
    texts = [""] * len(samplings)
    reasons: list[FinishReason] = ["length"] * len(samplings)
    tokens: list[list[Token]] = [[] for _ in samplings]
    seconds = [0.0] * len(samplings)
    for piece in pieces:
        texts[piece.index] += piece.text
        tokens[piece.index] += piece.tokens
        if piece.finish_reason is not None:
            reasons[piece.index], seconds[piece.index] = piece.finish_reason, time.monotonic() - started
    return [
        Completion(
            text=text,
            tokens=tuple(own),
            finish_reason=reason,
            seed=sampling.seed,
            temperature=sampling.temperature,
            seconds=took,
        )
        for text, own, reason, took, sampling in zip(texts, tokens, reasons, seconds, samplings, strict=True)
    ]


def _table(vocabulary: Vocabulary) -> TokenTable:
    """Special tokens add nothing to a text that is generated, as with the ``llama`` engine."""
    raw = [b"" if i in vocabulary.special_ids else vocabulary.token_bytes(i) for i in range(vocabulary.size)]
    return TokenTable(token_bytes=raw, end_ids=vocabulary.roles.ends)


def _add_adapters(model: Transformer, adapters: Sequence[tuple[Path, float]]) -> None:
    for index, (path, scale) in enumerate(adapters):
        put_adapter(model, load_adapter(path, model.config), f"adapter-{index}", scale)


def _sha256(path: Path) -> str:
    """Of the file; of a folder, over the names and contents of its weights and of what says how to use them."""
    if path.is_file():
        return sha256_of(path)
    digest = hashlib.sha256()
    for file in sorted([*path.glob("*.safetensors"), *path.glob("*.json")]):
        digest.update(f"{file.name}\0{sha256_of(file)}\n".encode())
    return digest.hexdigest()
