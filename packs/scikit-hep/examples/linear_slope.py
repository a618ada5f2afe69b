# request: Fit a straight line of e_ecal as a function of n_hits and print the slope.
# kind: data
# data: testbeam_mini.root
# tags: flat, testbeam, fit, slope
# expect: slope = 0.974391 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("testbeam_mini.root")["run"].arrays()
# ---
slope, intercept = np.polyfit(ak.to_numpy(events["n_hits"]), ak.to_numpy(events["e_ecal"]), 1)
print(f"METRIC: slope={slope}")
