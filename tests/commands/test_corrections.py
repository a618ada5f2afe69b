"""Corrections as a user meets them: real processes, a home of their own, exit codes, and nothing half stored."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shlex
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from homes import Home
from treadle.errors import SandboxRefusedError
from treadle.retrieval import load_pack
from treadle.sandbox import open_sandbox
from treadle.threads import open_store
from treadle.threads.base import StoredExample

DOUBLE = "Write double(x): twice x. double(2) == 4, double(3) == 6"
WRONG = "\n    return x + 2\n"
FIXED = "def double(x):\n    return x * 2\n"
MEAN = '\n    value = events["x"].mean()\n    print(f"METRIC: mean={value}")\n'
MEDIAN = 'import pandas as pd\n\nt = pd.read_csv("table.csv")\nmiddle = t.y.median()\nprint(f"METRIC: middle={middle}")\n'
DAYS = " delivered_on - ordered_on AS days FROM orders ORDER BY days DESC"
JULIAN = "select julianday(delivered_on) - julianday(ordered_on) as days from orders order by days desc"

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the sandbox needs Linux")


class Shell(Home):
    """Asks with drafts that are written down beforehand, and looks into the store."""

    def ask(self, *drafts: str, request: str = DOUBLE, options: Sequence[str] = (), command: str = "ask") -> str:
        """Asks, and returns the thread's id."""
        (self.home / "script.json").write_text(json.dumps({"completions": [drafts]}), encoding="utf-8")
        words = [*options, request] if command == "sql" else [request, *options]
        engine = ("-e", "scripted:script.json", "-n", str(len(drafts)), "--repairs", "0")
        done = self(command, *words, *engine, "--json")
        assert done.returncode in (0, 3), done.stderr
        return str(json.loads(done.stdout)["thread"])

    def write(self, name: str, text: str) -> str:
        (self.home / name).write_text(text, encoding="utf-8")
        return name

    def script(self) -> str:
        """The name of an engine that says anything."""
        return f"scripted:{self.write('any.json', json.dumps({'completions': [['x']]}))}"

    def without_draft(self) -> str:
        """A thread whose engine failed at once."""
        done = self("ask", DOUBLE, "-e", f"scripted:{self.write('none.json', json.dumps({'completions': []}))}")
        assert done.returncode == 1, done.stderr
        with closing(open_store(self.store)) as store:
            return store.listing(1)[0].id

    def nothing_stored(self) -> bool:
        return [self.rows(table) for table in ("examples", "pairs", "feedback")] == [0, 0, 0]

    def editor(self, script: str, name: str = "editor") -> str:
        """An $EDITOR that does so: a shell script whose $1 is the file."""
        path = self.home / f"my {name}.sh"
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return shlex.quote(str(path))

    def examples(self, every: bool = False) -> list[StoredExample]:
        with closing(open_store(self.store)) as store:
            return store.examples(every)

    def feedback(self, thread: str) -> list[tuple[str, str, str]]:
        with closing(open_store(self.store)) as store:
            return [(f.kind, f.value, f.note) for f in store.feedback(thread)]

    def rows(self, table: str) -> int:
        with contextlib.suppress(sqlite3.Error), closing(sqlite3.connect(self.store)) as database:
            return int(database.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])
        return 0


@pytest.fixture(scope="module")
def sandboxed() -> None:
    try:
        open_sandbox(preload=()).close()
    except SandboxRefusedError as error:
        pytest.skip(str(error))


@dataclass
class Asked:
    """A home where three things were asked: a function, a table, a database (where it can be)."""

    home: Path
    function: str
    table: str
    database: str | None


@pytest.fixture(scope="module")
def asked_once(tmp_path_factory: pytest.TempPathFactory, sandboxed: None) -> Asked:
    shell = Shell(tmp_path_factory.mktemp("home"), columns=100)
    function = shell.ask(WRONG)
    shell.write("table.csv", "x,y\n" + "".join(f"{i},{i * i}\n" for i in range(1, 11)))
    table = shell.ask(MEAN, request="What is the median of y?", options=["--data", "table.csv", "--no-rules"])
    database = _ask_the_shop(shell) if importlib.util.find_spec("sqlglot") else None
    return Asked(shell.home, function, table, database)


