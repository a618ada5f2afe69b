"""Views as PNG pictures, by matplotlib."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from treadle.errors import UsageError
from treadle.model.look.embeddings import Neighbours
from treadle.model.look.heads import Attention
from treadle.model.look.stream import LogitLens, Norms
from treadle.model.look.text import Piece

__all__ = ["attention_png", "lens_png", "neighbours_png", "norms_png"]

_DPI = 120
_MAX_LENS = 40
"""Columns of a picture with words in its cells."""


def attention_png(found: Attention, layer: int | None = None, head: int | None = None) -> bytes:
    """One head; or all heads of a layer, side by side; or, without a layer, the mean over all heads of every layer."""
    if layer is not None and head is None:
        return _heads_png(found, layer)
    weights, _ = found.select(layer, head)
    size = max(4.0, 0.18 * len(found.pieces) + 2)
    figure, (axes,) = _figure(size + 1, size)
    title = "mean over all layers and heads" if layer is None else f"layer {layer}, head {head}"
    _heat(axes, weights, title)
    texts = [_drawable(piece) for piece in found.pieces]
    axes.set_xticks(range(len(texts)), texts, rotation=90, fontsize=7, parse_math=False)
    axes.set_yticks(range(len(texts)), texts, fontsize=7, parse_math=False)
    axes.set_xlabel("looked at")
    axes.set_ylabel("looking")
    figure.colorbar(axes.images[0], ax=axes, label="share of attention", shrink=0.8)
    return _png(figure)


def _heads_png(found: Attention, layer: int) -> bytes:
    found.select(layer)
    columns = min(found.n_heads, 4)
    rows = -(-found.n_heads // columns)
    figure, axes = _figure(2.6 * columns + 1, 2.8 * rows, rows, columns)
    for h, one in enumerate(axes):
        if h >= found.n_heads:
            one.set_axis_off()
            continue
        _heat(one, found.weights[layer - 1, h], f"layer {layer}, head {h + 1}")
        ends = [0, len(found.pieces) - 1]
        one.set_xticks(ends, [str(found.pieces[i].position) for i in ends], fontsize=7)
        one.set_yticks(ends, [str(found.pieces[i].position) for i in ends], fontsize=7)
    figure.colorbar(axes[0].images[0], ax=axes, label="share of attention", shrink=0.6)
    return _png(figure)


def lens_png(found: LogitLens) -> bytes:
    """The likeliest next token after each layer, coloured by its probability.

    Raises:
        UsageError: there are more positions than words can be read of.
    """
    if len(found.pieces) > _MAX_LENS:
        raise UsageError(
            f"a picture holds {_MAX_LENS} positions of a logit lens, this one has {len(found.pieces)}; --last {_MAX_LENS} "
            "shows the last ones, --html FILE all"
        )
    figure, (axes,) = _figure(1.0 * len(found.pieces) + 2.5, 0.24 * (found.n_layers + 1) + 1.5)
    shares = found.probabilities[:, :, 0]
    image = axes.imshow(shares, cmap="cividis", vmin=0, vmax=1, aspect="auto", origin="lower")
    for k in range(found.n_layers + 1):
        for i, share in enumerate(shares[k].tolist()):
            token = Piece(0, int(found.ids[k, i, 0]), found.texts[int(found.ids[k, i, 0])])
            ink = "black" if share > 0.5 else "white"
            axes.text(i, k, _drawable(token, 12), ha="center", va="center", fontsize=7, color=ink, parse_math=False)
    labels = [_drawable(piece, 12) for piece in found.pieces]
    axes.set_xticks(range(len(labels)), labels, rotation=45, ha="right", fontsize=8, parse_math=False)
    axes.set_yticks(range(0, found.n_layers + 1, 2 if found.n_layers > 12 else 1))
    axes.set_xlabel("after this token")
    axes.set_ylabel("layer (0: the embedding)")
    figure.colorbar(image, ax=axes, label="probability of the likeliest next token")
    return _png(figure)


def norms_png(found: Norms) -> bytes:
    """Lengths by layer: the first shown position, and the middle half and the range of the others."""
    figure, (axes,) = _figure(7, 4)
    layers = np.arange(found.n_layers + 1)
    first = found.pieces[0]
    name = f"position {first.position}: {_drawable(first, 12)}"
    axes.plot(layers, found.values[:, 0], "o--", color="#e69f00", markersize=3, label=name)
    if len(found.pieces) > 1:
        low, quarter, middle, upper, high = np.quantile(found.values[:, 1:], (0, 0.25, 0.5, 0.75, 1), axis=1)
        axes.fill_between(layers, low, high, color="#0072b2", alpha=0.15, label="others: all")
        axes.fill_between(layers, quarter, upper, color="#0072b2", alpha=0.35, label="others: middle half")
        axes.plot(layers, middle, color="#0072b2", label="others: median")
    axes.set_yscale("log")
    axes.set_xlabel("layer (0: the embedding)")
    axes.set_ylabel("length of the residual stream")
    for text in axes.legend(fontsize=8).get_texts():
        text.set_parse_math(False)
    return _png(figure)


def neighbours_png(found: Neighbours) -> bytes:
    """Cosines as bars, the nearest on top."""
    figure, (axes,) = _figure(6, 0.28 * len(found.found) + 1.2)
    places = range(len(found.found))
    axes.barh(places, [one.cosine for one in found.found], color="#0072b2")
    axes.set_yticks(places, [_drawable(Piece(0, one.id, one.text)) for one in found.found], fontsize=8, parse_math=False)
    axes.invert_yaxis()
    title = f"nearest to {_drawable(found.token)} (id:{found.token.id})"
    axes.set_title(title, fontsize=10, parse_math=False)
    axes.set_xlabel("cosine")
    return _png(figure)


def _heat(axes: Any, weights: Any, title: str) -> None:
    seen = np.where(np.tri(len(weights), dtype=bool), weights, np.nan)
    axes.imshow(seen, cmap="cividis", vmin=0, vmax=1, interpolation="nearest")
    axes.set_title(title, fontsize=9)


def _figure(width: float, height: float, rows: int = 1, columns: int = 1) -> tuple[Any, Sequence[Any]]:
    """A figure without pyplot, whose global state is the user's. Sizes in inches."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise UsageError(f"a picture needs matplotlib: pip install matplotlib ({error}); --html FILE needs none") from error
    figure = Figure(figsize=(width, height), dpi=_DPI, layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False).ravel().tolist()


def _drawable(piece: Piece, most: int = 16) -> str:
    """The token's text; characters that the font lacks are told by number, or they would all be the same box."""
    from matplotlib.font_manager import findfont, get_font

    font = get_font(findfont("DejaVu Sans"))
    text = "".join(c if font.get_char_index(ord(c)) else f"<U+{ord(c):04X}>" for c in piece.text)
    return text if len(text) <= most else text[: most - 1] + "…"


def _png(figure: Any) -> bytes:
    sink = io.BytesIO()
    figure.savefig(sink, format="png", metadata={"Software": None})
    return sink.getvalue()
