"""Constructs beyond one sentence of counts and means: each program is run on a small file and held against plain arrays."""

from __future__ import annotations

import itertools

import awkward as ak
import numpy as np
import pytest
import uproot

from read_programs import outputs_of, size
from summaries import summarise
from treadle.coding.expectations import metrics_in
from treadle.coding.reading import read_program
from treadle.sandbox import Sandbox
from treadle.types import DataSummary

RNG = np.random.default_rng(11)
N = 300
F = {
    "run": RNG.integers(1, 5, N),
    "evt": RNG.integers(1, 30, N),
    "bdt": RNG.uniform(-1, 1, N),
    "mass": RNG.normal(90, 10, N),
    "met": RNG.exponential(30, N) + 1,
    "time_s": RNG.uniform(0, 100, N),
    "trigger_mask": RNG.integers(0, 8, N),
    "q_left": RNG.exponential(5, N),
    "q_right": RNG.exponential(5, N),
    "isSignal": RNG.integers(0, 2, N),
    "decay_us": np.where(RNG.random(N) < 0.3, np.nan, RNG.exponential(2, N)),
}


def lists(mean: float) -> dict[str, ak.Array]:
    counts = RNG.poisson(mean, N)
    draw = {
        "pt": lambda n: RNG.exponential(30, n) + 5,
        "eta": lambda n: RNG.normal(0, 1, n),
        "phi": lambda n: RNG.uniform(-np.pi, np.pi, n),
        "mass": lambda n: RNG.uniform(0.1, 1, n),
    }
    return {name: ak.Array([one(n) for n in counts]) for name, one in draw.items()}


JET, LEP = lists(3.0), lists(2.5)
LEP["charge"] = ak.Array([RNG.choice([-1, 1], len(x)) for x in LEP["pt"]])
LEP["type"] = ak.Array([RNG.choice([11, 13], len(x)) for x in LEP["pt"]])


def apart(i: int, jet: int, lep: int) -> float:
    deta = JET["eta"][i][jet] - LEP["eta"][i][lep]
    dphi = (JET["phi"][i][jet] - LEP["phi"][i][lep] + np.pi) % (2 * np.pi) - np.pi
    return float(np.hypot(deta, dphi))


def near(within: float, least: float = 0.0) -> list[list[bool]]:
    """Of each jet whether a lepton above ``least`` is near."""
    leptons = [[k for k, pt in enumerate(LEP["pt"][i]) if pt > least] for i in range(N)]
    return [[any(apart(i, j, k) < within for k in leptons[i]) for j in range(len(JET["pt"][i]))] for i in range(N)]


def momentum(o: dict[str, ak.Array], i: int, k: int) -> np.ndarray:
    pt, eta, phi, mass = (o[name][i][k] for name in ("pt", "eta", "phi", "mass"))
    energy = np.sqrt((pt * np.cosh(eta)) ** 2 + mass**2)
    return np.array([energy, pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)])


def mass_of(vector: np.ndarray) -> float:
    return float(np.sqrt(max(vector[0] ** 2 - np.sum(vector[1:] ** 2), 0.0)))


def best_pairs(target: float) -> list[float]:
    """Of each event the mass of the pair of opposite charge that is nearest to ``target``."""
    found = []
    for i in range(N):
        n = len(LEP["pt"][i])
        masses = [
            mass_of(momentum(LEP, i, a) + momentum(LEP, i, b))
            for a in range(n)
            for b in range(a + 1, n)
            if LEP["charge"][i][a] * LEP["charge"][i][b] < 0
        ]
        found += [min(masses, key=lambda m: abs(m - target))] if masses else []
    return found


NEAR = near(0.4)
NUMBERS = np.array([len(x) for x in JET["pt"]])
LEADING = [sorted(range(n), key=lambda k, i=i: -JET["pt"][i][k])[:3] for i, n in enumerate(NUMBERS)]
PAIR_MASSES = [mass_of(momentum(JET, i, k[0]) + momentum(JET, i, k[1])) for i, k in enumerate(LEADING) if len(k) > 1]
THREE = [mass_of(sum(momentum(JET, i, k) for k in range(3))) for i in range(N) if NUMBERS[i] == 3]
SUMS = [[sum(momentum(JET, i, k) for k in ks) for ks in itertools.combinations(range(n), 3)] for i, n in enumerate(NUMBERS)]
TRIJETS = [mass_of(max(sums, key=lambda p: np.hypot(p[1], p[2]))) for sums in SUMS if sums]
PER_EVENT = {key: [i for i in range(N) if (F["run"][i], F["evt"][i]) == key] for key in zip(F["run"], F["evt"], strict=True)}
BEST_ROWS = [max(rows, key=lambda i: F["bdt"][i]) for rows in PER_EVENT.values()]
HIGH = JET["pt"] > 30
ASYMMETRY = (F["q_left"] - F["q_right"]) / (F["q_left"] + F["q_right"])