def _ask_the_shop(shell: Shell) -> str:
    """Answered wrong: SQLite subtracts the years of two dates."""
    with closing(sqlite3.connect(shell.home / "shop.sqlite")) as database, database:
        database.execute("CREATE TABLE orders (product TEXT, ordered_on TEXT, delivered_on TEXT)")
        rows = [("pen", "2024-12-31", "2025-01-02"), ("desk", "2024-03-01", "2024-03-20")]
        database.executemany("INSERT INTO orders VALUES (?, ?, ?)", rows)
    return shell.ask(DAYS, request="How many days do deliveries take?", options=["shop.sqlite"], command="sql")


@pytest.fixture
def shell(asked_once: Asked, tmp_path: Path) -> Shell:
    """A copy of the home, to be changed."""
    return Shell(Path(shutil.copytree(asked_once.home, tmp_path / "home")), columns=100)


@pytest.fixture
def thread(asked_once: Asked) -> str:
    return asked_once.function


@pytest.fixture
def asked(asked_once: Asked) -> str:
    return asked_once.table


@pytest.fixture
def shop(asked_once: Asked) -> str:
    if asked_once.database is None:
        pytest.skip("questions in SQL need treadle[sql]")
    return asked_once.database


def table_of(text: str) -> str:
    """The words of a table with lines, its broken cells joined."""
    return " ".join(text.replace("│", " ").split())


def parted(done: subprocess.CompletedProcess[str]) -> str:
    """All that was said, on one line."""
    return " ".join((done.stdout + done.stderr).split())


# ------------------------------------------------------------------------------------------------------- correct


def test_a_right_program_is_accepted(shell: Shell, thread: str) -> None:
    done = shell("correct", thread[:-1], "--file", shell.write("fixed.py", FIXED), "--note", "plus is not times")
    assert (done.returncode, done.stderr) == (0, "")
    assert "passed met expectations double(3) gave 6" in parted(done)
    assert f"accepted: example {thread}.1 takes the place of draft 0.0" in done.stdout
    (example,) = shell.examples()
    assert (example.id, example.kind, example.request) == (f"{thread}.1", "function", DOUBLE)
    assert shell.feedback(thread) == [("correction", FIXED, "plus is not times")]


def test_a_wrong_one_is_refused_with_its_verdicts(shell: Shell, thread: str) -> None:
    done = shell("correct", thread, "--file", shell.write("fixed.py", FIXED.replace("* 2", "** 2")))
    assert done.returncode == 3
    assert "FAILED met expectations double(3)" in parted(done)
    assert "refused: met expectations: double(3)" in done.stdout
    assert f"nothing was stored; thread {thread} is as it was" in done.stdout
    assert shell.nothing_stored()


def test_json(shell: Shell, thread: str) -> None:
    refused = shell("correct", thread, "--file", shell.write("bad.py", "def double(x:\n"), "--json")
    document = json.loads(refused.stdout)
    assert (refused.returncode, document["accepted"], document["example"]) == (3, False, None)
    assert document["reason"].startswith("parsed: line 1")
    accepted = json.loads(shell("correct", thread, "--file", shell.write("good.py", FIXED), "--json").stdout)
    assert (accepted["accepted"], accepted["example"], accepted["replaced"]) == (True, f"{thread}.1", None)
    assert {v["outcome"] for v in accepted["verdicts"]} <= {"passed", "skipped"}


def test_a_second_correction_replaces_the_first(shell: Shell, thread: str) -> None:
    shell("correct", thread, "--file", shell.write("fixed.py", FIXED))
    done = shell("correct", thread, "--file", shell.write("fixed.py", FIXED.replace("x * 2", "x + x")))
    assert f"it replaces {thread}.1" in done.stdout
    every = [(e.id, e.state) for e in shell.examples(every=True)]
    assert every == [(f"{thread}.2", "active"), (f"{thread}.1", "replaced")]


