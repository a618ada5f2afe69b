# request: Form all muon pairs and count those with opposite charge.
# kind: data
# data: nano_mini.root
# tags: jagged, combinations, charge, count
# expect: n_pairs = 162
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
q1, q2 = ak.unzip(ak.combinations(events["Muon_charge"], 2))
n_pairs = ak.sum(q1 != q2)
print(f"METRIC: n_pairs={n_pairs}")
