"""The files that `requests.yaml` asks about: invented, small, built anew by `python make_files.py FOLDER`.

They serve development: a rate on them says nothing about files not seen before.
Each is filled from a random generator with a fixed seed, so every run gives the same values.
"""

import sys
from pathlib import Path

import awkward as ak
import numpy as np
import pandas as pd
import uproot

MUON, ELECTRON, PION, KAON = 0.105658, 0.000511, 0.13957, 0.493677


def short(values):
    """float32 with a short mantissa, which compresses well; its last kept bit is set, so no value equals a round number."""
    bits = np.asarray(values, np.float32).view(np.uint32)
    return ((bits & np.uint32(0xFFFFFC00)) | np.uint32(0x00000400)).view(np.float32)


def from_pt(pt, eta, phi, mass):
    """A four-momentum (E, px, py, pz), along the last axis."""
    px, py, pz = pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta)
    return np.stack([np.sqrt(px**2 + py**2 + pz**2 + mass**2), px, py, pz], axis=-1)


def to_pt(p):
    """pt, eta, phi and mass of a four-momentum."""
    pt = np.hypot(p[..., 1], p[..., 2])
    square = p[..., 0] ** 2 - np.sum(p[..., 1:] ** 2, axis=-1)
    return pt, np.arcsinh(p[..., 3] / pt), np.arctan2(p[..., 2], p[..., 1]), np.sqrt(np.maximum(square, 0))


def boost(p, frame):
    """The four-momentum `p`, given in the rest frame of `frame`, seen from where `frame` moves."""
    mass = np.sqrt(frame[..., 0] ** 2 - np.sum(frame[..., 1:] ** 2, axis=-1))
    along = np.sum(p[..., 1:] * frame[..., 1:], axis=-1)
    energy = (p[..., 0] * frame[..., 0] + along) / mass
    factor = (along / (frame[..., 0] + mass) + p[..., 0]) / mass
    return np.concatenate([energy[..., None], p[..., 1:] + factor[..., None] * frame[..., 1:]], axis=-1)


def decay(rng, parent, mass1, mass2):
    """An isotropic decay of each parent to two bodies."""
    mass = np.sqrt(parent[..., 0] ** 2 - np.sum(parent[..., 1:] ** 2, axis=-1))
    momentum = np.sqrt((mass**2 - (mass1 + mass2) ** 2) * (mass**2 - (mass1 - mass2) ** 2)) / (2 * mass)
    cosine, phi = rng.uniform(-1, 1, len(mass)), rng.uniform(-np.pi, np.pi, len(mass))
    sine = np.sqrt(1 - cosine**2)
    p = momentum[:, None] * np.stack([sine * np.cos(phi), sine * np.sin(phi), cosine], axis=-1)
    first = np.concatenate([np.sqrt(momentum**2 + mass1**2)[:, None], p], axis=-1)
    second = np.concatenate([np.sqrt(momentum**2 + mass2**2)[:, None], -p], axis=-1)
    return boost(first, parent), boost(second, parent)


def parents(rng, mass, pt_scale, eta_width):
    n = len(mass)
    pt = rng.gamma(1.5, pt_scale / 1.5, n) + 0.5
    return from_pt(pt, rng.normal(0, eta_width, n), rng.uniform(-np.pi, np.pi, n), mass)


def falling(rng, low, scale, n):
    """A falling spectrum above `low`, with a long tail."""
    return low + scale * rng.pareto(3.5, n) + rng.exponential(scale / 3, n)


def breit_wigner(rng, peak, width, n, low, high):
    values = peak + width / 2 * np.tan(rng.uniform(-1.45, 1.45, n))
    return np.clip(values + rng.normal(0, 1.3, n), low, high)


def write_tree(path, name, columns, title=""):
    with uproot.recreate(path, compression=uproot.ZLIB(9)) as file:
        columns = {key: value if isinstance(value, ak.Array) else np.asarray(value) for key, value in columns.items()}
        types = {key: value.type if isinstance(value, ak.Array) else value.dtype for key, value in columns.items()}
        tree = file.mktree(name, types, title=title)
        tree.extend(columns)


