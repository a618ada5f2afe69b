"""The supervisor of one run: prepares its world, watches the program from outside it, reports to the client.

Forked from the server for one run, and ahead of it: all that is the same for every run is done before there is one. In the
namespaces tier it is process 1 of the run's namespaces, so its end is the end of everything inside. It never runs any of the
program's code.
"""

# Plain os calls: descriptors, links and mount points, in processes that live for milliseconds.
# ruff: noqa: PTH102, PTH110, PTH211

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import time
from dataclasses import dataclass
from typing import Any, NoReturn

from treadle.sandbox import artifacts, audit, disk, limits, namespaces, syscalls
from treadle.sandbox.child import READY, Ends, Job, become_program, job_of
from treadle.sandbox.privileges import PR_SET_DUMPABLE, PR_SET_PDEATHSIG
from treadle.sandbox.protocol import SCRATCH, STARTED, Configuration, ResultSlot, receive, send
from treadle.types import Limits

__all__ = ["STARTED", "refusal", "supervise"]

_LOOK_SECONDS = 0.05
_LOOK_WITHOUT_PIDFD_SECONDS = 0.004
_CHUNK = 1 << 16
_OUT_OF_MEMORY_SIGNALS = (signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS)


def supervise(channel: socket.socket, configuration: Configuration, user: tuple[int, int]) -> NoReturn:
    """Prepare a run, wait for it on ``channel``, serve it and end the process."""
    try:
        syscalls.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        prepared = _prepare(configuration, user)
        with _handed_over(channel) as connection:
            connection.sendall(STARTED)
            _answer(connection, configuration, prepared)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass  # the client or the server is gone
    os._exit(0)


def _handed_over(channel: socket.socket) -> socket.socket:
    """The connection of the one run that this process is for; raises EOFError where none comes."""
    with channel:
        _, handles, _, _ = socket.recv_fds(channel, 1, 1, socket.MSG_CMSG_CLOEXEC)
    if not handles:
        raise EOFError
    return socket.socket(fileno=handles[0])


def _answer(connection: socket.socket, configuration: Configuration, prepared: _Prepared | BaseException) -> None:
    try:
        if isinstance(prepared, BaseException):
            raise prepared
        _serve(connection, configuration, prepared)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        raise
    except BaseException as error:
        with contextlib.suppress(OSError):
            send(connection, *refusal(f"{type(error).__name__}: {error}"))


def _serve(connection: socket.socket, configuration: Configuration, prepared: _Prepared) -> None:
    text = receive(connection)
    request = json.loads(text)
    work = _enter(configuration, request, prepared.host)
    try:
        job = job_of(request, work)
        watch = _Watch(connection, configuration, job, _start_program(configuration, job, text, prepared.waiting))
        facts = watch.run()
        files = artifacts.collect(work, {name for name, _ in job.files}) if configuration.opens_files else []
    finally:
        if not configuration.inside:
            os.chdir("/")
            with contextlib.suppress(OSError):  # what is left goes with the server
                artifacts.remove_tree(work)
    header, value = watch.frame(facts)
    facts |= {"artifacts": [[name, len(content)] for name, content in files]}
    streams = [bytes(stream) for stream in watch.captured]
    send(connection, *_reply(facts, [*streams, header, value, *[content for _, content in files]]))


def refusal(reason: str) -> list[bytes]:
    """The reply that says that the sandbox itself failed."""
    return _reply({"failure": reason}, [])


def _reply(facts: dict[str, Any], parts: list[bytes]) -> list[bytes]:
    text = json.dumps({**facts, "parts": [len(part) for part in parts]}).encode("ascii")
    return [len(text).to_bytes(8, "little"), text, *parts]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    """The program's process before it has its job, with our ends of its pipes."""

    pid: int
    slot: ResultSlot
    outputs: tuple[int, int]
    ready: int
    job: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    """All that is the same for every run. ``host``: where data files come from, see ``namespaces.enter_own_root``."""

    waiting: _Waiting
    host: int


def _prepare(configuration: Configuration, user: tuple[int, int]) -> _Prepared | BaseException:
    """What does not depend on the request; what goes wrong is told to the client whose run it would have been."""
    try:
        host = -1
        audit.check_world(configuration, user)
        if configuration.inside:
            root = f"{configuration.base}/root"
            namespaces.map_user(*user)
            namespaces.build_root(root, configuration.steps)
            host = namespaces.enter_own_root(root, configuration.left_out)
            audit.check_root(configuration)
            if configuration.executes and not os.path.exists("/proc/self"):
                raise syscalls.SetupError("without /proc the processes of the profile 'tool' cannot be watched")
        syscalls.prctl(PR_SET_DUMPABLE, 0)
        return _Prepared(waiting=_fork_program(configuration, Limits().value_bytes), host=host)
    except BaseException as error:
        return error


