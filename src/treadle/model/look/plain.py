"""Views as plain data, for JSON. Keys are stable: new ones may come, none changes its meaning."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from treadle.model.look.embeddings import Neighbours
from treadle.model.look.heads import Attention
from treadle.model.look.stream import LogitLens, Norms
from treadle.model.look.text import Piece

__all__ = ["attention_data", "lens_data", "neighbours_data", "norms_data"]

_DIGITS = 6


def attention_data(found: Attention, layer: int | None = None, head: int | None = None) -> dict[str, Any]:
    """``weights``: rows of the head, or the mean over the heads that were not chosen among; ``heads``: their summaries."""
    weights, earlier = found.select(layer, head)
    return {
        "view": "attention",
        "tokens": _tokens(found.pieces),
        "n_layers": found.n_layers,
        "n_heads": found.n_heads,
        "layer": layer,
        "head": head,
        "weights": _rounded(weights.tolist()),
        "earlier": _rounded(earlier.tolist()),
        "heads": [_rounded(dataclasses.asdict(summary)) for summary in found.heads(layer, head)],
    }


def lens_data(found: LogitLens, layer: int | None = None) -> dict[str, Any]:
    """``layers``: for each layer and each shown position the likeliest tokens, the likeliest first."""
    layers = range(found.n_layers + 1) if layer is None else [layer]
    return {
        "view": "lens",
        "tokens": _tokens(found.pieces),
        "n_layers": found.n_layers,
        "top": found.top,
        "layers": [{"layer": k, "positions": [_guesses(found, k, i) for i in range(len(found.pieces))]} for k in layers],
    }


def neighbours_data(found: Neighbours) -> dict[str, Any]:
    return {
        "view": "neighbours",
        "token": {"id": found.token.id, "text": found.token.text},
        "neighbours": [_rounded(dataclasses.asdict(neighbour)) for neighbour in found.found],
    }


def norms_data(found: Norms) -> dict[str, Any]:
    """``norms``: a row for each layer, the embedding first; a number for each shown position."""
    return {
        "view": "norms",
        "tokens": _tokens(found.pieces),
        "n_layers": found.n_layers,
        "norms": _rounded(found.values.tolist()),
    }


def _guesses(found: LogitLens, layer: int, index: int) -> list[dict[str, Any]]:
    ids = found.ids[layer, index].tolist()
    pairs = zip(ids, found.guesses(layer, index), strict=True)
    return [{"id": i, "text": text, "probability": round(share, _DIGITS)} for i, (text, share) in pairs]


def _tokens(pieces: Sequence[Piece]) -> list[dict[str, Any]]:
    return [dataclasses.asdict(piece) for piece in pieces]


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, _DIGITS)
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return value
