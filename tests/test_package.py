"""Rules for the whole package: light to import, honest about its names, documented, and in small modules."""

from __future__ import annotations

import ast
import importlib
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import treadle

ROOT = Path(__file__).parents[1]
PACKAGE = Path(treadle.__file__).parent
FILES = sorted(p for p in PACKAGE.rglob("*.py") if "__pycache__" not in p.parts)
MOST_LINES = 450
HEAVY = {"numpy", "torch", "xllamacpp", "sqlalchemy", "pydantic", "rich", "typer", "uproot", "pandas", "openai", "tantivy"}


def name_of(path: Path) -> str:
    """The module that a file holds."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def short(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


LIGHT = [
    "treadle",
    "treadle.types",
    "treadle.errors",
    "treadle.settings",
    "treadle.engines.registry",
    "treadle.engines.scripted",
]


@pytest.mark.parametrize("module", LIGHT)
def test_imports_are_light_and_silent(module: str, tmp_path: Path) -> None:
    program = f"import sys; import {module}; sys.stderr.write(' '.join({HEAVY!r} & set(sys.modules)))"
    environment = {**os.environ, "HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)
    assert (done.stdout, done.stderr) == ("", "")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", FILES, ids=short)
def test_every_module_has_a_docstring_and_is_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert ast.get_docstring(ast.parse(text)), f"{short(path)} says nothing about itself"
    assert len(text.splitlines()) <= MOST_LINES


@pytest.mark.parametrize("path", [p for p in FILES if "__all__" in p.read_text(encoding="utf-8")], ids=short)
def test_public_names_are_those_listed(path: Path) -> None:
    module = importlib.import_module(name_of(path))
    listed = module.__all__
    assert len(set(listed)) == len(listed)
    assert not [name for name in listed if not hasattr(module, name)]
    own = {n for n, v in vars(module).items() if not n.startswith("_") and getattr(v, "__module__", None) == module.__name__}
    assert not [n for n in listed if n.startswith("_") and n != "__version__"]
    if path.name == "__init__.py":
        assert own <= set(listed)  # a room's front shows all that it defines


def test_the_package_says_that_it_is_typed() -> None:
    assert (PACKAGE / "py.typed").is_file()


def test_the_version() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", treadle.__version__)


def test_every_extra_is_documented() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    if not readme.strip():
        pytest.skip("the README is not written yet")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert [e for e in extras if f"`{e}`" not in readme and f"[{e}]" not in readme] == []


def test_constraints_name_what_the_project_needs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"].values()
    wanted = [
        *project["project"]["dependencies"],
        *(r for extra in extras for r in extra),
        *project["dependency-groups"]["dev"],
    ]
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {line.partition("==")[0].lower() for line in lines if "==" in line}
    assert {re.split(r"[^A-Za-z0-9_.-]", r)[0].lower() for r in wanted} - pinned == set()
