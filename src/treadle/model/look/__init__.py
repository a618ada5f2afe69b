"""A look inside the transformer: attention, what every layer would say, neighbours in the embedding table, norms.

Each view is a function from a model and a text to a small dataclass; notebooks draw it (``_repr_html_``), and the modules
``shown``, ``page`` and ``picture`` bring it to a terminal, an HTML page and a PNG file.
"""

from __future__ import annotations

from treadle.model.look.embeddings import Neighbour, Neighbours, neighbours
from treadle.model.look.heads import Attention, HeadSummary, attention
from treadle.model.look.stream import LogitLens, Norms, logit_lens, norms
from treadle.model.look.text import MAX_SHOWN, Piece

__all__ = [
    "MAX_SHOWN",
    "Attention",
    "HeadSummary",
    "LogitLens",
    "Neighbour",
    "Neighbours",
    "Norms",
    "Piece",
    "attention",
    "logit_lens",
    "neighbours",
    "norms",
]
