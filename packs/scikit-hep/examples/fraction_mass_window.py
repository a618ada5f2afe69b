# request: What fraction of the events lies in the Z window 81 < M < 101?
# kind: data
# data: zmumu_mini.root
# tags: flat, cut, window, fraction
# expect: fraction = 0.882222 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
mask = (events["M"] > 81) & (events["M"] < 101)
fraction = np.mean(mask)
print(f"METRIC: fraction={fraction}")
