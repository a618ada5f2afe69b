"""Each run looks for itself whether what should hold it is in force, before the program's first line.

Every mechanism is checked by its effect, not by the success of the call that asked for it: by what the process is, has and
may do. What is missing ends the run, so a fault here or in the kernel never makes it weaker without a word.
"""

# Plain os calls: descriptors and links, in processes that live for milliseconds.
# ruff: noqa: PTH116

from __future__ import annotations

import errno
import os
import resource
import struct
from collections.abc import Mapping

from treadle.sandbox import syscalls
from treadle.sandbox.protocol import Configuration
from treadle.sandbox.syscalls import SetupError

__all__ = ["NAMESPACES", "check_filter", "check_process", "check_root", "check_world", "namespace_numbers"]

NAMESPACES = {"user": "user", "mnt": "mount", "pid": "pid", "ipc": "ipc", "uts": "uts", "cgroup": "cgroup", "net": "network"}
"""The kernel's names and ours."""
_PR_GET_SECCOMP, _PR_GET_NO_NEW_PRIVS = 21, 39


def _require(holds: bool, mechanism: str) -> None:
    if not holds:
        raise SetupError(f"not in force: {mechanism}")


def namespace_numbers() -> dict[str, int]:
    """What identifies each namespace of this process; empty where /proc is not there."""
    found = {}
    for name in NAMESPACES:
        try:
            found[name] = os.stat(f"/proc/self/ns/{name}").st_ino
        except OSError:
            continue
    return found


def check_world(configuration: Configuration, user: tuple[int, int]) -> None:
    """In the supervisor, while it still sees the host's /proc: no root user, and namespaces other than the server's."""
    _require(user[0] != 0 and configuration.uid != 0, "the drop of the root user")
    if configuration.inside:
        own = namespace_numbers()
        for name, number in configuration.host_namespaces.items():
            if name != "net" or configuration.network_namespace:
                _require(own.get(name, number) != number, f"the {NAMESPACES[name]} namespace")


def check_root(configuration: Configuration, path: str = "/") -> None:
    """In the supervisor, after the change of root: what is above (by ``path``) is the run's own file system."""
    _require(os.stat(path).st_dev != configuration.host_root, "pivot_root")


def check_process(configuration: Configuration, bounds: Mapping[int, tuple[int, int]]) -> None:
    """In the program's process, before the filter: user, capabilities, no_new_privs, resource limits, Landlock."""
    _require(0 not in os.getresuid(), "the drop of the root user")
    _require(not any(_capabilities()), "the drop of capabilities")
    _require(syscalls.prctl(_PR_GET_NO_NEW_PRIVS) == 1, "no_new_privs")
    for name, bound in bounds.items():
        _require(resource.getrlimit(name) == bound, "the resource limits")
    if configuration.landlock_abi:
        _require(not _may_list("/"), "Landlock")


def _capabilities() -> tuple[int, ...]:
    """Effective and permitted capabilities, as four words."""
    version_3 = 0x20080522
    words = syscalls.buffer(24)
    syscalls.call("capget", struct.pack("Ii", version_3, 0), words)
    low_effective, low_permitted, _, high_effective, high_permitted, _ = struct.unpack("6I", words.raw)
    return low_effective, low_permitted, high_effective, high_permitted


def _may_list(path: str) -> bool:
    try:
        os.close(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
    except PermissionError:
        return False
    return True


def check_filter() -> None:
    """After the filter: it refuses a question that the kernel itself would always answer."""
    try:
        syscalls.prctl(_PR_GET_SECCOMP)
    except SetupError as refused:
        _require(refused.errno == errno.EPERM, "seccomp")
    else:
        raise SetupError("not in force: seccomp")
