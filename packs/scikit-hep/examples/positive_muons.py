# request: What is the mean pt of the positively charged muons?
# kind: data
# data: nano_mini.root
# tags: jagged, charge, cut, flatten, mean
# expect: mean_pt = 34.8251 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
positive = events["Muon_pt"][events["Muon_charge"] > 0]
mean_pt = np.mean(ak.flatten(positive))
print(f"METRIC: mean_pt={mean_pt}")
