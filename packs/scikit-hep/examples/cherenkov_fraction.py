# request: In what percentage of the events did the cherenkov counter fire?
# kind: data
# data: testbeam_mini.root
# tags: flat, testbeam, fraction, trigger
# expect: percentage = 60.125 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("testbeam_mini.root")["run"].arrays()
# ---
percentage = 100 * np.mean(events["cherenkov"] == 1)
print(f"METRIC: percentage={percentage}")