def test_statements(shell: Shell, shop: str) -> None:
    done = shell("correct", shop, "--sql", f"{JULIAN};", "--draft", "0.0")
    assert done.returncode == 0, done.stderr
    (example,) = shell.examples()
    assert (example.kind, example.dialect, example.data) == ("sql", "sqlite", "shop.sqlite")
    assert "SELECT julianday(delivered_on) - julianday(ordered_on) AS days\nFROM orders\n" in example.program
    for wrong in ("DROP TABLE orders", "SELECT days FROM order"):
        refused = shell("correct", shop, "--sql", wrong, "--draft", "0.0")
        assert refused.returncode == 3
        assert "refused: " in refused.stdout
    assert [e.state for e in shell.examples(every=True)] == ["active"]


def test_the_next_question_is_shown_the_statement(shell: Shell, shop: str) -> None:
    shell("correct", shop, "--sql", JULIAN, "--draft", "0.0")
    question = ("shop.sqlite", "Which product takes longest to be delivered, in days?")
    shown = shell("sql", *question, "-e", shell.script(), "--show-prompt")
    assert "julianday(delivered_on) - julianday(ordered_on)" in shown.stdout
    assert f"correction of thread {shop}, similarity 0." in table_of(shown.stderr)


def test_the_next_request_is_shown_the_program(shell: Shell, asked: str) -> None:
    shell("correct", asked, "--file", shell.write("fixed.py", MEDIAN))
    request = ("ask", "Which median do the values of x have?", "--data", "table.csv", "-e", shell.script())
    shown = shell(*request, "--show-prompt")
    assert 'middle = events["x"].median()' in shown.stdout
    assert f"correction of thread {asked}, similarity 0." in table_of(shown.stderr)
    assert "middle" not in shell(*request, "--show-prompt", "--no-examples").stdout
    shell("examples", "remove", asked)
    assert "middle" not in shell(*request, "--show-prompt").stdout


# -------------------------------------------------------------------------------------------------------- editor


def test_the_editor_opens_the_draft(shell: Shell, thread: str) -> None:
    editor = shell.editor('cp "$1" seen.py; echo "$1" > name; sed -i "s/x + 2/x * 2/" "$1"')
    done = shell("correct", thread, "--edit", EDITOR="false", VISUAL=editor)
    assert done.returncode == 0, done.stderr
    assert (shell.home / "seen.py").read_text(encoding="utf-8") == "def double(x):\n    return x + 2\n"
    name = (shell.home / "name").read_text(encoding="utf-8").strip()
    assert name.endswith(".py")
    assert not Path(name).exists()
    assert len(shell.examples()) == 1


def test_statements_are_edited_as_sql(shell: Shell, shop: str) -> None:
    change = "s/delivered_on - ordered_on/julianday(delivered_on) - julianday(ordered_on)/"
    editor = shell.editor(f'echo "$1" > name; sed -i "{change}" "$1"')
    done = shell("correct", shop, "--edit", "--draft", "0.0", EDITOR=editor)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (shell.home / "name").read_text(encoding="utf-8").strip().endswith(".sql")


@pytest.mark.parametrize("script", ["true", ': > "$1"', 'rm "$1"', 'printf "\\n \\n" > "$1"'])
def test_nothing_changed_nothing_done(shell: Shell, thread: str, script: str) -> None:
    done = shell("correct", thread, "--edit", EDITOR=shell.editor(script))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "nothing was changed, so nothing was done\n")
    assert shell.nothing_stored()


@pytest.mark.parametrize(
    ("editor", "told"),
    [
        ("false", "the editor false failed (exit code 1); nothing was done"),
        ("/nowhere/vim -n", "the editor '/nowhere/vim' cannot be started: No such file or directory; set $EDITOR"),
        ("vim 'x", "$EDITOR cannot be read as a command"),
    ],
)
def test_editors_that_fail(shell: Shell, thread: str, editor: str, told: str) -> None:
    done = shell("correct", thread, "--edit", EDITOR=editor)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr


def test_no_editor_at_all(shell: Shell, thread: str) -> None:
    done = shell("correct", thread, "--edit", PATH="/nowhere")
    assert (done.returncode, "there is no editor: set $EDITOR" in done.stderr) == (2, True)


