# request: Is MET_pt correlated with the number of primary vertices PV_npvs? Print the correlation coefficient.
# kind: data
# data: nano_mini.root
# tags: flat, correlation, vertex
# expect: correlation = 0.0257725 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
correlation = np.corrcoef(events["PV_npvs"], events["MET_pt"])[0, 1]
print(f"METRIC: correlation={correlation}")
