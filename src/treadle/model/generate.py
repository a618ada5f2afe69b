"""Drafts from a prompt: the prompt is read once, in chunks, and its cache is shared by all drafts, decoded side by side.

Shapes: B drafts, T new positions, V vocabulary.

``greedy_without_cache`` is the readable twin. Drafts are the same as its, and the same whatever is drawn beside them, up to
the rounding of matrix products: their last bits depend on how many rows there are, and where two tokens are equally likely
to the last bit, that decides. In double precision no such case was seen; in bfloat16 they are not rare.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor

from treadle.model.cache import KVCache
from treadle.model.memory import telling_what_fits
from treadle.model.narrow import Asked
from treadle.model.sampling import Drawn, Sampler
from treadle.model.stops import TextStream
from treadle.model.transformer import Transformer
from treadle.types import Alternative, FinishReason, Sampling, Token

__all__ = [
    "CHUNK_TOKENS",
    "Draw",
    "Matcher",
    "Piece",
    "Prefix",
    "Row",
    "TokenTable",
    "decode",
    "forward",
    "greedy_without_cache",
    "read_prompt",
    "score_tokens",
]

CHUNK_TOKENS = 256
"""Tokens of a prompt that are read in one step. Between two steps Ctrl-C is heard and progress is told."""

_SHARPENED = 64
"""Candidates whose logits are computed in single precision: more than the usual top-k of 40."""

OnTokens = Callable[[int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenTable:
    """What decoding needs to know of tokens: the bytes of each (none for special ones), and which end a text."""

    token_bytes: Sequence[bytes]
    end_ids: frozenset[int]

    def text(self, token: int) -> str:
        """A token by itself; bytes that are no whole character are replaced."""
        return self.token_bytes[token].decode("utf-8", "replace") if token < len(self.token_bytes) else ""


class Matcher(Asked, Protocol):
    """The language that one draft must belong to (``constraints.py``)."""

    @property
    def repeats(self) -> bool:
        """Whether the draft is over because it began to repeat itself."""
        ...

    def take(self, token: int) -> bool:
        """Go on by a token; True where nothing may follow."""
        ...

    def forced(self) -> list[int]:
        """Tokens that must come next, one after the other; empty where there is a choice."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """How one draft is drawn. ``stop`` comes on top of the sampling's own stop strings."""

    sampling: Sampling
    stop: tuple[str, ...] = ()
    bias: Mapping[int, float] = field(default_factory=dict)
    matcher: Matcher | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What is new of draft ``index``: text, the tokens that it came from, and in the last piece why the draft ended."""

    index: int
    text: str
    tokens: tuple[Token, ...]
    finish_reason: FinishReason | None


@dataclass(slots=True, kw_only=True)
class Prefix:
    """A prompt that was read: its tokens, their cache, and the logits [1, V] of what comes next."""

    ids: tuple[int, ...]
    cache: KVCache
    logits: Tensor


# --------------------------------------------------------------------------------------------------- the prompt


def read_prompt(
    model: Transformer, ids: Sequence[int], known: Prefix | None = None, on_tokens: OnTokens | None = None
) -> Prefix:
    """Read a prompt of at least one token, in chunks. What it shares with ``known``, which is used up, is not read again.

    The cache is taken over in whole chunks only, so that it holds the very bits that reading all of it would give.
    """
    if not ids:
        raise ValueError("a prompt needs at least one token")
    done, cache = 0, KVCache(model.config)
    if known is not None:
        if known.ids == tuple(ids):
            return known
        done = _common(known.ids, ids) // CHUNK_TOKENS * CHUNK_TOKENS
        done = min(done, (len(ids) - 1) // CHUNK_TOKENS * CHUNK_TOKENS)  # the last token's logits have to be computed
        known.cache.truncate(done)
        cache = known.cache
    logits = torch.empty(0)
    for start in range(done, len(ids), CHUNK_TOKENS):
        chunk = ids[start : start + CHUNK_TOKENS]
        logits = forward(model, [chunk], cache, last_only=True)
        if on_tokens is not None:
            on_tokens(len(chunk))
    return Prefix(ids=tuple(ids), cache=cache, logits=logits[:, -1])


def _common(one: Sequence[int], other: Sequence[int]) -> int:
    """How many tokens both begin with."""
    for place, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return place
    return min(len(one), len(other))


@torch.inference_mode()
def forward(model: Transformer, ids: Sequence[Sequence[int]], cache: KVCache | None, *, last_only: bool = False) -> Tensor:
    """Logits [B, T, V], without anything that training would need.

    Raises:
        EngineError: the memory does not suffice; says what would fit.
    """
    with telling_what_fits(model, len(ids)):
        ids_BT = torch.tensor(ids, device=model.embedding.weight.device)
        x_BTD = model.hidden(ids_BT, cache)[:, -1 if last_only else 0 :]
        return _sharper(model, x_BTD, model.logits(x_BTD))


def _sharper(model: Transformer, x_BTD: Tensor, logits_BTV: Tensor) -> Tensor:
    """Logits in single precision, the likeliest computed anew in it.

    A bfloat16 logit of 16 to 32 is a multiple of 1/8. On 600 tokens the best two were exactly alike for 3 %, and the KL
    divergence from single precision falls from 0.0013 to 0.0010 nats a token without this last rounding.
    """
    if logits_BTV.dtype not in (torch.bfloat16, torch.float16):
        return logits_BTV
    weight_VD = model.embedding.weight if model.head is None else model.head.weight
    ids_BTC = logits_BTV.topk(min(_SHARPENED, logits_BTV.shape[-1]), dim=-1).indices
    exact_BTC = (weight_VD[ids_BTC].float() @ model.norm(x_BTD).float()[..., None])[..., 0]
    return logits_BTV.float().scatter_(-1, ids_BTC, exact_BTC)


# --------------------------------------------------------------------------------------------------- the drafts


class Row:
    """One draft while it is decoded."""

    def __init__(self, index: int, draw: Draw, table: TokenTable) -> None:
        self.index, self.draw, self._table = index, draw, table
        self._stream = TextStream((*draw.stop, *draw.sampling.stop))
        self._n_tokens = 0
        self.last = -1
        self.reason: FinishReason | None = None

    @property
    def n_left(self) -> int:
        """Tokens that may still come."""
        return self.draw.sampling.max_tokens - self._n_tokens

    def take(self, token: int, logprob: float, alternatives: Sequence[tuple[int, float]], cut: float | None) -> Piece | None:
        """Add a token; None where no text is certain yet. A token that ends the text is none of its tokens."""
        self.last = token
        self._n_tokens += 1
        ended = self.draw.matcher is not None and self.draw.matcher.take(token)
        if token in self._table.end_ids:
            ended = True
        else:
            self._push(token, logprob, alternatives, cut)
        if self._stream.stopped:
            self.reason = "stop"
        elif ended:
            self.reason = "repeats" if self.draw.matcher is not None and self.draw.matcher.repeats else "stop"
        elif self.n_left == 0:
            self.reason = "length"
        text, tokens = self._stream.pull(last=self.reason is not None)
        if not text and not tokens and self.reason is None:
            return None
        return Piece(index=self.index, text=text, tokens=tokens, finish_reason=self.reason)

    def _push(self, token: int, logprob: float, alternatives: Sequence[tuple[int, float]], cut: float | None) -> None:
        text = self._table.text
        found = Token(
            text=text(token),
            logprob=logprob,
            id=token,
            alternatives=tuple(Alternative(text=text(i), logprob=p, id=i) for i, p in alternatives),
            cut=cut,
        )
        known = self._table.token_bytes
        self._stream.push(known[token] if token < len(known) else b"", found)


def decode(
    model: Transformer,
    prefix: Prefix,
    draws: Sequence[Draw],
    table: TokenTable,
    on_tokens: OnTokens | None = None,
) -> Iterator[Piece]:
    """Drafts that continue ``prefix``, which stays as it is: all of them take a step, those that are done leave.

    ``on_tokens`` is told the number of new tokens after each step. Closing the iterator ends the work.

    Raises:
        EngineError: the logits are not numbers, or the memory does not suffice.
    """
    rows = [Row(index, draw, table) for index, draw in enumerate(draws)]
    sampler = Sampler([d.sampling for d in draws], [d.bias for d in draws])
    cache = prefix.cache.branch()
    logits_BV = prefix.logits.expand(len(rows), -1)
    while rows:
        drawn = sampler.draw(logits_BV, [row.draw.matcher for row in rows])
        if on_tokens is not None:
            on_tokens(len(rows))
        yield from _take(rows, drawn)
        going = [place for place, row in enumerate(rows) if row.reason is None]
        if going and len(going) < len(rows):
            sampler.keep(going)
            cache.keep(torch.tensor(going, device=logits_BV.device))
        rows = [rows[place] for place in going]
        if rows:
            logits_BV = forward(model, [[row.last] for row in rows], cache)[:, -1]


def _take(rows: Sequence[Row], drawn: Drawn) -> Iterator[Piece]:
    # All rows take their token before any piece goes out: whoever reads the pieces may stop at any of them.
    pieces = [
        row.take(token, logprob, alternatives, cut)
        for row, token, logprob, alternatives, cut in zip(
            rows, drawn.ids, drawn.logprobs, drawn.alternatives, drawn.cuts, strict=True
        )
    ]
    yield from (piece for piece in pieces if piece is not None)


def score_tokens(
    model: Transformer, ids: Sequence[int], top: int = 0, on_tokens: OnTokens | None = None
) -> list[tuple[float, list[tuple[int, float]], int]]:
    """Of every token but the first: its natural log-probability given those before it, the ``top`` likeliest there, and its
    rank, where 1 is the likeliest."""
    cache, found = KVCache(model.config), []
    sampling = Sampling(temperature=0, top_logprobs=top)
    for start in range(0, len(ids) - 1, CHUNK_TOKENS):
        end = min(start + CHUNK_TOKENS, len(ids) - 1)
        logits_TV = forward(model, [ids[start:end]], cache)[0]
        given = list(ids[start + 1 : end + 1])
        drawn = Sampler([sampling] * (end - start)).report(logits_TV, given)
        own_T1 = logits_TV.gather(1, torch.tensor(given, device=logits_TV.device)[:, None])
        ranks = ((logits_TV > own_T1).sum(-1) + 1).tolist()
        found += list(zip(drawn.logprobs, drawn.alternatives, ranks, strict=True))
        if on_tokens is not None:
            on_tokens(end - start)
    return found


def greedy_without_cache(model: Transformer, ids: Sequence[int], n_new: int) -> list[int]:
    """The likeliest continuation, the whole text computed anew for every token: slow, and nothing can go wrong in it."""
    text = list(ids)
    for _ in range(n_new):
        text.append(int(forward(model, [text], None)[0, -1].argmax()))
    return text[len(ids) :]
