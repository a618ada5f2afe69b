"""Programs against those beside and behind them: the supervisor, a run at the same time, the next run, the replies."""

# Programs are easier to read in long lines.
# ruff: noqa: E501

from __future__ import annotations

import json
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from attacks.targets import Targets, survivors

from treadle.errors import SandboxError
from treadle.sandbox import Sandbox
from treadle.sandbox.client import ForkServerSandbox, usable_cores
from treadle.sandbox.disk import directory_usage
from treadle.sandbox.protocol import STARTED, send
from treadle.sandbox.supervisor import _Watch
from treadle.sandbox.syscalls import SetupError
from treadle.types import Limits, Program, Run

Control = Callable[..., subprocess.CompletedProcess[str]]
LIMITS = Limits(cpu_seconds=6, wall_seconds=8, disk_bytes=8 << 20, inodes=500)


@pytest.fixture
def targets() -> Iterator[Targets]:
    made = Targets()
    yield made
    made.close()


def untouched(sandbox: Sandbox, targets: Targets) -> None:
    servers = [server.pid for server in sandbox._servers.values()]  # type: ignore[attr-defined]
    assert targets.touched() == []
    assert survivors(servers) == {}
    assert sandbox.run(Program(source="", evaluate="45")).value == 45


# ------------------------------------------------------------------------------------------------ a run beside it

VICTIM = """
import os, signal, threading, time
for number in range(1, 32):
    if number not in (9, 19):
        try: signal.signal(number, signal.SIG_DFL)
        except OSError: pass
secret = "CANARY-" + "BESIDE"
try: open("own.txt", "w").write(secret)
except OSError: pass
before = (os.sched_getaffinity(0), os.getpriority(os.PRIO_PROCESS, 0), os.getpgid(0))
end = time.monotonic() + 2
while time.monotonic() < end: time.sleep(0.01)
same = before == (os.sched_getaffinity(0), os.getpriority(os.PRIO_PROCESS, 0), os.getpgid(0))
try: same = same and open("own.txt").read() == secret and sorted(os.listdir()) == [".tmp", "own.txt"]
except OSError: pass
"""
SPY = """
import ctypes, os, platform, signal, time
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
room = ctypes.create_string_buffer(256)
own, through = os.getpid(), set()
def call(number, *arguments):
    if platform.machine() != "x86_64": raise OSError("numbers of x86_64")
    if libc.syscall(ctypes.c_long(number), *[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]) < 0:
        raise OSError(ctypes.get_errno(), "")
WAYS = {
    "signal": lambda pid: os.kill(pid, signal.SIGKILL), "stop": lambda pid: os.kill(pid, signal.SIGSTOP),
    "ask": lambda pid: os.kill(pid, 0), "group": lambda pid: os.killpg(pid, signal.SIGKILL),
    "tkill": lambda pid: call(200, pid, 9), "queue": lambda pid: call(129, pid, 9, room),
    "trace": lambda pid: call(101, 16, pid, 0, 0), "seize": lambda pid: call(101, 0x4206, pid, 0, 0),
    "read memory": lambda pid: call(310, pid, room, 1, room, 1, 0), "write memory": lambda pid: call(311, pid, room, 1, room, 1, 0),
    "open it": lambda pid: call(434, pid, 0), "compare": lambda pid: call(312, own, pid, 0, 1, 1),
    "limits": lambda pid: call(302, pid, 7, 0, room), "set limits": lambda pid: call(302, pid, 7, room, 0),
    "affinity": lambda pid: os.sched_setaffinity(pid, {0}), "nice": lambda pid: os.setpriority(os.PRIO_PROCESS, pid, 19),
    "scheduler": lambda pid: os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0)),
    "move": lambda pid: os.setpgid(pid, own), "pages": lambda pid: call(279, pid, 1, room, 0, room, 0),
    "advise": lambda pid: call(440, pid, room, 1, 8, 0),
    **{f"link {name}": lambda pid, name=name: os.readlink(f"/proc/{pid}/{name}") for name in ("cwd", "root", "exe", "fd/0", "fd/1", "fd/3")},
    **{f"open {name}": lambda pid, name=name: open(f"/proc/{pid}/{name}", "rb").read(1)
       for name in ("mem", "environ", "maps", "cmdline", "stat", "status", "fd/1", "cwd/own.txt", "root/etc/passwd", "task", "auxv")},
    "write memory by /proc": lambda pid: open(f"/proc/{pid}/mem", "r+b"),
    "be killed first": lambda pid: open(f"/proc/{pid}/oom_score_adj", "w").write("1000"),
    "write into its directory": lambda pid: open(f"/proc/{pid}/cwd/own.txt", "w"),
    "say something in its name": lambda pid: open(f"/proc/{pid}/fd/1", "w").write("FORGED"),
    "list": lambda pid: os.listdir(f"/proc/{pid}/fd"), "enter": lambda pid: (os.chdir(f"/proc/{pid}/cwd"), open("own.txt").read()),
}
numbers = [own + d for d in range(-60, 61) if d and own + d > 0] + ABOVE if ONLY is None else ABOVE
end, rounds = time.monotonic() + 1.5, 0
while time.monotonic() < end or not rounds:
    rounds += 1
    for pid in numbers:
        for name, way in WAYS.items():
            if ONLY is not None and name not in ONLY: continue
            try: way(pid)
            except (OSError, ValueError): continue
            through.add((name, pid))
"""


