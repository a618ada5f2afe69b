# request: What is the average number of jets with pt > 30 per event? Report it as mean_jets.
# kind: data
# data: nano_mini.root
# tags: jagged, cut, num, mean
# expect: mean_jets = 1.89688 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
n_jets = ak.sum(events["Jet_pt"] > 30, axis=1)
mean_jets = np.mean(n_jets)
print(f"METRIC: mean_jets={mean_jets}")
