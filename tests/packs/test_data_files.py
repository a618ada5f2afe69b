"""The small data files of the packs: made by the script beside them, small, with the same content at every run."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from treadle.retrieval import builtin_packs

ROOT = Path(__file__).parents[2]
FOLDER = next(pack.folder for pack in builtin_packs() if pack.name == "scikit-hep") / "data"


def test_files_are_small() -> None:
    files = sorted(FOLDER.glob("*.root"))
    assert len(files) == 4
    assert all(f.stat().st_size < 60_000 for f in files)


def test_the_script_makes_the_same_files_again(tmp_path: Path) -> None:
    uproot = pytest.importorskip("uproot", reason="making the data needs treadle[hep]")
    script = ROOT / "packs" / "make_data.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True, capture_output=True)
    for path in sorted(FOLDER.glob("*.root")):
        with uproot.open(path) as old, uproot.open(tmp_path / path.name) as new:
            assert old.keys() == new.keys()
            for key in old.keys(cycle=False):
                first, second = old[key].arrays(library="np"), new[key].arrays(library="np")
                assert list(first) == list(second)
                for name in first:
                    # Other versions of numpy may round the last bit of a logarithm otherwise.
                    for a, b in zip(first[name], second[name], strict=True):
                        assert a == pytest.approx(b, rel=1e-3, abs=1e-6)


def test_bytes_of_one_machine_are_the_same(tmp_path: Path) -> None:
    pytest.importorskip("uproot", reason="making the data needs treadle[hep]")
    digests = []
    for name in ("a", "b"):
        script = ROOT / "packs" / "make_data.py"
        subprocess.run([sys.executable, str(script), str(tmp_path / name)], check=True, capture_output=True)
        digests.append([hashlib.sha256(f.read_bytes()).hexdigest() for f in sorted((tmp_path / name).glob("*.root"))])
    assert digests[0] == digests[1]
