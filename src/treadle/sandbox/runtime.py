"""Which of the host's files a Python program needs: the interpreter, its libraries, the system's. Always read-only."""

# Plain os calls: descriptors, links and mount points, in processes that live for milliseconds.
# ruff: noqa: PTH110, PTH114

from __future__ import annotations

import os
import pwd
import sys

from treadle.sandbox.syscalls import SetupError

__all__ = ["visible_paths"]

_SYSTEM_PREFIXES = ("/", "/usr", "/usr/local")
_SYSTEM_PATHS = (
    "/lib", "/lib64", "/lib32", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/local/lib64",
    "/usr/share/zoneinfo", "/usr/share/fonts", "/etc/localtime", "/etc/ld.so.cache", "/etc/alternatives",
    "/etc/mime.types",  # ``mimetypes`` opens it wherever it exists, and fails where it may not
)  # fmt: skip
_EXECUTABLES = (
    "/bin",
    "/usr/bin",
    "/usr/local/bin",
    "/usr/libexec",
    "/usr/share/misc",
)


_HEADERS = ("/usr/include", "/usr/local/include")


def visible_paths(executables: bool = False, headers: bool = False) -> tuple[str, ...]:
    """Existing files and directories, none inside another.

    With ``executables`` the system's programs too, with ``headers`` those of C.

    Raises:
        SetupError: Python is installed in such a way that showing it would show somebody's home.
    """
    prefixes = {sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix}
    prefixes |= {os.path.realpath(prefix) for prefix in prefixes}
    own = sorted(prefix for prefix in prefixes if prefix not in _SYSTEM_PREFIXES)
    home = os.path.realpath(pwd.getpwuid(os.getuid()).pw_dir) if _has_entry() else "/nonexistent"
    for prefix in own:
        if home == prefix or home.startswith(prefix + "/"):
            raise SetupError(
                f"Python is installed in {prefix}, which holds the home {home}: it cannot be shown to a program"
            )
    more = (*(_EXECUTABLES if executables else ()), *(_HEADERS if headers else ()))
    existing = [path for path in (*_SYSTEM_PATHS, *more, *own) if os.path.exists(path)]
    return tuple(
        path for path in existing if not any(path.startswith(other + "/") for other in existing if not os.path.islink(other))
    )


def _has_entry() -> bool:
    try:
        pwd.getpwuid(os.getuid())
    except KeyError:
        return False
    return True
