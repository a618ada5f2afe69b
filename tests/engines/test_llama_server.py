"""The folder of llama.cpp's socket: it goes with the engine, and with the next one where its process was killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from treadle.engines.llama_server import remove_folder, socket_folder

KILLED = """
from treadle.engines.llama_server import socket_folder
print(socket_folder(), flush=True)
input()
"""


@pytest.fixture(autouse=True)
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A temporary folder that nobody else uses, with a short path."""
    with tempfile.TemporaryDirectory(prefix="llama-") as name:
        monkeypatch.setenv("TMPDIR", name)
        monkeypatch.setattr(tempfile, "tempdir", name)
        yield Path(name)


def age(path: Path) -> None:
    os.utime(path, (time.time() - 3600,) * 2)


def test_a_folder_goes_when_it_is_removed(temporary: Path) -> None:
    folder = Path(socket_folder())
    assert folder.parent == temporary
    assert folder.stat().st_mode & 0o777 == 0o700
    remove_folder(str(folder))
    remove_folder(str(folder))
    assert list(temporary.iterdir()) == []


def test_the_folder_of_a_killed_process_is_removed_by_the_next_one() -> None:
    process = subprocess.Popen([sys.executable, "-c", KILLED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    left = Path(process.stdout.readline().strip())
    age(left)
    remove_folder(socket_folder())
    assert left.exists(), "its process lives"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert left.exists(), "nobody could remove it"
    age(left)
    remove_folder(socket_folder())
    assert not left.exists()


def test_only_old_folders_of_ones_own_are_removed(temporary: Path) -> None:
    young, foreign, served, other = (temporary / f"treadle-llama-{name}" for name in ("young", "foreign", "served", "other"))
    target = temporary / "target"
    for path in (young, foreign, served, target):
        path.mkdir()
    other.symlink_to(target)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(f"{served}/llama.sock")
        listener.listen()
        for path in (foreign, served, target):
            age(path)
        if os.geteuid() == 0:
            os.chown(foreign, 65534, 65534)
        remove_folder(socket_folder())
    assert all(path.exists() for path in (young, served, target, other))
    assert foreign.exists() == (os.geteuid() == 0), "nobody else can own a folder unless root gives it away"


def test_a_long_temporary_folder_is_not_used(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = temporary / ("x" * 100)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    folder = socket_folder()
    remove_folder(folder)
    assert Path(folder).parent == Path("/tmp")
