"""The command line as a user meets it: real processes, a home of their own, exit codes, and nothing lost.

The embedded model is only needed by the tests marked ``model``; all others write down what the model says in a script.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import shlex
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from homes import Home
from treadle.errors import SandboxRefusedError
from treadle.sandbox import open_sandbox

ROOT = Path(__file__).parents[1]
ZMUMU = ROOT / "examples" / "data" / "zmumu.root"
RUN = (
    "Write longest_run(s): the length of the longest run of equal characters. longest_run('aab') == 2, longest_run('') == 0"
)
RIGHT = """
    best = run = 0
    for i, c in enumerate(s):
        run = run + 1 if i and s[i - 1] == c else 1
        best = max(best, run)
    return best
"""
WRONG = "\n    return len(s)\n"
STOP_SECONDS = 20.0
"""Within this a stopped process must be gone: far less than what it was doing would have taken, also on a busy machine."""
ESCAPE = "\x1b"

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the sandbox needs Linux")


class Shell(Home):
    """Asks with drafts that are written down beforehand."""

    def script(self, *batches: Sequence[str], name: str = "script.json") -> str:
        """The name of an engine that answers so."""
        (self.home / name).write_text(json.dumps({"completions": batches}), encoding="utf-8")
        return f"scripted:{self.home / name}"

    def ask(self, *batches: Sequence[str], request: str = RUN, options: Sequence[str] = ()) -> Any:
        engine = self.script(*batches)
        return self("ask", request, "-e", engine, "-n", str(len(batches[0])), "--repairs", "0", *options)

    def threads(self) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = json.loads(self("threads", "list", "--json").stdout)
        return listed


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture(scope="module")
def sandboxed() -> None:
    try:
        open_sandbox(preload=()).close()
    except SandboxRefusedError as error:
        pytest.skip(str(error))


@dataclass
class Asked:
    """A home where one request was answered."""

    shell: Shell
    done: Any
    thread: str


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory, sandboxed: None) -> Asked:
    shell = Shell(tmp_path_factory.mktemp("home"))
    done = shell.ask([RIGHT, WRONG], options=["--out", "out"])
    assert done.returncode == 0, done.stderr
    return Asked(shell, done, shell.threads()[0]["id"])


# --------------------------------------------------------------------------------------------------------- help


@pytest.mark.parametrize("arguments", [["--help"], ["ask", "--help"], ["threads", "-h"], ["--version"]])
def test_help_is_there_at_once(shell: Shell, arguments: list[str]) -> None:
    heavy = ["numpy", "xllamacpp", "sqlalchemy", "uproot", "pandas", "jinja2", "alembic", "openai", "tantivy"]
    code = (
        "import sys\nfrom treadle.cli import main\n"
        "try:\n    main(sys.argv[1:])\nexcept SystemExit as end:\n    code = end.code\n"
        f"print([m for m in {heavy} if m in sys.modules], code, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=shell.environment, capture_output=True, text=True, check=True
    )
    assert done.stderr == "[] 0\n"
    assert "treadle" in done.stdout
    assert not any(shell.home.iterdir()), "help touches files"


def test_no_command_shows_help(shell: Shell) -> None:
    done = shell()
    assert (done.returncode, "Usage: treadle" in done.stderr) == (2, True)


def test_the_script_is_installed(shell: Shell) -> None:
    script = Path(sys.executable).with_name("treadle")
    if not script.exists():
        pytest.skip("treadle is not installed as a script here")
    done = subprocess.run([script, "--version"], env=shell.environment, capture_output=True, text=True, check=True)
    assert re.fullmatch(r"treadle \d+\.\d+\S*\n", done.stdout)


# ------------------------------------------------------------------------------------------------------ answers


def test_a_verified_answer(asked: Asked) -> None:
    out = asked.done.stdout
    assert "verified: it met 2 expectations that you gave and failed none" in out
    assert f"thread {asked.thread}" in out
    assert "def longest_run(s):" in out
    assert asked.done.stderr == ""
    assert re.search(r"^passed +met expectations +longest_run\('aab'\) gave 2", out, re.MULTILINE)


def test_output_without_a_terminal(asked: Asked) -> None:
    assert ESCAPE not in asked.done.stdout + asked.done.stderr
    assert max(map(len, asked.done.stdout.splitlines())) <= 80


def test_the_answer_is_written_to_a_folder(asked: Asked) -> None:
    folder = asked.shell.home / "out"
    assert (folder / "program.py").read_text(encoding="utf-8") == f"def longest_run(s):{RIGHT}"
    assert asked.thread in (folder / "CARD.md").read_text(encoding="utf-8")


def test_json_is_one_document_and_nothing_else(shell: Shell, sandboxed: None) -> None:
    mean = '\n    value = np.mean(events["M"])\n    print(f"METRIC: mean={value}")\n'
    done = shell.ask([mean, mean], request="What is the mean of M?", options=["--data", str(ZMUMU), "--json"])
    answer = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert (answer["status"], answer["agreement"]) == ("agreed", [2, 2])
    assert answer["metrics"]["mean"] == pytest.approx(88, abs=8)
    assert answer["thread"] == shell.threads()[0]["id"]
    assert set(answer) >= {"program", "verdicts", "reason", "claim", "card", "output", "seconds"}


def test_a_failed_answer_is_shown_as_none(shell: Shell, sandboxed: None) -> None:
    done = shell.ask([WRONG], options=["--out", "out"])
    assert done.returncode == 3
    assert "best draft, NOT an answer" in done.stdout
    assert "failed: met expectations: longest_run('aab'): " in " ".join(done.stdout.split())
    assert re.search(r"^FAILED +met expectations", done.stdout, re.MULTILINE)
    assert shell.threads()[0]["status"] == "failed"


HOSTILE = {
    "never ends": (" f():\n    pass\nwhile True:\n    pass\n", r"stopped: .*(CPU|time)"),
    "socket": (
        " f():\n    pass\nimport socket\nsocket.create_connection(('127.0.0.1', 9), 2)\nprint('connected')\n",
        r"line 4: (OSError|PermissionError|ConnectionRefusedError)",
    ),
    "writes": (" f():\n    pass\nopen('/etc/treadle-was-here', 'w').write('x')\nprint('written')\n", r"line 3: \w+Error"),
    "dies": (" f():\n    pass\nimport os\nos.kill(os.getpid(), 11)\n", r"signal 11|SIGSEGV|\w+Error"),
}


@pytest.mark.parametrize(
    "names",
    [pytest.param(("never ends",), marks=pytest.mark.slow), ("socket", "writes", "dies")],
    ids=["endless", "others"],
)
def test_hostile_drafts_get_a_clear_verdict(shell: Shell, sandboxed: None, names: tuple[str, ...]) -> None:
    done = shell.ask([HOSTILE[name][0] for name in names], request="Print something.", options=["--json"])
    assert done.returncode == 3, done.stderr
    answer = json.loads(done.stdout)
    assert answer["status"] == "failed"
    assert answer["reason"].startswith("ran: ")
    shown = shell("threads", "show", answer["thread"], COLUMNS="300").stdout
    for index, name in enumerate(names):
        line = next(line for line in shown.splitlines() if re.match(rf"[ *]+0\.{index} ", line))
        assert re.search(rf"ran: .*(?:{HOSTILE[name][1]})", line), (name, line)
    assert not Path("/etc/treadle-was-here").exists()


def test_200_megabytes_of_output_are_cut_and_agree_with_nothing(shell: Shell, sandboxed: None) -> None:
    draft = " f():\n    pass\nfor _ in range(200):\n    print('x' * (1 << 20))\n"
    done = shell.ask([draft, draft + "print()\n"], request="Print something.")
    assert done.returncode == 3
    assert "printed 1 line (cut off)" in done.stdout
    assert "more characters)" in done.stdout
    assert "ran: it ran; its behaviour could not be compared with that of other drafts" in done.stdout
    assert len(done.stdout) < 20_000


# ------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["ask", ""], 2, "the request is empty"),
        (["ask", "  \n"], 2, "the request is empty"),
        (["ask", "mean of pt1", "--data", "zmumu.rot"], 2, "Did you mean 'zmumu.root'?"),
        (["ask", "mean of pt1", "--data", str(ZMUMU), "--tree", "evets"], 2, "unknown tree 'evets'. Did you mean 'events'?"),
        (["ask", "x", "--tree", "events"], 2, "give the file with --data"),
        (["ask", "x", "--expct", "f(1) == 2"], 2, "No such option: --expct"),
        (["ask", "x", "--expect", "the mean is 3"], 2, "cannot read the expectation 'the mean is 3'; accepted forms: "),
        (["ask", "x", "--tests", "nowhere.py"], 2, "nowhere.py"),
        (["ask", "x", "--schema", "nowhere.json"], 2, "nowhere.json"),
        (["ask", "x", "--samples", "0"], 2, "--samples must be at least 1, got 0"),
        (["ask", "x", "--samples", "many"], 2, "Invalid value for '--samples'"),
        (["ask", "x", "--temperature", "nan"], 2, "--temperature must lie between 0 and 2"),
        (["ask", "x", "--tier", "vm"], 2, "Known: landlock, namespaces, seccomp."),
        (["ask", "x", "--pack", "nowhere"], 1, "nowhere"),
        (["ask", "x", "--store", "."], 1, "is a directory; give the path of a file"),
        (["ask"], 2, "Missing argument"),
        (["asq"], 2, "'ask'?"),
        (["threads", "show", "20200101-abc"], 2, "unknown thread '20200101-abc'"),
        (["threads", "list", "--limit", "0"], 2, "at least 1, got 0"),
        (["models", "pull", "smollm3"], 2, "unknown model 'smollm3'. Did you mean 'smollm2'?"),
    ],
)
def test_errors(shell: Shell, arguments: list[str], code: int, told: str) -> None:
    (shell.home / "zmumu.root").write_bytes(b"root")
    done = shell(*arguments)
    assert done.returncode == code, done.stderr
    assert told in done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert ESCAPE not in done.stderr


@pytest.mark.parametrize(
    ("engine", "code", "told"),
    [
        ("", 2, "the name of the engine is empty; write it as one of llama:smollm2, "),
        ("lama:x", 2, "unknown engine 'lama'. Did you mean 'llama'? Known: llama, openai, scripted, torch."),
        ("llama:smol", 2, "unknown model 'smol'. Did you mean 'smollm2'?"),
        ("scripted:nowhere.json", 2, "the script nowhere.json is not there"),
        ("openai:http://127.0.0.1:9/v1#m", 1, "is the server running?"),
        ("llama:/nowhere/x.gguf", 1, "/nowhere/x.gguf"),
    ],
)
def test_engines_that_cannot_be_opened(shell: Shell, sandboxed: None, engine: str, code: int, told: str) -> None:
    done = shell("ask", "Write f(x): x.", "-e", engine)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_an_engine_that_fails_leaves_the_thread(shell: Shell, sandboxed: None) -> None:
    done = shell("ask", RUN, "-e", shell.script([WRONG]), "-n", "1", "--repairs", "1")
    assert done.returncode == 1
    assert done.stderr == "treadle: the script has 1 batches of completions; call 2 finds none\n"
    assert shell.threads()[0]["state"] == "interrupted"


def test_misspelt_settings(shell: Shell) -> None:
    done = shell("threads", "list", TREADLE_ENGIN="x")
    assert (done.returncode, "Did you mean 'TREADLE_ENGINE'" in done.stderr) == (2, True)


# ------------------------------------------------------------------------------------------------------ threads


def test_an_empty_store(shell: Shell) -> None:
    done = shell("threads", "list")
    assert (done.returncode, done.stdout.split(";")[0]) == (0, "no threads yet")
    assert json.loads(shell("threads", "list", "--json").stdout) == []


def test_list_shows_ids_that_can_be_typed(asked: Asked) -> None:
    done = asked.shell("threads", "list")
    line = done.stdout.splitlines()[1]
    assert line.split()[0] == asked.thread
    assert " verified " in line
    assert "Write longest_run(s)" in line
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert ESCAPE not in done.stdout


def test_show(asked: Asked) -> None:
    done = asked.shell("threads", "show", asked.thread)
    assert done.returncode == 0
    for told in (RUN[:40], "0.0", "0.1", "verified", "scripted:"):
        assert told in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "return len(s)" not in done.stdout
    assert "return len(s)" in asked.shell("threads", "show", asked.thread, "--drafts").stdout


def test_export_and_replay(asked: Asked) -> None:
    shell = asked.shell
    printed = shell("threads", "export", asked.thread).stdout
    assert shell("threads", "export", asked.thread[:-1], "--out", "t.json").stdout == ""
    assert json.loads((shell.home / "t.json").read_text(encoding="utf-8")) == json.loads(printed)
    again = shell("ask", RUN, "-e", "scripted:t.json", "-n", "2", "--repairs", "0", "--json", "--store", "other.sqlite")
    first, second = json.loads(printed)["answer"], json.loads(again.stdout)
    for key in ("status", "program", "reason", "draft_id", "agreement"):
        assert first[key] == second[key], key
    assert [v["outcome"] for v in first["verdicts"]] == [v["outcome"] for v in second["verdicts"]]


def test_export_of_the_card(asked: Asked) -> None:
    done = asked.shell("threads", "export", asked.thread, "--card")
    assert done.returncode == 0
    assert asked.thread in done.stdout
    assert "verified" in done.stdout
    lost = asked.shell("threads", "export", asked.thread, "-o", "nowhere/x.json")
    assert (lost.returncode, "cannot write nowhere/x.json" in lost.stderr) == (2, True)


def test_a_prefix_of_several_threads(asked: Asked) -> None:
    with closing(sqlite3.connect(asked.shell.store)) as database, database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(threads)")]
        row = dict(zip(columns, database.execute("SELECT * FROM threads").fetchone(), strict=True))
        row["id"] = asked.thread[:-1] + ("a" if asked.thread[-1] != "a" else "b")
        database.execute(f"INSERT INTO threads VALUES ({', '.join('?' * len(row))})", tuple(row.values()))
    try:
        done = asked.shell("threads", "show", asked.thread[:-1])
    finally:
        with closing(sqlite3.connect(asked.shell.store)) as database, database:
            database.execute("DELETE FROM threads WHERE id = ?", (row["id"],))
    assert done.returncode == 2
    assert "So begin 2 threads: give more of the id." in done.stderr
    assert row["id"] in done.stderr


def test_a_store_of_a_newer_version(shell: Shell) -> None:
    shell("threads", "list")
    with closing(sqlite3.connect(shell.store)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    for arguments in (["threads", "list"], ["ask", RUN, "-e", shell.script([RIGHT])]):
        done = shell(*arguments)
        assert (done.returncode, done.stdout) == (1, "")
        assert "newer" in done.stderr
        assert "Traceback" not in done.stderr


def test_two_at_once(shell: Shell, sandboxed: None) -> None:
    shell.script([RIGHT])
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: shell("ask", RUN, "-e", "scripted:script.json", "-n", "1"), range(2)))
    assert [(d.returncode, d.stderr) for d in both] == [(0, "")] * 2
    assert [t["status"] for t in shell.threads()] == ["verified"] * 2


# ------------------------------------------------------------------------------------------------------- Ctrl-C


def wait_for(what: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it never came so far"
        time.sleep(0.02)


def rows(store: Path, table: str) -> int:
    with contextlib.suppress(sqlite3.Error), closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as database:
        return int(database.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])
    return 0


def children(parent: int) -> list[int]:
    """The processes that ``parent`` started, and that are there."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = entry.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if fields[0] != "Z" and int(fields[1]) == parent:
                found.append(int(entry.parent.name))
    return found


