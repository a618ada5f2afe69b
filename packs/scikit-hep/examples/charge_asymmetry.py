# request: Compute the charge asymmetry of Q1: (N+ - N-) / (N+ + N-).
# kind: data
# data: zmumu_mini.root
# tags: flat, charge, asymmetry
# expect: asymmetry = -0.106667 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
n_plus = np.sum(events["Q1"] > 0)
n_minus = np.sum(events["Q1"] < 0)
asymmetry = (n_plus - n_minus) / (n_plus + n_minus)
print(f"METRIC: asymmetry={asymmetry}")
