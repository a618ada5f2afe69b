"""What is there is documented, and what is documented is there: options, settings, extras, errors, commands, links."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

import treadle
from treadle import errors
from treadle.commands.app import app
from treadle.engines.models import CATALOGUE
from treadle.engines.registry import known_backends
from treadle.settings import Settings
from treadle.threads.card import CLAIMS
from treadle.types import Rung, Status

ROOT = Path(__file__).parents[1]
PACKAGE = Path(treadle.__file__).parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *ROOT.glob("examples/**/*.md"), *ROOT.glob("benchmarks/*.md")]
)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
COLUMNS = 80
SCRIPT = "\n    best = run = 0\n    for i, c in enumerate(s):\n        run = run + 1 if i and s[i - 1] == c else 1\n"
SCRIPT += "        best = max(best, run)\n    return best\n"


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command of the command line that is not a group, with the words that call it."""
    if not hasattr(command, "commands"):
        yield path, command
        return
    for name, child in command.commands.items():
        yield from commands(child, (*path, name))


TREE: Any = typer.main.get_command(app)
LEAVES = dict(commands(TREE))
OPTIONS = sorted(
    {(" ".join(path), o) for path, leaf in LEAVES.items() for p in leaf.params for o in p.opts if o.startswith("-")}
    | {("", o) for p in TREE.params for o in p.opts}
)


