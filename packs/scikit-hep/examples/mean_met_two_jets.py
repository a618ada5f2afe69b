# request: What is the mean missing transverse energy MET_pt of events with at least two jets above 30 GeV?
# kind: data
# data: nano_mini.root
# tags: jagged, flat, num, mean, met
# expect: mean_met = 26.6267 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
n_jets = ak.sum(events["Jet_pt"] > 30, axis=1)
mean_met = np.mean(events["MET_pt"][n_jets >= 2])
print(f"METRIC: mean_met={mean_met}")
