# request: Count events with exactly one muon and exactly one electron.
# kind: data
# data: nano_mini.root
# tags: jagged, num, combined, count
# expect: n_events = 8
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
mask = (ak.num(events["Muon_pt"]) == 1) & (ak.num(events["Electron_pt"]) == 1)
n_events = np.sum(mask)
print(f"METRIC: n_events={n_events}")
