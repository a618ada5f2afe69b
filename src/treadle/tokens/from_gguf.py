"""The vocabulary that a GGUF file carries in its metadata."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from treadle.errors import ModelFileError
from treadle.tokens.gguf import GGUFHeader
from treadle.tokens.pretokenizers import merges_are_ignored, pre_tokenizer
from treadle.tokens.vocabulary import BYTE_CHARACTERS, SpecialTokens, Vocabulary

__all__ = ["KINDS", "vocabulary_from_gguf"]

KINDS = {"normal": 1, "unknown": 2, "control": 3, "user defined": 4, "unused": 5, "byte": 6}
"""GGUF's numbers for what a token is."""

_ROLES = ("bos", "eos", "unknown", "padding")
_SPACE = "\u2581"


def vocabulary_from_gguf(header: GGUFHeader) -> Vocabulary:
    """The tokens of the model in ``header``.

    Raises:
        ModelFileError: there are none, they are of another kind than byte pairs or SentencePiece, or their lists disagree.
    """
    data = {k: v for k, v in header.metadata.items() if k.startswith("tokenizer.")}
    read = _Lists(data, header.path)
    model = data.get("tokenizer.ggml.model")
    if model not in ("gpt2", "llama"):
        raise ModelFileError(
            f"{header.path} has a vocabulary of the kind {model!r} (tokenizer.ggml.model); known here: gpt2 (byte pairs), "
            "llama (SentencePiece)"
        )
    tokens = read.tokens()
    kinds = read.kinds(len(tokens))
    special = [i for i, kind in enumerate(kinds) if kind in (KINDS["unknown"], KINDS["control"])]
    user = [i for i, kind in enumerate(kinds) if kind == KINDS["user defined"]]
    prefix = bool(data.get("tokenizer.ggml.add_space_prefix", model == "llama")) and model == "llama"
    tokenizer = _byte_pairs(read, tokens) if model == "gpt2" else _sentencepiece(read, tokens, kinds, prefix)
    _add_tokens(tokenizer, [(tokens[i], True) for i in special] + [(tokens[i], False) for i in user])
    return Vocabulary(
        tokenizer,
        tokens,
        read.roles(len(tokens)),
        special_ids=special,
        user_ids=user,
        spelling="bytes" if model == "gpt2" else "sentencepiece",
        space_prefix=prefix,
        chat_template=data.get("tokenizer.chat_template"),
        metadata=data,
    )


class _Lists:
    """The lists of a vocabulary, each checked for its length."""

    def __init__(self, data: Mapping[str, Any], path: object) -> None:
        self.data, self.path = data, path

    def tokens(self) -> list[str]:
        found = self.data.get("tokenizer.ggml.tokens")
        if not isinstance(found, list) or not found or not isinstance(found[0], str):
            raise ModelFileError(f"{self.path} carries no vocabulary (tokenizer.ggml.tokens)")
        return found

    def kinds(self, size: int) -> list[int]:
        return self._as_long("token_type", size) or [KINDS["normal"]] * size

    def scores(self, size: int) -> list[float]:
        return self._as_long("scores", size) or [0.0] * size

    def merges(self) -> list[tuple[str, str]]:
        found = self.data.get("tokenizer.ggml.merges")
        if not isinstance(found, list):
            raise ModelFileError(f"{self.path} lacks tokenizer.ggml.merges, by which byte pairs are merged")
        pairs = []
        for merge in found:
            first, _, second = str(merge).partition(" ")
            if not second:
                raise ModelFileError(f"{self.path}: the merge {merge!r} is no pair")
            pairs.append((first, second))
        return pairs

    def roles(self, size: int) -> SpecialTokens:
        found = {role: self.data.get(f"tokenizer.ggml.{role}_token_id") for role in _ROLES}
        for role, token in found.items():
            if token is not None and not (isinstance(token, int) and 0 <= token < size):
                raise ModelFileError(f"{self.path}: the {role} token is {token!r}, and the vocabulary has {size:,} tokens")
        ends = [self.data.get(f"tokenizer.ggml.{name}_token_id") for name in ("eos", "eot", "eom")]
        by_default = self.data.get("tokenizer.ggml.model") == "llama" or merges_are_ignored(self.pre)
        adds = self.data.get("tokenizer.ggml.add_bos_token", by_default)
        return SpecialTokens(**found, ends=frozenset(i for i in ends if isinstance(i, int)), adds_bos=bool(adds))

    @property
    def pre(self) -> str:
        return str(self.data.get("tokenizer.ggml.pre", "default"))

    def _as_long(self, name: str, size: int) -> list[Any]:
        found = self.data.get(f"tokenizer.ggml.{name}")
        if found is None:
            return []
        if not isinstance(found, list) or len(found) != size or not isinstance(found[0], int | float):
            raise ModelFileError(
                f"{self.path}: tokenizer.ggml.{name} should be a list of {size:,} numbers, one for each token"
            )
        return found


