"""Several processes on one store, and processes that are killed: nothing acknowledged is lost.

A kill shows that an acknowledged write has left the process. That it also survives a power cut follows from
``synchronous=FULL``, which ``test_sqlite.py`` checks on every connection; it cannot be shown by killing.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from treadle.threads import open_store
from treadle.types import EngineIdentity, Message, Prompt, Request

WRITER = """
import sys
from treadle.threads import open_store
from treadle.types import Completion, Draft, EngineIdentity, Message, Prompt, Request
path, name, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
store = open_store(path)
thread = store.begin(Request(text=name), EngineIdentity(name="e", backend="b", model="m"), {})
store.add_prompt(thread, Prompt(messages=(Message(role="user", content="x"),)))
for i in range(count):
    store.add_drafts(thread, 0, [Draft(id=f"{name}{i}", completion=Completion(text="x" * 1000), program=None)])
store.close()
"""

KILLER = """
import json, os, random, signal, sys, time
from treadle.threads import open_store
import treadle.threads.sqlite, treadle.threads.store
from treadle.types import Completion, Draft

def write(path, thread, name, pipe):
    store = open_store(path)
    for i in range(100_000):
        store.add_drafts(thread, 0, [Draft(id=f"{name}-{i}", completion=Completion(text="x" * 3000), program=None)])
        os.write(pipe, f"{name}-{i}\\n".encode())

path, thread, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
acknowledged = []
for k in range(rounds):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        write(path, thread, k, writer)
        os._exit(1)
    os.close(writer)
    with os.fdopen(reader) as lines:
        first = lines.readline()
        time.sleep(random.uniform(0, 0.05))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        acknowledged += [line.strip() for line in [first, *lines]]
print(json.dumps(acknowledged))
"""


def check_integrity(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def test_processes_write_at_the_same_time(path: Path) -> None:
    """They also make the store at the same time: the first to come makes the schema, the others wait."""
    names, count = ("a", "b", "c"), 60
    command = [sys.executable, "-W", "error", "-c", WRITER, str(path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    writers = [subprocess.Popen([*command, name, str(count)], text=True, **pipes) for name in names]  # type: ignore[call-overload]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    assert [writer.communicate(timeout=60)[1] for writer in writers] == [""] * len(names)
    with closing(open_store(path)) as store:
        threads = {info.request: info.id for info in store.listing()}
        for name in names:
            assert [d.id for d in store.load(threads[name]).drafts] == [f"{name}{i}" for i in range(count)]
    check_integrity(path)


def test_killed_processes_lose_nothing_acknowledged(path: Path) -> None:
    with closing(open_store(path)) as store:
        thread = store.begin(Request(text="x"), EngineIdentity(name="e", backend="b", model="m"), {})
        store.add_prompt(thread, Prompt(messages=(Message(role="user", content="x"),)))
    command = [sys.executable, "-c", KILLER, str(path), thread, "20"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    acknowledged = json.loads(done.stdout)
    assert len(acknowledged) >= 20
    with closing(open_store(path)) as store:
        record = store.load(thread)
        assert set(acknowledged) <= {d.id for d in record.drafts}
        assert len(record.drafts) <= len(acknowledged) + 20  # at most one a kill was stored but not yet acknowledged
        assert record.info.state == "open"
    check_integrity(path)
