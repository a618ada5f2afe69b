"""Profiles: compilers and other programs in ``tool``, PyROOT in ``root``, and the tiers in which they are refused."""

# The programs are easier to read in long lines.
# ruff: noqa: E501

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from treadle.errors import SandboxRefusedError, UnknownNameError
from treadle.sandbox import Sandbox, open_sandbox
from treadle.types import Limits, Program


def opened(profile: str, tier: str | None = None) -> Iterator[Sandbox]:
    try:
        sandbox = open_sandbox(tier, preload=("numpy",), profile=profile)
    except SandboxRefusedError as refusal:
        pytest.skip(str(refusal))
    yield sandbox
    sandbox.close()


@pytest.fixture(scope="module")
def tool() -> Iterator[Sandbox]:
    yield from opened("tool")


@pytest.fixture(scope="module", params=["namespaces", "landlock"])
def root(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    yield from opened("root", request.param)


def test_an_unknown_profile_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="tool"):
        open_sandbox(profile="tools")


@pytest.mark.parametrize(("profile", "tier"), [("tool", "landlock"), ("tool", "seccomp"), ("root", "seccomp")])
def test_a_profile_is_refused_where_the_tier_cannot_give_it(profile: str, tier: str) -> None:
    with pytest.raises(
        SandboxRefusedError, match=rf"nothing was executed: the profile '{profile}' cannot be had in the tier '{tier}'"
    ):
        open_sandbox(tier, profile=profile)


def test_a_profile_without_its_package_is_refused() -> None:
    if importlib.util.find_spec("ROOT"):
        pytest.skip("ROOT is installed")
    with pytest.raises(SandboxRefusedError, match="the profile 'root' needs the package ROOT, which is not installed"):
        open_sandbox(profile="root")


def test_programs_are_compiled_and_run(tool: Sandbox) -> None:
    if shutil.which("gcc") is None:
        pytest.skip("no compiler here")
    source = (
        "import subprocess\nopen('a.c', 'w').write('#include <stdio.h>\\nint main(void) { puts(\"compiled\"); return 3; }')\n"
        "subprocess.run(['gcc', 'a.c', '-o', 'a'], check=True)\n"
        "done = subprocess.run(['./a'], capture_output=True, text=True)\nprint(done.stdout, done.returncode)"
    )
    run = tool.run(Program(source=source))
    assert (run.error, run.stdout, run.tier) == (None, "compiled\n 3\n", "namespaces"), run.stderr


def test_processes_work(tool: Sandbox) -> None:
    source = (
        "import multiprocessing as m, subprocess\nq = m.get_context('fork').SimpleQueue()\n"
        "p = m.get_context('fork').Process(target=q.put, args=(7,))\np.start(); p.join()\n"
        "x = (q.get(), subprocess.check_output(['sh', '-c', 'echo $((6 * 7)) | cat'], text=True))"
    )
    run = tool.run(Program(source=source, evaluate="x"))
    assert (run.error, run.value) == (None, (7, "42\n")), run.stderr


ATTACK = """
import os, subprocess, sys
script = '''
cat "$0"; echo changed > "$0"; rm -f "$0"; ls /root /home /etc /tmp
unshare -r id; mount -t tmpfs none /usr; chroot / id
kill -9 1; kill -9 $PPID; cat /proc/1/environ /proc/1/mem
python3 -c "import socket; socket.create_connection(('127.0.0.1', 9))" && echo CONNECTED
python3 -c "import socket; socket.socket(socket.AF_UNIX)" && echo CONNECTED
'''
done = subprocess.run(["setsid", "sh", "-c", script, sys.argv[1]], capture_output=True, text=True)
print(done.stdout)
"""


def test_what_is_started_is_held_too(tool: Sandbox, public_path: Path) -> None:
    victim = public_path / "victim.txt"
    victim.write_text("canary", encoding="ascii")
    victim.chmod(0o666)
    run = tool.run(Program(source=ATTACK, argv=(str(victim),)))
    assert "canary" not in run.stdout
    assert "CONNECTED" not in run.stdout
    assert "uid=0" not in run.stdout
    assert victim.read_text(encoding="ascii") == "canary"
    assert tool.run(Program(source="", evaluate="1")).value == 1


def test_nothing_survives_the_program(tool: Sandbox) -> None:
    marker = f"1234{os.getpid()}"
    run = tool.run(Program(source=f"import subprocess\nsubprocess.Popen(['setsid', 'sleep', '{marker}'])\nprint('left')"))
    assert run.stdout == "left\n"
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and _running(marker):
        time.sleep(0.05)
    assert not _running(marker)


def _running(marker: str) -> bool:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                if marker.encode() in (entry / "cmdline").read_bytes().split(b"\0"):
                    return True
    return False