def test_a_run_beside_it_is_out_of_reach(sandbox: Sandbox, targets: Targets) -> None:
    """The same user, at the same time: neither its program, nor its supervisor, nor the server can be reached."""
    if usable_cores() < 2:
        pytest.skip("on one core there is never a run beside another")
    above = [os.getpid(), *(server.pid for server in sandbox._servers.values())]  # type: ignore[attr-defined]
    runs: dict[str, Run] = {}

    def work(name: str, program: Program) -> None:
        runs[name] = sandbox.run(program, limits=LIMITS)

    programs = {
        "victim": Program(source=VICTIM, evaluate="same"),
        "spy": Program(source=f"ABOVE, ONLY = {above}, None\n{SPY}", evaluate="(sorted(through), rounds)"),
    }
    threads = [threading.Thread(target=work, args=item) for item in programs.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (runs["victim"].value, runs["victim"].ok, runs["victim"].stdout) == (True, True, ""), runs
    through, rounds = runs["spy"].value
    assert rounds
    assert through == [], runs["spy"]
    untouched(sandbox, targets)


GENTLE = {"ask", "link cwd", "open environ", "open stat", "list", "nice"}


def test_the_spy_reaches_a_process_without_a_sandbox(run_outside: Control, targets: Targets) -> None:
    """The control, with what leaves the process alive."""
    source = f"ABOVE, ONLY = [{targets.facts()['victim']}], {GENTLE}\n{SPY}\nprint(sorted({{name for name, _ in through}}))"
    assert run_outside(source).stdout == f"{sorted(GENTLE)}\n"


# ------------------------------------------------------------------------------------------------ the supervisor

SWAP = """
import os, time
os.makedirs("d/e")
end = time.monotonic() + 1.5
while time.monotonic() < end:
    try:
        os.rename("d", "kept")
        os.symlink(ELSEWHERE, "d")
        os.unlink("d")
        os.rename("kept", "d")
    except OSError: pass
print("done")
"""


def test_a_supervisor_does_not_look_elsewhere(writable: Sandbox, targets: Targets) -> None:
    """It counts what lies in the working directory; a link that takes a directory's place leads it nowhere."""
    run = writable.run(Program(source=f"ELSEWHERE = '/usr'\n{SWAP}"), limits=LIMITS)
    assert (run.limit_hit, run.stdout, run.error) == (None, "done\n", None), run
    untouched(writable, targets)


def test_what_is_counted_lies_below(tmp_path: Path) -> None:
    """The looks themselves, with the link in place: more links than directories are never followed."""
    (tmp_path / "work" / "d").mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    for n in range(50):
        (tmp_path / "elsewhere" / str(n)).write_bytes(b"x" * 5000)
    (tmp_path / "work" / "link").symlink_to(tmp_path / "elsewhere")
    assert directory_usage(str(tmp_path / "work"))[1] == 2
    assert directory_usage(str(tmp_path / "work" / "link" / ".." / "elsewhere"))[1] == 50
    assert directory_usage(str(tmp_path), most_entries=2)[1] < 54


def test_a_directory_closed_to_readers_is_counted(writable: Sandbox) -> None:
    source = (
        "import os, time\nos.mkdir('d', 0o300)\n"
        "for n in range(40):\n    with open(f'd/{n}', 'wb') as f: f.write(b'x' * (1 << 20))\ntime.sleep(0.5)\nprint('done')"
    )
    run = writable.run(Program(source=source), limits=LIMITS)
    assert (run.limit_hit, run.stdout) == ("stopped: disk limit 8 MiB", ""), run


LEAVES = """
import os, sys
elsewhere, here = sys.argv[1], os.getcwd()
def tried(way):
    try: way()
    except OSError: return
    done.append(way)
done = []
names = ["victim.txt", "victim2.txt", "victim3.txt", "empty", ".ssh"]
os.makedirs("a/b")
os.symlink(elsewhere, "a/link")
os.symlink(elsewhere, "a/b/link")
for name in names:
    os.symlink(elsewhere + "/" + name, "a/b/" + name)
    os.symlink(elsewhere + "/" + name, name + ".txt")
    os.symlink(elsewhere + "/" + name, "a/b/" + name + ".png")
os.symlink("..", "a/up")
os.symlink(here, "a/b/round")
tried(lambda: os.rename(here, here + "x"))
tried(lambda: os.rmdir(here))
tried(lambda: os.symlink(elsewhere, here + "y"))
tried(lambda: os.mkdir(os.path.dirname(here) + "/run-next"))
tried(lambda: os.listdir(os.path.dirname(here)))
tried(lambda: os.rename("a", os.path.dirname(here) + "/run-next"))
tried(lambda: os.link(elsewhere + "/victim.txt", "hard.txt"))
"""


def test_what_is_removed_behind_a_run_is_its_own(writable: Sandbox, targets: Targets) -> None:
    """The supervisor collects and removes as a process that may more than the program: links lead it nowhere."""
    program = Program(source=LEAVES, evaluate="len(done)", argv=(str(targets.home),))
    for run in writable.run_many([program] * 6, limits=LIMITS):
        assert (run.value, run.artifacts) == (0, ()), run
    untouched(writable, targets)


# ------------------------------------------------------------------------------------------------ the next run

DISTURBS = (
    "import fcntl, os\nfor module in (os, fcntl):\n    try: fcntl.flock(os.open(module.__file__, os.O_RDONLY), fcntl.LOCK_EX)\n    except (OSError, AttributeError): pass",
    "import os\nfor n in range(3, 1024):\n    for word in (b'R', b'S'):\n        try: os.write(n, word)\n        except OSError: pass",
    "import builtins, os, sys\nfor m in list(sys.modules.values()):\n    if getattr(m, 'READY', None): m.READY = b''\n    if hasattr(m, 'STARTED'): m.STARTED = b'X'\nbuiltins.sum = lambda *_: 46",
    "import os, signal\nfor n in range(1, 65):\n    try: os.kill(os.getppid(), n)\n    except OSError: pass\n    try: os.kill(-1, n)\n    except OSError: pass\n    try: os.killpg(0, n)\n    except OSError: pass",
    "import gc, socket\nfor o in gc.get_objects():\n    if isinstance(o, socket.socket):\n        try: o.sendall(b'S' + b'\\0' * 64)\n        except OSError: pass",
    "import ctypes\nlibc = ctypes.CDLL(None)\nfor n in range(0x300): libc.prctl(n, 0, 0, 0, 0)\nlibc.setsid()",
    "import os, time\nend = time.monotonic() + 0.3\nwhile time.monotonic() < end:\n    try: os.rename(os.getcwd(), '/tmp/treadle-sandbox-x')\n    except OSError: pass",
    "import resource\nfor n in range(16):\n    try: resource.setrlimit(n, (0, 0))\n    except (OSError, ValueError): pass",
    "import mmap, gc\nfor o in gc.get_objects():\n    if isinstance(o, mmap.mmap):\n        for i in range(len(o) // 4096): o[i * 4096] = 255",
)


def test_the_next_runs_are_as_if_nothing_had_been(sandbox: Sandbox, targets: Targets) -> None:
    """Hostile and honest programs in turns, as many at once as there are cores: each honest one says what it should."""
    honest = Program(source="import os\nx = sum(range(10))\nprint('honest', x)", evaluate="(x, os.getcwd() != '/')")
    programs = [program for source in DISTURBS * 4 for program in (Program(source=source, evaluate="45"), honest)]
    runs = sandbox.run_many(programs, limits=LIMITS)
    for run in runs[1::2]:
        assert (run.value, run.stdout, run.ok) == ((45, True), "honest 45\n", True), run
    untouched(sandbox, targets)


# ------------------------------------------------------------------------------------------------ forged words

READY_WORDS = (b"", b"RR", b"R\n", b"r", b" R", b"SetupError: no", b"R" * 5000)


@pytest.mark.parametrize("word", READY_WORDS)
def test_only_the_word_itself_says_that_a_program_is_isolated(word: bytes) -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as pipe:
        pipe.write(word)
    with pytest.raises(SetupError, match="could not be isolated"):
        object.__new__(_Watch)._await_ready(reading)


def test_a_program_has_nothing_to_say_the_word_through(sandbox: Sandbox) -> None:
    """The pipe is closed before its first line; what it writes to its own streams is output."""
    source = (
        "import os\nopen_now = []\nfor n in range(4096):\n    try: os.fstat(n)\n    except OSError: continue\n    open_now.append(n)\n"
        "os.write(1, b'R'); os.write(2, b'S')"
    )
    run = sandbox.run(Program(source=source, evaluate="open_now"))
    assert (run.value, run.stdout, run.stderr) == ([0, 1, 2], "R", "S")


FACTS = {
    "exit_code": 0,
    "signal": None,
    "limit": None,
    "truncated": [False, False],
    "wall_seconds": 0.1,
    "cpu_seconds": 0.1,
    "peak_memory_bytes": 1,
    "artifacts": [],
}


def _frame(value: bytes = b"1", **more: object) -> list[bytes]:
    header = json.dumps({"error": None, "line": None, "limit": None, "value": True}).encode()
    parts = [b"", b"", header, value]
    text = json.dumps({**FACTS, "parts": [len(part) for part in parts], **more}).encode()
    return [len(text).to_bytes(8, "little"), text, *parts]


class _NoServer:
    """The only part of a server that a conversation asks for."""

    def last_words(self) -> str:
        return ""


def _answered(*words: bytes) -> Run:
    """What the client makes of these words on the socket of a run."""
    with closing(ForkServerSandbox("namespaces", (), uid=65534, network_namespace=False)) as client:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            for word in words:
                theirs.sendall(word)
            theirs.shutdown(socket.SHUT_WR)
            return client._converse(_NoServer(), ours, b"", Program(source="", evaluate="1"), Limits(wall_seconds=1))  # type: ignore[arg-type]


def _sent(*parts: bytes) -> bytes:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        send(ours, *parts)
        return theirs.recv(1 << 16)


def test_an_answer_as_agreed_is_read() -> None:
    assert _answered(STARTED, _sent(*_frame())).value == 1


FORGED = {
    "another first word": (b"X", _sent(*_frame())),
    "no first word": (_sent(*_frame()),),
    "the word of the program's process": (b"R", _sent(*_frame())),
    "the word alone": (STARTED,),
    "half a frame": (STARTED, _sent(*_frame())[:-1]),
    "a second frame inside the first": (STARTED, _sent(*_frame(), *_frame(b"2"))),
    "less than announced": (STARTED, _sent(*_frame(parts=[0, 0, 70, 9]))),
    "a frame without end": (STARTED, (1 << 62).to_bytes(8, "little")),
}


@pytest.mark.parametrize("name", FORGED)
def test_another_answer_is_an_error(name: str) -> None:
    with pytest.raises(SandboxError):
        _answered(*FORGED[name])


def test_a_second_frame_behind_the_first_is_never_read() -> None:
    started = time.monotonic()
    run = _answered(STARTED, _sent(*_frame()), _sent(*_frame(b"2")))
    assert run.value == 1
    assert time.monotonic() - started < 20
