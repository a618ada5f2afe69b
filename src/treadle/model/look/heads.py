"""Where each head of each layer takes its information from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from treadle.errors import UsageError
from treadle.model.look.text import OnRead, Piece, read, watched
from treadle.model.weights import LoadedModel

__all__ = ["Attention", "HeadSummary", "attention", "check_choice", "check_layer"]

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class HeadSummary:
    """One head, averaged over the shown positions; each looks at every position of the text up to itself.

    ``entropy_bits``: how spread its attention is; 3 bits are as wide as 8 equal shares. ``distance_tokens``: how far back it
    looks, weighted by attention. ``on_first``: the share that goes to the first token of the text, where heads of many
    models put what they have no use for (attention sinks, arXiv:2309.17453).
    """

    layer: int
    head: int
    entropy_bits: float
    distance_tokens: float
    on_first: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """Attention over N shown positions of a text. Layers and heads are counted from 1.

    ``weights`` [L, H, N, N]: what each position (row) takes from each (column). ``earlier`` [L, H, N]: what it takes from
    the positions before the shown ones, all together. A row and its ``earlier`` sum to 1.
    """

    pieces: tuple[Piece, ...]
    weights: Array
    earlier: Array
    summaries: Array
    """[L, H, 3]: entropy in bits, distance in tokens, share on the first token."""

    @property
    def n_layers(self) -> int:
        return int(self.weights.shape[0])

    @property
    def n_heads(self) -> int:
        return int(self.weights.shape[1])

    def select(self, layer: int | None = None, head: int | None = None) -> tuple[Array, Array]:
        """Weights [N, N] and ``earlier`` [N] of a head, or the mean over all heads of a layer, or over all layers.

        Raises:
            UsageError: there is no such layer or head, or a head is given without its layer.
        """
        check_choice(layer, head, self.n_layers, self.n_heads)
        layers = slice(None) if layer is None else slice(layer - 1, layer)
        heads = slice(None) if head is None else slice(head - 1, head)
        return self.weights[layers, heads].mean((0, 1)), self.earlier[layers, heads].mean((0, 1))

    def heads(self, layer: int | None = None, head: int | None = None) -> list[HeadSummary]:
        """Summaries of a head, of all heads of a layer, or of all; errors as ``select``."""
        check_choice(layer, head, self.n_layers, self.n_heads)
        layers = range(1, self.n_layers + 1) if layer is None else [layer]
        heads = range(1, self.n_heads + 1) if head is None else [head]
        return [HeadSummary(k, h, *map(float, self.summaries[k - 1, h - 1])) for k in layers for h in heads]

    def _repr_html_(self) -> str:
        from treadle.model.look.page import attention_frame

        return attention_frame(self)


def attention(model: LoadedModel, text: str, *, last: int | None = None, on_read: OnRead | None = None) -> Attention:
    """The attention of all heads at all positions of ``text``, or at the ``last`` ones.

    Raises:
        UsageError: the text is empty, or too long to be shown without ``last``.
        ContextLengthError: it is longer than the model's context.
    """
    pieces = read(model, text, last)
    watch = _Shares(pieces.start)
    watched(model, pieces, watch, on_read)
    return Attention(
        pieces=pieces.shown,
        weights=np.stack(watch.weights),
        earlier=np.stack(watch.earlier),
        summaries=np.stack(watch.summaries),
    )


def check_choice(layer: int | None, head: int | None, n_layers: int, n_heads: int) -> None:
    """Raise ``UsageError`` with the ranges unless there is such a layer and such a head in it; None chooses all."""
    if layer is None and head is not None:
        raise UsageError(f"head {head} of which layer? --layer takes 1 to {n_layers}")
    check_layer(layer, n_layers)
    if head is not None and not 1 <= head <= n_heads:
        raise UsageError(f"there is no head {head}; each layer of this model has heads 1 to {n_heads}")


def check_layer(layer: int | None, n_layers: int, lowest: int = 1) -> None:
    """Raise ``UsageError`` with the range unless there is such a layer."""
    if layer is not None and not lowest <= layer <= n_layers:
        embedding = "; 0 is the embedding" if lowest == 0 else ""
        raise UsageError(f"there is no layer {layer}; this model has {lowest} to {n_layers}{embedding}")


class _Shares:
    """Keeps what is shown of every layer, and summaries of the rest: all weights of a long text would fill the memory."""

    def __init__(self, start: int) -> None:
        self._start = start
        self.weights: list[Array] = []
        self.earlier: list[Array] = []
        self.summaries: list[Array] = []

    def attention(self, layer: int, weights_BHTS: Tensor) -> None:
        shares = weights_BHTS[0].float()
        self.weights.append(shares[:, :, self._start :].cpu().numpy().copy())
        self.earlier.append(shares[:, :, : self._start].sum(-1).cpu().numpy())
        self.summaries.append(_summaries(shares, self._start).cpu().numpy())

    def residual(self, layer: int, x_BTD: Tensor) -> None:
        return None


def _summaries(shares_HTS: Tensor, start: int) -> Tensor:
    places = torch.arange(shares_HTS.shape[2], device=shares_HTS.device)
    distances_TS = (places[start:, None] - places).clamp(min=0)
    entropy_HT = -torch.xlogy(shares_HTS, shares_HTS).sum(-1) / torch.log(torch.tensor(2.0))
    distance_HT = (shares_HTS * distances_TS).sum(-1)
    return torch.stack((entropy_HT.mean(1), distance_HT.mean(1), shares_HTS[:, :, 0].mean(1)), dim=-1)
