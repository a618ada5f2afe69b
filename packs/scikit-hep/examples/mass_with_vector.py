# request: Use vector to compute the invariant mass of the muon pair from pt, eta, phi and the muon mass 0.10566 GeV.
# kind: data
# data: zmumu_mini.root
# tags: flat, mass, vector, mean
# expect: mean_mass = 88.1167 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
import vector
mu1 = vector.zip({"pt": events["pt1"], "eta": events["eta1"], "phi": events["phi1"], "mass": 0.10566})
mu2 = vector.zip({"pt": events["pt2"], "eta": events["eta2"], "phi": events["phi2"], "mass": 0.10566})
mean_mass = np.mean((mu1 + mu2).mass)
print(f"METRIC: mean_mass={mean_mass}")
