# request: How many events have HT > 150, with HT summed over jets with pt > 30?
# kind: data
# data: nano_mini.root
# tags: jagged, ht, sum, cut, count
# expect: n_pass = 89
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
pt = events["Jet_pt"]
ht = ak.sum(pt[pt > 30], axis=1)
n_pass = np.sum(ht > 150)
print(f"METRIC: n_pass={n_pass}")
