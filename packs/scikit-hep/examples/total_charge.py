# request: Count the events whose muon charges mu_q add up to zero, with at least two muons.
# kind: data
# data: objects_mini.root
# tags: jagged, charge, sum, count
# expect: n_events = 120
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("objects_mini.root")["tree"].arrays()
# ---
total = ak.sum(events["mu_q"], axis=1)
n_events = np.sum((total == 0) & (ak.num(events["mu_q"]) >= 2))
print(f"METRIC: n_events={n_events}")
