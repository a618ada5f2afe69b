# request: Print the smallest and the largest value of M.
# kind: data
# data: zmumu_mini.root
# tags: flat, min, max
# expect: min_m = 30.124 +- 0.1%
# expect: max_m = 162.344 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
min_m = np.min(events["M"])
max_m = np.max(events["M"])
print(f"METRIC: min_m={min_m}")
print(f"METRIC: max_m={max_m}")
