"""What a vocabulary is trained on: text files, JSON lines, folders of both, read passage by passage in little memory.

A corpus is whatever lies in a folder, so nothing in it is fatal: what is no text is left out and told.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from treadle.errors import DataError

__all__ = ["CorpusFile", "Passage", "TellLeftOut", "files_of", "passages"]

_PASSAGE_BYTES = 1 << 16
_LONGEST_REST_BYTES = 1 << 20
"""A passage goes on to the end of its line, but not further than this: a file may be one line."""
_LONGEST_LINE_BYTES = 1 << 26
_JSON_LINES = (".jsonl", ".ndjson")

TellLeftOut = Callable[[Path, str], None]
"""Takes what was left out, and why."""


@dataclass(frozen=True, slots=True)
class CorpusFile:
    """A file with what tells whether it was changed since."""

    path: Path
    size_bytes: int
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Passage:
    """Some text of a file. ``end``: the byte of the file that follows it; reading can go on from there."""

    text: str
    end: int


def files_of(paths: Sequence[Path], left_out: TellLeftOut) -> list[CorpusFile]:
    """The files of a corpus, each once, those of a folder in the order of their names, without hidden ones and links.

    Raises:
        DataError: one of ``paths`` does not exist.
    """
    found: dict[Path, CorpusFile] = {}
    for path in paths:
        if not path.exists():
            raise DataError(
                f"there is no file or folder {path}; a corpus is made of text files, JSON lines and folders of them"
            )
        for file in [path] if not path.is_dir() else _files_below(path, left_out):
            if (described := _described(file, left_out)) is not None:
                found.setdefault(file.resolve(), described)
    return list(found.values())


def _files_below(folder: Path, left_out: TellLeftOut) -> Iterator[Path]:
    def refused(error: OSError) -> None:
        left_out(Path(error.filename or folder), f"cannot be read: {error.strerror}")

    for where, folders, names in os.walk(folder, onerror=refused):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        for name in sorted(names):
            if name.startswith("."):
                continue
            file = Path(where, name)
            if file.is_symlink():
                left_out(file, "a link")
            else:
                yield file


def _described(file: Path, left_out: TellLeftOut) -> CorpusFile | None:
    try:
        status = file.stat()
    except OSError as error:
        left_out(file, f"cannot be read: {error.strerror}")
        return None
    if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for ever
        left_out(file, "no regular file")
        return None
    return CorpusFile(file, status.st_size, status.st_mtime_ns)


def passages(file: CorpusFile, start: int, field: str, left_out: TellLeftOut) -> Iterator[Passage]:
    """The passages of a file from byte ``start`` on. A text file's are about 64 KiB and end with a line, if lines do end; a
    line of a ``.jsonl`` file is an object with its text under ``field``, or a text. What is no text is left out."""
    read = _json_lines if file.path.suffix.lower() in _JSON_LINES else _text
    try:
        with file.path.open("rb") as handle:
            handle.seek(start)
            yield from read(handle, file, start, field, left_out)
    except OSError as error:
        left_out(file.path, f"cannot be read: {error.strerror}")


def _text(handle: BinaryIO, file: CorpusFile, start: int, _: str, left_out: TellLeftOut) -> Iterator[Passage]:
    at = start
    while at < file.size_bytes:
        raw = handle.read(_PASSAGE_BYTES)
        if raw and not raw.endswith(b"\n"):
            raw += handle.readline(_LONGEST_REST_BYTES)
        if not raw:  # the file was cut off meanwhile
            return
        if not raw.endswith(b"\n"):
            raw += _rest_of_character(handle, raw)
        where = "" if at == 0 else f" from byte {at:,} on"
        if b"\0" in raw:
            left_out(file.path, f"binary{where}")
            return
        try:
            text = raw.decode("utf-8-sig" if at == 0 else "utf-8")
        except UnicodeDecodeError:
            left_out(file.path, f"not UTF-8{where}")
            return
        at += len(raw)
        yield Passage(text, at)


def _rest_of_character(handle: BinaryIO, raw: bytes) -> bytes:
    """The bytes that the last character of ``raw`` still lacks."""
    for back in range(1, min(4, len(raw)) + 1):
        first = raw[-back]
        if first & 0xC0 != 0x80:  # no continuation byte: it says how long the character is
            length = 4 if first >= 0xF0 else 3 if first >= 0xE0 else 2 if first >= 0xC0 else 1
            return handle.read(max(0, length - back))
    return b""


def _json_lines(handle: BinaryIO, file: CorpusFile, start: int, field: str, left_out: TellLeftOut) -> Iterator[Passage]:
    at = start
    while at < file.size_bytes and (raw := handle.readline(_LONGEST_LINE_BYTES)):
        at += len(raw)
        text = _text_of(raw, field) if raw.strip() else ""
        if text is None:
            left_out(file.path, f"lines without a text under {field!r}")
        yield Passage(text or "", at)


def _text_of(raw: bytes, field: str) -> str | None:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if isinstance(value, dict):
        value = value.get(field)
    if not isinstance(value, str):
        return None
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")  # half a surrogate pair is no text
