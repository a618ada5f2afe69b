"""Each mechanism left out in turn, as by a fault: the tier is refused, and the next one is taken or none."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import pytest

from treadle.errors import SandboxRefusedError
from treadle.sandbox import landlock, probe
from treadle.sandbox.client import ForkServerSandbox
from treadle.sandbox.protocol import Seam
from treadle.types import Program

USER = 65534
EVERY_TIER = ("namespaces", "landlock", "seccomp")
LEFT_OUT = {
    "user namespace": ("namespaces",),
    "mount namespace": ("namespaces",),
    "pid namespace": ("namespaces",),
    "ipc namespace": ("namespaces",),
    "network namespace": (),  # the filter denies sockets by itself: the variant without it is tried next, see below
    "uts namespace": ("namespaces",),
    "cgroup namespace": ("namespaces",),
    "pivot_root": ("namespaces",),
    "landlock": ("namespaces", "landlock"),
    "seccomp": EVERY_TIER,
    "no_new_privs": EVERY_TIER,
    "capabilities": ("namespaces",),  # in the other tiers there are none to drop once root is given up
    "rlimits": EVERY_TIER,
    "uid": EVERY_TIER,
}
"""Mechanism -> the tiers that must not come up without it."""


def opened(tier: str | None, seam: Seam) -> ForkServerSandbox:
    return probe.open_best(tier, (), USER, seam)


@pytest.fixture(params=EVERY_TIER)
def tier(request: pytest.FixtureRequest) -> str:
    try:
        opened(request.param, Seam()).close()
    except SandboxRefusedError as refusal:
        pytest.skip(str(refusal))
    return str(request.param)


@pytest.mark.parametrize("mechanism", LEFT_OUT)
def test_a_tier_without_one_of_its_mechanisms_is_refused(tier: str, mechanism: str) -> None:
    if mechanism == "uid" and os.geteuid() != 0:
        pytest.skip("only root has a user to give up")
    seam = Seam(left_out=frozenset({mechanism}))
    if tier in LEFT_OUT[mechanism]:
        with pytest.raises(SandboxRefusedError, match="nothing was executed"):
            opened(tier, seam)
    else:
        with contextlib.closing(opened(tier, seam)) as sandbox:
            assert sandbox.run(Program(source="", evaluate="1")).tier == tier


@pytest.mark.parametrize("mechanism", LEFT_OUT)
def test_the_best_tier_that_has_all_of_its_mechanisms_is_taken(mechanism: str) -> None:
    if mechanism == "uid" and os.geteuid() != 0:
        pytest.skip("only root has a user to give up")
    working = []
    for name in EVERY_TIER:
        with contextlib.suppress(SandboxRefusedError):
            opened(name, Seam()).close()
            working.append(name)
    left = [name for name in working if name not in LEFT_OUT[mechanism]]
    seam = Seam(left_out=frozenset({mechanism}))
    if not left:
        with pytest.raises(SandboxRefusedError, match=r"not in force|could not be isolated|not allowed"):
            opened(None, seam)
        return
    with contextlib.closing(opened(None, seam)) as sandbox:
        assert sandbox.run(Program(source="", evaluate="1")).tier == sandbox.tier == left[0]


def test_a_fault_after_the_probe_ends_the_run_too(tier: str) -> None:
    """The probe's word is not enough: every single run looks."""
    from treadle.errors import SandboxError

    sandbox = ForkServerSandbox(tier, (), uid=USER, network_namespace=False, seam=Seam(left_out=frozenset({"rlimits"})))
    with contextlib.closing(sandbox), pytest.raises(SandboxError, match="not in force: the resource limits"):
        sandbox.run(Program(source="print('executed')"))


def test_without_a_network_namespace_the_sandbox_says_so() -> None:
    try:
        sandbox = opened("namespaces", Seam(left_out=frozenset({"network namespace"})))
    except SandboxRefusedError as refusal:
        pytest.skip(str(refusal))
    with contextlib.closing(sandbox):
        assert "network namespace" in sandbox.absent


ATTEMPTS = """
import os, sys
home = sys.argv[1]
through = []
def attempt(name, f):
    try: f()
    except OSError: return
    through.append(name)
attempt("read", lambda: open(home + "/victim.txt").read())
attempt("list", lambda: os.listdir(home))
attempt("write", lambda: open(home + "/victim.txt", "w"))
attempt("truncate", lambda: os.truncate(home + "/victim.txt", 0))
attempt("truncate while reading", lambda: os.open(home + "/victim.txt", os.O_RDONLY | os.O_TRUNC))
attempt("empty the data file", lambda: os.open("data.txt", os.O_RDONLY | os.O_TRUNC))
attempt("truncate the data file", lambda: os.truncate("data.txt", 0))
attempt("make", lambda: os.mkdir(home + "/new"))
attempt("rename", lambda: os.rename(home + "/victim.txt", home + "/moved.txt"))
attempt("link", lambda: os.link(home + "/victim.txt", "linked.txt"))
attempt("delete", lambda: os.unlink(home + "/victim.txt"))
attempt("connect", lambda: __import__("socket").create_connection(("127.0.0.1", 1)))
attempt("kill", lambda: os.kill(os.getppid(), 0))
open("own.txt", "w").write("x")
own = open("own.txt").read() + open("data.txt").read()
"""


@pytest.mark.parametrize("abi", [1, 2, 3, 5, None])
def test_every_version_of_landlock_holds(public_path: Path, abi: int | None) -> None:
    real = landlock.abi()
    if not real or (abi or 0) > real:
        pytest.skip(f"this kernel has Landlock {real}")
    victim, data = public_path / "victim.txt", public_path / "data.txt"
    for file in (victim, data):
        file.write_text("intact", encoding="ascii")
        file.chmod(0o666)
    with contextlib.closing(opened("landlock", Seam(landlock_abi=abi))) as sandbox:
        run = sandbox.run(Program(source=ATTEMPTS, evaluate="(through, own)", argv=(str(public_path),)), files=[data])
    assert run.value == ([], "xintact"), run.stderr
    assert victim.read_text(encoding="ascii") == data.read_text(encoding="ascii") == "intact"
    assert sorted(file.name for file in public_path.iterdir()) == ["data.txt", "victim.txt"]


def test_without_landlock_in_the_kernel_its_tier_is_refused() -> None:
    with pytest.raises(SandboxRefusedError, match="no Landlock"):
        opened("landlock", Seam(landlock_abi=0))


def test_namespaces_without_landlock_in_the_kernel_say_so(public_path: Path) -> None:
    try:
        sandbox = opened("namespaces", Seam(landlock_abi=0))
    except SandboxRefusedError as refusal:
        pytest.skip(str(refusal))
    (public_path / "victim.txt").write_text("intact", encoding="ascii")
    with contextlib.closing(sandbox):
        assert sandbox.absent[-1] == "Landlock"
        run = sandbox.run(
            Program(source=ATTEMPTS.replace('open("data.txt").read()', "''"), evaluate="through", argv=(str(public_path),))
        )
    assert run.value == [], run.stderr
    assert (public_path / "victim.txt").read_text(encoding="ascii") == "intact"
