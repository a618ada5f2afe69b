# request: Count the events where both muons have a transverse momentum above 25 GeV (pt1 and pt2).
# kind: data
# data: zmumu_mini.root
# tags: flat, cut, count
# expect: n_pass = 348
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
mask = (events["pt1"] > 25) & (events["pt2"] > 25)
n_pass = np.sum(mask)
print(f"METRIC: n_pass={n_pass}")
