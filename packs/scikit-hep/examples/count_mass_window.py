# request: How many events have a mass M between 80 and 100 GeV?
# kind: data
# data: zmumu_mini.root
# tags: flat, cut, window, count
# expect: n_window = 395
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
mask = (events["M"] > 80) & (events["M"] < 100)
n_window = np.sum(mask)
print(f"METRIC: n_window={n_window}")