def _fork_program(configuration: Configuration, value_bytes: int) -> _Waiting:
    """The program's process, which isolates itself as far as it can and waits for its job."""
    slot = ResultSlot(value_bytes)
    image = limits.image_bytes()
    (stdout, to_stdout), (stderr, to_stderr), (ready, to_ready), (from_job, job) = (os.pipe() for _ in range(4))
    pid = os.fork()
    if not pid:
        become_program(configuration, slot, image, Ends(stdout=to_stdout, stderr=to_stderr, ready=to_ready, job=from_job))
    for handle in (to_stdout, to_stderr, to_ready, from_job):
        os.close(handle)
    return _Waiting(pid=pid, slot=slot, outputs=(stdout, stderr), ready=ready, job=job)


def _enter(configuration: Configuration, request: dict[str, Any], host: int) -> str:
    """Make the working directory, with the data files in it, and step into it."""
    bounds = request["limits"]
    if configuration.inside:
        namespaces.mount_work(request["files"], bounds["disk_bytes"], bounds["inodes"], configuration.executes, host)
        audit.check_root(configuration, "/dev/..")
        return namespaces.WORK
    work = f"{configuration.base}/run-{os.urandom(8).hex()}"
    os.mkdir(work, 0o700)
    os.mkdir(f"{work}/{SCRATCH}", 0o700)
    for name, path in request["files"]:
        os.symlink(path, f"{work}/{name}")
    os.chdir(work)
    return work


def _start_program(configuration: Configuration, job: Job, request: bytes, waiting: _Waiting) -> _Waiting:
    """Give the job to the process that waits for one, or to a new one where the value may need more room."""
    if job.limits.value_bytes > waiting.slot.room_bytes:
        for handle in (*waiting.outputs, waiting.ready, waiting.job):
            os.close(handle)
        os.waitpid(waiting.pid, 0)  # without a job it ends
        waiting = _fork_program(configuration, job.limits.value_bytes)
    waiting.slot.allowed_bytes = job.limits.value_bytes
    # A process that could not be isolated does not read; it says why where it should say that it is ready.
    with contextlib.suppress(BrokenPipeError), os.fdopen(waiting.job, "wb") as pipe:
        pipe.write(os.fsencode(job.work) + b"\n" + request)
    return waiting


