"""Every limit stops what exceeds it, says which one it was, and lets pass what stays below. Controls run outside."""

from __future__ import annotations

import resource
import subprocess
import time
from collections.abc import Callable

import pytest

from treadle.sandbox import Sandbox
from treadle.types import Limits, Program

Control = Callable[..., subprocess.CompletedProcess[str]]
Alive = Callable[[], None]

MIB = 1 << 20


def test_memory(sandbox: Sandbox, run_outside: Control, alive: Alive) -> None:
    source = f"b = [bytearray({16 * MIB}) for _ in range(24)]\nprint(len(b))"
    run = sandbox.run(Program(source=source), limits=Limits(memory_bytes=256 * MIB))
    assert run.limit_hit == "stopped: memory limit 256 MiB"
    assert run.error == "MemoryError"
    assert run.exit_code == 1
    assert not run.ok
    alive()
    assert run_outside(source).stdout == "24\n"
    assert sandbox.run(Program(source=source), limits=Limits(memory_bytes=512 * MIB)).stdout == "24\n"


def test_memory_mapped_and_shared(sandbox: Sandbox) -> None:
    source = "import mmap\nm = [mmap.mmap(-1, 1 << 30) for _ in range(8)]"
    assert sandbox.run(Program(source=source)).limit_hit == "stopped: memory limit 2 GiB"


def test_memory_asked_by_numpy(sandbox: Sandbox) -> None:
    run = sandbox.run(Program(source="import numpy\nnumpy.ones(1 << 40)"))
    assert run.limit_hit == "stopped: memory limit 2 GiB"


def test_cpu(sandbox: Sandbox, run_outside: Control, alive: Alive) -> None:
    run = sandbox.run(Program(source="while True: pass"), limits=Limits(cpu_seconds=0.3))
    assert run.limit_hit == "stopped: CPU limit 0.3 s"
    assert 0.3 <= run.cpu_seconds < 1.5
    assert run.exit_code is None
    control = "import time\nt = time.process_time()\nwhile time.process_time() < t + 0.6: pass\nprint('done')"
    assert run_outside(control).stdout == "done\n"
    alive()


def test_cpu_signal_cannot_be_ignored(sandbox: Sandbox) -> None:
    source = (
        "import signal\nfor n in range(1, 32):\n    try: signal.signal(n, signal.SIG_IGN)\n    except OSError: pass\n"
        "while True: pass"
    )
    assert sandbox.run(Program(source=source), limits=Limits(cpu_seconds=0.2)).limit_hit == "stopped: CPU limit 0.2 s"


def test_wall_time(sandbox: Sandbox) -> None:
    started = time.monotonic()
    run = sandbox.run(Program(source="import time\ntime.sleep(1e6)"), limits=Limits(wall_seconds=0.4))
    assert run.limit_hit == "stopped: wall time limit 0.4 s"
    assert run.signal == 9
    assert 0.4 <= time.monotonic() - started < 30


def test_wall_time_with_threads_left_behind(sandbox: Sandbox) -> None:
    source = "import threading, time\nthreading.Thread(target=time.sleep, args=(1e6,)).start()"
    assert sandbox.run(Program(source=source), limits=Limits(wall_seconds=0.4)).limit_hit == "stopped: wall time limit 0.4 s"


def test_output_flood(sandbox: Sandbox, run_outside: Control) -> None:
    source = "import os\nfor _ in range(200): os.write(1, b'y' * (1 << 20))\nprint('end')"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    run = sandbox.run(Program(source=source))
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert run.stdout == "y" * MIB
    assert run.stdout_truncated
    assert not run.stderr_truncated
    assert grown_kib < 64 << 10
    assert len(run_outside(source).stdout) > 200 * MIB


def test_output_up_to_the_limit_is_whole(sandbox: Sandbox) -> None:
    source = "import sys\nsys.stdout.write('x' * 1000)\nsys.stderr.write('y' * 1001)"
    run = sandbox.run(Program(source=source), limits=Limits(stream_bytes=1000))
    assert (len(run.stdout), run.stdout_truncated) == (1000, False)
    assert (len(run.stderr), run.stderr_truncated) == (1000, True)


@pytest.mark.parametrize("n_files", [1, 30])
def test_disk(sandbox: Sandbox, n_files: int, run_outside: Control) -> None:
    if sandbox.tier == "seccomp":
        pytest.skip("nothing can be written in the seccomp tier")
    source = (
        "import time\n"
        f"for n in range({n_files}):\n    with open(f'f{{n}}', 'wb') as f:\n"
        f"        for _ in range({30 // n_files}): f.write(b'x' * {MIB}); f.flush()\n"
        "time.sleep(0.3)\nprint('done')"
    )
    limits = Limits(disk_bytes=8 * MIB)
    run = sandbox.run(Program(source=source), limits=limits)
    assert run.limit_hit == "stopped: disk limit 8 MiB"
    assert run.stdout == ""
    assert run_outside(source).stdout == "done\n"
    assert sandbox.run(Program(source=source)).stdout == "done\n"


def test_number_of_files(sandbox: Sandbox, run_outside: Control) -> None:
    if sandbox.tier == "seccomp":
        pytest.skip("nothing can be written in the seccomp tier")
    source = "import time\nfor n in range(200): open(str(n), 'w').close()\ntime.sleep(0.3)\nprint('done')"
    run = sandbox.run(Program(source=source), limits=Limits(inodes=50))
    assert run.limit_hit in ("stopped: limit of 50 files and directories", "stopped: disk limit 64 MiB")
    assert run.stdout == ""
    assert sandbox.run(Program(source=source)).stdout == run_outside(source).stdout == "done\n"


def test_open_files(sandbox: Sandbox, run_outside: Control) -> None:
    source = "import os\np = [os.pipe() for _ in range(60)]\nprint(len(p))"
    run = sandbox.run(Program(source=source))
    assert run.limit_hit == "stopped: limit of 64 open files"
    assert run_outside(source).stdout == "60\n"


def test_threads(sandbox: Sandbox, run_outside: Control) -> None:
    source = (
        "import threading\nstop = threading.Event()\n"
        "t = [threading.Thread(target=stop.wait, daemon=True) for _ in range(100)]\n"
        "for x in t: x.start()\nstop.wait(1)\nprint(len(t))"
    )
    run = sandbox.run(Program(source=source))
    assert run.limit_hit == "stopped: limit of 32 threads"
    assert run.stdout == ""
    assert run_outside(source).stdout == "100\n"


def test_large_value(sandbox: Sandbox) -> None:
    run = sandbox.run(Program(source="x = 'x' * 100_000", evaluate="x"), limits=Limits(value_bytes=50_000))
    assert not run.value_given
    assert run.limit_hit == "stopped: value limit 48.8 KiB"
    assert run.error == "ValueError: the value takes 100002 bytes, allowed are 50000"


def test_resources_used_are_reported(sandbox: Sandbox) -> None:
    run = sandbox.run(Program(source="x = bytearray(300 << 20)\nx[::4096] = b'x' * len(x[::4096])"))
    assert run.ok
    assert run.peak_memory_bytes > 300 * MIB
    assert 0 < run.cpu_seconds < 10
    assert 0 < run.wall_seconds < 20
