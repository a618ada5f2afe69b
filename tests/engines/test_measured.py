"""Speeds are measured in turns, kept under the conditions that they hold for, and choose the default only where they do."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from treadle.engines.measured import (
    JOBS,
    LLAMA,
    TORCH,
    Speeds,
    conditions,
    default_engine,
    defaults,
    measure,
    recall,
    remember,
)
from treadle.engines.scripted import ScriptedEngine
from treadle.errors import EngineError, UsageError
from treadle.settings import Settings
from treadle.types import Completion, Token


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(cache_dir=tmp_path / "cache")


def speeds(settings: Settings, llama: float, torch: float | None, only: str = "") -> Speeds:
    rates = {job.name: {LLAMA: 100.0, TORCH: 50.0} for job in JOBS}
    for job in JOBS:
        if only in job.name and job.drafts > 1:
            rates[job.name] = {LLAMA: llama} if torch is None else {LLAMA: llama, TORCH: torch}
    return Speeds(conditions=conditions(settings), tokens_per_second=rates, repeats=3, when="2026-01-02 03:04")


def test_the_default_where_nothing_was_measured(settings: Settings) -> None:
    assert [default_engine(settings, n) for n in (1, 8, 16, 1000)] == [LLAMA] * 4
    assert not settings.cache_dir.exists()


def test_torch_becomes_the_default_for_many_drafts_only_where_it_was_faster(settings: Settings) -> None:
    remember(speeds(settings, 100, 300), settings.cache_dir)
    assert [default_engine(settings, n) for n in (1, 2, 7, 8, 15, 16, 99)] == [LLAMA] * 3 + [TORCH] * 4
    remember(speeds(settings, 100, 300, only="16"), settings.cache_dir)
    assert [default_engine(settings, n) for n in (1, 8, 15, 16, 99)] == [LLAMA] * 3 + [TORCH] * 2
    for slower in (100.0, 99.0, None):
        remember(speeds(settings, 100, slower), settings.cache_dir)
        assert [default_engine(settings, n) for n in (1, 8, 16)] == [LLAMA] * 3
    assert defaults(speeds(settings, 100, 300, only="16")) == [(8, LLAMA), (16, TORCH)]


def test_what_was_measured_elsewhere_does_not_count(settings: Settings) -> None:
    here = speeds(settings, 100, 300)
    other = dataclasses.replace(here.conditions, machine="another")
    older = dataclasses.replace(here.conditions, versions={**here.conditions.versions, "torch": "1.0"})
    for elsewhere in (other, older):
        remember(dataclasses.replace(here, conditions=elsewhere), settings.cache_dir)
    assert default_engine(settings, 16) == LLAMA
    remember(here, settings.cache_dir)
    assert default_engine(settings, 16) == TORCH
    assert default_engine(dataclasses.replace(settings, threads=1), 16) == LLAMA
    assert default_engine(dataclasses.replace(settings, torch_precision="fp32"), 16) == LLAMA
    assert recall(other, settings.cache_dir) is not None


def test_what_is_remembered_comes_back(settings: Settings) -> None:
    first, second = speeds(settings, 100, 300), speeds(settings, 100, 200)
    remember(first, settings.cache_dir)
    path = remember(second, settings.cache_dir)
    assert recall(first.conditions, settings.cache_dir) == second
    assert len(json.loads(path.read_text())) == 1
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", "[1]", '[{"conditions": 1}]', "\x00"])
def test_a_damaged_file_counts_as_nothing(settings: Settings, content: str) -> None:
    path = remember(speeds(settings, 100, 300), settings.cache_dir)
    path.write_text(content)
    assert default_engine(settings, 16) == LLAMA
    remember(speeds(settings, 100, 300), settings.cache_dir)
    assert default_engine(settings, 16) == TORCH


def test_an_entry_that_lacks_a_part(settings: Settings) -> None:
    path = remember(speeds(settings, 100, 300), settings.cache_dir)
    entries = json.loads(path.read_text())
    for part, value in (("tokens_per_second", None), ("tokens_per_second", {"x": 3}), ("repeats", "many")):
        path.write_text(json.dumps([{**entries[0], part: value}]))
        assert default_engine(settings, 16) == LLAMA


def test_a_folder_that_cannot_be_written(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(UsageError, match="cannot remember the speeds in"):
        remember(speeds(settings, 1, 2), settings.cache_dir)


def scripted(name: str, repeats: int, n_tokens: int) -> ScriptedEngine:
    """An engine with as many drafts as the jobs take."""
    draft = Completion(text="x", tokens=tuple(Token(text="x", logprob=0.0) for _ in range(n_tokens)))
    asked = [2, *(job.drafts for _ in range(repeats) for job in JOBS)]
    return ScriptedEngine([[draft] * n for n in asked], name=name)


def test_engines_are_measured_in_turns(settings: Settings) -> None:
    steps: list[str] = []
    engines = {name: scripted(name, 2, 5) for name in (LLAMA, TORCH)}
    found = measure(engines, conditions(settings), 2, steps.append)
    assert steps == [f"{name}: {job.name}" for _ in range(2) for job in JOBS for name in engines]
    assert set(found.tokens_per_second) == {job.name for job in JOBS}
    assert all(rate > 0 for by_engine in found.tokens_per_second.values() for rate in by_engine.values())
    assert found.repeats == 2


def test_an_engine_that_gives_nothing(settings: Settings) -> None:
    with pytest.raises(EngineError, match="gave no tokens"):
        measure({LLAMA: scripted(LLAMA, 1, 0)}, conditions(settings), 1)
    with pytest.raises(UsageError, match="--repeats must be at least 1, got 0"):
        measure({}, conditions(settings), 0)
