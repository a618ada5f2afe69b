"""The disk in the landlock tier, which only the supervisor bounds: programs that hide from it what they take."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from treadle.errors import SandboxRefusedError
from treadle.sandbox import Sandbox, disk, open_sandbox
from treadle.types import Limits, Program

LIMITS = Limits(cpu_seconds=6, wall_seconds=20, memory_bytes=256 << 20, disk_bytes=16 << 20)


@pytest.fixture(scope="module")
def landlock() -> Iterator[Sandbox]:
    try:
        opened = open_sandbox("landlock", preload=())
    except SandboxRefusedError as refusal:
        pytest.skip(str(refusal))
    with closing(opened):
        yield opened


PRELUDE = """
import ctypes, mmap, os, sys, tempfile, threading, time
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p

def filled(name, directory=None):
    handle = os.open(name, os.O_RDWR | os.O_CREAT, dir_fd=directory)
    for _ in range(15): os.write(handle, bytes(1 << 20))
    return handle

def in_a_thread(work):
    threading.Thread(target=work, daemon=True).start()
"""

HIDING = {
    "mapped, closed, removed": """
for n in range(8):
    handle = filled("file")
    assert libc.mmap(None, ctypes.c_size_t(4096), 1, 1, handle, ctypes.c_long(0)) != ctypes.c_void_p(-1).value
    os.close(handle)
    os.unlink("file")
    time.sleep(0.1)
""",
    "open in a process whose first thread has ended": """
def work():
    kept = []
    for n in range(8):
        kept.append(filled("file"))
        os.unlink("file")
        time.sleep(0.1)
    print("DONE", flush=True)
    os._exit(0)
threading.Thread(target=work).start()
ctypes.CDLL(None).pthread_exit(None)
""",
    "in a directory that is always on its way": """
os.mkdir("d0")
directory = os.open("d0", os.O_RDONLY)
def work():
    n = 0
    while True:
        os.rename(f"d{n}", f"d{n + 1}")
        n += 1
in_a_thread(work)
for n in range(8):
    os.close(filled(f"file{n}", directory))
    time.sleep(0.1)
""",
    "under descriptors that are always others": """
kept = []
def work():
    while True:
        for n, handle in enumerate(kept):
            kept[n] = os.dup(handle)
            os.close(handle)
in_a_thread(work)
for n in range(8):
    handle = filled("file")
    os.unlink("file")
    kept.append(handle)
    time.sleep(0.1)
""",
    "deeper than any path reaches": """
for n in range(20):
    os.mkdir("x" * 250)
    os.chdir("x" * 250)
for n in range(8):
    os.close(filled(f"file{n}"))
    time.sleep(0.1)
""",
}


@pytest.mark.parametrize("way", HIDING)
def test_what_is_hidden_counts(landlock: Sandbox, way: str) -> None:
    run = landlock.run(Program(source=f"{PRELUDE}{HIDING[way]}\ntime.sleep(1)\nprint('DONE')"), limits=LIMITS)
    assert run.limit_hit == "stopped: disk limit 16 MiB", run
    assert "DONE" not in run.stdout


def test_room_is_not_set_aside(landlock: Sandbox) -> None:
    """One call would take the whole disk before anybody looks; libraries then write, which the count keeps up with."""
    source = f"""{PRELUDE}
handle = os.open("file", os.O_RDWR | os.O_CREAT)
beyond_the_end = libc.fallocate(handle, 1, ctypes.c_long(0), ctypes.c_long(1 << 30)), ctypes.get_errno()
os.posix_fallocate(handle, 0, 1 << 20)
"""
    run = landlock.run(Program(source=source, evaluate="(beyond_the_end, os.fstat(handle).st_size)"), limits=LIMITS)
    assert (run.ok, run.value) == (True, ((-1, 95), 1 << 20)), run


def test_a_file_that_is_open_more_than_once_counts_once(landlock: Sandbox) -> None:
    source = f"""{PRELUDE}
file = tempfile.TemporaryFile()
file.write(bytes(7 << 20))
file.flush()
views = [mmap.mmap(file.fileno(), 0) for _ in range(3)]
time.sleep(0.5)
"""
    run = landlock.run(Program(source=source, evaluate="sum(map(len, views))"), limits=LIMITS)
    assert (run.ok, run.value) == (True, 21 << 20), run


def test_programs_do_not_notice_the_count(landlock: Sandbox) -> None:
    """They are stopped for each look; sleeping, waiting and counting go on as ever."""
    source = """
import select, threading, time
begun = time.monotonic()
time.sleep(0.4)
slept = time.monotonic() - begun
event, ready = threading.Event(), select.epoll()
woken = (event.wait(0.2), ready.poll(0.2), sum(range(100_000)))
"""
    run = landlock.run(Program(source=source, evaluate="(0.4 <= slept, woken)"), limits=LIMITS)
    assert (run.ok, run.value) == (True, (True, (False, [], sum(range(100_000))))), run


def _state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]


def test_a_process_is_held_still_for_the_count_only() -> None:
    process = subprocess.Popen(["sleep", "60"])
    try:
        with disk.held_still(process.pid):
            os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)  # later on a busy machine
            assert _state(process.pid) == "T"
        assert _state(process.pid) != "T"
        os.kill(process.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
        with disk.held_still(process.pid):
            pass
        assert _state(process.pid) == "T"  # by its own wish: it stays so
    finally:
        process.kill()
        process.wait()
