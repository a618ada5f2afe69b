"""One text at five levels: words, subwords, characters, bytes, byte pairs. Every level gives the text back.

Words and characters need no vocabulary to cut, but one too large, or texts too long, to learn from; byte pairs (Sennrich et
al., arXiv:1508.07909, on bytes) lie between. Subwords are cut here as WordPiece cuts (Wu et al., arXiv:1609.08144): the
longest token that fits, from left to right, within a word, where byte pairs merge the pair of lowest rank first. Both use
the same tokens, so what differs is the method.
"""

from __future__ import annotations

import functools
import re

from treadle.tokens.encodings import open_encoding, ranks_of, special_tokens_of
from treadle.tokens.views import Level, Levels
from treadle.tokens.wrapped import EncodingTokens

__all__ = ["LEVELS", "characters", "levels_of", "subwords", "words"]

LEVELS = ("word", "subword", "character", "byte", "byte-pair")
_WORD = re.compile(r"\w+|[^\w\s]|\s+")


def levels_of(raw: bytes, encoding: str = "cl100k_base") -> Levels:
    """The text at all five levels; ``encoding`` gives the tokens of subwords and byte pairs. Special tokens are text.

    Raises:
        UnknownNameError: there is no such encoding.
    """
    text = raw.decode("utf-8", "surrogateescape")
    tokens = EncodingTokens(open_encoding(encoding), special_tokens_of(encoding))
    ids = tokens.encode(text, disallowed_special=())
    cut = [
        Level(name="word", how="words, runs of white space, single punctuation marks", pieces=words(raw)),
        Level(name="subword", how=f"longest token of {encoding} first, within a word", pieces=subwords(raw, encoding)),
        Level(name="character", how="Unicode characters", pieces=characters(raw)),
        Level(name="byte", how="bytes of UTF-8", pieces=tuple(bytes([b]) for b in raw), ids=tuple(raw)),
        Level(
            name="byte-pair",
            how=f"merges of {encoding}, lowest rank first",
            pieces=tuple(map(tokens.token_bytes, ids)),
            ids=tuple(ids),
        ),
    ]
    return Levels(raw=raw, encoding=encoding, levels=tuple(cut))


def words(raw: bytes) -> tuple[bytes, ...]:
    """Words (letters, digits, underscores), runs of white space, and every other character by itself."""
    return tuple(map(_back, _WORD.findall(raw.decode("utf-8", "surrogateescape"))))


def characters(raw: bytes) -> tuple[bytes, ...]:
    """Unicode characters; a byte that is no UTF-8 is one of its own."""
    return tuple(map(_back, raw.decode("utf-8", "surrogateescape")))


def subwords(raw: bytes, encoding: str) -> tuple[bytes, ...]:
    """Within each word the longest token that fits, from left to right; only whole characters, and a character that is no
    token stays whole.

    Raises:
        UnknownNameError: there is no such encoding.
    """
    known, longest = _texts(encoding)
    return tuple(
        _back(part)
        for word in _WORD.findall(raw.decode("utf-8", "surrogateescape"))
        for part in _longest_first(word, known, longest)
    )


def _longest_first(word: str, known: frozenset[str], longest: int) -> list[str]:
    parts, start = [], 0
    while start < len(word):
        end = min(len(word), start + longest)
        while end > start + 1 and word[start:end] not in known:
            end -= 1
        parts.append(word[start:end])
        start = end
    return parts


@functools.lru_cache(maxsize=2)
def _texts(encoding: str) -> tuple[frozenset[str], int]:
    """The tokens that are whole characters, and the length of the longest."""
    decoded = (token.decode("utf-8", "replace") for token in ranks_of(encoding))
    known = frozenset(text for text in decoded if "\ufffd" not in text)
    return known, max(map(len, known))


def _back(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
