"""Views as HTML. Pages hold all they need and may fetch nothing: no network, no file beside them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files

import numpy as np

from treadle.display.colours import colour, css, ink
from treadle.display.page import framed, in_script, page
from treadle.model.look.embeddings import Neighbours
from treadle.model.look.heads import Attention
from treadle.model.look.stream import LogitLens, Norms
from treadle.model.look.text import Piece

__all__ = [
    "attention_frame",
    "attention_page",
    "lens_table",
    "neighbours_table",
    "norms_table",
    "page",
]


# ------------------------------------------------------------------------------------------------ attention


def attention_page(found: Attention, layer: int | None = None, head: int | None = None) -> str:
    """A page to choose layer and head on; a token that is pointed at shows what it takes from each token before it.

    Weights are kept in steps of 1/255. ``layer`` and ``head`` are what it begins with.
    """
    found.select(layer, head)
    resources = files("treadle.model.look")
    body = (resources / "attention.html").read_text(encoding="utf-8")
    script = (resources / "attention.js").read_text(encoding="utf-8")
    held = f'<script type="application/json" id="data">{in_script(_data(found, layer, head))}</script>'
    return page("Attention", body + held, script)


def attention_frame(found: Attention) -> str:
    """The page in a frame of its own, for notebooks: its script sees nothing of the notebook."""
    return framed(attention_page(found))


def _data(found: Attention, layer: int | None, head: int | None) -> str:
    rows, columns = np.tril_indices(len(found.pieces))
    return json.dumps(
        {
            "tokens": [[piece.position, piece.text] for piece in found.pieces],
            "layers": found.n_layers,
            "heads": found.n_heads,
            "layer": layer or 0,
            "head": head or 0,
            "weights": _steps(found.weights[:, :, rows, columns]),
            "earlier": _steps(found.earlier),
            "summaries": np.round(found.summaries.astype(float), 3).tolist(),
            "colours": [css(colour(i / 32)) for i in range(33)],
            "inks": [css(ink(i / 32)) for i in range(33)],
        }
    )


def _steps(shares: np.ndarray) -> str:
    return base64.b64encode(np.rint(255 * shares).astype(np.uint8).tobytes()).decode("ascii")


# ------------------------------------------------------------------------------------------------ tables


def lens_table(found: LogitLens) -> str:
    """Layers by positions: the likeliest next token; all of the likeliest ones where it is pointed at."""
    rows = []
    for k in range(found.n_layers + 1):
        cells = [_lens_cell(found.guesses(k, i)) for i in range(len(found.pieces))]
        rows.append((str(k), cells))
    note = f"The likeliest next token after each layer, coloured by its probability; point at a cell for {found.top}."
    return _table(found.pieces, rows, note + " Layer 0 is the embedding, the last one the model's own output.")


def _lens_cell(guesses: Sequence[tuple[str, float]]) -> str:
    text, share = guesses[0]
    told = "\n".join(f"{100 * p:5.1f} %  {t}" for t, p in guesses)
    return _cell(text, share, told)


def norms_table(found: Norms) -> str:
    """Layers by positions: the length of the residual stream, coloured by its logarithm."""
    logs = np.log(np.maximum(found.values, 1e-12))
    low, high = float(logs.min()), float(logs.max())
    shares = (logs - low) / ((high - low) or 1.0)
    rows = []
    for k in range(found.n_layers + 1):
        pairs = zip(found.values[k].tolist(), shares[k].tolist(), strict=True)
        rows.append((str(k), [_cell(f"{value:.4g}", share, "") for value, share in pairs]))
    return _table(found.pieces, rows, "Length of the residual stream after each layer, coloured by its logarithm.")


def neighbours_table(found: Neighbours) -> str:
    """Tokens by cosine, the nearest first."""
    rows = [
        f"<tr><td>{escape(one.text)}</td><td>id:{one.id}</td>{_cell(f'{one.cosine:.3f}', max(0.0, one.cosine), '')}</tr>"
        for one in found.found
    ]
    note = f"Tokens nearest to {found.token.text} (id:{found.token.id}) in the embedding table, by cosine."
    return f"<p>{escape(note)}</p><table><tr><th>token</th><th>id</th><th>cosine</th></tr>{''.join(rows)}</table>"


def _table(pieces: Sequence[Piece], rows: Iterable[tuple[str, Sequence[str]]], note: str) -> str:
    heads = "".join(f'<th title="position {p.position}, id {p.id}">{escape(p.text)}</th>' for p in pieces)
    lines = "".join(f"<tr><th>{label}</th>{''.join(cells)}</tr>\n" for label, cells in rows)
    return (
        f'<p>{escape(note)}</p><div class="scroll" style="overflow-x:auto">'
        f"<table><tr><th>layer</th>{heads}</tr>\n{lines}</table></div>"
    )


def _cell(text: str, share: float, told: str) -> str:
    title = f' title="{escape(told, quote=True)}"' if told else ""
    return f'<td style="background:{css(colour(share))};color:{css(ink(share))}"{title}>{escape(text)}</td>'
