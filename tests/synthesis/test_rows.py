"""Rows are written as the training room reads them, all or none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from treadle.errors import UsageError
from treadle.synthesis import Row, write_rows
from treadle.synthesis.rows import segments_of
from treadle.types import Message


def row(answer: str = " 1;") -> Row:
    message = Message(role="user", content="CREATE TABLE é (a INTEGER);")
    return Row(messages=(message,), segments=(("SELECT", answer),), source="sql/count", licence="CC0-1.0", group="g1")


def test_a_row_is_a_line_of_json(tmp_path: Path) -> None:
    out = tmp_path / "rows.jsonl"
    counts = write_rows([row(), row(" 2;")], out)
    first, second = (json.loads(line) for line in out.read_text(encoding="utf-8").splitlines())
    assert counts == {"sql/count": 2}
    assert first["messages"] == [{"role": "user", "content": "CREATE TABLE é (a INTEGER);"}]
    assert second["segments"] == [["SELECT", " 2;"]]
    assert set(first) == {"messages", "segments", "source", "licence", "group"}


def test_nothing_is_left_of_rows_that_fail(tmp_path: Path) -> None:
    def broken() -> object:
        yield row()
        raise RuntimeError("no more")

    with pytest.raises(RuntimeError):
        write_rows(broken(), tmp_path / "rows.jsonl")  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot write"):
        write_rows([row()], tmp_path / "none" / "rows.jsonl")


def test_segments_are_what_comes_between() -> None:
    primers = ["-- a\nSELECT", "-- a\nSELECT 1;\n\n-- b\nSELECT"]
    assert segments_of(primers, [" 1;", " 2;"]) == (("-- a\nSELECT", " 1;"), ("\n\n-- b\nSELECT", " 2;"))


def test_segments_that_do_not_go_on_are_refused() -> None:
    with pytest.raises(ValueError, match="does not go on"):
        segments_of(["-- a\nSELECT", "-- c\nSELECT"], [" 1;", " 2;"])
