# request: Find the 90th percentile of pt2.
# kind: data
# data: zmumu_mini.root
# tags: flat, percentile
# expect: p90_pt2 = 49.6879 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
p90_pt2 = np.percentile(ak.to_numpy(events["pt2"]), 90)
print(f"METRIC: p90_pt2={p90_pt2}")
