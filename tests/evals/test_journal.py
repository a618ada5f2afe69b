"""What an evaluation leaves on disk, and what becomes of it when processes die and files are damaged."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from treadle.errors import DataError, UsageError
from treadle.evals.journal import Journal, read_results, read_settings

SETTINGS = {"kind": "hep", "options": {"samples": 8, "seed": 1}}
MODEL = {"engine": "llama:smollm2", "file": "a.gguf", "sha256": "00" * 32}


def record(name: str, **changes: object) -> dict[str, object]:
    return {"id": name, "right": True, "model": MODEL, **changes}


def test_records_are_kept_in_their_order(tmp_path: Path) -> None:
    with closing(Journal(tmp_path / "new" / "out", SETTINGS)) as journal:
        journal.add(record("b"))
        journal.add(record("a"))
        assert [r["id"] for r in read_results(journal.folder)] == ["b", "a"]  # before it is closed
    with closing(Journal(tmp_path / "new" / "out", SETTINGS)) as journal:
        assert list(journal.done) == ["b", "a"]
    assert read_settings(tmp_path / "new" / "out") == SETTINGS


def test_two_evaluations_cannot_write_to_one_folder(tmp_path: Path) -> None:
    with closing(Journal(tmp_path, SETTINGS)), pytest.raises(UsageError, match="another evaluation writes to"):
        Journal(tmp_path, SETTINGS)
    Journal(tmp_path, SETTINGS).close()


def test_other_settings_are_named(tmp_path: Path) -> None:
    Journal(tmp_path, SETTINGS).close()
    other = {"kind": "hep", "options": {"samples": 4, "seed": 1}, "new": None}
    with pytest.raises(UsageError, match=r"options\.samples was 8 and is 4\. Name another"):
        Journal(tmp_path, other)
    Journal(tmp_path, SETTINGS).close()  # the refusal holds no lock


def test_results_of_two_models_do_not_mix(tmp_path: Path) -> None:
    with closing(Journal(tmp_path, SETTINGS)) as journal:
        journal.add(record("a"))
        with pytest.raises(UsageError, match=r"of llama:smollm2 \(a\.gguf, SHA-256 000000000000\), this one is of"):
            journal.add(record("b", model={**MODEL, "sha256": "11" * 32}))
        assert [r["id"] for r in read_results(tmp_path)] == ["a"]


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_torn_line_is_dropped(tmp_path: Path, cut: int) -> None:
    with closing(Journal(tmp_path, SETTINGS)) as journal:
        journal.add(record("a"))
        journal.add(record("b"))
    path = tmp_path / "results.jsonl"
    path.write_bytes(path.read_bytes()[:-cut])
    assert [r["id"] for r in read_results(tmp_path)] == ["a"]
    with closing(Journal(tmp_path, SETTINGS)) as journal:
        journal.add(record("c"))
    assert [r["id"] for r in read_results(tmp_path)] == ["a", "c"]


@pytest.mark.parametrize("line", ["{}", "[]", "no json", '{"id": "x"}', "3"])
def test_a_damaged_line_is_named(tmp_path: Path, line: str) -> None:
    with closing(Journal(tmp_path, SETTINGS)) as journal:
        journal.add(record("a"))
    with (tmp_path / "results.jsonl").open("a") as stream:
        stream.write(f"{line}\n" + json.dumps(record("c")) + "\n")
    with pytest.raises(DataError, match=r"results\.jsonl, line 2: no record"):
        Journal(tmp_path, SETTINGS)


def test_folders_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="name another folder with --out"):
        Journal(tmp_path / "file", SETTINGS)
    with pytest.raises(UsageError, match=r"no folder of an evaluation: it has no settings\.json"):
        read_settings(tmp_path)
    (tmp_path / "settings.json").write_text("{")
    with pytest.raises(DataError, match="cannot read"):
        read_settings(tmp_path)
    (tmp_path / "settings.json").write_text("[]")
    with pytest.raises(DataError, match="holds no settings"):
        read_settings(tmp_path)
    (tmp_path / "settings.json").unlink()
    (tmp_path / "results.jsonl").write_text("")
    with pytest.raises(DataError, match=r"holds results\.jsonl without settings\.json"):
        Journal(tmp_path, SETTINGS)


WRITER = """
import sys
from pathlib import Path
from treadle.evals.journal import Journal
journal = Journal(Path(sys.argv[1]), {"kind": "hep"})
for number in range(len(journal.done), 100000):
    journal.add({"id": str(number), "right": True, "model": {}, "filling": "x" * 5000})
    print(number, flush=True)
"""


def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    for _ in range(3):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout is not None
            told = [writer.stdout.readline()]
            end = time.monotonic() + 0.3
            while time.monotonic() < end:
                told.append(writer.stdout.readline())
            os.kill(writer.pid, signal.SIGKILL)
            told += writer.stdout.readlines()
        acknowledged = int([line for line in told if line.endswith("\n")][-1])
        kept = [int(r["id"]) for r in read_results(tmp_path)]
        assert kept == list(range(len(kept)))
        assert len(kept) > acknowledged
