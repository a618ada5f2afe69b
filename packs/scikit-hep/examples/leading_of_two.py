# request: What is the mean pt of the leading muon, the larger of pt1 and pt2?
# kind: data
# data: zmumu_mini.root
# tags: flat, leading, mean
# expect: mean_leading = 41.2147 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
leading = np.maximum(events["pt1"], events["pt2"])
mean_leading = np.mean(leading)
print(f"METRIC: mean_leading={mean_leading}")
