# request: What is the mean number of muons per event?
# kind: data
# data: nano_mini.root
# tags: jagged, num, mean
# expect: mean_muons = 1.24375 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
n_muons = ak.num(events["Muon_pt"])
mean_muons = np.mean(n_muons)
print(f"METRIC: mean_muons={mean_muons}")
