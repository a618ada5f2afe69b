# request: What is the median energy E1 of the first muon?
# kind: data
# data: zmumu_mini.root
# tags: flat, median
# expect: median_e1 = 55.4561 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
median_e1 = np.median(ak.to_numpy(events["E1"]))
print(f"METRIC: median_e1={median_e1}")
