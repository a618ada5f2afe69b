# request: Compute the dimuon invariant mass from pt1, eta1, phi1, pt2, eta2, phi2 (massless muons) and print the median.
# kind: data
# data: zmumu_mini.root
# tags: flat, mass, median
# expect: median_mass = 90.933 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
deta = events["eta1"] - events["eta2"]
dphi = events["phi1"] - events["phi2"]
mass = np.sqrt(2 * events["pt1"] * events["pt2"] * (np.cosh(deta) - np.cos(dphi)))
median_mass = np.median(ak.to_numpy(mass))
print(f"METRIC: median_mass={median_mass}")
