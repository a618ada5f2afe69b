"""The only reader of environment variables and configuration files.

Order, later wins: built-in defaults, ``config.toml``, environment variables ``TREADLE_*``, command-line options (applied by
the caller with ``dataclasses.replace``). An empty variable counts as one that is not set. Only the user's own configuration
file is read, never one from a workspace: a checked-out repository must not be able to point an engine somewhere else.
"""

from __future__ import annotations

import dataclasses
import math
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from treadle.errors import UnknownNameError, UsageError

__all__ = ["Settings", "editor_command", "load_settings", "names_engine"]


def _home(variable: str, fallback: str) -> Path:
    value = os.environ.get(variable)
    return Path(value) if value else Path.home() / fallback


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings of one invocation; every field can be set in ``config.toml`` or as ``TREADLE_<FIELD>``."""

    engine: str = "llama:smollm2"
    """Engine used when no ``--engine`` is given."""
    cache_dir: Path = Path()
    """Where model files are kept."""
    store: Path = Path()
    """The SQLite file with the threads. Keep it on a local disk: WAL must not be used on NFS, AFS or EOS."""
    threads: int = 0
    """Threads of the embedded engine; 0 means as many as the process may use, at most 8."""
    torch_device: str = "cpu"
    """Where the torch engine computes: cpu, cuda, cuda:1, mps."""
    torch_precision: str = "auto"
    """Numbers of the torch engine: fp32, bf16, int8, int4, or auto: the fastest on the device without loss of quality."""
    torch_compile: bool = False
    """Let torch.compile fuse layers of the torch engine: some 20 s at the first use, then faster steps of many drafts."""
    truncate: bool = False
    """Whether texts of a prompt that is too long for an embedded engine lose their beginnings, instead of being refused."""
    openai_api_key: str | None = None
    """Key for ``openai:`` engines. Shown nowhere and stored nowhere."""
    openai_timeout_seconds: float = 120.0
    """How long an ``openai:`` engine may take for one request."""

    def __post_init__(self) -> None:
        if self.threads < 0:
            raise UsageError(f"setting 'threads' must be 0 or more, got {self.threads}")
        if not 0 < self.openai_timeout_seconds < math.inf:  # nan is neither
            raise UsageError(
                f"setting 'openai_timeout_seconds' must be a positive number of seconds, got {self.openai_timeout_seconds}"
            )


def config_path() -> Path:
    """The user's configuration file (``$TREADLE_CONFIG`` or ``~/.config/treadle/config.toml``)."""
    explicit = os.environ.get("TREADLE_CONFIG")
    return Path(explicit) if explicit else _home("XDG_CONFIG_HOME", ".config") / "treadle" / "config.toml"


def editor_command() -> tuple[str, str] | None:
    """The user's editor as (variable, command): that of ``$VISUAL``, else of ``$EDITOR``; None where neither is set."""
    for variable in ("VISUAL", "EDITOR"):
        command = os.environ.get(variable, "").strip()
        if command:
            return variable, command
    return None


_SWITCHES = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def _convert(name: str, value: Any, origin: str) -> Any:
    """The value as its field's type; text from the environment is read, values from TOML must have the type already."""
    kind = {f.name: f.type for f in dataclasses.fields(Settings)}[name]
    try:
        if "str" in kind or kind == "Path":
            if not isinstance(value, str):
                raise TypeError
            if kind == "Path" and not value:  # Path("") would be the folder one works in
                raise UsageError(f"setting {name!r} from {origin} is empty; name a path, or leave it out")
            return Path(value).expanduser() if kind == "Path" else value
        if kind == "bool":
            return value if isinstance(value, bool) else _SWITCHES[value.lower()]
        if isinstance(value, bool) or (kind == "int" and isinstance(value, float)):
            raise TypeError
        return int(value) if kind == "int" else float(value)
    except (TypeError, ValueError, AttributeError, KeyError):
        wanted = "one of true, yes, 1, false, no, 0" if kind == "bool" else f"a {kind}"
        raise UsageError(f"setting {name!r} from {origin}: {value!r} is not {wanted}") from None


def _from_file(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise UsageError(f"cannot read the configuration file {path}: {error}") from None
    known = {f.name for f in dataclasses.fields(Settings)}
    for key in document:
        if key not in known:
            raise UnknownNameError("setting", key, known, f"It stands in {path}.")
    return {key: _convert(key, value, str(path)) for key, value in document.items()}


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    known = {f.name for f in dataclasses.fields(Settings)}
    for variable, value in environment.items():
        if not variable.startswith("TREADLE_") or variable == "TREADLE_CONFIG":
            continue
        name = variable.removeprefix("TREADLE_").lower()
        if name not in known:
            raise UnknownNameError("environment variable", variable, {f"TREADLE_{n.upper()}" for n in known})
        if value:
            values[name] = _convert(name, value, variable)
    if "openai_api_key" not in values and environment.get("OPENAI_API_KEY"):
        values["openai_api_key"] = environment["OPENAI_API_KEY"]
    return values


def names_engine(environment: Mapping[str, str] | None = None) -> bool:
    """Whether the user's configuration file or environment names an engine; the default is nobody's choice."""
    environment = os.environ if environment is None else environment
    return "engine" in {**_from_file(config_path()), **_from_environment(environment)}


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings of this invocation.

    Raises:
        UsageError: a setting has the wrong type or the file cannot be read.
        UnknownNameError: a setting or a ``TREADLE_`` variable does not exist.
    """
    environment = os.environ if environment is None else environment
    defaults: dict[str, Any] = {
        "cache_dir": _home("XDG_CACHE_HOME", ".cache") / "treadle",
        "store": _home("XDG_DATA_HOME", ".local/share") / "treadle" / "threads.sqlite",
    }
    return Settings(**{**defaults, **_from_file(config_path()), **_from_environment(environment)})
