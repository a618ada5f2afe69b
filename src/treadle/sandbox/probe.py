"""Which tier works here: found out by running the whole set-up once, never by reading a setting of the kernel."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from treadle.errors import SandboxError, SandboxRefusedError, UnknownNameError
from treadle.sandbox import syscalls
from treadle.sandbox.client import ForkServerSandbox
from treadle.sandbox.profiles import find_profile
from treadle.sandbox.protocol import Seam
from treadle.sandbox.staging import public_directory
from treadle.types import Limits, Program

__all__ = ["TIERS", "open_best", "try_tier"]

TIERS = ("namespaces", "landlock", "seccomp")
"""Best first."""

_LIVENESS = """
import os, socket, sys

def blocked(attempt):
    try:
        attempt()
    except OSError:
        return True
    return False

report = {
    "alive": sum(range(10)),
    "data": open("data.txt").read(),
    "reading outside": blocked(lambda: open(sys.argv[1]).read()),
    "writing outside": blocked(lambda: open(sys.argv[1], "a").write("x")),
    "network": blocked(socket.socket),
    "processes": blocked(lambda: os.fork() or os._exit(0)),
}
try:
    with open("own.txt", "w") as file:
        file.write("written inside")
    report["writes"] = open("own.txt").read() == "written inside"
except PermissionError:
    report["writes"] = False
"""

_EXPECTED = {"reading outside", "writing outside", "network", "processes"}


@dataclass(frozen=True, slots=True)
class _Variant:
    tier: str
    network_namespace: bool
    executes: bool = False


_VARIANTS = {
    "namespaces": (_Variant("namespaces", True), _Variant("namespaces", False)),
    "landlock": (_Variant("landlock", False),),
    "seccomp": (_Variant("seccomp", False),),
}
_lock = threading.Lock()
_outcomes: dict[tuple[_Variant, int], str | None] = {}  # for the life of the process: None works, else why not


def open_best(
    tier: str | None, preload: Sequence[str], uid: int, seam: Seam | None = None, profile: str = "calc"
) -> ForkServerSandbox:
    """The sandbox of ``tier``, or of the best tier that works. ``seam`` is for tests only.

    Raises:
        SandboxRefusedError: none works; the message says what was tried and why each failed.
    """
    if tier is not None and tier not in TIERS:
        raise UnknownNameError("sandbox tier", tier, TIERS)
    chosen, preload = find_profile(profile, tier, preload)
    reason = syscalls.supported()
    if reason is not None:
        raise SandboxRefusedError(f"nothing was executed: {reason}")
    reasons: list[str] = []
    for name in chosen.tiers if tier is None else (tier,):
        for variant in (replace(v, executes=chosen.executes) for v in _VARIANTS[name]):
            sandbox = ForkServerSandbox(
                variant.tier,
                preload,
                uid=uid,
                network_namespace=variant.network_namespace,
                seam=seam,
                profile=chosen,
            )
            failure = _outcome(variant, uid, sandbox) if seam is None else try_tier(sandbox)
            if failure is None:
                sandbox.start()
                return sandbox
            sandbox.close()
            reasons.append(
                f"{name}{'' if variant.network_namespace or name != 'namespaces' else ' (no network namespace)'}: {failure}"
            )
    raise SandboxRefusedError("nothing was executed: no tier of the sandbox works here. " + "; ".join(reasons))


def _outcome(variant: _Variant, uid: int, sandbox: ForkServerSandbox) -> str | None:
    with _lock:
        key = (variant, uid)
        if key not in _outcomes:
            _outcomes[key] = try_tier(sandbox)
        return _outcomes[key]


def try_tier(sandbox: ForkServerSandbox) -> str | None:
    """Run the liveness program through the whole set-up; None where all is as it must be, else what is not."""
    with contextlib.ExitStack() as stack:
        directory = tempfile.mkdtemp(prefix="treadle-probe-", dir=public_directory())
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        outside = Path(directory) / "outside.txt"
        outside.write_text("outside", encoding="ascii")
        data = Path(directory) / "data.txt"
        data.write_text("data", encoding="ascii")
        # What keeps the program out must be the sandbox, not the files' modes. The directory stays ours: in a writable one
        # another user could put a link to a file of ours in the place of these, before their mode is changed.
        for path, mode in ((outside, 0o666), (data, 0o666), (directory, 0o755)):
            Path(path).chmod(mode)
        try:
            program = Program(source=_LIVENESS, evaluate="report", argv=(str(outside),))
            run = sandbox.probe(program, [data], Limits())
        except SandboxError as error:
            return str(error)
        if not run.value_given or not isinstance(run.value, dict) or run.value.get("alive") != 45:
            why = run.error or run.limit_hit or run.stderr or f"exit code {run.exit_code}, signal {run.signal}"
            return f"the liveness program did not run ({why})"
        if run.value.get("data") != "data":
            return "the liveness program cannot read its data"
        if run.value.get("writes") is not (sandbox.tier != "seccomp"):
            return "the liveness program cannot write in its own directory, or can in a tier without one"
        expected = _EXPECTED - ({"processes"} if sandbox.profile.executes else set())
        let_through = sorted(name for name in expected if run.value.get(name) is not True)
        if let_through or outside.read_text(encoding="ascii") != "outside":
            return f"not held back: {', '.join(let_through) or 'writing outside'}"
    return None
