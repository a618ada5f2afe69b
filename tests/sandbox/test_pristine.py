"""The fork server is as it was after many runs, hostile ones among them: modules, descriptors, memory, processes, files.

Seen twice: from outside, through /proc, and from inside, by programs that describe what they found before them.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from attacks.targets import processes_of_sessions

from treadle.errors import SandboxRefusedError
from treadle.sandbox import Sandbox, open_sandbox
from treadle.types import Limits, Program, Run

pytestmark = pytest.mark.usefixtures("own_temporary_folder")

BATCH = 50
LIMITS = Limits(cpu_seconds=1, wall_seconds=1, memory_bytes=256 << 20, disk_bytes=8 << 20)

DESCRIBE = """
import builtins, sys
names = sorted(name for name in sys.modules if name != "__main__")
# Made in each fork, by us and by Python:
ours = {("sys", "argv")}
of_threading = ("_active_limbo_lock", "_shutdown_locks_lock", "_shutdown_locks", "_main_thread")
anew = ours | {("threading", name) for name in of_threading}
table = []
for name in names:
    module = sys.modules[name]
    members = sorted(vars(module)) if hasattr(module, "__dict__") else []
    table.append(f"{name} {id(module)} {[(m, id(vars(module)[m])) for m in members if (name, m) not in anew]}")
# Only now: a server need not have it, and what is imported here lies elsewhere in each fork.
import hashlib
digest = hashlib.sha256("\\n".join(table).encode())
"""
MODULE_TABLE = Program(source=DESCRIBE, evaluate="(len(names), digest.hexdigest())")

HOSTILE = (
    "import builtins, json, sys\nbuiltins.print = json.dumps = sys.exit = None\nsys.modules.clear()",
    "import numpy as np\nnp.sum = None\nnp.left = bytearray(20 << 20)\nopen('left.txt', 'w').write('x')",
    "import os\nos.environ['LEFT'] = 'x'\nos.umask(0)\nos.chdir('/')",
    "import os\nos._exit(7)",
    "import ctypes\nctypes.string_at(0)",
    "import gc\ngc.unfreeze()\ngc.collect()\nraise MemoryError",
    "import threading, time\nfor _ in range(8): threading.Thread(target=time.sleep, args=(9,), daemon=True).start()",
    "import os\nkept = [os.pipe() for _ in range(20)]\nos.kill(os.getpid(), 9)",
    "import os\nfor n in range(3, 64):\n    try: os.write(n, b'x')\n    except OSError: pass",
    "import os\ntry: os.fork()\nexcept OSError: pass\nos.makedirs('a/b/c')\nos.symlink('/', 'a/root')",
    "import signal, os\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nos.kill(os.getpid(), signal.SIGSTOP)",
    "import sys\nsys.setrecursionlimit(10**6)\ndef f(): f()\nf()",
    "class A:\n    def __del__(self): raise ValueError\na = A()\na.a = a",
    "import atexit, random\natexit.register(print, 'late')\nrandom.seed(1)",
)


@dataclass(frozen=True)
class Outside:
    """What /proc says of the servers, and what lies in the temporary folder."""

    descriptors: tuple[int, ...]
    processes: dict[int, str]
    files: frozenset[str]
    temporary: frozenset[str]
    memory_bytes: int


class Watched:
    """A sandbox of its own with the processes and files that belong to it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.sandbox.run(Program(source="import awkward"))
        self.servers = list(sandbox._servers.values())  # type: ignore[attr-defined]
        self.pids = [server.pid for server in self.servers]

    def outside(self) -> Outside:
        deadline = time.monotonic() + 10
        while processes_of_sessions(self.pids) and time.monotonic() < deadline:
            time.sleep(0.02)
        bases = [Path(server._base) for server in self.servers]
        files = {str(path.relative_to(base)) for base in bases for path in base.rglob("*") if "matplotlib" not in path.parts}
        return Outside(
            descriptors=tuple(len([*Path(f"/proc/{pid}/fd").iterdir()]) for pid in (*self.pids, os.getpid())),
            processes=processes_of_sessions(self.pids),
            files=frozenset(files),
            temporary=frozenset(p.name for p in Path(tempfile.gettempdir()).glob("treadle-*")),
            memory_bytes=sum(_own_bytes(pid) for pid in self.pids),
        )

    def tables(self) -> list[object]:
        """The module table as programs find it, in the small server and in the one with everything."""
        programs = [MODULE_TABLE, Program(source=f"import awkward\n{DESCRIBE}", evaluate=MODULE_TABLE.evaluate)]
        return [self.sandbox.run(program).value for program in programs]


