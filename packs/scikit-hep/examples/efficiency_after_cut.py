# request: Of the events with |eta1| < 2.4, what is the efficiency of the cut pt1 > 30?
# kind: data
# data: zmumu_mini.root
# tags: flat, cut, efficiency, fraction
# expect: efficiency = 0.749409 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
selected = np.abs(events["eta1"]) < 2.4
passed = selected & (events["pt1"] > 30)
efficiency = np.sum(passed) / np.sum(selected)
print(f"METRIC: efficiency={efficiency}")
