"""The expected values of the data examples, computed a second time by plain Python loops over the same files.

Nothing here uses awkward or vector: rows are dictionaries of numbers and lists. An example that has no function here is
listed in ``NOT_REPEATED``, with the reason.
"""

from __future__ import annotations

import itertools
import math
import statistics
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from treadle.retrieval import builtin_packs
from treadle.types import Example

PACK = next(pack for pack in builtin_packs() if pack.name == "scikit-hep")
BY_ID = {example.id: example for example in PACK.examples}
Rows = list[dict[str, Any]]
Compute = Callable[[Rows], dict[str, float]]
FUNCTIONS: dict[str, Compute] = {}
NOT_REPEATED = {"linear_slope": "a fit", "histogram_with_hist": "as histogram_largest_content"}
MUON_MASS = 0.10566


@cache
def rows_of(data: str) -> Rows:
    uproot = pytest.importorskip("uproot", reason="reading ROOT files needs treadle[hep]")
    with uproot.open(PACK.folder / "data" / data) as file:
        columns = file[file.keys()[0]].arrays(library="np")
    lists = {name: [v.tolist() for v in values] for name, values in columns.items()}
    return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]


def gives(**metrics: Callable[[Rows], float]) -> Compute:
    return lambda rows: {name: float(compute(rows)) for name, compute in metrics.items()}


def mean(values: Any) -> float:
    return statistics.fmean(list(values))


def std(values: Any) -> float:
    return statistics.pstdev(list(values))


def count(rows: Rows, condition: Callable[[dict[str, Any]], bool]) -> int:
    return sum(1 for row in rows if condition(row))


def share(rows: Rows, condition: Callable[[dict[str, Any]], bool]) -> float:
    return count(rows, condition) / len(rows)


def percentile(values: Any, percent: float) -> float:
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def correlation(rows: Rows, a: str, b: str) -> float:
    return statistics.correlation([float(r[a]) for r in rows], [float(r[b]) for r in rows])


def histogram(values: Any, bins: int, low: float, high: float, weights: Any = None) -> list[float]:
    contents = [0.0] * bins
    for value, weight in zip(values, weights or itertools.repeat(1.0)):  # noqa: B905
        if low <= value <= high:
            contents[min(int((value - low) / (high - low) * bins), bins - 1)] += weight
    return contents


def peak_centre(values: Any, bins: int, low: float, high: float) -> float:
    contents = histogram(values, bins, low, high)
    return low + (contents.index(max(contents)) + 0.5) * (high - low) / bins


def wrap(angle: float) -> float:
    return math.atan2(math.sin(angle), math.cos(angle))


def four(pt: float, eta: float, phi: float, mass: float) -> tuple[float, float, float, float]:
    px, py, pz = pt * math.cos(phi), pt * math.sin(phi), pt * math.sinh(eta)
    return math.sqrt(px**2 + py**2 + pz**2 + mass**2), px, py, pz


def pair_mass(a: tuple[float, ...], b: tuple[float, ...]) -> float:
    e, px, py, pz = (x + y for x, y in zip(a, b, strict=True))
    return math.sqrt(max(e**2 - px**2 - py**2 - pz**2, 0))


def flat_pair(row: dict[str, Any], mass: float = 0.0) -> float:
    return pair_mass(*(four(row[f"pt{i}"], row[f"eta{i}"], row[f"phi{i}"], mass) for i in (1, 2)))


def component_pair(row: dict[str, Any]) -> tuple[float, ...]:
    return tuple(row[f"{name}1"] + row[f"{name}2"] for name in ("E", "px", "py", "pz"))


def delta_r(eta1: float, phi1: float, eta2: float, phi2: float) -> float:
    return math.hypot(eta1 - eta2, wrap(phi1 - phi2))


def objects(row: dict[str, Any], prefix: str, *names: str) -> list[tuple[float, ...]]:
    return list(zip(*(row[f"{prefix}_{name}"] for name in names), strict=True))


