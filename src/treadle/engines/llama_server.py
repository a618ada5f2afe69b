"""llama.cpp's server loop inside this process: how it is started, and spoken to over a Unix socket in a private folder."""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import json
import os
import shutil
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from treadle.errors import EngineError, ModelFileError

__all__ = ["exchange", "remove_folder", "socket_folder", "start"]

BATCH_TOKENS = 128
"""Tokens of a prompt that are read in one step; only between two steps can it be stopped. 256 read 4 % faster, 512 8 %."""

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_PREFIX = "treadle-llama-"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW_SECONDS = 60.0
"""A folder younger than this may not be locked yet."""

_held: dict[str, int] = {}
"""The locks of this process on its folders; the kernel lets them go when the process ends, however it ends."""


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=60)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self._path)


def socket_folder() -> str:
    """A new private folder whose path is short enough for a socket in it, held until ``remove_folder``.

    A process that is killed leaves its folder, which holds nothing but a dead socket; the next one removes it.
    """
    parent = tempfile.gettempdir()
    if len(os.fsencode(_socket_path(f"{parent}/{_PREFIX}12345678"))) > 100:  # Linux takes 107 bytes
        parent = "/tmp"  # noqa: S108 (the folder is made with mkdtemp)
    _sweep(parent)
    folder = tempfile.mkdtemp(prefix=_PREFIX, dir=parent)
    _held[folder] = os.open(folder, _FOLDER)
    fcntl.flock(_held[folder], fcntl.LOCK_EX)
    return folder


def remove_folder(folder: str) -> None:
    """Remove a folder of ``socket_folder``. Doing so twice is allowed."""
    shutil.rmtree(folder, ignore_errors=True)
    handle = _held.pop(folder, None)
    if handle is not None:
        os.close(handle)


def _sweep(parent: str) -> None:
    """Remove the folders whose process is gone: ours, not new, and locked by nobody."""
    for path in Path(parent).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):  # locked, or gone meanwhile
            handle = os.open(path, _FOLDER)
            try:
                status = os.fstat(handle)
                if status.st_uid == os.geteuid() and time.time() - status.st_mtime > _NEW_SECONDS and not _answers(path):
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(handle)


def _answers(folder: Path) -> bool:
    """Whether a server listens there: an older treadle holds no lock."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(_socket_path(str(folder))) == 0


def _socket_path(folder: str) -> str:
    return f"{folder}/llama.sock"  # llama.cpp takes a name that ends in .sock as a Unix socket


def _usable_cpus() -> int:
    return min(8, len(os.sched_getaffinity(0)))


def start(
    path: Path,
    folder: str,
    threads: int,
    context_tokens: int,
    slots: int,
    adapters: Sequence[tuple[Path, float]] = (),
) -> tuple[Any, str]:
    """The running server with ``path`` and ``adapters`` (file, scale) loaded, and the version of xllamacpp.

    ``threads`` 0: as many as may be used.

    Raises:
        EngineError: xllamacpp is not installed.
        ModelFileError: llama.cpp cannot load the file.
    """
    # libgomp's threads spin at barriers: with one core busy elsewhere decoding at n=8 fell from 180 to 45 tokens a second;
    # with a bounded spin it falls to 88 only, and loses 3 % on an idle machine. Read once, when the library is loaded.
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    try:
        import xllamacpp
    except ImportError as error:
        raise EngineError(f"the llama engine needs xllamacpp: pip install xllamacpp ({error})") from error
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx, params.n_parallel, params.n_batch = context_tokens, slots, BATCH_TOKENS
    params.kv_unified = True  # drafts of one request share the prompt's cells: less memory, 3 % faster at n=8
    params.cache_ram_mib = 0  # a host copy of every slot's state would double the memory
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads or _usable_cpus()
    params.hostnames = [_socket_path(folder)]
    params.ui = False
    params.warmup = False
    params.verbosity = -1
    params.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(file), scale) for file, scale in adapters]
    with _stopping_waits():
        try:
            server = xllamacpp.Server(params)
        except Exception as error:
            beside = "".join(f" with the adapter {file}" for file, _ in adapters)
            raise ModelFileError(
                f"llama.cpp cannot load {path}{beside} ({error}); the file may be truncated, of a newer form, or an adapter "
                "of another model"
            ) from error
        # Its destructor waits for ever for a loop that has not begun yet. The slots are told by the loop itself, so from
        # here on it runs, and the server may go at any moment.
        exchange(folder, "GET", "/slots", None)
    return server, str(xllamacpp.__version__)


@contextlib.contextmanager
def _stopping_waits() -> Iterator[None]:
    """Hold Ctrl-C, and other signals that are handled in Python, back until the block is done.

    Only the main thread sees them; in others there is nothing to hold back.
    """
    handlers = {number: signal.getsignal(number) for number in _STOPPING}
    ours = {number: handler for number, handler in handlers.items() if callable(handler)}
    if threading.current_thread() is not threading.main_thread() or not ours:
        yield
        return
    came: list[int] = []
    for number in ours:
        signal.signal(number, lambda number, _: came.append(number))
    try:
        yield
    finally:
        for number, handler in ours.items():
            signal.signal(number, handler)
    if came:
        ours[signal.Signals(came[0])](came[0], None)


def exchange(folder: str, method: str, path: str, body: dict[str, Any] | None) -> Any:
    """One call over the Unix socket of ``folder``; raises EngineError where no JSON comes back."""
    try:
        with contextlib.closing(_UnixConnection(_socket_path(folder))) as connection:
            connection.request(method, path, json.dumps(body), {"Content-Type": "application/json"})
            return json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise EngineError(f"llama.cpp did not answer {path}: {error}") from error
