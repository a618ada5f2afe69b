# request: In events with exactly one muon, what is the mean transverse mass of the muon and MET?
# kind: data
# data: nano_mini.root
# tags: jagged, transverse mass, met, mean
# expect: mean_mt = 37.6999 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
one = events[ak.num(events["Muon_pt"]) == 1]
dphi = one["Muon_phi"][:, 0] - one["MET_phi"]
mt = np.sqrt(2 * one["Muon_pt"][:, 0] * one["MET_pt"] * (1 - np.cos(dphi)))
mean_mt = np.mean(mt)
print(f"METRIC: mean_mt={mean_mt}")
