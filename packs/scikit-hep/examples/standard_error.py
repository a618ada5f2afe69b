# request: What is the statistical error of the mean of M?
# kind: data
# data: zmumu_mini.root
# tags: flat, mean, error
# expect: error = 0.655363 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
mass = events["M"]
error = np.std(mass) / np.sqrt(len(mass))
print(f"METRIC: error={error}")
