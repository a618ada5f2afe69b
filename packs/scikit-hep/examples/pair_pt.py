# request: What is the mean transverse momentum of the dimuon pair?
# kind: data
# data: zmumu_mini.root
# tags: flat, components, pt, pair, mean
# expect: mean_pair_pt = 13.767 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
px = events["px1"] + events["px2"]
py = events["py1"] + events["py2"]
pair_pt = np.sqrt(px**2 + py**2)
mean_pair_pt = np.mean(pair_pt)
print(f"METRIC: mean_pair_pt={mean_pair_pt}")
