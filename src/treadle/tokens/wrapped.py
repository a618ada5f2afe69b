"""Vocabularies of four kinds behind the protocol ``Tokens``: encodings, GGUF, the library ``tokenizers``, SentencePiece."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from treadle.errors import UsageError
from treadle.tokens.ordinary import ordinary_ids
from treadle.tokens.protocol import Allowed, Tokens, encoded
from treadle.tokens.vocabulary import BYTE_CHARACTERS, Vocabulary

if TYPE_CHECKING:
    from tiktoken import Encoding

__all__ = ["EncodingTokens", "LibraryTokens", "PieceTokens", "VocabularyTokens"]

_SPACE = "\u2581"
_CHARACTER_OF = {byte: character for character, byte in BYTE_CHARACTERS.items()}


class EncodingTokens:
    """One of OpenAI's encodings, by tiktoken."""

    cuts_at_spaces = True

    def __init__(self, encoding: Encoding, special: Mapping[str, int]) -> None:
        self.encoding, self.name, self.special = encoding, encoding.name, special

    @property
    def size(self) -> int:
        return self.encoding.n_vocab

    def encode(self, text: str, *, allowed_special: Allowed = (), disallowed_special: Allowed = "all") -> list[int]:
        return encoded(
            self,
            text,
            allowed_special,
            disallowed_special,
            of_text=functools.partial(ordinary_ids, self.name),
            of_bytes=self.encoding._encode_single_piece,  # the only way to merge bytes that are no text
        )

    def decode(self, ids: Iterable[int]) -> str:
        return b"".join(map(self.token_bytes, ids)).decode("utf-8", "replace")

    def token_bytes(self, token: int) -> bytes:
        try:
            return self.encoding.decode_single_token_bytes(token)
        except (KeyError, OverflowError):
            raise _no_such(self, token) from None


class VocabularyTokens:
    """The vocabulary of a GGUF file."""

    def __init__(self, name: str, vocabulary: Vocabulary) -> None:
        self.name, self.vocabulary = name, vocabulary
        self.special: dict[str, int] = {vocabulary.tokens[i]: i for i in sorted(vocabulary.special_ids)}
        whole = [vocabulary.tokens[i] for i in vocabulary.user_ids]
        self.cuts_at_spaces = vocabulary.spelling == "bytes" and all(text.isspace() for text in whole)

    @property
    def size(self) -> int:
        return self.vocabulary.size

    def encode(self, text: str, *, allowed_special: Allowed = (), disallowed_special: Allowed = "all") -> list[int]:
        return encoded(
            self, text, allowed_special, disallowed_special, of_text=self.vocabulary.encode, of_bytes=self._of_bytes
        )

    def decode(self, ids: Iterable[int]) -> str:
        return self.vocabulary.decode(ids, special=True)

    def token_bytes(self, token: int) -> bytes:
        return self.vocabulary.token_bytes(token)

    def _of_bytes(self, raw: bytes) -> list[int]:
        in_bytes = self.vocabulary.spelling == "bytes"
        spelled = [_CHARACTER_OF[byte] if in_bytes else f"<0x{byte:02X}>" for byte in raw]
        return _found(self, raw, [self.vocabulary.id_of(text) for text in spelled])


