"""Engines are opened by name; a name that is not known says what exists."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from treadle.engines.base import Engine
from treadle.engines.registry import FORMS, known_backends, open_engine
from treadle.engines.scripted import ScriptedEngine
from treadle.errors import EngineError, ModelFileError, UnknownNameError, UsageError
from treadle.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(cache_dir=tmp_path / "cache", openai_api_key="sk-secret")


def test_our_own_backends() -> None:
    assert {"llama", "openai", "scripted"} <= set(known_backends())


@pytest.mark.parametrize("name", ["lama:smollm2", "lama", "", ":x"])
def test_an_unknown_engine_lists_what_exists(settings: Settings, name: str) -> None:
    with pytest.raises(UnknownNameError) as caught:
        open_engine(name, settings)
    assert all(words in str(caught.value) for words in ("llama, openai, scripted", FORMS, "llama:smollm2"))
    assert ("Did you mean 'llama'?" in str(caught.value)) == name.startswith("lama")


def test_an_unknown_model_names_the_nearest(settings: Settings) -> None:
    with pytest.raises(UnknownNameError, match=r"unknown model 'smollm'\. Did you mean 'smollm2'\?"):
        open_engine("llama:smollm", settings)


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("llama:", UsageError, "names no model; write llama:smollm2"),
        ("llama", UsageError, "names no model"),
        ("llama:/nowhere/x.gguf", ModelFileError, r"/nowhere/x\.gguf is not there"),
        ("llama:x.gguf", ModelFileError, r"x\.gguf is not there"),
        ("scripted:/nowhere/x.json", UsageError, r"/nowhere/x\.json is not there"),
        ("openai:", UsageError, "is incomplete; write openai:<base-url>#<model>"),
        ("openai:http://127.0.0.1/v1", UsageError, "is incomplete"),
        ("openai:127.0.0.1:80/v1#m", UsageError, "is incomplete"),
    ],
)
def test_a_malformed_target(settings: Settings, name: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        open_engine(name, settings)


def test_a_broken_file_in_the_cache_is_not_used(settings: Settings) -> None:
    path = settings.cache_dir / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"GGUF")
    with pytest.raises(ModelFileError, match="incomplete"):
        open_engine("llama:smollm2", settings)


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A distribution that offers two engines, one of which cannot be loaded."""
    (tmp_path / "treadle_test_plugin.py").write_text(
        "from treadle.engines.scripted import ScriptedEngine\n"
        "def make(target, settings, on_bytes):\n    return ScriptedEngine([[target]], name=f'plugged:{target}')\n"
    )
    info = tmp_path / "treadle_test_plugin-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: treadle-test-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[treadle.engines]\nplugged = treadle_test_plugin:make\nbroken = treadle_test_plugin_absent:make\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "treadle_test_plugin", raising=False)


@pytest.mark.usefixtures("plugin")
def test_engines_of_other_packages(settings: Settings) -> None:
    assert {"plugged", "broken", "llama"} <= set(known_backends())
    engine: Engine = open_engine("plugged:a:b", settings)
    assert isinstance(engine, ScriptedEngine)
    assert engine.identity.name == "plugged:a:b"
    with pytest.raises(EngineError, match=r"engine 'broken' of package .* cannot be loaded"):
        open_engine("broken:x", settings)
    with pytest.raises(UnknownNameError, match=r"Did you mean 'plugged'\?"):
        open_engine("pluged", settings)
