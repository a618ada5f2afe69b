"""Requests read by rules: right where every word was read, and not called whole where one was not."""

from __future__ import annotations

import re
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot
from hypothesis import given, settings
from hypothesis import strategies as st

from read_programs import outputs_of, size
from summaries import summarise
from treadle.coding.expectations import metrics_in
from treadle.coding.extract import parses
from treadle.coding.reading import read_program
from treadle.prompts import preamble
from treadle.sandbox import Sandbox
from treadle.types import Column, DataSummary, Program, Table

RNG = np.random.default_rng(7)
N = 400
F = {
    "run": RNG.integers(1, 6, N),
    "mu1_pt": RNG.exponential(30, N) + 5,
    "mu1_eta": RNG.normal(0, 1.5, N),
    "mu1_phi": RNG.uniform(-np.pi, np.pi, N),
    "mu1_q": RNG.choice([-1, 1], N),
    "mu2_pt": RNG.exponential(20, N) + 5,
    "mu2_eta": RNG.normal(0, 1.5, N),
    "mu2_phi": RNG.uniform(-np.pi, np.pi, N),
    "mu2_q": RNG.choice([-1, 1], N),
    "dimu_mass": RNG.normal(90, 12, N),
    "met": RNG.exponential(25, N),
    "met_phi": RNG.uniform(-np.pi, np.pi, N),
    "HLT_mu24": RNG.integers(0, 2, N),
    "isSignal": RNG.integers(0, 2, N),
    "evt_weight": RNG.normal(1, 0.2, N),
    "tof_ns": np.where(RNG.random(N) < 0.2, -999.0, RNG.normal(12, 2, N)),
    "chi2": np.where(RNG.random(N) < 0.1, np.nan, RNG.exponential(2, N)),
}
COUNTS = RNG.poisson(2.5, N)
JET = {
    "pt": ak.Array([RNG.exponential(40, n) + 10 for n in COUNTS]),
    "eta": ak.Array([RNG.normal(0, 1.8, n) for n in COUNTS]),
    "phi": ak.Array([RNG.uniform(-np.pi, np.pi, n) for n in COUNTS]),
    "btagDeepB": ak.Array([RNG.random(n) for n in COUNTS]),
    "tightId": ak.Array([RNG.integers(0, 2, n) for n in COUNTS]),
}
ORDER = ak.argsort(JET["pt"], axis=1, ascending=False)
SORTED = {name: ak.pad_none(values[ORDER], 2) for name, values in JET.items()}
LEADING = ak.max(JET["pt"], axis=1)
CENTRAL = (JET["pt"] > 30) & (abs(JET["eta"]) < 2.4)
OPPOSITE = F["mu1_q"] * F["mu2_q"] < 0


def delta_phi(a: ak.Array, b: ak.Array) -> ak.Array:
    return abs((a - b + np.pi) % (2 * np.pi) - np.pi)


def some(values: ak.Array) -> np.ndarray:
    return ak.to_numpy(ak.drop_none(values))


JETS_APART = np.sqrt(
    (SORTED["eta"][:, 0] - SORTED["eta"][:, 1]) ** 2 + delta_phi(SORTED["phi"][:, 0], SORTED["phi"][:, 1]) ** 2
)
FIRST, SECOND = ({name: ak.combinations(JET[name], 2)[str(i)] for name in ("eta", "phi")} for i in (0, 1))
ALL_APART = np.sqrt((FIRST["eta"] - SECOND["eta"]) ** 2 + delta_phi(FIRST["phi"], SECOND["phi"]) ** 2)
MASS = np.sqrt(2 * F["mu1_pt"] * F["mu2_pt"] * (np.cosh(F["mu1_eta"] - F["mu2_eta"]) - np.cos(F["mu1_phi"] - F["mu2_phi"])))
MT = np.sqrt(2 * F["mu1_pt"] * F["met"] * (1 - np.cos(F["mu1_phi"] - F["met_phi"])))
BETWEEN_TWO = delta_phi(SORTED["phi"][:, 0], SORTED["phi"][:, 1])[COUNTS == 2]
HT = ak.sum(JET["pt"][CENTRAL], axis=1)
HISTOGRAM, EDGES = np.histogram(F["dimu_mass"], bins=20, range=(60, 120))

