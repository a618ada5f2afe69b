"""The benchmark of speed works and prints its table; what the figures are is not judged here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def _benchmark(*arguments: str, start: tuple[str, ...] = ("-m", "benchmarks.run")) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *start, "--quick", *arguments]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=300, env={**os.environ, "COLUMNS": "160"}, check=True
    )


@pytest.mark.parametrize("start", [("benchmarks/run.py",), ("-m", "benchmarks"), ("-m", "benchmarks.run")])
def test_help(start: tuple[str, ...]) -> None:
    assert "--quick" in _benchmark("--help", start=start).stdout


def test_quick_prints_a_table_without_the_model(tmp_path: Path) -> None:
    done = _benchmark("--no-model", "--json", str(tmp_path / "rows.json"))
    for what in ("treadle --help", "import treadle", "run in the sandbox, namespaces", "run in the sandbox, landlock"):
        assert what in done.stdout
    assert "load" in done.stdout
    document = json.loads((tmp_path / "rows.json").read_text())
    assert document["machine"]["cores"] >= 1
    rows = {row["what"]: row for row in document["rows"]}
    # What has a goal and was measured says whether the goal is met; a refused tier says why.
    assert all(row["good"] is not None or row["note"] for row in rows.values() if row["goal"])
    assert not [row for row in rows.values() if row["value"] == "failed"]
    assert "drafts together" not in done.stdout


@pytest.mark.slow
@pytest.mark.model
@pytest.mark.usefixtures("model_file")
def test_quick_measures_the_model_and_counts_tokens(tmp_path: Path) -> None:
    done = _benchmark("--json", str(tmp_path / "rows.json"))
    rows = {row["what"]: row["value"] for row in json.loads((tmp_path / "rows.json").read_text())["rows"]}
    own, children, together = (
        float(rows[f"ask: peak of {what}"].removesuffix(" MiB"))
        for what in ("its own process", "its children", "all together")
    )
    assert own > 100  # the model file alone is 94 MiB
    assert children > 10
    assert together > children
    assert float(rows["8 drafts together"].removesuffix(" tokens/s")) > 0
    assert "times" in rows["together against one at a time"]
    assert "quick" in done.stdout


def test_a_busy_machine_is_said_to_be_busy(tmp_path: Path) -> None:
    program = """
from benchmarks.run import show
from benchmarks.speed import Machine, Row, machine
assert machine().cpu and machine().cores >= 1
for load in (0.1, 3.0):
    row = Row(what="x", value="1 ms", goal="<= 2 ms", good=load < 1)
    show([row], Machine(cpu="c", cores=2, load=load, system="s"), False)
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    idle, busy = done.stdout.split("load 0.10")
    assert "NOT IDLE" not in idle
    assert "yes" in idle
    assert "NOT IDLE" in busy
    assert "do not quote" in busy
    assert " NO " in busy


LEFT_EARLY = """
import sys
from pathlib import Path
from benchmarks.engines import Line, Report
from benchmarks.speed import Machine
report = Report(Machine(cpu="c", cores=2, load=0.1, system="s"), Path(sys.argv[1]))
report.add([Line(job="prefill", engine="torch", value="1 s"), Line(job="prefill", engine="llama", value="2 s", ratio=2.0)])
report.add([Line(job="drafts", engine="torch", value="3 s")])
import os
os._exit(9)
"""


def test_what_was_measured_outlasts_a_benchmark_of_engines_that_is_killed(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    path = tmp_path / "rows.json"
    done = subprocess.run([sys.executable, "-c", LEFT_EARLY, str(path)], cwd=ROOT, capture_output=True, text=True)
    assert done.stderr.splitlines() == ["prefill; torch; 1 s", "prefill; llama; 2 s; 2.00 times", "drafts; torch; 3 s"]
    document = json.loads(path.read_text())
    assert [(row["job"], row["engine"]) for row in document["rows"]] == [
        ("prefill", "torch"),
        ("prefill", "llama"),
        ("drafts", "torch"),
    ]
    assert list(tmp_path.iterdir()) == [path]
