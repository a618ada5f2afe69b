# request: How many events have at least two muons with pt > 20 and |eta| < 2.1?
# kind: data
# data: nano_mini.root
# tags: jagged, cut, num, count
# expect: n_events = 94
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
good = (events["Muon_pt"] > 20) & (np.abs(events["Muon_eta"]) < 2.1)
n_events = np.sum(ak.sum(good, axis=1) >= 2)
print(f"METRIC: n_events={n_events}")