def test_a_flood_of_processes_meets_its_limit(tool: Sandbox) -> None:
    source = "import os, time\nn = 0\ntry:\n    while n < 500:\n        if not os.fork(): time.sleep(9); os._exit(0)\n        n += 1\n"
    source += "except OSError: pass\nprint(n)"
    run = tool.run(Program(source=source), limits=Limits(threads=20))
    assert run.limit_hit or 10 <= int(run.stdout) <= 20


def test_processor_time_of_all_processes_counts(tool: Sandbox) -> None:
    source = "import subprocess\nsubprocess.run(['sh', '-c', 'while :; do :; done'])"
    run = tool.run(Program(source=source), limits=Limits(cpu_seconds=0.3))
    assert run.limit_hit == "stopped: CPU limit 0.3 s"


NOBODY_WAITS = {
    "ignored": "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n",
    "orphans": "def start():\n    if not os.fork():\n        if not os.fork(): burn()\n        os._exit(0)\n    os.wait()\n",
}


@pytest.mark.parametrize("way", NOBODY_WAITS)
def test_processor_time_of_children_that_nobody_waits_for_counts(tool: Sandbox, way: str) -> None:
    source = (
        "import os, signal, time\ndef burn():\n    while time.process_time() < 0.3: pass\n    os._exit(0)\n"
        f"def start():\n    if not os.fork(): burn()\n{NOBODY_WAITS[way]}"
        "for _ in range(30):\n    start()\n    time.sleep(0.4)"
    )
    run = tool.run(Program(source=source), limits=Limits(cpu_seconds=1, wall_seconds=15))
    assert run.limit_hit == "stopped: CPU limit 1 s"
    assert run.cpu_seconds >= 0.9


def test_memory_of_all_processes_counts(tool: Sandbox) -> None:
    source = (
        "import os, time\nfor _ in range(6):\n    if not os.fork():\n        b = bytearray(60 << 20); b[::4096] = b'x' * len(b[::4096])\n"
        "        time.sleep(9)\n        os._exit(0)\ntime.sleep(9)"
    )
    run = tool.run(Program(source=source), limits=Limits(memory_bytes=200 << 20))
    assert run.limit_hit == "stopped: memory limit 200 MiB"


ROOT_PROGRAMS = {
    "a histogram": "h = ROOT.TH1F('h', '', 10, 0, 1)\nfor x in (0.1, 0.2, 0.9): h.Fill(x)\nx = (h.GetEntries(), h.Integral())",
    "a fit": "h = ROOT.TH1F('h', '', 50, -3, 3)\nh.FillRandom('gaus', 10000)\nr = h.Fit('gaus', 'SQ0')\nx = abs(r.Parameter(2) - 1) < 0.1",
    "compiled C++": "ROOT.gInterpreter.Declare('int twice(int x) { return 2 * x; }')\nx = ROOT.twice(21)",
    "a data frame": "x = ROOT.RDataFrame(100).Define('y', 'rdfentry_ * 2.0').Sum('y').GetValue()",
    "a file": "f = ROOT.TFile('o.root', 'RECREATE')\nh = ROOT.TH1F('h', '', 4, 0, 1)\nh.Write(); f.Close()\ng = ROOT.TFile('o.root')\nx = g.Get('h').GetNbinsX()",
}
ROOT_VALUES = ((3.0, 3.0), True, 42, 9900.0, 4)


@pytest.mark.parametrize(("name", "value"), list(zip(ROOT_PROGRAMS, ROOT_VALUES, strict=True)))
def test_root(root: Sandbox, name: str, value: object) -> None:
    run = root.run(Program(source="import ROOT\n" + ROOT_PROGRAMS[name], evaluate="x"))
    assert (run.error, run.value) == (None, value), run.stderr


def test_native_code_meets_the_same_wall(root: Sandbox, public_path: Path) -> None:
    victim = public_path / "victim.txt"
    victim.write_text("canary", encoding="ascii")
    victim.chmod(0o666)
    source = (
        "import ROOT, sys\nROOT.gInterpreter.Declare('#include <fcntl.h>\\n#include <unistd.h>\\n#include <sys/socket.h>\\n"
        "int attempts(const char* p) { return (open(p, O_RDONLY) >= 0) + 2 * (open(p, O_WRONLY) >= 0) + 4 * (unlink(p) == 0)"
        " + 8 * (socket(AF_INET, SOCK_STREAM, 0) >= 0) + 16 * (fork() >= 0); }')\nx = ROOT.attempts(sys.argv[1])"
    )
    run = root.run(Program(source=source, evaluate="x", argv=(str(victim),)))
    assert (run.error, run.value) == (None, 0), run.stderr
    assert victim.read_text(encoding="ascii") == "canary"


def test_root_has_its_own_memory_limit(root: Sandbox) -> None:
    run = root.run(Program(source="x = bytearray(5 << 30)"))
    assert run.limit_hit == "stopped: memory limit 4 GiB"
