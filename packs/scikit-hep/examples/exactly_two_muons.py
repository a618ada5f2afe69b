# request: How many events have exactly two muons? Report it as n_dimuon.
# kind: data
# data: nano_mini.root
# tags: jagged, num, count
# expect: n_dimuon = 131
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
n_dimuon = np.sum(ak.num(events["Muon_pt"]) == 2)
print(f"METRIC: n_dimuon={n_dimuon}")
