"""What attempts aim at, open to everybody and owned by the user that programs run as, and an oracle over all of it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

__all__ = ["CANARIES", "Targets", "kill_group", "processes_of_sessions", "spares", "survivors"]

CANARIES = ("CANARY-FILE", "CANARY-ENV", "CANARY-PARENT", "CANARY-SHM")
UID = 65534 if os.geteuid() == 0 else os.geteuid()
_OLD = 1_000_000_000
_IPC_CREAT, _IPC_RMID = 0o1000, 0
_PYTHON_MODULE = "found = open(__file__).read()\n# CANARY-FILE\n"


class Targets:
    """Files, listeners, a process and shared memory. ``touched`` says what an attempt did to them."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="targets-"))
        self.home, self.work = self.directory / "home", self.directory / "work"
        for folder in (self.home / ".ssh", self.home / "empty", self.work):
            folder.mkdir(parents=True)
        self._file(".ssh/id_rsa", "CANARY-FILE")
        self._file("unlucky.py", _PYTHON_MODULE)
        for name in ("victim.txt", "victim2.txt", "victim3.txt"):
            self._file(name, "intact")
        self.data = self._file("data.txt", "measured values\n" * 400)
        self.has_attributes = self._mark()
        for folder in (self.directory, self.home, self.home / ".ssh", self.home / "empty", self.work):
            os.chown(folder, UID, UID)
            folder.chmod(0o777)
        self.received: list[str] = []
        self._abstract = f"\0treadle-targets-{os.getpid()}-{id(self)}"
        self._listeners = {name: self._listen(name) for name in ("tcp", "udp", "unix", "unix_dgram", "abstract")}
        for name, listener in self._listeners.items():
            threading.Thread(target=self._count, args=(name, listener), daemon=True).start()
        self._victim = self._start_victim()
        self._shared = _SharedMemory(b"CANARY-SHM")
        self._before = self.state()
        self._process_before = self._process_state()

    # ------------------------------------------------------------------------------------------------ making

    def _file(self, name: str, text: str) -> Path:
        path = self.home / name
        path.write_text(text, encoding="ascii")
        path.chmod(0o666)
        os.chown(path, UID, UID)
        os.utime(path, (_OLD, _OLD))
        return path

    def _mark(self) -> bool:
        """Whether this file system has user attributes."""
        try:
            os.setxattr(self.home / "victim.txt", "user.mark", b"intact")
        except OSError:
            return False
        return True

    def _listen(self, name: str) -> socket.socket:
        family = socket.AF_INET if name in ("tcp", "udp") else socket.AF_UNIX
        listener = socket.socket(family, socket.SOCK_DGRAM if name in ("udp", "unix_dgram") else socket.SOCK_STREAM)
        if family == socket.AF_INET:
            listener.bind(("127.0.0.1", 0))
        elif name == "abstract":
            listener.bind(self._abstract)
        else:
            listener.bind(str(self.directory / name))
            (self.directory / name).chmod(0o777)
        if listener.type == socket.SOCK_STREAM:
            listener.listen()
        return listener

    def _count(self, name: str, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                if listener.type == socket.SOCK_STREAM:
                    with listener.accept()[0] as connection:
                        self.received.append(name)
                        connection.settimeout(1)
                        with contextlib.suppress(TimeoutError):
                            connection.recv(1000)
                else:
                    listener.recv(1000)
                    self.received.append(name)

    def _start_victim(self) -> subprocess.Popen[bytes]:
        user: dict[str, Any] = {"user": UID, "group": UID, "extra_groups": []} if os.geteuid() == 0 else {}
        victim = subprocess.Popen(["sleep", "600"], env={"SECRET": "CANARY-ENV"}, cwd="/", **user)
        while Path(f"/proc/{victim.pid}/comm").read_text(encoding="ascii").strip() != "sleep":
            time.sleep(0.001)  # it is still on its way through fork and exec
        return victim

    def facts(self, servers: Iterable[int] = ()) -> dict[str, Any]:
        """What an attempt is told, as ``F``. An attempt that must guess may only be weaker."""
        return {
            "home": str(self.home),
            "work": str(self.work),
            "data": self.data.name,
            "data_path": str(self.data),
            "data_inode": [self.data.stat().st_dev, self.data.stat().st_ino],
            "victim": self._victim.pid,
            "stack": self._stack_end() - 4096,
            "tests": os.getpid(),
            "servers": list(servers),
            "tcp": self._listeners["tcp"].getsockname()[1],
            "udp": self._listeners["udp"].getsockname()[1],
            "unix": str(self.directory / "unix"),
            "unix_dgram": str(self.directory / "unix_dgram"),
            "abstract": self._abstract,
            "shm_id": self._shared.id,
        }

    def _stack_end(self) -> int:
        """Where the victim's environment lies in its memory; 0 where it cannot be told."""
        with contextlib.suppress(OSError):
            for line in Path(f"/proc/{self._victim.pid}/maps").read_text(encoding="ascii").splitlines():
                if line.endswith("[stack]"):
                    return int(line.split()[0].split("-")[1], 16)
        return 1 << 32

    # ------------------------------------------------------------------------------------------------ looking

    def state(self) -> list[tuple[Any, ...]]:
        """Every path below with type, mode, owner, links, times, attributes and bytes."""
        facts: list[tuple[Any, ...]] = []
        for path in (self.directory, *sorted(self.directory.rglob("*"))):
            status = path.lstat()
            regular = path.is_file() and not path.is_symlink()
            content = path.read_bytes() if regular else b""
            attributes = {}
            if regular and self.has_attributes:
                attributes = {name: os.getxattr(path, name) for name in os.listxattr(path)}
            owner = (status.st_mode, status.st_uid, status.st_gid, status.st_nlink, status.st_mtime_ns)
            facts.append((str(path.relative_to(self.directory)), owner, attributes, content))
        return facts

    def _process_state(self) -> tuple[Any, ...]:
        """What others can change about the victim: its limits, its nice value, the CPUs that it may use."""
        pid = self._victim.pid
        limits = Path(f"/proc/{pid}/limits").read_text(encoding="ascii")
        adjusted = Path(f"/proc/{pid}/oom_score_adj").read_text(encoding="ascii")
        return os.getpriority(os.PRIO_PROCESS, pid), os.sched_getaffinity(pid), os.sched_getscheduler(pid), limits, adjusted

    def touched(self) -> list[str]:
        """What is not as it was; empty where nothing happened."""
        now = self.state()
        found = [f"{a[0]}: {a} became {b}" for a, b in zip(self._before, now, strict=False) if a != b]
        if len(now) != len(self._before):
            found.append(f"{len(self._before)} paths became {len(now)}")
        if self._victim.poll() is not None:
            found.append("the process was killed")
        elif self._process_state() != self._process_before:
            found.append("the process's limits or its place on the CPUs changed")
        elif _status(self._victim.pid)[0] not in "SR":
            found.append("the process was stopped")
        if self._shared.content() != b"CANARY-SHM":
            found.append("shared memory was written")
        return found + [f"the {name} listener was reached" for name in self.received]

    def close(self) -> None:
        """End and remove all of it."""
        self._victim.kill()
        self._victim.wait()
        for listener in self._listeners.values():
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self._shared.close()
        shutil.rmtree(self.directory)


class _SharedMemory:
    """A System V segment that everybody may attach; ``id`` is -1 where the kernel has none."""

    def __init__(self, text: bytes) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._libc.shmat.restype = ctypes.c_void_p
        self._size = len(text)
        self.id = self._libc.shmget(0, ctypes.c_size_t(4096), 0o666 | _IPC_CREAT)
        self._address = self._libc.shmat(self.id, None, 0) if self.id >= 0 else None
        self._text = text
        if self._address is not None:
            ctypes.memmove(self._address, text, len(text))

    def content(self) -> bytes:
        return self._text if self._address is None else ctypes.string_at(self._address, self._size)

    def close(self) -> None:
        if self._address is not None:
            self._libc.shmdt(ctypes.c_void_p(self._address))
            self._libc.shmctl(self.id, _IPC_RMID, None)
            self._address = None


def _status(pid: int) -> tuple[str, int]:
    """State letter and session of a process, from the outermost view of /proc."""
    fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    return fields[0].decode(), int(fields[3])


def processes_of_sessions(sessions: Iterable[int]) -> dict[int, str]:
    """Every process, the leaders, zombies and ``spares`` left out, that belongs to one of ``sessions``: pid -> state.

    Servers lead a session of their own, which nothing below them can leave; so this finds orphans too.
    """
    wanted, found = set(sessions), {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) not in wanted:
            with contextlib.suppress(OSError):
                state, session = _status(int(entry.name))
                if session in wanted and state != "Z":
                    found[int(entry.name)] = state
    for pid in spares(wanted) if found else ():
        found.pop(pid, None)
    return found


def spares(servers: Iterable[int]) -> set[int]:
    """What each server keeps ready for its next run: one supervisor and its child, in which no program has begun.

    A program's process has a filter on its system calls, which it cannot take off. Of a second such supervisor, or of one
    above a program, nothing is left out.
    """
    children: dict[int, list[int]] = {}
    filtered: set[int] = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                lines = (entry / "status").read_text(encoding="utf-8", errors="replace").splitlines()
                facts = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
                children.setdefault(int(facts["PPid"]), []).append(int(entry.name))
                if facts["Seccomp"] != "0":
                    filtered.add(int(entry.name))
    found: set[int] = set()
    for server in servers:
        idle = [pid for pid in children.get(server, []) if not filtered & {pid, *children.get(pid, [])}]
        waiting = sorted(idle, key=lambda pid: (bool(children.get(pid)), pid))[-1:]
        found |= {*waiting, *(child for pid in waiting for child in children.get(pid, []))}
    return found


def survivors(sessions: Iterable[int], seconds: float = 5.0) -> dict[int, str]:
    """Those of ``processes_of_sessions`` that do not end by themselves in that time."""
    deadline = time.monotonic() + seconds
    while (left := processes_of_sessions(sessions)) and time.monotonic() < deadline:
        time.sleep(0.005)
    return left


def kill_group(process: subprocess.Popen[Any]) -> None:
    """End a control with all that it started; its leader was made the head of a process group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