def group(counts, **fields):
    """Jagged branches that share a counter."""
    return ak.zip({name: ak.unflatten(np.asarray(values), counts) for name, values in fields.items()})


def make_ditau(path):
    rng = np.random.default_rng(101)
    n = 9000
    kind = rng.choice(3, n, p=[0.3, 0.45, 0.25])  # signal, Z, fakes
    mass = np.choose(kind, [rng.normal(125, 4, n), breit_wigner(rng, 91, 2.5, n, 50, 200), rng.gamma(3, 35, n) + 35])
    parent = parents(rng, mass, 25, 1.6)
    true = np.array(decay(rng, parent, np.full(n, 1e-3), np.full(n, 1e-3)))
    kept_share = rng.beta(3, 1.8, (2, n))
    visible = true * kept_share[:, :, None]
    mode = rng.choice([0, 1, 10], (2, n), p=[0.25, 0.5, 0.25])
    pt, eta, phi, _ = to_pt(visible)
    tau_mass = np.where(mode == 0, 0.1396, np.clip(rng.normal(0.95, 0.2, (2, n)), 0.3, 1.5))
    order = np.argsort(-pt, axis=0)
    pt, eta, phi, tau_mass, mode = (np.take_along_axis(x, order, axis=0) for x in (pt, eta, phi, tau_mass, mode))
    keep = np.flatnonzero((pt[1] > 20) & (np.abs(eta) < 2.4).all(axis=0))[:3000]
    n = len(keep)
    kind, pt, eta, phi, tau_mass, mode = (x[..., keep] for x in (kind, pt, eta, phi, tau_mass, mode))
    missing = np.sum(true * (1 - kept_share)[:, :, None], axis=0)[keep, 1:3] + rng.normal(0, 11, (n, 2))
    charge = rng.choice([-1, 1], n)
    same = rng.random(n) < np.choose(kind, [0.02, 0.03, 0.42])
    jets = rng.poisson(np.choose(kind, [1.1, 0.6, 1.3]))
    jet1 = falling(rng, 30, 35, n)
    jet2 = 30 + (jet1 - 30) * rng.uniform(0.05, 0.95, n)
    weight = np.choose(kind, [0.31, 0.94, 1.42]) * rng.normal(1, 0.12, n) * np.where(rng.random(n) < 0.04, -1, 1)
    columns = {"run": np.sort(rng.integers(320001, 320013, n)).astype(np.int32), "event": np.arange(1, n + 1) * 7 + 13}
    for i, name in enumerate(("tau1", "tau2")):
        columns |= {
            f"{name}_pt": short(pt[i]),
            f"{name}_eta": short(eta[i]),
            f"{name}_phi": short(phi[i]),
            f"{name}_m": short(tau_mass[i]),
            f"{name}_q": (charge if i == 0 else np.where(same, charge, -charge)).astype(np.int32),
            f"{name}_reliso": short(rng.exponential(np.choose(kind, [0.06, 0.06, 0.22]))),
            f"{name}_decayMode": mode[i].astype(np.int32),
        }
    total = from_pt(pt, eta, phi, tau_mass).sum(axis=0)
    columns |= {
        "m_vis": short(to_pt(total)[3]),
        "met": short(np.hypot(*missing.T)),
        "met_phi": short(np.arctan2(missing[:, 1], missing[:, 0])),
        "njets": jets.astype(np.int32),
        "nbtag": rng.binomial(jets, 0.14).astype(np.int32),
        "jet1_pt": np.where(jets > 0, short(jet1), np.float32(-999)),
        "jet2_pt": np.where(jets > 1, short(jet2), np.float32(-999)),
        "npv": rng.poisson(31, n).astype(np.int32),
        "weight": weight.astype(np.float64),
        "isSignal": (kind == 0).astype(np.int32),
    }
    write_tree(path, "ntuple", columns, "mu tau_h pairs, momenta in GeV")