def test_what_was_typed_is_kept_where_it_is_refused(shell: Shell, thread: str) -> None:
    wrong, right = (shell.editor(f'sed -i "s/x + 2/{new}/" "$1"', name) for new, name in (("x ** 2", "a"), ("x * 2", "b")))
    done = shell("correct", thread, "--edit", EDITOR=wrong, TMPDIR=str(shell.home))
    assert done.returncode == 3
    kept = Path(done.stderr.strip().rpartition(" ")[2])
    assert f"go on with: treadle correct {thread} --file {kept}" in done.stderr
    assert "return x ** 2" in kept.read_text(encoding="utf-8")
    assert shell("correct", thread, "--edit", EDITOR=right, TMPDIR=str(shell.home)).returncode == 0
    assert list(shell.home.glob("treadle-correction-*")) == [kept], "what was accepted needs no copy"


# ------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        ([], 2, "give the corrected program in one way: --file fixed.py, --sql 'SELECT ...', or --edit"),
        (["--file", "fixed.py", "--edit"], 2, "in one way"),
        (["--file", "fixde.py"], 2, "there is no file fixde.py. Did you mean 'fixed.py'"),
        (["--file", "nowhere/fixed.py"], 2, "There is no folder nowhere either."),
        (["--file", "."], 2, "cannot read .: Is a directory"),
        (["--file", "empty.py"], 2, "empty.py is empty"),
        (["--file", "binary.py"], 2, "binary.py is not UTF-8 text (byte 0)"),
        (["--file", "same.py"], 2, "the correction is the same program as draft 0.0"),
        (["--file", "fixed.py", "--draft", "0.9"], 2, "'0.9'. Did you mean '0.0'?"),
        (["--file", "fixed.py", "--data", "x.csv"], 2, "asked without a data file; leave out --data"),
        (["--file", "fixed.py", "--data", "x.csv", "--data", "y.csv"], 2, "a program works on one data file; 2 are given"),
        (["--file", "fixed.py", "--tier", "vm"], 2, "Known: landlock, namespaces, seccomp."),
        (["--sql", "SELECT 1"], 2, "is answered in Python; give the program with --file fixed.py"),
    ],
)
def test_errors(shell: Shell, thread: str, options: list[str], code: int, told: str) -> None:
    shell.write("fixed.py", FIXED)
    shell.write("empty.py", "\n")
    shell.write("same.py", "def double(x):\n    # the same\n    return x + 2\n")
    (shell.home / "binary.py").write_bytes(b"\xff\xfe\x00")
    done = shell("correct", thread, *options)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert told in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert shell.nothing_stored()


def test_threads_that_cannot_be_corrected(shell: Shell, thread: str) -> None:
    fixed = shell.write("fixed.py", FIXED)
    unknown = shell("correct", thread[:-1] + ("f" if thread[-1] != "f" else "g"), "--file", fixed)
    assert unknown.returncode == 2
    assert f"'{thread}'" in unknown.stderr
    assert "Did you mean" in unknown.stderr
    newest = shell.without_draft()
    empty = shell("correct", newest, "--file", fixed)
    assert (empty.returncode, f"thread {newest} has no draft to correct" in empty.stderr) == (2, True)
    several = shell("correct", thread[:8], "--file", fixed)
    assert (several.returncode, "give more of the id" in several.stderr) == (2, True)


def test_data_that_changed(shell: Shell, asked: str) -> None:
    fixed = shell.write("fixed.py", MEDIAN)
    shell.write("table.csv", "x,y\n1,2\n3,4\n")
    done = shell("correct", asked, "--file", fixed)
    assert done.returncode == 2
    assert "has changed since the thread was asked" in done.stderr
    assert "--data FILE" in done.stderr
    assert shell("correct", asked, "--file", fixed, "--data", "table.csv").returncode == 0
    (shell.home / "table.csv").unlink()
    gone = shell("correct", asked, "--file", shell.write("other.py", MEDIAN.replace("middle", "half")))
    assert (gone.returncode, "no data file 'table.csv'" in gone.stderr, "--data FILE" in gone.stderr) == (2, True, True)


def test_a_database_that_changed(shell: Shell, shop: str) -> None:
    with closing(sqlite3.connect(shell.home / "shop.sqlite")) as database, database:
        database.execute("INSERT INTO orders VALUES ('lamp', '2024-01-01', '2024-01-02')")
    done = shell("correct", shop, "--sql", JULIAN, "--draft", "0.0")
    assert (done.returncode, "has changed since the thread was asked" in done.stderr) == (2, True)
    assert shell("correct", shop, "--sql", JULIAN, "--draft", "0.0", "--data", "shop.sqlite").returncode == 0


