"""A run's adapter among those that are shipped: with its card, its hash, and not too large."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from treadle.engines.models import CATALOGUE
from treadle.engines.shipped import MOST_BYTES, check_adapter, shipped_adapters
from treadle.errors import DataError, ModelFileError, UsageError
from treadle.training.ship import ship


def run(folder: Path, size: int) -> Path:
    folder.mkdir()
    with (folder / "adapter.gguf").open("wb") as file:
        file.truncate(size)
    (folder / "card.json").write_text(json.dumps({"base_sha256": CATALOGUE["smollm2"].sha256, "license": "CC0-1.0"}))
    return folder


def test_what_is_shipped_can_be_found_and_checked(tmp_path: Path) -> None:
    ship(run(tmp_path / "run", 1000), "poems", "poetry", "abc123", ["treadle train data poems"], tmp_path / "shipped")
    (adapter,) = shipped_adapters(tmp_path / "shipped").values()
    assert (adapter.name, adapter.model, adapter.job) == ("poems", "smollm2", "poetry")
    assert adapter.card["commit"] == "abc123"
    assert adapter.card["made_by"] == ["treadle train data poems"]
    assert check_adapter(adapter).stat().st_size == 1000
    adapter.path.write_bytes(b"another")
    with pytest.raises(ModelFileError, match="not the adapter"):
        check_adapter(adapter)


def test_what_cannot_be_shipped_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="lower the rank"):
        ship(run(tmp_path / "large", MOST_BYTES + 1), "x", "sql", "c", [], tmp_path / "shipped")
    with pytest.raises(DataError, match="is it a run that has ended"):
        ship(tmp_path / "absent", "x", "sql", "c", [], tmp_path / "shipped")
    assert not (tmp_path / "shipped").exists()