def joined(rows: Rows, name: str) -> list[float]:
    return [value for row in rows for value in row[name]]


def nano_masses(row: dict[str, Any], opposite: bool) -> list[float]:
    muons = objects(row, "Muon", "pt", "eta", "phi", "charge")
    pairs = itertools.combinations(muons, 2)
    return [pair_mass(four(*a[:3], 0.0), four(*b[:3], 0.0)) for a, b in pairs if not opposite or a[3] != b[3]]


def z_mass(rows: Rows) -> float:
    return statistics.median(min(m, key=lambda x: abs(x - 91.2)) for r in rows if (m := nano_masses(r, opposite=True)))


def muon_jet_distances(row: dict[str, Any]) -> list[list[float]]:
    """For each jet its distances to all muons."""
    muons = objects(row, "Muon", "eta", "phi")
    return [[delta_r(*jet, *muon) for muon in muons] for jet in objects(row, "Jet", "eta", "phi")]


def jet_pts(row: dict[str, Any]) -> list[float]:
    return [math.hypot(px, py) for px, py in objects(row, "jet", "px", "py")]


def best_spill(rows: Rows) -> tuple[int, float]:
    means = {s: mean(r["n_hits"] for r in rows if r["spill"] == s) for s in {r["spill"] for r in rows}}
    best = max(means, key=lambda s: means[s])
    return best, means[best]


def both(row: dict[str, Any], pt: float) -> bool:
    return bool(row["pt1"] > pt and row["pt2"] > pt)


def transverse_mass(row: dict[str, Any]) -> float:
    dphi = row["Muon_phi"][0] - row["MET_phi"]
    return math.sqrt(2 * row["Muon_pt"][0] * row["MET_pt"] * (1 - math.cos(dphi)))


def good_muons(row: dict[str, Any]) -> int:
    return sum(1 for pt, eta in objects(row, "Muon", "pt", "eta") if pt > 20 and abs(eta) < 2.1)


