# request: Which cut on pt1 keeps 90 percent of the events?
# kind: data
# data: zmumu_mini.root
# tags: flat, percentile, cut
# expect: cut = 20.7754 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
cut = np.percentile(ak.to_numpy(events["pt1"]), 10)
print(f"METRIC: cut={cut}")
