"""``treadle eval`` as a user meets it: processes, exit codes, Ctrl-C, kill -9, one JSON object at the end."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from treadle.evals.journal import read_results

SLOW = "\n    return 2 * n\n\n\nimport time\ntime.sleep(0.1)\n"
Running = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def files(tmp_path: Path, write_scripts: Any) -> Path:
    """Four functions to write, and drafts that take their time; the last one asks for something else."""
    names = [f"own/{number}" for number in range(4)]
    prompt = 'def double(n: int) -> int:\n    """Give two times the number n."""\n'
    test = "def check(candidate):\n    assert candidate(3) == 6\n"
    tasks = [{"task_id": name, "prompt": prompt, "entry_point": "double", "test": test} for name in names]
    tasks[3]["test"] = test.replace("6", "9")
    (tmp_path / "tasks.jsonl").write_text("".join(json.dumps(task) + "\n" for task in tasks))
    write_scripts(tmp_path / "slow", {name: [SLOW] for name in names})
    return tmp_path


@pytest.fixture
def command(files: Path) -> Callable[..., list[str]]:
    def make(*more: str) -> list[str]:
        common = ["--tasks", "tasks.jsonl", "--engine", f"scripted:{files / 'slow'}", "--no-examples"]
        return [sys.executable, "-m", "treadle.cli", "eval", "humaneval", *common, "-n", "1", "--repairs", "0", *more]

    return make


@pytest.fixture
def environment(files: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TREADLE_", "XDG_"))}
    (files / "tmp").mkdir()
    return {**kept, "HOME": str(files), "COLUMNS": "100", "TMPDIR": str(files / "tmp")}


@pytest.fixture
def run(files: Path, environment: dict[str, str]) -> Running:
    def ran(words: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(words, cwd=files, env=environment, capture_output=True, text=True, timeout=300)

    return ran


def after(words: list[str], files: Path, environment: dict[str, str], count: int, number: int) -> Iterator[Any]:
    """Starts the command and sends it a signal when ``count`` results are there."""
    with subprocess.Popen(
        words, cwd=files, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        end = time.monotonic() + 120
        while len(read_results(files / "out")) < count:
            assert process.poll() is None, process.stderr and process.stderr.read()
            assert time.monotonic() < end
            time.sleep(0.02)
        os.killpg(process.pid, number)
        out, err = process.communicate(timeout=60)
        yield process.returncode, out, err


def test_one_json_object_is_printed_last(run: Running, command: Any, files: Path) -> None:
    done = run(command("--json", "--out", "out"))
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    keys = {"tasks", "greedy_solved", "solved", "verified", "false_verified", "agreed", "false_agreed", "pass_at"}
    assert keys | {"seconds_per_task", "tokens_per_task", "per_task", "settings"} <= summary.keys()
    assert (summary["tasks"], summary["solved"], len(summary["per_task"])) == (4, 3, 4)
    assert (files / "out" / "report.html").is_file()
    again = run(command("--json", "--out", "out"))
    assert json.loads(again.stdout) == summary
    assert again.stderr.splitlines() == ["4 of 4 tasks are here already"]


def test_tables_and_where_the_report_is(run: Running, command: Any, files: Path) -> None:
    done = run(command("--limit", "2"))
    assert done.returncode == 0, done.stderr
    assert "solved by the answer" in done.stdout
    report = Path(done.stdout.splitlines()[-1].removeprefix("results and report: "))
    assert report.is_file()
    assert report.parent.parent == files / ".local" / "share" / "treadle" / "evals"
    assert report.parent.name.startswith("humaneval-")


@pytest.mark.parametrize(
    ("workers", "number"),
    [("1", signal.SIGINT), ("2", signal.SIGINT), pytest.param("1", signal.SIGTERM, marks=pytest.mark.slow)],
)
def test_ctrl_c_keeps_what_was_done_and_says_how_to_go_on(
    run: Running, command: Any, files: Path, environment: dict[str, str], workers: str, number: signal.Signals
) -> None:
    words = command("--out", "out", "--workers", workers)
    for code, out, err in after(words, files, environment, 1, number):
        assert code == 128 + number, err
        assert out == ""
        assert re.search(r"stopped: (\d) of 4 tasks are done and kept; the same command with --out out goes on", err)
        assert "Traceback" not in err
    assert list((files / "tmp").iterdir()) == []
    kept = len(read_results(files / "out"))
    assert 1 <= kept < 4
    done = run(command("--out", "out", "--json"))
    assert f"{kept} of 4 tasks are here already" in done.stderr
    assert json.loads(done.stdout)["tasks"] == 4


def test_kill_9_loses_nothing_that_was_done(run: Running, command: Any, files: Path, environment: dict[str, str]) -> None:
    words = command("--out", "out", "--workers", "2")
    with subprocess.Popen(words, cwd=files, env=environment, stderr=subprocess.DEVNULL, start_new_session=True) as process:
        while len(read_results(files / "out")) < 2:
            assert process.poll() is None
            time.sleep(0.02)
        process.kill()
    kept = [record["id"] for record in read_results(files / "out")]
    done = run(command("--out", "out", "--json"))
    assert done.returncode == 0, done.stderr
    assert [record["id"] for record in read_results(files / "out")][: len(kept)] == kept
    assert json.loads(done.stdout)["tasks"] == 4


def test_workers_of_a_killed_evaluation_end(command: Any, files: Path, environment: dict[str, str]) -> None:
    words = command("--out", "out", "--workers", "2")
    with subprocess.Popen(words, cwd=files, env=environment, stderr=subprocess.DEVNULL, start_new_session=True) as process:
        while len(read_results(files / "out")) < 1:
            assert process.poll() is None
            time.sleep(0.02)
        children = [int(p) for p in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
        assert len(children) == 2
        process.kill()
    end = time.monotonic() + 120  # each first ends its task, on a busy machine
    while any(running(pid) for pid in children):
        assert time.monotonic() < end
        time.sleep(0.05)
    assert list((files / "tmp").glob("treadle-eval-*")) == []


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_an_error_in_the_middle_says_what_is_kept(run: Running, command: Any, files: Path) -> None:
    script = files / "slow" / "own_2.json"
    content = script.read_text()
    script.write_text("{}")
    done = run(command("--out", "out"))
    assert done.returncode == 2
    assert "own_2.json" in done.stderr
    assert "2 of 4 tasks are done and kept; the same command with --out out goes on" in done.stderr
    script.write_text(content)
    assert run(command("--out", "out")).returncode == 0


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--seed", "2", "--out", "out"], "options.seed was 1 and is 2"),
        (["--workers", "0"], "--workers must be at least 1"),
        (["--samples", "0"], "--samples must be at least 1"),
        (["--grounding", "some"], "--grounding is none, grammar, names, all"),
        (["--tasks", "nothing.yaml"], "no task file 'nothing.yaml'"),
        (["--engine", "lama:x"], "unknown engine 'lama'"),
        (["--pack", "nothing"], "nothing"),
    ],
)
def test_mistakes_are_usage_errors(run: Running, command: Any, files: Path, more: list[str], said: str) -> None:
    (files / "out").mkdir()
    if "--seed" in more:
        assert run(command("--out", "out", "--limit", "1")).returncode == 0
    done = run(command(*more))
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_compare(run: Running, command: Any, files: Path) -> None:
    assert run(command("--out", "a", "--limit", "2")).returncode == 0
    shutil.copytree(files / "a", files / "b")
    words = [sys.executable, "-m", "treadle.cli", "eval", "compare"]
    shown = run([*words, "a", "b"])
    assert shown.returncode == 0, shown.stderr
    assert "answer right" in shown.stdout
    comparison = json.loads(run([*words, "a", "b", "--json"]).stdout)
    assert comparison["measures"]["solved"]["p_value"] == 1.0
    wrong = run([*words, "a", "nothing"])
    assert wrong.returncode == 2
    assert "no folder of an evaluation" in wrong.stderr


def test_help_names_every_kind(run: Running) -> None:
    done = run([sys.executable, "-m", "treadle.cli", "eval", "--help"])
    assert all(word in done.stdout for word in ("sql", "hep", "humaneval", "compare"))
