"""The supervisor of one run: prepares its world, watches the program from outside it, reports to the client.

Forked from the server for one run; in the namespaces tier it is process 1 of the run's namespaces, so its end is the
end of everything inside. It never runs any of the program's code.
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
from typing import Any, NoReturn

from treadle.sandbox import artifacts, audit, limits, namespaces, syscalls
from treadle.sandbox.child import READY, Job, become_program
from treadle.sandbox.privileges import PR_SET_DUMPABLE, PR_SET_PDEATHSIG
from treadle.sandbox.protocol import SCRATCH, STARTED, Configuration, ResultSlot, receive, send
from treadle.types import Limits, Program

__all__ = ["STARTED", "refusal", "supervise"]

_LOOK_SECONDS = 0.05
_LOOK_WITHOUT_PIDFD_SECONDS = 0.004
_CHUNK = 1 << 16
_OUT_OF_MEMORY_SIGNALS = (signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS)


def supervise(connection: socket.socket, configuration: Configuration, user: tuple[int, int]) -> NoReturn:
    """Serve one run on ``connection`` and end the process."""
    try:
        syscalls.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        connection.sendall(STARTED)
        _serve(connection, configuration, user)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        pass  # the client is gone
    except BaseException as error:
        with contextlib.suppress(OSError):
            send(connection, *refusal(f"{type(error).__name__}: {error}"))
    os._exit(0)


def _serve(connection: socket.socket, configuration: Configuration, user: tuple[int, int]) -> None:
    request = json.loads(receive(connection))
    image = limits.image_bytes()
    work = _prepare(configuration, request, user)
    try:
        job = _job(request, work, image)
        watch = _Watch(connection, configuration, job)
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


def _job(request: dict[str, Any], work: str, image: tuple[int, int]) -> Job:
    program = request["program"]
    return Job(
        program=Program(source=program["source"], evaluate=program["evaluate"], argv=tuple(program["argv"])),
        limits=Limits(**request["limits"]),
        files=tuple((name, path) for name, path in request["files"]),
        data_bytes=request["data_bytes"],
        work=work,
        image=image,
    )


def _prepare(configuration: Configuration, request: dict[str, Any], user: tuple[int, int]) -> str:
    """Make the working directory, with the data files in it, and step into it."""
    bounds = request["limits"]
    if configuration.inside:
        root = f"{configuration.base}/root"
        audit.check_world(configuration, user)
        namespaces.map_user(*user)
        size = bounds["disk_bytes"], bounds["inodes"]
        namespaces.build_root(root, configuration.steps, request["files"], *size, configuration.executes)
        namespaces.enter_own_root(root, configuration.left_out)
        audit.check_root(configuration)
        if configuration.executes and not os.path.exists("/proc/self"):
            raise syscalls.SetupError("without /proc the processes of the profile 'tool' cannot be watched")
        return namespaces.WORK
    audit.check_world(configuration, user)
    work = f"{configuration.base}/run-{os.urandom(8).hex()}"
    os.mkdir(work, 0o700)
    os.mkdir(f"{work}/{SCRATCH}", 0o700)
    for name, path in request["files"]:
        os.symlink(path, f"{work}/{name}")
    os.chdir(work)
    syscalls.prctl(PR_SET_DUMPABLE, 0)
    return work


class _Watch:
    """Starts the program, reads what it prints, stops it at its limits."""

    def __init__(self, connection: socket.socket, configuration: Configuration, job: Job) -> None:
        self.captured = (bytearray(), bytearray())
        self._truncated = [False, False]
        self._connection, self._configuration, self._job = connection, configuration, job
        self._slot = ResultSlot(job.limits.value_bytes)
        self._limit: str | None = None
        self._pid = 0
        self._ticks: dict[tuple[bytes, bytes], int] = {}

    def run(self) -> dict[str, Any]:
        """Run the program to its end; the facts of the run as seen from outside."""
        pipes = [os.pipe() for _ in range(3)]
        self._pid = os.fork()
        if not self._pid:
            become_program(self._configuration, self._job, self._slot, (pipes[0][1], pipes[1][1]), pipes[2][1])
        for _, write_end in pipes:
            os.close(write_end)
        self._await_ready(pipes[2][0])
        started = time.monotonic()
        self._outputs = [pipes[0][0], pipes[1][0]]
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
            n_bytes, entries = limits.directory_usage(self._job.work)
            if n_bytes + limits.unnamed_bytes(self._pid) > bounds.disk_bytes:
                self._stop("disk")
            elif entries > bounds.inodes + len(self._job.files) + 1:
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
        n_bytes, entries = limits.directory_usage(self._job.work)
        if n_bytes > self._job.limits.disk_bytes:
            return "disk"
        return "inodes" if entries > self._job.limits.inodes + len(self._job.files) + 1 else None

    def frame(self, facts: dict[str, Any]) -> tuple[bytes, bytes]:
        """Header and value that the program left; what is wrong with them goes into ``facts``."""
        try:
            found = self._slot.read()
        except ValueError as error:
            facts["frame_error"] = f"ValueError: {error}"
            found = None
        return found or (b"", b"")
