# request: What is the mean of pt1?
# kind: data
# data: zmumu_mini.root
# tags: flat, mean
# expect: mean_pt1 = 36.7475 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
mean_pt1 = np.mean(events["pt1"])
print(f"METRIC: mean_pt1={mean_pt1}")
