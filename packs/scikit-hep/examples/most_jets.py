# request: What is the largest number of jets in an event, and how many events have that many?
# kind: data
# data: nano_mini.root
# tags: jagged, num, maximum
# expect: most = 8
# expect: n_events = 1
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
n_jets = ak.num(events["Jet_pt"])
most = np.max(n_jets)
n_events = np.sum(n_jets == most)
print(f"METRIC: most={most}")
print(f"METRIC: n_events={n_events}")
