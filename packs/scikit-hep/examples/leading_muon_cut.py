# request: Count the events whose hardest muon has pt > 35.
# kind: data
# data: nano_mini.root
# tags: jagged, leading, firsts, count
# expect: n_pass = 151
# ---
import awkward as ak
import numpy as np
import uproot

events = uproot.open("nano_mini.root")["Events"].arrays()
# ---
leading = ak.fill_none(ak.max(events["Muon_pt"], axis=1), 0)
n_pass = np.sum(leading > 35)
print(f"METRIC: n_pass={n_pass}")
