"""How a word comes to its tokens: the merges of ``educational.BytePairs``, one a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from treadle.markup import block, code
from treadle.tokens.educational import BytePairs
from treadle.tokens.unicode import check_unicode

__all__ = ["Explained", "explained"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A text and the ``lines`` that tell its pieces, their merges and its tokens."""

    text: str
    ids: tuple[int, ...]
    lines: tuple[str, ...]

    def _repr_html_(self) -> str:
        return block(code("\n".join(self.lines)))


def explained(pairs: BytePairs, text: str) -> Explained:
    """The pieces, their merges, each with the token that was made, and the tokens.

    Raises:
        UsageError: the text holds bytes that are no UTF-8.
    """
    check_unicode(text)
    lines: list[str] = []
    ids = pairs.encode(text)
    for piece in pairs.pieces(text):
        lines.append(f"piece {_readable(piece)}")
        lines.append(f"{'':9}  {_joined([bytes([b]) for b in piece])}")
        for merge in pairs.merges(piece):
            lines.append(f"{merge.rank:9}  {_joined(merge.parts)}   ({_readable(merge.left)} + {_readable(merge.right)})")
        if piece in pairs.ranks and len(piece) > 1:
            lines.append(f"{'':9}  the piece is itself a token, so it is taken at once")
    shown = ", ".join(f"{i} {_readable(pairs.decode_bytes([i]))}" for i in ids)
    lines.append(f"{len(ids)} token{'s' if len(ids) != 1 else ''}: {shown}")
    return Explained(text=text, ids=tuple(ids), lines=tuple(lines))


def _joined(parts: Sequence[bytes]) -> str:
    return " | ".join(map(_readable, parts))


def _readable(raw: bytes) -> str:
    """Bytes as text where they are UTF-8; blanks and what cannot be seen in the notation of Python."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return " ".join(f"<{b:02X}>" for b in raw)
    return "".join("\u2423" if c == " " else c if c.isprintable() else ascii(c)[1:-1] for c in text)
