"""``treadle train data`` writes rows and says what is in them."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tiny_model import tiny_loaded
from treadle.commands.app import app
from treadle.errors import SandboxRefusedError, UsageError
from treadle.model.weights import save_gguf


@pytest.fixture
def model(tmp_path: Path) -> Path:
    save_gguf(tiny_loaded().transformer, tiny_loaded().vocabulary, tmp_path / "tiny.gguf", "F32")
    return tmp_path / "tiny.gguf"


def test_rows_of_functions(tmp_path: Path, model: Path) -> None:
    words = ["train", "data", "functions", "--rows", "5", "--seed", "3", "--out", str(tmp_path / "rows.jsonl")]
    result = CliRunner().invoke(app, [*words, "--model", str(model)])
    assert result.exit_code == 0, result.output
    assert "5 requests in 5 rows" in result.output
    assert len([json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]) == 5


@pytest.mark.slow
def test_code_that_is_installed(tmp_path: Path) -> None:
    words = ["train", "data", "code", "--rows", "7", "--out", str(tmp_path / "code.jsonl"), "--held-out", __file__]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert "7 functions of" in result.output
    texts = (tmp_path / "code.jsonl").read_text().splitlines()
    assert all({"text", "source", "licence"} == set(json.loads(line)) for line in texts)


def test_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["train", "data", "poems", "--out", str(tmp_path / "rows.jsonl")]).exit_code == 2


def test_what_is_held_out_of_sql_rows_is_told(tmp_path: Path, model: Path) -> None:
    words = ["train", "data", "sql", "--out", str(tmp_path / "r.jsonl"), "--model", str(model), "--held-out", str(model)]
    result = CliRunner().invoke(app, words)
    assert isinstance(result.exception, UsageError)


def test_questions_of_ones_own(tmp_path: Path, model: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "ships.sqlite")) as db, db:
        db.executescript(
            "CREATE TABLE ship (id INTEGER PRIMARY KEY, title TEXT); INSERT INTO ship VALUES (1, 'Ann'), (2, 'Bea');"
        )
    task = {"id": 1, "db": "ships", "question": "How many ships are there?", "gold": "SELECT COUNT(*) FROM ship"}
    (tmp_path / "own.jsonl").write_text(json.dumps(task), encoding="utf-8")
    words = ["train", "data", "questions", "--tasks", str(tmp_path / "own.jsonl"), "--licence", "CC0-1.0"]
    result = CliRunner().invoke(app, [*words, "--out", str(tmp_path / "rows.jsonl"), "--model", str(model)])
    if isinstance(result.exception, SandboxRefusedError):
        pytest.skip(str(result.exception))
    assert result.exit_code == 0, result.output
    assert "1 questions in 1 rows about 1 databases" in result.output
    (row,) = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text(encoding="utf-8").splitlines()]
    assert row["segments"][-1][1] == " COUNT(*) FROM ship;"
    assert row["licence"] == "CC0-1.0"


@pytest.mark.parametrize("words", [["questions"], ["functions", "--tasks", "own.jsonl"]])
def test_questions_come_from_tasks_and_from_nowhere_else(tmp_path: Path, words: list[str]) -> None:
    result = CliRunner().invoke(app, ["train", "data", *words, "--out", str(tmp_path / "rows.jsonl")])
    assert isinstance(result.exception, UsageError)
    assert "--tasks" in str(result.exception)
