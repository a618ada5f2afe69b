# request: What is the mean pt of the muons with |eta| < 1.2?
# kind: data
# data: nano_mini.root
# tags: jagged, cut, flatten, mean
# expect: mean_pt = 37.0048 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
selected = events["Muon_pt"][np.abs(events["Muon_eta"]) < 1.2]
mean_pt = np.mean(ak.flatten(selected))
print(f"METRIC: mean_pt={mean_pt}")
