# request: How many events have pt1 > 40? Report it as n_pass.
# kind: data
# data: zmumu_mini.root
# tags: flat, cut, count
# expect: n_pass = 194
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
mask = events["pt1"] > 40
n_pass = np.sum(mask)
print(f"METRIC: n_pass={n_pass}")
