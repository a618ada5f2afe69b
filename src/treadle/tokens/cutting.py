"""Long texts in pieces that can be encoded one by one: cut only where a token can certainly not reach across.

The patterns of encodings look ahead only, and match from left to right. So a text may be cut where every pattern ends a
match whatever stands around, and where the end of a text means nothing to the match before. That is so after a character
that is no white space, and

- before a space or a tab: no pattern goes on from one into the other;
- after an ASCII letter or digit, also before a line end or ASCII punctuation other than the apostrophe (of ``don't``);
- after a Chinese or Japanese letter, also before the punctuation of these scripts.

Never after white space: a run of it is cut differently where the text ends. Never inside the text of a special token.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator, Sequence

from treadle.tokens.protocol import Tokens, special_pattern

__all__ = ["last_cut", "next_cut", "texts_of", "whole_pieces"]

_CUT = re.compile(
    r"(?<=\S)(?=[ \t])"
    r"|(?<=[A-Za-z0-9])(?=[\r\n!-&(-/:-@\[-`{-~])"
    "|(?<=[\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fa5])(?=[\u3001\u3002\u300c\u300d\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f])"
)
_WINDOW = 4096
"""Cuts are looked for from the end of a text in windows that grow from this many characters."""


def texts_of(blocks: Iterable[bytes]) -> Iterator[str]:
    """UTF-8 in blocks of bytes, cut anywhere, as texts; bytes that are no UTF-8 stand as lone surrogates (PEP 383)."""
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    for block in blocks:
        if text := decoder.decode(block):
            yield text
    if text := decoder.decode(b"", final=True):
        yield text


def whole_pieces(texts: Iterable[str], vocabularies: Sequence[Tokens]) -> Iterator[str]:
    """The same text in pieces, whose ids one after the other are those of the whole, in each of the vocabularies.

    Memory is that of one text and of the longest stretch without a certain cut. Where tokens of a vocabulary may reach
    across any place (``Tokens.cuts_at_spaces``), the whole text is one piece.
    """
    special = frozenset(text for tokens in vocabularies for text in tokens.special)
    cuts = all(tokens.cuts_at_spaces for tokens in vocabularies)
    longest = max(map(len, special), default=1)
    held: list[str] = []
    tail = ""  # the end of what is held: a cut may lie between two texts, a special token across them
    for text in texts:
        seen = tail + text
        cut = last_cut(seen, special, max(0, len(tail) - longest)) if cuts else -1
        held.append(text)
        if cut > 0:
            whole, rest = "".join(held), len(seen) - cut
            yield whole[:-rest]
            held, seen = [whole[-rest:]], seen[cut:]
        tail = seen[-2 * longest :]
    if held:
        yield "".join(held)


def last_cut(text: str, special: frozenset[str] = frozenset(), after: int = 0) -> int:
    """The last place behind ``after`` where the text can be cut, or -1. None is so near to the end that a special token
    could begin before it and end in text that is yet to come."""
    longest = max(map(len, special), default=1)
    low = high = len(text) - longest + 1
    window = _WINDOW
    while low > after:
        low = max(after, high - window)
        for cut in reversed([found.start() for found in _CUT.finditer(text, low, high + 1)]):
            if low < cut <= high and not _inside_special(text, cut, special, longest):
                return cut
        high, window = low, window * 4
    return -1


def next_cut(text: str, start: int) -> int:
    """The first place after ``start`` where the text can be cut, no special tokens being read in it; or its end."""
    found = _CUT.search(text, start + 1)
    return len(text) if found is None else found.start()


def _inside_special(text: str, cut: int, special: frozenset[str], longest: int) -> bool:
    """A special token's text may also begin inside another's, so all beginnings are tried."""
    if not special:
        return False
    pattern = special_pattern(special)
    for start in range(max(0, cut - longest + 1), cut):
        found = pattern.match(text, start)
        if found is not None and found.end() > cut:
            return True
    return False
