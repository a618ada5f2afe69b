"""The same attempts without a sandbox, as an ordinary user or as root of throwaway namespaces, bounded in time."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from attacks.targets import UID, Targets, kill_group
from treadle.sandbox.artifacts import remove_tree

__all__ = ["Control", "namespaces_are_allowed", "run_control"]

_SECONDS = 20.0
_WRAPPER = """
import os, sys
uid, source = int(sys.argv[1]), open(sys.argv[2]).read()
import ctypes, encodings.idna, errno, fcntl, linecache, mmap, resource, signal, socket, struct, time
for name in "subprocess threading select sqlite3 asyncio urllib.request pty zlib numpy " \\
            "multiprocessing.shared_memory multiprocessing.popen_fork".split():
    if name.split(".")[0] in source:
        __import__(name)  # a Python in root's home cannot be read any more below
if uid >= 0 and os.getuid() == 0:
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
sys.argv = ["program.py"]
ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # its own /proc/self is its own again
exec(compile(source, "<control>", "exec"), {"__name__": "__main__"})
"""
_NAMESPACES = (
    "unshare",
    "--user",
    "--map-root-user",
    "--mount",
    "--pid",
    "--fork",
    "--ipc",
    "--uts",
    "--net",
    "--kill-child",
)


@dataclass(frozen=True, slots=True)
class Control:
    """How a control ended. ``code`` is negative for a signal, None where it ran on until it was stopped."""

    code: int | None
    stdout: str
    stderr: str

    @property
    def outcome(self) -> str:
        """What the attempt itself said at its end."""
        _, mark, text = self.stdout.rpartition("OUTCOME ")
        return text.strip() if mark else ""

    @property
    def worked(self) -> bool:
        return self.outcome.startswith("THROUGH")


def namespaces_are_allowed() -> bool:
    """Whether a control may be root of namespaces of its own here."""
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*_NAMESPACES, "true"], capture_output=True, check=False).returncode == 0


def run_control(source: str, targets: Targets, *, root: bool = False, seconds: float = _SECONDS) -> Control:
    """Run ``source``, which leaves its result in ``outcome``, outside of any sandbox.

    Where the tests run as root, it runs as the user that the sandbox's programs run as, so that only the sandbox makes
    the difference. ``root``: as root of user, mount, process, network, IPC and host name namespaces of its own. CPU time and
    the size of files are bounded.
    """
    with _directory(targets.directory.parent) as where:
        (where / targets.data.name).symlink_to(targets.data)
        program = where / ".control.py"
        program.write_text(f"{source}\nprint('OUTCOME', outcome, flush=True)\n", encoding="utf-8")
        command: Sequence[str] = [sys.executable, "-c", _WRAPPER, "-1" if root else str(UID), str(program)]
        return _run([*_NAMESPACES, *command] if root else command, where, seconds)


@contextlib.contextmanager
def _directory(parent: Path) -> Iterator[Path]:
    """The control's own, which everybody may read: root of a namespace is nobody outside of it."""
    where = Path(tempfile.mkdtemp(dir=parent, prefix="control-"))
    try:
        where.chmod(0o777)
        os.chown(where, UID, UID)
        yield where
    finally:
        remove_tree(str(where))


def _run(command: Sequence[str], where: Path, seconds: float) -> Control:
    process = subprocess.Popen(
        command,
        cwd=where,
        env={
            **os.environ,
            "HOME": str(where),
            "SECRET_TOKEN": "CANARY-ENV",
            "TREADLE_TEST_SECRET": "CANARY-PARENT-IN-THE-ENVIRONMENT",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
        preexec_fn=_bounds,
    )
    try:
        stdout, stderr = process.communicate(timeout=seconds)
        return Control(process.returncode, stdout, stderr)
    except subprocess.TimeoutExpired:
        kill_group(process)
        stdout, stderr = process.communicate()
        return Control(None, stdout, stderr)
    finally:
        kill_group(process)  # what it left behind


def _bounds() -> None:
    """Nothing that a control starts may hurt the machine."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (10, 12))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 28, 1 << 28))
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
