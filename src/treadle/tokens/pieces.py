"""Tokens of a prompt that is put together of pieces: what a template wrote, and what messages hold.

A piece is (text, True) where the template wrote it, and special tokens are read in it; (text, False) where it is anybody's
text, and they are not.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from treadle.errors import ContextLengthError

__all__ = ["Encode", "check_length", "cut_to_fit", "encode_apart", "encode_pieces"]

LEAST_KEPT = 32
"""Tokens of the last text that always stay: less would not be a question any more."""

_log = logging.getLogger(__name__)


class Encode(Protocol):
    """The tokens of a text; ``special`` reads special tokens, ``begin`` puts the token before it that begins a text."""

    def __call__(self, text: str, special: bool = False, begin: bool = False) -> list[int]: ...


def encode_apart(pieces: Sequence[tuple[str, bool]], encode: Encode) -> list[tuple[list[int], bool]]:
    """The tokens of each piece, with whether the template wrote it. Texts of others that adjoin are one text."""
    runs: list[tuple[str, bool]] = []
    for text, ours in pieces:
        if text and not ours and runs and not runs[-1][1]:
            runs[-1] = (runs[-1][0] + text, False)
        elif text:
            runs.append((text, ours))
    if not runs or not runs[0][1]:
        return [(encode("", begin=True), True), *((encode(text, special=ours), ours) for text, ours in runs)]
    return [(encode(text, special=ours, begin=k == 0), ours) for k, (text, ours) in enumerate(runs)]


def encode_pieces(pieces: Sequence[tuple[str, bool]], encode: Encode, is_special: Callable[[int], bool]) -> list[int]:
    """The tokens of all pieces, with the special tokens that the template wrote and no other.

    They are those of the whole text, which differ at the pieces' edges with some vocabularies. Where that text spells other
    special tokens - a message holds one, or its end and what follows make one together - the pieces are encoded apart.
    """
    whole = encode("".join(text for text, _ in pieces), special=True, begin=True)
    parts = encode_apart(pieces, encode)
    plain = {token for ids, ours in parts if not ours for token in ids}  # no text of others is read as a special token
    apart = [token for ids, _ in parts for token in ids]

    def special(ids: list[int]) -> list[int]:
        return [token for token in ids if token not in plain and is_special(token)]

    return whole if special(whole) == special(apart) else apart


def check_length(n_prompt: int, new_tokens: int, limit: int, whose: str, hint: str = "") -> None:
    """Raise ``ContextLengthError``, which names both numbers, where a prompt and its continuation do not fit."""
    if n_prompt + new_tokens > limit:
        raise ContextLengthError(
            f"the prompt has {n_prompt} tokens and {new_tokens} more are asked for, but {whose} holds {limit}; "
            f"shorten the request or lower --max-tokens{hint}"
        )


def cut_to_fit(
    parts: Sequence[tuple[list[int], bool]], new_tokens: int, limit: int, whose: str, *, truncate: bool
) -> list[int]:
    """The tokens of ``parts`` (tokens, whether the template wrote them), few enough for ``new_tokens`` more after them.

    With ``truncate``, texts of others lose their beginnings, the first text first, as little as needed, and a warning is
    logged. What the template wrote stays, and so does the end of the last text.

    Raises:
        ContextLengthError: they do not fit; names both numbers.
    """
    n_prompt = sum(len(ids) for ids, _ in parts)
    excess = n_prompt + new_tokens - limit
    if excess <= 0 or not truncate:
        hint = "" if truncate else ", or let the beginnings of texts be left out: TREADLE_TRUNCATE=yes"
        check_length(n_prompt, new_tokens, limit, whose, hint)
        return [token for ids, _ in parts for token in ids]
    last = max((k for k, (ids, ours) in enumerate(parts) if ids and not ours), default=-1)
    found: list[int] = []
    left_out = 0
    for k, (ids, ours) in enumerate(parts):
        most = 0 if ours else len(ids) - (min(LEAST_KEPT, len(ids)) if k == last else 0)
        n_cut = min(most, excess - left_out)
        found += ids[n_cut:]
        left_out += n_cut
    check_length(len(found), new_tokens, limit, whose, f"; {left_out} tokens of its texts were left out already")
    _log.warning(
        "the prompt has %d tokens and %d more are asked for, but %s holds %d: %d tokens were left out, from the beginnings "
        "of its texts, the first one first",
        *(n_prompt, new_tokens, whose, limit, left_out),
    )
    return found