class LibraryTokens:
    """A ``tokenizer.json`` of any kind that the library ``tokenizers`` reads.

    Where its normaliser changes texts, or words are unknown to it, decoding does not give the text back.
    """

    cuts_at_spaces = False

    def __init__(self, name: str, tokenizer: Any, described: Mapping[str, Any]) -> None:
        self.name, self._tokenizer = name, tokenizer
        tokenizer.no_truncation()
        tokenizer.no_padding()
        tokenizer.encode_special_tokens = True
        added = tokenizer.get_added_tokens_decoder()
        self.special: dict[str, int] = {added[i].content: i for i in sorted(added) if added[i].special}
        self._added = {i: token.content for i, token in added.items()}
        self._spelling, self._inside = _spelling(described), _inside(described)

    @functools.cached_property
    def size(self) -> int:
        return max(self._tokenizer.get_vocab(with_added_tokens=True).values(), default=-1) + 1

    def encode(self, text: str, *, allowed_special: Allowed = (), disallowed_special: Allowed = "all") -> list[int]:
        return encoded(self, text, allowed_special, disallowed_special, of_text=self._of_text, of_bytes=self._of_bytes)

    def decode(self, ids: Iterable[int]) -> str:
        known = list(ids)
        for token in known:
            self.token_bytes(token)
        return str(self._tokenizer.decode(known, skip_special_tokens=False))

    def token_bytes(self, token: int) -> bytes:
        spelled = self._tokenizer.id_to_token(token) if 0 <= token < self.size else None
        if spelled is None:
            raise _no_such(self, token)
        return spelled.encode("utf-8") if token in self._added else _raw(spelled.removeprefix(self._inside), self._spelling)

    def _of_text(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def _of_bytes(self, raw: bytes) -> list[int]:
        spelled = [_CHARACTER_OF[byte] if self._spelling == "bytes" else f"<0x{byte:02X}>" for byte in raw]
        return _found(self, raw, [self._tokenizer.token_to_id(text) for text in spelled])


class PieceTokens:
    """A SentencePiece model (``.model``), by the library ``sentencepiece``; its control symbols are its special tokens."""

    cuts_at_spaces = False

    def __init__(self, name: str, processor: Any) -> None:
        self.name, self._processor = name, processor
        control = [i for i in range(self.size) if processor.is_control(i)]
        self.special: dict[str, int] = {processor.id_to_piece(i): i for i in control}

    @property
    def size(self) -> int:
        return int(self._processor.vocab_size())

    def encode(self, text: str, *, allowed_special: Allowed = (), disallowed_special: Allowed = "all") -> list[int]:
        return encoded(
            self, text, allowed_special, disallowed_special, of_text=self._processor.encode, of_bytes=self._of_bytes
        )

    def decode(self, ids: Iterable[int]) -> str:
        raw = b"".join(map(self.token_bytes, ids))
        return raw.removeprefix(b" ").decode("utf-8", "replace")

    def token_bytes(self, token: int) -> bytes:
        if not 0 <= token < self.size:
            raise _no_such(self, token)
        piece = self._processor.id_to_piece(token)
        return _raw(piece, "pieces" if self._processor.is_byte(token) or _SPACE in piece else "text")

    def _of_bytes(self, raw: bytes) -> list[int]:
        ids = [self._processor.piece_to_id(f"<0x{byte:02X}>") for byte in raw]
        return _found(self, raw, [i if self._processor.is_byte(i) else None for i in ids])


def _spelling(described: Mapping[str, Any]) -> str:
    """How tokens stand in a ``tokenizer.json``: as stand-ins of bytes, as pieces with marked spaces, as they are."""
    steps = repr([described.get(part) for part in ("pre_tokenizer", "decoder", "normalizer")])
    if "'ByteLevel'" in steps:
        return "bytes"
    model = described.get("model") or {}
    if "'Metaspace'" in steps or _SPACE in steps or model.get("byte_fallback"):
        return "pieces"
    return "text"


def _inside(described: Mapping[str, Any]) -> str:
    """What a token begins with where it goes on with a word (``##`` in BERT's vocabulary); it is no part of the text."""
    model, decoder = described.get("model") or {}, described.get("decoder") or {}
    if model.get("type") != "WordPiece":
        return ""
    return str(model.get("continuing_subword_prefix") or decoder.get("prefix") or "")


def _raw(spelled: str, spelling: str) -> bytes:
    if spelling == "bytes" and all(c in BYTE_CHARACTERS for c in spelled):
        return bytes(BYTE_CHARACTERS[c] for c in spelled)
    if spelling == "pieces":
        if len(spelled) == 6 and spelled.startswith("<0x") and spelled.endswith(">"):
            return bytes.fromhex(spelled[3:5])
        return spelled.replace(_SPACE, " ").encode("utf-8")
    return spelled.encode("utf-8")


def _found(tokens: Tokens, raw: bytes, ids: Sequence[int | None]) -> list[int]:
    found = [i for i in ids if i is not None]
    if len(found) < len(ids):
        raise UsageError(
            f"the text holds bytes that are no UTF-8 ({raw[:8].hex(' ')}), and {tokens.name} has no tokens for them; "
            "encodings such as cl100k_base have, or decode the text first as what it is (iconv -f LATIN1 -t UTF-8)"
        )
    return found


def _no_such(tokens: Tokens, token: int) -> UsageError:
    return UsageError(f"{tokens.name} has no token {token}; its ids are from 0 to {tokens.size - 1:,}, with gaps in some")
