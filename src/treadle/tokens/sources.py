"""Where texts come from: files, all files of folders, standard input; read in blocks, once known to be text."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from treadle.errors import DataError, nearest

__all__ = ["Found", "Source", "find", "read_text", "stream_source", "text_source"]

BLOCK_BYTES = 1 << 20
_LOOKED_AT = 1 << 13
"""A file with a zero byte among the first ones is no text, by the rule of git and grep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file, or what else has a name and bytes. ``blocks`` reads it, and raises ``DataError`` where that cannot be."""

    name: str
    blocks: Callable[[], Iterable[bytes]]
    n_bytes: int | None = None
    """Where known before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The files of some paths, in order, and those in folders that are left out, with the reason."""

    sources: tuple[Source, ...]
    skipped: tuple[tuple[str, str], ...]


def find(paths: Sequence[Path]) -> Found:
    """Files by their names, and all text files below folders; of folders, hidden files and folders are passed over.

    Raises:
        DataError: a path does not exist, cannot be read, or a file that was named is no text.
    """
    sources: list[Source] = []
    skipped: list[tuple[str, str]] = []
    for path in paths:
        if not path.is_dir():
            _check_text(path)
            sources.append(_file_source(path))
            continue
        for below, why in _below(path):
            if why:
                skipped.append((str(below), why))
                continue
            try:
                _check_text(below)
            except DataError as error:
                skipped.append((str(below), str(error).removeprefix(f"{below} ")))
            else:
                sources.append(_file_source(below))
    if not sources:
        told = f", {len(skipped):,} that are no text" if skipped else ""
        raise DataError(f"there are no text files below {', '.join(map(str, paths))}{told}")
    return Found(sources=tuple(sources), skipped=tuple(skipped))


def stream_source(stream: BinaryIO, name: str = "standard input") -> Source:
    """What comes from a stream, which can be read once."""

    def blocks() -> Iterator[bytes]:
        first = True
        while block := stream.read(BLOCK_BYTES):
            if first:
                _check_block(block, name)
            first = False
            yield block

    return Source(name=name, blocks=blocks)


def text_source(raw: bytes, name: str = "the text") -> Source:
    """Bytes that are there already."""
    return Source(
        name=name, blocks=lambda: [raw[i : i + BLOCK_BYTES] for i in range(0, len(raw), BLOCK_BYTES)], n_bytes=len(raw)
    )


def read_text(source: Source, most_bytes: int) -> bytes | None:
    """All of a source, or None where that is more than ``most_bytes``."""
    raw = bytearray()
    for block in source.blocks():
        raw += block
        if len(raw) > most_bytes:
            return None
    return bytes(raw)


def _file_source(path: Path) -> Source:
    def blocks() -> Iterator[bytes]:
        try:
            with path.open("rb") as handle:
                while block := handle.read(BLOCK_BYTES):
                    yield block
        except OSError as error:
            raise DataError(f"{path} cannot be read: {error.strerror or error}") from error

    return Source(name=str(path), blocks=blocks, n_bytes=path.stat().st_size)


def _below(folder: Path) -> Iterator[tuple[Path, str]]:
    """Files, and why one is passed over: a link's file lies elsewhere, where it counts or is not meant."""
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            path = Path(place) / name
            if not name.startswith("."):
                yield path, "is a link" if path.is_symlink() else "" if path.is_file() else "is no file (a pipe, a device)"


def _check_text(path: Path) -> None:
    try:
        with path.open("rb") as handle:
            _check_block(handle.read(_LOOKED_AT), str(path))
    except FileNotFoundError:
        beside = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        close = nearest(path.name, beside, 1)
        told = f"; beside it lies {close[0]}" if close else ""
        raise DataError(f"{path} does not exist{told}") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error


def _check_block(block: bytes, name: str) -> None:
    if block.startswith((b"\xff\xfe", b"\xfe\xff")) and b"\0" in block[:_LOOKED_AT]:
        raise DataError(f"{name} is text in UTF-16; encodings work on UTF-8: iconv -f UTF-16 -t UTF-8 {name}")
    if (place := block.find(b"\0", 0, _LOOKED_AT)) >= 0:
        raise DataError(f"{name} is binary (byte {place:,} is zero), and tokens are made of text")
