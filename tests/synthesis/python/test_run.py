"""A file of rows and the report on it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from treadle.errors import UsageError
from treadle.synthesis.python.run import held_out_texts, make_rows, told


def test_functions_as_a_file(tmp_path: Path) -> None:
    seen: list[int] = []
    report = make_rows("functions", 12, 1, tmp_path / "rows.jsonl", on_pairs=seen.append)
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert len(rows) == 12 == sum(seen)
    assert set(rows[0]) == {"messages", "segments", "source", "licence", "group"}
    text = told(report)
    assert "12 requests in 12 rows" in text
    assert "tokens a row: median" in text


def test_what_is_held_out_is_read_from_yaml_json_lines_and_plain_lines(tmp_path: Path) -> None:
    yaml, lines, plain = tmp_path / "a.yaml", tmp_path / "b.jsonl", tmp_path / "c.txt"
    yaml.write_text("- id: one\n  request: How many?\n- request: 'Which?'\n")
    lines.write_text('{"question": "Who?"}\n{"prompt": "def f():"}\n')
    plain.write_text("What is it?\n\nWhy?\n")
    assert held_out_texts(yaml) == ["How many?", "Which?"]
    assert held_out_texts(lines) == ["Who?", "def f():"]
    assert held_out_texts(plain) == ["What is it?", "Why?"]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="held out"):
        held_out_texts(tmp_path / "none.yaml")