def _own_bytes(pid: int) -> int:
    """Memory of a process that no file holds: what it allocated. In bytes."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("this kernel does not tell the memory of a process")


@pytest.fixture
def watched(sandbox: Sandbox) -> Iterator[Watched]:
    """Of the session's tier, but its own: what other tests did to theirs must not count."""
    try:
        opened = open_sandbox(sandbox.tier)
    except SandboxRefusedError as refusal:
        pytest.skip(str(refusal))
    with closing(opened):
        yield Watched(opened)


def _work(watched: Watched, runs: int, on_batch: Callable[[list[Run]], None]) -> None:
    """Ordinary and hostile programs in turns, with and without packages, as many at once as there are cores."""
    ordinary = [f"x = sum(range({n}))\nprint(x)" for n in range(6)] + ["import numpy as np\nprint(np.arange(9).sum())"]
    sources = [*ordinary, *HOSTILE]
    done = 0
    while done < runs:
        batch = [sources[(done + n) % len(sources)] for n in range(min(BATCH, runs - done))]
        batch = [f"import awkward\n{source}" if (done + n) % 10 == 0 else source for n, source in enumerate(batch)]
        on_batch(watched.sandbox.run_many([Program(source=source) for source in batch], limits=LIMITS))
        done += len(batch)


def _stays_as_it_was(watched: Watched, runs: int) -> None:
    fewest = min(40, runs)
    _work(watched, fewest, lambda _: None)  # what is used for the first time is allocated now
    tables, before = watched.tables(), watched.outside()
    assert None not in tables
    answers: list[Run] = []
    _work(watched, runs, lambda batch: answers.extend(batch))
    after = watched.outside()

    assert watched.tables() == tables
    assert after.descriptors == before.descriptors
    assert after.processes == {}
    assert after.files == before.files
    assert after.temporary == before.temporary
    assert after.memory_bytes < 1.05 * before.memory_bytes + (1 << 20)
    assert [server.pid for server in watched.sandbox._servers.values()] == watched.pids  # type: ignore[attr-defined]
    assert len(answers) == runs
    assert any(run.signal for run in answers)
    assert any(run.ok for run in answers)
    assert all(run.stdout.endswith("15\n") for run in answers if "sum(range(6))" in run.stdout)


def test_after_300_runs(watched: Watched) -> None:
    _stays_as_it_was(watched, 300)


@pytest.mark.slow
def test_after_10_000_runs(watched: Watched) -> None:
    _stays_as_it_was(watched, 10_000)


def test_a_leak_would_be_seen(watched: Watched) -> None:
    """The same looks find a descriptor, a file and a process that are there."""
    before = watched.outside()
    handle = os.open(os.devnull, os.O_RDONLY)
    left = Path(watched.servers[0]._base) / "left.txt"
    left.write_text("x", encoding="ascii")
    try:
        seen = watched.outside()
    finally:
        os.close(handle)
        left.unlink()
    assert seen.descriptors != before.descriptors
    assert seen.files == before.files | {"left.txt"}
    changed = Program(source=f"import json\njson.left = 1\n{DESCRIBE}", evaluate=MODULE_TABLE.evaluate)
    assert watched.sandbox.run(changed).value != watched.tables()[0]


def test_closing_leaves_nothing(sandbox: Sandbox, own_temporary_folder: Path) -> None:
    with closing(open_sandbox(sandbox.tier)) as opened:
        watched = Watched(opened)
        _work(watched, 30, lambda _: None)
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in watched.pids) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not any(Path(f"/proc/{pid}").exists() for pid in watched.pids)
    assert processes_of_sessions(watched.pids) == {}
    assert list(own_temporary_folder.iterdir()) == []
