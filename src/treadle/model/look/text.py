"""The text that is looked at: its tokens in readable form, and one pass of the model over them that is watched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from treadle.display.readable import readable
from treadle.errors import ContextLengthError, UsageError
from treadle.model.cache import KVCache
from treadle.model.transformer import Watch
from treadle.model.weights import LoadedModel
from treadle.tokens.vocabulary import Vocabulary

__all__ = ["MAX_SHOWN", "OnRead", "Piece", "Pieces", "piece_of", "read", "readable", "watched"]

MAX_SHOWN = 128
"""Positions that a view holds at most. The weights of 30 layers of 9 heads over 128 positions are 18 MB, and a page with
them 6 MB; a picture of more could not be read."""

OnRead = Callable[[int, int], None]
"""Told how many tokens of a long text were read, and how many there are."""

_CHUNK = 512


@dataclass(frozen=True, slots=True)
class Piece:
    """A token at its position; ``text`` is readable: marks for spaces and line ends, bytes that are no text as <e2>."""

    position: int
    id: int
    text: str


@dataclass(frozen=True, slots=True)
class Pieces:
    """The tokens of a text, of which those from ``start`` on are shown."""

    ids: tuple[int, ...]
    start: int
    shown: tuple[Piece, ...]


def piece_of(vocabulary: Vocabulary, token: int, position: int = 0) -> Piece:
    """A token of the model; its output layer may have more tokens than the vocabulary names (padding)."""
    text = readable(vocabulary.token_bytes(token)) if token < vocabulary.size else f"<unused {token}>"
    return Piece(position, token, text)


def read(model: LoadedModel, text: str, last: int | None = None, most: int = MAX_SHOWN) -> Pieces:
    """The tokens of ``text``, special ones never read in it, of which all or the ``last`` ones are shown.

    Raises:
        UsageError: the text is empty, or more than ``most`` positions would be shown.
        ContextLengthError: the model has fewer positions than the text has tokens.
    """
    if not text:
        raise UsageError("the text is empty; there is nothing to look at")
    if last is not None and not 1 <= last <= most:
        raise UsageError(f"--last takes 1 to {most} positions, got {last}")
    ids = model.vocabulary.encode(text, begin=True)
    limit = model.transformer.config.max_positions
    if len(ids) > limit:
        raise ContextLengthError(
            f"the text has {len(ids):,} tokens, and this model has {limit:,} positions; shorten the text"
        )
    n_shown = len(ids) if last is None else min(last, len(ids))
    if n_shown > most:
        raise UsageError(
            f"the text has {len(ids):,} tokens, too many to show; --last {most} reads all of it and shows the last {most}"
        )
    start = len(ids) - n_shown
    shown = tuple(piece_of(model.vocabulary, token, start + i) for i, token in enumerate(ids[start:]))
    return Pieces(tuple(ids), start, shown)


@torch.inference_mode()
def watched(model: LoadedModel, pieces: Pieces, watch: Watch, on_read: OnRead | None = None) -> Tensor:
    """Read all tokens, the shown ones under ``watch``; the residual stream [N, D] after the last block at those.

    ``on_read`` is told of every part of a text of which only the end is shown.
    """
    transformer = model.transformer
    ids = torch.tensor([pieces.ids], device=transformer.embedding.weight.device)
    cache, told = KVCache(transformer.config), on_read or (lambda _done, _all: None)
    if pieces.start:
        told(0, len(pieces.ids))
        for chunk in torch.split(ids[:, : pieces.start], _CHUNK, dim=1):
            transformer.hidden(chunk, cache)
            told(cache.length, len(pieces.ids))
    return transformer.hidden(ids[:, pieces.start :], cache, watch=watch)[0]
