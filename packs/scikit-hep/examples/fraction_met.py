# request: What fraction of events has MET_pt above 30?
# kind: data
# data: nano_mini.root
# tags: flat, met, cut, fraction
# expect: fraction = 0.371875 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
mask = events["MET_pt"] > 30
fraction = np.mean(mask)
print(f"METRIC: fraction={fraction}")
