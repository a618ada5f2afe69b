"""Data without opening anything: the seccomp tier hands data files over as descriptors, and here ``open`` finds them.

The kernel refuses ``open`` in that tier, so a program gets what was opened before it began: the data files, each as one
descriptor that can only be read, and the package files (fonts, styles, tables) that the server read while it warmed up,
kept in memory. ``open``, ``os.open``, ``os.listdir``, ``os.scandir`` and ``sqlite3.connect`` are replaced in the server,
dormant, and woken in the program's process. All this is a convenience, never a wall: who undoes it meets the kernel.
"""

# The functions of ``os`` are replaced and imitated here, so they are called as they are.
# ruff: noqa: PTH100, PTH109, PTH116, PTH118, PTH119

from __future__ import annotations

import errno
import gc
import io
import os
import sqlite3
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any
from urllib.parse import unquote

__all__ = ["activate", "install"]

_OPEN, _OS_OPEN, _LISTDIR, _SCANDIR, _CONNECT = (io.open,), (os.open,), (os.listdir,), (os.scandir,), (sqlite3.connect,)
"""The originals, in tuples, so that the replacement of every reference to them does not find these."""
_MOST_READ_BYTES, _MOST_READ_FILE_BYTES = 64 << 20, 8 << 20
_NO_ROOM = "the seccomp tier of the sandbox has no directory to write to"
_ONLY_DATA = "the seccomp tier of the sandbox opens nothing but the data files"


class _Handover:
    """What was opened or read before the program began."""

    def __init__(self) -> None:
        self.active = False
        self.handles: dict[str, int] = {}
        self.read_before: dict[str, bytes] = {}
        self.readable: tuple[str, ...] = ()
        self._n_bytes = 0

    def remember(self, path: str) -> None:
        """In the server: keep what is read of the packages' own files."""
        if path in self.read_before or not path.startswith(self.readable):
            return
        try:
            n_bytes = os.stat(path).st_size
            if n_bytes > _MOST_READ_FILE_BYTES or self._n_bytes + n_bytes > _MOST_READ_BYTES:
                return
            with _OPEN[0](path, "rb") as file:
                self.read_before[path] = file.read()
        except OSError:
            return
        self._n_bytes += n_bytes

    def find(self, path: str) -> io.RawIOBase | None:
        if path in self.handles:
            return _DataFile(self.handles[path], path)
        if path in self.read_before:
            return _Remembered(self.read_before[path], path)
        return None


_state = _Handover()


class _DataFile(io.RawIOBase):
    """A file of its own over a shared descriptor: it keeps its own place and never moves the descriptor's."""

    def __init__(self, handle: int, name: str) -> None:
        self._handle, self._place, self.name, self.mode = handle, 0, name, "rb"

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._handle

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: os.fstat(self._handle).st_size}[whence]
        if start + offset < 0:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        self._place = start + offset
        return self._place

    def readinto(self, buffer: Any) -> int:
        n_bytes = os.preadv(self._handle, [buffer], self._place)
        self._place += n_bytes
        return n_bytes


class _Remembered(io.RawIOBase):
    """A file of a package, from memory."""

    def __init__(self, content: bytes, name: str) -> None:
        self._content, self.name, self.mode = io.BytesIO(content), name, "rb"

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._content.tell()

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        return self._content.seek(offset, whence)

    def readinto(self, buffer: Any) -> int:
        return self._content.readinto(buffer)


def _open(
    file: Any,
    mode: str = "r",
    buffering: int = -1,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
    closefd: bool = True,
    opener: Any = None,
) -> Any:
    """``open`` as ever; data files and what was read before come from what the process has already."""
    original = _OPEN[0]
    if isinstance(file, int) or opener is not None:
        return original(file, mode, buffering, encoding, errors, newline, closefd, opener)
    path = os.path.abspath(os.fsdecode(file))
    if not _state.active:
        if not set(mode) & set("wax+"):
            _state.remember(path)
        return original(file, mode, buffering, encoding, errors, newline, closefd, opener)
    raw = None if set(mode) & set("wax+") else _state.find(path)
    if raw is None:
        raise _refusal(file, writes=bool(set(mode) & set("wax+")))
    return _layered(raw, mode, buffering, encoding, errors, newline)


def _layered(
    raw: io.RawIOBase, mode: str, buffering: int, encoding: str | None, errors: str | None, newline: str | None
) -> io.IOBase:
    binary = "b" in mode
    if buffering == 0:
        if not binary:
            raise ValueError("can't have unbuffered text I/O")
        return raw
    if binary and (encoding or errors or newline):
        raise ValueError("binary mode doesn't take an encoding, errors or newline argument")
    buffered = io.BufferedReader(raw, buffering if buffering > 1 else io.DEFAULT_BUFFER_SIZE)
    if binary:
        return buffered
    text = io.TextIOWrapper(buffered, io.text_encoding(encoding), errors, newline)
    text.mode = mode  # type: ignore[misc]  # as ``open`` does
    return text


