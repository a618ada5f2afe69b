"""The client's side of the fork server: starts it, hands it runs, reads what came of them."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import re
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from treadle.errors import SandboxError
from treadle.sandbox import landlock, reply
from treadle.sandbox.forkserver import ServerProcess
from treadle.sandbox.profiles import PROFILES, Profile
from treadle.sandbox.protocol import STARTED, Seam, receive, receive_exactly, send
from treadle.sandbox.staging import Staging
from treadle.types import Limits, Program, Run

__all__ = ["ForkServerSandbox"]

_START_SECONDS = 300.0
_GRACE_SECONDS = 30.0
_HANG_UP_SECONDS = 5.0


_SMALL = ("numpy", "sqlite3")
"""What the small server imports. A fork costs with the size of the parent, so programs that need no more go there."""

_IMPORT = re.compile(r"^\s*(?:from\s+(\w+)|import\s+([\w ,.]+))", re.MULTILINE)


def imports_packages(source: str) -> bool:
    """Whether a program seems to import more than numpy and the standard library. It decides about speed only."""
    found = {origin for origin, _ in _IMPORT.findall(source) if origin}
    for _, names in _IMPORT.findall(source):
        found |= {name.split()[0].split(".")[0] for name in names.split(",") if name.split()}
    return bool(found - sys.stdlib_module_names - set(_SMALL))


def usable_cores() -> int:
    return len(os.sched_getaffinity(0))


class ForkServerSandbox:
    """A sandbox of one tier, held by fork servers. Threads may share it.

    Two servers: one with numpy only, whose forks are cheap, one with everything in ``preload``.

    ``preload`` names the modules that the server imports ahead; the constructor does not wait for them. Where this
    process runs as root, programs run as user ``uid``.
    """

    def __init__(
        self,
        tier: str,
        preload: Sequence[str],
        *,
        uid: int,
        network_namespace: bool,
        seam: Seam | None = None,
        profile: Profile = PROFILES["calc"],
    ) -> None:
        self._tier, self._preload, self._uid = tier, tuple(preload), uid
        self._small = tuple(name for name in self._preload if name in _SMALL)
        self._network_namespace, self._seam = network_namespace, seam or Seam()
        self._profile = profile
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(usable_cores())
        self._staging = Staging()
        self._servers: dict[tuple[str, ...], ServerProcess] = {}
        self._closed = False

    @property
    def tier(self) -> str:
        return self._tier

    @property
    def profile(self) -> Profile:
        return self._profile

    @property
    def absent(self) -> tuple[str, ...]:
        """What this tier has elsewhere and this machine does not give: the tier holds without, but it is said."""
        network = ("network namespace",) if self._tier == "namespaces" and not self._network_namespace else ()
        forced = self._seam.landlock_abi
        known = landlock.abi() if forced is None else min(landlock.abi(), forced)
        return network + (("Landlock",) if self._tier == "namespaces" and not known else ())

    def start(self) -> None:
        """Start the fork server and its imports, without waiting for them."""
        with self._lock:
            for modules in dict.fromkeys((self._modules_for(""), self._preload)):
                self._server(modules)

    def run(self, program: Program, files: Sequence[Path] = (), limits: Limits | None = None) -> Run:
        """Run ``program`` once; see ``Sandbox.run``. Raises DataError for a data file that cannot be read."""
        return self._execute(program, self._staging.stage(files), limits or self._profile.limits, lambda _: None)

    def run_many(self, programs: Sequence[Program], files: Sequence[Path] = (), limits: Limits | None = None) -> list[Run]:
        """Run every program, as many at once as there are usable cores; results in the order given."""
        staged = self._staging.stage(files)
        batch = _Batch()
        with ThreadPoolExecutor(usable_cores(), thread_name_prefix="sandbox") as pool:
            futures = [pool.submit(self._execute, p, staged, limits or self._profile.limits, batch.add) for p in programs]
            try:
                return [future.result() for future in futures]
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                batch.cancel()
                raise

    def close(self) -> None:
        """Stop the fork server and all that runs in it. Closing twice is allowed."""
        with self._lock:
            self._closed = True
            for server in self._servers.values():
                server.close()
            self._staging.close()

    def __enter__(self) -> ForkServerSandbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def probe(self, program: Program, files: Sequence[Path], limits: Limits) -> Run:
        """Run ``program`` before anything is preloaded."""
        return self._execute(program, self._staging.stage(files), limits, lambda _: None, preload=False)

    def _server(self, modules: tuple[str, ...], preload: bool = True) -> ServerProcess:
        """The server that holds ``modules``; a new one of the same tier where the last one was killed."""
        if self._closed:
            raise SandboxError("the sandbox is closed")
        server = self._servers.get(modules)
        if server is None or not server.alive():
            if server is not None:
                server.close()
            server = self._servers[modules] = ServerProcess(
                self._tier, self._uid, self._network_namespace, self._profile, self._seam
            )
        if preload and not server.preloaded:
            server.preload(modules)
        return server

    def _modules_for(self, source: str) -> tuple[str, ...]:
        """In the seccomp tier nothing can be imported later: all programs go to the one server that has everything."""
        return self._preload if self._tier == "seccomp" or imports_packages(source) else self._small

    def _execute(
        self,
        program: Program,
        files: list[tuple[str, str, int]],
        limits: Limits,
        opened: Callable[[socket.socket], None],
        preload: bool = True,
    ) -> Run:
        with self._slots:
            ours, theirs = socket.socketpair()
            with ours:
                opened(ours)
                with theirs, self._lock:
                    server = self._server(self._modules_for(program.source), preload)
                    server.tell({"seconds": limits.wall_seconds + _GRACE_SECONDS}, theirs.fileno())
                return self._converse(server, ours, _request(program, files, limits), program, limits)

    def _converse(
        self, server: ServerProcess, connection: socket.socket, request: bytes, program: Program, limits: Limits
    ) -> Run:
        waits = False  # for the supervisor's end, once it has begun and until it has answered
        try:
            send(connection, request)
            connection.settimeout(_START_SECONDS)
            word = receive_exactly(connection, 1)
            if word != STARTED:
                raise SandboxError(f"the sandbox did not begin as agreed (it said {word!r})")
            waits = True
            connection.settimeout(limits.wall_seconds + _GRACE_SECONDS)
            answer = receive(connection, reply.largest(limits))
            waits = False
            return reply.read(answer, self._tier, program, limits)
        except (OSError, EOFError) as error:
            raise SandboxError(
                f"the sandbox did not answer ({error or type(error).__name__}){server.last_words()}"
            ) from error
        finally:
            _hang_up(connection, wait=waits)


def _request(program: Program, files: list[tuple[str, str, int]], limits: Limits) -> bytes:
    document = {
        "program": dataclasses.asdict(program),
        "limits": dataclasses.asdict(limits),
        "files": [[name, path] for name, path, _ in files],
        "data_bytes": sum(n_bytes for _, _, n_bytes in files),
    }
    return json.dumps(document).encode("ascii")


def _hang_up(connection: socket.socket, wait: bool) -> None:
    """Tell the supervisor that nobody waits any more, which ends its program, and see it go."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(_HANG_UP_SECONDS)
        while wait and connection.recv(1 << 16):
            pass


class _Batch:
    """The open connections of one ``run_many``, to be hung up together."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connections: list[socket.socket] = []
        self._cancelled = False

    def add(self, connection: socket.socket) -> None:
        with self._lock:
            if self._cancelled:
                raise SandboxError("cancelled")
            self._connections.append(connection)

    def cancel(self) -> None:
        with self._lock:
            self._cancelled = True
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_WR)
