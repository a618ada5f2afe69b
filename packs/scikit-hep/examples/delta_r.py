# request: How many events have delta R between the two muons above 3?
# kind: data
# data: zmumu_mini.root
# tags: flat, deltar, count
# expect: n_pass = 329
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
deta = events["eta1"] - events["eta2"]
dphi = (events["phi1"] - events["phi2"] + np.pi) % (2 * np.pi) - np.pi
dr = np.sqrt(deta**2 + dphi**2)
n_pass = np.sum(dr > 3)
print(f"METRIC: n_pass={n_pass}")