REQUESTS: list[tuple[str, float]] = [
    # numbers of events
    ("How many events have up to two jets?", np.sum(COUNTS <= 2)),
    ("In what fraction of events are all jets above 15 GeV?", np.mean(ak.all(JET["pt"] > 15, axis=1))),
    ("mean of sqrt(mu1_pt^2 + mu2_pt^2)", np.mean(np.sqrt(F["mu1_pt"] ** 2 + F["mu2_pt"] ** 2))),
    ("mean log10 of mu1_pt/mu2_pt", np.mean(np.log10(F["mu1_pt"] / F["mu2_pt"]))),
    (
        "What fraction of jets with pt above 30 GeV pass tightId?",
        np.mean(ak.flatten(JET["tightId"][JET["pt"] > 30]) > 0),
    ),
    (
        "Fraction of events with met above 20 GeV among those with at least one jet",
        np.mean((F["met"] > 20)[COUNTS >= 1]),
    ),
    ("mean pt of the softest jet", np.mean(some(ak.min(JET["pt"], axis=1)))),
    ("How many events are there?", N),
    ("n events", N),
    ("How many events have mu1_pt above 30 GeV?", np.sum(F["mu1_pt"] > 30)),
    ("Please tell me how many events there are with met > 20 GeV in events.root.", np.sum(F["met"] > 20)),
    ("number of events with 20 < met < 40", np.sum((F["met"] > 20) & (F["met"] < 40))),
    ("How many events have dimu_mass between 80 and 100 GeV?", np.sum((F["dimu_mass"] > 80) & (F["dimu_mass"] < 100))),
    ("Count the events whose dimu_mass is within 10 GeV of 91.2 GeV.", np.sum(abs(F["dimu_mass"] - 91.2) < 10)),
    ("How many events have mu1_pt above 30 or mu2_pt above 20?", np.sum((F["mu1_pt"] > 30) | (F["mu2_pt"] > 20))),
    (
        "events passing HLT_mu24 and with missing transverse energy over 30 GeV",
        np.sum((F["HLT_mu24"] > 0) & (F["met"] > 30)),
    ),
    ("How many events did not fire HLT_mu24?", np.sum(F["HLT_mu24"] == 0)),
    ("In how many events do the two muons have opposite charge?", np.sum(OPPOSITE)),
    ("How many events does run 3 have?", np.sum(F["run"] == 3)),
    ("How many different runs are there?", len(np.unique(F["run"]))),
    ("Which run has the most events?", np.bincount(F["run"]).argmax()),
    # fractions
    ("What fraction of events have |mu1_eta| < 1.2?", np.mean(np.abs(F["mu1_eta"]) < 1.2)),
    ("What percentage of the events has mu1_pt > 50?", 100 * np.mean(F["mu1_pt"] > 50)),
    ("Among the opposite-sign events, what fraction is signal?", np.mean(F["isSignal"][OPPOSITE] > 0)),
    ("Trigger study: efficiency of HLT_mu24 for events with mu1_pt > 26 GeV", np.mean(F["HLT_mu24"][F["mu1_pt"] > 26])),
    ("fraction of background events with met below 15", np.mean((F["met"] < 15)[F["isSignal"] == 0])),
    # one number of many
    ("Mean of dimu_mass for events with opposite-sign muons", np.mean(F["dimu_mass"][OPPOSITE])),
    ("What is the 90th percentile of mu1_pt?", np.percentile(F["mu1_pt"], 90)),
    ("What is the correlation between mu1_pt and mu2_pt?", np.corrcoef(F["mu1_pt"], F["mu2_pt"])[0, 1]),
    ("median mu2_pt of events that fired HLT_mu24", np.median(F["mu2_pt"][F["HLT_mu24"] > 0])),
    ("average of log10(met), please", np.mean(np.log10(F["met"]))),
    ("standard deviation of the ratio of mu1_pt to mu2_pt", np.std(F["mu1_pt"] / F["mu2_pt"])),
    ("mean of (mu1_pt - mu2_pt) / (mu1_pt + mu2_pt)", np.mean((F["mu1_pt"] - F["mu2_pt"]) / (F["mu1_pt"] + F["mu2_pt"]))),
    ("Mean of met weighted by evt_weight", np.sum(F["met"] * F["evt_weight"]) / np.sum(F["evt_weight"])),
    ("sum of the event weights for signal events", np.sum(F["evt_weight"][F["isSignal"] > 0])),
    ("What is the mean of the 5 largest values of met?", np.mean(np.sort(F["met"])[-5:])),
    ("What is the mean missing transverse energy in MeV? The file is in GeV.", 1000 * np.mean(F["met"])),
    ("mean tof_ns in us", np.mean(F["tof_ns"]) / 1000),
    ("Average tof_ns, but leave out the events without a measurement (-999)", np.mean(F["tof_ns"][F["tof_ns"] != -999])),
    ("median chi2, ignoring NaN values", np.nanmedian(F["chi2"])),
    ("How many events have no value for chi2?", np.sum(np.isnan(F["chi2"]))),
    (
        "By how much is the mean met of signal events larger than that of background events?",
        np.mean(F["met"][F["isSignal"] > 0]) - np.mean(F["met"][F["isSignal"] == 0]),
    ),
    (
        "Ratio of the number of events with met > 40 to that with met > 20",
        np.sum(F["met"] > 40) / np.sum(F["met"] > 20),
    ),
    (
        "Histogram dimu_mass with 20 bins from 60 to 120 GeV. What is the centre of the highest bin?",
        (EDGES[HISTOGRAM.argmax()] + EDGES[HISTOGRAM.argmax() + 1]) / 2,
    ),
    # two particles
    ("median invariant mass of the two muons", np.median(MASS)),
    ("How many events have a dimuon mass above 100 GeV?", np.sum(F["dimu_mass"] > 100)),  # the file has it
    ("mean transverse mass of mu1 and the missing energy", np.mean(MT)),
    ("mean |delta phi| between mu1 and mu2", np.mean(delta_phi(F["mu1_phi"], F["mu2_phi"]))),
    ("Events where both muons have pt above 20 GeV: how many?", np.sum((F["mu1_pt"] > 20) & (F["mu2_pt"] > 20))),
    # objects
    ("How many jets are there in total?", ak.sum(COUNTS)),
    ("How many events have at least two jets?", np.sum(COUNTS >= 2)),
    ("How many events have no jets at all?", np.sum(COUNTS == 0)),
    ("nr of evts w/ >=2 jets with pt over 40 GeV", np.sum(ak.sum(JET["pt"] > 40, axis=1) >= 2)),
    ("How many jets with pt above 40 GeV and |eta| < 2 are there?", ak.sum((JET["pt"] > 40) & (abs(JET["eta"]) < 2))),
    ("Count the events with exactly one jet with pt > 50", np.sum(ak.sum(JET["pt"] > 50, axis=1) == 1)),
    ("Count the jets passing tightId with btagDeepB above 0.5", ak.sum((JET["tightId"] > 0) & (JET["btagDeepB"] > 0.5))),
    (
        "How many events have at least one jet and only jets with |eta| below 2?",
        np.sum(ak.all(abs(JET["eta"]) < 2, axis=1) & (COUNTS >= 1)),
    ),
    (
        "How many events have at least one b-tagged jet? A jet counts as b-tagged if its btagDeepB is above 0.8.",
        np.sum(ak.any(JET["btagDeepB"] > 0.8, axis=1)),
    ),
    ("What share of all jets has a pt above 30 GeV?", np.mean(ak.flatten(JET["pt"]) > 30)),
    ("What is the mean pt of the jets?", np.mean(ak.flatten(JET["pt"]))),
    ("mean jet pt in events with met above 20", np.mean(ak.flatten(JET["pt"][F["met"] > 20]))),
    ("What is the mean pt of the leading jet?", np.mean(some(LEADING))),
    ("median eta of the subleading jet in events with at least two jets", np.median(some(SORTED["eta"][:, 1]))),
    ("How many events have a leading jet with pt above 60 GeV?", np.sum(some(LEADING) > 60)),
    ("What is the average number of jets per event?", np.mean(COUNTS)),
    ("What is the largest jet pt in the sample?", np.max(ak.flatten(JET["pt"]))),
    ("How many jet pairs have delta R below 1?", ak.sum(ALL_APART < 1)),
    ("mean delta R of all jet pairs", np.mean(ak.flatten(ALL_APART))),
    ("How many pairs of jets are there in total?", ak.sum(ak.num(ALL_APART))),
    ("Which jet tightId has the most jets?", np.bincount(ak.to_numpy(ak.flatten(JET["tightId"]))).argmax()),
    ("In events with exactly two jets, what is the mean |delta phi| between them?", np.mean(some(BETWEEN_TWO))),
    ("mean met, using only those between 10 and 40 GeV", np.mean(F["met"][(F["met"] > 10) & (F["met"] < 40)])),
    (
        "How many events have at least two tight jets? A tight jet has btagDeepB > 0.5 and pt > 20 GeV.",
        np.sum(ak.sum((JET["btagDeepB"] > 0.5) & (JET["pt"] > 20), axis=1) >= 2),
    ),
    ("What is the mean delta R between the two leading jets?", np.mean(some(JETS_APART))),
    ("Mean HT, HT being the scalar sum of the pt of jets with pt > 30 GeV and |eta| < 2.4", np.mean(HT)),
    (
        "number of events with at least two jets but no jet with pt above 80",
        np.sum((COUNTS >= 2) & ~ak.any(JET["pt"] > 80, axis=1)),
    ),
]
NOT_WHOLE = [
    # what is left out could choose
    "Signal: mean met",
    "Dimuon channel: how many events have met above 50 GeV?",
    "What is the mean tof_ns (magnitude)?",
    "How many jets (isolated) have pt above 20 GeV?",
    "What is the mean met? Note that only events with HLT_mu24 count.",
    "What is the mean met for the same-sign region?",
    "How many events are there, with weights applied?",
    "What is the mean pt of the leading jet? Events without a jet count as zero.",
    "mean met without cuts on mu1_pt above 20",
    "What is the mean squared missing energy (met)?",
    "How many triggered events (met > 50) are there? Use each trigger.",
    "Mean met, and tell me the number of events",
    "What is the mean met? Only those with tof_ns being -999.",
    "Mean tof_ns; do not skip the -999 values.",
    # what belongs together is open
    "How many events have no jets or mu1_pt above 20 GeV?",
    "How many events did not fire HLT_mu24 and have met above 20?",
    "met above 50 GeV and mu1_pt above 20 or mu2_pt above 20: how many events?",
    "How many events have at least two jets or muons?",
    "How many events have run between 2 and 4?",
    "How many events have isSignal and HLT_mu24 false?",
    "How many events have Jet_pt above 50 and Jet_eta below 1?",
    "How many events have exactly two jets? Use only jets with pt above 30 GeV.",
    "mean met for jets with pt above 30 GeV",
    # another question
    "Is the mean met larger than 50?",
    "mean met of signal events compared to background events",
    "mean met of signal events, as well as background",
    "What is the mean pt of the two leading jets?",
    "mean pt of both muons",
    "What is the truncated mean of mu1_pt?",
    "How many events have two muons with an isolation below 0.1?",
    "For each run, how many events have mu1_pt above 30?",
    "What is the geometric mean of mu1_pt?",
    "mean of mu1_pt excluding zeros",
    "What is the mean of mu1_pt in the first half of the events?",
    "mean of the squares of mu1_pt",
    "What is the mean of mu1_pt in light years?",
    "How many events have good jets?",
    "fit a Gaussian to dimu_mass and give its width",
    "What is the mean of mu1_pt in MeV for events with mu2_pt above 20 GeV when smeared?",
    "Write f(x): x.",
    "",
]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DataSummary:
    path = tmp_path_factory.mktemp("reading") / "events.root"
    with uproot.recreate(path) as file:
        kinds = {name: np.asarray(values).dtype for name, values in F.items()}
        file.mktree("events", {**kinds, **{f"Jet_{name}": values.type.content for name, values in JET.items()}})
        file["events"].extend({**F, **{f"Jet_{name}": values for name, values in JET.items()}})
    return summarise(path)


