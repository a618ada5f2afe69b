"""What an evaluation is known by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from treadle.coding.ask import Options
from treadle.evals.bench import Spec
from treadle.evals.code import code_sha256
from treadle.evals.hep import load_hep
from treadle.evals.provenance import settings_of

SPEC = Spec(engine="scripted:x", options=Options())


def settings(files: Path, spec: Spec = SPEC) -> dict[str, Any]:
    return settings_of("hep", files / "tasks.yaml", load_hep(files / "tasks.yaml", files), spec)


def test_where_files_lie_does_not_matter(bench_files: Path, monkeypatch: Any) -> None:
    there = settings(bench_files)
    monkeypatch.chdir(bench_files)
    assert settings(Path()) == there
    assert set(there["data"]) == {"table.csv"}
    assert not [value for value in map(str, there.values()) if str(bench_files) in value]


def test_what_files_hold_matters(bench_files: Path) -> None:
    before = settings(bench_files)
    (bench_files / "table.csv").write_text("x,y\n1,2\n")
    after = settings(bench_files)
    assert before["data"] != after["data"]
    assert before["tasks"] == after["tasks"]
    (bench_files / "tasks.yaml").write_text((bench_files / "tasks.yaml").read_text() + "# changed\n")
    assert settings(bench_files)["tasks"] != before["tasks"]


def test_files_of_one_name_are_told_apart(bench_files: Path) -> None:
    (bench_files / "sub").mkdir()
    (bench_files / "sub" / "table.csv").write_text("x,y\n3,4\n")
    text = (bench_files / "tasks.yaml").read_text().replace("file: table.csv", "file: sub/table.csv", 1)
    (bench_files / "tasks.yaml").write_text(text)
    before = settings(bench_files)["data"]["table.csv"]
    assert len(before.split()) == 2
    (bench_files / "sub" / "table.csv").write_text("x,y\n3,5\n")
    assert settings(bench_files)["data"]["table.csv"] != before


def test_options_packs_and_corrections_are_there(bench_files: Path, hep_plan: Callable[..., Any]) -> None:
    found = settings(bench_files, replace(SPEC, options=Options(samples=3, rules=False)))
    assert (found["options"]["samples"], found["options"]["rules"], found["corrections"]) == (3, False, None)
    assert {"python", "scikit-hep"} <= found["packs"].keys()
    assert "numpy" in found["packages"]


def test_the_hash_of_the_code_is_stable() -> None:
    assert code_sha256() == code_sha256()
    assert len(code_sha256()) == 64
