"""The benchmark of certainties: its figure is the one it says. What it finds is not judged here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def test_the_area_is_the_chance_that_the_bad_one_is_lower() -> None:
    cases = [([0.1, 0.2], [0.3, 0.4]), ([0.3], [0.1]), ([0.5, 0.1], [0.5]), ([], [0.5])]
    program = f"import json; from benchmarks.certainty import area; print(json.dumps([area(a, b) for a, b in {cases!r}]))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [1.0, 0.0, pytest.approx(0.75), None]
