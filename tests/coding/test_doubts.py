"""Doubts: right programs in many idioms raise none, wrong ones that run and print nearly always do."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treadle.coding.doubts import doubts
from treadle.retrieval import builtin_packs
from treadle.types import Column, DataSummary, Example, Expectation, Table

PACKS = {pack.name: pack for pack in builtin_packs()}
PREAMBLE = 'import awkward as ak\nimport numpy as np\nimport uproot\n\nevents = uproot.open("f.root")["tree"].arrays()\n'


def summary(entries: int, flat: str, jagged: str = "", whole: str = "") -> DataSummary:
    columns = [Column(name=name, type="float") for name in flat.split()]
    columns += [Column(name=name, type="int32") for name in whole.split()]
    columns += [Column(name=name, type="float", shape="jagged") for name in jagged.split()]
    table = Table(name="tree", columns=tuple(columns), entries=entries)
    return DataSummary(path="f.root", kind="root", sha256="", size_bytes=1, tables=(table,))


FILES = {
    "nano": summary(
        320,
        "MET_pt MET_phi genWeight HLT_IsoMu24",
        "Muon_pt Muon_eta Muon_phi Muon_charge Muon_mass Electron_pt Electron_eta Electron_phi Electron_charge Jet_pt "
        "Jet_eta Jet_phi Jet_mass Jet_btag",
        "run event nMuon nElectron nJet PV_npvs",
    ),
    "objects": summary(
        260,
        "weight met_px met_py",
        "mu_px mu_py mu_pz mu_e mu_q jet_px jet_py jet_pz jet_e jet_btag",
        "event_id n_vertices nmu njet",
    ),
    "testbeam": summary(800, "time_ns x_mm y_mm e_ecal e_hcal temperature", "", "spill n_hits cherenkov"),
    "zmumu": summary(450, "E1 px1 py1 pz1 pt1 eta1 phi1 E2 px2 py2 pz2 pt2 eta2 phi2 M", "", "run event Q1 Q2"),
    "lep": summary(400, "lep1_pt lep1_eta lep1_phi lep2_pt lep2_eta lep2_phi mll met", "", "lep1_charge lep2_charge"),
}


def cases(name: str) -> list[tuple[str, str, str, str]]:
    """(file, request, program, output) of each case of a text file beside this one."""
    found = []
    for block in (Path(__file__).parent / name).read_text(encoding="utf-8").split("\n? ")[1:]:
        head, *lines = block.rstrip().split("\n")
        file, request = head.split(" | ", 1)
        body = "\n".join(line for line in lines if not line.startswith("> "))
        found.append((file, request, PREAMBLE + body, "\n".join(line[2:] for line in lines if line.startswith("> "))))
    return found


RIGHT, WRONG = cases("doubts_right.txt"), cases("doubts_wrong.txt")


@pytest.mark.parametrize(("file", "request_text", "program", "output"), RIGHT)
def test_right_programs_raise_no_doubt(file: str, request_text: str, program: str, output: str) -> None:
    assert doubts(program, output, request_text, FILES[file]) == []
    assert doubts(program.removeprefix(PREAMBLE), output, request_text, FILES[file]) == [], (
        "without the lines that open the file"
    )


def test_wrong_programs_raise_doubts() -> None:
    missed = [case[1:] for case in WRONG if not doubts(case[2], case[3], case[1], FILES[case[0]])]
    assert not missed


def printed(expectations: list[Expectation]) -> str:
    return "".join(f"METRIC: {e.subject}={e.expected}\n" for e in expectations)


@pytest.mark.parametrize("example", PACKS["scikit-hep"].examples, ids=lambda e: e.id)
def test_examples_of_the_pack_raise_no_doubt(example: Example) -> None:
    file = next(name for name in FILES if (example.data or "").startswith(name))
    output = printed(list(PACKS["scikit-hep"].expectations[example.id]))
    assert doubts(example.program, output, example.request, FILES[file]) == []


@pytest.mark.parametrize("example", PACKS["python"].examples, ids=lambda e: e.id)
def test_examples_of_functions_raise_no_doubt(example: Example) -> None:
    assert doubts(example.program, "", example.request, None) == []


@pytest.mark.parametrize(
    ("request_text", "body", "output", "doubt"),
    [
        (
            "What is the mean of the absolute value of lep1_eta?",
            'r = np.abs(np.mean(events["lep1_eta"]))',
            "METRIC: r=0.02",
            "the absolute value is taken of the mean, not the mean of the absolute values",
        ),
        ("What is the mean lep1_pt?", 'r = np.mean(events["lep1_pt"])', "METRIC: r=nan", "the program prints nan"),
        ("What is the mean lep1_pt?", 'r = np.mean(events["lep1_pt"])', "METRIC: r=inf", "the program prints inf"),
        (
            "What is the mean lep1_pt?",
            'r = np.mean(events["lep1_pt"])',
            "METRIC: r=None",
            "a number was asked for, the program prints none",
        ),
        (
            "How many events have mll above 80?",
            'r = np.sum(events["mll"] > 80)',
            "METRIC: r=401",
            "the program counts 401 events, the file has 400",
        ),
        (
            "How many events have lep1_pt above 30 and lep2_pt above 20?",
            'mask = (events["lep1_pt"] > 30) & (events["lep2_pt"] > 20)\nr = np.mean(mask)\nprint(f"METRIC: r={r}")',
            "METRIC: r=0.7266",
            "the request asks for a number of events, the program computes a fraction of the events",
        ),
    ],
)
def test_the_sentence_says_what_is_doubted(request_text: str, body: str, output: str, doubt: str) -> None:
    assert doubt in doubts(PREAMBLE + body, output, request_text, FILES["lep"])


def test_a_program_that_does_not_parse_is_only_searched_for_names() -> None:
    assert doubts("r = (", "", "What is the mean of mll?", FILES["lep"]) == [
        "the request mentions the column mll, the program does not use it"
    ]


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(WRONG + RIGHT), st.sampled_from(WRONG + RIGHT), st.text(max_size=60), st.integers(0, 400))
def test_never_raises(one: tuple[str, str, str, str], other: tuple[str, str, str, str], text: str, end: int) -> None:
    doubts(one[2], text, other[1] + text, FILES[one[0]])
    doubts(one[2][:end], other[3], text, FILES[other[0]])
    doubts(text, one[3], one[1], FILES[one[0]])
