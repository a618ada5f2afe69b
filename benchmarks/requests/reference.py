"""The reference values of `requests.yaml`, each from a line or a short function of plain numpy.

`python reference.py FOLDER` writes the values into `requests.yaml`; with `--check` it compares instead and writes nothing.
FOLDER holds the files that `make_files.py` built.

Beside most entries stands a misreading of the request, or two: the check makes sure that they give another value.
"""

import argparse
import itertools
import json
import re
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import uproot
import yaml

REQUESTS = Path(__file__).parent / "requests.yaml"
TRACKS = ("K", "Pi", "Bach")


class Vector:
    """A four-momentum of numbers, or of arrays of them, with whatever else belongs to the particle."""

    def __init__(self, e, px, py, pz, **more):
        self.e, self.px, self.py, self.pz = e, px, py, pz
        self.__dict__.update(more)

    def __add__(self, other):
        return Vector(self.e + other.e, self.px + other.px, self.py + other.py, self.pz + other.pz)

    @property
    def pt(self):
        return np.hypot(self.px, self.py)

    @property
    def p(self):
        return np.sqrt(self.px**2 + self.py**2 + self.pz**2)

    @property
    def eta(self):
        return np.arcsinh(self.pz / self.pt)

    @property
    def phi(self):
        return np.arctan2(self.py, self.px)

    @property
    def y(self):
        return 0.5 * np.log((self.e + self.pz) / (self.e - self.pz))

    @property
    def m(self):
        return np.sqrt(np.maximum(self.e**2 - self.p**2, 0))


def from_pt(pt, eta, phi, mass, **more):
    p = pt * np.cosh(eta)
    return Vector(np.sqrt(p**2 + mass**2), pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), **more)


def total(particles):
    return sum(particles[1:], start=particles[0])


def hardest(particles):
    return sorted(particles, key=lambda particle: -particle.pt)


def delta_phi(a, b):
    """The angle between two azimuths, from 0 to pi."""
    return np.abs((a - b + np.pi) % (2 * np.pi) - np.pi)


def delta_r(a, b):
    return np.hypot(a.eta - b.eta, delta_phi(a.phi, b.phi))


def angle(a, b):
    return np.arccos((a.px * b.px + a.py * b.py + a.pz * b.pz) / (a.p * b.p))


def transverse_mass(pt, phi, met, met_phi):
    return np.sqrt(2 * pt * met * (1 - np.cos(phi - met_phi)))


def clear_of(values, *cuts):
    """The values, none of which is so near a cut that rounding could move it to the other side."""
    values = np.asarray(values)
    for cut in cuts:
        assert np.all(np.abs(values - cut) > 1e-5 * abs(cut)), cut
    return values


def between(values, low, high):
    values = clear_of(values, low, high)
    return (values > low) & (values < high)


def peak(values, bins, low, high, apart=3):
    """The centre of the fullest bin, which no few events could change."""
    edges = np.linspace(low, high, bins + 1)
    counts, _ = np.histogram(values, edges)
    first, second = np.sort(counts)[[-1, -2]]
    assert first - second >= apart, counts
    at = counts.argmax()
    return (edges[at] + edges[at + 1]) / 2


def n_distinct(*columns):
    return len(set(zip(*columns, strict=True)))


# The files: a flat tree as a namespace of arrays, a tree with lists as a list of events.


def columns_of(path, tree):
    with uproot.open(path) as file:
        return file[tree].arrays(library="np")


def flat_tree(path, tree):
    return SimpleNamespace(**{name: values.astype(float) for name, values in columns_of(path, tree).items()})


def events_of(path, tree, collections, build):
    """A namespace for each event: its plain branches, and what `build` makes of each collection (branches prefix_...)."""
    columns = columns_of(path, tree)
    events = []
    for i in range(len(next(iter(columns.values())))):
        event = SimpleNamespace(**{name: values[i].item() for name, values in columns.items() if values.dtype != object})
        for prefix, name in collections.items():
            fields = {
                key.removeprefix(prefix): np.asarray(values[i]) for key, values in columns.items() if key.startswith(prefix)
            }
            build(event, name, {key: values.astype(float) for key, values in fields.items()})
        events.append(event)
    return events


def as_particles(event, name, fields):
    """A list of four-momenta with their other fields."""
    rows = [dict(zip(fields, row, strict=True)) for row in zip(*fields.values(), strict=True)]
    make = Vector if "px" in fields else lambda mass=0.0, **row: from_pt(mass=mass, **row)
    setattr(event, name, [make(**row) for row in rows])


def as_arrays(event, _, fields):
    short_names = {"E_MeV": "E", "x_mm": "x", "y_mm": "y", "t_ns": "t", "layer": "layer"}
    event.__dict__.update({short_names[key]: values for key, values in fields.items()})


def read_nano(path):
    return events_of(
        path, "Events", {"Muon_": "muons", "Electron_": "electrons", "Jet_": "jets", "Photon_": "photons"}, as_particles
    )


READERS = {
    "ditau.root": lambda path: flat_tree(path, "ntuple"),
    "lhcb.root": lambda path: flat_tree(path, "DecayTree"),
    "nano_like.root": read_nano,
    "opendata.root": lambda path: events_of(
        path, "events", {"mu_": "muons", "el_": "electrons", "jet_": "jets"}, as_particles
    ),
    "calo.root": lambda path: events_of(path, "TB", {"cell_": "cells"}, as_arrays),
    "dimuon.csv": pd.read_csv,
    "runs.csv": lambda path: pd.read_csv(path, sep=";"),
    "scan.parquet": pd.read_parquet,
}


# ditau.root


def tau(t, which, mass=None):
    values = vars(t)
    pt, eta, phi, m = (values[f"tau{which}_{name}"] for name in ("pt", "eta", "phi", "m"))
    return from_pt(pt, eta, phi, m if mass is None else mass)


def significance(t, weight):
    chosen = (t.tau1_q * t.tau2_q < 0) & between(t.m_vis, 70, 110)
    return np.sum(weight[chosen & (t.isSignal == 1)]) / np.sqrt(np.sum(weight[chosen & (t.isSignal == 0)]))


def tau_selection(t, which):
    distance = clear_of(delta_r(tau(t, 1), tau(t, 2)), 0.5, 3)
    leg = tau(t, which)
    mt = clear_of(transverse_mass(leg.pt, leg.phi, t.met, t.met_phi), 50)
    return np.sum((t.tau1_q * t.tau2_q < 0) & (distance > 0.5) & (distance < 3) & (mt < 50) & (t.nbtag == 0))


