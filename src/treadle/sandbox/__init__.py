"""Runs untrusted programs, and is the only place that does. See docs/sandbox.md."""

from __future__ import annotations

from collections.abc import Sequence

from treadle.sandbox.base import Sandbox

__all__ = ["DEFAULT_PRELOAD", "Sandbox", "open_sandbox"]

DEFAULT_PRELOAD = ("numpy", "sqlite3", "awkward", "uproot", "hist", "vector", "matplotlib.pyplot", "pandas")
"""Imported ahead where installed: what the programs of this field use and what costs time."""


def open_sandbox(
    tier: str | None = None, preload: Sequence[str] = DEFAULT_PRELOAD, *, uid: int = 65534, profile: str = "calc"
) -> Sandbox:
    """Open a sandbox of ``tier`` ('namespaces', 'landlock' or 'seccomp'), or of the best tier that works here.

    Returns while the fork server is still importing ``preload``; the first run waits for it. Where this process runs
    as root, programs run as user ``uid``. ``profile``: 'calc', 'root' (PyROOT loaded ahead) or 'tool' (programs may start
    other programs); see docs/sandbox.md.

    Raises:
        SandboxRefusedError: no tier works, or not the one asked for. There is never a downgrade.
        UnknownNameError: there is no such tier or profile.
    """
    from treadle.sandbox.probe import open_best

    return open_best(tier, preload, uid, profile=profile)