@pytest.fixture(scope="module")
def printed(data: DataSummary, sandbox: Sandbox) -> dict[str, str]:
    return outputs_of((text for text, _ in REQUESTS), data, sandbox)


@pytest.mark.parametrize(("text", "expected"), REQUESTS, ids=[r for r, _ in REQUESTS])
def test_what_is_understood_is_right(text: str, expected: float, data: DataSummary, printed: dict[str, str]) -> None:
    found = read_program(text, data.tables[0], size)
    assert found is not None
    assert found.whole, (found.unread, found.body)
    assert list(metrics_in(printed[text]).values()) == [pytest.approx(float(expected), rel=1e-5)], (
        found.body,
        printed[text],
    )


@pytest.mark.parametrize("text", NOT_WHOLE)
def test_what_is_not_understood_is_not_called_whole(text: str, data: DataSummary) -> None:
    found = read_program(text, data.tables[0], size)
    assert found is None or not found.whole, found


def test_words_that_were_passed_over_are_told(data: DataSummary) -> None:
    found = read_program("How many events have a marvellous mu1_pt above 30 GeV?", data.tables[0], size)
    assert found is not None
    assert (found.unread, found.whole, found.nearly) == (("marvellous",), False, True)


@pytest.mark.parametrize("text", ["mean of the first mu1_pt", "How many events have mu1_pt above 30 and not 7?"])
def test_words_that_matter_are_not_passed_over_lightly(text: str, data: DataSummary) -> None:
    found = read_program(text, data.tables[0], size)
    assert found is None or not found.nearly


