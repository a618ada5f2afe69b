"""The profile ``tool``: what programs start is held as they are. Floods of processes, survivors, disk, network, native code."""

# Programs are easier to read in long lines.
# ruff: noqa: E501

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from attacks.native import C_SOURCE
from attacks.targets import CANARIES, Targets, processes_of_sessions, survivors

from treadle.errors import SandboxRefusedError
from treadle.sandbox import Sandbox, open_sandbox
from treadle.types import Limits, Program, Run

MIB = 1 << 20
LIMITS = Limits(cpu_seconds=6, wall_seconds=10, disk_bytes=16 * MIB, inodes=500, threads=24, memory_bytes=256 * MIB)
SHORT = Limits(cpu_seconds=3, wall_seconds=1.5, disk_bytes=16 * MIB, inodes=500, threads=24, memory_bytes=256 * MIB)


@pytest.fixture(scope="module")
def tool() -> Iterator[Sandbox]:
    try:
        opened = open_sandbox(preload=("numpy",), profile="tool")
    except SandboxRefusedError as refusal:
        pytest.skip(str(refusal))
    with closing(opened):
        yield opened


@pytest.fixture
def targets() -> Iterator[Targets]:
    made = Targets()
    yield made
    made.close()


def _servers(tool: Sandbox) -> list[int]:
    return [server.pid for server in tool._servers.values()]  # type: ignore[attr-defined]


def _untouched(tool: Sandbox, targets: Targets, run: Run) -> None:
    before = _servers(tool)
    assert survivors(before) == {}, run
    assert targets.touched() == [], run
    assert not [canary for canary in CANARIES if canary in repr(run)], run
    assert tool.run(Program(source="", evaluate="45")).value == 45
    assert _servers(tool) == before


class Meter:
    """The most processes of the sandbox, and the most memory in files without a disk, while a run goes on."""

    def __init__(self, tool: Sandbox) -> None:
        self._servers, self._stop = _servers(tool), threading.Event()
        self._before = _shared_bytes()
        self.processes = self.shared = 0
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Meter:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(0.02):
            self.processes = max(self.processes, len(processes_of_sessions(self._servers)))
            self.shared = max(self.shared, _shared_bytes() - self._before)