# lhcb.root


def track(b, name):
    values = vars(b)
    return Vector(*(values[f"{name}_{part}"] for part in ("PE", "PX", "PY", "PZ")))


def charge_asymmetry(ids):
    return (np.sum(ids == -521) - np.sum(ids == 521)) / len(ids)


def best_mass(b):
    """The mass of the candidate with the highest BDT in each event."""
    best = {}
    for run, event, bdt, mass in zip(b.runNumber, b.eventNumber, b.BDT, b.B_M, strict=True):
        best[run, event] = max(best.get((run, event), (-9, 0)), (bdt, mass))
    return [mass for _, mass in best.values()]


def misid_mass(b):
    bachelor = track(b, "Bach")
    bachelor.e = np.sqrt(bachelor.p**2 + 493.677**2)
    return (track(b, "K") + track(b, "Pi") + bachelor).m


# nano_like.root and opendata.root


def n_above(particles, pt):
    return sum(particle.pt > pt for particle in particles)


def charge(particle):
    return particle.charge if hasattr(particle, "charge") else particle.q


def is_os_pair(muons):
    return len(muons) == 2 and charge(muons[0]) + charge(muons[1]) == 0


def is_z(event, pt):
    muons = event.muons
    return bool(is_os_pair(muons) and n_above(muons, pt) == 2 and between((muons[0] + muons[1]).m, 80, 100))


def good_jets(event):
    return [jet for jet in event.jets if jet.pt > 30 and abs(jet.eta) < 2.4]


def b_jets(event):
    return [jet for jet in event.jets if jet.pt > 30 and jet.btagDeepFlavB > 0.2783]


def is_good_muon(muon):
    return bool(muon.tightId and muon.pfRelIso04_all < 0.15 and muon.pt > 20)


def trigger_efficiency(events, tight):
    def wanted(muon):
        return muon.pt > 26 and abs(muon.eta) < 2.4 and (muon.tightId or not tight)

    return np.mean([event.HLT_IsoMu24 for event in events if any(wanted(muon) for muon in event.muons)])


def clean_jets(event):
    return [
        jet
        for jet in event.jets
        if all(clear_of(delta_r(jet, lepton), 0.4) > 0.4 for lepton in event.muons + event.electrons)
    ]


def diphotons(events, first, second):
    pairs = [event.photons[:2] for event in events if len(event.photons) >= 2]
    return sum(bool(a.pt > first and b.pt > second and between((a + b).m, 115, 135)) for a, b in pairs)


def is_z_ee(event, quality):
    electrons = [electron for electron in event.electrons if electron.cutBased >= quality]
    return bool(is_os_pair(electrons) and between((electrons[0] + electrons[1]).m, 76, 106))


def best_pair_mass(muons):
    masses = [(a + b).m for a, b in itertools.combinations(muons, 2) if charge(a) != charge(b)]
    return min(masses, key=lambda mass: abs(mass - 91.1876), default=None)


def best_z_fraction(events, mass_of):
    chosen = [event.muons for event in events if len(event.muons) >= 3 and best_pair_mass(event.muons)]
    return np.mean(clear_of([abs(mass_of(muons) - 91.1876) for muons in chosen], 10) < 10)


def w_fraction(events, window):
    distances = []
    for event in events:
        light = [jet for jet in event.jets if jet.pt > 20 and jet.btagDeepFlavB < 0.2783]
        if len(light) >= 2:
            distances.append(min(abs((a + b).m - 80.4) for a, b in itertools.combinations(light, 2)))
    return np.mean(clear_of(distances, window) < window)


def cut_flow(events):
    first = [event for event in events if event.HLT_IsoMu24]
    second = [event for event in first if n_above(event.jets, 30) >= 2]
    third = [event for event in second if event.MET_pt > 40]
    return {"n_step1": len(first), "n_step2": len(second), "n_step3": len(third)}


def back_to_back(events, pt):
    return np.mean([delta_phi(event.jets[0].phi, event.MET_phi) > 2.5 for event in events if n_above(event.jets, pt)])


def scalar_sum(event, jet_pt):
    return event.MET_pt + sum(x.pt for x in event.muons + event.electrons) + sum(j.pt for j in event.jets if j.pt > jet_pt)


def z_candidates(events):
    return [event.muons[0] + event.muons[1] for event in events if is_os_pair(event.muons)]


def met_angle(event):
    return delta_phi(hardest(event.jets)[0].phi, np.arctan2(event.met_py, event.met_px))


def trijet_mass(jets):
    return max((total(three) for three in itertools.combinations(jets, 3)), key=lambda vector: vector.pt).m


# calo.root


def sums(events, pdg, beam, empty=False):
    """The summed cell energies in MeV of the events of one particle and beam energy."""
    return [e.E.sum() for e in events if e.pdg == pdg and e.beam_GeV == beam and (empty or len(e.E))]


def layer_sums(events, pdg):
    return sum(np.bincount(e.layer.astype(int), e.E, minlength=12) for e in events if e.pdg == pdg)


def energy_points(events, pdg):
    chosen = [e for e in events if e.pdg == pdg and len(e.E)]
    return [e.beam_GeV for e in chosen], [e.E.sum() / 1000 for e in chosen]


# The tables


def muon(df, which):
    return Vector(*(df[f"{name}{which}"].to_numpy() for name in ("E", "px", "py", "pz")))


def pair(df):
    return muon(df, 1) + muon(df, 2)


def pair_delta_r(df):
    return np.hypot(df.eta1 - df.eta2, delta_phi(df.phi1, df.phi2))


def recorded_lumi(df):
    recorded = (df.lumi_nb * df.live_fraction)[df.good == "yes"]
    return {"lumi_up": recorded[df.magnet == "up"].sum(), "lumi_down": recorded[df.magnet == "down"].sum()}


def working_voltage(df, efficiency):
    added = df.groupby("hv_V")[["n_hits", "n_triggers"]].sum()
    return added.index[added.n_hits / added.n_triggers > efficiency].min()


def binomial_error(df):
    efficiency = df.n_hits.sum() / df.n_triggers.sum()
    return np.sqrt(efficiency * (1 - efficiency) / df.n_triggers.sum())


# For each request the function that gives its value, then misreadings.

