"""Copies of files that only root may read: gone with the sandbox, and swept after a process that was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from treadle.sandbox.staging import Staging

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root's files are copied")

KILLED = """
import sys, time
from pathlib import Path
from treadle.sandbox.staging import Staging
staging = Staging()
print(staging.stage([Path(sys.argv[1])])[0][1], flush=True)
time.sleep(60)
"""


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="staging-") as name:
        Path(name).chmod(0o755)
        monkeypatch.setattr(tempfile, "tempdir", name)
        monkeypatch.setenv("TMPDIR", name)
        yield Path(name)


@pytest.fixture
def private(folder: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        path = Path(name) / "private.csv"
        path.write_text("x\n1\n", encoding="ascii")
        path.chmod(0o600)
        yield path


def age(path: Path) -> None:
    os.utime(path, (time.time() - 3600,) * 2)


def test_copies_go_with_the_sandbox(folder: Path, private: Path) -> None:
    staging = Staging()
    copy = Path(staging.stage([private])[0][1])
    assert copy.read_bytes() == private.read_bytes()
    staging.close()
    assert list(folder.iterdir()) == []


def test_copies_of_a_killed_process_are_swept_by_the_next_one(folder: Path, private: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(private)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    copy = Path(process.stdout.readline().strip())
    age(copy.parent)
    with closing(Staging()) as staging:
        staging.stage([private])
        assert copy.exists(), "its process lives"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert copy.exists(), "nobody could remove it"
    with closing(Staging()) as staging:
        staging.stage([private])
        assert not copy.parent.exists()


def test_only_old_folders_of_ones_own_are_swept(folder: Path, private: Path) -> None:
    young, foreign, other = (folder / name for name in ("treadle-data-young", "treadle-data-foreign", "something-else"))
    for path in (young, foreign, other):
        path.mkdir()
        age(path) if path is not young else None
    os.chown(foreign, 65534, 65534)
    target = folder / "target"
    target.mkdir()
    (folder / "treadle-data-link").symlink_to(target)
    with closing(Staging()) as staging:
        staging.stage([private])
    assert all(path.exists() for path in (young, foreign, other, target))
