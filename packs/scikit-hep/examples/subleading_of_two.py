# request: Count events where the subleading muon (smaller of pt1 and pt2) has more than 20 GeV.
# kind: data
# data: zmumu_mini.root
# tags: flat, subleading, count
# expect: n_pass = 391
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
subleading = np.minimum(events["pt1"], events["pt2"])
n_pass = np.sum(subleading > 20)
print(f"METRIC: n_pass={n_pass}")
