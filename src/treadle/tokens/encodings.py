"""OpenAI's encodings, offline: what each is, and the rank files that ship, checked when they are opened.

An encoding is a pattern that cuts a text into pieces, and ranks: within a piece the two neighbours whose union has the
lowest rank are merged, until no union has one. Patterns, sizes and special tokens are those that the library ``tiktoken``
publishes in ``tiktoken_ext/openai_public.py``; tests hold them against it. ``tiktoken`` itself would download the ranks.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import lzma
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from typing import TYPE_CHECKING

from treadle.errors import ModelFileError, UnknownNameError

if TYPE_CHECKING:
    from tiktoken import Encoding

__all__ = ["ENCODINGS", "encoding_of_model", "open_encoding", "pattern_of", "rank_file", "ranks_of", "special_tokens_of"]

_END, _PREFIX, _MIDDLE, _SUFFIX = "<|endoftext|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>"

_R50K = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"
_CL100K = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
)
_O200K = "|".join(
    (
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?",
        r"\p{N}{1,3}",
        r" ?[^\s\p{L}\p{N}]+[\r\n/]*",
        r"\s*[\r\n]+",
        r"\s+(?!\S)",
        r"\s+",
    )
)

_SHA256 = {
    "r50k_base": "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930",
    "p50k_base": "94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069",
    "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
}
_SPACES = range(2, 26)
"""p50k is r50k with a token for each run of 2 to 25 spaces; their ranks begin after r50k's <|endoftext|>."""
_FIRST_OF_SPACES = 50_257

_HARMONY = {
    "<|startoftext|>": 199_998, "<|endoftext|>": 199_999, "<|reserved_200000|>": 200_000, "<|reserved_200001|>": 200_001,
    "<|return|>": 200_002, "<|constrain|>": 200_003, "<|reserved_200004|>": 200_004, "<|channel|>": 200_005,
    "<|start|>": 200_006, "<|end|>": 200_007, "<|message|>": 200_008, "<|reserved_200009|>": 200_009,
    "<|reserved_200010|>": 200_010, "<|reserved_200011|>": 200_011, "<|call|>": 200_012, "<|endofprompt|>": 200_018,
    **{f"<|reserved_{i}|>": i for i in range(200_013, 201_088)},
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Described:
    """``ranks`` names the rank file; ``special`` gives the ids of tokens that no text makes by itself."""

    ranks: str
    pattern: str
    special: Mapping[str, int] = field(default_factory=dict)


_DESCRIBED = {
    "gpt2": _Described(ranks="r50k_base", pattern=_R50K, special={_END: 50_256}),
    "r50k_base": _Described(ranks="r50k_base", pattern=_R50K, special={_END: 50_256}),
    "p50k_base": _Described(ranks="p50k_base", pattern=_R50K, special={_END: 50_256}),
    "p50k_edit": _Described(
        ranks="p50k_base", pattern=_R50K, special={_END: 50_256, _PREFIX: 50_281, _MIDDLE: 50_282, _SUFFIX: 50_283}
    ),
    "cl100k_base": _Described(
        ranks="cl100k_base",
        pattern=_CL100K,
        special={_END: 100_257, _PREFIX: 100_258, _MIDDLE: 100_259, _SUFFIX: 100_260, "<|endofprompt|>": 100_276},
    ),
    "o200k_base": _Described(ranks="o200k_base", pattern=_O200K, special={_END: 199_999, "<|endofprompt|>": 200_018}),
    "o200k_harmony": _Described(ranks="o200k_base", pattern=_O200K, special=_HARMONY),
}

ENCODINGS: tuple[str, ...] = tuple(_DESCRIBED)
"""The names of the encodings, the oldest first. gpt2 and r50k_base are the same under two names."""


@functools.cache
def open_encoding(name: str) -> Encoding:
    """The encoding of that name; opened once a process (r50k takes 0.05 s, o200k 0.3 s).

    Raises:
        UnknownNameError: there is none; names the nearest and lists all.
        ModelFileError: the rank file that ships was changed.
    """
    described = _described(name)
    from tiktoken import Encoding

    return Encoding(
        name=name, pat_str=described.pattern, mergeable_ranks=ranks_of(name), special_tokens=dict(described.special)
    )


def encoding_of_model(model: str) -> str:
    """The name of the encoding of one of OpenAI's models, by tiktoken's table of names and of beginnings of names.

    Raises:
        UnknownNameError: the table has no such model.
    """
    from tiktoken.model import MODEL_TO_ENCODING, encoding_name_for_model

    if model in _MODELS_MORE:
        return _MODELS_MORE[model]
    try:
        found = encoding_name_for_model(model)
    except KeyError:
        names = [*MODEL_TO_ENCODING, *_MODELS_MORE]
        advice = f"Or name an encoding: {', '.join(ENCODINGS)}."
        raise UnknownNameError("model", model, names, advice) from None
    _described(found)  # an encoding newer than this table
    return found


_MODELS_MORE = {"gpt-oss": "o200k_harmony"}
"""tiktoken knows gpt-oss only with a size behind it."""


def pattern_of(name: str) -> str:
    """The regular expression that cuts a text into pieces, in the dialect of Rust's fancy-regex and of Python's ``regex``.

    Raises:
        UnknownNameError: there is no such encoding.
    """
    return _described(name).pattern


def special_tokens_of(name: str) -> dict[str, int]:
    """The ids of the special tokens by their text; raises ``UnknownNameError``."""
    return dict(_described(name).special)


def ranks_of(name: str) -> dict[bytes, int]:
    """Every token's bytes and its rank, which is its id; special tokens are not among them. A new dict on every call.

    Raises:
        UnknownNameError: there is no such encoding.
        ModelFileError: the rank file that ships was changed.
    """
    decode = base64.b64decode
    return {decode(token): int(rank) for token, rank in map(bytes.split, rank_file(name).splitlines())}


def rank_file(name: str) -> bytes:
    """The rank file, in tiktoken's form: a line for each token with its bytes in base64 and its rank.

    Raises:
        UnknownNameError: there is no such encoding.
        ModelFileError: what ships is not the pinned file.
    """
    ranks = _described(name).ranks
    raw = _unpacked("r50k_base") + _lines_of_spaces() if ranks == "p50k_base" else _unpacked(ranks)
    found = hashlib.sha256(raw).hexdigest()
    if found != _SHA256[ranks]:
        raise ModelFileError(
            f"the rank file of {ranks} is damaged: SHA-256 {found[:16]}... instead of {_SHA256[ranks][:16]}...; "
            "install treadle again"
        )
    return raw


def _unpacked(ranks: str) -> bytes:
    file = resources.files("treadle.tokens") / "ranks" / f"{ranks}.tiktoken.xz"
    try:
        return lzma.decompress(file.read_bytes())
    except (OSError, lzma.LZMAError, EOFError) as error:
        raise ModelFileError(f"cannot read the rank file {file}: {error}; install treadle again") from error


def _lines_of_spaces() -> bytes:
    ranks = enumerate(_SPACES, _FIRST_OF_SPACES)
    return b"".join(b"%s %d\n" % (base64.b64encode(b" " * length), rank) for rank, length in ranks)


def _described(name: str) -> _Described:
    try:
        return _DESCRIBED[name]
    except KeyError:
        raise UnknownNameError("encoding", name, ENCODINGS) from None
