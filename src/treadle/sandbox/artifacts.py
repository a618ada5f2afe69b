"""Files that a program left behind, collected after its end by the supervisor, and the removal of the rest.

The names and files are the program's making: only regular files of known kinds directly in the working directory are
opened, without following links and without waiting for pipes.
"""

# Plain os calls: descriptors, links and mount points, in processes that live for milliseconds.
# ruff: noqa: PTH101, PTH104, PTH106, PTH108, PTH118, PTH122, PTH123, PTH208

from __future__ import annotations

import os
import stat
from collections.abc import Collection

__all__ = ["MEDIA_TYPES", "collect", "remove_tree"]

MEDIA_TYPES = {
    ".png": "image/png",
    ".json": "application/json",
    ".npy": "application/x-npy",
    ".csv": "text/csv",
    ".txt": "text/plain",
    ".svg": "image/svg+xml",
    ".pdf": "application/pdf",
    ".parquet": "application/vnd.apache.parquet",
    ".root": "application/x-root",
}
MAX_FILES = 64
MAX_BYTES = 32 << 20
_MAX_NAME = 200


def collect(directory: str, excluded: Collection[str]) -> list[tuple[str, bytes]]:
    """Name and content of each artifact, by name; what exceeds 64 files or 32 MiB in all is left out."""
    found: list[tuple[str, bytes]] = []
    left = MAX_BYTES
    for name in sorted(_candidates(directory, excluded)):
        content = _read(directory, name, left)
        if content is not None:
            found.append((name, content))
            left -= len(content)
        if len(found) == MAX_FILES:
            break
    return found


def _candidates(directory: str, excluded: Collection[str]) -> list[str]:
    try:
        names = os.listdir(directory)
    except OSError:
        return []
    return [n for n in names if n not in excluded and len(n) <= _MAX_NAME and n.isprintable() and suffix(n) in MEDIA_TYPES]


def suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()


def _read(directory: str, name: str, max_bytes: int) -> bytes | None:
    try:
        handle = os.open(os.path.join(directory, name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    status = os.fstat(handle)
    if not stat.S_ISREG(status.st_mode) or status.st_size > max_bytes:
        os.close(handle)
        return None
    with open(handle, "rb") as file:
        return file.read(max_bytes)


def remove_tree(directory: str) -> None:
    """Remove a directory of a program's making; what lies deep is moved up first, so that no path grows too long."""
    while entries := list(os.scandir(directory)):
        for entry in entries:
            if not entry.is_dir(follow_symlinks=False):
                os.unlink(entry.path)
                continue
            os.chmod(entry.path, 0o700)
            for inner in list(os.scandir(entry.path)):
                if inner.is_dir(follow_symlinks=False):
                    os.chmod(inner.path, 0o700)
                    os.rename(inner.path, os.path.join(directory, f".{os.urandom(8).hex()}"))
                else:
                    os.unlink(inner.path)
            os.rmdir(entry.path)
    os.rmdir(directory)
