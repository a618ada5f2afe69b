"""Self-supervised training: the next token of texts (``treadle train tokenize`` and ``treadle train base``).

Texts are files of any kind, lines of JSONL with ``"text"``, or a Parquet column of that name. They are brought to tokens
once, into ``tokens/`` of the run's folder: all tokens one after the other, and where each document ends. Documents that are
longer than ``most_tokens`` are cut into pieces.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from treadle.engines.models import OnBytes
from treadle.errors import DataError
from treadle.settings import Settings
from treadle.tokens.vocabulary import Vocabulary
from treadle.training.lines import parsed_lines
from treadle.training.opening import open_model, use_threads
from treadle.training.processes import current
from treadle.training.recipe import Recipe
from treadle.training.rows import Sample
from treadle.training.run import Outcome, Texts, run
from treadle.training.sft import files_of

__all__ = ["TokenFile", "base", "read_origins", "read_texts", "tokenize", "write_tokens"]

TOKENS, ENDS, ABOUT = "tokens.npy", "ends.npy", "tokens.json"


def read_texts(paths: list[Path]) -> Iterator[str]:
    """The documents of files, in order.

    Raises:
        DataError: a file cannot be read, or has no texts.
    """
    for path in paths:
        try:
            if path.suffix == ".jsonl":
                yield from parsed_lines([path], "text", _text)
            elif path.suffix == ".parquet":
                yield from _column(path)
            else:
                yield path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"cannot read the texts of {path}: {error}") from error


def read_origins(paths: list[Path]) -> dict[str, dict[str, int]]:
    """How many lines of JSONL files have which ``source``, and which ``licence``; of files of other kinds nothing is known.

    Raises:
        DataError: a file cannot be read.
    """
    found = {"sources": Counter[str](), "licences": Counter[str]()}
    for source, licence in parsed_lines([path for path in paths if path.suffix == ".jsonl"], "text", _origin):
        found["sources"][source] += 1
        found["licences"][licence] += 1
    return {name: dict(counts.most_common()) for name, counts in found.items() if counts}


def _origin(data: Any) -> tuple[str, str]:
    _text(data)
    return str(data.get("source", "not told")), str(data.get("licence", "not told"))


def _text(data: Any) -> str:
    if not isinstance(data, Mapping) or not isinstance(data.get("text"), str):
        raise ValueError('it should be an object with "text"')
    text: str = data["text"]
    return text


def _column(path: Path) -> Iterator[str]:
    try:
        import pyarrow.parquet as pq
    except ModuleNotFoundError as error:
        raise DataError(f"{path} needs pyarrow: pip install 'treadle[data]'") from error
    file = pq.ParquetFile(path)
    if "text" not in file.schema_arrow.names:
        raise DataError(f"{path} has no column 'text', but {', '.join(file.schema_arrow.names)}")
    for batch in file.iter_batches(columns=["text"]):
        yield from (text for text in batch.column(0).to_pylist() if text)


def write_tokens(texts: Iterator[str], vocabulary: Vocabulary, folder: Path) -> dict[str, Any]:
    """Write the tokens of texts; each ends with the model's end-of-text token, where it has one. Returns what is told."""
    beside = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    kind = np.uint16 if vocabulary.size <= 1 << 16 else np.uint32
    end = [] if vocabulary.roles.eos is None else [vocabulary.roles.eos]
    pieces, ends, digest = list[Any](), list[int](), hashlib.sha256()
    for text in texts:
        ids = np.array(vocabulary.encode(text, begin=True) + end, kind)
        if len(ids) > 1:
            pieces.append(ids)
            ends.append(len(ids) + (ends[-1] if ends else 0))
            digest.update(ids.tobytes() + b"/")
    if not ends:
        raise DataError("there is nothing to train on: the texts are empty")
    np.save(beside / TOKENS, np.concatenate(pieces))
    np.save(beside / ENDS, np.array(ends, np.int64))
    told = {"documents": len(ends), "tokens": ends[-1], "sha256": digest.hexdigest()}
    (beside / ABOUT).write_text(json.dumps(told) + "\n", encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    beside.replace(folder)
    return told


class TokenFile:
    """Pieces of at most ``most_tokens`` of the documents in a folder of ``write_tokens``; the tokens stay on the disk."""

    def __init__(self, folder: Path, most_tokens: int) -> None:
        try:
            self._tokens = np.load(folder / TOKENS, mmap_mode="r")
            ends = np.load(folder / ENDS)
        except (OSError, ValueError) as error:
            raise DataError(f"cannot read the tokens in {folder}: {error}") from error
        starts = np.concatenate(([0], ends[:-1]))
        self._places = [
            (int(place), int(min(place + most_tokens, end)))
            for start, end in zip(starts, ends, strict=True)
            for place in range(int(start), int(end), most_tokens)
            if end - place > 1
        ]

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> Sample:
        start, end = self._places[index]
        learn = np.ones(end - start, np.bool_)
        learn[0] = False
        return Sample(np.asarray(self._tokens[start:end]).astype(np.int32), learn)

    @property
    def lengths(self) -> list[int]:
        return [end - start for start, end in self._places]


def tokenize(recipe: Recipe, root: Path, vocabulary: Vocabulary) -> dict[str, Any]:
    """Bring the recipe's texts to tokens in the run's folder, and those held out, where it names some."""
    folder = root / recipe.run
    told = write_tokens(read_texts(files_of(recipe.data.train, root)), vocabulary, folder / "tokens")
    if recipe.data.held_out:
        texts = read_texts(files_of(recipe.data.held_out, root))
        told["held_out"] = write_tokens(texts, vocabulary, folder / "tokens-held-out")
    return told


def base(
    recipe: Recipe,
    root: Path,
    settings: Settings,
    *,
    device: str = "cpu",
    resume: bool = False,
    on_bytes: OnBytes | None = None,
    on_begin: Callable[[int], None] | None = None,
    on_step: Callable[[Mapping[str, Any]], None] | None = None,
) -> Outcome:
    """Train as the recipe says, on tokens that are there already or are made first."""
    use_threads(recipe.train.threads)
    opened = open_model(recipe.model, recipe.lora, root, settings, device, recipe.train.seed, on_bytes)
    folder = root / recipe.run / "tokens"
    with current().lead_first():
        if not (folder / ABOUT).is_file():
            tokenize(recipe, root, opened.vocabulary)
    told = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
    train = TokenFile(folder, recipe.data.most_tokens)
    aside = folder.with_name("tokens-held-out")
    held_out = TokenFile(aside, recipe.data.most_tokens) if recipe.data.held_out else None
    samples = [] if held_out is None else [held_out[i] for i in range(min(len(held_out), recipe.data.most_held_out))]
    texts = Texts(train=train, lengths=train.lengths, held_out=samples, digest=told["sha256"], told=told)
    return run("base", recipe, root, opened, texts, resume=resume, on_begin=on_begin, on_step=on_step)