def largest_2d(rows: Rows) -> int:
    inside = [r for r in rows if abs(r["x_mm"]) < 20 and abs(r["y_mm"]) < 20]
    return max(Counter((int((r["x_mm"] + 20) // 4), int((r["y_mm"] + 20) // 4)) for r in inside).values())


def outliers(values: list[float]) -> int:
    centre, width = mean(values), std(values)
    return sum(abs(value - centre) > 2 * width for value in values)


def opposite(row: dict[str, Any]) -> bool:
    return bool(row["Q1"] * row["Q2"] < 0)


def lost_in_b(row: dict[str, Any]) -> bool:
    return any(b > 0.6 for b in row["Jet_btag"])


def in_window(row: dict[str, Any], low: float, high: float) -> bool:
    return bool(low < row["M"] < high)


ENERGY = ("e_ecal", "e_hcal")

FUNCTIONS |= {
    # one value an event: two muons
    "count_events": gives(n_events=len),
    "mean_pt1": gives(mean_pt1=lambda d: mean(r["pt1"] for r in d)),
    "std_eta1": gives(std_eta1=lambda d: std(r["eta1"] for r in d)),
    "median_energy": gives(median_e1=lambda d: statistics.median(r["E1"] for r in d)),
    "percentile_pt2": gives(p90_pt2=lambda d: percentile([r["pt2"] for r in d], 90)),
    "cut_keeping_90_percent": gives(cut=lambda d: percentile([r["pt1"] for r in d], 10)),
    "min_max_mass": gives(min_m=lambda d: min(r["M"] for r in d), max_m=lambda d: max(r["M"] for r in d)),
    "count_pt1_cut": gives(n_pass=lambda d: count(d, lambda r: r["pt1"] > 40)),
    "count_both_muons_cut": gives(n_pass=lambda d: count(d, lambda r: both(r, 25))),
    "count_either_muon_cut": gives(n_pass=lambda d: count(d, lambda r: r["pt1"] > 45 or r["pt2"] > 45)),
    "count_mass_window": gives(n_window=lambda d: count(d, lambda r: in_window(r, 80, 100))),
    "fraction_mass_window": gives(fraction=lambda d: share(d, lambda r: in_window(r, 81, 101))),
    "count_abs_eta": gives(n_central=lambda d: count(d, lambda r: abs(r["eta1"]) < 1.5 and abs(r["eta2"]) < 1.5)),
    "efficiency_after_cut": gives(
        efficiency=lambda d: share([r for r in d if abs(r["eta1"]) < 2.4], lambda r: r["pt1"] > 30)
    ),
    "correlation_pt1_pt2": gives(correlation=lambda d: correlation(d, "pt1", "pt2")),
    "mean_difference": gives(mean_difference=lambda d: mean(r["pt1"] - r["pt2"] for r in d)),
    "mean_ratio": gives(mean_ratio=lambda d: mean(r["E2"] / r["E1"] for r in d)),
    "mean_in_selection": gives(mean_pt1=lambda d: mean(r["pt1"] for r in d if r["M"] > 70)),
    "peak_mean_in_window": gives(peak=lambda d: mean(r["M"] for r in d if in_window(r, 86, 96))),
    "opposite_sign_count": gives(n_opposite=lambda d: count(d, opposite)),
    "same_sign_fraction": gives(fraction=lambda d: share(d, lambda r: not opposite(r))),
    "charge_asymmetry": gives(asymmetry=lambda d: mean(r["Q1"] for r in d)),
    "pt_from_px_py": gives(mean_pt=lambda d: mean(math.hypot(r["px1"], r["py1"]) for r in d)),
    "momentum_magnitude": gives(max_p=lambda d: max(math.hypot(r["px2"], r["py2"], r["pz2"]) for r in d)),
    "eta_from_components": gives(
        mean_abs_eta=lambda d: mean(math.atanh(abs(r["pz1"]) / math.hypot(r["px1"], r["py1"], r["pz1"])) for r in d)
    ),
    "phi_from_components": gives(n_positive=lambda d: count(d, lambda r: r["py1"] > 0)),
    "mass_from_components": gives(mean_mass=lambda d: mean(pair_mass(component_pair(r), (0, 0, 0, 0)) for r in d)),
    "mass_from_pt_eta_phi": gives(median_mass=lambda d: statistics.median(flat_pair(r) for r in d)),
    "mass_with_vector": gives(mean_mass=lambda d: mean(flat_pair(r, MUON_MASS) for r in d)),
    "pair_pt": gives(mean_pair_pt=lambda d: mean(math.hypot(*component_pair(r)[1:3]) for r in d)),
    "pair_rapidity": gives(
        n_pass=lambda d: count(d, lambda r: abs(math.atanh(component_pair(r)[3] / component_pair(r)[0])) < 1)
    ),
    "delta_phi": gives(mean_dphi=lambda d: mean(abs(wrap(r["phi1"] - r["phi2"])) for r in d)),
    "delta_r": gives(n_pass=lambda d: count(d, lambda r: delta_r(r["eta1"], r["phi1"], r["eta2"], r["phi2"]) > 3)),
    "histogram_peak_bin": gives(centre=lambda d: peak_centre([r["M"] for r in d], 60, 60, 120)),
    "histogram_largest_content": gives(largest=lambda d: max(histogram([r["pt1"] for r in d], 20, 0, 100))),
    "histogram_bin_of_value": gives(content=lambda d: count(d, lambda r: 88 <= r["M"] < 92)),
    "histogram_in_range": gives(
        inside=lambda d: count(d, lambda r: 0 <= r["E1"] <= 200), overflow=lambda d: count(d, lambda r: r["E1"] > 200)
    ),
    "event_with_max_mass": gives(
        event=lambda d: max(d, key=lambda r: r["M"])["event"], max_mass=lambda d: max(r["M"] for r in d)
    ),
    "leading_of_two": gives(mean_leading=lambda d: mean(max(r["pt1"], r["pt2"]) for r in d)),
    "subleading_of_two": gives(n_pass=lambda d: count(d, lambda r: both(r, 20))),
    "cutflow_flat": gives(
        n_all=len,
        n_pt=lambda d: count(d, lambda r: both(r, 20)),
        n_charge=lambda d: count(d, lambda r: both(r, 20) and opposite(r)),
        n_window=lambda d: count(d, lambda r: both(r, 20) and opposite(r) and in_window(r, 80, 100)),
    ),
    "count_by_run": gives(
        n_runs=lambda d: len({r["run"] for r in d}), most_events=lambda d: max(Counter(r["run"] for r in d).values())
    ),
    "standard_error": gives(error=lambda d: std(r["M"] for r in d) / math.sqrt(len(d))),
    "mean_in_two_regions": gives(
        mean_barrel=lambda d: mean(r["pt1"] for r in d if abs(r["eta1"]) < 1.5),
        mean_endcap=lambda d: mean(r["pt1"] for r in d if abs(r["eta1"]) >= 1.5),
    ),
    "mass_selected_events": gives(
        mean_m=lambda d: mean(r["M"] for r in d if opposite(r) and both(r, 20)),
        std_m=lambda d: std(r["M"] for r in d if opposite(r) and both(r, 20)),
    ),
    "plot_mass": gives(n_plotted=lambda d: count(d, lambda r: 60 <= r["M"] <= 120)),
    "scatter_plot": gives(n_points=len),
    "write_csv": gives(n_rows=lambda d: count(d, lambda r: r["M"] > 100)),
    "write_npy": gives(n_saved=lambda d: count(d, lambda r: in_window(r, 60, 120))),
    "write_json": gives(mean=lambda d: mean(r["pt1"] for r in d), std=lambda d: std(r["pt1"] for r in d)),
    # one value an event: test beam
    "mean_ecal_energy": gives(mean_ecal=lambda d: mean(r["e_ecal"] for r in d)),
    "correlation_calorimeters": gives(correlation=lambda d: correlation(d, *ENERGY)),
    "energy_resolution": gives(
        resolution=lambda d: (
            std(sum(r[c] for c in ENERGY) for r in d if r["cherenkov"] == 1)
            / mean(sum(r[c] for c in ENERGY) for r in d if r["cherenkov"] == 1)
        )
    ),
    "cherenkov_fraction": gives(percentage=lambda d: 100 * share(d, lambda r: r["cherenkov"] == 1)),
    "radius_cut": gives(n_inside=lambda d: count(d, lambda r: math.hypot(r["x_mm"], r["y_mm"]) < 5)),
    "beam_spot": gives(
        mean_x=lambda d: mean(r["x_mm"] for r in d),
        mean_y=lambda d: mean(r["y_mm"] for r in d),
        std_x=lambda d: std(r["x_mm"] for r in d),
        std_y=lambda d: std(r["y_mm"] for r in d),
    ),
    "time_outliers": gives(n_outliers=lambda d: outliers([r["time_ns"] for r in d])),
    "mean_per_spill": gives(spill=lambda d: best_spill(d)[0], mean_hits=lambda d: best_spill(d)[1]),
    "electromagnetic_fraction": gives(
        n_electromagnetic=lambda d: count(d, lambda r: r["e_ecal"] > 9 * r["e_hcal"]),
    ),
    "histogram_2d": gives(largest=largest_2d),
    # lists an event, pt eta phi
    "mean_number_of_muons": gives(mean_muons=lambda d: mean(len(r["Muon_pt"]) for r in d)),
    "total_jets": gives(n_jets=lambda d: len(joined(d, "Jet_pt"))),
    "exactly_two_muons": gives(n_dimuon=lambda d: count(d, lambda r: r["nMuon"] == 2)),
    "at_least_three_jets": gives(n_pass=lambda d: count(d, lambda r: r["nJet"] >= 3)),
    "no_electrons": gives(fraction=lambda d: share(d, lambda r: r["nElectron"] == 0)),
    "most_jets": gives(
        most=lambda d: max(r["nJet"] for r in d),
        n_events=lambda d: count(d, lambda r: r["nJet"] == max(x["nJet"] for x in d)),
    ),
    "mean_pt_all_muons": gives(mean_pt=lambda d: mean(joined(d, "Muon_pt"))),
    "median_jet_pt": gives(median_pt=lambda d: statistics.median(joined(d, "Jet_pt"))),
    "jets_above_threshold": gives(n_jets=lambda d: sum(pt > 40 for pt in joined(d, "Jet_pt"))),
    "jets_per_event_above_threshold": gives(mean_jets=lambda d: sum(pt > 30 for pt in joined(d, "Jet_pt")) / len(d)),
    "jet_pt_eta_cut": gives(
        n_good=lambda d: sum(pt > 25 and abs(eta) < 2.5 for r in d for pt, eta in objects(r, "Jet", "pt", "eta"))
    ),
    "mean_pt_selected_muons": gives(
        mean_pt=lambda d: mean(pt for r in d for pt, eta in objects(r, "Muon", "pt", "eta") if abs(eta) < 1.2)
    ),
    "events_two_good_muons": gives(n_events=lambda d: count(d, lambda r: good_muons(r) >= 2)),
    "any_jet_above": gives(fraction=lambda d: share(d, lambda r: any(pt > 60 for pt in r["Jet_pt"]))),
    "all_jets_central": gives(
        n_central=lambda d: count(d, lambda r: r["nJet"] > 0 and all(abs(eta) < 2.5 for eta in r["Jet_eta"]))
    ),
    "mean_met_two_jets": gives(mean_met=lambda d: mean(r["MET_pt"] for r in d if sum(pt > 30 for pt in r["Jet_pt"]) >= 2)),
    "fraction_met": gives(fraction=lambda d: share(d, lambda r: r["MET_pt"] > 30)),
    "ratio_of_counts": gives(ratio=lambda d: count(d, lambda r: r["M"] > 91) / count(d, lambda r: r["M"] < 91)),
    "plot_jet_eta": gives(n_jets=lambda d: sum(r["nJet"] for r in d)),
    "met_cut": gives(n_pass=lambda d: count(d, lambda r: r["MET_pt"] > 50)),
    "met_components": gives(
        mean_x=lambda d: mean(r["MET_pt"] * math.cos(r["MET_phi"]) for r in d),
        mean_y=lambda d: mean(r["MET_pt"] * math.sin(r["MET_phi"]) for r in d),
    ),
    "leading_jet_pt": gives(mean_leading=lambda d: mean(max(r["Jet_pt"]) for r in d if len(r["Jet_pt"]))),
    "leading_muon_eta": gives(std_eta=lambda d: std(r["Muon_eta"][0] for r in d if r["nMuon"])),
    "leading_muon_cut": gives(n_pass=lambda d: count(d, lambda r: any(pt > 35 for pt in r["Muon_pt"]))),
    "subleading_muon_pt": gives(mean_subleading=lambda d: mean(sorted(r["Muon_pt"])[-2] for r in d if r["nMuon"] > 1)),
    "sort_by_pt": gives(mean_third=lambda d: mean(sorted(r["Jet_pt"])[-3] for r in d if r["nJet"] > 2)),
    "property_of_leading": gives(mean_mass=lambda d: mean(max(objects(r, "Jet", "pt", "mass"))[1] for r in d if r["nJet"])),
    "ht": gives(mean_ht=lambda d: sum(joined(d, "Jet_pt")) / len(d)),
    "ht_with_cut": gives(n_pass=lambda d: count(d, lambda r: sum(pt for pt in r["Jet_pt"] if pt > 30) > 150)),
    "mean_per_event": gives(mean_of_means=lambda d: mean(mean(r["Jet_pt"]) for r in d if r["nJet"])),
    "btagged_jets": gives(n_events=lambda d: count(d, lambda r: sum(b > 0.6 for b in r["Jet_btag"]) == 1)),
    "electron_muon_events": gives(n_events=lambda d: count(d, lambda r: r["nMuon"] == 1 and r["nElectron"] == 1)),
    "opposite_sign_dimuon_events": gives(
        n_opposite=lambda d: count(d, lambda r: r["nMuon"] == 2 and sum(r["Muon_charge"]) == 0)
    ),
    "opposite_sign_pairs": gives(n_pairs=lambda d: sum(len(nano_masses(r, opposite=True)) for r in d)),
    "dimuon_mass_two_muons": gives(
        mean_mass=lambda d: mean(nano_masses(r, opposite=False)[0] for r in d if r["nMuon"] == 2)
    ),
    "dimuon_mass_combinations": gives(
        centre=lambda d: peak_centre([m for r in d for m in nano_masses(r, opposite=False)], 30, 60, 120)
    ),
    "z_candidate": gives(median_mass=z_mass),
    "dijet_mass": gives(
        mean_mass=lambda d: mean(
            pair_mass(*(four(*jet) for jet in objects(r, "Jet", "pt", "eta", "phi", "mass")[:2]))
            for r in d
            if r["nJet"] >= 2
        )
    ),
    "delta_r_muon_jet": gives(n_close=lambda d: sum(dr < 0.4 for r in d for jet in muon_jet_distances(r) for dr in jet)),
    "clean_jets": gives(n_clean=lambda d: sum(all(dr >= 0.4 for dr in jet) for r in d for jet in muon_jet_distances(r))),
    "min_delta_r_jets": gives(
        mean_dr=lambda d: mean(
            min(delta_r(*a, *b) for a, b in itertools.combinations(objects(r, "Jet", "eta", "phi"), 2))
            for r in d
            if r["nJet"] >= 2
        )
    ),
    "delta_phi_jet_met": gives(mean_dphi=lambda d: mean(abs(wrap(r["Jet_phi"][0] - r["MET_phi"])) for r in d if r["nJet"])),
    "transverse_mass": gives(mean_mt=lambda d: mean(transverse_mass(r) for r in d if r["nMuon"] == 1)),
    "trigger_efficiency": gives(
        efficiency=lambda d: share([r for r in d if any(pt > 26 for pt in r["Muon_pt"])], lambda r: r["HLT_IsoMu24"])
    ),
    "sum_of_weights": gives(
        sum_weights=lambda d: sum(r["genWeight"] for r in d), n_negative=lambda d: count(d, lambda r: r["genWeight"] < 0)
    ),
    "cutflow_jagged": gives(
        n_two=lambda d: count(d, lambda r: r["nMuon"] == 2),
        n_leading=lambda d: count(d, lambda r: r["nMuon"] == 2 and max(r["Muon_pt"]) > 25),
        n_no_btag=lambda d: count(d, lambda r: r["nMuon"] == 2 and max(r["Muon_pt"]) > 25 and not lost_in_b(r)),
    ),
    "histogram_jagged": gives(highest=lambda d: max(histogram(joined(d, "Jet_pt"), 25, 0, 250))),
    "plot_jet_multiplicity": gives(mean_jets=lambda d: mean(r["nJet"] for r in d)),
    "plot_muon_pt_hist": gives(entries=lambda d: sum(0 <= pt < 120 for pt in joined(d, "Muon_pt"))),
    "correlation_vertices_met": gives(correlation=lambda d: correlation(d, "PV_npvs", "MET_pt")),
    "positive_muons": gives(mean_pt=lambda d: mean(pt for r in d for pt, q in objects(r, "Muon", "pt", "charge") if q > 0)),
    "muon_charge_ratio": gives(
        ratio=lambda d: sum(q > 0 for q in joined(d, "Muon_charge")) / sum(q < 0 for q in joined(d, "Muon_charge"))
    ),
    "leading_electron_energy": gives(p75=lambda d: percentile([max(r["Electron_pt"]) for r in d if r["nElectron"]], 75)),
    "jet_pt_sum_fraction": gives(mean_share=lambda d: mean(max(r["Jet_pt"]) / sum(r["Jet_pt"]) for r in d if r["nJet"])),
    # lists an event, components
    "muon_pt_from_components": gives(
        mean_pt=lambda d: mean(math.hypot(*p) for r in d for p in objects(r, "mu", "px", "py"))
    ),
    "jet_eta_from_components": gives(
        n_central=lambda d: sum(
            abs(math.atanh(pz / math.hypot(px, py, pz))) < 2.4
            for r in d
            for px, py, pz in objects(r, "jet", "px", "py", "pz")
        )
    ),
    "jet_mass_from_components": gives(
        mean_mass=lambda d: mean(pair_mass(jet, (0, 0, 0, 0)) for r in d for jet in objects(r, "jet", "e", "px", "py", "pz"))
    ),
    "dimuon_mass_components": gives(
        mean_mass=lambda d: mean(pair_mass(*objects(r, "mu", "e", "px", "py", "pz")) for r in d if r["nmu"] == 2)
    ),
    "dimuon_mass_opposite_sign": gives(
        n_pairs=lambda d: sum(
            a[4] != b[4] and 80 < pair_mass(a[:4], b[:4]) < 100
            for r in d
            for a, b in itertools.combinations(objects(r, "mu", "e", "px", "py", "pz", "q"), 2)
        )
    ),
    "met_from_components": gives(mean_met=lambda d: mean(math.hypot(r["met_px"], r["met_py"]) for r in d)),
    "missing_ht": gives(mean_mht=lambda d: mean(math.hypot(sum(r["jet_px"]), sum(r["jet_py"])) for r in d)),
    "jets_pt_cut_components": gives(n_events=lambda d: count(d, lambda r: sum(pt > 40 for pt in jet_pts(r)) >= 2)),
    "total_charge": gives(n_events=lambda d: count(d, lambda r: r["nmu"] >= 2 and sum(r["mu_q"]) == 0)),
    "weighted_count": gives(weighted=lambda d: sum(r["weight"] for r in d if r["nmu"])),
    "weighted_histogram": gives(
        largest=lambda d: max(histogram([r["n_vertices"] for r in d], 40, 0, 40, [r["weight"] for r in d]))
    ),
    "weighted_mean": gives(
        mean_vertices=lambda d: sum(r["weight"] * r["n_vertices"] for r in d) / sum(r["weight"] for r in d)
    ),
    "highest_energy_jet": gives(
        event_id=lambda d: max((e, r["event_id"]) for r in d for e in r["jet_e"])[1],
        highest_e=lambda d: max(joined(d, "jet_e")),
    ),
    "visible_energy": gives(p95=lambda d: percentile([sum(r["mu_e"]) + sum(r["jet_e"]) for r in d], 95)),
}


def name_of(example: Example) -> str:
    return example.id.partition("/")[2]


def test_every_example_is_computed_twice() -> None:
    names = {name_of(e) for e in PACK.examples}
    assert set(FUNCTIONS) | set(NOT_REPEATED) == names
    assert not set(FUNCTIONS) & set(NOT_REPEATED)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_expected_values_agree(name: str) -> None:
    example = BY_ID[f"scikit-hep/{name}"]
    assert example.data is not None
    second = FUNCTIONS[name](rows_of(example.data))
    for expectation in PACK.expectations[example.id]:
        wanted = pytest.approx(expectation.expected, rel=max(expectation.relative, 1e-9))
        assert second[expectation.subject] == wanted
