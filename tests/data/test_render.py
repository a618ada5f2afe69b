"""The text for the prompt: never over budget, named columns first, relevant ones next."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from summaries import summarise
from treadle.data import mentioned_columns, relevant_columns, render
from treadle.types import Column, DataSummary, Table

ROOT = Path(__file__).parents[2]
MINI = ROOT / "packs" / "scikit-hep" / "data"
NANO = ROOT.parent / "shared" / "data" / "hep" / "nano_dy.root"


def words(text: str) -> int:
    return len(re.findall(r"\w+|[^\w\s]", text))


def summary(*names: str, kind: str = "root") -> DataSummary:
    columns = tuple(Column(name=name, type="float") for name in names)
    table = Table(name="events", columns=columns, entries=10)
    return DataSummary(path="/x/y.root", kind=kind, sha256="0", size_bytes=1, tables=(table,))  # type: ignore[arg-type]


def test_compact_text() -> None:
    pytest.importorskip("uproot")
    text = render(summarise(MINI / "nano_mini.root"), "How many jets?", 500, words)
    assert text.splitlines() == [
        'file nano_mini.root, tree "Events", 320 entries',
        "one value an event: nJet nMuon nElectron run event MET_pt MET_phi PV_npvs genWeight",
        "true or false an event: HLT_IsoMu24",
        "a list an event: Jet_pt Jet_eta Jet_phi Jet_mass Jet_btag Muon_pt Muon_eta Muon_phi Muon_charge Muon_mass "
        "Electron_pt Electron_eta Electron_phi Electron_charge",
    ]


def test_what_does_not_fit_is_counted() -> None:
    text = render(summary(*(f"c{i}" for i in range(1000))), "c500 please, and C7", 40, words)
    assert words(text) <= 40
    shown = re.search(r"event: (.*)", text)
    assert shown is not None
    names = shown[1].split()
    assert names[:2] == ["c500", "c7"]
    assert text.endswith(f"... and {1000 - len(names)} more")


def test_wanted_columns_come_first() -> None:
    text = render(summary("a1", "b1", "c1"), "sum", 100, words, columns=["c1"])
    assert "event: c1 a1 b1" in text


def test_tiny_budgets() -> None:
    one = summary("alpha")
    assert render(one, "", 0, words) == ""
    assert render(one, "", 4, words) == "file y.root"


def test_sqlite_text(tmp_path: Path) -> None:
    columns = (Column(name="id", type="INTEGER", note="primary key"), Column(name="the charge", type="REAL"))
    tables = (Table(name="hits", columns=columns, entries=3), Table(name="runs", columns=columns[:1], entries=2))
    made = DataSummary(path="x.db", kind="sqlite", sha256="0", size_bytes=1, tables=tables)
    assert render(made, "", 100, words).splitlines() == [
        "file x.db",
        "table hits, 3 rows: id INTEGER (primary key), 'the charge' REAL",
        "table runs, 2 rows: id INTEGER (primary key)",
    ]


def test_other_kinds_speak_of_rows(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("pt,name\n1.5,a\n")
    text = render(summarise(tmp_path / "x.csv"), "mean pt", 100, words)
    assert text.splitlines() == ["file x.csv, 1 rows", "one value a row: pt", "text a row: name"]


NAMES = st.lists(st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,9}", fullmatch=True), min_size=1, max_size=60, unique_by=str.lower)


@settings(deadline=None)
@given(names=NAMES, request=st.text(max_size=40), budget=st.integers(0, 150), data=st.data())
def test_never_over_budget_and_named_columns_shown(names: list[str], request: str, budget: int, data: st.DataObject) -> None:
    named = data.draw(st.lists(st.sampled_from(names), max_size=4, unique=True))
    text = " ".join([request, *(f"`{name}`" for name in named)])
    for count in (words, len, lambda s: len(s) // 4 + 1):
        shown = render(summary(*names), text, budget, count)
        assert count(shown) <= budget or shown == ""
    # The named columns fit with certainty where the whole text with only them fits.
    all_named = mentioned_columns(summary(*names), text)
    assert set(named) <= set(all_named)
    least = f'file y.root, tree "events", 10 entries\none value an event: {" ".join(all_named)}\n... and {len(names)} more'
    if words(least) <= budget:
        assert set(all_named) <= set(re.findall(r"\w+", render(summary(*names), text, budget, words)))


@settings(deadline=None)
@given(st.integers(0, 30))
def test_a_counter_that_is_not_monotone_is_never_exceeded(budget: int) -> None:
    def odd(text: str) -> int:
        return words(text) + len(text) % 3

    shown = render(summary(*(f"c{i}" for i in range(20))), "c3", budget, odd)
    assert odd(shown) <= budget or shown == ""


# ------------------------------------------------------------------------------------------------ relevance


@pytest.mark.parametrize(
    ("request_text", "wanted"),
    [
        ("transverse momentum of the muons", ["Muon_pt"]),
        ("How many muons per event?", ["nMuon"]),
        ("average missing transverse energy", ["MET_pt"]),
        ("pseudorapidity and azimuth of jets", ["Jet_eta", "Jet_phi"]),
        (
            "invariant mass of electron pairs of opposite charge",
            ["Electron_charge", "Electron_pt", "Electron_eta", "Electron_phi"],
        ),
        ("number of primary vertices", ["PV_npvs"]),
        ("is the trigger fired", ["HLT_IsoMu24"]),
        ("b-tagged jets", ["Jet_btag"]),
        ("sum of the weights", ["genWeight"]),
    ],
)
def test_relevant_columns(request_text: str, wanted: list[str]) -> None:
    pytest.importorskip("uproot")
    made = summarise(MINI / "nano_mini.root")
    assert set(wanted) <= {c.name for c in relevant_columns(made, request_text, len(wanted) + 2)}
    assert len(relevant_columns(made, request_text, 1000)) == len(made.tables[0].columns)
    assert relevant_columns(made, request_text, 0) == []


def test_relevant_columns_of_components() -> None:
    pytest.importorskip("uproot")
    made = summarise(MINI / "objects_mini.root")
    found = {c.name for c in relevant_columns(made, "invariant mass of the muon pair", 6)}
    assert {"mu_px", "mu_py", "mu_pz", "mu_e"} <= found


def test_a_thousand_branches() -> None:
    pytest.importorskip("uproot")
    if not NANO.is_file():
        pytest.skip("needs nano_dy.root in ../shared/data/hep")
    made = summarise(NANO)
    text = render(made, "mean pt of jets with |eta| < 2.4 in events with two opposite-sign muons", 120, words)
    assert words(text) <= 120
    assert {"Jet_pt", "Jet_eta", "Muon_charge"} <= set(text.split())


def test_mentioned_columns() -> None:
    made = summary("pt1", "Pt1", "M", "Q1", "event", "Muon_pt", "jets.pt", "a", "with space")
    assert mentioned_columns(made, "pt1 of Muon_pt") == ["pt1", "Muon_pt"]
    assert mentioned_columns(made, "muon_PT and q1") == ["Muon_pt", "Q1"]
    assert mentioned_columns(made, "PT1") == []  # means two columns
    assert mentioned_columns(made, "a mass per event") == []
    assert mentioned_columns(made, "the column `event` and 'a'") == ["event", "a"]
    assert mentioned_columns(made, "jets.pt > 3, with space") == ["jets.pt", "with space"]
    assert mentioned_columns(made, "Muon_pt_corrected MM") == []