def test_units_are_converted_where_the_numbers_tell_the_files_unit(data: DataSummary) -> None:
    found = read_program(
        "How many events have met above 30 GeV?", data.tables[0], lambda columns: dict.fromkeys(columns, 30_000.0)
    )
    assert found is not None
    assert found.whole
    assert 'events["met"] > 30000' in found.body


def test_a_unit_that_nothing_tells_is_a_guess(data: DataSummary) -> None:
    found = read_program("How many events have met above 30 GeV?", data.tables[0])
    assert found is not None
    assert not found.whole


def test_the_name_of_the_metric_is_taken(data: DataSummary) -> None:
    found = read_program("How many events have met above 30 GeV? Report it as n_high_met.", data.tables[0], size)
    assert found is not None
    assert found.whole
    assert "METRIC: n_high_met=" in found.body


WORDS_TEXT = (
    "mean fraction how many events jets pt eta above below 30 2.4 mu1_pt with and | < of the leading two in no not / ("
)
WORDS = WORDS_TEXT.split()


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60) | st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join))
def test_any_text_gives_a_program_that_parses_or_none(text: str) -> None:
    columns = [Column(name=n, type="float") for n in F]
    columns += [Column(name=n, type="float", shape="jagged") for n in ("Jet_pt", "Jet_eta")]
    found = read_program(text, Table(name="events", columns=tuple(columns), entries=N))
    assert found is None or parses(found.body)


