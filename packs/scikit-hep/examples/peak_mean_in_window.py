# request: Where is the Z peak? Take the mean of M between 86 and 96 GeV, without a fit.
# kind: data
# data: zmumu_mini.root
# tags: flat, window, mean, peak
# expect: peak = 91.1604 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
mass = events["M"]
window = mass[(mass > 86) & (mass < 96)]
peak = np.mean(window)
print(f"METRIC: peak={peak}")
