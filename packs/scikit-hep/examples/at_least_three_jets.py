# request: Count the events with at least 3 jets.
# kind: data
# data: nano_mini.root
# tags: jagged, num, count
# expect: n_pass = 157
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
n_pass = np.sum(ak.num(events["Jet_pt"]) >= 3)
print(f"METRIC: n_pass={n_pass}")
