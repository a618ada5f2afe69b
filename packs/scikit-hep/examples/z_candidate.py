# request: In each event take the opposite-charge muon pair closest to the Z mass 91.2 GeV. What is the median mass?
# kind: data
# data: nano_mini.root
# tags: jagged, combinations, mass, z, argmin, pair
# expect: median_mass = 90.4169 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
pt1, pt2 = ak.unzip(ak.combinations(events["Muon_pt"], 2))
eta1, eta2 = ak.unzip(ak.combinations(events["Muon_eta"], 2))
phi1, phi2 = ak.unzip(ak.combinations(events["Muon_phi"], 2))
q1, q2 = ak.unzip(ak.combinations(events["Muon_charge"], 2))
mass = np.sqrt(2 * pt1 * pt2 * (np.cosh(eta1 - eta2) - np.cos(phi1 - phi2)))
mass = mass[q1 != q2]
best = mass[ak.argmin(np.abs(mass - 91.2), axis=1, keepdims=True)]
z_mass = ak.drop_none(ak.flatten(best))
median_mass = np.median(ak.to_numpy(z_mass))
print(f"METRIC: median_mass={median_mass}")
