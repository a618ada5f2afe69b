# request: What is the mean delta phi between the two muons? Wrap the difference of phi1 and phi2 into -pi to pi.
# kind: data
# data: zmumu_mini.root
# tags: flat, deltaphi, mean
# expect: mean_dphi = 2.86375 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
dphi = (events["phi1"] - events["phi2"] + np.pi) % (2 * np.pi) - np.pi
mean_dphi = np.mean(np.abs(dphi))
print(f"METRIC: mean_dphi={mean_dphi}")
