"""Adapters that come with the package: small, described, and taken by name or by job."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from treadle.engines import shipped
from treadle.engines.models import CATALOGUE, sha256_of
from treadle.engines.registry import check_engine, split_adapters
from treadle.errors import ModelFileError, UnknownNameError

BASE = CATALOGUE["smollm2"].sha256


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "poems.gguf").write_bytes(b"weights")
    card = {"base_sha256": BASE, "job": "poems", "sha256": sha256_of(tmp_path / "poems.gguf")}
    (tmp_path / "poems.json").write_text(json.dumps(card))
    known = shipped.shipped_adapters(tmp_path)
    monkeypatch.setattr(shipped, "shipped_adapters", lambda: known)
    return tmp_path


def test_what_is_shipped_is_small_and_says_what_it_was_made_of() -> None:
    for adapter in shipped.shipped_adapters().values():
        assert shipped.check_adapter(adapter).stat().st_size <= shipped.MOST_BYTES
        assert adapter.model in CATALOGUE
        assert {"data", "recipe", "license", "commit", "job", "held_out_loss"} <= set(adapter.card)
        assert adapter.card["data"]["sha256"]


def test_a_job_takes_its_adapter(folder: Path) -> None:
    assert shipped.with_adapter("llama:smollm2", "poems") == "llama:smollm2+poems"
    assert shipped.with_adapter("torch:smollm2", "poems") == "torch:smollm2+poems"
    for engine in ("llama:smollm2+poems", "llama:/x.gguf", "openai:http://x#smollm2", "scripted:smollm2"):
        assert shipped.with_adapter(engine, "poems") == engine
    assert shipped.with_adapter("llama:smollm2", "") == shipped.with_adapter("llama:smollm2", "plays") == "llama:smollm2"


def test_an_adapter_is_taken_by_name(folder: Path) -> None:
    assert split_adapters("smollm2+poems@0.5") == ("smollm2", [(folder / "poems.gguf", 0.5)])
    check_engine("llama:smollm2+poems")
    with pytest.raises(UnknownNameError, match="poems"):
        check_engine("llama:smollm2+poem")


def test_another_file_is_not_taken_for_it(folder: Path) -> None:
    (folder / "poems.gguf").write_bytes(b"others")
    with pytest.raises(ModelFileError, match="not the adapter that was shipped"):
        split_adapters("smollm2+poems")
    (folder / "poems.gguf").unlink()
    with pytest.raises(ModelFileError, match="incomplete"):
        split_adapters("smollm2+poems")
