"""``treadle eval infill``: which adapter a way takes, and how many drafts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from treadle.commands.app import app

TASK = {
    "task_id": "own",
    "prompt": "def one():\n",
    "entry_point": "one",
    "canonical_solution": "    return 1\n",
    "test": "def check(candidate):\n    assert candidate() == 1\n",
}


@pytest.mark.model
@pytest.mark.parametrize(
    ("words", "engine", "samples", "temperature"),
    [
        (["--way", "infill"], "torch:smollm2+infill", 10, 0.8),
        (["--way", "infill", "--samples", "1", "--no-adapter"], "torch:smollm2", 1, 0.0),
        (["--way", "left-to-right"], "torch:smollm2", 1, 0.0),
    ],
)
def test_a_way_takes_its_adapter_and_its_drafts(
    words: list[str], engine: str, samples: int, temperature: float, model_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "own.jsonl").write_text(json.dumps(TASK))
    given = [
        "--tasks",
        str(tmp_path / "own.jsonl"),
        "-e",
        "torch:smollm2",
        "--max-tokens",
        "4",
        "--out",
        str(tmp_path / "run"),
    ]
    result = CliRunner().invoke(app, ["eval", "infill", *words, *given])
    assert result.exit_code == 0, result.output
    settings = json.loads((tmp_path / "run" / "settings.json").read_text())
    assert settings["engine"] == engine
    assert (settings["options"]["samples"], settings["options"]["temperature"]) == (samples, temperature)
