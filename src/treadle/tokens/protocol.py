"""The one form in which every vocabulary is used, and the rule by which special tokens are read or refused.

The rule is tiktoken's: text that spells a special token is an error unless the caller says what is meant. So no text of a
user, a file or a model ends a document, or opens a turn, by accident.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Literal, Protocol

from treadle.errors import UnknownNameError, UsageError

__all__ = ["Allowed", "Tokens", "encoded", "special_pattern"]

Allowed = Collection[str] | Literal["all"]
"""Texts of special tokens, or all that a vocabulary has."""


class Tokens(Protocol):
    """A vocabulary of any kind: an encoding, a file of the library ``tokenizers``, of GGUF, of SentencePiece.

    Texts may hold bytes that are no UTF-8, as ``bytes.decode("utf-8", "surrogateescape")`` writes them. They are encoded as
    the bytes that they are, apart from the text on both sides, by vocabularies that have tokens for bytes.
    """

    def __hash__(self) -> int:
        """Tables of a vocabulary are kept by the object."""

    @property
    def name(self) -> str:
        """What the user called it."""

    @property
    def size(self) -> int:
        """One more than the highest id; not every id below needs to be used."""

    @property
    def special(self) -> Mapping[str, int]:
        """Ids of special tokens by their text."""

    @property
    def cuts_at_spaces(self) -> bool:
        """No token reaches from a character that is no white space into a space, and other places where
        ``cutting.whole_pieces`` cuts: pieces can be encoded one by one."""

    def encode(self, text: str, *, allowed_special: Allowed = (), disallowed_special: Allowed = "all") -> list[int]:
        """The ids of a text. Special tokens in ``allowed_special`` are read as such, those in ``disallowed_special`` are an
        error, others are ordinary text; what is in both is allowed. Nothing is put before or after the text.

        Raises:
            UsageError: the text spells a disallowed special token, holds half of a surrogate pair, or bytes for which the
                vocabulary has no tokens.
            UnknownNameError: a special token is named that the vocabulary does not have.
        """

    def decode(self, ids: Iterable[int]) -> str:
        """The text of the ids; what is no UTF-8 becomes U+FFFD. Raises ``UsageError`` where an id does not exist."""

    def token_bytes(self, token: int) -> bytes:
        """What a token adds to a text: bytes, since one character may take several tokens.

        Raises:
            UsageError: there is no such id.
        """


def encoded(
    tokens: Tokens,
    text: str,
    allowed_special: Allowed,
    disallowed_special: Allowed,
    *,
    of_text: Callable[[str], list[int]],
    of_bytes: Callable[[bytes], list[int]],
) -> list[int]:
    """``Tokens.encode`` over two functions: the ids of Unicode text without special tokens, and those of bytes."""
    allowed = _chosen(tokens, allowed_special)
    _refuse(tokens, text, _chosen(tokens, disallowed_special) - allowed)
    if not allowed:
        return _ordinary(text, of_text, of_bytes)
    ids: list[int] = []
    for part in re.split(f"({special_pattern(allowed).pattern})", text):
        ids += [tokens.special[part]] if part in allowed else _ordinary(part, of_text, of_bytes)
    return ids


@functools.lru_cache(maxsize=64)
def special_pattern(special: frozenset[str]) -> re.Pattern[str]:
    """Finds any of these texts, the longer before the shorter."""
    return re.compile("|".join(map(re.escape, sorted(special, key=lambda text: (-len(text), text)))) or r"(?!)")


def _chosen(tokens: Tokens, wanted: Allowed) -> frozenset[str]:
    if wanted == "all":
        return frozenset(tokens.special)
    for text in wanted:
        if text not in tokens.special:
            raise UnknownNameError(f"special token of {tokens.name}", text, tokens.special)
    return frozenset(wanted)


def _refuse(tokens: Tokens, text: str, disallowed: frozenset[str]) -> None:
    if not disallowed or (found := special_pattern(disallowed).search(text)) is None:
        return
    around = text[max(0, found.start() - 20) : found.end() + 20].encode("utf-8", "replace").decode("utf-8")
    raise UsageError(
        f"Encountered text corresponding to disallowed special token {found[0]!r} of {tokens.name} "
        f"(id {tokens.special[found[0]]}), at {around!r}. "
        "Special tokens steer a model, so none is read by accident, and none is silently taken for text. Say what is meant: "
        "ordinary text (--special text; disallowed_special=()) or the token (--special read; "
        f"allowed_special={{{found[0]!r}}})"
    )


_BYTES = re.compile("([\udc80-\udcff]+)")
_HALF = re.compile("[\ud800-\udfff]")


def _ordinary(text: str, of_text: Callable[[str], list[int]], of_bytes: Callable[[bytes], list[int]]) -> list[int]:
    if not text:
        return []
    if text.isascii() or _HALF.search(text) is None:
        return of_text(text)
    ids: list[int] = []
    for index, part in enumerate(_BYTES.split(text)):
        if index % 2:
            ids += of_bytes(part.encode("utf-8", "surrogateescape"))
        elif half := _HALF.search(part):
            raise UsageError(
                f"the text is no Unicode: it holds U+{ord(half[0]):04X}, half of a surrogate pair; read files as bytes and "
                "decode them with errors='surrogateescape'"
            )
        elif part:
            ids += of_text(part)
    return ids
