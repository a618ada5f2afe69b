"""Any vocabulary by one name: an encoding, or the path of a ``tokenizer.json``, a GGUF file, a SentencePiece model."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from treadle.errors import ModelFileError, UnknownNameError, UnsupportedError
from treadle.tokens.encodings import ENCODINGS, open_encoding, special_tokens_of
from treadle.tokens.protocol import Tokens
from treadle.tokens.wrapped import EncodingTokens, LibraryTokens, PieceTokens, VocabularyTokens

__all__ = ["names_vocabulary_file", "open_file", "open_tokens"]

_SUFFIXES = (".gguf", ".json", ".model")
_MOST_BYTES = 1 << 28
"""Of a tokenizer.json or SentencePiece model; the largest known have 35 MB."""


def names_vocabulary_file(name: str) -> bool:
    """Whether ``name`` is a path and no name: it has a slash, ends as files of vocabularies do, or is there."""
    return "/" in name or name.endswith(_SUFFIXES) or Path(name).expanduser().exists()


def open_tokens(name: str) -> Tokens:
    """The vocabulary of that name: one of ``ENCODINGS``, or a path to a file or a model's folder.

    Raises:
        UnknownNameError: it is neither; names the nearest encoding and lists all.
        ModelFileError: the file is absent, damaged, or no vocabulary.
        UnsupportedError: the library that reads such a file is not installed.
    """
    if name in ENCODINGS:
        return _encoding(name)
    if names_vocabulary_file(name):
        return open_file(Path(name).expanduser(), name)
    advice = "A path can be given instead: a tokenizer.json, a .gguf file, a SentencePiece .model, a model's folder."
    raise UnknownNameError("encoding", name, ENCODINGS, advice)


@functools.cache
def _encoding(name: str) -> EncodingTokens:
    return EncodingTokens(open_encoding(name), special_tokens_of(name))


def open_file(path: Path, name: str = "") -> Tokens:
    """The vocabulary in a file, whose kind is told by what is in it; of a folder, its ``tokenizer.json`` or ``.model``.

    Args:
        name: what to call it; the path, if empty.

    Raises:
        ModelFileError: the file is absent, damaged, or no vocabulary.
        UnsupportedError: the library that reads such a file is not installed.
    """
    name, path = name or str(path), _in_folder(path) if path.is_dir() else path
    try:
        with path.open("rb") as handle:
            head = handle.read(64)
    except OSError as error:
        raise ModelFileError(f"cannot read the vocabulary {path}: {error.strerror or error}") from error
    if head.startswith(b"GGUF"):
        return _gguf(path, name)
    if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return _json(path, name)
    if head[:1] == b"\x0a":  # field 1 of SentencePiece's message, its pieces
        return _pieces(path, name)
    told = "is empty" if not head else f"begins with {head[:8]!r}"
    raise ModelFileError(
        f"{path} is no vocabulary: it {told}. Read are tokenizer.json (the library tokenizers), GGUF, and SentencePiece's "
        f".model; encodings have names: {', '.join(ENCODINGS)}"
    )


def _in_folder(folder: Path) -> Path:
    named = [folder / "tokenizer.json", folder / "tokenizer.model"]
    found = [path for path in named if path.is_file()] or sorted(folder.glob("*.gguf"))
    if len(found) == 1 or (found and found[0].suffix != ".gguf"):
        return found[0]
    told = f"{len(found)} GGUF files; name one of them" if found else "no tokenizer.json, tokenizer.model or .gguf file"
    raise ModelFileError(f"the folder {folder} has {told}")


def _gguf(path: Path, name: str) -> Tokens:
    from treadle.tokens.gguf import read_header

    header = read_header(path)
    try:
        from treadle.tokens.from_gguf import vocabulary_from_gguf

        return VocabularyTokens(name, vocabulary_from_gguf(header))
    except ImportError as error:
        raise _needs("tokenizers", path, error) from error


def _json(path: Path, name: str) -> Tokens:
    try:
        from tokenizers import Tokenizer
    except ImportError as error:
        raise _needs("tokenizers", path, error) from error
    raw = _bytes_of(path)
    try:
        text = raw.decode("utf-8-sig")
        described: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{path} is no JSON that can be read: {error}") from error
    if not (isinstance(described, dict) and isinstance(described.get("model"), dict)):
        raise ModelFileError(
            f"{path} is JSON, but no tokenizer.json: it has no 'model'. A tokenizer.json is what tokenizers' "
            "Tokenizer.save and transformers' AutoTokenizer (fast) write"
        )
    try:
        return LibraryTokens(name, Tokenizer.from_str(text), described)
    except Exception as error:  # the library raises plain Exception
        raise ModelFileError(f"cannot read {path} as a tokenizer.json: {error}") from error


def _pieces(path: Path, name: str) -> Tokens:
    try:
        from sentencepiece import SentencePieceProcessor
    except ImportError as error:
        raise _needs("sentencepiece", path, error) from error
    raw = _bytes_of(path)
    processor = SentencePieceProcessor()
    try:
        processor.LoadFromSerializedProto(raw)
    except (RuntimeError, OSError, ValueError) as error:
        raise ModelFileError(f"cannot read {path} as a SentencePiece model: {error}") from error
    return PieceTokens(name, processor)


def _bytes_of(path: Path) -> bytes:
    size = path.stat().st_size
    if size > _MOST_BYTES:
        raise ModelFileError(f"{path} has {size:,} bytes; vocabularies of up to {_MOST_BYTES:,} are read")
    return path.read_bytes()


def _needs(library: str, path: Path, error: ImportError) -> UnsupportedError:
    return UnsupportedError(f"{path} needs the library {library}: pip install 'treadle[tokens]' ({error})")
