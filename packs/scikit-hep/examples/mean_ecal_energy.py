# request: What is the average energy in the electromagnetic calorimeter, e_ecal?
# kind: data
# data: testbeam_mini.root
# tags: flat, testbeam, mean
# expect: mean_ecal = 35.6033 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("testbeam_mini.root")["run"].arrays()
# ---
mean_ecal = np.mean(events["e_ecal"])
print(f"METRIC: mean_ecal={mean_ecal}")
