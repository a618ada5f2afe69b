# request: What is the mean invariant mass of the two muons in events with exactly two muons?
# kind: data
# data: nano_mini.root
# tags: jagged, mass, mean, pair
# expect: mean_mass = 85.8563 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
two = events[ak.num(events["Muon_pt"]) == 2]
pt, eta, phi = two["Muon_pt"], two["Muon_eta"], two["Muon_phi"]
deta = eta[:, 0] - eta[:, 1]
dphi = phi[:, 0] - phi[:, 1]
mass = np.sqrt(2 * pt[:, 0] * pt[:, 1] * (np.cosh(deta) - np.cos(dphi)))
mean_mass = np.mean(mass)
print(f"METRIC: mean_mass={mean_mass}")
