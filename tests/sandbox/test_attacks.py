"""Every abuse attempt in every tier: judged from outside, beside a control without a sandbox and a sign of life within.

Two collections: the project's own in ``attacks/``, and one kept outside the project where it is at hand.
"""

# Programs are easier to read in long lines.
# ruff: noqa: E501

from __future__ import annotations

import json
import os
import runpy
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy
import pytest
from attacks import ATTEMPTS
from attacks.attempt import ALIVE, Attempt, source_of
from attacks.controls import Control, namespaces_are_allowed, run_control
from attacks.on_resources import BUSY, MEMORY_BYTES
from attacks.targets import CANARIES, Targets, survivors

from treadle.sandbox import Sandbox
from treadle.sandbox.disk import directory_usage
from treadle.types import Limits, Program, Run

COLLECTION = Path(__file__).resolve().parents[2].parent / "shared" / "attacks" / "python_attacks.py"

LIMITS = Limits(
    cpu_seconds=3,
    wall_seconds=5,
    memory_bytes=MEMORY_BYTES,
    disk_bytes=16 << 20,
    inodes=1000,
    threads=16,
    value_bytes=1 << 20,
)
SHORT = Limits(cpu_seconds=0.5, wall_seconds=1.0, memory_bytes=MEMORY_BYTES, disk_bytes=16 << 20)
OVERSHOOT_BYTES = 128 << 20
"""What a run may take beyond its limits between two looks of the supervisor."""


# ------------------------------------------------------------------------------------------------ seen from outside


class Oracle:
    """All that must be as it was after a run: targets, processes, files of Python, temporary files."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        sandbox.run_many([Program(source=""), Program(source="import awkward")])  # both servers are up
        servers = sandbox._servers.values()  # type: ignore[attr-defined]
        self.servers = [server.pid for server in servers]
        self._bases = [server._base for server in servers]
        self._code = [Path(os.__file__), Path(json.__file__), Path(numpy.__file__)]
        self._code_before = self._code_state()
        self.targets = Targets()

    def _code_state(self) -> list[tuple[int, int]]:
        return [(path.stat().st_size, path.stat().st_mtime_ns) for path in self._code if path.exists()]

    def files_left(self) -> int:
        """Files and directories of runs below the servers' own directories."""
        return sum(directory_usage(str(run))[1] + 1 for base in self._bases for run in Path(base).glob("run-*"))

    def disk_bytes(self) -> int:
        return sum(directory_usage(base)[0] for base in self._bases)

    def complaints(self, run: Run) -> list[str]:
        """What the attempt did; empty where the outside is as it was."""
        found = self.targets.touched()
        found += [f"{canary} came out" for canary in CANARIES if canary in repr(run)]
        found += [f"process {pid} survived ({state})" for pid, state in survivors(self.servers).items()]
        if self.files_left():
            found.append(f"{self.files_left()} files were left")
        if self._code_state() != self._code_before:
            found.append("the code of Python or numpy changed")
        if [server.pid for server in self.sandbox._servers.values()] != self.servers:  # type: ignore[attr-defined]
            found.append("a fork server was lost")
        return found

    def renew(self) -> None:
        """New targets: one attempt that touched them must not be held against the next."""
        self.targets.close()
        self.targets = Targets()


@pytest.fixture(scope="module")
def oracle(sandbox: Sandbox) -> Iterator[Oracle]:
    made = Oracle(sandbox)
    yield made
    made.targets.close()


@pytest.fixture
def targets(monkeypatch: pytest.MonkeyPatch) -> Iterator[Targets]:
    made = Targets()
    yield made
    made.close()


class Meter:
    """Most memory in files without a disk (tmpfs, shared memory), and most disk, while a run goes on."""

    def __init__(self, oracle: Oracle) -> None:
        self._oracle, self._stop = oracle, threading.Event()
        self._shared_before, self._disk_before = _shared_bytes(), oracle.disk_bytes()
        self.shared = self.disk = 0
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Meter:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(0.01):
            self.shared = max(self.shared, _shared_bytes() - self._shared_before)
            self.disk = max(self.disk, self._oracle.disk_bytes() - self._disk_before)


