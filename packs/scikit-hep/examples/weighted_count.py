# request: What is the weighted number of events with at least one muon? Sum the column weight.
# kind: data
# data: objects_mini.root
# tags: jagged, weight, sum, num
# expect: weighted = 198.977 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("objects_mini.root")["tree"].arrays()
# ---
has_muon = ak.num(events["mu_px"]) >= 1
weighted = np.sum(events["weight"][has_muon])
print(f"METRIC: weighted={weighted}")
