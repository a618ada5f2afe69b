# request: What is the mean HT, the scalar sum of the jet pt?
# kind: data
# data: nano_mini.root
# tags: jagged, ht, sum, mean
# expect: mean_ht = 127.376 +- 0.1%
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
ht = ak.sum(events["Jet_pt"], axis=1)
mean_ht = np.mean(ht)
print(f"METRIC: mean_ht={mean_ht}")
