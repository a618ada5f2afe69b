"""Which tokens the model's embedding table holds near a token."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from treadle.errors import UsageError
from treadle.model.look.text import Piece, piece_of
from treadle.model.weights import LoadedModel

__all__ = ["MAX_NEIGHBOURS", "Neighbour", "Neighbours", "neighbours"]

MAX_NEIGHBOURS = 100


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A token and the cosine of its vector with that of the token asked for: 1 means the same direction."""

    id: int
    text: str
    cosine: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """The nearest tokens by cosine, the nearest first; the token itself is left out."""

    token: Piece
    found: tuple[Neighbour, ...]

    def _repr_html_(self) -> str:
        from treadle.model.look.page import neighbours_table

        return neighbours_table(self)


@torch.inference_mode()
def neighbours(model: LoadedModel, token: str, *, top: int = 10) -> Neighbours:
    """The ``top`` tokens nearest to ``token``, a text that is one token or ``id:N``.

    Raises:
        UsageError: it is empty, is several tokens, or there is no such id.
    """
    most = min(MAX_NEIGHBOURS, model.vocabulary.size - 1)
    if not 1 <= top <= most:
        raise UsageError(f"--top takes 1 to {most} neighbours, got {top}")
    wanted = _id_of(model, token)
    # Rows that no token has are padding, and random.
    table_VD = model.transformer.embedding.weight[: model.vocabulary.size].float()
    cosines_V = torch.nn.functional.cosine_similarity(table_VD, table_VD[wanted], dim=-1)
    cosines_V[wanted] = -2.0
    best = cosines_V.topk(top)
    pairs = zip(best.indices.tolist(), best.values.tolist(), strict=True)
    found = tuple(Neighbour(i, piece_of(model.vocabulary, i).text, cosine) for i, cosine in pairs)
    return Neighbours(token=piece_of(model.vocabulary, wanted), found=found)


def _id_of(model: LoadedModel, token: str) -> int:
    vocabulary = model.vocabulary
    if not token:
        raise UsageError("the token is empty; name one, as in --neighbours ' muon', or --neighbours id:260")
    if token.startswith("id:") and token[3:].isdecimal():
        wanted = int(token[3:])
        vocabulary.token_bytes(wanted)  # complains where there is none
        return wanted
    ids = vocabulary.encode(token)
    if len(ids) == 1:
        return ids[0]
    parts = ", ".join(f"id:{i} {piece_of(vocabulary, i).text}" for i in ids[:8]) + (", ..." if len(ids) > 8 else "")
    spaced = vocabulary.encode(f" {token}")
    hint = f"; with a space before it, it is one: --neighbours ' {token}'" if len(spaced) == 1 else ""
    raise UsageError(f"{token[:40]!r} is {len(ids)} tokens here ({parts}), and neighbours are those of one{hint}")