def test_two_correct_at_once(shell: Shell, thread: str) -> None:
    files = [shell.write("a.py", FIXED), shell.write("b.py", FIXED.replace("x * 2", "x + x"))]
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda name: shell("correct", thread, "--file", name), files))
    assert [(done.returncode, done.stderr) for done in both] == [(0, "")] * 2
    assert [e.state for e in shell.examples(every=True)] == ["active", "replaced"]
    assert shell.rows("pairs") == 2


def wait_for(what: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it never came so far"
        time.sleep(0.02)


def children(process: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(p) for p in Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()]
    return []


def test_ctrl_c_while_judging_stores_nothing(shell: Shell, thread: str) -> None:
    endless = shell.write("endless.py", f"{FIXED}while True:\n    pass\n")
    process = shell.start("correct", thread, "--file", endless)
    wait_for(lambda: bool(children(process.pid)))
    time.sleep(1.5)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, ""), err
    assert "Traceback" not in err
    assert shell.nothing_stored()
    assert shell("correct", thread, "--file", shell.write("fixed.py", FIXED)).returncode == 0


FULL_DISK = """
import resource, sys
from treadle.cli import main
from treadle.threads.store import SqlStore
known = SqlStore.add_correction
def full(*arguments):
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
    return known(*arguments)
SqlStore.add_correction = full
main(sys.argv[1:])
"""


