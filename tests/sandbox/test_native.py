"""Native code meets the same wall: what machine code tries, from ctypes, from a C library, from C++ through ROOT."""

# C and machine code are easier to read in long lines.
# ruff: noqa: E501

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from attacks.controls import run_control
from attacks.native import C_SOURCE
from attacks.targets import CANARIES, Targets, survivors

from treadle.errors import SandboxRefusedError
from treadle.sandbox import Sandbox, open_sandbox
from treadle.types import Limits, Program, Run

LIMITS = Limits(cpu_seconds=10, wall_seconds=20)

NOT_ALWAYS = {"io_uring", "a new user namespace"}
"""What machines refuse also without a sandbox."""


@pytest.fixture
def targets() -> Iterator[Targets]:
    made = Targets()
    yield made
    made.close()


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The attempts as a shared library."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler on this machine")
    folder = tmp_path_factory.mktemp("native")
    (folder / "attempts.c").write_text(C_SOURCE, encoding="ascii")
    built = folder / "attempts.so"
    subprocess.run([compiler, "-D_GNU_SOURCE", "-w", "-shared", "-fPIC", "-o", built, folder / "attempts.c"], check=True)
    built.chmod(0o755)
    return built


def _call(load: str, targets: Targets) -> str:
    facts = targets.facts()
    arguments = f"{facts['home'].encode()!r}, {facts['victim']}, {facts['tcp']}, {facts['unix'].encode()!r}"
    return f"import ctypes\nprint('alive', flush=True)\n{load}\nf.restype = ctypes.c_char_p\noutcome = f({arguments}).decode()\n"


def _untouched(sandbox: Sandbox, targets: Targets, run: Run) -> None:
    assert targets.touched() == []
    assert not [canary for canary in CANARIES if canary in repr(run)]
    servers = [server.pid for server in sandbox._servers.values()]  # type: ignore[attr-defined]
    assert survivors(servers) == {}
    assert sandbox.run(Program(source="", evaluate="45")).value == 45


def _fared(text: str) -> dict[str, str]:
    return dict(line.split("=") for line in text.strip().splitlines())


def test_the_library_works_without_a_sandbox(library: Path, targets: Targets) -> None:
    """The control: every attempt of it succeeds."""
    held = run_control(_call(f"f = ctypes.CDLL({str(_public(library, targets))!r}).attempts", targets), targets)
    fared = _fared(held.outcome)
    assert len(fared) >= 25
    assert {name for name, how in fared.items() if how == "held"} <= NOT_ALWAYS, held
    assert targets.touched()


def _public(library: Path, targets: Targets) -> Path:
    copy = targets.directory / "attempts.so"
    shutil.copyfile(library, copy)
    copy.chmod(0o755)
    return copy


def test_a_library_cannot_be_brought_along(sandbox: Sandbox, library: Path, targets: Targets) -> None:
    """Given as data: what lies on the scratch disk cannot be executed; as a data file it may be mapped, and is then held."""
    run = sandbox.run(
        Program(source=_call("f = ctypes.CDLL('./attempts.so').attempts", targets), evaluate="outcome"), [library], LIMITS
    )
    assert run.stdout.startswith("alive"), run
    if run.value_given:  # the landlock tier cannot forbid to map a file that may be read
        fared = _fared(run.value)
        assert [name for name, how in fared.items() if how == "THROUGH"] == ["liveness"], fared
    else:
        assert "OSError" in str(run.error), run
    _untouched(sandbox, targets, run)


def test_a_library_of_its_own_making(sandbox: Sandbox, library: Path, targets: Targets) -> None:
    """The program writes the library itself, into its directory, and loads it from there."""
    load = f"open('own.so', 'wb').write(bytes.fromhex({library.read_bytes().hex()!r}))\nf = ctypes.CDLL('./own.so').attempts"
    run = sandbox.run(Program(source=_call(load, targets), evaluate="outcome"), limits=LIMITS)
    assert run.stdout.startswith("alive"), run
    if run.value_given:
        assert [name for name, how in _fared(run.value).items() if how == "THROUGH"] == ["liveness"], run
    if sandbox.tier == "namespaces":
        assert not run.value_given, "the scratch disk is mounted noexec"
    _untouched(sandbox, targets, run)


