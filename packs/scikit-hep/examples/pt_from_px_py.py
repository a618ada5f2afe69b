# request: Compute the transverse momentum of the first muon from px1 and py1 and give its mean.
# kind: data
# data: zmumu_mini.root
# tags: flat, components, pt, mean
# expect: mean_pt = 36.7475 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
pt = np.sqrt(events["px1"]**2 + events["py1"]**2)
mean_pt = np.mean(pt)
print(f"METRIC: mean_pt={mean_pt}")
