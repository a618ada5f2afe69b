"""A model's vocabulary: text to tokens and back, over the library ``tokenizers``.

Special tokens (ends of turns, of texts, ...) steer the model. They are read in a text only where the caller says that it is
written by us (``special=True``), so nothing that a user or a file holds can end a turn or open one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from treadle.errors import UsageError
from treadle.tokens.unicode import check_unicode

__all__ = ["BYTE_CHARACTERS", "SpecialTokens", "Spelling", "Vocabulary"]

Spelling = Literal["bytes", "sentencepiece"]
"""How tokens are spelled in files: each byte as a printable character (GPT-2), or as text with U+2581 for a space and <0xFF>
for a byte (SentencePiece)."""

_END_OF_TURN = (
    "<|im_end|>", "<|endoftext|>", "<|end_of_text|>", "<|eot_id|>", "<|eom_id|>", "<|end|>", "<end_of_turn>", "<|eot|>",
    "<EOT>", "<|endofturn|>", "<end_of_utterance>", "</s>",
)  # fmt: skip
"""Special tokens that end an answer whatever the file calls its end-of-text token; llama.cpp goes by such a list, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecialTokens:
    """Ids of the tokens with a role; None where the model has none. ``ends``: each of these ends an answer."""

    bos: int | None = None
    eos: int | None = None
    unknown: int | None = None
    padding: int | None = None
    ends: frozenset[int] = frozenset()
    adds_bos: bool = False
    """A text begins with ``bos`` when the model reads it."""


class Vocabulary:
    """Tokens of one model.

    ``tokens``: how each id is spelled in files. ``special_ids``: tokens that are never read in a user's text. ``user_ids``:
    tokens that are always read whole and stand for their own text (runs of spaces in some vocabularies).
    ``chat_template``: the source of the file's template, see ``treadle.model.templates``. ``metadata``: all ``tokenizer.*``
    keys of the GGUF file that it comes from, for writing them again.
    """

    def __init__(
        self,
        tokenizer: Any,
        tokens: Sequence[str],
        roles: SpecialTokens,
        *,
        special_ids: Iterable[int],
        user_ids: Iterable[int] = (),
        spelling: Spelling = "bytes",
        space_prefix: bool = False,
        chat_template: str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        self.tokens, self.spelling, self.space_prefix = tuple(tokens), spelling, space_prefix
        self.special_ids, self.user_ids = frozenset(special_ids), frozenset(user_ids)
        ends = {i for i in self.special_ids if self.tokens[i] in _END_OF_TURN} | (
            set() if roles.eos is None else {roles.eos}
        )
        self.roles = dataclasses.replace(roles, ends=roles.ends | ends)
        self.chat_template = chat_template
        self.metadata = dict(metadata or {})
        self._reads_special = tokenizer
        self._reads_text = _twin(tokenizer)
        self._reads_text.encode_special_tokens = True
        self._bytes: dict[int, bytes] = {}

    @property
    def size(self) -> int:
        """How many ids there are; the model's output may have more (padding)."""
        return len(self.tokens)

    def encode(self, text: str, special: bool = False, begin: bool = False) -> list[int]:
        """The ids of a text. ``special`` reads special tokens; ``begin`` puts the beginning-of-text token before it where
        the model wants one and the text does not spell it already.

        Raises:
            UsageError: the text holds bytes that are no UTF-8, or half of a surrogate pair.
        """
        check_unicode(text)
        ids: list[int] = (self._reads_special if special else self._reads_text).encode(text, add_special_tokens=False).ids
        bos = self.roles.bos
        if begin and self.roles.adds_bos and bos is not None and ids[:1] != [bos]:
            ids = [bos, *ids]
        return ids

    def decode(self, ids: Iterable[int], *, special: bool = False) -> str:
        """The text of the ids; without ``special``, special tokens are left out. What is no UTF-8 becomes U+FFFD.

        Where the vocabulary puts a space before a text (SentencePiece), it is taken off again.
        """
        shown = [i for i in ids if special or i not in self.special_ids]
        raw = b"".join(map(self.token_bytes, shown))
        if self.space_prefix and shown and shown[0] not in self.special_ids:
            raw = raw.removeprefix(b" ")
        return raw.decode("utf-8", "replace")

    def token_bytes(self, token: int) -> bytes:
        """What the token adds to a text: bytes, since one character may take several tokens.

        Raises:
            UsageError: there is no such id.
        """
        if token not in self._bytes:
            if not 0 <= token < self.size:
                raise UsageError(f"there is no token {token}; the vocabulary has {self.size:,} (0 to {self.size - 1:,})")
            self._bytes[token] = self._spelled(token)
        return self._bytes[token]

    def id_of(self, token: str) -> int | None:
        """The id of a token as it is spelled in files, or None."""
        found: int | None = self._reads_special.token_to_id(token)
        return found

    def to_json(self) -> str:
        """The content of a ``tokenizer.json``."""
        return str(self._reads_special.to_str())

    def _spelled(self, token: int) -> bytes:
        text = self.tokens[token]
        if token in self.special_ids or token in self.user_ids:
            return text.encode("utf-8")
        if self.spelling == "bytes":
            if all(c in BYTE_CHARACTERS for c in text):
                return bytes(BYTE_CHARACTERS[c] for c in text)
            return text.encode("utf-8")
        if len(text) == 6 and text.startswith("<0x") and text.endswith(">"):
            return bytes([int(text[3:5], 16)])
        return text.replace("\u2581", " ").encode("utf-8")


def _twin(tokenizer: Any) -> Any:
    """Another tokenizer over the same model, which is not copied."""
    twin = type(tokenizer)(tokenizer.model)
    for step in ("normalizer", "pre_tokenizer", "decoder"):
        if (found := getattr(tokenizer, step)) is not None:
            setattr(twin, step, found)
    added = tokenizer.get_added_tokens_decoder()
    twin.add_tokens([added[i] for i in sorted(added)])
    if twin.get_added_tokens_decoder().keys() != added.keys():  # ids with gaps come out otherwise
        return type(tokenizer).from_str(tokenizer.to_str())
    return twin


def _byte_characters() -> dict[str, int]:
    """GPT-2's printable stand-ins: a printable byte of Latin-1 is itself, the others follow from U+0100 on."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [b for b in range(256) if b not in printable]
    return {chr(b): b for b in printable} | {chr(0x100 + i): b for i, b in enumerate(others)}


BYTE_CHARACTERS = _byte_characters()
"""The byte that each of GPT-2's characters stands for."""
