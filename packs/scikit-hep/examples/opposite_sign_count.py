# request: How many events have two muons of opposite charge (Q1 and Q2)?
# kind: data
# data: zmumu_mini.root
# tags: flat, charge, count
# expect: n_opposite = 435
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
mask = events["Q1"] * events["Q2"] < 0
n_opposite = np.sum(mask)
print(f"METRIC: n_opposite={n_opposite}")
