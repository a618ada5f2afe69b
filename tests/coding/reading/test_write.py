"""Programs by rules: right where there is one, and none where any part of a request is not understood."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot
from hypothesis import given, settings
from hypothesis import strategies as st

from summaries import summarise
from treadle.coding.expectations import metrics_in
from treadle.coding.extract import parses
from treadle.coding.reading import program_by_rules
from treadle.coding.reading.catalogue import Catalogue
from treadle.errors import SandboxRefusedError
from treadle.prompts import preamble
from treadle.sandbox import Sandbox, open_sandbox
from treadle.types import Column, DataSummary, Program, Table

RNG = np.random.default_rng(7)
N = 400
FLAT = {
    "mu1_pt": RNG.exponential(30, N) + 5,
    "mu1_eta": RNG.normal(0, 1.5, N),
    "mu1_q": RNG.choice([-1, 1], N),
    "mu2_pt": RNG.exponential(20, N) + 5,
    "mu2_q": RNG.choice([-1, 1], N),
    "dimu_mass": RNG.normal(90, 12, N),
    "HLT_mu24": RNG.integers(0, 2, N),
}
JET_PT = ak.Array([RNG.exponential(40, n) + 10 for n in RNG.poisson(2.5, N)])
JET_ETA = ak.Array([RNG.normal(0, 1.8, n) for n in ak.num(JET_PT)])
F = FLAT
LEADING = ak.max(JET_PT, axis=1)
REQUESTS: list[tuple[str, float]] = [
    ("How many events are there?", N),
    ("How many events have mu1_pt above 30 GeV?", np.sum(F["mu1_pt"] > 30)),
    ("How many events have dimu_mass between 80 and 100 GeV?", np.sum((F["dimu_mass"] > 80) & (F["dimu_mass"] < 100))),
    ("What fraction of events have |mu1_eta| < 1.2?", np.mean(np.abs(F["mu1_eta"]) < 1.2)),
    ("What percentage of the events has mu1_pt > 50?", 100 * np.mean(F["mu1_pt"] > 50)),
    ("Mean of dimu_mass for events with opposite-sign muons", np.mean(F["dimu_mass"][F["mu1_q"] * F["mu2_q"] < 0])),
    ("What is the 90th percentile of mu1_pt?", np.percentile(F["mu1_pt"], 90)),
    ("What is the correlation between mu1_pt and mu2_pt?", np.corrcoef(F["mu1_pt"], F["mu2_pt"])[0, 1]),
    ("median mu2_pt of events that fired HLT_mu24", np.median(F["mu2_pt"][F["HLT_mu24"] > 0])),
    ("How many events have at least two jets?", np.sum(ak.num(JET_PT) >= 2)),
    ("How many jets with pt above 40 GeV and |eta| < 2 are there?", ak.sum((JET_PT > 40) & (abs(JET_ETA) < 2))),
    ("Count the events with exactly one jet with pt > 50", np.sum(ak.sum(JET_PT > 50, axis=1) == 1)),
    ("What is the mean pt of the jets?", np.mean(ak.flatten(JET_PT))),
    ("What is the mean pt of the leading jet?", np.mean(ak.drop_none(LEADING))),
    ("What is the average number of jets per event?", np.mean(ak.num(JET_PT))),
    ("What is the largest jet pt in the sample?", np.max(ak.flatten(JET_PT))),
]
UNREAD = [
    "What is the mean delta R between the two leading jets?",
    "What is the weighted mean of mu1_pt?",
    "How many events have two muons with an isolation below 0.1?",
    "Histogram dimu_mass with 40 bins from 60 to 120 and give the centre of the highest bin.",
    "For each run, how many events have mu1_pt above 30?",
    "How many events have mu1_pt above 30 or mu2_pt above 20?",
    "What is the mean of mu1_pt in MeV for events with mu2_pt above 20 GeV?",
    "What is the geometric mean of mu1_pt?",
    "mean of mu1_pt, truncated at the tails",
    "What is the mean of mu1_pt in TeV?",
    "mean of mu1_pt excluding zeros",
    "What is the mean of mu1_pt in the first half of the events?",
    "mean of the squares of mu1_pt",
    "What is the logarithm of the mean of mu1_pt?",
    "What is the mean pt of the two leading jets?",
    "Write f(x): x.",
    "",
]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DataSummary:
    path = tmp_path_factory.mktemp("reading") / "events.root"
    with uproot.recreate(path) as file:
        kinds = {name: np.asarray(values).dtype for name, values in FLAT.items()}
        file.mktree("events", {**kinds, "Jet_pt": "var * float64", "Jet_eta": "var * float64"})
        file["events"].extend({**FLAT, "Jet_pt": JET_PT, "Jet_eta": JET_ETA})
    return summarise(path)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    try:
        opened = open_sandbox()
    except SandboxRefusedError as error:
        pytest.skip(str(error))
    with closing(opened):
        yield opened


@pytest.mark.parametrize(("request_text", "expected"), REQUESTS, ids=[r for r, _ in REQUESTS])
def test_what_is_understood_is_right(request_text: str, expected: float, data: DataSummary, sandbox: Sandbox) -> None:
    body = program_by_rules(request_text, data.tables[0])
    assert body is not None
    run = sandbox.run(Program(source=preamble(data, data.tables[0], wide=False) + body), [Path(data.path)])
    assert run.ok, (body, run.error)
    assert list(metrics_in(run.stdout).values()) == [pytest.approx(float(expected), rel=1e-6)]


@pytest.mark.parametrize("request_text", UNREAD)
def test_what_is_not_understood_has_no_program(request_text: str, data: DataSummary) -> None:
    assert program_by_rules(request_text, data.tables[0]) is None


WORDS = (
    "mean",
    "fraction",
    "how many",
    "events",
    "jets",
    "pt",
    "eta",
    "above",
    "below",
    "30",
    "2.4",
    "mu1_pt",
    "with",
    "and",
    "|",
    "<",
)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60) | st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join))
def test_any_text_gives_a_program_that_parses_or_none(text: str) -> None:
    columns = [Column(name=n, type="float") for n in FLAT]
    columns += [Column(name=n, type="float", shape="jagged") for n in ("Jet_pt", "Jet_eta")]
    body = program_by_rules(text, Table(name="events", columns=tuple(columns), entries=N))
    assert body is None or parses(body)


@pytest.mark.parametrize(
    ("column", "whose", "index", "what"),
    [
        ("Muon_pt", "muon", "", "pt"),
        ("tau1_q", "tau", "1", "charge"),
        ("px2", "", "2", "px"),
        ("K_PX", "kaon", "", "px"),
        ("jet_e", "jet", "", "energy"),
        ("M", "", "", "mass"),
        ("K_IPCHI2", "", "", "ipchi"),
    ],
)
def test_columns_become_quantities(column: str, whose: str, index: str, what: str) -> None:
    (found,) = Catalogue(Table(name="t", columns=(Column(name=column, type="float"),))).quantities
    assert (found.whose, found.index, found.what) == (whose, index, what)
