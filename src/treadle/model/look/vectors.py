"""Texts as the first layer of a model sees them: each token's row of the embedding table, and how alike texts are by that.

Nothing is computed here but a look-up: vector i of a text is row ids[i] of the table, before any position or layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from treadle.errors import UsageError
from treadle.markup import block, note, said, table
from treadle.model.look.text import Piece, piece_of
from treadle.model.weights import LoadedModel

__all__ = ["Embedded", "Embeddings", "Similarities", "cosines", "embed", "embeddings_data"]

Array = NDArray[np.float32]
MOST_BYTES = 1 << 30
"""Of the vectors of one text."""
LISTED = 64
"""Tokens of a text that a view lists."""
_BY_TABLE = "mean of the token vectors"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Embedded:
    """A text of N tokens. ``ids``: rows of the table; ``vectors`` [N, D]; ``pieces``: the first tokens in readable form."""

    text: str
    ids: tuple[int, ...]
    pieces: tuple[Piece, ...]
    vectors: Array

    @property
    def mean(self) -> Array:
        """[D]: the mean of the token vectors."""
        mean: Array = self.vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
        return mean

    @property
    def lengths(self) -> Array:
        """[N]: how long each vector is."""
        lengths: Array = np.linalg.norm(self.vectors, axis=1)
        return lengths


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Similarities:
    """Cosines [T, T] between T texts. ``by``: what a text's vector is."""

    by: str
    cosines: Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Embeddings:
    """Texts embedded by one model, whose table has ``rows`` tokens of ``size`` numbers each."""

    model: str
    rows: int
    size: int
    texts: tuple[Embedded, ...]
    similarities: tuple[Similarities, ...] = ()

    def _repr_html_(self) -> str:
        pieces = [f"<div><b>{said(table_line(self))}</b></div>"]
        for number, one in enumerate(self.texts, start=1):
            rows = [
                (str(p.position), p.text, f"id:{p.id}", f"{length:.3f}", numbers(vector))
                for p, length, vector in zip(one.pieces, one.lengths, one.vectors, strict=False)
            ]
            pieces.append(f"<div>{said(text_line(number, one))}</div>")
            pieces.append(table(("", "token", "row", "length", "vector"), rows, (0, 3)))
            if (left := len(one.ids) - len(one.pieces)) > 0:
                pieces.append(note(f"... and {left:,} more tokens"))
        for found in self.similarities:
            head = ("cosine", *(str(i + 1) for i in range(len(self.texts))))
            lines = [(str(i + 1), *(f"{c:.3f}" for c in row)) for i, row in enumerate(found.cosines.tolist())]
            pieces += [f"<div>{said(found.by)}</div>", table(head, lines, range(1, len(head)))]
        return block(*pieces)


def embed(model: LoadedModel, name: str, texts: Sequence[str]) -> Embeddings:
    """The rows of the embedding table for each text; with several texts also how alike they are.

    Special tokens are not read in a text, and no beginning-of-text token is put before it.

    Raises:
        UsageError: there is no text, one is empty, is no Unicode, or its vectors would take over a gigabyte.
    """
    if not texts:
        raise UsageError("there is no text to embed; give one or more: treadle embed 'a muon' 'an electron'")
    found = tuple(_embedded(model, text) for text in texts)
    similarities: tuple[Similarities, ...] = ()
    if len(found) > 1:
        similarities = (Similarities(by=_BY_TABLE, cosines=cosines(np.stack([one.mean for one in found]))),)
    size = model.transformer.embedding.weight.shape[1]
    return Embeddings(model=name, rows=model.vocabulary.size, size=size, texts=found, similarities=similarities)


@torch.inference_mode()
def _embedded(model: LoadedModel, text: str) -> Embedded:
    if not text:
        raise UsageError("the text is empty; it has no token and so no vector")
    ids = model.vocabulary.encode(text)
    table_VD = model.transformer.embedding.weight
    n_bytes = 4 * len(ids) * table_VD.shape[1]
    if n_bytes > MOST_BYTES:
        raise UsageError(
            f"the text has {len(ids):,} tokens, whose vectors take {n_bytes / 2**30:.1f} GiB; give it in parts of "
            f"{MOST_BYTES // (4 * table_VD.shape[1]):,} tokens at most"
        )
    vectors: Array = table_VD[torch.tensor(ids, device=table_VD.device)].float().cpu().numpy()
    pieces = tuple(piece_of(model.vocabulary, token, i) for i, token in enumerate(ids[:LISTED]))
    return Embedded(text=text, ids=tuple(ids), pieces=pieces, vectors=vectors)


def cosines(rows_TD: Array) -> Array:
    """Cosines [T, T] between rows; 0 where one has no length."""
    lengths = np.linalg.norm(rows_TD, axis=1, keepdims=True)
    unit = rows_TD / np.maximum(lengths, 1e-12)
    found: Array = np.clip(unit @ unit.T, -1.0, 1.0)
    return found


# ------------------------------------------------------------------------------------------------ words


def table_line(found: Embeddings) -> str:
    """The embedding table in words."""
    return f"embedding table of {found.model}: {found.rows:,} tokens, {found.size:,} numbers each"


def text_line(number: int, one: Embedded) -> str:
    """A text with the shape of its vectors."""
    shown = one.text if len(one.text) <= 60 else one.text[:57] + "..."
    tokens = "one token" if len(one.ids) == 1 else f"{len(one.ids):,} tokens"
    return f"{number}: {shown!r}, {tokens}, shape ({len(one.ids):,}, {one.vectors.shape[1]:,})"


def numbers(vector: Array, n: int = 3) -> str:
    """The first numbers of a vector."""
    return " ".join(f"{x:7.4f}" for x in vector[:n].tolist()) + (" ..." if len(vector) > n else "")


def embeddings_data(found: Embeddings) -> dict[str, Any]:
    """For JSON; the vectors themselves go into a file. Keys are stable: new ones may come, none changes its meaning."""
    return {
        "view": "embeddings",
        "model": found.model,
        "table": [found.rows, found.size],
        "texts": [
            {
                "text": one.text,
                "shape": list(one.vectors.shape),
                "ids": list(one.ids),
                "lengths": [round(x, 6) for x in one.lengths.tolist()],
            }
            for one in found.texts
        ],
        "similarity": [
            {"by": s.by, "cosines": [[round(x, 6) for x in row] for row in s.cosines.tolist()]} for s in found.similarities
        ],
    }
