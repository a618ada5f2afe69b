"""Namespaces: a world of its own for one run, with nothing in it but Python, the data files and a small scratch disk."""

# Plain os calls: descriptors, links and mount points, in processes that live for milliseconds.
# ruff: noqa: PTH102, PTH110, PTH112, PTH114, PTH115, PTH211

from __future__ import annotations

import contextlib
import errno
import os
import struct
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from treadle.sandbox import syscalls
from treadle.sandbox.privileges import PR_SET_DUMPABLE
from treadle.sandbox.protocol import SCRATCH
from treadle.sandbox.syscalls import SetupError

__all__ = ["DEVICES", "INSIDE_UID", "WORK", "build_root", "enter_own_root", "map_user", "mount_work", "plan", "spawn"]

WORK = "/sandbox"
"""The working directory inside; a name that no Python installation lies under."""
INSIDE_UID = 1000
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")

_NEW_NS, _NEW_CGROUP, _NEW_UTS, _NEW_IPC, _NEW_USER, _NEW_PID, _NEW_NET = (
    0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000,
)  # fmt: skip
_BASE_FLAGS = _NEW_NS | _NEW_CGROUP | _NEW_UTS | _NEW_IPC | _NEW_USER | _NEW_PID

_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC = 1, 2, 4, 8
_MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 32, 4096, 16384, 1 << 18
_STATVFS_TO_MOUNT = {2: _MS_NOSUID, 4: _MS_NODEV, 8: _MS_NOEXEC, 1024: 1 << 10, 2048: 1 << 11, 4096: 1 << 21}
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000


_BY_NAME = {
    "mount namespace": _NEW_NS, "cgroup namespace": _NEW_CGROUP, "uts namespace": _NEW_UTS, "ipc namespace": _NEW_IPC,
    "user namespace": _NEW_USER, "pid namespace": _NEW_PID, "network namespace": _NEW_NET,
}  # fmt: skip


def spawn(network: bool, left_out: Collection[str] = ()) -> int:
    """Fork into new namespaces; returns like ``os.fork``. The child is process 1 of its own process namespace.

    Raises:
        SetupError: the kernel or its configuration does not allow it.
    """
    flags = _BASE_FLAGS | (_NEW_NET if network else 0)
    for name in left_out:
        flags &= ~_BY_NAME.get(name, 0)
    return syscalls.clone(flags)


def map_user(uid: int, gid: int) -> None:
    """Become user 1000 inside, mapped to the unprivileged user outside (no root inside, so ``setuid(0)`` means nothing)."""
    syscalls.prctl(PR_SET_DUMPABLE, 1)  # without it the map files belong to root
    for name, text in (("setgroups", "deny"), ("uid_map", f"{INSIDE_UID} {uid} 1"), ("gid_map", f"{INSIDE_UID} {gid} 1")):
        try:
            Path(f"/proc/self/{name}").write_bytes(text.encode())
        except OSError as error:
            raise SetupError(error.errno, f"writing /proc/self/{name}: {error.strerror}") from None
    syscalls.prctl(PR_SET_DUMPABLE, 0)


Step = tuple[str, str, str]
"""What to do on the way to a run's file system ('directory', 'link', 'tree' or 'file'), where, and where a link points."""


def plan(visible: Iterable[str], executes: bool) -> tuple[Step, ...]:
    """The steps that show ``visible`` and the devices, found out once in the server: a run only takes them."""
    steps: list[Step] = []
    made = {"/"}
    for path in (*visible, *DEVICES, "/proc/self"):
        for parent in (str(parent) for parent in reversed(Path(path).parents)):
            if parent not in made:
                made.add(parent)
                steps.append(("directory", parent, ""))
        if path == "/proc/self":
            continue
        if os.path.islink(path):
            steps.append(("link", path, os.readlink(path)))
        elif os.path.isdir(path):
            steps += [("directory", path, ""), ("tree", path, "")]
            made.add(path)
        elif os.path.exists(path):
            steps.append(("file", path, ""))
    if executes:
        steps.append(("link", "/dev/shm", f"{WORK}/{SCRATCH}"))  # noqa: S108 (semaphores between processes live there)
    return (*steps, ("directory", WORK, ""))


def build_root(root: str, steps: Iterable[Step]) -> None:
    """Mount what is the same for all runs on ``root``: the ``plan``, read-only."""
    syscalls.mount("none", "/", None, _MS_REC | _MS_PRIVATE)
    syscalls.mount("tmpfs", root, "tmpfs", _MS_NOSUID | _MS_NODEV, "size=4m,nr_inodes=4096,mode=755")
    for kind, path, target in steps:
        if kind == "directory":
            os.mkdir(root + path)
        elif kind == "link":
            os.symlink(target, root + path)
        elif kind == "tree":
            syscalls.mount(path, root + path, None, _MS_BIND | _MS_REC)
        else:
            _bind_file(path, root + path)
    _mount_proc(root + "/proc")
    _make_read_only(root)


def mount_work(files: Sequence[tuple[str, str]], disk_bytes: int, inodes: int, executes: bool, host: int) -> None:
    """Mount the working directory, with ``files`` (name, path) in it, and let go of ``host``, where they come from."""
    os.fchdir(host)
    work_inodes = inodes + len(files) + 3  # the root, .tmp and the mount points of the data files are not the program's
    options = f"size={disk_bytes},nr_inodes={work_inodes},mode=700"
    syscalls.mount("tmpfs", WORK, "tmpfs", _MS_NOSUID | _MS_NODEV | (0 if executes else _MS_NOEXEC), options)
    for name, path in files:
        _bind_file(path.lstrip("/"), f"{WORK}/{name}")
        _make_read_only(f"{WORK}/{name}")
    syscalls.umount_detach(".")
    os.close(host)
    os.chdir(WORK)
    os.mkdir(SCRATCH, 0o700)


def _bind_file(path: str, target: str) -> None:
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    syscalls.mount(path, target, None, _MS_BIND)


def _mount_proc(target: str) -> None:
    with contextlib.suppress(SetupError):  # inside a container with a masked /proc: go without
        syscalls.mount("proc", target, "proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC)


def _make_read_only(target: str) -> None:
    attributes = struct.pack("QQQQ", _MS_RDONLY | _MS_NOSUID, 0, 0, 0)
    try:
        syscalls.call("mount_setattr", _AT_FDCWD, os.fsencode(target), _AT_RECURSIVE, attributes, len(attributes))
    except SetupError as error:
        if error.errno != errno.ENOSYS:
            raise
        _remount_each(target)


def _remount_each(target: str) -> None:
    """Before Linux 5.12: one remount for every mount below, each with the flags that it has already."""
    lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    points = [line.split()[4].encode("utf-8", "surrogateescape").decode("unicode_escape") for line in lines]
    for point in points:
        if point == target or point.startswith(target + "/"):
            present = os.statvfs(point).f_flag
            kept = sum(flag for bit, flag in _STATVFS_TO_MOUNT.items() if present & bit)
            syscalls.mount("none", point, None, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | _MS_NOSUID | kept)


def enter_own_root(root: str, left_out: Collection[str] = ()) -> int:
    """Make ``root`` the file system of this process; a descriptor of the host's, which lies on top until ``mount_work``.

    It is out of reach by any path that begins at ``/``, but the data files of a run are still to be taken from it.
    """
    host = os.open("/", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    os.chdir(root)
    if "pivot_root" not in left_out:
        syscalls.call("pivot_root", b".", b".")
        os.chdir("/")
    with contextlib.suppress(OSError):
        name = b"sandbox"
        syscalls.checked("sethostname", name, len(name))
    return host
