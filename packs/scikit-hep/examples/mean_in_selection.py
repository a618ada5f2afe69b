# request: What is the mean pt1 of the events with M above 70?
# kind: data
# data: zmumu_mini.root
# tags: flat, cut, mean
# expect: mean_pt1 = 38.0531 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
mask = events["M"] > 70
mean_pt1 = np.mean(events["pt1"][mask])
print(f"METRIC: mean_pt1={mean_pt1}")
