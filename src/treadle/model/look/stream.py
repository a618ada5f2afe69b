"""The residual stream, layer by layer: what each layer would say next (logit lens), and how long its vectors are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from treadle.errors import UsageError
from treadle.model.look.heads import check_layer
from treadle.model.look.text import OnRead, Piece, piece_of, read, watched
from treadle.model.weights import LoadedModel

__all__ = ["MAX_TOP", "LogitLens", "Norms", "logit_lens", "norms"]

MAX_TOP = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class LogitLens:
    """The K likeliest next tokens after each of N positions, as the model would say them if it stopped after a layer.

    Layer 0 is the embedding, the last one the model's own output. ``ids`` and ``probabilities`` are [L + 1, N, K], the
    likeliest first; ``texts`` spells every id that occurs. Probabilities are those of the model at temperature 1.
    """

    pieces: tuple[Piece, ...]
    ids: NDArray[np.int64]
    probabilities: NDArray[np.float32]
    texts: dict[int, str]

    @property
    def n_layers(self) -> int:
        return int(self.ids.shape[0]) - 1

    @property
    def top(self) -> int:
        return int(self.ids.shape[2])

    def guesses(self, layer: int, index: int) -> list[tuple[str, float]]:
        """(token, probability) after the ``index``-th shown position (from 0), the likeliest first.

        Raises:
            UsageError: there is no such layer.
        """
        check_layer(layer, self.n_layers, lowest=0)
        pairs = zip(self.ids[layer, index].tolist(), self.probabilities[layer, index].tolist(), strict=True)
        return [(self.texts[token], probability) for token, probability in pairs]

    def _repr_html_(self) -> str:
        from treadle.model.look.page import lens_table

        return lens_table(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Norms:
    """Euclidean length of the residual stream, [L + 1, N]: layer 0 is the embedding, then after each block."""

    pieces: tuple[Piece, ...]
    values: NDArray[np.float32]

    @property
    def n_layers(self) -> int:
        return int(self.values.shape[0]) - 1

    def _repr_html_(self) -> str:
        from treadle.model.look.page import norms_table

        return norms_table(self)


def logit_lens(
    model: LoadedModel, text: str, *, top: int = 3, last: int | None = None, on_read: OnRead | None = None
) -> LogitLens:
    """The last norm and the output layer, applied to the residual stream after every layer (nostalgebraist 2020).

    Inner layers were not trained to be read so; in early ones the result says little.

    Raises:
        UsageError: the text is empty or too long to be shown without ``last``, or ``top`` is out of range.
        ContextLengthError: the text is longer than the model's context.
    """
    vocabulary_size = model.transformer.config.vocab_size
    if not 1 <= top <= min(MAX_TOP, vocabulary_size):
        raise UsageError(f"--top takes 1 to {min(MAX_TOP, vocabulary_size)} tokens here, got {top}")
    pieces = read(model, text, last)
    stream = _Stream()
    watched(model, pieces, stream, on_read)
    ids, probabilities = [], []
    with torch.inference_mode():
        for x_ND in stream.layers:
            best = model.transformer.logits(x_ND).float().softmax(-1).topk(top)
            ids.append(best.indices.cpu().numpy())
            probabilities.append(best.values.cpu().numpy())
    found = np.stack(ids)
    texts = {token: piece_of(model.vocabulary, token).text for token in np.unique(found).tolist()}
    return LogitLens(pieces=pieces.shown, ids=found, probabilities=np.stack(probabilities), texts=texts)


def norms(model: LoadedModel, text: str, *, last: int | None = None, on_read: OnRead | None = None) -> Norms:
    """The length of the residual stream's vectors after each layer; errors as ``logit_lens``."""
    pieces = read(model, text, last)
    stream = _Stream()
    watched(model, pieces, stream, on_read)
    values = torch.stack([x_ND.float().norm(dim=-1) for x_ND in stream.layers])
    return Norms(pieces=pieces.shown, values=values.cpu().numpy())


class _Stream:
    def __init__(self) -> None:
        self.layers: list[Tensor] = []

    def attention(self, layer: int, weights_BHTS: Tensor) -> None:
        return None

    def residual(self, layer: int, x_BTD: Tensor) -> None:
        self.layers.append(x_BTD[0])
