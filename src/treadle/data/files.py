"""Opening a data file: is it there, what kind is it, and its hash. The kind comes from the content, not from the name."""

from __future__ import annotations

import csv
import hashlib
import io
from pathlib import Path
from typing import Literal

from treadle.errors import DataError, nearest

__all__ = ["Kind", "detect_kind", "read_start", "require_file", "sha256_of"]

Kind = Literal["root", "parquet", "csv", "json", "sqlite"]
UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_START_BYTES = 64 << 10
_CHUNK_BYTES = 1 << 20
_DATA_SUFFIXES = (".root", ".parquet", ".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".sqlite", ".db")


def _neighbours(path: Path) -> str:
    """What the user may have meant: the nearest names in the folder, or its data files."""
    folder = path.parent
    while not folder.is_dir():
        folder = folder.parent
    if folder != path.parent:
        return f"There is no folder {path.parent}; the nearest that exists is {folder}."
    try:
        names = sorted(p.name for p in folder.iterdir() if p.is_file() and not p.name.startswith("."))
    except OSError:
        return f"The folder {folder} cannot be listed."
    close = nearest(path.name, names)
    data = [n for n in names if n.lower().endswith(_DATA_SUFFIXES)][:5]
    if close:
        return f"Did you mean {' or '.join(repr(n) for n in close)}?"
    if data:
        return f"Data files in {folder}: {', '.join(data)}."
    return f"There is no data file in {folder}; check the path."


def require_file(path: Path) -> None:
    """Raise DataError unless ``path`` is a readable file that holds something."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise DataError(
            f"the name of the data file {str(path)!a} is not UTF-8, so no program can name it; rename it."
        ) from None
    try:
        if not path.exists():
            raise DataError(f"no data file {str(path)!r}. {_neighbours(path)}")
        if path.is_dir():
            raise DataError(f"{str(path)!r} is a folder, not a data file. {_neighbours(path / '*')}")
        if not path.is_file():
            raise DataError(f"{str(path)!r} is not a plain file; give a file on disk.")
        if path.stat().st_size == 0:
            raise DataError(
                f"the data file {str(path)!r} is empty (0 bytes); was it copied to its end? {_others(path)}".strip()
            )
        with path.open("rb") as file:
            file.read(1)
    except PermissionError:
        raise DataError(f"the data file {str(path)!r} may not be read by this user; change its permissions.") from None
    except (OSError, ValueError) as error:
        raise DataError(f"the data file {str(path)!r} cannot be opened: {error}.") from None


def _others(path: Path) -> str:
    names = sorted(p.name for p in path.parent.iterdir() if p.suffix.lower() in _DATA_SUFFIXES and p.name != path.name)
    return f"Other data files there: {', '.join(names[:5])}." if names else ""


def read_start(path: Path) -> bytes:
    """The first 64 KiB."""
    with path.open("rb") as file:
        return file.read(_START_BYTES)


def sha256_of(path: Path) -> str:
    """SHA-256 of the whole file, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def decode_start(start: bytes) -> str | None:
    """The start of a text file without its last, possibly cut, character; None for what is no text."""
    if start.startswith(UTF16_MARKS):
        encoding = "utf-16"
    elif b"\x00" in start:
        return None
    else:
        encoding = "utf-8-sig"
    for cut in range(4):
        try:
            return start[: len(start) - cut].decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def comments_before(text: str) -> int:
    """How many lines, comments that begin with # and blank ones between them, stand before the table of a CSV text."""
    lines = text.splitlines()
    count = next((i for i, line in enumerate(lines) if line.strip() and not line.startswith("#")), 0)
    return count if any(line.startswith("#") for line in lines[:count]) else 0


def dialect_of(text: str) -> str | None:
    """The delimiter of a CSV text: the one that cuts the first lines into the same number (two or more) of fields.

    The header may have one field less: rows that end in a delimiter, or begin with a label.
    """
    lines = [line for line in text.splitlines()[comments_before(text) :][:20] if line.strip()]
    if len(text) >= _START_BYTES - 4 and len(lines) > 1:
        lines.pop()
    best: tuple[int, str] | None = None
    for delimiter in (",", "\t", ";", "|"):
        widths = [len(row) for row in csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter)]
        if not widths or len(set(widths[1:])) > 1 or widths[-1] - widths[0] not in (0, 1):
            continue
        if widths[0] > 1 and (best is None or widths[0] > best[0]):
            best = (widths[0], delimiter)
    return best[1] if best else None


def detect_kind(path: Path, start: bytes) -> Kind:
    """The kind of a data file from its first bytes; the suffix decides only for a text with a single column.

    Raises:
        DataError: none of the kinds.
    """
    if start.startswith(b"root\x00"):
        return "root"
    if start.startswith(b"PAR1"):
        return "parquet"
    if start.startswith(b"SQLite format 3\x00"):
        return "sqlite"
    text = decode_start(start)
    if text is not None:
        if text.lstrip().startswith(("{", "[")):
            return "json"
        if dialect_of(text) is not None or (path.suffix.lower() == ".csv" and text.strip()):
            return "csv"
    seen = f"text that starts with {text.strip()[:30]!r}" if text is not None else _no_text(start)
    raise DataError(
        f"{str(path)!r} is of no known kind: it holds {seen}. "
        "treadle reads ROOT, Parquet, CSV, JSON (also a record a line) and SQLite; convert the file to one of them."
    )


def _no_text(start: bytes) -> str:
    """What cannot be decoded: text of an old encoding, or no text at all."""
    control = sum(byte < 32 and byte not in b"\t\n\r\f" for byte in start)
    if control:
        return "binary data"
    odd = next(byte for byte in start if byte > 127)
    return f"text in another encoding than UTF-8 (it has the byte {odd:#x}); save it as UTF-8, for example with iconv"
