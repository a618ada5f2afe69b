# request: What is the mean pt of the second muon in events with at least two muons?
# kind: data
# data: nano_mini.root
# tags: jagged, subleading, mean
# expect: mean_subleading = 31.4727 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
pt = events["Muon_pt"][ak.num(events["Muon_pt"]) >= 2]
subleading = pt[:, 1]
mean_subleading = np.mean(subleading)
print(f"METRIC: mean_subleading={mean_subleading}")
