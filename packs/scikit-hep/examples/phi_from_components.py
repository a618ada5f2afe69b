# request: Compute the azimuthal angle phi of the first muon from px1 and py1 and count events with phi > 0.
# kind: data
# data: zmumu_mini.root
# tags: flat, components, phi, count
# expect: n_positive = 224
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("zmumu_mini.root")["events"].arrays()
# ---
phi = np.arctan2(events["py1"], events["px1"])
n_positive = np.sum(phi > 0)
print(f"METRIC: n_positive={n_positive}")