def _byte_pairs(read: _Lists, tokens: Sequence[str]) -> Any:
    from tokenizers import Tokenizer, decoders, models

    vocabulary = _ids(tokens)
    lacking = "".join(c for c in BYTE_CHARACTERS if c not in vocabulary)
    cutter = pre_tokenizer(read.pre, read.path, lacking)
    merges = read.merges()
    with _fitting(read.path):
        model = models.BPE(vocab=vocabulary, merges=merges, ignore_merges=merges_are_ignored(read.pre))
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer, tokenizer.decoder = cutter, decoders.ByteLevel()
    return tokenizer


def _sentencepiece(read: _Lists, tokens: Sequence[str], kinds: Sequence[int], prefix: bool) -> Any:
    """SentencePiece's byte pairs: the best-scored token that two neighbours make is merged first."""
    from tokenizers import Tokenizer, decoders, models, normalizers

    normal = {tokens[i]: i for i, kind in enumerate(kinds) if kind in (KINDS["normal"], KINDS["user defined"])}
    unknown = read.roles(len(tokens)).unknown
    merges = _merges_by_score(normal, read.scores(len(tokens)))
    with _fitting(read.path):
        model = models.BPE(
            vocab=_ids(tokens),
            merges=merges,
            unk_token=None if unknown is None else tokens[unknown],
            fuse_unk=True,
            byte_fallback=True,
        )
    tokenizer = Tokenizer(model)
    spaces = normalizers.Replace(" ", _SPACE)
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend(_SPACE), spaces]) if prefix else spaces
    steps = [decoders.Replace(_SPACE, " "), decoders.ByteFallback(), decoders.Fuse()]
    tokenizer.decoder = decoders.Sequence([*steps, decoders.Strip(" ", 1, 0)] if prefix else steps)
    return tokenizer


def _ids(tokens: Sequence[str]) -> dict[str, int]:
    """Some files spell several unused tokens alike; the last one stands, as in llama.cpp."""
    return {token: i for i, token in enumerate(tokens)}


@contextlib.contextmanager
def _fitting(path: object) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # the library raises plain Exception
        raise ModelFileError(f"the vocabulary of {path} does not fit together: {error}") from error


def _merges_by_score(normal: Mapping[str, int], scores: Sequence[float]) -> list[tuple[str, str]]:
    """All pairs of tokens that make a token, the best-scored one first."""
    found = []
    for token, i in normal.items():
        pairs = [(token[:cut], token[cut:]) for cut in range(1, len(token))]
        pairs = [(a, b) for a, b in pairs if a in normal and b in normal]
        found += [(-scores[i], i, normal[a], normal[b], a, b) for a, b in pairs]
    return [(a, b) for *_, a, b in sorted(found)]


def _add_tokens(tokenizer: Any, tokens: Sequence[tuple[str, bool]]) -> None:
    from tokenizers import AddedToken

    tokenizer.add_tokens([AddedToken(text, special=special, normalized=False) for text, special in tokens])
