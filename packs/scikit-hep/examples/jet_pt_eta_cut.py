# request: Count the jets with pt > 25 and |eta| < 2.5.
# kind: data
# data: nano_mini.root
# tags: jagged, cut, abs, count
# expect: n_good = 604
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
good = (events["Jet_pt"] > 25) & (np.abs(events["Jet_eta"]) < 2.5)
n_good = ak.sum(good)
print(f"METRIC: n_good={n_good}")
