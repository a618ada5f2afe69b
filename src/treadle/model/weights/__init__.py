"""Weights in and out: GGUF files, and Hugging Face's folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch

from treadle.errors import ModelFileError
from treadle.model.transformer import Transformer
from treadle.model.weights.encodings import encoding_of
from treadle.model.weights.gguf import read_gguf
from treadle.model.weights.safetensors import SINGLE, read_folder
from treadle.model.weights.save import save_folder, save_gguf
from treadle.tokens.from_folder import vocabulary_from_folder
from treadle.tokens.from_gguf import vocabulary_from_gguf
from treadle.tokens.gguf import GGUFHeader, read_header
from treadle.tokens.vocabulary import Vocabulary

__all__ = ["LoadedModel", "load", "save_folder", "save_gguf"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedModel:
    """A model as it was found in a file or folder; the chat template is ``vocabulary.chat_template``."""

    transformer: Transformer
    vocabulary: Vocabulary
    path: Path
    encodings: frozenset[str] = frozenset()
    """Names of the encodings in which a GGUF file keeps the matrices of the blocks."""


def load(path: Path, dtype: torch.dtype = torch.float32) -> LoadedModel:
    """A GGUF file, or a Hugging Face folder (or the ``model.safetensors`` in one), with its vocabulary.

    Raises:
        ModelFileError: there is none, it is damaged, or it is a model that the transformer here cannot compute.
    """
    if path.name == SINGLE:
        path = path.parent
    if path.is_dir():
        return _fitting(read_folder(path, dtype), vocabulary_from_folder(path), path)
    if not path.is_file():
        raise ModelFileError(f"{path} is not there; give a .gguf file, or a folder with config.json and {SINGLE}")
    if path.suffix == ".safetensors":
        raise ModelFileError(f"{path} is one file of a model; give its folder, where config.json lies, too")
    header = read_header(path)
    return _fitting(read_gguf(header, dtype), vocabulary_from_gguf(header), path, _encodings(header))


def _encodings(header: GGUFHeader) -> frozenset[str]:
    matrices = [t for t in header.tensors.values() if t.name.startswith("blk.") and len(t.shape) == 2]
    return frozenset(encoding_of(t.kind, t.name).name for t in matrices)


def _fitting(
    transformer: Transformer, vocabulary: Vocabulary, path: Path, encodings: frozenset[str] = frozenset()
) -> LoadedModel:
    rows = transformer.config.vocab_size
    if vocabulary.size > rows:
        raise ModelFileError(
            f"{path} has {vocabulary.size:,} tokens and an embedding table of {rows:,} rows; they do not fit"
        )
    return LoadedModel(transformer=transformer, vocabulary=vocabulary, path=path, encodings=encodings)
