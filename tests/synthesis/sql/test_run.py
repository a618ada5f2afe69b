"""The file of rows and the report about it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from treadle.errors import SandboxRefusedError
from treadle.synthesis.sql.run import make_rows, told


def test_rows_and_a_report(tmp_path: Path) -> None:
    out, done = tmp_path / "rows.jsonl", list[int]()
    try:
        report, tokens = make_rows(12, 3, out, on_pairs=done.append)
    except SandboxRefusedError as error:
        pytest.skip(str(error))
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    text = told(report, tokens)
    assert sum(len(row["segments"]) for row in rows) == sum(done) == 12
    assert f"12 questions in {len(rows)} rows" in text
    assert "held by the guide" in text
