"""The fork server as a process: how it is started, spoken to and ended."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import weakref
from pathlib import Path
from typing import IO, Any

from treadle.errors import SandboxError
from treadle.sandbox.profiles import Profile
from treadle.sandbox.protocol import LOADED, Seam
from treadle.sandbox.staging import public_directory

__all__ = ["ServerProcess"]

_CLOSE_SECONDS = 5.0
_SERVER_CODE = """
import sys
sys.path.insert(0, {root!r})
from treadle.sandbox.server import main
del sys.path[0]
main({handle}, {parent})
"""
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1")


class ServerProcess:
    """The running fork server: its process, its control socket, its private directory, its last words."""

    def __init__(self, tier: str, uid: int, network_namespace: bool, profile: Profile, seam: Seam) -> None:
        self.preloaded = False
        self._loads: list[str] = []  # what it was told to import
        self._base = _base_directory(uid)
        self._words: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the server)
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-sP", "-c", _code(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._words,
                env=_environment(self._base),
                cwd="/",
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        self._finalizer = weakref.finalize(self, _end, self._process, self._control, self._words, self._base, self._loads)
        gives = {"executes": profile.executes, "headers": profile.headers}
        more = {**gives, "left_out": sorted(seam.left_out), "landlock_abi": seam.landlock_abi}
        self.tell({"tier": tier, "uid": uid, "base": self._base, "network_namespace": network_namespace, **more})

    def tell(self, message: dict[str, Any], handle: int | None = None) -> None:
        text = json.dumps(message).encode("ascii")
        try:
            socket.send_fds(self._control, [text], [] if handle is None else [handle])
        except OSError as error:
            raise SandboxError(f"the fork server is gone ({error}){self.last_words()}") from error

    def preload(self, modules: tuple[str, ...]) -> None:
        """Let the server import ``modules``, without waiting for it."""
        self.preloaded = True
        if modules:
            self._loads += modules
            self.tell({"preload": modules})

    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid

    def last_words(self) -> str:
        """What the server wrote to its standard error, which it does only in trouble."""
        try:
            text = os.pread(self._words.fileno(), 1 << 16, 0).decode(errors="replace").strip()
        except (OSError, ValueError):
            return ""
        return f": {text.splitlines()[-1]}" if text else ""

    def close(self) -> None:
        self._finalizer()


def _code(handle: int) -> str:
    root = str(Path(__file__).resolve().parents[2])
    return _SERVER_CODE.format(root=root, handle=handle, parent=os.getpid())


def _environment(base: str) -> dict[str, str]:
    """All that the server, and so every program, finds in its environment."""
    return {
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": base,
        "PYTHONHASHSEED": "0",
        "PYTHONUTF8": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "SOURCE_DATE_EPOCH": "0",  # the date that matplotlib writes into pictures: the same drawing is the same file
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": f"{base}/matplotlib",
        "MALLOC_ARENA_MAX": "2",  # each arena reserves 64 MiB of address space, which the memory limit counts
        **_ONE_THREAD,
    }


def _base_directory(uid: int) -> str:
    """A private directory that the user of the programs owns."""
    base = tempfile.mkdtemp(prefix="treadle-sandbox-", dir=public_directory())
    for path in (base, f"{base}/root", f"{base}/matplotlib"):
        Path(path).mkdir(mode=0o700, exist_ok=True)
        if os.geteuid() == 0:
            os.chown(path, uid, uid)
    return base


def _end(process: subprocess.Popen[bytes], control: socket.socket, words: IO[bytes], base: str, loads: list[str]) -> None:
    """Closing the control socket ends the server, which ends all that it runs. A server that still imports, for seconds,
    runs nothing yet, and is killed."""
    if loads and not _has_loaded(control):
        process.kill()
    control.close()
    try:
        process.wait(_CLOSE_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    words.close()
    shutil.rmtree(base, ignore_errors=True)


def _has_loaded(control: socket.socket) -> bool:
    """Whether the server said so, or is gone."""
    try:
        return control.recv(len(LOADED), socket.MSG_DONTWAIT) in (LOADED, b"")
    except BlockingIOError:
        return False
    except OSError:
        return True