MACHINE_CODE = """
import ctypes, mmap
print('alive', flush=True)
def code(text):
    place = mmap.mmap(-1, 4096, prot=7)
    place.write(bytes.fromhex(text))
    return ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(place)))()
outcome = {name: code(text) for name, text in CODE.items()}
"""
CODE = {
    "getpid": "b8270000000f05c3",
    "fork": "b8390000000f05c3",
    "vfork": "b83a0000000f05c3",
    "socket": "bf02000000be0100000031d2b8290000000f05c3",
    "setsid": "b8700000000f05c3",
    "memfd": "488d3d0b00000031f6b83f0100000f05c37800",
    "ptrace": "31ff31f631d24d31d2b8650000000f05c3",
    "unshare": "bf00000010b8100100000f05c3",
}
"""Eight calls of the kernel in machine code of x86_64: mov eax, number; syscall; ret."""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="machine code of x86_64")
def test_machine_code_in_memory(sandbox: Sandbox, targets: Targets) -> None:
    run = sandbox.run(Program(source=f"CODE = {CODE!r}\n{MACHINE_CODE}", evaluate="outcome"), limits=LIMITS)
    assert run.stdout == "alive\n", run
    assert run.value["getpid"] > 0  # it does run
    assert {name: got for name, got in run.value.items() if name != "getpid"} == dict.fromkeys(set(CODE) - {"getpid"}, -1), (
        run
    )
    _untouched(sandbox, targets, run)


CTYPES = """
import ctypes, os
print('alive', flush=True)
libc = ctypes.CDLL(None, use_errno=True)
outcome = {
    "open": libc.open(SECRET, 0),
    "open for writing": libc.open(VICTIM_FILE, 1),
    "unlink": libc.unlink(VICTIM_FILE),
    "chmod": libc.chmod(VICTIM_FILE, 0o600),
    "truncate": libc.truncate(VICTIM_FILE, ctypes.c_long(0)),
    "socket": libc.socket(2, 1, 0),
    "fork": libc.fork(),
    "kill": libc.kill(VICTIM, 0),
    "execv": libc.execv(b"/bin/true", (ctypes.c_char_p * 2)(b"true", None)),
    "setuid": libc.setuid(0),
    "system": -1 if libc.system(b"true") else 0,
    "mount": libc.mount(b"none", b"/tmp", b"tmpfs", ctypes.c_ulong(0), None),
    "ptrace": libc.ptrace(16, VICTIM, None, None),
    "setpriority": libc.setpriority(0, VICTIM, 19),
    "memfd_create": libc.memfd_create(b"x", 0),
    "shmget": libc.shmget(0, ctypes.c_size_t(4096), 0o1666),
}
"""


def test_the_c_library(sandbox: Sandbox, targets: Targets) -> None:
    facts = targets.facts()
    names = {"SECRET": f"{facts['home']}/.ssh/id_rsa".encode(), "VICTIM_FILE": f"{facts['home']}/victim.txt".encode()}
    names["VICTIM"] = facts["victim"]
    source = "".join(f"{name} = {value!r}\n" for name, value in names.items()) + CTYPES
    run = sandbox.run(Program(source=source, evaluate="outcome"), limits=LIMITS)
    assert run.stdout == "alive\n", run
    assert set(run.value.values()) == {-1}, run.value
    _untouched(sandbox, targets, run)


# ------------------------------------------------------------------------------------------------ C++ through ROOT or cppyy

_ROOT = "ROOT" if find_spec("ROOT") else "cppyy" if find_spec("cppyy") else None


@pytest.fixture(scope="module", params=["namespaces", "landlock"])
def cpp_sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """With ROOT (or cppyy) warmed in the fork server."""
    if _ROOT is None:
        pytest.skip("neither ROOT nor cppyy is installed")
    try:
        opened = _open_with(request.param)
    except SandboxRefusedError as refusal:
        pytest.skip(str(refusal))
    yield opened
    opened.close()


def _open_with(tier: str) -> Sandbox:
    """By profile where there are profiles."""
    import inspect

    if "profile" in inspect.signature(open_sandbox).parameters:
        return open_sandbox(tier, profile="root")  # type: ignore[call-arg]
    return open_sandbox(tier, preload=(_ROOT or "", "numpy"))


def test_cpp_meets_the_same_wall(cpp_sandbox: Sandbox, targets: Targets) -> None:
    facts = targets.facts()
    declare = (
        "import ROOT\nROOT.gInterpreter.Declare(code)\nspace = ROOT"
        if _ROOT == "ROOT"
        else "import cppyy\ncppyy.cppdef(code)\nspace = cppyy.gbl"
    )
    source = (
        f"code = {C_SOURCE!r}\n{declare}\nprint('alive', flush=True)\n"
        f"outcome = str(space.attempts({facts['home']!r}, {facts['victim']}, {facts['tcp']}, {facts['unix']!r}))"
    )
    run = cpp_sandbox.run(
        Program(source=source, evaluate="outcome"), limits=Limits(cpu_seconds=30, wall_seconds=60, memory_bytes=4 << 30)
    )
    assert "alive" in run.stdout, run
    fared = _fared(run.value)
    assert [name for name, how in fared.items() if how == "THROUGH"] == ["liveness"], fared
    _untouched(cpp_sandbox, targets, run)


def test_the_attempts_are_the_essential_ones() -> None:
    """Files, network, processes, kernel: no class is left out."""
    names = json.dumps(C_SOURCE)
    for word in ("read a secret", "truncate", "connect by TCP", "fork", "a shell", "io_uring", "liveness"):
        assert word in names
    assert sys.platform == "linux"