REQUESTS: list[tuple[str, float | dict[str, float]]] = [
    # formulas and names of values
    ("mean of (q_left - q_right) / (q_left + q_right)", np.mean(ASYMMETRY)),
    ("With R = (q_left - q_right)/(q_left + q_right), how many events have |R| < 0.1?", np.sum(abs(ASYMMETRY) < 0.1)),
    ("What is the mean of ST, where ST is the sum of q_left and q_right?", np.mean(F["q_left"] + F["q_right"])),
    ("How many events have q_left/q_right > 1/3?", np.sum(F["q_left"] / F["q_right"] > 1 / 3)),
    ("mean of sqrt(q_left^2 + q_right^2)", np.mean(np.hypot(F["q_left"], F["q_right"]))),
    # objects near others
    ("How many jets are within delta R < 0.4 of any lepton?", sum(map(sum, NEAR))),
    (
        "Remove every jet that lies within delta R < 0.4 of any lepton. How many jets with pt > 30 GeV are left?",
        sum(not close and pt > 30 for i in range(N) for close, pt in zip(NEAR[i], JET["pt"][i], strict=True)),
    ),
    ("How many jets are within delta R < 0.4 of any lepton with pt above 20 GeV?", sum(map(sum, near(0.4, 20)))),
    ("In how many events is no jet within delta R < 0.4 of any lepton?", sum(not any(x) for x in NEAR)),
    (
        "How many events have at least two jets with delta R > 0.4 to all leptons?",
        sum(sum(not close for close in x) >= 2 for x in NEAR),
    ),
    # pairs and systems
    ("Median mass of the opposite-sign lepton pair with the mass closest to 91.2 GeV", np.median(best_pairs(91.2))),
    (
        "Choose the opposite-sign lepton pair with mass closest to 91.2 GeV. What is the mean of its mass?",
        np.mean(best_pairs(91.2)),
    ),
    ("mean three-jet invariant mass in events with exactly three jets", np.mean(THREE)),
    ("Mean invariant mass of the three jets whose vector sum has the largest pt", np.mean(TRIJETS)),
    ("Take the two leading jets and compute the mean of their invariant mass.", np.mean(PAIR_MASSES)),
    ("Take the leading jet. What is its mean pt?", np.mean([max(x) for x in JET["pt"] if len(x)])),
    (
        "In events with at least two jets with pt > 30 GeV, what is the mean pt of these jets?",
        np.mean(ak.flatten(JET["pt"][HIGH][ak.sum(HIGH, axis=1) >= 2])),
    ),
    ("How many electrons are there? They have lep_type 11.", int(ak.sum(LEP["type"] == 11))),
    ("How many events have two electrons (lep_type 11)?", int(ak.sum(ak.sum(LEP["type"] == 11, axis=1) == 2))),
    # groups of rows
    ("How many different combinations of run and evt are there?", len(PER_EVENT)),
    ("How many distinct events are there? An event is one pair of run and evt.", len(PER_EVENT)),
    (
        "How many events have more than two candidates (events are identified by run and evt)?",
        sum(len(rows) > 2 for rows in PER_EVENT.values()),
    ),
    ("What is the largest number of candidates in a single run?", max(np.bincount(F["run"]))),
    ("Which run has the highest mean bdt?", max(range(1, 5), key=lambda r: np.mean(F["bdt"][F["run"] == r]))),
    ("mean over run of the median bdt per run", np.mean([np.median(F["bdt"][F["run"] == r]) for r in range(1, 5)])),
    (
        "Keep only one candidate per event, the one with the highest bdt (events are identified by run and evt). "
        "What is the mean of mass?",
        np.mean(F["mass"][BEST_ROWS]),
    ),
    # several numbers
    ("mean and standard deviation of bdt for signal events", dict(zip(("mean", "std"), (np.mean, np.std), strict=True))),
    ("sum of met for signal events and for background events, called s and b", {}),
    # what fewer ask
    ("How many events have bit 2 (the one worth 4) set in trigger_mask?", np.sum(F["trigger_mask"] & 4 > 0)),
    ("How many events have bit 1 of trigger_mask not set?", np.sum(F["trigger_mask"] & 2 == 0)),
    (
        "What is the median time between consecutive events in run 2?",
        np.median(np.diff(np.sort(F["time_s"][F["run"] == 2]))),
    ),
    ("In how many events was a decay time measured?", np.sum(~np.isnan(F["decay_us"]))),
    ("How many events have a measured decay time above 2 us?", np.sum(F["decay_us"] > 2)),
    ("Above which bdt value do we keep just 10% of the background events?", np.percentile(F["bdt"][F["isSignal"] == 0], 90)),
]
SIGNAL = F["isSignal"] == 1
SEVERAL = {
    "mean and standard deviation of bdt for signal events": {
        "mean": np.mean(F["bdt"][SIGNAL]),
        "std": np.std(F["bdt"][SIGNAL]),
    },
    "sum of met for signal events and for background events, called s and b": {
        "s": np.sum(F["met"][SIGNAL]),
        "b": np.sum(F["met"][~SIGNAL]),
    },
}
NOT_WHOLE = [
    # near all of several, far from one of them, of itself
    "How many jets within delta R < 0.4 of every lepton are there?",
    "How many jets with delta R > 0.4 to at least one lepton are there?",
    "How many jets are more than 0.4 in delta R away from a lepton?",
    "How many jets within delta R < 0.4 of any jet are there?",
    "Remove every jet within delta R < 0.4 of any lepton. How many jets are removed?",
    "Remove every jet within delta R < 0.4 of any lepton. How many leptons are left?",
    "Keep every jet within delta R < 0.4 of any lepton. How many jets are left?",
    "Keep every jet with pt above 30 GeV. How many jets are left?",
    "In events with at least four jets above 30 GeV, take among the jets the three whose summed four-momentum has the "
    "largest pt. Mean of their invariant mass?",
    "Median pt of the three jets whose vector sum has the largest pt",
    # whose it is
    "Take the two leading jets. What is their mean pt?",
    "Take the two leading jets. What is the mean of their pt?",
    "In events with no jets with pt > 30 GeV, what is the mean pt of these jets?",
    "Mean pt of these jets",
    "How many electrons are there?",
    "How many electrons are there? They have lep_type 13.",
    "mean three-jet invariant mass",
    "mean invariant mass of all jets",
    # groups
    "How many events have more than one candidate?",
    "mean number of candidates with bdt > 0.5 per run",
    "How many runs have fewer than 20 candidates with bdt > 0.5?",
    "Which two runs have the most candidates?",
    "Keep only one candidate per run, a random one. What is the mean mass?",
    "For candidates with met > 30 GeV, keep only one candidate per run, the one with the highest bdt. Mean mass?",
    # names, formulas, several
    "With x = met / 2, what is the mean of y?",
    "How many events have x > 20 where x is the met in MeV?",
    "mean of log(met)",
    "mean of met - 10 GeV",
    "mean or median of met",
    "mean and standard deviation of met for signal and background",
    # the rest
    "How many events have bits 1 and 2 set in trigger_mask?",
    "How many events have bit 3 (the one worth 4) set in trigger_mask?",
    "Above which bdt value do we reject 10% of the events?",
]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> DataSummary:
    path = tmp_path_factory.mktemp("constructs") / "tree.root"
    jagged = {f"jet_{k}": v for k, v in JET.items()} | {f"lep_{k}": v for k, v in LEP.items()}
    with uproot.recreate(path) as file:
        kinds = {name: np.asarray(values).dtype for name, values in F.items()}
        file.mktree("tree", {**kinds, **{name: values.type.content for name, values in jagged.items()}})
        file["tree"].extend({**F, **jagged})
    return summarise(path)


@pytest.fixture(scope="module")
def printed(data: DataSummary, sandbox: Sandbox) -> dict[str, str]:
    return outputs_of((text for text, _ in REQUESTS), data, sandbox)


@pytest.mark.parametrize(("text", "expected"), REQUESTS, ids=[r for r, _ in REQUESTS])
def test_what_is_understood_is_right(
    text: str, expected: float | dict[str, float], data: DataSummary, printed: dict[str, str]
) -> None:
    found = read_program(text, data.tables[0], size)
    assert found is not None
    assert found.whole, (found.unread, found.body)
    metrics = metrics_in(printed[text])
    if isinstance(expected, dict):
        assert metrics == pytest.approx(SEVERAL[text], rel=1e-5)
    else:
        assert list(metrics.values()) == [pytest.approx(float(expected), rel=1e-5)], (found.body, printed[text])


@pytest.mark.parametrize("text", NOT_WHOLE)
def test_what_may_be_meant_otherwise_is_not_called_whole(text: str, data: DataSummary) -> None:
    found = read_program(text, data.tables[0], size)
    assert found is None or not found.whole, found
