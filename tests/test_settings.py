"""Settings: later sources win, and nothing unknown or unreadable is passed over."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from treadle.errors import UnknownNameError, UsageError
from treadle.settings import Settings, load_settings, names_engine


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's configuration file (not yet there), in a home of its own."""
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "TREADLE_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    folder = tmp_path / "home" / ".config" / "treadle"
    folder.mkdir(parents=True)
    return folder / "config.toml"


def test_defaults(config: Path, tmp_path: Path) -> None:
    settings = load_settings({})
    assert settings.engine == "llama:smollm2"
    assert settings.cache_dir == tmp_path / "home/.cache/treadle"
    assert settings.store == tmp_path / "home/.local/share/treadle/threads.sqlite"
    assert settings.openai_api_key is None
    assert not config.exists()


def test_later_sources_win(config: Path) -> None:
    config.write_text('engine = "scripted:a"\nthreads = 2\nopenai_timeout_seconds = 7\n', encoding="utf-8")
    settings = load_settings({"TREADLE_THREADS": "3"})
    assert (settings.engine, settings.threads, settings.openai_timeout_seconds) == ("scripted:a", 3, 7.0)
    assert dataclasses.replace(settings, threads=4).threads == 4


def test_every_setting_has_a_variable(config: Path) -> None:
    values = {"engine": "e", "cache_dir": "/c", "store": "/s", "threads": "1", "openai_api_key": "k"}
    values |= {"openai_timeout_seconds": "2.5", "torch_device": "cuda:1", "torch_precision": "bf16"}
    values |= {"torch_compile": "True", "truncate": "False"}
    assert set(values) == {f.name for f in dataclasses.fields(Settings)}
    found = load_settings({f"TREADLE_{name.upper()}": value for name, value in values.items()})
    assert {name: str(value) for name, value in dataclasses.asdict(found).items()} == values


@pytest.mark.parametrize(("text", "value"), [("yes", True), ("1", True), ("TRUE", True), ("no", False), ("0", False)])
def test_switches(config: Path, text: str, value: bool) -> None:
    assert load_settings({"TREADLE_TRUNCATE": text}).truncate is value
    config.write_text(f"truncate = {str(value).lower()}\n", encoding="utf-8")
    assert load_settings({}).truncate is value


@pytest.mark.parametrize("line", ["truncate = 1", 'truncate = "perhaps"'])
def test_what_is_no_switch(config: Path, line: str) -> None:
    config.write_text(line, encoding="utf-8")
    with pytest.raises(UsageError, match=r"'truncate' from .* is not one of true, yes, 1, false, no, 0"):
        load_settings({})


def test_whether_an_engine_was_chosen(config: Path) -> None:
    assert not names_engine({})
    assert not names_engine({"TREADLE_THREADS": "1"})
    assert names_engine({"TREADLE_ENGINE": "llama:smollm2"}), "the default, if it is named, is a choice"
    config.write_text('engine = "llama:smollm2"\n', encoding="utf-8")
    assert names_engine({})


def test_the_key_of_the_ecosystem(config: Path) -> None:
    assert load_settings({"OPENAI_API_KEY": "a"}).openai_api_key == "a"
    assert load_settings({"OPENAI_API_KEY": "a", "TREADLE_OPENAI_API_KEY": "b"}).openai_api_key == "b"


def test_the_file_may_be_named(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "other.toml"
    other.write_text("threads = 5\n", encoding="utf-8")
    monkeypatch.setenv("TREADLE_CONFIG", str(other))
    assert load_settings().threads == 5


def test_tilde_is_the_home(config: Path, tmp_path: Path) -> None:
    assert load_settings({"TREADLE_CACHE_DIR": "~/models"}).cache_dir == tmp_path / "home/models"


def test_unknown_names(config: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"'TREADLE_ENGIN'\. Did you mean 'TREADLE_ENGINE'"):
        load_settings({"TREADLE_ENGIN": "x"})
    config.write_text("thread = 1\n", encoding="utf-8")
    with pytest.raises(UnknownNameError, match=r"unknown setting 'thread'\. Did you mean 'threads'.*config\.toml"):
        load_settings({})


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("THREADS", "many", r"'threads' from TREADLE_THREADS: 'many' is not a int"),
        ("THREADS", "1.5", "'1.5' is not a int"),
        ("THREADS", "-1", "must be 0 or more, got -1"),
        ("OPENAI_TIMEOUT_SECONDS", "soon", "'soon' is not a float"),
        ("OPENAI_TIMEOUT_SECONDS", "0", "'openai_timeout_seconds' must be a positive number of seconds, got 0"),
        ("OPENAI_TIMEOUT_SECONDS", "-2", "'openai_timeout_seconds' must be a positive number of seconds, got -2"),
        ("OPENAI_TIMEOUT_SECONDS", "nan", "'openai_timeout_seconds' must be a positive number of seconds, got nan"),
        ("OPENAI_TIMEOUT_SECONDS", "inf", "'openai_timeout_seconds' must be a positive number of seconds, got inf"),
    ],
)
def test_wrong_values(config: Path, name: str, value: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_settings({f"TREADLE_{name}": value})


def test_an_empty_variable_is_not_set(config: Path) -> None:
    config.write_text('cache_dir = "/c"\n', encoding="utf-8")
    empty = {f"TREADLE_{field.name.upper()}": "" for field in dataclasses.fields(Settings)}
    assert load_settings(empty) == load_settings({})
    with pytest.raises(UnknownNameError, match="TREADLE_ENGIN"):
        load_settings({"TREADLE_ENGIN": ""})


@pytest.mark.parametrize("name", ["cache_dir", "store"])
def test_an_empty_path_in_the_file_is_not_the_folder_one_works_in(config: Path, name: str) -> None:
    config.write_text(f'{name} = ""\n', encoding="utf-8")
    with pytest.raises(UsageError, match=rf"setting '{name}' from .*config\.toml is empty"):
        load_settings({})


@pytest.mark.parametrize("content", [b"engine = ", b"threads = []\n", b"[threads]\n", b"\xff\xfe"])
def test_a_file_that_cannot_be_used(config: Path, content: bytes) -> None:
    config.write_bytes(content)
    with pytest.raises(UsageError, match=r"config\.toml"):
        load_settings({})


def test_a_file_of_the_workspace_is_never_read(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = tmp_path / "workspace"
    for name in (
        "config.toml",
        "treadle.toml",
        ".treadle.toml",
        ".treadle/config.toml",
        ".config/treadle/config.toml",
        ".env",
    ):
        (workspace / name).parent.mkdir(parents=True, exist_ok=True)
        (workspace / name).write_text('engine = "openai:http://evil.example/v1#m"\n', encoding="utf-8")
    (workspace / "pyproject.toml").write_text(
        '[tool.treadle]\nengine = "openai:http://evil.example/v1#m"\n', encoding="utf-8"
    )
    monkeypatch.chdir(workspace)
    assert load_settings({}) == Settings(
        cache_dir=tmp_path / "home/.cache/treadle", store=tmp_path / "home/.local/share/treadle/threads.sqlite"
    )
