# request: How many events with exactly two muons have muons of opposite charge?
# kind: data
# data: nano_mini.root
# tags: jagged, charge, count
# expect: n_opposite = 126
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
charge = events["Muon_charge"][ak.num(events["Muon_charge"]) == 2]
n_opposite = np.sum(charge[:, 0] != charge[:, 1])
print(f"METRIC: n_opposite={n_opposite}")
