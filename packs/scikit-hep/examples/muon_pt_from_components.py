# request: Compute the transverse momentum of all muons from mu_px and mu_py. What is the mean?
# kind: data
# data: objects_mini.root
# tags: jagged, components, pt, mean
# expect: mean_pt = 34.9883 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("objects_mini.root")["tree"].arrays()
# ---
pt = np.sqrt(events["mu_px"]**2 + events["mu_py"]**2)
mean_pt = np.mean(ak.flatten(pt))
print(f"METRIC: mean_pt={mean_pt}")