REFERENCE = {
    "ditau-01": (lambda t: len(t.met),),
    "ditau-02": (
        lambda t: np.mean(t.m_vis),
        lambda t: np.average(t.m_vis, weights=t.weight),
    ),
    "ditau-03": (lambda t: np.sum(t.met > 50),),
    "ditau-04": (
        lambda t: np.sum(t.tau1_q * t.tau2_q < 0),
        lambda t: np.sum(t.tau1_q * t.tau2_q > 0),
    ),
    "ditau-05": (
        lambda t: np.sum(t.weight),
        lambda t: len(t.weight),
    ),
    "ditau-06": (
        lambda t: np.median(t.met),
        lambda t: np.mean(t.met),
    ),
    "ditau-07": (
        lambda t: np.percentile(t.tau1_pt, 90),
        lambda t: np.percentile(t.tau2_pt, 90),
    ),
    "ditau-08": (
        lambda t: np.std(t.tau2_eta),
        lambda t: np.std(t.tau1_eta),
    ),
    "ditau-09": (lambda t: np.max(t.m_vis),),
    "ditau-10": (
        lambda t: 100 * np.mean(t.njets == 1),
        lambda t: 100 * np.mean(t.njets >= 1),
    ),
    "ditau-11": (
        lambda t: np.mean(t.isSignal[t.tau1_q * t.tau2_q < 0]),
        lambda t: np.mean(t.isSignal),
    ),
    "ditau-12": (
        lambda t: np.average(t.m_vis, weights=t.weight),
        lambda t: np.mean(t.m_vis),
    ),
    "ditau-13": (
        lambda t: np.sum((t.tau1_reliso < 0.15) & (t.tau2_reliso < 0.15) & (t.tau1_pt > 40) & (t.tau2_pt > 30)),
        lambda t: np.sum((t.tau1_reliso < 0.15) & (t.tau1_pt > 40) & (t.tau2_pt > 30)),
    ),
    "ditau-14": (lambda t: np.corrcoef(t.tau1_pt, t.tau2_pt)[0, 1],),
    "ditau-15": (lambda t: peak(t.m_vis, 25, 0, 200),),
    "ditau-16": (
        lambda t: np.mean(t.jet1_pt[t.njets >= 1]),
        lambda t: np.mean(t.jet1_pt),
    ),
    "ditau-17": (
        lambda t: np.std(t.met[t.isSignal == 1]) / np.sqrt(np.sum(t.isSignal == 1)),
        lambda t: np.std(t.met) / np.sqrt(len(t.met)),
    ),
    "ditau-18": (lambda t: np.mean(t.m_vis[t.isSignal == 0]) - np.mean(t.m_vis[t.isSignal == 1]),),
    "ditau-19": (
        lambda t: np.sum(t.nbtag[t.njets >= 2]),
        lambda t: np.sum(t.nbtag),
        lambda t: np.sum((t.nbtag > 0) & (t.njets >= 2)),
    ),
    "ditau-20": (
        lambda t: np.sum(t.weight) ** 2 / np.sum(t.weight**2),
        lambda t: len(t.weight),
    ),
    "ditau-21": (
        lambda t: np.mean(((t.met > 40) & (t.nbtag == 0) & (t.tau1_q * t.tau2_q < 0))[t.isSignal == 1]),
        lambda t: np.mean((t.met > 40) & (t.nbtag == 0) & (t.tau1_q * t.tau2_q < 0)),
    ),
    "ditau-22": (
        lambda t: (
            np.sum(t.weight[(t.isSignal == 0) & (t.tau1_q * t.tau2_q > 0)])
            / np.sum(t.weight[(t.isSignal == 0) & (t.tau1_q * t.tau2_q < 0)])
        ),
        lambda t: (
            np.sum((t.isSignal == 0) & (t.tau1_q * t.tau2_q > 0)) / np.sum((t.isSignal == 0) & (t.tau1_q * t.tau2_q < 0))
        ),
    ),
    "ditau-23": (
        lambda t: significance(t, t.weight),
        lambda t: significance(t, np.ones_like(t.weight)),
    ),
    "ditau-24": (
        lambda t: np.percentile(t.m_vis[t.isSignal == 1], 70),
        lambda t: np.percentile(t.m_vis[t.isSignal == 1], 30),
        lambda t: np.percentile(t.m_vis, 70),
    ),
    "ditau-25": (
        lambda t: np.mean(delta_r(tau(t, 1), tau(t, 2))),
        lambda t: np.mean(np.hypot(t.tau1_eta - t.tau2_eta, t.tau1_phi - t.tau2_phi)),
    ),
    "ditau-26": (
        lambda t: np.median(delta_phi(t.tau1_phi, t.tau2_phi)),
        lambda t: np.median(np.abs(t.tau1_phi - t.tau2_phi)),
    ),
    "ditau-27": (
        lambda t: np.mean(t.tau1_pt + t.tau2_pt),
        lambda t: np.mean((tau(t, 1) + tau(t, 2)).pt),
    ),
    "ditau-28": (
        lambda t: np.mean((tau(t, 1) + tau(t, 2)).pt),
        lambda t: np.mean(t.tau1_pt + t.tau2_pt),
    ),
    "ditau-29": (
        lambda t: np.sum(clear_of(transverse_mass(t.tau1_pt, t.tau1_phi, t.met, t.met_phi), 40) < 40),
        lambda t: np.sum(transverse_mass(t.tau2_pt, t.tau2_phi, t.met, t.met_phi) < 40),
    ),
    "ditau-30": (
        lambda t: np.mean((t.tau1_pt - t.tau2_pt) / (t.tau1_pt + t.tau2_pt)),
        lambda t: (np.mean(t.tau1_pt) - np.mean(t.tau2_pt)) / (np.mean(t.tau1_pt) + np.mean(t.tau2_pt)),
    ),
    "ditau-31": (
        lambda t: np.sum(between((tau(t, 1, 0) + tau(t, 2, 0)).m, 60, 90)),
        lambda t: np.sum(between(t.m_vis, 60, 90)),
    ),
    "ditau-32": (lambda t: np.sum(t.tau1_eta * t.tau2_eta < 0),),
    "ditau-33": (
        lambda t: np.median((tau(t, 1) + tau(t, 2) + from_pt(t.met, 0.0, t.met_phi, 0.0)).pt),
        lambda t: np.median((tau(t, 1) + tau(t, 2)).pt),
    ),
    "ditau-34": (lambda t: np.mean(np.abs(t.tau1_pt * np.sinh(t.tau1_eta))),),
    "ditau-35": (
        lambda t: tau_selection(t, 2),
        lambda t: tau_selection(t, 1),
    ),
    "ditau-36": (
        lambda t: np.std((tau(t, 1) + tau(t, 2)).y),
        lambda t: np.std((tau(t, 1) + tau(t, 2)).eta),
    ),
    "lhcb-01": (
        lambda b: len(b.B_M),
        lambda b: n_distinct(b.runNumber, b.eventNumber),
    ),
    "lhcb-02": (
        lambda b: n_distinct(b.runNumber, b.eventNumber),
        lambda b: len(b.B_M),
        lambda b: n_distinct(b.eventNumber),
    ),
    "lhcb-03": (lambda b: np.mean(b.B_PT) / 1000,),
    "lhcb-04": (lambda b: np.sum(between(b.B_M, 5230, 5330)),),
    "lhcb-05": (lambda b: peak(b.B_M, 40, 5000, 5800),),
    "lhcb-06": (lambda b: np.mean(b.B_IPCHI2 < 9),),
    "lhcb-07": (
        lambda b: np.median(b.nTracks),
        lambda b: np.mean(b.nTracks),
    ),
    "lhcb-08": (
        lambda b: charge_asymmetry(b.B_ID[between(b.B_M, 5230, 5330)]),
        lambda b: charge_asymmetry(b.B_ID),
        lambda b: -charge_asymmetry(b.B_ID[between(b.B_M, 5230, 5330)]),
    ),
    "lhcb-09": (
        lambda b: np.sum(between(b.B_M, 5230, 5330)) - np.sum(between(b.B_M, 5400, 5800)) / 4,
        lambda b: np.sum(between(b.B_M, 5230, 5330)),
    ),
    "lhcb-10": (
        lambda b: np.mean(b.BDT[between(b.B_M, 5230, 5330)] > 0.3),
        lambda b: np.mean(b.BDT > 0.3),
    ),
    "lhcb-11": (
        lambda b: np.mean(b.B_TAU_ps[b.BDT > 0.5]),
        lambda b: np.mean(b.B_TAU_ps),
    ),
    "lhcb-12": (
        lambda b: np.sum(b.Polarity == 1) / np.sum(b.Polarity == -1),
        lambda b: np.mean(b.Polarity == 1),
    ),
    "lhcb-13": (
        lambda b: np.sum((b.K_IPCHI2 > 25) & (b.Pi_IPCHI2 > 25) & (b.Bach_IPCHI2 > 25)),
        lambda b: np.sum((b.K_IPCHI2 > 25) | (b.Pi_IPCHI2 > 25) | (b.Bach_IPCHI2 > 25)),
    ),
    "lhcb-14": (lambda b: np.sum(clear_of(np.abs(b.D0_M - 1864.84), 25) < 25),),
    "lhcb-15": (
        lambda b: np.mean(np.log10(b.B_IPCHI2)),
        lambda b: np.log10(np.mean(b.B_IPCHI2)),
    ),
    "lhcb-16": (
        lambda b: sum(n > 1 for n in Counter(zip(b.runNumber, b.eventNumber, strict=True)).values()),
        lambda b: len(b.B_M) - n_distinct(b.runNumber, b.eventNumber),
    ),
    "lhcb-17": (
        lambda b: np.std(best_mass(b)),
        lambda b: np.std(b.B_M),
    ),
    "lhcb-18": (
        lambda b: np.mean(b.L0Hadron_TOS.astype(bool) | b.L0Global_TIS.astype(bool)),
        lambda b: np.mean(b.L0Hadron_TOS.astype(bool) & b.L0Global_TIS.astype(bool)),
        lambda b: np.mean(b.L0Hadron_TOS) + np.mean(b.L0Global_TIS),
    ),
    "lhcb-19": (
        lambda b: np.mean(track(b, "K").p) / 1000,
        lambda b: np.mean(track(b, "K").pt) / 1000,
    ),
    "lhcb-20": (
        lambda b: np.median(track(b, "K").pt),
        lambda b: np.median(track(b, "K").p),
    ),
    "lhcb-21": (
        lambda b: np.mean(track(b, "Bach").eta[b.B_PT > 10000]),
        lambda b: np.mean(track(b, "Bach").eta),
    ),
    "lhcb-22": (
        lambda b: np.sum(between((track(b, "K") + track(b, "Pi")).m, 1850, 1880)),
        lambda b: np.sum(between((track(b, "K") + track(b, "Bach")).m, 1850, 1880)),
    ),
    "lhcb-23": (
        lambda b: np.median((track(b, "K") + track(b, "Bach")).m) / 1000,
        lambda b: np.median((track(b, "K") + track(b, "Pi")).m) / 1000,
    ),
    "lhcb-24": (
        lambda b: np.mean((misid_mass(b) - b.B_M)[between(b.B_M, 5230, 5330)]),
        lambda b: np.mean(misid_mass(b)) - np.mean(b.B_M[between(b.B_M, 5230, 5330)]),
    ),
    "lhcb-25": (
        lambda b: 1000 * np.mean(angle(track(b, "K"), track(b, "Pi"))),
        lambda b: 1000 * np.mean(delta_phi(track(b, "K").phi, track(b, "Pi").phi)),
    ),
    "lhcb-26": (
        lambda b: np.sum(clear_of(np.max([track(b, name).pt for name in TRACKS], axis=0), 3000) > 3000),
        lambda b: np.sum([track(b, name).pt > 3000 for name in TRACKS]),
    ),
    "lhcb-27": (
        lambda b: np.mean(sum(track(b, name).pt for name in TRACKS)) / 1000,
        lambda b: np.mean(b.B_PT) / 1000,
    ),
    "lhcb-28": (
        lambda b: np.sum(track(b, "K").p > track(b, "Pi").p),
        lambda b: np.sum(track(b, "K").pt > track(b, "Pi").pt),
    ),
    "lhcb-29": (
        lambda b: np.mean(0.299792458 * b.B_TAU_ps * b.B_P / b.B_M),
        lambda b: np.mean(0.299792458 * b.B_TAU_ps * b.B_PT / b.B_M),
    ),
    "nano-01": (lambda events: len(events),),
    "nano-02": (
        lambda events: sum(len(e.muons) for e in events),
        lambda events: sum(len(e.muons) > 0 for e in events),
    ),
    "nano-03": (
        lambda events: np.mean([len(e.jets) for e in events]),
        lambda events: np.mean([len(e.jets) for e in events if e.jets]),
    ),
    "nano-04": (
        lambda events: sum(len(e.muons) >= 2 for e in events),
        lambda events: sum(len(e.muons) == 2 for e in events),
    ),
    "nano-05": (
        lambda events: sum(is_os_pair(e.muons) for e in events),
        lambda events: sum(len(e.muons) == 2 for e in events),
    ),
    "nano-06": (
        lambda events: np.mean([e.muons[0].pt for e in events if e.muons]),
        lambda events: np.mean([m.pt for e in events for m in e.muons]),
    ),
    "nano-07": (
        lambda events: np.percentile([(e.muons[0] + e.muons[1]).m for e in events if is_os_pair(e.muons)], 10),
        lambda events: np.percentile([(e.muons[0] + e.muons[1]).m for e in events if len(e.muons) >= 2], 10),
    ),
    "nano-08": (
        lambda events: sum(is_z(e, 10) for e in events),
        lambda events: sum(is_z(e, 0) for e in events),
    ),
    "nano-09": (lambda events: peak([(e.muons[0] + e.muons[1]).m for e in events if is_os_pair(e.muons)], 24, 60, 120),),
    "nano-10": (
        lambda events: np.mean([sum(j.pt for j in good_jets(e)) for e in events]),
        lambda events: np.mean([sum(j.pt for j in e.jets) for e in events]),
        lambda events: np.mean([sum(j.pt for j in good_jets(e)) for e in events if good_jets(e)]),
    ),
    "nano-11": (
        lambda events: sum(n_above(e.jets, 30) >= 3 for e in events),
        lambda events: sum(len(e.jets) >= 3 for e in events),
    ),
    "nano-12": (
        lambda events: sum(len(b_jets(e)) for e in events),
        lambda events: sum(len(b_jets(e)) > 0 for e in events),
        lambda events: sum(j.btagDeepFlavB > 0.2783 for e in events for j in e.jets),
    ),
    "nano-13": (
        lambda events: sum(len(b_jets(e)) == 1 and n_above(e.jets, 30) >= 2 for e in events),
        lambda events: sum(len(b_jets(e)) == 1 for e in events),
    ),
    "nano-14": (lambda events: np.mean([e.HLT_IsoMu24 for e in events]),),
    "nano-15": (
        lambda events: trigger_efficiency(events, tight=True),
        lambda events: trigger_efficiency(events, tight=False),
        lambda events: np.mean([e.HLT_IsoMu24 for e in events]),
    ),
    "nano-16": (
        lambda events: np.median([e.MET_pt for e in events]),
        lambda events: np.mean([e.MET_pt for e in events]),
    ),
    "nano-17": (
        lambda events: np.mean([e.MET_pt for e in events if not e.muons and not e.electrons]),
        lambda events: np.mean([e.MET_pt for e in events]),
        lambda events: np.mean([e.MET_pt for e in events if not e.muons]),
    ),
    "nano-18": (
        lambda events: sum(is_good_muon(m) for e in events for m in e.muons),
        lambda events: sum(any(is_good_muon(m) for m in e.muons) for e in events),
    ),
    "nano-19": (
        lambda events: np.mean(
            [transverse_mass(e.muons[0].pt, e.muons[0].phi, e.MET_pt, e.MET_phi) for e in events if len(e.muons) == 1]
        ),
        lambda events: np.mean(
            [transverse_mass(e.muons[0].pt, e.muons[0].phi, e.MET_pt, e.MET_phi) for e in events if e.muons]
        ),
    ),
    "nano-20": (
        lambda events: np.mean([min(delta_r(e.muons[0], j) for j in e.jets) for e in events if e.muons and e.jets]),
        lambda events: np.mean([delta_r(e.muons[0], e.jets[0]) for e in events if e.muons and e.jets]),
    ),
    "nano-21": (
        lambda events: sum(n_above(clean_jets(e), 30) for e in events),
        lambda events: sum(n_above(e.jets, 30) for e in events),
    ),
    "nano-22": (
        lambda events: sum(abs(j.eta) < 1.5 for e in events for j in e.jets),
        lambda events: sum(any(abs(j.eta) < 1.5 for j in e.jets) for e in events),
    ),
    "nano-23": (
        lambda events: diphotons(events, 35, 25),
        lambda events: diphotons(events, 0, 0),
    ),
    "nano-24": (
        lambda events: sum(is_z_ee(e, 3) for e in events),
        lambda events: sum(is_z_ee(e, 0) for e in events),
    ),
    "nano-25": (
        lambda events: sum(e.genWeight for e in events if e.MET_pt > 100),
        lambda events: sum(e.MET_pt > 100 for e in events),
    ),
    "nano-26": (
        lambda events: np.mean([e.PV_npvs for e in events]),
        lambda events: np.mean([e.PV_npvsGood for e in events]),
    ),
    "nano-27": (
        lambda events: sum(bool(e.electrons and e.muons) for e in events),
        lambda events: sum(bool(e.electrons or e.muons) for e in events),
    ),
    "nano-28": (lambda events: max(j.pt for e in events for j in e.jets),),
    "nano-29": (
        lambda events: sum(bool(e.HLT_IsoMu24 or e.HLT_Ele32_WPTight_Gsf) for e in events),
        lambda events: sum(e.HLT_IsoMu24 + e.HLT_Ele32_WPTight_Gsf for e in events),
    ),
    "nano-30": (
        lambda events: best_z_fraction(events, best_pair_mass),
        lambda events: best_z_fraction(events, lambda muons: (muons[0] + muons[1]).m),
    ),
    "nano-31": (
        lambda events: np.sum(clear_of([(e.jets[0] + e.jets[1]).m for e in events if len(e.jets) >= 2], 200) > 200),
    ),
    "nano-32": (
        lambda events: np.std([e.jets[1].pt for e in events if len(e.jets) >= 2]),
        lambda events: np.std([e.jets[0].pt for e in events if len(e.jets) >= 2]),
    ),
    "nano-33": (
        lambda events: np.mean([e.jets[0].btagDeepFlavB for e in events if e.jets]),
        lambda events: np.mean([j.btagDeepFlavB for e in events for j in e.jets]),
    ),
    "nano-34": (
        lambda events: len({e.luminosityBlock for e in events}),
        lambda events: len({e.run for e in events}),
    ),
    "nano-35": (
        lambda events: w_fraction(events, 10),
        lambda events: w_fraction(events, 20),
    ),
    "nano-36": (lambda events: cut_flow(events),),
    "nano-37": (
        lambda events: back_to_back(events, 50),
        lambda events: back_to_back(events, 0),
    ),
    "nano-38": (
        lambda events: np.mean([scalar_sum(e, 30) for e in events]),
        lambda events: np.mean([scalar_sum(e, 0) for e in events]),
    ),
    "opendata-01": (
        lambda events: sum(len(e.jets) for e in events),
        lambda events: sum(len(e.jets) > 0 for e in events),
    ),
    "opendata-02": (
        lambda events: np.mean([len(e.muons) for e in events]),
        lambda events: np.mean([len(e.muons) for e in events if e.muons]),
    ),
    "opendata-03": (
        lambda events: sum(not e.muons for e in events),
        lambda events: sum(not e.jets for e in events),
    ),
    "opendata-04": (
        lambda events: np.mean([any(j.btag == 1 for j in e.jets) for e in events]),
        lambda events: np.mean([j.btag == 1 for e in events for j in e.jets]),
    ),
    "opendata-05": (
        lambda events: np.mean([j.pt for e in events for j in e.jets]),
        lambda events: np.mean([max(j.pt for j in e.jets) for e in events if e.jets]),
    ),
    "opendata-06": (
        lambda events: np.mean([max(j.pt for j in e.jets) for e in events if e.jets]),
        lambda events: np.mean([e.jets[0].pt for e in events if e.jets]),
    ),
    "opendata-07": (
        lambda events: np.median([sum(j.pt for j in e.jets) for e in events if e.jets]),
        lambda events: np.median([sum(j.pt for j in e.jets) for e in events]),
    ),
    "opendata-08": (
        lambda events: np.sum(between([(e.muons[0] + e.muons[1]).m for e in events if is_os_pair(e.muons)], 81, 101)),
        lambda events: np.sum(between([(e.muons[0] + e.muons[1]).m for e in events if len(e.muons) == 2], 81, 101)),
    ),
    "opendata-09": (lambda events: peak([(e.muons[0] + e.muons[1]).m for e in events if is_os_pair(e.muons)], 20, 50, 130),),
    "opendata-10": (
        lambda events: np.mean([np.hypot(e.met_px, e.met_py) for e in events]),
        lambda events: np.hypot(np.mean([e.met_px for e in events]), np.mean([e.met_py for e in events])),
    ),
    "opendata-11": (
        lambda events: sum(j.pt > 30 and abs(j.eta) < 2.5 for e in events for j in e.jets),
        lambda events: sum(any(j.pt > 30 and abs(j.eta) < 2.5 for j in e.jets) for e in events),
    ),
    "opendata-12": (
        lambda events: np.mean([z.pt for z in z_candidates(events) if 70 < z.m < 110]),
        lambda events: np.mean([sum(m.pt for m in e.muons) for e in events if is_os_pair(e.muons)]),
    ),
    "opendata-13": (lambda events: np.mean(clear_of([met_angle(e) for e in events if e.jets], 2) > 2),),
    "opendata-14": (
        lambda events: np.median([total(e.jets).m for e in events if len(e.jets) >= 2]),
        lambda events: np.median([(hardest(e.jets)[0] + hardest(e.jets)[1]).m for e in events if len(e.jets) >= 2]),
    ),
    "opendata-15": (
        lambda events: np.mean([max(abs(j.eta) for j in e.jets) for e in events if e.jets]),
        lambda events: np.mean([abs(j.eta) for e in events for j in e.jets]),
    ),
    "opendata-16": (
        lambda events: sum(n_above(e.jets, 40) >= 2 for e in events),
        lambda events: sum(n_above(e.jets, 40) for e in events),
    ),
    "opendata-17": (
        lambda events: sum(m.iso / m.pt < 0.1 for e in events for m in e.muons),
        lambda events: sum(m.iso < 0.1 for e in events for m in e.muons),
        lambda events: sum(any(m.iso / m.pt < 0.1 for m in e.muons) for e in events),
    ),
    "opendata-18": (
        lambda events: np.mean([delta_r(*hardest(e.jets)[:2]) for e in events if len(e.jets) >= 2]),
        lambda events: np.mean([delta_r(*e.jets[:2]) for e in events if len(e.jets) >= 2]),
    ),
    "opendata-19": (
        lambda events: np.mean([total(e.jets).pt for e in events if len(e.jets) >= 2]),
        lambda events: np.mean([total(e.jets).pt for e in events if e.jets]),
    ),
    "opendata-20": (
        lambda events: np.median([trijet_mass(e.jets) for e in events if len(e.jets) >= 3]),
        lambda events: np.median([total(hardest(e.jets)[:3]).m for e in events if len(e.jets) >= 3]),
    ),
    "opendata-21": (
        lambda events: sum(e.weight for e in events if n_above(e.muons, 25) >= 1),
        lambda events: sum(n_above(e.muons, 25) >= 1 for e in events),
    ),
    "opendata-22": (
        lambda events: sum(sum(m.q for m in e.muons) != 0 for e in events),
        lambda events: sum(len(e.muons) > 0 for e in events),
    ),
    "opendata-23": (
        lambda events: np.mean([hardest(e.jets)[0].m for e in events if e.jets]),
        lambda events: np.mean([j.m for e in events for j in e.jets]),
    ),
    "opendata-24": (
        lambda events: (
            sum(len(e.muons) == 2 and not is_os_pair(e.muons) for e in events) / sum(is_os_pair(e.muons) for e in events)
        ),
        lambda events: (
            sum(len(e.muons) == 2 and not is_os_pair(e.muons) for e in events) / sum(len(e.muons) == 2 for e in events)
        ),
    ),
    "opendata-25": (
        lambda events: np.mean([e.trig_mu for e in events if len(e.muons) == 1 and e.muons[0].pt > 20]),
        lambda events: np.mean([e.trig_mu for e in events]),
    ),
    "opendata-26": (
        lambda events: sum(len(e.muons) + len(e.electrons) == 3 and len(e.jets) >= 1 for e in events),
        lambda events: sum(len(e.muons) + len(e.electrons) == 3 for e in events),
    ),
    "calo-01": (lambda events: sum(len(e.E) for e in events),),
    "calo-02": (
        lambda events: np.mean([len(e.E) for e in events]),
        lambda events: np.mean([len(e.E) for e in events if len(e.E)]),
    ),
    "calo-03": (lambda events: sum(len(e.E) == 0 for e in events),),
    "calo-04": (lambda events: sum(e.beam_GeV == 20 for e in events),),
    "calo-05": (
        lambda events: sum(np.sum(e.E > 1000) for e in events),
        lambda events: sum(np.any(e.E > 1000) for e in events),
    ),
    "calo-06": (
        lambda events: np.mean(sums(events, 11, 50)) / 1000,
        lambda events: np.mean(sums(events, 11, 50, empty=True)) / 1000,
    ),
    "calo-07": (
        lambda events: np.std(sums(events, 11, 100)) / np.mean(sums(events, 11, 100)),
        lambda events: np.std(sums(events, 11, 100, empty=True)) / np.mean(sums(events, 11, 100, empty=True)),
    ),
    "calo-08": (
        lambda events: np.mean(sums(events, 211, 50)) / np.mean(sums(events, 11, 50)),
        lambda events: np.mean(sums(events, 11, 50)) / np.mean(sums(events, 211, 50)),
    ),
    "calo-09": (
        lambda events: np.mean([e.E.max() for e in events if len(e.E)]),
        lambda events: np.mean([x for e in events for x in e.E]),
    ),
    "calo-10": (
        lambda events: sum(e.E[e.layer <= 2].sum() for e in events) / sum(e.E.sum() for e in events),
        lambda events: np.mean([e.E[e.layer <= 2].sum() / e.E.sum() for e in events if len(e.E)]),
    ),
    "calo-11": (
        lambda events: sum(np.sum(e.E > 500) >= 5 for e in events),
        lambda events: sum(len(e.E) >= 5 for e in events),
    ),
    "calo-12": (
        lambda events: np.mean([np.average(e.layer, weights=e.E) for e in events if len(e.E) and e.pdg == 211]),
        lambda events: np.mean([np.mean(e.layer) for e in events if len(e.E) and e.pdg == 211]),
    ),
    "calo-13": (
        lambda events: layer_sums(events, 11).argmax(),
        lambda events: layer_sums(events, 211).argmax(),
    ),
    "calo-14": (
        lambda events: np.polyfit(*energy_points(events, 11), 1)[0],
        lambda events: np.polyfit(*energy_points(events, 211), 1)[0],
    ),
    "calo-15": (
        lambda events: 1000 * np.median(np.diff([e.time_s for e in events])),
        lambda events: 1000 * np.mean(np.diff([e.time_s for e in events])),
    ),
    "calo-16": (
        lambda events: np.std([np.average(e.x, weights=e.E) for e in events if len(e.E)]),
        lambda events: np.std([np.mean(e.x) for e in events if len(e.E)]),
        lambda events: np.std([x for e in events for x in e.x]),
    ),
    "calo-17": (
        lambda events: np.mean([e.E.max() / e.E.sum() for e in events if len(e.E)]),
        lambda events: np.mean([e.E.max() for e in events if len(e.E)]) / np.mean([e.E.sum() for e in events if len(e.E)]),
    ),
    "calo-18": (
        lambda events: np.mean([e.t.min() for e in events if len(e.t)]),
        lambda events: np.mean([t for e in events for t in e.t]),
    ),
    "calo-19": (lambda events: np.corrcoef([len(e.E) for e in events], [e.beam_GeV for e in events])[0, 1],),
    "calo-20": (lambda events: np.percentile([x for e in events for x in e.E], 95),),
    "calo-21": (
        lambda events: np.mean([r < 400 for e in events for r in e.x**2 + e.y**2]),
        lambda events: np.mean([x for e in events for x in (abs(e.x) < 20) & (abs(e.y) < 20)]),
    ),
    "calo-22": (lambda events: 100 * np.mean([e.veto for e in events]),),
    "calo-23": (
        lambda events: sum(e.spill == events[-1].spill for e in events),
        lambda events: sum(e.spill == events[0].spill for e in events),
    ),
    "dimuon-01": (lambda df: len(df),),
    "dimuon-02": (
        lambda df: np.sum(df.Q1 == df.Q2),
        lambda df: np.sum(df.Q1 != df.Q2),
    ),
    "dimuon-03": (
        lambda df: df.pt1[df.Type1 == "G"].mean(),
        lambda df: df.pt1.mean(),
    ),
    "dimuon-04": (
        lambda df: np.sum((df.Type1 == "G") & (df.Type2 == "G") & (df.pt1 > 5) & (df.pt2 > 5)),
        lambda df: np.sum((df.Type1 == "G") & (df.Type2 == "G")),
    ),
    "dimuon-05": (
        lambda df: df.Run.value_counts().idxmax(),
        lambda df: df.Run.max(),
    ),
    "dimuon-06": (
        lambda df: np.sum(between(pair(df).m, 2.9, 3.3) & (df.Q1 != df.Q2)),
        lambda df: np.sum(between(pair(df).m, 2.9, 3.3)),
    ),
    "dimuon-07": (lambda df: pair(df).m[between(pair(df).m, 80, 100) & (df.Q1 != df.Q2)].mean(),),
    "dimuon-08": (lambda df: peak(pair(df).m[df.Q1 != df.Q2], 20, 8.5, 10.5, apart=2),),
    "dimuon-09": (
        lambda df: pair(df).pt.mean(),
        lambda df: (df.pt1 + df.pt2).mean(),
    ),
    "dimuon-10": (lambda df: np.sum(clear_of(pair_delta_r(df), 0.5) < 0.5),),
    "dimuon-11": (
        lambda df: np.median(np.cos(angle(muon(df, 1), muon(df, 2)))),
        lambda df: np.median(np.cos(delta_phi(df.phi1, df.phi2))),
    ),
    "dimuon-12": (
        lambda df: np.percentile(np.maximum(df.pt1, df.pt2), 75),
        lambda df: np.percentile(df.pt1, 75),
    ),
    "runs-01": (lambda df: len(df),),
    "runs-02": (
        lambda df: df.lumi_nb[df.good == "yes"].sum(),
        lambda df: df.lumi_nb.sum(),
    ),
    "runs-03": (
        lambda df: np.sum(df.good == "no"),
        lambda df: np.sum(df.good == "yes"),
    ),
    "runs-04": (
        lambda df: df.fill.nunique(),
        lambda df: df["run"].nunique(),
    ),
    "runs-05": (lambda df: df.trigger_rate_hz.isna().sum(),),
    "runs-06": (
        lambda df: df.trigger_rate_hz[df.magnet == "up"].mean(),
        lambda df: df.trigger_rate_hz.mean(),
    ),
    "runs-07": (
        lambda df: df.groupby("fill").lumi_nb.sum().idxmax(),
        lambda df: df.loc[df.lumi_nb.idxmax(), "fill"],
    ),
    "runs-08": (lambda df: df.groupby("fill").size().max(),),
    "runs-09": (lambda df: df.n_events.sum() / df.lumi_nb.sum(),),
    "runs-10": (lambda df: np.sum(df.start.str.startswith("2024-05")),),
    "runs-11": (
        lambda df: np.average(df.live_fraction[df.good == "yes"], weights=df.lumi_nb[df.good == "yes"]),
        lambda df: np.average(df.live_fraction, weights=df.lumi_nb),
    ),
    "runs-12": (lambda df: np.corrcoef(df.duration_min, df.lumi_nb)[0, 1],),
    "runs-13": (
        lambda df: df.lumi_nb[pd.to_datetime(df.start).dt.day_of_week >= 5].sum(),
        lambda df: df.lumi_nb[pd.to_datetime(df.start).dt.day_of_week >= 4].sum(),
    ),
    "runs-14": (
        lambda df: df["run"][df.lumi_nb.cumsum() >= df.lumi_nb.sum() / 2].iloc[0],
        lambda df: df["run"].iloc[len(df) // 2],
    ),
    "runs-15": (
        lambda df: df.groupby("fill").duration_min.sum().mean() / 60,
        lambda df: df.duration_min.mean() / 60,
    ),
    "runs-16": (lambda df: recorded_lumi(df),),
    "scan-01": (lambda df: len(df),),
    "scan-02": (lambda df: df.ok.sum(),),
    "scan-03": (lambda df: df.current_uA.max(),),
    "scan-04": (lambda df: df.temperature_C[df.chamber == "RPC3"].mean(),),
    "scan-05": (
        lambda df: df.current_uA[df.hv_V == 9500].mean(),
        lambda df: df.current_uA.mean(),
    ),
    "scan-06": (
        lambda df: df.n_hits[df.hv_V == 9600].sum() / df.n_triggers[df.hv_V == 9600].sum(),
        lambda df: df.n_hits.sum() / df.n_triggers.sum(),
    ),
    "scan-07": (
        lambda df: working_voltage(df[df.chamber == "RPC1"], 0.9),
        lambda df: working_voltage(df, 0.9),
    ),
    "scan-08": (
        lambda df: binomial_error(df[(df.chamber == "RPC2") & (df.hv_V == 9200)]),
        lambda df: binomial_error(df[df.hv_V == 9200]),
    ),
    "scan-09": (lambda df: df.noise_hz_cm2[df.hv_V == 10000].mean() / df.noise_hz_cm2[df.hv_V == 9000].mean(),),
    "scan-10": (
        lambda df: np.sum((df.n_hits / df.n_triggers > 0.9) & (df.noise_hz_cm2 < 1)),
        lambda df: np.sum(df.n_hits / df.n_triggers > 0.9),
    ),
    "scan-11": (
        lambda df: df.groupby("chamber").noise_hz_cm2.mean().agg(lambda means: means.max() - means.min()),
        lambda df: df.noise_hz_cm2.max() - df.noise_hz_cm2.min(),
    ),
    "scan-12": (
        lambda df: 1000 * np.polyfit(df.hv_V, np.log(df.noise_hz_cm2), 1)[0],
        lambda df: 1000 * np.polyfit(df.hv_V, df.noise_hz_cm2, 1)[0],
    ),
}


def values_of(result, expect):
    """For each metric its value: an int where it must match exactly, else a float of eight digits."""
    values = result if isinstance(result, dict) else dict.fromkeys(expect, result)
    assert list(values) == list(expect), values
    return {name: float(f"{value:.8g}") if expect[name]["rtol"] else int(value) for name, value in values.items()}


def main():
    parser = argparse.ArgumentParser(description="Writes the reference values into requests.yaml, or checks them.")
    parser.add_argument("folder", type=Path, help="where the files of make_files.py are")
    parser.add_argument("--check", action="store_true", help="compare with requests.yaml and write nothing")
    options = parser.parse_args()
    requests = yaml.safe_load(REQUESTS.read_text())
    assert [request["id"] for request in requests] == list(REFERENCE), "requests.yaml and REFERENCE differ in their ids"
    data = {name: read(options.folder / name) for name, read in READERS.items()}
    expected, problems = {}, []
    for request in requests:
        expect = request["expect"]
        compute, *misreadings = REFERENCE[request["id"]]
        values = values_of(compute(data[request["file"]]), expect)
        expected[request["id"]] = {
            metric: {"value": value, "rtol": expect[metric]["rtol"]} for metric, value in values.items()
        }
        for metric, value in values.items():
            rtol = expect[metric]["rtol"]
            if not np.isfinite(value) or value == 0:
                problems.append(f"{request['id']}: {metric} is {value}")
            if options.check and not np.isclose(expect[metric]["value"], value, rtol=1e-7, atol=0):
                problems.append(f"{request['id']}: {metric} is {value}, requests.yaml has {expect[metric]['value']}")
            for misreading in misreadings:
                other = misreading(data[request["file"]])
                if abs(other - value) <= 2 * rtol * abs(value):
                    problems.append(f"{request['id']}: a misreading gives {other}, near {value}")
    if not options.check:
        blocks = re.split(r"(?m)^(?=- id: )", REQUESTS.read_text())
        for i, block in enumerate(blocks[1:], 1):
            name = re.match(r"- id: (\S+)", block)[1]
            flow = re.sub(r'"(\w+)"', r"\1", json.dumps(expected[name]))
            blocks[i] = re.sub(r"(?m)^  expect: .*$", f"  expect: {flow}", block)
        REQUESTS.write_text("".join(blocks))
    print(*problems, f"{len(requests)} requests, {len(problems)} problems", sep="\n")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