def _shared_bytes() -> int:
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
        if line.startswith("Shmem:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("this kernel does not tell its shared memory")


# ------------------------------------------------------------------------------------------------ floods and survivors

FLOODS = {
    "a fork bomb of the shell": "import subprocess\nsubprocess.run(['sh', '-c', 'b() { b | b & b; }; b'])",
    "a fork bomb": "import os\nwhile True:\n    try: os.fork()\n    except OSError: pass",
    "a fork bomb in new sessions": "import os\nwhile True:\n    try:\n        if not os.fork(): os.setsid()\n    except OSError: pass",
    "sleepers": "import subprocess\np = []\nwhile True:\n    try: p.append(subprocess.Popen(['setsid', 'sleep', '1000']))\n    except OSError: pass",
    "threads of processes": (
        "import os, threading, time\nfor _ in range(8):\n    if not os.fork():\n        while True:\n"
        "            try: threading.Thread(target=time.sleep, args=(100,)).start()\n            except RuntimeError: time.sleep(0.01)\ntime.sleep(100)"
    ),
    "a chain": "import os\nwhile True:\n    try:\n        if os.fork(): os._exit(0)\n    except OSError: pass",
}


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_stays_in_its_bounds(tool: Sandbox, targets: Targets, name: str) -> None:
    with Meter(tool) as meter:
        run = tool.run(Program(source=FLOODS[name]), limits=SHORT)
    assert meter.processes <= SHORT.threads + 3, (meter.processes, run)  # with the supervisor, and what is forked just now
    assert run.wall_seconds < SHORT.wall_seconds + 5, run
    _untouched(tool, targets, run)


SURVIVORS = {
    "a daemon": "if not os.fork():\n    os.setsid()\n    if not os.fork():\n        os.closerange(0, 3)\n        time.sleep(100)\n    os._exit(0)\nos.wait()",
    "one that holds the output": "if not os.fork():\n    time.sleep(100)",
    "one that ignores signals": "if not os.fork():\n    for n in range(1, 65):\n        try: signal.signal(n, signal.SIG_IGN)\n        except (OSError, ValueError): pass\n    time.sleep(100)",
    "one that is stopped": "if not os.fork():\n    os.kill(os.getpid(), signal.SIGSTOP)\ntime.sleep(0.1)",
    "nohup": "subprocess.Popen(['nohup', 'setsid', 'sleep', '100'], stdin=-3, stdout=-3, stderr=-3)",
    "a shell in the background": "subprocess.run(['sh', '-c', '(trap \"\" 1 2 3 15; while :; do sleep 1; done) >/dev/null 2>&1 &'])",
    "orphans of a killed program": "for _ in range(5):\n    if not os.fork():\n        time.sleep(100)\nos.kill(os.getpid(), 9)",
    "a parent that is waited for by nobody": "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\nif not os.fork():\n    os.setsid()\n    os.execv('/bin/sleep', ['sleep', '100'])",
}


@pytest.mark.parametrize("name", SURVIVORS)
def test_nothing_survives(tool: Sandbox, targets: Targets, name: str) -> None:
    started = time.monotonic()
    run = tool.run(Program(source=f"import os, signal, subprocess, time\n{SURVIVORS[name]}"), limits=LIMITS)
    assert run.limit_hit is None, run
    assert time.monotonic() - started < LIMITS.wall_seconds, "it is not waited for"
    _untouched(tool, targets, run)


# ------------------------------------------------------------------------------------------------ disk

DISK = {
    "many writers": "p = [subprocess.Popen(['dd', 'if=/dev/zero', f'of=f{n}', 'bs=1M', 'count=40'], stderr=-3) for n in range(8)]\n[x.wait() for x in p]",
    "files without a name": (
        "for n in range(6):\n    if not os.fork():\n        f = open(f'u{n}', 'wb'); os.unlink(f'u{n}')\n        try:\n            while True: f.write(b'x' * (1 << 20))\n"
        "        except OSError: pass\n        time.sleep(2)\n        os._exit(0)\ntime.sleep(1)"
    ),
    "shared memory": "p = [subprocess.Popen(['dd', 'if=/dev/zero', f'of=/dev/shm/f{n}', 'bs=1M', 'count=40'], stderr=-3) for n in range(4)]\n[x.wait() for x in p]",
    "reserved": "for n in range(9):\n    try: os.posix_fallocate(os.open(f'r{n}', os.O_CREAT | os.O_RDWR), 0, 12 << 20)\n    except OSError: pass",
    "many files": "subprocess.run(['sh', '-c', 'i=0; while [ $i -lt 3000 ]; do : > n$i || break; i=$((i+1)); done'], stderr=-3)",
    "elsewhere": "for d in ('/', '/dev', '/proc', '/usr', '/tmp', '/var/tmp', '/run', '/dev/mqueue', '/home'):\n    try: open(d + '/new', 'wb').write(b'x' * (64 << 20))\n    except OSError: pass",
}


@pytest.mark.parametrize("name", DISK)
def test_the_disk_is_bounded(tool: Sandbox, targets: Targets, name: str) -> None:
    free = shutil.disk_usage("/").free
    with Meter(tool) as meter:
        run = tool.run(Program(source=f"import os, subprocess, time\n{DISK[name]}"), limits=LIMITS)
    assert meter.shared < LIMITS.disk_bytes + 32 * MIB, (meter.shared, run)
    assert free - shutil.disk_usage("/").free < 512 * MIB
    assert name in ("elsewhere", "reserved") or run.limit_hit, run  # nothing stays of what did not fit
    _untouched(tool, targets, run)


# ------------------------------------------------------------------------------------------------ network and the rest

NETWORK = """
import subprocess, sys
tcp, udp, unix, datagram, abstract = sys.argv[1:]
python = f'''
import socket
def tried(name, way):
    try: way()
    except OSError: return
    print(name, "THROUGH")
tried("tcp", lambda: socket.create_connection(("127.0.0.1", {tcp}), 1).send(b"x"))
tried("udp", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", {udp})))
tried("unix", lambda: socket.socket(socket.AF_UNIX).connect({unix!r}))
tried("datagram", lambda: socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"x", {datagram!r}))
tried("abstract", lambda: socket.socket(socket.AF_UNIX).connect("\\\\0" + {abstract!r}))
tried("raw", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))
tried("packet", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
tried("netlink", lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW))
tried("vsock", lambda: socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM))
tried("name", lambda: socket.getaddrinfo("localhost.localdomain.example", 80))
tried("listen", lambda: socket.create_server(("", 0)))
'''
for command in (
    [sys.executable, "-c", python],
    ["setsid", sys.executable, "-c", python],
    ["bash", "-c", f"exec 3<>/dev/tcp/127.0.0.1/{tcp} && echo bash THROUGH"],
    ["bash", "-c", f"echo x > /dev/udp/127.0.0.1/{udp} && echo bash THROUGH"],
    ["nc", "-w", "1", "127.0.0.1", tcp], ["curl", "-s", "-m", "1", f"http://127.0.0.1:{tcp}/"], ["wget", "-q", "-T", "1", f"http://127.0.0.1:{tcp}/"],
    ["perl", "-MSocket", "-e", f'socket(S, PF_INET, SOCK_STREAM, 0) and print "perl THROUGH"'],
):
    try: done = subprocess.run(command, capture_output=True, text=True, timeout=5)
    except (OSError, subprocess.TimeoutExpired): continue
    print(done.stdout, flush=True)
print("end")
"""


def test_there_is_no_network(tool: Sandbox, targets: Targets) -> None:
    facts = targets.facts()
    argv = (str(facts["tcp"]), str(facts["udp"]), facts["unix"], facts["unix_dgram"], facts["abstract"][1:])
    run = tool.run(Program(source=NETWORK, argv=argv), limits=LIMITS)
    assert run.stdout.endswith("end\n"), run
    assert "THROUGH" not in run.stdout, run
    _untouched(tool, targets, run)


PRIVILEGES = """
import os, subprocess
def output(*command):
    try: return subprocess.run(command, capture_output=True, text=True, timeout=5, stdin=-3).stdout
    except (OSError, subprocess.TimeoutExpired): return ""
through = []
for command in (("su", "-c", "id"), ("sudo", "-n", "id"), ("mount", "-t", "tmpfs", "none", "/mnt"), ("unshare", "-Ur", "id"),
                ("unshare", "-m", "id"), ("nsenter", "-t", "1", "-m", "id"), ("chroot", "/", "id"), ("setpriv", "--reuid", "0", "id"), ("newgrp", "root")):
    if "uid=0" in output(*command) or (command[0] != "su" and "uid=" in output(*command)): through.append(command)
open("s", "w").write("#!/bin/sh\\nid\\n")
os.chmod("s", 0o6755)
if "euid=0" in output("./s"): through.append("set-user-ID")
for pid in (1, os.getppid()):
    for name in ("mem", "environ", "maps", "fd/3", "root/etc/shadow", "cwd/x"):
        try: open(f"/proc/{pid}/{name}", "rb").read(1)
        except OSError: continue
        if pid == 1: through.append(name)
for number in (9, 15, 2, 19):
    output("kill", f"-{number}", "1")
"""


def test_nobody_becomes_more(tool: Sandbox, targets: Targets) -> None:
    run = tool.run(Program(source=PRIVILEGES, evaluate="through"), limits=LIMITS)
    assert run.value == [], run
    _untouched(tool, targets, run)


ALLOWED = {"fork", "vfork by clone", "a shell", "popen", "liveness"}
"""What the profile is for."""


def test_a_compiled_program_meets_the_same_wall(tool: Sandbox, targets: Targets) -> None:
    if shutil.which("gcc") is None:
        pytest.skip("no compiler here")
    facts = targets.facts()
    call = f'attempts("{facts["home"]}", {facts["victim"]}, {facts["tcp"]}, "{facts["unix"]}")'
    code = f"{C_SOURCE}\nint main(void) {{ puts({call}); return 0; }}\n"
    source = (
        f"import subprocess\nopen('a.c', 'w').write({code!r})\n"
        "subprocess.run(['gcc', '-D_GNU_SOURCE', '-w', 'a.c', '-o', 'a'], check=True)\nprint(subprocess.check_output(['./a'], text=True))"
    )
    run = tool.run(Program(source=source), limits=Limits(cpu_seconds=20, wall_seconds=30))
    fared = dict(line.split("=") for line in run.stdout.strip().splitlines())
    assert len(fared) >= 25, run
    assert {name for name, how in fared.items() if how == "THROUGH"} == ALLOWED, run
    _untouched(tool, targets, run)
