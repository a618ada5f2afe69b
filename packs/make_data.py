"""Make the small data files of the pack scikit-hep: `python packs/make_data.py`.

Toy models with a fixed seed: Z bosons with falling transverse momentum, decaying isotropically to two massless leptons,
jets with exponential spectra, and a test beam of electrons and pions. Physically sensible, no more. The content is the
same at every run; the bytes too, as long as the versions of numpy and uproot are (uproot stamps the time into its keys,
so the stamp is fixed here).
"""

from __future__ import annotations

import datetime
import sys
import uuid
from pathlib import Path

import awkward as ak
import numpy as np
import uproot
import uproot._util

SEED = 20251124
OUT = Path(__file__).parent / "scikit-hep" / "data"
M_MU, M_Z, GAMMA_Z = 0.10566, 91.1876, 2.4952


def f32(x):
    """float32 with a 14-bit mantissa: the files stay small."""
    bits = np.ascontiguousarray(x, dtype=np.float32).view(np.uint32)
    return ((bits + 0x100) & np.uint32(0xFFFFFE00)).view(np.float32)


def boost(p4, beta):
    """Boost (n, 4) momenta (E, x, y, z) by (n, 3) velocities."""
    b2 = np.sum(beta**2, axis=1)
    gamma = 1 / np.sqrt(1 - b2)
    bp = np.sum(beta * p4[:, 1:], axis=1)
    k = np.where(b2 > 0, (gamma - 1) / np.where(b2 > 0, b2, 1), 0)
    xyz = p4[:, 1:] + (k * bp + gamma * p4[:, 0])[:, None] * beta
    return np.column_stack([gamma * (p4[:, 0] + bp), xyz])


def dilepton(rng, n, mass):
    """Two lepton momenta, each (n, 4), from a boosted system of the given mass."""
    pt, y, phi = rng.gamma(1.6, 9.0, n), rng.normal(0, 1.2, n), rng.uniform(-np.pi, np.pi, n)
    mt = np.hypot(mass, pt)
    system = np.column_stack([mt * np.cosh(y), pt * np.cos(phi), pt * np.sin(phi), mt * np.sinh(y)])
    cos, az = rng.uniform(-1, 1, n), rng.uniform(-np.pi, np.pi, n)
    sin = np.sqrt(1 - cos**2)
    u = np.column_stack([sin * np.cos(az), sin * np.sin(az), cos])
    half = (mass / 2)[:, None]
    beta = system[:, 1:] / system[:, :1]
    ones = np.ones((n, 1))
    return boost(np.column_stack([half * ones, half * u]), beta), boost(np.column_stack([half * ones, -half * u]), beta)


def spherical(p4):
    pt = np.hypot(p4[:, 1], p4[:, 2])
    return pt, np.arcsinh(p4[:, 3] / pt), np.arctan2(p4[:, 2], p4[:, 1])


def z_masses(rng, n, background=0.12):
    mass = M_Z + GAMMA_Z / 2 * np.tan(np.pi * (rng.uniform(0.03, 0.97, n) - 0.5)) + rng.normal(0, 1.2, n)
    return np.where(rng.uniform(size=n) < background, 30 + rng.exponential(35, n), np.clip(mass, 20, 180))


def zmumu(rng):
    n = 700
    a, b = dilepton(rng, n, z_masses(rng, n))
    keep = (spherical(a)[0] > 8) & (spherical(b)[0] > 8)
    a, b = a[keep][:450], b[keep][:450]
    n = len(a)
    q1 = rng.choice([-1, 1], n)
    q2 = np.where(rng.uniform(size=n) < 0.04, q1, -q1)
    columns = {
        "run": np.sort(rng.choice([4101, 4102, 4107], n)).astype(np.int32),
        "event": np.arange(1, n + 1, dtype=np.int32),
    }
    rounded = []
    for i, p4, q in ((1, a, q1), (2, b, q2)):
        p4 = np.column_stack([f32(p4[:, j]) for j in range(4)]).astype(np.float64)
        rounded.append(p4)
        pt, eta, phi = spherical(p4)
        columns |= {f"E{i}": p4[:, 0], f"px{i}": p4[:, 1], f"py{i}": p4[:, 2], f"pz{i}": p4[:, 3]}
        columns |= {f"pt{i}": pt, f"eta{i}": eta, f"phi{i}": phi, f"Q{i}": q.astype(np.int32)}
    total = rounded[0] + rounded[1]
    columns["M"] = np.sqrt(np.maximum(total[:, 0] ** 2 - np.sum(total[:, 1:] ** 2, axis=1), 0))
    return {k: f32(v) if v.dtype == np.float64 else v for k, v in columns.items()}


def jagged(counts, values):
    return ak.unflatten(values, counts)


def by_pt(fields):
    order = ak.argsort(fields["pt"], axis=1, ascending=False)
    return {k: v[order] for k, v in fields.items()}


def leptons(rng, n, scale):
    """Jagged pt, eta, phi, charge: a Z in 45 % of the events, one soft lepton or none in the others."""
    kind = rng.choice([0, 1, 2, 3], n, p=[0.25, 0.25, 0.42, 0.08])
    a, b = dilepton(rng, n, z_masses(rng, n, 0.1))
    momenta = np.stack([a, b, boost(a * rng.uniform(0.2, 0.5, (n, 1)), np.zeros((n, 3)))], axis=1)
    q = rng.choice([-1, 1], n)
    charge = np.stack([q, np.where(rng.uniform(size=n) < 0.05, q, -q), rng.choice([-1, 1], n)], axis=1)
    chosen = np.arange(3)[None, :] < kind[:, None]
    pt, eta, phi = spherical(momenta[chosen])
    return by_pt(
        {
            k: jagged(kind, v)
            for k, v in {
                "pt": pt * scale,
                "eta": np.clip(eta, -2.4, 2.4),
                "phi": phi,
                "charge": charge[chosen].astype(np.int32),
            }.items()
        }
    )


