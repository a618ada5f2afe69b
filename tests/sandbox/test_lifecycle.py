"""The fork server: refusal, sharing among threads, interruption, survival of its children's deaths, nothing left behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from attacks.targets import spares

from treadle.errors import SandboxError, SandboxRefusedError, UnknownNameError
from treadle.sandbox import Sandbox, open_sandbox, probe, syscalls
from treadle.types import Limits, Program

FOREVER = "import time\nwhile True: time.sleep(1)"


def descendants(pid: int) -> set[int]:
    """All processes below ``pid``, found through /proc."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parent = int((entry / "stat").read_bytes().rpartition(b")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found: set[int] = set()
    pending = [pid]
    while pending:
        new = children.get(pending.pop(), [])
        found.update(new)
        pending.extend(new)
    return found


def left(sandbox: Sandbox, before: set[int]) -> set[int]:
    """What runs below this process and did not before; what is kept ready for the next run does not count."""
    servers = [server.pid for server in sandbox._servers.values()]  # type: ignore[attr-defined]
    return {pid for pid in descendants(os.getpid()) - before - spares(servers) if running(pid)}


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z"
    except OSError:
        return False


def wait_until(condition: Callable[[], bool], seconds: float = 15.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


@pytest.fixture(autouse=True)
def forget_probes() -> None:
    probe._outcomes.clear()


def test_an_unknown_tier_is_an_error() -> None:
    with pytest.raises(UnknownNameError, match="namespaces"):
        open_sandbox("namespace")


def test_refusal_says_what_was_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "try_tier", lambda _: "the kernel does not allow it")
    with pytest.raises(SandboxRefusedError) as caught:
        open_sandbox(preload=())
    for word in ("nothing was executed", "namespaces:", "landlock:", "the kernel does not allow it"):
        assert word in str(caught.value)


def test_a_tier_asked_for_is_never_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    works = probe.try_tier
    monkeypatch.setattr(probe, "try_tier", lambda s: "broken" if s.tier == "namespaces" else works(s))
    with pytest.raises(SandboxRefusedError) as caught:
        open_sandbox("namespaces", preload=())
    assert "landlock" not in str(caught.value)


def test_without_namespaces_the_next_tier_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    works = probe.try_tier
    monkeypatch.setattr(probe, "try_tier", lambda s: "broken" if s.tier == "namespaces" else works(s))
    try:
        sandbox = open_sandbox(preload=())
    except SandboxRefusedError as refusal:
        pytest.skip(str(refusal))
    try:
        assert sandbox.run(Program(source="", evaluate="1")).tier == sandbox.tier == "landlock"
    finally:
        sandbox.close()


def test_other_systems_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(SandboxRefusedError, match="needs Linux"):
        open_sandbox()
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(syscalls, "machine", lambda: "riscv64")
    with pytest.raises(SandboxRefusedError, match="riscv64"):
        open_sandbox()


