"""The fork server: a process without secrets that has the heavy imports behind it and forks a supervisor a run, one ahead.

Started by the client as ``python -sP`` with an environment of our own making (``-I`` would do the same, but it also
ignores ``PYTHONHASHSEED``, and programs should print their sets in the same order every time). It has one thread and
keeps nothing: the program and its data travel on a socket of their own, straight to the supervisor.
"""

# Plain os calls: descriptors, links and mount points, in processes that live for milliseconds.
# ruff: noqa: PTH112, PTH116

from __future__ import annotations

import array
import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import time
from typing import Any

from treadle.sandbox import artifacts, audit, handover, landlock, namespaces, runtime, seccomp, supervisor, syscalls, warm
from treadle.sandbox.privileges import drop_root, open_private_parents
from treadle.sandbox.protocol import LOADED, Configuration, send
from treadle.sandbox.syscalls import SetupError

__all__ = ["main"]

_REAP_SECONDS = 0.2
_MAX_MESSAGE = 1 << 16


def main(handle: int, parent: int) -> None:
    """Serve on the socket ``handle`` until its other end, held by process ``parent``, goes away."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    control = socket.socket(fileno=handle)
    os.set_inheritable(handle, False)
    message, _ = _receive(control)
    _Server(control, parent, _configure(message)).loop()


def _configure(message: dict[str, Any]) -> Configuration:
    """Give up root and find out what this kernel offers."""
    visible = runtime.visible_paths(executables=message["executes"], headers=message["headers"])
    if os.geteuid() == 0:
        open_private_parents(path for path in visible if os.path.isdir(path))
        if "uid" not in message["left_out"]:
            drop_root(message["uid"])
    abi, tier = landlock.abi(), message["tier"]
    if message["landlock_abi"] is not None:
        abi = min(abi, message["landlock_abi"])
    if tier == "landlock" and not abi:
        raise SetupError("this kernel has no Landlock")
    if tier == "seccomp":
        handover.install(visible)
        abi = 0  # what is tried out here is what runs where there is no Landlock
    return Configuration(
        tier=tier,
        base=message["base"],
        uid=os.getuid(),
        visible=visible,
        steps=namespaces.plan(visible, message["executes"]),
        landlock_abi=abi,
        network_namespace=message["network_namespace"],
        executes=message["executes"],
        system_calls=seccomp.assemble(tier, abi, syscalls.machine(), executes=message["executes"]),
        host_namespaces=audit.namespace_numbers(),
        host_root=os.stat("/").st_dev,
        left_out=frozenset(message["left_out"]),
    )


def _receive(control: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """One message with the descriptors that came along; raises EOFError at the end."""
    size = array.array("i").itemsize
    text, ancillary, _, _ = control.recvmsg(_MAX_MESSAGE, socket.CMSG_SPACE(size), socket.MSG_CMSG_CLOEXEC)
    handles = array.array("i")
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            handles.frombytes(data[: len(data) - len(data) % size])
    if not text:
        raise EOFError
    return json.loads(text), list(handles)


class _Server:
    def __init__(self, control: socket.socket, parent: int, configuration: Configuration) -> None:
        self._control, self._configuration = control, configuration
        self._parent = parent
        self._user = (os.getuid(), os.getgid())
        self._deadlines: dict[int, float] = {}  # supervisor -> the moment when even it has taken too long
        self._spare: tuple[int, socket.socket] | None = None  # a supervisor that waits for the next run
        self._keeps_spare = False
        self._mounts = _MountTable()

    def loop(self) -> None:
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        with contextlib.suppress(OSError):  # Linux < 5.3: the end of the socket alone must do
            poll.register(os.pidfd_open(self._parent), select.POLLIN)
        try:
            while True:
                ready = poll.poll(_REAP_SECONDS * 1000 if self._deadlines else None)
                self._reap()
                if any(handle != self._control.fileno() for handle, _ in ready):
                    return
                if ready:
                    self._handle(*_receive(self._control))
        except (EOFError, ConnectionResetError):
            return
        finally:
            self._end()

    def _handle(self, message: dict[str, Any], handles: list[int]) -> None:
        if "preload" in message:
            self._keeps_spare = True  # only now: what is forked before has nothing loaded
            preload(message["preload"], all_of_it=not self._configuration.opens_files)
            with contextlib.suppress(OSError):  # nobody need listen
                self._control.send(LOADED, socket.MSG_DONTWAIT)
        elif "seconds" in message and len(handles) == 1:
            with socket.socket(fileno=handles[0]) as connection:
                self._start(connection, message["seconds"])
            self._prepare_next()

    def _start(self, connection: socket.socket, seconds: float) -> None:
        if self._mounts.changed():  # what the spare sees of the machine is of before
            self._let_go_of_spare()
        for _ in range(2):  # the spare may have died
            try:
                pid, channel = self._spare or self._fork()
            except OSError as error:
                self._refuse(connection, str(error))
                return
            self._spare = None
            self._deadlines[pid] = time.monotonic() + seconds
            with channel, contextlib.suppress(BrokenPipeError, ConnectionResetError):
                socket.send_fds(channel, [b"R"], [connection.fileno()])
                return
        self._refuse(connection, "its processes end before they have begun")

    def _fork(self) -> tuple[int, socket.socket]:
        """A supervisor, and the socket on which it waits for its run."""
        ours, theirs = socket.socketpair()
        with theirs:
            pid = (
                namespaces.spawn(self._configuration.network_namespace, self._configuration.left_out)
                if self._configuration.inside
                else syscalls.clone(0)
            )
            if not pid:
                self._control.close()
                ours.close()
                supervisor.supervise(theirs, self._configuration, self._user)
        return pid, ours

    def _prepare_next(self) -> None:
        """Have the next run's supervisor set up while this one's program runs. It serves that one run, or none."""
        if self._keeps_spare and self._spare is None:
            with contextlib.suppress(OSError):  # the next run will tell
                self._spare = self._fork()

    def _let_go_of_spare(self) -> None:
        if self._spare is not None:
            pid, channel = self._spare
            channel.close()  # which ends it
            self._deadlines[pid] = time.monotonic() + _REAP_SECONDS
            self._spare = None

    def _refuse(self, connection: socket.socket, reason: str) -> None:
        with contextlib.suppress(OSError):
            connection.sendall(supervisor.STARTED)
            send(connection, *supervisor.refusal(reason))

    def _reap(self) -> None:
        for pid, deadline in list(self._deadlines.items()):
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            if os.waitpid(pid, os.WNOHANG)[0]:
                del self._deadlines[pid]

    def _end(self) -> None:
        """Nothing survives the server: supervisors first, their programs die with them."""
        self._let_go_of_spare()
        for pid in self._deadlines:
            os.kill(pid, signal.SIGKILL)
        for pid in self._deadlines:
            os.waitpid(pid, 0)
        with contextlib.suppress(OSError):
            artifacts.remove_tree(self._configuration.base)


class _MountTable:
    """Whether something was mounted or unmounted since the last question, as far as this process sees it."""

    def __init__(self) -> None:
        self._poll = select.poll()
        with contextlib.suppress(OSError):  # without /proc nothing is known
            self._poll.register(os.open("/proc/self/mountinfo", os.O_RDONLY | os.O_CLOEXEC), select.POLLPRI)

    def changed(self) -> bool:
        return bool(self._poll.poll(0))


def preload(names: list[str], all_of_it: bool) -> None:
    """Import what costs time, once for all runs; what is not installed is left out."""
    for name in names:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    if "ROOT" in names:
        warm.use_root()
    if all_of_it:
        warm.load_the_rest(names)
    with contextlib.suppress(ImportError, AttributeError):
        importlib.import_module("linecache")
    gc.collect()
    gc.freeze()  # the collector would touch, and so copy, every page in every child