def test_a_full_disk_stores_nothing(shell: Shell, thread: str) -> None:
    """Like a quota: files may not grow."""
    fixed = shell.write("fixed.py", FIXED + "# " + os.urandom(300_000).hex() + "\n")
    command = [sys.executable, "-c", FULL_DISK, "correct", thread, "--file", fixed]
    done = subprocess.run(
        command, cwd=shell.home, env=shell.environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "the correction was not stored: the disk" in done.stderr
    assert shell.nothing_stored()


# ------------------------------------------------------------------------------------------------------ examples


def test_no_examples_yet(shell: Shell) -> None:
    done = shell("examples", "list")
    assert (done.returncode, done.stdout.partition(";")[0]) == (0, "no corrections yet")
    assert json.loads(shell("examples", "list", "--json").stdout) == []
    for command in ("show", "remove"):
        unknown = shell("examples", command, "20260101-aaaaaaa")
        assert (unknown.returncode, "unknown example '20260101-aaaaaaa'" in unknown.stderr) == (2, True)
        assert "`treadle correct` makes one" in unknown.stderr
    assert shell("examples", "export", "pack").returncode == 2
    assert not (shell.home / "pack").exists()


def test_examples_are_listed_shown_and_removed(shell: Shell, asked: str) -> None:
    shell("correct", asked, "--file", shell.write("fixed.py", MEDIAN), "--note", "of y, not of x")
    listed = shell("examples", "list").stdout
    assert listed.splitlines()[1].split()[0] == f"{asked}.1"
    assert max(map(len, listed.splitlines())) <= 100
    assert [e["id"] for e in json.loads(shell("examples", "list", "--json").stdout)] == [f"{asked}.1"]
    shown = shell("examples", "show", asked).stdout
    for told in (f"{asked}.1  active", "table.csv", "middle = 30.5", 'events["y"].median()', "NOT right", "of y, not of x"):
        assert told in shown, told
    document = json.loads(shell("examples", "show", asked, "--json").stdout)
    assert (document["basis"]["metrics"], document["pairs"][0]["draft"]) == ({"middle": 30.5}, "0.0")
    removed = shell("examples", "remove", f"{asked}.1")
    assert (removed.returncode, removed.stdout) == (0, f"removed {asked}.1: What is the median of y?\n")
    assert "no corrections yet" in shell("examples", "list").stdout
    assert "data, removed" in shell("examples", "list", "--all").stdout


def test_a_pack_of_corrections_serves_somebody_else(shell: Shell, asked: str, shop: str) -> None:
    shell("correct", asked, "--file", shell.write("fixed.py", MEDIAN))
    shell("correct", shop, "--sql", JULIAN, "--draft", "0.0")
    done = shell("examples", "export", "pack", "--licence", "CC0-1.0")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "2 examples in pack; use them with: treadle ask ... --pack pack\n"
    assert {e.kind for e in load_pack(shell.home / "pack").examples} == {"data", "sql"}
    assert not (shell.home / "pack" / "data").exists()
    request = ("ask", "Find the median of x", "--data", "table.csv", "-e", shell.script(), "--show-prompt")
    own = shell(*request, "--pack", "pack", "--store", "other.sqlite")
    assert 'middle = events["x"].median()' in own.stdout, own.stderr
    assert "pack pack, similarity 0." in table_of(own.stderr)
    assert shell("examples", "export", "whole", "--with-data", "--name", "lab").returncode == 0
    assert load_pack(shell.home / "whole").name == "lab"
    assert sorted(p.name for p in (shell.home / "whole" / "data").iterdir()) == ["shop.sqlite", "table.csv"]
    again = shell("examples", "export", "whole")
    assert (again.returncode, "not an empty folder" in again.stderr) == (2, True)


# ------------------------------------------------------------------------------------------- ratings and training


def test_ratings(shell: Shell, thread: str) -> None:
    assert shell("threads", "rate", thread, "--bad", "--note", "adds").returncode == 0
    done = shell("threads", "rate", thread[:-1], "--good")
    assert (done.returncode, done.stdout) == (0, f"thread {thread} is rated good\n")
    assert shell.feedback(thread) == [("rating", "bad", "adds"), ("rating", "good", "")]
    shown = shell("threads", "show", thread).stdout
    assert "rated bad: adds\nrated good\n" in shown


@pytest.mark.parametrize("options", [[], ["--good", "--bad"]])
def test_a_rating_is_one_of_two(shell: Shell, thread: str, options: list[str]) -> None:
    done = shell("threads", "rate", thread, *options)
    assert (done.returncode, done.stderr) == (2, "treadle: say what the answer is: --good or --bad\n")


def test_what_has_no_answer_is_not_rated(shell: Shell) -> None:
    newest = shell.without_draft()
    done = shell("threads", "rate", newest, "--good")
    assert (done.returncode, f"thread {newest} has no answer to rate" in done.stderr) == (2, True)
    assert shell("threads", "rate", "20260101-aaaaaaa", "--good").returncode == 2


def test_training_data(shell: Shell, thread: str) -> None:
    empty = shell("threads", "export-training", "--out", "x.jsonl")
    assert (empty.returncode, empty.stdout) == (2, "")
    assert "there is nothing to train on yet" in empty.stderr
    assert not (shell.home / "x.jsonl").exists()
    shell("correct", thread, "--file", shell.write("fixed.py", FIXED))
    shell.ask("\n    return 2 * x\n", WRONG)
    done = shell("threads", "export-training", "--out", "chats.jsonl")
    assert (done.returncode, done.stdout) == (0, "2 rows in chats.jsonl: 1 corrected, 1 verified\n")
    done = shell("threads", "export-training", "--format", "preference", "--out", "pairs.jsonl")
    assert done.stdout == "2 rows in pairs.jsonl: 1 correction, 1 verified against failed\n"
    lines = [json.loads(line) for line in (shell.home / "pairs.jsonl").read_text(encoding="utf-8").splitlines()]
    assert all(set(line) == {"prompt", "chosen", "rejected"} for line in lines)
    unknown = shell("threads", "export-training", "--format", "mesages", "--out", "x.jsonl")
    assert (unknown.returncode, "Did you mean 'messages'?" in unknown.stderr) == (2, True)
    nowhere = shell("threads", "export-training", "--out", "nowhere/x.jsonl")
    assert (nowhere.returncode, "cannot write nowhere/x.jsonl" in nowhere.stderr) == (2, True)


def test_help_loads_nothing_heavy(shell: Shell) -> None:
    for command in (["correct"], ["examples", "export"], ["threads", "rate"], ["threads", "export-training"]):
        done = shell(*command, "--help")
        assert done.returncode == 0
        assert "Usage: treadle" in done.stdout
