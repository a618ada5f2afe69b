"""What a run may use: resource limits of the kernel, and the sentences that say which one was hit.

Memory is counted as address space *beyond* what the preloaded fork server brings along (about 100 to 500 MB that every
program shares), plus twice the size of the data files, so that a program may map them. Private writable memory alone
has a second, tighter bound without that allowance.
"""

from __future__ import annotations

import math
import os
import resource
import time
from collections.abc import Mapping
from pathlib import Path

from treadle.types import Limits

__all__ = [
    "apply",
    "bounds_of",
    "cpu_seconds_of",
    "image_bytes",
    "sentence",
    "threads_of",
]

_SLACK_BYTES = 32 << 20
"""For the interpreter itself: arenas and a stack that appear before the first line of the program runs."""

_FIXED = {
    resource.RLIMIT_CORE: 1,  # 0 stops files only: of a machine that pipes cores to a program, 1 is how to say none
    resource.RLIMIT_MEMLOCK: 0,
    resource.RLIMIT_MSGQUEUE: 0,
    resource.RLIMIT_NICE: 0,
    resource.RLIMIT_RTPRIO: 0,
}


def size(n_bytes: float) -> str:
    """A size for people, in binary units: 2147483648 -> '2 GiB'."""
    for unit in ("bytes", "KiB", "MiB"):
        if n_bytes < 1024:
            return f"{n_bytes:g} {unit}" if n_bytes == int(n_bytes) else f"{n_bytes:.1f} {unit}"
        n_bytes /= 1024
    return f"{n_bytes:g} GiB" if n_bytes == int(n_bytes) else f"{n_bytes:.1f} GiB"


def sentence(what: str, limits: Limits) -> str | None:
    """The sentence for ``Run.limit_hit``; None for a word that names no limit (the program's own word is not trusted)."""
    texts = {
        "memory": f"memory limit {size(limits.memory_bytes)}",
        "cpu": f"CPU limit {limits.cpu_seconds:g} s",
        "wall": f"wall time limit {limits.wall_seconds:g} s",
        "disk": f"disk limit {size(limits.disk_bytes)}",
        "inodes": f"limit of {limits.inodes} files and directories",
        "open_files": f"limit of {limits.open_files} open files",
        "threads": f"limit of {limits.threads} threads",
        "value": f"value limit {size(limits.value_bytes)}",
    }
    return f"stopped: {texts[what]}" if what in texts else None


def image_bytes() -> tuple[int, int]:
    """Address space and private writable memory of this process, in bytes; zeros where /proc is not there."""
    try:
        handle = os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)  # by pathlib it would take half a millisecond
    except OSError:
        return 0, 0
    fields = os.read(handle, 1000).split()
    os.close(handle)
    page = resource.getpagesize()
    return int(fields[0]) * page, int(fields[5]) * page


def counts_threads() -> bool:
    """Whether RLIMIT_NPROC counts inside one user namespace (Linux 5.14) rather than all that the user runs."""
    release = os.uname().release.split("-")[0].split(".")
    return (int(release[0]), int(release[1])) >= (5, 14)


def bounds_of(
    limits: Limits, image: tuple[int, int], data_bytes: int, own_user_namespace: bool, more_files: int = 0
) -> dict[int, tuple[int, int]]:
    """The kernel's limits for a run, soft and hard alike, so that the program cannot raise them.

    ``more_files`` descriptors are open already and not counted.
    """
    bounds = dict(_FIXED)
    space, private = image
    if space:
        bounds[resource.RLIMIT_AS] = space + limits.memory_bytes + 2 * data_bytes + _SLACK_BYTES
        bounds[resource.RLIMIT_DATA] = private + limits.memory_bytes + _SLACK_BYTES
    bounds[resource.RLIMIT_FSIZE] = limits.disk_bytes
    bounds[resource.RLIMIT_NOFILE] = limits.open_files + more_files
    if own_user_namespace and counts_threads():
        bounds[resource.RLIMIT_NPROC] = limits.threads + 1  # the supervisor counts too
    # The supervisor watches CPU time to a few hundredths of a second; this is the net below it.
    whole = math.ceil(limits.cpu_seconds) + 1
    return {name: _lowered(name, value, value) for name, value in bounds.items()} | {
        resource.RLIMIT_CPU: _lowered(resource.RLIMIT_CPU, whole, whole + 1)
    }


def _lowered(name: int, soft: int, hard: int) -> tuple[int, int]:
    """No limit is raised above the one that this process has already."""
    present = resource.getrlimit(name)[1]
    return (soft, hard) if present == resource.RLIM_INFINITY else (min(soft, present), min(hard, present))


def apply(bounds: Mapping[int, tuple[int, int]]) -> None:
    """Set the limits on this process."""
    for name, bound in bounds.items():
        resource.setrlimit(name, bound)


def cpu_seconds_of(pid: int) -> float:
    """CPU time of a whole process, all threads, by its CPU clock (no /proc needed)."""
    process_clock = (~pid << 3) | 2
    try:
        return time.clock_gettime(process_clock)
    except OSError:
        return 0.0


def threads_of(pid: int) -> int:
    """Threads of a process; 0 where it cannot be told."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
        return int(stat.rpartition(b")")[2].split()[17])
    except (OSError, ValueError, IndexError):
        return 0


def over_in_all(limits: Limits, seen: dict[tuple[bytes, bytes], int]) -> str | None:
    """Which limit the processes of this namespace exceed together, looked at by its process 1.

    ``seen`` keeps the CPU time (clock ticks) of every process, by its number and start, from look to look: children that
    nobody waits for take theirs with them when they end. What lives between two looks counts where its parent waited.
    """
    ticks = pages = tasks = 0
    for entry in os.listdir("/proc"):  # noqa: PTH208
        if not entry.isdigit() or entry == "1":
            continue
        try:
            fields = Path(f"/proc/{entry}/stat").read_bytes().rpartition(b")")[2].split()
        except OSError:
            continue  # it has ended meanwhile
        own = sum(int(field) for field in fields[11:13])
        key = entry.encode(), fields[19]
        seen[key] = max(seen.get(key, 0), own)
        ticks += own + sum(int(field) for field in fields[13:15])
        tasks += int(fields[17])
        pages += int(fields[21])
    if max(ticks, sum(seen.values())) / os.sysconf("SC_CLK_TCK") > limits.cpu_seconds:
        return "cpu"
    if pages * resource.getpagesize() > limits.memory_bytes:
        return "memory"
    return "threads" if tasks > limits.threads else None
