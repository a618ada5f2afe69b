"""``treadle train adapter``: from a pack of one's own to an adapter, on the embedded model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from treadle.commands.app import app
from treadle.errors import UnknownNameError, UsageError
from treadle.model.weights import load
from treadle.model.weights.adapters import load_adapter

PACK = 'name = "own"\nversion = "1"\ndescription = "Ours"\nlicence = "CC0-1.0"\n'
EXAMPLE = """\
# request: Write twice(x): x times two.
# kind: function
# tags: x
# check: twice(2) == 4
# ---
def twice(x):
    \'\'\'x times two.\'\'\'
    return 2 * x
""".replace("'''", '"""')


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    (folder / "examples").mkdir(parents=True)
    (folder / "pack.toml").write_text(PACK)
    (folder / "hints.md").write_text("Be brief.\n")
    (folder / "examples" / "twice.py").write_text(EXAMPLE)
    return folder


def treadle(*words: str) -> Result:
    return CliRunner().invoke(app, ["train", "adapter", *words], catch_exceptions=False)


@pytest.mark.model
def test_a_pack_becomes_an_adapter(pack: Path, tmp_path: Path, model_file: Path) -> None:
    words = ["--pack", str(pack), "--out", str(tmp_path / "run"), "--model", str(model_file), "--rank", "2"]
    words += ["--epochs", "2", "--store", str(tmp_path / "absent.sqlite")]
    done = treadle(*words)
    assert done.exit_code == 0
    assert "1 examples of own" in done.stdout
    assert f"use it: --engine llama:{model_file}+{tmp_path / 'run' / 'adapter.gguf'}" in done.stdout
    (row,) = [json.loads(line) for line in (tmp_path / "run" / "rows.jsonl").read_text().splitlines()]
    assert row["segments"][0][1].startswith("\n    return 2 * x\n")
    card = json.loads((tmp_path / "run" / "card.json").read_text())
    assert card["data"]["sources"] == {"pack": 1}
    assert load_adapter(tmp_path / "run" / "adapter.gguf", load(model_file).transformer.config).shape.rank == 2
    with pytest.raises(UsageError, match="--resume"):
        treadle(*words)
    assert not (tmp_path / "absent.sqlite").exists()


def test_an_unknown_pack_is_told_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="scikit-hep"):
        treadle("--pack", "scikit-help", "--out", str(tmp_path / "run"))
