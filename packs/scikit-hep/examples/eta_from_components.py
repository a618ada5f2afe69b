# request: Calculate the pseudorapidity of muon 1 from px1, py1, pz1. What is the mean absolute value?
# kind: data
# data: zmumu_mini.root
# tags: flat, components, eta, mean
# expect: mean_abs_eta = 1.04152 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
pt = np.sqrt(events["px1"]**2 + events["py1"]**2)
eta = np.arcsinh(events["pz1"] / pt)
mean_abs_eta = np.mean(np.abs(eta))
print(f"METRIC: mean_abs_eta={mean_abs_eta}")
