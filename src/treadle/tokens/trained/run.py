"""From a corpus to a ``tokenizer.json``: count, train in a process of its own, measure, put the file in its place.

Training is one long call of a library that does not hear Ctrl-C; a process can be ended at any time.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from treadle.errors import DataError, TreadleError, UnsupportedError, UsageError
from treadle.markup import block, note, said
from treadle.tokens.trained.algorithms import SMALLEST, Algorithm, cutter, pattern_for, train
from treadle.tokens.trained.counts import WordCounts, count_words

__all__ = ["Trained", "told", "train_vocabulary"]

_FORMAT = "1"
_LEFT_OUT_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What came out. ``asked``: the size that was wanted. ``unknown``: how many of the held-out tokens are ``[UNK]``.

    ``held_out_bytes`` is 0 for a corpus too small to hold anything out: then the measured text is one that was trained on.
    """

    path: Path
    algorithm: Algorithm
    asked: int
    size: int
    files: int
    corpus_bytes: int
    words: int
    different_words: int
    held_out_bytes: int
    measured_bytes: int
    measured_tokens: int
    unknown: int
    left_out: tuple[tuple[str, str, int], ...]

    @property
    def bytes_a_token(self) -> float:
        """On the measured text."""
        return self.measured_bytes / max(1, self.measured_tokens)

    def _repr_html_(self) -> str:
        first, *rest = told(self)
        return block(f"<div><b>{said(first)}</b></div>", *map(note, rest))


def told(trained: Trained) -> list[str]:
    """The report in words, line by line."""
    size = f"{trained.size:,} tokens"
    if trained.size < trained.asked:
        size += f" ({trained.asked:,} were asked for; the corpus gives no more)"
    lines = [
        f"{trained.path}: {trained.algorithm}, {size}",
        f"read {trained.corpus_bytes / 1e6:,.1f} MB of {trained.files:,} file{'s' if trained.files != 1 else ''}: "
        f"{trained.words:,} words, {trained.different_words:,} different",
    ]
    if trained.held_out_bytes:
        where = f"{trained.bytes_a_token:.2f} bytes a token on {trained.held_out_bytes / 1e6:,.2f} MB held out"
    else:
        where = f"{trained.bytes_a_token:.2f} bytes a token on its own words, the corpus is too small to hold any out"
    lines.append(where)
    if trained.unknown:
        lines.append(f"{trained.unknown / trained.measured_tokens:.1%} of the tokens there are [UNK]: their text is lost")
    return [*lines, *_left_out(trained)]


def _left_out(trained: Trained) -> list[str]:
    by_reason: dict[str, list[tuple[str, int]]] = {}
    for path, reason, n in trained.left_out:
        by_reason.setdefault(reason.partition(" from byte")[0], []).append((path, n))
    lines = []
    for reason, found in by_reason.items():
        named = ", ".join(path if n == 1 else f"{path} ({n:,})" for path, n in found[:_LEFT_OUT_NAMED])
        more = f" and {len(found) - _LEFT_OUT_NAMED:,} more" if len(found) > _LEFT_OUT_NAMED else ""
        lines.append(f"left out, {reason}: {named}{more}")
    return lines


def _untold(_: int, __: int) -> None:
    pass


