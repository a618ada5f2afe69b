# request: Compute the average ratio of E2 to E1. Report it as mean_ratio.
# kind: data
# data: zmumu_mini.root
# tags: flat, ratio, mean
# expect: mean_ratio = 1.65758 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
ratio = events["E2"] / events["E1"]
mean_ratio = np.mean(ratio)
print(f"METRIC: mean_ratio={mean_ratio}")
