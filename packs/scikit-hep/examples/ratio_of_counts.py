# request: What is the ratio of the number of events with M above 91 to the number below?
# kind: data
# data: zmumu_mini.root
# tags: flat, cut, ratio, count
# expect: ratio = 0.939655 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
n_above = np.sum(events["M"] > 91)
n_below = np.sum(events["M"] < 91)
ratio = n_above / n_below
print(f"METRIC: ratio={ratio}")
