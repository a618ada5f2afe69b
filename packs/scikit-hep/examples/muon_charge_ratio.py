# request: What is the ratio of the number of positive to the number of negative muons?
# kind: data
# data: nano_mini.root
# tags: jagged, charge, ratio, count
# expect: ratio = 0.960591 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
n_plus = ak.sum(events["Muon_charge"] > 0)
n_minus = ak.sum(events["Muon_charge"] < 0)
ratio = n_plus / n_minus
print(f"METRIC: ratio={ratio}")
