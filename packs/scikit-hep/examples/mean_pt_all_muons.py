# request: What is the mean pt of all muons?
# kind: data
# data: nano_mini.root
# tags: jagged, flatten, mean
# expect: mean_pt = 35.2781 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
mean_pt = np.mean(ak.flatten(events["Muon_pt"]))
print(f"METRIC: mean_pt={mean_pt}")
