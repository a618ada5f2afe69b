# request: Count the events in which both muons are central, |eta1| < 1.5 and |eta2| < 1.5.
# kind: data
# data: zmumu_mini.root
# tags: flat, cut, abs, count
# expect: n_central = 242
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
mask = (np.abs(events["eta1"]) < 1.5) & (np.abs(events["eta2"]) < 1.5)
n_central = np.sum(mask)
print(f"METRIC: n_central={n_central}")