def _os_open(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
    """``os.open``: a data file that is only read comes as a duplicate, which shares its place with the others."""
    if not _state.active:
        return _OS_OPEN[0](path, flags, mode, dir_fd=dir_fd)
    name = os.path.abspath(os.fsdecode(path))
    reads_only = flags & (os.O_ACCMODE | os.O_CREAT | os.O_TRUNC | os.O_APPEND) == os.O_RDONLY
    if reads_only and dir_fd is None and name in _state.handles:
        handle = os.dup(_state.handles[name])
        os.lseek(handle, 0, os.SEEK_SET)
        return handle
    raise _refusal(path, writes=not reads_only)


def _refusal(path: Any, writes: bool) -> OSError:
    """The error that fits: a file that is not there is not there in this tier either."""
    name = os.fsdecode(path)
    if not writes and not os.path.lexists(name):
        return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name)
    return PermissionError(errno.EPERM, _NO_ROOM if writes else _ONLY_DATA, name)


def _names_in(path: Any) -> list[str]:
    """The data files, for the working directory; no other directory can be listed."""
    if path is None or (not isinstance(path, int) and os.path.abspath(os.fsdecode(path)) == os.getcwd()):
        return sorted(os.path.basename(name) for name in _state.handles)
    raise _refusal(str(path) if isinstance(path, int) else path, writes=False)


def _listdir(path: Any = None) -> list[Any]:
    return _names_in(path) if _state.active else _LISTDIR[0](path)


class _Entry:
    """As much of ``os.DirEntry`` as is used of a file."""

    def __init__(self, directory: str, name: str) -> None:
        self.name, self.path = name, os.path.join(directory, name)
        self.is_file, self.is_dir, self.is_symlink = (lambda **_: True), (lambda **_: False), (lambda: False)

    def __fspath__(self) -> str:
        return self.path

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        return os.stat(self.path)


class _Entries(list[_Entry]):
    """As ``os.scandir`` gives them: a context, and an iterator."""

    def __enter__(self) -> _Entries:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def __next__(self) -> _Entry:
        if not self:
            raise StopIteration
        return self.pop(0)

    def __iter__(self) -> Iterator[_Entry]:
        return self

    def close(self) -> None:
        self.clear()


def _scandir(path: Any = None) -> Any:
    if not _state.active:
        return _SCANDIR[0](path)
    return _Entries(_Entry("." if path is None else os.fsdecode(path), name) for name in _names_in(path))


def _sqlite(*arguments: Any, **options: Any) -> sqlite3.Connection:
    connection: sqlite3.Connection = _CONNECT[0](*arguments, **options)
    return connection


def _connect(database: Any, *arguments: Any, **options: Any) -> sqlite3.Connection:
    """``sqlite3.connect``: SQLite opens files itself, so a data file is given to it as a whole, in memory."""
    name = os.fsdecode(database)
    if name.startswith("file:") and options.get("uri"):
        name = unquote(name.removeprefix("file:").partition("?")[0])
    raw = _state.find(os.path.abspath(name)) if _state.active and name not in ("", ":memory:") else None
    if raw is None:
        return _sqlite(database, *arguments, **options)
    connection = _sqlite(":memory:", *arguments, **options)
    connection.deserialize(raw.readall())
    return connection


def _read_table(original: Any, source: Any, *arguments: Any, **options: Any) -> Any:
    """``pyarrow.parquet.read_table``, which pandas calls: Arrow opens files itself, so it is given one that is open."""
    named = isinstance(source, str | os.PathLike)
    return original(_open(source, "rb") if named else source, *arguments, **options)


def install(readable: Sequence[str]) -> None:
    """In the server, before it imports anything ahead: replace the functions, remember what is read below ``readable``."""
    _state.readable = tuple(f"{path}/" for path in readable)
    replacements = (_open, _os_open, _listdir, _scandir, _connect)
    for (original,), replacement in zip((_OPEN, _OS_OPEN, _LISTDIR, _SCANDIR, _CONNECT), replacements, strict=True):
        for holder in gc.get_referrers(original):
            if type(holder) is dict:
                for key in [key for key, value in holder.items() if value is original]:
                    holder[key] = replacement


def activate(handles: Mapping[str, int], directory: str) -> None:
    """In the program's process: from now on only ``handles`` (name in ``directory`` -> descriptor) can be opened."""
    _state.handles = {f"{directory}/{name}": handle for name, handle in handles.items()}
    _state.active = True
    parquet: Any = sys.modules.get("pyarrow.parquet")
    if parquet is not None:
        parquet.read_table = partial(_read_table, parquet.read_table)
    sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not PathFinder] + [_NothingMore]


class _NothingMore:
    """The last finder: says of a module that exists but was not loaded ahead that this tier cannot load it."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        try:
            spec = PathFinder.find_spec(name, path, target)
        except OSError:
            return None
        if spec is None:
            return None
        if spec.loader is None or spec.origin is None:  # a folder without code
            return spec
        raise ImportError(
            f"the module {name!r} was not loaded ahead, and the seccomp tier of the sandbox cannot load it", name=name
        )
