# request: For events with opposite charges and both pt above 20, give the mean and standard deviation of M.
# kind: data
# data: zmumu_mini.root
# tags: flat, charge, cut, mean, std
# expect: mean_m = 90.2841 +- 0.1%
# expect: std_m = 9.94125 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
mask = (events["Q1"] != events["Q2"]) & (events["pt1"] > 20) & (events["pt2"] > 20)
mass = events["M"][mask]
mean_m = np.mean(mass)
std_m = np.std(mass)
print(f"METRIC: mean_m={mean_m}")
print(f"METRIC: std_m={std_m}")
