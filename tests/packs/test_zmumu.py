"""examples/data/zmumu.root: the committed file is the described one and holds Z bosons."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILE = ROOT / "examples" / "data" / "zmumu.root"
PROVENANCE = FILE.with_name("PROVENANCE.md")


def test_file_is_the_one_described() -> None:
    text = PROVENANCE.read_text(encoding="utf-8")
    digest = hashlib.sha256(FILE.read_bytes()).hexdigest()
    assert f"`{digest}`" in text
    assert f"{FILE.stat().st_size} bytes" in text
    assert FILE.stat().st_size < 2_000_000
    for word in ("Pythia 8", "seed", "selection", "smearing", "CC0", "GPL"):
        assert word in text


def test_branches_and_physics() -> None:
    uproot = pytest.importorskip("uproot", reason="reading ROOT files needs treadle[hep]")
    np = pytest.importorskip("numpy")
    with uproot.open(FILE) as file:
        tree = file["events"]
        assert tree.classname == "TTree"
        events = tree.arrays(library="np")
    entries = re.search(r"(\d+) entries", PROVENANCE.read_text(encoding="utf-8"))
    assert entries is not None
    assert len(events["M"]) == int(entries[1]) > 5000
    wanted = {f"{name}{i}" for name in ("pt", "eta", "phi", "E", "px", "py", "pz", "Q") for i in (1, 2)}
    assert wanted | {"run", "event", "n_vertices", "M", "jet_pt", "jet_eta", "jet_phi"} <= set(events)
    counts, edges = np.histogram(events["M"], bins=60, range=(60, 120))
    assert abs(edges[np.argmax(counts)] + 0.5 - 91.2) < 2
    assert np.mean((events["M"] > 80) & (events["M"] < 100)) > 0.8
    assert np.all(events["Q1"] * events["Q2"] == -1)
    assert np.all(events["pt1"] >= events["pt2"])
    assert np.all(events["pt2"] >= 19.99)
    assert np.all(np.abs(events["eta1"]) < 2.41)
    assert np.allclose(np.hypot(events["px1"], events["py1"]), events["pt1"], rtol=1e-4)
    assert len(np.unique(events["event"])) == len(events["event"])
    jets = np.concatenate(events["jet_pt"])
    assert 0.1 < len(jets) / len(events["M"]) < 3
    assert jets.min() > 24.9


@pytest.mark.slow
def test_regeneration_gives_the_same_events(tmp_path: Path) -> None:
    pytest.importorskip("pythia8mc", reason="generating events needs `pip install pythia8mc`")
    uproot = pytest.importorskip("uproot")
    script = ROOT / "examples" / "make_zmumu.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True, capture_output=True)
    made = tmp_path / "zmumu.root"
    if made.read_bytes() == FILE.read_bytes():
        return
    with uproot.open(FILE) as old, uproot.open(made) as new:
        a, b = old["events"].arrays(library="np"), new["events"].arrays(library="np")
    if "Pythia 8.317.2" not in (tmp_path / "PROVENANCE.md").read_text(encoding="utf-8"):
        shutil.rmtree(tmp_path)
        pytest.skip("another version of Pythia gives other events")
    assert list(a) == list(b)
    assert a["M"] == pytest.approx(b["M"], rel=1e-3)
