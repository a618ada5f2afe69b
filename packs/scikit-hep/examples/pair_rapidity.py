# request: How many muon pairs have a rapidity |y| below 1?
# kind: data
# data: zmumu_mini.root
# tags: flat, components, rapidity, count
# expect: n_pass = 286
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
e = events["E1"] + events["E2"]
pz = events["pz1"] + events["pz2"]
y = 0.5 * np.log((e + pz) / (e - pz))
n_pass = np.sum(np.abs(y) < 1)
print(f"METRIC: n_pass={n_pass}")
