# request: Compute the invariant mass of all muon pairs and find the highest bin of a histogram with 30 bins from 60 to 120.
# kind: data
# data: nano_mini.root
# tags: jagged, combinations, mass, vector, histogram, pair
# expect: centre = 91 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
pt1, pt2 = ak.unzip(ak.combinations(events["Muon_pt"], 2))
eta1, eta2 = ak.unzip(ak.combinations(events["Muon_eta"], 2))
phi1, phi2 = ak.unzip(ak.combinations(events["Muon_phi"], 2))
mass = np.sqrt(2 * pt1 * pt2 * (np.cosh(eta1 - eta2) - np.cos(phi1 - phi2)))
counts, edges = np.histogram(ak.to_numpy(ak.flatten(mass)), bins=30, range=(60, 120))
i = np.argmax(counts)
centre = (edges[i] + edges[i + 1]) / 2
print(f"METRIC: centre={centre}")