def make_lhcb(path):
    rng = np.random.default_rng(202)
    n = 6000
    signal = rng.random(n) < 0.45
    mass = np.where(signal, rng.normal(5279.6, 17, n), 5000 + rng.exponential(420, n)) / 1000
    charm = np.where(signal | (rng.random(n) < 0.4), rng.normal(1864.8, 8, n), rng.uniform(1800, 1930, n)) / 1000
    parent = from_pt(rng.gamma(2.2, 2.6, n) + 1, rng.uniform(2.2, 4.6, n), rng.uniform(-np.pi, np.pi, n), mass)
    dzero, bachelor = decay(rng, parent, charm, np.full(n, PION))
    kaon, pion = decay(rng, dzero, np.full(n, KAON), np.full(n, PION))
    tracks = {"K": kaon, "Pi": pion, "Bach": bachelor}
    inside = (mass > 5.0) & (mass < 5.8)
    for p in tracks.values():
        inside &= (to_pt(p)[0] > 0.15) & (to_pt(p)[1] > 1.8) & (to_pt(p)[1] < 5.2)
    keep = np.flatnonzero(inside)[:2150]
    n, signal, parent, dzero = len(keep), signal[keep], parent[keep], dzero[keep]
    new_event = rng.random(n) > 0.14
    new_event[0] = True
    number = np.cumsum(new_event)
    run = 174000 + number // 190
    minus = rng.random(n) < np.where(signal, 0.43, 0.5)
    columns = {
        "runNumber": run.astype(np.int32),
        "eventNumber": (number % 190 * 31 + 1000).astype(np.int64),
        "Polarity": np.where(number // 190 % 3 == 0, 1, -1).astype(np.int32),
        "nTracks": rng.negative_binomial(6, 6 / 186, n).astype(np.int32) + 10,
        "nPVs": rng.poisson(1.3, n).astype(np.int32) + 1,
        "B_ID": np.where(minus, -521, 521).astype(np.int32),
    }
    for name, p in (("B", parent), ("D0", dzero)):
        columns |= {
            f"{name}_M": short(1000 * to_pt(p)[3]),
            f"{name}_PT": short(1000 * to_pt(p)[0]),
            f"{name}_P": short(1000 * np.sqrt(np.sum(p[:, 1:] ** 2, axis=1))),
        }
    columns |= {
        "B_IPCHI2": short(np.where(signal, rng.chisquare(2, n), rng.gamma(0.9, 11, n)) + 0.002),
        "B_DIRA": (1 - rng.exponential(np.where(signal, 2e-5, 9e-5))).astype(np.float64),
        "B_TAU_ps": short(rng.exponential(np.where(signal, 1.64, 0.6)) + 0.2),
        "D0_IPCHI2": short(rng.gamma(1.1, 40, n) + 0.5),
        "BDT": short(np.tanh(rng.normal(np.where(signal, 0.75, -0.45), 0.55))),
        "L0Hadron_TOS": (rng.random(n) < 0.52).astype(bool),
        "L0Global_TIS": (rng.random(n) < 0.41).astype(bool),
    }
    for name, p in tracks.items():
        p = 1000 * p[keep]
        columns |= {f"{name}_{part}": p[:, i] for i, part in ((1, "PX"), (2, "PY"), (3, "PZ"), (0, "PE"))}
        columns[f"{name}_IPCHI2"] = short(rng.gamma(1.3, np.where(signal, 95, 42)) + 4)
        wanted = rng.beta(np.where(signal, 6, 2), 1.5)
        columns[f"{name}_ProbNN{'k' if name == 'K' else 'pi'}"] = short(wanted)
    write_tree(path, "DecayTree", columns, "B+ -> D0 pi+, MeV")


def leptons(rng, n, z_share, z_mass, mass):
    """Per event: the leptons of a Z in some events, and some single ones, sorted by pt."""
    has_z = rng.random(n) < z_share
    one, two = decay(rng, parents(rng, z_mass, 18, 1.1), np.full(n, mass), np.full(n, mass))
    events = []
    for i in range(n):
        charge = int(rng.choice([-1, 1]))
        found = [(one[i], charge), (two[i], -charge)] if has_z[i] else []
        for _ in range(rng.choice(3, p=[0.68, 0.26, 0.06])):
            p = from_pt(falling(rng, 4, 18, 1)[0], rng.uniform(-2.4, 2.4), rng.uniform(-np.pi, np.pi), mass)
            found.append((p, int(rng.choice([-1, 1]))))
        found = [(p, q) for p, q in found if to_pt(p)[0] > 3 and abs(to_pt(p)[1]) < 2.5]
        events.append(sorted(found, key=lambda item: -to_pt(item[0])[0]))
    counts = np.array([len(event) for event in events])
    return counts, np.array([p for event in events for p, _ in event]), np.array([q for event in events for _, q in event])


def jets_of(rng, n, mean):
    """Per event: jets with a falling spectrum, in no order; some are a pair from one heavy particle."""
    events = []
    for _ in range(n):
        found = []
        for _ in range(min(rng.poisson(mean), 11)):
            pt = falling(rng, 15, 32, 1)[0]
            found.append(
                from_pt(pt, np.clip(rng.normal(0, 1.7), -4.7, 4.7), rng.uniform(-np.pi, np.pi), pt * rng.uniform(0.08, 0.2))
            )
        if rng.random() < 0.3:
            heavy = from_pt(
                np.array([rng.gamma(2, 45)]),
                rng.normal(0, 1, 1),
                rng.uniform(-np.pi, np.pi, 1),
                np.array([rng.normal(80.4, 6)]),
            )
            found += [p[0] for p in decay(rng, heavy, np.full(1, 6.0), np.full(1, 6.0)) if to_pt(p[0])[0] > 15]
        events.append(found)
    counts = np.array([len(event) for event in events])
    return counts, np.array([p for event in events for p in event])


def sort_in_events(counts, p):
    event = np.repeat(np.arange(len(counts)), counts)
    return p[np.lexsort([-to_pt(p)[0], event])]


def make_nano(path):
    rng = np.random.default_rng(303)
    n = 1300
    n_mu, mu, mu_q = leptons(rng, n, 0.42, breit_wigner(rng, 91.2, 2.5, n, 40, 140), MUON)
    n_el, el, el_q = leptons(rng, n, 0.14, breit_wigner(rng, 91.2, 2.5, n, 40, 140), ELECTRON)
    n_jet, jet = jets_of(rng, n, 2.6)
    jet = sort_in_events(n_jet, jet)
    pairs = rng.random(n) < 0.3
    higgs = np.where(rng.random(n) < 0.35, rng.normal(125.2, 1.8, n), 70 + rng.exponential(45, n))
    gammas = decay(rng, parents(rng, higgs, 35, 0.9), np.full(n, 1e-6), np.full(n, 1e-6))
    photons = []
    for i in range(n):
        found = [g[i] for g in gammas] if pairs[i] else []
        found += [
            from_pt(falling(rng, 10, 15, 1)[0], rng.uniform(-2.4, 2.4), rng.uniform(-3.14, 3.14), 0.0)
            for _ in range(rng.poisson(0.4))
        ]
        photons.append([p for p in found if to_pt(p)[0] > 8])
    n_ph = np.array([len(found) for found in photons])
    ph = sort_in_events(n_ph, np.array([p for found in photons for p in found]))

    def kinematics(p, **more):
        pt, eta, phi, mass = to_pt(p)
        return {"pt": short(pt), "eta": short(eta), "phi": short(phi), "mass": short(mass)} | more

    total_mu, total_el, total_jet, total_ph = len(mu), len(el), len(jet), len(ph)
    tight_mu = rng.random(total_mu) < 0.86
    muons = group(
        n_mu,
        **kinematics(
            mu,
            mass=np.full(total_mu, MUON, np.float32),
            charge=mu_q.astype(np.int32),
            pfRelIso04_all=short(rng.exponential(np.where(rng.random(total_mu) < 0.78, 0.05, 0.4))),
            dxy=short(rng.normal(0, 0.004, total_mu)),
            looseId=tight_mu | (rng.random(total_mu) < 0.8),
            tightId=tight_mu,
            nTrackerLayers=rng.integers(6, 17, total_mu).astype(np.int32),
            genPartFlav=rng.choice([0, 1, 5, 15], total_mu, p=[0.05, 0.8, 0.1, 0.05]).astype(np.uint8),
        ),
    )
    electrons = group(
        n_el,
        **kinematics(
            el,
            mass=np.full(total_el, ELECTRON, np.float32),
            charge=el_q.astype(np.int32),
            pfRelIso03_all=short(rng.exponential(0.08, total_el)),
            cutBased=rng.choice(5, total_el, p=[0.07, 0.08, 0.15, 0.25, 0.45]).astype(np.int32),
            mvaIso=short(rng.normal(0.5, 0.4, total_el)),
            convVeto=rng.random(total_el) < 0.95,
            lostHits=rng.poisson(0.1, total_el).astype(np.uint8),
        ),
    )
    flavour = np.where(
        rng.random(total_jet) < np.where(to_pt(jet)[0] > 45, 0.3, 0.12), 5, rng.choice([0, 4], total_jet, p=[0.9, 0.1])
    )
    score = np.where(flavour == 5, rng.beta(4, 1, total_jet), rng.beta(0.6, 6, total_jet)) * 0.998 + 0.001
    jets = group(
        n_jet,
        **kinematics(
            jet,
            btagDeepFlavB=short(score),
            hadronFlavour=flavour.astype(np.int32),
            jetId=rng.choice([0, 2, 6], total_jet, p=[0.03, 0.07, 0.9]).astype(np.int32),
            area=short(rng.normal(0.5, 0.02, total_jet)),
            nConstituents=rng.poisson(22, total_jet).astype(np.uint8),
            chHEF=short(rng.beta(6, 4, total_jet)),
        ),
    )
    eta, phi = to_pt(ph)[1:3]
    photon = group(
        n_ph,
        pt=short(to_pt(ph)[0]),
        eta=short(eta),
        phi=short(phi),
        mvaID=short(np.tanh(rng.normal(0.8, 0.7, total_ph))),
        r9=short(rng.beta(12, 1.5, total_ph)),
        cutBased=rng.choice(4, total_ph, p=[0.1, 0.2, 0.3, 0.4]).astype(np.int32),
        pixelSeed=rng.random(total_ph) < 0.15,
    )
    n_tau = rng.poisson(0.25, n)
    total_tau = int(n_tau.sum())
    taus = group(
        n_tau,
        pt=short(falling(rng, 18, 12, total_tau)),
        eta=short(rng.uniform(-2.3, 2.3, total_tau)),
        phi=short(rng.uniform(-np.pi, np.pi, total_tau)),
        mass=short(rng.uniform(0.3, 1.5, total_tau)),
        decayMode=rng.choice([0, 1, 10, 11], total_tau).astype(np.int32),
    )
    first_muon = np.cumsum(n_mu) - n_mu
    leading = np.array([to_pt(mu[first_muon[i]])[0] if n_mu[i] else 0.0 for i in range(n)])
    leading_tight = np.array([tight_mu[first_muon[i]] if n_mu[i] else False for i in range(n)])
    fired_mu = (leading > rng.normal(24.5, 1.2, n)) & (rng.random(n) < np.where(leading_tight, 0.93, 0.4))
    first_el = np.cumsum(n_el) - n_el
    leading_el = np.array([to_pt(el[first_el[i]])[0] if n_el[i] else 0.0 for i in range(n)])
    fired_el = (leading_el > rng.normal(32.5, 1.5, n)) & (rng.random(n) < 0.82)
    met = np.hypot(rng.normal(0, 22, n), rng.normal(0, 22, n)) + np.where(
        rng.random(n) < np.where(n_mu + n_el == 1, 0.45, 0.12), rng.exponential(60, n), 0
    )
    lumi = np.sort(rng.integers(11, 74, n))
    vertices = rng.poisson(29, n) + 1
    columns = {
        "run": np.where(lumi < 40, 316187, 316239).astype(np.uint32),
        "luminosityBlock": lumi.astype(np.uint32),
        "event": (np.arange(n) * 1013 + 40021).astype(np.uint64),
        "genWeight": (rng.choice([1, -1], n, p=[0.9, 0.1]) * 2.75).astype(np.float32),
        "Muon": muons,
        "Electron": electrons,
        "Jet": jets,
        "Photon": photon,
        "Tau": taus,
        "MET_pt": short(met),
        "MET_phi": short(rng.uniform(-np.pi, np.pi, n)),
        "MET_sumEt": short(rng.gamma(9, 120, n)),
        "MET_significance": short(rng.exponential(3, n)),
        "RawMET_pt": short(met * rng.normal(1.05, 0.08, n)),
        "RawMET_phi": short(rng.uniform(-np.pi, np.pi, n)),
        "PuppiMET_pt": short(met * rng.normal(0.93, 0.1, n)),
        "PuppiMET_phi": short(rng.uniform(-np.pi, np.pi, n)),
        "PV_npvs": vertices.astype(np.int32),
        "PV_npvsGood": np.maximum(vertices - rng.poisson(4, n), 1).astype(np.int32),
        "PV_z": short(rng.normal(0, 3.6, n)),
        "fixedGridRhoFastjetAll": short(rng.gamma(9, 2.4, n)),
        "Pileup_nTrueInt": short(rng.normal(32, 6, n)),
        "HLT_IsoMu24": fired_mu,
        "HLT_Ele32_WPTight_Gsf": fired_el,
    }
    others = (
        "IsoMu27 Mu50 Mu17_TrkIsoVVL_Mu8_TrkIsoVVL_DZ_Mass3p8 Ele35_WPTight_Gsf PFMET120_PFMHT120_IDTight PFHT1050 PFJet500"
    )
    for name in others.split():
        columns[f"HLT_{name}"] = rng.random(n) < rng.uniform(0.02, 0.3)
    for name in ["goodVertices", "HBHENoiseFilter", "eeBadScFilter", "BadPFMuonFilter", "globalSuperTightHalo2016Filter"]:
        columns[f"Flag_{name}"] = rng.random(n) < 0.985
    write_tree(path, "Events", columns)


def make_opendata(path):
    rng = np.random.default_rng(404)
    n = 1500
    n_mu, mu, mu_q = leptons(rng, n, 0.4, breit_wigner(rng, 91.2, 2.5, n, 30, 150), MUON)
    n_jet, jet = jets_of(rng, n, 2.1)
    n_el, el, el_q = leptons(rng, n, 0.05, breit_wigner(rng, 91.2, 2.5, n, 30, 150), ELECTRON)
    mixed = np.lexsort([rng.random(len(mu)), np.repeat(np.arange(n), n_mu)])  # not sorted by pt
    mu, mu_q = mu[mixed], mu_q[mixed]

    def components(p):
        return {part: p[:, i].astype(np.float32) for i, part in ((1, "px"), (2, "py"), (3, "pz"), (0, "e"))}

    met = rng.normal(0, 17, (n, 2)) + np.where(rng.random((n, 1)) < 0.2, rng.normal(0, 55, (n, 2)), 0)
    columns = {
        "run": np.sort(rng.integers(167001, 167009, n)).astype(np.int32),
        "event": (np.arange(n) * 17 + 5).astype(np.int64),
        "jet": group(n_jet, **components(jet), btag=(rng.random(len(jet)) < 0.16).astype(np.int32)),
        "mu": group(n_mu, **components(mu), q=mu_q.astype(np.int32), iso=short(rng.exponential(2.4, len(mu)))),
        "el": group(n_el, **components(el), q=el_q.astype(np.int32)),
        "met_px": short(met[:, 0]),
        "met_py": short(met[:, 1]),
        "nvtx": (rng.poisson(8, n) + 1).astype(np.int32),
        "trig_mu": ((n_mu > 0) & (rng.random(n) < 0.83)) | (rng.random(n) < 0.04),
        "weight": rng.normal(0.62, 0.09, n).astype(np.float64),
    }
    write_tree(path, "events", columns, "momenta in GeV")


def make_calo(path):
    rng = np.random.default_rng(505)
    n = 1100
    beam = rng.choice([10, 20, 50, 100], n, p=[0.2, 0.25, 0.3, 0.25])
    pdg = rng.choice([11, 211], n, p=[0.6, 0.4])
    counts, fields = [], {name: [] for name in ("E_MeV", "layer", "x_mm", "y_mm", "t_ns")}
    for energy, particle in zip(beam, pdg, strict=True):
        electron = particle == 11
        seen = energy * (
            rng.normal(0.955, 0.11 / np.sqrt(energy) + 0.012) if electron else rng.normal(0.74, 0.5 / np.sqrt(energy) + 0.05)
        )
        hits = 0 if rng.random() < 0.035 else 4 + rng.poisson(2.6 * np.log(energy))
        counts.append(hits)
        depth = rng.gamma(4.2 if electron else 5, 0.85 if electron else 1.15, hits)
        width = 9 if electron else 22
        share = rng.gamma(0.55, 1, hits) + 0.003
        fields["E_MeV"].append(1000 * max(seen, 0.2) * share / max(share.sum(), 1e-9))
        fields["layer"].append(np.clip(depth.astype(int), 0, 11))
        fields["x_mm"].append(5 * np.round(rng.normal(rng.normal(4, 6), width, hits) / 5))
        fields["y_mm"].append(5 * np.round(rng.normal(rng.normal(-3, 6), width, hits) / 5))
        fields["t_ns"].append(8 + depth * 0.35 + rng.exponential(0.8 if electron else 2.2, hits))
    kinds = {"E_MeV": short, "t_ns": short, "layer": lambda x: x.astype(np.int32)}
    cells = {
        name: kinds.get(name, lambda x: x.astype(np.float32))(np.concatenate(values)) for name, values in fields.items()
    }
    columns = {
        "event": np.arange(n, dtype=np.int32),
        "spill": (np.arange(n) // 90).astype(np.int32),
        "time_s": np.cumsum(rng.exponential(0.045, n) + np.where(np.arange(n) % 90 == 0, 14.0, 0.0)),
        "beam_GeV": beam.astype(np.float32),
        "pdg": pdg.astype(np.int32),
        "temp_C": short(rng.normal(22.5, 0.4, n)),
        "veto": rng.random(n) < 0.07,
        "cell": group(np.array(counts), **cells),
    }
    write_tree(path, "TB", columns, "test beam: positrons and pions")


def make_dimuon(path):
    rng = np.random.default_rng(606)
    n = 1700
    kind = rng.choice(4, n, p=[0.25, 0.12, 0.28, 0.35])
    mass = np.choose(
        kind,
        [
            rng.normal(3.097, 0.04, n),
            rng.normal(9.46, 0.09, n),
            breit_wigner(rng, 91.2, 2.5, n, 60, 120),
            2 + rng.exponential(22, n),
        ],
    )
    pair = decay(rng, parents(rng, mass, 14, 1.3), np.full(n, MUON), np.full(n, MUON))
    keep = np.flatnonzero((np.abs(to_pt(pair[0])[1]) < 2.6) & (np.abs(to_pt(pair[1])[1]) < 2.6))[:1400]
    charge = rng.choice([-1, 1], n)
    second = np.where((kind == 3) & (rng.random(n) < 0.4), charge, -charge)
    table = {"Run": np.sort(rng.integers(165617, 165640, len(keep))), "Event": rng.integers(10**6, 9 * 10**8, len(keep))}
    for i, (p, q) in enumerate(zip(pair, (charge, second), strict=True), 1):
        p, q = p[keep], q[keep]
        pt, eta, phi, _ = to_pt(p)
        table[f"Type{i}"] = np.where(rng.random(len(keep)) < np.where(pt < 8, 0.45, 0.08), "T", "G")
        # Plain decimals with enough digits for the small masses.
        table |= {f"{part}{i}": np.round(p[:, j], 5) for j, part in enumerate(("E", "px", "py", "pz"))}
        table |= {f"pt{i}": np.round(pt, 4), f"eta{i}": np.round(eta, 5), f"phi{i}": np.round(phi, 5), f"Q{i}": q}
    pd.DataFrame(table).to_csv(path, index=False)


def make_runs(path):
    rng = np.random.default_rng(713)
    rows, run, start = [], 280112, pd.Timestamp("2024-04-26 06:20:00")
    for fill in range(9511, 9545):
        if rng.random() < 0.12:
            continue
        magnet = "up" if (fill // 6) % 2 else "down"
        for _ in range(rng.integers(1, 9)):
            hours = rng.gamma(3, 0.7) + 0.1
            lumi = hours * rng.normal(310, 40)
            good = rng.random() < 0.84
            rate = rng.normal(1650 if magnet == "up" else 1490, 120)
            rows.append(
                {
                    "run": run,
                    "fill": fill,
                    "start": start.strftime("%Y-%m-%d %H:%M:%S"),
                    "duration_min": round(60 * hours, 1),
                    "magnet": magnet,
                    "n_events": int(hours * 3600 * rate * rng.uniform(0.8, 0.99)),
                    "lumi_nb": round(lumi, 2),
                    "live_fraction": round(rng.beta(18, 1.6) if good else rng.beta(6, 3), 4),
                    "trigger_rate_hz": None if rng.random() < 0.06 else round(rate, 1),
                    "good": "yes" if good else "no",
                }
            )
            run += int(rng.integers(1, 5))
            start += pd.Timedelta(hours=hours + rng.exponential(0.3)).round("s")
        start += pd.Timedelta(hours=3 + rng.exponential(9)).round("s")
    pd.DataFrame(rows).to_csv(path, sep=";", index=False)


def make_scan(path):
    rng = np.random.default_rng(808)
    rows = []
    for chamber, working_point in zip(
        ["RPC1", "RPC2", "RPC3", "RPC4", "RPC5", "RPC6"], rng.normal(9150, 110, 6), strict=True
    ):
        plateau = rng.uniform(0.955, 0.985)
        for voltage in range(8400, 10001, 100):
            for repeat in range(3):
                triggers = int(rng.integers(1500, 6000))
                rise = plateau / (1 + np.exp(-(voltage - working_point) / 90))
                rows.append(
                    {
                        "chamber": chamber,
                        "hv_V": voltage,
                        "repeat": repeat,
                        "n_triggers": triggers,
                        "n_hits": int(rng.binomial(triggers, rise)),
                        "noise_hz_cm2": round(float(0.05 * np.exp((voltage - 8400) / 420) * rng.lognormal(0, 0.25)), 4),
                        "current_uA": np.nan
                        if rng.random() < 0.05
                        else round(float(0.4 + ((voltage - 8300) / 700) ** 3 * rng.normal(1, 0.08)), 3),
                        "temperature_C": round(float(rng.normal(21.4, 0.7)), 2),
                        "ok": bool(rng.random() < 0.93),
                    }
                )
    pd.DataFrame(rows).sample(frac=1, random_state=9).reset_index(drop=True).to_parquet(path, index=False)


FILES = {
    "ditau.root": make_ditau,
    "lhcb.root": make_lhcb,
    "nano_like.root": make_nano,
    "opendata.root": make_opendata,
    "calo.root": make_calo,
    "dimuon.csv": make_dimuon,
    "runs.csv": make_runs,
    "scan.parquet": make_scan,
}


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: python make_files.py FOLDER")
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in FILES.items():
        make(folder / name)
        print(f"{name}: {(folder / name).stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