class _Watch:
    """Reads what the program prints and stops it at its limits."""

    def __init__(self, connection: socket.socket, configuration: Configuration, job: Job, program: _Waiting) -> None:
        self.captured = (bytearray(), bytearray())
        self._truncated = [False, False]
        self._connection, self._configuration, self._job = connection, configuration, job
        self._slot, self._pid, self._ready, self._outputs = program.slot, program.pid, program.ready, program.outputs
        self._limit: str | None = None
        self._ticks: dict[tuple[bytes, bytes], int] = {}

    def run(self) -> dict[str, Any]:
        """Watch the program to its end; the facts of the run as seen from outside."""
        self._await_ready(self._ready)
        started = time.monotonic()
        status, usage = self._watch(started)
        for index in (0, 1):
            self._read(index)
        peak = usage.ru_maxrss * 1024
        cpu = max(usage.ru_utime + usage.ru_stime, sum(self._ticks.values()) / os.sysconf("SC_CLK_TCK"))
        ended_by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else None
        return {
            "exit_code": os.WEXITSTATUS(status) if os.WIFEXITED(status) else None,
            "signal": ended_by,
            "limit": self._limit or self._limit_behind(ended_by, cpu, peak),
            "truncated": self._truncated,
            "wall_seconds": time.monotonic() - started,
            "cpu_seconds": cpu,
            "peak_memory_bytes": peak,
        }

    def _await_ready(self, ready: int) -> None:
        """The pipe is closed before the program's first line, so what comes through it is our own word."""
        word = b""
        while chunk := os.read(ready, 4096):
            word += chunk
        os.close(ready)
        if word != READY:
            raise syscalls.SetupError(f"the program's process could not be isolated: {word.decode(errors='replace')}")

    def _watch(self, started: float) -> tuple[int, Any]:
        poll = select.poll()
        for handle in self._outputs:
            os.set_blocking(handle, False)
            poll.register(handle, select.POLLIN)
        poll.register(self._connection, select.POLLRDHUP)
        pause = self._register_end(poll)
        next_look = started + _LOOK_SECONDS
        while True:
            for handle, _ in poll.poll(pause * 1000):
                if handle == self._connection.fileno():
                    self._stop(None)
                    os.waitpid(self._pid, 0)
                    raise EOFError("the client is gone")
                if handle in self._outputs and not self._read(self._outputs.index(handle)):
                    poll.unregister(handle)
            pid, status, usage = os.wait4(-1 if self._configuration.executes else self._pid, os.WNOHANG)
            if pid == self._pid:
                return status, usage
            if time.monotonic() >= next_look and self._limit is None:
                self._look(time.monotonic() - started)
                next_look = time.monotonic() + _LOOK_SECONDS

    def _register_end(self, poll: select.poll) -> float:
        """Wake at the program's end; where the kernel has no pidfd, look more often instead."""
        try:
            poll.register(os.pidfd_open(self._pid), select.POLLIN)
        except OSError:
            return _LOOK_WITHOUT_PIDFD_SECONDS
        return _LOOK_SECONDS

    def _read(self, index: int) -> bool:
        """Read one piece; beyond the limit it is thrown away. False at the end of the stream."""
        stream, room = self.captured[index], self._job.limits.stream_bytes
        try:
            chunk = os.read(self._outputs[index], _CHUNK)
        except BlockingIOError:
            return True
        fits = max(room - len(stream), 0)
        stream += chunk[:fits]
        self._truncated[index] |= len(chunk) > fits
        return bool(chunk)

    def _look(self, elapsed: float) -> None:
        """Stop the program where it is over a limit that the kernel does not hold for us exactly."""
        bounds = self._job.limits
        if elapsed > bounds.wall_seconds:
            self._stop("wall")
        elif self._configuration.executes and (over := limits.over_in_all(bounds, self._ticks)):
            self._stop(over)
        elif limits.cpu_seconds_of(self._pid) > bounds.cpu_seconds:
            self._stop("cpu")
        elif limits.threads_of(self._pid) > bounds.threads:
            self._stop("threads")
        elif self._configuration.tier == "landlock":  # the only one with a directory that the kernel does not bound
            with disk.held_still(self._pid):
                n_bytes, entries = self._usage()
                n_bytes += disk.unnamed_bytes(self._pid, self._job.work, of_mapped=bounds.disk_bytes + 1)
            if n_bytes > bounds.disk_bytes:
                self._stop("disk")
            elif entries > self._most_entries():
                self._stop("inodes")

    def _stop(self, limit: str | None) -> None:
        self._limit = limit
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)

    def _limit_behind(self, ended_by: int | None, cpu: float, peak: int) -> str | None:
        """The limit that explains how the program ended, where we did not stop it ourselves."""
        bounds = self._job.limits
        if ended_by == signal.SIGXCPU or (ended_by == signal.SIGKILL and cpu > bounds.cpu_seconds):
            return "cpu"
        if ended_by in _OUT_OF_MEMORY_SIGNALS and peak > 0.8 * bounds.memory_bytes:
            return "memory"
        return self._full_disk() if self._configuration.opens_files else None

    def _full_disk(self) -> str | None:
        status = os.statvfs(self._job.work)
        if self._configuration.inside:
            if status.f_bfree == 0:
                return "disk"
            return "inodes" if status.f_ffree == 0 else None
        n_bytes, entries = self._usage()
        if n_bytes > self._job.limits.disk_bytes:
            return "disk"
        return "inodes" if entries > self._most_entries() else None

    def _most_entries(self) -> int:
        """The program's own, the links to the data files and the folder for temporary files."""
        return self._job.limits.inodes + len(self._job.files) + 1

    def _usage(self) -> tuple[int, int]:
        return disk.directory_usage(self._job.work, self._job.limits.disk_bytes, self._most_entries())

    def frame(self, facts: dict[str, Any]) -> tuple[bytes, bytes]:
        """Header and value that the program left; what is wrong with them goes into ``facts``."""
        try:
            found = self._slot.read()
        except ValueError as error:
            facts["frame_error"] = f"ValueError: {error}"
            found = None
        return found or (b"", b"")
