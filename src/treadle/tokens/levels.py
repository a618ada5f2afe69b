"""One text at five levels: words, subwords, characters, bytes, byte pairs. Every level gives the text back.

Words and characters need no vocabulary to cut, but one too large, or texts too long, to learn from; byte pairs (Sennrich et
al., arXiv:1508.07909, on bytes) lie between. Subwords are cut here as WordPiece cuts (Wu et al., arXiv:1609.08144): the
longest token that fits, from left to right, within a word, where byte pairs merge the pair of lowest rank first. Both use
the same tokens, so what differs is the method.
"""

from __future__ import annotations

import contextlib
import functools
import re

from treadle.errors import UsageError
from treadle.tokens.opening import open_tokens
from treadle.tokens.protocol import Tokens
from treadle.tokens.views import Level, Levels

__all__ = ["LEVELS", "characters", "levels_of", "words"]

LEVELS = ("word", "subword", "character", "byte", "byte-pair")
_WORD = re.compile(r"\w+|[^\w\s]|\s+")


def levels_of(raw: bytes, vocabulary: str | Tokens = "cl100k_base") -> Levels:
    """The text at all five levels; a vocabulary, or the one of that name, gives the tokens of subwords and byte pairs.
    Special tokens are text.

    Raises:
        UnknownNameError: there is no such encoding.
        UsageError: the tokens of the vocabulary do not give the text back.
    """
    text = raw.decode("utf-8", "surrogateescape")
    tokens = open_tokens(vocabulary) if isinstance(vocabulary, str) else vocabulary
    ids, encoding = tokens.encode(text, disallowed_special=()), tokens.name
    pairs = tuple(map(tokens.token_bytes, ids))
    if b"".join(pairs) != raw:
        raise UsageError(
            f"the tokens of {encoding} do not give this text back: it changes texts before it cuts them, or lacks parts of "
            "them; at levels a text is shown by encodings such as cl100k_base, and by byte pairs of your own"
        )
    cut = [
        Level(name="word", how="words, runs of white space, single punctuation marks", pieces=words(raw)),
        Level(name="subword", how=f"longest token of {encoding} first, within a word", pieces=_subwords(raw, tokens)),
        Level(name="character", how="Unicode characters", pieces=characters(raw)),
        Level(name="byte", how="bytes of UTF-8", pieces=tuple(bytes([b]) for b in raw), ids=tuple(raw)),
        Level(
            name="byte-pair",
            how=f"tokens of {encoding}, as it merges them",
            pieces=pairs,
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


def _subwords(raw: bytes, tokens: Tokens) -> tuple[bytes, ...]:
    """Within each word the longest token that fits, from left to right; only whole characters, and a character that is no
    token stays whole."""
    known, longest = _texts(tokens)
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
def _texts(tokens: Tokens) -> tuple[frozenset[str], int]:
    """The tokens that are whole characters, and the length of the longest."""
    known = set()
    for token in set(range(tokens.size)).difference(tokens.special.values()):
        with contextlib.suppress(UsageError):  # a gap
            known.add(tokens.token_bytes(token).decode("utf-8", "replace"))
    return frozenset(text for text in known if "\ufffd" not in text), max(map(len, known))


def _back(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
