"""What client, server, supervisor and program say to each other.

    client --- control socket (configuration, runs) ---> server --- fork ---> supervisor --- fork ---> program
    client <-- one socket a run (request, then reply) -----------------------> supervisor <-- result slot, pipes

The server only forks: requests and results pass it by, so it has nothing to keep.
"""

from __future__ import annotations

import json
import mmap
import os
import socket
import struct
from dataclasses import dataclass, field
from typing import Any

__all__ = ["LOADED", "SCRATCH", "STARTED", "Configuration", "ResultSlot", "Seam", "receive", "receive_exactly", "send"]

STARTED = b"S"
LOADED = b"L"
"""What a server says when it has imported all that it was told to."""
SCRATCH = ".tmp"
"""The folder for temporary files in the working directory of a run."""
_LENGTH = struct.Struct("=Q")
_MAX_MESSAGE_BYTES = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Seam:
    """What a test changes; a program or a user has no way to it.

    ``left_out``: mechanisms whose call is left out, as by a fault. ``landlock_abi``: as if the kernel had only this one.
    """

    left_out: frozenset[str] = frozenset()
    landlock_abi: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """How the server isolates its runs. ``base`` is a private directory of the sandbox."""

    tier: str
    base: str
    uid: int
    visible: tuple[str, ...] = field(default=())
    steps: tuple[tuple[str, str, str], ...] = ()
    """How the run's own file system is made, see ``namespaces.plan``."""
    landlock_abi: int = 0
    network_namespace: bool = False
    executes: bool = False
    system_calls: bytes = b""
    host_namespaces: dict[str, int] = field(default_factory=dict)
    host_root: int = 0
    """The device of the file system that the run must not see."""
    left_out: frozenset[str] = frozenset()
    """Mechanisms that a test leaves out, as a fault would, to see that the run is then refused."""

    @property
    def inside(self) -> bool:
        """The run has namespaces of its own."""
        return self.tier == "namespaces"

    @property
    def opens_files(self) -> bool:
        """The program may open files, and so has a directory to write to."""
        return self.tier != "seccomp"


def send(connection: socket.socket, *parts: bytes) -> None:
    connection.sendall(_LENGTH.pack(sum(len(part) for part in parts)))
    for part in parts:
        connection.sendall(part)


def receive_exactly(connection: socket.socket, n_bytes: int) -> bytes:
    """Raises EOFError where the other side closes before."""
    received = bytearray()
    while len(received) < n_bytes:
        chunk = connection.recv(min(n_bytes - len(received), 1 << 20))
        if not chunk:
            raise EOFError("the connection was closed")
        received += chunk
    return bytes(received)


def receive(connection: socket.socket, max_bytes: int = _MAX_MESSAGE_BYTES) -> bytes:
    (n_bytes,) = _LENGTH.unpack(receive_exactly(connection, _LENGTH.size))
    if n_bytes > max_bytes:
        raise EOFError(f"a message of {n_bytes} bytes is longer than the {max_bytes} allowed")
    return receive_exactly(connection, n_bytes)


class ResultSlot:
    """Memory shared by supervisor and program where the program leaves its one result frame.

    A slot instead of a pipe: the program holds no descriptor that it could write to by accident or guess, there is no
    second frame, and nothing has to be read while the program runs. A program that goes looking for the slot can still
    forge a frame, which is why its content is only ever the program's word.
    """

    HEADER_BYTES = 1 << 16
    _FRAME = struct.Struct("=16sQQ")

    def __init__(self, value_bytes: int) -> None:
        self.room_bytes = self.allowed_bytes = value_bytes
        """``allowed_bytes`` of a value are read; a run may allow fewer than there is room for."""
        self._nonce = os.urandom(16)
        self._memory = mmap.mmap(-1, self._FRAME.size + self.HEADER_BYTES + value_bytes)

    def write(self, header: dict[str, Any], value: bytes = b"") -> None:
        text = json.dumps(header).encode("ascii")
        start = self._FRAME.size
        self._memory[start : start + len(text)] = text
        self._memory[start + len(text) : start + len(text) + len(value)] = value
        self._memory[:start] = self._FRAME.pack(self._nonce, len(text), len(value))

    def read(self) -> tuple[bytes, bytes] | None:
        """Header and value; None where the program left nothing.

        Raises:
            ValueError: what lies there was not written by ``write``.
        """
        nonce, header_bytes, value_bytes = self._FRAME.unpack(self._memory[: self._FRAME.size])
        if (nonce, header_bytes, value_bytes) == (bytes(16), 0, 0):
            return None
        start = self._FRAME.size
        if nonce != self._nonce:
            raise ValueError("the result frame is forged")
        if header_bytes > self.HEADER_BYTES or value_bytes > self.allowed_bytes:
            raise ValueError("the result frame has an impossible length")
        header = self._memory[start : start + header_bytes]
        return header, self._memory[start + header_bytes : start + header_bytes + value_bytes]
