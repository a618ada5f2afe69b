# request: Give the standard deviation of eta1. Report it as std_eta1.
# kind: data
# data: zmumu_mini.root
# tags: flat, std
# expect: std_eta1 = 1.32536 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
std_eta1 = np.std(events["eta1"])
print(f"METRIC: std_eta1={std_eta1}")