def jets(rng, n, mean):
    counts = rng.poisson(mean, n)
    size = int(counts.sum())
    pt = 20 + rng.exponential(28, size)
    return by_pt(
        {
            k: jagged(counts, v)
            for k, v in {
                "pt": pt,
                "eta": np.clip(rng.normal(0, 1.7, size), -4.7, 4.7),
                "phi": rng.uniform(-np.pi, np.pi, size),
                "mass": pt * rng.uniform(0.06, 0.18, size),
                "btag": rng.beta(0.35, 1.0, size),
            }.items()
        }
    )


def rounded(fields):
    return ak.zip(
        {
            k: v
            if np.issubdtype(ak.to_numpy(ak.flatten(v)).dtype, np.integer)
            else jagged(ak.num(v), f32(ak.to_numpy(ak.flatten(v))))
            for k, v in fields.items()
        }
    )


def nano(rng):
    n = 320
    muon, electron, jet = leptons(rng, n, 1.0), leptons(rng, n, 0.9), jets(rng, n, 2.8)
    muon["mass"] = ak.full_like(muon["pt"], M_MU)
    few = rng.uniform(size=n) < 0.3
    electron = {k: jagged(np.where(few, ak.num(v), 0), ak.to_numpy(ak.flatten(v[few]))) for k, v in electron.items()}
    leading = ak.to_numpy(ak.fill_none(ak.max(muon["pt"], axis=1), 0))
    return {
        "run": np.full(n, 316239, np.int32),
        "event": np.arange(1001, 1001 + n, dtype=np.int32),
        "Muon": rounded(muon),
        "Electron": rounded(electron),
        "Jet": rounded(jet),
        "MET_pt": f32(rng.gamma(2.0, 14, n)),
        "MET_phi": f32(rng.uniform(-np.pi, np.pi, n)),
        "PV_npvs": rng.poisson(24, n).astype(np.int32),
        "genWeight": f32(np.where(rng.uniform(size=n) < 0.1, -1, 1) * rng.normal(1.0, 0.1, n)),
        "HLT_IsoMu24": rng.uniform(size=n) < 0.92 / (1 + np.exp(-(leading - 24) / 1.5)),
    }


def objects(rng):
    n = 260
    mu, jet = leptons(rng, n, 1.0), jets(rng, n, 3.2)

    def cartesian(f, m):
        px, py, pz = f["pt"] * np.cos(f["phi"]), f["pt"] * np.sin(f["phi"]), f["pt"] * np.sinh(f["eta"])
        return {"px": px, "py": py, "pz": pz, "e": np.sqrt(px**2 + py**2 + pz**2 + m**2)}

    met, phi = rng.gamma(2.0, 14, n), rng.uniform(-np.pi, np.pi, n)
    return {
        "event_id": np.arange(n, dtype=np.int32),
        "weight": f32(rng.lognormal(-0.1, 0.35, n)),
        "n_vertices": rng.poisson(18, n).astype(np.int32),
        "mu": rounded({**cartesian(mu, M_MU), "q": mu["charge"]}),
        "jet": rounded({**cartesian(jet, jet["mass"]), "btag": jet["btag"]}),
        "met_px": f32(met * np.cos(phi)),
        "met_py": f32(met * np.sin(phi)),
    }


def testbeam(rng):
    n = 800
    electron = rng.uniform(size=n) < 0.6
    share = np.where(electron, rng.normal(0.96, 0.012, n), rng.beta(1.2, 2.2, n))
    energy = 50 * np.where(electron, rng.normal(1, 0.022, n), rng.normal(0.85, 0.11, n))
    return {
        "spill": np.repeat(np.arange(1, 9, dtype=np.int32), n // 8),
        "time_ns": f32(rng.normal(42.0, 1.3, n)),
        "x_mm": f32(rng.normal(1.8, 6.0, n)),
        "y_mm": f32(rng.normal(-0.6, 4.5, n)),
        "e_ecal": f32(energy * share),
        "e_hcal": f32(np.abs(energy * (1 - share) + rng.normal(0, 0.4, n))),
        "n_hits": rng.poisson(np.where(electron, 58, 34)).astype(np.int32),
        "cherenkov": (rng.uniform(size=n) < np.where(electron, 0.97, 0.02)).astype(np.int32),
        "temperature": f32(21.5 + 0.4 * np.sin(np.arange(n) / 120) + rng.normal(0, 0.05, n)),
    }


def write(path, tree, columns, seed):
    stamp = datetime.datetime(2025, 11, 24)  # uproot writes the time of day into every key
    code = uproot._util.datetime_to_code(stamp)
    uproot._util.datetime_to_code = lambda _: code
    identity = uuid.UUID(int=seed)
    with uproot.recreate(path, compression=uproot.LZMA(9), uuid_function=lambda: identity) as file:
        file.mktree(tree, columns)  # a TTree: plain assignment writes an RNTuple in recent uproot
    print(f"{path.name}: {path.stat().st_size} bytes")


def main(out=OUT):
    out.mkdir(parents=True, exist_ok=True)
    made = (
        ("zmumu_mini.root", "events", zmumu),
        ("nano_mini.root", "Events", nano),
        ("objects_mini.root", "tree", objects),
        ("testbeam_mini.root", "run", testbeam),
    )
    for i, (name, tree, make) in enumerate(made):
        write(out / name, tree, make(np.random.default_rng(SEED + i)), SEED + i)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else OUT)
