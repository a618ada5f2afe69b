# request: What is the mean absolute delta phi between the leading jet and the missing energy?
# kind: data
# data: nano_mini.root
# tags: jagged, deltaphi, met, leading, mean
# expect: mean_dphi = 1.50237 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
has_jet = ak.num(events["Jet_phi"]) > 0
dphi = events["Jet_phi"][has_jet][:, 0] - events["MET_phi"][has_jet]
dphi = (dphi + np.pi) % (2 * np.pi) - np.pi
mean_dphi = np.mean(np.abs(dphi))
print(f"METRIC: mean_dphi={mean_dphi}")