def _shared_bytes() -> int:
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("Shmem:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("this kernel does not tell its shared memory")


def _memory_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")


# ------------------------------------------------------------------------------------------------ our own collection


def _run(oracle: Oracle, attempt: Attempt) -> Run:
    limits = SHORT if attempt.why == BUSY else LIMITS
    source = source_of(attempt, oracle.targets.facts(oracle.servers))
    return oracle.sandbox.run(Program(source=source, evaluate="outcome"), [oracle.targets.data], limits)


@pytest.mark.parametrize("name", ATTEMPTS)
def test_attempt_is_held_back(oracle: Oracle, name: str) -> None:
    attempt = ATTEMPTS[name]
    if not attempt.runs_here:
        pytest.skip("it speaks in system call numbers of x86_64")
    with Meter(oracle) as meter:
        run = _run(oracle, attempt)
    complaints = oracle.complaints(run)
    if complaints:
        oracle.renew()
    assert not complaints, (name, complaints, run)

    assert run.stdout.startswith(ALIVE), run
    if attempt.deadly:
        assert run.signal == signal.SIGSYS, run
    if oracle.sandbox.tier not in attempt.harmless:
        assert not str(run.value).startswith("THROUGH"), run
        assert "OUTCOME THROUGH" not in run.stdout, run
    assert "FORGED" not in str(run.value)
    if attempt.kind == "resource":
        _took_no_more_than_allowed(attempt, run, meter, oracle)
    assert oracle.sandbox.run(Program(source="print('alive')", evaluate="45")).value == 45


def _took_no_more_than_allowed(attempt: Attempt, run: Run, meter: Meter, oracle: Oracle) -> None:
    limits = SHORT if attempt.why == BUSY else LIMITS
    image = max(_memory_bytes(server) for server in oracle.servers)
    assert run.peak_memory_bytes < image + limits.memory_bytes + (64 << 20), run
    assert meter.shared < limits.disk_bytes + limits.memory_bytes + (64 << 20)
    assert meter.disk < limits.disk_bytes + OVERSHOOT_BYTES
    assert run.wall_seconds < limits.wall_seconds + 3, run
    assert len(run.stdout) + len(run.stderr) <= 2 * limits.stream_bytes, run
    if attempt.why == BUSY:
        assert run.limit_hit, run
    if attempt.name.endswith("output without end"):
        assert run.stdout_truncated or run.stderr_truncated, run


@pytest.fixture(scope="module")
def root_is_allowed() -> bool:
    return namespaces_are_allowed()


@pytest.mark.parametrize("name", [name for name, attempt in ATTEMPTS.items() if attempt.control])
def test_control(targets: Targets, root_is_allowed: bool, name: str) -> None:
    """Without a sandbox the attempt works, so what held it back was the sandbox, not a mistake in it."""
    attempt = ATTEMPTS[name]
    if not attempt.runs_here:
        pytest.skip("it speaks in system call numbers of x86_64")
    if attempt.control == "root" and not root_is_allowed:
        pytest.skip("no namespaces of its own for the control on this machine")
    control = run_control(source_of(attempt, targets.facts()), targets, root=attempt.control == "root")
    assert control.stdout.startswith(ALIVE), control
    worked = control.worked or (attempt.deadly and control.code == 0)
    if attempt.control == "machine" and not worked:
        pytest.skip(f"this machine refuses it also without a sandbox: {control.outcome or control.code}")
    assert worked, control


def test_the_collection_is_wide_enough() -> None:
    """At least 60 attempts, of every kind, and most of them with a control."""
    kinds = {attempt.kind for attempt in ATTEMPTS.values()}
    assert kinds == {"file", "secret", "net", "proc", "kernel", "resource", "fake"}
    assert len(ATTEMPTS) >= 200
    assert sum(attempt.control is not None for attempt in ATTEMPTS.values()) >= 150


def test_the_oracle_sees_what_is_done(targets: Targets) -> None:
    """An oracle that sees nothing finds every sandbox tight: each kind of change is noticed."""
    deeds = {
        "victim.txt": lambda: (targets.home / "victim.txt").write_text("changed"),
        "victim2.txt": lambda: os.utime(targets.home / "victim2.txt", (1, 1)),
        "became": lambda: (targets.home / "new").write_text(""),
        "the tcp listener": lambda: targets.received.append("tcp"),
    }
    assert targets.touched() == []
    for sign, deed in deeds.items():
        deed()
        assert any(sign in complaint for complaint in targets.touched()), sign
    os.kill(targets.facts()["victim"], signal.SIGSTOP)
    end = time.monotonic() + 60
    while "the process was stopped" not in targets.touched():  # it stops when it next gets a CPU
        assert time.monotonic() < end
        time.sleep(0.01)
    os.sched_setaffinity(targets.facts()["victim"], {0})
    assert any("place on the CPUs" in complaint for complaint in targets.touched()) or os.cpu_count() == 1


# ------------------------------------------------------------------------------------------------ the other collection


OUTSIDE = runpy.run_path(str(COLLECTION)) if COLLECTION.is_file() else {"PRELUDE": "", "ATTACKS": []}
OTHERS = {name: code for name, _, _, code in OUTSIDE["ATTACKS"]}
needs_collection = pytest.mark.skipif(not OTHERS, reason="the collection of attempts is not on this machine")

HARMLESS_OTHERS = {
    "R07": ("namespaces", "landlock", "seccomp"),  # what is printed beyond the limit is thrown away, unnoticed
    "X04": ("namespaces", "landlock", "seccomp"),  # it prints a marker and says so: nothing believes it
    "F14": ("landlock", "seccomp"),  # file metadata, see docs/sandbox.md
}
NO_CONTROL = {
    "F02": "works only where the list of users is readable to all", "F22": "root's", "F23": "root's", "F24": "root's",
    "F25": "asks for a password", "F26": "root's", "F30": "root's", "F32": "there is no such file here",
    "F16": "hard links across file systems fail everywhere", "F19": "depends on who starts the control",
    "S11": "root's", "S12": "about what the fork server holds", "N06": "root's", "N07": "root's", "N09": "depends on the kernel",
    "N13": "depends on the machine's network", "P02": "a fork bomb", "P05": "reaches all that the user runs", "P13": "root's",
    "P14": "depends on the kernel", "P15": "depends on the kernel", "P17": "there is no such file here", "P12": "root's",
    "S05": "it passes half of an argument", "S02": "its parent is the test itself", "P06": "its parent is the test itself",
    "P20": "root's", "P21": "root's", "P22": "needs a terminal", "P23": "root's", "P25": "root's", "P26": "root's",
    "R01": "takes 4 GiB", "R03": "controls, too, may not write 300 MB", "R06": "5000 threads", "R08": "never ends", "R10": "never ends",
    "R11": "standard input is empty", "R14": "takes 3 GiB", "R16": "depends on limits",
}  # fmt: skip


def _other_source(name: str, targets: Targets) -> str:
    facts = targets.facts()
    fixtures = {
        **{key: facts[key] for key in ("home", "work", "victim", "tcp", "udp")},
        "vaddr": facts["stack"],
        "upath": facts["unix"],
        "uabs": facts["abstract"],
        "shmkey": 1,
    }
    prelude = OUTSIDE["PRELUDE"].replace("__FIX__", repr(fixtures))
    return f"print('alive', sum(range(10)), flush=True)\nresult = None\n{prelude}{OTHERS[name]}"


@needs_collection
@pytest.mark.parametrize("name", OTHERS)
def test_attempt_of_the_other_collection(oracle: Oracle, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_TOKEN", "CANARY-ENV")
    limits = SHORT if name in ("R08", "R10", "R11") else LIMITS
    program = Program(source=_other_source(name, oracle.targets), evaluate="result")
    with Meter(oracle) as meter:
        run = oracle.sandbox.run(program, limits=limits)
    complaints = oracle.complaints(run)
    if complaints:
        oracle.renew()
    assert not complaints, (name, complaints, run)
    assert run.stdout.startswith(ALIVE), run
    assert len(run.stdout) <= limits.stream_bytes
    assert meter.disk < limits.disk_bytes + OVERSHOOT_BYTES
    assert meter.shared < limits.disk_bytes + limits.memory_bytes + (64 << 20)
    assert "FORGED" not in str(run.value)
    if oracle.sandbox.tier not in HARMLESS_OTHERS.get(name, ()):
        assert not str(run.value).startswith("HIT"), run
    if name in ("R08", "R10"):
        assert run.limit_hit, run
    assert oracle.sandbox.run(Program(source="", evaluate="45")).value == 45


@needs_collection
@pytest.mark.parametrize("name", [n for n in OTHERS if n not in NO_CONTROL and not n.startswith("X")])
def test_control_of_the_other_collection(targets: Targets, name: str) -> None:
    source = _other_source(name, targets) + "\noutcome = 'THROUGH' if str(result).startswith('HIT') else result"
    control = run_control(source, targets)
    assert control.worked, control


def test_a_control_leaves_nothing(targets: Targets) -> None:
    """Controls are thrown away with all that they started."""
    before = set(Path(targets.directory.parent).glob("control-*"))
    source = (
        "import os, time\nchild = os.fork()\nif not child:\n    os.closerange(0, 3)\n    time.sleep(30)\n"
        "print('child', child)\noutcome = 'THROUGH'"
    )
    control = run_control(source, targets, seconds=10)
    assert isinstance(control, Control)
    assert set(Path(targets.directory.parent).glob("control-*")) <= before
    child = int(control.stdout.split("child")[1].split()[0])
    deadline = time.monotonic() + 5
    while Path(f"/proc/{child}").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not Path(f"/proc/{child}").exists()
