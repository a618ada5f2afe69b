"""Ids of tokens, several times as fast as tiktoken's, by the library ``splintr``, where its ids are proved equal.

It gets our own rank files and tiktoken's patterns, so it differs from tiktoken in how it cuts and merges only. That both
are equal is shown by tests over sources of installed packages, every character of Unicode in six surroundings, and runs of
blanks, letters and signs; ``benchmarks/tokens.py`` compares whole packages. One difference is known and goes to tiktoken
(``_FOLDED``). Whether the installed version is equal, a sample of hard cases shows each time it is opened.
"""

from __future__ import annotations

import functools
import logging
import re
from collections import Counter
from collections.abc import Callable

from treadle.tokens.encodings import open_encoding, pattern_of, rank_file

__all__ = ["SAMPLE", "fast_ids", "open_fast"]

_log = logging.getLogger(__name__)

_WORTH_CHARACTERS = 500_000
"""Opening takes as long as tiktoken needs for about so many."""
_FOLDED = "\u017f"
"""The long s, which folds to s: after a letter ``'\u017f`` belongs to the word in o200k for one library, not the other."""

SAMPLE = (
    "\ndef compare(str):\n    '''Prints a comparison.'''\n\treturn  str  \r\n\r\n   \n  ",
    "It's WE'LL they'Ve 'S 'll a'd  don\u2019t x'\u00e9 'T 1234567 12\u0663\u0664 \u00bd\u2167 v1.2.3 -- ... ==>//\n",
    "\u4f60\u597d\uff0c\u4e16\u754c \u0391\u03b8\u03ae\u03bd\u03b1",
    "e\u0301te\u0301 a\u0345 \u01c5ab \u02b0 \u0130I\u0131 \ufe0f\ufeff\u200b",
    "\U0001f468\u200d\U0001f469 \u00a0\u2003 \u3000x \x85\x1c\x0b\x0c\u2028\x00\x7f",
    "<|endoftext|> <|fim_prefix|>a<|im_start|> "
    + " " * 30
    + "x"
    + "\t" * 9
    + "\n" * 7
    + "a" * 300
    + "HELLOWorldHelloWORLD/\n/",
)
"""Texts in which libraries are known to cut otherwise."""

_characters: Counter[str] = Counter()
"""How much was encoded in each encoding."""


def fast_ids(name: str, text: str) -> bytes | None:
    """The ids of ``encode_ordinary(text)`` of tiktoken as 32-bit numbers, four bytes each, little-endian.

    None where tiktoken has to be asked: the library is not there or not equal, the text is one of those that it cuts
    otherwise, or there was too little text so far to be worth it to open it.
    """
    _characters[name] += len(text)
    if _characters[name] < _WORTH_CHARACTERS or (_FOLDED in text and name.startswith("o200k")):
        return None
    encode = open_fast(name)
    if encode is None:
        return None
    try:
        return encode(text)
    except UnicodeEncodeError:  # half of a surrogate pair
        return None
    except BaseException as error:
        if type(error).__name__ != "PanicException":  # Rust gave up; its class cannot be imported
            raise
        return None


@functools.cache
def open_fast(name: str) -> Callable[[str], bytes] | None:
    """What gives the ids of a text as 32-bit numbers, or None."""
    try:
        from splintr import Tokenizer
    except ImportError:
        return None
    # Possessive repetitions only forbid going back where going back would not help.
    pattern = re.sub(r"([+*?}])\+", r"\1", pattern_of(name))
    try:
        encode: Callable[[str], bytes] = Tokenizer.from_bytes(rank_file(name), pattern, {}).encode_flat
    except ValueError as error:
        _log.warning("splintr cannot read %s (%s); tiktoken counts", name, error)
        return None
    expected = open_encoding(name).encode_ordinary
    for text in SAMPLE:
        if encode(text) != b"".join(i.to_bytes(4, "little") for i in expected(text)):
            _log.warning("splintr differs from tiktoken in %s at %r; tiktoken counts", name, text[:40])
            return None
    return encode