def train_vocabulary(
    corpus: Sequence[Path],
    out: Path,
    *,
    algorithm: Algorithm,
    size: int,
    white_space: bool = False,
    field: str = "text",
    on_bytes: Callable[[int, int], None] = _untold,
    on_training: Callable[[], None] = lambda: None,
) -> Trained:
    """Train a vocabulary of up to ``size`` tokens on text files, JSON lines (texts under ``field``) and folders.

    ``white_space`` cuts for code (see ``pattern_for``). Word counts stand in ``out`` with ``.counts`` behind it until the
    vocabulary is there; a run that was stopped goes on from them. ``on_bytes`` takes bytes read and in all.

    Raises:
        UnsupportedError: the library ``tokenizers`` is not installed.
        UsageError: ``size`` is too small, ``out`` exists, or the counts belong to another corpus or other options.
        DataError: a path does not exist, the corpus holds no text, or a file cannot be written.
    """
    _needs_tokenizers()
    if size < SMALLEST[algorithm]:
        train(algorithm, size, "", ())  # says so
    if out.exists() or out.is_symlink():
        raise UsageError(f"{out} exists; give another --out, or remove it")
    if not out.parent.is_dir():
        raise UsageError(f"there is no folder {out.parent} to write {out.name} into")
    pattern, counted = pattern_for(white_space), out.with_name(out.name + ".counts")
    about = {"format": _FORMAT, "field": field, "pattern": pattern}
    with _removed_if_empty(counted), WordCounts(counted, about) as counts:
        files, total = count_words(corpus, counts, cutter(pattern), field, on_bytes)
        different, words = counts.totals()
        left_out, held_out = tuple(counts.left_out()), counts.held_out()
        if not words:
            raise DataError(f"nothing to train on: {_why_nothing(files, left_out)}")
        sample = held_out or [counts.text(100_000)]
    on_training()
    part = out.with_name(f".{out.name}.part")
    try:
        _train_apart(counted, part, algorithm, size, pattern)
        tokens, unknown, found = _measured(part, sample)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
    counted.unlink()
    held_out_bytes, measured = (sum(len(t.encode("utf-8")) for t in texts) for texts in (held_out, sample))
    return Trained(
        path=out, algorithm=algorithm, asked=size, size=found, files=files, corpus_bytes=total, words=words,
        different_words=different, held_out_bytes=held_out_bytes, measured_bytes=measured, measured_tokens=tokens,
        unknown=unknown, left_out=left_out,
    )  # fmt: skip


def _needs_tokenizers() -> None:
    try:
        import tokenizers  # noqa: F401
    except ImportError as error:
        raise UnsupportedError(f"training needs the library tokenizers: pip install 'treadle[tokens]' ({error})") from error


@contextlib.contextmanager
def _removed_if_empty(counted: Path) -> Iterator[None]:
    """Leave no file of counts behind where a wrong option or an empty corpus is why nothing was counted."""
    there = counted.exists()
    try:
        yield
    except TreadleError:
        if not there:
            counted.unlink(missing_ok=True)
        raise


def _why_nothing(files: int, left_out: Sequence[tuple[str, str, int]]) -> str:
    if not left_out:
        return "the corpus has no files" if not files else "the files of the corpus are empty"
    path, reason, _ = left_out[0]
    return f"{len(left_out)} of the corpus's files were left out, {path} among them: {reason}"


def _measured(file: Path, texts: Sequence[str]) -> tuple[int, int, int]:
    """Tokens of the texts, those of them that are unknown, and the size of the vocabulary."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(file))
    unknown, tokens, lost = tokenizer.token_to_id("[UNK]"), 0, 0
    for text in texts:
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        tokens += len(ids)
        lost += 0 if unknown is None else ids.count(unknown)
    return tokens, lost, tokenizer.get_vocab_size()


def _train_apart(counted: Path, part: Path, algorithm: Algorithm, size: int, pattern: str) -> None:
    """Train in another process, which ends with this one.

    Raises:
        DataError: it failed; says how.
    """
    values = [os.getpid(), str(counted), str(part), algorithm, size, pattern]
    command = [sys.executable, "-m", "treadle.tokens.trained", json.dumps(values)]
    with tempfile.TemporaryFile() as said:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, start_new_session=True)
        try:
            code = child.wait()
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
        if code:
            said.seek(0)
            lines = said.read().decode("utf-8", "replace").strip().splitlines() or ["it did not say why"]
            raise DataError(f"training ended with {_code(code)}: {lines[-1]}; the word counts are kept in {counted}")


def _code(code: int) -> str:
    return f"signal {signal.Signals(-code).name} (not enough memory, if SIGKILL)" if code < 0 else f"exit code {code}"
