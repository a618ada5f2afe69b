# request: How many events have at least one of the two muons with pt above 45 (pt1 or pt2)?
# kind: data
# data: zmumu_mini.root
# tags: flat, cut, count
# expect: n_pass = 199
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
mask = (events["pt1"] > 45) | (events["pt2"] > 45)
n_pass = np.sum(mask)
print(f"METRIC: n_pass={n_pass}")
