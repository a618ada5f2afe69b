# request: What is the largest total momentum of the second muon, from px2, py2 and pz2?
# kind: data
# data: zmumu_mini.root
# tags: flat, components, maximum
# expect: max_p = 860.941 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
p = np.sqrt(events["px2"]**2 + events["py2"]**2 + events["pz2"]**2)
max_p = np.max(p)
print(f"METRIC: max_p={max_p}")
