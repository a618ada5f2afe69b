"""The program's process: closes every door behind itself, then runs the program.

What is the same for all runs is done ahead, before there is a program; what depends on its limits and data files, after.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import sys
from dataclasses import dataclass
from typing import Any, NoReturn

from treadle.sandbox import audit, handover, landlock, limits, namespaces, program, seccomp, syscalls
from treadle.sandbox.privileges import PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS, PR_SET_PDEATHSIG, drop_capabilities
from treadle.sandbox.protocol import SCRATCH, Configuration, ResultSlot
from treadle.types import Limits, Program

__all__ = ["READY", "Ends", "Job", "become_program", "job_of"]

READY = b"R"
_SETUP_FAILED = 120
_HIGHEST_DESCRIPTOR = 1 << 20
_REHEARSAL = json.dumps(
    {
        "program": {"source": "import sys\nx = [n for n in range(3)]\n", "evaluate": None, "argv": []},
        "limits": dataclasses.asdict(Limits()),
        "files": [],
        "data_bytes": 0,
    }
)
"""A request whose program is ours."""

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


def job_of(request: dict[str, Any], work: str) -> Job:
    program = request["program"]
    return Job(
        program=Program(source=program["source"], evaluate=program["evaluate"], argv=tuple(program["argv"])),
        limits=Limits(**request["limits"]),
        files=tuple((name, path) for name, path in request["files"]),
        data_bytes=request["data_bytes"],
        work=work,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """The program's ends of its pipes: its output, the word that it is isolated, its job."""

    stdout: int
    stderr: int
    ready: int
    job: int


def become_program(configuration: Configuration, slot: ResultSlot, image: tuple[int, int], ends: Ends) -> NoReturn:
    """Isolate this freshly forked process, wait for its job, isolate it further and run the program; never returns.

    ``image``: memory before, see ``limits.image_bytes``.
    """
    try:
        _follow_parent()
        _standard_streams(ends)
        ruleset = _prepare(configuration, image)
        job = _await_job(ends.job)
        _isolate(configuration, job, image, ruleset)
        os.write(ends.ready, READY)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.write(ends.ready, f"{type(error).__name__}: {error}".encode(errors="replace")[:4000])
        os._exit(_SETUP_FAILED)
    os.close(ends.ready)
    program.run(job.program, job.limits.value_bytes, slot)


def _follow_parent() -> None:
    """Die with the supervisor, also where it died before this call."""
    parent = os.getppid()
    syscalls.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(_SETUP_FAILED)


def _open_data(job: Job) -> dict[str, int]:
    return {name: os.open(path, os.O_RDONLY | os.O_CLOEXEC) for name, path in job.files}


def _standard_streams(ends: Ends) -> None:
    nothing = os.open(os.devnull, os.O_RDONLY)
    for target, source in enumerate((nothing, ends.stdout, ends.stderr)):
        os.dup2(source, target)
    start = 3
    for handle in sorted((ends.ready, ends.job)):
        os.closerange(start, handle)
        start = handle + 1
    os.closerange(start, _HIGHEST_DESCRIPTOR)


def _rehearse(configuration: Configuration, image: tuple[int, int]) -> None:
    """Do once what will be done when the job is there: each page that a fork uses for the first time costs microseconds."""
    job = job_of(json.loads(_REHEARSAL), "/")
    limits.bounds_of(job.limits, image, job.data_bytes, configuration.inside)
    exec(compile(job.program.source, "<rehearsal>", "exec", dont_inherit=True), {"__name__": "rehearsal"})  # noqa: S102


def _prepare(configuration: Configuration, image: tuple[int, int]) -> landlock.Ruleset | None:
    """What can be done before the job is known; the rules of Landlock, not yet in force."""
    left_out = configuration.left_out
    os.umask(0o077)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _fresh_random_numbers()
    if "capabilities" not in left_out:
        drop_capabilities()
    if "no_new_privs" not in left_out:
        syscalls.prctl(PR_SET_NO_NEW_PRIVS, 1)
    _rehearse(configuration, image)
    if not configuration.landlock_abi or "landlock" in left_out:
        return None
    ruleset = landlock.Ruleset(configuration.landlock_abi)
    ruleset.allow(_rules(configuration))
    return ruleset


def _await_job(handle: int) -> Job:
    """The job: the working directory, then the client's request as it came. Ends the process where none comes."""
    with os.fdopen(handle, "rb") as pipe:
        work, _, request = pipe.read().partition(b"\n")
    if not request:
        os._exit(0)
    return job_of(json.loads(request), os.fsdecode(work))


def _isolate(configuration: Configuration, job: Job, image: tuple[int, int], ruleset: landlock.Ruleset | None) -> None:
    """Everything else that cannot be undone, from the widest to the narrowest; the order matters."""
    left_out = configuration.left_out
    os.chdir(job.work)
    os.environ.update(HOME=job.work, TMPDIR=f"{job.work}/{SCRATCH}", PWD=job.work, MPLCONFIGDIR=f"{job.work}/{SCRATCH}")
    handles = {} if configuration.opens_files else _open_data(job)
    bounds = limits.bounds_of(job.limits, image, job.data_bytes, configuration.inside, more_files=len(handles))
    if "rlimits" not in left_out:
        limits.apply(bounds)
    if not configuration.opens_files:
        handover.activate(handles, job.work)
    syscalls.prctl(PR_SET_DUMPABLE, 1)  # its own /proc/self stays readable
    if ruleset is not None:
        ruleset.allow(_rules_of_job(configuration, job))
        ruleset.restrict()
    audit.check_process(configuration, bounds)
    if "seccomp" not in left_out:
        seccomp.install(configuration.system_calls.replace(seccomp.ANY_PID, os.getpid().to_bytes(4, sys.byteorder)))
    audit.check_filter()


def _rules(configuration: Configuration) -> list[tuple[str, int]]:
    execute = landlock.EXECUTE if configuration.executes else 0
    proc = ("/proc",) if configuration.executes else READABLE_PROC  # of the run's own process namespace
    rules = [(path, landlock.READ | execute) for path in configuration.visible]
    rules += [(path, landlock.READ) for path in proc]
    rules.append(("/proc/self", landlock.READ_DIR))
    return rules + [(device, landlock.READ | landlock.WRITE_FILE) for device in namespaces.DEVICES]


def _rules_of_job(configuration: Configuration, job: Job) -> list[tuple[str, int]]:
    execute = landlock.EXECUTE if configuration.executes else 0
    data = job.files if configuration.tier == "landlock" else ()
    return [(job.work, landlock.WORK | execute), *((path, landlock.READ) for _, path in data)]


def _fresh_random_numbers() -> None:
    """A fork inherits numpy's global generator: without this every run would draw the same 'random' numbers."""
    generators = sys.modules.get("numpy.random")
    if generators is not None:
        generators.seed()