def test_a_sandbox_that_lets_through_is_refused(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """The probe finds out what is held back by trying, not by believing."""
    monkeypatch.setattr(
        probe, "_LIVENESS", probe._LIVENESS.replace("return False", "return False", 1) + "\nreport['network'] = False"
    )
    with pytest.raises(SandboxRefusedError, match="not held back: network"):
        open_sandbox(sandbox.tier, preload=())


def test_threads_share_a_sandbox(sandbox: Sandbox) -> None:
    results: dict[int, object] = {}

    def work(n: int) -> None:
        results[n] = sandbox.run(Program(source=f"x = {n}", evaluate="x")).value

    threads = [threading.Thread(target=work, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {n: n for n in range(16)}


def test_the_server_survives_every_death_of_its_children(sandbox: Sandbox) -> None:
    for number in (signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM, signal.SIGHUP, signal.SIGXCPU):
        default = "" if number == signal.SIGKILL else f"signal.signal({int(number)}, signal.SIG_DFL)"
        run = sandbox.run(Program(source=f"import os, signal\n{default}\nos.kill(os.getpid(), {int(number)})"))
        assert run.signal == number
    assert sandbox.run(Program(source="", evaluate="1")).value == 1


def test_no_zombies(sandbox: Sandbox) -> None:
    for _ in range(3):
        sandbox.run(Program(source=""))
    assert wait_until(lambda: all(running(pid) for pid in descendants(os.getpid())))


def test_interruption_kills_the_program_and_leaves_the_sandbox_usable(sandbox: Sandbox) -> None:
    sandbox.run(Program(source=""))
    before = descendants(os.getpid())
    timer = threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        sandbox.run(Program(source=FOREVER))
    assert time.monotonic() - started < 15  # its limit would end it after 20 s
    assert wait_until(lambda: not left(sandbox, before))
    assert sandbox.run(Program(source="", evaluate="1")).value == 1


def test_interruption_of_many(sandbox: Sandbox) -> None:
    sandbox.run(Program(source=""))
    before = descendants(os.getpid())
    threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        sandbox.run_many([Program(source=FOREVER)] * 8)
    assert wait_until(lambda: not left(sandbox, before))
    assert sandbox.run(Program(source="", evaluate="1")).value == 1


def test_a_killed_server_is_an_error_then_a_new_server(sandbox: Sandbox) -> None:
    with contextlib.closing(open_sandbox(sandbox.tier, preload=())) as own:
        before = descendants(os.getpid())
        failures: list[BaseException] = []

        def work() -> None:
            try:
                own.run(Program(source=FOREVER))
            except SandboxError as error:
                failures.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        assert wait_until(lambda: len(descendants(os.getpid()) - before) >= 2)
        programs = descendants(os.getpid()) - before
        (server,) = [s.pid for s in own._servers.values()]  # type: ignore[attr-defined]
        os.kill(server, signal.SIGKILL)
        thread.join(10)
        assert failures
        assert wait_until(lambda: not any(running(pid) for pid in programs))
        run = own.run(Program(source="", evaluate="1"))
        assert (run.value, run.tier) == (1, sandbox.tier)


def test_closing_twice_and_running_after(sandbox: Sandbox, own_temporary_folder: Path) -> None:
    own = open_sandbox(sandbox.tier, preload=())
    own.run(Program(source="open('a.txt', 'w').write('x')"))
    own.close()
    own.close()
    assert list(own_temporary_folder.iterdir()) == []
    with pytest.raises(SandboxError, match="closed"):
        own.run(Program(source=""))


PARENT = """
import sys, threading
from treadle.sandbox import open_sandbox
from treadle.types import Limits, Program
sandbox = open_sandbox(sys.argv[1], preload=())
threading.Thread(target=sandbox.run, args=(Program(source={forever!r}),), daemon=True).start()
sandbox.run(Program(source="1"))
print("ready", flush=True)
sys.stdin.read()
"""


def test_nothing_survives_the_parent(sandbox: Sandbox) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT.format(forever=FOREVER), sandbox.tier],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "ready\n"
        assert wait_until(lambda: len(descendants(parent.pid)) >= 3)  # server, supervisor, program
        below = descendants(parent.pid)
        parent.kill()
        parent.wait()
        assert wait_until(lambda: not any(running(pid) for pid in below)), below


def test_what_is_kept_ready_serves_one_run_and_ends_with_the_server(sandbox: Sandbox) -> None:
    with contextlib.closing(open_sandbox(sandbox.tier, preload=("numpy",))) as own:
        own.run(Program(source="import numpy"))
        (server,) = [s.pid for s in own._servers.values()]  # type: ignore[attr-defined]
        seen: list[set[int]] = []
        for _ in range(3):
            assert wait_until(lambda: len(spares([server])) == 2)
            seen.append(spares([server]))
            own.run(Program(source="import numpy"), limits=Limits(value_bytes=1000))
            assert wait_until(lambda: not any(running(pid) for pid in seen[-1]))
        assert not seen[0] & seen[1] | seen[1] & seen[2] | seen[0] & seen[2]
        assert wait_until(lambda: len(spares([server])) == 2)
        last = spares([server])
    assert wait_until(lambda: not any(running(pid) for pid in last))


def test_what_is_kept_ready_goes_with_a_killed_server(sandbox: Sandbox) -> None:
    with contextlib.closing(open_sandbox(sandbox.tier, preload=("numpy",))) as own:
        own.run(Program(source="import numpy"))
        servers = [s.pid for s in own._servers.values()]  # type: ignore[attr-defined]
        assert wait_until(lambda: bool(spares(servers)))
        ready = spares(servers)
        for pid in servers:
            os.kill(pid, signal.SIGKILL)
        assert wait_until(lambda: not any(running(pid) for pid in ready))


def test_a_run_is_served_where_what_was_kept_ready_has_died(sandbox: Sandbox) -> None:
    with contextlib.closing(open_sandbox(sandbox.tier, preload=("numpy",))) as own:
        own.run(Program(source="import numpy"))
        servers = [s.pid for s in own._servers.values()]  # type: ignore[attr-defined]
        assert wait_until(lambda: bool(spares(servers)))
        ready = spares(servers)
        for pid in ready:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        assert wait_until(lambda: not any(running(pid) for pid in ready))
        assert own.run(Program(source="import numpy", evaluate="numpy.arange(4).sum()")).value == 6


@pytest.mark.parametrize("value_bytes", [100, 9 << 20, 20 << 20])
def test_what_is_kept_ready_has_no_limits_yet(sandbox: Sandbox, value_bytes: int) -> None:
    """It was made before the limits were known, and each run has its own."""
    program = Program(source=f"x = 'x' * ({value_bytes} - 20)", evaluate="x")
    run = sandbox.run(program, limits=Limits(value_bytes=value_bytes, open_files=9))
    assert (run.error, len(run.value)) == (None, value_bytes - 20)
    assert sandbox.run(program, limits=Limits(value_bytes=value_bytes - 30)).limit_hit is not None
    run = sandbox.run(
        Program(source="import resource", evaluate="resource.getrlimit(resource.RLIMIT_NOFILE)"), limits=Limits(open_files=9)
    )
    assert run.value == (9, 9)


def test_the_server_runs_without_privileges(sandbox: Sandbox) -> None:
    sandbox.run(Program(source=""))
    for server in sandbox._servers.values():  # type: ignore[attr-defined]
        status = Path(f"/proc/{server.pid}/status").read_text(encoding="ascii")
        facts = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
        assert "0" not in facts["Uid"].split()
        assert int(facts["CapEff"], 16) == int(facts["CapPrm"], 16) == 0
        assert facts["Threads"] == "1" or len(sandbox._preload) > 1  # type: ignore[attr-defined]


def test_limits_of_one_run_do_not_touch_the_next(sandbox: Sandbox) -> None:
    sandbox.run(Program(source="while True: pass"), limits=Limits(cpu_seconds=0.1))
    assert sandbox.run(Program(source="", evaluate="1")).ok


def test_a_sandbox_that_is_still_importing_closes_at_once_and_one_that_has_imported_ends_in_order() -> None:
    sandbox = open_sandbox()
    servers = list(sandbox._servers.values())  # type: ignore[attr-defined]
    sandbox.close()
    assert -signal.SIGKILL in {server._process.returncode for server in servers}
    with open_sandbox(preload=("numpy",)) as loaded:
        assert loaded.run(Program(source="print(1)")).stdout == "1\n"
        (server,) = loaded._servers.values()  # type: ignore[attr-defined]
    assert server._process.returncode == 0