def blocks(text: str, *kinds: str) -> list[str]:
    """The fenced blocks of these kinds."""
    return re.findall(rf"^```(?:{'|'.join(kinds)})\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def readme_commands() -> list[list[str]]:
    """The `treadle` commands of the README's blocks, as words, without comments and redirections."""
    found = []
    for block in blocks(README, "bash", "console"):
        joined = re.sub(r"\\\n>?\s*", "", block)
        found += [
            shlex.split(line.removeprefix("$ "), comments=True)
            for line in joined.splitlines()
            if re.match(r"(\$ )?treadle ", line)
        ]
    return [words[1:] for words in found]


def standing(word: str, text: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text) is not None


# ------------------------------------------------------------------------------------------------ what is, is documented


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_every_command_is_documented(path: tuple[str, ...]) -> None:
    assert f"treadle {' '.join(path)}" in README


@pytest.mark.parametrize(("path", "option"), OPTIONS)
def test_every_option_is_documented(path: str, option: str) -> None:
    assert standing(option, README)


def test_every_argument_and_option_explains_itself() -> None:
    silent = [(path, p.name) for path, leaf in LEAVES.items() for p in leaf.params if not getattr(p, "help", None)]
    assert not silent


@pytest.mark.parametrize("field", dataclasses.fields(Settings), ids=lambda f: f.name)
def test_every_setting_is_documented(field: Any) -> None:
    row = next((line for line in README.splitlines() if line.startswith(f"| `{field.name}` |")), "")
    assert f"`TREADLE_{field.name.upper()}`" in row


def test_every_variable_of_the_readme_exists() -> None:
    known = {f"TREADLE_{f.name.upper()}" for f in dataclasses.fields(Settings)} | {"TREADLE_CONFIG"}
    for page in PAGES:
        assert set(re.findall(r"TREADLE_[A-Z_]+", page.read_text(encoding="utf-8"))) <= known


@pytest.mark.parametrize("extra", PROJECT["project"]["optional-dependencies"])
def test_every_extra_is_documented(extra: str) -> None:
    assert standing(f"`{extra}`", README)


def _packages() -> list[str]:
    groups = [PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"].values()]
    groups += PROJECT["dependency-groups"].values()
    return sorted({re.split(r"[<>=!~\[ ]", requirement)[0] for group in groups for requirement in group})


@pytest.mark.parametrize("package", _packages())
def test_every_dependency_has_its_reason(package: str) -> None:
    table = ARCHITECTURE.partition("## Dependencies")[2]
    assert any(standing(package.lower(), line.lower()) for line in table.splitlines() if line.startswith("|"))


@pytest.mark.parametrize(
    "name", [n for n in errors.__all__ if isinstance(getattr(errors, n), type) and issubclass(getattr(errors, n), Exception)]
)
def test_every_error_is_documented(name: str) -> None:
    assert standing(f"`{name}`", ARCHITECTURE)


@pytest.mark.parametrize("backend", known_backends())
def test_every_engine_is_documented(backend: str) -> None:
    assert f"`{backend}:" in README


@pytest.mark.parametrize("model", CATALOGUE)
def test_every_model_is_documented(model: str) -> None:
    assert f"`llama:{model}`" in README


@pytest.mark.parametrize("status", Status)
def test_every_status_is_documented_with_its_exit_code(status: Status) -> None:
    code = 0 if status in (Status.VERIFIED, Status.AGREED) else 3
    row = next(line for line in README.splitlines() if line.startswith(f"| `{status.value}` |"))
    assert row.rstrip(" |").endswith(str(code))
    assert CLAIMS[status]
    assert f"`{status.value}`" in ARCHITECTURE


def test_the_rungs_are_documented() -> None:
    assert " -> ".join(r.value for r in Rung) in ARCHITECTURE


def test_every_room_is_documented() -> None:
    rooms = {p.name for p in PACKAGE.iterdir() if p.is_dir() and (p / "__init__.py").is_file()}
    modules = {p.name for p in PACKAGE.glob("*.py")} - {"__init__.py"}
    for text in (README, ARCHITECTURE):
        assert not [room for room in rooms if f"{room}/" not in text]
        assert not [module for module in modules if module not in text]


# ------------------------------------------------------------------------------------------------ what is documented, is


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_local_links_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    assert not [link for link in links if not (page.parent / link.partition("#")[0]).exists()]


@pytest.mark.parametrize("page", ["README.md", "ARCHITECTURE.md", "docs/sandbox.md"])
def test_python_files_named_exist(page: str) -> None:
    named = set(re.findall(r"`((?:[\w-]+/)+[\w-]+\.(?:py|sh|toml|yaml|root))`", (ROOT / page).read_text(encoding="utf-8")))
    assert not [path for path in named if not (ROOT / path).exists() and not (PACKAGE / path).exists()]


def test_output_shown_fits_a_terminal() -> None:
    shown = [line for block in blocks(README, "console") for line in block.splitlines() if not line.startswith(("$", ">"))]
    assert shown
    assert not [line for line in shown if len(line) > COLUMNS]


def test_the_readme_has_commands() -> None:
    assert len(readme_commands()) >= 10


@pytest.mark.parametrize("words", readme_commands(), ids=" ".join)
def test_every_command_of_the_readme_parses(words: list[str]) -> None:
    command, rest = TREE, words
    while hasattr(command, "commands"):
        if rest[0] in ("--help", "-h", "--version"):
            return
        command, rest = command.commands[rest[0]], rest[1:]
    context = command.make_context("treadle", list(rest), resilient_parsing=False)
    assert not context.args


def _run(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TREADLE_", "XDG_"))}
    environment = {**kept, "HOME": str(home), "COLUMNS": "100"}
    command = [sys.executable, "-m", "treadle.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=home, timeout=60)


@pytest.mark.parametrize(
    "words", [w for w in readme_commands() if w in (["--version"], ["threads", "list"], ["models", "list"])], ids=" ".join
)
def test_commands_that_need_nothing_run(words: list[str], tmp_path: Path) -> None:
    done = _run(tmp_path, *words)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()


def test_the_request_of_the_readme_runs_with_a_script(tmp_path: Path) -> None:
    words = next(w for w in readme_commands() if w[0] == "ask" and "longest_run" in w[1])
    (tmp_path / "script.json").write_text(json.dumps({"completions": [[SCRIPT]]}))
    done = _run(
        tmp_path, "ask", words[1], "--engine", "scripted:script.json", "-n", "1", "--repairs", "0", "--out", "answer"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "verified: it met 2 expectations" in done.stdout
    assert (tmp_path / "answer" / "program.py").is_file()
    assert (tmp_path / "answer" / "CARD.md").is_file()


def test_the_demo_is_a_valid_script() -> None:
    subprocess.run(["bash", "-n", str(ROOT / "examples" / "demo.sh")], check=True)
