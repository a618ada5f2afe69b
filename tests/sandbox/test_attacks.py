"""A collection of abuse attempts kept outside this project, where it is at hand: judged from inside and from outside."""

from __future__ import annotations

import os
import runpy
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from treadle.sandbox import Sandbox
from treadle.types import Limits, Program

COLLECTION = Path(__file__).resolve().parents[2].parent / "shared" / "attacks" / "python_attacks.py"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not COLLECTION.is_file(), reason="the collection of attempts is not on this machine"),
]

LIMITS = Limits(cpu_seconds=2, wall_seconds=4)
LET_THROUGH = {"namespaces": {"R07"}, "landlock": {"R07", "F14"}}
"""R07: output beyond the limit is thrown away, so the program does not notice. F14: file metadata, see docs/sandbox.md."""


class Targets:
    """What the attempts aim at, open to everybody, and an oracle that says whether any of it was touched."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp())
        self.home, self.work = self.directory / "home", self.directory / "work"
        (self.home / ".ssh").mkdir(parents=True)
        self.work.mkdir()
        self._write(self.home / ".ssh" / "id_rsa", "CANARY")
        for name in ("victim.txt", "victim2.txt", "victim3.txt"):
            self._write(self.home / name, "intact")
            os.utime(self.home / name, (1e9, 1e9))
        for directory in (self.directory, self.home, self.home / ".ssh", self.work):
            directory.chmod(0o777)
        self.received: list[str] = []
        self._sockets = [self._listen(*kind) for kind in ((2, 1), (2, 2), (1, 1))]
        for listener in self._sockets:
            threading.Thread(target=self._count, args=(listener,), daemon=True).start()
        user = {"user": 65534} if os.geteuid() == 0 else {}
        self.victim = subprocess.Popen(["sleep", "600"], env={"SECRET": "CANARY-ENV"}, **user)  # type: ignore[call-overload]
        self.before = self.state()

    @staticmethod
    def _write(path: Path, text: str) -> None:
        path.write_text(text, encoding="ascii")
        path.chmod(0o666)

    def _listen(self, family: int, kind: int) -> socket.socket:
        listener = socket.socket(family, kind)
        listener.bind(str(self.directory / "socket") if family == socket.AF_UNIX else ("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            listener.listen()
        if family == socket.AF_UNIX:
            (self.directory / "socket").chmod(0o777)
        return listener

    def _count(self, listener: socket.socket) -> None:
        try:
            while True:
                if listener.type == socket.SOCK_STREAM:
                    with listener.accept()[0] as connection:
                        connection.recv(100)
                else:
                    listener.recv(100)
                self.received.append(str(listener.getsockname()))
        except OSError:
            return

    def fixtures(self) -> dict[str, Any]:
        return {
            "home": str(self.home),
            "work": str(self.work),
            "victim": self.victim.pid,
            "vaddr": 1 << 32,
            "tcp": self._sockets[0].getsockname()[1],
            "udp": self._sockets[1].getsockname()[1],
            "upath": str(self.directory / "socket"),
            "uabs": "treadle-abstract",
            "shmkey": 1,
        }

    def state(self) -> list[tuple[Any, ...]]:
        facts: list[tuple[Any, ...]] = []
        for path in sorted(self.directory.rglob("*")):
            status = path.lstat()
            text = path.read_text(encoding="ascii") if path.is_file() else ""
            attributes = os.listxattr(path, follow_symlinks=False)
            modified = status.st_mtime if path.is_file() else 0
            facts.append((str(path), status.st_mode, modified, text, tuple(attributes)))
        return facts

    def touched(self) -> list[str]:
        found = [] if self.state() == self.before else ["files"]
        found += [] if self.victim.poll() is None else ["victim killed"]
        return found + self.received

    def close(self) -> None:
        self.victim.kill()
        self.victim.wait()
        for listener in self._sockets:
            listener.shutdown(socket.SHUT_RDWR) if listener.type == socket.SOCK_STREAM else None
            listener.close()
        shutil.rmtree(self.directory)


@pytest.fixture
def targets(monkeypatch: pytest.MonkeyPatch) -> Iterator[Targets]:
    monkeypatch.setenv("SECRET_TOKEN", "CANARY")
    made = Targets()
    yield made
    made.close()


def test_every_attempt(sandbox: Sandbox, targets: Targets) -> None:
    collection = runpy.run_path(str(COLLECTION))
    prelude = collection["PRELUDE"].replace("__FIX__", repr(targets.fixtures())) + "result = None\n"
    through = set()
    for name, _, _, code in collection["ATTACKS"]:
        run = sandbox.run(Program(source=prelude + code, evaluate="result"), limits=LIMITS)
        leaked = any("CANARY" in text for text in (run.stdout, run.stderr, str(run.value)))
        if leaked or str(run.value).startswith("HIT"):
            through.add(name)
        assert not targets.touched(), (name, targets.touched())
        if run.value == "FORGED" or len(run.stdout) > LIMITS.stream_bytes:
            through.add(name)
    assert through <= LET_THROUGH[sandbox.tier]
    assert sandbox.run(Program(source=prelude + "tryit(lambda: 1)", evaluate="result")).value == "HIT 1"


def test_controls(targets: Targets, tmp_path: Path) -> None:
    """Without a sandbox many of the attempts succeed: the fixtures are real. Only harmless ones are tried."""
    collection = runpy.run_path(str(COLLECTION))
    prelude = collection["PRELUDE"].replace("__FIX__", repr(targets.fixtures())) + "result = None\n"
    harmless = ("F01", "F03", "F05", "F06", "F07", "F14", "F15", "N01", "N02", "N04", "N10", "P01", "P06", "P07", "S01")
    for name, _, title, code in collection["ATTACKS"]:
        if name in harmless:
            source = f"{prelude}{code}\nprint(result)"
            done = subprocess.run([sys.executable, "-c", source], cwd=tmp_path, capture_output=True, text=True, check=False)
            assert done.stdout.startswith("HIT"), (name, title, done)
