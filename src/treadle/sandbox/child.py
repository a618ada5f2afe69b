"""The program's process: closes every door behind itself, then runs the program."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from dataclasses import dataclass
from typing import NoReturn

from treadle.sandbox import audit, handover, landlock, limits, namespaces, program, seccomp, syscalls
from treadle.sandbox.privileges import PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS, PR_SET_PDEATHSIG, drop_capabilities
from treadle.sandbox.protocol import SCRATCH, Configuration, ResultSlot
from treadle.types import Limits, Program

__all__ = ["READY", "Job", "become_program"]

READY = b"R"
_SETUP_FAILED = 120
_HIGHEST_DESCRIPTOR = 1 << 20

READABLE_PROC = (
    "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/version",
    *(
        f"/proc/self/{name}"
        for name in ("auxv", "cmdline", "comm", "environ", "limits", "maps", "smaps", "stat", "statm", "status")
    ),
)  # fmt: skip
"""Not all of /proc/self: ``net``, also each thread's, tells the machine's connections, and its mounts those of the host."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run, as the supervisor hands it to the program's process."""

    program: Program
    limits: Limits
    files: tuple[tuple[str, str], ...]
    data_bytes: int
    work: str
    image: tuple[int, int]


def become_program(
    configuration: Configuration, job: Job, slot: ResultSlot, streams: tuple[int, int], ready: int
) -> NoReturn:
    """Isolate this freshly forked process and run the program in it; never returns."""
    try:
        _follow_parent()
        handles = {} if configuration.opens_files else _open_data(job)
        _standard_streams(streams, {ready, *handles.values()})
        _isolate(configuration, job, handles)
        os.write(ready, READY)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.write(ready, f"{type(error).__name__}: {error}".encode(errors="replace")[:4000])
        os._exit(_SETUP_FAILED)
    os.close(ready)
    program.run(job.program, job.limits.value_bytes, slot)


def _follow_parent() -> None:
    """Die with the supervisor, also where it died before this call."""
    parent = os.getppid()
    syscalls.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(_SETUP_FAILED)


def _open_data(job: Job) -> dict[str, int]:
    return {name: os.open(path, os.O_RDONLY | os.O_CLOEXEC) for name, path in job.files}


def _standard_streams(streams: tuple[int, int], kept: set[int]) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    for target, source in enumerate((nothing, *streams)):
        os.dup2(source, target)
    start = 3
    for handle in sorted(kept):
        os.closerange(start, handle)
        start = handle + 1
    os.closerange(start, _HIGHEST_DESCRIPTOR)


def _isolate(configuration: Configuration, job: Job, handles: dict[str, int]) -> None:
    """Everything that cannot be undone, from the widest to the narrowest; the order matters."""
    left_out = configuration.left_out
    _environment(job.work)
    bounds = limits.bounds_of(job.limits, job.image, job.data_bytes, configuration.inside, more_files=len(handles))
    if "rlimits" not in left_out:
        limits.apply(bounds)
    if "capabilities" not in left_out:
        drop_capabilities()
    if not configuration.opens_files:
        handover.activate(handles, job.work)
    if "no_new_privs" not in left_out:
        syscalls.prctl(PR_SET_NO_NEW_PRIVS, 1)
    syscalls.prctl(PR_SET_DUMPABLE, 1)  # its own /proc/self stays readable
    if configuration.landlock_abi and "landlock" not in left_out:
        landlock.restrict(_rules(configuration, job), configuration.landlock_abi)
    audit.check_process(configuration, bounds)
    if "seccomp" not in left_out:
        seccomp.install(configuration.system_calls.replace(seccomp.ANY_PID, os.getpid().to_bytes(4, sys.byteorder)))
    audit.check_filter()


def _rules(configuration: Configuration, job: Job) -> list[tuple[str, int]]:
    execute = landlock.EXECUTE if configuration.executes else 0
    proc = ("/proc",) if configuration.executes else READABLE_PROC  # of the run's own process namespace
    rules = [(path, landlock.READ | execute) for path in configuration.visible]
    rules += [(path, landlock.READ) for path in proc]
    rules.append(("/proc/self", landlock.READ_DIR))
    rules += [(device, landlock.READ | landlock.WRITE_FILE) for device in namespaces.DEVICES]
    rules.append((job.work, landlock.WORK | execute))
    if configuration.tier == "landlock":
        rules += [(path, landlock.READ) for _, path in job.files]
    return rules


def _environment(work: str) -> None:
    os.environ.update(HOME=work, TMPDIR=f"{work}/{SCRATCH}", PWD=work, MPLCONFIGDIR=f"{work}/{SCRATCH}")
    os.umask(0o077)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _fresh_random_numbers()


def _fresh_random_numbers() -> None:
    """A fork inherits numpy's global generator: without this every run would draw the same 'random' numbers."""
    generators = sys.modules.get("numpy.random")
    if generators is not None:
        generators.seed()
