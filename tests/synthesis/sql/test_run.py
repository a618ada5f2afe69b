"""The file of rows and the report about it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from treadle.errors import SandboxRefusedError
from treadle.synthesis.__main__ import main


def test_rows_and_a_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "rows.jsonl"
    try:
        assert main(["sql", "--rows", "12", "--seed", "3", "--out", str(out)]) == 0
    except SandboxRefusedError as error:
        pytest.skip(str(error))
    rows = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    told = capsys.readouterr().out
    assert sum(len(row["segments"]) for row in rows) == 12
    assert f"12 questions in {len(rows)} rows" in told
    assert "held by the guide" in told
