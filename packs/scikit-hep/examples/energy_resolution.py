# request: What is the relative energy resolution (std over mean) of the sum e_ecal + e_hcal for cherenkov == 1?
# kind: data
# data: testbeam_mini.root
# tags: flat, testbeam, resolution, sum
# expect: resolution = 0.0278685 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("testbeam_mini.root")["run"].arrays()
# ---
energy = (events["e_ecal"] + events["e_hcal"])[events["cherenkov"] == 1]
resolution = np.std(energy) / np.mean(energy)
print(f"METRIC: resolution={resolution}")