def interrupt(process: subprocess.Popen[str], number: int = signal.SIGINT) -> tuple[float, str, str]:
    started = time.monotonic()
    os.killpg(process.pid, number)
    try:
        out, err = process.communicate(timeout=STOP_SECONDS + 1)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise
    return time.monotonic() - started, out, err


@pytest.fixture
def silent_endpoint() -> Iterator[tuple[str, socket.socket]]:
    """A server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"openai:http://127.0.0.1:{server.getsockname()[1]}/v1#m", server


def stopped_well(shell: Shell, taken: float, code: int | None, out: str, err: str) -> None:
    assert code == 130, err
    assert (out, err) == ("", "stopped; what was done is kept: treadle threads list\n")
    assert taken < STOP_SECONDS


@pytest.mark.parametrize("module", ["treadle.commands.app", "typer", "treadle.commands.guard"])
def test_ctrl_c_during_the_first_imports_ends_quietly(shell: Shell, module: str) -> None:
    code = (
        "import os, signal, sys\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r}: os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        "from treadle.cli import main\n"
        "main(['threads', 'list'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], env=shell.environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_ctrl_c_while_it_starts(shell: Shell, sandboxed: None) -> None:
    process = shell.start("ask", RUN, "-e", shell.script([RIGHT]), "-n", "1")
    wait_for(shell.store.exists)
    taken, out, err = interrupt(process)
    stopped_well(shell, taken, process.returncode, out, err)


def test_ctrl_c_while_the_model_writes(shell: Shell, sandboxed: None, silent_endpoint: tuple[str, socket.socket]) -> None:
    pytest.importorskip("openai")
    name, server = silent_endpoint
    process = shell.start("ask", RUN, "-e", name, "-n", "1")
    server.settimeout(60)
    connection, _ = server.accept()
    with connection:
        time.sleep(0.3)
        taken, out, err = interrupt(process)
    stopped_well(shell, taken, process.returncode, out, err)
    assert [t["state"] for t in shell.threads()] in ([], ["interrupted"])


def test_ctrl_c_while_a_program_runs(shell: Shell, sandboxed: None) -> None:
    engine = shell.script([" f():\n    pass\nwhile True:\n    pass\n"])
    process = shell.start("ask", "Print something.", "-e", engine, "-n", "1")
    wait_for(lambda: rows(shell.store, "drafts") > 0)
    time.sleep(0.7)
    taken, out, err = interrupt(process)
    stopped_well(shell, taken, process.returncode, out, err)
    kept = shell.threads()[0]
    assert kept["state"] == "interrupted"
    shown = shell("threads", "show", kept["id"]).stdout
    assert "not judged" in shown
    assert "stopped by the user" in shown
    assert shell("threads", "export", kept["id"], "--card").returncode == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals_end_it_like_ctrl_c(shell: Shell, sandboxed: None, number: signal.Signals) -> None:
    engine = shell.script([" f():\n    pass\nwhile True:\n    pass\n"])
    process = shell.start("ask", "Print something.", "-e", engine, "-n", "1")
    wait_for(lambda: rows(shell.store, "drafts") > 0)
    time.sleep(0.7)
    servers = children(process.pid)
    assert servers
    taken, _, err = interrupt(process, number)
    assert (process.returncode, err) == (128 + number, "stopped; what was done is kept: treadle threads list\n")
    assert taken < STOP_SECONDS
    assert not any(Path(f"/proc/{server}").exists() for server in servers)
    kept = shell.threads()[0]
    assert kept["state"] == "interrupted"
    assert f"stopped by {number.name}" in shell("threads", "show", kept["id"]).stdout


def test_a_terminal_that_is_closed(shell: Shell, sandboxed: None) -> None:
    """It sends SIGHUP, and nothing can be told any more."""
    ours, theirs = pty.openpty()
    engine = shell.script([" f():\n    pass\nwhile True:\n    pass\n"])
    process = subprocess.Popen(
        [sys.executable, "-m", "treadle.cli", "ask", "Print something.", "-e", engine, "-n", "1"],
        cwd=shell.home,
        env=shell.environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(theirs)
    wait_for(lambda: rows(shell.store, "drafts") > 0)
    os.close(ours)
    assert process.wait(60) == 129
    assert shell.threads()[0]["state"] == "interrupted"


def test_a_reader_that_leaves_early(asked: Asked) -> None:
    python = shlex.quote(sys.executable)  # the path of a checkout may hold a space
    command = f"{python} -m treadle.cli threads export {asked.thread} | head -c 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], env=asked.shell.environment, capture_output=True, text=True, check=False)
    assert done.stdout == "{"
    assert "Traceback" not in done.stderr


# ------------------------------------------------------------------------------------------------------ prompts


def test_show_prompt_is_what_would_be_sent(shell: Shell, sandboxed: None) -> None:
    engine = shell.script([[RIGHT][0]])
    done = shell("ask", RUN, "-e", engine, "--show-prompt")
    assert done.returncode == 0
    assert shell.threads() == [], "nothing was asked"
    shell("ask", RUN, "-e", engine, "-n", "1")
    sent = json.loads(shell("threads", "export", shell.threads()[0]["id"]).stdout)["prompts"][0]
    message = sent["messages"][0]
    assert done.stdout == f"[{message['role']}]\n{message['content']}\n[assistant]\n{sent['primer']}\n"
    counts = [int(n) for n in re.findall(r"│ +(-?\d+) │", done.stderr)]
    total = re.search(r"(\d+) tokens \(estimated\)", done.stderr)
    assert total is not None
    assert sum(counts) == int(total.group(1)) == -(-(len(done.stdout) - 1) // 4)
    assert max(map(len, done.stderr.splitlines())) <= 80


def test_show_prompt_needs_no_store(shell: Shell, sandboxed: None) -> None:
    done = shell("ask", RUN, "-e", shell.script([RIGHT]), "--show-prompt", TREADLE_STORE="/proc/nowhere/threads.sqlite")
    assert (done.returncode, "longest_run" in done.stdout) == (0, True), done.stderr
    assert not shell.store.exists()
    assert shell("ask", RUN, "-e", shell.script([RIGHT]), TREADLE_STORE="/proc/nowhere/threads.sqlite").returncode == 1


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[list[str]]:
    """A folder that nobody can write to, root neither; yields the words before a command that shall find it so."""
    if os.geteuid() == 0:
        mounts = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && cd "$0" && exec "$@"'
        prefix = ["unshare", "-m", "sh", "-c", mounts, str(folder)]
        if subprocess.run([*prefix, "true"], check=False, capture_output=True).returncode:
            pytest.skip("no mounts can be made here, and root may write everywhere else")
        yield prefix
        return
    folder.chmod(0o555)
    try:
        yield []
    finally:
        folder.chmod(0o755)


def test_show_prompt_reads_a_store_that_cannot_be_written(asked: Asked, tmp_path: Path) -> None:
    """With the corrections that are in it."""
    home, request = asked.shell.home, "Write echo(s): s twice."
    asked.shell.script(["\n    return s\n"], name="wrong.json")
    asked.shell("ask", request, "-e", "scripted:wrong.json", "-n", "1", "--repairs", "0")
    (home / "fixed.py").write_text("def echo(s):\n    return s + s\n", encoding="utf-8")
    corrected = asked.shell("correct", asked.shell.threads()[0]["id"], "--file", "fixed.py")
    assert corrected.returncode == 0, corrected.stderr
    shell = Shell(tmp_path)
    for file in ("threads.sqlite", "wrong.json"):
        shutil.copyfile(home / file, tmp_path / file)
    words = [sys.executable, "-m", "treadle.cli", "ask", request, "--show-prompt", "-e", "scripted:wrong.json"]
    with read_only(tmp_path) as prefix:
        done = subprocess.run(
            [*prefix, *words], cwd=tmp_path, env=shell.environment, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr
    assert "return s + s" in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["threads.sqlite", "wrong.json"]


# ---------------------------------------------------------------------------------------------- the real model


@pytest.mark.model
@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(
            ["Write count_zeros(items): how many zeros are in a list. count_zeros([0, 1, 0]) == 2, count_zeros([]) == 0"],
            id="function",
            marks=pytest.mark.slow,
        ),
        pytest.param(["What is the mean of M?", "--data", str(ZMUMU)], id="data"),
    ],
)
def test_with_the_embedded_model(shell: Shell, sandboxed: None, model_file: Path, arguments: list[str]) -> None:
    """Only the form: what a small model says is not pinned."""
    done = shell("ask", *arguments, "--json", "-n", "4", "--repairs", "1", "-e", f"llama:{model_file}")
    answer = json.loads(done.stdout)
    assert answer["status"] in ("verified", "agreed", "ran", "failed")
    assert done.returncode == (0 if answer["status"] in ("verified", "agreed") else 3)
    thread = json.loads(shell("threads", "export", answer["thread"]).stdout)
    assert len(thread["drafts"]) >= 4
    assert thread["answer"]["program"] == answer["program"]
    asked = {index for index, prompt in enumerate(thread["prompts"]) if prompt["messages"]}  # others were written by rules
    assert all(draft["completion"]["tokens"] for draft in thread["drafts"] if int(draft["prompt"]) in asked)
    assert re.fullmatch("[0-9a-f]{64}", answer["card"]["model"]["sha256"])


@pytest.mark.slow
@pytest.mark.model
def test_the_demo(shell: Shell, sandboxed: None, model_file: Path) -> None:
    demo = ROOT / "examples" / "demo.sh"
    if not demo.exists():
        pytest.skip("there is no examples/demo.sh")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    done = subprocess.run(
        ["bash", demo],
        cwd=ROOT,
        env={**shell.environment, "PATH": path, "TREADLE_CACHE_DIR": str(model_file.parents[1])},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert re.search(r"^(verified|agreed): ", done.stdout, re.MULTILINE), done.stdout
