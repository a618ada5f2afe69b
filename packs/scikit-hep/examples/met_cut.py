# request: How many events have a missing transverse energy (MET_pt) above 50 GeV?
# kind: data
# data: nano_mini.root
# tags: flat, met, cut, count
# expect: n_pass = 48
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
n_pass = np.sum(events["MET_pt"] > 50)
print(f"METRIC: n_pass={n_pass}")
