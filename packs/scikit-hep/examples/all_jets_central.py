# request: In how many events with at least one jet are all jets within |eta| < 2.5?
# kind: data
# data: nano_mini.root
# tags: jagged, all, count
# expect: n_central = 194
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
has_jet = ak.num(events["Jet_eta"]) > 0
central = ak.all(np.abs(events["Jet_eta"]) < 2.5, axis=1)
n_central = np.sum(has_jet & central)
print(f"METRIC: n_central={n_central}")