def test_a_long_request_is_given_up_rather_than_waited_for(data: DataSummary) -> None:
    conditions = ["mu1_pt above 30 GeV", "at least two jets with pt over 40"]
    short, long = ("How many events have " + " and ".join(conditions * times) for times in (2, 9))
    assert read_program(short, data.tables[0]) is not None
    assert read_program(long, data.tables[0]) is None
    assert read_program("word " * 200, data.tables[0]) is None


@pytest.mark.parametrize(
    ("said", "pairs"), [("opposite-sign", 2), ("opposite-sign same-flavour", 1), ("same-sign same-flavour", 0)]
)
def test_pairs_of_one_flavour_are_asked_for_charge_and_flavour(
    tmp_path: Path, sandbox: Sandbox, said: str, pairs: int
) -> None:
    """Of e- mu- mu+ two pairs are of opposite charge, and one of these is of one flavour."""
    path = tmp_path / "leptons.root"
    with uproot.recreate(path) as file:
        kinds = {"Lepton_pt": "var * float64", "Lepton_charge": "var * int32", "Lepton_pdgId": "var * int32"}
        file.mktree("Events", kinds)
        rows = {"Lepton_pt": [[30.0, 20.0, 10.0]], "Lepton_charge": [[-1, -1, 1]], "Lepton_pdgId": [[11, 13, -13]]}
        file["Events"].extend(
            {n: ak.values_astype(ak.Array(v), np.float64 if n == "Lepton_pt" else np.int32) for n, v in rows.items()}
        )
    data = summarise(path)
    found = read_program(f"How many {said} lepton pairs are there?", data.tables[0], size)
    assert found is not None
    run = sandbox.run(Program(source=f"{preamble(data, data.tables[0], wide=False)}\n{found.body}"), [path])
    assert run.ok, run.error
    assert [float(v) for v in re.findall(r"METRIC: \w+=(\S+)", run.stdout)] == [pairs]
