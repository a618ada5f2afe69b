# request: What fraction of events has same-sign muons? Q1 and Q2 are the charges.
# kind: data
# data: zmumu_mini.root
# tags: flat, charge, fraction
# expect: fraction = 0.0333333 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
mask = events["Q1"] * events["Q2"] > 0
fraction = np.mean(mask)
print(f"METRIC: fraction={fraction}")
