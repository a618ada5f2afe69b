# request: What is the correlation of pt1 and pt2?
# kind: data
# data: zmumu_mini.root
# tags: flat, correlation
# expect: correlation = 0.489055 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
correlation = np.corrcoef(events["pt1"], events["pt2"])[0, 1]
print(f"METRIC: correlation={correlation}")
